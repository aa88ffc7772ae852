//! The questions of a console, and those that are asked about a record with very many states.

use std::path::Path;

use spanwright_core::fact::{AtSystem, Fact, Forget, ListFilter, Moment, PlanId, RunId, StoppedFilter, Store};
use spanwright_engine::keep::{Keep, Look, Which};
use spanwright_lab::conformance::code_of;

use crate::{
    made::{DAY, HOT},
    millis,
    promise::{Promises, QUESTION_MILLIS_MOST},
};

/// As many as there are; a number that SQLite knows.
const ALL: usize = 1 << 40;
/// How often each is asked.
const TIMES: usize = 9;

fn at_crm() -> Vec<AtSystem> {
    let at = |flow: &str| {
        let steps = vec!["crm".into()];
        AtSystem {
            flow: flow.into(),
            plan: PlanId(1),
            queues: vec![format!("{flow}.crm").into()],
            fatal: steps.clone(),
            each: Vec::new(),
            undone: Vec::new(),
            steps,
        }
    };
    vec![at("customers"), at("records")]
}

fn some(text: &str) -> Option<String> {
    Some(text.to_string())
}

/// Asks it several times, and says how long that took in the middle.
fn ask(question: &str, mut ask: impl FnMut(), verdict: impl FnOnce(f64) -> &'static str) {
    let mut times: Vec<f64> = (0..TIMES).map(|_| millis(&mut ask)).collect();
    times.sort_by(f64::total_cmp);
    let (middle, most) = (times[TIMES / 2], times[TIMES - 1]);
    println!("{question:<34} {middle:>9.1} ms in the middle, {most:.1} at most   {}", verdict(middle));
}

impl Promises {
    fn ask(&mut self, question: &str, answer: impl FnMut()) {
        ask(question, answer, |middle| self.at_most(question, middle, QUESTION_MILLIS_MOST));
    }
}

pub fn of_a_console(path: &Path, promises: &mut Promises) {
    let look = Look::open(path, code_of).unwrap();
    let by = |filter: ListFilter| drop(look.list(&ListFilter { most: 50, ..filter }).unwrap());
    let in_time =
        || ListFilter { flow: some("customers"), since: Some(Moment(20 * DAY)), until: Some(Moment(21 * DAY)), ..ListFilter::default() };
    let asked: [(&str, &dyn Fn()); 7] = [
        ("by correlation id", &|| by(ListFilter { correlation: some(&format!("{:032x}", 4_711)), ..ListFilter::default() })),
        ("the newest of a source", &|| by(ListFilter { flow: some("customers"), ..ListFilter::default() })),
        ("a source in a time", &|| by(in_time())),
        ("the newest that are open", &|| by(ListFilter { state: some("open"), ..ListFilter::default() })),
        ("open at a system", &|| by(ListFilter { at: Some(at_crm()), ..ListFilter::default() })),
        ("dead letters by cause", &|| drop(look.causes(100).unwrap())),
        ("one with its trail", &|| drop(look.show(&Which::Run(RunId(2_000))).unwrap())),
    ];
    for (question, answer) in asked {
        promises.ask(question, answer);
    }
}

/// What is asked about the hot record. What has to look at each of its states is printed, and nothing is promised of it.
pub fn of_the_hot_record(path: &Path, promises: &mut Promises) {
    let look = Look::open(path, code_of).unwrap();
    let hot = |state: Option<&str>, most| {
        look.list(&ListFilter { key: some(HOT), state: state.and_then(some), most, ..ListFilter::default() }).unwrap()
    };
    let dead: Vec<RunId> = hot(Some("dead"), ALL).iter().map(|line| line.run).collect();
    // No state of it that went on is newer than this one, so all of them have to be looked at.
    let newest = dead.iter().copied().find(|run| !look.overtaken(*run).unwrap());
    let (Some(newest), Some(oldest), Some(done)) = (newest, dead.last(), hot(Some("done"), 1).pop()) else { return };
    println!("of a record with {} states, of which {} are dead letters:", hot(None, ALL).len(), dead.len());
    promises.ask("its newest states", || drop(hot(None, 50)));
    promises.ask("whether its oldest is overtaken", || assert!(look.overtaken(*oldest).unwrap()));
    let told = |question, answer: &mut dyn FnMut()| ask(question, answer, |_| "");
    told("its dead letters", &mut || drop(hot(Some("dead"), 50)));
    told("whether its newest is overtaken", &mut || assert!(!look.overtaken(newest).unwrap()));
    let mut keep = Keep::open(path, code_of).unwrap();
    told("the same, of who writes", &mut || assert!(!keep.overtaken(newest).unwrap()));
    let of_record = StoppedFilter { key: Some(HOT.into()), ..StoppedFilter::default() };
    told("its dead letters to replay", &mut || drop(keep.stopped(&of_record, RunId(0), RunId(i64::MAX), 100).unwrap()));
    // Its newest state that is done stays, since an older one is a dead letter.
    told("whether its last may be forgotten", &mut || drop(keep.commit(&[Fact::Forgot { run: done.run, what: Forget::All }]).unwrap()));
    told("all in line at a start", &mut || drop(keep.in_line("records").unwrap()));
}
