//! One connection to a broker with one channel on it: the handshake, then a task that moves bytes both ways.
//!
//! The task writes what is owed whenever the broker takes it and reads all the while, so a broker that has blocked us can
//! still say so. What became of a message is told once, by its own number; whether it can have been read is counted in
//! bytes.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf, split},
    sync::{Notify, mpsc, oneshot},
    time::{Instant, sleep_until},
};

use super::frame::{self, Field, Frame, Garbled, MethodId, Properties, Read};

/// The one channel of a connection.
const CHANNEL: u16 = 1;
/// How often both sides give a sign of life, at most.
const HEARTBEAT_SECONDS: u16 = 10;
/// Signs of life that may be missed.
const MISSED_MOST: u32 = 3;
/// Bytes of messages that lie here until somebody takes them: then nothing more is read, and the broker waits.
pub const HELD_BYTES_MOST: usize = 32 << 20;
/// How long messages lie here that nobody takes, until they are given back (looked at at each sign of life).
pub const HELD_TIME_MOST: Duration = Duration::from_secs(60);
/// Bytes of a message that it has beside its body.
const BESIDE_BYTES: usize = 512;
/// Bytes that are read at once.
const READ_BYTES: usize = 64 << 10;

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
    /// The channel or connection was closed, and whether the message can have been read.
    Lost { maybe: bool, fault: Fault },
}

/// A message on its way out.
pub struct Message {
    pub exchange: String,
    pub routing_key: String,
    pub properties: Properties,
    pub body: Vec<u8>,
}

/// A message that came.
#[derive(Debug)]
pub struct Delivery {
    pub tag: u64,
    pub redelivered: bool,
    pub exchange: String,
    pub routing_key: String,
    pub properties: Properties,
    /// `None`: it was longer than may be, and was not kept.
    pub body: Option<Vec<u8>>,
    /// What tells it from others then.
    pub print: Option<String>,
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

/// What the task is told.
enum Order {
    Publish(Vec<Message>, oneshot::Sender<Vec<Confirm>>),
    Ack(u64),
}

/// A line at work; dropped, it is closed.
pub struct Handle {
    orders: mpsc::UnboundedSender<Order>,
}

impl Handle {
    /// Sends messages, and waits until the broker has said of each what became of it.
    pub async fn publish(&self, messages: Vec<Message>) -> Vec<Confirm> {
        let count = messages.len();
        let lost = || Confirm::Lost { maybe: false, fault: Fault::Broken("the connection was closed before".to_string()) };
        let (reply, confirms) = oneshot::channel();
        match self.orders.send(Order::Publish(messages, reply)) {
            Ok(()) => confirms.await.unwrap_or_else(|_| {
                vec![Confirm::Lost { maybe: true, fault: Fault::Broken("the connection was closed".to_string()) }; count]
            }),
            Err(_) => vec![lost(); count],
        }
    }

    /// This one is kept.
    pub fn ack(&self, tag: u64) {
        // A line that is over needs no answer: the broker gives them again.
        let _over = self.orders.send(Order::Ack(tag));
    }

    pub fn is_over(&self) -> bool {
        self.orders.is_closed()
    }
}

impl Line {
    /// Shakes hands.
    pub async fn open(stream: Box<dyn Stream>, login: &Login<'_>, name: &str) -> Result<Line, Fault> {
        let (reader, writer) = split(stream);
        let mut line = Line { reader, writer, buffer: Vec::new(), frame_bytes: 4096, heartbeat: Duration::from_secs(60) };
        line.send(b"AMQP\x00\x00\x09\x01").await?;
        line.expect(0, frame::CONNECTION_START).await?;
        let response = format!("\0{}\0{}", login.user, login.password);
        let capabilities =
            ["authentication_failure_close", "basic.nack", "connection.blocked", "consumer_cancel_notify", "publisher_confirms"]
                .map(|name| (name, Field::Flag(true)));
        let mut out = Vec::new();
        frame::method(&mut out, 0, frame::CONNECTION_START_OK, |write| {
            let ours = [
                ("product", Field::Text("Spanwright")),
                ("connection_name", Field::Text(name)),
                ("capabilities", Field::Table(&capabilities)),
            ];
            write.table(&ours).short("PLAIN").long(response.as_bytes()).short("en_US");
        });
        line.send(&out).await?;
        let tune = line.expect(0, frame::CONNECTION_TUNE).await?;
        let mut read = Read(&tune);
        let (channels, most, beat) = (read.u16()?, read.u32()?, read.u16()?);
        if most != 0 && most < frame::FRAME_BYTES_LEAST {
            return Err(Fault::Broken(format!("the broker wants frames of {most} bytes, and AMQP has none so short")));
        }
        line.frame_bytes = if most == 0 { frame::FRAME_BYTES_MOST } else { most.min(frame::FRAME_BYTES_MOST) };
        let beat = if beat == 0 { HEARTBEAT_SECONDS } else { beat.min(HEARTBEAT_SECONDS) };
        line.heartbeat = Duration::from_secs(beat.into());
        let mut out = Vec::new();
        let frame_bytes = line.frame_bytes;
        frame::method(&mut out, 0, frame::CONNECTION_TUNE_OK, |write| {
            write.u16(channels).u32(frame_bytes).u16(beat);
        });
        frame::method(&mut out, 0, frame::CONNECTION_OPEN, |write| {
            write.short(login.vhost).short("").u8(0);
        });
        line.send(&out).await?;
        line.expect(0, frame::CONNECTION_OPEN_OK).await?;
        line.call(frame::CHANNEL_OPEN, frame::CHANNEL_OPEN_OK, |write| {
            write.short("");
        })
        .await?;
        Ok(line)
    }

    /// One request on the channel, and its answer's arguments.
    pub async fn call(&mut self, id: MethodId, answer: MethodId, arguments: impl FnOnce(&mut frame::Write<'_>)) -> Result<Vec<u8>, Fault> {
        let mut out = Vec::new();
        frame::method(&mut out, CHANNEL, id, arguments);
        self.send(&out).await?;
        self.expect(CHANNEL, answer).await
    }

    async fn send(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        self.writer.write_all(bytes).await?;
        Ok(self.writer.flush().await?)
    }

    async fn expect(&mut self, on: u16, wanted: MethodId) -> Result<Vec<u8>, Fault> {
        loop {
            while let Some(frame) = frame::take(&mut self.buffer)? {
                match frame {
                    Frame::Method { channel, id, arguments } if (channel, id) == (on, wanted) => return Ok(arguments),
                    Frame::Method { id: frame::CONNECTION_CLOSE | frame::CHANNEL_CLOSE, arguments, .. } => return Err(said(&arguments)?),
                    _ => {}
                }
            }
            if self.reader.read_buf(&mut self.buffer).await? == 0 {
                return Err(Fault::Broken("the broker closed the connection".to_string()));
            }
        }
    }

    /// Says goodbye.
    pub async fn close(mut self) -> Result<(), Fault> {
        let mut out = Vec::new();
        goodbye(&mut out);
        self.send(&out).await?;
        self.expect(0, frame::CONNECTION_CLOSE_OK).await.map(drop)
    }

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
            write.u16(0).short(queue).short("").u8(0).table(&[]);
        })
        .await?;
        let (sender, come) = channel();
        let held = Arc::new(Held { most: held_most, state: Mutex::new((0, Instant::now())), taken: Notify::new() });
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
            last: 0,
            batches: Vec::new(),
            open: BTreeMap::new(),
            by_id: HashMap::new(),
            blocked: None,
        };
        tokio::spawn(work.run(self.reader, self.writer, self.buffer, told, ended.clone()));
        (Handle { orders }, ended)
    }
}

/// What comes from a queue, for a thread that waits: never more than the prefetch, nor many more bytes than
/// [`HELD_BYTES_MOST`].
pub struct Deliveries {
    come: Receiver<Delivery>,
    ended: Ended,
    held: Arc<Held>,
}

/// Where messages of a queue go.
struct Incoming {
    to: Sender<Delivery>,
    body_bytes_most: u64,
    held: Arc<Held>,
}

/// What came and was not taken yet.
struct Held {
    /// How long it may lie here.
    most: Duration,
    /// Bytes, and when one was taken last (or the first came).
    state: Mutex<(usize, Instant)>,
    taken: Notify,
}

impl Held {
    fn came(&self, bytes: usize) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.0 == 0 {
            state.1 = Instant::now();
        }
        state.0 += bytes;
    }

    fn took(&self, bytes: usize) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        *state = (state.0.saturating_sub(bytes), Instant::now());
        self.taken.notify_one();
    }

    fn bytes(&self) -> usize {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).0
    }

    /// Nobody has taken any for too long.
    fn is_forgotten(&self) -> bool {
        let (bytes, last) = *self.state.lock().unwrap_or_else(PoisonError::into_inner);
        bytes > 0 && last.elapsed() > self.most
    }
}

impl Delivery {
    fn weight(&self) -> usize {
        self.body.as_ref().map_or(0, Vec::len) + BESIDE_BYTES
    }
}

/// Why a line is over, when it is.
type Ended = Arc<Mutex<Option<Fault>>>;

impl Deliveries {
    /// The next one; `None` where nothing came for so long.
    pub fn next(&mut self, patience: Duration) -> Result<Option<Delivery>, Fault> {
        match self.come.recv_timeout(patience) {
            Ok(delivery) => Ok(Some(self.took(delivery))),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => {
                let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner).clone();
                Err(ended.unwrap_or_else(|| Fault::Broken("the connection was closed".to_string())))
            }
        }
    }

    /// One that is there already.
    pub fn at_hand(&mut self) -> Option<Delivery> {
        let delivery = self.come.try_recv().ok()?;
        Some(self.took(delivery))
    }

    fn took(&self, delivery: Delivery) -> Delivery {
        self.held.took(delivery.weight());
        delivery
    }
}

fn said(arguments: &[u8]) -> Result<Fault, Garbled> {
    let mut read = Read(arguments);
    Ok(Fault::Said(read.u16()?, read.short()?))
}

fn goodbye(out: &mut Vec<u8>) {
    frame::method(out, 0, frame::CONNECTION_CLOSE, |write| {
        write.u16(200).short("goodbye").u16(0).u16(0);
    });
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

/// A message that is being read.
struct Coming {
    tag: u64,
    redelivered: bool,
    exchange: String,
    routing_key: String,
    /// It was ours and came back.
    returned: Option<(u16, String)>,
    properties: Properties,
    left: u64,
    body: Option<Vec<u8>>,
    /// Of a body that is too long to be kept.
    print: Option<Box<blake3::Hasher>>,
}

struct Work {
    frame_bytes: u32,
    heartbeat: Duration,
    out: VecDeque<u8>,
    flush: bool,
    /// Bytes that were to be written on this connection since it works, and those that were.
    queued: u64,
    written: u64,
    heard: Instant,
    beaten: Instant,
    deliveries: Option<Incoming>,
    coming: Option<Coming>,
    /// The number of the last message that was sent.
    last: u64,
    batches: Vec<Batch>,
    open: BTreeMap<u64, Open>,
    by_id: HashMap<String, u64>,
    blocked: Option<String>,
}

impl Work {
    async fn run(
        mut self,
        mut reader: ReadHalf<Box<dyn Stream>>,
        mut writer: WriteHalf<Box<dyn Stream>>,
        mut buffer: Vec<u8>,
        mut told: mpsc::UnboundedReceiver<Order>,
        ended: Ended,
    ) {
        let (mut closing, mut was_full) = (false, false);
        let fault = loop {
            match self.all(&mut buffer) {
                Ok(true) => break Fault::Broken("the connection was closed".to_string()),
                Ok(false) => {}
                Err(fault) => break fault,
            }
            buffer.reserve(READ_BYTES);
            let full = self.is_full();
            if !full && was_full {
                // While we read nothing we could not hear it live.
                self.heard = Instant::now();
            }
            was_full = full;
            let held = self.deliveries.as_ref().map(|incoming| incoming.held.clone());
            let (silent, beat) = (self.heard + self.heartbeat * MISSED_MOST, self.beaten + self.heartbeat / 2);
            tokio::select! {
                read = reader.read_buf(&mut buffer), if !full => match read {
                    Ok(0) => break Fault::Broken("the broker closed the connection".to_string()),
                    Ok(_) => self.heard = Instant::now(),
                    Err(error) => break error.into(),
                },
                wrote = push(&mut writer, &self.out), if !self.out.is_empty() || self.flush => match wrote {
                    Ok(bytes) => {
                        self.out.drain(..bytes);
                        (self.written, self.flush) = (self.written + bytes as u64, bytes > 0);
                    }
                    Err(error) => break error.into(),
                },
                order = told.recv(), if !closing => match order {
                    Some(Order::Publish(messages, reply)) => self.publish(messages, reply),
                    Some(Order::Ack(tag)) => self.write(|out| frame::method(out, CHANNEL, frame::BASIC_ACK, |write| { write.u64(tag).u8(0); })),
                    None => {
                        closing = true;
                        self.write(goodbye);
                    }
                },
                () = taken(held), if full => {}
                () = sleep_until(beat) => {
                    if self.deliveries.as_ref().is_some_and(|incoming| incoming.held.is_forgotten()) {
                        break Fault::Broken("nobody took what came: it is given back".to_string());
                    }
                    self.beaten = Instant::now();
                    self.write(frame::heartbeat);
                }
                () = sleep_until(silent), if !full => break Fault::Broken("the broker has given no sign of life".to_string()),
            }
        };
        // What the broker said last is answered where that costs no time.
        let rest: Vec<u8> = self.out.iter().copied().collect();
        let _over = tokio::time::timeout(Duration::from_secs(1), async {
            writer.write_all(&rest).await?;
            writer.shutdown().await
        })
        .await;
        drop(told);
        self.lose(&fault);
        *ended.lock().unwrap_or_else(PoisonError::into_inner) = Some(fault);
    }

    fn is_full(&self) -> bool {
        self.deliveries.as_ref().is_some_and(|incoming| incoming.held.bytes() >= HELD_BYTES_MOST)
    }

    fn write(&mut self, into: impl FnOnce(&mut Vec<u8>)) {
        let mut out = Vec::new();
        into(&mut out);
        self.queued += out.len() as u64;
        self.out.extend(out);
    }

    fn publish(&mut self, messages: Vec<Message>, reply: oneshot::Sender<Vec<Confirm>>) {
        if let Some(why) = &self.blocked {
            let _gone = reply.send(vec![Confirm::Blocked(why.clone()); messages.len()]);
            return;
        }
        let place = self.batches.iter().position(|batch| batch.reply.is_none()).unwrap_or(self.batches.len());
        let batch = Batch { confirms: vec![None; messages.len()], left: messages.len(), reply: Some(reply) };
        match self.batches.get_mut(place) {
            Some(free) => *free = batch,
            None => self.batches.push(batch),
        }
        let frame_bytes = self.frame_bytes;
        for (n, message) in messages.into_iter().enumerate() {
            let (from, id) = (self.queued, message.properties.message_id.clone());
            self.last += 1;
            self.write(|out| {
                // Mandatory: where no queue wants it we are told.
                let publish = |write: &mut frame::Write<'_>| {
                    write.u16(0).short(&message.exchange).short(&message.routing_key).u8(1);
                };
                frame::method(out, CHANNEL, frame::BASIC_PUBLISH, publish);
                frame::content(out, CHANNEL, &message.properties, &message.body, frame_bytes);
            });
            self.by_id.extend(id.clone().map(|id| (id, self.last)));
            self.open.insert(self.last, Open { batch: place, place: n, from, id, returned: None });
        }
    }

    /// All frames that are there. True where the connection is over as it should.
    fn all(&mut self, buffer: &mut Vec<u8>) -> Result<bool, Fault> {
        while let Some(frame) = frame::take(buffer)? {
            match frame {
                Frame::Method { id: frame::CONNECTION_CLOSE_OK, .. } => return Ok(true),
                Frame::Method { id, arguments, .. } => self.method(id, &arguments)?,
                Frame::Header { bytes, properties, .. } => self.header(bytes, properties)?,
                Frame::Body { bytes, .. } => self.body(&bytes)?,
                Frame::Heartbeat => {}
            }
        }
        Ok(false)
    }

    fn method(&mut self, id: MethodId, arguments: &[u8]) -> Result<(), Fault> {
        let mut read = Read(arguments);
        match id {
            frame::BASIC_ACK | frame::BASIC_NACK => {
                let (tag, several) = (read.u64()?, read.u8()? & 1 != 0);
                self.confirmed(tag, several, id == frame::BASIC_ACK);
            }
            frame::BASIC_RETURN => {
                let returned = Some((read.u16()?, read.short()?));
                self.coming = Some(Coming { exchange: read.short()?, routing_key: read.short()?, returned, ..Coming::none() });
            }
            frame::BASIC_DELIVER => {
                read.short()?;
                let (tag, redelivered) = (read.u64()?, read.u8()? & 1 != 0);
                self.coming = Some(Coming { tag, redelivered, exchange: read.short()?, routing_key: read.short()?, ..Coming::none() });
            }
            frame::BASIC_CANCEL => {
                return Err(Fault::Broken("the broker gives nothing of this queue any more: it was deleted, or moved".to_string()));
            }
            frame::CONNECTION_BLOCKED => self.blocked = Some(read.short()?),
            frame::CONNECTION_UNBLOCKED => self.blocked = None,
            frame::CHANNEL_FLOW => {
                let active = read.u8()?;
                self.write(|out| {
                    frame::method(out, CHANNEL, frame::CHANNEL_FLOW_OK, |write| {
                        write.u8(active);
                    })
                });
            }
            frame::CONNECTION_CLOSE => {
                self.write(|out| frame::method(out, 0, frame::CONNECTION_CLOSE_OK, |_| {}));
                return Err(said(arguments)?);
            }
            frame::CHANNEL_CLOSE => {
                self.write(|out| {
                    frame::method(out, CHANNEL, frame::CHANNEL_CLOSE_OK, |_| {});
                    goodbye(out);
                });
                return Err(said(arguments)?);
            }
            _ => {}
        }
        Ok(())
    }

    fn header(&mut self, bytes: u64, properties: Properties) -> Result<(), Garbled> {
        let most = self.deliveries.as_ref().map_or(0, |incoming| incoming.body_bytes_most);
        let coming = self.coming.as_mut().ok_or(Garbled("a message's header came without a message"))?;
        (coming.properties, coming.left) = (properties, bytes);
        coming.body = (bytes <= most && coming.returned.is_none()).then(Vec::new);
        coming.print = (bytes > most && coming.returned.is_none()).then(Box::default);
        if bytes == 0 {
            self.came();
        }
        Ok(())
    }

    fn body(&mut self, bytes: &[u8]) -> Result<(), Garbled> {
        let coming = self.coming.as_mut().ok_or(Garbled("a message's body came without a message"))?;
        coming.left = coming.left.checked_sub(bytes.len() as u64).ok_or(Garbled("a message is longer than its header says"))?;
        if let Some(body) = &mut coming.body {
            body.extend(bytes);
        }
        if let Some(print) = &mut coming.print {
            print.update(bytes);
        }
        if coming.left == 0 {
            self.came();
        }
        Ok(())
    }

    fn came(&mut self) {
        let Some(coming) = self.coming.take() else { return };
        let Coming { tag, redelivered, exchange, routing_key, returned, properties, body, print, .. } = coming;
        if let Some(returned) = returned {
            let number = properties.message_id.as_deref().and_then(|id| self.by_id.get(id));
            if let Some(open) = number.and_then(|number| self.open.get_mut(number)) {
                open.returned = Some(returned);
            }
        } else if let Some(Incoming { to, held, .. }) = &self.deliveries {
            let print = print.map(|print| print.finalize().to_hex().to_string());
            let delivery = Delivery { tag, redelivered, exchange, routing_key, properties, body, print };
            held.came(delivery.weight());
            // Whoever reads no more has dropped the line, and the broker gives it again.
            let _gone = to.send(delivery);
        }
    }

    fn confirmed(&mut self, tag: u64, several: bool, taken: bool) {
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

    fn lose(&mut self, fault: &Fault) {
        for (_, open) in std::mem::take(&mut self.open) {
            let confirm = Confirm::Lost { maybe: self.written > open.from, fault: fault.clone() };
            self.settle(&open, confirm);
        }
    }
}

impl Coming {
    fn none() -> Coming {
        Coming {
            tag: 0,
            redelivered: false,
            exchange: String::new(),
            routing_key: String::new(),
            returned: None,
            properties: Properties::default(),
            left: 0,
            body: None,
            print: None,
        }
    }
}

/// Somebody takes one of what is held.
async fn taken(held: Option<Arc<Held>>) {
    match held {
        Some(held) => held.taken.notified().await,
        None => std::future::pending().await,
    }
}

/// Writes some of what is owed; nothing is owed any more: sees to it that it goes out.
async fn push(writer: &mut WriteHalf<Box<dyn Stream>>, out: &VecDeque<u8>) -> std::io::Result<usize> {
    match out.as_slices().0 {
        [] => writer.flush().await.map(|()| 0),
        owed => writer.write(owed).await,
    }
}
