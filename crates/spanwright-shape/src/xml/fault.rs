//! Why bytes are no XML that we read, and where.

/// Where reading stopped and why. The words never quote more than a name of the document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Which rule.
    pub kind: FaultKind,
    /// The byte of the (decoded) text at which it was seen.
    pub at: usize,
    /// What is wrong, in one sentence.
    pub says: String,
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
            FaultKind::Limit => "xml.limit",
        }
    }
}

impl Fault {
    /// A fault of a kind at a byte.
    pub(super) fn new(kind: FaultKind, at: usize, says: impl Into<String>) -> Fault {
        Fault { kind, at, says: says.into() }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.says)
    }
}

impl std::error::Error for Fault {}
