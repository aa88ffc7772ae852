//! One document fetched because a person asked for it: what `schema import` pins. A running project fetches nothing.
//!
//! What always holds: an address inside of this machine or its network is refused unless it is allowed by name, for a
//! schema may import whatever its author wrote; a redirect is told and not followed; the answer is bounded as all are.

use std::{sync::Arc, time::Duration};

use spanwright_core::connector::HttpRequest;

use crate::{
    clock::Clock,
    wire::{Http, HttpSettings},
};

/// How long one document may take.
const FETCH_TIME_MOST: Duration = Duration::from_secs(30);

/// The body of an address, or in words why there is none. `private`: whether addresses of this network are allowed.
///
/// # Errors
/// The address cannot be read, is private, does not answer, or answers with something else than 200.
pub fn get(url: &str, private: bool) -> Result<Vec<u8>, String> {
    exchange(HttpRequest::new("GET", url), private)
}

/// What an address answers to JSON that is posted to it, with a bearer token where there is one.
///
/// # Errors
/// As [`get`].
pub fn post_json(url: &str, body: Vec<u8>, token: Option<&str>, private: bool) -> Result<Vec<u8>, String> {
    let line = |name: &str, value: &str| (name.into(), value.as_bytes().to_vec());
    let mut headers = vec![line("content-type", "application/json"), line("accept", "application/json")];
    headers.extend(token.map(|token| line("authorization", &format!("Bearer {token}"))));
    exchange(HttpRequest { headers, body, ..HttpRequest::new("POST", url) }, private)
}

fn exchange(request: HttpRequest, private: bool) -> Result<Vec<u8>, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|why| why.to_string())?;
    runtime.block_on(async {
        // The wire looks at the very address that it connects to: a name that leads elsewhere a moment later changes nothing.
        let settings = HttpSettings { public_only: !private, ..HttpSettings::default() };
        let http = Http::new(&settings, Arc::new(Clock::of_machine())).map_err(|fault| fault.to_string())?;
        let reply = http.exchange(request, FETCH_TIME_MOST).await;
        let answer = reply.heard.map_err(|silence| silence.why)?;
        match answer.status {
            200 if answer.body.is_whole() => Ok(answer.body.bytes().to_vec()),
            200 => Err("the answer was cut off".to_string()),
            301 | 302 | 303 | 307 | 308 => {
                let to = answer
                    .headers
                    .iter()
                    .find(|(name, _)| &**name == "location")
                    .map(|(_, value)| String::from_utf8_lossy(value).into_owned());
                Err(format!("it has moved to `{}`; ask for that", to.unwrap_or_default()))
            }
            status => Err(format!("it answers {status}")),
        }
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::net::TcpListener;

    use super::*;

    /// An address is refused before anybody is connected to.
    fn check(host: &str) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let url = format!("http://{host}:{}/x.wsdl", listener.local_addr().unwrap().port());
        let why = get(&url, false).unwrap_err();
        assert!(why.contains("is no address of the public Internet"), "{why}");
        assert!(listener.accept().is_err(), "{host} was connected to");
    }

    /// A name is judged by where it leads when it is connected to, in whatever way the address is written.
    #[test]
    fn what_leads_into_this_machine_is_refused_unconnected() {
        for host in ["127.0.0.1", "localhost", "user@localhost", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1"] {
            check(host);
        }
    }

    #[test]
    fn what_leads_into_this_machine_is_fetched_where_that_is_allowed() {
        let tried = get("http://127.0.0.1:9/x.wsdl", true).unwrap_err();
        assert!(!tried.contains("public Internet"), "{tried}");
    }
}
