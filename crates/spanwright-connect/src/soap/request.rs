//! A call as an HTTP request: SOAP 1.1 (section 6) or SOAP 1.2 (part 2, section 7).

use std::sync::Arc;

use spanwright_core::{
    connector::{Call, HttpRequest, Refusal, With},
    settings::Auth,
};
use spanwright_shape::{
    room::Room,
    text::Failure,
    value::Value,
    wsdl::Version,
    xml::{WriteFault, Writer},
    xsd::{self, ElementId, EncodeFault},
};

use crate::{
    auth::{self, add_header, fill},
    bulk, codes as shared,
    http::url,
};

use super::codes;
use super::content;
use super::system::{SoapOperation, SoapSystem};
use super::wsse::{self, Stamp, Token};

/// The namespace of SOAP 1.1 envelopes.
pub(super) const SOAP11: &str = "http://schemas.xmlsoap.org/soap/envelope/";
/// The namespace of SOAP 1.2 envelopes.
pub(super) const SOAP12: &str = "http://www.w3.org/2003/05/soap-envelope";

/// The request that carries one call, or the items of one bulk operation.
pub(super) fn request(system: &SoapSystem, operation: usize, calls: &[Call<'_>], with: &With<'_>) -> Result<HttpRequest, Refusal> {
    let (soap, Some(first)) = (&system.operations[operation], calls.first()) else {
        return Err(Refusal::System(Failure::new(&codes::CONTENT, "a SOAP request carries a call")));
    };
    if calls.len() > 1 && soap.bulk.is_none() {
        return Err(Refusal::System(Failure::new(&codes::CONTENT, "a SOAP request carries exactly one call")));
    }
    let security = security(system, with).map_err(Refusal::System)?;
    let name = format!("{}.{}", system.name, system.interface.operations[operation].name);
    let room = Room::new();
    let content = match &soap.bulk {
        Some(bulk) => content::of_batch(soap, bulk, &name, calls, with, &room)?,
        None => content::content(soap, first, &room).map_err(|failure| Refusal::Call(0, failure))?,
    };
    let envelope = Envelope { system, soap, name: &name, security: security.as_ref(), blocks: content::blocks(soap, first) };
    let body = envelope.write(&content)?;
    let mut request = head(system, soap, with).map_err(Refusal::System)?;
    request.body = body;
    let headers = [(&*system.correlation, bulk::correlation(calls, with)), ("traceparent", first.trace)];
    for (name, value) in headers.into_iter().filter(|(_, value)| !value.is_empty()) {
        add_header(&mut request, name, value).map_err(|failure| Refusal::Call(0, failure))?;
    }
    Ok(request)
}

fn head(system: &SoapSystem, soap: &SoapOperation, with: &With<'_>) -> Result<HttpRequest, Failure> {
    let url = fill(&system.url, with)?;
    if url::origin(&url).is_none() {
        return Err(Failure::new(&shared::ADDRESS, format!("the url of {} is no http:// or https:// address", system.name)));
    }
    let mut request = HttpRequest::new("POST", url);
    match system.version {
        Version::Soap11 => {
            add_header(&mut request, "content-type", "text/xml; charset=utf-8")?;
            add_header(&mut request, "accept", "text/xml")?;
            add_header(&mut request, "soapaction", format!("\"{}\"", soap.action))?;
        }
        Version::Soap12 => {
            add_header(&mut request, "content-type", format!("application/soap+xml; charset=utf-8; action=\"{}\"", soap.action))?;
            add_header(&mut request, "accept", "application/soap+xml")?;
        }
    }
    auth::sign(&system.auth, with, &mut request)?;
    Ok(request)
}

/// What the `Security` block says, where there is one.
struct Security {
    user: String,
    password: String,
    digest: bool,
    nonce: [u8; 16],
    stamp: Stamp,
}

/// A nonce need not be secret, only new: each try has another time, and each request another key.
fn security(system: &SoapSystem, with: &With<'_>) -> Result<Option<Security>, Failure> {
    let Auth::Wsse(wsse) = system.auth.in_message() else { return Ok(None) };
    let (user, password) = (fill(&wsse.user, with)?, fill(&wsse.password, with)?);
    let hash = blake3::hash(format!("spanwright nonce 1\0{}\0{}\0{user}\0{password}", with.request_key, with.now.0).as_bytes());
    let mut nonce = [0; 16];
    nonce.copy_from_slice(&hash.as_bytes()[..16]);
    let stamp = Stamp { now: with.now, good_for: wsse.timestamp };
    Ok(Some(Security { user, password, digest: wsse.digest, nonce, stamp }))
}

/// What is written around a content, and what is said where that cannot be.
struct Envelope<'e> {
    system: &'e SoapSystem,
    soap: &'e SoapOperation,
    /// `erp.createOrders`
    name: &'e str,
    security: Option<&'e Security>,
    blocks: Vec<(ElementId, Value<'e>)>,
}

impl Envelope<'_> {
    fn write(&self, content: &Value<'_>) -> Result<Vec<u8>, Refusal> {
        let space = match self.system.version {
            Version::Soap11 => SOAP11,
            Version::Soap12 => SOAP12,
        };
        let graph = &self.system.graph;
        let planned = [("soap".to_string(), space.to_string())];
        let mut writer = Writer::new(planned.into_iter().chain(graph.prefixes()));
        let unwritable = |fault: WriteFault| self.refuse(0, &fault.to_string());
        writer.start(space, "Envelope").map_err(unwritable)?;
        if self.security.is_some() || !self.blocks.is_empty() {
            writer.start(space, "Header").map_err(unwritable)?;
            if let Some(Security { user, password, digest, nonce, stamp }) = self.security {
                let token = Token { user, password, digest: *digest, nonce: *nonce };
                wsse::write(&mut writer, space, &token, stamp).map_err(unwritable)?;
            }
            for (block, value) in &self.blocks {
                xsd::encode(graph, *block, value, &mut writer).map_err(|fault| self.refuse(0, &fault.to_string()))?;
            }
            writer.end();
        }
        writer.start(space, "Body").map_err(unwritable)?;
        if let Some(input) = self.soap.input {
            xsd::encode(graph, input, content, &mut writer).map_err(|fault| self.not_allowed(fault))?;
        }
        writer.end();
        writer.end();
        Ok(writer.finish())
    }

    /// The item that a fault is about is to blame, and the path is told as its own flow knows it.
    fn not_allowed(&self, fault: EncodeFault) -> Refusal {
        let place = self.soap.bulk.as_ref().and_then(|bulk| in_item(&bulk.path, &fault.path));
        match place {
            Some((n, path)) => self.refuse(n, &EncodeFault { path, says: fault.says }.to_string()),
            None => self.refuse(0, &fault.to_string()),
        }
    }

    fn refuse(&self, call: usize, says: &str) -> Refusal {
        Refusal::Call(call, Failure::new(&codes::CONTENT, format!("{}: {says}", self.name)))
    }
}

/// Which item a path of the request leads to, and where in that: `Orders.Order[3].Total` is `Total` of the fourth.
fn in_item(list: &[Arc<str>], path: &str) -> Option<(usize, String)> {
    let (place, inside) = path.strip_prefix(&list.join("."))?.strip_prefix('[')?.split_once(']')?;
    Some((place.parse().ok()?, inside.trim_start_matches('.').to_string()))
}
