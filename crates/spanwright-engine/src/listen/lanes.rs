//! Threads that serve connections, each with its own: a connection stays on the thread that it was given to, so that no
//! request waits for a lock of another thread or wakes one.
//!
//! Dropped, they end at once, with all that they were at.

use std::{
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

/// Threads at most, however many cores there are.
const LANES_MOST: usize = 4;

/// A connection that was just taken, and what is done with it. Between two threads it belongs to no reactor.
type Came = (std::net::TcpStream, Box<dyn FnOnce(TcpStream) + Send>);

/// The threads.
pub(super) struct Lanes {
    end: watch::Sender<bool>,
    threads: Vec<JoinHandle<()>>,
}

/// Hands connections to them in turn.
pub(super) struct Turns {
    lanes: Vec<UnboundedSender<Came>>,
    next: usize,
}

impl Lanes {
    /// As many as there are cores.
    pub(super) fn start() -> io::Result<(Lanes, Turns)> {
        let (end, ended) = watch::channel(false);
        let (mut lanes, mut threads) = (Vec::new(), Vec::new());
        for n in 0..thread::available_parallelism().map_or(1, usize::from).min(LANES_MOST) {
            let (lane, came) = mpsc::unbounded_channel();
            let (runtime, ended) = (Builder::new_current_thread().enable_all().build()?, ended.clone());
            threads.push(thread::Builder::new().name(format!("door-{n}")).spawn(move || serve(runtime, came, ended))?);
            lanes.push(lane);
        }
        Ok((Lanes { end, threads }, Turns { lanes, next: 0 }))
    }
}

impl Turns {
    /// The next thread has this connection from now on; there `begin` is called, which spawns what serves it.
    pub(super) fn give(&mut self, stream: TcpStream, begin: impl FnOnce(TcpStream) + Send + 'static) {
        self.next = (self.next + 1) % self.lanes.len();
        if let Ok(stream) = stream.into_std() {
            let _ending = self.lanes[self.next].send((stream, Box::new(begin)));
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
                    Some((stream, begin)) => TcpStream::from_std(stream).map_or((), begin),
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
