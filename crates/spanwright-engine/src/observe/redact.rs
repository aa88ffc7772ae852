//! The last net under the secrets: whatever a line of the log says, no value of a secret is in it.
//!
//! Failures are made without values and without secrets. But a peer may put what we sent into its own words, and a
//! connector that quotes them would print a password. So what a peer said is searched for the values themselves before
//! anybody hears of it, and each line of the log once more: as they are, and in the spellings in which they go out.

use std::sync::{Arc, Mutex, PoisonError};

use memchr::memmem;

/// A value shorter than this is not searched for: `1` as a password would blacken every line.
pub const SECRET_LENGTH_LEAST: usize = 5;
/// Values that are known at once; the oldest is forgotten. Tokens come and go.
const VALUES_MOST: usize = 192;
const INSTEAD: &[u8] = b"***";
/// A shorter path of a secret address is nothing that nobody could know: `/api/v1`.
const PATH_LENGTH_LEAST: usize = 12;

/// The values that no line may show.
#[derive(Clone, Default)]
pub struct Secrets {
    values: Arc<Mutex<Vec<Arc<str>>>>,
}

impl Secrets {
    /// One more, in every spelling: in a JSON text and in an address it may look different.
    pub fn add(&self, value: &str) {
        // It is said again before each request; its spellings came with it the first time.
        if value.len() < SECRET_LENGTH_LEAST || !self.add_one(value) {
            return;
        }
        let parts = parts_of_address(value);
        for one in std::iter::once(value).chain(parts) {
            for spelled in [one.to_string(), in_json(one), in_address(one), in_xml(one)] {
                if spelled.len() >= SECRET_LENGTH_LEAST {
                    self.add_one(&spelled);
                }
            }
        }
    }

    /// False where it was known.
    fn add_one(&self, value: &str) -> bool {
        let mut values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        if values.iter().any(|have| &**have == value) {
            return false;
        }
        if values.len() == VALUES_MOST {
            values.remove(0);
        }
        values.push(value.into());
        true
    }

    /// Takes them out of words.
    pub fn clean(&self, words: &mut String) {
        let mut bytes = std::mem::take(words).into_bytes();
        self.redact(&mut bytes);
        // Whole texts were taken out, and stars put in.
        *words = String::from_utf8_lossy(&bytes).into_owned();
    }

    /// Takes them out of a line.
    pub fn redact(&self, line: &mut Vec<u8>) {
        let values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        for value in values.iter() {
            while let Some(at) = memmem::find(line, value.as_bytes()) {
                line.splice(at..at + value.len(), INSTEAD.iter().copied());
            }
        }
    }
}

fn in_json(value: &str) -> String {
    let mut out = Vec::new();
    spanwright_shape::json::write_text(value, &mut out);
    let text = String::from_utf8_lossy(&out);
    text.get(1..text.len() - 1).unwrap_or_default().to_string()
}

/// As the text of an element.
fn in_xml(value: &str) -> String {
    value.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// RFC 3986: everything but unreserved characters.
fn in_address(value: &str) -> String {
    let spell = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    value.bytes().map(spell).collect()
}

/// An address that is secret as a whole is so in its parts: a peer says its path back, and a proxy the password in it.
fn parts_of_address(value: &str) -> Vec<&str> {
    let Some((_, rest)) = value.split_once("://") else { return Vec::new() };
    let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    let password = authority.rsplit_once('@').map(|(user, _)| user.split_once(':').map_or(user, |(_, password)| password));
    let (path_alone, query) = path.split_once('?').unwrap_or((path, ""));
    let values = query.split('&').filter_map(|pair| Some(pair.split_once('=')?.1));
    let paths = [path, path_alone].into_iter().filter(|path| path.len() >= PATH_LENGTH_LEAST);
    password.into_iter().chain(paths).chain(values).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(secrets: &[&str], line: &str, expected: &str) {
        let known = Secrets::default();
        secrets.iter().for_each(|secret| known.add(secret));
        let mut line = line.as_bytes().to_vec();
        known.redact(&mut line);
        assert_eq!(String::from_utf8_lossy(&line), expected);
    }

    #[test]
    fn a_secret_is_taken_out_wherever_it_stands() {
        check(&["hunter22"], "crm said: no user hunter22, hunter22!", "crm said: no user ***, ***!");
    }

    #[test]
    fn a_secret_is_known_as_json_and_addresses_spell_it() {
        check(&["pl\"um\\1"], r#"{"says":"no user pl\"um\\1"}"#, r#"{"says":"no user ***"}"#);
        check(&["plum & 1"], "GET /a?key=plum%20%26%201", "GET /a?key=***");
    }

    #[test]
    fn a_secret_is_known_as_xml_spells_it() {
        check(&["a<b>&c"], "no user <P>a&lt;b&gt;&amp;c</P>", "no user <P>***</P>");
    }

    #[test]
    fn an_address_that_is_secret_is_so_in_its_parts() {
        check(&["https://hooks.example/services/T0/secret-word?sig=abcdef"], "POST /services/T0/secret-word?sig=abcdef", "POST ***");
        check(&["https://hooks.example/services/T0/secret-word"], "not found: /services/T0/secret-word", "not found: ***");
        check(&["https://sync:password@crm.example/v1"], "GET /v1 as sync:password", "GET /v1 as sync:***");
    }

    #[test]
    fn a_secret_of_stars_does_not_loop() {
        check(&["*****"], "a ***** b", "a *** b");
    }

    #[test]
    fn a_value_too_short_to_be_one_is_left() {
        check(&["no"], "no, not now", "no, not now");
    }
}
