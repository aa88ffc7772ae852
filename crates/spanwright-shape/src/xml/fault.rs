//! Why bytes are no XML that we read, and where.

use crate::text::Code;

use super::codes;

/// Where reading stopped and why. The words never quote more than a name of the document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Which rule.
    pub kind: FaultKind,
    /// The byte of the (decoded) text at which it was seen.
    pub at: usize,
    /// What is wrong, in one sentence.
    pub says: String,
    /// Which limit, where it is one.
    pub limit: Option<&'static str>,
}

/// The rules, each with a word that logs and tests use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// Empty, or it does not begin as XML.
    NotXml,
    /// A DOCTYPE, which is refused always.
    Doctype,
    /// An entity that is not one of XML's five, or a broken reference.
    Entity,
    /// A character that XML 1.0 does not allow.
    Character,
    /// Bytes that are not in the encoding that they claim, or one that we do not read.
    Encoding,
    /// It ends too early: a truncated transfer.
    EndOfFile,
    /// Tags that do not match, or markup that is none.
    Tag,
    /// A repeated or malformed attribute.
    Attribute,
    /// An unbound prefix, or a forbidden binding.
    Namespace,
    /// Content behind the root, or a second root.
    AfterRoot,
    /// One of the named limits.
    Limit,
}

impl FaultKind {
    /// The code of this rule.
    pub fn code(self) -> &'static Code {
        match self {
            FaultKind::NotXml => &codes::NONE,
            FaultKind::Doctype => &codes::DOCTYPE,
            FaultKind::Entity => &codes::ENTITY,
            FaultKind::Character => &codes::CHARACTER,
            FaultKind::Encoding => &codes::ENCODING,
            FaultKind::EndOfFile => &codes::END_OF_FILE,
            FaultKind::Tag => &codes::TAG,
            FaultKind::Attribute => &codes::ATTRIBUTE,
            FaultKind::Namespace => &codes::NAMESPACE,
            FaultKind::AfterRoot => &codes::AFTER_ROOT,
            FaultKind::Limit => &codes::LIMIT,
        }
    }

    /// The word of this rule.
    pub fn word(self) -> &'static str {
        match self {
            FaultKind::NotXml => "xml.none",
            FaultKind::Doctype => "xml.doctype",
            FaultKind::Entity => "xml.entity",
            FaultKind::Character => "xml.char",
            FaultKind::Encoding => "xml.encoding",
            FaultKind::EndOfFile => "xml.eof",
            FaultKind::Tag => "xml.tag",
            FaultKind::Attribute => "xml.attr",
            FaultKind::Namespace => "xml.ns",
            FaultKind::AfterRoot => "xml.after_root",
            FaultKind::Limit => "limit",
        }
    }
}

impl Fault {
    /// The rule as logs and tests name it; of a limit also which one.
    pub fn rule(&self) -> String {
        match self.limit {
            Some(name) => format!("limit:{name}"),
            None => self.kind.word().to_string(),
        }
    }

    /// A limit that a document passes: its name, and in words.
    pub(super) fn limit(name: &'static str, at: usize, says: impl Into<String>) -> Fault {
        Fault { kind: FaultKind::Limit, at, says: says.into(), limit: Some(name) }
    }

    /// What to do about it, where that is always the same.
    pub fn way_out(&self) -> Option<&'static str> {
        match self.kind {
            FaultKind::NotXml if self.at > 0 || self.says.contains("begins with") => Some("is it a page, an error text or another format?"),
            FaultKind::Doctype => Some("remove the DOCTYPE and what it declares"),
            FaultKind::Entity => Some("write `&amp;` for an ampersand, and a character itself instead of a named entity"),
            FaultKind::Encoding => Some("save it as UTF-8, or let its first line say its encoding"),
            FaultKind::EndOfFile => Some("it was cut off: fetch it again"),
            FaultKind::Namespace => Some("declare the prefix with `xmlns:` on this element or around it"),
            FaultKind::Tag if self.says.contains("declaration") => Some("delete what stands before `<?xml`: nothing may, not even a blank"),
            FaultKind::NotXml | FaultKind::Character | FaultKind::Tag | FaultKind::Attribute | FaultKind::AfterRoot | FaultKind::Limit => {
                None
            }
        }
    }

    /// A fault of a kind at a byte.
    pub(super) fn new(kind: FaultKind, at: usize, says: impl Into<String>) -> Fault {
        Fault { kind, at, says: says.into(), limit: None }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.says)
    }
}

impl std::error::Error for Fault {}
