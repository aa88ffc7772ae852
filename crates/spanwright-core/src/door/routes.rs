//! Which door a path leads to, and which flows serve it.

use std::{collections::HashMap, sync::Arc};

use spanwright_shape::text::Failure;

use super::{
    Refused,
    at_once::{self, Keeping},
};
use crate::{
    codes,
    plan::{DoorPlan, Plan},
};

/// Every door of today's plan.
pub struct Routes {
    /// The plan.
    pub plan: Arc<Plan>,
    /// By door and operation: the numbers of the flows that serve it.
    flows: HashMap<(usize, usize), Vec<usize>>,
    /// By flow: what must be kept of its requests.
    keeping: Vec<Keeping>,
    /// By door: all that comes to it may be answered before anything of it is kept.
    unkept: Vec<bool>,
}

/// Where a request leads.
pub struct Found<'r> {
    /// The door's number.
    pub door: usize,
    /// The parameters of the path, still percent-encoded.
    pub parameters: Vec<(&'r str, &'r str)>,
}

impl Routes {
    /// Of a plan.
    pub fn of(plan: Arc<Plan>) -> Routes {
        let mut flows: HashMap<_, Vec<usize>> = HashMap::new();
        for (n, flow) in plan.flows.iter().enumerate() {
            if let Some(served) = flow.source.as_ref().and_then(|source| source.served()) {
                flows.entry((served.door, served.operation)).or_default().push(n);
            }
        }
        let keeping: Vec<Keeping> = plan.flows.iter().map(|flow| at_once::keeping(&plan, flow)).collect();
        let mut unkept: Vec<bool> = (0..plan.doors.len()).map(|door| flows.keys().any(|(at, _)| *at == door)).collect();
        for ((door, _), flows) in &flows {
            unkept[*door] &= flows.iter().all(|flow| keeping[*flow] != Keeping::All);
        }
        Routes { plan, flows, keeping, unkept }
    }

    /// Where a request leads.
    ///
    /// # Errors
    /// Nothing is served there, or not by this method.
    pub fn find<'r>(&'r self, method: &str, path: &'r str) -> Result<Found<'r>, Refused> {
        let mut allowed: Vec<&str> = Vec::new();
        for (door, plan) in self.plan.doors.iter().enumerate() {
            for route in plan.door.routes() {
                let Some(parameters) = route.fits(path) else { continue };
                match route.method {
                    Some(wanted) if wanted != method => allowed.push(wanted),
                    Some(_) | None => return Ok(Found { door, parameters }),
                }
            }
        }
        Err(if allowed.is_empty() {
            Refused::new(404, Failure::new(&codes::NOT_SERVED, "nothing is served under this path"))
        } else {
            allowed.sort_unstable();
            allowed.dedup();
            let says = "this path is not asked by this method".to_string();
            Refused::new(405, Failure::new(&codes::METHOD, says)).with("allow", allowed.join(", "))
        })
    }

    /// The door of a number.
    pub fn door(&self, door: usize) -> &DoorPlan {
        &self.plan.doors[door]
    }

    /// Whether requests to this flow may be answered at once ([`at_once`]).
    pub fn answers_at_once(&self, flow: usize) -> bool {
        self.keeping[flow] == Keeping::Failures
    }

    /// Whether all that comes to this door may be answered before anything of it is kept.
    pub fn is_unkept(&self, door: usize) -> bool {
        self.unkept[door]
    }

    /// The flows that serve an operation.
    pub fn flows(&self, door: usize, operation: usize) -> &[usize] {
        self.flows.get(&(door, operation)).map_or(&[], Vec::as_slice)
    }
}
