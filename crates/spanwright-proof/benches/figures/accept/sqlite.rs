//! What SQLite can do at all: a message's row, its body and its key, one sync for all that wait. Nobody listens, reads or maps.

use std::{
    io,
    path::Path,
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread,
    time::{Duration, Instant},
};

use rusqlite::{Connection, Result, TransactionBehavior};

use super::BODY_BYTES;

/// As many as the engine's writer takes at once.
const GROUP_MOST: usize = 4096;

/// So many senders wait for each of their messages to be on the disk, in an empty file of this folder.
pub fn messages_a_second(folder: &Path, senders: usize, time: Duration) -> io::Result<f64> {
    let (jobs, line) = sync_channel::<(u64, SyncSender<()>)>(1024);
    let connection = open(&folder.join("bare.db")).map_err(io::Error::other)?;
    let writer = thread::spawn(move || write(connection, &line));
    let began = Instant::now();
    let senders: Vec<_> = (0..senders as u64)
        .map(|sender| {
            let jobs = jobs.clone();
            let sends = move || {
                let (to, done) = sync_channel(1);
                let mut count = 0;
                while began.elapsed() < time && jobs.send((sender << 32 | count, to.clone())).is_ok() && done.recv().is_ok() {
                    count += 1;
                }
                count
            };
            thread::Builder::new().stack_size(128 << 10).spawn(sends)
        })
        .collect::<io::Result<_>>()?;
    drop(jobs);
    let count: u64 = senders.into_iter().map(|sender| sender.join().unwrap()).sum();
    writer.join().unwrap().map_err(io::Error::other)?;
    Ok(count as f64 / began.elapsed().as_secs_f64())
}

fn open(path: &Path) -> Result<Connection> {
    let connection = Connection::open(path)?;
    connection.execute_batch(
        "PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000; PRAGMA cache_size = -8192;
         CREATE TABLE body (id INTEGER PRIMARY KEY, data BLOB NOT NULL) STRICT;
         CREATE TABLE message (seq INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, received INTEGER NOT NULL, body INTEGER NOT NULL) STRICT;
         CREATE TABLE seen (key TEXT PRIMARY KEY, message INTEGER NOT NULL) WITHOUT ROWID, STRICT;",
    )?;
    Ok(connection)
}

fn write(mut connection: Connection, line: &Receiver<(u64, SyncSender<()>)>) -> Result<()> {
    let (body, mut next) = (vec![b'x'; BODY_BYTES], 0_i64);
    while let Ok(first) = line.recv() {
        let mut group = vec![first];
        group.extend(line.try_iter().take(GROUP_MOST));
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        {
            let mut bodies = transaction.prepare_cached("INSERT INTO body VALUES (?1, ?2)")?;
            let mut messages = transaction.prepare_cached("INSERT INTO message VALUES (?1, ?2, ?3, ?1)")?;
            let mut seen = transaction.prepare_cached("INSERT INTO seen VALUES (?1, ?2)")?;
            for (id, _) in &group {
                next += 1;
                bodies.execute((next, &body))?;
                // In the order of their time, as the engine's ids are.
                messages.execute((next, u128::from(next.unsigned_abs()).to_be_bytes(), next))?;
                seen.execute((format!("key-{id:016x}"), next))?;
            }
        }
        transaction.commit()?;
        for (_, to) in group {
            // Who has gone needs no answer.
            let _gone = to.send(());
        }
    }
    Ok(())
}
