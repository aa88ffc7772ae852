//! Maps inside maps, and fields that are copied: what is written, what reads what, and what is said where they do not fit.

use spanwright_map::{Env, MapContext, Mapping, OtherMap, OtherMaps, Scope};
use spanwright_shape::{
    json,
    jsonschema::{Schemas, Side},
    room::Room,
    shape::{ShapeRef, Shapes},
    text::{
        Bundle, Node, Problems,
        render::{self, Look},
        yaml,
    },
};

const TYPES: &str = "
Order: { type: object, additionalProperties: false, required: [no, billing], properties: {
  no: { type: string }, note: { type: [string, 'null'] }, total: { type: number }, billing: { $ref: '#/types/Address' }, shipping: { $ref: '#/types/Address' },
  lines: { type: array, items: { type: object, additionalProperties: false, required: [sku], properties: { sku: { type: string }, to: { $ref: '#/types/Address' } } } } } }
Address: { type: object, additionalProperties: false, required: [City], properties: { City: { type: string }, Zip: { type: string } } }
Invoice: { type: object, additionalProperties: false, required: [no], properties: {
  no: { type: string }, note: { type: [string, 'null'] }, total: { type: number }, tenant: { type: string }, bill: { $ref: '#/types/Place' }, ship: { $ref: '#/types/Place' },
  places: { type: array, items: { $ref: '#/types/Place' } } } }
Place: { type: object, additionalProperties: false, required: [city], properties: { city: { type: string }, zip: { type: string }, tenant: { type: string } } }
";

/// The maps of a small project: a document of their names.
struct Maps {
    all: Vec<(String, Node)>,
    types: Vec<(&'static str, ShapeRef)>,
}

impl Maps {
    fn shape(&self, node: Option<&Node>) -> Option<ShapeRef> {
        let name = &node?.scalar()?.text;
        self.types.iter().find(|(have, _)| have == name).map(|(_, shape)| shape.clone())
    }
}

impl OtherMaps for Maps {
    fn find(&self, name: &str) -> Option<OtherMap<'_>> {
        let (_, map) = self.all.iter().find(|(have, _)| have == name)?;
        let (from, to) = (self.shape(map.get("from")), self.shape(map.get("to")));
        let with = if map.get("with").is_some() { vec![("tenant".into(), None)] } else { Vec::new() };
        let empty = map.get("empty").and_then(Node::scalar);
        Some(OtherMap { fields: map.get("fields")?, copy: map.get("copy"), empty, from, to, zone: None, with })
    }

    fn names(&self) -> Vec<&str> {
        self.all.iter().map(|(name, _)| name.as_str()).collect()
    }

    fn is_lost(&self, name: &str) -> bool {
        name == "lost"
    }
}

/// Checks the map `order` of a document of maps, and gives it or what is said.
fn checked(text: &str) -> Result<Mapping, String> {
    let types: String = TYPES.lines().map(|line| format!("  {line}\n")).collect();
    let bundle = Bundle::new([
        ("maps.yaml".to_string(), text.as_bytes().to_vec()),
        ("types.yaml".to_string(), format!("types:\n{types}").into_bytes()),
    ]);
    let mut problems = Problems::new();
    let read = |name: &str, problems: &mut Problems| yaml::read(&bundle, bundle.find(name).unwrap(), problems).expect("YAML");
    let (document, maps) = (read("types.yaml", &mut problems), read("maps.yaml", &mut problems));
    let node = document.get("types").unwrap();
    let mut schemas = Schemas::new(&document, Some(node), &mut problems);
    let names = ["Order", "Address", "Invoice", "Place"];
    let ids: Vec<_> = names
        .iter()
        .map(|name| schemas.shape(node.get(name).unwrap(), if matches!(*name, "Order" | "Address") { Side::Given } else { Side::Taken }))
        .collect();
    let shapes = std::sync::Arc::new(schemas.finish());
    let types = names.iter().zip(ids).map(|(name, id)| (*name, ShapeRef { shapes: shapes.clone(), id })).collect();
    let spanwright_shape::text::NodeKind::Map(pairs) = maps.kind else { panic!("maps") };
    let maps = Maps { all: pairs.into_iter().map(|(name, node)| (name.text, node)).collect(), types };
    let order = maps.find("order").unwrap();
    let mut arena = Shapes::default();
    let from = order.from.clone().unwrap();
    let dot = arena.import(&from.shapes, from.id);
    let tenant = arena.add(spanwright_shape::shape::Shape::Text(Default::default()));
    let names = if order.with.is_empty() { Vec::new() } else { vec![("tenant".into(), tenant)] };
    let mut scope = Scope { shapes: &mut arena, dot, names, zone: None };
    let context = MapContext { maps: &maps, copy: order.copy, empty: order.empty, ..MapContext::alone("order", order.to.clone(), &bundle) };
    let mapping = Mapping::check(order.fields, &mut scope, &context, &mut problems);
    let said = render::human(&problems, &bundle, Look::Plain);
    mapping.filter(|_| said.is_empty()).ok_or(said)
}

fn writes(maps: &str, input: &str) -> String {
    let mapping = checked(maps).unwrap_or_else(|said| panic!("{said}"));
    let (room, work) = (Room::new(), Room::new());
    let dot = json::read(input.as_bytes(), &room).unwrap();
    let tenant = spanwright_shape::value::Value::Text("t1");
    let mut out = Vec::new();
    match mapping.write(&Env { dot, names: &[("tenant", tenant)] }, &work, &mut out) {
        Ok(()) => String::from_utf8(out).unwrap(),
        Err(fault) => format!("{} {}", fault.failure.code.id, fault.failure.says),
    }
}

#[track_caller]
fn says(maps: &str, code: &str, sentence: &str) {
    let said = checked(maps).expect_err("a problem");
    assert!(said.contains(code) && said.contains(sentence), "{said}");
}

const ORDER: &str = "
order:
  from: Order
  to: Invoice
  fields:
    no: .no
    bill: { map: address, from: .billing }
    ship: { map: address, from: .shipping }
    places[]: { each: '[.lines[]?.to | values]', map: address }
address:
  from: Address
  to: Place
  fields: { city: .City, zip: .Zip }
";

#[test]
fn a_map_makes_a_record_of_another_and_each_item_of_a_list() {
    let input = r#"{"no":"1","billing":{"City":"Ulm","Zip":"89073"},"lines":[{"sku":"a"},{"sku":"b","to":{"City":"Bonn"}}]}"#;
    assert_eq!(writes(ORDER, input), r#"{"no":"1","bill":{"city":"Ulm","zip":"89073"},"places":[{"city":"Bonn"}]}"#);
    let input = r#"{"no":"1","billing":{"City":"Ulm"},"shipping":{"City":"Bonn","Zip":"53111"}}"#;
    assert_eq!(writes(ORDER, input), r#"{"no":"1","bill":{"city":"Ulm"},"ship":{"city":"Bonn","zip":"53111"},"places":[]}"#);
}

#[test]
fn lineage_goes_through_a_map_inside_a_map() {
    let mapping = checked(ORDER).unwrap_or_else(|said| panic!("{said}"));
    let rows: Vec<String> = mapping.lineage().iter().map(|row| format!("{} <- {}", row.target, row.reads.join(" "))).collect();
    let expected = [
        "no <- .no",
        "bill <- .billing",
        "bill.city <- .billing.City",
        "bill.zip <- .billing.Zip",
        "ship <- .shipping",
        "ship.city <- .shipping.City",
        "ship.zip <- .shipping.Zip",
        "places[] <- .lines[].to",
        "places[].city <- .lines[].to",
        "places[].zip <- .lines[].to",
    ];
    assert_eq!(rows, expected);
}

#[test]
fn a_failure_inside_names_the_inner_maps_line() {
    let maps = ORDER.replace("zip: .Zip", "zip: '.Zip | tonumber | tostring'");
    let said = writes(&maps, r#"{"no":"1","billing":{"City":"Ulm","Zip":"x"}}"#);
    assert_eq!(said, "R1003 map `order`, field `bill.zip` (maps.yaml:13): `tonumber`: the text is no number, at `.billing.Zip`");
}

#[test]
fn inputs_beside_the_source_go_through_by_name() {
    let maps = "
order: { from: Order, to: Invoice, with: { tenant: x }, fields: { no: .no, tenant: $tenant, bill: { map: address, from: .billing } } }
address: { from: Address, to: Place, with: { tenant: x }, fields: { city: .City, tenant: $tenant } }
";
    assert_eq!(writes(maps, r#"{"no":"1","billing":{"City":"Ulm"}}"#), r#"{"no":"1","tenant":"t1","bill":{"city":"Ulm","tenant":"t1"}}"#);
    says(&maps.replacen(", with: { tenant: x }", "", 1).replace("tenant: $tenant, bill", "bill"), "M0106", "`address` wants `$tenant`");
}

#[test]
fn what_is_copied_has_one_name_on_both_sides() {
    let maps = "order: { from: Order, to: Invoice, copy: [no, total], fields: { note: '\"x\"' } }";
    assert_eq!(writes(maps, r#"{"no":"1","total":12.50,"billing":{"City":"U"}}"#), r#"{"note":"x","no":"1","total":12.50}"#);
    assert_eq!(writes(maps, r#"{"no":"1","billing":{"City":"U"}}"#), r#"{"note":"x","no":"1"}"#);
    let same = "order: { from: Order, to: Invoice, copy: same, fields: { note: '\"x\"' } }";
    assert_eq!(writes(same, r#"{"no":"1","total":12.50,"billing":{"City":"U"}}"#), r#"{"note":"x","no":"1","total":12.50}"#);
}

#[test]
fn a_copied_path_that_is_not_there_is_named_at_its_place() {
    says("order: { from: Order, to: Invoice, copy: [no, totl], fields: { note: .note } }", "M0303", "`Invoice` has no field `totl`");
    says("order: { from: Order, to: Invoice, copy: [no, tenant], fields: { note: .note } }", "M0201", "`Order` has no field `tenant`");
    says("order: { from: Order, to: Invoice, copy: [no], fields: { no: .no } }", "M0311", "`no` is written by another row too");
    says("order: { from: Order, to: Invoice, copy: [no, tenant], fields: { note: .note } }", "maps.yaml:1:47", "tenant");
}

#[test]
fn a_map_says_for_all_its_fields_what_a_null_becomes() {
    let maps = |empty: &str| format!("order: {{ from: Order, to: Invoice, empty: {empty}, fields: {{ no: .no, note: .note }} }}");
    let input = r#"{"no":"1","note":null,"billing":{"City":"U"}}"#;
    assert_eq!(writes(&maps("omit"), input), r#"{"no":"1"}"#);
    assert_eq!(writes(&maps("null"), input), r#"{"no":"1","note":null}"#);
    assert!(writes(&maps("fail"), input).starts_with("R1007"));
}

#[test]
fn a_map_that_does_not_fit_or_has_no_end_is_refused() {
    says(&ORDER.replace("from: .billing", "from: .no"), "M0305", "`address` reads another type than this gives");
    says(&ORDER.replace("bill: { map: address", "total: { map: address"), "M0305", "`address` makes another type than this field holds");
    says(&ORDER.replacen("map: address", "map: adress", 1), "M0302", "did you mean `address`?");
    says(&ORDER.replace("bill: { map: address, from: .billing }", "bill: { map: order, from: . }"), "M0301", "`order` contains itself");
    says(&ORDER.replace("{ map: address, from: .billing }", "{ map: address }"), "M0301", "`map` in a field lacks its `from`");
    says(
        &ORDER.replace("bill: { map: address, from: .billing }", "'places[]': { map: address, from: .billing }"),
        "M0301",
        "is a list, and wants `each`",
    );
    let said = checked(&ORDER.replacen("map: address", "map: lost", 1)).expect_err("nothing");
    assert!(!said.contains("M0302"), "what was said already is not said again: {said}");
}

#[test]
fn around_is_not_seen_inside_another_map() {
    // In a project the inner map is checked for itself, and says so there; here it only cannot be used.
    let maps = ORDER.replace("city: .City", "city: $root.no");
    assert!(checked(&maps).is_err());
}
