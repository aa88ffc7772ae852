//! A project as the journal keeps it, so that a message ends under the project that it began under.

use std::sync::Arc;

use spanwright_core::{
    connector::Connector,
    deploy::SystemsOf,
    desk::round::flow_of_ends,
    fact::PlanBundle,
    plan::{EffectPlan, Plan},
    project,
};
use spanwright_shape::text::{Bundle, Problems, Weight};

/// The edition of the project language that plans are made by; counts up where an old project would mean something else.
pub const LANGUAGE: u32 = 1;

/// The project to be pinned: `path NUL length NUL bytes`, one file after the other in path order.
pub fn pin(bundle: &Bundle) -> PlanBundle {
    let mut packed = Vec::new();
    for (_, path, bytes) in bundle.iter().filter(|(_, path, _)| !project::is_test(path)) {
        packed.extend_from_slice(path.as_bytes());
        packed.push(0);
        packed.extend_from_slice(bytes.len().to_string().as_bytes());
        packed.push(0);
        packed.extend_from_slice(bytes);
    }
    PlanBundle { hash: project::hash(bundle), bundle: packed.into(), language: LANGUAGE }
}

/// The files of a pinned project; `None` where the bytes are none.
pub fn unpin(pinned: &PlanBundle) -> Option<Bundle> {
    let (mut files, mut rest) = (Vec::new(), &*pinned.bundle);
    while !rest.is_empty() {
        let (path, behind) = field(rest)?;
        let (length, behind) = field(behind)?;
        let (bytes, behind) = behind.split_at_checked(length.parse().ok()?)?;
        files.push((path.to_string(), bytes.to_vec()));
        rest = behind;
    }
    Some(Bundle::new(files))
}

/// The text up to the next NUL, and what is behind it.
fn field(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let end = memchr::memchr(0, bytes)?;
    Some((std::str::from_utf8(&bytes[..end]).ok()?, &bytes[end + 1..]))
}

/// Builds the plan of a pinned project again; `None` where this edition cannot: another language, damaged bytes, or a
/// project that is refused today.
pub fn rebuild(pinned: &PlanBundle, connectors: &[&dyn Connector], environment: Option<&str>) -> Option<Arc<Plan>> {
    let bundle = unpin(pinned).filter(|bundle| pinned.language == LANGUAGE && project::hash(bundle) == pinned.hash)?;
    project::check(&bundle, connectors, environment, &mut Problems::new()).map(Arc::new)
}

/// What messages of an older project go on under.
pub struct GoesOn {
    /// The flows and maps that they began under.
    pub plan: Arc<Plan>,
    /// Whose the systems in it are.
    pub systems: SystemsOf,
}

/// The plan that messages of an older project go on under: the flows and maps that they began under, with everything else as it is
/// today, where that fits: an address that was mended, credentials, limits and rights are for all messages. A flow that is not among
/// the `open` ones, which have messages, keeps nobody from that. `None` as for [`rebuild`].
pub fn go_on(
    pinned: &PlanBundle,
    today: &Bundle,
    connectors: &[&dyn Connector],
    environment: Option<&str>,
    open: &[Arc<str>],
) -> Option<GoesOn> {
    let (then, files) = (rebuild(pinned, connectors, environment)?, unpin(pinned)?);
    let has = |flow: &str| then.flow(flow).is_some();
    let all: Vec<&str> = then.flows.iter().map(|flow| &*flow.name).collect();
    let open: Vec<&str> = open.iter().map(|flow| &**flow).filter(|flow| has(flow)).collect();
    // What follows a round stands in the file of the flow.
    let is_in = |flows: &[&str], file: &str| flows.iter().any(|flow| *flow == file || **flow == *flow_of_ends(file));
    let mut why = None;
    // Where all of them are open there is nothing to be left out.
    for flows in [&all, &open].into_iter().take(if open.len() < all.len() { 2 } else { 1 }) {
        let mixed = mix(&files, today, |path| flow_of(path).is_none_or(|flow| !has(flow) || is_in(flows, flow)));
        if project::hash(&mixed) == pinned.hash {
            return Some(GoesOn { plan: then.clone(), systems: SystemsOf::Today });
        }
        match fits(&then, flows, &mixed, connectors, environment) {
            Ok(plan) => return Some(GoesOn { plan: Arc::new(plan), systems: SystemsOf::Today }),
            Err(unfit) => _ = why.get_or_insert(unfit),
        }
    }
    Some(GoesOn { plan: then, systems: SystemsOf::Then(why.unwrap_or_default().into()) })
}

/// The plan of a mixed project, or why these flows of then cannot go on with it.
fn fits(then: &Plan, flows: &[&str], mixed: &Bundle, connectors: &[&dyn Connector], environment: Option<&str>) -> Result<Plan, String> {
    let mut problems = Problems::new();
    let Some(plan) = project::check(mixed, connectors, environment, &mut problems) else {
        let first = problems.iter().find(|problem| problem.weight == Weight::Error);
        return Err(first.map(|problem| format!("{} {}", problem.code.id, problem.says)).unwrap_or_default());
    };
    // A flow that is switched off today goes on with what it has.
    match flows.iter().find(|flow| plan.flow(flow).is_none()) {
        Some(flow) => Err(format!("the flow `{flow}` is switched off today")),
        None => otherwise_repeated(then, &plan).map_or(Ok(plan), Err),
    }
}

/// The step whose call bears a repeat otherwise than then: a try that was not heard of went under a key that would be another one.
fn otherwise_repeated(then: &Plan, today: &Plan) -> Option<String> {
    let repeats = |effect: &EffectPlan| (effect.repeat, effect.batch.as_ref().map(|batch| batch.key));
    then.flows.iter().find_map(|flow| {
        let (_, of_today) = today.flow(&flow.name)?;
        let pairs = flow.effects.iter().flat_map(EffectPlan::all).zip(of_today.effects.iter().flat_map(EffectPlan::all));
        let other = pairs.into_iter().find(|(then, today)| repeats(then) != repeats(today));
        other.map(|(then, _)| format!("what the step `{}` of flow `{}` calls bears a repeat otherwise today", then.node, flow.name))
    })
}

/// Whether a file says what becomes of a message, and not what the systems are.
fn is_of_messages(path: &str) -> bool {
    path.starts_with("maps/") || flow_of(path).is_some()
}

/// The flow that a file is of.
fn flow_of(path: &str) -> Option<&str> {
    path.strip_prefix("flows/")?.strip_suffix(".yaml")
}

/// The maps of then, and of its flows those that are wanted; everything else of today, and of then what is not there any more.
fn mix(then: &Bundle, today: &Bundle, is_wanted: impl Fn(&str) -> bool) -> Bundle {
    let is_gone = |path: &str| today.find(path).is_none();
    let of_then = then.iter().filter(|(_, path, _)| is_wanted(path) && (is_of_messages(path) || is_gone(path)));
    let of_today = today.iter().filter(|(_, path, _)| !is_of_messages(path) && !project::is_test(path));
    Bundle::new(of_then.chain(of_today).map(|(_, path, bytes)| (path.to_string(), bytes.to_vec())))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn files() -> Bundle {
        Bundle::new([("a.yaml".to_string(), b"one\0two\n".to_vec()), ("b/c.xsd".to_string(), Vec::new())])
    }

    #[test]
    fn a_pinned_project_comes_back_byte_for_byte() {
        let back = unpin(&pin(&files())).unwrap();
        let list = |bundle: &Bundle| bundle.iter().map(|(_, path, bytes)| (path.to_string(), bytes.to_vec())).collect::<Vec<_>>();
        assert_eq!(list(&back), list(&files()));
    }

    #[test]
    fn bytes_that_are_cut_are_no_project() {
        let whole = pin(&files());
        for length in 1..whole.bundle.len() - 1 {
            let cut = PlanBundle { bundle: whole.bundle[..length].into(), ..whole.clone() };
            assert!(unpin(&cut).is_none_or(|bundle| project::hash(&bundle) != whole.hash), "{length}");
        }
    }
}
