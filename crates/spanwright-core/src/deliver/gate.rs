//! One gate a system, in the path of everything that goes to it: breaker, pace, concurrency, pauses and credentials.
//!
//! **Open means hold.** What waits behind a closed gate spends no tries and is not looked at: it is as good as new when
//! the system is. A breaker that lets messages through to be refused fills the dead letters with good messages, and one
//! that counts a 422 as a failure opens for a bad customer record.
//!
//! **Trip.** The last `of` exchanges are remembered. When all `of` are known and the given share failed (no connection,
//! no answer, 5xx, unknown), the breaker opens for `hold`; each time it opens again without a success between, for
//! twice as long, up to `longest`. A 429 is no failure: the system is well and asks for a pause. A refusal of one
//! message is no failure: the system is well and says no.
//!
//! **Recovery.** When the hold is over one exchange at a time goes through. [`PROBES_WANTED`] successes in a row close
//! the breaker, one failure opens it again. Probes are real messages: a batch is made as small as ever it is.
//!
//! **Credentials.** A 401 says nothing about messages. Where there is a sign-in, it is asked once, by the desk, for all;
//! the token after it that is refused as well means that a person must act, and until then the gate is held and probed
//! rarely. It survives a restart by being asked again.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use spanwright_shape::text::Failure;

use crate::{
    fact::{Breaker, GateRow, Moment},
    plan::{BreakerPolicy, SystemPlan},
    settings::Limits,
};

/// Successes in a row that close a half-open breaker.
pub const PROBES_WANTED: u32 = 3;
/// How long refused credentials are left alone the first time; doubled up to [`CREDENTIALS_WAIT_MOST`].
pub const CREDENTIALS_WAIT_FIRST: Duration = Duration::from_secs(15);
/// And at most.
pub const CREDENTIALS_WAIT_MOST: Duration = Duration::from_secs(600);
/// A token is renewed so long before it ends.
pub const TOKEN_MARGIN: Duration = Duration::from_secs(5);

/// The gate of one system.
#[derive(Debug)]
pub struct Gate {
    /// The system.
    pub name: Arc<str>,
    /// Pace and concurrency.
    pub limits: Limits,
    /// How we are known to it.
    pub credentials: Credentials,
    /// Since when the breaker stands as it does.
    pub since: Moment,
    policy: BreakerPolicy,
    breaker: Breaker,
    opens: u32,
    window: VecDeque<bool>,
    probes: u32,
    paused_until: Option<Moment>,
    next_slot: Moment,
    flying: u32,
    signs_in: bool,
    /// A token was refused and the next one has not been good for anything yet.
    renewed: bool,
    refusals: u32,
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
    /// When an exchange under way has ended.
    AfterAnother,
    /// When the sign-in is done; it must be asked for.
    SignIn,
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
}

impl Gate {
    /// A gate as a plan describes it; closed breaker, no pause.
    pub fn new(plan: &SystemPlan, now: Moment) -> Gate {
        let signs_in = plan.system.sign_in().is_some();
        Gate {
            name: plan.name.clone(),
            limits: plan.limits.clone(),
            credentials: if signs_in { Credentials::Wanted } else { Credentials::InRequest },
            since: now,
            policy: plan.breaker.clone(),
            breaker: Breaker::Closed,
            opens: 0,
            window: VecDeque::new(),
            probes: 0,
            paused_until: None,
            next_slot: now,
            flying: 0,
            signs_in,
            renewed: false,
            refusals: 0,
        }
    }

    /// Takes up what an earlier life of the process knew.
    pub fn restore(&mut self, row: &GateRow) {
        (self.breaker, self.since, self.opens, self.paused_until) = (row.breaker, row.since, row.opens, row.paused_until);
    }

    /// For the journal.
    pub fn row(&self) -> GateRow {
        GateRow { system: self.name.clone(), breaker: self.breaker, since: self.since, opens: self.opens, paused_until: self.paused_until }
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

    /// Whether one exchange may begin. An open breaker whose time is over becomes half-open here.
    pub fn pass(&mut self, now: Moment) -> Pass {
        if let Breaker::Open { until } = self.breaker {
            if until > now {
                return Pass::At(until);
            }
            (self.breaker, self.since, self.probes) = (Breaker::HalfOpen, now, 0);
        }
        if let Some(until) = self.paused_until.filter(|until| *until > now) {
            return Pass::At(until);
        }
        let most = if self.breaker == Breaker::HalfOpen { 1 } else { self.limits.concurrency };
        if self.flying >= most {
            return Pass::AfterAnother;
        }
        match self.credential_pass(now) {
            Pass::Now if self.next_slot > now => Pass::At(self.next_slot),
            other => other,
        }
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
            Credentials::Refused { .. } if self.flying > 0 => Pass::AfterAnother,
            Credentials::Refused { .. } => Pass::Now,
        }
    }

    /// An exchange begins.
    pub fn depart(&mut self, now: Moment) {
        self.flying += 1;
        if let Some(rate) = self.limits.rate {
            let step = rate.per / rate.most.max(1);
            self.next_slot = self.next_slot.max(now).after(step);
        }
    }

    /// An exchange ended. `failed`: the system was sick (`None`: it said nothing about that, as a 429 or 401).
    pub fn arrive(&mut self, failed: Option<bool>, now: Moment) -> Option<GateChange> {
        self.flying = self.flying.saturating_sub(1);
        let failed = failed?;
        if !failed && let Some(change) = self.prove_credentials() {
            return Some(change);
        }
        match (self.breaker, failed) {
            (Breaker::HalfOpen, true) => Some(self.open(now)),
            (Breaker::HalfOpen, false) => self.probe_succeeded(now),
            (Breaker::Closed, _) => self.remember(failed, now),
            // One that left before it opened: it has nothing new to say.
            (Breaker::Open { .. }, _) => None,
        }
    }

    /// A call went through: what we showed is good.
    fn prove_credentials(&mut self) -> Option<GateChange> {
        self.renewed = false;
        if matches!(self.credentials, Credentials::Refused { .. }) && !self.signs_in {
            self.credentials = Credentials::InRequest;
        }
        (std::mem::take(&mut self.refusals) > 0).then_some(GateChange::CredentialsGood)
    }

    fn probe_succeeded(&mut self, now: Moment) -> Option<GateChange> {
        self.probes += 1;
        if self.probes < PROBES_WANTED {
            return None;
        }
        (self.breaker, self.since, self.opens) = (Breaker::Closed, now, 0);
        self.window.clear();
        Some(GateChange::Closed)
    }

    fn remember(&mut self, failed: bool, now: Moment) -> Option<GateChange> {
        self.window.push_back(failed);
        if self.window.len() > self.policy.of as usize {
            self.window.pop_front();
        }
        let failures = self.window.iter().filter(|failed| **failed).count() as u32;
        let full = self.window.len() >= self.policy.of as usize;
        (full && failed && failures * 100 >= self.policy.failures_percent * self.policy.of).then(|| self.open(now))
    }

    fn open(&mut self, now: Moment) -> GateChange {
        let hold = self.policy.hold.saturating_mul(1 << self.opens.min(16)).min(self.policy.longest);
        let until = now.after(hold);
        (self.breaker, self.since) = (Breaker::Open { until }, now);
        self.opens += 1;
        self.window.clear();
        GateChange::Opened(until)
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

    /// Our credentials were refused; `serial` is the token that was sent. `None`: a newer one is there already, or is asked for.
    pub fn refuse_credentials(&mut self, serial: u32, why: Failure, now: Moment) -> Option<GateChange> {
        match &self.credentials {
            Credentials::Token { serial: have, .. } if *have != serial => None,
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
        self.credentials = Credentials::Refused { why: why.clone(), again: now.after(wait) };
        GateChange::CredentialsRefused(why)
    }

    /// A sign-in gave a token.
    pub fn sign_in(&mut self, text: Arc<str>, lasts: Duration, serial: u32, now: Moment) {
        let until = now.after(lasts.saturating_sub(TOKEN_MARGIN).max(lasts / 2));
        self.credentials = Credentials::Token { text, until, serial };
    }

    /// Why it holds now, if it does.
    pub fn held(&self, now: Moment) -> Option<HoldReason> {
        match (&self.credentials, self.breaker, self.paused_until) {
            (Credentials::Refused { why, .. }, ..) => Some(HoldReason::Credentials(why.clone())),
            (_, Breaker::Open { until }, _) if until > now => Some(HoldReason::BreakerOpen(until)),
            (.., Some(until)) if until > now => Some(HoldReason::Paused(until)),
            _ => None,
        }
    }
}
