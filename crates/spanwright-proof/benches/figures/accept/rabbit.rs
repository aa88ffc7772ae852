//! RabbitMQ's quorum queue, persistent messages, a bounded number of them unconfirmed: its server as a process of its own, and the
//! few frames of AMQP 0-9-1 that a publisher needs, so that no client library is measured.

use std::{
    fs,
    io::{self, BufReader, BufWriter, Read, Write},
    net::{SocketAddr, TcpStream},
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use super::{BODY_BYTES, free_address};

const SERVER: &str = "/usr/lib/rabbitmq/bin/rabbitmq-server";
/// What one publisher has unconfirmed, as most are set up.
const WINDOW: usize = 64;
const PATIENCE: Duration = Duration::from_secs(60);
/// A quorum queue that was just declared is not yet durable.
const SETTLES: Duration = Duration::from_secs(3);
const QUEUE: &str = "bench";
/// Tries to end Erlang's name server.
const NAMES_TRIES_MOST: usize = 20;
const STACK_BYTES: usize = 256 << 10;

/// Confirmed a second.
pub struct Rates {
    /// One publisher: how many at once, and what it sent in each way.
    pub one: Vec<(usize, One)>,
    /// So many publishers, each with a connection of its own, and each waits for its own confirm before it sends again.
    pub many: f64,
}

/// Confirmed a second, by one who sends: a publisher of theirs, or a sender of ours.
pub struct One {
    /// It sends so many, and waits for the confirms of all of them before it sends again.
    pub windows: f64,
    /// It always has so many unconfirmed.
    pub sliding: f64,
}

/// What one has on its way: as usual, and as many as there are senders.
pub fn windows(senders: usize) -> Vec<usize> {
    let mut windows = vec![WINDOW, senders];
    windows.dedup();
    windows
}

/// Confirmed a second, in each way. One publisher has the usual window, and as many as there are senders.
pub fn messages_a_second(folder: &Path, senders: usize, time: Duration) -> io::Result<Rates> {
    if !Path::new(SERVER).exists() {
        return Err(io::Error::other("there is no rabbitmq-server: apt-get install rabbitmq-server"));
    }
    let server = Server::start(&folder.join("rabbit"))?;
    let mut publishers = (0..senders).map(|_| Publisher::open(server.address)).collect::<io::Result<Vec<_>>>()?;
    thread::sleep(SETTLES);
    let mut one = Vec::new();
    for window in windows(senders) {
        let windows = publishers[0].publish(window, Pace::Windows, time)?;
        one.push((window, One { windows, sliding: publishers[0].publish(window, Pace::Sliding, time)? }));
    }
    let sends = |mut publisher: Publisher| {
        thread::Builder::new()
            .stack_size(STACK_BYTES)
            .spawn(move || publisher.publish(1, Pace::Sliding, time).map_err(|error| error.to_string()))
    };
    let threads = publishers.into_iter().map(sends).collect::<io::Result<Vec<_>>>()?;
    let rates = threads.into_iter().map(|thread| thread.join().unwrap_or_else(|_| Err("a publisher panicked".into())));
    Ok(Rates { one, many: rates.sum::<Result<f64, String>>().map_err(io::Error::other)? })
}

struct Server {
    child: Child,
    address: SocketAddr,
    names: u16,
}

impl Server {
    fn start(folder: &Path) -> io::Result<Server> {
        fs::create_dir_all(folder)?;
        let (address, distribution, names) = (free_address()?, free_address()?.port(), free_address()?.port());
        let mut command = Command::new(SERVER);
        command.env("HOME", folder).env("RABBITMQ_NODENAME", "bench@localhost").env("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1");
        command.env("RABBITMQ_NODE_PORT", address.port().to_string()).env("RABBITMQ_DIST_PORT", distribution.to_string());
        command.env("ERL_EPMD_PORT", names.to_string()).env("ERL_EPMD_ADDRESS", "127.0.0.1");
        command.env("RABBITMQ_MNESIA_BASE", folder.join("data")).env("RABBITMQ_LOG_BASE", folder.join("log"));
        command.env("RABBITMQ_ENABLED_PLUGINS_FILE", folder.join("plugins")).env("RABBITMQ_CONFIG_FILE", folder.join("config"));
        command.env("RABBITMQ_PID_FILE", folder.join("pid"));
        let log = fs::File::create(folder.join("out"))?;
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).process_group(0);
        let server = Server { child: command.spawn()?, address, names };
        let began = Instant::now();
        while TcpStream::connect(address).is_err() {
            if began.elapsed() > PATIENCE {
                return Err(io::Error::other(format!("it does not start: {}", fs::read_to_string(folder.join("out"))?)));
            }
            thread::sleep(Duration::from_millis(100));
        }
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The script and its Erlang machine are one group; its name server is one by itself.
        Command::new("kill").args(["-KILL", "--", &format!("-{}", self.child.id())]).stderr(Stdio::null()).status().ok();
        self.child.wait().ok();
        // It refuses to end until it has noticed that the machine is gone.
        for _ in 0..NAMES_TRIES_MOST {
            let mut ends = Command::new("epmd");
            ends.args(["-port", &self.names.to_string(), "-kill"]).stdout(Stdio::null()).stderr(Stdio::null());
            if ends.status().is_ok_and(|status| status.success()) {
                break;
            }
            thread::sleep(Duration::from_millis(100));
        }
    }
}

/// When a publisher sends again.
#[derive(Clone, Copy, PartialEq)]
pub enum Pace {
    /// When all of its window is confirmed.
    Windows,
    /// When any of it is.
    Sliding,
}

struct Publisher {
    from: BufReader<TcpStream>,
    to: BufWriter<TcpStream>,
    sent: u64,
    confirmed: u64,
}

impl Publisher {
    fn open(address: SocketAddr) -> io::Result<Publisher> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut publisher =
            Publisher { from: BufReader::new(stream.try_clone()?), to: BufWriter::with_capacity(1 << 16, stream), sent: 0, confirmed: 0 };
        publisher.to.write_all(b"AMQP\x00\x00\x09\x01")?;
        publisher.to.flush()?;
        publisher.hear(10, 10)?;
        publisher.say(0, 10, 11, |say| {
            say.extend(0_u32.to_be_bytes());
            short("PLAIN", say);
            long(b"\0guest\0guest", say);
            short("en_US", say);
        })?;
        let tune = publisher.hear(10, 30)?;
        publisher.say(0, 10, 31, |say| say.extend([&tune[..6], &[0, 0]].concat()))?;
        publisher.say(0, 10, 40, |say| {
            short("/", say);
            say.extend([0, 0]);
        })?;
        publisher.hear(10, 41)?;
        publisher.say(1, 20, 10, |say| say.push(0))?;
        publisher.hear(20, 11)?;
        publisher.say(1, 50, 10, |say| {
            say.extend([0, 0]);
            short(QUEUE, say);
            say.push(2);
            let mut arguments = Vec::new();
            short("x-queue-type", &mut arguments);
            arguments.push(b'S');
            long(b"quorum", &mut arguments);
            long(&arguments, say);
        })?;
        publisher.hear(50, 11)?;
        publisher.say(1, 85, 10, |say| say.push(0))?;
        publisher.hear(85, 11)?;
        Ok(publisher)
    }

    fn publish(&mut self, window: usize, pace: Pace, time: Duration) -> io::Result<f64> {
        let (began, before) = (Instant::now(), self.confirmed);
        while began.elapsed() < time {
            while self.sent - self.confirmed < window as u64 {
                self.publish_one()?;
                self.sent += 1;
            }
            self.to.flush()?;
            self.confirm()?;
            while pace == Pace::Windows && self.confirmed < self.sent {
                self.confirm()?;
            }
        }
        Ok((self.confirmed - before) as f64 / began.elapsed().as_secs_f64())
    }

    fn confirm(&mut self) -> io::Result<()> {
        let ack = self.hear(60, 80)?;
        let tag = u64::from_be_bytes(ack[..8].try_into().map_err(io::Error::other)?);
        self.confirmed = if ack[8] & 1 == 1 { self.confirmed.max(tag) } else { self.confirmed + 1 };
        Ok(())
    }

    fn publish_one(&mut self) -> io::Result<()> {
        self.say_unflushed(1, 60, 40, |say| {
            say.extend([0, 0]);
            short("", say);
            short(QUEUE, say);
            say.push(1);
        })?;
        let mut header = Vec::from([0, 60, 0, 0]);
        header.extend((BODY_BYTES as u64).to_be_bytes());
        // The delivery mode alone: persistent.
        header.extend([0x10, 0x00, 2]);
        frame(2, 1, &header, &mut self.to)?;
        frame(3, 1, &[b'x'; BODY_BYTES], &mut self.to)
    }

    fn say(&mut self, channel: u16, class: u16, method: u16, arguments: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
        self.say_unflushed(channel, class, method, arguments)?;
        self.to.flush()
    }

    fn say_unflushed(&mut self, channel: u16, class: u16, method: u16, arguments: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
        let mut payload = [class.to_be_bytes(), method.to_be_bytes()].concat();
        arguments(&mut payload);
        frame(1, channel, &payload, &mut self.to)
    }

    /// The arguments of the next method, which must be this one.
    fn hear(&mut self, class: u16, method: u16) -> io::Result<Vec<u8>> {
        loop {
            let mut head = [0; 7];
            self.from.read_exact(&mut head)?;
            let length = u32::from_be_bytes([head[3], head[4], head[5], head[6]]) as usize;
            let mut payload = vec![0; length + 1];
            self.from.read_exact(&mut payload)?;
            payload.pop();
            match head[0] {
                8 => {}
                1 if payload.starts_with(&[class.to_be_bytes(), method.to_be_bytes()].concat()) => return Ok(payload.split_off(4)),
                _ => return Err(io::Error::other(format!("RabbitMQ said {:?}", &payload[..payload.len().min(80)]))),
            }
        }
    }
}

fn frame(kind: u8, channel: u16, payload: &[u8], to: &mut impl Write) -> io::Result<()> {
    to.write_all(&[kind])?;
    to.write_all(&channel.to_be_bytes())?;
    to.write_all(&(payload.len() as u32).to_be_bytes())?;
    to.write_all(payload)?;
    to.write_all(&[0xCE])
}

fn short(text: &str, to: &mut Vec<u8>) {
    to.push(text.len() as u8);
    to.extend(text.as_bytes());
}

fn long(bytes: &[u8], to: &mut Vec<u8>) {
    to.extend((bytes.len() as u32).to_be_bytes());
    to.extend(bytes);
}
