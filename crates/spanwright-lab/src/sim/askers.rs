//! People who ask at a door and want an answer: what their flow asks of others changes nothing, so nothing of it is kept
//! while all goes well. Who hears nothing asks again, without a key: nobody need know that it is the same question.

use std::{
    collections::{BTreeSet, HashMap},
    time::Duration,
};

use spanwright_core::{
    desk::{Brought, Event, WaiterId, Word},
    fact::Fact,
    run::Arrival,
};

use super::{micros, plan::ASKED_FLOW, roll::Dice};
use crate::model::ModelStore;

/// Questions of one story.
const ASKED: usize = 12;
/// All of them are asked within this time.
const OPEN_FOR: Duration = Duration::from_secs(18);
/// Nobody waits longer for an answer.
const PATIENCE: Duration = Duration::from_secs(6);
/// Their waiters have numbers from here on.
const FIRST_WAITER: u64 = 1 << 32;

pub(super) struct Askers {
    /// When each asks, and whether it has an answer.
    all: Vec<(i64, bool)>,
    last: u64,
    waiting: HashMap<WaiterId, usize>,
    /// Ids of messages that people were told of: they are kept, and of whom.
    told: Vec<(usize, u128)>,
    /// Ids of messages of which nothing is kept.
    pub passed: BTreeSet<u128>,
    broken: Option<String>,
}

impl Askers {
    pub fn new(dice: &mut Dice) -> Askers {
        let all = (0..ASKED).map(|_| (dice.up_to(micros(OPEN_FOR)), false)).collect();
        Askers { all, last: FIRST_WAITER, waiting: HashMap::new(), told: Vec::new(), passed: BTreeSet::new(), broken: None }
    }

    /// What is still to be asked, and how long after the beginning: at the beginning, and after a power cut, when nobody was answered.
    pub fn plan(&mut self) -> Vec<(i64, usize)> {
        self.waiting.clear();
        self.all.iter().enumerate().filter(|(_, (_, answered))| !answered).map(|(n, (at, _))| (*at, n)).collect()
    }

    /// Asks it.
    pub fn ask(&mut self, n: usize) -> Event {
        self.last += 1;
        self.waiting.insert(WaiterId(self.last), n);
        let body = format!("{{\"id\":\"a{n}\",\"refused\":\"{}\"}}", refused(n)).into_bytes().into();
        let arrival = Arrival::new(body, Some(format!("a{n}").into()), None, None, None);
        Event::Brought(Brought { waiter: WaiterId(self.last), arrivals: vec![(ASKED_FLOW, arrival)], left_out: Vec::new() })
    }

    pub fn patience() -> i64 {
        micros(PATIENCE)
    }

    /// Whether it was asked and no answer ever came.
    pub fn waits_for(&self, n: usize) -> bool {
        !self.all[n].1
    }

    /// Hears an answer: `Some` where it asks again.
    pub fn hear(&mut self, waiter: WaiterId, word: &Word) -> Option<usize> {
        let n = self.waiting.remove(&waiter)?;
        let expected = format!("{{\"first\":\"a{n}\",\"second\":\"a{n}\"}}");
        match word {
            Word::Replied { reply, .. } if reply.body == expected.as_bytes() => {}
            Word::TimedOut { message } => self.told.push((n, *message)),
            Word::Stopped { message, .. } if !refused(n).is_empty() => self.told.push((n, *message)),
            Word::Full | Word::DiskFull => return Some(n),
            other => drop(self.broken.get_or_insert(format!("a{n} was answered {other:?}"))),
        }
        self.all[n].1 = true;
        None
    }

    /// Everybody was answered.
    pub fn at_rest(&self) -> bool {
        self.all.iter().all(|(_, answered)| *answered)
    }

    /// I17: whoever asked was answered, and rightly. I18: a message that somebody was told of is in the journal. I19: of
    /// what was answered at once nothing is, and no fact is about a run that passes. I20: what is refused is not answered at
    /// once: a person sees it.
    pub fn check(&self, store: &ModelStore) -> Result<(), String> {
        if let Some(broken) = &self.broken {
            return Err(broken.clone());
        }
        let mut taken = HashMap::new();
        for fact in store.facts() {
            match fact {
                Fact::Took(took) => drop(taken.insert(took.message, took.key.clone())),
                Fact::Settled(settled) if settled.effect.run.passes() => return Err(format!("the journal has {fact:?}")),
                Fact::Ended { run, .. } | Fact::Parked { run, .. } if run.passes() => return Err(format!("the journal has {fact:?}")),
                _ => {}
            }
        }
        if let Some(both) = self.passed.iter().find(|message| taken.contains_key(message)) {
            return Err(format!("{both:032x} was answered at once, and is kept"));
        }
        for (n, message) in &self.told {
            if taken.get(message).and_then(Option::as_deref) != Some(&*format!("a{n}")) {
                return Err(format!("a{n} was told of {message:032x}, which is gone"));
            }
        }
        let is_kept = |n: usize| taken.values().any(|key| key.as_deref() == Some(&*format!("a{n}")));
        match (0..ASKED).find(|n| !refused(*n).is_empty() && !is_kept(*n)) {
            Some(n) => Err(format!("a{n} was refused, and nobody can see it")),
            None => Ok(()),
        }
    }
}

/// What refuses a question.
fn refused(n: usize) -> &'static str {
    ["", "", "", "title", "", "count"][n % 6]
}
