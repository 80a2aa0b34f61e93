//! Which addresses are not the public Internet, after the IANA special-purpose address registries (RFC 6890), and which of
//! them hand out credentials. What may be reached all the same is decided by the parent module.

use super::Cidr;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What the address is used for, if it is not a public unicast address. An IPv6 address that carries an IPv4 address through
/// a translator or tunnel is judged by the address that it carries.
pub(super) fn special_use(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(_) => find(V4, address),
        IpAddr::V6(v6) => {
            find(V6, address).or_else(|| carried(v6).into_iter().flatten().find_map(|v4| find(V4, v4.into())))
        }
    }
}

/// Whether a cloud hands out credentials or machine settings at the address, however it is wrapped.
pub(super) fn is_metadata(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => METADATA_V4.contains(&v4),
        IpAddr::V6(v6) => {
            METADATA_V6.contains(&v6) || carried(v6).into_iter().flatten().any(|v4| METADATA_V4.contains(&v4))
        }
    }
}

const METADATA_V4: &[Ipv4Addr] = &[
    // Most clouds; then Alibaba Cloud, Oracle Cloud, Amazon's container and pod credentials, Azure, Scaleway, Tencent.
    Ipv4Addr::new(169, 254, 169, 254),
    Ipv4Addr::new(100, 100, 100, 200),
    Ipv4Addr::new(192, 0, 0, 192),
    Ipv4Addr::new(169, 254, 170, 2),
    Ipv4Addr::new(169, 254, 170, 23),
    Ipv4Addr::new(168, 63, 129, 16),
    Ipv4Addr::new(169, 254, 42, 42),
    Ipv4Addr::new(169, 254, 0, 23),
];

const METADATA_V6: &[Ipv6Addr] = &[
    // Amazon's machine and pod credentials, Google Cloud, Scaleway.
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254),
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23),
    Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254),
    Ipv6Addr::new(0xfd00, 0x42, 0, 0, 0, 0, 0, 0x42),
];

const V4: &[(Cidr, &str)] = &[
    (Cidr::v4(0, 0, 0, 0, 32), "unspecified"),
    (Cidr::v4(0, 0, 0, 0, 8), "of this network (RFC 791)"),
    (Cidr::v4(10, 0, 0, 0, 8), "private (RFC 1918)"),
    (Cidr::v4(100, 64, 0, 0, 10), "shared behind a carrier's NAT (RFC 6598)"),
    (Cidr::v4(127, 0, 0, 0, 8), "loopback"),
    (Cidr::v4(169, 254, 0, 0, 16), "link-local (RFC 3927)"),
    (Cidr::v4(172, 16, 0, 0, 12), "private (RFC 1918)"),
    (Cidr::v4(192, 0, 0, 0, 24), "reserved for protocols (RFC 6890)"),
    (Cidr::v4(192, 0, 2, 0, 24), "for documentation (RFC 5737)"),
    (Cidr::v4(192, 88, 99, 0, 24), "a 6to4 relay (RFC 7526)"),
    (Cidr::v4(192, 168, 0, 0, 16), "private (RFC 1918)"),
    (Cidr::v4(198, 18, 0, 0, 15), "for benchmarks (RFC 2544)"),
    (Cidr::v4(198, 51, 100, 0, 24), "for documentation (RFC 5737)"),
    (Cidr::v4(203, 0, 113, 0, 24), "for documentation (RFC 5737)"),
    (Cidr::v4(224, 0, 0, 0, 4), "multicast"),
    (Cidr::v4(255, 255, 255, 255, 32), "broadcast"),
    (Cidr::v4(240, 0, 0, 0, 4), "reserved (RFC 1112)"),
];

/// In order: the first network that holds the address names its use. Teredo, 6to4 and the well-known NAT64 prefix are
/// absent on purpose: they are judged by what they carry.
const V6: &[(Cidr, &str)] = &[
    (Cidr::v6([0, 0, 0, 0], 128), "unspecified"),
    (LOOPBACK_V6, "loopback"),
    (MAPPED, "IPv4-mapped (RFC 4291)"),
    (TRANSLATED, "IPv4-translated (RFC 2765)"),
    (Cidr::v6([0, 0, 0, 0], 96), "IPv4-compatible (RFC 4291)"),
    (Cidr::v6([0x64, 0xff9b, 1, 0], 48), "a local translator (RFC 8215)"),
    (Cidr::v6([0x100, 0, 0, 0], 64), "discard-only (RFC 6666)"),
    (Cidr::v6([0xfc00, 0, 0, 0], 7), "unique local (RFC 4193)"),
    (Cidr::v6([0xfe80, 0, 0, 0], 10), "link-local (RFC 4291)"),
    (Cidr::v6([0xfec0, 0, 0, 0], 10), "site-local (RFC 3879)"),
    (Cidr::v6([0xff00, 0, 0, 0], 8), "multicast"),
    (Cidr::v6([0x2001, 0xdb8, 0, 0], 32), "for documentation (RFC 3849)"),
    (Cidr::v6([0x3fff, 0, 0, 0], 20), "for documentation (RFC 9637)"),
    (Cidr::v6([0x2001, 2, 0, 0], 48), "for benchmarks (RFC 5180)"),
    (Cidr::v6([0x2001, 0x10, 0, 0], 28), "a key, not a place (RFC 4843)"),
    (Cidr::v6([0x2001, 0x20, 0, 0], 28), "a key, not a place (RFC 7343)"),
    (Cidr::v6([0x5f00, 0, 0, 0], 16), "a routing segment (RFC 9602)"),
];

const LOOPBACK_V6: Cidr = Cidr::of_v6(Ipv6Addr::LOCALHOST, 128);
const MAPPED: Cidr = Cidr::of_v6(Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0), 96);
const TRANSLATED: Cidr = Cidr::of_v6(Ipv6Addr::new(0, 0, 0, 0, 0xffff, 0, 0, 0), 96);
const GLOBAL_UNICAST: Cidr = Cidr::v6([0x2000, 0, 0, 0], 3);
const NAT64: Cidr = Cidr::v6([0x64, 0xff9b, 0, 0], 96);

fn find(table: &[(Cidr, &'static str)], address: IpAddr) -> Option<&'static str> {
    let named = table.iter().find(|(net, _)| net.contains(address)).map(|(_, name)| *name);
    // Nothing outside 2000::/3 has been given out, so an unknown prefix is not the public Internet either.
    let foreign = address.is_ipv6() && !GLOBAL_UNICAST.contains(address) && !NAT64.contains(address);
    named.or_else(|| foreign.then_some("not global unicast (RFC 4291)"))
}

/// The IPv4 addresses that a packet to this address may end at.
fn carried(address: Ipv6Addr) -> [Option<Ipv4Addr>; 2] {
    let groups = address.segments();
    let pair = |at: usize| Ipv4Addr::from_bits(u32::from(groups[at]) << 16 | u32::from(groups[at + 1]));
    match groups {
        // 6to4: RFC 3056.
        [0x2002, ..] => [Some(pair(1)), isatap(groups).then(|| pair(6))],
        // Teredo: RFC 4380; the client's address is stored inverted.
        [0x2001, 0, ..] => [Some(pair(2)), Some(Ipv4Addr::from_bits(!pair(6).to_bits()))],
        // NAT64, RFC 6052 and RFC 8215; mapped, translated and compatible addresses.
        [0x64, 0xff9b, ..] | [0, 0, 0, 0, 0, 0xffff, ..] | [0, 0, 0, 0, 0xffff, 0, ..] | [0, 0, 0, 0, 0, 0, ..] => {
            [Some(pair(6)), None]
        }
        _ => [isatap(groups).then(|| pair(6)), None],
    }
}

/// ISATAP, RFC 5214: the interface identifier ends with the IPv4 address of the tunnel's end.
fn isatap(groups: [u16; 8]) -> bool {
    matches!(groups[4], 0 | 0x200) && groups[5] == 0x5efe
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn every_special_range_is_named_at_both_ends() {
        for (first, last, name) in [
            ("0.0.0.1", "0.255.255.255", "this network"),
            ("10.0.0.0", "10.255.255.255", "private"),
            ("100.64.0.0", "100.127.255.255", "carrier"),
            ("127.0.0.0", "127.255.255.255", "loopback"),
            ("169.254.0.0", "169.254.255.255", "link-local"),
            ("172.16.0.0", "172.31.255.255", "private"),
            ("192.0.2.0", "192.0.2.255", "documentation"),
            ("192.168.0.0", "192.168.255.255", "private"),
            ("198.18.0.0", "198.19.255.255", "benchmarks"),
            ("198.51.100.0", "203.0.113.255", "documentation"),
            ("224.0.0.0", "239.255.255.255", "multicast"),
            ("240.0.0.0", "255.255.255.254", "reserved"),
            ("0.0.0.0", "::", "unspecified"),
            ("255.255.255.255", "255.255.255.255", "broadcast"),
            ("::1", "::1", "loopback"),
            ("::ffff:0.0.0.0", "::ffff:8.8.8.8", "IPv4-mapped"),
            ("::ffff:0:127.0.0.1", "::ffff:0:8.8.8.8", "IPv4-translated"),
            ("::7f00:1", "::8.8.8.8", "IPv4-compatible"),
            ("fc00::", "fdff:ffff::1", "unique local"),
            ("fe80::", "febf::1", "link-local"),
            ("fec0::", "feff::1", "site-local"),
            ("ff00::", "ffff::1", "multicast"),
            ("2001:db8::", "2001:db8:ffff::1", "documentation"),
            ("3fff::", "3fff:fff::1", "documentation"),
            ("2001:2::", "2001:2:0:ffff::1", "benchmarks"),
            ("64:ff9b:1::", "64:ff9b:1:ffff::8.8.8.8", "local translator"),
            ("4000::1", "1fff::1", "not global unicast"),
        ] {
            for text in [first, last] {
                let found = special_use(ip(text)).unwrap_or("public");
                assert!(found.contains(name), "{text}: {found}");
            }
        }
    }

    #[test]
    fn public_addresses_are_not_special_and_neither_are_their_neighbours_of_the_ranges() {
        for text in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2606:4700::1111",
            "2a00::1",
            "2001:4860:4860::8888",
            "2001:db7::1",
            "2001:db9::1",
        ] {
            assert_eq!(special_use(ip(text)), None, "{text}");
        }
    }

    #[test]
    fn tunnels_and_translators_are_judged_by_the_address_that_they_carry() {
        for (text, want) in [
            ("64:ff9b::127.0.0.1", Some("loopback")),
            ("64:ff9b::10.1.2.3", Some("private (RFC 1918)")),
            ("64:ff9b::8.8.8.8", None),
            ("2002:7f00:1::", Some("loopback")),
            ("2002:c0a8:101::1", Some("private (RFC 1918)")),
            ("2002:808:808::1", None),
            // Teredo: server 10.0.0.1; then client 127.0.0.1, inverted; then both public.
            ("2001:0:a00:1::f7f7:f7f7", Some("private (RFC 1918)")),
            ("2001:0:808:808::80ff:fffe", Some("loopback")),
            ("2001:0:808:808::f7f7:f7f7", None),
            ("2a00::5efe:10.0.0.1", Some("private (RFC 1918)")),
            ("2a00::200:5efe:127.0.0.1", Some("loopback")),
            ("2002:808:808::5efe:127.0.0.1", Some("loopback")),
        ] {
            assert_eq!(special_use(ip(text)), want, "{text}");
        }
    }

    #[test]
    fn metadata_addresses_are_known_in_every_wrapping() {
        for text in [
            "169.254.169.254",
            "100.100.100.200",
            "192.0.0.192",
            "169.254.170.2",
            "168.63.129.16",
            "fd00:ec2::254",
            "fd20:ce::254",
            "::ffff:169.254.169.254",
            "::ffff:100.100.100.200",
            "::169.254.169.254",
            "::ffff:0:169.254.169.254",
            "64:ff9b::169.254.169.254",
            "64:ff9b:1::192.0.0.192",
            "2002:a9fe:a9fe::1",
            "2001:0:a9fe:a9fe::f7f7:f7f7",
            "2001:0:808:808::5601:5601",
            "fe80::5efe:169.254.169.254",
        ] {
            assert!(is_metadata(ip(text)), "{text}");
        }
        for text in ["169.254.169.253", "8.8.8.8", "::1", "fd00:ec2::255", "::ffff:8.8.8.8"] {
            assert!(!is_metadata(ip(text)), "{text}");
        }
    }
}
