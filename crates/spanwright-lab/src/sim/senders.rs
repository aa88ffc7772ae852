//! People who bring messages to a door, each under an `Idempotency-Key`. Who hears nothing brings the same again; some do so although
//! they were told, and some bring something else under the same key.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use spanwright_core::{
    desk::{Brought, Event, WaiterId, Word},
    run::Arrival,
};

use super::{micros, roll::Dice};

/// Messages of one story.
pub(super) const BROUGHT: usize = 6;
/// All of them are brought within this time.
const OPEN_FOR: Duration = Duration::from_secs(18);
/// Nobody waits longer for an answer.
const PATIENCE: Duration = Duration::from_secs(4);

/// What somebody is about to bring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Brings {
    /// The message.
    This(usize),
    /// Another body under the key of this message.
    Another(usize),
}

pub(super) struct Senders {
    all: Vec<Sender>,
    flow: usize,
    last: u64,
    /// Who waits, for an answer to what.
    waiting: HashMap<WaiterId, Brings>,
    /// Answers that were given to a message that had been answered before.
    pub repeated: u64,
    pub broken: Option<String>,
}

struct Sender {
    at: i64,
    /// The id that was told.
    told: Option<u128>,
    /// What is still to be brought and answered.
    left: VecDeque<Brings>,
}

impl Senders {
    pub fn new(flow: usize, dice: &mut Dice) -> Senders {
        let all = (0..BROUGHT)
            .map(|n| {
                let further: &[Brings] = match n % 4 {
                    1 => &[Brings::This(n)],
                    2 => &[Brings::This(n), Brings::Another(n)],
                    3 => &[Brings::Another(n), Brings::This(n)],
                    _ => &[],
                };
                let left = [Brings::This(n)].iter().chain(further).copied().collect();
                Sender { at: dice.up_to(micros(OPEN_FOR)), told: None, left }
            })
            .collect();
        Senders { all, flow, last: 0, waiting: HashMap::new(), repeated: 0, broken: None }
    }

    /// What is still to be brought, and how long after the beginning: at the beginning, and after a power cut, when nobody was answered.
    pub fn plan(&mut self) -> Vec<(i64, Brings)> {
        self.waiting.clear();
        let next = |sender: &Sender| Some((if sender.told.is_none() { sender.at } else { 0 }, *sender.left.front()?));
        self.all.iter().filter_map(next).collect()
    }

    /// Brings it.
    pub fn bring(&mut self, brings: Brings) -> Event {
        self.last += 1;
        let waiter = WaiterId(self.last);
        self.waiting.insert(waiter, brings);
        let (Brings::This(n) | Brings::Another(n)) = brings;
        let id: Arc<str> = format!("q{n}").into();
        let item = i64::from(matches!(brings, Brings::Another(_)));
        let body = format!("{{\"id\":\"{id}\",\"n\":{item}}}").into_bytes().into();
        Event::Brought(Brought {
            waiter,
            arrivals: vec![(self.flow, Arrival::new(body, Some(id.clone()), None, Some(id), None))],
            left_out: Vec::new(),
        })
    }

    /// How long until it is brought again where no answer comes.
    pub fn patience() -> i64 {
        micros(PATIENCE)
    }

    /// Whether the answer to this never came.
    pub fn waits_for(&self, brings: Brings) -> bool {
        self.waiting.values().any(|waits| *waits == brings)
    }

    /// Hears an answer: what is brought next.
    pub fn hear(&mut self, waiter: WaiterId, word: &Word) -> Option<Brings> {
        let brings = self.waiting.remove(&waiter)?;
        let (Brings::This(n) | Brings::Another(n)) = brings;
        let sender = &mut self.all[n];
        match (word, brings) {
            (Word::Accepted { message }, Brings::This(_)) => {
                self.repeated += u64::from(sender.told.is_some());
                if *sender.told.get_or_insert(*message) != *message {
                    self.broken.get_or_insert(format!("q{n} was accepted under two ids"));
                }
            }
            (Word::OtherBody, Brings::Another(_)) => {}
            (Word::Full | Word::DiskFull, _) => return Some(brings),
            (word, _) => drop(self.broken.get_or_insert(format!("q{n}: {brings:?} was answered {word:?}"))),
        }
        if sender.left.front() == Some(&brings) {
            sender.left.pop_front();
        }
        sender.left.front().copied()
    }

    /// Everybody was answered, and nobody has more to bring.
    pub fn at_rest(&self) -> bool {
        self.all.iter().all(|sender| sender.left.is_empty())
    }

    /// What was told, by id.
    pub fn told(&self) -> impl Iterator<Item = (String, Option<u128>)> {
        self.all.iter().enumerate().map(|(n, sender)| (format!("q{n}"), sender.told))
    }
}
