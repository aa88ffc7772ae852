//! `systems/NAME.yaml`: settings, proved by their connector against the schema.

use std::sync::Arc;

use spanwright_shape::text::{
    Bundle, FileId, NodeKind, Problems, Scalar, codes as text_codes, did_you_mean,
    form::{self, Filled, Given},
};

use super::{
    Defaults, Document, Found, Variables, codes,
    handed::{Flows, Taker},
    policy, rights, vocabulary,
};
use crate::{
    alert::{CHANNEL_SYSTEM, Told},
    connector::{CORRELATION_DEFAULT, Connector, System},
    desk::{handover::FLOW_SYSTEM, round::ROUND_SYSTEM},
    interface::{Interface, Operation},
    may::{Fence, Rights, Side, Sieve},
    plan::{BreakerPolicy, Policy, SystemPlan},
    settings::{
        Auth, BulkSettings, CertificateSettings, ClientProof, CsvSettings, FolderSettings, KeyPlace, KeyProof, Limits, Login, OAuth2,
        OperationSettings, OutcomeWord, QueueSettings, SignSettings, SystemSettings, Template, Wsse,
    },
};

/// Kinds behind which nothing stands.
const WITHOUT_SCHEMA: [&str; 3] = ["http", "files", "amqp"];

/// Messages of all flows that are handed over at once.
const HANDOVERS_AT_ONCE: u32 = 1_000;

/// What a system is read with.
pub(super) struct World<'w> {
    pub bundle: &'w Bundle,
    pub connectors: &'w [&'w dyn Connector],
    pub variables: &'w Variables,
    pub defaults: &'w Defaults,
}

/// Every system of the project, by number.
pub(super) struct Systems<'f> {
    all: Vec<Checked<'f>>,
    /// All files: one that could not be read has been told, and is not told again as missing.
    files: &'f [Found<'f>],
}

/// One system, as far as it could be read.
pub(super) struct Checked<'f> {
    pub name: &'f str,
    pub form: &'f Filled<'f>,
    pub settings: SystemSettings,
    pub limits: Limits,
    pub breaker: BreakerPolicy,
    pub retry: Policy,
    /// What we may do there.
    pub rights: Rights,
    /// What may be written there; `None`: everything.
    pub write: Option<Sieve>,
    /// Behind its fence. `None`: the problems say why.
    pub system: Option<Arc<dyn System>>,
}

impl<'f> Systems<'f> {
    pub(super) fn check(documents: &'f [Document<'f>], files: &'f [Found<'f>], world: &World<'_>, to: &mut Problems) -> Systems<'f> {
        Systems { all: documents.iter().filter_map(|(file, form)| one(file.name, form, world, to)).collect(), files }
    }

    /// The project's own flows are a system too.
    pub(super) fn stand_for_flows(&mut self, form: &'f Filled<'f>, takers: &[Taker<'_>]) {
        let limits = Limits { concurrency: HANDOVERS_AT_ONCE, ..Limits::default() };
        self.stand_for(FLOW_SYSTEM, form, Flows::of(takers), limits);
    }

    /// And so is the engine itself: rounds of flows, of which each may wait for its end, and what brings dead letters back.
    pub(super) fn stand_for_engine(&mut self, form: &'f Filled<'f>, flows: &[&str]) {
        let limits = Limits { concurrency: u32::MAX, ..Limits::default() };
        self.stand_for(ROUND_SYSTEM, form, Flows::of_engine(flows), limits);
    }

    /// And so is each channel that steps tell something, with a gate of its own: one that is sick holds no other.
    pub(super) fn stand_for_channel(&mut self, name: &'f str, form: &'f Filled<'f>, channel: Told) {
        self.stand(name, CHANNEL_SYSTEM, form, Arc::new(channel), Limits::default());
    }

    fn stand_for(&mut self, name: &'static str, form: &'f Filled<'f>, system: Flows, limits: Limits) {
        self.stand(name, name, form, Arc::new(system), limits);
    }

    fn stand(&mut self, name: &'f str, kind: &'static str, form: &'f Filled<'f>, system: Arc<dyn System>, limits: Limits) {
        let settings = SystemSettings {
            name: name.into(),
            kind: kind.into(),
            at: form.node.span,
            schema: None,
            url: None,
            zone: None,
            auth: Auth::None,
            correlation: CORRELATION_DEFAULT.into(),
            operations: Vec::new(),
        };
        let (breaker, retry) = (BreakerPolicy::default(), Policy::default());
        let (rights, write) = (Rights::default(), None);
        self.all.push(Checked { name, form, settings, limits, breaker, retry, rights, write, system: Some(system) });
    }

    /// A system by name.
    pub(super) fn number(&self, name: &str) -> Option<usize> {
        self.all.iter().position(|system| system.name == name)
    }

    /// A system by name; tells where there is none. `text` begins with the name.
    pub(super) fn find(&self, name: &str, text: &Scalar, to: &mut Problems) -> Option<usize> {
        let found = self.all.iter().position(|system| system.name == name);
        if found.is_none() && !self.files.iter().any(|file| file.name == name) {
            let help = did_you_mean(name, self.all.iter().map(|system| system.name));
            let help = help.unwrap_or_else(|| format!("write `systems/{name}.yaml`"));
            to.error(&codes::NO_SYSTEM, text.place(0, name.len()), format!("there is no system `{name}`"), help);
        }
        found
    }

    pub(super) fn get(&self, number: usize) -> &Checked<'f> {
        &self.all[number]
    }

    pub(super) fn interface(&self, number: usize) -> Option<&Interface> {
        self.all[number].system.as_ref().map(|system| system.interface())
    }

    /// `system.operation`: the numbers of both.
    pub(super) fn operation(&self, text: &Scalar, to: &mut Problems) -> Option<(usize, usize)> {
        let (system, name) = text.text.split_once('.')?;
        let number = self.find(system, text, to)?;
        let interface = self.interface(number)?;
        let at = text.place(system.len() + 1, text.text.len());
        let Some((operation, _)) = interface.operation(name) else {
            to.error(&codes::NO_OPERATION, at, format!("`{system}` has no operation `{name}`"), near_operation(name, interface));
            return None;
        };
        if self.get(number).rights.call.as_ref().is_some_and(|allowed| !allowed.iter().any(|allowed| allowed == name)) {
            let help = format!("add it to `may: {{ call: [..] }}` in systems/{system}.yaml");
            to.error(&codes::MAY_NOT_CALL, at, format!("`{name}` may not be called at `{system}`"), help);
        }
        Some((number, operation))
    }

    pub(super) fn plans(self) -> Vec<SystemPlan> {
        self.all.into_iter().filter_map(Checked::plan).collect()
    }
}

impl<'f> Checked<'f> {
    /// What the settings say of an operation.
    pub(super) fn operation_settings(&self, name: &str) -> Option<&OperationSettings> {
        self.settings.operations.iter().find(|operation| operation.name.text == name)
    }

    /// The operation's own `pages:`.
    pub(super) fn pages(&self, operation: &str) -> Option<Filled<'f>> {
        self.operation_form(operation)?.form("pages")
    }

    /// The operation's own `if_unknown:`.
    pub(super) fn question(&self, operation: &str) -> Option<Filled<'f>> {
        self.operation_form(operation)?.form("if_unknown")
    }

    fn operation_form(&self, operation: &str) -> Option<Filled<'f>> {
        let (_, node) = self.form.pairs("operations").iter().find(|(name, _)| name.text == operation)?;
        vocabulary::OPERATION.fill(node)
    }

    fn plan(self) -> Option<SystemPlan> {
        let Checked { settings, limits, breaker, retry, system, .. } = self;
        Some(SystemPlan { name: settings.name, kind: settings.kind, system: system?, limits, breaker, retry })
    }

    /// What `may` and `operations` name is there.
    fn check_names(&self, to: &mut Problems) {
        let Some(interface) = self.system.as_ref().map(|system| system.interface()) else { return };
        let may = self.form.form("may");
        let called = may.iter().flat_map(|may| may.items("call")).filter_map(|item| item.scalar());
        let set = self.settings.operations.iter().map(|operation| &operation.name);
        for name in called.chain(set).filter(|name| interface.operation(&name.text).is_none()) {
            // The connector may have said so already.
            if !to.iter().any(|problem| problem.at == Some(name.span)) {
                let says = format!("`{}` has no operation `{}`", self.name, name.text);
                to.error(&codes::NO_OPERATION, name.span, says, near_operation(&name.text, interface));
            }
        }
    }
}

fn near_operation(name: &str, interface: &Interface) -> Option<String> {
    did_you_mean(name, interface.operations.iter().map(|operation: &Operation| &*operation.name))
}

/// The file at a path of the project.
pub(super) fn find(bundle: &Bundle, path: &Scalar, to: &mut Problems) -> Option<FileId> {
    let found = bundle.find(&path.text);
    if found.is_none() {
        let help = did_you_mean(&path.text, bundle.iter().map(|(_, path, _)| path));
        let help = help.unwrap_or_else(|| "paths count from the project's folder".to_string());
        to.error(&codes::NO_FILE, path.span, format!("there is no file `{}`", path.text), help);
    }
    found
}

fn connect(settings: &SystemSettings, connectors: &[&dyn Connector], bundle: &Bundle, to: &mut Problems) -> Option<Arc<dyn System>> {
    if settings.schema.is_none() && !WITHOUT_SCHEMA.contains(&&*settings.kind) {
        return None;
    }
    let Some(connector) = connectors.iter().find(|connector| connector.key() == &*settings.kind) else {
        to.error(&text_codes::NOT_BUILT, settings.at, format!("`{}:` is not built yet", settings.kind), None);
        return None;
    };
    connector.system(settings, bundle, to)
}

fn one<'f>(name: &'f str, form: &'f Filled<'f>, world: &World<'_>, to: &mut Problems) -> Option<Checked<'f>> {
    let World { bundle, connectors, variables, defaults } = *world;
    let reserved = match name {
        FLOW_SYSTEM => Some("`flow.` names the project's own flows"),
        ROUND_SYSTEM => Some("`spanwright.` names the engine's own doings"),
        CHANNEL_SYSTEM => Some("`alerts.` names the project's channels"),
        _ => None,
    };
    if let (Some(says), Some(at)) = (reserved, form.scalar("system")) {
        to.error(&codes::RESERVED, at.span, says, "give the system another name".to_string());
    }
    let settings = settings(name, form, world, to)?;
    let rights = rights::read(form);
    let system = connect(&settings, connectors, bundle, to);
    if let Some(system) = &system {
        rights::check_paths(name, form, &**system, to);
    }
    let write = system.as_ref().zip(rights.write.as_ref()).map(|(system, write)| Sieve::of(write, system.interface(), Side::Taken));
    let system = system.map(|system| Fence::around(name, system, &rights));
    let breaker = policy::breaker(&defaults.breaker, Some(form), variables, to);
    let retry = policy::retry(&defaults.retry, Some(form), variables, to);
    let limits = policy::limits(form, settings.zone.clone(), variables, to);
    let checked = Checked { name, form, settings, limits, breaker, retry, rights, write, system };
    checked.check_names(to);
    Some(checked)
}

fn settings(name: &str, form: &Filled<'_>, world: &World<'_>, to: &mut Problems) -> Option<SystemSettings> {
    let (kind, at, schema) = form.named()?;
    let operations = form.pairs("operations").iter();
    let operations = operations.filter_map(|(name, node)| Some(operation(name, &vocabulary::OPERATION.fill(node)?, world, to)));
    let operations = operations.collect();
    Some(SystemSettings {
        name: name.into(),
        kind: kind.into(),
        at: at.span,
        schema: schema.scalar().filter(|_| !WITHOUT_SCHEMA.contains(&kind)).and_then(|path| find(world.bundle, path, to)),
        url: form.text("url").map(Template::parse),
        zone: form.scalar("zone").filter(|zone| is_zone(zone, to)).map(|zone| zone.text.as_str().into()),
        auth: form.form("auth").map_or(Auth::None, |form| auth(&form, world.variables, to)),
        correlation: form.text("correlation").unwrap_or(CORRELATION_DEFAULT).to_ascii_lowercase().into(),
        operations,
    })
}

fn is_zone(zone: &Scalar, to: &mut Problems) -> bool {
    let known = jiff::tz::db().get(&zone.text).is_ok();
    if !known {
        let all: Vec<_> = jiff::tz::db().available().map(|name| name.to_string()).collect();
        let help = did_you_mean(&zone.text, all.iter().map(String::as_str));
        let help = help.unwrap_or_else(|| "write a place, as `Europe/Berlin`".to_string());
        to.error(&codes::ZONE, zone.span, format!("there is no zone `{}`", zone.text), help);
    }
    known
}

/// What is missing has been told; such a plan is never made.
pub(super) fn template(form: &Filled<'_>, key: &str) -> Template {
    form.text(key).map(Template::parse).unwrap_or_default()
}

fn auth(form: &Filled<'_>, variables: &Variables, to: &mut Problems) -> Auth {
    let shown = in_message(form, variables, to);
    match (form.form("mtls"), form.named()) {
        (Some(mtls), _) => {
            let ca = mtls.text("ca").map(Template::parse);
            let certificate = CertificateSettings { certificate: template(&mtls, "cert"), key: template(&mtls, "key"), ca };
            Auth::Mtls { certificate, and: Box::new(shown) }
        }
        (None, None) if matches!(&form.node.kind, NodeKind::Map(pairs) if pairs.is_empty()) => {
            let help = "write `basic`, `bearer`, `wsse`, .., or leave `auth:` out".to_string();
            to.error(&text_codes::ONE_OF, form.node.span, "nothing here says what this `auth` is", help);
            Auth::None
        }
        (None, _) => shown,
    }
}

fn in_message(form: &Filled<'_>, variables: &Variables, to: &mut Problems) -> Auth {
    let inner = |name: &str| form.form(name);
    match form.named().map(|(name, _, _)| name) {
        Some("basic") => {
            inner("basic").map_or(Auth::None, |form| Auth::Basic { user: template(&form, "user"), password: template(&form, "password") })
        }
        Some("hmac") => inner("hmac").map_or(Auth::None, |form| Auth::Hmac(signing(&form))),
        Some("bearer") => Auth::Bearer(template(form, "bearer")),
        Some("api_key") => inner("api_key").map_or(Auth::None, |form| api_key(&form)),
        Some("wsse") => inner("wsse").map_or(Auth::None, |form| Auth::Wsse(wsse(&form, variables, to))),
        Some("oauth2") => inner("oauth2").map_or(Auth::None, |form| Auth::OAuth2(Box::new(oauth2(&form, to)))),
        Some("login") => login(form, variables, to).map_or(Auth::None, |login| Auth::Login(Box::new(login))),
        _ => Auth::None,
    }
}

fn oauth2(form: &Filled<'_>, to: &mut Problems) -> OAuth2 {
    let text = |key| form.text(key).map(Template::parse);
    let proof = match (text("client_secret"), text("private_key")) {
        (Some(secret), None) => ClientProof::Secret(secret),
        (None, Some(key)) => {
            ClientProof::Key(KeyProof { key, id: text("key_id"), algorithm: form.text("algorithm").unwrap_or("RS256").into() })
        }
        (None, None) if form.text("refresh_token").is_some() => ClientProof::None,
        (Some(_), Some(_)) => {
            let at = form.key("private_key").map_or(form.node.span, |key| key.span);
            to.error(&codes::SETTING, at, "there are two proofs of who we are", "leave out `client_secret`, or `private_key`".to_string());
            ClientProof::None
        }
        (None, None) => {
            let help = "write `client_secret` or `private_key`; a public client has a `refresh_token` at least".to_string();
            to.error(&codes::SETTING, form.node.span, "nothing shows who we are", help);
            ClientProof::None
        }
    };
    OAuth2 {
        token_url: template(form, "token_url"),
        client_id: template(form, "client_id"),
        proof,
        refresh_token: text("refresh_token"),
        scope: text("scope"),
        audience: text("audience"),
    }
}

fn login(form: &Filled<'_>, variables: &Variables, to: &mut Problems) -> Option<Login> {
    let with = form.pairs("with").iter().filter_map(|(name, node)| Some((name.text.clone(), Template::parse(&node.scalar()?.text))));
    let (header, prefix) = match form.text("put").map(|put| put.split_once(':').unwrap_or((put, ""))) {
        None => ("authorization", "Bearer ".to_string()),
        // A word before the token is one of its own, `session=` is a part of the value.
        Some((header, prefix)) => {
            let prefix = prefix.trim();
            let apart = !prefix.is_empty() && prefix.ends_with(|last: char| last.is_ascii_alphanumeric());
            (header.trim(), if apart { format!("{prefix} ") } else { prefix.to_string() })
        }
    };
    Some(Login {
        operation: form.scalar("login")?.clone(),
        with: with.collect(),
        take: form.scalar("take")?.clone(),
        header: header.to_ascii_lowercase().into(),
        prefix,
        lasts: policy::time(form, "lasts", variables, to),
    })
}

pub(super) fn signing(form: &Filled<'_>) -> SignSettings {
    let option = |name: &&'static str| {
        let value = form.scalar(name)?;
        Some((Arc::from(*name), Template::parse(&value.text), value.span))
    };
    let options = ["header", "algorithm", "encoding", "prefix", "signed", "timestamp", "id_header", "secret_is"];
    SignSettings {
        at: form.scalar("preset").map_or(form.node.span, |preset| preset.span),
        preset: form.text("preset").unwrap_or("standard").into(),
        secret: template(form, "secret"),
        options: options.iter().filter_map(option).collect(),
    }
}

fn wsse(form: &Filled<'_>, variables: &Variables, to: &mut Problems) -> Wsse {
    Wsse {
        at: form.node.span,
        user: template(form, "user"),
        password: template(form, "password"),
        digest: form.text("form") == Some("digest"),
        timestamp: variables.known(form, "timestamp", form.time("timestamp"), form::time, to),
    }
}

fn api_key(form: &Filled<'_>) -> Auth {
    let place = match (form.text("header"), form.text("query")) {
        (Some(header), _) => KeyPlace::Header(header.to_ascii_lowercase()),
        (None, query) => KeyPlace::Query(query.unwrap_or_default().to_string()),
    };
    Auth::ApiKey { place, value: template(form, "value") }
}

fn operation(name: &Scalar, form: &Filled<'_>, world: &World<'_>, to: &mut Problems) -> OperationSettings {
    let variables = world.variables;
    let method = |(key, _, path): (&'static str, &Scalar, &spanwright_shape::text::Node)| {
        let method = ["GET", "POST", "PUT", "PATCH", "DELETE"].into_iter().find(|method| method.eq_ignore_ascii_case(key))?;
        Some((method, path.scalar()?.clone()))
    };
    let safe = match form.flag("safe") {
        Some(Given::Is(flag)) => Some(flag),
        given => variables.known(form, "safe", given, form::flag, to),
    };
    let outcomes = form.pairs("outcomes").iter().filter_map(|(name, node)| Some((name.clone(), word(&node.scalar()?.text)?)));
    OperationSettings {
        name: name.clone(),
        by_hand: form.named().and_then(method),
        document: form.scalar("query").and_then(|path| find(world.bundle, path, to)),
        names_document: form.node("query").is_some(),
        safe,
        key: form.scalar("key").cloned(),
        headers: form.items("headers").iter().filter_map(|name| name.scalar().cloned()).collect(),
        outcomes: outcomes.collect(),
        bulk: form.form("bulk").map(|bulk| bulk_settings(form, &bulk, variables, to)),
        folder: folder(form, world, to),
        queue: queue(form, world, to),
    }
}

fn queue(form: &Filled<'_>, world: &World<'_>, to: &mut Problems) -> Option<QueueSettings> {
    let (name, is_exchange) = match (form.scalar("queue"), form.scalar("exchange")) {
        (Some(name), _) => (name, false),
        (None, name) => (name?, true),
    };
    let bind = form.pairs("bind").iter().filter_map(|(exchange, key)| Some((exchange.clone(), key.scalar()?.clone())));
    Some(QueueSettings {
        name: name.clone(),
        is_exchange,
        kind: form.text("type").map(String::from),
        schema: form.scalar("schema").and_then(|path| find(world.bundle, path, to)),
        format: form.text("format").map(String::from),
        bind: bind.collect(),
    })
}

fn folder(form: &Filled<'_>, world: &World<'_>, to: &mut Problems) -> Option<FolderSettings> {
    let folder = form.scalar("folder")?;
    let rows = form.scalar("rows").and_then(|path| Some((find(world.bundle, path, to)?, path.clone())));
    Some(FolderSettings {
        folder: folder.clone(),
        matches: form.scalar("match").cloned(),
        name: form.scalar("name").cloned(),
        format: form.scalar("format")?.clone(),
        rows,
        csv: form.form("csv").map(|csv| csv_settings(form, &csv, world.variables, to)),
        encoding: form.scalar("encoding").cloned(),
        element: form.scalar("element").cloned(),
    })
}

fn csv_settings(owner: &Filled<'_>, form: &Filled<'_>, variables: &Variables, to: &mut Problems) -> CsvSettings {
    let header = match form.flag("header") {
        Some(Given::Is(flag)) => Some(flag),
        given => variables.known(form, "header", given, form::flag, to),
    };
    CsvSettings {
        at: owner.key("csv").map_or(form.node.span, |key| key.span),
        delimiter: form.scalar("delimiter").cloned(),
        quote: form.scalar("quote").cloned(),
        escape: form.scalar("escape").cloned(),
        header: header.unwrap_or(true),
        header_at: form.scalar("header").map(|header| header.span),
        columns: form.items("columns").iter().filter_map(|column| column.scalar().cloned()).collect(),
    }
}

pub(super) fn word(text: &str) -> Option<OutcomeWord> {
    Some(match text {
        "none" => OutcomeWord::None,
        "delivered" => OutcomeWord::Delivered,
        "later" => OutcomeWord::Later,
        "unknown" => OutcomeWord::Unknown,
        "never" => OutcomeWord::Never,
        _ => return None,
    })
}

fn bulk_settings(owner: &Filled<'_>, form: &Filled<'_>, variables: &Variables, to: &mut Problems) -> BulkSettings {
    let most = variables.known(form, "most", form.number("most"), form::number, to).unwrap_or(1);
    if let (0, Some(scalar)) = (most, form.scalar("most")) {
        to.error(&codes::SETTING, scalar.span, "`most: 0`: nothing would ever be sent", "write 1 or more".to_string());
    }
    let bytes = variables.known(form, "bytes", form.size("bytes"), form::size, to);
    if let (Some(0), Some(scalar)) = (bytes, form.scalar("bytes")) {
        to.error(&codes::SETTING, scalar.span, "`bytes: 0`: nothing would ever be sent", "write a size, such as 4MB".to_string());
    }
    BulkSettings {
        bytes,
        at: owner.key("bulk").map_or(form.node.span, |key| key.span),
        most: u32::try_from(most).unwrap_or(u32::MAX),
        items: form.scalar("items").cloned(),
        answers: form.scalar("answers").cloned(),
        matched: form.scalar("match").filter(|scalar| scalar.text != "position").cloned(),
        outcome: form.scalar("outcome").cloned(),
        atomic: variables.known(form, "atomic", form.flag("atomic"), form::flag, to).unwrap_or(false),
    }
}
