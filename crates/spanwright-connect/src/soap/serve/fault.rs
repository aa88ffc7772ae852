//! A fault as we write it: SOAP 1.1 section 4.4 and section 6.2, SOAP 1.2 part 1 section 5.4 and part 2 section 7.5.2.

use spanwright_core::door::HttpAnswer;
use spanwright_shape::{
    text::Code,
    wsdl::Version,
    xml::{WriteFault, Writer},
};

use crate::soap::{
    request::{SOAP11, SOAP12},
    wsse::WSSE,
};

/// What a fault of [`Who::Unauthenticated`] is called.
const UNAUTHENTICATED: &str = "FailedAuthentication";

/// Who is to blame, in the words of either version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who {
    /// What was sent is wrong.
    Sender,
    /// The token in the message does not show who sent it (WS-Security 1.0, section 12).
    Unauthenticated,
    /// We could not do it.
    Receiver,
    /// The envelope is of a version that is not spoken here.
    Version,
    /// A header block must be understood, and is not.
    MustUnderstand,
}

/// A fault that no operation declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) version: Version,
    pub(super) who: Who,
    /// A word for machines: `R3103`.
    pub(super) code: &'static str,
    /// For people; characters that XML cannot write are replaced.
    pub(super) says: String,
    /// The HTTP status, where it is another than that of any fault.
    pub(super) status: Option<u16>,
}

impl Fault {
    pub(super) fn new(version: Version, who: Who, code: &'static Code, says: impl Into<String>) -> Fault {
        Fault { version, who, code: code.id, says: says.into(), status: None }
    }

    pub(super) fn with_status(self, status: u16) -> Fault {
        Fault { status: Some(status), ..self }
    }

    /// The whole answer.
    pub(super) fn answer(&self) -> HttpAnswer {
        let says: String = self.says.chars().map(|c| if spanwright_shape::xml::is_legal_char(c) { c } else { '\u{FFFD}' }).collect();
        let reason = format!("{says} [{}]", self.code);
        let written = fault(self.version, self.who, &reason, [], |_| Ok::<(), WriteFault>(()));
        // Nothing in it can fail: the names are ours and the characters were looked at.
        let body = written.unwrap_or_default();
        answer(self.version, self.status.unwrap_or(status(self.version, self.who)), body)
    }
}

/// The status of a fault: always 500 in SOAP 1.1; in 1.2 a fault of the sender is 400.
pub(super) fn status(version: Version, who: Who) -> u16 {
    match (version, who) {
        (Version::Soap12, Who::Sender | Who::Unauthenticated) => 400,
        (Version::Soap11 | Version::Soap12, _) => 500,
    }
}

/// An envelope as an HTTP answer.
pub(super) fn answer(version: Version, status: u16, body: Vec<u8>) -> HttpAnswer {
    let media: &[u8] = match version {
        Version::Soap11 => b"text/xml; charset=utf-8",
        Version::Soap12 => b"application/soap+xml; charset=utf-8",
    };
    HttpAnswer { status, headers: vec![("content-type".into(), media.to_vec())], body }
}

pub(super) fn space(version: Version) -> &'static str {
    match version {
        Version::Soap11 => SOAP11,
        Version::Soap12 => SOAP12,
    }
}

/// An envelope with `body` in its Body.
pub(super) fn envelope<E: From<WriteFault>>(
    version: Version,
    prefixes: impl IntoIterator<Item = (String, String)>,
    body: impl FnOnce(&mut Writer) -> Result<(), E>,
) -> Result<Vec<u8>, E> {
    let space = space(version);
    let mut writer = Writer::new([("soap".to_string(), space.to_string())].into_iter().chain(prefixes));
    writer.start(space, "Envelope")?;
    writer.start(space, "Body")?;
    body(&mut writer)?;
    writer.end();
    writer.end();
    Ok(writer.finish())
}

/// An envelope with a fault; `detail` writes what is in its detail, and may write nothing.
pub(super) fn fault<E: From<WriteFault>>(
    version: Version,
    who: Who,
    reason: &str,
    prefixes: impl IntoIterator<Item = (String, String)>,
    detail: impl FnOnce(&mut Writer) -> Result<(), E>,
) -> Result<Vec<u8>, E> {
    let space = space(version);
    envelope(version, prefixes, |writer| {
        writer.start(space, "Fault")?;
        match version {
            Version::Soap11 => {
                writer.start("", "faultcode")?;
                let code = match who {
                    Who::Unauthenticated => format!("{}:{UNAUTHENTICATED}", writer.prefix(WSSE)),
                    who => format!("soap:{}", word(version, who)),
                };
                writer.text(&code)?;
                writer.end();
                element(writer, "", "faultstring", reason)?;
                writer.start("", "detail")?;
            }
            Version::Soap12 => {
                writer.start(space, "Code")?;
                element(writer, space, "Value", &format!("soap:{}", word(version, who)))?;
                if who == Who::Unauthenticated {
                    writer.start(space, "Subcode")?;
                    writer.start(space, "Value")?;
                    let code = format!("{}:{UNAUTHENTICATED}", writer.prefix(WSSE));
                    writer.text(&code)?;
                    writer.end();
                    writer.end();
                }
                writer.end();
                writer.start(space, "Reason")?;
                writer.start(space, "Text")?;
                writer.attribute(spanwright_shape::xml::XML_SPACE, "lang", "en")?;
                writer.text(reason)?;
                writer.end();
                writer.end();
                writer.start(space, "Detail")?;
            }
        }
        detail(writer)?;
        writer.end();
        writer.end();
        Ok(())
    })
}

fn element(writer: &mut Writer, space: &str, local: &str, text: &str) -> Result<(), WriteFault> {
    writer.start(space, local)?;
    writer.text(text)?;
    writer.end();
    Ok(())
}

fn word(version: Version, who: Who) -> &'static str {
    match (version, who) {
        (Version::Soap11, Who::Sender | Who::Unauthenticated) => "Client",
        (Version::Soap11, Who::Receiver) => "Server",
        (Version::Soap12, Who::Sender | Who::Unauthenticated) => "Sender",
        (Version::Soap12, Who::Receiver) => "Receiver",
        (_, Who::Version) => "VersionMismatch",
        (_, Who::MustUnderstand) => "MustUnderstand",
    }
}
