//! A network of addresses.

use std::net::IpAddr;

/// A network in CIDR notation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

impl Network {
    /// `10.0.0.0/8`, `2001:db8::/32`, or one address. `None` where it is none.
    pub fn parse(text: &str) -> Option<Network> {
        let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr = address.parse().ok()?;
        let all = if address.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            Some(bits) => bits.parse().ok().filter(|bits| *bits <= all)?,
            None => all,
        };
        Some(Network { address, bits })
    }

    /// Whether an address is in it. An IPv4 address in IPv6 clothes is that IPv4 address.
    pub fn holds(&self, address: IpAddr) -> bool {
        let wide = |address: IpAddr| match address {
            IpAddr::V4(address) => (u128::from(u32::from(address)) << 96, true),
            IpAddr::V6(address) => (u128::from(address), false),
        };
        let ((own, own_four), (other, other_four)) = (wide(self.address), wide(address.to_canonical()));
        let mask = u128::MAX.checked_shl(128 - u32::from(self.bits)).unwrap_or(0);
        own_four == other_four && own & mask == other & mask
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn networks() {
        let holds = |network: &str, address: &str| Network::parse(network).unwrap().holds(address.parse().unwrap());
        assert!(holds("10.0.0.0/8", "10.255.0.1") && holds("0.0.0.0/0", "1.2.3.4") && holds("1.2.3.4", "1.2.3.4"));
        assert!(holds("2001:db8::/32", "2001:db8:1::1") && holds("10.0.0.0/8", "::ffff:10.0.0.1") && holds("::/0", "::1"));
        assert!(!holds("10.0.0.0/8", "11.0.0.1") && !holds("1.2.3.4/32", "1.2.3.5") && !holds("::/0", "1.2.3.4"));
        for bad in ["10.0.0.0/33", "::/129", "10.0.0", "a/8", "10.0.0.0/", ""] {
            assert!(Network::parse(bad).is_none(), "{bad}");
        }
    }
}
