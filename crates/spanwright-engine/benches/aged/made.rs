//! What is made: messages that were taken in, done, dead, waiting and in hand, by the engine's own facts.

use std::{path::Path, sync::Arc};

use spanwright_core::{
    fact::{
        Attempt, EffectKey, EffectState, Ending, ExchangeId, Fact, ListFilter, Moment, Moved, OutcomeKind, Phase, PlanId, Print, Receipt,
        Root, RunId, Seen, Settled, StopKind, Stopped, Store, Took, Way, lane_of, no_item,
    },
    plan::Source,
};
use spanwright_engine::{
    keep::{Keep, Look},
    pinned,
};
use spanwright_lab::conformance::code_of;
use spanwright_shape::text::Failure;

use crate::project;

const CHUNK: u64 = 1_000;
/// One message in so many is a dead letter.
const DEAD_ONE_IN: u64 = 2_000;
/// One message in so many came by a poll; the others were brought.
const POLLED_ONE_IN: u64 = 10;
/// Records that are polled again and again: each has one mark of what it held last. Many more of them would make a page of each message.
const RECORDS: u64 = 100_000;
/// States of the hot record, at most.
const HOT_STATES: u64 = 100_000;
/// Of the states of the hot record one in so many is a dead letter.
const HOT_DEAD_ONE_IN: u64 = 20_000;
/// Messages that were in hand when the last life ended.
const IN_HAND: u64 = 1_000;
const HOUR: i64 = 3_600_000_000;
pub const DAY: i64 = 24 * HOUR;
/// The record that has many states.
pub const HOT: &str = "hot";
/// The dead letter of it that is newer than all that went on.
const NEWEST_VERSION: u64 = 1 << 53;

/// How messages are mixed.
#[derive(Clone, Copy)]
pub struct Mix {
    /// Of the polled states one in so many is of the hot record.
    hot_one_in: u64,
    /// Each waits in the line of its record.
    pub ordered: bool,
}

impl Mix {
    pub fn of(finished: u64, ordered: bool) -> Mix {
        Mix { hot_one_in: (finished / POLLED_ONE_IN / HOT_STATES).max(2), ordered }
    }

    fn is_hot(self, n: u64) -> bool {
        is_polled(n) && (n / POLLED_ONE_IN).is_multiple_of(self.hot_one_in)
    }

    fn key(self, n: u64) -> Arc<str> {
        let mixed = u64::from((n as u32).wrapping_mul(2_654_435_761));
        match (self.is_hot(n), is_polled(n)) {
            (true, _) => HOT.into(),
            (false, true) => format!("R{:05}", mixed % RECORDS).into(),
            (false, false) => format!("C{mixed:08x}").into(),
        }
    }

    /// The message with this number, taken in at this time.
    pub fn took(self, n: u64, at: i64) -> Fact {
        let (flow, key) = (flow_of(n), self.key(n));
        let source = Source::name_of(flow);
        // A polled record is known by what it held last; of what is brought, every other message is an event with a name.
        let print = is_polled(n).then(|| print_of(n));
        let seen = (is_polled(n) || n.is_multiple_of(2)).then(|| Seen {
            scope: source.clone(),
            key: key.clone(),
            print,
            held: None,
            until: Moment(at + 90 * DAY),
        });
        let body = format!("{:<300}", format!(r#"{{"id":"{key}","version":{n}}}"#));
        Fact::Took(Box::new(Took {
            message: u128::from(n) + 1,
            source,
            correlation: format!("{:032x}", n + 1).into(),
            at: Moment(at),
            version: is_polled(n).then(|| n.to_string().into()),
            key: Some(key),
            body: body.into_bytes().into(),
            beside: None,
            flow: flow.into(),
            root: Root(u128::from(n)),
            plan: PlanId(1),
            seen,
            about: None,
            fault: None,
        }))
    }

    /// Waits, in the line of its record where they are ordered.
    pub fn waits(self, run: RunId, due: Moment) -> [Fact; 2] {
        let mut settled = settled(run, Phase::Owed { due }, OutcomeKind::Later, 60 * DAY);
        if let (Fact::Settled(settled), true) = (&mut settled, self.ordered || is_polled(n_of(run))) {
            settled.lane = lane_of(&settled.queue, &self.key(n_of(run)));
        }
        [settled, Fact::Parked { run, parked: true }]
    }

    /// It went through, or is a dead letter.
    pub fn ended(self, run: RunId, at: i64) -> [Fact; 2] {
        let is_dead = (run.0 as u64).is_multiple_of(DEAD_ONE_IN) || self.is_hot(n_of(run)) && n_of(run).is_multiple_of(HOT_DEAD_ONE_IN);
        if is_dead {
            return died(run, at);
        }
        [settled(run, Phase::Done(None), OutcomeKind::Delivered, at), Fact::Ended { run, ending: Ending::Done, at: Moment(at) }]
    }
}

/// What it holds: something else each time.
fn print_of(n: u64) -> Print {
    let mut print = [7; 32];
    print[..8].copy_from_slice(&n.to_be_bytes());
    print
}

/// Each message is taken, one after the other, so a run has the number of its message and one.
fn n_of(run: RunId) -> u64 {
    run.0 as u64 - 1
}

fn is_polled(n: u64) -> bool {
    n.is_multiple_of(POLLED_ONE_IN)
}

fn flow_of(n: u64) -> &'static str {
    if is_polled(n) { "records" } else { "customers" }
}

fn effect_of(run: RunId) -> EffectKey {
    EffectKey { run, node: "crm".into(), item: no_item(), way: Way::Do }
}

fn settled(run: RunId, phase: Phase, outcome: OutcomeKind, at: i64) -> Fact {
    Fact::Settled(Box::new(Settled {
        effect: effect_of(run),
        state: EffectState { tries: 1, first: Some(Moment(at)), ..EffectState::new(phase) },
        queue: format!("{}.crm", flow_of(n_of(run))).into(),
        lane: 0,
        attempt: Some(Attempt { n: 1, exchange: Some(ExchangeId(1)), outcome, says: None }),
        at: Moment(at),
    }))
}

fn died(run: RunId, at: i64) -> [Fact; 2] {
    let failure = || Failure::new(code_of("R0001"), "it said no");
    let ending = Ending::Stopped(Stopped { kind: StopKind::Dead, node: "crm".into(), failure: failure(), undone: false });
    [settled(run, Phase::Dead(failure()), OutcomeKind::Never, at), Fact::Ended { run, ending, at: Moment(at) }]
}

pub fn runs(receipts: &[Receipt]) -> impl Iterator<Item = RunId> {
    receipts.iter().filter_map(|receipt| match receipt {
        Receipt::Taken(run) => Some(*run),
        Receipt::Duplicate | Receipt::Known { .. } | Receipt::Late => None,
    })
}

/// Makes a journal, spread over 60 days up to now, and gives the number of the next message.
pub fn fill(path: &Path, finished: u64, waiting: u64, mix: Mix) -> u64 {
    let mut keep = Keep::open(path, code_of).unwrap();
    keep.plan(&pinned::pin(&project::older(mix.ordered))).unwrap();
    let step = 60 * DAY / (finished.max(1) as i64);
    for first in (0..finished).step_by(CHUNK as usize) {
        let taken: Vec<Fact> = (first..first + CHUNK).map(|n| mix.took(n, n as i64 * step)).collect();
        let receipts = keep.commit(&taken).unwrap();
        let over: Vec<Fact> = runs(&receipts).flat_map(|run| mix.ended(run, run.0 * step)).collect();
        keep.commit(&over).unwrap();
    }
    for first in (finished..finished + waiting).step_by(CHUNK as usize) {
        let receipts = keep.commit(&(first..first + CHUNK).map(|n| mix.took(n, 60 * DAY)).collect::<Vec<_>>()).unwrap();
        // Spread over the next 24 hours.
        let due = |run: RunId| Moment(60 * DAY + (run.0.wrapping_mul(7_919) % 86_400) * 1_000_000);
        let wait: Vec<Fact> = runs(&receipts).flat_map(|run| mix.waits(run, due(run))).collect();
        keep.commit(&wait).unwrap();
    }
    match waiting {
        0 => finished,
        _ => finished + waiting + cut_off(&mut keep, finished + waiting, mix),
    }
}

/// The end of a life: the newest state of the hot record has died, the poll is in a round, and some messages are in hand, of which half
/// may have been asked. Gives how many came.
fn cut_off(keep: &mut Keep, first: u64, mix: Mix) -> u64 {
    let boot = keep.opening().unwrap().boot;
    let mut newest = mix.took(first, 60 * DAY);
    if let Fact::Took(took) = &mut newest {
        (took.key, took.version) = (Some(HOT.into()), Some(NEWEST_VERSION.to_string().into()));
    }
    let taken: Vec<Fact> = [newest].into_iter().chain((first + 1..=first + IN_HAND).map(|n| mix.took(n, 60 * DAY))).collect();
    let taken = runs(&keep.commit(&taken).unwrap()).collect::<Vec<_>>();
    let asked = taken.iter().skip(1).step_by(2).map(|run| Fact::Started { effect: effect_of(*run), boot, generation: 0, of_item: None });
    let moved = Moved { source: Source::name_of("records"), cursor: None, due: Moment(60 * DAY + HOUR), at: Moment(59 * DAY) };
    keep.commit(&died(taken[0], 60 * DAY).into_iter().chain(asked).chain([Fact::Moved(moved)]).collect::<Vec<_>>()).unwrap();
    1 + IN_HAND
}

/// The number of the next message of a journal that was made before.
pub fn next_of(path: &Path) -> u64 {
    let newest = Look::open(path, code_of).unwrap().list(&ListFilter { most: 1, ..ListFilter::default() }).unwrap();
    newest.first().map_or(0, |line| line.message as u64)
}
