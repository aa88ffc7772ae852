//! A call as an HTTP request: SOAP 1.1 (section 6) or SOAP 1.2 (part 2, section 7).

use spanwright_core::{
    connector::{Call, HttpRequest, Refusal, With},
    settings::Auth,
};
use spanwright_shape::{
    room::Room,
    text::Failure,
    wsdl::Version,
    xml::{WriteFault, Writer},
    xsd,
};

use crate::{
    auth::{self, add_header, fill},
    codes as shared,
    http::url,
};

use super::codes;
use super::content::{blocks, content};
use super::system::{SoapOperation, SoapSystem};
use super::wsse::{self, Stamp, Token};

/// The namespace of SOAP 1.1 envelopes.
pub(super) const SOAP11: &str = "http://schemas.xmlsoap.org/soap/envelope/";
/// The namespace of SOAP 1.2 envelopes.
pub(super) const SOAP12: &str = "http://www.w3.org/2003/05/soap-envelope";

/// The request that carries one call; SOAP has no other.
pub(super) fn request(system: &SoapSystem, operation: usize, calls: &[Call<'_>], with: &With<'_>) -> Result<HttpRequest, Refusal> {
    let (soap, [call]) = (&system.operations[operation], calls) else {
        return Err(Refusal::System(Failure::new(&codes::CONTENT, "a SOAP request carries exactly one call")));
    };
    let security = security(system, with).map_err(Refusal::System)?;
    let body = envelope(system, operation, soap, call, security.as_ref()).map_err(|failure| Refusal::Call(0, failure))?;
    let mut request = head(system, soap, with).map_err(Refusal::System)?;
    request.body = body;
    let headers = [(&*system.correlation, call.correlation), ("traceparent", call.trace)];
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

fn envelope(
    system: &SoapSystem,
    operation: usize,
    soap: &SoapOperation,
    call: &Call<'_>,
    security: Option<&Security>,
) -> Result<Vec<u8>, Failure> {
    let room = Room::new();
    let name = &system.interface.operations[operation].name;
    let refuse = |says: String| Failure::new(&codes::CONTENT, format!("{}.{name}: {says}", system.name));
    let space = match system.version {
        Version::Soap11 => SOAP11,
        Version::Soap12 => SOAP12,
    };
    let planned = [("soap".to_string(), space.to_string())];
    let mut writer = Writer::new(planned.into_iter().chain(system.graph.prefixes()));
    let unwritable = |fault: WriteFault| refuse(fault.to_string());
    writer.start(space, "Envelope").map_err(unwritable)?;
    let blocks = blocks(soap, call);
    if security.is_some() || !blocks.is_empty() {
        writer.start(space, "Header").map_err(unwritable)?;
        if let Some(Security { user, password, digest, nonce, stamp }) = security {
            let token = Token { user, password, digest: *digest, nonce: *nonce };
            wsse::write(&mut writer, space, &token, stamp).map_err(unwritable)?;
        }
        for (block, value) in &blocks {
            xsd::encode(&system.graph, *block, value, &mut writer).map_err(|fault| refuse(fault.to_string()))?;
        }
        writer.end();
    }
    writer.start(space, "Body").map_err(unwritable)?;
    if let Some(input) = soap.input {
        let value = content(soap, call, &room)?;
        xsd::encode(&system.graph, input, &value, &mut writer).map_err(|fault| refuse(fault.to_string()))?;
    }
    writer.end();
    writer.end();
    Ok(writer.finish())
}
