//! Sources that are polled: when, how far, one page after the other.
//!
//! A page's items are committed in chunks, those of a large page while it is still being read; the next page is asked for
//! when all of them are on disk; the cursor moves in a commit after the last page of the round. A crash in between polls
//! again from the old cursor, and what was taken is known by its key.

use std::{collections::HashMap, ops::ControlFlow, sync::Arc, time::Duration};

use spanwright_shape::text::Failure;

use super::{CallId, Command, Desk, Happening, ONCE_WAITS_MOST, PollJob, Report, Roll, TAKE_CHUNK, Wake};
use crate::{
    codes,
    connector::{Beside, Outcome, Refusal, Validator, Verdict},
    deliver::{Departure, Goes, Next, Tries, decide},
    fact::{Fact, Moment, Moved, PlanId, Root, Seen, SourceRow, Took, Way, hex},
    interface::Repeat,
    plan::{NextPage, Plan, Poll, ROUND_PAGES_MOST, Source},
    run::intake::{self, Arrival, Page},
};

mod pages;

use pages::{Read, Round};

/// How long an item's key is remembered after it was last seen.
pub const SEEN_REMEMBERED: Duration = Duration::from_secs(90 * 24 * 3600);

/// RFC 9110, section 15.5.11.
const GONE: u16 = 410;

/// A source at the desk.
pub(super) struct SourceDesk {
    pub name: Arc<str>,
    pub flow: usize,
    account: usize,
    pub gate: usize,
    cursor: Option<Arc<[u8]>>,
    due: Moment,
    state: State,
    /// How far it has read in this one.
    round: Round,
    /// When a page was read last.
    pub read_at: Option<Moment>,
    /// What the only page of the last round said of itself: the same request may be spared its answer. Forgotten by a restart, which then
    /// reads once in vain.
    known: Option<Known>,
    tries: u32,
    tried_first: Moment,
    rounds: u32,
    /// What the last page said is there, and may be taken so much later.
    again: Option<Duration>,
    /// With `once`: that is waited for or was, and is not a second time.
    looked_again: bool,
    /// This round took in something new.
    pub took: bool,
    failed: Option<Failure>,
    /// When our credentials were refused to it, if nothing was read since.
    pub refused: Option<Moment>,
    /// When it was asked last.
    asked: Moment,
    given_up: Option<Failure>,
    /// Whoever reads its page hears "go on" when there is room on the disk.
    waits_for_space: Option<CallId>,
}

/// What an answer said of itself, and the cursor under which it was asked.
struct Known {
    under: Option<Arc<[u8]>>,
    validator: Arc<Validator>,
}

enum State {
    /// Until it is due.
    Waiting,
    /// A page is asked for; of one that is read in pieces, so many chunks are on their way to the disk.
    Asking { call: CallId, chunks: usize, departure: Departure },
    /// Its chunks are on their way to the disk.
    Keeping { chunks: usize, last: bool },
    /// The cursor is.
    Moving,
}

impl SourceDesk {
    pub fn all(plan: &Plan, gates: &HashMap<Arc<str>, usize>, flows: &HashMap<Arc<str>, usize>, now: Moment) -> Vec<SourceDesk> {
        let polled = |flow: &'_ crate::plan::Flow| flow.source.as_ref().and_then(Source::poll).map(|poll| poll.system);
        let sources = plan.flows.iter().enumerate().filter_map(|(n, flow)| Some((n, &flow.name, flow.source.as_ref()?, polled(flow)?)));
        sources
            .map(|(flow, name, source, system)| SourceDesk {
                name: source.name.clone(),
                flow,
                account: flows[name],
                gate: gates[&plan.systems[system].name],
                cursor: None,
                due: now,
                state: State::Waiting,
                round: Round::default(),
                read_at: None,
                known: None,
                tries: 0,
                tried_first: now,
                rounds: 0,
                again: None,
                looked_again: false,
                took: false,
                failed: None,
                refused: None,
                asked: now,
                given_up: None,
                waits_for_space: None,
            })
            .collect()
    }

    pub fn restore(&mut self, row: &SourceRow, once: bool) {
        self.cursor = row.cursor.clone();
        if !once {
            self.due = row.due;
        }
    }

    pub fn hurry(&mut self, now: Moment) {
        self.due = self.due.min(now);
    }

    /// Nothing more will come from it by itself (`once`), or nothing is under way.
    pub fn idle(&self, once: bool) -> bool {
        matches!(self.state, State::Waiting) && (!once || self.rounds > 0)
    }

    /// With `once`: when it looks a second time.
    pub fn second_look(&self) -> Option<Moment> {
        (self.looked_again && self.rounds == 0).then_some(self.due)
    }

    /// Why its last round was given up, where it was.
    pub fn given_up(&self) -> Option<&Failure> {
        self.given_up.as_ref()
    }

    /// Whether a round has ended since it was opened, in whatever way.
    pub fn ended_a_round(&self) -> bool {
        self.rounds > 0
    }

    pub fn failed(&self) -> Option<(Arc<str>, Failure)> {
        Some((self.name.clone(), self.failed.clone()?))
    }
}

impl Desk {
    pub(super) fn poll(&mut self, now: Moment, roll: Roll<'_>, wake: &mut Wake, out: &mut Vec<Command>) {
        if !self.space.has_some() {
            return;
        }
        for n in 0..self.sources.len() {
            if !self.lets_others_show(n) {
                self.poll_one(n, now, roll, wake, out);
            }
        }
    }

    /// Where a system is probed, what goes to it and other sources go before one that failed the last time: it may be that one alone which
    /// is sick. Of several of them, the one that has waited longest.
    pub(super) fn poll_what_failed(&mut self, now: Moment, roll: Roll<'_>, wake: &mut Wake, out: &mut Vec<Command>) {
        if !self.space.has_some() {
            return;
        }
        let mut failed: Vec<usize> = (0..self.sources.len()).filter(|n| self.lets_others_show(*n)).collect();
        failed.sort_by_key(|n| self.sources[*n].asked);
        failed.into_iter().for_each(|n| self.poll_one(n, now, roll, wake, out));
    }

    fn lets_others_show(&self, n: usize) -> bool {
        let source = &self.sources[n];
        (source.tries > 0 || source.failed.is_some()) && self.gates[source.gate].probes()
    }

    fn poll_one(&mut self, n: usize, now: Moment, roll: Roll<'_>, wake: &mut Wake, out: &mut Vec<Command>) {
        let source = &self.sources[n];
        if !matches!(source.state, State::Waiting) || (self.once && source.rounds > 0) || !self.flows[source.account].has_room() {
            return;
        }
        if source.due > now {
            wake.no_later_than(source.due);
        } else if self.pulls(source.account, now, wake) && self.pass(source.gate, Goes::First, now, wake, out) {
            self.ask_page(n, now, roll, out);
        }
    }

    fn ask_page(&mut self, n: usize, now: Moment, roll: Roll<'_>, out: &mut Vec<Command>) {
        let call = self.next_call();
        let gate = self.sources[n].gate;
        let departure = self.depart(gate, Goes::First, now, out);
        let token = self.gates[gate].token().0;
        let (plan, source) = (self.plan.clone(), &mut self.sources[n]);
        if source.tries == 0 {
            source.tried_first = now;
        }
        (source.state, source.round.read, source.asked) = (State::Asking { call, chunks: 0, departure }, Read::default(), now);
        let correlation = u128::from(roll()) << 64 | u128::from(roll());
        let (cursor, page) = (source.cursor.clone(), source.round.page.clone());
        let known = source.known.as_ref().filter(|known| page.is_none() && known.under == cursor);
        let validator = known.map(|known| known.validator.clone());
        let job = PollJob { call, plan, flow: source.flow, cursor, page, validator, token, correlation };
        out.push(Command::Poll(Box::new(job)));
    }

    fn asking(&self, call: CallId) -> Option<(usize, Departure)> {
        self.sources.iter().enumerate().find_map(|(n, source)| match source.state {
            State::Asking { call: have, departure, .. } if have == call => Some((n, departure)),
            _ => None,
        })
    }

    #[allow(clippy::too_many_arguments)] // one exchange's whole story
    pub(super) fn page_heard(
        &mut self,
        call: CallId,
        verdict: Verdict,
        page: Option<Result<Page, Failure>>,
        report: &Report,
        now: Moment,
        roll: Roll<'_>,
        out: &mut Vec<Command>,
    ) {
        let Some((n, departure)) = self.asking(call) else { return };
        let gate = self.sources[n].gate;
        let verdict = self.source_refused_alone(n, verdict, report);
        let operation =
            self.polled(n).map(|poll| self.plan.systems[poll.system].system.interface().operations[poll.operation].name.clone());
        let (system, operation) = (self.gates[gate].name.clone(), operation.unwrap_or_else(|| "poll".into()));
        out.push(Command::Note(Happening::Exchanged { system, operation, calls: 1, report: report.clone() }));
        // Who reads a queue, or in pieces, waits for what comes and for our disk: that is no slow answer.
        let took = if self.reads_queue(n) || self.sources[n].round.read.items > 0 { Duration::ZERO } else { report.took };
        let told = &Report { took, ..report.clone() };
        if let Some(why) = self.sources[n].where_it_was_is_gone(&verdict, report) {
            // That says nothing against the address: the gate hears of a refusal of this one alone.
            self.gate_heard(gate, departure, &Verdict::all(1, Outcome::Never(why.clone())), told, now, out);
            let (policy, every) = self.poll_policy(n);
            self.sources[n].state = State::Waiting;
            if !self.stopping {
                self.give_up_poll(n, why, now.after(every.min(policy.longest)), out);
            }
            return;
        }
        self.gate_heard(gate, departure, &verdict, told, now, out);
        self.sources[n].state = State::Waiting;
        if let Some(crate::connector::Word::Credentials(why)) = verdict.system {
            return self.credentials_refused(n, why, now, out);
        }
        match (verdict.outcomes.into_iter().next(), page) {
            (Some(Outcome::Delivered(_)), Some(Ok(page))) => {
                (self.sources[n].refused, self.sources[n].read_at) = (None, Some(now));
                self.sources[n].validated(verdict.beside.as_deref(), page.next.is_some());
                self.take_page(n, page, now, roll, out);
            }
            (Some(Outcome::Delivered(_)), Some(Err(why))) => self.poll_failed(n, Outcome::Never(why), now, roll(), out),
            (Some(outcome), _) => self.poll_failed(n, outcome, now, roll(), out),
            (None, _) => {}
        }
    }

    /// What is in it is kept now, whatever becomes of the rest of the page; only the cursor waits for all of it. Whoever reads
    /// hears "go on" when it is on disk, and may then say so to the other side. While we stop nothing more is taken.
    pub(super) fn piece_heard(&mut self, call: CallId, page: Page, now: Moment, roll: Roll<'_>, out: &mut Vec<Command>) {
        let Some((n, _)) = self.asking(call) else { return };
        if self.stopping {
            return out.push(Command::ReadOn(call, ControlFlow::Break(())));
        }
        self.sources[n].round.read.add(&page);
        let count = self.keep_items(n, page, now, roll, out);
        match &mut self.sources[n].state {
            State::Asking { chunks, .. } if count > 0 => *chunks = count,
            _ => out.push(Command::ReadOn(call, ControlFlow::Continue(()))),
        }
    }

    /// The gate holds the source; with a sign-in it goes on by itself, without one a person must act.
    fn credentials_refused(&mut self, n: usize, why: Failure, now: Moment, out: &mut Vec<Command>) {
        let held = self.gates[self.sources[n].gate].held(now).is_some();
        if held {
            let source = &mut self.sources[n];
            source.failed = Some(why.clone());
            source.refused.get_or_insert(now);
            out.push(Command::Note(Happening::PollFailed { source: source.name.clone(), why, again: source.due, given_up: false }));
        }
    }

    fn poll_failed(&mut self, n: usize, outcome: Outcome, now: Moment, roll: u64, out: &mut Vec<Command>) {
        // We read no further ourselves; what was not taken comes after the start.
        if self.stopping {
            return;
        }
        let (policy, every) = self.poll_policy(n);
        let in_pages = self.polled(n).is_some_and(|poll| poll.pages.is_some());
        let source = &mut self.sources[n];
        source.tries += 1;
        if in_pages && outcome.may_have_been_given() {
            source.round.was_not_heard();
        }
        let tries = Tries { count: source.tries, own: source.tries, first: source.tried_first, unheard: false };
        let next = decide(&policy, Repeat::Safe, Way::Do, tries, &outcome, now, roll);
        let is_of_the_system = !matches!(outcome, Outcome::Never(_));
        let why = match outcome {
            Outcome::Never(why) | Outcome::Unknown(why) | Outcome::Later { why, .. } => why,
            Outcome::Delivered(_) => return,
        };
        match next {
            Next::Again(at) if source.tries < policy.tries => {
                source.due = at;
                out.push(Command::Note(Happening::PollFailed { source: source.name.clone(), why, again: at, given_up: false }));
            }
            // The round begins anew, and does not wait for its next time: a night's outage is over in the morning.
            _ if is_of_the_system => self.give_up_poll(n, why, now.after(every.min(policy.longest)), out),
            _ => self.give_up_poll(n, why, now.after(every), out),
        }
    }

    /// The round is over, and the next one begins then.
    fn give_up_poll(&mut self, n: usize, why: Failure, again: Moment, out: &mut Vec<Command>) {
        let source = &mut self.sources[n];
        (source.state, source.due) = (State::Waiting, again);
        source.give_up_round(why.clone());
        out.push(Command::Note(Happening::PollFailed { source: source.name.clone(), why, again, given_up: true }));
        self.alarm.sources_changed();
    }

    fn poll_policy(&self, n: usize) -> (crate::plan::Policy, Duration) {
        self.polled(n).map_or((crate::plan::Policy::default(), Duration::from_secs(60)), |poll| {
            (self.plan.systems[poll.system].retry.clone(), poll.every)
        })
    }

    fn polled(&self, n: usize) -> Option<&Poll> {
        self.plan.flows[self.sources[n].flow].source.as_ref()?.poll()
    }

    pub(super) fn poll_not_asked(&mut self, call: CallId, refusal: &Refusal, now: Moment, out: &mut Vec<Command>) -> bool {
        let Some((n, departure)) = self.asking(call) else { return false };
        let (Refusal::System(why) | Refusal::Call(_, why)) = refusal;
        self.gates[self.sources[n].gate].come_back(departure);
        let every = self.poll_policy(n).1;
        self.give_up_poll(n, why.clone(), now.after(every), out);
        true
    }

    fn take_page(&mut self, n: usize, mut page: Page, now: Moment, roll: Roll<'_>, out: &mut Vec<Command>) {
        let by_link = self.polled(n).and_then(|poll| poll.pages.as_ref()).map(|pages| matches!(pages.next, NextPage::Link));
        let source = &mut self.sources[n];
        let Some(is_further) = source.round.came(&page, by_link) else { return source.due = now };
        let Some(last) = source.round.is_last(&page, by_link) else {
            let says = match source.round.has_too_many() {
                true => format!("a round has more than {ROUND_PAGES_MOST} pages: `pages` leads in a circle"),
                false => "the page names itself as the next one, and holds what the one before it held: `pages` leads in a circle".into(),
            };
            return self.poll_failed(n, Outcome::Never(Failure::new(&codes::CIRCLE, says)), now, roll(), out);
        };
        // The last page names its own address, and was given a second time.
        if by_link == Some(true) && last && page.next.is_some() && source.round.holds_the_same() {
            page.arrivals.clear();
        }
        source.round.turn(page.next.clone());
        source.again = page.again.map(|millis| Duration::from_millis(millis.get().into()));
        if is_further {
            source.tries = 0;
        }
        let chunks = self.keep_items(n, page, now, roll, out);
        let (source, items) = (self.sources[n].name.clone(), self.sources[n].round.read.items);
        out.push(Command::Note(Happening::Polled { source, items, last }));
        self.sources[n].state = State::Keeping { chunks, last };
        if chunks == 0 {
            self.page_kept(n, last, now, roll, out);
        }
    }

    /// Sends the items to the disk: the number of chunks.
    fn keep_items(&mut self, n: usize, page: Page, now: Moment, roll: Roll<'_>, out: &mut Vec<Command>) -> usize {
        if let Some(cursor) = &page.cursor {
            intake::further_bytes(&mut self.sources[n].round.reached, cursor);
        }
        if page.left_out > 0 {
            let source = self.sources[n].name.clone();
            out.push(Command::Note(Happening::LeftOut { source, items: page.left_out, brought: false }));
        }
        let mut chunks = 0;
        let mut arrivals = page.arrivals.into_iter().peekable();
        while arrivals.peek().is_some() {
            let facts = arrivals.by_ref().take(TAKE_CHUNK).map(|arrival| self.took_fact(n, arrival, now, roll)).collect();
            let ticket = self.commit(facts, out);
            self.keeping.insert(ticket, n);
            chunks += 1;
        }
        chunks
    }

    fn took_fact(&self, n: usize, arrival: Arrival, now: Moment, roll: Roll<'_>) -> Fact {
        let source = &self.sources[n];
        let seen = seen_of(&source.name, self.reads_queue(n), &arrival, now);
        self.took_by(source.flow, &source.name, arrival, seen, now, roll).into()
    }

    fn reads_queue(&self, n: usize) -> bool {
        self.plan.flows[self.sources[n].flow].source.as_ref().is_some_and(Source::reads_queue)
    }

    /// What arrived, as a flow takes it.
    pub(super) fn took_by(
        &self,
        flow: usize,
        source: &Arc<str>,
        arrival: Arrival,
        seen: Option<Seen>,
        now: Moment,
        roll: Roll<'_>,
    ) -> Took {
        self.today().took(flow, source, arrival, seen, now, roll)
    }

    pub(super) fn today(&self) -> Today<'_> {
        Today { plan: &self.plan, id: self.plan_id }
    }

    /// Who stands in a page since there was no room on the disk goes on reading where there is, and ends where we stop.
    pub(super) fn read_on(&mut self, out: &mut Vec<Command>) {
        let way = match (self.stopping, self.space.has_some()) {
            (true, _) => ControlFlow::Break(()),
            (false, true) => ControlFlow::Continue(()),
            (false, false) => return,
        };
        let waiting = self.sources.iter_mut().filter_map(|source| source.waits_for_space.take());
        out.extend(waiting.map(|call| Command::ReadOn(call, way)));
    }

    pub(super) fn chunk_kept(&mut self, n: usize, now: Moment, roll: Roll<'_>, out: &mut Vec<Command>) {
        match &mut self.sources[n].state {
            State::Asking { chunks, call, .. } if *chunks == 1 => {
                *chunks = 0;
                let call = *call;
                match self.space.has_some() {
                    true => out.push(Command::ReadOn(call, ControlFlow::Continue(()))),
                    false => self.sources[n].waits_for_space = Some(call),
                }
            }
            State::Keeping { chunks: 1, last } => {
                let last = *last;
                self.page_kept(n, last, now, roll, out);
            }
            State::Asking { chunks, .. } | State::Keeping { chunks, .. } => *chunks = chunks.saturating_sub(1),
            State::Waiting | State::Moving => {}
        }
    }

    fn page_kept(&mut self, n: usize, last: bool, now: Moment, roll: Roll<'_>, out: &mut Vec<Command>) {
        if !last {
            self.sources[n].state = State::Waiting;
            self.sources[n].due = now;
            return;
        }
        let (every, once) = (self.poll_policy(n).1, self.once);
        let source = &mut self.sources[n];
        let mut cursor = source.cursor.clone();
        if let Some(reached) = &source.round.reached {
            intake::further_bytes(&mut cursor, reached);
        }
        source.state = State::Moving;
        let moved = Moved { source: source.name.clone(), cursor, due: now.after(source.pause(every, once)), at: now };
        let took = std::mem::take(&mut source.took);
        let follows = if took { self.follows_round(self.sources[n].flow) } else { None };
        let mut facts: Vec<Fact> = follows.into_iter().map(|follows| self.round_ended(follows, now, roll)).collect();
        facts.push(Fact::Moved(moved));
        self.commit(facts, out);
    }

    pub(super) fn moved(&mut self, moved: &Moved, _now: Moment) {
        let once = self.once;
        if let Some(source) = self.sources.iter_mut().find(|source| source.name == moved.source) {
            source.known = source.round.fresh.take().map(|validator| Known { under: source.cursor.clone(), validator });
            source.cursor = moved.cursor.clone();
            source.round = Round::default();
            source.due = moved.due;
            source.state = State::Waiting;
            source.failed = None;
            if source.given_up.take().is_some() || source.rounds == 0 {
                self.alarm.sources_changed();
            }
            match once && source.looks_again() {
                true => source.looked_again = true,
                false => source.rounds += 1,
            }
        }
    }
}

impl SourceDesk {
    /// Why a round is over whose page, or the state from which it reads on, its server does not have any more (RFC 9110, section
    /// 15.5.11): of the address that says nothing.
    fn where_it_was_is_gone(&self, verdict: &Verdict, report: &Report) -> Option<Failure> {
        let Some(crate::connector::Word::Gone(why)) = verdict.system.as_ref().filter(|_| report.status == GONE) else { return None };
        let says = match (&self.round.page, &self.cursor) {
            (Some(_), _) => "what named this page is worth nothing any more, and the round begins with its first page",
            (None, Some(_)) => {
                "it may be that the cursor is worth nothing any more, and nothing is read until that changes: a flow of another name begins at `start`"
            }
            (None, None) => return None,
        };
        Some(Failure::new(why.code, format!("{}; {says}", why.says)))
    }

    /// Of several pages none speaks for all.
    fn validated(&mut self, beside: Option<&Beside>, goes_on: bool) {
        self.round.fresh = match beside {
            Some(Beside { unchanged: true, .. }) => self.known.take().map(|known| known.validator),
            Some(Beside { validator, .. }) if !goes_on && self.round.pages == 0 => validator.clone(),
            Some(_) | None => None,
        };
    }

    /// From the end of a round to the start of the next: no longer than until there may be more. With `once` there is no other
    /// round that would come before that.
    fn pause(&self, every: Duration, once: bool) -> Duration {
        match self.again {
            Some(again) if once && self.looks_again() => again,
            Some(again) => again.min(every),
            None => every,
        }
    }

    /// With `once`: what may be there soon is waited for, a single time. What comes all the time would keep the run from its end.
    fn looks_again(&self) -> bool {
        !self.looked_again && self.again.is_some_and(|again| again <= ONCE_WAITS_MOST)
    }

    /// The next round begins where the last good one ended.
    fn give_up_round(&mut self, why: Failure) {
        (self.round, self.tries) = (Round::default(), 0);
        self.rounds += 1;
        self.given_up = Some(why.clone());
        self.failed = Some(why);
    }
}

/// An event is taken once; a record is taken when it differs from its key's last. A message of a queue is an event: two without
/// a name that say the same are two.
fn seen_of(source: &Arc<str>, reads_queue: bool, arrival: &Arrival, now: Moment) -> Option<Seen> {
    let print = arrival.print;
    let (key, print) = match (&arrival.once, &arrival.key) {
        (Some(once), _) => (once.clone(), None),
        (None, _) if reads_queue => return None,
        (None, Some(key)) => (key.clone(), Some(print)),
        (None, None) => (hex(&print).into(), None),
    };
    Some(Seen { scope: source.clone(), key, print, held: None, until: now.after(SEEN_REMEMBERED) })
}

/// UUIDv7 (RFC 9562): the time in milliseconds, then random bits.
pub fn message_id(now: Moment, roll: Roll<'_>) -> u128 {
    let millis = u128::from(u64::try_from(now.0 / 1000).unwrap_or(0)) & 0xffff_ffff_ffff;
    let random = u128::from(roll()) << 64 | u128::from(roll());
    let bits = millis << 80 | (random & 0xffff_ffff_ffff_ffff_ffff);
    bits & !(0xf << 76) & !(0x3 << 62) | 0x7 << 76 | 0x2 << 62
}

/// Today's plan: what comes now goes by it.
#[derive(Clone, Copy)]
pub struct Today<'p> {
    /// The plan.
    pub plan: &'p Plan,
    /// Its number in the journal.
    pub id: PlanId,
}

impl Today<'_> {
    /// A message of one of its flows, by number.
    pub(super) fn took(self, flow: usize, source: &Arc<str>, arrival: Arrival, seen: Option<Seen>, now: Moment, roll: Roll<'_>) -> Took {
        let message = message_id(now, roll);
        Took {
            message,
            source: source.clone(),
            correlation: arrival.correlation.unwrap_or_else(|| format!("{message:032x}").into()),
            at: now,
            key: arrival.key,
            version: arrival.version,
            body: arrival.body,
            beside: arrival.beside,
            flow: self.plan.flows[flow].name.clone(),
            root: Root(u128::from(roll()) << 64 | u128::from(roll())),
            plan: self.id,
            seen,
            about: None,
            fault: arrival.fault,
        }
    }
}

#[cfg(test)]
mod tests;
