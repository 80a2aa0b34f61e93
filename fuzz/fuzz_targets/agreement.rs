//! Any text is an agreement or a list of problems with places inside the text; an agreement can be evaluated.
#![no_main]

use libfuzzer_sys::fuzz_target;
use uphold_core::agreement::{Agreement, Commitment, Confirm, Onset, Stated, UnknownPolicy, read};
use uphold_core::evaluate::{Customers, Request, evaluate};
use uphold_core::history::History;
use uphold_core::statement::Row;
use uphold_core::time::{Instant, Period, Zone};

/// Whether unknown time stays unknown. A term may say that it counts as up or down, and where an outage runs from a
/// customer's report, time without a report is known to be up.
fn substitutes_nothing(agreement: &Agreement, row: &Row) -> bool {
    let terms = agreement.find_commitment(&row.commitment).and_then(Commitment::availability);
    terms.is_none_or(|terms| {
        let by_report = |confirm: &Stated<Confirm>| confirm.value.onset == Onset::Report;
        terms.unknown.value == UnknownPolicy::Bounds
            && terms.states.as_ref().is_some_and(|states| !states.confirm.as_ref().is_some_and(by_report))
    })
}

fuzz_target!(|source: &str| {
    let reading = read(source);
    for finding in &reading.findings {
        assert!(finding.span.start <= finding.span.end && finding.span.end <= source.len(), "{finding:?}");
    }
    let Some(agreement) = reading.agreement else {
        assert!(!reading.findings.is_empty(), "no agreement and no reason");
        return;
    };
    let period = Period::parse("2026-10", &Zone::utc()).expect("the example is right");
    let known = Instant::parse("2026-11-10T00:00:00Z").expect("the example is right");
    let request = Request { period, as_known_at: known, customers: Customers::Nobody };
    let Ok(statement) = evaluate(std::slice::from_ref(&agreement), &History::default(), &request) else { return };
    for row in &statement.rows {
        if let Some(bounds) = &row.availability {
            assert!(bounds.lower <= bounds.upper, "the bounds are the wrong way round");
            assert!(bounds.upper.num() <= bounds.upper.den(), "more than everything was up");
        }
        if substitutes_nothing(&agreement, row) {
            assert_eq!(row.tally.up.0 + row.tally.down.0, 0, "figures from nothing");
        }
    }
});
