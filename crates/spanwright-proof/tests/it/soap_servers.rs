//! Our SOAP client against other people's servers: PHP (conforming), node-soap, spyne and JAX-WS (each with faults of its own).
//!
//! The engine stands between: a request by HTTP comes in, a SOAP call goes out, and what it gave or why it failed is the reply.

use std::{
    collections::BTreeMap,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::Command,
};

use spanwright_engine::{shell::Running, variables::Variables};
use spanwright_proof::project::{Project, repository};
use spanwright_world::{
    certificates::Authority,
    peers::{Program, free_port},
};

const FLOWS: [(&str, &str); 3] = [
    (
        "flows/order.yaml",
        "flow: order
from: { http: \"POST /order/{id}\", reply_within: 20s }
steps:
  - { call: erp.GetOrder, with: { OrderId: $path.id }, as: given }
  - { reply: $given }
",
    ),
    (
        "flows/customers.yaml",
        "flow: customers
from: { http: \"POST /customers\", reply_within: 20s }
steps:
  - { call: erp.ListCustomers, with: { ChangedSince: '\"2026-01-01T00:00:00Z\"' }, as: given }
  - { reply: $given }
",
    ),
    (
        "flows/invoice.yaml",
        "flow: invoice
from: { http: \"POST /invoice\", reply_within: 20s }
steps:
  - { call: erp.CreateInvoice, with: { Invoice: .Invoice }, as: given }
  - { reply: $given }
",
    ),
];

const INVOICE: &str = r##"{"Invoice":{"ExternalRef":"Ü-1 <&>","CustomerNumber":"000001","Total":{"#text":12345678901234.5600,"@currency":"EUR"},"Line":[{"@no":1,"Sku":"007","Quantity":2.500,"UnitPrice":{"#text":9.90,"@currency":"EUR"}},{"@no":2,"Sku":"008","Quantity":1,"UnitPrice":{"#text":0.10,"@currency":"EUR"}}]}}"##;
const MADE: &str = r#"200 {"InvoiceId":"INV-Ü-1 <&>-2"}"#;
const ORDER: &str = r##"200 {"Order":{"OrderId":"O-1","CustomerNumber":"000001","Line":[{"@no":1,"Sku":"007","Quantity":2.500,"UnitPrice":{"#text":9.90,"@currency":"EUR"}}]}}"##;
const CUSTOMERS: &str = r##"200 {"Customer":[{"@id":"C1","Number":"000001","Name":"Müller & Söhne <GmbH>","VatNumber":"DE1","Status":"ACTIVE","CreditLimit":{"#text":12345678901234.5600,"@currency":"EUR"},"ChangedAt":"2026-01-01T08:00:00+02:00","LedgerId":9223372036854775807,"Tags":["a","b","c"],"Address":[],"CompanyRegNo":"HRB 01"},{"@id":"C2","Number":"000002","Name":"Acme \"Ltd\"","VatNumber":null,"Status":"ACTIVE","CreditLimit":{"#text":12345678901234.5600,"@currency":"EUR"},"ChangedAt":"2026-01-01T08:00:00+02:00","LedgerId":9223372036854775807,"Tags":["a","b","c"],"Address":[],"CompanyRegNo":"HRB 01"}]}"##;

const JAX_WS_CUSTOMERS: &str = r##"200 {"Customer":[{"@id":"C1","Number":"000001","Name":"Müller & Söhne <GmbH>","VatNumber":null,"CreditLimit":{"#text":12345678901234.5600,"@currency":"EUR"},"ChangedAt":"2026-01-01T08:00:00+02:00","LedgerId":9223372036854775807,"Address":[{"@kind":"billing","Street":"1 Rd","City":"Köln"}]}]}"##;

/// node-soap writes the fields of a type in the namespace of the operation: they are kept beside, and the answer is marked, since a
/// right name in a wrong namespace is another name.
const MARKED: &str = r#"200 {"$invalid":""#;

fn peers() -> PathBuf {
    repository().join("tests/peers/soap")
}

/// A server's own description, with all that it imports.
fn schemas(wsdl: &str) -> Vec<(String, Vec<u8>)> {
    let at = |name: &str| std::fs::read(peers().join(name)).unwrap();
    let imports: &[&str] = if wsdl.starts_with("jaxws") { &["erp.xsd", "types.xsd"] } else { &[] };
    let imports = imports.iter().map(|name| (format!("schemas/{name}"), at(&format!("jaxws/{name}"))));
    imports.chain([("schemas/erp.wsdl".to_owned(), at(wsdl))]).collect()
}

fn project(wsdl: &str, auth: &str) -> Project {
    let system = format!(
        "system: erp\nsoap: schemas/erp.wsdl\nurl: \"${{ERP_URL}}\"\n{auth}\
         retry: {{ tries: 1, first: 10ms, longest: 10ms, give_up_after: 1s }}\n\
         operations: {{ GetOrder: {{ outcomes: {{ NotFound: none }} }} }}\n"
    );
    let start = "project: peers\nlisten: { http: \"127.0.0.1:0\" }\nvars:\n  ERP_URL: { about: The ERP. }\n  \
                 ERP_PASSWORD: { about: Its password., secret: true }\n  \
                 CERT: { about: Our certificate. }\n  KEY: { about: Its key. }\n  CA: { about: Whom we trust. }\n";
    let schemas = schemas(wsdl);
    let offers = |flow: &str| flow != "flows/invoice.yaml" || !wsdl.starts_with("jaxws");
    let flows = FLOWS.into_iter().filter(|(path, _)| offers(path)).map(|(path, text)| (path, text.to_owned()));
    let files = [("spanwright.yaml", start.to_owned()), ("systems/erp.yaml", system)].into_iter().chain(flows);
    Project::of(files.map(|(path, text)| (path.to_owned(), text.into_bytes())).chain(schemas).collect())
}

/// A server, an engine that calls it, and where the engine is asked.
struct Between {
    _server: Program,
    running: Option<Running>,
    to: SocketAddr,
    folder: tempfile::TempDir,
}

impl Between {
    fn start(start: impl FnOnce(u16) -> Command, wsdl: &str, auth: &str) -> Between {
        Between::start_with(start, wsdl, auth, "http", &[])
    }

    fn start_with(start: impl FnOnce(u16) -> Command, wsdl: &str, auth: &str, scheme: &str, further: &[(&str, &Path)]) -> Between {
        let (folder, port) = (tempfile::tempdir().unwrap(), free_port().unwrap());
        let server = Program::start(&mut start(port), port, &folder.path().join("server.log")).unwrap();
        let variables = [("ERP_URL", format!("{scheme}://127.0.0.1:{port}/erp")), ("ERP_PASSWORD", "s3cret".to_owned())];
        let further = further.iter().map(|(name, path)| (*name, path.to_str().unwrap().to_owned()));
        let variables: BTreeMap<String, String> =
            variables.into_iter().chain(further).map(|(name, value)| (name.to_owned(), value)).collect();
        let running = project(wsdl, auth).start(&folder.path().join("journal.db"), Variables::fixed(variables), None, false).unwrap();
        let to = running.address().unwrap();
        Between { _server: server, running: Some(running), to, folder }
    }

    /// The status and the body of an answer.
    fn ask(&self, path: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(self.to).unwrap();
        let head = format!("POST {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-type: application/json\r\n");
        write!(stream, "{head}content-length: {}\r\n\r\n{body}", body.len()).unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let status = text.split(' ').nth(1).unwrap_or_default();
        format!("{status} {}", text.split_once("\r\n\r\n").map_or("", |(_, body)| body)).trim_end().to_owned()
    }

    #[track_caller]
    fn check(&self, path: &str, body: &str, expected: &str) {
        let given = self.ask(path, body);
        let log = std::fs::read_to_string(self.folder.path().join("server.log")).unwrap_or_default();
        assert!(given.starts_with(expected), "{path}\n{given}\n{expected}\n{log}");
    }

    /// An order that is not there (a declared fault, whatever its code, of which the user says `none`), and one over which the
    /// server breaks down.
    #[track_caller]
    fn check_faults(&self) {
        self.check("/order/X", "{}", "204");
        let broken = self.ask("/order/boom", "{}");
        assert!(broken.starts_with("502 ") && broken.contains("stopped at"), "{broken}");
    }
}

impl Drop for Between {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            running.stop();
        }
    }
}

fn php(version: &'static str) -> impl FnOnce(u16) -> Command {
    move |port| {
        let mut command = Command::new("php");
        command.args(["-d", "soap.wsdl_cache_enabled=0", "-S", &format!("127.0.0.1:{port}")]).arg(peers().join("server.php"));
        let wsdl = if version == "12" { "erp12.wsdl" } else { "erp.wsdl" };
        command.env("ERP_WSDL", peers().join(wsdl)).env("SOAPV", version);
        command
    }
}

fn node(wsdl: &'static str, auth: &'static str) -> impl FnOnce(u16) -> Command {
    move |port| {
        let mut command = Command::new("node");
        command.arg(peers().join("server.mjs")).arg(port.to_string()).arg(peers().join(wsdl)).arg(auth);
        command
    }
}

#[test]
fn php_is_understood_in_both_versions() {
    for (version, wsdl) in [("11", "erp.wsdl"), ("12", "erp12.wsdl")] {
        let between = Between::start(php(version), wsdl, "");
        between.check("/order/O-1", "{}", ORDER);
        between.check("/customers", "{}", CUSTOMERS);
        between.check("/invoice", INVOICE, MADE);
        between.check_faults();
    }
}

#[test]
fn node_soap_is_understood_in_spite_of_its_faults() {
    for wsdl in ["erp.wsdl", "erp12.wsdl"] {
        let between = Between::start(node(wsdl, ""), wsdl, "");
        between.check("/order/O-1", "{}", MARKED);
        between.check("/customers", "{}", r#"200 {"Customer":[{"$invalid":""#);
        between.check("/invoice", INVOICE, MADE);
        between.check_faults();
    }
}

#[test]
fn node_soap_lets_our_user_name_token_in() {
    let auth = |user: &str| format!("auth: {{ wsse: {{ user: {user}, password: \"${{ERP_PASSWORD}}\", timestamp: 5m }} }}\n");
    let right = Between::start(node("erp.wsdl", "wsse"), "erp.wsdl", &auth("erp"));
    right.check("/invoice", INVOICE, MADE);
    let wrong = Between::start(node("erp.wsdl", "wsse"), "erp.wsdl", &auth("other"));
    let refused = wrong.ask("/invoice", INVOICE);
    assert!(!refused.starts_with("200"), "{refused}");
}

/// The certificate on the connection, and a user name token in the message.
const BOTH: &str =
    "auth: { mtls: { cert: \"${CERT}\", key: \"${KEY}\", ca: \"${CA}\" }, wsse: { user: erp, password: \"${ERP_PASSWORD}\" } }\n";

#[test]
fn node_soap_that_demands_a_client_certificate_is_shown_ours() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::make(folder.path(), "authority").unwrap();
    let ([server, client], ca) = (["server", "client"].map(|name| authority.sign(name).unwrap()), authority.certificate());
    let demands = |port: u16| {
        let mut command = node("erp.wsdl", "wsse")(port);
        command.env("TLS_CERT", &server.certificate).env("TLS_KEY", &server.key).env("TLS_CA", &ca);
        command
    };
    let files = [("CERT", client.certificate.as_path()), ("KEY", client.key.as_path()), ("CA", ca.as_path())];
    let between = Between::start_with(demands, "erp.wsdl", BOTH, "https", &files);
    between.check("/invoice", INVOICE, MADE);
}

#[test]
fn spyne_is_understood_in_spite_of_its_faults() {
    let start = |port: u16| {
        let mut command = Command::new(peers().join(".venv/bin/python"));
        command.arg(peers().join("server_spyne.py")).arg(port.to_string());
        command
    };
    let between = Between::start(start, "erp.wsdl", "");
    between.check("/order/O-1", "{}", ORDER);
    between.check_faults();
}

/// It sends every declared business fault as `Server`, leaves the wrapper's children unqualified, and answers `boom` with the text
/// of a database's exception.
#[test]
fn jax_ws_is_understood_by_its_own_description() {
    let start = |port: u16| {
        let mut command = Command::new("java");
        let folder = peers().join("jaxws/build");
        let jars = std::fs::read_to_string(folder.join("classpath.txt")).expect("run tests/peers/setup.sh first");
        command.args(["-Xshare:auto", "-XX:TieredStopAtLevel=1", "-Xmx256m", "-cp"]).arg(format!("{}:{}", jars.trim(), folder.display()));
        command.arg("ErpServer").arg(port.to_string());
        command
    };
    let between = Between::start(start, "jaxws/erp.wsdl", "");
    between.check("/order/O-1", "{}", r#"200 {"OrderId":"O-1"}"#);
    between.check("/customers", "{}", JAX_WS_CUSTOMERS);
    between.check_faults();
}
