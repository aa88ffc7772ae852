//! One connection to a broker with one channel on it: the handshake, then a task that moves bytes both ways.
//!
//! The task writes what is owed whenever the broker takes it and reads all the while, so a broker that has blocked us can
//! still say so. What became of a message is told once, by its own number; whether it can have been read is counted in
//! bytes. `handshake` opens a line, `sent` knows what is not confirmed yet, `held` what came and was not taken, `work` is
//! the task.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, mpsc::channel},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadHalf, WriteHalf},
    sync::{mpsc, oneshot},
    time::Instant,
};

use super::frame::{self, Garbled};

mod handshake;
mod held;
mod sent;
mod work;

pub use held::{Deliveries, Delivery, HELD_BYTES_MOST, HELD_TIME_MOST};
use held::{Held, Incoming};
use sent::Sent;
pub use sent::{Confirm, Message};
use work::Work;

/// The one channel of a connection.
const CHANNEL: u16 = 1;
/// The name of the one consumer on it.
const CONSUMER: &str = "spanwright";

/// A connection, encrypted or not.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// Why a connection or channel is no more.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// The broker said so: its code and its words.
    Said(u16, String),
    /// Nobody said anything.
    Broken(String),
}

impl From<Garbled> for Fault {
    fn from(garbled: Garbled) -> Fault {
        Fault::Broken(garbled.0.to_string())
    }
}

impl From<std::io::Error> for Fault {
    fn from(error: std::io::Error) -> Fault {
        Fault::Broken(error.to_string())
    }
}

/// Who we are and where we go.
#[derive(Clone)]
pub struct Login<'l> {
    pub user: &'l str,
    pub password: &'l str,
    pub vhost: &'l str,
}

/// A connection whose channel is open, before anything is done on it.
pub struct Line {
    reader: ReadHalf<Box<dyn Stream>>,
    writer: WriteHalf<Box<dyn Stream>>,
    buffer: Vec<u8>,
    frame_bytes: u32,
    heartbeat: Duration,
}

/// Why a line is over, when it is.
type Ended = Arc<Mutex<Option<Fault>>>;

/// What the task is told.
enum Order {
    Publish(Vec<Message>, oneshot::Sender<Vec<Confirm>>),
    Ack { tag: u64, several: bool },
    Close,
}

/// A line at work; dropped, it is closed.
pub struct Handle {
    orders: mpsc::UnboundedSender<Order>,
}

impl Handle {
    /// Sends messages, and waits until the broker has said of each what became of it.
    pub async fn publish(&self, messages: Vec<Message>) -> Vec<Confirm> {
        let count = messages.len();
        let lost = || Confirm::Lost { maybe: false, alone: false, fault: Fault::Broken("the connection was closed before".to_string()) };
        let (reply, confirms) = oneshot::channel();
        match self.orders.send(Order::Publish(messages, reply)) {
            Ok(()) => confirms.await.unwrap_or_else(|_| {
                vec![Confirm::Lost { maybe: true, alone: false, fault: Fault::Broken("the connection was closed".to_string()) }; count]
            }),
            Err(_) => vec![lost(); count],
        }
    }

    /// This one is kept; with `several` all that came before it, too.
    pub fn ack(&self, tag: u64, several: bool) {
        // A line that is over needs no answer: the broker gives them again.
        let _over = self.orders.send(Order::Ack { tag, several });
    }

    /// Says goodbye, behind all that was said so far.
    pub fn close(&self) {
        // A line that is over is closed.
        let _over = self.orders.send(Order::Close);
    }

    /// Waits until it is over.
    pub async fn over(&self) {
        self.orders.closed().await;
    }

    pub fn is_over(&self) -> bool {
        self.orders.is_closed()
    }
}

impl Line {
    /// From now on messages can be sent.
    pub async fn publisher(mut self) -> Result<Handle, Fault> {
        self.call(frame::CONFIRM_SELECT, frame::CONFIRM_SELECT_OK, |write| {
            write.u8(0);
        })
        .await?;
        Ok(self.work(None).0)
    }

    /// From now on messages come, at most `prefetch` of which we have not said that they are kept. Those that nobody takes
    /// for as long as `held_most` are given back.
    pub async fn consumer(
        mut self,
        queue: &str,
        prefetch: u16,
        body_bytes_most: u64,
        held_most: Duration,
    ) -> Result<(Handle, Deliveries), Fault> {
        self.call(frame::BASIC_QOS, frame::BASIC_QOS_OK, |write| {
            write.u32(0).u16(prefetch).u8(0);
        })
        .await?;
        self.call(frame::BASIC_CONSUME, frame::BASIC_CONSUME_OK, |write| {
            write.u16(0).short(queue).short(CONSUMER).u8(0).table(&[]);
        })
        .await?;
        let (sender, come) = channel();
        let held = Arc::new(Held::nothing(held_most));
        let (handle, ended) = self.work(Some(Incoming { to: sender, body_bytes_most, held: held.clone() }));
        Ok((handle, Deliveries { come, ended, held }))
    }

    fn work(self, deliveries: Option<Incoming>) -> (Handle, Ended) {
        let (orders, told) = mpsc::unbounded_channel();
        let ended = Ended::default();
        let now = Instant::now();
        let work = Work {
            frame_bytes: self.frame_bytes,
            heartbeat: self.heartbeat,
            out: VecDeque::new(),
            flush: false,
            queued: 0,
            written: 0,
            heard: now,
            beaten: now,
            deliveries,
            coming: None,
            sent: Sent::default(),
            blocked: None,
            leaves: false,
        };
        tokio::spawn(work.run(self.reader, self.writer, self.buffer, told, ended.clone()));
        (Handle { orders }, ended)
    }
}
