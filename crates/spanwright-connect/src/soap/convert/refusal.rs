//! What there is to tell of a conversion: why it is refused, or what of it is not as its schema says.

use spanwright_shape::{
    text::Code,
    xml::{self, plain},
};

use crate::soap::codes;

/// A refusal, or a warning where the conversion was made all the same.
#[derive(Clone, Debug)]
pub struct Note {
    /// Which kind.
    pub code: &'static Code,
    /// The byte of the text at which it was seen.
    pub at: usize,
    /// In words; begins with the rule's own word where it has one (`xml.doctype: ..`).
    pub says: String,
    /// What to do instead.
    pub help: Option<String>,
}

impl PartialEq for Note {
    fn eq(&self, other: &Note) -> bool {
        self.code == other.code && self.at == other.at && self.says == other.says && self.help == other.help
    }
}

impl Eq for Note {}

impl Note {
    pub(super) fn new(code: &'static Code, at: usize, says: impl Into<String>) -> Note {
        Note { code, at, says: says.into(), help: None }
    }

    /// An envelope that breaks a rule of SOAP.
    pub(super) fn envelope(rule: &str, at: usize, says: impl Into<String>) -> Note {
        Note::new(&codes::ENVELOPE, at, format!("{rule}: {}", says.into()))
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Note {
        self.help = Some(help.into());
        self
    }
}

impl From<xml::Fault> for Note {
    fn from(fault: xml::Fault) -> Note {
        let help = fault.way_out().map(str::to_string);
        if fault.kind == xml::FaultKind::NotXml {
            return Note { code: &codes::NOT_SOAP, at: fault.at, says: format!("not_soap: {}", fault.says), help };
        }
        Note { code: fault.kind.code(), at: fault.at, says: format!("{}: {}", fault.rule(), fault.says), help }
    }
}

impl From<plain::Refused> for Note {
    fn from(refused: plain::Refused) -> Note {
        match refused {
            plain::Refused::Xml(fault) => fault.into(),
            plain::Refused::Repeats(at, path) => Note::new(
                &xml::codes::REPEATS,
                at,
                format!("xml.undeclared_repeat: `{path}` comes more than once, and nothing says that it may"),
            )
            .help(format!("add the line `- {path}` to `arrays:` of the hints, or `--array {path}`")),
            plain::Refused::Ambiguous(at, says) => Note::new(&xml::codes::NAMESPACES, at, format!("xml.namespaces: {says}"))
                .help("say with `namespace:` and `prefixes:` of the hints what each namespace is called"),
            plain::Refused::Value(says) => Note::new(&xml::codes::VALUE, 0, says),
        }
    }
}
