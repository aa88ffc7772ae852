//! Which causes stand, what was said of them to whom, and what is to be said now.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use spanwright_shape::text::Failure;

use super::{AlertRow, Cause, CauseKind, Notice, State, Trouble};
use crate::fact::Moment;

/// Causes that are remembered at once; of more the first are told.
pub const ALERT_CAUSES_MOST: usize = 1_000;
/// A cause is over when it has not stood for so long: what flutters is one alert.
pub const CALM: Duration = Duration::from_secs(60);
/// After a try to tell that failed, the next comes so late; doubled each time.
pub const AGAIN_FIRST: Duration = Duration::from_secs(5);
/// But not later than this.
pub const AGAIN_MOST: Duration = Duration::from_secs(600);

/// What a channel is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its name.
    pub channel: Arc<str>,
    /// What stands is said again after this.
    pub again: Duration,
    /// Only of these; empty: of all.
    pub tells: Vec<CauseKind>,
}

impl Rule {
    fn wants(&self, kind: CauseKind) -> bool {
        self.tells.is_empty() || self.tells.contains(&kind)
    }
}

/// Something to be said now.
#[derive(Clone, Debug, PartialEq)]
pub struct Due {
    /// The channel's number.
    pub channel: usize,
    /// What is said.
    pub notice: Notice,
}

/// The book.
#[derive(Debug, Default)]
pub struct Book {
    rules: Vec<Rule>,
    calm: Duration,
    causes: BTreeMap<Cause, Stands>,
    /// What was said of a cause before the journal counted it.
    heard: BTreeMap<Cause, Failure>,
}

/// How one cause stands.
#[derive(Debug)]
struct Stands {
    on: bool,
    since: Moment,
    /// When it began or ceased to stand.
    turned: Moment,
    count: u64,
    why: Option<Failure>,
    /// One a channel.
    told: Vec<Told>,
}

/// What one channel knows of a cause.
#[derive(Clone, Copy, Debug, Default)]
struct Told {
    at: Option<Moment>,
    /// A notice is on its way.
    flying: bool,
    failures: u32,
    not_before: Moment,
}

impl Book {
    /// For these channels. `once`: this life of the process ends by itself, so that nothing can flutter.
    pub fn new(rules: Vec<Rule>, once: bool) -> Book {
        Book { rules, calm: if once { Duration::ZERO } else { CALM }, ..Book::default() }
    }

    /// Nobody wants to hear anything.
    pub fn is_idle(&self) -> bool {
        self.rules.is_empty()
    }

    /// Takes up what an earlier life of the process had told.
    pub fn restore(&mut self, rows: &[AlertRow], now: Moment) {
        for row in rows {
            let Some(channel) = self.rules.iter().position(|rule| rule.channel == row.channel) else { continue };
            let stands = self.entry(&row.cause, row.since);
            (stands.on, stands.turned, stands.count) = (false, now, row.count);
            stands.told[channel].at = row.told;
        }
        // Whatever still stands is said to stand before it is looked at.
    }

    /// Causes of this kind that stood when the last life of the process ended, by what they are of.
    pub fn known(&self, kind: CauseKind) -> impl Iterator<Item = &Arc<str>> {
        self.causes.keys().filter(move |cause| cause.kind == kind).map(|cause| &cause.of)
    }

    fn entry(&mut self, cause: &Cause, since: Moment) -> &mut Stands {
        let channels = self.rules.len();
        let fresh = || Stands { on: false, since, turned: since, count: 0, why: None, told: vec![Told::default(); channels] };
        self.causes.entry(cause.clone()).or_insert_with(fresh)
    }

    /// What was said when a message stopped, for the words of an alert.
    pub fn heard(&mut self, flow: &Arc<str>, why: &Failure) {
        if self.heard.len() < ALERT_CAUSES_MOST {
            self.heard.insert(Cause::stopped(flow, why.code.id), why.clone());
        }
    }

    /// A cause stands.
    pub fn stands(&mut self, cause: &Cause, count: u64, why: Option<Failure>, now: Moment) {
        if self.is_idle() || (self.causes.len() >= ALERT_CAUSES_MOST && !self.causes.contains_key(cause)) {
            return;
        }
        let why = why.or_else(|| self.heard.get(cause).cloned());
        let stands = self.entry(cause, now);
        if !stands.on {
            (stands.on, stands.turned) = (true, now);
        }
        stands.count = count;
        stands.why = why.or(stands.why.take());
    }

    /// A cause does not stand.
    pub fn ceased(&mut self, cause: &Cause, now: Moment) {
        if let Some(stands) = self.causes.get_mut(cause).filter(|stands| stands.on) {
            (stands.on, stands.turned) = (false, now);
        }
    }

    /// Of some kinds of causes these stand, and no others.
    pub fn only(&mut self, of: impl Fn(&Cause) -> bool, standing: Vec<(Cause, u64, Option<Failure>)>, now: Moment) {
        let over: Vec<Cause> =
            self.causes.keys().filter(|cause| of(cause) && !standing.iter().any(|(one, ..)| one == *cause)).cloned().collect();
        over.iter().for_each(|cause| self.ceased(cause, now));
        standing.into_iter().for_each(|(cause, count, why)| self.stands(&cause, count, why, now));
    }

    /// What the journal counted, ascending by cause; with `more` of them behind the last, of which nothing is said.
    pub fn counted(&mut self, troubles: Vec<Trouble>, more: bool, now: Moment) {
        let last = troubles.last().filter(|_| more).map(|trouble| trouble.cause.clone());
        let standing = troubles.into_iter().map(|trouble| (trouble.cause, trouble.count, None)).collect();
        self.only(|cause| cause.kind.is_counted() && last.as_ref().is_none_or(|last| cause <= last), standing, now);
        self.heard.retain(|cause, _| self.causes.contains_key(cause));
    }

    /// Whether something that the journal counts stands, so that it is asked again.
    pub fn counts(&self) -> bool {
        self.causes.iter().any(|(cause, stands)| cause.kind.is_counted() && stands.on)
    }

    /// What is to be said now of these kinds; each counts as on its way from here on. And when to look again.
    pub fn due(&mut self, of: impl Fn(CauseKind) -> bool, now: Moment) -> (Vec<Due>, Option<Moment>) {
        let (mut due, mut next) = (Vec::new(), None::<Moment>);
        let (rules, calm) = (&self.rules, self.calm);
        for (cause, stands) in self.causes.iter_mut().filter(|(cause, _)| of(cause.kind)) {
            for (channel, rule) in rules.iter().enumerate() {
                let Some((at, state)) = stands.next(cause.kind, rule, channel, calm) else { continue };
                if at > now {
                    next = Some(next.map_or(at, |have| have.min(at)));
                    continue;
                }
                stands.told[channel].flying = true;
                due.push(Due { channel, notice: stands.notice(cause, state) });
            }
        }
        self.forget_what_is_over();
        (due, next)
    }

    /// A cause that does not stand and of which nobody needs to hear any more.
    fn forget_what_is_over(&mut self) {
        self.causes.retain(|_, stands| stands.on || stands.told.iter().any(|told| told.at.is_some() || told.flying));
    }

    /// A notice was taken: what the journal is to remember.
    pub fn told(&mut self, channel: usize, notice: &Notice, now: Moment) -> Option<AlertRow> {
        let stands = self.causes.get_mut(&notice.cause)?;
        let told = stands.told.get_mut(channel)?;
        let at = (notice.state != State::Over).then_some(now);
        *told = Told { at, ..Told::default() };
        let channel = self.rules[channel].channel.clone();
        Some(AlertRow { channel, cause: notice.cause.clone(), since: notice.since, told: at, count: notice.count })
    }

    /// A notice was not taken: it is tried again, no earlier than the channel says. `certain`: the channel refused it, and
    /// will as long as it is set up so.
    pub fn not_told(&mut self, (channel, cause): (usize, &Cause), certain: bool, after: Option<Duration>, now: Moment) -> Option<Moment> {
        let told = self.causes.get_mut(cause)?.told.get_mut(channel)?;
        let wait = if certain { AGAIN_MOST } else { AGAIN_FIRST.saturating_mul(1 << told.failures.min(16)).min(AGAIN_MOST) };
        let wait = wait.max(after.unwrap_or_default().min(AGAIN_MOST));
        (told.flying, told.failures, told.not_before) = (false, told.failures + 1, now.after(wait));
        Some(told.not_before)
    }

    /// Notices that were not tried yet, or are on their way: a process that ends by itself waits for them.
    pub fn waiting(&self) -> usize {
        let one = |cause: &Cause, stands: &Stands, channel: usize, told: &Told| {
            told.flying
                || (told.failures == 0
                    && stands.next(cause.kind, &self.rules[channel], channel, self.calm).is_some_and(|(at, _)| at <= stands.turned))
        };
        self.causes
            .iter()
            .map(|(cause, stands)| stands.told.iter().enumerate().filter(|(channel, told)| one(cause, stands, *channel, told)).count())
            .sum()
    }
}

impl Stands {
    /// What a channel is told next, and when.
    fn next(&self, kind: CauseKind, rule: &Rule, channel: usize, calm: Duration) -> Option<(Moment, State)> {
        let told = &self.told[channel];
        let (at, state) = match (self.on, told.at) {
            _ if told.flying => return None,
            (true, None) if rule.wants(kind) => (self.turned, State::Raised),
            (true, Some(at)) => (at.after(rule.again), State::Still),
            (false, Some(_)) => (self.turned.after(calm), State::Over),
            (true | false, None) => return None,
        };
        Some((at.max(told.not_before), state))
    }

    fn notice(&self, cause: &Cause, state: State) -> Notice {
        Notice {
            state,
            cause: cause.clone(),
            count: self.count,
            since: self.since,
            until: (state == State::Over).then_some(self.turned),
            why: self.why.clone(),
            said: None,
        }
    }
}

#[cfg(test)]
mod tests;
