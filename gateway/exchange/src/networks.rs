//! Networks that agencies may call from and be called in, as CIDR (RFC 4632).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether the address lies in one of the networks, each `address/prefix` or a bare address.
#[must_use]
pub fn in_networks(address: IpAddr, networks: &[String]) -> bool {
    networks.iter().any(|network| in_network(address, network))
}

/// Whether the text is an address with a prefix, or a bare address.
#[must_use]
pub fn is_network(text: &str) -> bool {
    let (address, prefix) = text.split_once('/').unwrap_or((text, "0"));
    let Ok(address) = address.parse::<IpAddr>() else { return false };
    let most = if address.is_ipv4() { 32 } else { 128 };
    prefix.parse::<u8>().is_ok_and(|bits| bits <= most)
}

/// Whether the address is anybody's on the Internet: not this host, not a network behind it, and not a way around to one (the
/// special-purpose registries of RFC 6890).
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [first, second, third, _] = address.octets();
    let special = match first {
        0 | 10 | 127 | 224..=255 => true,
        100 => (64..128).contains(&second),
        169 => second == 254,
        172 => (16..32).contains(&second),
        192 => second == 168 || (second, third) == (0, 0) || (second, third) == (0, 2) || (second, third) == (88, 99),
        198 => second == 18 || second == 19 || (second, third) == (51, 100),
        203 => (second, third) == (0, 113),
        _ => false,
    };
    !special
}

/// Of the assigned part, what is neither for documents nor a tunnel whose far end stands in the address.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    let tunnelled = first == 0x2002 || (first == 0x2001 && second < 0x0200);
    let documents = (first, second) == (0x2001, 0x0db8) || (first == 0x3fff && second < 0x1000);
    first & 0xe000 == 0x2000 && !tunnelled && !documents
}

fn in_network(address: IpAddr, network: &str) -> bool {
    let (base, prefix) = match network.split_once('/') {
        Some((base, prefix)) => (base, prefix.parse::<u32>().ok()),
        None => (network, Some(u32::MAX)),
    };
    let (Ok(base), Some(prefix)) = (base.parse::<IpAddr>(), prefix) else { return false };
    match (address, base) {
        (IpAddr::V4(address), IpAddr::V4(base)) => {
            let shift = 32 - prefix.min(32);
            address.to_bits().checked_shr(shift).unwrap_or(0) == base.to_bits().checked_shr(shift).unwrap_or(0)
        }
        (IpAddr::V6(address), IpAddr::V6(base)) => {
            let shift = 128 - prefix.min(128);
            address.to_bits().checked_shr(shift).unwrap_or(0) == base.to_bits().checked_shr(shift).unwrap_or(0)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_lies_in_its_network_only() {
        let check = |address: &str, network: &str, expected| {
            assert_eq!(in_networks(address.parse().unwrap(), &[network.to_owned()]), expected, "{address} {network}");
        };
        check("127.0.0.1", "127.0.0.0/8", true);
        check("128.0.0.1", "127.0.0.0/8", false);
        check("10.1.2.3", "10.1.2.3", true);
        check("10.1.2.4", "10.1.2.3", false);
        check("::1", "::1/128", true);
        check("::1", "127.0.0.0/8", false);
        check("10.0.0.1", "0.0.0.0/0", true);
        check("10.0.0.1", "nonsense", false);
        assert!(!in_networks("10.0.0.1".parse().unwrap(), &[]));
    }
}
