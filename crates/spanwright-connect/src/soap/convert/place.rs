//! Where in a JSON text a path leads: refusals of values name paths, and people look at lines.

/// The byte at which the value of a path begins; of the longest part of it that is there.
pub(super) fn of(source: &str, path: &str) -> usize {
    let mut at = blank(source, 0);
    for step in steps(path) {
        let (key, index) = step.split_once('[').map_or((step, None), |(key, rest)| (key, rest.trim_end_matches(']').parse::<usize>().ok()));
        if !key.is_empty() {
            let Some(found) = field(source, at, key) else { return at };
            at = found;
        }
        if let Some(found) = index.and_then(|index| item(source, at, index)) {
            at = found;
        }
    }
    at
}

/// A path at its dots; those in a namespace (`{urn:a.b}Name`) are none.
fn steps(path: &str) -> Vec<&str> {
    let (mut all, mut from, mut braces) = (Vec::new(), 0, 0usize);
    for (n, c) in path.char_indices() {
        match c {
            '{' => braces += 1,
            '}' => braces = braces.saturating_sub(1),
            '.' if braces == 0 => {
                all.push(&path[from..n]);
                from = n + 1;
            }
            _ => {}
        }
    }
    all.push(&path[from..]);
    all.retain(|step| !step.is_empty());
    all
}

fn blank(source: &str, from: usize) -> usize {
    source.as_bytes()[from..].iter().position(|byte| !byte.is_ascii_whitespace()).map_or(source.len(), |n| from + n)
}

fn field(source: &str, at: usize, wanted: &str) -> Option<usize> {
    let bytes = source.as_bytes();
    if bytes.get(at) != Some(&b'{') {
        return None;
    }
    let mut at = blank(source, at + 1);
    while bytes.get(at) == Some(&b'"') {
        let end = text_end(bytes, at)?;
        let key = &source[at + 1..end - 1];
        let value = blank(source, blank(source, end) + 1);
        if key == wanted {
            return Some(value);
        }
        at = blank(source, value_end(source, value)?);
        if bytes.get(at) != Some(&b',') {
            return None;
        }
        at = blank(source, at + 1);
    }
    None
}

fn item(source: &str, at: usize, wanted: usize) -> Option<usize> {
    let bytes = source.as_bytes();
    if bytes.get(at) != Some(&b'[') {
        return None;
    }
    let mut at = blank(source, at + 1);
    for _ in 0..wanted {
        at = blank(source, value_end(source, at)?);
        if bytes.get(at) != Some(&b',') {
            return None;
        }
        at = blank(source, at + 1);
    }
    Some(at)
}

fn text_end(bytes: &[u8], at: usize) -> Option<usize> {
    let mut n = at + 1;
    loop {
        match bytes.get(n)? {
            b'"' => return Some(n + 1),
            b'\\' => n += 2,
            _ => n += 1,
        }
    }
}

fn value_end(source: &str, at: usize) -> Option<usize> {
    let bytes = source.as_bytes();
    let (mut n, mut open) = (at, 0usize);
    loop {
        match bytes.get(n)? {
            b'"' => n = text_end(bytes, n)?,
            b'{' | b'[' => {
                open += 1;
                n += 1;
            }
            b'}' | b']' if open == 0 => return Some(n),
            b'}' | b']' => {
                open -= 1;
                n += 1;
            }
            b',' if open == 0 => return Some(n),
            _ => n += 1,
        }
        if open == 0 && matches!(bytes.get(n), Some(b',' | b'}' | b']') | None) {
            return Some(n);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_leads_to_its_value() {
        let source = r#"{"Body": {"a": [1, {"b": "x,y"}], "{urn:a.b}c": 5}}"#;
        let check = |path: &str, expected: &str| assert!(source[of(source, path)..].starts_with(expected), "{path}");
        check("Body.a[1].b", "\"x,y\"");
        check("Body.a[0]", "1,");
        check("Body.{urn:a.b}c", "5}");
        check("Body.a[1].missing", "{\"b\"");
        check("", "{\"Body\"");
    }
}
