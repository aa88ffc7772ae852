//! How fast is a mapping, bytes to bytes, beside serde_json reading and writing the very same bytes in this process, and
//! beside Node.js, JSONata and jq's own library over the same records? And how long does its check take?
//!
//! `cargo bench -p spanwright-map`. 2,000 customers of about 1 kB from a generator of our own; budgets and places are on.
//! `tests/peers/setup.sh` installs the others; one that is not there is said to be missing.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::disallowed_methods, clippy::disallowed_types, missing_docs)]

use std::{fmt::Write, hint::black_box, path::PathBuf, process::Command, sync::Arc};

use spanwright_map::{Env, MapContext, Mapping, Scope};
use spanwright_shape::{
    json,
    room::Room,
    shape::{Field, Presence, RecordShape, Shape, ShapeId, ShapeRef, Shapes, TextFacets},
    text::{
        Bundle, Problems,
        render::{self, Look},
        yaml,
    },
};

const RECORDS: usize = 2_000;
const ROUNDS: usize = 40;

/// A small linear congruential generator: the same records on every machine.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    fn pick<'s>(&mut self, among: &[&'s str]) -> &'s str {
        among[usize::try_from(self.roll(among.len() as u64)).unwrap()]
    }

    fn time(&mut self) -> String {
        format!(
            "{}-{:02}-{:02}T{:02}:{:02}:{:02}",
            2024 + self.roll(3),
            1 + self.roll(12),
            1 + self.roll(28),
            4 + self.roll(19),
            self.roll(60),
            self.roll(60)
        )
    }
}

fn customer(n: usize, dice: &mut Dice) -> String {
    let (first, last) = (
        dice.pick(&["Anna", "Ben", "Clara", "David", "Eva", "Hans", "Olga"]),
        dice.pick(&["Miller", "Weber", "Fischer", "Koch", "Neumann"]),
    );
    let mut text =
        format!(r#"{{"CustNo":"{:010}","Title":"{}","FirstName":"{first}","LastName":"{last}""#, 100_000 + n, dice.pick(&["Dr.", "", ""]));
    match dice.roll(20) {
        0 => text.push_str(r#","Company":null"#),
        _ => write!(text, r#","Company":"{}""#, dice.pick(&["ACME GmbH", "Globex SA", "Initech Ltd"])).unwrap(),
    }
    write!(text, r#","Email":"{first}.{last}{n}@Example.COM""#).unwrap();
    match dice.roll(20) {
        0 => text.push_str(r#","Phone":null"#),
        _ => write!(text, r#","Phone":"+49 30 {:07}""#, dice.roll(10_000_000)).unwrap(),
    }
    write!(
        text,
        r#","Status":"{}","Blocked":"{}","CreditLimit":"{}.00""#,
        dice.pick(&["A", "A", "I", "P", "X"]),
        dice.pick(&["false", "false", "true"]),
        100 * (1 + dice.roll(500))
    )
    .unwrap();
    for (key, value) in [
        ("Currency", "EUR".to_string()),
        ("VatId", format!("DE{:09}", dice.roll(1_000_000_000))),
        ("PayTerms", "14".into()),
        ("Discount", "2.5".into()),
        ("Website", "www.example.com".into()),
    ] {
        if dice.roll(10) > 0 {
            write!(text, r#","{key}":"{value}""#).unwrap();
        }
    }
    write!(
        text,
        r#","Lang":"{}","CreatedAt":"{}","ChangedAt":"{}","SalesRep":"{}","Newsletter":"{}","Rating":"{}","Segment":"{}""#,
        dice.pick(&["D", "E", "F", "X"]),
        dice.time(),
        dice.time(),
        dice.roll(99),
        dice.pick(&["X", ""]),
        1 + dice.roll(5),
        dice.pick(&["b2b", "b2c"])
    )
    .unwrap();
    let addresses: Vec<String> = ["BILL", "SHIP", "HOME"]
        .iter()
        .map(|kind| {
            format!(
                r#"{{"Type":"{kind}","Street":"{} {}","Zip":"{:05}","City":"{}","Country":"{}"}}"#,
                dice.pick(&["Hauptstr.", "Gartenweg", "Lindenallee"]),
                dice.roll(200),
                dice.roll(100_000),
                dice.pick(&["Berlin", "Wien", "Lyon"]),
                dice.pick(&["DE", "FR", "AT", "PL", "XX"])
            )
        })
        .collect();
    let lines: Vec<String> = (1..=5)
        .map(|n| {
            format!(
                r#"{{"Pos":"{}","Sku":"A-{:04}","Qty":"{}","Price":"{}.{:02}"}}"#,
                n * 10,
                dice.roll(9_999),
                1 + dice.roll(11),
                dice.roll(100),
                dice.roll(100)
            )
        })
        .collect();
    write!(
        text,
        r#","Addresses":{{"Address":[{}]}},"Order":{{"No":"45{n:08}","Date":"{}","Lines":{{"Line":[{}]}}}}}}"#,
        addresses.join(","),
        dice.time(),
        lines.join(",")
    )
    .unwrap();
    text
}

fn mapping() -> Mapping {
    let file = |name: &str| (format!("benches/{name}"), std::fs::read(format!("{}/benches/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap());
    let bundle = Bundle::new([file("customer-map.yaml"), file("countries.yaml")]);
    let mut problems = Problems::new();
    let node = yaml::read(&bundle, bundle.find("benches/customer-map.yaml").unwrap(), &mut problems).unwrap();
    let mut shapes = Shapes::default();
    let dot = shapes.add(Shape::Any);
    let mut scope = Scope { shapes: &mut shapes, dot, names: Vec::new(), zone: None };
    let context = MapContext::alone("customer", None, &bundle);
    let mapping = Mapping::check(&node, &mut scope, &context, &mut problems);
    mapping.unwrap_or_else(|| panic!("{}", render::human(&problems, &bundle, Look::Plain)))
}

/// Seconds of the processor that a round takes: what else the machine does is not counted, here and in the scripts.
fn seconds(mut round: impl FnMut()) -> f64 {
    let begin = spent();
    round();
    (spent() - begin) as f64 / 1e9
}

/// Nanoseconds that this thread has had of the processor.
fn spent() -> u64 {
    std::fs::read_to_string("/proc/thread-self/schedstat").unwrap().split(' ').next().unwrap().parse().unwrap()
}

fn main() {
    let mut dice = Dice(42);
    let records: Vec<String> = (0..RECORDS).map(|n| customer(n, &mut dice)).collect();
    let mapping = mapping();
    let mut room = Room::new();
    let mut out = Vec::with_capacity(4096);
    for record in records.iter().take(1) {
        let dot = json::read(record.as_bytes(), &room).unwrap();
        mapping.write(&Env { dot, names: &[] }, &room, &mut out).unwrap();
        let _: serde_json::Value = serde_json::from_slice(&out).unwrap();
    }
    let (mut ours, mut read, mut theirs) = (f64::INFINITY, f64::INFINITY, f64::INFINITY);
    // In turn, and the best of many rounds: a busy machine then disturbs all three alike.
    for _ in 0..ROUNDS {
        ours = ours.min(seconds(|| {
            for record in &records {
                room.clear();
                out.clear();
                let dot = json::read(record.as_bytes(), &room).unwrap();
                mapping.write(&Env { dot, names: &[] }, &room, &mut out).unwrap();
                black_box(&out);
            }
        }));
        read = read.min(seconds(|| {
            for record in &records {
                room.clear();
                black_box(json::read(record.as_bytes(), &room).unwrap());
            }
        }));
        theirs = theirs.min(seconds(|| {
            for record in &records {
                out.clear();
                let value: serde_json::Value = serde_json::from_slice(record.as_bytes()).unwrap();
                serde_json::to_writer(&mut out, &value).unwrap();
                black_box(&out);
            }
        }));
    }
    let [ours, read, theirs] = [ours, read, theirs].map(|seconds| RECORDS as f64 / seconds);
    let bytes = records.iter().map(String::len).sum::<usize>() / RECORDS;
    println!("customer map, 42 expressions, {bytes} bytes a record, bytes to bytes");
    println!("  spanwright map         {ours:>9.0} records/s   {:>5.1} us", 1e6 / ours);
    println!("  spanwright read only   {read:>9.0} records/s   {:>5.1} us", 1e6 / read);
    println!("  serde_json read+write  {theirs:>9.0} records/s   {:>5.1} us", 1e6 / theirs);
    println!("  ratio to serde_json    {:.2}", ours / theirs);
    peers(&records, ours);
    for fields in [2_000, 10_000] {
        let seconds = (0..5).map(|_| check_of(fields)).fold(f64::INFINITY, f64::min);
        println!("a map of {fields} fields, read, checked against both schemas and compiled: {:.1} ms", seconds * 1e3);
    }
}

/// The same records through other people's programs, each in a process of its own; their clock is their processor's.
fn peers(records: &[String], ours: f64) {
    let top = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let file = std::env::temp_dir().join(format!("spanwright-customers-{}.jsonl", std::process::id()));
    std::fs::write(&file, records.join("\n")).unwrap();
    let countries = r#"{"DE":"Germany","FR":"France","GB":"United Kingdom","US":"United States","NL":"Netherlands","AT":"Austria","CH":"Switzerland","IT":"Italy","ES":"Spain","PL":"Poland","CZ":"Czechia","SE":"Sweden","DK":"Denmark","BE":"Belgium","PT":"Portugal"}"#;
    let scripts = [
        (PathBuf::from("node"), top.join("benches/node/customer-map.mjs")),
        (top.join("tests/peers/jq/.venv/bin/python"), top.join("tests/peers/jq/customer_map.py")),
    ];
    for (by, script) in scripts {
        let said = Command::new(&by).arg(&script).arg(&file).arg(countries).output();
        match said {
            Ok(said) if said.status.success() => {
                for line in String::from_utf8_lossy(&said.stdout).lines() {
                    let (name, rate) = line.split_once('\t').unwrap();
                    let rate: f64 = rate.parse().unwrap();
                    println!("  {name:<26} {rate:>9.0} records/s   ours is {:.1} times as many", ours / rate);
                }
            }
            Ok(said) => println!("  {} failed: {}", script.display(), String::from_utf8_lossy(&said.stderr)),
            Err(fault) => println!("  {} is missing: {fault}", by.display()),
        }
    }
    std::fs::remove_file(&file).unwrap();
}

/// Seconds that a map of so many fields takes, from its text: half of them copied, the others computed, in no order.
fn check_of(fields: usize) -> f64 {
    let mut text = String::new();
    // A step that no number of fields here shares a factor with goes through them all.
    for n in (0..fields).map(|n| n * 7919 % fields) {
        match n % 2 {
            0 => writeln!(text, "to{n}: .From{n}").unwrap(),
            _ => writeln!(text, "to{n}: if .From{n} == \"x\" then \"y\" else .From{n} | ascii_downcase end").unwrap(),
        }
    }
    let bundle = Bundle::new([("maps/large.yaml".to_string(), text.into_bytes())]);
    let mut shapes = Shapes::default();
    let dot = record_of(&mut shapes, "From", fields);
    let mut wanted = Shapes::default();
    let id = record_of(&mut wanted, "to", fields);
    let target = ShapeRef { shapes: Arc::new(wanted), id };
    let begin = spent();
    let mut problems = Problems::new();
    let node = yaml::read(&bundle, bundle.find("maps/large.yaml").unwrap(), &mut problems).unwrap();
    let mut scope = Scope { shapes: &mut shapes, dot, names: Vec::new(), zone: None };
    let mapping = Mapping::check(&node, &mut scope, &MapContext::alone("large", Some(target), &bundle), &mut problems);
    let seconds = (spent() - begin) as f64 / 1e9;
    assert!(mapping.is_some_and(|mapping| mapping.lineage().len() == fields), "{}", render::human(&problems, &bundle, Look::Plain));
    seconds
}

fn record_of(shapes: &mut Shapes, name: &str, fields: usize) -> ShapeId {
    let text = shapes.add(Shape::Text(TextFacets::default()));
    let field = |n| Field { name: format!("{name}{n}").into(), shape: text, presence: Presence::Always, about: None };
    shapes.add(Shape::Record(RecordShape { fields: (0..fields).map(field).collect(), ..RecordShape::default() }))
}
