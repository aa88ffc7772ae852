//! Elements to bytes: prefixes planned once, text escaped, and what XML cannot say is an error and never a guess.

use super::name::{is_legal_char, is_name};
use super::spaces::{XML_SPACE, XSI_SPACE};

/// What XML cannot say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WriteFault {
    /// A character that XML 1.0 has no way to write, not even as a reference.
    Character(char),
    /// A name that is none.
    Name(String),
}

impl std::fmt::Display for WriteFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            WriteFault::Character(c) => write!(f, "the character U+{:04X} cannot be written in XML", u32::from(*c)),
            WriteFault::Name(name) => write!(f, "`{}` cannot be the name of an element or attribute", name.escape_debug()),
        }
    }
}

/// Bytes of a text that are looked at: what is escaped somewhere, controls, and the first byte of U+FFFE and U+FFFF.
const LOOKED_AT: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 0x20 {
        table[byte] = true;
        byte += 1;
    }
    table[b'&' as usize] = true;
    table[b'<' as usize] = true;
    table[b'>' as usize] = true;
    table[b'"' as usize] = true;
    table[0xEF] = true;
    table
};

/// What stands before a name's colon.
#[derive(Clone, Copy)]
enum Place {
    /// Nothing: no namespace.
    None,
    /// `xml`, which is bound always.
    Xml,
    /// The prefix of this binding.
    Bound(usize),
}

/// Writes one document.
///
/// The planned prefixes are declared at the root; a namespace that was not planned gets `n1`, `n2`, .. where it first
/// occurs. The default namespace is never used, so an unqualified element is one without a prefix, always.
pub struct Writer {
    out: Vec<u8>,
    planned: Vec<(String, String)>,
    bound: Vec<(String, String)>,
    /// The binding that was looked for last: neighbours mostly have the same.
    last: usize,
    /// For each open element: where its name stands in `out`, and the bindings to go back to.
    open: Vec<(usize, usize, usize)>,
    in_tag: bool,
    made: usize,
}

impl Writer {
    /// A writer whose root declares these (prefix, namespace) pairs.
    pub fn new(planned: impl IntoIterator<Item = (String, String)>) -> Writer {
        let out = b"<?xml version=\"1.0\" encoding=\"utf-8\"?>\n".to_vec();
        Writer { out, planned: planned.into_iter().collect(), bound: Vec::new(), last: 0, open: Vec::new(), in_tag: false, made: 0 }
    }

    /// Begins an element.
    ///
    /// # Errors
    /// [`WriteFault::Name`] where the local name is none.
    pub fn start(&mut self, space: &str, local: &str) -> Result<(), WriteFault> {
        if !is_name(local) {
            return Err(WriteFault::Name(local.to_string()));
        }
        self.close_tag();
        let mark = self.bound.len();
        let root = self.open.is_empty();
        if root {
            self.bound.append(&mut self.planned);
        }
        let new = self.bound.len();
        let place = self.place(space);
        self.out.push(b'<');
        let from = self.out.len();
        self.name(place, local);
        self.open.push((from, self.out.len(), mark));
        self.declare(if root { 0 } else { new });
        self.in_tag = true;
        Ok(())
    }

    /// Adds an attribute to the element just begun.
    ///
    /// # Errors
    /// Where its name or a character of its value cannot be written.
    pub fn attribute(&mut self, space: &str, local: &str, value: &str) -> Result<(), WriteFault> {
        debug_assert!(self.in_tag, "an attribute belongs to a start tag");
        if !is_name(local) {
            return Err(WriteFault::Name(local.to_string()));
        }
        let place = self.declared(space);
        self.out.push(b' ');
        self.name(place, local);
        self.out.extend_from_slice(b"=\"");
        self.escape(value, true)?;
        self.out.push(b'"');
        Ok(())
    }

    /// Says that the element just begun is nil.
    pub fn nil(&mut self) -> Result<(), WriteFault> {
        self.attribute(XSI_SPACE, "nil", "true")
    }

    /// Writes text.
    ///
    /// # Errors
    /// [`WriteFault::Character`] where XML has no way to write one of it.
    pub fn text(&mut self, text: &str) -> Result<(), WriteFault> {
        self.close_tag();
        self.escape(text, false)
    }

    /// Ends the innermost element.
    pub fn end(&mut self) {
        let Some((from, to, mark)) = self.open.pop() else { return };
        self.bound.truncate(mark);
        if std::mem::take(&mut self.in_tag) {
            self.out.extend_from_slice(b"/>");
            return;
        }
        self.out.extend_from_slice(b"</");
        self.out.extend_from_within(from..to);
        self.out.push(b'>');
    }

    /// The prefix under which a namespace is bound here; binds it where it is not.
    pub fn prefix(&mut self, space: &str) -> String {
        match self.declared(space) {
            Place::None => String::new(),
            Place::Xml => "xml".to_string(),
            Place::Bound(n) => self.bound[n].0.clone(),
        }
    }

    /// The bytes; every element must have ended.
    pub fn finish(self) -> Vec<u8> {
        debug_assert!(self.open.is_empty(), "an element was not ended");
        self.out
    }

    /// The prefix of a namespace; bound, and to be declared, where it was not.
    fn place(&mut self, space: &str) -> Place {
        match space {
            "" => return Place::None,
            XML_SPACE => return Place::Xml,
            _ => {}
        }
        if self.bound.get(self.last).is_none_or(|(_, uri)| uri != space) {
            self.last = self.bound.iter().rposition(|(_, uri)| uri == space).unwrap_or_else(|| {
                let prefix = if space == XSI_SPACE { "xsi".to_string() } else { self.fresh() };
                self.bound.push((prefix, space.to_string()));
                self.bound.len() - 1
            });
        }
        Place::Bound(self.last)
    }

    /// The same, declared in the start tag that is being written.
    fn declared(&mut self, space: &str) -> Place {
        let new = self.bound.len();
        let place = self.place(space);
        self.declare(new);
        place
    }

    fn fresh(&mut self) -> String {
        loop {
            self.made += 1;
            let prefix = format!("n{}", self.made);
            if !self.bound.iter().any(|(bound, _)| *bound == prefix) {
                return prefix;
            }
        }
    }

    /// Declares the bindings from one on.
    fn declare(&mut self, from: usize) {
        for n in from..self.bound.len() {
            let (prefix, uri) = self.bound[n].clone();
            self.out.extend_from_slice(b" xmlns:");
            self.out.extend_from_slice(prefix.as_bytes());
            self.out.extend_from_slice(b"=\"");
            // A URI came out of a schema that was read, so that each of its characters can be written.
            let _ = self.escape(&uri, true);
            self.out.push(b'"');
        }
    }

    fn name(&mut self, place: Place, local: &str) {
        let prefix = match place {
            Place::None => None,
            Place::Xml => Some("xml"),
            Place::Bound(n) => Some(self.bound[n].0.as_str()),
        };
        if let Some(prefix) = prefix {
            self.out.extend_from_slice(prefix.as_bytes());
            self.out.push(b':');
        }
        self.out.extend_from_slice(local.as_bytes());
    }

    fn close_tag(&mut self) {
        if std::mem::take(&mut self.in_tag) {
            self.out.push(b'>');
        }
    }

    fn escape(&mut self, text: &str, attribute: bool) -> Result<(), WriteFault> {
        let bytes = text.as_bytes();
        let (mut from, mut at) = (0, 0);
        while let Some(n) = bytes[at..].iter().position(|byte| LOOKED_AT[usize::from(*byte)]).map(|n| at + n) {
            at = n + 1;
            let escaped: &[u8] = match bytes[n] {
                b'&' => b"&amp;",
                b'<' => b"&lt;",
                b'>' => b"&gt;",
                b'\r' => b"&#13;",
                b'"' if attribute => b"&quot;",
                b'\n' if attribute => b"&#10;",
                b'\t' if attribute => b"&#9;",
                _ => match text[n..].chars().next() {
                    Some(c) if !is_legal_char(c) => return Err(WriteFault::Character(c)),
                    _ => continue,
                },
            };
            self.out.extend_from_slice(&bytes[from..n]);
            self.out.extend_from_slice(escaped);
            from = n + 1;
        }
        self.out.extend_from_slice(&bytes[from..]);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn written(with: impl FnOnce(&mut Writer) -> Result<(), WriteFault>) -> Result<String, WriteFault> {
        let mut writer = Writer::new([("t".to_string(), "urn:t".to_string())]);
        writer.start("urn:t", "a")?;
        with(&mut writer)?;
        writer.end();
        Ok(String::from_utf8(writer.finish()).unwrap().split_once('\n').unwrap().1.to_string())
    }

    fn check(with: impl FnOnce(&mut Writer) -> Result<(), WriteFault>, expected: &str) {
        assert_eq!(written(with).unwrap(), expected);
    }

    #[test]
    fn text_and_values_are_escaped() {
        check(|w| w.text("a<b>&\"c\"\r"), r#"<t:a xmlns:t="urn:t">a&lt;b&gt;&amp;"c"&#13;</t:a>"#);
        check(|w| w.attribute("", "b", "\"<&\n"), r#"<t:a xmlns:t="urn:t" b="&quot;&lt;&amp;&#10;"/>"#);
    }

    #[test]
    fn unplanned_namespaces_get_a_prefix_where_they_occur() {
        let child = |w: &mut Writer| {
            w.start("urn:other", "b")?;
            w.nil()?;
            w.end();
            Ok(())
        };
        let nil = r#"<n1:b xmlns:n1="urn:other" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true"/>"#;
        check(child, &format!(r#"<t:a xmlns:t="urn:t">{nil}</t:a>"#));
    }

    #[test]
    fn an_unqualified_element_has_no_prefix() {
        check(|w| w.start("", "b").map(|()| w.end()), r#"<t:a xmlns:t="urn:t"><b/></t:a>"#);
    }

    #[test]
    fn what_xml_cannot_say_is_a_fault() {
        for bad in ['\u{1}', '\u{1f}', '\u{fffe}', '\u{ffff}'] {
            assert_eq!(written(|w| w.text(&format!("a{bad}"))), Err(WriteFault::Character(bad)));
        }
        check(|w| w.text("\u{fffd}\u{feff}\u{7f}\t\n"), "<t:a xmlns:t=\"urn:t\">\u{fffd}\u{feff}\u{7f}\t\n</t:a>");
        assert_eq!(written(|w| w.start("", "a b")), Err(WriteFault::Name("a b".to_string())));
    }
}
