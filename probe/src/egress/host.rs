//! The host of a target: a name or an address, read so strictly that no two programs can read it differently.
//! Nothing is resolved here.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A host that was checked: a name in lower case, or an address.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Host {
    /// A DNS name, ASCII, in lower case.
    Name(HostName),
    /// An address that was written out.
    Address(IpAddr),
}

/// The text of a DNS name. Only [`Host::parse`] makes one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HostName(String);

impl HostName {
    /// The name, in lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Host {
    /// Reads a host as it stands in a URL: a DNS name, a strict dotted quad, or IPv6 in brackets.
    ///
    /// # Errors
    /// When it is anything else. A host whose last label is a number (`2130706433`, `0x7f.1`, `017700000001`, `127.1`) is
    /// refused unless it is a dotted quad without leading zeros: C libraries resolve such texts to addresses.
    ///
    /// ```
    /// use uphold_probe::egress::Host;
    /// assert_eq!(Host::parse("Example.COM")?.to_string(), "example.com");
    /// assert_eq!(Host::parse("[2001:DB8::1]")?.to_string(), "[2001:db8::1]");
    /// assert!(Host::parse("0x7f.1").is_err());
    /// # Ok::<(), uphold_probe::egress::HostError>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, HostError> {
        let fail = |problem| HostError { text: text.to_owned(), problem };
        if let Some(rest) = text.strip_prefix('[') {
            let inner = rest.strip_suffix(']').ok_or_else(|| fail(HostProblem::Brackets))?;
            let address: Ipv6Addr = inner.parse().map_err(|_| fail(HostProblem::Brackets))?;
            return Ok(Self::Address(address.into()));
        }
        if let Ok(address) = text.parse::<Ipv4Addr>() {
            return Ok(Self::Address(address.into()));
        }
        match problem_of_name(text) {
            Some(problem) => Err(fail(problem)),
            None => Ok(Self::Name(HostName(text.to_ascii_lowercase()))),
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name.as_str()),
            Self::Address(IpAddr::V4(v4)) => write!(f, "{v4}"),
            Self::Address(IpAddr::V6(v6)) => write!(f, "[{v6}]"),
        }
    }
}

fn problem_of_name(text: &str) -> Option<HostProblem> {
    let relative = text.strip_suffix('.').unwrap_or(text);
    if relative.is_empty() {
        return Some(HostProblem::Empty);
    }
    if relative.len() > 253 {
        return Some(HostProblem::TooLong);
    }
    // `_` is no host name character by RFC 952, but names that have it are served and browsers open them.
    if !relative.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.')) {
        return Some(HostProblem::Character);
    }
    if relative.split('.').any(|label| label.is_empty() || label.len() > 63) {
        return Some(HostProblem::Label);
    }
    relative.rsplit('.').next().filter(|last| is_number(last)).map(|_| HostProblem::Number)
}

/// Whether a C library could take the label for a part of an address: digits, or `0x` with or without digits.
fn is_number(label: &str) -> bool {
    let hex = label.strip_prefix("0x").or_else(|| label.strip_prefix("0X"));
    label.bytes().all(|b| b.is_ascii_digit()) || hex.is_some_and(|d| d.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// Why a text is not a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostError {
    text: String,
    problem: HostProblem,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum HostProblem {
    Empty,
    TooLong,
    Character,
    Label,
    Number,
    Brackets,
}

impl fmt::Display for HostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "could not read host `{}`: ", self.text.escape_default())?;
        f.write_str(match self.problem {
            HostProblem::Empty => "it is empty",
            HostProblem::TooLong => "it is longer than 253 characters",
            HostProblem::Character => {
                "only letters, digits, `-`, `_` and `.` may stand in it (write other scripts as `xn--`)"
            }
            HostProblem::Label => "the parts between dots must have 1 to 63 characters",
            HostProblem::Number => "it looks like an address but is not a dotted quad such as 192.0.2.1",
            HostProblem::Brackets => "brackets must hold one IPv6 address without a zone",
        })
    }
}

impl std::error::Error for HostError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_addresses_are_told_apart() {
        for (text, written) in [
            ("example.com", "example.com"),
            ("EXAMPLE.com.", "example.com."),
            ("a_b.xn--eckwd4c7c.jp", "a_b.xn--eckwd4c7c.jp"),
            ("1password.com", "1password.com"),
            ("0xdeadbeef.example", "0xdeadbeef.example"),
            ("localhost", "localhost"),
        ] {
            assert!(matches!(Host::parse(text), Ok(Host::Name(name)) if name.as_str() == written), "{text}");
        }
        for text in ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "255.255.255.255"] {
            assert!(matches!(Host::parse(text), Ok(Host::Address(_))), "{text}");
        }
    }

    #[test]
    fn odd_encodings_of_addresses_are_refused() {
        for text in [
            "2130706433",
            "0x7f000001",
            "0X7F000001",
            "017700000001",
            "0x7f.1",
            "127.1",
            "127.0.1",
            "0177.0.0.1",
            "127.0.0.01",
            "127.0.0.0x1",
            "0x7f.0x0.0x0.0x1",
            "127.0.0.1.",
            "127.0.0.1.1",
            "256.0.0.1",
            "4294967297",
            "0",
            "0x",
            "1.0x",
            "00000000000000000000000000000001",
            "example.1",
        ] {
            assert_eq!(Host::parse(text).map_err(|e| e.problem), Err(HostProblem::Number), "{text}");
        }
    }

    #[test]
    fn what_a_resolver_or_a_header_could_be_confused_by_is_refused() {
        for text in [
            "",
            ".",
            "a..b",
            ".a",
            "a b",
            "a\r\nX: y",
            "a\0",
            "a\t",
            "127.0.0.1\n",
            " 127.0.0.1",
            "ⓔxample.com",
            "１２７.0.0.1",
            "127。0。0。1",
            "%31%32%37.0.0.1",
            "a@b",
            "a:80",
            "::1",
            "[::1",
            "[::1%25lo]",
            "[::1%lo]",
            "[127.0.0.1]",
            "[v1.a]",
            "[::1]x",
            "a/b",
            "a\\b",
            "a#b",
            "a?b",
        ] {
            assert!(Host::parse(text).is_err(), "{text:?}");
        }
        assert!(Host::parse(&"a".repeat(64)).is_err());
        assert!(Host::parse(&"a.".repeat(127)).is_ok());
        assert!(Host::parse(&"a.".repeat(128)).is_err());
    }

    #[test]
    fn an_error_shows_control_characters_escaped() {
        assert!(Host::parse("a\r\nb").unwrap_err().to_string().starts_with(r"could not read host `a\r\nb`: only"));
    }
}
