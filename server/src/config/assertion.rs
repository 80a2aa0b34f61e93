//! The assertions of a check, each a table that says one thing.

use std::time::Duration;

use uphold_core::diagnostic::{Diagnostic, Refusal};
use uphold_core::document::{Item, Table};
use uphold_probe::assertion::{
    ASSERTIONS_MAX, About, Assertion, BodyTest, Bound, Decimal, HeaderTest, JsonTest, Otherwise, Path, Pattern, Value,
};
use uphold_probe::http::{StatusSet, header_name};

/// What assertions may speak of at a kind of check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Allowed {
    /// Everything.
    Http,
    /// How long it took, and the certificate.
    Certificate,
    /// How long it took.
    Latency,
}

/// Reads `[[check.assert]]`.
pub(super) fn read(table: &mut Table<'_, '_>, allowed: Allowed) -> Vec<Assertion> {
    let tables = table.tables("assert", "this assertion");
    if tables.len() > ASSERTIONS_MAX {
        let message = format!("this check has {} assertions", tables.len());
        let most = format!("at most {ASSERTIONS_MAX} may stand at one check");
        table.findings.push(Diagnostic::error(message, table.span.clone()).help(most));
    }
    let read = tables.into_iter().filter_map(|mut table| {
        let assertion = read_one(&mut table, allowed);
        table.finish();
        assertion
    });
    read.collect()
}

fn read_one(table: &mut Table<'_, '_>, allowed: Allowed) -> Option<Assertion> {
    let before = count(table);
    let otherwise = table.option("otherwise", |item| match item.text()? {
        "down" => Ok(Otherwise::Down),
        "degraded" => Ok(Otherwise::Degraded),
        other => Err(Refusal::not_among("what an assertion makes of a target", other, &["down", "degraded"])),
    });
    let mut all = vec![option(table, "latency_ms_max", |item| {
        Ok(About::LatencyMax(Duration::from_millis(u64::from(item.positive()?))))
    })];
    if allowed != Allowed::Latency {
        all.push(option(table, "certificate_days_min", |item| Ok(About::CertificateDaysMin(item.whole()?))));
    }
    if allowed == Allowed::Http {
        all.extend(of_http(table));
    }
    let written: Vec<&'static str> = all.iter().flatten().map(|(key, _)| *key).collect();
    let about = match written.as_slice() {
        [_] => all.into_iter().flatten().next()?.1?,
        [] => {
            // A key that is not known is reported by itself.
            if before == usize::from(otherwise.is_some()) {
                let error = Diagnostic::error("this assertion says nothing", table.span.clone());
                table.findings.push(error.help(subjects(allowed)));
            }
            return None;
        }
        [one, two, ..] => {
            let message = format!("this assertion has `{one}` and `{two}`");
            let error = Diagnostic::error(message, table.span.clone());
            table.findings.push(error.help("write an assertion of its own for each"));
            return None;
        }
    };
    Some(Assertion { about, otherwise: otherwise.map_or(Otherwise::Down, |otherwise| otherwise.value) })
}

fn count(table: &Table<'_, '_>) -> usize {
    table.keys().count()
}

fn subjects(allowed: Allowed) -> &'static str {
    match allowed {
        Allowed::Http => {
            "give it one of `status`, `header`, `body_contains`, `body_lacks`, `body_matches`, `json`, `latency_ms_max`, \
             `certificate_days_min`"
        }
        Allowed::Certificate => "give it one of `latency_ms_max`, `certificate_days_min`",
        Allowed::Latency => "give it `latency_ms_max`",
    }
}

/// A subject that is written, and what it says unless it was refused.
type Written = Option<(&'static str, Option<About>)>;

fn option(
    table: &mut Table<'_, '_>,
    key: &'static str,
    read: impl FnOnce(&Item<'_>) -> Result<About, Refusal>,
) -> Written {
    let item = table.find(key)?;
    Some((key, item.accept(table.findings, read)))
}

fn of_http(table: &mut Table<'_, '_>) -> Vec<Written> {
    let text = |item: &Item<'_>| item.text().map(str::to_owned);
    vec![
        option(table, "status", |item| Ok(About::Status(read_status(item)?))),
        option(table, "body_contains", |item| Ok(About::Body(BodyTest::Contains(text(item)?)))),
        option(table, "body_lacks", |item| Ok(About::Body(BodyTest::Lacks(text(item)?)))),
        option(table, "body_matches", |item| Ok(About::Body(BodyTest::Matches(read_pattern(item)?)))),
        of_header(table),
        of_json(table),
    ]
}

/// A set of statuses: a text, a number, or a list of both.
pub(super) fn read_status(item: &Item<'_>) -> Result<StatusSet, Refusal> {
    let part = |item: &Item<'_>| match item.text() {
        Ok(text) => Ok(text.to_owned()),
        Err(_) => item.whole().map(|status| status.to_string()),
    };
    let parts = match item.list() {
        Ok(items) => items.iter().map(part).collect::<Result<Vec<_>, _>>()?,
        Err(_) => vec![part(item)?],
    };
    StatusSet::parse(&parts.join(", ")).map_err(|error| Refusal::new(error.to_string()))
}

fn read_pattern(item: &Item<'_>) -> Result<Pattern, Refusal> {
    Pattern::parse(item.text()?).map_err(|error| {
        Refusal::new(error.to_string())
            .help("the syntax is that of https://docs.rs/regex: no look-around, no back references")
    })
}

fn of_header(table: &mut Table<'_, '_>) -> Written {
    let item = table.find("header")?;
    let name = item.accept(table.findings, |item| {
        header_name(item.text()?)
            .ok_or_else(|| Refusal::new(format!("`{}` is no name of a header", item.text().unwrap_or(""))))
    });
    let tests = [
        table.option("exists", |item| Ok(HeaderTest::Exists(item.boolean()?))),
        table.option("equals", |item| Ok(HeaderTest::Equals(item.text()?.to_owned()))),
        table.option("contains", |item| Ok(HeaderTest::Contains(item.text()?.to_owned()))),
        table.option("matches", |item| Ok(HeaderTest::Matches(read_pattern(item)?))),
    ];
    let mut tests = tests.into_iter().flatten().map(|test| test.value);
    let about = match (tests.next(), tests.next()) {
        (Some(test), None) => name.map(|name| About::Header { name, test }),
        (first, _) => {
            refuse_count(table, first.is_some(), "one of `exists`, `equals`, `contains`, `matches`");
            None
        }
    };
    Some(("header", about))
}

/// A subject without a test, or with several. One that was refused has been reported already.
fn refuse_count(table: &Table<'_, '_>, several: bool, tests: &str) {
    let refused =
        !several && ["exists", "equals", "contains", "matches"].iter().any(|key| table.keys().any(|k| k == *key));
    if !refused {
        let message = if several { "this assertion has two tests" } else { "this assertion has no test" };
        table.findings.push(Diagnostic::error(message, table.span.clone()).help(format!("give it {tests}")));
    }
}

fn of_json(table: &mut Table<'_, '_>) -> Written {
    let item = table.find("json")?;
    let path = item.accept(table.findings, |item| {
        Path::parse(item.text()?)
            .map_err(|error| Refusal::new(error.to_string()).help("write a JSONPath (RFC 9535), as in `$.status`"))
    });
    let exists = table.option("exists", |item| Ok(JsonTest::Exists(item.boolean()?)));
    let equals = table.option("equals", |item| Ok(JsonTest::Equals(read_value(item)?)));
    let bounds = [
        table.option("at_least", |item| Ok(Bound::AtLeast(read_decimal(item)?))),
        table.option("at_most", |item| Ok(Bound::AtMost(read_decimal(item)?))),
        table.option("more_than", |item| Ok(Bound::MoreThan(read_decimal(item)?))),
        table.option("less_than", |item| Ok(Bound::LessThan(read_decimal(item)?))),
    ];
    let bounds: Vec<Bound> = bounds.into_iter().flatten().map(|bound| bound.value).collect();
    let within = (!bounds.is_empty()).then_some(JsonTest::Within(bounds));
    let mut tests = [exists.map(|test| test.value), equals.map(|test| test.value), within].into_iter().flatten();
    let about = match (tests.next(), tests.next()) {
        (Some(test), None) => path.map(|path| About::Json { path, test }),
        (first, _) => {
            refuse_count(table, first.is_some(), "`exists`, `equals`, or bounds as in `at_most = 5`");
            None
        }
    };
    Some(("json", about))
}

fn read_value(item: &Item<'_>) -> Result<Value, Refusal> {
    if let Ok(text) = item.text() {
        return Ok(Value::Text(text.to_owned()));
    }
    match item.boolean() {
        Ok(truth) => Ok(Value::Truth(truth)),
        Err(_) => read_decimal(item).map(Value::Number),
    }
}

fn read_decimal(item: &Item<'_>) -> Result<Decimal, Refusal> {
    let text = item.decimal()?;
    Decimal::parse(text).ok_or_else(|| Refusal::new(format!("`{text}` is no plain decimal number")))
}
