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

/// A definition: its digest, and what a person may read of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Defined {
    /// SHA-256 of it.
    pub digest: Digest,
    /// Its keys, in the order in which they were read, each with one line of text; without secrets. Of an address what
    /// follows a `?` is left out, since it may be one, and so is what is sent over a plain connection.
    pub says: Vec<(String, String)>,
}

/// The end of a definition.
pub(super) fn defined(members: Members) -> Defined {
    let says = members.iter().filter(|(key, _)| key != "send").flat_map(|(key, value)| lines(key, value)).collect();
    let digest = Digest::of(&[&canonical::to_bytes(&Value::Map(members.into_iter().collect()))]);
    Defined { digest, says }
}

/// A member as lines to read: a list of lists is a line each.
fn lines(key: &str, value: &Value) -> Vec<(String, String)> {
    let line = |text: String| (key.to_owned(), text);
    match value {
        Value::List(each) if each.iter().any(|each| matches!(each, Value::List(_))) => {
            each.iter().map(|each| line(plain(each))).collect()
        }
        _ if key == "url" => vec![line(without_query(&plain(value)))],
        _ => vec![line(plain(value))],
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::Int(number) => number.to_string(),
        Value::List(each) => each.iter().map(plain).collect::<Vec<_>>().join(" "),
        Value::Map(members) => {
            members.iter().map(|(key, value)| format!("{key} {}", plain(value))).collect::<Vec<_>>().join(" ")
        }
    }
}

fn without_query(url: &str) -> String {
    let end = url.find(['?', '#']).unwrap_or(url.len());
    let (shown, rest) = url.split_at(end);
    let shown = match shown.split_once("://").map(|(scheme, rest)| (scheme, rest, rest.find('/').unwrap_or(rest.len())))
    {
        Some((scheme, rest, authority)) => {
            let (host, path) = rest.split_at(authority);
            format!("{scheme}://{}{path}", host.rsplit('@').next().unwrap_or(host))
        }
        None => shown.to_owned(),
    };
    if rest.is_empty() { shown } else { format!("{shown}?…") }
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

/// The definition of a heartbeat.
pub(super) fn of_heartbeat(heartbeat: Heartbeat) -> Defined {
    let mut members = vec![("type".to_owned(), Value::text("heartbeat"))];
    push(&mut members, "every_ms", Value::text(heartbeat.every.0));
    push(&mut members, "grace_ms", Value::text(heartbeat.grace.0));
    defined(members)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_person_reads_has_no_secret_and_a_line_for_each_assertion() {
        let list = |each: &[&str]| Value::List(each.iter().map(Value::text).collect());
        let mut members = begin("http", Duration::from_secs(5));
        push(&mut members, "url", Value::text("https://ops:hunter2@a.example:8443/x/y?token=hunter2#part"));
        push(&mut members, "send", Value::text("AUTH hunter2"));
        push(
            &mut members,
            "headers",
            Value::List(vec![list(&["authorization", "[secret]"]), list(&["accept", "*/*"])]),
        );
        push(&mut members, "assert", Value::List(vec![list(&["down", "status", "200"])]));
        let says = defined(members).says;
        let says: Vec<(&str, &str)> = says.iter().map(|(key, text)| (key.as_str(), text.as_str())).collect();
        assert_eq!(
            says,
            [
                ("type", "http"),
                ("timeout_ms", "5000"),
                ("url", "https://a.example:8443/x/y?…"),
                ("headers", "authorization [secret]"),
                ("headers", "accept */*"),
                ("assert", "down status 200"),
            ]
        );
        for (url, shown) in [("http://a.example", "http://a.example"), ("http://u@h/?q", "http://h/?…"), ("odd", "odd")]
        {
            assert_eq!(without_query(url), shown);
        }
    }
}
