//! What an answer must be, as data: there is no scripting, and each assertion that fails has a cause of its own.
//!
//! Here: assertions as they are written, their limits, and judging an answer by them. Not here: how an answer is fetched.

mod json;
mod pattern;

pub use json::{Bound, Decimal, JsonPathError, JsonTest, PATH_BYTES_MAX, Path, Value};
pub use pattern::{PATTERN_BYTES_MAX, Pattern, PatternError};

use crate::http::StatusSet;
use crate::outcome::{Cause, Phases, Said, Took, find};
use hyper::header::{CONTENT_ENCODING, HeaderMap, HeaderName};
use std::time::Duration;
use uphold_core::run::Observed;
use uphold_core::time::Instant;

/// At most this many assertions stand at one check.
pub const ASSERTIONS_MAX: usize = 32;

/// One thing that must hold, and what it means when it does not.
#[derive(Debug, Clone, PartialEq)]
pub struct Assertion {
    /// What must hold.
    pub about: About,
    /// What the target is when it does not.
    pub otherwise: Otherwise,
}

/// What a target is when an assertion does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Otherwise {
    /// Down.
    #[default]
    Down,
    /// Degraded.
    Degraded,
}

impl Otherwise {
    /// The state.
    #[must_use]
    pub fn state(self) -> Observed {
        match self {
            Self::Down => Observed::Down,
            Self::Degraded => Observed::Degraded,
        }
    }
}

/// What must hold.
#[derive(Debug, Clone, PartialEq)]
pub enum About {
    /// The HTTP status is one of these.
    Status(StatusSet),
    /// A header, of which any value may satisfy the test.
    Header {
        /// Its name.
        name: HeaderName,
        /// What it must be.
        test: HeaderTest,
    },
    /// The part of the body that is read.
    Body(BodyTest),
    /// A value in the body, which is JSON.
    Json {
        /// Where it stands.
        path: Path,
        /// What it must be.
        test: JsonTest,
    },
    /// The whole probe took at most this long.
    LatencyMax(Duration),
    /// The certificate of the target is valid for at least this many days more.
    CertificateDaysMin(u32),
}

/// What a header must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeaderTest {
    /// It is there, or it is not.
    Exists(bool),
    /// Its value is this text.
    Equals(String),
    /// Its value contains this text.
    Contains(String),
    /// Its value matches.
    Matches(Pattern),
}

/// What the body must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BodyTest {
    /// It contains this text.
    Contains(String),
    /// It does not contain this text.
    Lacks(String),
    /// It matches.
    Matches(Pattern),
}

impl About {
    /// Whether the body must be read for it.
    #[must_use]
    pub fn needs_body(&self) -> bool {
        matches!(self, Self::Body(_) | Self::Json { .. })
    }

    /// Whether it speaks of what only HTTP has.
    #[must_use]
    pub fn is_of_http(&self) -> bool {
        matches!(self, Self::Status(_) | Self::Header { .. }) || self.needs_body()
    }

    /// Whether it speaks of a certificate.
    #[must_use]
    pub fn is_of_certificate(&self) -> bool {
        matches!(self, Self::CertificateDaysMin(_))
    }
}

/// What assertions are held against.
#[derive(Debug)]
pub(crate) struct Facts<'a> {
    pub(crate) http: Option<HttpFacts<'a>>,
    pub(crate) phases: Phases,
    /// Until when the certificate is valid, if there was one that could be read.
    pub(crate) certificate_until: Option<Instant>,
    /// When the observation is made.
    pub(crate) at: Instant,
}

/// An HTTP answer, for judging.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HttpFacts<'a> {
    pub(crate) status: u16,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a [u8],
    pub(crate) cut: bool,
}

/// The worst that the assertions make of an answer: the first that says down, else the first that says degraded.
pub(crate) fn judge(assertions: &[Assertion], facts: &Facts<'_>) -> Option<(Observed, Cause)> {
    let mut parsed = None;
    let mut degraded = None;
    for assertion in assertions {
        let Err(cause) = hold(&assertion.about, facts, &mut parsed) else { continue };
        match assertion.otherwise {
            Otherwise::Down => return Some((Observed::Down, cause)),
            Otherwise::Degraded => degraded = degraded.or(Some((Observed::Degraded, cause))),
        }
    }
    degraded
}

type Parsed = Option<Result<serde_json::Value, Cause>>;

fn hold(about: &About, facts: &Facts<'_>, parsed: &mut Parsed) -> Result<(), Cause> {
    match (about, &facts.http) {
        (About::LatencyMax(limit), _) => {
            let took = Duration::from_micros(facts.phases.total_us);
            let took_in_words = Took(Duration::from_millis(facts.phases.total_us / 1000));
            held(took <= *limit, || Cause::Slow { took: took_in_words, limit: Took(*limit) })
        }
        (About::CertificateDaysMin(least), _) => {
            let until = facts.certificate_until.ok_or(Cause::NoCertificate)?;
            let days = days_between(facts.at, until);
            held(days >= i64::from(*least), || Cause::CertificateEnds { days, least: *least })
        }
        (About::Status(right), Some(http)) => held(right.contains(http.status), || Cause::Status(http.status)),
        (About::Header { name, test }, Some(http)) => header(http.headers, name, test),
        (About::Body(test), Some(http)) => readable(http).and_then(|()| body(http, test)),
        (About::Json { path, test }, Some(http)) => {
            readable(http)?;
            let parse = || if http.cut { Err(Cause::JsonCut) } else { json::parse(http.body).ok_or(Cause::NotJson) };
            match parsed.get_or_insert_with(parse) {
                Ok(document) => test.hold(path, document),
                Err(cause) => Err(cause.clone()),
            }
        }
        // The configuration refuses these at a check that is not one of HTTP.
        (About::Status(_) | About::Header { .. } | About::Body(_) | About::Json { .. }, None) => Ok(()),
    }
}

fn held(holds: bool, cause: impl FnOnce() -> Cause) -> Result<(), Cause> {
    if holds { Ok(()) } else { Err(cause()) }
}

/// Whole days from one instant to another, rounded down.
pub(crate) fn days_between(from: Instant, until: Instant) -> i64 {
    (until - from).0.div_euclid(86_400_000)
}

/// Nothing is decompressed, so a compressed body says nothing.
fn readable(http: &HttpFacts<'_>) -> Result<(), Cause> {
    match http.headers.get(CONTENT_ENCODING) {
        Some(coding) if !coding.as_bytes().eq_ignore_ascii_case(b"identity") => {
            Err(Cause::BodyEncoded(Said::new(String::from_utf8_lossy(coding.as_bytes()))))
        }
        _ => Ok(()),
    }
}

fn header(headers: &HeaderMap, name: &HeaderName, test: &HeaderTest) -> Result<(), Cause> {
    let any = |right: &dyn Fn(&[u8]) -> bool| headers.get_all(name).iter().any(|value| right(value.as_bytes()));
    let named = || name.as_str().to_owned();
    match (headers.contains_key(name), test) {
        (true, HeaderTest::Exists(wanted)) => held(*wanted, || Cause::HeaderPresent(named())),
        (false, HeaderTest::Exists(wanted)) => held(!wanted, || Cause::HeaderMissing(named())),
        (false, _) => Err(Cause::HeaderMissing(named())),
        (true, HeaderTest::Equals(text)) => {
            held(any(&|value| value == text.as_bytes()), || Cause::HeaderDiffers(named()))
        }
        (true, HeaderTest::Contains(text)) => {
            held(any(&|value| find(value, text.as_bytes()).is_some()), || Cause::HeaderLacks(named()))
        }
        (true, HeaderTest::Matches(pattern)) => {
            held(any(&|value| pattern.is_in(value)), || Cause::HeaderUnmatched(named()))
        }
    }
}

fn body(http: &HttpFacts<'_>, test: &BodyTest) -> Result<(), Cause> {
    let HttpFacts { status, body, cut, .. } = *http;
    match test {
        BodyTest::Contains(text) => held(find(body, text.as_bytes()).is_some(), || Cause::BodyLacks { status, cut }),
        BodyTest::Lacks(text) => held(find(body, text.as_bytes()).is_none(), || Cause::BodyHas { status }),
        BodyTest::Matches(pattern) => held(pattern.is_in(body), || Cause::BodyUnmatched { status, cut }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(n, v)| (HeaderName::from_static(n), v.parse().unwrap())).collect()
    }

    fn verdict(about: About, headers: &HeaderMap, body: &str) -> Option<String> {
        let http = HttpFacts { status: 200, headers, body: body.as_bytes(), cut: false };
        let facts = Facts { http: Some(http), phases: Phases::default(), certificate_until: None, at: Instant(0) };
        let assertion = Assertion { about, otherwise: Otherwise::Down };
        judge(&[assertion], &facts).map(|(_, cause)| cause.to_string())
    }

    fn of_header(test: HeaderTest) -> About {
        About::Header { name: HeaderName::from_static("x-v"), test }
    }

    #[test]
    fn each_test_of_a_header_has_its_own_cause() {
        let two = headers(&[("x-v", "one"), ("x-v", "two 2")]);
        let none = HeaderMap::new();
        let pattern = |text| HeaderTest::Matches(Pattern::parse(text).unwrap());
        for (test, good) in [
            (HeaderTest::Equals("two 2".into()), true),
            (HeaderTest::Equals("two".into()), false),
            (HeaderTest::Contains("tw".into()), true),
            (HeaderTest::Contains("three".into()), false),
            (pattern("^t.* [0-9]$"), true),
            (pattern("^[0-9]"), false),
            (HeaderTest::Exists(true), true),
            (HeaderTest::Exists(false), false),
        ] {
            assert_eq!(verdict(of_header(test.clone()), &two, "").is_none(), good, "{test:?}");
            let missing = verdict(of_header(test.clone()), &none, "");
            let wanted = (test != HeaderTest::Exists(false)).then(|| "the header `x-v` is missing".to_owned());
            assert_eq!(missing, wanted, "{test:?}");
        }
    }

    #[test]
    fn each_test_of_a_body_has_its_own_cause() {
        let body = |test| verdict(About::Body(test), &HeaderMap::new(), "ready v12");
        assert_eq!(body(BodyTest::Contains("ready".into())), None);
        assert_eq!(body(BodyTest::Lacks("maintenance".into())), None);
        assert_eq!(body(BodyTest::Matches(Pattern::parse("v[0-9]+").unwrap())), None);
        assert_eq!(
            [
                body(BodyTest::Contains("steady".into())),
                body(BodyTest::Lacks("ready".into())),
                body(BodyTest::Matches(Pattern::parse("^v").unwrap())),
            ]
            .map(Option::unwrap),
            [
                "HTTP 200, but the body does not contain the expected text",
                "HTTP 200, but the body contains a text that it must not",
                "HTTP 200, but the body does not match the pattern",
            ]
        );
    }

    #[test]
    fn a_compressed_body_is_not_unpacked_and_not_judged_by_its_bytes() {
        let encoded = headers(&[("content-encoding", "gzip")]);
        let lacks = About::Body(BodyTest::Lacks("x".into()));
        assert_eq!(
            verdict(lacks.clone(), &encoded, "\u{1f}").unwrap(),
            "the body is compressed (gzip), which was not asked for"
        );
        assert_eq!(verdict(lacks, &headers(&[("content-encoding", "identity")]), "y"), None);
    }

    #[test]
    fn down_outweighs_degraded_and_the_first_of_them_is_told() {
        let days = |least, otherwise| Assertion { about: About::CertificateDaysMin(least), otherwise };
        let slow = Assertion { about: About::LatencyMax(Duration::from_millis(10)), otherwise: Otherwise::Degraded };
        let facts = Facts {
            http: None,
            phases: Phases { total_us: 10_001, ..Phases::default() },
            certificate_until: Some(Instant(5 * 86_400_000 - 1)),
            at: Instant(0),
        };
        let said = |all: &[Assertion]| judge(all, &facts).map(|(state, cause)| (state, cause.to_string()));
        assert_eq!(said(&[days(4, Otherwise::Down)]), None);
        assert_eq!(
            said(&[slow.clone(), days(5, Otherwise::Degraded)]).unwrap(),
            (Observed::Degraded, "answered after 10 ms, over 10 ms".to_owned())
        );
        assert_eq!(
            said(&[slow, days(5, Otherwise::Down)]).unwrap(),
            (Observed::Down, "the certificate is valid for 4 more days, fewer than 5".to_owned())
        );
    }

    #[test]
    fn days_left_of_an_ended_certificate_are_negative() {
        assert_eq!(days_between(Instant(1), Instant(0)), -1);
        assert_eq!(days_between(Instant(0), Instant(86_400_000)), 1);
    }
}
