//! What was sent and of which nothing is known yet: each message has a number, and its end is told once.

use std::collections::{BTreeMap, HashMap};

use tokio::sync::oneshot;

use super::{super::frame::Properties, Fault};

/// What became of a message.
#[derive(Clone, Debug, PartialEq)]
pub enum Confirm {
    /// The broker has it, in all queues that it was routed to.
    Taken,
    /// The broker could not take it.
    NotTaken,
    /// No queue wants it: the broker's code and words.
    Returned(u16, String),
    /// The broker has blocked us: nothing was sent.
    Blocked(String),
    /// The channel or connection was closed; whether the message can have been read, and whether it is the only one that was open.
    Lost { maybe: bool, alone: bool, fault: Fault },
}

/// A message on its way out.
pub struct Message {
    pub exchange: String,
    pub routing_key: String,
    pub properties: Properties,
    pub body: Vec<u8>,
}

/// All of them.
#[derive(Default)]
pub(super) struct Sent {
    /// The number of the last message.
    last: u64,
    batches: Vec<Batch>,
    open: BTreeMap<u64, Open>,
    by_id: HashMap<String, u64>,
}

/// Messages of one order, and what is known of them.
struct Batch {
    confirms: Vec<Option<Confirm>>,
    left: usize,
    reply: Option<oneshot::Sender<Vec<Confirm>>>,
}

/// A message whose end is not known.
struct Open {
    batch: usize,
    place: usize,
    /// How many bytes stood before it on this connection.
    from: u64,
    id: Option<String>,
    returned: Option<(u16, String)>,
}

impl Sent {
    /// So many messages are about to go, and somebody waits for what becomes of them. Gives the batch's place.
    pub fn batch(&mut self, messages: usize, reply: oneshot::Sender<Vec<Confirm>>) -> usize {
        let place = self.batches.iter().position(|batch| batch.reply.is_none()).unwrap_or(self.batches.len());
        let batch = Batch { confirms: vec![None; messages], left: messages, reply: Some(reply) };
        match self.batches.get_mut(place) {
            Some(free) => *free = batch,
            None => self.batches.push(batch),
        }
        place
    }

    /// One of them goes: `from` is how many bytes stand before it on this connection.
    pub fn goes(&mut self, batch: usize, place: usize, from: u64, id: Option<String>) {
        self.last += 1;
        self.by_id.extend(id.clone().map(|id| (id, self.last)));
        self.open.insert(self.last, Open { batch, place, from, id, returned: None });
    }

    /// One came back. What the broker says of it comes later.
    pub fn returned(&mut self, id: Option<&str>, returned: (u16, String)) {
        let number = id.and_then(|id| self.by_id.get(id));
        if let Some(open) = number.and_then(|number| self.open.get_mut(number)) {
            open.returned = Some(returned);
        }
    }

    /// The broker has taken them, or could not.
    pub fn confirmed(&mut self, tag: u64, several: bool, taken: bool) {
        let numbers: Vec<u64> = match several {
            // Number zero: all that there are (AMQP 0-9-1, `basic.ack`).
            true if tag == 0 => self.open.keys().copied().collect(),
            true => self.open.range(..=tag).map(|(number, _)| *number).collect(),
            false => vec![tag],
        };
        for number in numbers {
            let Some(open) = self.open.remove(&number) else { continue };
            let confirm = match (open.returned.clone(), taken) {
                (Some((code, words)), _) => Confirm::Returned(code, words),
                (None, true) => Confirm::Taken,
                (None, false) => Confirm::NotTaken,
            };
            self.settle(&open, confirm);
        }
    }

    fn settle(&mut self, open: &Open, confirm: Confirm) {
        if let Some(id) = &open.id {
            self.by_id.remove(id);
        }
        let Some(batch) = self.batches.get_mut(open.batch) else { return };
        batch.confirms[open.place] = Some(confirm);
        batch.left -= 1;
        if let (0, Some(reply)) = (batch.left, if batch.left == 0 { batch.reply.take() } else { None }) {
            let _gone = reply.send(std::mem::take(&mut batch.confirms).into_iter().flatten().collect());
        }
    }

    /// Nothing more will be told of those that are open; so many bytes were written.
    pub fn lose(&mut self, fault: &Fault, written: u64) {
        let alone = self.open.len() == 1;
        for (_, open) in std::mem::take(&mut self.open) {
            let confirm = Confirm::Lost { maybe: written > open.from, alone, fault: fault.clone() };
            self.settle(&open, confirm);
        }
    }
}
