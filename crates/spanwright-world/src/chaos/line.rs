//! Connections that carry many exchanges, as one to a broker does: what breaks of them, and where.

use std::{
    io::{self, Read, Write},
    net::{Shutdown, TcpStream},
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::Duration,
};

use super::{LOOK_UP, Shared, is_timeout};

/// What becomes of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Break {
    /// Nothing: it is passed on until one side ends it.
    None,
    /// Each 4 KiB and each smaller piece comes so much later, in both directions: it is slow, too.
    Late(Duration),
    /// It is cut behind so many bytes, those of both sides together.
    Behind(u64),
    /// Behind so many bytes of both sides together nothing goes through any more, and it stays open.
    Silent(u64),
}

/// Both directions of one connection.
pub(super) fn meet(caller: &TcpStream, broken: Break, shared: &Shared) -> io::Result<()> {
    let other = TcpStream::connect(shared.upstream)?;
    for stream in [caller, &other] {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(LOOK_UP))?;
    }
    let left = AtomicU64::new(match broken {
        Break::None | Break::Late(_) => u64::MAX,
        Break::Behind(bytes) | Break::Silent(bytes) => bytes,
    });
    let pass = |from: &TcpStream, to: &TcpStream| {
        let passed = pass(from, to, broken, &left, shared);
        for stream in [caller, &other] {
            drop(stream.shutdown(Shutdown::Both));
        }
        passed
    };
    thread::scope(|scope| {
        let there = scope.spawn(|| pass(caller, &other));
        pass(&other, caller).and(there.join().unwrap_or(Ok(())))
    })
}

/// One direction, as long as it lasts. `left`: the bytes that still go through.
fn pass(mut from: &TcpStream, mut to: &TcpStream, broken: Break, left: &AtomicU64, shared: &Shared) -> io::Result<()> {
    let mut bytes = [0; 4096];
    while !shared.over.load(Ordering::Acquire) {
        let length = match from.read(&mut bytes) {
            Ok(0) => return Ok(()),
            Ok(length) => length,
            Err(error) if is_timeout(&error) => continue,
            Err(error) => return Err(error),
        };
        if let Break::Late(time) = broken {
            thread::sleep(time);
        }
        let before = left.fetch_update(Ordering::AcqRel, Ordering::Acquire, |left| Some(left.saturating_sub(length as u64)));
        let most = length.min(before.map_or(length, |left| usize::try_from(left).unwrap_or(length)));
        to.write_all(&bytes[..most])?;
        if most < length && matches!(broken, Break::Behind(_)) {
            return Ok(());
        }
    }
    Ok(())
}
