#![allow(clippy::unwrap_used)]

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, mpsc},
    time::Duration,
};

use spanwright_core::desk::{Haste, Ticket};
use spanwright_core::fact::{
    Ending, Fact, Forget, InLine, Letter, Moment, Old, Opening, PlanBundle, PlanId, Print, Receipt, Root, RunFile, RunId, Seen,
    StoppedBundle, StoppedFilter, StoppedRun, Store, StoreFault, Took, Turn,
};
use spanwright_core::plan::KeepFor;
use spanwright_lab::model::ModelStore;

use super::{Kept, Retention, WRITER_JOBS_MOST, Word, Writer};
use crate::clock::{Clock, Reading};

/// A store whose next commits go as scripted, and that waits for a word before each where it is told to.
#[derive(Default)]
struct Scripted {
    model: ModelStore,
    faults: VecDeque<StoreFault>,
    gate: Option<mpsc::Receiver<()>>,
    sizes: Arc<Mutex<Vec<usize>>>,
}

impl Store for Scripted {
    fn commit(&mut self, facts: &[Fact]) -> Result<Vec<Receipt>, StoreFault> {
        if let Some(gate) = &self.gate {
            let _open_for_good = gate.recv();
        }
        if let Some(fault) = self.faults.pop_front() {
            return Err(fault);
        }
        self.sizes.lock().unwrap().push(facts.len());
        self.model.commit(facts)
    }
    fn opening(&mut self) -> Result<Opening, StoreFault> {
        self.model.opening()
    }
    fn plan(&mut self, plan: &PlanBundle) -> Result<PlanId, StoreFault> {
        self.model.plan(plan)
    }
    fn plan_bundle(&mut self, plan: PlanId) -> Result<Option<PlanBundle>, StoreFault> {
        self.model.plan_bundle(plan)
    }
    fn active(&mut self, flow: &str, after: RunId, most: usize) -> Result<Vec<RunFile>, StoreFault> {
        self.model.active(flow, after, most)
    }
    fn due(&mut self, queue: &str, from: Turn, now: Moment, most: usize) -> Result<(Vec<RunFile>, Option<Turn>), StoreFault> {
        self.model.due(queue, from, now, most)
    }
    fn runs(&mut self, runs: &[RunId]) -> Result<Vec<RunFile>, StoreFault> {
        self.model.runs(runs)
    }
    fn sent(&mut self, keys: &[(Arc<str>, Arc<str>)]) -> Result<Vec<Option<Print>>, StoreFault> {
        self.model.sent(keys)
    }
    fn deaths(&mut self, flow: &str, since: Moment, most: usize) -> Result<Vec<Moment>, StoreFault> {
        self.model.deaths(flow, since, most)
    }

    fn is_within_a_round(&mut self, flow: &str) -> Result<bool, StoreFault> {
        self.model.is_within_a_round(flow)
    }

    fn in_line(&mut self, flow: &str) -> Result<Vec<InLine>, StoreFault> {
        self.model.in_line(flow)
    }

    fn overtaken(&mut self, run: RunId) -> Result<bool, StoreFault> {
        self.model.overtaken(run)
    }

    fn letter(&mut self, message: u128) -> Result<Option<Letter>, StoreFault> {
        self.model.letter(message)
    }
    fn stopped(&mut self, filter: &StoppedFilter, after: RunId, upto: RunId, most: usize) -> Result<Vec<StoppedRun>, StoreFault> {
        self.model.stopped(filter, after, upto, most)
    }
    fn bundles(&mut self, runs: &[RunId]) -> Result<Vec<StoppedBundle>, StoreFault> {
        self.model.bundles(runs)
    }

    fn troubles(&mut self, _stuck: u32, _most: usize) -> Result<Vec<spanwright_core::alert::Trouble>, StoreFault> {
        Ok(Vec::new())
    }

    fn tally(&mut self, flow: &str, upto: RunId) -> Result<Option<spanwright_core::fact::Tally>, StoreFault> {
        self.model.tally(flow, upto)
    }

    fn old(&mut self, what: Forget, after: RunId, before: Moment, window: usize) -> Result<Old, StoreFault> {
        self.model.old(what, after, before, window)
    }
    fn tidy(&mut self, now: Moment, before: Moment) -> Result<bool, StoreFault> {
        self.model.tidy(now, before)
    }
}

fn took(key: &str) -> Fact {
    Fact::Took(Box::new(Took {
        message: u128::from(key.as_bytes()[0]),
        source: "in.poll".into(),
        correlation: key.into(),
        at: Moment(1),
        key: None,
        version: None,
        body: b"{}".as_slice().into(),
        beside: None,
        flow: "in".into(),
        root: Root(1),
        plan: PlanId(1),
        seen: Some(Seen { scope: "in.poll".into(), key: key.into(), print: None, held: None, until: Moment(9) }),
        about: None,
        fault: None,
    }))
}

fn started(store: Scripted, retry: Duration) -> (Writer, mpsc::Receiver<Word>) {
    let (tell, told) = mpsc::channel();
    let writer = Writer::start(Box::new(store), retry, None, move |word| {
        let _nobody_listens = tell.send(word);
    });
    (writer.unwrap(), told)
}

fn taken(run: i64) -> Receipt {
    Receipt::Taken(RunId(run))
}

/// All that is said from now to the end.
fn rest(words: &mpsc::Receiver<Word>) -> Vec<String> {
    words.iter().map(|word| format!("{word:?}")).collect()
}

/// The next commit that is kept, alone in its group.
fn kept(words: &mpsc::Receiver<Word>) -> Vec<Receipt> {
    match words.recv_timeout(Duration::from_secs(60)).unwrap() {
        Word::Kept(group) if group.len() == 1 => group.into_iter().next().unwrap().receipts,
        other => panic!("{other:?}"),
    }
}

#[test]
fn commits_that_wait_share_a_sync_and_each_gets_its_own_facts_and_receipts() {
    let (open, gate) = mpsc::channel();
    let store = Scripted { gate: Some(gate), ..Scripted::default() };
    let sizes = store.sizes.clone();
    let (writer, words) = started(store, Duration::ZERO);
    let all = [vec![took("a")], vec![took("b"), took("a")], vec![], vec![took("c")]];
    for (place, facts) in (0..).zip(all.clone()) {
        writer.handle().commit(Ticket(place), facts, Haste::Now);
    }
    drop(open);
    writer.stop();
    let groups = words.iter().map(|word| match word {
        Word::Kept(group) => group,
        other => panic!("{other:?}"),
    });
    let kept: Vec<Kept> = groups.flatten().collect();
    let receipts = [vec![taken(1)], vec![taken(2), Receipt::Duplicate], vec![], vec![taken(3)]];
    let told = (0..).zip(all).zip(receipts).map(|((place, facts), receipts)| Kept { ticket: Ticket(place), facts, receipts });
    assert_eq!(format!("{kept:?}"), format!("{:?}", told.collect::<Vec<_>>()));
    // The first may have gone alone, before the others were handed in; all that waited behind it went together.
    assert!(sizes.lock().unwrap().len() <= 2, "{sizes:?}");
}

#[test]
fn what_nobody_waits_for_shares_the_sync_of_the_next_and_goes_by_itself_where_there_is_none() {
    let store = Scripted::default();
    let sizes = store.sizes.clone();
    let (writer, words) = started(store, Duration::ZERO);
    writer.handle().commit(Ticket(1), vec![took("a")], Haste::WithTheNext);
    assert_eq!(kept(&words), [taken(1)]);
    // Three that follow each other at once share a sync, or two where this thread is held up between them.
    writer.handle().commit(Ticket(2), vec![took("b")], Haste::WithTheNext);
    writer.handle().commit(Ticket(3), vec![took("c")], Haste::WithTheNext);
    writer.handle().commit(Ticket(4), vec![took("d")], Haste::Now);
    writer.stop();
    assert!(sizes.lock().unwrap().len() <= 3, "{sizes:?}");
    assert_eq!(sizes.lock().unwrap().iter().sum::<usize>(), 4);
}

#[test]
fn a_question_knows_of_the_commits_before_it() {
    for haste in [Haste::Now, Haste::WithTheNext] {
        let (writer, _) = started(Scripted::default(), Duration::ZERO);
        let (tell, told) = mpsc::channel();
        writer.handle().commit(Ticket(1), vec![took("a")], haste);
        writer.handle().ask(move |store| tell.send(store.unwrap().runs(&[RunId(1)]).unwrap().len()).unwrap());
        assert_eq!(told.recv().unwrap(), 1);
    }
}

#[test]
fn a_full_disk_is_retried_until_there_is_room_and_nothing_is_lost() {
    let faults = VecDeque::from([StoreFault::Full, StoreFault::Full]);
    let (writer, words) = started(Scripted { faults, ..Scripted::default() }, Duration::from_millis(1));
    writer.handle().commit(Ticket(1), vec![took("a")], Haste::Now);
    assert!(matches!([(); 3].map(|()| words.recv().unwrap()), [Word::Full, Word::Full, Word::Room]));
    assert_eq!(kept(&words), [taken(1)]);
}

#[test]
fn a_writer_that_is_stopped_does_not_wait_for_room() {
    let faults = VecDeque::from(vec![StoreFault::Full; 1000]);
    let (writer, words) = started(Scripted { faults, ..Scripted::default() }, Duration::from_secs(3600));
    writer.handle().commit(Ticket(1), vec![took("a")], Haste::Now);
    assert!(matches!(words.recv().unwrap(), Word::Full));
    writer.stop();
    assert_eq!(rest(&words), ["GaveUp"]);
}

#[test]
fn whoever_is_held_up_by_a_full_disk_is_let_go_when_room_is_waited_for_no_longer_and_nothing_behind_it_is_kept() {
    // There would be room for what comes behind the first.
    let store = Scripted { faults: VecDeque::from(vec![StoreFault::Full; 2]), ..Scripted::default() };
    let sizes = store.sizes.clone();
    let (writer, words) = started(store, Duration::from_secs(3600));
    writer.handle().commit(Ticket(1), vec![took("a")], Haste::Now);
    assert!(matches!(words.recv().unwrap(), Word::Full));
    let (hand, hurry) = (writer.handle(), writer.hurry());
    let one_more_than_may_wait = (2..).take(WRITER_JOBS_MOST + 1);
    let brings =
        std::thread::spawn(move || one_more_than_may_wait.for_each(|ticket| hand.commit(Ticket(ticket), vec![took("b")], Haste::Now)));
    hurry.wait_while(|| false);
    brings.join().unwrap();
    writer.stop();
    assert_eq!(rest(&words), ["GaveUp"]);
    assert!(sizes.lock().unwrap().is_empty());
}

/// What is old goes in steps, and the next one comes no sooner than it may, whatever is handed in meanwhile.
#[test]
fn a_step_of_the_retention_waits_for_its_time() {
    let mut store = Scripted::default();
    for n in 0..250_u128 {
        let Fact::Took(took) = took("a") else { unreachable!() };
        let old = Fact::Took(Box::new(Took { message: n, seen: None, ..*took }));
        store.model.commit(&[old, Fact::Ended { run: RunId(n as i64 + 1), ending: Ending::Done, at: Moment(1) }]).unwrap();
    }
    let sizes = store.sizes.clone();
    // Its hands stand still.
    let wall = Duration::from_secs(900 * 24 * 3600);
    let clock = Arc::new(Clock::reading(move || Reading { counted: Duration::ZERO, wall }));
    let retention = Retention::new(KeepFor::default(), clock, Moment::default());
    let (tell, words) = mpsc::channel();
    let said = move |word| drop(tell.send(word));
    let writer = Writer::start(Box::new(store), Duration::ZERO, Some(retention), said).unwrap();
    for ticket in 0..20 {
        writer.handle().commit(Ticket(ticket), vec![took("a")], Haste::Now);
        while !matches!(words.recv().unwrap(), Word::Kept(_)) {}
    }
    writer.stop();
    assert_eq!(sizes.lock().unwrap().iter().filter(|facts| **facts > 1).collect::<Vec<_>>(), [&100]);
}

#[test]
fn a_broken_store_is_told_once_and_not_touched_again() {
    let broken = StoreFault::Broken("the disk failed".into());
    let store = Scripted { faults: VecDeque::from([broken.clone()]), ..Scripted::default() };
    let sizes = store.sizes.clone();
    let (writer, words) = started(store, Duration::ZERO);
    writer.handle().commit(Ticket(1), vec![took("a")], Haste::Now);
    assert!(matches!(words.recv().unwrap(), Word::Broken(words) if words == "the disk failed"));
    writer.handle().commit(Ticket(2), vec![took("b")], Haste::Now);
    let (tell, told) = mpsc::channel();
    writer.handle().ask(move |store| tell.send(store.err()).unwrap());
    assert_eq!(told.recv().unwrap(), Some(broken));
    writer.stop();
    assert!(rest(&words).is_empty());
    assert!(sizes.lock().unwrap().is_empty());
}

#[test]
fn who_asks_after_the_end_is_answered_too() {
    let (writer, _) = started(Scripted::default(), Duration::ZERO);
    let late = writer.handle();
    writer.stop();
    let (tell, told) = mpsc::channel();
    late.ask(move |store| tell.send(store.err()).unwrap());
    assert!(matches!(told.recv().unwrap(), Some(StoreFault::Broken(words)) if words.contains("closed")));
}
