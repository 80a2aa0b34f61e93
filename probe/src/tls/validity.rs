//! Until when a certificate is valid, read from its bytes. Everything else in it has been judged by the handshake.

use uphold_core::time::Instant;

/// `notAfter` of an X.509 certificate (RFC 5280, section 4.1), or nothing where the bytes are no such certificate.
pub(super) fn until(certificate: &[u8]) -> Option<Instant> {
    const SEQUENCE: u8 = 0x30;
    const VERSION: u8 = 0xa0;
    let (SEQUENCE, outer, _) = element(certificate)? else { return None };
    let (SEQUENCE, body, _) = element(outer)? else { return None };
    let (first, _, after_first) = element(body)?;
    // The version is left out in version 1.
    let after_serial = if first == VERSION { element(after_first)?.2 } else { after_first };
    let after_algorithm = element(after_serial)?.2;
    let after_issuer = element(after_algorithm)?.2;
    let (SEQUENCE, validity, _) = element(after_issuer)? else { return None };
    let (tag, time, _) = element(element(validity)?.2)?;
    moment(tag, std::str::from_utf8(time).ok()?)
}

/// The tag of the first element, its content, and what follows it.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let [tag, length, rest @ ..] = bytes else { return None };
    let (length, rest) = match length {
        0..=0x7f => (usize::from(*length), rest),
        0x81..=0x83 => {
            let (digits, rest) = rest.split_at_checked(usize::from(length & 0x0f))?;
            (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((*tag, content, rest))
}

fn moment(tag: u8, text: &str) -> Option<Instant> {
    const UTC_TIME: u8 = 0x17;
    const GENERALIZED_TIME: u8 = 0x18;
    let (century, rest) = match (tag, text.len()) {
        // RFC 5280: years below 50 are of this century.
        (UTC_TIME, 13) if text < "50" => ("20", text),
        (UTC_TIME, 13) => ("19", text),
        (GENERALIZED_TIME, 15) => text.split_at_checked(2)?,
        _ => return None,
    };
    let digits = rest.strip_suffix('Z').filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
    let part = |at: usize| &digits[at..at + 2];
    Instant::parse(&format!("{century}{}-{}-{}T{}:{}:{}Z", part(0), part(2), part(4), part(6), part(8), part(10))).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    fn certificate(year: i32) -> Vec<u8> {
        let mut params = CertificateParams::new(vec!["a.example".to_owned()]).unwrap();
        params.not_before = date_time_ymd(2000, 1, 1);
        params.not_after = date_time_ymd(year, 3, 4);
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
    }

    #[test]
    fn the_end_is_read_in_both_forms_of_time() {
        for (year, written) in [(2031, "2031-03-04T00:00:00Z"), (2051, "2051-03-04T00:00:00Z")] {
            assert_eq!(until(&certificate(year)), Some(Instant::parse(written).unwrap()));
        }
        assert_eq!(moment(0x17, "991231235959Z"), Some(Instant::parse("1999-12-31T23:59:59Z").unwrap()));
    }

    #[test]
    fn bytes_that_are_no_certificate_say_nothing() {
        let whole = certificate(2031);
        for length in 0..whole.len() {
            assert_eq!(until(&whole[..length]), None, "{length}");
        }
        // No byte that is changed brings the reader down.
        for at in 0..whole.len().min(200) {
            let mut changed = whole.clone();
            changed[at] ^= 0xff;
            until(&changed);
        }
        assert_eq!(moment(0x17, "261131000000Z"), None, "no such day");
        assert_eq!(moment(0x17, "2611310000+0Z"), None);
    }
}
