//! What a project means for the messages that are in its journal already: said by `run` before it starts, and by
//! `check --store`.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use spanwright_core::{
    deploy::{Notice, SystemsOf, notices},
    fact::PlanId,
    plan::Plan,
};
use spanwright_engine::pinned;
use spanwright_shape::text::Bundle;

use super::{folder::Folder, journal, out::Out, story::count};

/// Says it; whether the project may be started on this journal. One that has no journal yet may.
///
/// # Errors
/// The journal cannot be read.
pub fn is_safe(folder: &Folder, (plan, bundle): (&Plan, &Bundle), environment: Option<&str>, out: &mut Out) -> anyhow::Result<bool> {
    let notices = found(folder, (plan, bundle), environment)?;
    // All goes on as it began: nothing to say.
    let is_news = notices.iter().any(|notice| !matches!(notice, Notice::Today { .. }));
    if is_news {
        notices.iter().for_each(|notice| out.aside(&words(notice)));
    }
    Ok(!notices.iter().any(Notice::is_unsafe))
}

fn found(folder: &Folder, (plan, bundle_of_today): (&Plan, &Bundle), environment: Option<&str>) -> anyhow::Result<Vec<Notice>> {
    let look = match journal::look(folder) {
        Ok(look) => look,
        Err(error) if journal::is_made_by_a_start(&error) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let standing = look.standing().map_err(journal::fault)?;
    let today = look.plan_of(&plan.hash).map_err(journal::fault)?;
    let mut built: HashMap<PlanId, SystemsOf> = HashMap::new();
    let open = || standing.iter().filter(|standing| standing.open > 0);
    let flows: Vec<Arc<str>> = open().map(|standing| standing.flow.clone()).collect();
    let plans: BTreeSet<PlanId> = open().map(|standing| standing.plan).collect();
    for id in plans {
        let bundle = look.plan_bundle(id).map_err(journal::fault)?;
        let goes_on = bundle.and_then(|then| pinned::go_on(&then, bundle_of_today, spanwright_connect::ALL, environment, &flows));
        built.extend(goes_on.map(|goes_on| (id, goes_on.systems)));
    }
    Ok(notices(plan, today, &standing, |id| built.get(&id).cloned()))
}

fn words(notice: &Notice) -> String {
    match notice {
        Notice::Today { flow, open } => format!("{} of flow {flow} go on under this project", count(*open, "open message")),
        Notice::Older { flow, open, plan, systems } => {
            let open = count(*open, "open message");
            let began = format!("{open} of flow {flow} go on to their end with the steps and maps that they began with (plan {})", plan.0);
            match systems {
                SystemsOf::Today => format!("{began}, and with the systems of this project"),
                SystemsOf::Then(why) => {
                    format!("{began}, and with the systems of then, address and rights included: those of this project do not fit ({why})")
                }
            }
        }
        Notice::Orphans { flow, open, plan } => format!(
            "{} of flow {flow} would be left: the project that took them (plan {}) cannot be built by this edition",
            count(*open, "open message"),
            plan.0
        ),
        Notice::NoFlow { flow, stopped } => {
            format!("{} of flow {flow} cannot be replayed: this project has no such flow", count(*stopped, "dead letter"))
        }
        Notice::Renamed { flow, stopped, step } => format!(
            "a replay of {} of flow {flow} would do `{step}` again, which they have done: no step has that name any more. \
             Was it renamed? then say `was: {step}` in its step",
            count(*stopped, "dead letter")
        ),
    }
}
