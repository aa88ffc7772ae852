//! Many deliveries in one SOAP request: the real binary before an ERP that takes orders in a list, and judges each.

#![allow(clippy::unwrap_used)]

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use spanwright_world::{Answer, Hostile};

use crate::{
    commands::objects,
    project::{Project, Ran, copy, ran, spanwright},
};

const FILES: [(&str, &str); 4] = [
    ("spanwright.yaml", "project: orders\nvars: { FOLDER: { about: where it reads }, ERP_URL: { about: the ERP } }\n"),
    (
        "systems/nas.yaml",
        "system: nas\nfiles:\nurl: \"${FOLDER}\"\noperations:\n  drops: { folder: in, match: \"*.jsonl\", format: jsonl }\n",
    ),
    (
        "systems/erp.yaml",
        "system: erp\nsoap: schemas/orders.wsdl\nurl: \"${ERP_URL}/orders\"\n\
         retry: { first: 10ms, longest: 10ms, give_up_after: 20s }\nbreaker: { hold: 50ms, longest: 50ms }\n\
         operations:\n  importOrders:\n    key: RequestId\n    \
         bulk: { most: 200, items: Orders.Order, answers: .Result, match: .Number, outcome: .Status }\n    \
         outcomes: { OK: delivered, LOCKED: later, REJECTED: never }\n",
    ),
    (
        "flows/orders.yaml",
        "flow: orders\nfrom: { files: nas.drops, key: .no, settle: 0s, every: 100ms }\nsteps:\n  - send: erp.importOrders\n    \
         with: { Company: '\"01\"' }\n    batch: { most: 8, wait: 3s }\n    body: { fields: { Number: .no | tostring, Total: .total | tonumber } }\n",
    ),
];

/// A project that sends these orders to the ERP.
fn project(numbers: &[&str]) -> Project {
    let project = Project::empty();
    copy(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/guide/soap/schemas"), &project.path().join("schemas"));
    for folder in ["systems", "flows", "data/in"] {
        std::fs::create_dir_all(project.path().join(folder)).unwrap();
    }
    FILES.iter().for_each(|(file, text)| project.write(file, text));
    let lines: String = numbers.iter().map(|number| format!("{{\"no\":\"{number}\",\"total\":1.50}}\n")).collect();
    project.write("data/in/one.jsonl", &lines);
    project
}

fn run_once(project: &Project, erp: &Hostile) -> Ran {
    let mut command = spanwright();
    command.args(["run", "--once", "--level", "error"]).arg(project.path());
    ran(command.env("FOLDER", project.path().join("data")).env("ERP_URL", erp.url()))
}

/// The texts of the elements of a name.
fn texts(envelope: &str, name: &str) -> Vec<String> {
    let tag = format!(":{name}>");
    let behind_starts = envelope.split(&*tag).skip(1).step_by(2);
    behind_starts.map(|rest| rest.split('<').next().unwrap().to_string()).collect()
}

fn envelope(body: &str) -> String {
    format!(
        "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/' xmlns='urn:example:orders'><s:Body>{body}</s:Body></s:Envelope>"
    )
}

/// How often the ERP took each order.
type Taken = Arc<Mutex<BTreeMap<String, u32>>>;

/// An ERP that does not understand a request with `poison` in it, and refuses `bad` for itself. It hangs up on its first request, of
/// which it has taken all.
fn erp(taken: &Taken) -> Hostile {
    let taken = Arc::clone(taken);
    let seen = Arc::new(Mutex::new(BTreeMap::<String, Vec<String>>::new()));
    Hostile::start(vec![Answer::By(Arc::new(move |asked| {
        let (text, mut seen) = (asked.text(), seen.lock().unwrap());
        let (numbers, key) = (texts(&text, "Number"), texts(&text, "RequestId").remove(0));
        if numbers.iter().any(|number| number == "poison") {
            return Answer::fault("Client", "order without customer");
        }
        let is_first = seen.is_empty();
        // Under a key that it knows it does nothing, and must have been asked for the same.
        let known = seen.entry(key).or_insert_with(|| {
            let mut taken = taken.lock().unwrap();
            numbers.iter().filter(|number| *number != "bad").for_each(|number| *taken.entry(number.clone()).or_default() += 1);
            numbers.clone()
        });
        assert_eq!(*known, numbers, "another request under the same key");
        if is_first {
            return Answer::CutAfterReading;
        }
        let status = |number: &String| if number == "bad" { "REJECTED</Status><message>no such customer</message>" } else { "OK</Status>" };
        // In another order than they were asked for.
        let results = numbers.iter().rev().map(|number| format!("<Result><Number>{number}</Number><Status>{}</Result>", status(number)));
        Answer::xml(200, &envelope(&format!("<importOrdersResponse>{}</importOrdersResponse>", results.collect::<String>())))
    }))])
}

fn codes(project: &Project) -> Vec<String> {
    let dead = objects(&project.run(&["messages", "--state", "dead", "--format", "json"]));
    let mut codes: Vec<String> = dead.iter().map(|line| line.to_string()).collect();
    codes.sort();
    codes
}

#[test]
fn orders_that_come_together_are_one_import_and_each_has_its_own_end() {
    let (taken, project) = (Taken::default(), project(&["1", "2", "bad", "4", "5", "6", "7", "8"]));
    let erp = erp(&taken);
    let ran = run_once(&project, &erp);
    let asked: Vec<Vec<String>> = erp.received().iter().map(|asked| texts(&asked.text(), "Number")).collect();
    assert_eq!(ran.code, 1, "{}{}{asked:?}", ran.out, ran.err);
    assert_eq!(asked.len(), 2, "one import, and once more after the connection was cut: {asked:?}");
    // It is full, so nothing of this hangs on how long the first one waits.
    assert_eq!(asked[0].len(), 8);
    assert_eq!(asked[0], asked[1]);
    let taken = taken.lock().unwrap().clone();
    assert!(taken.len() == 7 && taken.values().all(|times| *times == 1), "{taken:?}");
    let dead = codes(&project);
    assert!(dead.len() == 1 && dead[0].contains("R2015") && dead[0].contains("no such customer"), "{dead:?}");
}

#[test]
fn a_batch_that_is_refused_by_a_fault_is_halved_until_the_bad_order_stands_alone() {
    let (taken, project) = (Taken::default(), project(&["1", "2", "3", "4", "poison", "6", "7", "8"]));
    let erp = erp(&taken);
    let ran = run_once(&project, &erp);
    let asked: Vec<Vec<String>> = erp.received().iter().map(|asked| texts(&asked.text(), "Number")).collect();
    assert_eq!(ran.code, 1, "{}{}{asked:?}", ran.out, ran.err);
    assert!(asked.contains(&vec!["poison".to_string()]), "{asked:?}");
    let taken = taken.lock().unwrap().clone();
    assert!(taken.len() == 7 && taken.values().all(|times| *times == 1), "{taken:?}");
    let dead = codes(&project);
    assert!(dead.len() == 1 && dead[0].contains("R3003"), "{dead:?}");
}

#[test]
fn what_is_wrong_with_a_batch_is_told_with_its_place_and_a_way_out() {
    let project = project(&[]);
    let check = |file: &str, from: &str, to: &str, expected: &[&str]| {
        let whole = std::fs::read_to_string(project.path().join(file)).unwrap();
        project.edit(file, from, to);
        let checked = project.run(&["check"]);
        project.write(file, &whole);
        let said = format!("{}{}", checked.out, checked.err);
        assert!(checked.code != 0 && expected.iter().all(|words| said.contains(words)), "{said}");
    };
    let whole = project.run(&["check"]);
    assert_eq!(whole.code, 0, "{}{}", whole.out, whole.err);
    let erp = "systems/erp.yaml";
    check(erp, "items: Orders.Order", "items: Orders.Ordr", &["C0105", "systems/erp.yaml:9:", "did you mean `Orders.Order`?"]);
    check(erp, "items: Orders.Order, ", "", &["C0105", "`Orders.Order`, `Note`", "`items: Orders.Order`"]);
    check(erp, "most: 200", "most: 201", &["C0106", "write `most: 200`"]);
    check(erp, ", LOCKED: later", "", &["C0108", "nothing says what `LOCKED` means"]);
    check(
        "flows/orders.yaml",
        "    with: { Company: '\"01\"' }\n",
        "",
        &["P0403", "flows/orders.yaml:4:", "`erp.importOrders` needs the parameter `Company`", "add `with: { Company: .. }`"],
    );
    check("flows/orders.yaml", "Number: .no", "Nummer: .no", &["flows/orders.yaml:7:", "Number"]);
    let may = |fields: &str| format!("system: erp\nmay: {{ write: [{fields}] }}\n");
    let says = ["P0410", "flows/orders.yaml:5:", "`importOrders.Company` may not be written at `erp`", "add it to `may: { write: [..] }`"];
    check(erp, "system: erp\n", &may("importOrders.Number, importOrders.Total"), &says);
    let says = ["P0410", "flows/orders.yaml:7:", "`importOrders.Total` may not be written at `erp`"];
    check(erp, "system: erp\n", &may("importOrders.Number, importOrders.Company"), &says);
    check(erp, "system: erp\n", &may("importOrders.Compny"), &["systems/erp.yaml:2:", "there is no field `Compny` here"]);
    let whole = std::fs::read_to_string(project.path().join(erp)).unwrap();
    for fields in ["importOrders.Number, importOrders.Total, importOrders.Company", "Order, importOrders.Company"] {
        project.write(erp, &whole.replace("system: erp\n", &may(fields)));
        let allowed = project.run(&["check"]);
        assert_eq!(allowed.code, 0, "{}{}", allowed.out, allowed.err);
    }
    let asks = "flow: asks\nfrom: { poll: erp.importOrders, every: 1h, with: { Company: '\"01\"' } }\nsteps: [ { only: true } ]\n";
    project.write("flows/asks.yaml", asks);
    let says = ["P0410", "flows/asks.yaml:2:", "`importOrders.Company` may not be written at `erp`", "safe: true"];
    check(erp, ", importOrders.Company", "", &says);
    std::fs::remove_file(project.path().join("flows/asks.yaml")).unwrap();
    check("flows/orders.yaml", "Company:", "RequestId: '\"1\"', Company:", &["carries the idempotency key, which the engine makes"]);
}
