//! What an HTTP probe asks and expects: settings as they are written, and the check that they make once they are judged.

use crate::assertion::{About, Assertion};
use crate::egress::Family;
use crate::outcome::{Cause, is_secret};
use crate::tls;
use crate::url::{Scheme, Url, UrlError};
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Uri};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

/// The most of a body that is read unless the check says otherwise, in bytes. The rest is cut off with the connection.
pub const BODY_BYTES_MAX: usize = 64 * 1024;

/// The most that a check may ask to read of a body, in bytes.
pub const BODY_BYTES_LIMIT: usize = 1024 * 1024;

/// The settings of a check, not yet judged.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    /// The absolute URL.
    pub url: String,
    /// The method.
    pub method: HttpMethod,
    /// Headers to send beside our own; sent to the origin of the URL only, never after a redirect to another.
    pub headers: Vec<(String, String)>,
    /// How long the whole probe may take.
    pub timeout: Duration,
    /// What the answer must be.
    pub expect: Expect,
    /// What else must hold. One of them that speaks of the status takes the place of the statuses in `expect`.
    pub assertions: Vec<Assertion>,
    /// Which addresses of the host to take.
    pub family: Family,
    /// How much of the body is read, in bytes: at most [`BODY_BYTES_LIMIT`].
    pub body_bytes_max: usize,
    /// How many redirects to follow. With zero, a redirect is an answer like any other.
    pub redirects: u8,
    /// Whom to trust, from [`crate::tls`].
    pub tls: Arc<ClientConfig>,
}

impl HttpSettings {
    /// Settings for a `GET` of the URL that expects 200 to 299 within 10 s.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            method: HttpMethod::Get,
            headers: Vec::new(),
            timeout: Duration::from_secs(10),
            expect: Expect::default(),
            assertions: Vec::new(),
            family: Family::Any,
            body_bytes_max: BODY_BYTES_MAX,
            redirects: 0,
            tls: tls::public_roots(),
        }
    }
}

/// The methods of a probe: those that change nothing at the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HttpMethod {
    /// Head and body.
    Get,
    /// The head alone.
    Head,
}

/// What an answer must be for the target to be up.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Expect {
    /// The statuses that are right.
    pub status: StatusSet,
    /// A text that the first 64 KiB of the body must contain.
    pub body_contains: Option<String>,
    /// A right answer that took longer than this in total is degraded.
    pub degraded_after: Option<Duration>,
}

/// A set of HTTP statuses; by default 200 to 299.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusSet(Vec<RangeInclusive<u16>>);

impl StatusSet {
    /// Reads a list such as `200-299, 401`.
    ///
    /// # Errors
    /// When the list is empty, or a part is not a status from 100 to 599 or a range of them.
    ///
    /// ```
    /// use uphold_probe::http::StatusSet;
    /// let set = StatusSet::parse("200-299, 401")?;
    /// assert!(set.contains(204) && set.contains(401) && !set.contains(400));
    /// # Ok::<(), uphold_probe::http::StatusSetError>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, StatusSetError> {
        let ranges = text.split(',').map(|part| parse_range(part.trim()));
        ranges.collect::<Option<_>>().map(Self).ok_or_else(|| StatusSetError(text.to_owned()))
    }

    /// Whether the status is in the set.
    #[must_use]
    pub fn contains(&self, status: u16) -> bool {
        self.0.iter().any(|range| range.contains(&status))
    }
}

impl fmt::Display for StatusSet {
    /// The list as [`StatusSet::parse`] reads it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, range) in self.0.iter().enumerate() {
            let separator = if place == 0 { "" } else { ", " };
            write!(f, "{separator}{}-{}", range.start(), range.end())?;
        }
        Ok(())
    }
}

impl Default for StatusSet {
    fn default() -> Self {
        Self(vec![200..=299])
    }
}

fn parse_range(part: &str) -> Option<RangeInclusive<u16>> {
    let status = |text: &str| {
        let digits = text.len() == 3 && text.bytes().all(|b| b.is_ascii_digit());
        text.parse().ok().filter(|status: &u16| digits && (100..=599).contains(status))
    };
    let (from, to) = part.split_once('-').unwrap_or((part, part));
    let (from, to) = (status(from.trim_end())?, status(to.trim_start())?);
    (from <= to).then_some(from..=to)
}

/// A text that is no set of statuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusSetError(String);

impl fmt::Display for StatusSetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "could not read expected status `{}`: it must be a list such as `200-299, 401`",
            self.0.escape_default()
        )
    }
}

impl std::error::Error for StatusSetError {}

/// An HTTP check that was judged once, with the parts of its request ready.
#[derive(Debug, Clone)]
pub struct HttpCheck {
    pub(super) first: Hop,
    pub(super) method: Method,
    pub(super) timeout: Duration,
    pub(super) expect: Expect,
    pub(super) assertions: Vec<Assertion>,
    /// Whether an assertion takes the place of the expected statuses.
    pub(super) judges_status: bool,
    pub(super) judges_certificate: bool,
    pub(super) family: Family,
    pub(super) body_bytes_max: usize,
    pub(super) redirects: u8,
    pub(super) tls: Arc<ClientConfig>,
    /// The values that must not come back in evidence.
    pub(super) secrets: Vec<Vec<u8>>,
}

impl HttpCheck {
    /// Judges the settings.
    ///
    /// # Errors
    /// When the URL or a header cannot be sent as it is written, or the expectations can never be met.
    pub fn new(settings: HttpSettings) -> Result<Self, HttpCheckError> {
        let url = Url::parse(&settings.url).map_err(HttpCheckError::Url)?;
        let mut headers = own_headers();
        let mut secrets = Vec::new();
        for (name, value) in &settings.headers {
            let (name, value) = parse_header(name, value)?;
            remember_secret(&name, &value, &mut secrets);
            headers.insert(name, value);
        }
        let expect = settings.expect;
        if settings.timeout.is_zero() {
            return Err(HttpCheckError::NoTime);
        }
        if expect.degraded_after.is_some_and(|limit| limit >= settings.timeout) {
            return Err(HttpCheckError::NeverDegraded);
        }
        let assertions = settings.assertions;
        let any = |test: fn(&About) -> bool| assertions.iter().any(|assertion| test(&assertion.about));
        if settings.method == HttpMethod::Head && (expect.body_contains.is_some() || any(About::needs_body)) {
            return Err(HttpCheckError::HeadHasNoBody);
        }
        let judges_certificate = any(About::is_of_certificate);
        if judges_certificate && url.scheme() == Scheme::Http {
            return Err(HttpCheckError::HttpHasNoCertificate);
        }
        Ok(Self {
            judges_status: any(|about| matches!(about, About::Status(_))),
            judges_certificate,
            assertions,
            family: settings.family,
            body_bytes_max: settings.body_bytes_max.clamp(1, BODY_BYTES_LIMIT),
            first: Hop::new(url, headers)?,
            method: match settings.method {
                HttpMethod::Get => Method::GET,
                HttpMethod::Head => Method::HEAD,
            },
            timeout: settings.timeout,
            expect,
            redirects: settings.redirects,
            tls: settings.tls,
            secrets,
        })
    }

    /// The URL that is probed.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.first.url
    }

    /// Where a redirect from `from` leads, or why nowhere.
    pub(super) fn next_hop(&self, from: &Hop, location: &HeaderValue) -> Result<Hop, Cause> {
        let text = location.to_str().map_err(|_| Cause::RedirectUnreadable)?;
        let url = from.url.join(text).map_err(|_| Cause::RedirectForbidden)?;
        let headers = if url.same_origin(&self.first.url) { self.first.headers.clone() } else { own_headers() };
        Hop::new(url, headers).map_err(|_| Cause::RedirectForbidden)
    }
}

/// One request of a check, ready to send.
#[derive(Debug, Clone)]
pub(super) struct Hop {
    pub(super) url: Url,
    pub(super) uri: Uri,
    pub(super) headers: HeaderMap,
    /// The name that the certificate must be for; `None` in the clear.
    pub(super) tls_name: Option<ServerName<'static>>,
}

impl Hop {
    fn new(url: Url, mut headers: HeaderMap) -> Result<Self, HttpCheckError> {
        let uri = url.path_and_query().parse().map_err(|_| HttpCheckError::Unusable)?;
        headers.insert(header::HOST, HeaderValue::from_str(&url.authority()).map_err(|_| HttpCheckError::Unusable)?);
        let tls_name = match url.scheme() {
            Scheme::Http => None,
            Scheme::Https => Some(tls::server_name(url.host()).ok_or(HttpCheckError::Unusable)?),
        };
        Ok(Self { url, uri, headers, tls_name })
    }
}

fn own_headers() -> HeaderMap {
    let agent = concat!("uphold/", env!("CARGO_PKG_VERSION"));
    HeaderMap::from_iter([
        (header::USER_AGENT, HeaderValue::from_static(agent)),
        (header::ACCEPT, HeaderValue::from_static("*/*")),
        // Nothing is ever decompressed, so a compressed answer could not be judged, and none can blow up.
        (header::ACCEPT_ENCODING, HeaderValue::from_static("identity")),
        // The target closes first, so the ended connections wait at its end and not by the thousand at ours.
        (header::CONNECTION, HeaderValue::from_static("close")),
    ])
}

/// Headers that would change where the request ends, whom it is for, or how its answer is written.
const OURS: [HeaderName; 10] = [
    header::HOST,
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::TE,
    header::TRAILER,
    header::EXPECT,
    header::ACCEPT_ENCODING,
    header::RANGE,
];

fn parse_header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), HttpCheckError> {
    let fail = |problem| HttpCheckError::Header { name: name.to_owned(), problem };
    let parsed = HeaderName::from_bytes(name.as_bytes()).map_err(|_| fail(HeaderProblem::Name))?;
    if OURS.contains(&parsed) || parsed.as_str() == "keep-alive" || parsed.as_str().starts_with("proxy-") {
        return Err(fail(HeaderProblem::Ours));
    }
    let printable = value.bytes().all(|b| b == b' ' || b.is_ascii_graphic());
    if !printable || value.trim() != value {
        return Err(fail(HeaderProblem::Value));
    }
    let mut sent = HeaderValue::from_str(value).map_err(|_| fail(HeaderProblem::Value))?;
    sent.set_sensitive(is_secret(&parsed));
    Ok((parsed, sent))
}

/// The name of a header, in lower case, if it is one.
#[must_use]
pub fn header_name(text: &str) -> Option<HeaderName> {
    HeaderName::from_bytes(text.as_bytes()).ok()
}

/// Whether the value of a header of this name is a secret: it is replaced in evidence and stands in no digest.
#[must_use]
pub fn keeps_secret(name: &str) -> bool {
    HeaderName::from_bytes(name.as_bytes()).is_ok_and(|name| is_secret(&name))
}

fn remember_secret(name: &HeaderName, value: &HeaderValue, secrets: &mut Vec<Vec<u8>>) {
    if !is_secret(name) {
        return;
    }
    let whole = value.as_bytes();
    // Of `Bearer abc`, a target may repeat `abc` alone. A shorter one would blank out harmless text.
    let last = whole.rsplit(|b| *b == b' ').next().unwrap_or(whole);
    secrets.extend([whole, last].into_iter().filter(|secret| secret.len() >= 6).map(<[u8]>::to_vec));
}

/// Why settings make no check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HttpCheckError {
    /// The URL cannot be read.
    Url(UrlError),
    /// The header cannot be sent.
    Header {
        /// Its name, as written.
        name: String,
        /// What is wrong with it.
        problem: HeaderProblem,
    },
    /// The URL reads well, but no request can be made of it.
    Unusable,
    /// The timeout is zero.
    NoTime,
    /// The timeout comes before the limit for degraded.
    NeverDegraded,
    /// Something is expected of the body of an answer to `HEAD`.
    HeadHasNoBody,
    /// Something is expected of the certificate of a URL that is not `https`.
    HttpHasNoCertificate,
}

/// What is wrong with a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeaderProblem {
    /// Its name has characters that no header name has.
    Name,
    /// Its value has control characters, non-ASCII characters, or spaces at an end.
    Value,
    /// It is one that the probe itself must set.
    Ours,
}

impl fmt::Display for HttpCheckError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(error) => error.fmt(f),
            Self::Header { name, problem } => {
                write!(f, "could not use header `{}`: ", name.escape_default())?;
                f.write_str(match problem {
                    HeaderProblem::Name => "its name has characters that are not allowed there",
                    HeaderProblem::Value => "its value must be printable ASCII without spaces at its ends",
                    HeaderProblem::Ours => "the probe sets it itself",
                })
            }
            Self::Unusable => f.write_str("could not make a request of the URL"),
            Self::NoTime => f.write_str("could not use the timeout: it is zero"),
            Self::NeverDegraded => f.write_str("could not use the limit for degraded: the timeout comes first"),
            Self::HeadHasNoBody => f.write_str("could not expect a text in the body: an answer to HEAD has none"),
            Self::HttpHasNoCertificate => f.write_str("could not judge a certificate: the URL is not `https`"),
        }
    }
}

impl std::error::Error for HttpCheckError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Url(error) => error.source(),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_header(name: &str, value: &str) -> Result<HttpCheck, HttpCheckError> {
        let mut settings = HttpSettings::new("http://a.example/");
        settings.headers.push((name.to_owned(), value.to_owned()));
        HttpCheck::new(settings)
    }

    #[test]
    fn a_header_that_could_start_another_line_is_refused() {
        for value in ["a\r\nX: y", "a\n", "\r", "a\0b", "a\tb", "é", " a", "a "] {
            let error = with_header("x-test", value).unwrap_err();
            assert!(matches!(error, HttpCheckError::Header { problem: HeaderProblem::Value, .. }), "{value:?}");
        }
        for name in ["", "a b", "a:", "a\r\nb", "é"] {
            let error = with_header(name, "x").unwrap_err();
            assert!(matches!(error, HttpCheckError::Header { problem: HeaderProblem::Name, .. }), "{name:?}");
        }
    }

    #[test]
    fn a_header_that_the_probe_sets_itself_is_refused() {
        for name in ["Host", "connection", "Content-Length", "transfer-encoding", "Accept-Encoding", "proxy-connection"]
        {
            let error = with_header(name, "x").unwrap_err();
            assert!(matches!(error, HttpCheckError::Header { problem: HeaderProblem::Ours, .. }), "{name}");
        }
        assert_eq!(
            with_header("Host", "x").unwrap_err().to_string(),
            "could not use header `Host`: the probe sets it itself"
        );
    }

    #[test]
    fn expectations_that_can_never_be_met_are_refused() {
        let check = |change: fn(&mut HttpSettings)| {
            let mut settings = HttpSettings::new("http://a.example/");
            change(&mut settings);
            HttpCheck::new(settings).unwrap_err()
        };
        assert_eq!(check(|s| s.timeout = Duration::ZERO), HttpCheckError::NoTime);
        assert_eq!(check(|s| s.expect.degraded_after = Some(s.timeout)), HttpCheckError::NeverDegraded);
        let error = check(|s| {
            s.method = HttpMethod::Head;
            s.expect.body_contains = Some("x".to_owned());
        });
        assert_eq!(error, HttpCheckError::HeadHasNoBody);
    }

    #[test]
    fn headers_go_to_their_own_origin_only() {
        let check = with_header("authorization", "Bearer 0123456789").unwrap();
        let hop = |to: &'static str| check.next_hop(&check.first, &HeaderValue::from_static(to)).unwrap();
        assert!(hop("/other").headers.contains_key("authorization"));
        for foreign in ["http://b.example/", "https://a.example/", "http://a.example:81/"] {
            assert!(!hop(foreign).headers.contains_key("authorization"), "{foreign}");
        }
        assert_eq!(hop("http://b.example:81/").headers[header::HOST], "b.example:81");
    }

    #[test]
    fn a_redirect_to_another_scheme_or_an_odd_host_leads_nowhere() {
        let check = with_header("x-a", "b").unwrap();
        for to in ["file:///etc/passwd", "http://2130706433/", "http://u:p@a.example/", "gopher://a/"] {
            assert!(check.next_hop(&check.first, &HeaderValue::from_static(to)).is_err(), "{to}");
        }
    }

    #[test]
    fn statuses_read_as_lists_of_ranges() {
        let set = StatusSet::parse("200-204,301 , 500 - 599").unwrap();
        assert!([200, 204, 301, 500, 599].into_iter().all(|s| set.contains(s)));
        assert!([199, 205, 300, 302, 499].into_iter().all(|s| !set.contains(s)));
        for text in ["", "200,", "2xx", "99", "600", "300-200", "200--299", "+200", "0200"] {
            assert!(StatusSet::parse(text).is_err(), "{text}");
        }
    }
}
