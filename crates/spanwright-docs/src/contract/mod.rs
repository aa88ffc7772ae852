//! What we offer to others, in the formats that their tools read: OpenAPI 3.1, a Postman collection with assertions, Arazzo
//! workflows, and the WSDL of what speaks SOAP.
//!
//! The one idea: nothing is said here that the plan does not say, and every example was made by a test of the project. What
//! holds for every way in (problems, keys, waiting) is said once, in `responses`.

mod arazzo;
mod openapi;
mod postman;
mod responses;
mod schema;

use std::collections::BTreeMap;

use spanwright_core::door::Visit;

use crate::book::{Book, DoorPage, DoorSpeaks, ServedPage};

/// The OpenAPI document.
pub const OPENAPI: &str = "api/openapi.json";
/// The Postman collection.
pub const POSTMAN: &str = "api/postman.json";
/// Where we are, as far as a project says it.
pub const SERVER: &str = "http://127.0.0.1:8080";

/// Every file of it, by path.
pub fn files(book: &Book) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let offered = endpoints(book);
    if !offered.is_empty() {
        files.insert(OPENAPI.to_string(), openapi::document(book, &offered).file());
        files.insert(POSTMAN.to_string(), postman::collection(book, &offered).file());
        for endpoint in offered.iter().filter(|endpoint| matches!(endpoint.door.kind, DoorSpeaks::Http)) {
            files.insert(arazzo_path(&endpoint.door.name), arazzo::document(book, endpoint).file());
        }
    }
    for door in &book.doors {
        if let DoorSpeaks::Soap(parts) = &door.kind {
            files.extend(parts.iter().map(|(path, bytes)| (format!("api/{path}"), bytes.clone())));
        }
    }
    files
}

/// The workflow of a flow.
pub fn arazzo_path(flow: &str) -> String {
    format!("api/{flow}.arazzo.json")
}

/// One method of one path.
pub(crate) struct Endpoint<'b> {
    pub door: &'b DoorPage,
    pub served: &'b ServedPage,
    pub method: &'b str,
    pub path: &'b str,
}

impl Endpoint<'_> {
    /// Unique among all: the flow's, or the system's.
    pub fn id(&self) -> String {
        match self.door.kind {
            DoorSpeaks::Webhook => format!("{}-webhook", self.door.name),
            DoorSpeaks::Http | DoorSpeaks::Soap(_) => self.door.name.clone(),
        }
    }

    pub fn has_body(&self) -> bool {
        self.method != "GET"
    }

    /// Visits that went well, the first of each status.
    pub fn shown(&self) -> impl Iterator<Item = &Visit> {
        let visits = &self.served.visits;
        let is_first = |n: usize, status: u16| visits.iter().position(|other| other.answer.status == status) == Some(n);
        let good = visits.iter().enumerate().filter(move |(n, visit)| visit.answer.status < 300 && is_first(*n, visit.answer.status));
        good.map(|(_, visit)| visit)
    }

    /// The names in its path.
    pub fn parameters(&self) -> Vec<&str> {
        self.path.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}')).collect()
    }
}

/// What is asked by plain HTTP.
fn endpoints(book: &Book) -> Vec<Endpoint<'_>> {
    let plain = book.doors.iter().filter(|door| !matches!(door.kind, DoorSpeaks::Soap(_)));
    let all = plain.flat_map(|door| {
        let routes = door.routes.iter();
        routes.flat_map(move |(method, path)| door.operations.iter().map(move |served| Endpoint { door, served, method, path }))
    });
    all.collect()
}
