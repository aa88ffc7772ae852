//! Ways in: `listen:`, `apis/`, and the endpoints that flows name.
//!
//! Each is built before the flows are, so that a flow only looks its own up; and no request may fit two of them.

use std::{collections::BTreeMap, sync::Arc};

use spanwright_shape::text::{Bundle, Problems, Scalar, Span, codes as text_codes, did_you_mean, form::Filled};

use super::{Document, clients, codes, rights, system, vocabulary};
use crate::{
    connector::{CORRELATION_DEFAULT, Connector},
    door::{ClientSettings, Door, DoorKind, DoorSettings, Guard, METHODS, Offered, Route, WebhookSettings},
    interface::Interface,
    may::Pushed,
    plan::{DoorPlan, Listen, TlsPlan},
    settings::Template,
};

/// The paths that are ours.
const OWN: [&str; 2] = ["api", "v1"];

/// What is declared as a way in.
pub(super) struct WaysIn<'r, 'f> {
    pub project: Option<&'r Filled<'f>>,
    pub systems: &'r [Document<'f>],
    pub apis: &'r [Document<'f>],
    pub flows: &'r [&'r Filled<'f>],
}

impl<'f> WaysIn<'_, 'f> {
    fn listen(&self) -> Option<Filled<'f>> {
        self.project.and_then(|project| project.form("listen"))
    }
}

/// Every way in, by number.
#[derive(Default)]
pub(super) struct Doors {
    all: Vec<One>,
    /// The number of a flow's own endpoint.
    of_flow: BTreeMap<String, usize>,
    /// The number of an API; `None`: it could not be built, and that has been told.
    of_api: BTreeMap<String, Option<usize>>,
    /// The number of a system's webhooks, likewise.
    of_system: BTreeMap<String, Option<usize>>,
}

struct One {
    name: Arc<str>,
    at: Span,
    door: Arc<dyn Door>,
    /// `soap`, `http`, ..
    speaks: Arc<str>,
    guard: Option<Arc<dyn Guard>>,
    clients: Vec<ClientSettings>,
}

impl Doors {
    pub(super) fn check(ways: &WaysIn<'_, '_>, connectors: &[&dyn Connector], bundle: &Bundle, to: &mut Problems) -> Doors {
        let mut doors = Doors::default();
        for (file, form) in ways.apis {
            let by_token = named(form, ways.listen().as_ref()).is_some_and(signs_in);
            let number = api(file.name, form, by_token, bundle, to).and_then(|settings| doors.add(settings, connectors, bundle, to));
            doors.set_guard(number, form, ways, connectors, to);
            doors.of_api.insert(file.name.to_string(), number);
        }
        for (file, form) in ways.systems {
            let Some(webhooks) = form.form("webhooks") else { continue };
            let number = webhook(file.name, &webhooks, to).and_then(|settings| doors.add(settings, connectors, bundle, to));
            if let Some(one) = number.and_then(|number| doors.all.get_mut(number)) {
                one.door = Pushed::around(one.door.clone(), &rights::read(form));
            }
            doors.of_system.insert(file.name.to_string(), number);
        }
        for form in ways.flows {
            let (Some(name), Some(from)) = (form.text("flow"), form.form("from")) else { continue };
            let endpoint = from.scalar("http").and_then(|text| endpoint(name, text, to));
            if let Some(number) = endpoint.and_then(|settings| doors.add(settings, connectors, bundle, to)) {
                doors.set_guard(Some(number), &from, ways, connectors, to);
                doors.of_flow.insert(name.to_string(), number);
            }
        }
        doors
    }

    fn add(&mut self, settings: DoorSettings, connectors: &[&dyn Connector], bundle: &Bundle, to: &mut Problems) -> Option<usize> {
        let key = match &settings.kind {
            DoorKind::Endpoint(_) => "http",
            DoorKind::Webhook(_) => "webhook",
            DoorKind::Api { protocol, .. } => protocol,
        };
        let Some(connector) = connectors.iter().find(|connector| connector.key() == key) else {
            to.error(&text_codes::NOT_BUILT, settings.at, format!("`{key}:` is not served yet"), None);
            return None;
        };
        let door = connector.door(&settings, bundle, to)?;
        self.check_routes(&settings, &*door, to);
        self.all.push(One { name: settings.name, at: settings.at, door, speaks: key.into(), guard: None, clients: Vec::new() });
        Some(self.all.len() - 1)
    }

    /// Its own `clients:`, or those of `listen`.
    fn set_guard(
        &mut self,
        number: Option<usize>,
        form: &Filled<'_>,
        ways: &WaysIn<'_, '_>,
        connectors: &[&dyn Connector],
        to: &mut Problems,
    ) {
        let listen = ways.listen();
        let (Some(number), Some(named)) = (number, named(form, listen.as_ref())) else { return };
        if let (Some(clients), true) = (form.node("clients"), &*self.all[number].speaks != "soap" && signs_in(form)) {
            let help = "only callers of a SOAP API have an envelope to put it into".to_string();
            to.error(&codes::SETTING, clients.span, "`wsse` shows who sends a SOAP message, and this is none", help);
        }
        let settings: Vec<ClientSettings> = named
            .pairs("clients")
            .iter()
            .filter_map(|(name, node)| clients::read(&name.text, &vocabulary::CLIENT.fill(node)?, to))
            .collect();
        if form.node("clients").is_some() {
            self.check_may(number, &settings, to);
        }
        let connector = connectors.iter().find(|connector| connector.key() == "http");
        self.all[number].guard = connector.and_then(|connector| connector.guard(&settings, to));
        self.all[number].clients = settings;
    }

    /// What a client may ask for is there.
    fn check_may(&self, number: usize, clients: &[ClientSettings], to: &mut Problems) {
        let One { name, door, .. } = &self.all[number];
        let named = clients.iter().flat_map(|client| client.may.iter().flatten());
        for (operation, at) in named.filter(|(operation, _)| door.interface().operation(operation).is_none()) {
            let help = did_you_mean(operation, door.interface().operations.iter().map(|operation| &*operation.name));
            to.error(&codes::NO_OPERATION, *at, format!("`{name}` has no operation `{operation}`"), help);
        }
    }

    fn check_routes(&self, settings: &DoorSettings, door: &dyn Door, to: &mut Problems) {
        for route in door.routes() {
            let ours = Route { method: None, path: route.path.iter().take(OWN.len()).cloned().collect() };
            if ours.fits(&format!("/{}", OWN.join("/"))).is_some() {
                to.error(&codes::ROUTE, settings.at, format!("`/{}` is Spanwright's own", OWN.join("/")), "take another path".to_string());
            }
            let meets = |one: &&One| one.door.routes().iter().any(|other| other.meets(route));
            if let Some(other) = self.all.iter().find(meets) {
                let says = format!("a request could be meant for `{}` as well", other.name);
                to.error(&codes::ROUTE, settings.at, says, "give one of them another path".to_string());
            }
        }
    }

    /// The door of a flow's own endpoint.
    pub(super) fn of_flow(&self, flow: &str) -> Option<usize> {
        self.of_flow.get(flow).copied()
    }

    /// The operation of an API: the numbers of both. `text` is `api.operation`.
    pub(super) fn operation(&self, text: &Scalar, to: &mut Problems) -> Option<(usize, usize)> {
        let (api, name) = text.text.split_once('.')?;
        let Some(number) = self.of_api.get(api) else {
            let help = did_you_mean(api, self.of_api.keys().map(String::as_str)).unwrap_or_else(|| format!("write `apis/{api}.yaml`"));
            to.error(&codes::NO_API, text.place(0, api.len()), format!("there is no API `{api}`"), help);
            return None;
        };
        let number = (*number)?;
        let interface = self.all[number].door.interface();
        let Some((operation, _)) = interface.operation(name) else {
            let at = text.place(api.len() + 1, text.text.len());
            let help = did_you_mean(name, interface.operations.iter().map(|operation| &*operation.name));
            to.error(&codes::NO_OPERATION, at, format!("`{api}` has no operation `{name}`"), help);
            return None;
        };
        Some((number, operation))
    }

    /// The webhooks of a system.
    pub(super) fn of_system(&self, name: &Scalar, to: &mut Problems) -> Option<usize> {
        let number = self.of_system.get(&name.text);
        if number.is_none() {
            let help = did_you_mean(&name.text, self.of_system.keys().map(String::as_str));
            let help = help.unwrap_or_else(|| format!("write `webhooks:` into `systems/{}.yaml`", name.text));
            to.error(&codes::NO_WEBHOOK, name.span, format!("no system `{}` pushes to us", name.text), help);
        }
        *number?
    }

    /// What an API of this name can be asked; inside `None` where it could not be built.
    pub(super) fn interface_of(&self, api: &str) -> Option<Option<&Interface>> {
        self.of_api.get(api).map(|number| number.map(|number| self.all[number].door.interface()))
    }

    pub(super) fn door(&self, number: usize) -> &dyn Door {
        &*self.all[number].door
    }

    /// Somebody listens.
    pub(super) fn check_listened(&self, listen: Option<&Listen>, to: &mut Problems) {
        if let (None, Some(first)) = (listen, self.all.first()) {
            let help = "say where we listen, in spanwright.yaml: `listen: { http: \"0.0.0.0:8080\" }`";
            to.error(&codes::NOT_LISTENING, first.at, format!("nobody would hear a request to `{}`", first.name), help.to_string());
        }
    }

    pub(super) fn plans(self) -> Vec<DoorPlan> {
        let plan = |one: One| DoorPlan { name: one.name, door: one.door, guard: one.guard, clients: one.clients };
        self.all.into_iter().map(plan).collect()
    }
}

/// `listen:` of the project.
pub(super) fn listen(project: Option<&Filled<'_>>, to: &mut Problems) -> Option<Listen> {
    let form = project?.form("listen")?;
    let tls = form.form("tls").and_then(|tls| {
        let text = |key| tls.text(key).map(Template::parse);
        Some(TlsPlan { certificate: text("cert")?, key: text("key")?, client_ca: text("client_ca") })
    });
    let proxies = clients::networks(&form, "proxies", to);
    Some(Listen { http: Template::parse(form.text("http")?), tls, proxies })
}

fn endpoint(flow: &str, text: &Scalar, to: &mut Problems) -> Option<DoorSettings> {
    let route = route(text, to)?;
    if route.method.is_none() {
        to.error(&codes::ROUTE, text.span, "an endpoint has a method", format!("write `http: POST {}`", text.text));
        return None;
    }
    Some(DoorSettings { name: flow.into(), at: text.span, kind: DoorKind::Endpoint(route) })
}

/// Whose `clients:` count: its own, or those of `listen`.
fn named<'f, 'n>(form: &'f Filled<'n>, listen: Option<&'f Filled<'n>>) -> Option<&'f Filled<'n>> {
    let own = form.node("clients").is_some();
    if own { Some(form) } else { listen.filter(|listen| listen.node("clients").is_some()) }
}

/// Whether a client signs in by a token in the message.
fn signs_in(form: &Filled<'_>) -> bool {
    let is_token = |node| vocabulary::CLIENT.fill(node).is_some_and(|client| matches!(client.named(), Some(("wsse", _, _))));
    form.pairs("clients").iter().any(|(_, node)| is_token(node))
}

fn api(name: &str, form: &Filled<'_>, by_token: bool, bundle: &Bundle, to: &mut Problems) -> Option<DoorSettings> {
    let (protocol, at, schema) = form.named()?;
    let path = form.scalar("path").and_then(|path| route(path, to))?;
    let schema = schema.scalar().filter(|_| protocol != "http").and_then(|path| system::find(bundle, path, to));
    if let (Some(key), "soap") = (form.key("operations"), protocol) {
        let help = "leave it out, or write `rest:` or `http:`".to_string();
        to.error(&codes::SETTING, key.span, "the operations of a SOAP API are those of its WSDL", help);
    }
    let operations = form.pairs("operations").iter().filter_map(|(name, node)| offered(name, &vocabulary::OFFERED.fill(node)?)).collect();
    let correlation = form.text("correlation").unwrap_or(CORRELATION_DEFAULT).to_ascii_lowercase().into();
    let kind = DoorKind::Api { protocol: protocol.into(), schema, path, operations, correlation, by_token };
    Some(DoorSettings { name: name.into(), at: at.span, kind })
}

fn offered(name: &Scalar, form: &Filled<'_>) -> Option<Offered> {
    let (key, _, path) = form.named()?;
    let method = METHODS.into_iter().find(|method| method.eq_ignore_ascii_case(key))?;
    Some(Offered { name: name.clone(), method, path: path.scalar()?.clone() })
}

fn webhook(system: &str, form: &Filled<'_>, to: &mut Problems) -> Option<DoorSettings> {
    let path = form.scalar("path").and_then(|path| route(path, to))?;
    let path = Route { method: path.method.or(Some("POST")), ..path };
    let preset = form.scalar("preset")?;
    let secrets = form.items("secret").iter().filter_map(|node| node.scalar()).map(|secret| Template::parse(&secret.text)).collect();
    let option = |name: &&'static str| {
        let value = form.scalar(name)?;
        Some((Arc::from(*name), Template::parse(&value.text), value.span))
    };
    let options = WEBHOOK_OPTIONS.iter().filter_map(option).collect();
    let settings = WebhookSettings { at: preset.span, preset: preset.text.as_str().into(), path, secrets, options };
    Some(DoorSettings { name: system.into(), at: preset.span, kind: DoorKind::Webhook(settings) })
}

/// What a webhook changes of its preset, in the order in which it counts.
const WEBHOOK_OPTIONS: [&str; 11] =
    ["header", "algorithm", "encoding", "prefix", "separator", "signed", "timestamp", "tolerance", "id_header", "secret_is", "origin"];

fn route(text: &Scalar, to: &mut Problems) -> Option<Route> {
    let route = Route::parse(&text.text);
    if let Err(why) = &route {
        to.error(&codes::ROUTE, text.span, format!("this cannot be served: {why}"), "write `POST /orders/{id}`".to_string());
    }
    route.ok()
}
