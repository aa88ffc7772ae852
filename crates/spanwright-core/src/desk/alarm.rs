//! Who is told that something stands still: what the desk knows goes into the [`Book`], what the book says goes out.
//!
//! Breakers, credentials and holds are looked at when a gate changes; silence when something should have come; dead letters
//! and stuck undos are counted by the journal, which knows of those of earlier lives and of what people did. A channel is no
//! gate: that it cannot be told keeps nothing else waiting, and is a line of the log.

use std::{collections::HashMap, sync::Arc, time::Duration};

use spanwright_shape::text::Failure;

use super::{AlertNote, CallId, Command, Desk, Fetch, Happening, STUCK_TRIES, Tell, Wake, source::SourceDesk};
use crate::{
    alert::{ALERT_CAUSES_MOST, Book, Cause, CauseKind, Notice, Trouble, Watch},
    codes,
    connector::Outcome,
    deliver::{Gate, HoldReason},
    fact::{Breaker, Ending, Fact, GateRow, Hold, Moment, Opening},
    plan::Plan,
    run::rfc3339,
};

/// After a change the journal is asked so late: what comes with it is counted with it.
const GATHER: Duration = Duration::from_secs(1);
/// And no more often than this.
const COUNTED_EVERY: Duration = Duration::from_secs(5);
/// While something stands that it counts, it is asked this often: an undo may get through unnoticed.
const COUNTED_AGAIN: Duration = Duration::from_secs(30);
/// Who makes us wait for so long is told.
pub const WAIT_TOLD_LEAST: Duration = Duration::from_secs(15 * 60);
/// Causes that the journal tells, at most.
const TROUBLES_MOST: usize = ALERT_CAUSES_MOST;

/// The book, and what is under way.
#[derive(Default)]
pub(super) struct Alarm {
    book: Book,
    once: bool,
    /// Sources of which something is expected.
    watched: Vec<Watch>,
    /// When they are listened to next: before, nothing changes by itself.
    listens_at: Moment,
    /// One of them is silent.
    silent: bool,
    /// A gate or a hold changed since it was looked at.
    gates_changed: bool,
    /// Gates at which something waits for so long, and until when.
    waits: HashMap<usize, Moment>,
    /// A round of a source was given up, or one ended well.
    sources_changed: bool,
    /// Something changed that the journal counts.
    counts_changed: bool,
    /// When the journal is to be asked.
    count_at: Option<Moment>,
    counting: bool,
    counted_at: Option<Moment>,
    /// Notices on their way.
    telling: HashMap<CallId, (usize, Notice)>,
    /// Why a channel could not be told the last time.
    failed: HashMap<usize, Failure>,
}

impl Alarm {
    pub fn open(plan: &Plan, opening: &Opening, once: bool, now: Moment) -> Alarm {
        let rules = plan.alerts.iter().map(|channel| channel.rule.clone()).collect();
        let mut book = Book::new(rules, once);
        book.restore(&opening.alerts, now);
        let watched = if once { Vec::new() } else { watched(plan, opening, &book, now) };
        let count_at = (!book.is_idle()).then_some(now);
        Alarm { book, once, watched, count_at, gates_changed: true, sources_changed: true, ..Alarm::default() }
    }

    /// Alerts that were not tried yet; what is still to be counted may become one.
    pub fn waiting(&self) -> usize {
        let unsure = !self.book.is_idle()
            && (self.counts_changed || self.counting || self.count_at.is_some() || self.gates_changed || self.sources_changed);
        self.book.waiting() + usize::from(unsure)
    }

    /// Nothing is on its way.
    pub fn is_quiet(&self) -> bool {
        self.telling.is_empty()
    }

    /// Channels that could not be told, and why.
    pub fn failed<'a>(&'a self, plan: &'a Plan) -> impl Iterator<Item = (Arc<str>, Failure)> + 'a {
        self.failed.iter().filter_map(|(channel, why)| Some((plan.alerts.get(*channel)?.rule.channel.clone(), why.clone())))
    }

    pub fn gates_changed(&mut self) {
        self.gates_changed = true;
    }

    pub fn sources_changed(&mut self) {
        self.sources_changed = true;
    }

    /// Something may not go through a gate before then.
    pub fn waits(&mut self, gate: usize, until: Moment, now: Moment) {
        if until.since(now) >= WAIT_TOLD_LEAST && self.waits.insert(gate, until) != Some(until) {
            self.gates_changed = true;
        }
    }

    pub fn counts_changed(&mut self) {
        self.counts_changed = true;
    }

    pub fn disk(&mut self, full: bool, now: Moment) {
        let cause = Cause::new(CauseKind::Disk, &Arc::default());
        match full {
            true => self.book.stands(&cause, 0, None, now),
            false => self.book.ceased(&cause, now),
        }
    }

    pub fn counted(&mut self, troubles: Vec<Trouble>, now: Moment) {
        (self.counting, self.counted_at) = (false, Some(now));
        let more = troubles.len() >= TROUBLES_MOST;
        self.book.counted(troubles, more, now);
        if self.book.counts() && !self.once {
            self.count_at.get_or_insert(now.after(COUNTED_AGAIN));
        }
    }

    /// Something was taken in.
    pub fn heard(&mut self, source: &Arc<str>, now: Moment) {
        self.watched.iter_mut().filter(|watch| watch.source == *source).for_each(|watch| watch.heard(now));
        if self.silent {
            self.listens_at = now;
        }
    }

    /// Sources that are silent, and when that may change by itself.
    fn listen(&mut self, now: Moment) -> Option<Moment> {
        if self.watched.is_empty() || now < self.listens_at {
            return Some(self.listens_at).filter(|at| *at > now);
        }
        let silent = self.watched.iter().filter_map(|watch| Some((watch, watch.silent(now)?)));
        let cause = |watch: &Watch| Cause::new(CauseKind::Silence, &watch.flow);
        let standing: Vec<_> = silent.map(|(watch, why)| (cause(watch), 0, Some(Failure::new(&codes::SILENT, why)))).collect();
        let next = self.watched.iter().filter_map(|watch| watch.changes(now)).min();
        (self.silent, self.listens_at) = (!standing.is_empty(), next.unwrap_or(Moment(i64::MAX)));
        self.book.only(|cause| cause.kind == CauseKind::Silence, standing, now);
        next
    }

    fn took(&mut self, flow: &Arc<str>, fault: Option<&Failure>) {
        if let Some(fault) = fault {
            self.book.heard(flow, fault);
            self.counts_changed = true;
        }
    }

    /// When the journal is asked next, where something changed.
    fn plan_to_count(&mut self, now: Moment) {
        if !std::mem::take(&mut self.counts_changed) || self.book.is_idle() {
            return;
        }
        let at = match (self.once, self.counted_at) {
            (true, _) | (false, None) => now.after(GATHER),
            (false, Some(last)) => now.after(GATHER).max(last.after(COUNTED_EVERY)),
        };
        self.count_at = Some(self.count_at.map_or(at, |have| have.min(at)));
    }
}

fn watched(plan: &Plan, opening: &Opening, book: &Book, now: Moment) -> Vec<Watch> {
    let silent: Vec<&Arc<str>> = book.known(CauseKind::Silence).collect();
    let sources = plan.flows.iter().filter_map(|flow| Some((flow, flow.source.as_ref()?)));
    let expected = sources.filter_map(|(flow, source)| {
        let mut watch = Watch::new(&source.name, &flow.name, source.expect.as_ref()?, &opening.came, now);
        if silent.contains(&&flow.name) {
            watch.was_silent();
        }
        Some(watch)
    });
    expected.collect()
}

/// What a system makes us wait for, and until when.
fn waits(gate: &Gate, now: Moment) -> Option<(Moment, Failure)> {
    let (until, why) = match gate.held(now)? {
        HoldReason::Paused(until) => (until, "it asked us to wait"),
        HoldReason::Quota(until) => (until, "our requests of its day are spent (`per_day`)"),
        HoldReason::BreakerOpen(_) | HoldReason::Credentials(_) | HoldReason::Held(_) | HoldReason::Closed(_) => return None,
    };
    Some((until, Failure::new(&codes::WAITED_FOR, format!("until {}: {why}", rfc3339(until)))))
}

impl Desk {
    /// A commit was kept: does it change what the journal counts?
    pub(super) fn alarm_kept(&mut self, fact: &Fact) {
        match fact {
            Fact::Ended { run, ending: Ending::Stopped(stopped), .. } => {
                let flow = self.runs.get(run).map(|hand| self.flows[hand.account].name.clone());
                flow.into_iter().for_each(|flow| self.alarm.book.heard(&flow, &stopped.failure));
                self.alarm.counts_changed();
            }
            Fact::Took(took) => self.alarm.took(&took.flow, took.fault.as_ref()),
            Fact::Resent(_) | Fact::Reopened { .. } | Fact::Discarded { .. } | Fact::Acknowledged { .. } | Fact::Undone { .. } => {
                self.alarm.counts_changed()
            }
            _ => {}
        }
    }

    /// Breakers, credentials and holds as they are now.
    fn alarm_gates(&mut self, now: Moment) {
        let before = self.alarm.waits.len();
        self.alarm.waits.retain(|_, until| *until > now);
        self.alarm.gates_changed |= self.alarm.waits.len() < before;
        if !std::mem::take(&mut self.alarm.gates_changed) {
            return;
        }
        let by_engine = |hold: Option<&Hold>| {
            let hold = hold.filter(|hold| &*hold.by == Hold::ENGINE && hold.holds(now))?;
            Some(Failure::new(&codes::HELD, &*hold.because))
        };
        let mut standing = Vec::new();
        for (n, gate) in self.gates.iter().enumerate() {
            let row = gate.row();
            // What is told of once is told until it is over; a pause of less behind a resume is another.
            let is_told = |until: &Moment| self.alarm.waits.get(&n).is_some_and(|told| told <= until);
            if let Some((until, why)) = waits(gate, now).filter(|(until, _)| until.since(now) >= WAIT_TOLD_LEAST || is_told(until)) {
                self.alarm.waits.insert(n, until);
                standing.push((Cause::new(CauseKind::Paused, &gate.name), 0, Some(why)));
            }
            if gate.refused() {
                standing.push((Cause::new(CauseKind::Credentials, &gate.name), 0, gate.refusal().cloned()));
            }
            if row.breaker != Breaker::Closed {
                standing.push((Cause::new(CauseKind::Breaker, &gate.name), 0, None));
            }
            if let Some(why) = by_engine(row.hold.as_ref()) {
                standing.push((Cause::new(CauseKind::Held, &gate.name), 0, Some(why)));
            }
        }
        for flow in &self.flows {
            if let Some(why) = by_engine(flow.hold.as_ref()) {
                standing.push((Cause::new(CauseKind::Held, &GateRow::of_flow(&flow.name)), 0, Some(why)));
            }
        }
        let of_gates =
            |cause: &Cause| matches!(cause.kind, CauseKind::Credentials | CauseKind::Breaker | CauseKind::Held | CauseKind::Paused);
        self.alarm.book.only(of_gates, standing, now);
    }

    /// Sources whose last round was given up; of what an earlier life told it stands until a round has ended.
    fn alarm_sources(&mut self, now: Moment) {
        if !std::mem::take(&mut self.alarm.sources_changed) {
            return;
        }
        let flow_of = |source: &SourceDesk| &self.plan.flows[source.flow].name;
        let given_up = self.sources.iter().filter_map(|source| Some((flow_of(source), Some(source.given_up()?.clone()))));
        let unread = |flow: &&Arc<str>| self.sources.iter().any(|source| flow_of(source) == *flow && !source.ended_a_round());
        let told = self.alarm.book.known(CauseKind::Source).filter(unread).map(|flow| (flow, None));
        let standing = given_up.chain(told).map(|(flow, why)| (Cause::new(CauseKind::Source, flow), 0, why)).collect();
        self.alarm.book.only(|cause| cause.kind == CauseKind::Source, standing, now);
    }

    /// Asks the journal where it is time, and says what is to be said.
    pub(super) fn alarm_goes_on(&mut self, now: Moment, wake: &mut Wake, out: &mut Vec<Command>) {
        if self.alarm.book.is_idle() {
            return;
        }
        self.alarm_gates(now);
        self.alarm_sources(now);
        self.alarm.waits.values().for_each(|until| wake.no_later_than(*until));
        self.alarm.listen(now).into_iter().for_each(|next| wake.no_later_than(next));
        self.alarm.plan_to_count(now);
        if let Some(at) = self.alarm.count_at.filter(|_| !self.alarm.counting) {
            if at <= now {
                (self.alarm.count_at, self.alarm.counting) = (None, true);
                out.push(Command::Fetch(Fetch::Troubles { stuck: STUCK_TRIES, most: TROUBLES_MOST }));
            } else {
                wake.no_later_than(at);
            }
        }
        // Before the journal has counted nobody knows what is over; but where the disk is full it does not answer.
        let counted = self.alarm.counted_at.is_some();
        let (due, next) = self.alarm.book.due(|kind| counted || kind == CauseKind::Disk, now);
        next.into_iter().for_each(|next| wake.no_later_than(next));
        for due in due {
            let (call, plan) = (self.next_call(), self.plan.clone());
            self.alarm.telling.insert(call, (due.channel, due.notice.clone()));
            out.push(Command::Tell(Tell { call, plan, channel: due.channel, notice: due.notice }));
        }
    }

    /// A channel was told, or not.
    pub(super) fn alerted(&mut self, call: CallId, outcome: Outcome, now: Moment, out: &mut Vec<Command>) {
        let Some((channel, notice)) = self.alarm.telling.remove(&call) else { return };
        let refused = match outcome {
            Outcome::Delivered(_) => None,
            Outcome::Later { why, after, .. } => Some((why, after, false)),
            Outcome::Unknown(why) => Some((why, None, false)),
            Outcome::Never(why) => Some((why, None, true)),
        };
        let failed = match refused {
            None => {
                self.alarm.failed.remove(&channel);
                if let Some(row) = self.alarm.book.told(channel, &notice, now) {
                    self.commit(vec![Fact::Alerted(Box::new(row))], out);
                }
                None
            }
            Some((why, after, certain)) => {
                self.alarm.failed.insert(channel, why.clone());
                let again = self.alarm.book.not_told((channel, &notice.cause), certain, after, now);
                Some((why, again.unwrap_or(now)))
            }
        };
        let channel = self.plan.alerts[channel].rule.channel.clone();
        out.push(Command::Note(Happening::Alert(Box::new(AlertNote { channel, notice, failed }))));
    }
}
