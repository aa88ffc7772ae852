//! One gate a system, in the path of everything that goes to it: breaker, pace, concurrency, pauses, credentials, closed
//! hours, and a person's word.
//!
//! **Open means hold.** What waits behind a closed gate spends no tries and is not looked at: it is as good as new when
//! the system is. A breaker that lets messages through to be refused fills the dead letters with good messages, and one
//! that counts a 422 as a failure opens for a bad customer record. When it opens and closes stands in [`super::circuit`],
//! how fast it lets pass in [`super::pace`].
//!
//! **Credentials.** A 401 says nothing about messages. Where there is a sign-in, it is asked once, by the desk, for all;
//! the token after it that is refused as well means that a person must act, and until then the gate is held and probed
//! rarely. It survives a restart by being asked again.
//!
//! **A person** may hold a system, for a time or until further notice, and so may the engine where only a person can go
//! on: a system that says that it is gone for good (410) is held until somebody resumes it.

use std::{sync::Arc, time::Duration};

use spanwright_shape::text::Failure;

use super::{circuit::Circuit, hours, left_alone::LeftAlone, pace::Pace};
use crate::{
    connector::Budget,
    fact::{Breaker, GateRow, Hold, Moment},
    plan::SystemPlan,
    settings::Limits,
};

/// How long refused credentials are left alone the first time; doubled up to [`CREDENTIALS_WAIT_MOST`].
pub const CREDENTIALS_WAIT_FIRST: Duration = Duration::from_secs(15);
/// Refused credentials are left alone no longer than this.
pub const CREDENTIALS_WAIT_MOST: Duration = Duration::from_secs(600);
/// A token is renewed so long before it ends.
pub const TOKEN_MARGIN: Duration = Duration::from_secs(5);
/// A token is used for so long, whatever is said of it: else one would be asked for after the other.
pub const TOKEN_LASTS_LEAST: Duration = Duration::from_secs(1);
/// A server that says that nothing is left for so long asks us to wait: people are told, and sources rest. What is shorter is a pace.
pub const LEARNED_PAUSE_LEAST: Duration = Duration::from_secs(10);
/// What an earlier life left alone is known for so long.
const CLOSED_KNOWN: Duration = Duration::from_secs(14 * 24 * 3600);
/// Hours that are shorter than this may be missed.
const CLOSED_STEP: Duration = Duration::from_secs(600);
/// Whether a system is closed is looked up again no earlier than this.
const HOURS_LOOK: Duration = Duration::from_secs(1);

/// The gate of one system.
#[derive(Debug)]
pub struct Gate {
    /// The system.
    pub name: Arc<str>,
    /// Pace and concurrency.
    pub limits: Limits,
    /// How we are known to it.
    pub credentials: Credentials,
    circuit: Circuit,
    pace: Pace,
    paused_until: Option<Moment>,
    hold: Option<Hold>,
    /// When it was left alone, by somebody's word or by its hours.
    left_alone: LeftAlone,
    /// Until when it is closed by its hours, and when that is looked up again.
    closed: (Option<Moment>, Moment),
    flying: u32,
    /// Of them, those that left since the breaker opened or our credentials were refused the last time, and how often that was.
    since_then: u32,
    era: u32,
    signs_in: bool,
    /// A token was refused and the next one has not been good for anything yet.
    renewed: bool,
    refusals: u32,
    /// What was said of our credentials last, until something shows that they are good.
    refused: Option<Arc<str>>,
    /// Since when they are: what was left alone behind them is no outage.
    refused_since: Option<Moment>,
    /// What became of it by itself, and nobody has been told.
    news: Option<GateChange>,
}

/// How we are known to a system.
#[derive(Clone, Debug)]
pub enum Credentials {
    /// Each request carries what it needs.
    InRequest,
    /// A token is needed and there is none.
    Wanted,
    /// The sign-in is under way.
    Asking,
    /// There is one.
    Token {
        /// The token.
        text: Arc<str>,
        /// When it ends.
        until: Moment,
        /// Which one: a refusal of an older one says nothing about this.
        serial: u32,
    },
    /// They were refused: a person must act. Probed again then.
    Refused {
        /// What was said.
        why: Failure,
        /// When it is tried again.
        again: Moment,
    },
}

/// Whether something may go to the system now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pass {
    /// Yes.
    Now,
    /// Not before.
    At(Moment),
    /// When an exchange under way has ended, or somebody says so.
    AfterAnother,
    /// When the sign-in is done; it must be asked for.
    SignIn,
}

/// How an exchange left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Departure {
    /// Whether it failed before.
    pub goes: Goes,
    /// It was to show how its system is.
    pub probe: bool,
    /// The token that it carries.
    pub serial: u32,
    /// Counts how often the breaker opened or our credentials were refused before.
    era: u32,
}

/// What wants to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goes {
    /// Something for the first time.
    First,
    /// Something that failed before.
    Again,
}

/// Why a gate holds.
#[derive(Clone, Debug, PartialEq)]
pub enum HoldReason {
    /// The breaker is open until then.
    BreakerOpen(Moment),
    /// The server asked for a pause until then.
    Paused(Moment),
    /// Our credentials were refused.
    Credentials(Failure),
    /// Somebody said so.
    Held(Hold),
    /// It is closed until then.
    Closed(Moment),
    /// Its quota of the day is spent until then.
    Quota(Moment),
}

/// What a person should hear about.
#[derive(Clone, Debug, PartialEq)]
pub enum GateChange {
    /// The breaker opened.
    Opened(Moment),
    /// Probes begin.
    Probing,
    /// It is closed again.
    Closed,
    /// The server asked for a pause.
    Paused(Moment),
    /// Our credentials were refused.
    CredentialsRefused(Failure),
    /// They are good again.
    CredentialsGood,
    /// Somebody holds it.
    Held(Hold),
    /// Somebody lets it go.
    Resumed(Arc<str>),
}

impl Gate {
    /// A gate as a plan describes it; closed breaker, no pause.
    pub fn new(plan: &SystemPlan, now: Moment) -> Gate {
        let signs_in = plan.system.sign_in().is_some();
        Gate {
            name: plan.name.clone(),
            limits: plan.limits.clone(),
            credentials: if signs_in { Credentials::Wanted } else { Credentials::InRequest },
            circuit: Circuit::new(plan.breaker.clone(), now),
            pace: Pace::new(now),
            paused_until: None,
            hold: None,
            left_alone: LeftAlone::default(),
            closed: (None, Moment(i64::MIN)),
            flying: 0,
            since_then: 0,
            era: 0,
            signs_in,
            renewed: false,
            refusals: 0,
            refused: None,
            refused_since: None,
            news: None,
        }
    }

    /// Whether a person's word keeps it closed.
    pub fn is_held_by_somebody(&self, now: Moment) -> bool {
        self.hold.as_ref().is_some_and(|hold| hold.holds(now))
    }

    /// The hours of the last weeks at which it was closed: an earlier life tried nothing then.
    pub fn was_closed(&mut self, now: Moment) {
        if self.limits.closed.is_empty() {
            return;
        }
        let mut at = now.before(CLOSED_KNOWN);
        while at < now {
            let closed = hours::closed_until(&self.limits.closed, self.limits.zone.as_deref(), at).filter(|until| *until > at);
            closed.into_iter().for_each(|until| self.left_alone.note(at, until.min(now)));
            at = closed.unwrap_or_else(|| at.after(CLOSED_STEP));
        }
    }

    /// Takes up what an earlier life of the process knew.
    pub fn restore(&mut self, row: &GateRow, now: Moment) {
        (self.circuit.state, self.circuit.since, self.circuit.opens) = (row.breaker, row.since, row.opens);
        (self.paused_until, self.hold) = (row.paused_until, row.hold.clone());
        if let Some(spent) = row.spent {
            self.pace.restore(spent);
        }
        // They are good when something shows it.
        (self.refusals, self.refused) = (u32::from(row.refused.is_some()), row.refused.clone());
        self.refused_since = row.refused.is_some().then_some(now);
    }

    /// For the journal.
    pub fn row(&self) -> GateRow {
        GateRow {
            system: self.name.clone(),
            breaker: self.circuit.state,
            since: self.circuit.since,
            opens: self.circuit.opens,
            paused_until: self.paused_until,
            hold: self.hold.clone(),
            spent: self.pace.spent(),
            refused: self.refused.clone(),
        }
    }

    /// Whether our credentials were refused, and nothing has shown yet that they are good.
    pub fn refused(&self) -> bool {
        self.refusals > 0
    }

    /// What was said when they were refused.
    pub fn refusal(&self) -> Option<&Failure> {
        match &self.credentials {
            Credentials::Refused { why, .. } => Some(why),
            _ => None,
        }
    }

    /// Whether what goes next is to show how the system is.
    pub fn probes(&self) -> bool {
        self.circuit.state != Breaker::Closed || matches!(self.credentials, Credentials::Refused { .. })
    }

    /// Whether a token is needed, and there is none to show.
    pub fn lacks_a_token(&self) -> bool {
        self.signs_in && !matches!(self.credentials, Credentials::Token { .. })
    }

    /// Exchanges under way.
    pub fn flying(&self) -> u32 {
        self.flying
    }

    /// The token to send, and its serial.
    pub fn token(&self) -> (Option<Arc<str>>, u32) {
        match &self.credentials {
            Credentials::Token { text, serial, .. } => (Some(text.clone()), *serial),
            _ => (None, 0),
        }
    }

    /// What became of it by itself since the last time.
    pub fn news(&mut self) -> Option<GateChange> {
        self.news.take()
    }

    /// Whether one exchange may begin. An open breaker whose time is over becomes half-open here.
    pub fn pass(&mut self, goes: Goes, now: Moment) -> Pass {
        if let Some(until) = self.hold.as_ref().filter(|hold| hold.holds(now)).map(|hold| hold.until) {
            return until.map_or(Pass::AfterAnother, Pass::At);
        }
        if let Some(until) = self.closed_until(now) {
            self.left_alone.note(now, until);
            return Pass::At(until);
        }
        let (open_until, change) = self.circuit.closed_until(now);
        self.news = change.or(self.news.take());
        if let Some(until) = open_until.or(self.paused_until.filter(|until| *until > now)) {
            return Pass::At(until);
        }
        let half_open = self.circuit.state == Breaker::HalfOpen;
        // One probe; what left before is none.
        if self.flying >= self.limits.concurrency || half_open && self.since_then > 0 {
            return Pass::AfterAnother;
        }
        match self.credential_pass(now) {
            Pass::Now => self.pace_pass(if half_open { Goes::First } else { goes }, now),
            other => other,
        }
    }

    /// What failed before has to wait a while, and what did not may go.
    pub fn lacks_retries(&mut self, now: Moment) -> bool {
        self.pace.next_retry(now) > now
    }

    fn pace_pass(&mut self, goes: Goes, now: Moment) -> Pass {
        let next = self.pace.next(&self.limits, now);
        let next = if goes == Goes::Again { next.max(self.pace.next_retry(now)) } else { next };
        if next > now { Pass::At(next) } else { Pass::Now }
    }

    fn closed_until(&mut self, now: Moment) -> Option<Moment> {
        if self.limits.closed.is_empty() {
            return None;
        }
        let (until, look) = self.closed;
        if until.is_none_or(|until| until <= now) && look <= now {
            let until = hours::closed_until(&self.limits.closed, self.limits.zone.as_deref(), now);
            self.closed = (until, now.after(HOURS_LOOK));
        }
        self.closed.0.filter(|until| *until > now)
    }

    fn credential_pass(&mut self, now: Moment) -> Pass {
        match &self.credentials {
            Credentials::InRequest => Pass::Now,
            Credentials::Wanted => Pass::SignIn,
            Credentials::Asking => Pass::AfterAnother,
            Credentials::Token { until, .. } if *until <= now => {
                self.credentials = Credentials::Wanted;
                Pass::SignIn
            }
            Credentials::Token { .. } => Pass::Now,
            Credentials::Refused { again, .. } if *again > now => Pass::At(*again),
            Credentials::Refused { .. } if self.signs_in => {
                self.credentials = Credentials::Wanted;
                Pass::SignIn
            }
            // One probe: whoever passes first carries it.
            Credentials::Refused { .. } if self.since_then > 0 => Pass::AfterAnother,
            Credentials::Refused { .. } => Pass::Now,
        }
    }

    /// An exchange begins. Says also whether the journal must hear of it beforehand.
    pub fn depart(&mut self, goes: Goes, now: Moment) -> (Departure, bool) {
        let departure = Departure { goes, probe: self.probes(), serial: self.token().1, era: self.era };
        self.flying += 1;
        self.since_then += 1;
        (departure, self.pace.depart(&self.limits, goes == Goes::Again, now))
    }

    /// An exchange ended. `failed`: the system was sick (`None`: it said nothing about that, as a 429 or 401). What left before the
    /// breaker opened, or before our credentials were refused, has nothing new to say.
    pub fn arrive(&mut self, departure: Departure, failed: Option<bool>, took: Duration, now: Moment) -> Option<GateChange> {
        self.come_back(departure);
        let failed = failed?;
        if !failed {
            self.pace.succeeded(departure.goes == Goes::Again);
        }
        if departure.era != self.era {
            return None;
        }
        // Whatever it says, it does not say that they are refused: from now on it is an outage, or none.
        if let Some(since) = self.refused_since.take() {
            self.left_alone.note(since, now);
        }
        if !failed && let Some(change) = self.prove_credentials() {
            return Some(change);
        }
        let change = self.circuit.concluded(failed, took, now);
        if matches!(change, Some(GateChange::Opened(_))) {
            self.begin_an_era();
        }
        change
    }

    /// Something was to begin and did not, or what came back says nothing at all.
    pub fn come_back(&mut self, departure: Departure) {
        self.flying = self.flying.saturating_sub(1);
        if departure.era == self.era {
            self.since_then = self.since_then.saturating_sub(1);
        }
    }

    fn begin_an_era(&mut self) {
        (self.era, self.since_then) = (self.era.wrapping_add(1), 0);
    }

    /// A call went through: what we showed is good.
    fn prove_credentials(&mut self) -> Option<GateChange> {
        self.renewed = false;
        if matches!(self.credentials, Credentials::Refused { .. }) && !self.signs_in {
            self.credentials = Credentials::InRequest;
        }
        self.refused = None;
        (std::mem::take(&mut self.refusals) > 0).then_some(GateChange::CredentialsGood)
    }

    /// The server says what is left, where we were told to listen. Where nothing is for a while, it asks us to wait.
    pub fn learn(&mut self, budget: Option<Budget>, now: Moment) -> Option<GateChange> {
        let budget = budget.filter(|_| self.limits.learn)?;
        self.pace.learn(budget, now);
        let waits = budget.left == 0 && budget.reset >= LEARNED_PAUSE_LEAST;
        waits.then(|| self.pause(budget.reset, now)).flatten()
    }

    /// The server asks for a pause.
    pub fn pause(&mut self, time: Duration, now: Moment) -> Option<GateChange> {
        let until = now.after(time.min(super::decide::RETRY_AFTER_MOST));
        if self.paused_until.is_some_and(|have| have >= until) {
            return None;
        }
        self.paused_until = Some(until);
        Some(GateChange::Paused(until))
    }

    /// Somebody holds it.
    pub fn hold(&mut self, hold: Hold) -> GateChange {
        self.left_alone.note_over(self.hold.as_ref(), hold.since);
        let hold = hold.behind(self.hold.as_ref());
        self.hold = Some(hold.clone());
        GateChange::Held(hold)
    }

    /// Somebody lets it go: what held it is forgotten, a breaker that is open is tried at once, and so are credentials that were
    /// refused.
    pub fn resume(&mut self, by: Arc<str>, now: Moment) -> Option<GateChange> {
        let hold = self.hold.as_mut().filter(|hold| hold.holds(now));
        let held = hold.is_some();
        hold.into_iter().for_each(|hold| hold.let_go(now));
        let paused = self.paused_until.take().is_some_and(|until| until > now);
        let throttled = self.pace.forget_learned(now);
        let refused = match &mut self.credentials {
            Credentials::Refused { again, .. } if *again > now => {
                *again = now;
                true
            }
            _ => false,
        };
        // What was said is no word of today; whether they are good, a call shows.
        let refused = self.refused.take().is_some() || refused;
        let open = matches!(self.circuit.state, Breaker::Open { .. });
        if open {
            self.circuit.state = Breaker::Open { until: now };
        }
        (held || paused || throttled || refused || open).then_some(GateChange::Resumed(by))
    }

    /// Our credentials were refused. `None`: a newer token is there already or is asked for, or this left before they were refused.
    pub fn refuse_credentials(&mut self, departure: Departure, why: Failure, now: Moment) -> Option<GateChange> {
        if departure.era != self.era {
            return None;
        }
        match &self.credentials {
            Credentials::Token { serial: have, .. } if *have != departure.serial => None,
            // It may have waited through an outage and be forgotten there: one renewal, before a person is called.
            Credentials::Token { .. } if !self.renewed => {
                (self.credentials, self.renewed) = (Credentials::Wanted, true);
                None
            }
            Credentials::Wanted | Credentials::Asking => None,
            Credentials::Token { .. } | Credentials::InRequest | Credentials::Refused { .. } => Some(self.hold_credentials(why, now)),
        }
    }

    /// The sign-in itself was refused, or a fresh token was.
    pub fn hold_credentials(&mut self, why: Failure, now: Moment) -> GateChange {
        let wait = CREDENTIALS_WAIT_FIRST.saturating_mul(1 << self.refusals.min(16)).min(CREDENTIALS_WAIT_MOST);
        self.refusals += 1;
        self.refused = Some(format!("{} {}", why.code.id, why.says).into());
        self.credentials = Credentials::Refused { why: why.clone(), again: now.after(wait) };
        self.refused_since.get_or_insert(now);
        self.begin_an_era();
        GateChange::CredentialsRefused(why)
    }

    /// A sign-in gave a token.
    pub fn sign_in(&mut self, text: Arc<str>, lasts: Duration, serial: u32, now: Moment) {
        let until = now.after(lasts.saturating_sub(TOKEN_MARGIN).max(lasts / 2).max(TOKEN_LASTS_LEAST));
        self.credentials = Credentials::Token { text, until, serial };
    }

    /// For how long it was left alone since then.
    pub fn left_alone(&self, since: Moment, now: Moment) -> Duration {
        self.left_alone.since(since, self.hold.as_ref(), self.refused_since, now)
    }

    /// Why it holds now, if it does: as a person is told.
    pub fn held(&self, now: Moment) -> Option<HoldReason> {
        let refused = || self.refusal().cloned().map(HoldReason::Credentials);
        self.held_by_somebody(now).or_else(refused).or_else(|| self.rests(now))
    }

    /// Why nothing may go to it now. Credentials that were refused are shown again from time to time, by whatever goes then.
    pub fn shut(&self, now: Moment) -> Option<HoldReason> {
        let refused = || match &self.credentials {
            Credentials::Refused { why, again } if *again > now => Some(HoldReason::Credentials(why.clone())),
            _ => None,
        };
        self.held_by_somebody(now).or_else(|| self.rests(now)).or_else(refused)
    }

    fn held_by_somebody(&self, now: Moment) -> Option<HoldReason> {
        self.hold.as_ref().filter(|hold| hold.holds(now)).cloned().map(HoldReason::Held)
    }

    /// What it lets go of by itself.
    fn rests(&self, now: Moment) -> Option<HoldReason> {
        let later = |until: &Moment| *until > now;
        let closed = self.closed.0.filter(later).map(HoldReason::Closed);
        let open = match self.circuit.state {
            Breaker::Open { until } if until > now => Some(HoldReason::BreakerOpen(until)),
            Breaker::Open { .. } | Breaker::Closed | Breaker::HalfOpen => None,
        };
        let paused = self.paused_until.filter(later).map(HoldReason::Paused);
        closed.or(open).or(paused).or_else(|| self.pace.day_over(&self.limits, now).map(HoldReason::Quota))
    }

    /// When it is no longer shut for this reason, which is later than now: `None` where only a person can tell.
    pub fn lets_go(&self, now: Moment) -> Option<Moment> {
        match self.shut(now)? {
            HoldReason::BreakerOpen(until) | HoldReason::Paused(until) | HoldReason::Closed(until) | HoldReason::Quota(until) => {
                Some(until)
            }
            HoldReason::Held(hold) => hold.until,
            HoldReason::Credentials(_) => match &self.credentials {
                Credentials::Refused { again, .. } => Some(*again),
                _ => None,
            },
        }
    }
}

#[cfg(test)]
impl Gate {
    /// As one to which somebody has signed in.
    pub(crate) fn has_token(&mut self, now: Moment) {
        self.signs_in = true;
        self.sign_in("token".into(), Duration::from_secs(3_600), 1, now);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::{desk::stage::plan, settings::Limits};

    const START: Moment = Moment(1_000_000_000_000_000);

    fn gate(limits: Limits) -> Gate {
        Gate::new(&SystemPlan { limits: Limits { concurrency: 4, ..limits }, ..plan().systems.remove(0) }, START)
    }

    fn after(seconds: u64) -> Moment {
        START.after(Duration::from_secs(seconds))
    }

    /// Another life goes on where this one was.
    fn restarted(gate: &Gate, limits: Limits) -> Gate {
        let mut next = self::gate(limits);
        next.restore(&gate.row(), START);
        next
    }

    #[test]
    fn a_breaker_that_is_open_is_so_after_a_restart_and_opens_for_longer_each_time() {
        let mut gate = gate(Limits::default());
        let fail = |gate: &mut Gate, now: Moment| {
            assert!(matches!(gate.pass(Goes::First, now), Pass::Now), "{now:?}");
            let (departure, _) = gate.depart(Goes::First, now);
            gate.arrive(departure, Some(true), Duration::ZERO, now);
        };
        while !matches!(gate.circuit.state, Breaker::Open { .. }) {
            fail(&mut gate, START);
        }
        let Breaker::Open { until } = gate.circuit.state else { panic!() };
        let mut next = restarted(&gate, Limits::default());
        assert!(matches!(next.pass(Goes::First, START), Pass::At(at) if at == until), "{:?}", next.circuit.state);
        // Half-open: one at a time, whatever the system bears.
        assert!(matches!(next.pass(Goes::First, until), Pass::Now));
        let (probe, _) = next.depart(Goes::First, until);
        assert!(matches!(next.pass(Goes::First, until), Pass::AfterAnother));
        next.arrive(probe, Some(true), Duration::ZERO, until);
        let Breaker::Open { until: again } = next.circuit.state else { panic!("{:?}", next.circuit.state) };
        assert!(again.since(until) > until.since(START), "it is left alone for longer");
        assert_eq!(restarted(&next, Limits::default()).circuit.opens, next.circuit.opens);
    }

    #[test]
    fn a_day_that_is_spent_is_so_after_a_restart() {
        let limits = || Limits { per_day: Some(2), ..Limits::default() };
        let mut gate = gate(limits());
        for _ in 0..2 {
            assert!(matches!(gate.pass(Goes::First, START), Pass::Now));
            let (departure, _) = gate.depart(Goes::First, START);
            gate.come_back(departure);
        }
        let Pass::At(midnight) = gate.pass(Goes::First, START) else { panic!() };
        let mut next = restarted(&gate, limits());
        assert!(matches!(next.pass(Goes::First, START), Pass::At(at) if at == midnight));
        assert!(matches!(next.pass(Goes::First, midnight), Pass::Now));
    }

    #[test]
    fn what_the_server_says_is_left_counts_where_we_were_told_to_listen() {
        for learn in [false, true] {
            let mut gate = gate(Limits { learn, ..Limits::default() });
            gate.learn(Some(Budget { left: 0, reset: Duration::from_secs(60) }), START);
            let waits = matches!(gate.pass(Goes::First, after(59)), Pass::At(at) if at == after(60));
            assert_eq!(waits, learn);
            assert_eq!(gate.held(after(59)), learn.then(|| HoldReason::Paused(after(60))), "people are told, and sources rest");
            assert!(matches!(gate.pass(Goes::First, after(60)), Pass::Now));
        }
    }

    /// A hundred may fail in a row. What did not fail before goes on meanwhile.
    #[test]
    fn retries_that_fail_wait_and_what_is_new_does_not() {
        let mut gate = gate(Limits::default());
        for _ in 0..100 {
            assert!(!gate.lacks_retries(START) && matches!(gate.pass(Goes::Again, START), Pass::Now));
            let (departure, _) = gate.depart(Goes::Again, START);
            gate.come_back(departure);
        }
        assert!(gate.lacks_retries(START) && matches!(gate.pass(Goes::Again, START), Pass::At(at) if at == after(1)));
        assert!(matches!(gate.pass(Goes::First, START), Pass::Now));
        assert!(!gate.lacks_retries(after(1)));
    }

    /// Whoever extends a hold, and whoever ends it, does not make the time before it one of an outage; the row knows of it behind a start.
    #[test]
    fn a_hold_that_was_extended_and_let_go_is_known_to_another_life() {
        let hold = |since: u64, until: Option<u64>| Hold {
            since: after(since),
            until: until.map(after),
            by: "ann".into(),
            because: "quiet".into(),
        };
        let mut gate = gate(Limits::default());
        gate.hold(hold(10, Some(15)));
        gate.hold(hold(20, Some(30)));
        gate.hold(hold(25, None));
        assert_eq!(gate.row().hold.map(|hold| hold.since), Some(after(20)), "one word behind the other");
        assert!(gate.resume("ann".into(), after(40)).is_some());
        assert!(gate.resume("ann".into(), after(41)).is_none() && !gate.is_held_by_somebody(after(41)));
        assert_eq!(gate.left_alone(after(0), after(100)).as_secs(), 5 + 20);
        let mut next = self::gate(Limits::default());
        next.restore(&gate.row(), START);
        assert_eq!(next.left_alone(after(0), after(100)).as_secs(), 20, "the last one");
    }

    /// Eight were under way when the first was refused, or failed: what they say is what it said.
    #[test]
    fn what_left_before_says_nothing_new() {
        let mut gate = gate(Limits { concurrency: 8, ..Limits::default() });
        let departures: Vec<Departure> = (0..8).map(|_| gate.depart(Goes::First, START).0).collect();
        let refused = departures.iter().filter_map(|departure| {
            gate.come_back(*departure);
            gate.refuse_credentials(*departure, crate::desk::stage::said(), START)
        });
        assert_eq!(refused.count(), 1);
        assert_eq!(gate.lets_go(START), Some(START.after(CREDENTIALS_WAIT_FIRST)));
        let again = START.after(CREDENTIALS_WAIT_FIRST);
        assert!(gate.lets_go(again).is_none() && matches!(gate.pass(Goes::First, again), Pass::Now), "one shows them again");
        let (probe, _) = gate.depart(Goes::First, again);
        assert!(matches!(gate.pass(Goes::First, again), Pass::AfterAnother));
        assert_eq!(gate.arrive(probe, Some(false), Duration::ZERO, again), Some(GateChange::CredentialsGood));
        assert_eq!(gate.left_alone(START, again), CREDENTIALS_WAIT_FIRST, "none of an outage");
    }

    #[test]
    fn what_left_before_a_breaker_opened_is_no_probe() {
        for late_fails in [true, false] {
            let mut gate = gate(Limits::default());
            let (late, _) = gate.depart(Goes::First, START);
            while !matches!(gate.circuit.state, Breaker::Open { .. }) {
                let (departure, _) = gate.depart(Goes::First, START);
                gate.arrive(departure, Some(true), Duration::ZERO, START);
            }
            let until = gate.lets_go(START).unwrap();
            assert!(matches!(gate.pass(Goes::First, until), Pass::Now), "one that hangs keeps no probe waiting");
            let (probe, _) = gate.depart(Goes::First, until);
            assert_eq!(gate.arrive(late, Some(late_fails), Duration::ZERO, until), None);
            assert!(matches!(gate.pass(Goes::First, until), Pass::AfterAnother), "the probe is under way");
            assert!(matches!(gate.arrive(probe, Some(true), Duration::ZERO, until), Some(GateChange::Opened(_))));
        }
    }

    #[test]
    fn hours_at_which_an_earlier_life_tried_nothing_are_no_outage() {
        let closed = vec![crate::deliver::hours::Hours::parse("daily 00:00-20:00").unwrap()];
        let mut gate = gate(Limits { closed, ..Limits::default() });
        let now = after(10 * 24 * 3600);
        gate.was_closed(now);
        let hours = gate.left_alone(now.before(Duration::from_secs(3 * 24 * 3600)), now).as_secs() / 3600;
        assert_eq!(hours, 60, "of three days");
    }
}
