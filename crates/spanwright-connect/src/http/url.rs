//! Addresses: percent-encoding (RFC 3986), forms, and whether two addresses have one origin.

/// Appends `text` with everything but unreserved characters percent-encoded, so that it is one path segment or one
/// query value whatever it holds.
pub fn encode(text: &str, out: &mut String) {
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            other => {
                let hex = |half: u8| char::from(b"0123456789ABCDEF"[usize::from(half)]);
                out.extend(['%', hex(other >> 4), hex(other & 15)]);
            }
        }
    }
}

/// Percent-encoded text; `None` where it is none, or no UTF-8.
pub fn decode(text: &str) -> Option<String> {
    decoded(text, false)
}

/// A name or value of a form or query: as [`decode`], and `+` is a blank.
pub fn decode_form(text: &str) -> Option<String> {
    decoded(text, true)
}

fn decoded(text: &str, plus_is_blank: bool) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                u8::try_from(digit()? << 4 | digit()?).ok()?
            }
            b'+' if plus_is_blank => b' ',
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

/// Appends `name=value` to the query of an address.
pub fn add_query(url: &mut String, name: &str, value: &str) {
    url.push(if url.contains('?') { '&' } else { '?' });
    encode(name, url);
    url.push('=');
    encode(value, url);
}

/// `application/x-www-form-urlencoded`; a blank as `%20`, which every reader takes.
pub fn form(fields: &[(&str, &str)]) -> String {
    let mut text = String::new();
    for (name, value) in fields {
        if !text.is_empty() {
            text.push('&');
        }
        encode(name, &mut text);
        text.push('=');
        encode(value, &mut text);
    }
    text
}

/// Scheme, host and port as they are written: `https://crm.example.com:8443`. `None` where this is no absolute HTTP address.
pub fn origin(url: &str) -> Option<&str> {
    let scheme = ["https://", "http://"]
        .into_iter()
        .find(|scheme| url.get(..scheme.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(scheme)))?;
    let rest = &url[scheme.len()..];
    let host = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let plain = host > 0 && rest[..host].bytes().all(|byte| byte.is_ascii_graphic() && byte != b'@' && byte != b'\\');
    plain.then(|| &url[..scheme.len() + host])
}

/// Where a link in an answer leads, seen from `base` (RFC 3986, section 5.2): an absolute address of the same origin, a path, one
/// beside that of `base`, or a query. `None` where it leads to another origin: our credentials would go with it.
pub fn follow(base: &str, link: &str) -> Option<String> {
    let home = origin(base)?;
    if link.bytes().any(|byte| !byte.is_ascii_graphic()) {
        return None;
    }
    if let Some(there) = origin(link) {
        return there.eq_ignore_ascii_case(home).then(|| link.to_string());
    }
    let path = base.split(['?', '#']).next().unwrap_or(base);
    match link.as_bytes() {
        [b'/', b'/' | b'\\', ..] => None,
        [b'/', ..] => Some(format!("{home}{link}")),
        [b'?', ..] => Some(format!("{path}{link}")),
        _ if is_beside(link) => Some(format!("{home}{}", beside(&path[home.len()..], link))),
        _ => None,
    }
}

/// Whether it is a path that begins where another one is: neither a scheme, nor nothing but a fragment.
fn is_beside(link: &str) -> bool {
    let first = link.split(['/', '?', '#']).next().unwrap_or_default();
    !first.is_empty() && !first.contains([':', '\\'])
}

/// A path and what is behind it, seen from the path of another one: `.` and `..` lead no further than to the root.
fn beside(path: &str, link: &str) -> String {
    let end = link.find(['?', '#']).unwrap_or(link.len());
    let folder = path.trim_start_matches('/').rsplit_once('/').map(|(folder, _)| folder);
    let mut segments: Vec<&str> = folder.map(|folder| folder.split('/').collect()).unwrap_or_default();
    let steps = &link[..end];
    for step in steps.split('/') {
        match step {
            "." => {}
            ".." => drop(segments.pop()),
            step => segments.push(step),
        }
    }
    if matches!(steps.rsplit('/').next(), Some("." | "..")) {
        segments.push("");
    }
    format!("/{}{}", segments.join("/"), &link[end..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_but_unreserved_characters_is_encoded() {
        let mut text = String::new();
        encode("a/b c?d=ü&%~._-", &mut text);
        assert_eq!(text, "a%2Fb%20c%3Fd%3D%C3%BC%26%25~._-");
    }

    #[test]
    fn what_is_decoded_is_what_was_encoded() {
        let mut text = String::new();
        encode("a/b c+d=ü%", &mut text);
        assert_eq!(decode(&text).as_deref(), Some("a/b c+d=ü%"));
        assert_eq!((decode("a+b").as_deref(), decode_form("a+b").as_deref()), (Some("a+b"), Some("a b")));
        for bad in ["%", "%2", "%zz", "%ff", "%-1", "%+1"] {
            assert_eq!(decode(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_form_is_written() {
        assert_eq!(form(&[("grant_type", "client_credentials"), ("scope", "a b&c")]), "grant_type=client_credentials&scope=a%20b%26c");
    }

    #[test]
    fn a_query_is_begun_and_continued() {
        let mut url = "https://a/b".to_string();
        add_query(&mut url, "x", "1");
        add_query(&mut url, "y[]", "2 3");
        assert_eq!(url, "https://a/b?x=1&y%5B%5D=2%203");
    }

    #[test]
    fn origins() {
        assert_eq!(origin("https://crm.example.com:8443/v1?x"), Some("https://crm.example.com:8443"));
        assert_eq!(origin("http://a"), Some("http://a"));
        for none in ["ftp://a/", "/v1", "https://", "https:///v1", "https://user@evil/", "https://a b/", ""] {
            assert_eq!(origin(none), None, "{none}");
        }
    }

    #[test]
    fn links_are_followed_within_their_origin_only() {
        let check = |link, expected: Option<&str>| assert_eq!(follow("https://a:1/v1/list?x=1", link).as_deref(), expected, "{link}");
        check("https://A:1/v1/list?page=2", Some("https://A:1/v1/list?page=2"));
        check("/v1/list?page=2", Some("https://a:1/v1/list?page=2"));
        check("?page=2", Some("https://a:1/v1/list?page=2"));
        for elsewhere in [
            "https://a/v1",
            "https://evil:1/",
            "//evil/x",
            "/\\evil",
            "http://a:1/",
            "https://a:1@evil/",
            "/a\r\nx: y",
            "evil\\x",
            "ftp:x",
            "",
        ] {
            check(elsewhere, None);
        }
    }

    /// RFC 3986, section 5.4.
    #[test]
    fn links_are_followed_from_where_they_stand() {
        let check = |base, link, expected: &str| assert_eq!(follow(base, link).as_deref(), Some(expected), "{link}");
        for (link, expected) in [
            ("list?page=2", "/v1/list?page=2"),
            ("./list?at=../x", "/v1/list?at=../x"),
            ("more/2", "/v1/more/2"),
            ("../v2/list", "/v2/list"),
            ("../../../x", "/x"),
            ("..", "/"),
            (".", "/v1/"),
            ("a/..//evil/x", "/v1//evil/x"),
            ("page=2", "/v1/page=2"),
        ] {
            check("https://a:1/v1/list?x=1/2", link, &format!("https://a:1{expected}"));
        }
        check("https://a:1", "list", "https://a:1/list");
        check("https://a:1/v1/", "list", "https://a:1/v1/list");
    }
}
