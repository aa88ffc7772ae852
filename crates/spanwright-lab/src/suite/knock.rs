//! Requests that others make to us: through the very doors that the engine has, and answered by them.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};

use spanwright_core::{
    connector::With,
    desk::{Brought, Event, WaiterId, Word},
    door::{
        Brings, Carries, Found, HttpAnswer, Keys, Pretended, Request, Visit,
        pretend::ORIGIN,
        reception::{self, Taken, Who},
    },
};
use spanwright_shape::{json, room::Room, text::Span};

use super::{
    case::{Content, Knock},
    observed::Heard,
    play::Player,
};
use crate::codes;

/// No key set is fetched in a test: who brings a token says so by `client:`.
struct NoKeys;

impl Keys for NoKeys {
    fn set(&self, _: &str) -> Option<Arc<str>> {
        None
    }

    fn may_be_asked_again(&self, _: &str) -> bool {
        false
    }
}

impl Knock {
    /// A sender that brings a message and says nothing else.
    pub(super) fn of_message(body: Arc<[u8]>, at: Span) -> Knock {
        Knock { at, path: Vec::new(), query: Vec::new(), headers: Vec::new(), body: Content::Json(body), client: None }
    }
}

impl Player<'_> {
    /// A sender makes a request.
    pub(super) fn knock(&mut self, knock: &Knock) {
        let number = self.observed.replies.len();
        let Some((door, operation)) = self.served() else {
            return self.to.error(&codes::CANNOT, knock.at, "nobody brings messages to this flow".to_string(), None);
        };
        self.observed.replies.push(None);
        let made = match self.written(door, operation, knock) {
            Ok(made) => made,
            Err(says) => return self.to.error(&codes::CANNOT, knock.at, format!("no sender can say this: {says}"), None),
        };
        match self.received(&made, knock.client.as_ref()) {
            Err(answer) => self.observed.replies[number] = Some(Heard { answer, reply: None }),
            Ok((door, message)) => {
                self.next += 1;
                let waiter = WaiterId(self.next);
                self.senders.insert(waiter, (number, door, message.asked));
                // Of a request that several flows take, only this one's part is played.
                let arrivals: Vec<_> = message.arrivals.into_iter().filter(|(flow, _)| *flow == self.stage.flow).collect();
                if arrivals.is_empty() {
                    self.coverage.taken(&self.stage.plan.flows[self.stage.flow].name, false);
                }
                self.soon.push_back(Event::Brought(Brought { waiter, arrivals, left_out: Vec::new() }));
            }
        }
        let (case, client) = (self.stage.name.clone(), knock.client.clone());
        let (parameters, query) = (knock.path.clone(), knock.query.clone());
        self.visits.push((number, Visit { door, operation, case, parameters, query, client, asked: made, answer: HttpAnswer::default() }));
    }

    fn served(&self) -> Option<(usize, usize)> {
        let served = self.stage.plan.flows[self.stage.flow].source.as_ref()?.served()?;
        Some((served.door, served.operation))
    }

    fn written(&self, door: usize, operation: usize, knock: &Knock) -> Result<Pretended, String> {
        let room = Room::new();
        let body = match &knock.body {
            Content::Nothing => Carries::Nothing,
            Content::Bytes(bytes) => Carries::Bytes(bytes),
            Content::Json(bytes) => Carries::Value(json::read(bytes, &room).map_err(|fault| fault.says.to_string())?),
        };
        let brings = Brings { path: &knock.path, query: &knock.query, headers: &knock.headers, body };
        self.with(|with| self.routes.door(door).door.pretend(operation, &brings, with))
    }

    fn received(&self, made: &Pretended, client: Option<&Arc<str>>) -> Result<(usize, reception::Message), HttpAnswer> {
        let Found { door, parameters } = self.routes.find(&made.method, &made.path).map_err(|refused| refused.problem())?;
        let headers: Vec<(&str, &[u8])> = made.headers.iter().map(|(name, value)| (name.as_str(), value.as_slice())).collect();
        let request = Request {
            method: &made.method,
            origin: ORIGIN,
            path: &made.path,
            query: &made.query,
            parameters: &parameters,
            headers: &headers,
            body: &made.body,
            from: IpAddr::V4(Ipv4Addr::LOCALHOST),
            certificate: None,
        };
        let who = client.map_or(Who::Guarded(&NoKeys), Who::Client);
        let room = Room::new();
        match self.with(|with| reception::receive(&self.routes, door, &request, who, with, &room)) {
            Taken::Message(message) => Ok((door, message)),
            Taken::Answer(answer) | Taken::Refused { answer, .. } => Err(answer),
            Taken::Wants(_) => Err(reception::no_keys().problem()),
        }
    }

    fn with<T>(&self, work: impl FnOnce(&With<'_>) -> T) -> T {
        let variable = |name: &str| Some(self.variable(name));
        work(&With { now: self.now, variable: &variable, token: None, request_key: "", outcomes: &[], validator: None })
    }

    /// The desk has a word for a sender.
    pub(super) fn told_sender(&mut self, waiter: WaiterId, word: &Word) {
        let Some((number, door, asked)) = self.senders.remove(&waiter) else { return };
        let answer = reception::answer(&*self.routes.door(door).door, asked, word);
        let reply = match word {
            Word::Replied { reply, .. } => Some((**reply).clone()),
            _ => None,
        };
        self.observed.replies[number] = Some(Heard { answer, reply });
    }
}
