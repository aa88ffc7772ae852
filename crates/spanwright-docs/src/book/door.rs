//! A way in: who may come, what can be asked, what it reads, and what a sender is told.

use std::collections::{BTreeMap, BTreeSet};

use spanwright_core::{
    door::{ClientSettings, Route, SignHeader, Visit},
    plan::{Body, EffectPlan, Flow, IfDead, Late, Plan, ReplyPlan, Source, Step, StepKind},
};
use spanwright_map::{Mapping, Program};
use spanwright_shape::{shape::ShapeRef, text::Bundle, xml::Tree as Xml, xsd};

use super::{Documents, Sources, text};

/// One way in.
#[derive(Clone, Debug)]
pub struct DoorPage {
    /// The flow's, system's or API's name.
    pub name: String,
    /// What it is for.
    pub about: Option<String>,
    /// What it speaks.
    pub kind: DoorSpeaks,
    /// Method and path: `POST`, `/orders/{id}`.
    pub routes: Vec<(String, String)>,
    /// Who may come in; none: anybody.
    pub clients: Vec<ClientSettings>,
    /// Headers by which a sender signs.
    pub signs: Vec<SignHeader>,
    /// What can be asked of it and is served by a flow.
    pub operations: Vec<ServedPage>,
}

/// What a way in speaks.
#[derive(Clone, Debug)]
pub enum DoorSpeaks {
    /// HTTP, without a schema.
    Http,
    /// Webhooks of a system.
    Webhook,
    /// SOAP: the WSDL and what it imports, by their paths in the project.
    Soap(BTreeMap<String, Vec<u8>>),
}

/// An operation that flows serve.
#[derive(Clone, Debug)]
pub struct ServedPage {
    /// Its name.
    pub name: String,
    /// The flows, and what each is for.
    pub flows: Vec<(String, Option<String>)>,
    /// The sender waits for a reply.
    pub waits: bool,
    /// It is told 504 where that takes too long, and 202 otherwise.
    pub late: bool,
    /// A flow takes only some of the messages.
    pub leaves_out: bool,
    /// A request without `Idempotency-Key` is refused.
    pub wants_key: bool,
    /// Fields of the body that are read: `.order.id`; `.` for all of it.
    pub body: BTreeSet<String>,
    /// Fields without which nothing is taken.
    pub always: BTreeSet<String>,
    /// Names in the query that are read.
    pub query: BTreeSet<String>,
    /// Headers that are read.
    pub headers: BTreeSet<String>,
    /// What `reply:` steps say.
    pub replies: Vec<ReplyPage>,
    /// Requests and answers of tests.
    pub visits: Vec<Visit>,
}

/// What a `reply:` or `fault:` step says.
#[derive(Clone, Debug)]
pub struct ReplyPage {
    /// `status:`
    pub status: Option<u16>,
    /// Headers that it sets.
    pub headers: Vec<String>,
    /// The body.
    pub gives: ShapeRef,
}

/// Every way in.
pub(super) fn all(sources: Sources<'_>, files: &Documents) -> Vec<DoorPage> {
    let plan = sources.plan;
    let doors = plan.doors.iter().enumerate().flat_map(|(number, door)| {
        let interface = door.door.interface();
        let operations =
            interface.operations.iter().enumerate().map(|(n, operation)| {
                served(plan, files, (number, n), &operation.name, sources.visits).filter(|page| !page.flows.is_empty())
            });
        let routes = door.door.routes().iter().map(written);
        let page = DoorPage {
            name: door.name.to_string(),
            about: about(&door.name, files),
            kind: speaks(&door.name, files, sources.bundle),
            routes: Vec::new(),
            clients: door.clients.clone(),
            signs: door.door.signs(),
            operations: Vec::new(),
        };
        match is_rest(&door.name, files) {
            true => each_operation(&page, operations, routes),
            false => vec![DoorPage { routes: routes.collect(), operations: operations.flatten().collect(), ..page }],
        }
    });
    doors.collect()
}

/// Method and path.
fn written(route: &Route) -> (String, String) {
    let written = route.to_string();
    let path = written.split_once(' ').map_or(written.as_str(), |(_, path)| path).to_string();
    (route.method.unwrap_or("POST").to_string(), path)
}

fn is_rest(name: &str, files: &Documents) -> bool {
    files.api(name).is_some_and(|api| api.node("soap").is_none())
}

/// Each operation of a REST API has a method and a path of its own, and is a way in of its own.
fn each_operation(
    page: &DoorPage,
    operations: impl Iterator<Item = Option<ServedPage>>,
    routes: impl Iterator<Item = (String, String)>,
) -> Vec<DoorPage> {
    let served = operations.zip(routes).filter_map(|(served, route)| Some((served?, route)));
    let each = served.map(|(served, route)| DoorPage {
        name: format!("{}.{}", page.name, served.name),
        routes: vec![route],
        operations: vec![served],
        ..page.clone()
    });
    each.collect()
}

fn about(name: &str, files: &Documents) -> Option<String> {
    text(files.api(name).as_ref(), "about").or_else(|| text(files.flow(name).as_ref(), "about"))
}

/// An endpoint has its flow's name, a webhook its system's, an API its own.
fn speaks(name: &str, files: &Documents, bundle: &Bundle) -> DoorSpeaks {
    let endpoint = files.flow(name).and_then(|flow| flow.form("from")).is_some_and(|from| from.node("http").is_some());
    match files.api(name).and_then(|api| Some(api.scalar("soap")?.text.clone())) {
        Some(wsdl) => DoorSpeaks::Soap(imported(&wsdl, bundle)),
        None if endpoint || is_rest(name, files) => DoorSpeaks::Http,
        None => DoorSpeaks::Webhook,
    }
}

fn imported(wsdl: &str, bundle: &Bundle) -> BTreeMap<String, Vec<u8>> {
    let (mut found, mut waiting) = (BTreeMap::new(), vec![wsdl.to_string()]);
    while let Some(path) = waiting.pop() {
        let Some(file) = bundle.find(&path).filter(|_| !found.contains_key(&path)) else { continue };
        if let Ok(tree) = Xml::read(file, bundle.bytes(file)) {
            waiting.extend(xsd::locations(&tree.root).iter().map(|location| xsd::beside(&path, location)));
        }
        found.insert(path, bundle.bytes(file).to_vec());
    }
    found
}

fn served(plan: &Plan, files: &Documents, at: (usize, usize), name: &str, visits: &[Visit]) -> Option<ServedPage> {
    let mut page = ServedPage {
        name: name.to_string(),
        flows: Vec::new(),
        waits: false,
        late: false,
        leaves_out: false,
        wants_key: false,
        body: BTreeSet::new(),
        always: BTreeSet::new(),
        query: BTreeSet::new(),
        headers: BTreeSet::new(),
        replies: Vec::new(),
        visits: visits.iter().filter(|visit| (visit.door, visit.operation) == at).cloned().collect(),
    };
    for flow in &plan.flows {
        let Some(source) = &flow.source else { continue };
        let Some(served) = source.served().filter(|served| (served.door, served.operation) == at) else { continue };
        page.flows.push((flow.name.to_string(), text(files.flow(&flow.name).as_ref(), "about")));
        page.waits |= served.reply_within.is_some();
        page.late |= served.late == Late::TimedOut;
        page.leaves_out |= source.when.is_some();
        page.wants_key |= served.wants_key;
        Reading { flow, page: &mut page, whole: true }.flow(source);
    }
    Some(page)
}

/// Walks a flow for what of a request it reads.
struct Reading<'r> {
    flow: &'r Flow,
    page: &'r mut ServedPage,
    /// `.` is still the body as it was accepted.
    whole: bool,
}

impl Reading<'_> {
    fn flow(mut self, source: &Source) {
        for program in [&source.when, &source.once, &source.key, &source.version].into_iter().flatten() {
            self.program(program);
        }
        for program in [&source.once, &source.key].into_iter().flatten() {
            let plain = program.keys().filter(|keys| !keys.is_empty() && program.text().trim().starts_with('.'));
            self.page.always.extend(plain.map(|keys| format!(".{}", keys.join("."))));
        }
        self.steps(&self.flow.steps);
        if let IfDead::Steps(steps) = &self.flow.if_dead {
            self.whole = true;
            self.steps(steps);
        }
    }

    fn steps(&mut self, steps: &[Step]) {
        for step in steps {
            if let Some(when) = &step.when {
                self.program(when);
            }
            match &step.kind {
                StepKind::Map(mapping) => {
                    self.mapping(mapping);
                    self.whole = false;
                }
                StepKind::Only(program) | StepKind::Fail(program) => self.program(program),
                StepKind::Route(ways) => {
                    let whole = self.whole;
                    for (when, steps) in ways {
                        self.whole = whole;
                        when.iter().for_each(|when| self.program(when));
                        self.steps(steps);
                    }
                }
                StepKind::Each { items, steps } => {
                    self.program(items);
                    let whole = std::mem::replace(&mut self.whole, false);
                    self.steps(steps);
                    self.whole = whole;
                }
                StepKind::Call(n) | StepKind::Send(n) => self.flow.effects[*n].all().for_each(|effect| self.effect(effect)),
                StepKind::Reply(reply) => self.reply(reply),
            }
        }
    }

    fn effect(&mut self, effect: &EffectPlan) {
        if let Some(with) = &effect.with {
            self.mapping(with);
        }
        self.body(&effect.body);
        if let IfDead::Steps(steps) = &effect.if_dead {
            self.steps(steps);
        }
    }

    fn reply(&mut self, reply: &ReplyPlan) {
        let headers = reply.headers.as_ref();
        headers.into_iter().for_each(|headers| self.mapping(headers));
        self.body(&reply.body);
        let names = headers.map(|headers| headers.lineage().iter().map(|row| row.target.to_ascii_lowercase()).collect());
        self.page.replies.push(ReplyPage { status: reply.status, headers: names.unwrap_or_default(), gives: reply.gives.clone() });
    }

    fn body(&mut self, body: &Body) {
        match body {
            Body::None => {}
            Body::Whole => self.read("."),
            Body::Expr(program) => self.program(program),
            Body::Map(mapping) => self.mapping(mapping),
        }
    }

    fn program(&mut self, program: &Program) {
        program.gives().reads.iter().for_each(|read| self.read(read));
    }

    fn mapping(&mut self, mapping: &Mapping) {
        mapping.lineage().iter().flat_map(|row| &row.reads).for_each(|read| self.read(read));
    }

    fn read(&mut self, read: &str) {
        let beside =
            |name: &str| Some(read.strip_prefix(name)?.trim_matches(['.', '[', ']', '"']).to_string()).filter(|name| !name.is_empty());
        if let Some(name) = beside("$query") {
            self.page.query.insert(name);
        } else if let Some(name) = beside("$headers") {
            self.page.headers.insert(name);
        } else if let Some(path) = read.strip_prefix("$in") {
            self.page.body.insert(if path.is_empty() { ".".to_string() } else { path.to_string() });
        } else if read.starts_with('.') && self.whole {
            self.page.body.insert(read.to_string());
        }
    }
}
