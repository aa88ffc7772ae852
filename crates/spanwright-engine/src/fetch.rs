//! One document fetched because a person asked for it: what `schema import` pins. A running project fetches nothing.
//!
//! What always holds: an address inside of this machine or its network is refused unless it is allowed by name, for a
//! schema may import whatever its author wrote; a redirect is told and not followed; the answer is bounded as all are.

use std::{net::IpAddr, sync::Arc, time::Duration};

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
    exchange(HttpRequest { method: "GET", url: url.to_string(), headers: Vec::new(), body: Vec::new() }, private)
}

/// What an address answers to JSON that is posted to it, with a bearer token where there is one.
///
/// # Errors
/// As [`get`].
pub fn post_json(url: &str, body: Vec<u8>, token: Option<&str>, private: bool) -> Result<Vec<u8>, String> {
    let line = |name: &str, value: &str| (name.into(), value.as_bytes().to_vec());
    let mut headers = vec![line("content-type", "application/json"), line("accept", "application/json")];
    headers.extend(token.map(|token| line("authorization", &format!("Bearer {token}"))));
    exchange(HttpRequest { method: "POST", url: url.to_string(), headers, body }, private)
}

fn exchange(request: HttpRequest, private: bool) -> Result<Vec<u8>, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|why| why.to_string())?;
    runtime.block_on(async {
        if !private {
            refuse_private(&request.url).await?;
        }
        // A name may lead elsewhere by the time that it is connected to: the wire looks again at the very address that it takes.
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

async fn refuse_private(url: &str) -> Result<(), String> {
    let (scheme, rest) = url.split_once("://").ok_or("it is no http:// or https:// address")?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default().rsplit('@').next().unwrap_or_default();
    let named = if authority.rsplit(']').next().unwrap_or_default().contains(':') {
        authority.to_string()
    } else {
        format!("{authority}:{}", if scheme == "https" { 443 } else { 80 })
    };
    let found = tokio::net::lookup_host(&named).await.map_err(|why| format!("its host is not found: {why}"))?;
    for address in found {
        if is_private(address.ip()) {
            return Err(format!("`{}` is an address of this machine or its network", address.ip()));
        }
    }
    Ok(())
}

/// Whether an address is not of the open network (RFC 6890 and its like).
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            v4.is_loopback()
                || v4.is_private()
                || v4.is_link_local()
                || v4.is_broadcast()
                || v4.is_multicast()
                || matches!((a, b), (0, _) | (100, 64..=127) | (192, 0) | (198, 18..=19) | (240..=255, _))
        }
        IpAddr::V6(v6) => {
            let first = v6.segments()[0];
            v6.to_ipv4_mapped().is_some_and(|v4| is_private(IpAddr::V4(v4)))
                || v6.is_loopback()
                || v6.is_unspecified()
                || v6.is_multicast()
                || (first & 0xfe00) == 0xfc00
                || (first & 0xffc0) == 0xfe80
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_this_network_are_known() {
        for private in [
            "127.0.0.1",
            "10.1.2.3",
            "192.168.0.1",
            "172.16.9.9",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "::1",
            "fd00::1",
            "fe80::1",
            "::ffff:127.0.0.1",
        ] {
            assert!(private.parse().is_ok_and(is_private), "{private}");
        }
        for open in ["93.184.216.34", "8.8.8.8", "2606:2800:220:1::1"] {
            assert!(open.parse().is_ok_and(|address| !is_private(address)), "{open}");
        }
    }

    #[test]
    fn a_private_address_is_refused_unless_it_is_allowed() {
        let refused = get("http://127.0.0.1:9/x.wsdl", false).err().unwrap_or_default();
        assert!(refused.contains("of this machine"), "{refused}");
        let tried = get("http://127.0.0.1:9/x.wsdl", true).err().unwrap_or_default();
        assert!(!tried.contains("of this machine"), "{tried}");
    }
}
