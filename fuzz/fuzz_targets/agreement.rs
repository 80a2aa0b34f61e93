//! Any text is an agreement or a list of problems with places inside the text; an agreement can be evaluated.
#![no_main]

use libfuzzer_sys::fuzz_target;
use uphold_core::agreement::read;
use uphold_core::evaluate::{Customers, Request, evaluate};
use uphold_core::history::History;
use uphold_core::time::{Instant, Period, Zone};

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
    let Ok(statement) = evaluate(&[agreement], &History::default(), &request) else { return };
    for bounds in statement.rows.iter().filter_map(|row| row.availability.as_ref()) {
        assert!(bounds.lower <= bounds.upper, "the bounds are the wrong way round");
        assert!(bounds.upper.num() <= bounds.upper.den(), "more than everything was up");
    }
});
