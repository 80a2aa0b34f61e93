//! What a check asks and expects as canonical bytes, so that a change of it is seen and a change of a remark is not.
//!
//! What is at its default is left out of what was added later, so that a definition keeps its digest. Secrets are left out:
//! a digest of a weak one could be guessed.

use std::time::Duration;

use uphold_core::ledger::canonical::{self, Value};
use uphold_core::ledger::digest::Digest;
use uphold_probe::assertion::{About, Assertion, BodyTest, Bound, HeaderTest, JsonTest, Otherwise, Value as Plain};
use uphold_probe::egress::Family;
use uphold_probe::http::{BODY_BYTES_MAX, HttpMethod, HttpSettings, keeps_secret};

use super::Heartbeat;

/// The members of a definition.
pub(super) type Members = Vec<(String, Value)>;

/// The digest of a definition.
pub(super) fn digest(members: Members) -> Digest {
    Digest::of(&[&canonical::to_bytes(&Value::Map(members.into_iter().collect()))])
}

/// Begins a definition.
pub(super) fn begin(kind: &str, timeout: Duration) -> Members {
    vec![("type".to_owned(), Value::text(kind)), ("timeout_ms".to_owned(), length(timeout))]
}

pub(super) fn push(members: &mut Members, key: &str, value: Value) {
    members.push((key.to_owned(), value));
}

pub(super) fn length(length: Duration) -> Value {
    Value::text(length.as_millis())
}

pub(super) fn texts(texts: &[String]) -> Value {
    Value::List(texts.iter().map(Value::text).collect())
}

/// The digest of a heartbeat.
pub(super) fn of_heartbeat(heartbeat: Heartbeat) -> Digest {
    let mut members = vec![("type".to_owned(), Value::text("heartbeat"))];
    push(&mut members, "every_ms", Value::text(heartbeat.every.0));
    push(&mut members, "grace_ms", Value::text(heartbeat.grace.0));
    digest(members)
}

/// What an HTTP check asks and expects.
pub(super) fn of_http(settings: &HttpSettings) -> Members {
    let mut members = begin("http", settings.timeout);
    push(&mut members, "url", Value::text(&settings.url));
    push(&mut members, "redirects", Value::count(u64::from(settings.redirects)));
    push(&mut members, "status", Value::text(&settings.expect.status));
    if let Some(text) = &settings.expect.body_contains {
        push(&mut members, "body_contains", Value::text(text));
    }
    if let Some(limit) = settings.expect.degraded_after {
        push(&mut members, "degraded_after_ms", length(limit));
    }
    if settings.method == HttpMethod::Head {
        push(&mut members, "method", Value::text("HEAD"));
    }
    if settings.body_bytes_max != BODY_BYTES_MAX {
        push(&mut members, "body_bytes_max", Value::count(settings.body_bytes_max as u64));
    }
    if !settings.headers.is_empty() {
        let shown = |(name, value): &(String, String)| {
            let value = if keeps_secret(name) { Value::text("[secret]") } else { Value::text(value) };
            Value::List(vec![Value::text(name.to_ascii_lowercase()), value])
        };
        push(&mut members, "headers", Value::List(settings.headers.iter().map(shown).collect()));
    }
    push_family(&mut members, settings.family);
    push_assertions(&mut members, &settings.assertions);
    members
}

pub(super) fn push_family(members: &mut Members, family: Family) {
    match family {
        Family::Any => {}
        Family::V4 => push(members, "family", Value::text("ipv4")),
        Family::V6 => push(members, "family", Value::text("ipv6")),
    }
}

pub(super) fn push_assertions(members: &mut Members, assertions: &[Assertion]) {
    if !assertions.is_empty() {
        push(members, "assert", Value::List(assertions.iter().map(assertion).collect()));
    }
}

fn assertion(assertion: &Assertion) -> Value {
    let otherwise = match assertion.otherwise {
        Otherwise::Down => "down",
        Otherwise::Degraded => "degraded",
    };
    let mut parts: Vec<Value> = vec![Value::text(otherwise)];
    let mut say = |words: &[&dyn std::fmt::Display]| parts.extend(words.iter().map(Value::text));
    match &assertion.about {
        About::Status(set) => say(&[&"status", set]),
        About::Header { name, test } => match test {
            HeaderTest::Exists(there) => say(&[&"header", name, &"exists", there]),
            HeaderTest::Equals(text) => say(&[&"header", name, &"equals", text]),
            HeaderTest::Contains(text) => say(&[&"header", name, &"contains", text]),
            HeaderTest::Matches(pattern) => say(&[&"header", name, &"matches", &pattern.as_str()]),
        },
        About::Body(BodyTest::Contains(text)) => say(&[&"body_contains", text]),
        About::Body(BodyTest::Lacks(text)) => say(&[&"body_lacks", text]),
        About::Body(BodyTest::Matches(pattern)) => say(&[&"body_matches", &pattern.as_str()]),
        About::Json { path, test } => {
            say(&[&"json", &path.as_str()]);
            match test {
                JsonTest::Exists(there) => say(&[&"exists", there]),
                JsonTest::Equals(Plain::Text(text)) => say(&[&"equals", &"text", text]),
                JsonTest::Equals(Plain::Number(number)) => say(&[&"equals", &"number", number]),
                JsonTest::Equals(Plain::Truth(truth)) => say(&[&"equals", &"truth", truth]),
                JsonTest::Within(bounds) => bounds.iter().for_each(|bound| match bound {
                    Bound::AtLeast(end) => say(&[&"at_least", end]),
                    Bound::AtMost(end) => say(&[&"at_most", end]),
                    Bound::MoreThan(end) => say(&[&"more_than", end]),
                    Bound::LessThan(end) => say(&[&"less_than", end]),
                }),
            }
        }
        About::LatencyMax(limit) => say(&[&"latency_ms_max", &limit.as_millis()]),
        About::CertificateDaysMin(days) => say(&[&"certificate_days_min", days]),
    }
    Value::List(parts)
}
