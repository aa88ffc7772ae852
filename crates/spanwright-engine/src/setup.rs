//! What a project names is made to be there: what `spanwright setup` does, before anything runs.

use std::{sync::Arc, time::Duration};

use spanwright_core::connector::{QueueRequest, Refusal, Request, System, With};
use spanwright_shape::text::Failure;

use crate::{
    clock::Clock,
    variables::Variables,
    wire::{Http, HttpSettings},
};

/// Time for one system.
const SETUP_TIME_MOST: Duration = Duration::from_secs(60);

/// Makes there be what a system's operations name; a line for each thing. `None`: there is nothing that could be made.
///
/// # Errors
/// In words.
pub fn once(system: &dyn System, variables: &Variables, settings: &HttpSettings) -> Option<Result<Vec<String>, String>> {
    let (clock, value) = (Arc::new(Clock::of_machine()), |name: &str| variables.value(name));
    let with = With { now: clock.now(), variable: &value, token: None, request_key: "setup", outcomes: &[], validator: None };
    let request = match system.setup(&with)? {
        Ok(request) => request,
        Err(Refusal::System(why) | Refusal::Call(_, why)) => return Some(Err(words(&why))),
    };
    Some(declare(request, settings, clock))
}

fn declare(request: Request, settings: &HttpSettings, clock: Arc<Clock>) -> Result<Vec<String>, String> {
    let Request::Queue(QueueRequest::Declare { broker, topology }) = request else {
        return Err("what a system declares is the topology of a broker".to_string());
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|why| why.to_string())?;
    let brokers = Http::new(settings, clock).map_err(|fault| fault.to_string())?.brokers();
    let declared = runtime.block_on(async { tokio::time::timeout(SETUP_TIME_MOST, brokers.declare(&broker, &topology)).await });
    declared.unwrap_or_else(|_| Err(format!("the broker has not answered within {} s", SETUP_TIME_MOST.as_secs())))?;
    let exchanges = topology.exchanges.iter().map(|(name, kind)| format!("exchange {name} ({kind})"));
    let queues = topology.queues.iter().map(|(name, kind)| format!("queue {name} ({kind:?})").to_lowercase());
    let bindings = topology.bindings.iter().map(|(queue, exchange, key)| format!("{queue} is bound to {exchange} by {key}"));
    Ok(exchanges.chain(queues).chain(bindings).collect())
}

fn words(why: &Failure) -> String {
    format!("{} {}", why.code.id, why.says)
}
