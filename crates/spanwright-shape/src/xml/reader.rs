//! Events with resolved namespaces and byte positions, and every check that the tokeniser leaves out.

use std::borrow::Cow;

use quick_xml::events::Event as Token;

use super::declaration;
use super::fault::{Fault, FaultKind};
use super::limits::{XML_ATTRIBUTES_MOST, XML_DEPTH_MOST, XML_ELEMENTS_MOST, XML_TEXT_BYTES_MOST};
use super::name::{illegal_at, is_name};
use super::spaces::{Name, SpaceId, Spaces};
use super::tag::{Attribute, Attributes, reference, split, too_long};

/// Bytes of a text that is no XML that its fault shows.
const SHOWN_BYTES: usize = 40;

/// What was read. Comments and processing instructions are skipped, and never split a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event<'i> {
    /// An element begins; its attributes are in [`Reader::attributes`] until the next event.
    Start(Name<'i>),
    /// The innermost open element ends.
    End,
    /// Text between tags: references resolved, CDATA joined, line ends as `\n`. Never empty.
    Text(Cow<'i, str>),
    /// The document ends, once, after its root.
    Eof,
}

/// Reads one document. After an error it is spent.
pub struct Reader<'i> {
    source: &'i str,
    tokens: quick_xml::Reader<&'i [u8]>,
    spaces: Spaces<'i>,
    attributes: Vec<Attribute<'i>>,
    /// For each open element the bindings to go back to.
    open: Vec<usize>,
    /// The element just begun was empty: its end is owed.
    empty: bool,
    elements: usize,
    /// Where the first processing instruction stands.
    instruction: Option<usize>,
    from: usize,
    to: usize,
}

impl<'i> Reader<'i> {
    /// A reader over a document's text (see [`super::text`] for bytes).
    ///
    /// # Errors
    /// Where the text is empty, does not begin as XML, or has a character that XML forbids.
    pub fn new(source: &'i str) -> Result<Reader<'i>, Fault> {
        let first = source.trim_ascii_start();
        if first.is_empty() {
            return Err(Fault::new(FaultKind::NotXml, 0, "the document is empty"));
        }
        if !first.starts_with('<') {
            let shown: String = first.chars().take(SHOWN_BYTES).collect();
            return Err(Fault::new(FaultKind::NotXml, 0, format!("this is no XML: it begins with `{}`", shown.escape_debug())));
        }
        if let Some(at) = illegal_at(source) {
            let code = source[at..].chars().next().map_or(0, u32::from);
            return Err(Fault::new(FaultKind::Character, at, format!("the character U+{code:04X} is not allowed in XML")));
        }
        let mut tokens = quick_xml::Reader::from_str(source);
        tokens.config_mut().check_comments = true;
        let (spaces, attributes, open) = (Spaces::new(), Vec::new(), Vec::new());
        Ok(Reader { source, tokens, spaces, attributes, open, empty: false, elements: 0, instruction: None, from: 0, to: 0 })
    }

    /// The next event.
    ///
    /// # Errors
    /// The first [`Fault`] of the document; nothing may be read after it.
    pub fn read(&mut self) -> Result<Event<'i>, Fault> {
        if self.empty {
            self.empty = false;
            return Ok(self.end());
        }
        loop {
            match self.token()? {
                Token::Start(_) => return self.start(self.to - 1),
                Token::Empty(_) => {
                    self.empty = true;
                    return self.start(self.to - 2);
                }
                Token::End(_) => return Ok(self.end()),
                Token::Text(_) | Token::CData(_) | Token::GeneralRef(_) if self.open.is_empty() => self.outside()?,
                Token::Text(_) | Token::CData(_) | Token::GeneralRef(_) => {
                    if let Some(text) = self.text()? {
                        return Ok(Event::Text(text));
                    }
                }
                Token::Comment(_) => {}
                Token::PI(_) => self.note_instruction()?,
                Token::Decl(_) if self.from == 0 => declaration::check(self.source, self.to)?,
                Token::Decl(_) => return Err(self.fault(FaultKind::Tag, "the XML declaration may only stand at the very beginning")),
                Token::DocType(_) => {
                    return Err(self.fault(FaultKind::Doctype, "a DOCTYPE is refused: SOAP forbids it and entities hide in it"));
                }
                Token::Eof if self.open.is_empty() && self.elements > 0 => return Ok(Event::Eof),
                Token::Eof => return Err(self.fault(FaultKind::EndOfFile, "the document ends before its last element does")),
            }
        }
    }

    /// The attributes of the element that has just begun, without namespace declarations.
    pub fn attributes(&self) -> &[Attribute<'i>] {
        &self.attributes
    }

    /// Forgets those attributes of the element that has just begun whose namespace is this one.
    pub fn forget_attributes(&mut self, uri: &str) {
        let spaces = &self.spaces;
        self.attributes.retain(|one| spaces.uri(one.name.space) != uri);
    }

    /// Takes the attributes of the element that has just begun; [`Reader::give_back`] keeps their memory.
    pub fn take_attributes(&mut self) -> Vec<Attribute<'i>> {
        std::mem::take(&mut self.attributes)
    }

    /// Returns what [`Reader::take_attributes`] took, so that its memory is used again.
    pub fn give_back(&mut self, mut attributes: Vec<Attribute<'i>>) {
        attributes.clear();
        self.attributes = attributes;
    }

    /// A namespace's URI; empty for none.
    pub fn uri(&self, space: SpaceId) -> &str {
        self.spaces.uri(space)
    }

    /// How many namespaces are known so far; their numbers are below it.
    pub fn spaces(&self) -> usize {
        self.spaces.count()
    }

    /// The name that a QName in content or in an attribute's value means here; `None` where its prefix is unbound.
    pub fn resolve<'q>(&self, name: &'q str) -> Option<Name<'q>> {
        let (prefix, local) = name.split_once(':').unwrap_or(("", name));
        self.spaces.find(prefix).map(|space| Name { space, local })
    }

    /// Prefixes in force here, the innermost last.
    pub fn bindings(&self) -> &[(&'i str, SpaceId)] {
        self.spaces.bindings()
    }

    /// The bytes of the last token: first, and one behind the last.
    pub fn place(&self) -> (usize, usize) {
        (self.from, self.to)
    }

    /// Where the first processing instruction stands among what was read; SOAP forbids them in requests.
    pub fn instruction(&self) -> Option<usize> {
        self.instruction
    }

    /// How many elements are open.
    pub fn depth(&self) -> usize {
        self.open.len()
    }

    fn note_instruction(&mut self) -> Result<(), Fault> {
        let inside = self.source.get(self.from + 2..self.to - 2).unwrap_or_default();
        let target = inside.split(|c: char| c.is_ascii_whitespace()).next().unwrap_or_default();
        if !is_name(target) || target.eq_ignore_ascii_case("xml") {
            return Err(self.fault(FaultKind::Tag, format!("`{}` is no name of a processing instruction", target.escape_debug())));
        }
        self.instruction = self.instruction.or(Some(self.from));
        Ok(())
    }

    fn fault(&self, kind: FaultKind, says: impl Into<String>) -> Fault {
        Fault::new(kind, self.from, says)
    }

    fn token(&mut self) -> Result<Token<'i>, Fault> {
        self.from = self.tokens.buffer_position() as usize;
        let token = self.tokens.read_event().map_err(|error| broken(&error, self.tokens.error_position() as usize))?;
        self.to = self.tokens.buffer_position() as usize;
        Ok(token)
    }

    /// A start tag whose content ends at `to`: `<name attributes`.
    fn start(&mut self, to: usize) -> Result<Event<'i>, Fault> {
        self.elements += 1;
        if self.open.is_empty() && self.elements > 1 {
            return Err(self.fault(FaultKind::AfterRoot, "a document has one root; here begins a second one"));
        }
        if self.open.len() >= XML_DEPTH_MOST {
            return Err(Fault::limit("depth", self.from, format!("elements nest deeper than {XML_DEPTH_MOST} (XML_DEPTH_MOST)")));
        }
        if self.elements > XML_ELEMENTS_MOST {
            return Err(Fault::limit("elements", self.from, format!("more than {XML_ELEMENTS_MOST} elements (XML_ELEMENTS_MOST)")));
        }
        self.open.push(self.spaces.mark());
        let inside = &self.source[self.from + 1..to];
        let name_end = inside.bytes().position(|byte| byte.is_ascii_whitespace()).unwrap_or(inside.len());
        let (prefix, local) = split(&inside[..name_end], self.from + 1)?;
        self.read_attributes(self.from + 1 + name_end, to)?;
        let Some(space) = self.spaces.find(prefix) else {
            return Err(self.unbound(prefix, self.from + 1));
        };
        Ok(Event::Start(Name { space, local }))
    }

    fn read_attributes(&mut self, from: usize, to: usize) -> Result<(), Fault> {
        self.attributes.clear();
        if from == to {
            return Ok(());
        }
        let mut written = Attributes::new(self.source, from, to);
        let mut unresolved: Vec<(usize, &'i str)> = Vec::new();
        let declared = self.spaces.mark();
        let mut count = 0;
        while let Some(one) = written.next()? {
            count += 1;
            if count > XML_ATTRIBUTES_MOST {
                let says = format!("an element has more than {XML_ATTRIBUTES_MOST} attributes (XML_ATTRIBUTES_MOST)");
                return Err(Fault::limit("attributes", one.at, says));
            }
            match (one.prefix, one.local) {
                ("", "xmlns") => self.declare(declared, "", one.value, one.at)?,
                ("xmlns", prefix) => self.declare(declared, prefix, one.value, one.at)?,
                (prefix, local) => {
                    if !prefix.is_empty() {
                        unresolved.push((self.attributes.len(), prefix));
                    }
                    self.attributes.push(Attribute { name: Name { space: SpaceId::NONE, local }, value: one.value, at: one.at });
                }
            }
        }
        for (n, prefix) in unresolved {
            let found = self.spaces.find(prefix).or_else(|| undeclared(prefix));
            self.attributes[n].name.space = found.ok_or_else(|| self.unbound(prefix, self.attributes[n].at))?;
        }
        self.refuse_repeated()
    }

    fn declare(&mut self, since: usize, prefix: &'i str, uri: Cow<'i, str>, at: usize) -> Result<(), Fault> {
        if self.spaces.bindings()[since..].iter().any(|(bound, _)| *bound == prefix) {
            return Err(Fault::new(FaultKind::Attribute, at, format!("the prefix `{prefix}` is declared twice in one tag")));
        }
        self.spaces.bind(prefix, uri, at)
    }

    fn refuse_repeated(&self) -> Result<(), Fault> {
        for (n, attribute) in self.attributes.iter().enumerate() {
            if self.attributes[..n].iter().any(|earlier| earlier.name == attribute.name) {
                let says = format!("the attribute `{}` is written twice", attribute.name.local);
                return Err(Fault::new(FaultKind::Attribute, attribute.at, says));
            }
        }
        Ok(())
    }

    fn unbound(&self, prefix: &str, at: usize) -> Fault {
        Fault::new(FaultKind::Namespace, at, format!("the prefix `{prefix}` is bound to no namespace"))
    }

    fn end(&mut self) -> Event<'i> {
        let mark = self.open.pop().expect("the tokeniser refuses an end tag without its start");
        self.spaces.close(mark);
        Event::End
    }

    fn outside(&self) -> Result<(), Fault> {
        let text = &self.source[self.from..self.to];
        match (text.trim_ascii().is_empty(), self.elements) {
            (true, _) => Ok(()),
            (false, 0) => Err(self.fault(FaultKind::NotXml, "text stands before the root element")),
            (false, _) => Err(self.fault(FaultKind::AfterRoot, "content stands behind the root element")),
        }
    }

    /// The text that begins with the last token, joined with what follows up to the next tag.
    fn text(&mut self) -> Result<Option<Cow<'i, str>>, Fault> {
        let from = self.from;
        let mut text = self.piece()?;
        while self.goes_on() {
            match self.token()? {
                Token::Text(_) | Token::CData(_) | Token::GeneralRef(_) => {
                    let piece = self.piece()?;
                    text = if text.is_empty() { piece } else { Cow::Owned(text.into_owned() + &piece) };
                }
                Token::Comment(_) => {}
                Token::PI(_) => self.note_instruction()?,
                Token::DocType(_) => return Err(self.fault(FaultKind::Doctype, "a DOCTYPE is refused")),
                Token::Decl(_) | Token::Start(_) | Token::Empty(_) | Token::End(_) | Token::Eof => {
                    return Err(self.fault(FaultKind::Tag, "markup that is none"));
                }
            }
            if text.len() > XML_TEXT_BYTES_MOST {
                return Err(too_long(from));
            }
        }
        self.from = from;
        if text.len() > XML_TEXT_BYTES_MOST {
            return Err(too_long(from));
        }
        Ok((!text.is_empty()).then_some(text))
    }

    /// Whether the next token still belongs to this text: all but a start or end tag does.
    fn goes_on(&self) -> bool {
        match &self.source.as_bytes()[self.to..] {
            [b'<', b'!' | b'?', ..] => true,
            [b'<', ..] | [] => false,
            _ => true,
        }
    }

    /// The meaning of the last token, which is a text, a CDATA section or a reference.
    fn piece(&self) -> Result<Cow<'i, str>, Fault> {
        let raw = &self.source[self.from..self.to];
        if let Some(name) = raw.strip_prefix('&') {
            return reference(name.trim_end_matches(';'), self.from).map(|c| Cow::Owned(c.to_string()));
        }
        if let Some(inner) = raw.strip_prefix("<![CDATA[") {
            return Ok(line_ends(inner.strip_suffix("]]>").unwrap_or(inner)));
        }
        if memchr::memchr(b']', raw.as_bytes()).is_some() && raw.contains("]]>") {
            return Err(self.fault(FaultKind::Tag, "`]]>` in text; write `]]&gt;`"));
        }
        Ok(line_ends(raw))
    }
}

/// `xsi:nil` without a declaration of `xsi`: a widespread server writes it so, and nobody could mean anything else.
fn undeclared(prefix: &str) -> Option<SpaceId> {
    (prefix == "xsi").then_some(SpaceId::XSI)
}

fn line_ends(text: &str) -> Cow<'_, str> {
    match memchr::memchr(b'\r', text.as_bytes()) {
        None => Cow::Borrowed(text),
        Some(_) => Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n")),
    }
}

fn broken(error: &quick_xml::Error, at: usize) -> Fault {
    use quick_xml::errors::IllFormedError as Ill;
    let kind = match error {
        quick_xml::Error::Syntax(quick_xml::errors::SyntaxError::InvalidBangMarkup) => FaultKind::Tag,
        quick_xml::Error::Syntax(_) => FaultKind::EndOfFile,
        quick_xml::Error::IllFormed(Ill::UnclosedReference) => FaultKind::Entity,
        quick_xml::Error::IllFormed(Ill::MissingEndTag(_)) => FaultKind::EndOfFile,
        quick_xml::Error::InvalidAttr(_) => FaultKind::Attribute,
        quick_xml::Error::Namespace(_) => FaultKind::Namespace,
        quick_xml::Error::Escape(_) => FaultKind::Entity,
        quick_xml::Error::Encoding(_) => FaultKind::Encoding,
        _ => FaultKind::Tag,
    };
    Fault::new(kind, at, error.to_string())
}
