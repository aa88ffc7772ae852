//! A request, from what was read of it to what the desk is told; and the desk's word back to what its sender is told.
//!
//! The engine has the sockets, the tests of a project have a script: between the two, both come by here. Always: a
//! request that is refused here was not taken.

use std::{sync::Arc, time::Duration};

use spanwright_shape::{room::Room, text::Failure};

use super::{Admitted, Asked, ClientSettings, Door, HttpAnswer, Keys, Received, Refused, Request, Routes, Said};
use crate::{
    codes,
    connector::With,
    desk::Word,
    plan::Served,
    run::{Arrival, intake, message_id},
};

/// The paths under which the state of a message can be asked.
pub const MESSAGES: &str = "/api/v1/messages/";

/// What a request turned out to be.
#[derive(Debug)]
pub enum Taken {
    /// A message, for each flow that serves what was asked and takes it.
    Message(Message),
    /// Nothing to keep: this is the answer.
    Answer(HttpAnswer),
    /// It is not taken.
    Refused {
        /// Why.
        refused: Refused,
        /// The same, as its sender is told it.
        answer: HttpAnswer,
    },
    /// Nobody can say who came before this key set is fetched.
    Wants(String),
}

/// A message that somebody brought.
#[derive(Debug)]
pub struct Message {
    /// What was asked, for the answer.
    pub asked: Asked,
    /// Numbers of flows, and what it is for each.
    pub arrivals: Vec<(usize, Arrival)>,
    /// Flows whose `when` leaves it out.
    pub left_out: Vec<usize>,
    /// How long its sender waits for a reply; zero where it does not.
    pub patience: Duration,
}

impl Message {
    /// The sender's correlation id.
    pub fn correlation(&self) -> Option<String> {
        self.arrivals.first().and_then(|(_, arrival)| arrival.correlation.as_deref().map(String::from))
    }
}

/// Who is at the door: known by the caller of [`receive`], or to be found out by the door's guard.
#[derive(Clone, Copy)]
pub enum Who<'w> {
    /// Whoever the guard says it is.
    Guarded(&'w dyn Keys),
    /// This client: a test says so.
    Client(&'w Arc<str>),
}

/// Lets a door take a request apart.
pub fn receive<'r>(routes: &'r Routes, door: usize, request: &Request<'r>, who: Who<'_>, with: &With<'_>, room: &'r Room) -> Taken {
    let plan = routes.door(door);
    let refuse = |asked, refused: Refused| Taken::Refused { answer: plan.door.answer(asked, &Said::Refused(&refused)), refused };
    let client = match (who, plan.guard.as_ref().filter(|_| !plan.door.is_open_to(request))) {
        (Who::Client(name), _) => Some(name.clone()),
        (Who::Guarded(_), None) => None,
        (Who::Guarded(keys), Some(guard)) => match guard.admit(request, with, keys) {
            Ok(Admitted::Client(name)) => Some(name),
            Ok(Admitted::Wants(url)) => return Taken::Wants(url),
            Err(refused) => return Taken::Refused { answer: plan.door.refuse(request, &refused), refused },
        },
    };
    let secret = plan.guard.as_ref().map(|guard| guard.secret_headers()).unwrap_or_default();
    let incoming = match plan.door.receive(&without(secret, request, room), with, room) {
        Ok(Received::Message(incoming)) => incoming,
        Ok(Received::Answer(answer)) => return Taken::Answer(answer),
        Err(refused) => return refuse(None, refused),
    };
    let asked = Asked { operation: incoming.operation, dialect: incoming.dialect };
    let operation = &plan.door.interface().operations[asked.operation].name;
    if let Some(client) = client.as_ref().filter(|client| !may_ask(&plan.clients, client, operation)) {
        let says = format!("`{client}` may not ask for `{operation}`");
        return refuse(Some(asked), Refused::new(403, Failure::new(&codes::NOT_ALLOWED, says)));
    }
    let flows = routes.flows(door, asked.operation);
    if flows.is_empty() {
        let says = "no flow of the project serves this operation";
        return refuse(None, Refused::new(501, Failure::new(&codes::NOT_SERVED, says)));
    }
    let mut message = Message { asked, arrivals: Vec::new(), left_out: Vec::new(), patience: Duration::ZERO };
    for flow in flows {
        let Some(source) = routes.plan.flows[*flow].source.as_ref() else { continue };
        match intake::brought(source, &incoming, room) {
            Ok(Some(arrival)) => message.arrivals.push((*flow, Arrival { client: client.clone(), ..arrival })),
            Ok(None) => {
                message.left_out.push(*flow);
                continue;
            }
            Err(failure) => return refuse(Some(asked), Refused::new(400, failure)),
        }
        message.patience = message.patience.max(source.served().and_then(|served: &Served| served.reply_within).unwrap_or_default());
    }
    Taken::Message(message)
}

/// The request, without what shows who sent it.
fn without<'r>(secret: &[Arc<str>], request: &Request<'r>, room: &'r Room) -> Request<'r> {
    let is_secret = |name: &str| secret.iter().any(|secret| **secret == *name);
    if !request.headers.iter().any(|(name, _)| is_secret(name)) {
        return *request;
    }
    let kept: Vec<_> = request.headers.iter().copied().filter(|(name, _)| !is_secret(name)).collect();
    Request { headers: room.bump().alloc_slice_copy(&kept), ..*request }
}

fn may_ask(clients: &[ClientSettings], client: &str, operation: &str) -> bool {
    let may = clients.iter().find(|known| &*known.name == client).and_then(|known| known.may.as_ref());
    may.is_none_or(|may| may.iter().any(|(allowed, _)| **allowed == *operation))
}

/// The desk's word, as a door writes it.
pub fn answer(door: &dyn Door, asked: Asked, word: &Word) -> HttpAnswer {
    let say = |said: &Said<'_>| door.answer(Some(asked), said);
    match word {
        Word::Accepted { message } => {
            let id = message_id(*message);
            say(&Said::Accepted { id: &id, at: &format!("{MESSAGES}{id}") })
        }
        Word::Replied { reply, .. } => say(&Said::Replied(reply)),
        Word::Finished { message } => say(&Said::Finished { id: &message_id(*message) }),
        Word::Repeated => say(&Said::Repeated),
        Word::LeftOut => say(&Said::LeftOut),
        Word::Stopped { .. }
        | Word::TimedOut { .. }
        | Word::OtherBody
        | Word::InProgress
        | Word::Full
        | Word::DiskFull
        | Word::Stopping => say(&Said::Refused(&refusal(word))),
    }
}

/// Why the desk did not take it; `None` where it did.
pub fn not_taken(word: &Word) -> Option<Refused> {
    match word {
        Word::OtherBody | Word::InProgress | Word::Full | Word::DiskFull | Word::Stopping => Some(refusal(word)),
        Word::Accepted { .. }
        | Word::Replied { .. }
        | Word::Finished { .. }
        | Word::Repeated
        | Word::LeftOut
        | Word::Stopped { .. }
        | Word::TimedOut { .. } => None,
    }
}

/// Words that are refusals.
fn refusal(word: &Word) -> Refused {
    let refused = |status, code, says: &str| Refused::new(status, Failure::new(code, says));
    match word {
        Word::Stopped { message, node, code } => {
            let says = format!("message {} stopped at `{node}`: {}", message_id(*message), code.title);
            refused(502, &codes::FLOW_STOPPED, &says)
        }
        Word::TimedOut { message } => {
            let says = format!("message {} is kept, and its flow has not replied in time", message_id(*message));
            refused(504, &codes::NO_REPLY_IN_TIME, &says)
        }
        Word::OtherBody => {
            refused(422, &codes::KEY_REUSED, "Idempotency-Key is already used: this event came before with another body, path or query")
        }
        Word::InProgress => refused(409, &codes::IN_PROGRESS, "A request is outstanding for this Idempotency-Key: its flow has not ended")
            .with("retry-after", "1"),
        Word::Stopping => stopping(),
        Word::DiskFull => full_disk(),
        _ => no_room(),
    }
}

/// There is no room for a message now.
pub fn no_room() -> Refused {
    Refused::new(503, Failure::new(&codes::NO_ROOM, "there are as many open messages as there may be")).with("retry-after", "10")
}

/// The disk is full, or only that is left which the open messages need.
pub fn full_disk() -> Refused {
    Refused::new(507, Failure::new(&codes::NO_ROOM, "the disk is full: nothing is taken in until there is room")).with("retry-after", "30")
}

/// We are about to end.
pub fn stopping() -> Refused {
    Refused::new(503, Failure::new(&codes::STOPPING, "we are about to end and take nothing in any more")).with("retry-after", "5")
}

/// Nobody can say who asks before a key set can be had.
pub fn no_keys() -> Refused {
    Refused::new(503, Failure::new(&codes::WHO, "the keys that verify the token cannot be had now")).with("retry-after", "30")
}
