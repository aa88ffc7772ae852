//! Which addresses a request may go to: looked at when the connection is opened, so that a name cannot change its mind.
//!
//! Never: addresses that nobody serves from, and those of the machine's own link, where clouds hand out credentials
//! (169.254.169.254). With `public_only` nothing but the public Internet, for projects whose URLs others choose.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether a request may go there.
pub(super) fn may_be_reached(address: IpAddr, public_only: bool) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => !never(address) && (!public_only || is_public(address)),
        IpAddr::V6(address) => !never_six(address) && (!public_only || is_public_six(address)),
    }
}

fn never(address: Ipv4Addr) -> bool {
    address.is_link_local() || address.is_multicast() || address.is_broadcast() || address.octets()[0] == 0 || address.octets()[0] >= 240
}

fn is_public(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let shared = a == 100 && (64..128).contains(&b);
    let benchmarks = a == 198 && (18..20).contains(&b);
    let protocol = a == 192 && b == 0 && c == 0;
    let relay = a == 192 && b == 88 && c == 99;
    !(address.is_private() || address.is_loopback() || address.is_documentation() || shared || benchmarks || protocol || relay)
}

fn never_six(address: Ipv6Addr) -> bool {
    let own_link = address.segments()[0] & 0xffc0 == 0xfe80 || address == CREDENTIALS_SIX;
    address.is_multicast() || address.is_unspecified() || own_link || stands_for(address).is_some_and(never)
}

/// Where AWS hands out credentials to machines that have no IPv4.
const CREDENTIALS_SIX: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);

/// The IPv4 address that a gateway makes of it: 6to4 (RFC 3056), NAT64 (RFC 6052) and the compatible form (RFC 4291).
fn stands_for(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [a, b, c, d, e, f, g, h] = address.segments();
    let four = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match [a, b, c, d, e, f] {
        [0x2002, high, low, ..] => Some(four(high, low)),
        [0x64, 0xff9b, 0, 0, 0, 0] => Some(four(g, h)),
        [0, 0, 0, 0, 0, 0] if address != Ipv6Addr::LOCALHOST => Some(four(g, h)),
        _ => None,
    }
}

/// Only global unicast, and of that nothing that stands for an IPv4 address, which would go round the rules above.
fn is_public_six(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    let global = segments[0] & 0xe000 == 0x2000;
    let embeds = segments[0] == 0x2002 || (segments[0] == 0x2001 && segments[1] < 0x200);
    let documents = (segments[0] == 0x2001 && segments[1] == 0xdb8) || segments[0] & 0xfff0 == 0x3ff0;
    global && !embeds && !documents
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn check(address: &str, always: bool, public_only: bool) {
        let address: IpAddr = address.parse().unwrap();
        assert_eq!((may_be_reached(address, false), may_be_reached(address, true)), (always, public_only), "{address}");
    }

    #[test]
    fn the_public_internet_may_be_reached() {
        for public in ["1.1.1.1", "8.8.8.8", "2001:4860:4860::8888", "::ffff:8.8.8.8"] {
            check(public, true, true);
        }
    }

    #[test]
    fn own_networks_may_be_reached_unless_a_project_says_otherwise() {
        for own in [
            "10.1.2.3",
            "192.168.0.1",
            "172.16.9.9",
            "127.0.0.1",
            "10.0.0.1",
            "192.0.0.0",
            "192.0.0.255",
            "192.0.2.1",
            "198.51.100.1",
            "203.0.113.9",
            "100.100.0.0",
            "192.88.99.3",
            "198.18.0.1",
            "::1",
            "::ffff:127.0.0.1",
            "2001:db8::1",
            "3fff::dead:beef",
            "fdee:3a45:9057::1",
            "fd7a:115c:a1e0::1",
            "2002:c000:204::1",
            "2002:c0a8:1::1",
            "64:ff9b::c0a8:0",
            "64:ff9b::808:808",
            "64:ff9b:1::1",
            "5f00::1",
            "100::1:2:3:4",
            "::7f00:1",
            "2001:0:1::1",
            "fec0::1",
            "198.19.255.255",
            "2002:808:808::1",
        ] {
            check(own, true, false);
        }
    }

    #[test]
    fn what_nobody_serves_from_and_the_link_itself_are_never_reached() {
        for never in [
            "169.254.169.254",
            "0.0.0.0",
            "0.1.2.3",
            "255.255.255.255",
            "224.1.2.3",
            "233.252.0.16",
            "240.240.240.240",
            "::",
            "::ffff:0.0.0.0",
            "fe80::1",
            "febf:ffff::1",
            "ff02::1",
            "::ffff:169.254.169.254",
            "::ffff:0.0.0.1",
            "2002:a9fe:a9fe::1",
            "64:ff9b::a9fe:a9fe",
            "::a9fe:a9fe",
            "fd00:ec2::254",
        ] {
            check(never, false, false);
        }
    }
}
