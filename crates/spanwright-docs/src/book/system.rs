//! A system: what we do there, what we read and write, how it is spared, and what its answers mean.

use std::collections::BTreeSet;

use spanwright_core::{interface::Repeat, plan::SystemPlan};
use spanwright_shape::text::{NodeKind, form::Filled, time};

use super::{
    Documents, Sources,
    answers::{self, Answer},
    flow::{FlowPage, From},
    map::MapPage,
    text,
};

/// One system.
#[derive(Clone, Debug)]
pub struct SystemPage {
    /// Its name.
    pub name: String,
    /// `soap`, `rest`.
    pub kind: String,
    /// What it is.
    pub about: Option<String>,
    /// Who is asked.
    pub owner: Option<String>,
    /// Where it answers, with its variables.
    pub url: String,
    /// The pinned schema.
    pub schema: Option<String>,
    /// How we show who we are; names of variables and no value.
    pub auth: String,
    /// What is true of it: limits, retries, breaker, zone.
    pub settings: Vec<(String, String)>,
    /// The operations that we use.
    pub operations: Vec<OperationPage>,
    /// Operations that we could use and do not.
    pub unused: usize,
    /// What `may:` allows, where it says.
    pub may_call: Vec<String>,
    /// The fields that it allows to be read; `None`: all.
    pub may_read: Option<Vec<String>>,
    /// The fields that it allows to be written; `None`: all.
    pub may_write: Option<Vec<String>>,
    /// Fields that maps read: `Customer.Number`.
    pub reads: Vec<String>,
    /// Fields that maps write.
    pub writes: Vec<String>,
}

/// One operation that is used.
#[derive(Clone, Debug)]
pub struct OperationPage {
    /// Its name.
    pub name: String,
    /// `POST /v1/contacts`
    pub wire: String,
    /// What the schema says of it.
    pub about: Option<String>,
    /// What may be done after an unknown outcome.
    pub repeat: Repeat,
    /// Items in one request.
    pub bulk: Option<u32>,
    /// The flows that ask it, and how.
    pub flows: Vec<(String, &'static str)>,
    /// What answers mean: answer, meaning, who says so.
    pub answers: Vec<Answer>,
}

/// Every system.
pub(super) fn all(sources: Sources<'_>, files: &Documents, flows: &[FlowPage], maps: &[MapPage]) -> Vec<SystemPage> {
    // The project's own flows and channels are asked like systems, and have pages of their own.
    let outside = sources.plan.systems.iter().filter(|system| system.is_outside());
    outside.map(|system| page(system, files, flows, maps)).collect()
}

fn page(system: &SystemPlan, files: &Documents, flows: &[FlowPage], maps: &[MapPage]) -> SystemPage {
    let form = files.system(&system.name);
    let form = form.as_ref();
    let interface = system.system.interface();
    let operations: Vec<OperationPage> = interface
        .operations
        .iter()
        .enumerate()
        .filter_map(|(number, operation)| {
            let flows = users(&system.name, &operation.name, flows);
            (!flows.is_empty()).then(|| OperationPage {
                name: operation.name.to_string(),
                wire: operation.wire.to_string(),
                about: operation.about.as_ref().map(ToString::to_string),
                repeat: operation.repeat,
                bulk: operation.bulk.map(|bulk| bulk.most),
                flows,
                answers: answers::all(form, system, number),
            })
        })
        .collect();
    let may = |key: &str| {
        let may = form?.form("may")?;
        may.node(key).map(|_| may.items(key).iter().filter_map(|item| Some(item.scalar()?.text.clone())).collect::<Vec<_>>())
    };
    SystemPage {
        name: system.name.to_string(),
        kind: system.kind.to_string(),
        about: text(form, "about"),
        owner: text(form, "owner"),
        url: text(form, "url").unwrap_or_default(),
        schema: form.and_then(Filled::named).and_then(|(_, _, node)| Some(node.scalar()?.text.clone())),
        auth: form.and_then(|form| form.form("auth")).map_or("none".to_string(), |auth| auth_words(&auth)),
        settings: settings(system, form),
        unused: interface.operations.len() - operations.len(),
        operations,
        may_call: may("call").unwrap_or_default(),
        may_read: may("read"),
        may_write: may("write"),
        reads: fields(maps, &system.name, Side::Reads),
        writes: fields(maps, &system.name, Side::Writes),
    }
}

fn users(system: &str, operation: &str, flows: &[FlowPage]) -> Vec<(String, &'static str)> {
    let mut users = Vec::new();
    for flow in flows {
        if matches!(&flow.from, From::Poll { system: at, operation: asks, .. } if at == system && asks == operation) {
            users.push((flow.name.clone(), "polls"));
        }
        let mut ways: Vec<&'static str> = flow
            .effects()
            .iter()
            .filter(|effect| effect.system == system && effect.operation == operation)
            .map(|effect| if effect.waits { "calls" } else { "sends" })
            .collect();
        if flow.effects().iter().any(|effect| effect.undo.as_deref() == Some(&format!("{system}.{operation}"))) {
            ways.push("undoes");
        }
        ways.dedup();
        users.extend(ways.into_iter().map(|way| (flow.name.clone(), way)));
    }
    users
}

/// The kind of proof and the variables that hold it; never a value.
fn auth_words(auth: &Filled<'_>) -> String {
    let Some((kind, _, node)) = auth.named() else { return "none".to_string() };
    let name = match kind {
        "basic" => "user and password (RFC 7617)",
        "bearer" => "a fixed token (RFC 6750)",
        "api_key" => "an API key",
        "oauth2" => "OAuth 2.0 (RFC 6749)",
        "login" => "a session that a login hands out",
        other => other,
    };
    let mut variables = Vec::new();
    variables_of(node, &mut variables);
    if variables.is_empty() { name.to_string() } else { format!("{name}, from {}", variables.join(", ")) }
}

fn variables_of(node: &spanwright_shape::text::Node, found: &mut Vec<String>) {
    match &node.kind {
        NodeKind::Scalar(scalar) => {
            for piece in scalar.text.split("${").skip(1) {
                let name = piece.split('}').next().unwrap_or_default().to_string();
                if !found.contains(&name) {
                    found.push(name);
                }
            }
        }
        NodeKind::List(items) => items.iter().for_each(|item| variables_of(item, found)),
        NodeKind::Map(pairs) => pairs.iter().for_each(|(_, value)| variables_of(value, found)),
    }
}

fn settings(system: &SystemPlan, form: Option<&Filled<'_>>) -> Vec<(String, String)> {
    let (limits, retry, breaker) = (&system.limits, &system.retry, &system.breaker);
    let mut all = Vec::new();
    let mut add = |name: &str, value: String| all.push((name.to_string(), value));
    add("Rate", limits.rate.map_or("no limit is declared".to_string(), |rate| format!("{} requests in {}", rate.most, time(rate.per))));
    add("At once", format!("{} requests", limits.concurrency));
    add("Time-out", time(limits.timeout));
    add(
        "Retries",
        format!(
            "{} tries of a message that fails alone; the first wait up to {}, none above {}, at random",
            retry.tries,
            time(retry.first),
            time(retry.longest)
        ),
    );
    add("System down", format!("waited for up to {}", time(retry.give_up_after)));
    add(
        "Breaker",
        format!(
            "opens at {}% failed of the last {} calls, for {} at first and {} at most",
            breaker.failures_percent,
            breaker.of,
            time(breaker.hold),
            time(breaker.longest)
        ),
    );
    if let Some(zone) = text(form, "zone") {
        add("Zone of its times", zone);
    }
    add("Correlation id", format!("in the header {}", text(form, "correlation").unwrap_or_else(|| "x-correlation-id".to_string())));
    all
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Reads,
    Writes,
}

fn fields(maps: &[MapPage], system: &str, side: Side) -> Vec<String> {
    let mut found = BTreeSet::new();
    for map in maps {
        let typed = if side == Side::Reads { &map.from } else { &map.to };
        let Some((at, name)) = typed.as_deref().and_then(|typed| typed.split_once(':')) else { continue };
        if at != system {
            continue;
        }
        for row in &map.rows {
            match side {
                Side::Reads => {
                    found.extend(row.sources.iter().filter(|(path, _)| path.starts_with('.')).map(|(path, _)| format!("{name}{path}")))
                }
                Side::Writes => drop(found.insert(format!("{name}.{}", row.target))),
            }
        }
    }
    found.into_iter().collect()
}
