//! Who sent a request, where proxies of ours stand in front of us.
//!
//! What a header says counts only as far as a proxy of ours has written it: from the right, up to the first address that is no
//! proxy. What stands left of that was written by whoever it was. Where a proxy of ours names nobody whom we can read,
//! nobody is the sender: an address that no list of clients allows.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use hyper::HeaderMap;
use spanwright_core::door::Network;

/// Whom no list allows but one of everybody.
const NOBODY: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

/// From the right, the first address that is no proxy of ours.
pub(super) fn sender(peer: IpAddr, headers: &HeaderMap, proxies: &[Network]) -> IpAddr {
    let mut from = peer;
    let Some(path) = forwarded(headers, "x-forwarded-for") else { return from };
    for hop in path.rsplit(',') {
        if !is_ours(from, proxies) {
            break;
        }
        match address(hop.trim()) {
            Some(address) => from = address,
            None => return NOBODY,
        }
    }
    from
}

/// Whether the sender spoke TLS, as a proxy of ours says; `None` where none stands in front.
pub(super) fn spoke_tls(peer: IpAddr, headers: &HeaderMap, proxies: &[Network]) -> Option<bool> {
    is_ours(peer, proxies).then(|| forwarded(headers, "x-forwarded-proto").is_some_and(|proto| proto.trim() == "https"))
}

fn is_ours(address: IpAddr, proxies: &[Network]) -> bool {
    proxies.iter().any(|proxy| proxy.holds(address))
}

/// `203.0.113.9`, `203.0.113.9:4711`, `2001:db8::9`, `[2001:db8::9]` or `[2001:db8::9]:4711`
fn address(hop: &str) -> Option<IpAddr> {
    let bare = hop.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(hop);
    bare.parse().ok().or_else(|| Some(hop.parse::<SocketAddr>().ok()?.ip()))
}

/// All lines of a header. A sender who writes bytes that are no text hides nothing that a proxy wrote behind them.
fn forwarded(headers: &HeaderMap, name: &str) -> Option<String> {
    let lines: Vec<_> = headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
    (!lines.is_empty()).then(|| lines.join(","))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use hyper::header::HeaderValue;

    use super::*;

    #[track_caller]
    fn check(peer: &str, lines: &[&[u8]], expected: &str) {
        let proxies: Vec<Network> = ["10.0.0.0/8", "fd00::/8"].map(|network| Network::parse(network).unwrap()).into();
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append("x-forwarded-for", HeaderValue::from_bytes(line).unwrap());
        }
        assert_eq!(sender(peer.parse().unwrap(), &headers, &proxies).to_string(), expected);
    }

    #[test]
    fn only_a_proxy_of_ours_says_who_was_in_front_of_it() {
        check("203.0.113.9", &[], "203.0.113.9");
        check("203.0.113.9", &[b"198.51.100.1"], "203.0.113.9");
        check("10.0.0.1", &[], "10.0.0.1");
        check("10.0.0.1", &[b"198.51.100.1"], "198.51.100.1");
        check("::ffff:10.0.0.1", &[b"198.51.100.1"], "198.51.100.1");
        // What its sender had written itself.
        check("10.0.0.1", &[b"10.0.0.7, 198.51.100.1"], "198.51.100.1");
        check("10.0.0.1", &[b"10.0.0.7", b"198.51.100.1"], "198.51.100.1");
        // Two of ours, and all of them ours.
        check("10.0.0.1", &[b"1.2.3.4, 198.51.100.1, 10.0.0.2"], "198.51.100.1");
        check("10.0.0.1", &[b"10.0.0.3, 10.0.0.2"], "10.0.0.3");
    }

    #[test]
    fn an_address_may_have_a_port_and_brackets() {
        check("10.0.0.1", &[b"198.51.100.1:4711"], "198.51.100.1");
        check("fd00::1", &[b"[2001:db8::9]:4711"], "2001:db8::9");
        check("fd00::1", &[b"[2001:db8::9]"], "2001:db8::9");
        check("fd00::1", &[b"2001:db8::9"], "2001:db8::9");
    }

    #[test]
    fn where_a_proxy_names_nobody_nobody_came_and_never_the_proxy_itself() {
        check("10.0.0.1", &[b"unknown"], "0.0.0.0");
        check("10.0.0.1", &[b""], "0.0.0.0");
        check("10.0.0.1", &[b"198.51.100.1, "], "0.0.0.0");
        // Bytes that are no text, in front of what the proxy wrote, and in its place.
        check("10.0.0.1", &[b"\xff\xfe, 198.51.100.1"], "198.51.100.1");
        check("10.0.0.1", &[b"\xff\xfe"], "0.0.0.0");
    }
}
