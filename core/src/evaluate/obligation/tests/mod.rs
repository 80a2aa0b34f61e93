//! Worked examples, a file for each noun. Here: the agreement and the history that they are built of.

mod maintenance;
mod notice;
mod presence;
mod recovery;
mod recurring;
mod suspension;

use crate::agreement::{self, Agreement};
use crate::evaluate::{Customers, Request, evaluate};
use crate::history::{History, Reader};
use crate::id::CustomerId;
use crate::statement::{Row, Verdict};
use crate::time::{Instant, Period, Zone};

const HEAD: &str = r#"
[agreement]
id = "worked"
title = { en = "Worked examples" }
provider = { en = "Somebody" }
revision = "1"
languages = ["en"]
authoritative = "en"
valid_from = 2026-01-01T00:00:00Z
[[clause]]
id = "1"
force = "duty"
title = { en = "One" }
text = { en = "One." }
[[solution]]
id = "shop"
name = { en = "Shop" }
[[solution.interface]]
id = "api"
name = { en = "API" }
[[solution.interface]]
id = "console"
name = { en = "Console" }
[[solution]]
id = "till"
name = { en = "Till" }
[[solution.interface]]
id = "till-api"
name = { en = "API" }
"#;

const POLICY: &str = r#"
[policy]
zone = "UTC"
period = "month"
service_time = "24x7"
degraded = "down"
vantages = "any"
checks = "all"
interfaces = "all"
decimals = 3
close_after = "0s"
covered_when = ["entitlement"]
"#;

/// When October has long ended.
const LATER: &str = "2026-12-01T00:00:00Z";

/// An agreement with one commitment of a kind about the shop.
fn promise(kind: &str, terms: &str) -> Agreement {
    promise_with(kind, terms, POLICY)
}

fn promise_with(kind: &str, terms: &str, policy: &str) -> Agreement {
    let per = if terms.contains("per =") { "" } else { "per = \"solution\"\nsolutions = [\"shop\"]" };
    let source = format!(
        "{HEAD}[[commitment]]\nid = \"c\"\nname = {{ en = \"C\" }}\nclause = \"1\"\nkind = \"{kind}\"\n{per}\n{terms}\n{policy}"
    );
    let reading = agreement::read(&source);
    reading.agreement.unwrap_or_else(|| panic!("{:#?}", reading.findings))
}

fn history(agreement: &Agreement, lines: &[String]) -> History {
    let mut reader = Reader::new(agreement);
    lines.iter().for_each(|line| reader.line(line));
    let (history, _, bad) = reader.finish();
    assert_eq!(bad, []);
    history
}

/// A moment of 2026 from `MM-DD` or `MM-DDThh:mm`.
fn moment(text: &str) -> String {
    match text.len() {
        5 => format!("2026-{text}T00:00:00Z"),
        11 => format!("2026-{text}:00Z"),
        _ => text.to_owned(),
    }
}

/// A line: its type and id, other keys as JSON with moments of 2026 between `<` and `>`, recorded at the first of them.
fn line(kind: &str, id: &str, keys: &str) -> String {
    let mut keys = keys.to_owned();
    let mut recorded = String::new();
    while let (Some(from), Some(until)) = (keys.find('<'), keys.find('>')) {
        let at = moment(&keys[from + 1..until]);
        if recorded.is_empty() {
            recorded.clone_from(&at);
        }
        keys.replace_range(from..=until, &format!("\"{at}\""));
    }
    let recorded =
        if keys.contains("recorded_at") { String::new() } else { format!(",\"recorded_at\":\"{recorded}\"") };
    format!(r#"{{"type":"{kind}","id":"{id}",{keys}{recorded}}}"#)
}

fn entitlement(customer: &str, solution: &str, from: &str, until: &str) -> String {
    let keys = format!(
        r#""scope":{{"solution":"{solution}","customer":"{customer}"}},"paid":true,"from":<{from}>,"until":<{until}>"#
    );
    line("entitlement", &format!("e-{customer}-{from}"), &keys)
}

/// Every row for October.
fn rows(agreement: &Agreement, lines: &[String], known: &str, customer: Option<&str>) -> Vec<Row> {
    let request = Request {
        period: Period::parse("2026-10", &Zone::utc()).unwrap(),
        as_known_at: Instant::parse(&moment(known)).unwrap(),
        customers: customer.map_or(Customers::Nobody, |id| Customers::One(CustomerId::parse(id).unwrap())),
    };
    evaluate(std::slice::from_ref(agreement), &history(agreement, lines), &request).unwrap().rows
}

/// The only row for October, as known later.
fn october(agreement: &Agreement, lines: &[String]) -> Row {
    known(agreement, lines, LATER)
}

fn known(agreement: &Agreement, lines: &[String], at: &str) -> Row {
    rows(agreement, lines, at, None).remove(0)
}

fn october_of(agreement: &Agreement, lines: &[String], customer: &str) -> Row {
    rows(agreement, lines, LATER, Some(customer)).remove(0)
}

/// A figure as files show it.
fn figure(row: &Row, key: &str) -> Option<String> {
    row.measured.iter().find(|measured| measured.key == key).map(|measured| measured.amount.to_string())
}

fn texts(row: &Row) -> Vec<String> {
    row.reasons.iter().map(|reason| format!("{}: {}", reason.kind.name(), reason.text())).collect()
}

#[test]
fn a_period_that_no_revision_covers_is_not_covered() {
    let later = HEAD.replace("2026-01-01T00:00:00Z", "2026-11-01T00:00:00Z");
    let source = format!(
        "{later}[[commitment]]\nid = \"c\"\nname = {{ en = \"C\" }}\nclause = \"1\"\nkind = \"incident-restore\"\nper = \"agreement\"\nrestored_within = \"1h\"\n{POLICY}"
    );
    let agreement = agreement::read(&source).agreement.unwrap();
    let incident = line("incident", "i", r#""scope":{"solution":"shop"},"cause":"unscheduled","from":<10-03>"#);
    let row = october(&agreement, std::slice::from_ref(&incident));
    assert_eq!((row.verdict, row.reasons.len(), row.counted.parts().len()), (Verdict::NotCovered, 0, 0));
    let row = known(&agreement, &[incident], "10-20");
    assert_eq!(row.verdict, Verdict::InProgress);
}
