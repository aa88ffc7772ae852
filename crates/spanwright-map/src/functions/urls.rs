//! URLs in their parts (RFC 3986 appendix B), and queries in theirs. Nothing is made valid that is not.

use spanwright_shape::{number::Number, value::Value};

use super::{Asked, Function, Makes, Result, Types, formats::percent_decoded, types::nothing};
use crate::run::{Kinds, Outcome, What};

/// `url_parts`
pub static URL_PARTS: Function = Function {
    name: "url_parts",
    takes: &[""],
    about: "A URL as `{scheme, user, host, port, path, query, fragment}`; null for what it has not. Nothing is decoded.",
    example: ["url_parts | .host, .path", r#""https://shop.example:8443/a/b?x=1#top""#, r#""shop.example""/a/b""#],
    ours: true,
    makes: Makes::Value {
        run: url_parts,
        prepare: nothing,
        types: Types::of(Kinds::TEXT, Result::Of(|checker, _, _| checker.url_parts())),
    },
};

/// `query_parts`
pub static QUERY_PARTS: Function = Function {
    name: "query_parts",
    takes: &[""],
    about: "A query as a record of its parameters, decoded (`+` is a space); of a name that stands twice, the last counts.",
    example: ["query_parts", r#""a=1&b=x%20y""#, r#"{"a":"1","b":"x y"}"#],
    ours: true,
    makes: Makes::Value {
        run: query_parts,
        prepare: nothing,
        types: Types::of(Kinds::TEXT, Result::Of(|checker, _, _| checker.record_of_texts())).can_fail(),
    },
};

fn url_parts<'a>(asked: &Asked<'a, '_>) -> Outcome<'a> {
    let text = asked.text()?;
    let text_or_null = |part: Option<&'a str>| part.map_or(Value::Null, Value::Text);
    let (rest, fragment) = cut(text, '#');
    let (rest, query) = cut(rest, '?');
    let named = rest.split_once(':').filter(|(scheme, _)| is_scheme(scheme));
    let (scheme, rest) = named.map_or((None, rest), |(scheme, rest)| (Some(scheme), rest));
    let (authority, path) = match rest.strip_prefix("//") {
        Some(rest) => {
            let end = rest.find('/').unwrap_or(rest.len());
            (Some(&rest[..end]), &rest[end..])
        }
        None => (None, rest),
    };
    let (user, address) = authority.map_or((None, None), |all| match all.rsplit_once('@') {
        Some((user, address)) => (Some(user), Some(address)),
        None => (None, Some(all)),
    });
    // The colons of an IPv6 address stand inside brackets.
    let ported = address.and_then(|address| address.rsplit_once(':')).filter(|(_, port)| !port.contains(']'));
    let host = ported.map_or(address, |(host, _)| Some(host));
    let port = ported.and_then(|(_, port)| port.parse::<u16>().ok()).map_or(Value::Null, |port| Value::Number(Number::int(port.into())));
    let fields = [
        ("scheme", text_or_null(scheme)),
        ("user", text_or_null(user)),
        ("host", text_or_null(host)),
        ("port", port),
        ("path", Value::Text(path)),
        ("query", text_or_null(query)),
        ("fragment", text_or_null(fragment)),
    ];
    asked.run.record(&fields, asked.site)
}

fn cut(text: &str, at: char) -> (&str, Option<&str>) {
    text.split_once(at).map_or((text, None), |(before, behind)| (before, Some(behind)))
}

/// RFC 3986 section 3.1
fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
}

fn query_parts<'a>(asked: &Asked<'a, '_>) -> Outcome<'a> {
    let text = asked.text()?;
    asked.run.take_text(text.len(), asked.site)?;
    let mut fields: Vec<(&'a str, Value<'a>)> = Vec::new();
    for pair in text.trim_start_matches('?').split('&').filter(|pair| !pair.is_empty()) {
        asked.run.take_items(1 + fields.len() / 8, asked.site)?;
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let decoded = |part: &str| {
            let text =
                percent_decoded(&part.replace('+', " ")).ok_or_else(|| asked.stop(What::Argument("the query is not percent-encoded")))?;
            asked.run.text(&text, asked.site)
        };
        let (name, value) = (decoded(name)?, Value::Text(decoded(value)?));
        match fields.iter_mut().find(|(have, _)| *have == name) {
            Some((_, old)) => *old = value,
            None => fields.push((name, value)),
        }
    }
    asked.run.record(&fields, asked.site)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use crate::{Env, Program};
    use spanwright_shape::{json, room::Room};

    fn check(program: &str, input: &str, expected: &str) {
        let (room, work) = (Room::new(), Room::new());
        let quoted = format!("{input:?}");
        let env = Env { dot: json::read(quoted.as_bytes(), &room).unwrap(), names: &[] };
        let program = Program::of(program).unwrap();
        let value = program.one(&env, &work).unwrap().unwrap();
        let mut out = Vec::new();
        json::write(&value, &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), expected, "{input}");
    }

    #[test]
    fn a_url_falls_into_its_parts() {
        let parts = "url_parts | [.scheme, .user, .host, .port, .path, .query, .fragment]";
        check(parts, "https://a:b@h:1/p?q#f", r#"["https","a:b","h",1,"/p","q","f"]"#);
        check(parts, "mailto:x@y.test", r#"["mailto",null,null,null,"x@y.test",null,null]"#);
        check(parts, "http://[::1]:80/", r#"["http",null,"[::1]",80,"/",null,null]"#);
        check(parts, "http://[::1]/", r#"["http",null,"[::1]",null,"/",null,null]"#);
        check(parts, "/a/b", r#"[null,null,null,null,"/a/b",null,null]"#);
        check(parts, "", r#"[null,null,null,null,"",null,null]"#);
    }

    #[test]
    fn a_query_falls_into_its_parameters() {
        check("query_parts", "?a=1&a=2&b&c=%C3%A4+x", r#"{"a":"2","b":"","c":"ä x"}"#);
        check("query_parts", "", "{}");
    }
}
