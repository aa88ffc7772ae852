#![allow(clippy::unwrap_used)]

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, mpsc},
    time::Duration,
};

use spanwright_core::fact::{
    Fact, Forget, InLine, Letter, Moment, Old, Opening, PlanBundle, PlanId, Print, Receipt, Root, RunFile, RunId, Seen, StoppedFilter,
    StoppedRun, Store, StoreFault, Took, Turn,
};
use spanwright_lab::model::ModelStore;

use super::{Word, Writer};

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

/// Hands in commits and gives what was answered to each.
fn answers(writer: &Writer, commits: Vec<Vec<Fact>>) -> Vec<Result<Vec<Receipt>, StoreFault>> {
    let (tell, told) = mpsc::channel();
    for facts in commits {
        let tell = tell.clone();
        writer.handle().commit(facts, move |result| tell.send(result).unwrap());
    }
    drop(tell);
    told.iter().collect()
}

fn started(store: Scripted, retry: Duration) -> (Writer, mpsc::Receiver<Word>) {
    let (tell, told) = mpsc::channel();
    let writer = Writer::start(Box::new(store), retry, None, move |word| {
        let _nobody_listens = tell.send(word);
    });
    (writer.unwrap(), told)
}

#[test]
fn commits_that_wait_share_a_sync_and_each_gets_its_own_receipts() {
    let (open, gate) = mpsc::channel();
    let store = Scripted { gate: Some(gate), ..Scripted::default() };
    let sizes = store.sizes.clone();
    let (writer, _) = started(store, Duration::ZERO);
    let (tell, told) = mpsc::channel();
    for (place, facts) in [vec![took("a")], vec![took("b"), took("a")], vec![], vec![took("c")]].into_iter().enumerate() {
        let tell = tell.clone();
        writer.handle().commit(facts, move |result| tell.send((place, result.unwrap())).unwrap());
    }
    drop(open);
    let receipts: Vec<_> = told.iter().take(4).map(|(_, receipts)| receipts).collect();
    let taken = |run| Receipt::Taken(RunId(run));
    assert_eq!(receipts, [vec![taken(1)], vec![taken(2), Receipt::Duplicate], vec![], vec![taken(3)]]);
    writer.stop();
    // The first may have gone alone, before the others were handed in; all that waited behind it went together.
    assert!(sizes.lock().unwrap().len() <= 2, "{sizes:?}");
}

#[test]
fn a_question_knows_of_the_commits_before_it() {
    let (writer, _) = started(Scripted::default(), Duration::ZERO);
    let (tell, told) = mpsc::channel();
    writer.handle().commit(vec![took("a")], |_| {});
    writer.handle().ask(move |store| tell.send(store.unwrap().runs(&[RunId(1)]).unwrap().len()).unwrap());
    assert_eq!(told.recv().unwrap(), 1);
}

#[test]
fn a_full_disk_is_retried_until_there_is_room_and_nothing_is_lost() {
    let faults = VecDeque::from([StoreFault::Full, StoreFault::Full]);
    let (writer, words) = started(Scripted { faults, ..Scripted::default() }, Duration::from_millis(1));
    assert_eq!(answers(&writer, vec![vec![took("a")]]), [Ok(vec![Receipt::Taken(RunId(1))])]);
    assert_eq!(words.iter().take(3).collect::<Vec<_>>(), [Word::Full, Word::Full, Word::Room]);
}

#[test]
fn a_writer_that_is_stopped_does_not_wait_for_room() {
    let faults = VecDeque::from(vec![StoreFault::Full; 1000]);
    let (writer, words) = started(Scripted { faults, ..Scripted::default() }, Duration::from_secs(3600));
    let (tell, told) = mpsc::channel();
    writer.handle().commit(vec![took("a")], move |result| tell.send(result).unwrap());
    assert_eq!(words.recv().unwrap(), Word::Full);
    writer.stop();
    assert_eq!(told.recv().unwrap(), Err(StoreFault::Full));
}

#[test]
fn a_broken_store_is_told_once_and_not_touched_again() {
    let broken = StoreFault::Broken("the disk failed".into());
    let (writer, words) = started(Scripted { faults: VecDeque::from([broken.clone()]), ..Scripted::default() }, Duration::ZERO);
    assert_eq!(answers(&writer, vec![vec![took("a")]]), [Err(broken.clone())]);
    assert_eq!(answers(&writer, vec![vec![took("b")]]), [Err(broken)]);
    writer.stop();
    assert_eq!(words.iter().collect::<Vec<_>>(), [Word::Broken("the disk failed".into())]);
}

#[test]
fn who_comes_after_the_end_is_answered_too() {
    let (writer, _) = started(Scripted::default(), Duration::ZERO);
    let late = writer.handle();
    writer.stop();
    let (tell, told) = mpsc::channel();
    late.commit(vec![took("a")], move |result| tell.send(result).unwrap());
    assert!(matches!(told.recv().unwrap(), Err(StoreFault::Broken(words)) if words.contains("closed")));
}
