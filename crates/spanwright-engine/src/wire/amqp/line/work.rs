//! The task of a line: it writes what is owed and reads what comes, until one of the two ends.

use std::{
    collections::VecDeque,
    sync::{Arc, PoisonError},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf},
    sync::{mpsc, oneshot},
    time::{Instant, sleep_until},
};

use super::{
    super::frame::{self, Frame, Garbled, MethodId, Properties, Read},
    CHANNEL, CONSUMER, Confirm, Delivery, Ended, Fault, HELD_BYTES_MOST, Message, Order, Stream,
    handshake::{goodbye, said},
    held::{Held, Incoming},
    sent::Sent,
};

/// Signs of life that may be missed.
const MISSED_MOST: u32 = 3;
/// Bytes that are read at once.
const READ_BYTES: usize = 64 << 10;

pub(super) struct Work {
    pub frame_bytes: u32,
    pub heartbeat: Duration,
    pub out: VecDeque<u8>,
    pub flush: bool,
    /// Bytes that were to be written on this connection since it works, and those that were.
    pub queued: u64,
    pub written: u64,
    pub heard: Instant,
    pub beaten: Instant,
    pub deliveries: Option<Incoming>,
    pub coming: Option<Coming>,
    pub sent: Sent,
    /// Why, where the broker has blocked us.
    pub blocked: Option<String>,
    /// We have said that we go.
    pub leaves: bool,
}

/// A message that is being read.
pub(super) struct Coming {
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

impl Work {
    pub async fn run(
        mut self,
        mut reader: ReadHalf<Box<dyn Stream>>,
        mut writer: WriteHalf<Box<dyn Stream>>,
        mut buffer: Vec<u8>,
        mut told: mpsc::UnboundedReceiver<Order>,
        ended: Ended,
    ) {
        let mut was_full = false;
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
                order = told.recv(), if !self.leaves => match order {
                    Some(Order::Publish(messages, reply)) => self.publish(messages, reply),
                    Some(Order::Ack { tag, several }) => self.write(|out| {
                        frame::method(out, CHANNEL, frame::BASIC_ACK, |write| { write.u64(tag).u8(several.into()); });
                    }),
                    Some(Order::Close) | None => self.leave(),
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
        self.sent.lose(&fault, self.written);
        *ended.lock().unwrap_or_else(PoisonError::into_inner) = Some(fault);
    }

    /// A queue is cancelled first, and the goodbye waits for the answer: with the connection a broker forgets what it had
    /// heard of but not passed on to the queue (RabbitMQ 3.10: of 1,000 acknowledgements 967).
    fn leave(&mut self) {
        self.leaves = true;
        match self.deliveries {
            Some(_) => self.write(|out| {
                frame::method(out, CHANNEL, frame::BASIC_CANCEL, |write| {
                    write.short(CONSUMER).u8(0);
                });
            }),
            None => self.write(goodbye),
        }
    }

    /// Nobody takes what still comes to who leaves.
    fn is_full(&self) -> bool {
        !self.leaves && self.deliveries.as_ref().is_some_and(|incoming| incoming.held.bytes() >= HELD_BYTES_MOST)
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
        let (batch, frame_bytes) = (self.sent.batch(messages.len(), reply), self.frame_bytes);
        for (place, message) in messages.into_iter().enumerate() {
            let from = self.queued;
            self.write(|out| {
                // Mandatory: where no queue wants it we are told.
                let publish = |write: &mut frame::Write<'_>| {
                    write.u16(0).short(&message.exchange).short(&message.routing_key).u8(1);
                };
                frame::method(out, CHANNEL, frame::BASIC_PUBLISH, publish);
                frame::content(out, CHANNEL, &message.properties, &message.body, frame_bytes);
            });
            self.sent.goes(batch, place, from, message.properties.message_id);
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
                self.sent.confirmed(tag, several, id == frame::BASIC_ACK);
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
            frame::BASIC_CANCEL_OK => self.write(goodbye),
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
            self.sent.returned(properties.message_id.as_deref(), returned);
        } else if let Some(Incoming { to, held, .. }) = self.deliveries.as_ref().filter(|_| !self.leaves) {
            let print = print.map(|print| print.finalize().to_hex().to_string());
            let delivery = Delivery { tag, redelivered, exchange, routing_key, properties, body, print };
            held.came(delivery.weight());
            // Whoever reads no more has dropped the line, and the broker gives it again.
            let _gone = to.send(delivery);
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
