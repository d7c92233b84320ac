//! Networks that agencies may call from, as CIDR (RFC 4632).

use std::net::IpAddr;

/// Whether the address lies in one of the networks, each `address/prefix` or a bare address.
#[must_use]
pub fn in_networks(address: IpAddr, networks: &[String]) -> bool {
    networks.iter().any(|network| in_network(address, network))
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
