//! How a line is opened and closed: requests and answers, one after the other.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, split};

use super::{
    super::frame::{self, Field, Frame, Garbled, MethodId, Read},
    CHANNEL, Fault, Line, Login, Stream,
};

/// How often both sides give a sign of life, at most.
const HEARTBEAT_SECONDS: u16 = 10;

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
}

/// What the broker said when it closed channel or connection.
pub(super) fn said(arguments: &[u8]) -> Result<Fault, Garbled> {
    let mut read = Read(arguments);
    Ok(Fault::Said(read.u16()?, read.short()?))
}

pub(super) fn goodbye(out: &mut Vec<u8>) {
    frame::method(out, 0, frame::CONNECTION_CLOSE, |write| {
        write.u16(200).short("goodbye").u16(0).u16(0);
    });
}
