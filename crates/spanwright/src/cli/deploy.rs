//! What a project means for the messages that are in its journal already: said by `run` before it starts, and by
//! `check --store`.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use spanwright_core::{
    deploy::{
        Notice, Standing, SystemsOf, notices,
        source::{Past, may_begin_anew, of_sources},
    },
    fact::PlanId,
    plan::Plan,
};
use spanwright_engine::{keep::Look, pinned};
use spanwright_shape::text::Bundle;

use super::{folder::Folder, journal, out::Out, story::count};

/// Older projects that today's is compared with, the newest first.
const COMPARED_MOST: usize = 16;
/// Older projects in which a flow is looked for of which no message is kept, the newest first.
const LOOKED_THROUGH_MOST: usize = 64;

/// Says it, and gives what makes a start unsafe. A project that has no journal yet may be started.
///
/// # Errors
/// The journal cannot be read.
pub fn say(folder: &Folder, (plan, bundle): (&Plan, &Bundle), environment: Option<&str>, out: &mut Out) -> anyhow::Result<Vec<Notice>> {
    let mut notices = found(folder, (plan, bundle), environment)?;
    // All goes on as it began: nothing to say.
    let is_news = notices.iter().any(|notice| !matches!(notice, Notice::Today { .. }));
    if is_news {
        notices.iter().for_each(|notice| out.aside(&words(notice)));
    }
    notices.retain(Notice::is_unsafe);
    Ok(notices)
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
    let mut found = notices(plan, today, &standing, |id| built.get(&id).cloned());
    let mut pasts = look.pasts().map_err(journal::fault)?;
    find_plans(&look, plan, &mut pasts)?;
    let then = compared(&look, (plan, bundle_of_today), environment, (&standing, &pasts))?;
    found.extend(of_sources(plan, today, (&standing, &pasts), |id| then.get(&id).cloned()));
    let was = look.environment().map_err(journal::fault)?.filter(|_| !pasts.is_empty() || !standing.is_empty());
    let now = environment.unwrap_or_default();
    found.extend(was.filter(|then| **then != *now).map(|then| Notice::OtherEnvironment { then, today: now.into() }));
    Ok(found)
}

/// Flows that are gone and of which no message is kept: the last project that has one says what it read.
fn find_plans(look: &Look, plan: &Plan, pasts: &mut [Past]) -> anyhow::Result<()> {
    let may_begin_anew = may_begin_anew(plan, pasts).next().is_some();
    let mut lost: Vec<&mut Past> = pasts.iter_mut().filter(|past| past.plan.is_none() && plan.flow(&past.flow).is_none()).collect();
    if lost.is_empty() || !may_begin_anew {
        return Ok(());
    }
    let last = look.last_plan().map_err(journal::fault)?.0;
    for id in (1..=last).rev().take(LOOKED_THROUGH_MOST).map(PlanId) {
        let Some(files) = look.plan_bundle(id).map_err(journal::fault)?.and_then(|then| pinned::unpin(&then)) else { continue };
        for past in lost.iter_mut().filter(|past| past.plan.is_none() && files.find(&file_of(&past.flow)).is_some()) {
            past.plan = Some(id);
        }
    }
    Ok(())
}

/// Older projects in which a flow that left something stands otherwise than today. One of which the file of the flow is the same reads the same.
fn compared(
    look: &Look,
    (plan, today): (&Plan, &Bundle),
    environment: Option<&str>,
    (standing, pasts): (&[Standing], &[Past]),
) -> anyhow::Result<HashMap<PlanId, Arc<Plan>>> {
    let may_begin_anew = may_begin_anew(plan, pasts).next().is_some();
    let left = pasts.iter().filter_map(|past| Some((past.plan?, &past.flow)));
    let stopped = standing.iter().filter(|standing| standing.stopped > 0).map(|standing| (standing.plan, &standing.flow));
    let wanted: BTreeSet<(PlanId, &Arc<str>)> =
        left.chain(stopped).filter(|(_, flow)| may_begin_anew || plan.flow(flow).is_some()).collect();
    let plans: BTreeSet<PlanId> = wanted.iter().map(|(id, _)| *id).collect();
    let mut then = HashMap::new();
    for id in plans.into_iter().rev().take(COMPARED_MOST) {
        let Some(pinned) = look.plan_bundle(id).map_err(journal::fault)?.filter(|pinned| pinned.hash != plan.hash) else { continue };
        let Some(files) = pinned::unpin(&pinned) else { continue };
        let text = |files: &Bundle, flow: &str| files.find(&file_of(flow)).map(|file| files.bytes(file).to_vec());
        if wanted.iter().any(|(of, flow)| *of == id && text(&files, flow) != text(today, flow)) {
            then.extend(pinned::rebuild(&pinned, spanwright_connect::ALL, environment).map(|plan| (id, plan)));
        }
    }
    Ok(then)
}

fn file_of(flow: &str) -> String {
    format!("flows/{flow}.yaml")
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
        Notice::Anew { flow, was, cursor } => {
            let read =
                cursor.as_deref().map(|cursor| format!(" (it had read up to {})", String::from_utf8_lossy(cursor))).unwrap_or_default();
            format!(
                "flow {flow} would read from its start, and do again, what flow {was} has read{read}: a flow is known by its name, and no flow is \
                 called {was} any more. Was it renamed? then give its file that name again"
            )
        }
        Notice::TakenAgain { flow, what } => format!(
            "what comes again to flow {flow} is taken for new, and done again: it was known by another `{what}`. Of a list that is read again and \
             again that is all of it"
        ),
        Notice::OtherNames { flow, stopped, what } => format!(
            "{} of flow {flow} came under another `{what}`: a replay cannot tell whether a newer state of their records went on, and may write an \
             older one over it",
            count(*stopped, "dead letter")
        ),
        Notice::OtherEnvironment { then, today } => {
            let named = |name: &str| if name.is_empty() { "no environment".to_string() } else { format!("the environment {name}") };
            format!(
                "the journal is that of {}: its open messages and dead letters would go to the systems of {}, which would read on from where \
                 it stopped, and leave out what it has done",
                named(then),
                named(today)
            )
        }
    }
}
