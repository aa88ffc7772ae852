//! Two hundred faults and more, each put into the example alone: a path that was renamed, a required row that was
//! dropped, an enumeration that lost a value, a flag compared with text. Nearly all must be named with the right code,
//! line and column before anything runs; the untouched example is checked without a word.

use std::{
    fs,
    path::{Path, PathBuf},
};

use spanwright_core::project;
use spanwright_shape::text::{Bundle, Problems};

const MAP: &str = "maps/customer-to-contact.yaml";
const SOURCE: &str = "schemas/erp-types.xsd";
const TARGET: &str = "schemas/crm.openapi.yaml";

/// Faults that must be named, of each thousand.
const NAMED_LEAST: usize = 975;

/// One fault.
struct Fault {
    what: String,
    file: &'static str,
    /// The file with the fault in it.
    text: String,
    /// The code that names it.
    code: &'static str,
    /// Places in the map at which it may be named, as bytes of the map as it then is.
    at: Vec<usize>,
}

/// The files of the example.
fn example() -> Vec<(String, Vec<u8>)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../examples/erp-to-crm");
    let mut files = Vec::new();
    for inside in ["", "flows", "maps", "schemas", "systems"] {
        for entry in fs::read_dir(folder.join(inside)).unwrap().map(Result::unwrap).filter(|entry| entry.path().is_file()) {
            let name = entry.file_name().into_string().unwrap();
            let path = Path::new(inside).join(&name).to_str().unwrap().to_string();
            files.push((path, fs::read(entry.path()).unwrap()));
        }
    }
    files.retain(|(path, _)| !path.ends_with(".md"));
    files
}

fn text_of(files: &[(String, Vec<u8>)], path: &str) -> String {
    String::from_utf8(files.iter().find(|(have, _)| have == path).unwrap().1.clone()).unwrap()
}

/// What `check` says: codes, files, lines and columns.
fn said(files: Vec<(String, Vec<u8>)>) -> Vec<(String, String, u32, u32, String)> {
    let bundle = Bundle::new(files);
    let mut problems = Problems::new();
    let _ = project::check(&bundle, spanwright_connect::ALL, None, &mut problems);
    problems
        .iter()
        .map(|problem| {
            let place = problem.at.map(|at| (bundle.path(at.file).to_string(), bundle.line_column(at.file, at.from)));
            let (file, (line, column)) = place.unwrap_or_default();
            (problem.code.id.to_string(), file, line, column, problem.says.clone())
        })
        .collect()
}

/// Line and column of a byte, both from 1.
fn line_column(text: &str, at: usize) -> (u32, u32) {
    let before = &text[..at];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (u32::try_from(line).unwrap(), u32::try_from(column).unwrap())
}

#[test]
fn the_untouched_example_is_checked_without_a_word() {
    assert_eq!(said(example()), []);
}

#[test]
fn the_map_of_the_example_proves_its_bodies_so_that_nobody_reads_them_again() {
    let bundle = Bundle::new(example());
    let plan = project::check(&bundle, spanwright_connect::ALL, None, &mut Problems::new()).unwrap();
    let proved: Vec<bool> = plan.flows.iter().flat_map(|flow| &flow.effects).map(|effect| effect.proved).collect();
    assert_eq!(proved, [true]);
    let mapping = &plan.maps[0].mapping;
    let open: Vec<&str> = mapping.lineage().iter().filter(|row| row.residue.is_some()).map(|row| &*row.target).collect();
    println!("told when it runs, or left to the target: {open:?}");
    assert!(open.contains(&"displayName"), "{open:?}");
}

#[test]
fn nearly_every_seeded_fault_is_named_with_its_code_line_and_column() {
    let files = example();
    let map = text_of(&files, MAP);
    let mut faults = Vec::new();
    renamed_source_paths(&map, &mut faults);
    renamed_target_fields(&map, &mut faults);
    dropped_required_rows(&map, &mut faults);
    misspelt_functions(&map, &mut faults);
    odd_expressions(&map, &mut faults);
    renamed_elements(&map, &text_of(&files, SOURCE), &mut faults);
    changed_source_types(&map, &text_of(&files, SOURCE), &mut faults);
    changed_target(&map, &text_of(&files, TARGET), &mut faults);

    let mut missed = Vec::new();
    let mut kinds = std::collections::BTreeMap::<&str, usize>::new();
    for fault in &faults {
        let mut changed = files.clone();
        changed.iter_mut().find(|(path, _)| path == fault.file).unwrap().1 = fault.text.clone().into_bytes();
        let text = if fault.file == MAP { &fault.text } else { &map };
        let places: Vec<(u32, u32)> = fault.at.iter().map(|at| line_column(text, *at)).collect();
        let said = said(changed);
        let named =
            said.iter().any(|(code, file, line, column, _)| code == fault.code && file == MAP && places.contains(&(*line, *column)));
        *kinds.entry(fault.code).or_default() += 1;
        if !named {
            missed.push(format!(
                "{}: wanted {} at {places:?}\n    said {:?}",
                fault.what,
                fault.code,
                said.iter().take(4).collect::<Vec<_>>()
            ));
        }
    }
    println!("{} faults, {} named; by code {kinds:?}", faults.len(), faults.len() - missed.len());
    missed.iter().for_each(|fault| println!("  missed {fault}"));
    assert!(faults.len() >= 200, "{} faults", faults.len());
    assert!((faults.len() - missed.len()) * 1000 >= faults.len() * NAMED_LEAST, "{} of {} missed", missed.len(), faults.len());
}

/// `.Name` in the expressions of the map, as the bytes of the name; notes and comments are words.
fn paths(map: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut from = 0;
    for line in map.split_inclusive('\n') {
        let end = line.find("note:").unwrap_or(line.len()).min(line.find("# ").unwrap_or(line.len()));
        let part = &line[..end];
        if part.starts_with("  ") {
            for (at, _) in part.match_indices('.') {
                let name: String = part[at + 1..].chars().take_while(|c| c.is_ascii_alphanumeric()).collect();
                if name.starts_with(|c: char| c.is_ascii_uppercase()) {
                    found.push((from + at + 1, name));
                }
            }
        }
        from += line.len();
    }
    found
}

fn replaced(text: &str, from: usize, length: usize, with: &str) -> String {
    format!("{}{with}{}", &text[..from], &text[from + length..])
}

fn renamed_source_paths(map: &str, faults: &mut Vec<Fault>) {
    for (at, name) in paths(map) {
        let text = replaced(map, at, name.len(), &format!("{name}x"));
        faults.push(Fault { what: format!("path .{name}x"), file: MAP, text, code: "M0201", at: vec![at] });
    }
}

/// The target keys: from the table's first line on, what stands before a colon.
fn keys(map: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut from = 0;
    let inner = ["from", "then", "table", "otherwise", "default", "note", "each", "fields"];
    let mut in_fields = false;
    for line in map.split_inclusive('\n') {
        let indent = line.len() - line.trim_start().len();
        if let Some((key, _)) = line.trim_start().split_once(':')
            && in_fields
            && indent > 0
            && !key.starts_with('#')
            && !key.contains(' ')
            && !inner.contains(&key)
        {
            found.push((from + indent, key.to_string()));
        }
        in_fields |= line.starts_with("fields:");
        from += line.len();
    }
    found
}

fn renamed_target_fields(map: &str, faults: &mut Vec<Fault>) {
    for (at, key) in keys(map) {
        let plain = key.trim_end_matches("[]");
        let text = replaced(map, at, plain.len(), &format!("{plain}x"));
        faults.push(Fault { what: format!("target {plain}x"), file: MAP, text, code: "M0303", at: vec![at] });
    }
}

/// A row with all its deeper lines, taken out.
fn dropped_required_rows(map: &str, faults: &mut Vec<Fault>) {
    let top = ["externalId", "source", "kind", "displayName", "status", "isBlocked", "segment", "language", "updatedAt"];
    let inside = [
        "kind",
        "street",
        "postalCode",
        "city",
        "country",
        "document",
        "dueDate",
        "total",
        "position",
        "sku",
        "quantity",
        "unitPrice",
        "currency",
    ];
    for (at, key) in keys(map) {
        let line_start = map[..at].rfind('\n').map_or(0, |at| at + 1);
        let indent = at - line_start;
        let required = if indent == 2 { top.contains(&key.as_str()) } else { inside.contains(&key.as_str()) };
        if !required {
            continue;
        }
        let mut end = line_start + map[line_start..].find('\n').unwrap() + 1;
        while map[end..].starts_with(&" ".repeat(indent + 1)) {
            end += map[end..].find('\n').unwrap() + 1;
        }
        let text = format!("{}{}", &map[..line_start], &map[end..]);
        // It is said at the table: the first row of the whole, or the `fields:` above.
        let place = match indent {
            2 => {
                text.find("fields:\n").unwrap()
                    + "fields:\n".len()
                    + text[text.find("fields:\n").unwrap() + 8..].find(|c: char| c.is_ascii_lowercase() && c != ' ').unwrap()
            }
            _ => text[..line_start].rfind("fields:").unwrap(),
        };
        let first_row = keys(&text).first().unwrap().0;
        let place = if indent == 2 { first_row } else { place };
        faults.push(Fault { what: format!("dropped {key}"), file: MAP, text, code: "M0304", at: vec![place] });
    }
}

fn misspelt_functions(map: &str, faults: &mut Vec<Fault>) {
    for name in ["select", "join", "ascii_downcase", "gsub", "startswith", "tostring", "attr", "length", "zoned", "first"] {
        for (at, _) in map.match_indices(name) {
            let alone = !map[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '.' || c == '_')
                && !map[at + name.len()..].starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
            let line = map[..at].rsplit('\n').next().unwrap();
            if alone && line.starts_with("  ") && !line.contains("note:") && !map[at..].starts_with("first:") {
                let text = replaced(map, at, name.len(), &format!("{name}e"));
                faults.push(Fault { what: format!("function {name}e"), file: MAP, text, code: "M0103", at: vec![at] });
            }
        }
    }
}

/// A row's expression replaced by one that is wrong in itself: row, expression, code, and where in the expression.
const ODD: &[(&str, &str, &str, &str)] = &[
    ("isBlocked: .Blocked", ".Blocked == \"true\"", "M0204", ".Blocked"),
    ("isBlocked: .Blocked", ".Newsletter // false", "M0205", ".Newsletter"),
    ("isBlocked: .Blocked", ".Status", "M0305", ".Status"),
    ("isBlocked: .Blocked", ".Status == \"ACTVE\"", "M0204", ".Status"),
    ("isBlocked: .Blocked", ".Rating == \"1\"", "M0204", ".Rating"),
    ("isBlocked: .Blocked", ".Rating > 1", "M0203", ".Rating"),
    ("isBlocked: .Blocked", ".Newsletter", "M0308", ".Newsletter"),
    ("isBlocked: .Blocked", ".Address[] | .City == \"Ulm\"", "M0206", ".Address"),
    ("isBlocked: .Blocked", "Blocked", "M0104", "Blocked"),
    ("isBlocked: .Blocked", ".Blocked | not not", "M0101", "not\n"),
    ("isBlocked: .Blocked", "$blocked", "M0106", "$blocked"),
    ("isBlocked: .Blocked", ".Blocked = true", "M0102", "="),
    ("isBlocked: .Blocked", ".Email | test(\"(?=a)\")", "M0107", "test"),
    ("isBlocked: .Blocked", ".Address.City == \"Ulm\"", "M0202", "City"),
    ("isBlocked: .Blocked", ".Number | test(\"a\"; \"q\")", "M0107", "test"),
    ("rating: .Rating", ".Number", "M0305", ".Number"),
    ("rating: .Rating", ".Number + 1", "M0202", ".Number"),
    ("rating: .Rating", ".Number | round", "M0202", "round"),
    ("rating: .Rating", ".PaymentTermsDays + 1", "M0203", ".PaymentTermsDays"),
    ("rating: .Rating", ".Status | length > 1", "M0305", ".Status"),
    ("rating: .Rating", ".Address | lenght", "M0103", "lenght"),
    ("rating: .Rating", ".Tags", "M0305", ".Tags"),
    ("rating: .Rating", ".CreditLimit", "M0305", ".CreditLimit"),
    ("rating: .Rating", ".LedgerId | floor(1)", "M0105", "floor"),
    ("firstName: .FirstName", "\"Dr. \" + .FirstName", "M0203", ".FirstName"),
    ("firstName: .FirstName", "\"\\(.FirstName) x\"", "M0203", ".FirstName"),
    ("firstName: .FirstName", ".FirstName + .LastName", "M0203", ".FirstName"),
    ("firstName: .FirstName", "[.FirstName, .LastName] | join(\" \")", "M0203", "join"),
    ("firstName: .FirstName", ".FirstName | ascii_upcase", "M0207", "ascii_upcase"),
    ("firstName: .FirstName", ".FirstName | length", "M0203", "length"),
    ("firstName: .FirstName", ".Blocked", "M0305", ".Blocked"),
    ("firstName: .FirstName", ".Address", "M0305", ".Address"),
    ("firstName: .FirstName", ".Address[].City", "M0206", ".Address"),
    ("firstName: .FirstName", ".Number | now", "M0102", "now"),
    ("firstName: .FirstName", ".Number | trim(\" \")", "M0105", "trim"),
    ("firstName: .FirstName", ".Number | read_date(\"%J\")", "M0110", "read_date"),
    ("firstName: .FirstName", ".CreatedAt | plus(\"1 day\")", "M0110", "plus"),
    ("firstName: .FirstName", ".Number | attr(\"kind\")", "M0201", "attr"),
    ("firstName: .FirstName", ".Website", "M0306", ".Website"),
    ("createdAt: .CreatedAt | zoned(\"Europe/Berlin\")", ".CreatedAt", "M0309", ".CreatedAt"),
    ("createdAt: .CreatedAt | zoned(\"Europe/Berlin\")", ".CreatedAt | zoned(\"Europe/Berln\")", "M0108", "zoned"),
    ("createdAt: .CreatedAt | zoned(\"Europe/Berlin\")", ".CreatedAt | zoned(.Zone)", "M0108", "zoned"),
    ("updatedAt: .ChangedAt | zoned(\"Europe/Berlin\")", ".ChangedAt", "M0309", ".ChangedAt"),
    ("updatedAt: .ChangedAt | zoned(\"Europe/Berlin\")", ".ChangedAt | date", "M0305", ".ChangedAt"),
    ("updatedAt: .ChangedAt | zoned(\"Europe/Berlin\")", ".ChangedAt | zoned(\"CET5\")", "M0108", "zoned"),
    ("company: .CompanyName", ".CompanyName | .Name", "M0202", "Name\n"),
    ("company: .CompanyName", "{a: .CompanyName}", "M0305", "{a"),
    ("tags: .Tags", ".Tags | join(\",\")", "M0305", ".Tags"),
    ("tags: .Tags", ".Rating", "M0305", ".Rating"),
    ("lastName: .LastName", ".LastName // .Rating", "M0306", ".LastName"),
];

fn odd_expressions(map: &str, faults: &mut Vec<Fault>) {
    for (row, expression, code, at) in ODD {
        let start = map.find(&format!("  {row}\n")).unwrap_or_else(|| panic!("{row}")) + 2;
        let (key, _) = row.split_once(':').unwrap();
        let plain = !expression.starts_with(['"', '[', '{']) && !expression.contains(": ");
        let written = if plain { (*expression).to_string() } else { format!("'{expression}'") };
        let text = replaced(map, start, row.len(), &format!("{key}: {written}"));
        let from = start + key.len() + 2;
        let place = from + text[from..].find(at).unwrap();
        faults.push(Fault { what: format!("{key}: {expression}"), file: MAP, text, code, at: vec![place, from] });
    }
}

/// An element of the source under another name: each path to it leads nowhere.
fn renamed_elements(map: &str, schema: &str, faults: &mut Vec<Fault>) {
    for (at, _) in schema.match_indices("<xs:element name=\"") {
        let from = at + "<xs:element name=\"".len();
        let name: String = schema[from..].chars().take_while(|c| *c != '"').collect();
        let used: Vec<usize> = paths(map).into_iter().filter(|(_, have)| *have == name).map(|(at, _)| at).collect();
        if !used.is_empty() {
            let text = replaced(schema, from, name.len(), &format!("{name}New"));
            faults.push(Fault { what: format!("element {name}New"), file: SOURCE, text, code: "M0201", at: used });
        }
    }
}

/// An edit of the source's schema, the code and the place in the map that it makes wrong.
const SOURCE_EDITS: &[(&str, &str, &str, &str)] = &[
    ("name=\"Number\" type=\"t:CustomerNumber\"", "name=\"Number\" type=\"t:CustomerNumber\" minOccurs=\"0\"", "M0308", ".Number, then"),
    ("name=\"Status\" type=\"t:CustomerStatus\"", "name=\"Status\" type=\"t:CustomerStatus\" minOccurs=\"0\"", "M0308", ".Status\n"),
    ("name=\"Blocked\" type=\"xs:boolean\"", "name=\"Blocked\" type=\"xs:boolean\" minOccurs=\"0\"", "M0308", ".Blocked\n"),
    ("name=\"Zip\" type=\"t:ShortText\"", "name=\"Zip\" type=\"t:ShortText\" minOccurs=\"0\"", "M0308", ".Zip"),
    ("name=\"City\" type=\"t:LongText\"", "name=\"City\" type=\"t:LongText\" minOccurs=\"0\"", "M0308", ".City\n      country"),
    ("name=\"Country\" type=\"t:CountryCode\"", "name=\"Country\" type=\"t:CountryCode\" minOccurs=\"0\"", "M0308", ".Country"),
    ("name=\"Sku\" type=\"t:ShortText\"", "name=\"Sku\" type=\"t:ShortText\" minOccurs=\"0\"", "M0308", ".Sku"),
    ("name=\"Quantity\" type=\"t:Quantity\"", "name=\"Quantity\" type=\"t:Quantity\" minOccurs=\"0\"", "M0203", ".Quantity"),
    (
        "name=\"DunningLevel\" type=\"xs:unsignedByte\"",
        "name=\"DunningLevel\" type=\"xs:unsignedByte\" minOccurs=\"0\"",
        "M0203",
        ".DunningLevel > 0)]",
    ),
    ("name=\"FirstName\" type=\"t:ShortText\"", "name=\"FirstName\" type=\"xs:int\"", "M0305", ".FirstName\n"),
    ("name=\"LastName\" type=\"t:ShortText\"", "name=\"LastName\" type=\"xs:decimal\"", "M0305", ".LastName\n"),
    ("name=\"CompanyName\" type=\"t:LongText\"", "name=\"CompanyName\" type=\"xs:boolean\"", "M0305", ".CompanyName\n"),
    ("name=\"Zip\" type=\"t:ShortText\"", "name=\"Zip\" type=\"xs:int\"", "M0305", ".Zip"),
    ("name=\"Sku\" type=\"t:ShortText\"", "name=\"Sku\" type=\"xs:long\"", "M0305", ".Sku"),
    ("name=\"Rating\" type=\"t:Rating\"", "name=\"Rating\" type=\"xs:string\"", "M0305", ".Rating"),
    ("name=\"Blocked\" type=\"xs:boolean\"", "name=\"Blocked\" type=\"xs:string\"", "M0305", ".Blocked\n"),
    ("name=\"Newsletter\" type=\"xs:boolean\"", "name=\"Newsletter\" type=\"xs:string\"", "M0204", ".Newsletter == true"),
    ("name=\"Number\" type=\"t:CustomerNumber\"", "name=\"Number\" type=\"xs:long\"", "M0202", "\"ERP-\" + ."),
    ("name=\"FirstName\" type=\"t:ShortText\"", "name=\"FirstName\" type=\"xs:string\"", "M0306", ".FirstName\n"),
    ("name=\"CompanyName\" type=\"t:LongText\"", "name=\"CompanyName\" type=\"xs:string\"", "M0306", ".CompanyName\n"),
    ("name=\"Zip\" type=\"t:ShortText\"", "name=\"Zip\" type=\"xs:string\"", "M0306", ".Zip"),
    ("name=\"City\" type=\"t:LongText\"", "name=\"City\" type=\"xs:string\"", "M0306", ".City\n      country"),
    ("name=\"Sku\" type=\"t:ShortText\"", "name=\"Sku\" type=\"xs:string\"", "M0306", ".Sku"),
    ("<xs:maxLength value=\"60\"/>", "<xs:maxLength value=\"200\"/>", "M0306", ".CompanyName\n"),
    ("<xs:maxLength value=\"30\"/>", "<xs:maxLength value=\"100\"/>", "M0306", ".FirstName\n"),
    ("<xs:maxLength value=\"30\"/>", "<xs:maxLength value=\"99\"/>", "M0306", ".Sku"),
    ("<xs:enumeration value=\"ACTIVE\"/>", "", "M0310", "ACTIVE: active"),
    ("<xs:enumeration value=\"BLOCKED\"/>", "", "M0310", "ACTIVE: active"),
    ("<xs:enumeration value=\"PROSPECT\"/>", "", "M0310", "ACTIVE: active"),
    ("<xs:enumeration value=\"CLOSED\"/>", "", "M0310", "ACTIVE: active"),
    ("<xs:enumeration value=\"D\"/>", "", "M0310", "D: de"),
    ("<xs:enumeration value=\"E\"/>", "", "M0310", "D: de"),
    ("<xs:enumeration value=\"F\"/>", "", "M0310", "D: de"),
    ("<xs:enumeration value=\"P\"/>", "", "M0310", "D: de"),
    ("<xs:enumeration value=\"BILL\"/>", "", "M0310", "BILL: billing"),
    ("<xs:enumeration value=\"SHIP\"/>", "", "M0310", "BILL: billing"),
    ("<xs:enumeration value=\"HOME\"/>", "", "M0310", "BILL: billing"),
    ("<xs:enumeration value=\"B2B\"/>", "", "M0204", ".Segment == \"B2B\""),
    ("<xs:enumeration value=\"B2C\"/>", "", "M0204", ".Segment == \"B2C\""),
    (
        "<xs:enumeration value=\"USD\"/>",
        "<xs:enumeration value=\"USD\"/><xs:enumeration value=\"GBP\"/>",
        "M0307",
        ".CreditLimit, then: attr",
    ),
];

fn changed_source_types(map: &str, schema: &str, faults: &mut Vec<Fault>) {
    for (from, to, code, at) in SOURCE_EDITS {
        assert!(schema.contains(from), "{from}");
        let text = schema.replacen(from, to, 1);
        faults.push(Fault {
            what: format!("source {from} -> {to}"),
            file: SOURCE,
            text,
            code,
            at: vec![map.find(at).unwrap_or_else(|| panic!("{at}"))],
        });
    }
}

/// The same for the target's schema.
const TARGET_EDITS: &[(&str, &str, &str, &str)] = &[
    ("enum: [person, company]", "enum: [person]", "M0307", "if .CompanyRegNo"),
    ("enum: [person, company]", "enum: [company]", "M0307", "if .CompanyRegNo"),
    ("enum: [de, en, fr, pl]", "enum: [en, fr, pl]", "M0307", "D: de"),
    ("enum: [de, en, fr, pl]", "enum: [de, en, pl]", "M0307", "D: de"),
    ("enum: [de, en, fr, pl]", "enum: [de, en, fr]", "M0307", "D: de"),
    ("enum: [active, blocked, prospect, former]", "enum: [blocked, prospect, former]", "M0307", "ACTIVE: active"),
    ("enum: [active, blocked, prospect, former]", "enum: [active, prospect, former]", "M0307", "ACTIVE: active"),
    ("enum: [active, blocked, prospect, former]", "enum: [active, blocked, former]", "M0307", "ACTIVE: active"),
    ("enum: [active, blocked, prospect, former]", "enum: [active, blocked, prospect]", "M0307", "ACTIVE: active"),
    ("enum: [business, consumer, partner]", "enum: [consumer, partner]", "M0307", "if .Segment"),
    ("enum: [business, consumer, partner]", "enum: [business, partner]", "M0307", "if .Segment"),
    ("enum: [business, consumer, partner]", "enum: [business, consumer]", "M0307", "if .Segment"),
    ("enum: [low, medium, high]", "enum: [medium, high]", "M0307", "if .Blocked then"),
    ("enum: [low, medium, high]", "enum: [low, high]", "M0307", "if .Blocked then"),
    ("enum: [low, medium, high]", "enum: [low, medium]", "M0307", "if .Blocked then"),
    ("enum: [billing, shipping, home]", "enum: [billing, home]", "M0307", "BILL: billing"),
    ("enum: [billing, shipping, home]", "enum: [billing, shipping]", "M0307", "BILL: billing"),
    ("enum: [EUR, CHF, PLN, USD]", "enum: [EUR, CHF, PLN]", "M0307", ".CreditLimit, then: attr"),
    ("enum: [EUR, CHF, PLN, USD]", "enum: [EUR]", "M0307", ".UnitPrice | attr"),
    ("enum: [erp, shop, manual]", "enum: [shop, manual]", "M0305", "erp }"),
    ("firstName: { type: string, maxLength: 60 }", "firstName: { type: string, maxLength: 10 }", "M0306", ".FirstName\n"),
    ("lastName: { type: string, maxLength: 60 }", "lastName: { type: string, maxLength: 10 }", "M0306", ".LastName\n"),
    ("company: { type: string, maxLength: 120 }", "company: { type: string, maxLength: 40 }", "M0306", ".CompanyName\n"),
    ("postalCode: { type: string, maxLength: 30 }", "postalCode: { type: string, maxLength: 5 }", "M0306", ".Zip"),
    ("city: { type: string, maxLength: 60 }", "city: { type: string, maxLength: 20 }", "M0306", ".City\n      country"),
    ("document: { type: string, maxLength: 30 }", "document: { type: string, maxLength: 3 }", "M0306", "attr(\"document\")"),
    ("sku: { type: string, maxLength: 30 }", "sku: { type: string, maxLength: 3 }", "M0306", ".Sku"),
    ("billingCity: { type: string, maxLength: 60 }", "billingCity: { type: string, maxLength: 6 }", "M0306", "first(.Address[]"),
    ("language, updatedAt]", "language, updatedAt, firstName]", "M0308", ".FirstName\n"),
    ("language, updatedAt]", "language, updatedAt, email]", "M0308", ".Email"),
    ("language, updatedAt]", "language, updatedAt, rating]", "M0308", ".Rating"),
    ("language, updatedAt]", "language, updatedAt, creditLimit]", "M0308", ".CreditLimit, then: text"),
    ("language, updatedAt]", "language, updatedAt, billingCity]", "M0308", "first(.Address[]"),
    ("language, updatedAt]", "language, updatedAt, website]", "M0308", ".Website"),
    ("language, updatedAt]", "language, updatedAt, ownerId]", "M0308", ".SalesRep"),
    ("isBlocked: { type: boolean }", "isBlocked: { type: string }", "M0305", ".Blocked\n"),
    ("rating: { type: integer, minimum: 1, maximum: 5 }", "rating: { type: string }", "M0305", ".Rating"),
    ("ledgerId: { type: string, pattern: \"^-?[0-9]{1,19}$\",", "ledgerId: { type: integer,", "M0305", ".LedgerId, then"),
    (
        "overdueItems: { type: integer, minimum: 0 }",
        "overdueItems: { type: boolean }",
        "M0305",
        "[.OpenItem[] | select(.DunningLevel > 0)]",
    ),
    ("tags: { type: array, items: { type: string } }", "tags: { type: string }", "M0305", ".Tags"),
    ("quantity: { type: number }", "quantity: { type: string }", "M0305", ".Quantity\n"),
    ("dunned: { type: boolean }", "dunned: { type: string }", "M0305", ".DunningLevel > 0\n"),
    ("customerSince: { type: string, format: date }", "customerSince: { type: integer }", "M0305", ".CustomerSince"),
    ("position: { type: integer }", "position: { type: string }", "M0305", "attr(\"no\")"),
];

fn changed_target(map: &str, schema: &str, faults: &mut Vec<Fault>) {
    for (from, to, code, at) in TARGET_EDITS {
        assert!(schema.contains(from), "{from}");
        let text = schema.replacen(from, to, 1);
        let place = map.find(at).unwrap_or_else(|| panic!("{at}"));
        // A text in quotes begins at its quote.
        let quoted = if map[..place].ends_with('\'') { place - 1 } else { place };
        faults.push(Fault { what: format!("target {from} -> {to}"), file: TARGET, text, code, at: vec![place, quoted] });
    }
}
