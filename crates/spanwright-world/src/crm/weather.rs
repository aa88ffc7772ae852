//! Whether the CRM can be reached: by the script, and by nothing else.

use std::time::{Duration, Instant};

use super::CrmScript;
use crate::stage::Stage;

/// How long an outage waits for the customer that is to change meanwhile.
const AWAY_MOST: Duration = Duration::from_secs(15);

/// Whether the CRM can be reached; each state leads to the next.
pub(super) enum Weather {
    Fair,
    Away { since: Instant },
    Limited { calls_left: u64 },
    FairAgain,
}

impl Weather {
    /// Goes on, where it is time. `true`: it has just come back, and has forgotten whom it knew.
    pub fn turn(&mut self, script: &CrmScript, call: u64, now: Instant, stage: &Stage) -> bool {
        match self {
            Weather::Fair if script.away_at_call.is_some_and(|at| call >= at) => {
                stage.set_away(true);
                *self = Weather::Away { since: now };
            }
            Weather::Away { since } => {
                let away = now.duration_since(*since);
                if away >= script.away_for && (stage.changed_twice() || away >= AWAY_MOST) {
                    stage.set_away(false);
                    *self = limited(script.limited_calls);
                    return true;
                }
            }
            Weather::Limited { calls_left: 0 } => *self = Weather::FairAgain,
            Weather::Fair | Weather::Limited { .. } | Weather::FairAgain => {}
        }
        false
    }
}

fn limited(calls: u64) -> Weather {
    if calls == 0 { Weather::FairAgain } else { Weather::Limited { calls_left: calls } }
}
