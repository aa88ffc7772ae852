//! Chores: work on many stopped runs, slice by slice, at the rate that a person chose.
//!
//! The journal is asked for a slice of the runs that are meant; what is done to them and the chore's new place go down
//! in one commit. A replay rests while a system that its next run is for is held: it would only fill the journal with what
//! waits anyway. It rests too while the hand of that flow is full.

use std::{sync::Arc, time::Duration};

use super::{Command, Desk, Fetch, Happening, Wake};
use crate::{
    deliver::HoldReason,
    fact::{CHORES_REMEMBERED_MOST, Chore, ChoreId, ChoreKind, ChorePhase, Fact, Moment, Opened, StoppedBundle, StoppedRun, that_go},
};

/// Runs of one slice, at most: more would keep a commit of others waiting.
pub const SLICE_RUNS_MOST: usize = 100;
/// A slice is as long as this at the chore's rate.
const SLICE_TIME: Duration = Duration::from_millis(250);
/// A hold without a known end is looked at again after this.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Stopped runs, and what of them goes together ([`crate::fact::Store::bundles`]).
type Slice<'s> = (&'s [StoppedRun], &'s [StoppedBundle]);

/// A chore at the desk.
pub(super) struct ChoreDesk {
    pub chore: Chore,
    /// The next slice may begin.
    next: Moment,
    /// A slice is asked for, or on its way to the disk.
    busy: bool,
}

impl ChoreDesk {
    pub fn new(chore: Chore, now: Moment) -> ChoreDesk {
        ChoreDesk { chore, next: now, busy: false }
    }

    fn is_open(&self) -> bool {
        self.chore.phase == ChorePhase::Open
    }

    fn slice(&self) -> usize {
        let rate = self.chore.rate;
        let in_time = u64::from(rate.most) * micros(SLICE_TIME) / micros(rate.per).max(1);
        usize::try_from(in_time).unwrap_or(SLICE_RUNS_MOST).clamp(1, SLICE_RUNS_MOST)
    }

    /// So many were taken: the next may come when the rate has room.
    fn took(&mut self, runs: usize, now: Moment) {
        let rate = self.chore.rate;
        let spent = micros(rate.per) * runs as u64 / u64::from(rate.most.max(1));
        self.next = self.next.max(now).after(Duration::from_micros(spent));
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

impl Desk {
    /// A person asks for a chore; told twice, also after a crash, it is one.
    pub(super) fn chore_begins(&mut self, chore: Chore, now: Moment, out: &mut Vec<Command>) {
        if self.chores_over.contains(&chore.id) || self.chores.iter().any(|known| known.chore.id == chore.id) {
            return;
        }
        out.push(Command::Note(Happening::Chore(Box::new(chore.clone()))));
        self.chores.push(ChoreDesk { busy: true, ..ChoreDesk::new(chore.clone(), now) });
        self.commit(vec![Fact::Chore(Box::new(chore))], out);
    }

    /// What a slice that is on its way does is done; nothing more.
    pub(super) fn chore_cancelled(&mut self, id: ChoreId, out: &mut Vec<Command>) {
        let Some(known) = self.chores.iter_mut().find(|known| known.chore.id == id && known.is_open()) else { return };
        known.chore.phase = ChorePhase::Cancelled;
        let chore = Box::new(known.chore.clone());
        out.push(Command::Note(Happening::Chore(chore.clone())));
        self.commit(vec![Fact::Chore(chore)], out);
    }

    /// Asks for the slices that are due.
    pub(super) fn chores_go_on(&mut self, now: Moment, wake: &mut Wake, out: &mut Vec<Command>) {
        for known in self.chores.iter_mut().filter(|known| known.is_open() && !known.busy) {
            match known.next > now {
                true => wake.no_later_than(known.next),
                false => {
                    known.busy = true;
                    let Chore { id, filter, at, upto, .. } = &known.chore;
                    let (chore, filter, after, upto) = (*id, Box::new(filter.clone()), *at, *upto);
                    out.push(Command::Fetch(Fetch::Stopped { chore, filter, after, upto, most: known.slice() }));
                }
            }
        }
    }

    /// A slice is here.
    pub(super) fn chore_found(&mut self, id: ChoreId, (runs, bundles): Slice<'_>, now: Moment, out: &mut Vec<Command>) {
        let rests = runs.iter().enumerate().find_map(|(at, run)| Some((at, self.rests_until(&run.flow, now)?)));
        let plan = self.plan_id;
        let Some(known) = self.chores.iter_mut().find(|known| known.chore.id == id) else { return };
        known.busy = false;
        if !known.is_open() {
            return;
        }
        let some = match (&known.chore.what, rests) {
            (ChoreKind::Replay { .. }, Some((at, _))) => &runs[..at],
            (ChoreKind::Replay { .. } | ChoreKind::Discard { .. }, _) => runs,
        };
        if let (true, Some((_, until))) = (some.is_empty(), rests) {
            known.next = until;
            return;
        }
        let blocks = |run: &StoppedRun| self.plan.flow(&run.flow).map(|(_, flow)| flow.blocks());
        let mut facts = known.slice_of((some, bundles), plan, now, blocks);
        let done = facts.len();
        if some.is_empty() {
            known.chore.phase = ChorePhase::Done;
            out.push(Command::Note(Happening::Chore(Box::new(known.chore.clone()))));
        }
        known.took(done.max(some.len()), now);
        known.busy = true;
        facts.push(Fact::Chore(Box::new(known.chore.clone())));
        self.commit(facts, out);
    }

    /// A slice, or a new phase, is on disk.
    pub(super) fn chore_kept(&mut self, chore: &Chore) {
        if let Some(at) = self.chores.iter().position(|known| known.chore.id == chore.id) {
            self.chores[at].busy = false;
            if chore.phase != ChorePhase::Open {
                self.chores.remove(at);
                self.chores_over.insert(chore.id);
                while self.chores_over.len() > CHORES_REMEMBERED_MOST {
                    self.chores_over.pop_first();
                }
            }
        }
    }

    /// Until when nothing is replayed into a flow: its hand is full, or somebody holds it or a system that it is there for.
    fn rests_until(&self, flow: &Arc<str>, now: Moment) -> Option<Moment> {
        let account = *self.flow_of.get(flow)?;
        let flow = &self.flows[account];
        if self.flow_is_held(account, now) {
            return Some(now.after(LOOK_AGAIN));
        }
        let held = flow.sends_to.iter().filter_map(|gate| self.gates[*gate].shut(now)).map(|why| match why {
            HoldReason::BreakerOpen(until) | HoldReason::Paused(until) => until,
            _ => now.after(LOOK_AGAIN),
        });
        held.max().or_else(|| flow.full(self.hand).then(|| now.after(LOOK_AGAIN)))
    }
}

impl ChoreDesk {
    /// In a flow whose dead letters block what came after them, nothing newer went ahead. Where the plan has a flow no more
    /// (`None`) nothing of it would go on: it stays a dead letter.
    fn slice_of(
        &mut self,
        (runs, bundles): Slice<'_>,
        plan: crate::fact::PlanId,
        now: Moment,
        blocks: impl Fn(&StoppedRun) -> Option<bool>,
    ) -> Vec<Fact> {
        let chore = &mut self.chore;
        let by = chore.by.clone();
        chore.at = runs.last().map_or(chore.at, |last| last.run);
        // What stopped since was not among what a person saw.
        let begun = Moment(chore.id.0);
        let is_meant = |run: &StoppedRun| run.at <= begun;
        let (facts, left): (Vec<Fact>, usize) = match &chore.what {
            ChoreKind::Replay { over_newer, apart } => {
                let goes_over = |run: &StoppedRun| Some(blocks(run)? || *over_newer);
                let may = |run: &StoppedRun| is_meant(run) && goes_over(run).is_some_and(|over| over || !run.overtaken);
                let reopened = |Opened { run, apart }: Opened<'_>| Fact::Reopened {
                    run: run.run,
                    plan,
                    at: now,
                    by: by.clone(),
                    over_newer: goes_over(run).unwrap_or(false),
                    apart,
                };
                let go = that_go(runs, bundles, *apart, may);
                let asked = runs.iter().filter(|run| go.iter().any(|gone| gone.run.run == run.run)).count();
                (go.into_iter().map(reopened).collect(), runs.len() - asked)
            }
            ChoreKind::Discard { reason } => {
                let discarded = |run: &StoppedRun| Fact::Discarded { run: run.run, at: now, by: by.clone(), reason: reason.clone() };
                let facts = runs.iter().filter(|run| is_meant(run)).map(discarded).collect();
                (facts, runs.iter().filter(|run| !is_meant(run)).count())
            }
        };
        chore.done += facts.len() as u64;
        chore.left += left as u64;
        facts
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            Event, Order,
            stage::{START, Stage},
        },
        *,
    };
    use crate::{
        fact::{GateRow, Hold, PlanId, RunId, StoppedFilter},
        settings::Rate,
    };

    fn begun(what: ChoreKind, at: Moment) -> ChoreDesk {
        let rate = Rate { most: 1, per: Duration::from_secs(1) };
        ChoreDesk::new(Chore::begin(what, StoppedFilter::default(), RunId(9), rate, "ann".into(), at), at)
    }

    /// What was shown is meant, and no other, though its number lies between.
    #[test]
    fn what_stopped_after_it_was_begun_is_left() {
        for what in [ChoreKind::Replay { over_newer: false, apart: false }, ChoreKind::Discard { reason: "old".into() }] {
            let mut known = begun(what, Moment(50));
            let run = |run, at| StoppedRun { run: RunId(run), flow: "orders".into(), at: Moment(at), overtaken: false };
            let facts = known.slice_of((&[run(1, 50), run(2, 51)], &[]), PlanId(1), Moment(60), |_| Some(false));
            assert!(matches!(facts[..], [Fact::Reopened { run: RunId(1), .. } | Fact::Discarded { run: RunId(1), .. }]), "{facts:?}");
            assert_eq!((known.chore.done, known.chore.left, known.chore.at), (1, 1, RunId(2)));
        }
    }

    /// What went under one key goes again with all of it, from wherever it comes; where one of it may not go, none comes along.
    #[test]
    fn what_went_together_comes_along() {
        let run = |run, overtaken| StoppedRun { run: RunId(run), flow: "orders".into(), at: Moment(0), overtaken };
        let bundle = |runs: &[(i64, bool)], whole| {
            let runs = runs.iter().map(|(number, overtaken)| run(*number, *overtaken)).collect();
            StoppedBundle { runs, whole }
        };
        let bundles =
            [bundle(&[(1, false), (2, false), (9, false)], true), bundle(&[(3, false), (8, true)], true), bundle(&[(4, false)], false)];
        let slice = [run(2, false), run(3, false), run(4, false), run(5, true), run(6, false)];
        for (apart, expected, left) in [(false, &[2, 6, 1, 9][..], 3), (true, &[2, 3, 4, 6, 1, 9], 1)] {
            let mut known = begun(ChoreKind::Replay { over_newer: false, apart }, Moment(1));
            let facts = known.slice_of((&slice, &bundles), PlanId(1), Moment(0), |_| Some(false));
            let opened: Vec<i64> = facts.iter().map(|fact| if let Fact::Reopened { run, .. } = fact { run.0 } else { 0 }).collect();
            assert_eq!(opened, expected);
            assert_eq!((known.chore.done, known.chore.left, known.chore.at), (expected.len() as u64, left, RunId(6)));
        }
    }

    /// A person may say of what was overtaken that it goes; nothing that is said lets a run go on in a flow that is gone.
    #[test]
    fn of_a_flow_that_is_gone_nothing_is_opened_again() {
        for over_newer in [false, true] {
            let run = |run, flow: &str| StoppedRun { run: RunId(run), flow: flow.into(), at: Moment(0), overtaken: false };
            let mut known = begun(ChoreKind::Replay { over_newer, apart: false }, Moment(1));
            let there = |run: &StoppedRun| (&*run.flow == "orders").then_some(false);
            let facts = known.slice_of((&[run(1, "orders"), run(2, "gone")], &[]), PlanId(1), Moment(0), there);
            assert!(matches!(facts[..], [Fact::Reopened { run: RunId(1), .. }]), "{facts:?}");
            assert_eq!((known.chore.done, known.chore.left, known.chore.at), (1, 1, RunId(2)));
        }
    }

    /// A stage on which a person has asked for a replay of these runs of `asked`, at a rate.
    fn replaying(runs: i64, rate: Rate) -> Stage {
        let mut stage = Stage::new();
        let what = ChoreKind::Replay { over_newer: false, apart: false };
        let chore = Chore::begin(what, StoppedFilter::default(), RunId(runs), rate, "ann".into(), START);
        stage.on(Event::Told(Order::Chore(Box::new(chore))));
        stage.keeps();
        stage
    }

    /// The journal gives the slice that was asked for, of so many runs that are stopped in all; how many of it are opened.
    fn gives(stage: &mut Stage, runs: i64) -> usize {
        let Some(at) = stage.fetches.iter().position(|fetch| matches!(fetch, Fetch::Stopped { .. })) else { return 0 };
        let Fetch::Stopped { chore, after, most, .. } = stage.fetches.remove(at) else { return 0 };
        let slice =
            (after.0 + 1..=runs).take(most).map(|run| StoppedRun { run: RunId(run), flow: "asked".into(), at: START, overtaken: false });
        stage.on(Event::FoundStopped { chore, runs: slice.collect(), bundles: Vec::new() });
        stage.keeps().iter().filter(|fact| matches!(fact, Fact::Reopened { .. })).count()
    }

    /// Neither more nor, but for the last slice, much less than was chosen, in any second of it.
    #[test]
    fn a_replay_keeps_to_its_rate() {
        const RUNS: i64 = 300;
        let mut stage = replaying(RUNS, Rate { most: 20, per: Duration::from_secs(1) });
        let (mut done, mut of_each) = (0, Vec::new());
        while done < RUNS as usize {
            let opened = gives(&mut stage, RUNS);
            done += opened;
            of_each.push((stage.now, opened));
            stage.now = stage.now.after(Duration::from_millis(10));
            stage.on(Event::Wake);
            assert!(stage.now.since(START) < Duration::from_secs(60), "{done}");
        }
        let in_second = |from: Moment| -> usize {
            let within = of_each.iter().filter(|(at, _)| *at >= from && at.since(from) < Duration::from_secs(1));
            within.map(|(_, opened)| opened).sum()
        };
        let most = of_each.iter().map(|(at, _)| in_second(*at)).max();
        // A slice lasts a quarter of a second, and may begin at the end of one.
        assert!(most.is_some_and(|most| most <= 25), "{most:?}");
        let took = stage.now.since(START);
        assert!(took >= Duration::from_secs(14) && took <= Duration::from_secs(17), "{took:?}");
    }

    /// What a slice that is on its way does is done, and no other begins.
    #[test]
    fn a_replay_that_is_cancelled_ends_where_it_is() {
        let mut stage = replaying(300, Rate { most: 1_000, per: Duration::from_secs(1) });
        let opened = gives(&mut stage, 300);
        assert!(opened > 0 && opened < 300);
        stage.wakes_after(Duration::from_secs(1));
        stage.on(Event::Told(Order::Cancel(ChoreId(START.0))));
        let kept = stage.keeps();
        assert!(kept.iter().any(|fact| matches!(fact, Fact::Chore(chore) if chore.phase == ChorePhase::Cancelled)), "{kept:?}");
        assert_eq!(gives(&mut stage, 300), 0, "the slice that was asked for comes too late");
        for _ in 0..5 {
            stage.wakes_after(Duration::from_secs(1));
            assert!(!stage.fetches.iter().any(|fetch| matches!(fetch, Fetch::Stopped { .. })));
        }
    }

    /// What it would open would only wait, and be counted as open.
    #[test]
    fn a_replay_rests_while_its_flow_is_held() {
        let mut stage = replaying(300, Rate { most: 1_000, per: Duration::from_secs(1) });
        let what: Arc<str> = GateRow::of_flow("asked");
        let hold = Hold { since: START, until: None, by: "ann".into(), because: "a bad map".into() };
        stage.on(Event::Told(Order::Hold { what: what.clone(), hold }));
        for _ in 0..5 {
            assert_eq!(gives(&mut stage, 300), 0);
            stage.wakes_after(Duration::from_secs(1));
        }
        stage.on(Event::Told(Order::Resume { what, by: "ann".into() }));
        stage.wakes_after(Duration::from_secs(1));
        assert!(gives(&mut stage, 300) > 0);
    }
}
