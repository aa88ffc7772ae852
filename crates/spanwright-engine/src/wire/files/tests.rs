//! Files that are taken and put, by any clock, and whatever happens to them meanwhile.

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

/// What does not match may be as many as it likes; names that match and are no files are told, where they hide what is behind them.
#[test]
fn a_folder_full_of_other_names_hides_no_file_and_what_may_hide_one_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let looks = |most| take(folder.path(), "*.csv", Duration::ZERO, &clock_at(0), &Looks::default().of("folder", "*.csv"), most);
    for n in 0..20 {
        fs::write(folder.path().join(format!("{n}.tmp")), "junk").unwrap();
    }
    fs::write(folder.path().join("a.csv"), "1").unwrap();
    assert_eq!(found(looks(1).unwrap()).name, "a.csv");
    fs::remove_file(folder.path().join("a.csv")).unwrap();
    for n in 0..3 {
        fs::create_dir(folder.path().join(format!("{n}.csv"))).unwrap();
    }
    assert!(matches!(looks(3), Ok(FilesReply::Nothing)));
    assert!(
        looks(2).unwrap_err().1.ends_with("more than 2 names match, and none of the first 2 is a file that can be read; move them away")
    );
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
            take(folder.path(), "*", SETTLE, &clock, &seen, NAMES_MOST).unwrap()
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
        let reply = take(folder.path(), "*", SETTLE, &clock_at(wall), &seen, NAMES_MOST).unwrap();
        assert!(matches!(reply, FilesReply::Unsettled(left) if left == SETTLE), "{reply:?}");
    }
}

#[test]
fn a_file_that_is_being_written_keeps_none_waiting_that_stands_still() {
    let (folder, looks) = (tempfile::tempdir().unwrap(), Looks::default());
    let (clock, counted) = hands(Duration::ZERO);
    let seen = looks.of("in", "*");
    let look = || take(folder.path(), "*", SETTLE, &clock, &seen, NAMES_MOST).unwrap();
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
        let reply = take(folder.path(), "*", settle, &clock_at(ours), &Looks::default().of("in", "*"), NAMES_MOST).unwrap();
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
