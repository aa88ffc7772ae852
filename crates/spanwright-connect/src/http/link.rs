//! The header `link` (RFC 8288): where the next page is.

use std::sync::Arc;

type Headers = [(Arc<str>, Vec<u8>)];

/// Links of one answer that are looked at.
const LINKS_MOST: usize = 64;

/// The target of the first link whose relation is `next`, as it is written.
pub fn next(headers: &Headers) -> Option<Arc<str>> {
    let lines = headers.iter().filter(|(name, _)| &**name == "link").filter_map(|(_, value)| std::str::from_utf8(value).ok());
    lines.flat_map(links).take(LINKS_MOST).find(|(_, parameters)| is_next(parameters)).map(|(target, _)| target.into())
}

/// Each `<target>; parameters` of a line.
fn links(line: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = line;
    std::iter::from_fn(move || {
        let (target, behind) = rest.trim_start_matches([',', ' ', '\t']).strip_prefix('<')?.split_once('>')?;
        let end = outside_quotes(behind, ',').unwrap_or(behind.len());
        rest = behind.get(end..).unwrap_or_default();
        Some((target, &behind[..end]))
    })
}

/// Relations stand in one parameter, separated by blanks, in any case.
fn is_next(parameters: &str) -> bool {
    let mut rest = parameters;
    while let Some(behind) = rest.trim_start().strip_prefix(';') {
        let end = outside_quotes(behind, ';').unwrap_or(behind.len());
        let (name, value) = behind[..end].split_once('=').unwrap_or((&behind[..end], ""));
        if name.trim().eq_ignore_ascii_case("rel") {
            let relations = value.trim().trim_matches('"');
            return relations.split_ascii_whitespace().any(|relation| relation.eq_ignore_ascii_case("next"));
        }
        rest = &behind[end..];
    }
    false
}

/// Where a character first stands outside of quotes.
fn outside_quotes(text: &str, wanted: char) -> Option<usize> {
    let mut quoted = false;
    text.char_indices().find_map(|(at, character)| {
        quoted ^= character == '"';
        (character == wanted && !quoted).then_some(at)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: Option<&str>) {
        let headers = [("link".into(), line.as_bytes().to_vec())];
        assert_eq!(next(&headers).as_deref(), expected, "{line}");
    }

    #[test]
    fn the_next_page_is_found_among_links() {
        check(r#"<https://a.test/x?page=3>; rel="next""#, Some("https://a.test/x?page=3"));
        check(r#"</x?page=1>; rel="first", </x?page=3>; rel=next"#, Some("/x?page=3"));
        check(r#"</a>; title="x, <b>; rel=next"; rel=prev, </c>;REL="last Next""#, Some("/c"));
        check(r#"</a,b;c>; rel="next""#, Some("/a,b;c"));
        check(r#"</a>; rel="prev""#, None);
        // The first `rel` counts, and no other.
        check(r#"</a>; rel=prev; rel=next"#, None);
        for broken in ["", "<", "</a", "next", "</a> rel=next", r#"</a>; rel="nexter""#, "</a>;;;"] {
            check(broken, None);
        }
    }
}
