//! What open messages have to do at a system, as the plans say that they are pinned to.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use anyhow::bail;
use spanwright_core::{
    fact::{AtSystem, PlanId},
    plan::Plan,
};
use spanwright_engine::{keep::Look, pinned};

use super::{folder::Folder, journal, waits::plan_of_folder};

/// Of each flow with open messages, under each of their plans.
///
/// # Errors
/// Neither today's project nor that of an open message has this system, or the journal cannot be read.
pub fn open_at(look: &Look, folder: &Folder, system: &str) -> anyhow::Result<Vec<AtSystem>> {
    let (today, open) = (plan_of_folder(folder).map(Arc::new), look.open_under().map_err(journal::fault)?);
    let plans: BTreeSet<PlanId> = open.iter().map(|(_, plan)| *plan).collect();
    let then = plans.into_iter().map(|plan| Ok((plan, plan_of_then(look, plan)?))).collect::<anyhow::Result<BTreeMap<_, _>>>()?;
    let (mut at, mut is_known) = (Vec::new(), today.as_ref().is_some_and(|plan| number_of(plan, system).is_some()));
    for (flow, id) in open {
        // An edition that cannot build that plan any more goes by today's.
        let Some(plan) = then.get(&id).and_then(Option::as_ref).or(today.as_ref()) else { continue };
        let Some(number) = number_of(plan, system) else { continue };
        is_known = true;
        at.extend(plan.flow(&flow).and_then(|(_, flow)| AtSystem::of(flow, id, number)));
    }
    if is_known { Ok(at) } else { bail!("there is no system `{system}`") }
}

fn number_of(plan: &Plan, system: &str) -> Option<usize> {
    plan.systems.iter().position(|of_plan| &*of_plan.name == system)
}

fn plan_of_then(look: &Look, id: PlanId) -> anyhow::Result<Option<Arc<Plan>>> {
    let bundle = look.plan_bundle(id).map_err(journal::fault)?;
    // What a flow asks of which system is the same in every environment.
    Ok(bundle.and_then(|bundle| pinned::rebuild(&bundle, spanwright_connect::ALL, None)))
}
