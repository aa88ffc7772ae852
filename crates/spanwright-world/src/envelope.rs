//! SOAP 1.1 as the ERP reads and writes it: by namespaces and never by prefixes.

use quick_xml::{
    NsReader,
    events::Event,
    name::{Namespace, ResolveResult},
};

use crate::{
    catalog::{Page, Position},
    customer::escape,
};

const ENVELOPE: &str = "http://schemas.xmlsoap.org/soap/envelope/";
const SERVICE: &str = "urn:example:erp:v2";

/// Customers of a page at most.
pub(crate) const PAGE_MOST: usize = 1_000;
/// `ListCustomers`, read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ListCustomers {
    pub changed_since: String,
    pub page_size: Option<usize>,
    pub page_token: Option<String>,
}

/// Why a request was not understood: the text of the fault.
pub(crate) type NotUnderstood = &'static str;

/// Reads a `ListCustomers` envelope.
pub(crate) fn read(text: &str) -> Result<ListCustomers, NotUnderstood> {
    let fields = fields(text)?;
    let of = |name: &str| fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.clone());
    let page_size = match of("PageSize").filter(|size| !size.is_empty()) {
        Some(size) => Some(size.parse::<usize>().map_err(|_| "PageSize is not an int")?.clamp(1, PAGE_MOST)),
        None => None,
    };
    let changed_since = of("ChangedSince").ok_or("ChangedSince is missing")?;
    Ok(ListCustomers { changed_since, page_size, page_token: of("PageToken").filter(|token| !token.is_empty()) })
}

/// Where the elements of a request stand: Envelope, Body, operation, and below it the fields.
const EXPECTED: [(&str, &str); 3] = [(ENVELOPE, "Envelope"), (ENVELOPE, "Body"), (SERVICE, "ListCustomers")];

fn fields(text: &str) -> Result<Vec<(String, String)>, NotUnderstood> {
    let mut reader = NsReader::from_str(text);
    let mut walk = Walk::default();
    loop {
        let (namespace, event) = reader.read_resolved_event().map_err(|_| "the envelope is not well-formed")?;
        if matches!(event, Event::Eof) {
            return if walk.depth == 0 && walk.found { Ok(walk.fields) } else { Err("the envelope is not complete") };
        }
        walk.step(&namespace, &event)?;
    }
}

/// How far the reading of a request is.
#[derive(Default)]
struct Walk {
    depth: usize,
    /// Elements open below a header, which is nobody's business here.
    skipped: usize,
    found: bool,
    fields: Vec<(String, String)>,
}

impl Walk {
    fn step(&mut self, namespace: &ResolveResult<'_>, event: &Event<'_>) -> Result<(), NotUnderstood> {
        match event {
            Event::Start(start) => return self.open(namespace, start.local_name().as_ref()),
            Event::Empty(start) => {
                self.open(namespace, start.local_name().as_ref())?;
                self.close();
            }
            Event::End(_) => self.close(),
            Event::Text(part) if self.skipped == 0 && self.depth > EXPECTED.len() => {
                if let Some((_, value)) = self.fields.last_mut() {
                    value.push_str(part.as_ref().trim());
                }
            }
            Event::DocType(_) => return Err("a SOAP message has no DTD"),
            Event::Text(_) | Event::CData(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::GeneralRef(_) | Event::Eof => {}
        }
        Ok(())
    }

    fn open(&mut self, namespace: &ResolveResult<'_>, name: &str) -> Result<(), NotUnderstood> {
        if self.skipped > 0 || (self.depth == 1 && name == "Header") {
            self.skipped += 1;
            return Ok(());
        }
        match EXPECTED.get(self.depth) {
            Some(expected) => is_expected(namespace, name, expected)?,
            None => self.fields.push((name.to_owned(), String::new())),
        }
        self.depth += 1;
        self.found |= self.depth == EXPECTED.len();
        Ok(())
    }

    fn close(&mut self) {
        match self.skipped {
            0 => self.depth = self.depth.saturating_sub(1),
            _ => self.skipped -= 1,
        }
    }
}

fn is_expected(namespace: &ResolveResult<'_>, name: &str, expected: &(&str, &str)) -> Result<(), NotUnderstood> {
    let same = matches!(namespace, ResolveResult::Bound(Namespace(found)) if *found == expected.0) && name == expected.1;
    if same { Ok(()) } else { Err("this service knows ListCustomers only") }
}

const OPEN: &str = concat!(
    r#"<?xml version="1.0" encoding="UTF-8"?>"#,
    "\n",
    r#"<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance""#,
    r#" xmlns:e="urn:example:erp:v2" xmlns:t="urn:example:erp:types:v2"><soapenv:Body>"#
);
const CLOSE: &str = "</soapenv:Body></soapenv:Envelope>";

/// Bytes of a customer's element, more or less.
const CUSTOMER_BYTES: usize = 1_800;

/// Writes `ListCustomersResponse`.
pub(crate) fn page(page: &Page) -> String {
    let mut out = page_begin();
    out.reserve(CUSTOMER_BYTES * (page.customers.len() + 1));
    page.customers.iter().for_each(|customer| customer.write_xml(&mut out));
    out.push_str(&page_end(page.next));
    out
}

/// What stands before the customers.
pub(crate) fn page_begin() -> String {
    format!("{OPEN}<e:ListCustomersResponse>")
}

/// What stands behind the customers.
pub(crate) fn page_end(next: Option<Position>) -> String {
    let token = next.map(|next| format!("<e:NextPageToken>{}</e:NextPageToken>", next.token())).unwrap_or_default();
    format!("{token}</e:ListCustomersResponse>{CLOSE}")
}

/// Writes a fault with the declared detail `BusyFault`.
pub(crate) fn busy(retry_after_seconds: u64) -> String {
    let detail = format!("<detail><e:BusyFault><e:RetryAfterSeconds>{retry_after_seconds}</e:RetryAfterSeconds></e:BusyFault></detail>");
    fault("Server", "month is being closed", &detail)
}

/// Writes a fault; `detail` is XML.
pub(crate) fn fault(code: &str, reason: &str, detail: &str) -> String {
    let mut text = String::new();
    escape(reason, &mut text);
    format!("{OPEN}<soapenv:Fault><faultcode>soapenv:{code}</faultcode><faultstring>{text}</faultstring>{detail}</soapenv:Fault>{CLOSE}")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn request(body: &str) -> String {
        format!(
            r#"<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Header><x xmlns="urn:x"><y/></x></s:Header><s:Body>{body}</s:Body></s:Envelope>"#
        )
    }

    #[test]
    fn a_request_reads_whatever_its_prefixes_are() {
        let body = "<ListCustomers xmlns='urn:example:erp:v2'><ChangedSince>2026-01-01T00:00:00</ChangedSince><PageToken>p7</PageToken></ListCustomers>";
        let expected = ListCustomers { changed_since: "2026-01-01T00:00:00".into(), page_size: None, page_token: Some("p7".into()) };
        assert_eq!(read(&request(body)), Ok(expected));
    }

    #[test]
    fn a_right_name_in_a_wrong_namespace_is_refused() {
        assert!(read(&request("<ListCustomers xmlns='urn:other'><ChangedSince>x</ChangedSince></ListCustomers>")).is_err());
    }

    #[test]
    fn a_truncated_envelope_is_refused() {
        let whole = request("<e:ListCustomers xmlns:e='urn:example:erp:v2'><e:ChangedSince>x</e:ChangedSince></e:ListCustomers>");
        assert!(read(&whole).is_ok() && read(&whole[..whole.len() - 20]).is_err());
    }
}
