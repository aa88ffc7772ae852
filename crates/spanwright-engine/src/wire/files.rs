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
/// Names of one folder that match and are looked at.
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
            aside.and_then(|()| take(folder, matches, *settle, clock, &seen, NAMES_MOST))
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
/// is left: it keeps none of them waiting. What is behind the one that is found has its look when its turn comes. Of more than
/// `most` names some are looked at: what is taken makes room for the others, and where nothing is, that is told.
fn take(folder: &Path, matches: &str, settle: Duration, clock: &Clock, seen: &Folder, most: usize) -> Result<FilesReply, Broken> {
    let (began, now) = (clock.counted(), clock.now());
    let entries = fs::read_dir(folder).map_err(before("reading the folder", folder))?;
    let names = entries.filter_map(|entry| Some(entry.ok()?.file_name()));
    let wanted = |name: &OsString| !name.as_bytes().starts_with(b".") && suits(matches.as_bytes(), name.as_bytes());
    let mut names: Vec<OsString> = names.filter(wanted).take(most + 1).collect();
    let are_all = names.len() <= most;
    names.truncate(most);
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
        (None, None) if !are_all => Err((Reached::No, too_many(folder, most))),
        (None, None) => Ok(FilesReply::Nothing),
    }
}

fn too_many(folder: &Path, most: usize) -> String {
    let folder = folder.display();
    format!(
        "reading the folder `{folder}`: more than {most} names match, and none of the first {most} is a file that can be read; move them away"
    )
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
mod tests;
