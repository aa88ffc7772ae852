//! The tests of a project: `tests/NAME.test.yaml`, played with the shipped desk, the real `ask` and `hear` and the model store.
//!
//! A case is a world of its own in a time that is only counted: what systems answer is a script, so a time-out of ten
//! seconds, a cut connection and three days of retries cost microseconds. [`read`] turns files into [`Test`]s, [`play`]
//! plays a case and says what was observed, [`judge`] compares that with what must follow, [`cover`] counts what was tried.
//!
//! What always holds: the same files give the same results to the last byte; nothing real is reached, since there is
//! nothing in here that could.

mod case;
mod compare;
pub mod cover;
mod judge;
mod knock;
mod observed;
mod play;
mod read;
mod record;
mod redact;
mod script;
mod snapshot;

use std::sync::Arc;

use spanwright_core::{door::Visit, plan::Plan};
use spanwright_shape::text::{Bundle, Problem, Problems, Span};

pub use case::{Case, Subject, Test};
pub use cover::{Coverage, Place};
pub use observed::{Observed, Sent};
pub use read::{left_out, read};
pub use redact::{redacted, written};

/// What became of one case.
#[derive(Debug)]
pub struct Played {
    /// The test's name.
    pub test: Arc<str>,
    /// The case's.
    pub case: Arc<str>,
    /// Where it stands.
    pub at: Span,
    /// What did not follow; none where all is well.
    pub problems: Vec<Problem>,
    /// The trail of a case that failed.
    pub trail: Vec<String>,
    /// An example of a record before and after, for the documents.
    pub example: Option<Example>,
    /// Requests to our doors and their answers, of a case that holds, likewise.
    pub visits: Vec<Visit>,
}

/// A record that a map read and what it made of it, both JSON.
#[derive(Clone, Debug)]
pub struct Example {
    /// The map.
    pub map: Arc<str>,
    /// What it read.
    pub given: Arc<[u8]>,
    /// What it made.
    pub made: Arc<[u8]>,
}

/// What became of all of them.
#[derive(Debug, Default)]
pub struct Report {
    /// In the order of the files.
    pub cases: Vec<Played>,
    /// What was tried.
    pub coverage: Coverage,
    /// Snapshots as they are now, by path: to be written where they are to be updated.
    pub snapshots: Vec<(String, Vec<u8>)>,
}

impl Report {
    /// Cases that failed.
    pub fn failed(&self) -> usize {
        self.cases.iter().filter(|case| !case.problems.is_empty()).count()
    }

    /// Everything that did not follow.
    pub fn problems(&self) -> Problems {
        let mut all = Problems::new();
        self.cases.iter().flat_map(|case| &case.problems).for_each(|problem| all.push(problem.clone()));
        all
    }
}

/// How tests are played.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options<'o> {
    /// Only cases in whose `test: case` this stands.
    pub only: Option<&'o str>,
    /// Snapshots are taken and not compared.
    pub update: bool,
}

/// Plays them.
pub fn play(tests: &[Test], plan: &Arc<Plan>, bundle: &Bundle, options: Options<'_>) -> Report {
    let mut report = Report { coverage: Coverage::of(plan), ..Report::default() };
    for test in tests {
        let wanted = |case: &&Case| options.only.is_none_or(|only| format!("{}: {}", test.name, case.name).contains(only));
        for case in test.cases.iter().filter(wanted) {
            let played = one(test, case, plan, bundle, options, &mut report);
            report.cases.push(played);
        }
    }
    report
}

fn one(test: &Test, case: &Case, plan: &Arc<Plan>, bundle: &Bundle, options: Options<'_>, report: &mut Report) -> Played {
    let mut problems = Problems::new();
    let (mut trail, mut example, mut visits) = (Vec::new(), None, Vec::new());
    let snapshot = match (&test.subject, &case.what) {
        (Subject::Flow(flow), case::What::Story(story)) => {
            let stage = play::Stage { plan, flow: *flow, test, story, name: &case.name, at: case.at };
            let (observed, made) = play::play(&stage, &report.coverage, &mut problems);
            visits = made;
            judge::story(&story.then, &observed, &mut problems);
            let taken = story.then.snapshot.map(|at| (at, observed.snapshot()));
            trail = observed.trail;
            taken
        }
        (Subject::Map(map), case::What::Record(record)) => {
            let made = record::make(&plan.maps[*map], record, &report.coverage);
            judge::record(record, &made, &mut problems);
            example = made.as_ref().ok().map(|made| Example {
                map: plan.maps[*map].name.clone(),
                given: record.given.clone(),
                made: made.clone(),
            });
            record.snapshot.and_then(|at| Some((at, made.ok()?.to_vec())))
        }
        _ => None,
    };
    if let Some((at, now)) = snapshot {
        let path = snapshot::path(&test.name, &case.name);
        let now = snapshot::pretty(&now);
        if !options.update {
            snapshot::compare(bundle, &path, &now, at, &mut problems);
        }
        report.snapshots.push((path, now));
    }
    let problems: Vec<Problem> = problems.iter().cloned().collect();
    match problems.is_empty() {
        true => trail.clear(),
        false => visits.clear(),
    }
    Played { test: test.name.clone(), case: case.name.clone(), at: case.at, problems, trail, example, visits }
}
