//! What would never end, or never fit, ends in a problem: within the time and the memory that a worker can spare.
//!
//! The programs run in a process of their own, one after the other, so that what it has resident at most is theirs: the
//! mark is set back before each. Time is that of the processor. The bounds are those of what ships:
//! `HOSTILE=all cargo test --release -p spanwright-map hostile -- --nocapture` also tries long numbers, far-looking
//! patterns, and every function on every kind of value that is too large; a debug build is too slow for these.

use std::{fs, process::Command};

use spanwright_map::{
    Env, Program,
    functions::{self, Function},
};
use spanwright_shape::{json, room::Room};

/// Memory that one program may take beyond what the process had before.
const BYTES_MOST: u64 = 64 << 20;
/// Debug builds are an order of magnitude slower than what ships.
const MILLISECONDS_MOST: u64 = if cfg!(debug_assertions) { 2_000 } else { 100 };
/// Programs by hand, from the first, that are tried where nobody asks for all.
const QUICK: usize = 20;
/// What asks the process to be the one that tries.
const TRIES: &str = "HOSTILE_TRIES";

/// Programs by hand, and the code that each must end in.
const BY_HAND: &[(&str, &str)] = &[
    ("\"x\" * 1000000000", "R1006"),
    ("[range(1000000000)]", "R1006"),
    ("[range(1000000000) | range(1000000000)]", "R1006"),
    ("reduce range(1000000000) as $x (0; . + 1)", "R1006"),
    ("reduce range(100) as $x (\"x\"; . + .)", "R1006"),
    ("reduce range(100) as $x ([1]; . + .)", "R1006"),
    ("reduce range(100000) as $x (0; [.])", "R1006"),
    ("reduce range(100000) as $x ({}; {a: ., b: .})", "R1006"),
    ("reduce range(64) as $x ([]; [., .]) | tojson", "R1006"),
    ("reduce range(64) as $x ([]; [., .]) | . == .", "R1006"),
    ("reduce range(64) as $x ([]; [., .]) | flatten", "R1006"),
    ("[range(2000)] as $a | [range(2000)] as $b | [$a[] as $x | $b[] as $y | $x * $y]", "R1006"),
    ("[{(range(2000) | tostring): range(2000)}]", "R1006"),
    ("[\"\\(range(2000))\\(range(2000))\"]", "R1006"),
    ("1e1000 * 1e1000", "R1003"),
    ("reduce range(100) as $x (2; . * .)", "R1003"),
    ("1e1000 + 1e-1000", "R1003"),
    ("1 / 0", "R1003"),
    ("1e999", ""),
    ("[range(300000)] | sort_by(-.) | group_by(.)", "R1006"),
    ("[range(5555555, 111 / -75555, 111 / -75.558) / 5]", "R1006"),
    ("reduce range(1000000) as $x (0; 1 / 7)", "R1006"),
    ("reduce range(1000000) as $x (0; 1e999 + 1)", "R1006"),
    ("reduce range(1000000) as $x (0; 1e1000 % 7)", "R1006"),
    ("(\"9\" * 999 | tonumber) as $n | reduce range(1000000) as $x (0; $n * 3 | null)", "R1006"),
    ("(\"9\" * 500 | tonumber) as $n | reduce range(1000000) as $x (0; $n * $n | null)", "R1006"),
    ("(\"9\" * 1000 | tonumber) as $n | reduce range(1000000) as $x (0; $n > 3)", "R1006"),
    ("[range(100000) | 1e1000] | sort", "R1006"),
    ("[range(1e900; 1e901)] | length", "R1006"),
    ("(\"x\" * 1000000) as $a | (\"x\" * 999999 + \"x\") as $b | reduce range(1000000) as $x (0; $a == $b)", "R1006"),
    ("(\"x\" * 1000000) as $a | (\"x\" * 999999 + \"y\") as $b | reduce range(1000000) as $x (0; $a < $b)", "R1006"),
    ("reduce range(100) as $x (\"é\"; gsub(\"\"; \"éé\"))", "R1006"),
    ("\"a\" * 1000000 | [match(\"[^z]*z|a\"; \"g\")] | length", "R1006"),
    ("\"a\" * 1000000 | gsub(\"a([^z]*z)?\"; \"b\") | length", "R1006"),
    ("\"a\" * 1000000 | [match(\"a*?$\"; \"g\")] | length", ""),
];

/// Values that are as large as they may be, or nearly.
const LARGE: &[&str] = &[
    "\"xy \" * 300000",
    "[range(60000)]",
    "[range(2000) | tostring * 100]",
    "[range(20000) | {a: ., b: \"x\"}]",
    "reduce range(3000) as $i ({}; . + {\"k\\($i % 50)\": $i})",
    "\"9\" * 999 | tonumber",
    "1e999",
    "\"2026-11-26T08:00:00Z\"",
];

/// A function of the language called again and again on a large value, and with it.
fn of_functions() -> Vec<String> {
    let mut programs = Vec::new();
    for function in functions::ALL {
        for takes in function.takes {
            for large in LARGE {
                for argument in ["$a", "2"] {
                    let call = called(function, takes, argument);
                    programs.push(format!("({large}) as $a | reduce range(1000000) as $i (0; $a | {call} | 0)"));
                    if takes.is_empty() {
                        break;
                    }
                }
            }
        }
    }
    programs
}

fn called(function: &Function, takes: &str, argument: &str) -> String {
    if takes.is_empty() {
        return function.name.to_string();
    }
    let arguments = takes.split("; ").map(|word| match word {
        "\"pattern\"" => "\"[a-z]+ ?\"",
        "\"flags\"" => "\"g\"",
        "\"separator\"" => "\" \"",
        _ if word.starts_with('"') => word,
        _ => argument,
    });
    format!("{}({})", function.name, arguments.collect::<Vec<_>>().join("; "))
}

/// The programs to be tried.
fn programs() -> Vec<String> {
    let by_hand = BY_HAND.iter().map(|(program, _)| (*program).to_string());
    let all: Vec<String> = match std::env::var_os("HOSTILE") {
        Some(_) => by_hand.chain(of_functions()).collect(),
        None => by_hand.take(QUICK).collect(),
    };
    all.into_iter().filter(|program| Program::of(program).is_some()).collect()
}

/// A figure of `/proc/self/status`, in bytes.
fn status(name: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

/// Nanoseconds that this thread has had of the processor.
fn spent() -> u64 {
    fs::read_to_string("/proc/thread-self/schedstat").unwrap().split(' ').next().unwrap().parse().unwrap()
}

/// What one program came to: the code of its failure, milliseconds, bytes.
fn tried(program: &str) -> (String, u64, u64) {
    let checked = Program::of(program).unwrap();
    fs::write("/proc/self/clear_refs", "5").unwrap();
    let (resident, begin) = (status("VmRSS:"), spent());
    let end = {
        let (room, work) = (Room::new(), Room::new());
        let env = Env { dot: json::read(b"null", &room).unwrap(), names: &[] };
        checked.each(&env, &work, &mut |_| ())
    };
    let code = end.err().map_or(String::new(), |fault| fault.failure.code.id.to_string());
    (code, (spent() - begin) / 1_000_000, status("VmHWM:").saturating_sub(resident))
}

#[test]
fn whatever_a_program_asks_for_ends_soon_and_within_bounds() {
    if std::env::var_os(TRIES).is_some() {
        for program in programs() {
            let (code, milliseconds, bytes) = tried(&program);
            println!("tried\t{code}\t{milliseconds}\t{bytes}\t{program}");
        }
        return;
    }
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "hostile::whatever_a_program_asks_for_ends_soon_and_within_bounds", "--nocapture"])
        // What was freed goes back to the system at once, and so does not count against the next.
        .envs([(TRIES, "1"), ("MALLOC_TRIM_THRESHOLD_", "0"), ("MALLOC_MMAP_THRESHOLD_", "131072"), ("MALLOC_TOP_PAD_", "0")])
        .output()
        .unwrap();
    let said = String::from_utf8(child.stdout).unwrap();
    let rows: Vec<Vec<&str>> =
        said.lines().filter_map(|line| line.split_once("tried\t")).map(|(_, row)| row.split('\t').collect()).collect();
    assert_eq!(rows.len(), programs().len(), "{said}\n{}", String::from_utf8_lossy(&child.stderr));
    let mut wrong = Vec::new();
    let (mut slowest, mut largest) = (0, 0);
    for row in &rows {
        let [code, milliseconds, bytes, program] = row[..] else { panic!("four columns: {row:?}") };
        let (milliseconds, bytes): (u64, u64) = (milliseconds.parse().unwrap(), bytes.parse().unwrap());
        let wanted = BY_HAND.iter().find(|(have, _)| *have == program).map(|(_, code)| *code);
        (slowest, largest) = (slowest.max(milliseconds), largest.max(bytes));
        if milliseconds > MILLISECONDS_MOST || bytes > BYTES_MOST || wanted.is_some_and(|wanted| wanted != code) {
            wrong.push(format!("{code} after {milliseconds} ms with {} kB: {program}", bytes >> 10));
        }
    }
    println!("{} programs, {slowest} ms and {} kB at most", rows.len(), largest >> 10);
    assert!(wrong.is_empty(), "{} of {} programs\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}
