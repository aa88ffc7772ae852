//! A server that misbehaves on purpose: it answers from a list of behaviours and keeps what it received.
//!
//! ```
//! use spanwright_world::{Answer, Hostile};
//! let hostile = Hostile::start(vec![Answer::status(503), Answer::CutAfterReading, Answer::json(200, "{}")]);
//! // ... let something call hostile.url() three times ...
//! assert_eq!(hostile.received().len(), 0);
//! ```
//!
//! Each request takes the next behaviour, whatever its path; when the list is over, the last one goes on for ever. A request to
//! `/oauth/token` is apart: it gets a token and takes nothing from the list, unless [`Hostile::start_with`] says otherwise.
//! The server writes HTTP/1.1 by hand, for a library would not send what is wrong.

mod answer;
pub mod page;
mod wire;

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::{net::TcpListener, runtime::Runtime};

pub use answer::Answer;

/// A request, as it came over the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// `POST`
    pub method: String,
    /// With the query.
    pub path: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body; empty where it was not read.
    pub body: Vec<u8>,
}

impl Received {
    /// A header's value; the name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// What a hostile server answers.
#[derive(Clone, Debug)]
pub struct Behaviour {
    /// One a request; the last goes on for ever.
    pub script: Vec<Answer>,
    /// The same for requests to `/oauth/token`.
    pub sign_in: Vec<Answer>,
}

/// A running hostile server; dropped, it stops.
pub struct Hostile {
    address: SocketAddr,
    state: Arc<State>,
    runtime: Option<Runtime>,
}

/// What all connections share.
struct State {
    behaviour: Behaviour,
    now: Mutex<Now>,
}

#[derive(Default)]
struct Now {
    received: Vec<Received>,
    sign_ins: Vec<Received>,
    taken: usize,
    taken_sign_in: usize,
}

const TOKEN: &str = r#"{"access_token":"hostile-token","token_type":"Bearer","expires_in":3600}"#;

impl Hostile {
    /// Starts with a list of behaviours; `/oauth/token` works.
    pub fn start(script: Vec<Answer>) -> Hostile {
        Hostile::start_with(Behaviour { script, sign_in: vec![Answer::json(200, TOKEN)] })
    }

    /// Starts with behaviours for sign-ins, too.
    pub fn start_with(behaviour: Behaviour) -> Hostile {
        assert!(!behaviour.script.is_empty() && !behaviour.sign_in.is_empty(), "a script has at least one behaviour");
        let builder = || tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().thread_name("hostile").build();
        let runtime = builder().expect("a runtime can be built");
        let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", 0))).expect("loopback has a free port");
        let address = listener.local_addr().expect("a bound listener has an address");
        let state = Arc::new(State { behaviour, now: Mutex::default() });
        runtime.spawn(wire::listen(listener, Arc::clone(&state)));
        Hostile { address, state, runtime: Some(runtime) }
    }

    /// `http://127.0.0.1:PORT`
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What came so far, sign-ins apart; requests that were hung or cut before they were read are not among them.
    pub fn received(&self) -> Vec<Received> {
        self.state.now().received.clone()
    }

    /// The sign-ins that came so far.
    pub fn sign_ins(&self) -> Vec<Received> {
        self.state.now().sign_ins.clone()
    }

    /// How many behaviours were taken from the list: requests in all, those that were not read among them.
    pub fn taken(&self) -> usize {
        self.state.now().taken
    }
}

impl Drop for Hostile {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl State {
    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next behaviour; it is taken.
    fn take(&self, is_sign_in: bool) -> Answer {
        let mut now = self.now();
        let (list, taken) = match is_sign_in {
            true => (&self.behaviour.sign_in, &mut now.taken_sign_in),
            false => (&self.behaviour.script, &mut now.taken),
        };
        let answer = list[(*taken).min(list.len() - 1)].clone();
        *taken += 1;
        answer
    }

    fn keep(&self, is_sign_in: bool, received: Received) {
        let mut now = self.now();
        if is_sign_in { now.sign_ins.push(received) } else { now.received.push(received) }
    }
}
