//! Programs at random, judged by jq 1.8.2 itself: the same results in the same order, or both fail.
//!
//! `ORACLE_PROGRAMS=100000 cargo test -p spanwright-map oracle -- --nocapture` asks about so many; left out, 20,000.
//! A seed that differs is shown with its program and input.

use std::{
    io::{BufRead, BufReader, Write},
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use serde_json::{Value, json};
use spanwright_map::Program;

use crate::{
    dice::Dice,
    exceptions::{self, Difference},
    grow::{self, input, program},
    jq,
};

const PROGRAMS: usize = 20_000;
const BATCH: usize = 40;
/// Differences that are printed.
const SHOWN_MOST: usize = 400;
/// Differences that a row covers and that are printed.
const EXCEPTED_SHOWN_MOST: usize = 50;
const INPUTS: usize = 4;

/// jq in a process of its own.
struct Oracle {
    child: Child,
    answers: BufReader<std::process::ChildStdout>,
}

impl Oracle {
    fn start() -> Oracle {
        let peer = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/peers/jq");
        let python = peer.join(".venv/bin/python");
        let mut child = Command::new(&python)
            .arg(peer.join("ask.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|fault| panic!("{}: {fault}; tests/peers/setup.sh installs it", python.display()));
        let answers = BufReader::new(child.stdout.take().unwrap());
        Oracle { child, answers }
    }

    /// For each input, for each program: its results, with "!" behind them where it then fails.
    fn ask(&mut self, programs: &[String], inputs: &[String]) -> Vec<Vec<Vec<String>>> {
        let mut line = json!({ "programs": programs, "inputs": inputs }).to_string();
        line.push('\n');
        self.child.stdin.as_mut().unwrap().write_all(line.as_bytes()).unwrap();
        let mut answer = String::new();
        self.answers.read_line(&mut answer).unwrap();
        serde_json::from_str(&answer).unwrap_or_else(|fault| panic!("{fault}: {answer}"))
    }
}

impl Drop for Oracle {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

#[test]
fn the_oracle_agrees_with_programs_at_random() {
    let wanted = std::env::var("ORACLE_PROGRAMS").map_or(PROGRAMS, |count| count.parse().unwrap());
    let first = std::env::var("ORACLE_SEED").map_or(0, |seed| seed.parse().unwrap());
    let mut oracle = Oracle::start();
    let (mut asked, mut refused, mut compared) = (0, 0, 0);
    let mut wrong: Vec<String> = Vec::new();
    let mut excepted = vec![Vec::new(); exceptions::ALL.len()];
    let mut uses = std::collections::HashMap::<&str, usize>::new();
    let mut seed = first;
    while asked < wanted {
        let mut dice = Dice::new(seed);
        let inputs: Vec<String> = (0..INPUTS).map(|_| input(&mut dice, 3)).collect();
        let grown: Vec<String> = (0..BATCH)
            .map(|_| {
                let size = 2 + dice.roll(14);
                program(&mut dice, size)
            })
            .collect();
        let kept: Vec<String> = grown.into_iter().filter(|text| Program::of(text).is_some()).collect();
        refused += BATCH - kept.len();
        asked += kept.len();
        for text in &kept {
            for (function, _) in grow::theirs() {
                if text.contains(function.name) {
                    *uses.entry(function.name).or_default() += 1;
                }
            }
        }
        for (input, answers) in inputs.iter().zip(oracle.ask(&kept, &inputs)) {
            for (program, theirs) in kept.iter().zip(answers) {
                compared += 1;
                let (ours, theirs) = (jq::gives(program, input), theirs.join(" ").replace('!', "ERROR"));
                if same(&ours, &theirs) {
                    continue;
                }
                let difference = Difference { program, input, ours: &ours, theirs: &theirs };
                let shown = format!("seed {seed}: {program}\n  input {input}\n  jq   {theirs}\n  ours {ours}");
                match exceptions::ALL.iter().position(|exception| (exception.covers)(&difference)) {
                    Some(row) => excepted[row].push(shown),
                    None => wrong.push(shown),
                }
            }
        }
        seed += 1;
    }
    println!("{asked} programs, {compared} answers compared, {refused} refused, {} differ", wrong.len());
    for (exception, covered) in exceptions::ALL.iter().zip(&excepted) {
        println!("{:>6}  {}", covered.len(), exception.name);
        covered.iter().take(EXCEPTED_SHOWN_MOST).for_each(|difference| println!("{difference}"));
    }
    wrong.iter().take(SHOWN_MOST).for_each(|difference| println!("{difference}"));
    assert!(wrong.is_empty(), "{} of {compared} differ", wrong.len());
    assert!(refused * 10 < asked, "{refused} of {asked} were refused: too few are really compared");
    let unused: Vec<&str> = grow::theirs().map(|(function, _)| function.name).filter(|name| !uses.contains_key(name)).collect();
    assert!(unused.is_empty(), "never asked about: {unused:?}");
    let many: usize = excepted.iter().map(Vec::len).sum();
    assert!(many * 50 < compared, "{many} of {compared} answers are exceptions");
}

/// The same values in the same order; numbers as numbers, since jq computes in doubles.
fn same(ours: &str, theirs: &str) -> bool {
    if ours == theirs {
        return true;
    }
    let (Some((ours, fails)), Some((theirs, fail))) = (read(ours), read(theirs)) else { return false };
    fails == fail && ours.len() == theirs.len() && ours.iter().zip(&theirs).all(|(one, other)| alike(one, other))
}

/// The results, and whether it then fails.
pub fn read(text: &str) -> Option<(Vec<Value>, bool)> {
    let (results, fails) = match text.strip_suffix("ERROR") {
        Some(results) => (results, true),
        None => (text, false),
    };
    let values: Result<Vec<Value>, _> = serde_json::Deserializer::from_str(results).into_iter().collect();
    values.ok().map(|values| (values, fails))
}

fn alike(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => close(one.as_f64().unwrap(), other.as_f64().unwrap()),
        (Value::Array(one), Value::Array(other)) => one.len() == other.len() && one.iter().zip(other).all(|(one, other)| alike(one, other)),
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|((name, one), (have, other))| name == have && alike(one, other))
        }
        _ => one == other,
    }
}

fn close(one: f64, other: f64) -> bool {
    one == other || (one - other).abs() <= 1e-12 * one.abs().max(other.abs())
}
