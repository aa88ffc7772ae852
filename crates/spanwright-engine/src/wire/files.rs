//! The wire to a folder: the next file that stands still, and a file that appears whole.
//!
//! Taking: of the files whose names match, the first by name that nobody has touched for a while is opened; its digest is
//! its identity. What was read is moved away when the next one is asked for: by then all its rows are on disk. Whatever is
//! cut off in between is done again, and the rows are known. A file that was written on meanwhile is looked for three times:
//! when its digest is taken, at its end, and when it has been moved.
//!
//! Putting: the bytes go into a hidden file and to the disk; then a receipt under the request's key; then one rename. After
//! a crash the receipt and the hidden file say together how far it went: both, the rename is owed; the receipt alone, it
//! happened. So a file appears once, whole, even where its reader has taken it away in the meantime. Whatever is cleared away
//! goes in the other order, the receipt first: a receipt never loses its half file but by the rename.
//!
//! No time of a file is compared with our clock where it matters: a share has its own.

mod looks;

use std::{
    ffi::{OsStr, OsString},
    fs::{self, File, Metadata},
    io::{self, BufReader, Read, Write},
    os::unix::{
        ffi::OsStrExt,
        fs::{MetadataExt, OpenOptionsExt},
    },
    path::{Path, PathBuf},
    sync::Mutex,
    time::Duration,
};

use rustix::{
    fs::{CWD, OFlags, RenameFlags, renameat_with},
    io::Errno,
};
use spanwright_core::{
    connector::{FileSeen, FilesHeard, FilesRequest, Finished, Heard, Reached},
    desk::ONCE_WAITS_MOST,
    fact::Moment,
};

use crate::clock::Clock;
pub(crate) use looks::Looks;
use looks::{Folder, Stands};

/// Where half files and receipts are.
const HIDDEN: &str = ".spanwright";
/// How long a receipt is kept: longer than anything is tried again.
const RECEIPT_KEPT: Duration = Duration::from_secs(30 * 24 * 3600);
/// Whoever clears away.
static CLEANER: Mutex<()> = Mutex::new(());
/// Written when all receipts were looked at: its time says when that was.
const CLEARED: &str = "cleared";
/// What stands in it.
const CLEARED_SAYS: &[u8] = b"When this was written, no receipt here was older than 30 days.\n";
/// How often all receipts are looked at.
const CLEARED_EVERY: Duration = Duration::from_secs(24 * 3600);
/// Two clocks are never further apart than this: a time zone too many, and some hours.
const CLOCKS_APART_MOST: Duration = Duration::from_secs(24 * 3600);
/// Names of one folder that are looked at.
const NAMES_MOST: usize = 100_000;
/// Bytes that are read at once.
const READ_BYTES: usize = 64 << 10;
/// Receipts that one write may clear away, and half files: the next one goes on.
const CLEARED_MOST: usize = 10_000;

/// What came of it; a file that was found is open.
#[derive(Debug)]
pub(crate) enum FilesReply {
    Nothing,
    /// There are files that may stand still when so much time has passed.
    Unsettled(Duration),
    Found(FileSeen, BufReader<Unchanged>),
    Put(String),
    InTheWay(String),
    Broken(Reached, String),
}

impl FilesReply {
    pub(crate) fn heard(&mut self) -> Heard<'_> {
        match self {
            FilesReply::Nothing => Heard::Files(FilesHeard::Nothing),
            FilesReply::Unsettled(again) => Heard::Files(FilesHeard::Unsettled { again: *again }),
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
            FilesReply::Nothing | FilesReply::Unsettled(_) | FilesReply::Put(_) | FilesReply::InTheWay(_) | FilesReply::Broken(..) => 0,
        }
    }
}

/// Does what is asked of a folder. It waits for the disk: not for the reactor's threads.
pub(crate) fn exchange(request: &FilesRequest, clock: &Clock, looks: &Looks) -> FilesReply {
    let done = match request {
        FilesRequest::Take { folder, matches, settle, done, failed, finished } => {
            let (seen, folder) = (looks.of(folder, matches), Path::new(folder));
            let aside = finished.as_ref().map_or(Ok(()), |finished| {
                let into = if finished.failed { failed } else { done };
                set_aside(folder, matches, finished, &folder.join(into))
            });
            aside.and_then(|()| take(folder, matches, *settle, clock, &seen))
        }
        FilesRequest::Put { folder, name, key, bytes } => put(Path::new(folder), name, key, bytes),
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
/// is left: it keeps none of them waiting. What is behind the one that is found has its look when its turn comes.
fn take(folder: &Path, matches: &str, settle: Duration, clock: &Clock, seen: &Folder) -> Result<FilesReply, Broken> {
    let (began, now) = (clock.counted(), clock.now());
    let entries = fs::read_dir(folder).map_err(before("reading the folder", folder))?;
    let names = entries.take(NAMES_MOST).filter_map(|entry| Some(entry.ok()?.file_name()));
    let wanted = |name: &OsString| !name.as_bytes().starts_with(b".") && suits(matches.as_bytes(), name.as_bytes());
    let mut names: Vec<OsString> = names.filter(wanted).collect();
    names.sort_unstable();
    seen.keep_only(&names);
    let (mut closed, mut again) = (None, None);
    for name in names {
        // A link may lead anywhere; a folder is no file.
        let Ok(about) = fs::symlink_metadata(folder.join(&name)) else { continue };
        if !about.is_file() {
            continue;
        }
        let stands = match settle.is_zero() || is_old(&about, settle, now) {
            true => Stands::Still,
            false => seen.look(&name, &stamp(&about), settle, began, clock.counted()),
        };
        match stands {
            Stands::Still => {}
            Stands::NotYet(left) => {
                again = Some(again.map_or(left, |again: Duration| again.min(left)));
                continue;
            }
            // Whoever writes has until the next look: one that comes sooner for each change would never end.
            Stands::Written => continue,
        }
        match in_text(folder, name).and_then(|name| open(&folder.join(&name), name, &about)) {
            Ok(Some(found)) => return Ok(found),
            Ok(None) => {}
            Err(why) => closed = closed.or(Some(why)),
        }
    }
    match (closed, again) {
        (Some(why), _) => Err(why),
        (None, Some(again)) => Ok(FilesReply::Unsettled(again)),
        (None, None) => Ok(FilesReply::Nothing),
    }
}

/// Nobody touched it for `settle` and a day, as the clocks say: no two are that far apart. This counts only where `settle` is so
/// long that a run with `once` does not wait for it: each such run looks for the first time, and would never read anything.
fn is_old(about: &Metadata, settle: Duration, now: Moment) -> bool {
    let changed = Moment(about.ctime().saturating_mul(1_000_000));
    settle > ONCE_WAITS_MOST && changed.after(settle).after(CLOCKS_APART_MOST) <= now
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

/// Opens a file and takes its digest; `None` where it went away, or became something else, since it was looked at, or while its
/// digest was taken: what would be read is not what that names. What a share says of a file may be old news until it is opened.
fn open(path: &Path, name: String, looked: &Metadata) -> Result<Option<FilesReply>, Broken> {
    let mut file = match open_as_is(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound || Errno::from_io_error(&error) == Some(Errno::LOOP) => return Ok(None),
        Err(error) => return Err(before("opening", path)(error)),
    };
    let about = file.metadata().map_err(before("looking at", path))?;
    if !about.is_file() || written(&about) != written(looked) {
        return Ok(None);
    }
    let digest = digest_of(&mut file).map_err(before("reading", path))?;
    if written(&file.metadata().map_err(before("looking at", path))?) != written(&about) {
        return Ok(None);
    }
    io::Seek::rewind(&mut file).map_err(before("reading", path))?;
    let seen = FileSeen { name, digest, bytes: about.size(), stamp: stamp(&about) };
    let body = Unchanged { file, written: written(&about) };
    Ok(Some(FilesReply::Found(seen, BufReader::with_capacity(READ_BYTES, body))))
}

/// Neither through a link that took its place nor, for ever, at a pipe that did.
fn open_as_is(path: &Path) -> io::Result<File> {
    File::options().read(true).custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed()).open(path)
}

/// Of what is left of it.
fn digest_of(file: &mut File) -> io::Result<String> {
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; READ_BYTES];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hasher.finalize().to_hex()[..32].to_string()),
            read => hasher.update(&buffer[..read]),
        };
    }
}

/// A file that has an end only where it is still as it was opened: otherwise its last row may be half of one.
#[derive(Debug)]
pub(crate) struct Unchanged {
    file: File,
    written: String,
}

impl Read for Unchanged {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(into)?;
        if read == 0 && !into.is_empty() && written(&self.file.metadata()?) != self.written {
            return Err(io::Error::other("it was changed while it was read"));
        }
        Ok(read)
    }
}

/// What is another after every change.
fn stamp(about: &Metadata) -> String {
    format!("{}.{}.{}", written(about), about.ctime(), about.ctime_nsec())
}

/// The beginning of a stamp: what is another where something else is in the file, and the same where it was moved alone.
fn written(about: &Metadata) -> String {
    format!("{}.{}.{}.{}", about.ino(), about.size(), about.mtime(), about.mtime_nsec())
}

/// Moves a file away that was read. One that was changed in the meantime stays: it is another file, and is read.
fn set_aside(folder: &Path, matches: &str, finished: &Finished, into: &Path) -> Result<(), Broken> {
    let from = folder.join(&*finished.name);
    match fs::symlink_metadata(&from) {
        Ok(about) if stamp(&about) == *finished.stamp => {}
        Ok(_) => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(before("looking at", &from)(error)),
    }
    move_away(folder, matches, finished, into)
}

/// Between the last look and the rename somebody may still have written, or put another file there: the file at its new place
/// shows it, and goes back to be read again. What is written into it later by somebody who holds it open is lost to us: such a
/// writer needs a longer `settle`. A rename may change the time of change, so that is not looked at.
fn move_away(folder: &Path, matches: &str, finished: &Finished, into: &Path) -> Result<(), Broken> {
    let from = folder.join(&*finished.name);
    fs::create_dir_all(into).map_err(before("making the folder", into))?;
    let to = names_for(into, finished).find(|path| !path.exists()).unwrap_or_else(|| into.join(&*finished.name));
    fs::rename(&from, &to).map_err(before("moving away", &from))?;
    match fs::symlink_metadata(&to) {
        Ok(about) if finished.stamp.starts_with(&format!("{}.", written(&about))) => {}
        // A mount may rename by copying: then it is what was read all the same.
        Ok(_) if open_as_is(&to).and_then(|mut moved| digest_of(&mut moved)).is_ok_and(|digest| digest == *finished.digest) => {}
        Ok(_) => bring_back(folder, matches, finished, &to)?,
        // Whoever tidies up there was quick.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(before("looking at", &to)(error)),
    }
    sync_folder(into).and_then(|()| sync_folder(folder)).map_err(before("keeping", into))
}

/// Under its own name, or where a new file has that by now, under another one that is read too.
fn bring_back(folder: &Path, matches: &str, finished: &Finished, from: &Path) -> Result<(), Broken> {
    let is_read = |path: &PathBuf| path.file_name().is_some_and(|name| suits(matches.as_bytes(), name.as_bytes()));
    for to in names_for(folder, finished).filter(is_read) {
        match rename_to_new(from, &to) {
            Ok(()) => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(before("moving back", from)(error)),
        }
    }
    let why = format!("`{}` was changed while it was moved there, and its name is taken", from.display());
    Err((Reached::No, format!("{why}: move it to `{}` by hand under a name that is read", folder.display())))
}

/// Its own name; where that is taken, with the beginning of its digest, and a number where even that is.
fn names_for(folder: &Path, finished: &Finished) -> impl Iterator<Item = PathBuf> {
    let (stem, end) = match finished.name.rsplit_once('.') {
        Some((stem, end)) => (folder.join(stem).into_os_string(), format!(".{end}")),
        None => (folder.join(&*finished.name).into_os_string(), String::new()),
    };
    let short = finished.digest.get(..8).unwrap_or("again").to_string();
    (0..NAMES_MOST).map(move |n| {
        let middle = match n {
            0 => String::new(),
            1 => format!("-{short}"),
            n => format!("-{short}-{n}"),
        };
        let mut name = stem.clone();
        name.push(middle);
        name.push(&end);
        PathBuf::from(name)
    })
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

fn put(folder: &Path, name: &str, key: &str, bytes: &[u8]) -> Result<FilesReply, Broken> {
    let hidden = folder.join(HIDDEN);
    let (part, receipt, whole) = (hidden.join(format!("{key}.part")), hidden.join(format!("{key}.receipt")), folder.join(name));
    // The half file is looked for first, since whoever clears away takes the receipt first: one that is seen after that was not
    // cleared away. A look that fails says nothing: taken for "there is none", a file would be written twice, or never.
    let is_there = |path: &Path| path.try_exists().map_err(before("looking for", path));
    let is_owed = is_there(&part)?;
    if is_there(&receipt)? {
        return if is_owed { appear(folder, name, &part, &whole) } else { Ok(FilesReply::Put(name.to_string())) };
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
    // The name of the half file is on the disk before there is a receipt: alone, that would say that it happened.
    write_whole(&part, bytes).and_then(|()| sync_folder(&hidden)).map_err(before("writing", &part))?;
    clear_away(&hidden, &part);
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

/// Once a day, receipts and half files that are older than a receipt is kept. A fault here costs some bytes and nothing else.
///
/// All names are looked at: folders list them in no order, and what is behind a bound would stay for ever. Which of the old ones
/// goes first does not matter, since none of them is asked for any more. How old they are is told by what was just written,
/// `newest`, and so by the folder's own clock: by ours, a share that is a month behind would lose each receipt at once.
fn clear_away(hidden: &Path, newest: &Path) {
    // One at a time: others have nothing to wait for.
    let Ok(_cleaner) = CLEANER.try_lock() else { return };
    let (marker, Some(now)) = (hidden.join(CLEARED), last_written(newest)) else { return };
    if last_written(&marker).is_some_and(|then| then <= now && now.since(then) < CLEARED_EVERY) {
        return;
    }
    let is_old = |path: &Path| last_written(path).is_some_and(|then| now.since(then) > RECEIPT_KEPT);
    let Ok(entries) = fs::read_dir(hidden) else { return };
    let (mut receipts, mut parts) = (0, Vec::new());
    for path in entries.flatten().map(|entry| entry.path()) {
        match path.extension().and_then(OsStr::to_str) {
            Some("receipt") if is_old(&path) => {
                drop(fs::remove_file(&path));
                receipts += 1;
            }
            Some("part") if is_old(&path) => parts.push(path),
            _ => {}
        }
        if receipts + parts.len() == CLEARED_MOST {
            break;
        }
    }
    let has_all = receipts + parts.len() < CLEARED_MOST;
    // A half file whose receipt came back after a crash would be missed: the file would count as one that appeared.
    if sync_folder(hidden).is_err() {
        return;
    }
    let is_alone = |part: &PathBuf| part.with_extension("receipt").try_exists().is_ok_and(|is_there| !is_there);
    for part in parts.iter().filter(|part| is_alone(part) && is_old(part)) {
        drop(fs::remove_file(part));
    }
    if has_all {
        drop(write_whole(&marker, CLEARED_SAYS));
    }
}

/// As the folder's clock says.
fn last_written(path: &Path) -> Option<Moment> {
    Some(Moment(fs::symlink_metadata(path).ok()?.mtime().saturating_mul(1_000_000)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::disallowed_methods)]
    use std::{
        sync::{
            Arc,
            atomic::{AtomicU64, Ordering},
        },
        time::{SystemTime, UNIX_EPOCH},
    };

    use super::*;
    use crate::clock::Reading;

    /// Seconds of a day.
    const DAY: u64 = 24 * 3600;

    /// A clock whose hands stand until they are turned: how far its wall clock is ahead of what is counted, and the seconds that are.
    fn hands(ahead: Duration) -> (Clock, Arc<AtomicU64>) {
        let counted = Arc::new(AtomicU64::new(0));
        let read = counted.clone();
        let clock = Clock::reading(move || {
            let counted = Duration::from_secs(read.load(Ordering::Acquire));
            Reading { counted, wall: ahead + counted }
        });
        (clock, counted)
    }

    /// A clock that shows this many seconds since 1970.
    fn clock_at(wall: u64) -> Clock {
        hands(Duration::from_secs(wall)).0
    }

    /// So many seconds since 1970, now.
    fn today() -> u64 {
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
    }

    fn take_one(folder: &Path, finished: Option<Finished>) -> FilesReply {
        let request = FilesRequest::Take {
            folder: folder.to_str().unwrap().into(),
            matches: "*.csv".into(),
            settle: Duration::ZERO,
            done: "done".into(),
            failed: "failed".into(),
            finished,
        };
        exchange(&request, &clock_at(0), &Looks::default())
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
        fs::write(&path, "1").unwrap();
        let looked = fs::symlink_metadata(&path).unwrap();
        let opened = || open(&path, "a.csv".to_string(), &looked).unwrap();
        assert!(opened().is_some());
        fs::write(&path, "12").unwrap();
        assert!(opened().is_none(), "it was written");
        fs::remove_file(&path).unwrap();
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
    fn a_file_that_is_written_on_while_it_is_read_has_no_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        let read = |meanwhile: &dyn Fn()| {
            fs::write(&path, "id\n1\n12").unwrap();
            let FilesReply::Found(_, mut body) = take_one(folder.path(), None) else { panic!("it is there") };
            meanwhile();
            let mut text = String::new();
            body.read_to_string(&mut text).map(|_| text).map_err(|error| error.to_string())
        };
        let append = || File::options().append(true).open(&path).unwrap().write_all(b"34").unwrap();
        assert_eq!(read(&append), Err("it was changed while it was read".to_string()));
        assert_eq!(read(&|| fs::write(&path, "id").unwrap()), Err("it was changed while it was read".to_string()));
        // Whoever takes it away changes nothing that is in it.
        assert_eq!(read(&|| fs::rename(&path, folder.path().join("b.csv")).unwrap()), Ok("id\n1\n12".to_string()));
    }

    /// The last look is over, and it is written on before it is moved.
    #[test]
    fn a_file_that_was_written_on_while_it_was_moved_comes_back_and_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let (path, done) = (folder.path().join("a.csv"), folder.path().join("done"));
        fs::write(&path, "1").unwrap();
        let a = found(take_one(folder.path(), None));
        fs::write(&path, "12").unwrap();
        move_away(folder.path(), "*.csv", &finished(&a, false).unwrap(), &done).unwrap();
        assert_eq!((fs::read(&path).unwrap(), fs::read_dir(&done).unwrap().count()), (b"12".to_vec(), 0));
        let again = found(take_one(folder.path(), None));
        assert!(again.digest != a.digest);
        // What was only renamed is as it was read.
        move_away(folder.path(), "*.csv", &finished(&again, false).unwrap(), &done).unwrap();
        assert!(!path.exists() && done.join("a.csv").exists());
    }

    #[test]
    fn a_file_that_comes_back_takes_no_place_of_a_new_one_and_is_still_read() {
        let folder = tempfile::tempdir().unwrap();
        let (path, done) = (folder.path().join("a.csv"), folder.path().join("done"));
        fs::create_dir(&done).unwrap();
        fs::write(&path, "1").unwrap();
        let a = found(take_one(folder.path(), None));
        let moved = || {
            fs::write(&path, "new").unwrap();
            fs::write(done.join("a.csv"), "12").unwrap();
            bring_back(folder.path(), "*.csv", &finished(&a, false).unwrap(), &done.join("a.csv")).unwrap();
        };
        moved();
        moved();
        let other = |end: &str| folder.path().join(format!("a-{}{end}.csv", &a.digest[..8]));
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!((fs::read(other("")).unwrap(), fs::read(other("-2")).unwrap()), (b"12".to_vec(), b"12".to_vec()));
        // Where no other name is read, a person hears of it, and it stays where it is.
        fs::write(done.join("a.csv"), "12").unwrap();
        let told = bring_back(folder.path(), "a.csv", &finished(&a, false).unwrap(), &done.join("a.csv")).unwrap_err();
        assert!(told.1.contains("done/a.csv") && told.1.contains("by hand"), "{told:?}");
        assert!(done.join("a.csv").exists());
    }

    const SETTLE: Duration = Duration::from_secs(60);

    /// The clock of a share may be behind ours or ahead of it, by decades where it has none.
    #[test]
    fn a_file_is_read_when_two_looks_saw_the_same_whatever_the_clocks_say() {
        for ours in [0, today(), today() + 3 * DAY, today() * 2] {
            let (folder, looks) = (tempfile::tempdir().unwrap(), Looks::default());
            let (clock, counted) = hands(Duration::from_secs(ours));
            let seen = looks.of("in", "*");
            let look = |at: u64| {
                counted.store(at, Ordering::Release);
                take(folder.path(), "*", SETTLE, &clock, &seen).unwrap()
            };
            let left = |reply: &FilesReply| match reply {
                FilesReply::Unsettled(left) => left.as_secs(),
                other => panic!("{other:?}"),
            };
            assert!(matches!(look(0), FilesReply::Nothing));
            fs::write(folder.path().join("a.csv"), "1").unwrap();
            assert_eq!((left(&look(1)), left(&look(31)), left(&look(60))), (60, 30, 1), "{ours}");
            fs::write(folder.path().join("a.csv"), "12").unwrap();
            assert!(matches!(look(61), FilesReply::Nothing), "whoever writes it has until the next look");
            assert_eq!(left(&look(120)), 1, "{ours}");
            assert_eq!(found(look(121)).name, "a.csv", "{ours}");
        }
    }

    #[test]
    fn a_wall_clock_that_is_set_forward_makes_no_file_stand_still() {
        let (folder, looks) = (tempfile::tempdir().unwrap(), Looks::default());
        fs::write(folder.path().join("a.csv"), "1").unwrap();
        let seen = looks.of("in", "*");
        for wall in [today(), today() + 3 * DAY] {
            let reply = take(folder.path(), "*", SETTLE, &clock_at(wall), &seen).unwrap();
            assert!(matches!(reply, FilesReply::Unsettled(left) if left == SETTLE), "{reply:?}");
        }
    }

    #[test]
    fn a_file_that_is_being_written_keeps_none_waiting_that_stands_still() {
        let (folder, looks) = (tempfile::tempdir().unwrap(), Looks::default());
        let (clock, counted) = hands(Duration::ZERO);
        let seen = looks.of("in", "*");
        let look = || take(folder.path(), "*", SETTLE, &clock, &seen).unwrap();
        ["a.csv", "b.csv"].iter().for_each(|name| fs::write(folder.path().join(name), "1").unwrap());
        assert!(matches!(look(), FilesReply::Unsettled(left) if left == SETTLE));
        fs::write(folder.path().join("a.csv"), "12").unwrap();
        counted.store(60, Ordering::Release);
        assert_eq!(found(look()).name, "b.csv");
    }

    /// A run with `once` does not wait for hours, and remembers nothing of the one before it.
    #[test]
    fn where_nobody_waits_for_a_long_settle_a_file_is_read_that_is_older_than_clocks_are_apart() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.csv"), "1").unwrap();
        let hour = Duration::from_secs(3600);
        for (settle, ours, is_read) in
            [(hour, today() + 3600 + DAY + 60, true), (hour, today() + DAY, false), (ONCE_WAITS_MOST, today() + 2 * DAY, false)]
        {
            let reply = take(folder.path(), "*", settle, &clock_at(ours), &Looks::default().of("in", "*")).unwrap();
            assert_eq!(matches!(reply, FilesReply::Found(..)), is_read, "{settle:?} {reply:?}");
        }
    }

    fn put_one(folder: &Path, name: &str, key: &str) -> FilesReply {
        exchange(
            &FilesRequest::Put { folder: folder.to_str().unwrap().into(), name: name.into(), key: key.into(), bytes: b"rows".to_vec() },
            &clock_at(0),
            &Looks::default(),
        )
    }

    /// Written so many days ago, as the folder's clock says.
    fn lay(path: &Path, days: u64) {
        fs::write(path, "").unwrap();
        let then = SystemTime::now() - Duration::from_secs(days * DAY);
        File::options().write(true).open(path).unwrap().set_modified(then).unwrap();
    }

    fn receipts(hidden: &Path) -> usize {
        let names = fs::read_dir(hidden).unwrap().map(|entry| entry.unwrap().path());
        names.filter(|path| path.extension().is_some_and(|end| end == "receipt")).count()
    }

    /// Folders list their names in any order: by their hashes, the oldest first, the newest first.
    #[test]
    fn receipts_are_cleared_away_when_they_are_old_wherever_they_are_listed_and_no_others() {
        let folder = tempfile::tempdir().unwrap();
        let hidden = folder.path().join(HIDDEN);
        fs::create_dir(&hidden).unwrap();
        for n in 0..400 {
            let days = if (100..300).contains(&n) { 29 } else { 31 };
            lay(&hidden.join(format!("{n}.receipt")), days);
        }
        fs::write(hidden.join("somebody.db"), "theirs").unwrap();
        lay(&hidden.join("somebody.db"), 400);
        assert!(matches!(put_one(folder.path(), "a.csv", "k1"), FilesReply::Put(_)));
        assert_eq!(receipts(&hidden), 200 + 1);
        assert!((100..300).all(|n| hidden.join(format!("{n}.receipt")).exists()));
        assert!(hidden.join("somebody.db").exists());
        // They are looked at once a day, since that is a look at each of them.
        lay(&hidden.join("0.receipt"), 31);
        put_one(folder.path(), "b.csv", "k2");
        assert!(hidden.join("0.receipt").exists());
        lay(&hidden.join(CLEARED), 2);
        put_one(folder.path(), "c.csv", "k3");
        assert!(!hidden.join("0.receipt").exists());
    }

    /// Its rename is owed. Without the half file the receipt would say that it happened.
    #[test]
    fn a_half_file_is_not_cleared_away_while_its_receipt_is_there() {
        for (receipt, rows) in [(29, ""), (31, "rows")] {
            let folder = tempfile::tempdir().unwrap();
            let hidden = folder.path().join(HIDDEN);
            fs::create_dir(&hidden).unwrap();
            lay(&hidden.join("k.part"), 31);
            lay(&hidden.join("k.receipt"), receipt);
            put_one(folder.path(), "b.csv", "other");
            assert!(matches!(put_one(folder.path(), "a.csv", "k"), FilesReply::Put(_)));
            // What was owed appears as it was, and what was forgotten is written anew: it is missing in no case.
            assert_eq!(fs::read_to_string(folder.path().join("a.csv")).unwrap(), rows, "a receipt of {receipt} days");
        }
    }

    #[test]
    fn a_look_for_a_receipt_that_fails_says_nothing_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let hidden = folder.path().join(HIDDEN);
        fs::create_dir(&hidden).unwrap();
        // A link that leads to itself: whoever asks whether it is there hears of a fault.
        for name in ["k.receipt", "l.part"] {
            std::os::unix::fs::symlink(hidden.join(name), hidden.join(name)).unwrap();
        }
        fs::write(hidden.join("l.receipt"), "").unwrap();
        for key in ["k", "l"] {
            assert!(matches!(put_one(folder.path(), "a.csv", key), FilesReply::Broken(Reached::No, _)), "{key}");
            assert!(!folder.path().join("a.csv").exists());
        }
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
