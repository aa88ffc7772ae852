//! Threads that serve connections, each with its own: a connection stays on the thread that it was given to, so that no
//! request waits for a lock of another thread or wakes one.
//!
//! Dropped, they end at once, with all that they were at.

use std::{
    cell::Cell,
    io,
    thread::{self, JoinHandle},
};

use tokio::{
    net::TcpStream,
    runtime::{Builder, Runtime},
    sync::{
        mpsc::{self, UnboundedReceiver, UnboundedSender},
        watch,
    },
};

use super::waiters::Said;

/// Threads at most, however many cores there are.
const LANES_MOST: usize = 4;

thread_local! { static HERE: Cell<usize> = const { Cell::new(0) } }

/// The number of this thread among them.
pub(super) fn here() -> usize {
    HERE.get()
}

/// What comes to a thread.
enum Came {
    /// A connection that was just taken, and what is done with it. Between two threads it belongs to no reactor.
    Connection(std::net::TcpStream, Box<dyn FnOnce(TcpStream) + Send>),
    /// What those are told who are served by it.
    Words(Vec<Said>),
}

/// The threads.
pub(super) struct Lanes {
    end: watch::Sender<bool>,
    threads: Vec<JoinHandle<()>>,
}

/// The way to them; cheap to clone.
#[derive(Clone)]
pub(super) struct Hands(Vec<UnboundedSender<Came>>);

/// Hands connections to them in turn.
pub(super) struct Turns {
    hands: Hands,
    next: usize,
}

impl Lanes {
    /// As many as there are cores.
    pub(super) fn start() -> io::Result<(Lanes, Hands)> {
        let (end, ended) = watch::channel(false);
        let (mut lanes, mut threads) = (Vec::new(), Vec::new());
        for n in 0..thread::available_parallelism().map_or(1, usize::from).min(LANES_MOST) {
            let (lane, came) = mpsc::unbounded_channel();
            let (runtime, ended) = (Builder::new_current_thread().enable_all().build()?, ended.clone());
            let serves = move || {
                HERE.set(n);
                serve(runtime, came, ended);
            };
            threads.push(thread::Builder::new().name(format!("door-{n}")).spawn(serves)?);
            lanes.push(lane);
        }
        Ok((Lanes { end, threads }, Hands(lanes)))
    }
}

impl Hands {
    /// The number of each thread.
    pub(super) fn each(&self) -> impl Iterator<Item = usize> {
        0..self.0.len()
    }

    /// Whoever waits on this thread is told there.
    pub(super) fn tell(&self, lane: usize, said: Vec<Said>) {
        let _ending = self.0[lane].send(Came::Words(said));
    }
}

impl Turns {
    pub(super) fn of(hands: Hands) -> Turns {
        Turns { hands, next: 0 }
    }

    /// The next thread has this connection from now on; there `begin` is called, which spawns what serves it.
    pub(super) fn give(&mut self, stream: TcpStream, begin: impl FnOnce(TcpStream) + Send + 'static) {
        let lanes = &self.hands.0;
        self.next = (self.next + 1) % lanes.len();
        if let Ok(stream) = stream.into_std() {
            let _ending = lanes[self.next].send(Came::Connection(stream, Box::new(begin)));
        }
    }
}

impl Drop for Lanes {
    fn drop(&mut self) {
        let _ended = self.end.send(true);
        for thread in self.threads.drain(..) {
            drop(thread.join());
        }
    }
}

fn serve(runtime: Runtime, mut came: UnboundedReceiver<Came>, mut ended: watch::Receiver<bool>) {
    runtime.block_on(async {
        loop {
            tokio::select! {
                came = came.recv() => match came {
                    // One that cannot be looked after any more is closed.
                    Some(Came::Connection(stream, begin)) => TcpStream::from_std(stream).map_or((), begin),
                    Some(Came::Words(said)) => said.into_iter().for_each(Said::tell),
                    None => break,
                },
                _ = ended.changed() => return,
            }
        }
        // Nothing more comes, and what was taken is served to its end.
        let _ended = ended.changed().await;
    });
    runtime.shutdown_background();
}
