//! Any lines are facts or bad lines; what was read is known and evaluates the same in any order, what is known can be
//! asked again, and bounds are in order.
#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use uphold_core::agreement::{Agreement, read};
use uphold_core::evaluate::{Customers, Problem, Request, evaluate};
use uphold_core::history::{History, Reader};
use uphold_core::statement::Statement;
use uphold_core::time::{Instant, Period, Zone};

fn agreement() -> &'static Agreement {
    static AGREEMENT: OnceLock<Agreement> = OnceLock::new();
    AGREEMENT.get_or_init(|| {
        read(include_str!("../../examples/cloud-one/agreement.toml")).agreement.expect("the example is right")
    })
}

type Judged = Result<Statement, Vec<Problem>>;

fn judged<'l>(lines: impl Iterator<Item = &'l [u8]>) -> (Judged, History, usize) {
    let mut reader = Reader::new(agreement());
    for line in lines {
        match std::str::from_utf8(line) {
            Ok(line) => reader.line(line),
            Err(_) => reader.not_text(line),
        }
    }
    let (history, _, bad) = reader.finish();
    let period = Period::parse("2026-10", &Zone::utc()).expect("the example is right");
    let known = Instant::parse("2026-11-10T00:00:00Z").expect("the example is right");
    let held = history.known_at(known);
    assert_eq!(held.known_at(known), held, "what is known changes when it is asked again");
    let request = Request { period, as_known_at: known, customers: Customers::All };
    (evaluate(std::slice::from_ref(agreement()), &history, &request), held, bad.len())
}

fuzz_target!(|bytes: &[u8]| {
    let lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
    let (statement, held, bad) = judged(lines.iter().copied());
    let (backwards, held_backwards, bad_backwards) = judged(lines.iter().rev().copied());
    if bad == 0 && bad_backwards == 0 {
        assert_eq!(statement, backwards, "the order of lines matters");
        assert_eq!(held, held_backwards, "the order of lines matters");
    }
    for row in statement.iter().flat_map(|statement| &statement.rows) {
        if let Some(bounds) = &row.availability {
            assert!(bounds.lower <= bounds.upper);
        }
        if row.kind == "availability" {
            assert_eq!(row.tally.covered(), row.counted.length());
        }
    }
});
