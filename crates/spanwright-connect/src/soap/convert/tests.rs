#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::path::Path;

use serde_json::Value;
use spanwright_shape::text::{Bundle, Problems};
use spanwright_shape::{wsdl, xml};

use super::*;

/// A folder's description.
fn load(folder: &Path, name: &str) -> Wsdl {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    let bundle = Bundle::new(files.map(|path| (path.file_name().unwrap().to_str().unwrap().to_string(), std::fs::read(&path).unwrap())));
    let mut problems = Problems::new();
    wsdl::read(bundle.find(name).unwrap(), &bundle, &mut problems).unwrap()
}

fn erp() -> Wsdl {
    load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../spanwright-shape/tests/cases/soap"), "erp.wsdl")
}

fn converted(bytes: &[u8], options: &Options<'_>) -> Result<(Value, Vec<Note>), Note> {
    let (head, from) = split(bytes);
    let text = xml::text(&bytes[from..], head.charset())?;
    let converted = to_json(&text, &head, options)?;
    Ok((serde_json::from_slice(&converted.bytes).unwrap(), converted.notes))
}

fn soap(body: &str) -> String {
    format!(
        "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:e=\"urn:test:erp\"><s:Body>{body}</s:Body></s:Envelope>"
    )
}

#[test]
fn an_envelope_tells_its_header_and_its_body() {
    let erp = erp();
    let options = Options { schema: Some(&erp), ..Options::default() };
    let source =
        soap("<e:ListCustomersResponse/>").replace("<s:Body>", "<s:Header><x:Trace xmlns:x=\"urn:x\">7</x:Trace></s:Header><s:Body>");
    let (value, notes) = converted(source.as_bytes(), &options).unwrap();
    assert_eq!(value, serde_json::json!({"Header": {"Trace": "7"}, "Body": {"ListCustomersResponse": {"Customer": []}}}));
    assert_eq!(notes, []);
}

#[test]
fn what_was_converted_is_converted_back() {
    let erp = erp();
    let options = Options { schema: Some(&erp), ..Options::default() };
    let source = r#"{"Body":{"ListCustomers":{"ChangedSince":"2026-01-01T00:00:00Z","PageToken":"a<b"}}}"#;
    let xml = to_xml(source, &options).unwrap();
    let back = to_json(std::str::from_utf8(&xml.bytes).unwrap(), &Head::default(), &options).unwrap();
    assert_eq!(std::str::from_utf8(&back.bytes).unwrap().trim_end(), source);
    let content = r#"{"ChangedSince":"2026-01-01T00:00:00Z","PageToken":"a<b"}"#;
    let named = Options { element: Some("ListCustomers".into()), ..options };
    assert_eq!(to_xml(content, &named).unwrap(), xml);
}

#[test]
fn a_value_that_the_schema_does_not_allow_is_refused_at_its_place() {
    let erp = erp();
    let options = Options { schema: Some(&erp), ..Options::default() };
    let source = "{\"Body\":{\n \"ListCustomers\":{\"ChangedSince\":\"yesterday\"}}}";
    let note = to_xml(source, &options).unwrap_err();
    assert_eq!((note.code.id, &source[note.at..note.at + 11]), ("X0405", "\"yesterday\""), "{}", note.says);
    let note = to_xml(r#"{"Body":{"ListCustomer":{}}}"#, &options).unwrap_err();
    assert_eq!(note.help.as_deref(), Some("did you mean `ListCustomers`?"));
}

#[test]
fn what_breaks_a_rule_of_soap_is_refused_by_its_name() {
    let erp = erp();
    let options = Options { schema: Some(&erp), ..Options::default() };
    let check = |source: &str, expected: &str| {
        let note = converted(source.as_bytes(), &options).unwrap_err();
        assert!(note.says.starts_with(expected), "{expected}: {}", note.says);
    };
    check(&soap("").replace("envelope/", "envelope"), "VersionMismatch");
    check(&soap("").replace("<s:Body>", "<s:Header><x:Sec xmlns:x='urn:x' s:mustUnderstand='1'/></s:Header><s:Body>"), "MustUnderstand");
    check(&soap("<e:ListCustomers/></s:Body><s:Body>"), "soap.body");
    check(
        &format!("<?x y?>{}", soap("<e:ListCustomers><e:ChangedSince>2026-01-01T00:00:00Z</e:ChangedSince></e:ListCustomers>")),
        "soap.pi",
    );
    let head = "POST /erp HTTP/1.1\r\nContent-Type: text/xml\r\nSOAPAction: \"urn:test:erp/GetCustomer\"\r\n\r\n";
    check(&format!("{head}{}", soap("<e:ListCustomers/>")), "Client.ActionMismatch");
    check("HTTP 200\nContent-Type: multipart/related; type=\"application/xop+xml\"\n\n--x", "soap.attachments");
    check("HTTP 200\nContent-Type: text/html\n\n<html><br></html>", "not_soap");
    check("HTTP 500\nContent-Type: text/html\n\n", "not_soap");
}

#[test]
fn without_a_schema_only_hints_make_lists() {
    let source = "<o><l>1</l><l>2</l></o>";
    let note = converted(source.as_bytes(), &Options::default()).unwrap_err();
    assert_eq!((note.code.id, note.at), ("X0403", 11));
    let hints = Hints { arrays: vec!["o.l".into()], ..Hints::default() };
    let (value, _) = converted(source.as_bytes(), &Options { hints, ..Options::default() }).unwrap();
    assert_eq!(value, serde_json::json!({"o": {"l": ["1", "2"]}}));
}

/// The shared collection of bad documents, where it is at hand: what the table expects.
#[test]
fn the_collection_of_bad_documents_has_the_outcomes_of_its_table() {
    let Ok(cases) = std::env::var("SPANWRIGHT_CASES") else {
        eprintln!("left out: the collection of bad documents (SPANWRIGHT_CASES is not set)");
        return;
    };
    let erp = load(&Path::new(&cases).join("soap-erp"), "erp.wsdl");
    let table = std::fs::read_to_string(format!("{cases}/bad-xml/EXPECTED.tsv")).unwrap();
    for row in table.lines().skip(1) {
        let fields: Vec<&str> = row.split('\t').collect();
        let (name, expected) = (fields[0], fields[2]);
        let bytes = std::fs::read(format!("{cases}/bad-xml/{name}")).unwrap();
        for schema in [None, Some(&erp)] {
            judge(name, expected, schema.is_some(), converted(&bytes, &Options { schema, ..Options::default() }));
        }
        if expected.starts_with("reject:xsd") {
            assert!(converted(&bytes, &Options { schema: Some(&erp), strict: true, ..Options::default() }).is_err(), "{name}");
        }
    }
}

fn judge(name: &str, expected: &str, with_schema: bool, got: Result<(Value, Vec<Note>), Note>) {
    let said = got.as_ref().err().map(|note| note.says.clone()).unwrap_or_default();
    let told = got.as_ref().map(|(value, _)| value.to_string()).unwrap_or_default();
    let (word, rest) = expected.split_once([' ', ';']).unwrap_or((expected, ""));
    match word {
        // The rule is of requests, and this is an answer.
        "reject:soap.pi" => assert!(got.is_ok(), "{name}: {said}"),
        "reject:xsd.type" => assert!(!with_schema || told.contains("@xsi:type") && told.contains("xsd.type"), "{name}: {said}{told}"),
        // Which operation an action means only a description says.
        "fault:Client.ActionMismatch" if !with_schema => assert!(got.is_ok()),
        "error:not_soap" => assert!(said.starts_with("not_soap"), "{name}: {said}"),
        _ if word.starts_with("reject:") || word.starts_with("limit:") => {
            let rule = word.strip_prefix("reject:").unwrap_or(word);
            assert!(said.starts_with(rule), "{name}: {said}");
        }
        "fault" | "fault:" => assert!(told.contains("\"Fault\"") && told.contains("\"code\""), "{name}: {said}{told}"),
        _ if word.starts_with("fault:") => assert!(said.starts_with(&word[6..]), "{name}: {said}"),
        _ => {
            assert!(got.is_ok(), "{name}: {said}");
            for wanted in ["Müller", "admin"].into_iter().filter(|wanted| rest.contains(&format!("\"{wanted}\""))) {
                assert!(told.contains(wanted), "{name}: {told}");
            }
        }
    }
}

/// Answers captured from four stacks in two versions: what a person would say they mean.
#[test]
fn captured_answers_mean_what_a_person_would_say() {
    let Ok(cases) = std::env::var("SPANWRIGHT_CASES") else {
        eprintln!("left out: captured answers (SPANWRIGHT_CASES is not set)");
        return;
    };
    let folder = Path::new(&cases).join("soap-erp");
    let both = [load(&folder, "erp.wsdl"), load(&folder, "erp12.wsdl")];
    let mut judged = 0;
    for entry in std::fs::read_dir(folder.join("wire")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_string();
        let wsdl = &both[usize::from(name.contains("12-"))];
        let got = converted(&std::fs::read(&path).unwrap(), &Options { schema: Some(wsdl), ..Options::default() });
        meant(&name, &got);
        judged += 1;
    }
    assert!(judged >= 56, "{judged}");
}

fn meant(name: &str, got: &Result<(Value, Vec<Note>), Note>) {
    let (stack, case) = name.split_once('-').unwrap();
    let Ok((value, _)) = got else {
        let note = got.as_ref().unwrap_err();
        let silent = (stack.starts_with("php") && case == "order-boom") || (stack == "spyne12" && case == "order-X");
        assert!(silent && note.says.starts_with("not_soap"), "{name}: {}", note.says);
        return;
    };
    let fault = &value["Fault"];
    match case {
        "list0" if stack != "jaxws" => assert_eq!(value["Body"]["ListCustomersResponse"], serde_json::json!({"Customer": []}), "{name}"),
        "list" if stack.starts_with("php") => {
            let customers = value["Body"]["ListCustomersResponse"]["Customer"].as_array().unwrap();
            assert_eq!(
                (customers.len(), &customers[0]["Number"], &customers[1]["VatNumber"]),
                (3, &Value::from("000001"), &Value::Null),
                "{name}"
            );
            assert_eq!(customers[0]["Tags"], serde_json::json!(["a", "b", "c"]));
        }
        "order-O-1" if !stack.starts_with("jaxws") && !stack.starts_with("node") && !stack.starts_with("spyne") => {
            assert_eq!(value["Body"]["GetOrderResponse"]["Order"]["Line"][0]["Sku"], "007", "{name}");
        }
        "order-X" => {
            let declared = [&fault["declared"], &fault["class"]];
            assert_eq!(declared, [&Value::from("NotFound"), &Value::from("permanent")], "{name}: {value}");
            assert!(fault["detail"].to_string().contains("\"Key\":\"X\""), "{name}: {value}");
        }
        "order-busy" if stack != "jaxws" => {
            assert_eq!((&fault["declared"], &fault["retry_after"]), (&Value::from("Busy"), &Value::from(2)), "{name}: {value}");
        }
        "order-boom" => assert_eq!((&fault["class"], &fault["declared"]), (&Value::from("transient"), &Value::Null), "{name}: {value}"),
        _ => assert!(value.get("Body").or(value.get("Fault")).is_some(), "{name}: {value}"),
    }
}

/// What became of each file of a folder, a line a file, as it stands in the repository; `UPDATE=1` writes it, for a person to read.
fn check_each(folder: &Path, expected: &str, schema: impl Fn(&str) -> Option<usize>, schemas: &[Wsdl]) {
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending != "tsv"));
    paths.sort();
    let told: String = paths
        .iter()
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap();
            let options = Options { schema: schema(name).map(|n| &schemas[n]), ..Options::default() };
            format!("{name}\t{}\n", outcome(&std::fs::read(path).unwrap(), &options))
        })
        .collect();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/soap/convert").join(expected);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&file, &told).unwrap();
    }
    let wanted = std::fs::read_to_string(&file).unwrap();
    for (told, wanted) in told.lines().zip(wanted.lines()) {
        assert_eq!(told, wanted);
    }
    assert_eq!(told.lines().count(), wanted.lines().count());
}

/// The JSON and what there is to tell of it, or the code and the place of the refusal.
fn outcome(bytes: &[u8], options: &Options<'_>) -> String {
    let (head, from) = split(bytes);
    let text = match xml::text(&bytes[from..], head.charset()) {
        Ok(text) => text.into_owned(),
        Err(fault) => return refused(&Note::from(fault)),
    };
    match to_json(&text, &head, options) {
        Ok(converted) => {
            let notes: String = converted.notes.iter().map(|note| format!("\t{}", refused(note))).collect();
            format!("{}{notes}", String::from_utf8(converted.bytes).unwrap().trim_end())
        }
        Err(note) => refused(&note),
    }
}

fn refused(note: &Note) -> String {
    format!("{} at {}: {}", note.code.id, note.at, note.says.chars().take(200).collect::<String>())
}

#[test]
fn each_captured_answer_is_exactly_this() {
    let Ok(cases) = std::env::var("SPANWRIGHT_CASES") else {
        eprintln!("left out: each captured answer (SPANWRIGHT_CASES is not set)");
        return;
    };
    let folder = Path::new(&cases).join("soap-erp");
    let both = [load(&folder, "erp.wsdl"), load(&folder, "erp12.wsdl")];
    check_each(&folder.join("wire"), "captured.expected", |name| Some(usize::from(name.contains("12-"))), &both);
}

#[test]
fn each_bad_document_is_refused_or_taken_exactly_so() {
    let Ok(cases) = std::env::var("SPANWRIGHT_CASES") else {
        eprintln!("left out: each bad document (SPANWRIGHT_CASES is not set)");
        return;
    };
    let erp = [load(&Path::new(&cases).join("soap-erp"), "erp.wsdl")];
    check_each(&Path::new(&cases).join("bad-xml"), "bad.expected", |_| Some(0), &erp);
}
