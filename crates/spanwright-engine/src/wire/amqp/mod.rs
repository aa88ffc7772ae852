//! The wire to a broker of queues: AMQP 0-9-1, by our own hand.
//!
//! One connection for what we send to each exchange, one for each queue that we read: where the broker closes a channel, it
//! is because of what was done on it. A connection is opened when it is needed; after a restart of the broker the next try
//! opens another. Nothing is declared on the way, and nothing is sent twice by this wire.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use spanwright_core::connector::{
    Broker, Confirm, Delivery, Heard, MESSAGE_BYTES_MOST, Publication, QueueHeard, QueueKind, Reached, Topology,
};
use tokio::{
    runtime::Handle as Reactor,
    time::{Instant, timeout},
};

use super::{
    connect::{Origin, Reach},
    counted::Counted,
};

mod frame;
mod line;
#[cfg(test)]
mod tests;

use frame::{Field, Properties};
use line::{Fault, HELD_TIME_MOST, Handle, Line, Login, Message};

/// How long a queue may be silent until we say that nothing is there.
const SILENCE: Duration = Duration::from_secs(3);
/// How long one reading of a queue lasts; then its gate is asked again.
const READING_TIME_MOST: Duration = Duration::from_secs(10);
/// Messages that go to the disk together.
const MESSAGES_AT_ONCE: usize = 200;
/// Bytes of messages that go to the disk together.
const BYTES_AT_ONCE: usize = 4 << 20;
/// Bytes of a message that it has beside its body, for [`BYTES_AT_ONCE`].
const BESIDE_BYTES: usize = 512;
/// How long a broker may take to let us in.
const OPEN_TIME_MOST: Duration = Duration::from_secs(20);
/// How long a broker may take over a goodbye. Behind [`crate::STOP_TIME_MOST`] it ends before whoever stops us loses patience
/// (Kubernetes: 30 s).
const GOODBYE_TIME_MOST: Duration = Duration::from_secs(3);

/// Connections to every broker, shared by all flows.
pub(crate) struct Amqp {
    reach: Reach,
    publishers: Mutex<HashMap<(Broker, String), Arc<Handle>>>,
    consumers: Mutex<HashMap<(Broker, String), Consumer>>,
    /// Each line that a queue was read on and that is not over.
    reading: Mutex<Vec<Weak<Handle>>>,
    /// By queue: places of its prefetch that messages may take which are too long to be kept. They stay in the queue,
    /// unacknowledged, and would keep all others waiting.
    further: Mutex<HashMap<(Broker, String), u16>>,
}

/// A queue that is being read.
struct Consumer {
    handle: Arc<Handle>,
    deliveries: line::Deliveries,
    /// Messages that may come before one is acknowledged, and those that never are.
    places: u16,
    too_long: u16,
}

impl Consumer {
    /// Nothing comes any more: each place is held by a message that is too long.
    fn is_filled(&self) -> bool {
        self.too_long >= self.places
    }
}

/// What came of it.
#[derive(Debug)]
pub(crate) enum QueueReply {
    Confirmed(Vec<Confirm>),
    Refused(u16, String),
    Broken(Reached, String),
}

impl QueueReply {
    pub(crate) fn heard(&self) -> Heard<'_> {
        match self {
            QueueReply::Confirmed(confirms) => Heard::Queue(QueueHeard::Confirmed(confirms)),
            QueueReply::Refused(code, words) => Heard::Queue(QueueHeard::Refused { code: *code, words: words.clone() }),
            QueueReply::Broken(reached, why) => Heard::Broken { reached: *reached, why: why.clone() },
        }
    }

    /// Before anything was sent.
    fn before(fault: Fault) -> QueueReply {
        match fault {
            Fault::Said(code, words) => QueueReply::Refused(code, words),
            Fault::Broken(why) => QueueReply::Broken(Reached::No, why),
        }
    }
}

impl Amqp {
    pub(super) fn new(reach: Reach) -> Amqp {
        Amqp { reach, publishers: Mutex::default(), consumers: Mutex::default(), reading: Mutex::default(), further: Mutex::default() }
    }

    async fn open(&self, broker: &Broker, what: &str) -> Result<Line, Fault> {
        let origin = Origin::at(&broker.host, broker.port, broker.tls);
        let stream = self.reach.connect(&origin).await.map_err(Fault::Broken)?;
        let login = Login { user: &broker.user, password: &broker.password, vhost: &broker.vhost };
        Line::open(Box::new(Counted::new(stream).0), &login, &format!("spanwright: {what}")).await
    }

    /// Sends messages, and tells what the broker said of each.
    pub(crate) async fn publish(&self, broker: Broker, exchange: String, messages: Vec<Publication>, time: Duration) -> QueueReply {
        let deadline = Instant::now() + time;
        let key = (broker, exchange);
        let have = lock(&self.publishers).get(&key).filter(|handle| !handle.is_over()).cloned();
        let handle = match have {
            Some(handle) => handle,
            None => {
                let what = if key.1.is_empty() { "to queues".to_string() } else { format!("to {}", key.1) };
                let opened = timeout(time, async { self.open(&key.0, &what).await?.publisher().await }).await;
                match opened {
                    Ok(Ok(handle)) => {
                        let handle = Arc::new(handle);
                        lock(&self.publishers).insert(key.clone(), handle.clone());
                        handle
                    }
                    Ok(Err(fault)) => return QueueReply::before(fault),
                    Err(_) => return QueueReply::Broken(Reached::No, "the broker did not let us in in time".to_string()),
                }
            }
        };
        let messages = messages.into_iter().map(|one| message(&key.1, one)).collect();
        match timeout(deadline - Instant::now(), handle.publish(messages)).await {
            Ok(confirms) => QueueReply::Confirmed(confirms.into_iter().map(confirm).collect()),
            Err(_) => {
                // Whatever it still says would be for nobody; the next try has a connection of its own.
                lock(&self.publishers).remove(&key);
                QueueReply::Broken(Reached::Maybe, format!("the broker confirmed nothing within {} s", time.as_secs_f32()))
            }
        }
    }

    /// Reads a queue, as long as `hear` wants to hear; the broker has so much time to let us in. It waits: not for the
    /// reactor's threads.
    pub(crate) fn take<T>(
        &self,
        reactor: &Reactor,
        broker: Broker,
        queue: String,
        prefetch: u16,
        time: Duration,
        hear: impl FnOnce(Heard<'_>) -> T,
    ) -> (T, u64) {
        let key = (broker, queue);
        let have = lock(&self.consumers).remove(&key).filter(|consumer| !consumer.handle.is_over());
        let opened = match have {
            Some(consumer) => Ok(consumer),
            None => reactor.block_on(self.consumer(&key, prefetch, time.min(OPEN_TIME_MOST))),
        };
        let consumer = match opened {
            Ok(consumer) => consumer,
            Err(fault) => return (hear(QueueReply::before(fault).heard()), 0),
        };
        let mut reading = Reading { consumer, until: Instant::now() + READING_TIME_MOST, given: Vec::new(), got: 0, broken: false };
        let told = hear(Heard::Queue(QueueHeard::Deliveries(&mut reading)));
        if reading.consumer.is_filled() {
            // The next connection has room for as many again.
            let places = reading.consumer.too_long.saturating_mul(2);
            lock(&self.further).insert(key, places);
        } else if reading.given.is_empty() && !reading.broken {
            // Where something that was given is not kept the connection goes, and the broker gives it again.
            lock(&self.consumers).insert(key, reading.consumer);
        }
        (told, reading.got)
    }

    async fn consumer(&self, key: &(Broker, String), prefetch: u16, time: Duration) -> Result<Consumer, Fault> {
        let (broker, queue) = key;
        let places = prefetch.saturating_add(lock(&self.further).get(key).copied().unwrap_or_default());
        let opened = timeout(time, async {
            let line = self.open(broker, &format!("from {queue}")).await?;
            line.consumer(queue, places, MESSAGE_BYTES_MOST as u64, HELD_TIME_MOST).await
        });
        let (handle, deliveries) =
            opened.await.unwrap_or_else(|_| Err(Fault::Broken("the broker did not let us in in time".to_string())))?;
        let handle = Arc::new(handle);
        let mut reading = lock(&self.reading);
        reading.retain(|line| line.upgrade().is_some_and(|handle| !handle.is_over()));
        reading.push(Arc::downgrade(&handle));
        Ok(Consumer { handle, deliveries, places, too_long: 0 })
    }

    /// Nobody reads any more: it returns when each broker has heard of all that is kept, or says nothing for too long. It
    /// waits: not for the reactor's threads.
    pub(crate) fn leave(&self, reactor: &Reactor) {
        let lines: Vec<_> = lock(&self.reading).iter().filter_map(Weak::upgrade).collect();
        lines.iter().for_each(|line| line.close());
        reactor.block_on(async {
            let all = async {
                for line in &lines {
                    line.over().await;
                }
            };
            let _too_slow = timeout(GOODBYE_TIME_MOST, all).await;
        });
    }

    /// Declares what is not there, and says what it is about; what is there otherwise is refused by the broker.
    ///
    /// # Errors
    /// In words.
    pub(crate) async fn declare(&self, broker: &Broker, topology: &Topology) -> Result<(), String> {
        let mut line = self.open(broker, "setup").await.map_err(|fault| words(&fault))?;
        for (name, kind) in &topology.exchanges {
            let declare = |write: &mut frame::Write<'_>| {
                write.u16(0).short(name).short(kind).u8(DURABLE).table(&[]);
            };
            let told = line.call(frame::EXCHANGE_DECLARE, frame::EXCHANGE_DECLARE_OK, declare).await;
            told.map_err(|fault| format!("the exchange `{name}`: {}", words(&fault)))?;
        }
        for (name, kind) in &topology.queues {
            let kind = match kind {
                QueueKind::Quorum => "quorum",
                QueueKind::Classic => "classic",
            };
            let declare = |write: &mut frame::Write<'_>| {
                write.u16(0).short(name).u8(DURABLE).table(&[("x-queue-type", Field::Text(kind))]);
            };
            let told = line.call(frame::QUEUE_DECLARE, frame::QUEUE_DECLARE_OK, declare).await;
            told.map_err(|fault| format!("the queue `{name}`: {}", words(&fault)))?;
        }
        for (queue, exchange, key) in &topology.bindings {
            let bind = |write: &mut frame::Write<'_>| {
                write.u16(0).short(queue).short(exchange).short(key).u8(0).table(&[]);
            };
            let told = line.call(frame::QUEUE_BIND, frame::QUEUE_BIND_OK, bind).await;
            told.map_err(|fault| format!("binding `{queue}` to `{exchange}`: {}", words(&fault)))?;
        }
        line.close().await.map_err(|fault| words(&fault))
    }
}

/// The bit of a declaration.
const DURABLE: u8 = 0b10;

fn words(fault: &Fault) -> String {
    match fault {
        Fault::Said(_, words) | Fault::Broken(words) => words.clone(),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn message(exchange: &str, one: Publication) -> Message {
    let properties = Properties {
        content_type: Some(one.content_type.to_string()),
        headers: vec![("traceparent".to_string(), one.trace)],
        // On the broker's disk before it says that it has it.
        delivery_mode: Some(2),
        correlation_id: Some(one.correlation),
        message_id: Some(one.id),
        app_id: Some("spanwright".to_string()),
        ..Properties::default()
    };
    Message { exchange: exchange.to_string(), routing_key: one.routing_key, properties, body: one.body }
}

fn confirm(confirm: line::Confirm) -> Confirm {
    match confirm {
        line::Confirm::Taken => Confirm::Taken,
        line::Confirm::NotTaken => Confirm::NotTaken,
        line::Confirm::Returned(_, words) => Confirm::Returned(words),
        line::Confirm::Blocked(words) => Confirm::Blocked(words),
        // Of several that are open the words are about one, and those before it may be in their queues.
        line::Confirm::Lost { maybe, alone, fault: Fault::Said(code, words) } => Confirm::Refused(code, words, reached(maybe && !alone)),
        line::Confirm::Lost { maybe, fault: Fault::Broken(why), .. } => Confirm::Lost(reached(maybe), why),
    }
}

fn reached(maybe: bool) -> Reached {
    if maybe { Reached::Maybe } else { Reached::No }
}

/// One reading of a queue.
struct Reading {
    consumer: Consumer,
    until: Instant,
    /// The broker's numbers of what was given and is not known to be kept.
    given: Vec<u64>,
    got: u64,
    broken: bool,
}

impl spanwright_core::connector::Deliveries for Reading {
    fn next(&mut self) -> Result<Vec<Delivery>, String> {
        let (mut came, mut bytes) = (Vec::new(), 0);
        match self.consumer.deliveries.next(SILENCE) {
            Ok(None) => return Ok(came),
            Err(fault) => {
                self.broken = true;
                return Err(words(&fault));
            }
            Ok(Some(first)) => {
                let mut next = Some(first);
                while let Some(one) = next {
                    bytes += one.body.as_ref().map_or(0, Vec::len) + BESIDE_BYTES;
                    match one.body {
                        Some(_) => self.given.push(one.tag),
                        // It stays unacknowledged.
                        None => self.consumer.too_long = self.consumer.too_long.saturating_add(1),
                    }
                    came.push(delivery(one));
                    let more = came.len() < MESSAGES_AT_ONCE && bytes < BYTES_AT_ONCE;
                    next = if more { self.consumer.deliveries.at_hand() } else { None };
                }
            }
        }
        self.got += bytes as u64;
        Ok(came)
    }

    /// Of many acknowledgements that come singly a broker puts most aside (RabbitMQ, at a quorum queue: all but 32).
    fn kept(&mut self) {
        let handle = &self.consumer.handle;
        match self.given.last() {
            Some(last) if self.consumer.too_long == 0 => handle.ack(*last, true),
            _ => self.given.iter().for_each(|tag| handle.ack(*tag, false)),
        }
        self.given.clear();
    }

    fn breaks_off(&mut self) {
        self.broken = true;
        self.consumer.handle.close();
        let by = Instant::now() + GOODBYE_TIME_MOST;
        // A broker that says goodbye has read what was said before it; what it gives until then is given back.
        while self.consumer.deliveries.next(by.saturating_duration_since(Instant::now())).is_ok_and(|came| came.is_some()) {}
    }

    fn is_time_up(&self) -> bool {
        Instant::now() >= self.until || self.consumer.is_filled()
    }
}

/// Its own headers, and what AMQP says beside them, by the names that it has in the specification.
fn delivery(one: line::Delivery) -> Delivery {
    let Properties { content_type, content_encoding, headers, correlation_id, reply_to, message_id, timestamp, kind, app_id, .. } =
        one.properties;
    let told = [
        ("content-type", content_type),
        ("content-encoding", content_encoding),
        ("correlation-id", correlation_id.clone()),
        ("reply-to", reply_to),
        ("message-id", message_id.clone()),
        ("timestamp", timestamp.map(|seconds| seconds.to_string())),
        ("type", kind),
        ("app-id", app_id),
        ("exchange", Some(one.exchange)),
        ("routing-key", Some(one.routing_key)),
        ("redelivered", Some(one.redelivered.to_string())),
    ];
    let own = headers.into_iter().map(|(name, value)| (name.to_lowercase(), value));
    let mut headers: Vec<(String, String)> = own.filter(|(name, _)| told.iter().all(|(taken, _)| taken != name)).collect();
    headers.sort();
    headers.dedup_by(|one, other| one.0 == other.0);
    headers.extend(told.into_iter().filter_map(|(name, value)| Some((name.to_string(), value?))));
    // What is not kept is not acknowledged, and comes again and again: it is known by what it holds.
    let id = message_id.filter(|id| !id.is_empty()).or(one.print);
    Delivery { headers, id, correlation: correlation_id, body: one.body }
}
