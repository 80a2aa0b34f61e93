//! What one measurement says. When it was taken, and by whom, is the caller's to add.

mod cause;

pub use cause::{Cause, Said, Step, Took, samples};

use hyper::header::{CONTENT_LOCATION, HeaderMap, HeaderName, LINK, LOCATION, REFRESH};
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use uphold_core::run::Observed;

/// How much of a body is kept as evidence, in bytes.
pub const EVIDENCE_BODY_BYTES: usize = 1024;

/// What one measurement of one target says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The state that was seen. Unknown if the measurement itself failed.
    pub state: Observed,
    /// How long each part took.
    pub phases: Phases,
    /// The reason, which is shown as `HTTP 503` or `timed out after 2 s while connecting`.
    pub cause: Cause,
    /// What the target answered. Only failures and degraded answers have it, and only if there was an answer.
    pub evidence: Option<Box<Evidence>>,
}

/// How long each part of a measurement took, in microseconds; zero for a part that was not reached. A failed part has the time
/// until it failed. Where redirects were followed, each is the sum over all hops.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Phases {
    /// From the name to its addresses.
    pub resolve_us: u64,
    /// From the address to a TCP connection.
    pub connect_us: u64,
    /// The TLS handshake.
    pub tls_us: u64,
    /// From the request to the head of the answer. In a browser: until the page shows what is waited for first.
    pub first_byte_us: u64,
    /// From the head of the answer to the end of what is read of it. In a browser: from the sign-in to its end.
    pub body_us: u64,
    /// All of it, the body included.
    pub total_us: u64,
}

/// What is kept of a failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Evidence {
    /// What the target answered.
    Answer(AnswerEvidence),
    /// What the page was.
    Page(PageEvidence),
}

/// The page of a browser check that was not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageEvidence {
    /// Where it was, without the query and the fragment, which carry sign-in codes.
    pub url: String,
    /// Its title.
    pub title: String,
    /// The hosts that the page asked for and that our own policy refused.
    pub refused: Vec<String>,
    /// Its picture, a PNG; what was typed is not on it.
    pub picture: Option<Vec<u8>>,
}

impl PageEvidence {
    /// Evidence of a page. `secrets` are replaced wherever they stand in a text.
    pub(crate) fn new(
        url: &str,
        title: &str,
        refused: Vec<String>,
        picture: Option<Vec<u8>>,
        secrets: &[Vec<u8>],
    ) -> Self {
        let clean = |text: &str| {
            let text = replace(text.as_bytes(), secrets);
            String::from_utf8_lossy(&text).chars().filter(|c| !c.is_control()).take(256).collect()
        };
        let url = url.split(['?', '#']).next().unwrap_or(url);
        let refused = refused.into_iter().take(32).map(|host| clean(&host)).collect();
        let picture = picture.filter(|picture| picture.starts_with(PNG));
        Self { url: clean(url), title: clean(title), refused, picture }
    }
}

/// How a PNG begins.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

/// What a target answered when it failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerEvidence {
    /// The HTTP status, where the answer is one of HTTP.
    pub status: Option<u16>,
    /// The first headers in order, with secrets replaced by `[redacted]` and long values cut.
    pub headers: Vec<(String, String)>,
    /// The beginning of the body, at most [`EVIDENCE_BODY_BYTES`], with the secrets of the request replaced. It is foreign: escape it
    /// wherever it is shown.
    pub body_start: Vec<u8>,
    /// How much of the body was read, in bytes.
    pub body_len: u64,
    /// Whether the body was longer than what was read.
    pub body_cut: bool,
    /// SHA-256 of what was read of the body, before anything was replaced.
    pub body_sha256: [u8; 32],
}

impl AnswerEvidence {
    /// Evidence of an answer. `secrets` are replaced wherever the target repeats them.
    pub(crate) fn new(status: u16, headers: &HeaderMap, body: &[u8], body_cut: bool, secrets: &[Vec<u8>]) -> Self {
        let headers = headers.iter().take(64).map(|(name, value)| {
            let value = if is_secret(name) { REDACTED.into() } else { String::from_utf8_lossy(value.as_bytes()) };
            let value = if ADDRESSES.contains(name) { without_query(&value) } else { value };
            let value = replace(value.as_bytes(), secrets);
            (name.as_str().to_owned(), String::from_utf8_lossy(&value).chars().take(256).collect())
        });
        let mut body_start = replace(body, secrets).into_owned();
        body_start.truncate(EVIDENCE_BODY_BYTES);
        Self {
            status: Some(status),
            headers: headers.collect(),
            body_start,
            body_len: body.len() as u64,
            body_cut,
            body_sha256: Sha256::digest(body).into(),
        }
    }

    /// Evidence of an answer that is not one of HTTP.
    pub(crate) fn of_reply(reply: &[u8], cut: bool) -> Self {
        Self { status: None, ..Self::new(0, &HeaderMap::new(), reply, cut, &[]) }
    }
}

const REDACTED: &str = "[redacted]";

/// Whether the value of a header of this name lets its holder in somewhere.
pub(crate) fn is_secret(name: &HeaderName) -> bool {
    const PARTS: [&str; 10] =
        ["cookie", "auth", "token", "secret", "password", "session", "credential", "api-key", "apikey", "signature"];
    PARTS.iter().any(|part| name.as_str().contains(part))
}

/// Headers whose value is an address, or begins with one.
const ADDRESSES: [HeaderName; 4] = [LOCATION, CONTENT_LOCATION, LINK, REFRESH];

/// A redirect carries sign-in codes and signed links in its query.
fn without_query(location: &str) -> Cow<'static, str> {
    match location.split_once('?') {
        Some((path, _)) => format!("{path}?{REDACTED}").into(),
        None => location.to_owned().into(),
    }
}

fn replace<'a>(text: &'a [u8], secrets: &[Vec<u8>]) -> Cow<'a, [u8]> {
    let mut text = Cow::Borrowed(text);
    for secret in secrets {
        let mut from = 0;
        while let Some(at) = find(&text[from..], secret) {
            let at = from + at;
            text.to_mut().splice(at..at + secret.len(), REDACTED.bytes());
            from = at + REDACTED.len();
        }
    }
    text
}

/// Where `part` first stands in `text`.
pub(crate) fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    let Some(first) = part.first() else { return Some(0) };
    let mut from = 0;
    // Looking for the first byte alone is a fast loop; a page of 64 KiB is searched at each probe.
    while let Some(at) = text[from..].iter().position(|byte| byte == first) {
        if text[from + at..].starts_with(part) {
            return Some(from + at);
        }
        from += at + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(n, v)| (HeaderName::from_static(n), v.parse().unwrap())).collect()
    }

    #[test]
    fn headers_that_let_someone_in_are_redacted() {
        let map = headers(&[
            ("server", "nginx"),
            ("set-cookie", "sid=1"),
            ("authorization", "Basic x"),
            ("www-authenticate", "Basic"),
            ("x-api-key", "k"),
            ("x-csrf-token", "t"),
            ("location", "https://id.example/cb?code=7"),
            ("refresh", "0; url=/cb?code=7"),
        ]);
        let evidence = AnswerEvidence::new(500, &map, b"", false, &[]);
        let open: Vec<_> = evidence.headers.iter().filter(|(_, value)| value != REDACTED).collect();
        assert_eq!(open.len(), 3);
        assert_eq!(open[2].1, "0; url=/cb?[redacted]");
        assert_eq!(*open[0], ("server".to_owned(), "nginx".to_owned()));
        assert_eq!(*open[1], ("location".to_owned(), "https://id.example/cb?[redacted]".to_owned()));
    }

    #[test]
    fn a_secret_that_the_target_repeats_is_replaced_even_at_the_edge_of_the_excerpt() {
        let secret = b"Bearer 0123456789".to_vec();
        let body = [vec![b'.'; EVIDENCE_BODY_BYTES - 12], secret.clone(), b"end".to_vec()].concat();
        let evidence = AnswerEvidence::new(500, &headers(&[("x-echo", "Bearer 0123456789")]), &body, false, &[secret]);
        assert_eq!(evidence.headers[0].1, REDACTED);
        assert!(evidence.body_start.ends_with(b"..[redacted]en"));
        assert_eq!(evidence.body_start.len(), EVIDENCE_BODY_BYTES);
    }

    #[test]
    fn the_address_of_a_page_loses_its_query_and_every_text_its_secrets() {
        let secrets = [b"hunter2".to_vec()];
        let refused = vec!["hunter2.example".to_owned()];
        let page = |picture: &[u8]| {
            let url = "https://a.example/hunter2/x?code=7#t";
            PageEvidence::new(url, "hi\n hunter2", refused.clone(), Some(picture.to_vec()), &secrets)
        };
        let page_of_png = page(b"\x89PNG\r\n\x1a\nrest");
        assert_eq!(page_of_png.url, "https://a.example/[redacted]/x");
        assert_eq!(
            (page_of_png.title.as_str(), page_of_png.refused[0].as_str()),
            ("hi [redacted]", "[redacted].example")
        );
        assert!(page_of_png.picture.is_some() && page(b"<svg>").picture.is_none());
    }

    #[test]
    fn the_digest_is_of_all_that_was_read() {
        let body = vec![b'a'; 5000];
        let evidence = AnswerEvidence::new(500, &HeaderMap::new(), &body, true, &[]);
        assert_eq!((evidence.body_len, evidence.body_cut, evidence.body_start.len()), (5000, true, 1024));
        assert_eq!(evidence.body_sha256, <[u8; 32]>::from(Sha256::digest(&body)));
        assert_ne!(evidence.body_sha256, <[u8; 32]>::from(Sha256::digest(&body[1..])));
    }

    #[test]
    fn a_part_is_found_wherever_it_stands() {
        for (text, part, want) in [
            ("abc", "", Some(0)),
            ("", "a", None),
            ("aab", "ab", Some(1)),
            ("abcabd", "abd", Some(3)),
            ("abc", "abcd", None),
            ("xyz", "z", Some(2)),
        ] {
            assert_eq!(find(text.as_bytes(), part.as_bytes()), want, "{text} {part}");
        }
    }
}
