//! AMQP 0-9-1 on paper: frames, methods and properties as bytes. Touches nothing.
//!
//! Written after the specification (amqp0-9-1.xml) and RabbitMQ's errata for the types of a table.

/// Bytes of a frame that we take; what RabbitMQ proposes where nobody says otherwise.
pub const FRAME_BYTES_MOST: u32 = 128 << 10;
/// No peer may want shorter ones (AMQP 0-9-1, section 4.2.3, `frame-min-size`).
pub const FRAME_BYTES_LEAST: u32 = 4096;
/// Tables in tables.
const TABLE_DEPTH_MOST: usize = 8;
/// Bytes of a frame around its payload.
pub const FRAME_OVERHEAD: usize = 8;

const METHOD: u8 = 1;
const HEADER: u8 = 2;
const BODY: u8 = 3;
const HEARTBEAT: u8 = 8;
const END: u8 = 0xce;

/// A method, by its class and its number.
pub type MethodId = (u16, u16);

pub const CONNECTION_START: MethodId = (10, 10);
pub const CONNECTION_START_OK: MethodId = (10, 11);
pub const CONNECTION_TUNE: MethodId = (10, 30);
pub const CONNECTION_TUNE_OK: MethodId = (10, 31);
pub const CONNECTION_OPEN: MethodId = (10, 40);
pub const CONNECTION_OPEN_OK: MethodId = (10, 41);
pub const CONNECTION_CLOSE: MethodId = (10, 50);
pub const CONNECTION_CLOSE_OK: MethodId = (10, 51);
pub const CONNECTION_BLOCKED: MethodId = (10, 60);
pub const CONNECTION_UNBLOCKED: MethodId = (10, 61);
pub const CHANNEL_OPEN: MethodId = (20, 10);
pub const CHANNEL_OPEN_OK: MethodId = (20, 11);
pub const CHANNEL_FLOW: MethodId = (20, 20);
pub const CHANNEL_FLOW_OK: MethodId = (20, 21);
pub const CHANNEL_CLOSE: MethodId = (20, 40);
pub const CHANNEL_CLOSE_OK: MethodId = (20, 41);
pub const EXCHANGE_DECLARE: MethodId = (40, 10);
pub const EXCHANGE_DECLARE_OK: MethodId = (40, 11);
pub const QUEUE_DECLARE: MethodId = (50, 10);
pub const QUEUE_DECLARE_OK: MethodId = (50, 11);
pub const QUEUE_BIND: MethodId = (50, 20);
pub const QUEUE_BIND_OK: MethodId = (50, 21);
pub const BASIC_QOS: MethodId = (60, 10);
pub const BASIC_QOS_OK: MethodId = (60, 11);
pub const BASIC_CONSUME: MethodId = (60, 20);
pub const BASIC_CONSUME_OK: MethodId = (60, 21);
pub const BASIC_CANCEL: MethodId = (60, 30);
pub const BASIC_CANCEL_OK: MethodId = (60, 31);
pub const BASIC_PUBLISH: MethodId = (60, 40);
pub const BASIC_RETURN: MethodId = (60, 50);
pub const BASIC_DELIVER: MethodId = (60, 60);
pub const BASIC_ACK: MethodId = (60, 80);
pub const BASIC_NACK: MethodId = (60, 120);
pub const CONFIRM_SELECT: MethodId = (85, 10);
pub const CONFIRM_SELECT_OK: MethodId = (85, 11);

/// One frame.
#[derive(Debug, PartialEq)]
pub enum Frame {
    Method {
        channel: u16,
        id: MethodId,
        arguments: Vec<u8>,
    },
    /// What stands before a message's body, and how long that is.
    Header {
        channel: u16,
        bytes: u64,
        properties: Properties,
    },
    Body {
        channel: u16,
        bytes: Vec<u8>,
    },
    Heartbeat,
}

/// What came is no AMQP.
#[derive(Debug, PartialEq)]
pub struct Garbled(pub &'static str);

/// What stands beside a message's body.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Properties {
    pub content_type: Option<String>,
    pub content_encoding: Option<String>,
    /// Values that are one: what is nested is left out.
    pub headers: Vec<(String, String)>,
    pub delivery_mode: Option<u8>,
    pub correlation_id: Option<String>,
    pub reply_to: Option<String>,
    pub message_id: Option<String>,
    /// Seconds since 1970.
    pub timestamp: Option<u64>,
    pub kind: Option<String>,
    pub app_id: Option<String>,
}

/// Takes the first frame out of what was read; `None` where it is not all there yet.
///
/// # Errors
/// It is none.
pub fn take(buffer: &mut Vec<u8>) -> Result<Option<Frame>, Garbled> {
    let Some(head) = buffer.first_chunk::<7>() else { return Ok(None) };
    let (kind, channel) = (head[0], u16::from_be_bytes([head[1], head[2]]));
    let length = u32::from_be_bytes([head[3], head[4], head[5], head[6]]);
    if buffer.starts_with(b"AMQP") {
        return Err(Garbled("the broker speaks another version of AMQP than 0-9-1"));
    }
    if length > FRAME_BYTES_MOST {
        return Err(Garbled("a frame is longer than was agreed"));
    }
    let length = length as usize;
    if buffer.len() < length + FRAME_OVERHEAD {
        return Ok(None);
    }
    if buffer[7 + length] != END {
        return Err(Garbled("a frame does not end where it should"));
    }
    let frame = frame(kind, channel, &buffer[7..7 + length]);
    buffer.drain(..length + FRAME_OVERHEAD);
    frame.map(Some)
}

fn frame(kind: u8, channel: u16, payload: &[u8]) -> Result<Frame, Garbled> {
    let mut read = Read(payload);
    Ok(match kind {
        METHOD => Frame::Method { channel, id: (read.u16()?, read.u16()?), arguments: read.0.to_vec() },
        HEADER => {
            let (_class, _weight) = (read.u16()?, read.u16()?);
            Frame::Header { channel, bytes: read.u64()?, properties: read.properties()? }
        }
        BODY => Frame::Body { channel, bytes: payload.to_vec() },
        HEARTBEAT => Frame::Heartbeat,
        _ => return Err(Garbled("a frame is of a kind that there is not")),
    })
}

fn framed(out: &mut Vec<u8>, kind: u8, channel: u16, payload: impl FnOnce(&mut Write<'_>)) {
    out.push(kind);
    out.extend(channel.to_be_bytes());
    let at = out.len();
    out.extend([0; 4]);
    payload(&mut Write(out));
    let length = u32::try_from(out.len() - at - 4).unwrap_or(u32::MAX);
    out[at..at + 4].copy_from_slice(&length.to_be_bytes());
    out.push(END);
}

pub fn heartbeat(out: &mut Vec<u8>) {
    framed(out, HEARTBEAT, 0, |_| {});
}

pub fn method(out: &mut Vec<u8>, channel: u16, id: MethodId, arguments: impl FnOnce(&mut Write<'_>)) {
    framed(out, METHOD, channel, |write| {
        write.u16(id.0).u16(id.1);
        arguments(write);
    });
}

/// A message: its properties, and its body in as many frames as it needs.
pub fn content(out: &mut Vec<u8>, channel: u16, properties: &Properties, body: &[u8], frame_bytes: u32) {
    framed(out, HEADER, channel, |write| {
        write.u16(BASIC_PUBLISH.0).u16(0).u64(body.len() as u64);
        write.properties(properties);
    });
    for piece in body.chunks((frame_bytes as usize).saturating_sub(FRAME_OVERHEAD).max(1)) {
        framed(out, BODY, channel, |write| write.0.extend(piece));
    }
}

/// Writes arguments.
pub struct Write<'w>(&'w mut Vec<u8>);

/// A value of a table that we write.
pub enum Field<'f> {
    Text(&'f str),
    Flag(bool),
    Table(&'f [(&'f str, Field<'f>)]),
}

impl Write<'_> {
    pub fn u8(&mut self, n: u8) -> &mut Self {
        self.0.push(n);
        self
    }

    pub fn u16(&mut self, n: u16) -> &mut Self {
        self.0.extend(n.to_be_bytes());
        self
    }

    pub fn u32(&mut self, n: u32) -> &mut Self {
        self.0.extend(n.to_be_bytes());
        self
    }

    pub fn u64(&mut self, n: u64) -> &mut Self {
        self.0.extend(n.to_be_bytes());
        self
    }

    /// At most 255 bytes; what is longer was refused before.
    pub fn short(&mut self, text: &str) -> &mut Self {
        let end = (0..=text.len().min(255)).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        self.0.push(end as u8);
        self.0.extend(&text.as_bytes()[..end]);
        self
    }

    pub fn long(&mut self, bytes: &[u8]) -> &mut Self {
        self.u32(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
        self.0.extend(bytes);
        self
    }

    pub fn table(&mut self, fields: &[(&str, Field<'_>)]) -> &mut Self {
        let at = self.0.len();
        self.u32(0);
        for (name, field) in fields {
            self.short(name);
            match field {
                Field::Text(text) => self.u8(b'S').long(text.as_bytes()),
                Field::Flag(flag) => self.u8(b't').u8(u8::from(*flag)),
                Field::Table(fields) => self.u8(b'F').table(fields),
            };
        }
        let length = u32::try_from(self.0.len() - at - 4).unwrap_or(u32::MAX);
        self.0[at..at + 4].copy_from_slice(&length.to_be_bytes());
        self
    }

    fn properties(&mut self, of: &Properties) {
        let flags = [
            of.content_type.is_some(),
            of.content_encoding.is_some(),
            !of.headers.is_empty(),
            of.delivery_mode.is_some(),
            false,
            of.correlation_id.is_some(),
            of.reply_to.is_some(),
            false,
            of.message_id.is_some(),
            of.timestamp.is_some(),
            of.kind.is_some(),
            false,
            of.app_id.is_some(),
        ];
        self.u16(flags.iter().enumerate().fold(0, |all, (n, flag)| all | u16::from(*flag) << (15 - n)));
        let texts = |write: &mut Self, texts: &[&Option<String>]| {
            texts.iter().flat_map(|text| text.as_deref()).for_each(|text| {
                write.short(text);
            })
        };
        texts(self, &[&of.content_type, &of.content_encoding]);
        if !of.headers.is_empty() {
            let fields: Vec<_> = of.headers.iter().map(|(name, value)| (name.as_str(), Field::Text(value))).collect();
            self.table(&fields);
        }
        of.delivery_mode.iter().for_each(|mode| {
            self.u8(*mode);
        });
        texts(self, &[&of.correlation_id, &of.reply_to, &of.message_id]);
        of.timestamp.iter().for_each(|seconds| {
            self.u64(*seconds);
        });
        texts(self, &[&of.kind, &of.app_id]);
    }
}

/// Reads arguments.
pub struct Read<'r>(pub &'r [u8]);

impl<'r> Read<'r> {
    fn bytes(&mut self, most: usize) -> Result<&'r [u8], Garbled> {
        let (first, rest) = self.0.split_at_checked(most).ok_or(Garbled("a frame ends too early"))?;
        self.0 = rest;
        Ok(first)
    }

    fn fixed<const N: usize>(&mut self) -> Result<[u8; N], Garbled> {
        let (first, rest) = self.0.split_first_chunk::<N>().ok_or(Garbled("a frame ends too early"))?;
        self.0 = rest;
        Ok(*first)
    }

    pub fn u8(&mut self) -> Result<u8, Garbled> {
        Ok(self.fixed::<1>()?[0])
    }

    pub fn u16(&mut self) -> Result<u16, Garbled> {
        Ok(u16::from_be_bytes(self.fixed()?))
    }

    pub fn u32(&mut self) -> Result<u32, Garbled> {
        Ok(u32::from_be_bytes(self.fixed()?))
    }

    pub fn u64(&mut self) -> Result<u64, Garbled> {
        Ok(u64::from_be_bytes(self.fixed()?))
    }

    /// Bytes that are no UTF-8 are replaced: these texts are names, and words for people.
    pub fn short(&mut self) -> Result<String, Garbled> {
        let length = self.u8()?;
        Ok(String::from_utf8_lossy(self.bytes(length.into())?).into_owned())
    }

    fn long(&mut self) -> Result<&'r [u8], Garbled> {
        let length = self.u32()?;
        self.bytes(length as usize)
    }

    /// The values of a table that are one, as texts.
    fn table(&mut self, depth: usize) -> Result<Vec<(String, String)>, Garbled> {
        let mut inside = Read(self.long()?);
        let mut fields = Vec::new();
        while !inside.0.is_empty() {
            let name = inside.short()?;
            fields.extend(inside.field(depth)?.map(|value| (name, value)));
        }
        Ok(fields)
    }

    fn field(&mut self, depth: usize) -> Result<Option<String>, Garbled> {
        if depth == 0 {
            return Err(Garbled("a table holds too many tables in tables"));
        }
        Ok(match self.u8()? {
            b't' => Some((self.u8()? != 0).to_string()),
            b'b' => Some(i8::from_be_bytes(self.fixed()?).to_string()),
            b'B' => Some(self.u8()?.to_string()),
            b's' | b'U' => Some(i16::from_be_bytes(self.fixed()?).to_string()),
            b'u' => Some(self.u16()?.to_string()),
            b'I' => Some(i32::from_be_bytes(self.fixed()?).to_string()),
            b'i' => Some(self.u32()?.to_string()),
            b'l' | b'L' => Some(i64::from_be_bytes(self.fixed()?).to_string()),
            b'f' => Some(f32::from_be_bytes(self.fixed()?).to_string()),
            b'd' => Some(f64::from_be_bytes(self.fixed()?).to_string()),
            b'T' => Some(self.u64()?.to_string()),
            b'S' => Some(String::from_utf8_lossy(self.long()?).into_owned()),
            b'D' => self.fixed::<5>().map(|_| None)?,
            b'x' => self.long().map(|_| None)?,
            b'F' => self.table(depth - 1).map(|_| None)?,
            b'A' => {
                let mut inside = Read(self.long()?);
                while !inside.0.is_empty() {
                    inside.field(depth - 1)?;
                }
                None
            }
            b'V' => None,
            _ => return Err(Garbled("a table holds a value of a kind that there is not")),
        })
    }

    fn properties(&mut self) -> Result<Properties, Garbled> {
        let flags = self.u16()?;
        let has = |n: u32| flags & (0x8000 >> n) != 0;
        let mut of = Properties::default();
        if has(0) {
            of.content_type = Some(self.short()?);
        }
        if has(1) {
            of.content_encoding = Some(self.short()?);
        }
        if has(2) {
            of.headers = self.table(TABLE_DEPTH_MOST)?;
        }
        if has(3) {
            of.delivery_mode = Some(self.u8()?);
        }
        if has(4) {
            self.u8()?;
        }
        if has(5) {
            of.correlation_id = Some(self.short()?);
        }
        if has(6) {
            of.reply_to = Some(self.short()?);
        }
        if has(7) {
            self.short()?;
        }
        if has(8) {
            of.message_id = Some(self.short()?);
        }
        if has(9) {
            of.timestamp = Some(self.u64()?);
        }
        if has(10) {
            of.kind = Some(self.short()?);
        }
        if has(11) {
            self.short()?;
        }
        if has(12) {
            of.app_id = Some(self.short()?);
        }
        Ok(of)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_message_reads_as_it_was_written_wherever_it_is_cut() {
        let properties = Properties {
            content_type: Some("application/json".into()),
            headers: vec![("x-tenant".into(), "Kühl".into())],
            delivery_mode: Some(2),
            message_id: Some("m-1".into()),
            timestamp: Some(1_800_000_000),
            kind: Some("order".into()),
            ..Properties::default()
        };
        let (mut out, body) = (Vec::new(), vec![7; 1_000]);
        content(&mut out, 1, &properties, &body, 408);
        heartbeat(&mut out);
        let (mut buffer, mut frames) = (Vec::new(), Vec::new());
        for byte in out {
            buffer.push(byte);
            frames.extend(take(&mut buffer).unwrap());
        }
        let mut bodies = Vec::new();
        assert_eq!(frames.remove(0), Frame::Header { channel: 1, bytes: 1_000, properties });
        assert_eq!(frames.pop(), Some(Frame::Heartbeat));
        for frame in frames {
            let Frame::Body { channel: 1, bytes } = frame else { panic!("{frame:?}") };
            bodies.extend(bytes);
        }
        assert_eq!((bodies, buffer.len()), (body, 0));
    }

    #[test]
    fn every_kind_of_value_in_a_table_is_read_or_passed_over() {
        let mut table = Vec::new();
        let mut fields: Vec<u8> = Vec::new();
        for (name, bytes) in [
            ("t", &b"t\x01"[..]),
            ("b", b"b\xff"),
            ("s", b"s\xff\xfe"),
            ("I", b"I\x00\x00\x01\x00"),
            ("l", b"l\x00\x00\x00\x00\x00\x00\x00\x05"),
            ("T", b"T\x00\x00\x00\x00\x00\x00\x00\x09"),
            ("D", b"D\x02\x00\x00\x00\x01"),
            ("A", b"A\x00\x00\x00\x02t\x01"),
            ("F", b"F\x00\x00\x00\x04\x01xt\x00"),
            ("V", b"V"),
            ("S", b"S\x00\x00\x00\x02ok"),
        ] {
            fields.push(1);
            fields.extend(name.as_bytes());
            fields.extend(bytes);
        }
        Write(&mut table).long(&fields);
        let read = Read(&table).table(TABLE_DEPTH_MOST).unwrap();
        let read: Vec<_> = read.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(read, ["t=true", "b=-1", "s=-2", "I=256", "l=5", "T=9", "S=ok"]);
    }

    #[test]
    fn what_is_no_amqp_is_told_and_costs_no_memory() {
        let check = |bytes: &[u8], expected: &str| assert_eq!(take(&mut bytes.to_vec()).unwrap_err().0, expected);
        check(b"AMQP\x00\x01\x00\x00", "the broker speaks another version of AMQP than 0-9-1");
        check(b"HTTP/1.1 400 Bad", "a frame is longer than was agreed");
        check(b"\x01\x00\x00\x00\x00\x00\x00\x00", "a frame does not end where it should");
        check(b"\x01\x00\x00\x00\x00\x00\x01\x00\xce", "a frame ends too early");
        check(b"\x09\x00\x00\x00\x00\x00\x00\xce", "a frame is of a kind that there is not");
    }
}
