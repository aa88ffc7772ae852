//! Folders that others write into badly, and folders that do not take what we write: one process, a folder for each
//! misbehaviour, and what came of it. `docs/hostile-peers.md` has the table.

#![allow(clippy::unwrap_used)]

use std::{
    ffi::OsStr,
    fmt::Write as _,
    fs,
    io::Write as _,
    os::unix::{
        ffi::OsStrExt,
        fs::{PermissionsExt, symlink},
    },
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;
use spanwright_world::{disk::BadDisk, hostile::page};

use crate::project::{Begun, Project, spanwright};

const ROW: &str =
    r#"{ "type": "object", "required": ["id"], "properties": { "id": { "type": "string" }, "price": { "type": "number" } } }"#;
const GOOD: &str = "id,price\n1,1.50\n2,2.50\n3,3.50\n";
const PATIENCE: Duration = Duration::from_secs(240);
/// How long the one writes that never stands still.
const GROWS: Duration = Duration::from_millis(2_500);
/// Bytes of a row that is too long.
const LONG_ROW: usize = 3 << 20;

/// Prepares a folder.
type Lay = fn(&Path);

fn put(folder: &Path, name: &str, bytes: impl AsRef<[u8]>) {
    fs::write(folder.join(name), bytes).unwrap();
}

/// What a supplier may do to a folder that we read, and the format that is read there.
const READ: [(&str, &str, Lay); 26] = [
    ("a file that still grows", "csv", |_| {}),
    ("a file cut inside a row", "csv", |at| put(at, "a.csv", &GOOD[..GOOD.len() - 6])),
    ("a file cut inside a quote", "csv", |at| put(at, "a.csv", "id,price\n1,1\n\"2")),
    ("XML cut in the middle", "xml", |at| put(at, "a.xml", "<Rows><Row><id>1</id></Row><Row><id>2</i")),
    ("JSON cut in the middle", "json", |at| put(at, "a.json", "[{\"id\":\"1\"},{\"id\":")),
    ("an empty file", "csv", |at| put(at, "a.csv", "")),
    ("bytes that are no UTF-8 in one row", "csv", |at| put(at, "a.csv", b"id,price\n1,1\n\xe9,2\n3,3\n")),
    ("UTF-16 with its mark", "csv", |at| {
        put(at, "a.csv", GOOD.encode_utf16().fold(vec![0xff, 0xfe], |out, unit| [out, unit.to_le_bytes().to_vec()].concat()))
    }),
    ("UTF-16 without its mark", "csv", |at| put(at, "a.csv", GOOD.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>())),
    ("a picture in place of CSV", "csv", |at| put(at, "a.csv", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x01\0")),
    ("HTML in place of XML", "xml", |at| put(at, "a.xml", "<!DOCTYPE html><html><body>Sign in</body></html>")),
    ("XML with entities that unfold", "xml", |at| {
        put(at, "a.xml", "<!DOCTYPE r [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]><Rows><Row><id>&b;</id></Row></Rows>")
    }),
    ("JSON nested 100,000 deep", "json", |at| put(at, "a.json", "[".repeat(100_000))),
    ("a row of 3 MiB", "csv", |at| put(at, "a.csv", format!("id,price\n1,1\n{},2\n3,3\n", "x".repeat(LONG_ROW)))),
    ("a row with a field too many, and one with a text for a number", "csv", |at| put(at, "a.csv", "id,price\n1,1,1\n2,two\n3,3\n")),
    ("a header without a column that must be there", "csv", |at| put(at, "a.csv", "price\n1\n")),
    ("the same content under two names", "csv", |at| ["a.csv", "b.csv"].iter().for_each(|name| put(at, name, GOOD))),
    ("a name with a line break and a terminal's escape", "csv", |at| put(at, "a\n\u{1b}[31mb.csv", "id,price\n1,1\n2,two\n")),
    ("a name that is no text", "csv", |at| fs::write(at.join(OsStr::from_bytes(b"caf\xe9.csv")), GOOD).unwrap()),
    ("a name of dots: `...csv`", "csv", |at| put(at, "...csv", GOOD)),
    ("a link to a file elsewhere", "csv", |at| {
        put(at.parent().unwrap(), "elsewhere.csv", GOOD);
        symlink(at.parent().unwrap().join("elsewhere.csv"), at.join("a.csv")).unwrap();
    }),
    ("a folder, and a socket, in place of a file", "csv", |at| {
        fs::create_dir(at.join("a.csv")).unwrap();
        drop(std::os::unix::net::UnixListener::bind(at.join("b.csv")).unwrap());
    }),
    ("a file that may not be read, and one behind it", "csv", |at| {
        put(at, "a.csv", "id,price\n8,8\n");
        fs::set_permissions(at.join("a.csv"), fs::Permissions::from_mode(0o0)).unwrap();
        put(at, "b.csv", GOOD);
    }),
    ("a folder that may not be written: the file cannot be moved away", "csv", |at| {
        put(at, "a.csv", GOOD);
        fs::set_permissions(at, fs::Permissions::from_mode(0o500)).unwrap();
    }),
    ("files that come and go all the time", "csv", |_| {}),
    ("a folder that leads out, by `..` in a variable", "csv", |_| {}),
];

/// What a folder may do to us that we write into.
const WRITTEN: [(&str, Lay); 4] = [
    ("its disk is full, and has room again", |_| {}),
    ("it takes no new name at first: the rename fails", |at| {
        fs::create_dir(at.join(".spanwright")).unwrap();
        fs::set_permissions(at, fs::Permissions::from_mode(0o500)).unwrap();
    }),
    ("it is not there, and then it is", |at| fs::remove_dir(at).unwrap()),
    ("its reader takes each file away at once", |_| {}),
];

/// One engine over all of these folders.
struct Drop {
    project: Project,
}

impl Drop {
    fn new() -> Drop {
        let drop = Drop { project: Project::empty() };
        let (mut reads, mut writes, mut variables) = (String::new(), String::new(), String::new());
        for folder in ["flows", "systems", "schemas", "root", "log"] {
            fs::create_dir(drop.path(folder)).unwrap();
        }
        for (n, (what, format, lay)) in READ.iter().enumerate() {
            let folder = drop.path(&format!("root/in{n}"));
            fs::create_dir(&folder).unwrap();
            lay(&folder);
            let rows = if *format == "xml" { "element: Rows.Row" } else { "rows: schemas/row.json" };
            let place = if what.contains("leads out") { "\"${OUT}\"".to_string() } else { format!("in{n}") };
            writeln!(reads, "  in{n}: {{ folder: {place}, format: {format}, {rows} }}").unwrap();
            let settle = if what.contains("still grows") { "1s" } else { "0s" };
            let from = format!("from: {{ files: drop.in{n}, every: 50ms, settle: {settle} }}");
            drop.project.write(&format!("flows/in{n}.yaml"), &format!("flow: in{n}\n{from}\nsteps:\n  - {{ only: 'false' }}\n"));
        }
        for (n, (_, lay)) in WRITTEN.iter().enumerate() {
            let (folder, from) = (drop.path(&format!("root/out{n}")), drop.path(&format!("root/from{n}")));
            fs::create_dir(&folder).unwrap();
            fs::create_dir(&from).unwrap();
            lay(&folder);
            put(&from, "a.csv", GOOD);
            writeln!(
                writes,
                "  from{n}: {{ folder: from{n}, format: csv, rows: schemas/row.json }}\n  out{n}: {{ folder: out{n}, format: jsonl }}"
            )
            .unwrap();
            let from = format!("from: {{ files: drop.from{n}, every: 50ms, settle: 0s }}");
            drop.project.write(
                &format!("flows/out{n}.yaml"),
                // All rows of the file, and so one file, however long the machine takes over it.
                &format!("flow: out{n}\n{from}\nsteps:\n  - {{ send: drop.out{n}, batch: {{ most: 3, wait: 60s }} }}\n"),
            );
        }
        variables.push_str("  ROOT: { about: all folders }\n  OUT: { about: a folder }\n");
        drop.project.write("spanwright.yaml", &format!("project: drops\nvars:\n{variables}"));
        let retry = "retry: { tries: 100000, first: 20ms, longest: 50ms }\nbreaker: { of: 100000 }";
        drop.project
            .write("systems/drop.yaml", &format!("system: drop\nfiles:\nurl: \"${{ROOT}}\"\n{retry}\noperations:\n{reads}{writes}"));
        drop.project.write("schemas/row.json", ROW);
        drop
    }

    fn path(&self, path: &str) -> PathBuf {
        self.project.path().join(path)
    }

    /// As somebody who has no more rights than the permissions of files say, whoever we are.
    fn begin(&self, disk: &BadDisk) -> Begun {
        let plain = spanwright();
        let mut command = match rustix_is_root() {
            false => plain,
            true => {
                let none = "-dac_override,-dac_read_search";
                let mut command = Command::new("setpriv");
                command.arg(format!("--bounding-set={none}")).arg(format!("--inh-caps={none}")).arg(plain.get_program());
                command
            }
        };
        command.args(["run", "--log", "json", "--level", "debug"]).arg(self.project.path());
        command.env("ROOT", self.path("root")).env("OUT", "in/../../elsewhere");
        disk.fill_elsewhere(&mut command, "/root/out0/", &self.path("room"));
        let log = fs::File::create(self.path("log/run.jsonl")).unwrap();
        Begun { child: command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap() }
    }

    #[track_caller]
    fn until(&self, what: &str, mut is_so: impl FnMut() -> bool) {
        let begun = Instant::now();
        while !is_so() {
            if begun.elapsed() > PATIENCE {
                let log = self.log();
                let told = |line: &&Value| line["event.action"] != "exchange" && line["event.action"] != "polled";
                let last: Vec<_> = log.iter().filter(told).rev().take(40).map(Value::to_string).collect();
                let text = fs::read_to_string(self.path("log/run.jsonl")).unwrap();
                let plain: Vec<&str> = text.lines().filter(|line| !line.starts_with('{')).collect();
                panic!(
                    "it never comes to that: {what}; {plain:?}, and the last of {} lines of the log, backwards:\n{}",
                    log.len(),
                    last.join("\n")
                );
            }
            thread::sleep(Duration::from_millis(50));
        }
    }

    fn log(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.path("log/run.jsonl")).unwrap();
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// Codes with which a source's looks failed, each once.
    fn failed(&self, flow: &str) -> Vec<String> {
        let source = format!("{flow}.source");
        let mut codes: Vec<String> = self
            .log()
            .iter()
            .filter(|line| line["event.action"] == "poll-failed" && line["labels"]["source"] == source.as_str())
            .map(|line| line["error.code"].as_str().unwrap_or("-").to_string())
            .collect();
        codes.dedup();
        codes
    }

    fn messages(&self, flow: &str) -> Vec<Value> {
        let out = self.project.run(&["messages", "--flow", flow, "--format", "json", "--most", "1000"]).out;
        out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Files of a folder whose names are seen, sorted.
    fn names(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path(folder)).into_iter().flatten().flatten();
        let plain = entries.filter(|entry| fs::symlink_metadata(entry.path()).is_ok_and(|about| about.is_file()));
        let mut names: Vec<String> = plain.map(|entry| entry.file_name().to_string_lossy().escape_default().to_string()).collect();
        names.sort();
        names
    }

    /// What came of a folder that we read.
    fn read(&self, n: usize) -> String {
        let flow = format!("in{n}");
        let messages = self.messages(&flow);
        let dead: Vec<&str> = messages.iter().filter(|line| line["state"] == "dead").filter_map(|line| line["code"].as_str()).collect();
        let mut words = vec![format!("{} taken", messages.len() - dead.len())];
        if !dead.is_empty() {
            words.push(format!("dead letters: {}", dead.join(", ")));
        }
        let failed = self.failed(&flow);
        if !failed.is_empty() {
            words.push(format!("told: {}", failed.join(", ")));
        }
        for (folder, said) in [("", "left there"), ("/done", "in `done`"), ("/failed", "in `failed`")] {
            let names = self.names(&format!("root/in{n}{folder}"));
            if !names.is_empty() {
                words.push(format!("{said}: {}", names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" ")));
            }
        }
        words.join("; ")
    }

    /// Rows in files that were written, and how many files.
    fn written(&self, n: usize, taken_away: usize) -> String {
        let flow = format!("out{n}");
        let mut codes: Vec<String> = self
            .log()
            .iter()
            .filter(|line| line["event.action"] == "attempt" && line["labels"]["flow"] == flow.as_str())
            .map(|line| {
                let (code, words) = (line["error.code"].as_str().unwrap_or("-"), line["message"].as_str().unwrap_or_default());
                match words.contains("whether it happened") {
                    _ if words.starts_with("delivered") => "delivered".to_string(),
                    true => format!("unknown {code}"),
                    false => format!("later {code}"),
                }
            })
            .collect();
        codes.dedup();
        let folder = format!("root/out{n}");
        let rows: usize =
            self.names(&folder).iter().map(|name| fs::read_to_string(self.path(&folder).join(name)).unwrap().lines().count()).sum();
        format!(
            "{}: {} rows in the folder{}",
            codes.join(", "),
            rows,
            if taken_away > 0 { format!(", {taken_away} taken away") } else { String::new() }
        )
    }
}

fn rustix_is_root() -> bool {
    let told = Command::new("id").arg("-u").output().unwrap();
    told.stdout.starts_with(b"0\n")
}

fn place_of(what: &str) -> usize {
    READ.iter().position(|(name, ..)| name.contains(what)).unwrap()
}

/// Writes a file that stands still at no time.
fn grow(folder: &Path) {
    let mut file = fs::File::create(folder.join("a.csv")).unwrap();
    file.write_all(b"id,price\n").unwrap();
    let begun = Instant::now();
    let mut row = 0;
    while begun.elapsed() < GROWS {
        row += 1;
        let text = format!("{row},{row}.50\n");
        // Half a row stands there each time.
        let (half, rest) = text.split_at(text.len() / 2);
        for part in [half, rest] {
            file.write_all(part.as_bytes()).unwrap();
            thread::sleep(Duration::from_millis(50));
        }
    }
}

/// Makes files that are gone as soon as they are seen.
fn come_and_go(folder: &Path) {
    let begun = Instant::now();
    let hidden = folder.parent().unwrap().join("gone.csv");
    while begun.elapsed() < GROWS {
        fs::write(&hidden, "id,price\n").unwrap();
        fs::rename(&hidden, folder.join("a.csv")).unwrap();
        // Read or not: it may be in `done` by now.
        drop(fs::remove_file(folder.join("a.csv")));
    }
}

#[test]
fn whatever_is_done_to_a_folder_no_row_is_lost_none_is_taken_twice_and_the_others_go_on() {
    let (drop, folder) = (Drop::new(), tempfile::tempdir().unwrap());
    let disk = BadDisk::build(folder.path()).unwrap();
    let running = drop.begin(&disk);
    let mut taken_away = 0;
    thread::scope(|scope| {
        scope.spawn(|| grow(&drop.path(&format!("root/in{}", place_of("still grows")))));
        scope.spawn(|| come_and_go(&drop.path(&format!("root/in{}", place_of("come and go")))));
        drop.until("a reader takes a file away", || {
            let names = drop.names("root/out3");
            names.iter().for_each(|name| fs::remove_file(drop.path("root/out3").join(name)).unwrap());
            taken_away += names.len();
            taken_away > 0
        });
        let refused = ["out0", "out1", "out2"];
        drop.until("what was to be written is told", || {
            refused.iter().all(|flow| drop.log().iter().any(|line| line["event.action"] == "attempt" && line["labels"]["flow"] == *flow))
        });
    });
    // Each says so of itself before it is mended.
    let closed = format!("in{}", place_of("may not be read"));
    drop.until("a file that may not be read is told, and the one behind it is read", || {
        !drop.failed(&closed).is_empty() && drop.names(&format!("root/{closed}/done")) == ["b.csv"]
    });
    let stuck = format!("in{}", place_of("may not be written"));
    drop.until("a file that cannot be moved away is told", || !drop.failed(&stuck).is_empty());
    fs::write(drop.path("room"), "").unwrap();
    fs::set_permissions(drop.path("root/out1"), fs::Permissions::from_mode(0o700)).unwrap();
    fs::create_dir(drop.path("root/out2")).unwrap();
    drop.until("all that was to be written is", || (0..3).all(|n| drop.names(&format!("root/out{n}")).len() == 1));
    let left = |n: usize| drop.names(&format!("root/in{n}")).into_iter().filter(|name| name != "...csv").count();
    let stays = ["may not be read", "may not be written", "leads out", "a link", "a folder, and a socket"].map(place_of);
    drop.until("each file is read, or stays for a reason", || (0..READ.len()).all(|n| stays.contains(&n) || left(n) == 0));
    let rows: Vec<Vec<String>> = READ.iter().enumerate().map(|(n, (what, ..))| vec![what.to_string(), told(what, drop.read(n))]).collect();
    let out: Vec<Vec<String>> = WRITTEN
        .iter()
        .enumerate()
        .map(|(n, (what, _))| vec![what.to_string(), drop.written(n, if n == 3 { taken_away } else { 0 })])
        .collect();
    std::mem::drop(running);
    // Whoever puts files there chooses their names: they are shown, and do nothing to a terminal or to lines of a log.
    let dead = drop.project.run(&["dead-letters"]).out;
    assert!(dead.contains("b.csv:3:2") && !dead.contains('\u{1b}'), "{dead}");
    page::check("Folders that are read", &["what is done to it", "what follows"], &rows);
    page::check("Folders that are written", &["what it does", "what follows"], &out);
}

/// How many of these there were is chance.
fn told(what: &str, words: String) -> String {
    match what {
        what if what.contains("still grows") => {
            let (taken, rest) = words.split_once(' ').unwrap();
            assert!(taken.parse::<u32>().unwrap() > 5, "{words}");
            format!("all {rest}")
        }
        what if what.contains("come and go") => words.split(';').next().unwrap().to_string(),
        _ => words,
    }
}
