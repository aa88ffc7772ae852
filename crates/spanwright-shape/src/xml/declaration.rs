//! The XML declaration (XML 1.0, section 2.8): a version, then an encoding, then whether the document stands alone.
//!
//! What the encoding is has been decided before, by the bytes and by who sent them; here only the form is looked at.

use super::fault::{Fault, FaultKind};
use super::tag::Attributes;

/// Looks at the declaration that the document begins with and that ends at `to`.
pub(super) fn check(source: &str, to: usize) -> Result<(), Fault> {
    let mut said = Attributes::new(source, "<?xml".len(), to - "?>".len());
    let mut next = || said.next();
    let refuse = |at, says: String| Err(Fault::new(FaultKind::Tag, at, says));
    let Some(version) = next()?.filter(|one| one.local == "version") else {
        return refuse(0, "an XML declaration begins with a `version`".to_string());
    };
    if !version.value.strip_prefix("1.").is_some_and(|minor| !minor.is_empty() && minor.bytes().all(|byte| byte.is_ascii_digit())) {
        return refuse(version.at, format!("version `{}` of XML is not read here; 1.0 is", version.value.escape_debug()));
    }
    let mut one = next()?;
    if let Some(encoding) = one.as_ref().filter(|one| one.local == "encoding") {
        if !is_encoding(&encoding.value) {
            return refuse(encoding.at, format!("`{}` is no name of an encoding", encoding.value.escape_debug()));
        }
        one = next()?;
    }
    if let Some(standalone) = one.as_ref().filter(|one| one.local == "standalone") {
        if !matches!(&*standalone.value, "yes" | "no") {
            return refuse(standalone.at, format!("`standalone` is `{}`, and may be `yes` or `no`", standalone.value.escape_debug()));
        }
        one = next()?;
    }
    match one {
        None => Ok(()),
        Some(other) => refuse(other.at, format!("`{}` has no place here in an XML declaration", other.local)),
    }
}

fn is_encoding(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::xml::Reader;

    fn said(declaration: &str) -> Option<String> {
        let source = format!("<?xml{declaration}?><a/>");
        let mut reader = Reader::new(&source).unwrap();
        reader.read().err().map(|fault| format!("{}: {}", fault.at, fault.says))
    }

    #[test]
    fn a_declaration_has_its_parts_in_their_order() {
        for fine in [
            " version='1.0'",
            " version=\"1.1\" encoding='UTF-8'",
            "\n version = '1.0'  standalone='yes' ",
            " version='1.0' encoding='x' standalone='no'",
        ] {
            assert_eq!(said(fine), None, "{fine}");
        }
        let check = |declaration: &str, says: &str| assert_eq!(said(declaration).as_deref(), Some(says), "{declaration}");
        check(" encoding='UTF-8'", "0: an XML declaration begins with a `version`");
        check("", "0: an XML declaration begins with a `version`");
        check(" version='2.0'", "6: version `2.0` of XML is not read here; 1.0 is");
        check(" version='1.0' standalone='maybe'", "20: `standalone` is `maybe`, and may be `yes` or `no`");
        check(" version='1.0' standalone='no' encoding='UTF-8'", "36: `encoding` has no place here in an XML declaration");
        check(" version='1.0' encoding='8bit'", "20: `8bit` is no name of an encoding");
    }
}
