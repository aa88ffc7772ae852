//! What the guide shows of maps is read, checked and run as it stands: a page that lies is a red test.

use std::{collections::BTreeSet, fs, path::PathBuf};

use spanwright_map::{Env, MapContext, Mapping, OtherMap, OtherMaps, Program, Scope};
use spanwright_shape::{
    json,
    room::Room,
    shape::{Shape, Shapes},
    text::{
        Bundle, Node, NodeKind, Problems,
        render::{self, Look},
        yaml,
    },
};

/// A record that every expression of the guide's maps finds something in.
const CUSTOMER: &str = r#"{"Number":"10042","FirstName":"Anna","Status":"ACTIVE","ChangedAt":"2026-07-01T08:00:00","email":"anna@example.com",
"Address":[{"@kind":"SHIP","City":"Bonn","Zip":"53111"},{"@kind":"BILL","City":"Ulm","Zip":"89073"}],"Line":[{"City":"x"}],"Csv":"Artikel;Menge\nA-1;2\n","BillingAddress":{"City":"Ulm"}}"#;

/// Any other map that a snippet names: it takes the city.
struct Others(Node);

impl OtherMaps for Others {
    fn find(&self, _: &str) -> Option<OtherMap<'_>> {
        Some(OtherMap { fields: &self.0, copy: None, empty: None, from: None, to: None, zone: None, with: Vec::new() })
    }

    fn names(&self) -> Vec<&str> {
        Vec::new()
    }

    fn is_lost(&self, _: &str) -> bool {
        false
    }
}

fn pages() -> Vec<(String, String)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/guide");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    // Pictures stand beside the pages.
    let pages = files.filter(|path| path.extension().is_some_and(|end| end == "md"));
    pages.map(|path| (path.file_name().unwrap().to_str().unwrap().to_string(), fs::read_to_string(&path).unwrap())).collect()
}

/// The blocks of YAML of a page; a part of a map, which begins with spaces, is put under `fields`.
fn blocks(page: &str) -> impl Iterator<Item = String> {
    let blocks = page.split("```yaml").skip(1).filter_map(|rest| rest.split_once("```")).map(|(block, _)| block);
    // Behind the word may stand the file that the block is of; what is an example's is tried by the example's tests.
    let blocks = blocks.filter_map(|block| block.split_once('\n')).filter(|(name, _)| !name.contains("examples/")).map(|(_, block)| block);
    blocks.map(|block| if block.starts_with(' ') { format!("fields:\n{block}") } else { block.to_string() })
}

/// Every `fields:` of a document, with the `copy:` beside it.
fn tables<'n>(node: &'n Node, found: &mut Vec<(&'n Node, Option<&'n Node>)>) {
    match &node.kind {
        NodeKind::Map(pairs) => {
            let copy = node.get("copy");
            for (key, below) in pairs {
                match key.text.as_str() {
                    "fields" => found.push((below, copy)),
                    _ => tables(below, found),
                }
            }
        }
        NodeKind::List(items) => items.iter().for_each(|item| tables(item, found)),
        _ => (),
    }
}

/// The names that a text speaks of with a `$`.
fn names(text: &str) -> BTreeSet<String> {
    let words = text.split('$').skip(1).map(|rest| rest.chars().take_while(|c| c.is_ascii_lowercase()).collect::<String>());
    words.filter(|name| !name.is_empty()).collect()
}

/// What a table writes for the customer; panics with what is said of it.
fn written(page: &str, block: &str) -> Vec<String> {
    let bundle = Bundle::new([(page.to_string(), block.as_bytes().to_vec()), ("other".to_string(), b"city: .City".to_vec())]);
    let mut problems = Problems::new();
    let other = yaml::read(&bundle, bundle.find("other").unwrap(), &mut problems).unwrap();
    let document = yaml::read(&bundle, bundle.find(page).unwrap(), &mut problems);
    let document = document.unwrap_or_else(|| panic!("{}", render::human(&problems, &bundle, Look::Plain)));
    let mut found = Vec::new();
    tables(&document, &mut found);
    let others = Others(other);
    let each = found.into_iter().map(|(fields, copy)| {
        let mut shapes = Shapes::default();
        let dot = shapes.add(Shape::Any);
        let known = names(block).into_iter().map(|name| (name.into(), dot)).collect();
        let mut scope = Scope { shapes: &mut shapes, dot, names: known, zone: None };
        let context = MapContext { maps: &others, copy, ..MapContext::alone("guide", None, &bundle) };
        let mapping = Mapping::check(fields, &mut scope, &context, &mut problems);
        let mapping = mapping.unwrap_or_else(|| panic!("{}", render::human(&problems, &bundle, Look::Plain)));
        let (room, work) = (Room::new(), Room::new());
        let mut out = Vec::new();
        let env = Env { dot: json::read(CUSTOMER.as_bytes(), &room).unwrap(), names: &[] };
        mapping.write(&env, &work, &mut out).unwrap_or_else(|fault| panic!("{page}: {}", fault.failure.says));
        String::from_utf8(out).unwrap()
    });
    each.collect()
}

#[test]
fn every_map_of_the_guide_is_read_and_runs() {
    let mut tables = 0;
    for (page, text) in pages() {
        for block in blocks(&text) {
            tables += written(&page, &block).len();
        }
    }
    assert!(tables >= 5, "{tables} tables");
}

#[test]
fn the_maps_of_the_page_on_maps_give_what_they_seem_to_give() {
    let page = pages().into_iter().find(|(name, _)| name == "mapping.md").unwrap().1;
    let made: Vec<String> = blocks(&page).flat_map(|block| written("mapping.md", &block)).collect();
    let expected = [
        concat!(
            r#"{"externalId":"ERP-10042","firstName":"Anna","status":"active","billing":{"city":"Ulm"},"#,
            r#""updatedAt":"2026-07-01T08:00:00+02:00"}"#
        ),
        concat!(
            r#"{"addresses":[{"city":"Bonn","zip":"53111"},{"city":"Ulm","zip":"89073"}],"lines":[{"city":"x"}],"#,
            r#""billing":{"city":"Ulm"},"email":"anna@example.com"}"#
        ),
        r#"{"positions":[{"sku":"A-1","pieces":2}]}"#,
    ];
    assert_eq!(made, expected);
}

#[test]
fn every_call_that_the_page_on_maps_names_is_one() {
    let page = pages().into_iter().find(|(name, _)| name == "mapping.md").unwrap().1;
    // Outside of blocks: every second piece between backticks is code.
    let prose: String = page.split("```").step_by(2).collect();
    let calls = prose.split('`').skip(1).step_by(2).filter(|code| code.contains('(') && code.ends_with(')') && !code.contains(".."));
    let calls: Vec<&str> = calls.filter(|code| !code.starts_with('\\')).collect();
    assert!(calls.len() >= 8, "{calls:?}");
    for call in calls {
        assert!(Program::of(call).is_some(), "`{call}` is refused");
    }
}
