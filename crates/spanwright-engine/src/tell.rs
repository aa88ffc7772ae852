//! One channel told because a person wants to know whether it works: what `spanwright alerts test` does.
//!
//! The same errand as a running engine's, over the same wire; it is tried once and kept nowhere.

use std::sync::Arc;

use spanwright_core::{
    connector::{Outcome, Refusal, Request},
    desk::{
        Tell,
        errand::{Errand, Lent, Telling},
    },
};
use spanwright_shape::room::Room;

use crate::{
    clock::Clock,
    variables::Variables,
    wire::{Http, HttpSettings},
};

/// What the channel made of it.
///
/// # Errors
/// In words: the wire cannot be set up here.
pub fn once(job: Tell, variables: &Variables, settings: &HttpSettings) -> Result<Outcome, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|why| why.to_string())?;
    let clock = Arc::new(Clock::of_machine());
    let http = Http::new(settings, clock.clone()).map_err(|fault| fault.to_string())?;
    let telling = Telling::of(job, |notice| variables.secrets().redact(notice));
    let (room, value) = (Room::new(), |name: &str| variables.value(name));
    let lent = Lent { now: clock.now(), variable: &value };
    let request = match lent.ask(&telling, &room) {
        Ok(Request::Http(request)) => request,
        Ok(Request::Files(_) | Request::Queue(_)) => return Err("a channel is told over HTTP".to_string()),
        Err(Refusal::System(why) | Refusal::Call(_, why)) => return Ok(Outcome::Never(why)),
    };
    let mut reply = runtime.block_on(http.exchange(request, telling.timeout()));
    let told = lent.hear(&telling, reply.heard(), &room).and_then(|mut told| told.verdict.outcomes.pop());
    told.ok_or_else(|| "nothing was heard".to_string())
}
