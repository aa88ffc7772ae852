//! Answers that send us elsewhere (RFC 9110, section 15.4). Nobody is followed: our credentials and the customer's data
//! would go where nobody has said that they may. What such an answer means is in [`super::status`].

use std::sync::Arc;

use super::{answer, excerpt, url};

type Headers = [(Arc<str>, Vec<u8>)];

/// ` to https://new.example.com, which is not followed`: without path and query, which may quote what we sent. Nothing for other answers.
pub fn words(status: u16, headers: &Headers) -> String {
    if !is_redirect(status) {
        return String::new();
    }
    let to = url::origin(&location(headers)).map(|origin| format!(" to {}", excerpt::bounded(origin))).unwrap_or_default();
    format!("{to}, which is not followed")
}

/// Whether an answer sends us elsewhere. Of 300 and 304 nobody is sent anywhere.
pub fn is_redirect(status: u16) -> bool {
    matches!(status, 301 | 302 | 303 | 307 | 308)
}

/// Whether it leads to another address of the server that was asked.
pub fn stays(headers: &Headers, asked: &str) -> bool {
    let location = location(headers);
    match url::origin(&location) {
        Some(origin) => url::origin(asked).is_some_and(|asked| asked.eq_ignore_ascii_case(origin)),
        None => location.starts_with(['/', '?', '.']) && !location.starts_with("//"),
    }
}

fn location(headers: &Headers) -> String {
    answer::header(headers, "location").map(|value| String::from_utf8_lossy(value).into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(location: &str) -> Vec<(Arc<str>, Vec<u8>)> {
        vec![("location".into(), location.as_bytes().to_vec())]
    }

    #[test]
    fn it_is_said_where_it_leads_and_no_more() {
        assert_eq!(words(302, &headers("https://sso.test/login?state=secret")), " to https://sso.test, which is not followed");
        assert_eq!(words(307, &headers("/login?state=secret")), ", which is not followed");
        assert_eq!(words(301, &[]), ", which is not followed");
        assert_eq!(words(201, &headers("/orders/7")), "");
    }

    #[test]
    fn it_stays_on_the_server_that_was_asked() {
        let check = |location: &str| stays(&headers(location), "https://crm.test:8443/v1");
        for here in ["/v1/customers/12", "../12", "?id=12", "https://crm.test:8443/x", "HTTPS://CRM.test:8443/x"] {
            assert!(check(here), "{here}");
        }
        for elsewhere in ["https://crm.test/v1", "http://crm.test:8443/v1", "//other.test/", "https://crm.test:8443.evil.test/", ""] {
            assert!(!check(elsewhere), "{elsewhere}");
        }
    }
}
