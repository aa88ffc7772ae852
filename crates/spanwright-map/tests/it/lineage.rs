//! Lineage is sound: what an expression does not say it reads cannot change it. Programs at random, over inputs of which
//! one place after the other is changed. And it is precise where people use it: in the map of the bench.

use serde_json::{Value, json};
use spanwright_map::{Env, MapContext, Mapping, Program, Scope};
use spanwright_shape::{
    json as ours,
    room::Room,
    shape::{Shape, Shapes},
    text::{Bundle, Problems, Scalar, yaml},
};

use crate::{dice::Dice, grow, jq};

const PROGRAMS: u64 = 6_000;

/// A step down an input.
#[derive(Clone, Debug, PartialEq)]
enum Down {
    Key(String),
    Item(usize),
}

/// Every place of an input.
fn places(value: &Value, here: &mut Vec<Down>, all: &mut Vec<Vec<Down>>) {
    all.push(here.clone());
    let below: Vec<(Down, &Value)> = match value {
        Value::Object(fields) => fields.iter().map(|(name, value)| (Down::Key(name.clone()), value)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(slot, value)| (Down::Item(slot), value)).collect(),
        _ => Vec::new(),
    };
    for (step, value) in below {
        here.push(step);
        places(value, here, all);
        here.pop();
    }
}

fn at<'v>(value: &'v mut Value, place: &[Down]) -> &'v mut Value {
    place.iter().fold(value, |value, step| match step {
        Down::Key(name) => &mut value[name.as_str()],
        Down::Item(slot) => &mut value[*slot],
    })
}

/// Whether a change at a place may be seen through a path that is read: inside what is read, or above it.
fn touches(place: &[Down], read: &str) -> bool {
    let mut rest = read.trim_start_matches('.');
    let mut steps = place.iter();
    while !rest.is_empty() {
        let Some(step) = steps.next() else { return true };
        if let Some(behind) = rest.strip_prefix("[]") {
            rest = behind.trim_start_matches('.');
            continue;
        }
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        let name = rest[..end].trim_matches('"');
        if *step != Down::Key(name.to_string()) {
            return false;
        }
        rest = rest[end..].trim_start_matches('.');
    }
    true
}

fn reads(program: &str) -> Option<Vec<String>> {
    let mut shapes = Shapes::default();
    let dot = shapes.add(Shape::Any);
    let mut scope = Scope { shapes: &mut shapes, dot, names: Vec::new(), zone: None };
    let program = Program::check(&Scalar::made(program), &mut scope, &mut Problems::new())?;
    Some(program.gives().reads.iter().map(|path| path.to_string()).collect())
}

#[test]
fn what_is_not_read_cannot_change_the_result() {
    let (mut tried, mut untouched) = (0, 0);
    for seed in 0..PROGRAMS {
        let mut dice = Dice::new(seed + 1_000_000);
        let size = 2 + dice.roll(12);
        let program = grow::program(&mut dice, size);
        let Some(reads) = reads(&program) else { continue };
        for _ in 0..2 {
            let input: Value = serde_json::from_str(&grow::input(&mut dice, 3)).unwrap();
            let before = jq::gives(&program, &input.to_string());
            let mut all = Vec::new();
            places(&input, &mut Vec::new(), &mut all);
            for place in all.iter().filter(|place| !reads.iter().any(|read| touches(place, read))) {
                let mut changed = input.clone();
                *at(&mut changed, place) = serde_json::from_str(&grow::input(&mut dice, 1)).unwrap();
                untouched += 1;
                let after = jq::gives(&program, &changed.to_string());
                assert_eq!(after, before, "seed {seed}: {program}\n  says it reads {reads:?}\n  {input}\n  {changed}");
            }
        }
        tried += 1;
    }
    assert!(tried > 3_000 && untouched > 3_000, "{tried} programs, {untouched} changes");
}

const RECORD: &str = r#"{"CustNo":"0000100042","Title":"Dr.","FirstName":"Anna","LastName":"Weber","Company":"ACME GmbH","Email":"Anna@Example.COM",
"Phone":"+49 30 1","Status":"A","Blocked":"false","CreditLimit":"1000.50","Currency":"EUR","Lang":"D","CreatedAt":"2026-07-01T08:00:00",
"ChangedAt":"2026-07-02T08:00:00","VatId":"DE1","PayTerms":"30","Discount":"2.5","SalesRep":"7","Newsletter":"X","Rating":"3","Segment":"B2B",
"Website":"acme.test","Addresses":{"Address":[{"Type":"BILL","Street":"A 1","Zip":"10115","City":"Berlin","Country":"DE"},
{"Type":"SHIP","Street":"B 2","Zip":"80331","City":"Munich","Country":"FR"}]},"Order":{"No":"O-1","Date":"2026-07-03T08:00:00","Lines":{"Line":[
{"Pos":"1","Sku":"S-1","Qty":"2","Price":"9.99"},{"Pos":"2","Sku":"S-2","Qty":"1","Price":"5.00"}]}}}"#;

/// What a change may put in a place, so that some of it is seen.
fn others() -> [Value; 9] {
    [json!("zz"), json!("12"), json!("true"), json!("FR"), json!("SHIP"), json!("2025-01-01T01:00:00"), json!(null), json!("B"), json!("X")]
}

#[test]
fn nearly_all_that_a_real_map_says_it_reads_can_change_it() {
    let folder = std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("benches");
    let read = |name: &str| std::fs::read(folder.join(name)).unwrap();
    let bundle = Bundle::new([
        ("customer-map.yaml".to_string(), read("customer-map.yaml")),
        ("benches/countries.yaml".to_string(), read("countries.yaml")),
    ]);
    let mut problems = Problems::new();
    let node = yaml::read(&bundle, bundle.find("customer-map.yaml").unwrap(), &mut problems).unwrap();
    let mut shapes = Shapes::default();
    let dot = shapes.add(Shape::Any);
    let mut scope = Scope { shapes: &mut shapes, dot, names: Vec::new(), zone: Some("Europe/Berlin".into()) };
    let fields = node.get("fields").unwrap_or(&node);
    let mapping = Mapping::check(fields, &mut scope, &MapContext::alone("customer", None, &bundle), &mut problems).unwrap();

    let input: Value = serde_json::from_str(RECORD).unwrap();
    let before = written(&mapping, &input).unwrap();
    let mut all = Vec::new();
    places(&input, &mut Vec::new(), &mut all);
    let (mut exact, mut said) = (0, 0);
    let mut vague = Vec::new();
    for row in mapping.lineage() {
        let field = |output: &Value| row.target.split('.').fold(vec![output.clone()], down);
        for read in &row.reads {
            said += 1;
            let seen = all.iter().filter(|place| !place.is_empty() && touches(place, read)).any(|place| {
                others().iter().any(|other| {
                    let mut changed = input.clone();
                    *at(&mut changed, place) = other.clone();
                    written(&mapping, &changed).is_none_or(|after| field(&after) != field(&before))
                })
            });
            if seen { exact += 1 } else { vague.push(format!("{} <- {read}", row.target)) }
        }
        // And the other way round: what the row does not say cannot change its field.
        for place in all.iter().filter(|place| !row.reads.iter().any(|read| touches(place, read))) {
            for other in others() {
                let mut changed = input.clone();
                *at(&mut changed, place) = other;
                if let Some(after) = written(&mapping, &changed) {
                    assert_eq!(field(&after), field(&before), "`{}` says it reads {:?} and sees {place:?}", row.target, row.reads);
                }
            }
        }
    }
    println!("{exact} of {said} paths that the map says it reads change their field; not seen: {vague:?}");
    assert!(exact * 100 >= said * 95, "{exact} of {said}: {vague:?}");
}

fn down(values: Vec<Value>, step: &str) -> Vec<Value> {
    let (name, list) = step.strip_suffix("[]").map_or((step, false), |name| (name, true));
    let below = values.into_iter().map(|value| value.get(name).cloned().unwrap_or(Value::Null));
    below.flat_map(|value| if list { value.as_array().cloned().unwrap_or_default() } else { vec![value] }).collect()
}

fn written(mapping: &Mapping, input: &Value) -> Option<Value> {
    let (room, work) = (Room::new(), Room::new());
    let text = input.to_string();
    let dot = ours::read(text.as_bytes(), &room).unwrap();
    let mut out = Vec::new();
    mapping.write(&Env { dot, names: &[] }, &work, &mut out).ok()?;
    serde_json::from_slice(&out).ok()
}

/// How many whole maps are made at random; `LINEAGE_MAPS=100000` makes so many.
const MAPS: u64 = 1_500;

/// A map of the other name, for `map:`; every random map has the same one.
struct Inner(spanwright_shape::text::Node);

impl spanwright_map::OtherMaps for Inner {
    fn find(&self, name: &str) -> Option<spanwright_map::OtherMap<'_>> {
        let map = spanwright_map::OtherMap { fields: &self.0, copy: None, empty: None, from: None, to: None, zone: None, with: Vec::new() };
        (name == "inner").then_some(map)
    }

    fn names(&self) -> Vec<&str> {
        vec!["inner"]
    }

    fn is_lost(&self, _: &str) -> bool {
        false
    }
}

/// An expression that gives one result, quoted for YAML; inside `each` it may look around.
fn expression(dice: &mut Dice, inside: bool) -> String {
    let around = ["$root.a", "$parent.b.c", "$index", "[$root.n, .a]", ". as $x | [$x.b, $parent.s]"];
    let text = match dice.roll(if inside { 4 } else { 3 }) {
        0 => format!(".{}.{}", ["a", "b", "c"][dice.roll(3)], ["n", "s", "l"][dice.roll(3)]),
        1 => format!(".{} as $x | [$x.a, .n]", ["a", "b", "s"][dice.roll(3)]),
        2 => {
            let size = 2 + dice.roll(8);
            format!("[({})?]", grow::program(dice, size))
        }
        _ => around[dice.roll(around.len())].to_string(),
    };
    format!("'{}'", text.replace('\'', "''"))
}

/// Rows of fields, records of another map, lists by rows and by another map, and what is copied.
fn whole_map(dice: &mut Dice) -> String {
    let mut text = String::from("fields:\n");
    for n in 0..1 + dice.roll(5) {
        let row = match dice.roll(6) {
            0 => format!("m{n}: {{ map: inner, from: .{} }}", ["a", "b", "c"][dice.roll(3)]),
            1 => format!("l{n}[]: {{ each: '[.{}[]?]', map: inner }}", ["l", "a"][dice.roll(2)]),
            2 => format!("l{n}[]: {{ each: .l, fields: {{ x: {}, y.z: {} }} }}", expression(dice, true), expression(dice, true)),
            3 => format!("r{n}.x: {{ from: {}, default: none }}", expression(dice, false)),
            _ => format!("f{n}: {}", expression(dice, false)),
        };
        text.push_str(&format!("  {row}\n"));
    }
    if dice.once_in(2) {
        text.push_str("copy: [a, s]\n");
    }
    text
}

/// `None`: it was refused.
fn mapping_of(text: &str) -> Option<Mapping> {
    let bundle = Bundle::new([("map".to_string(), text.as_bytes().to_vec()), ("inner".to_string(), b"x: .a\ny: '[.b, .s]'\n".to_vec())]);
    let mut problems = Problems::new();
    let inner = Inner(yaml::read(&bundle, bundle.find("inner").unwrap(), &mut problems).unwrap());
    let node = yaml::read(&bundle, bundle.find("map").unwrap(), &mut problems).unwrap_or_else(|| panic!("{text}"));
    let mut shapes = Shapes::default();
    let dot = shapes.add(Shape::Any);
    let mut scope = Scope { shapes: &mut shapes, dot, names: Vec::new(), zone: None };
    let context = MapContext { maps: &inner, copy: node.get("copy"), ..MapContext::alone("random", None, &bundle) };
    Mapping::check(node.get("fields")?, &mut scope, &context, &mut problems)
}

#[test]
fn what_no_row_of_a_random_map_reads_cannot_change_it() {
    let wanted = std::env::var("LINEAGE_MAPS").map_or(MAPS, |count| count.parse().unwrap());
    let (mut maps, mut changes) = (0, 0);
    for seed in 0..wanted {
        let mut dice = Dice::new(seed + 7_000_000);
        let text = whole_map(&mut dice);
        let Some(mapping) = mapping_of(&text) else { continue };
        let input = loop {
            let input: Value = serde_json::from_str(&grow::input(&mut dice, 3)).unwrap();
            if input.is_object() {
                break input;
            }
        };
        let Some(before) = written(&mapping, &input) else { continue };
        maps += 1;
        let mut all = Vec::new();
        places(&input, &mut Vec::new(), &mut all);
        for row in mapping.lineage() {
            // How many items there are says the row of their list.
            let lists = mapping.lineage().iter().filter(|list| list.target.ends_with("[]") && row.target.starts_with(&*list.target));
            let reads: Vec<&str> = row.reads.iter().chain(lists.flat_map(|list| &list.reads)).map(|path| &**path).collect();
            let field = |output: &Value| row.target.split('.').fold(vec![output.clone()], down);
            for place in all.iter().filter(|place| !reads.iter().any(|read| touches(place, read))) {
                let mut changed = input.clone();
                *at(&mut changed, place) = serde_json::from_str(&grow::input(&mut dice, 1)).unwrap();
                if let Some(after) = written(&mapping, &changed) {
                    changes += 1;
                    assert_eq!(field(&after), field(&before), "seed {seed}: `{}` reads {reads:?}\n{text}\n{input}\n{changed}", row.target);
                }
            }
        }
    }
    assert!(maps * 3 > wanted && changes > wanted, "{maps} maps, {changes} changes");
}
