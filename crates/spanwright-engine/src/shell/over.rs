//! When it is over: told to stop, drained, stuck without a person, or broken.

use std::{fmt, time::Duration};

use spanwright_core::{
    deliver::HoldReason,
    desk::{ONCE_WAITS_MOST, Standing},
    fact::Moment,
};

use crate::observe::{Level, timestamp};

/// What is in flight may take so long to end after a stop.
pub const STOP_TIME_MOST: Duration = Duration::from_secs(25);
/// With `once`: nothing moves for so long while only a person could help.
pub const PERSON_PATIENCE: Duration = Duration::from_secs(3);

/// Why the engine ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// `once`: every source was read to its end and nothing is open.
    Drained,
    /// `once`: the same, but these sources could not be read.
    SourcesFailed(Vec<String>),
    /// `once`: these systems refuse our credentials, and nothing else goes on.
    CredentialsRefused(Vec<String>),
    /// `once`: these systems or flows are held until somebody resumes them, and nothing else goes on.
    Held(Vec<String>),
    /// `once`: these systems or flows let nothing pass for long, and nothing else goes on.
    Waits(Vec<String>),
    /// `once`: all that is open is pinned to plans that cannot be built any more.
    PlansUnbuilt,
    /// Somebody said so; so many exchanges had not been heard of.
    Stopped {
        /// Their outcome is unknown; they are asked again, or parked, at the next start.
        unheard: usize,
    },
    /// The journal cannot be trusted any more.
    Broken(String),
}

impl Why {
    /// 0 all is well, 1 a person must look, 2 it could not be done.
    pub fn exit_code(&self) -> u8 {
        match self {
            Why::Drained | Why::Stopped { .. } => 0,
            Why::SourcesFailed(_) | Why::CredentialsRefused(_) | Why::Held(_) | Why::Waits(_) | Why::PlansUnbuilt => 1,
            Why::Broken(_) => 2,
        }
    }

    pub(super) fn level(&self) -> Level {
        match self.exit_code() {
            0 => Level::Info,
            _ => Level::Error,
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Why::Drained => write!(to, "every source was read to its end and nothing is open"),
            Why::SourcesFailed(sources) => write!(to, "could not be read: {}", sources.join("; ")),
            Why::CredentialsRefused(systems) => write!(to, "our credentials are refused: {}", systems.join("; ")),
            Why::Held(what) => write!(to, "held until somebody resumes it: {}", what.join("; ")),
            Why::Waits(what) => write!(to, "waits for long, so the next run goes on with it: {}", what.join("; ")),
            Why::PlansUnbuilt => write!(to, "what is open is pinned to plans that cannot be built any more"),
            Why::Stopped { unheard: 0 } => write!(to, "stopped; nothing was in flight"),
            Why::Stopped { unheard } => write!(to, "stopped with {unheard} exchanges unheard; the journal knows of them"),
            Why::Broken(why) => write!(to, "the journal cannot be trusted any more: {why}"),
        }
    }
}

/// Watches for the end.
pub(super) struct Watch {
    once: bool,
    plans_unbuilt: bool,
    stop_by: Option<Moment>,
    now: bool,
    broken: Option<String>,
    /// Since when nothing has come in.
    still_since: Moment,
}

impl Watch {
    pub(super) fn new(once: bool, plans_unbuilt: bool, now: Moment) -> Watch {
        Watch { once, plans_unbuilt, stop_by: None, now: false, broken: None, still_since: now }
    }

    pub(super) fn moved(&mut self, now: Moment) {
        self.still_since = now;
    }

    /// False where it was said before.
    pub(super) fn stop(&mut self, now: Moment) -> bool {
        let first = self.stop_by.is_none();
        self.stop_by.get_or_insert(now.after(STOP_TIME_MOST));
        first
    }

    /// What is still in flight is waited for no longer.
    pub(super) fn time_is_up(&mut self, now: Moment) {
        self.stop_by = Some(now);
    }

    pub(super) fn stop_now(&mut self) {
        self.now = true;
    }

    /// Nothing may be waited for.
    pub(super) fn is_urgent(&self) -> bool {
        self.now
    }

    pub(super) fn broken(&mut self, why: String) {
        self.broken.get_or_insert(why);
    }

    /// Whether it is over. `under_way` counts exchanges of every kind, polls and sign-ins too.
    pub(super) fn over(&self, standing: &Standing, under_way: usize, at_rest: bool, now: Moment) -> Option<Why> {
        if self.now {
            return Some(Why::Stopped { unheard: standing.flying });
        }
        if let Some(why) = &self.broken {
            return Some(Why::Broken(why.clone()));
        }
        if let Some(by) = self.stop_by
            && (at_rest || by <= now)
        {
            return Some(Why::Stopped { unheard: if at_rest { 0 } else { standing.flying } });
        }
        let quiet = under_way == 0 && standing.flying == 0 && standing.committing == 0 && standing.alerting == 0;
        if self.once && quiet { self.drained(standing, now) } else { None }
    }

    fn drained(&self, standing: &Standing, now: Moment) -> Option<Why> {
        if standing.sources_idle && standing.open == 0 {
            return Some(match standing.failed_sources.as_slice() {
                [] => Why::Drained,
                failed => {
                    Why::SourcesFailed(failed.iter().map(|(source, why)| format!("{source} ({} {})", why.code.id, why.says)).collect())
                }
            });
        }
        // Whoever waits for a time to come does not wait for a person.
        if now.since(self.still_since.max(standing.looks_again.unwrap_or(self.still_since))) < PERSON_PATIENCE {
            return None;
        }
        let refused = refusals(standing);
        if !refused.is_empty() {
            return Some(Why::CredentialsRefused(refused));
        }
        let held = holds(standing);
        if !held.is_empty() {
            return Some(Why::Held(held));
        }
        if standing.disk_low {
            return Some(Why::Waits(vec!["the disk is almost full".into()]));
        }
        let waits = waits(standing, now);
        if !waits.is_empty() {
            return Some(Why::Waits(waits));
        }
        (self.plans_unbuilt && standing.sources_idle && standing.in_hand == 0).then_some(Why::PlansUnbuilt)
    }
}

fn refusals(standing: &Standing) -> Vec<String> {
    let refused = standing.held.iter().filter_map(|(system, reason)| match reason {
        HoldReason::Credentials(why) => Some(format!("{system} ({} {})", why.code.id, why.says)),
        HoldReason::BreakerOpen(_) | HoldReason::Paused(_) | HoldReason::Held(_) | HoldReason::Closed(_) | HoldReason::Quota(_) => None,
    });
    refused.collect()
}

/// What only somebody's word can set going again.
fn holds(standing: &Standing) -> Vec<String> {
    let held = standing.held.iter().filter_map(|(what, reason)| match reason {
        HoldReason::Held(hold) if hold.until.is_none() => Some(format!("{what} (by {}: {})", hold.by, hold.because)),
        _ => None,
    });
    held.collect()
}

/// What lets go by itself, but not soon.
fn waits(standing: &Standing, now: Moment) -> Vec<String> {
    let waits = standing.held.iter().filter_map(|(what, reason)| {
        let (until, why) = match reason {
            HoldReason::Paused(until) => (*until, "it asked us to wait"),
            HoldReason::Closed(until) => (*until, "it is closed"),
            HoldReason::Quota(until) => (*until, "its requests of the day are spent"),
            HoldReason::Held(hold) => (hold.until?, "it is held"),
            HoldReason::BreakerOpen(_) | HoldReason::Credentials(_) => return None,
        };
        (until.since(now) > ONCE_WAITS_MOST).then(|| format!("{what} ({why} until {})", timestamp(until)))
    });
    waits.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use spanwright_shape::text::Failure;

    const START: Moment = Moment(1_000_000_000);

    fn idle() -> Standing {
        Standing {
            open: 0,
            in_hand: 0,
            flying: 0,
            committing: 0,
            orders_kept: 0,
            waiting: 0,
            sources_idle: true,
            disk_low: false,
            looks_again: None,
            failed_sources: Vec::new(),
            alerting: 0,
            failed_channels: Vec::new(),
            held: Vec::new(),
        }
    }

    fn later(seconds: u64) -> Moment {
        START.after(Duration::from_secs(seconds))
    }

    fn failure() -> Failure {
        Failure::new(&spanwright_core::codes::PARAMETERS, "said no")
    }

    fn check(once: bool, standing: &Standing, under_way: usize, seconds: u64, expected: Option<Why>) {
        assert_eq!(Watch::new(once, true, START).over(standing, under_way, true, later(seconds)), expected);
    }

    #[test]
    fn without_once_an_idle_engine_goes_on() {
        check(false, &idle(), 0, 900, None);
    }

    #[test]
    fn with_once_it_is_over_when_nothing_is_open() {
        check(true, &idle(), 0, 0, Some(Why::Drained));
        check(true, &idle(), 1, 0, None);
        check(true, &Standing { committing: 1, ..idle() }, 0, 0, None);
        check(true, &Standing { alerting: 1, ..idle() }, 0, 0, None);
        check(true, &Standing { sources_idle: false, ..idle() }, 0, 0, None);
        check(true, &Standing { open: 1, in_hand: 1, ..idle() }, 0, 900, None);
    }

    #[test]
    fn with_once_a_failed_source_is_named() {
        let failed = Standing { failed_sources: vec![("customers.source".into(), failure())], ..idle() };
        check(true, &failed, 0, 0, Some(Why::SourcesFailed(vec!["customers.source (R0104 said no)".into()])));
    }

    #[test]
    fn with_once_refused_credentials_end_it_after_some_patience() {
        let held = Standing { open: 7, held: vec![("crm".into(), HoldReason::Credentials(failure()))], sources_idle: false, ..idle() };
        check(true, &held, 0, 1, None);
        check(true, &held, 1, 3, None);
        check(true, &held, 0, 3, Some(Why::CredentialsRefused(vec!["crm (R0104 said no)".into()])));
        check(true, &Standing { held: vec![("crm".into(), HoldReason::Paused(later(60)))], ..held }, 0, 3, None);
    }

    #[test]
    fn with_once_a_second_look_comes_before_it_is_given_up_for_what_a_person_holds() {
        let hold = spanwright_core::fact::Hold { since: START, until: None, by: "ann".into(), because: "quiet".into() };
        let held = vec![("crm".into(), HoldReason::Held(hold))];
        let waits = Standing { held, sources_idle: false, looks_again: Some(later(60)), ..idle() };
        check(true, &waits, 0, 62, None);
        check(true, &waits, 0, 63, Some(Why::Held(vec!["crm (by ann: quiet)".into()])));
    }

    /// A pause that is over in a minute is waited for; hours that begin tomorrow are left to the next run.
    #[test]
    fn with_once_what_lets_go_late_is_left_to_the_next_run() {
        let held = |reason| Standing { open: 7, in_hand: 1, held: vec![("crm".into(), reason)], ..idle() };
        for reason in [HoldReason::Paused, HoldReason::Closed, HoldReason::Quota] {
            check(true, &held(reason(later(600))), 0, 3, None);
            let told = Watch::new(true, true, START).over(&held(reason(later(3_600))), 0, true, later(3));
            assert!(matches!(&told, Some(why @ Why::Waits(_)) if why.exit_code() == 1 && why.to_string().contains("crm (it")), "{told:?}");
        }
        check(true, &held(HoldReason::BreakerOpen(later(3_600))), 0, 3, None);
    }

    #[test]
    fn with_once_runs_of_unbuilt_plans_are_not_waited_for() {
        check(true, &Standing { open: 7, ..idle() }, 0, 3, Some(Why::PlansUnbuilt));
    }

    #[test]
    fn a_stop_waits_for_what_is_in_flight_and_no_longer_than_its_time() {
        let flying = Standing { flying: 2, open: 2, ..idle() };
        let mut watch = Watch::new(false, false, START);
        assert!(watch.stop(START) && !watch.stop(later(1)));
        assert_eq!(watch.over(&flying, 2, false, later(24)), None);
        assert_eq!(watch.over(&flying, 2, false, later(25)), Some(Why::Stopped { unheard: 2 }));
        assert_eq!(watch.over(&flying, 0, true, later(2)), Some(Why::Stopped { unheard: 0 }));
        watch.time_is_up(later(2));
        assert_eq!(watch.over(&flying, 2, false, later(2)), Some(Why::Stopped { unheard: 2 }));
    }

    #[test]
    fn a_second_stop_waits_for_nothing() {
        let flying = Standing { flying: 2, open: 2, ..idle() };
        let mut watch = Watch::new(false, false, START);
        assert!(watch.stop(START));
        watch.stop_now();
        assert_eq!(watch.over(&flying, 2, false, later(2)), Some(Why::Stopped { unheard: 2 }));
    }

    #[test]
    fn a_broken_journal_comes_before_everything() {
        let mut watch = Watch::new(true, false, START);
        watch.broken("disk I/O error".into());
        let why = watch.over(&idle(), 0, true, START);
        assert_eq!(why.as_ref().map(Why::exit_code), Some(2));
    }
}
