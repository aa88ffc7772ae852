//! Every program of `cases/jq.tsv` gives what jq 1.8.2 gives: the same results in the same order, or both fail.

use spanwright_map::{Env, Program};
use spanwright_shape::{json, room::Room, value::Value};

/// What a program gives, as the oracle writes it: results as JSON behind one another, `ERROR` where it then fails.
pub fn gives(program: &str, input: &str) -> String {
    let Some(program) = Program::of(program) else { return "REFUSED".to_string() };
    let (room, work) = (Room::new(), Room::new());
    let dot = json::read(input.as_bytes(), &room).unwrap();
    let env = Env { dot, names: &[] };
    let mut shown = Vec::new();
    let end = program.each(&env, &work, &mut |value| shown.push(written(&value)));
    if end.is_err() {
        shown.push("ERROR".to_string());
    }
    shown.join(" ")
}

fn written(value: &Value<'_>) -> String {
    let mut out = Vec::new();
    json::write(value, &mut out);
    String::from_utf8(out).unwrap()
}

/// Programs that the table has at least.
const PROGRAMS_LEAST: usize = 400;

/// Equal as values: `1E+3` and `1000` are one number. Texts are compared letter by letter.
fn same(ours: &str, theirs: &str) -> bool {
    let read = |text: &str| -> Option<Vec<serde_json::Value>> {
        let results = text.strip_suffix("ERROR").unwrap_or(text);
        serde_json::Deserializer::from_str(results).into_iter().collect::<Result<_, _>>().ok()
    };
    let fails = |text: &str| text.ends_with("ERROR");
    ours == theirs || (fails(ours) == fails(theirs) && read(ours).is_some() && read(ours).map(plain) == read(theirs).map(plain))
}

/// Every number as a double, which is what the oracle computes in.
fn plain(mut values: Vec<serde_json::Value>) -> Vec<serde_json::Value> {
    fn each(value: &mut serde_json::Value) {
        match value {
            serde_json::Value::Number(number) => *value = serde_json::json!(number.as_f64()),
            serde_json::Value::Array(items) => items.iter_mut().for_each(each),
            serde_json::Value::Object(fields) => fields.values_mut().for_each(each),
            _ => (),
        }
    }
    values.iter_mut().for_each(each);
    values
}

fn rows(table: &str) -> impl Iterator<Item = Vec<&str>> {
    table.lines().filter(|line| !line.starts_with("# ")).map(|line| line.split('\t').collect())
}

#[test]
fn every_program_gives_what_jq_gives() {
    let mut wrong = Vec::new();
    let (mut count, mut programs) = (0, std::collections::BTreeSet::new());
    for row in rows(include_str!("../cases/jq.tsv")) {
        let [program, input, theirs] = row[..] else { panic!("three columns: {row:?}") };
        let ours = gives(program, input);
        count += 1;
        programs.insert(program);
        if !same(&ours, theirs) {
            wrong.push(format!("{program}   <- {input}\n  jq   {theirs}\n  ours {ours}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {count} differ\n{}", wrong.len(), wrong.join("\n"));
    assert!(programs.len() >= PROGRAMS_LEAST, "{} programs", programs.len());
}

#[test]
fn where_we_differ_from_jq_we_say_so_and_why() {
    for row in rows(include_str!("../cases/differences.tsv")) {
        let [program, input, theirs, ours, why] = row[..] else { panic!("five columns: {row:?}") };
        assert_eq!(gives(program, input), ours, "{program} <- {input} ({why})");
        assert_ne!(theirs, ours, "{program} <- {input} is no difference");
    }
}
