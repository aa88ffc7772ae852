//! A disk that others fill, and a message that ends the process: with real limits of the kernel.

#![allow(clippy::unwrap_used)]

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use spanwright_world::{
    Answer, Hostile, Received,
    crashes::{Senders, SendersSettings},
    disk::BadDisk,
};

use crate::{kills::Place, project::ran};

pub fn until(what: &str, is_so: impl FnMut() -> bool) {
    until_or_tell(what, is_so, String::new);
}

/// With what is to be said of the place where it never comes to that.
fn until_or_tell(what: &str, mut is_so: impl FnMut() -> bool, tell: impl Fn() -> String) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_secs(60), "it never comes to that: {what}\n{}", tell());
        thread::sleep(Duration::from_millis(10));
    }
}

/// One request, one answer, one connection: the status and the whole answer.
pub fn ask(place: &Place, method: &str, path: &str, body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(place.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let head = format!("{method} {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\ncontent-type: application/json\r\n");
    write!(stream, "{head}content-length: {}\r\n\r\n{body}", body.len()).unwrap();
    let mut answer = String::new();
    // Of whoever dies meanwhile nothing comes.
    let _cut = stream.read_to_string(&mut answer);
    (answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0), answer)
}

/// 32 MiB of memory as a file system, beneath a journal.
struct SmallDisk {
    folder: PathBuf,
}

impl SmallDisk {
    /// `None` where this user may not mount one; a disk that is full is also met in `store`, by a library.
    fn beneath(journal: &Path) -> Option<SmallDisk> {
        let folder = journal.parent()?.to_owned();
        fs::create_dir_all(&folder).ok()?;
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=32m", "none"]).arg(&folder).stderr(Stdio::null()).status();
        mounted.is_ok_and(|status| status.success()).then_some(SmallDisk { folder })
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: its files may still be open.
        let _mounted_for_the_rest_of_the_test = Command::new("umount").arg("-l").arg(&self.folder).status();
    }
}

pub fn end(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

#[cfg(target_os = "linux")]
#[test]
fn a_disk_of_32_mib_that_fills_up_takes_in_no_more_delivers_what_it_has_and_takes_in_again() {
    fills_up(20_000, 100);
}

/// Many small ones owe the disk more than a few large ones: each of them will have its tries and its end.
#[cfg(target_os = "linux")]
#[test]
fn a_disk_of_32_mib_that_fills_up_with_small_messages_has_room_for_the_ends_of_all_of_them() {
    fills_up(100, 2_000);
}

#[cfg(target_os = "linux")]
fn fills_up(padding: usize, at_least: u64) {
    let place = Place::new(0, Duration::from_millis(1));
    let Some(disk) = SmallDisk::beneath(&place.journal()) else {
        // Straight to standard error, which the test's own capture does not swallow.
        let _told = std::io::stderr().write_all(b"NOT RUN: no tmpfs can be mounted here, so no disk of 32 MiB is filled\n");
        return;
    };
    let ballast = disk.folder.join("ballast");
    fs::write(&ballast, vec![0; 12 << 20]).unwrap();
    let running = place.start();
    let (_, first) = ask(&place, "POST", "/orders", r#"{"id":"first","account":"a","n":1}"#);
    let at = first.lines().find_map(|line| line.strip_prefix("location: ")).unwrap().trim().to_owned();
    until("the first one is done", || ask(&place, "GET", &at, "").1.contains("\"done\""));
    place.till.be_away(true);
    let settings = SendersSettings { padding, malformed_each: 0, given_up_each: 0, pairs_each: 0, ..place.settings(8) };
    let senders = Senders::start(settings).unwrap();
    until("it says that there is no room", || senders.sent().no_room > 20);
    // For a message that is smaller there may be room for a moment more.
    let last = || ask(&place, "POST", "/orders", r#"{"id":"last","account":"a","n":2}"#);
    until("a small one is refused too", || last().0 == 507);
    let refused = last();
    assert!(refused.0 == 507 && refused.1.contains("R0027") && refused.1.contains("retry-after"), "{}", refused.1);
    // It stays up, and answers what it is asked.
    assert_eq!(ask(&place, "GET", &at, "").0, 200);
    assert!(ran(place.command(&["messages", "--most", "3"]).stdout(Stdio::piped())).out.contains("orders"));
    let before = senders.sent().accepted;
    assert!(before > at_least, "{before} were accepted on 20 MiB");
    // What is open is delivered out of the reserve.
    place.till.be_away(false);
    let ledger = || fs::read_to_string(place.path().join("till.jsonl")).unwrap();
    let delivered = || ledger().lines().filter(|line| line.contains("\"did\"")).count() as u64;
    let tell = || {
        let files = ran(Command::new("ls").arg("-ls").arg(&disk.folder).stdout(Stdio::piped())).out;
        files + &ran(place.command(&["messages", "--most", "5"]).stdout(Stdio::piped())).out
    };
    until_or_tell("all that was taken in is delivered", || delivered() > before, tell);
    fs::remove_file(ballast).unwrap();
    until("it takes in again", || senders.sent().accepted > before + 50);
    let accepted = senders.stop().accepted;
    until("all that was accepted is delivered", || delivered() > accepted);
    end(running);
}

/// Small bodies that unpack to 9 MB each while the disk is slow: no more of them are here at once than bodies may be, whoever waits for them.
#[cfg(target_os = "linux")]
#[test]
fn packed_bodies_take_the_room_of_what_they_unpack_to() {
    let place = Place::new(0, Duration::from_millis(1));
    let disk = BadDisk::build(place.path()).unwrap();
    // The journal is made before the disk is slow.
    end(place.start());
    let running = place.start_seeing(|command| {
        disk.slow(command, 6_000);
    });
    let body = format!(r#"{{"id":"large","account":"a","n":1,"pad":"{}"}}"#, "x".repeat(9 << 20));
    fs::write(place.path().join("body.json"), body).unwrap();
    let packed = Command::new("gzip").arg("-c").arg(place.path().join("body.json")).output().unwrap().stdout;
    assert!(packed.len() < 100_000);
    let send = || {
        let mut stream = TcpStream::connect(place.address).unwrap();
        let head = "POST /orders HTTP/1.1\r\nhost: test\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-encoding: gzip";
        write!(stream, "{head}\r\ncontent-length: {}\r\n\r\n", packed.len()).unwrap();
        stream.write_all(&packed).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    let answers: Vec<String> = thread::scope(|scope| {
        let senders: Vec<_> = (0..45).map(|_| scope.spawn(send)).collect();
        senders.into_iter().map(|sender| sender.join().unwrap()).collect()
    });
    let told = |words: &str| answers.iter().filter(|answer| answer.contains(words)).count();
    // 28 of them fit; all the others come long before the first of those is on the disk.
    assert!(told("HTTP/1.1 202") > 0 && told("bodies of other requests take up all the room") > 0, "{answers:?}");
    end(running);
}

/// Started with so much memory for its data, as `ulimit -d` has it.
fn start_with(place: &Place, kilobytes: u64) -> Child {
    let binary = place.command(&[]).get_program().to_owned();
    let mut command = Command::new("sh");
    command.args(["-c", &format!("ulimit -d {kilobytes}; exec \"$0\" \"$@\"")]).arg(binary);
    command.args(["run", "--log", "json", "--level", "info"]).arg(place.path());
    command.env("ADDRESS", place.address.to_string()).env("TILL_URL", &place.till.url).env("MALLOC_ARENA_MAX", "1");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// A file may not be as large as an empty journal.
#[cfg(target_os = "linux")]
#[test]
fn a_largest_file_that_is_too_small_is_said_and_ends_nothing_by_a_signal() {
    let place = Place::new(0, Duration::from_millis(1));
    let binary = place.command(&[]).get_program().to_owned();
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -f 20; exec \"$0\" \"$@\""]).arg(binary).args(["run"]).arg(place.path());
    command.env("ADDRESS", place.address.to_string()).env("TILL_URL", &place.till.url);
    let ended = command.stdin(Stdio::null()).output().unwrap();
    let words = String::from_utf8(ended.stderr).unwrap();
    assert_eq!((ended.status.signal(), ended.status.code()), (None, Some(2)), "{words}");
    assert!(words.contains("full"), "{words}");
}

fn listens(place: &Place) -> bool {
    TcpStream::connect(place.address).is_ok()
}

/// The room that its data takes, in kilobytes.
fn data_kb(child: &Child) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmData:")).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

/// Started once, and ended: so much memory does it take, and so much more it may have.
fn limit_of(place: &Place, spare_kb: u64) -> u64 {
    let mut running = start_with(place, 4_000_000);
    until("it listens", || listens(place));
    let limit = data_kb(&running) + spare_kb;
    running.kill().unwrap();
    running.wait().unwrap();
    limit
}

/// A message ends the process thrice; the start behind it.
fn ends_it_three_times(place: &Place, mut running: Child, limit: u64) -> Child {
    for life in 1..=3 {
        until("the message ends the process", || running.try_wait().unwrap().is_some());
        let ended = running.wait().unwrap();
        assert_eq!(ended.signal(), Some(6), "life {life} ended as {ended:?}");
        running = start_with(place, limit);
    }
    until("it listens", || listens(place));
    running
}

fn did(place: &Place, id: &str) -> bool {
    fs::read_to_string(place.path().join("till.jsonl")).unwrap_or_default().contains(&format!("\"id\":\"{id}\""))
}

const GREEDY: &str = "flow: greedy
from: { http: POST /greedy }
steps:
  - fields: { id: .id, account: .account, n: '((\"x\" * .size) // \"\") | length' }
  - { send: till.take }
";

#[cfg(target_os = "linux")]
#[test]
fn a_message_that_takes_all_memory_ends_the_process_three_times_and_is_set_aside_at_the_fourth_start() {
    let place = Place::new(0, Duration::from_millis(1));
    fs::write(place.path().join("flows/greedy.yaml"), GREEDY).unwrap();
    let board = Hostile::start(vec![Answer::status(200)]);
    let project = fs::read_to_string(place.path().join("spanwright.yaml")).unwrap();
    let alerts = format!("{project}alerts: {{ board: {{ http: \"{}\" }} }}\n", board.url());
    fs::write(place.path().join("spanwright.yaml"), alerts).unwrap();
    let limit = limit_of(&place, 16_000);
    let brings = |id: &str, size: u64| ask(&place, "POST", "/greedy", &format!("{{\"id\":\"{id}\",\"account\":\"g\",\"size\":{size}}}")).0;
    let running = start_with(&place, limit);
    until("it listens", || listens(&place));
    assert_eq!(brings("small", 10), 202);
    // It is kept, and may end the process before its sender has the answer.
    assert!(matches!(brings("greedy", 19_000_000), 202 | 0));
    let mut running = ends_it_three_times(&place, running, limit);
    assert_eq!(brings("after", 20), 202);
    let did = |id: &str| did(&place, id);
    until("the others are delivered", || did("small") && did("after"));
    assert!(running.try_wait().unwrap().is_none() && !did("greedy"));
    let dead = ran(place.command(&["dead-letters"]).stdout(Stdio::piped()));
    assert!(dead.out.contains("R0108"), "{}{}", dead.out, dead.err);
    let told = || board.received().iter().filter(|notice| notice.text().contains("\"quarantine\"")).map(Received::text).collect::<Vec<_>>();
    until("somebody is told", || !told().is_empty());
    let (notice, listed) = (told().concat(), ran(place.command(&["messages", "--reason", "R0108"]).stdout(Stdio::piped())).out);
    assert!(notice.contains("raised") && notice.contains("greedy") && listed.contains("dead"), "{notice}{listed}");
    end(running);
    // The map is mended, and the same message goes on.
    fs::write(place.path().join("flows/greedy.yaml"), GREEDY.replace("'((\"x\" * .size) // \"\") | length'", ".size")).unwrap();
    let mut running = start_with(&place, limit);
    until("it listens", || listens(&place));
    let replayed = ran(place.command(&["replay", "--reason", "R0108", "--yes"]).stdout(Stdio::piped()));
    assert_eq!(replayed.code, 0, "{}{}", replayed.out, replayed.err);
    until("it is delivered", || did("greedy"));
    assert!(running.try_wait().unwrap().is_none() && told().len() == 1);
    assert_eq!(ran(place.command(&["dead-letters"]).stdout(Stdio::piped())).code, 0);
    end(running);
}

const LOOKS_IT_UP: &str = "flow: looked-up
from: { http: POST /looked-up }
steps:
  - { call: peer.look, with: { id: .id }, as: details }
  - { send: till.take, body: { fields: { id: .id, account: .account, n: '$details | length' } } }
";

/// Of a few bytes each, which take much more as values.
const ITEMS_OF_A_HUGE_ANSWER: usize = 4_000_000;

#[cfg(target_os = "linux")]
#[test]
fn a_message_that_takes_all_memory_with_an_answer_is_set_aside_at_the_fourth_start_too() {
    let place = Place::new(0, Duration::from_millis(1));
    let huge = format!("[{}0]", "0,".repeat(ITEMS_OF_A_HUGE_ANSWER));
    let answer = move |received: &Received| Answer::json(200, if received.path.contains("greedy") { &huge } else { "[0]" });
    let peer = Hostile::start(vec![Answer::By(std::sync::Arc::new(answer))]);
    let system = format!("system: peer\nhttp:\nurl: \"{}\"\noperations: {{ look: {{ get: '/{{id}}' }} }}\n", peer.url());
    fs::write(place.path().join("systems/peer.yaml"), system).unwrap();
    fs::write(place.path().join("flows/looked-up.yaml"), LOOKS_IT_UP).unwrap();
    let limit = limit_of(&place, 40_000);
    let brings = |id: &str| ask(&place, "POST", "/looked-up", &format!("{{\"id\":\"{id}\",\"account\":\"g\"}}")).0;
    let running = start_with(&place, limit);
    until("it listens", || listens(&place));
    assert_eq!(brings("small"), 202);
    until("the small one is delivered", || did(&place, "small"));
    assert!(matches!(brings("greedy"), 202 | 0));
    let mut running = ends_it_three_times(&place, running, limit);
    assert_eq!(peer.received().iter().filter(|received| received.path.contains("greedy")).count(), 3, "asked once a life");
    assert_eq!(brings("after"), 202);
    until("the others are delivered", || did(&place, "after"));
    assert!(running.try_wait().unwrap().is_none() && !did(&place, "greedy"));
    let dead = ran(place.command(&["dead-letters"]).stdout(Stdio::piped()));
    assert!(dead.out.contains("R0108"), "{}{}", dead.out, dead.err);
    end(running);
}
