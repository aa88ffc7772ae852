//! The smallest HTTP client there is: one call a connection.

use std::{
    io::{self, Read, Write},
    net::TcpStream,
    time::Duration,
};

/// Status and body of an answer.
#[derive(Debug, PartialEq, Eq)]
pub struct Heard {
    pub status: u16,
    pub head: String,
    pub body: String,
}

/// Calls; an error is a connection that ended or kept silent for a second.
pub fn call(url: &str, method: &str, headers: &[(&str, &str)], body: &str) -> io::Result<Heard> {
    let (host, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = TcpStream::connect(host)?;
    stream.set_read_timeout(Some(Duration::from_secs(1)))?;
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let head = format!("{method} /{path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-length: {}\r\n{headers}\r\n", body.len());
    stream.write_all(head.as_bytes())?;
    stream.write_all(body.as_bytes())?;
    heard(&mut stream)
}

fn heard(stream: &mut TcpStream) -> io::Result<Heard> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 1 << 16];
    loop {
        if let Some(heard) = whole(&String::from_utf8_lossy(&bytes)) {
            return Ok(heard);
        }
        match stream.read(&mut buffer)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => bytes.extend_from_slice(&buffer[..read]),
        }
    }
}

/// The answer, once all that `content-length` promises is there.
fn whole(text: &str) -> Option<Heard> {
    let (head, body) = text.split_once("\r\n\r\n")?;
    let length: usize = head.to_ascii_lowercase().lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok())?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    (body.len() >= length).then(|| Heard { status, head: head.to_ascii_lowercase(), body: body.to_owned() })
}
