//! The wire to a folder: the next file that stands still, and a file that appears whole.
//!
//! Taking: of the files whose names match, the first by name that nobody has touched for a while is opened; its digest is
//! its identity. What was read is moved away when the next one is asked for: by then all its rows are on disk. Whatever is
//! cut off in between is done again, and the rows are known.
//!
//! Putting: the bytes go into a hidden file and to the disk; then a receipt under the request's key; then one rename. After
//! a crash the receipt and the hidden file say together how far it went: both, the rename is owed; the receipt alone, it
//! happened. So a file appears once, whole, even where its reader has taken it away in the meantime.

use std::{
    ffi::OsString,
    fs::{self, File, Metadata},
    io::{self, BufReader, Read, Write},
    os::unix::{
        ffi::OsStrExt,
        fs::{MetadataExt, OpenOptionsExt},
    },
    path::{Path, PathBuf},
    time::Duration,
};

use rustix::{
    fs::{CWD, OFlags, RenameFlags, renameat_with},
    io::Errno,
};
use spanwright_core::{
    connector::{FileSeen, FilesHeard, FilesRequest, Finished, Heard, Reached},
    fact::Moment,
};

/// Where half files and receipts are.
const HIDDEN: &str = ".spanwright";
/// How long a receipt is kept: longer than anything is tried again.
const RECEIPT_KEPT: Duration = Duration::from_secs(30 * 24 * 3600);
/// Names of one folder that are looked at.
const NAMES_MOST: usize = 100_000;
/// Bytes that are read at once.
const READ_BYTES: usize = 64 << 10;
/// Receipts that one write may clear away.
const CLEARED_MOST: usize = 200;

/// What came of it; a file that was found is open.
#[derive(Debug)]
pub(crate) enum FilesReply {
    Nothing,
    Found(FileSeen, BufReader<File>),
    Put(String),
    InTheWay(String),
    Broken(Reached, String),
}

impl FilesReply {
    pub(crate) fn heard(&mut self) -> Heard<'_> {
        match self {
            FilesReply::Nothing => Heard::Files(FilesHeard::Nothing),
            FilesReply::Found(file, body) => Heard::Files(FilesHeard::Found { file, body }),
            FilesReply::Put(name) => Heard::Files(FilesHeard::Put { name }),
            FilesReply::InTheWay(name) => Heard::Files(FilesHeard::InTheWay { name }),
            FilesReply::Broken(reached, why) => Heard::Broken { reached: *reached, why: why.clone() },
        }
    }

    /// Bytes that came.
    pub(crate) fn got(&self) -> u64 {
        match self {
            FilesReply::Found(file, _) => file.bytes,
            FilesReply::Nothing | FilesReply::Put(_) | FilesReply::InTheWay(_) | FilesReply::Broken(..) => 0,
        }
    }
}

/// Does what is asked of a folder. It waits for the disk: not for the reactor's threads.
pub(crate) fn exchange(request: &FilesRequest, now: Moment) -> FilesReply {
    let done = match request {
        FilesRequest::Take { folder, matches, settle, done, failed, finished } => {
            let aside = finished.as_ref().map_or(Ok(()), |finished| {
                let into = if finished.failed { failed } else { done };
                set_aside(Path::new(folder), finished, &Path::new(folder).join(into))
            });
            aside.and_then(|()| take(Path::new(folder), matches, *settle, now))
        }
        FilesRequest::Put { folder, name, key, bytes } => put(Path::new(folder), name, key, bytes, now),
    };
    done.unwrap_or_else(|(reached, why)| FilesReply::Broken(reached, why))
}

type Broken = (Reached, String);

fn before(what: &str, path: &Path) -> impl Fn(io::Error) -> Broken {
    let words = format!("{what} `{}`", path.display());
    move |error| (Reached::No, format!("{words}: {error}"))
}

// ---- in

/// The first file by name that stands still and can be opened, at its beginning. One that cannot is told of where no other
/// is left: it keeps none of them waiting.
fn take(folder: &Path, matches: &str, settle: Duration, now: Moment) -> Result<FilesReply, Broken> {
    let entries = fs::read_dir(folder).map_err(before("reading the folder", folder))?;
    let names = entries.take(NAMES_MOST).filter_map(|entry| Some(entry.ok()?.file_name()));
    let wanted = |name: &OsString| !name.as_bytes().starts_with(b".") && suits(matches.as_bytes(), name.as_bytes());
    let mut names: Vec<OsString> = names.filter(wanted).collect();
    names.sort_unstable();
    let mut closed = None;
    for name in names {
        // A link may lead anywhere; a folder is no file.
        let Ok(about) = fs::symlink_metadata(folder.join(&name)) else { continue };
        if !about.is_file() || !stands_still(&about, settle, now) {
            continue;
        }
        match in_text(folder, name).and_then(|name| open(&folder.join(&name), name)) {
            Ok(Some(found)) => return Ok(found),
            Ok(None) => {}
            Err(why) => closed = closed.or(Some(why)),
        }
    }
    closed.map_or(Ok(FilesReply::Nothing), Err)
}

/// Nobody wrote, renamed or touched it for so long. The change time cannot be set back by whoever copies it.
fn stands_still(about: &Metadata, settle: Duration, now: Moment) -> bool {
    let changed = Moment(about.ctime().saturating_mul(1_000_000).saturating_add(about.ctime_nsec() / 1_000));
    settle.is_zero() || changed.after(settle) <= now
}

/// The name of a file as text. One that is none (any bytes will do for a file system) is renamed, its bytes written as `%E9`.
fn in_text(folder: &Path, name: OsString) -> Result<String, Broken> {
    let name = match name.into_string() {
        Ok(name) => return Ok(name),
        Err(name) => name,
    };
    let text: String = name.as_bytes().utf8_chunks().fold(String::new(), |mut text, chunk| {
        text.push_str(chunk.valid());
        chunk.invalid().iter().for_each(|byte| text.push_str(&format!("%{byte:02X}")));
        text
    });
    let from = folder.join(name);
    rename_to_new(&from, &folder.join(&text)).map_err(before("renaming", &from))?;
    Ok(text)
}

/// Opens a file and takes its digest; `None` where it went away, or became something else than a file, since it was looked at.
fn open(path: &Path, name: String) -> Result<Option<FilesReply>, Broken> {
    // Neither through a link that took its place nor, for ever, at a pipe that did.
    let opened = File::options().read(true).custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed()).open(path);
    let mut file = match opened {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound || Errno::from_io_error(&error) == Some(Errno::LOOP) => return Ok(None),
        Err(error) => return Err(before("opening", path)(error)),
    };
    let about = file.metadata().map_err(before("looking at", path))?;
    if !about.is_file() {
        return Ok(None);
    }
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; READ_BYTES];
    loop {
        match file.read(&mut buffer).map_err(before("reading", path))? {
            0 => break,
            read => hasher.update(&buffer[..read]),
        };
    }
    io::Seek::rewind(&mut file).map_err(before("reading", path))?;
    let digest = hasher.finalize().to_hex()[..32].to_string();
    let seen = FileSeen { name, digest, bytes: about.size(), stamp: stamp(&about) };
    Ok(Some(FilesReply::Found(seen, BufReader::with_capacity(READ_BYTES, file))))
}

/// What is another after every change.
fn stamp(about: &Metadata) -> String {
    format!("{}.{}.{}.{}", about.ino(), about.size(), about.ctime(), about.ctime_nsec())
}

/// Moves a file away that was read. One that was changed in the meantime stays: it is another file, and is read.
fn set_aside(folder: &Path, finished: &Finished, into: &Path) -> Result<(), Broken> {
    let from = folder.join(&*finished.name);
    match fs::symlink_metadata(&from) {
        Ok(about) if stamp(&about) == *finished.stamp => {}
        Ok(_) => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(before("looking at", &from)(error)),
    }
    fs::create_dir_all(into).map_err(before("making the folder", into))?;
    let to = free_name(into, finished);
    fs::rename(&from, &to).map_err(before("moving away", &from))?;
    sync_folder(into).and_then(|()| sync_folder(folder)).map_err(before("keeping", into))
}

/// Its own name; where that is taken, with the beginning of its digest, and a number where even that is.
fn free_name(into: &Path, finished: &Finished) -> PathBuf {
    let plain = into.join(&*finished.name);
    let (stem, end) = finished.name.rsplit_once('.').unwrap_or((&finished.name, ""));
    let with = |middle: String| into.join(if end.is_empty() { format!("{stem}-{middle}") } else { format!("{stem}-{middle}.{end}") });
    let short = finished.digest.get(..8).unwrap_or("again").to_string();
    let further = (2..NAMES_MOST).map(|n| with(format!("{short}-{n}")));
    [plain.clone(), with(short.clone())].into_iter().chain(further).find(|path| !path.exists()).unwrap_or(plain)
}

/// `*` for any characters, `?` for one.
fn suits(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n, mut star) = (0, 0, None);
    while n < name.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(wanted) if *wanted == b'?' || *wanted == name[n] => (p, n) = (p + 1, n + 1),
            _ => match star {
                Some((at, from)) => {
                    (p, n) = (at + 1, from + 1);
                    star = Some((at, from + 1));
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|rest| *rest == b'*')
}

// ---- out

fn put(folder: &Path, name: &str, key: &str, bytes: &[u8], now: Moment) -> Result<FilesReply, Broken> {
    let hidden = folder.join(HIDDEN);
    let (part, receipt, whole) = (hidden.join(format!("{key}.part")), hidden.join(format!("{key}.receipt")), folder.join(name));
    if receipt.exists() {
        return if part.exists() { appear(folder, name, &part, &whole) } else { Ok(FilesReply::Put(name.to_string())) };
    }
    if whole.exists() {
        return Ok(FilesReply::InTheWay(name.to_string()));
    }
    // The folder itself is never made: a missing one is more often a mount that failed.
    if let Err(error) = fs::create_dir(&hidden)
        && error.kind() != io::ErrorKind::AlreadyExists
    {
        return Err(before("writing into", folder)(error));
    }
    write_whole(&part, bytes).map_err(before("writing", &part))?;
    clear_away(&hidden, now);
    write_whole(&receipt, b"").and_then(|()| sync_folder(&hidden)).map_err(before("writing", &receipt))?;
    appear(folder, name, &part, &whole)
}

/// From here on it may have happened.
fn appear(folder: &Path, name: &str, part: &Path, whole: &Path) -> Result<FilesReply, Broken> {
    let maybe = |error: io::Error| (Reached::Maybe, format!("making `{}` visible: {error}", whole.display()));
    match rename_to_new(part, whole) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(FilesReply::InTheWay(name.to_string())),
        renamed => renamed.and_then(|()| sync_folder(folder)).map_err(maybe)?,
    }
    Ok(FilesReply::Put(name.to_string()))
}

/// In one step, and never over a file that is there. Some network file systems know no such step: there it is two.
fn rename_to_new(from: &Path, to: &Path) -> io::Result<()> {
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) if to.exists() => Err(io::ErrorKind::AlreadyExists.into()),
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => fs::rename(from, to),
        renamed => Ok(renamed?),
    }
}

fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // A link that somebody laid there is not written through.
    let flags = OFlags::NOFOLLOW.bits().cast_signed();
    let mut file = File::options().write(true).create(true).truncate(true).custom_flags(flags).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Old receipts: a fault here costs some bytes and nothing else.
fn clear_away(hidden: &Path, now: Moment) {
    let Ok(entries) = fs::read_dir(hidden) else { return };
    let is_old = |about: &Metadata| Moment(about.mtime().saturating_mul(1_000_000)).after(RECEIPT_KEPT) < now;
    for entry in entries.take(CLEARED_MOST).flatten() {
        if entry.metadata().is_ok_and(|about| is_old(&about)) {
            drop(fs::remove_file(entry.path()));
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::disallowed_methods)]
    use super::*;

    const NOW: Moment = Moment(0);

    fn take_one(folder: &Path, finished: Option<Finished>) -> FilesReply {
        let request = FilesRequest::Take {
            folder: folder.to_str().unwrap().into(),
            matches: "*.csv".into(),
            settle: Duration::ZERO,
            done: "done".into(),
            failed: "failed".into(),
            finished,
        };
        exchange(&request, NOW)
    }

    fn found(reply: FilesReply) -> FileSeen {
        match reply {
            FilesReply::Found(file, _) => file,
            other => panic!("{other:?}"),
        }
    }

    fn finished(file: &FileSeen, failed: bool) -> Option<Finished> {
        Some(Finished { name: file.name.as_str().into(), digest: file.digest.as_str().into(), stamp: file.stamp.as_str().into(), failed })
    }

    #[test]
    fn names_match_a_pattern() {
        for (pattern, name, expected) in [
            ("*.csv", "a.csv", true),
            ("*.csv", "a.csv.part", false),
            ("a?c*", "abc", true),
            ("a?c*", "ac", false),
            ("*a*b*", "xxaxxbxx", true),
            ("*a*b", "aab", true),
            ("", "", true),
            ("*", "", true),
        ] {
            assert_eq!(suits(pattern.as_bytes(), name.as_bytes()), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn files_are_taken_by_name_and_moved_away_when_the_next_is_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [("b.csv", "2"), ("a.csv", "1"), (".c.csv", "3"), ("d.csv.part", "4")] {
            fs::write(folder.path().join(name), text).unwrap();
        }
        fs::create_dir(folder.path().join("e.csv")).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", folder.path().join("0.csv")).unwrap();
        let a = found(take_one(folder.path(), None));
        let b = found(take_one(folder.path(), finished(&a, false)));
        assert_eq!((&*a.name, &*b.name), ("a.csv", "b.csv"));
        assert!(matches!(take_one(folder.path(), finished(&b, true)), FilesReply::Nothing));
        assert!(folder.path().join("done/a.csv").exists() && folder.path().join("failed/b.csv").exists());
        // A second of the same name does not take the first one's place.
        fs::write(folder.path().join("a.csv"), "5").unwrap();
        let again = found(take_one(folder.path(), None));
        take_one(folder.path(), finished(&again, false));
        assert_eq!(fs::read(folder.path().join("done/a.csv")).unwrap(), b"1");
        assert_eq!(fs::read_dir(folder.path().join("done")).unwrap().count(), 2);
    }

    #[test]
    fn what_goes_away_or_becomes_something_else_before_it_is_opened_is_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        let opened = || open(&path, "a.csv".to_string()).unwrap();
        assert!(opened().is_none(), "it vanished");
        std::os::unix::fs::symlink("/etc/passwd", &path).unwrap();
        assert!(opened().is_none(), "a link took its place");
        fs::remove_file(&path).unwrap();
        rustix::fs::mknodat(CWD, &path, rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR, 0).unwrap();
        assert!(opened().is_none(), "a pipe took its place, and nobody waits at it");
    }

    #[test]
    fn a_name_that_is_no_text_is_written_as_one_and_the_file_is_read() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(std::ffi::OsStr::from_bytes(b"caf\xe9.csv")), "1").unwrap();
        let seen = found(take_one(folder.path(), None));
        assert_eq!(seen.name, "caf%E9.csv");
        assert!(matches!(take_one(folder.path(), finished(&seen, false)), FilesReply::Nothing));
        assert!(folder.path().join("done/caf%E9.csv").exists());
    }

    #[test]
    fn a_half_file_is_not_written_through_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let (hidden, elsewhere) = (folder.path().join(HIDDEN), folder.path().join("elsewhere"));
        fs::create_dir(&hidden).unwrap();
        fs::write(&elsewhere, "theirs").unwrap();
        std::os::unix::fs::symlink(&elsewhere, hidden.join("k.part")).unwrap();
        assert!(matches!(put_one(folder.path(), "a.csv", "k"), FilesReply::Broken(Reached::No, _)));
        assert_eq!(fs::read(elsewhere).unwrap(), b"theirs");
    }

    #[test]
    fn a_file_that_was_changed_while_it_was_read_is_not_moved_away() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.csv"), "1").unwrap();
        let a = found(take_one(folder.path(), None));
        fs::write(folder.path().join("a.csv"), "12").unwrap();
        let again = found(take_one(folder.path(), finished(&a, false)));
        assert!(again.digest != a.digest && again.name == a.name);
    }

    #[test]
    fn a_file_that_is_being_written_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.csv"), "1").unwrap();
        let now = Moment(fs::metadata(folder.path().join("a.csv")).unwrap().ctime() * 1_000_000);
        assert!(matches!(take(folder.path(), "*", Duration::from_secs(60), now).unwrap(), FilesReply::Nothing));
        assert!(matches!(
            take(folder.path(), "*", Duration::from_secs(60), now.after(Duration::from_secs(61))).unwrap(),
            FilesReply::Found(..)
        ));
    }

    fn put_one(folder: &Path, name: &str, key: &str) -> FilesReply {
        exchange(
            &FilesRequest::Put { folder: folder.to_str().unwrap().into(), name: name.into(), key: key.into(), bytes: b"rows".to_vec() },
            NOW,
        )
    }

    #[test]
    fn a_file_appears_whole_and_once_for_its_key() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(put_one(folder.path(), "a.csv", "k1"), FilesReply::Put(_)));
        assert_eq!(fs::read(folder.path().join("a.csv")).unwrap(), b"rows");
        // Its reader has taken it away; whoever asks again is told that it happened.
        fs::remove_file(folder.path().join("a.csv")).unwrap();
        assert!(matches!(put_one(folder.path(), "a.csv", "k1"), FilesReply::Put(_)));
        assert!(!folder.path().join("a.csv").exists());
        assert!(matches!(put_one(folder.path(), "a.csv", "k2"), FilesReply::Put(_)));
        assert!(matches!(put_one(folder.path(), "a.csv", "k3"), FilesReply::InTheWay(_)));
    }

    #[test]
    fn wherever_it_was_cut_off_the_next_try_ends_it() {
        for (part, receipt) in [(None, false), (Some("ro"), false), (Some("rows"), false), (Some("rows"), true)] {
            let folder = tempfile::tempdir().unwrap();
            let hidden = folder.path().join(HIDDEN);
            fs::create_dir(&hidden).unwrap();
            if let Some(part) = part {
                fs::write(hidden.join("k.part"), part).unwrap();
            }
            if receipt {
                fs::write(hidden.join("k.receipt"), "").unwrap();
            }
            assert!(matches!(put_one(folder.path(), "a.csv", "k"), FilesReply::Put(_)), "{part:?} {receipt}");
            assert_eq!(fs::read(folder.path().join("a.csv")).unwrap(), b"rows", "{part:?} {receipt}");
            assert!(!hidden.join("k.part").exists());
        }
    }

    #[test]
    fn a_folder_that_is_not_there_is_told_and_not_made() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("missing");
        assert!(matches!(put_one(&missing, "a.csv", "k"), FilesReply::Broken(Reached::No, _)));
        assert!(matches!(take_one(&missing, None), FilesReply::Broken(Reached::No, _)));
        assert!(!missing.exists());
    }
}
