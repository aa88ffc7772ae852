//! Whose fault a failure is, where its answer does not say: this message's or its system's?
//!
//! A 500 and a connection that breaks are what a system that is down answers to everybody, and what a system that is well
//! answers to a message that it stumbles over. **Others tell.** A failure is a message's own where others of its queue were
//! asked since the failure before, and nearly all of them delivered; an outage lets nobody through. Of one that no server
//! answered several must tell, for a network may be at fault. Where a server answers, who was suspected once stays so while the
//! last that was heard of others, not long ago, is that they are well. A message that nothing else goes beside is waited for by age. Own
//! failures are counted in the journal, and `tries` of them are enough. Whoever says when to come back (`Retry-After`) is well.
//!
//! The same question stands behind a refusal of our credentials (this record may not be touched, or none?) and behind a
//! batch that fails as a whole: the next batches are smaller, so that others may fare well, and where they do, it goes again
//! in halves, until the sick one stands alone.

use std::{collections::VecDeque, time::Duration};

use super::{CallId, Desk, Report, heard::Flight, run_hand::EffectHand, source::SourceDesk};
use crate::{
    connector::{Blame, Outcome, Verdict, Word},
    fact::{EffectKey, Moment},
    interface::Repeat,
};

/// Exchanges of a system of which it is remembered how they fared.
pub const FARED_REMEMBERED_MOST: usize = 256;

/// RFC 9110, section 15.5.2: it is about who we are, whatever is asked.
pub(super) const UNAUTHORIZED: u16 = 401;
/// Statuses of a gateway that got no answer, and that of no answer at all.
const NOT_ANSWERED: [u16; 3] = [0, 502, 504];
/// Others fare well where so many are delivered for each that fails.
const DELIVERED_FOR_EACH_FAILURE: usize = 10;
/// That others are well is known for so long.
const WELL_FOR: Duration = Duration::from_secs(60);
/// Others that must be delivered between two failures that nobody answered.
const DELIVERED_WHERE_UNANSWERED: usize = 3;

/// How the last exchanges of one system fared, the newest last.
#[derive(Default)]
pub(super) struct FaredOf(VecDeque<Fared>);

/// How an exchange fared.
struct Fared {
    /// When it was asked, where it was delivered; else when it failed.
    at: Moment,
    /// Of a batch the first.
    effect: EffectKey,
    queue: usize,
    delivered: bool,
}

impl FaredOf {
    fn note(&mut self, fared: Fared) {
        self.0.push_back(fared);
        if self.0.len() > FARED_REMEMBERED_MOST {
            self.0.pop_front();
        }
    }

    /// How many of others than these were delivered since then, by this queue where one is named, and how many failed.
    fn others(&self, than: &[EffectKey], of: Option<usize>, since: Moment) -> (usize, usize) {
        let others = || self.0.iter().rev().filter(|fared| fared.at > since && !than.contains(&fared.effect));
        let delivered = others().filter(|fared| fared.delivered && of.is_none_or(|queue| fared.queue == queue)).count();
        (delivered, others().filter(|fared| !fared.delivered).count())
    }

    /// Whether the last one of others than these was delivered, not long ago.
    fn others_are_well(&self, than: &[EffectKey], now: Moment) -> bool {
        let last = self.0.iter().rev().find(|fared| !than.contains(&fared.effect));
        last.is_some_and(|fared| fared.delivered && now.since(fared.at) <= WELL_FOR)
    }
}

impl Desk {
    /// Whether what is in it fails by itself, where its answer does not say; `together`: it goes again as it went.
    pub(super) fn is_sick(&self, flight: &Flight, report: &Report, together: bool, now: Moment) -> bool {
        (together || flight.members.len() == 1) && self.fails_alone(flight, report, now)
    }

    fn fails_alone(&self, flight: &Flight, report: &Report, now: Moment) -> bool {
        self.others_fare_well(flight, Some(flight.queue), report) || is_answered(report) && self.stays_suspected(flight, now)
    }

    /// Whether others were delivered, of this queue where one is named, and hardly one of its system failed, since the last failure
    /// of what is in it.
    fn others_fare_well(&self, flight: &Flight, of: Option<usize>, report: &Report) -> bool {
        let (delivered, failed) = self.others_fared(flight, of);
        let least = if is_answered(report) { 1 } else { DELIVERED_WHERE_UNANSWERED };
        delivered >= least && delivered > failed * DELIVERED_FOR_EACH_FAILURE
    }

    /// Whether one of it was suspected before, and the last that was heard of others, not long ago, is that they are well.
    fn stays_suspected(&self, flight: &Flight, now: Moment) -> bool {
        let is_suspected = flight.members.iter().filter_map(|key| self.effect(key)).any(|effect| effect.state.own_failures > 0);
        is_suspected && self.fared[flight.gate].others_are_well(&flight.members, now)
    }

    /// How many others were delivered and failed since the last failure of what is in it; none before its first.
    fn others_fared(&self, flight: &Flight, of: Option<usize>) -> (usize, usize) {
        let failed = flight.members.iter().filter_map(|key| self.effect(key)?.state.failed).max();
        failed.map_or((0, 0), |failed| self.fared[flight.gate].others(&flight.members, of, failed))
    }

    /// Its queue hears how an exchange fared: for the sake of others, and so that a batch that fails as a whole is a smaller one
    /// the next time, down to one; what is delivered lets them grow again.
    pub(super) fn note_how_it_fared(&mut self, flight: &Flight, verdict: &Verdict, report: &Report, now: Moment) {
        let Some(effect) = flight.members.first().cloned() else { return };
        let (outlet, fared) = (&mut self.outlets[flight.outlet], &mut self.fared[flight.gate]);
        let is_its_own = |outcome: &Outcome| matches!(outcome, Outcome::Never(_) | Outcome::Later { blame: Blame::Message, .. });
        let may_be_one_of_them = |outcome: &Outcome| matches!(outcome, Outcome::Later { blame: Blame::Either, .. } | Outcome::Unknown(_));
        if verdict.outcomes.iter().any(|outcome| matches!(outcome, Outcome::Delivered(_))) {
            fared.note(Fared { at: report.at, effect, queue: flight.queue, delivered: true });
            outlet.widen();
        } else if !verdict.outcomes.iter().any(is_its_own) {
            fared.note(Fared { at: now, effect, queue: flight.queue, delivered: false });
            if flight.members.len() > 1 && verdict.outcomes.iter().all(may_be_one_of_them) {
                outlet.narrow();
            }
        }
    }

    /// Whether a batch that failed as a whole failed for one in it.
    pub(super) fn hides_a_sick_one(&self, flight: &Flight, verdict: &Verdict, report: &Report) -> bool {
        let one_key = self.have_one_key(&flight.members);
        let bound = || self.goes_as_it_is(flight);
        let open = |outcome: &Outcome| match outcome {
            Outcome::Later { blame: Blame::Either, after: None, .. } => true,
            // Each goes again under the key that it had.
            Outcome::Unknown(_) => !one_key,
            Outcome::Later { .. } | Outcome::Delivered(_) | Outcome::Never(_) => false,
        };
        verdict.system.is_none()
            && verdict.outcomes.iter().all(open)
            && !bound()
            && self.others_fare_well(flight, Some(flight.queue), report)
    }

    /// What the journal has as asked, or under one key, is not taken apart.
    pub(super) fn goes_as_it_is(&self, flight: &Flight) -> bool {
        flight.members.iter().any(|key| self.is_noted_first(key)) || self.is_one_request(&flight.members)
    }

    /// They failed just now, and go again at once.
    pub(super) fn failed(&mut self, flight: &Flight, now: Moment) {
        for key in &flight.members {
            self.effect_mut(key).into_iter().for_each(|effect| effect.state.failed = Some(now));
        }
    }

    /// They go again, and may have arrived. A life that is cut off before the next attempt takes them for asked.
    pub(super) fn may_have_arrived(&mut self, flight: &Flight, outcomes: &[Outcome]) {
        if !outcomes.iter().any(|outcome| matches!(outcome, Outcome::Unknown(_))) {
            return;
        }
        for key in &flight.members {
            if self.plan_of(key).is_some_and(|plan| plan.repeat != Repeat::Safe) {
                self.effect_mut(key).into_iter().for_each(EffectHand::may_have_arrived);
            }
        }
    }

    /// A refusal of our credentials that others, under the same, do not get is about this message.
    pub(super) fn refused_alone(&self, call: CallId, verdict: Verdict, report: &Report, now: Moment) -> Verdict {
        let Some(flight) = self.flights.get(&call).filter(|flight| flight.members.len() == 1) else { return verdict };
        let others_are_not = || self.others_fare_well(flight, None, report) || self.stays_suspected(flight, now);
        self.alone_where(flight.gate, verdict, report, others_are_not)
    }

    /// The same of what a source asks for: from when on it was refused, what goes to its system, and other sources of it, were not.
    pub(super) fn source_refused_alone(&self, n: usize, verdict: Verdict, report: &Report) -> Verdict {
        let (gate, refused) = (self.sources[n].gate, self.sources[n].refused);
        let others_are_not = || {
            let Some(since) = refused else { return false };
            let (delivered, failed) = self.fared[gate].others(&[], None, since);
            let is_read = |source: &&SourceDesk| source.gate == gate && source.read_at.is_some_and(|at| at > since);
            delivered + self.sources.iter().filter(is_read).count() > failed * DELIVERED_FOR_EACH_FAILURE
        };
        self.alone_where(gate, verdict, report, others_are_not)
    }

    /// A refusal of our credentials is about this one alone, where they are not in doubt and others are not refused.
    fn alone_where(&self, gate: usize, verdict: Verdict, report: &Report, others_are_not: impl FnOnce() -> bool) -> Verdict {
        match verdict.system {
            Some(Word::Credentials(why)) if report.status != UNAUTHORIZED && !self.gates[gate].refused() && others_are_not() => {
                Verdict::all(1, Outcome::Later { why, after: None, blame: Blame::Message })
            }
            system => Verdict { system, ..verdict },
        }
    }
}

fn is_answered(report: &Report) -> bool {
    !NOT_ANSWERED.contains(&report.status)
}

/// Whether a failure is one of what is in the exchange, which is sick or not where the answer does not say.
pub(super) fn is_own_failure(outcome: &Outcome, is_sick: bool) -> bool {
    match outcome {
        Outcome::Later { blame: Blame::Message, .. } => true,
        Outcome::Later { blame: Blame::Either, after: None, .. } | Outcome::Unknown(_) => is_sick,
        Outcome::Later { .. } | Outcome::Delivered(_) | Outcome::Never(_) => false,
    }
}
