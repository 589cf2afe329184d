//! Lists of addresses: IPv4 and IPv6, single or as ranges (`203.0.113.0/24`, `2001:db8::/32`).

use std::net::{IpAddr, Ipv6Addr};

/// A range of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// As IPv6; IPv4 is mapped.
    first: u128,
    /// Leading bits that must be the same.
    bits: u32,
}

/// IPv4 is `::ffff:0:0/96`, so that an IPv4 peer of an IPv6 socket is found on the list too.
fn number(address: IpAddr) -> u128 {
    let address = match address {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => address,
    };
    Ipv6Addr::to_bits(address)
}

fn mask(bits: u32) -> u128 {
    u128::MAX.checked_shl(128 - bits).unwrap_or(0)
}

impl Range {
    /// Reads an address, or one with the length of its prefix.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, length) = match text.trim().split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text.trim(), None),
        };
        let address: IpAddr = address.parse().ok()?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let length = match length {
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits
                .parse::<u32>()
                .ok()
                .filter(|length| *length <= most)?,
            Some(_) => return None,
            None => most,
        };
        let bits = 128 - most + length;
        let first = number(address);
        // Bits beyond the prefix are a mistake: the list would mean more than it seems to say.
        (first & !mask(bits) == 0).then_some(Self { first, bits })
    }

    /// Whether an address is in it.
    pub fn holds(&self, address: IpAddr) -> bool {
        number(address) & mask(self.bits) == self.first
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        for (range, inside, outside) in [
            ("203.0.113.7", "203.0.113.7", "203.0.113.6"),
            ("203.0.113.0/24", "203.0.113.255", "203.0.112.255"),
            ("203.0.113.0/24", "::ffff:203.0.113.9", "::203.0.113.9"),
            ("::ffff:203.0.113.0/120", "203.0.113.9", "203.0.114.0"),
            ("0.0.0.0/0", "8.8.8.8", "2001:db8::1"),
            ("2001:db8::/32", "2001:db8:ffff::1", "2001:db9::"),
            ("2001:db8::1", "2001:db8::1", "2001:db8::2"),
        ] {
            let range = Range::parse(range).unwrap();
            assert!(range.holds(inside.parse().unwrap()), "{inside}");
            assert!(!range.holds(outside.parse().unwrap()), "{outside}");
        }
        assert!(
            Range::parse("::/0")
                .unwrap()
                .holds("1.2.3.4".parse().unwrap())
        );
        for bad in [
            "",
            "1.2.3",
            "1.2.3.4/33",
            "1.2.3.4/",
            "1.2.3.4/-1",
            "1.2.3.4/+8",
            "::1/129",
            "203.0.113.7/24",
            "a",
            "01.2.3.4",
            "1.2.3.4/24/8",
        ] {
            assert_eq!(Range::parse(bad), None, "{bad}");
        }
    }
}
