//! Facts and ledgers for tests.

use std::path::{Path, PathBuf};

use uphold_core::id::{AgreementId, CheckId, CustomerId, FactId, InterfaceId, Series, SolutionId, VantageId};
use uphold_core::interval::Interval;
use uphold_core::ledger::act::Act;
use uphold_core::ledger::digest::Digest;
use uphold_core::ledger::erase::Erasure;
use uphold_core::ledger::fact::{Agreement, Check, Fact, FactKind, Measurement, ObserverGap, Record, Statement};
use uphold_core::ledger::segment::{OpenRun, Segment};
use uphold_core::run::{Observed, Staleness};
use uphold_core::time::{Instant, Millis};

use crate::ledger::sqlite::{FILE, Store, Work};
use crate::ledger::{NewFact, prepare};

pub(crate) fn vantage() -> VantageId {
    VantageId::parse("tokyo-1").unwrap()
}

fn id(kind: &str, number: i64) -> FactId {
    FactId::parse(&format!("{kind}-{number}")).unwrap()
}

fn by() -> String {
    "server:tokyo-1".to_owned()
}

pub(crate) fn gap(number: i64, why: &str) -> NewFact {
    let fact = ObserverGap {
        id: id("gap", number),
        by: by(),
        vantage: Some(vantage()),
        span: Interval::new(Instant(number), Instant(number + 1)).unwrap(),
        why: why.to_owned(),
    };
    NewFact { fact: Fact::ObserverGap(fact), segment: None }
}

pub(crate) fn segment(number: i64) -> Segment {
    let at = Instant(number * 60_000);
    let run = OpenRun { from: at, last: at, state: Observed::Up, n: 1 };
    Segment::new(vantage(), at, vec![(CheckId::parse("api").unwrap(), run)]).unwrap()
}

pub(crate) fn measurement(number: i64) -> NewFact {
    let segment = segment(number);
    let bytes = segment.encode();
    let fact = Measurement {
        id: id("measurement", number),
        by: by(),
        vantage: vantage(),
        through: segment.through(),
        segment: Digest::of(&[&bytes]),
        runs: 1,
    };
    NewFact { fact: Fact::Measurement(fact), segment: Some(bytes) }
}

/// Of the measurement six places before; its row is still there.
fn erasure(number: i64) -> NewFact {
    let place = number.unsigned_abs() - 6;
    let fact = Erasure {
        id: id("erasure", number),
        by: by(),
        why: "the retention policy".to_owned(),
        kind: FactKind::Measurement,
        from: place,
        until: place + 1,
        count: 1,
        before: Some(Instant(number)),
    };
    NewFact { fact: Fact::Erasure(fact), segment: None }
}

fn act(number: i64) -> NewFact {
    let fact = Act {
        id: id("act", number),
        by: "person:alice".to_owned(),
        what: "role-changed".to_owned(),
        subject: "person:bob".to_owned(),
        to: Some("viewer".to_owned()),
        why: "stopped working here".to_owned(),
        at: Instant(number),
    };
    NewFact { fact: Fact::Act(fact), segment: None }
}

/// One fact of each kind in turn.
pub(crate) fn fact(number: i64) -> NewFact {
    let digest = Digest::of(&[&number.to_be_bytes()]);
    match number % 7 {
        0 => measurement(number),
        1 if number % 2 == 0 => act(number),
        1 => gap(number, "the server was stopped"),
        2 => {
            let fact = Check {
                id: id("check", number),
                by: by(),
                series: Series { check: CheckId::parse("api").unwrap(), vantage: vantage() },
                solution: SolutionId::parse("cloud").unwrap(),
                interface: InterfaceId::parse("api").unwrap(),
                interval: Millis(10_000),
                staleness: Staleness::After(Millis(30_000)),
                active: Interval::ALL,
                definition: digest,
            };
            NewFact { fact: Fact::Check(fact), segment: None }
        }
        3 => {
            let fact = Record {
                id: id("record", number),
                by: by(),
                why: "the contract".to_owned(),
                line: r#"{"type":"report","customer":"acme","at":"2026-10-05T10:00:20Z"}"#.to_owned(),
                customer: CustomerId::parse("acme").ok(),
            };
            NewFact { fact: Fact::Record(fact), segment: None }
        }
        4 => {
            let text = format!("{{\"number\": {number}}}").into_bytes();
            let fact = Statement {
                id: id("statement", number),
                by: by(),
                agreement: AgreementId::parse("cloud-one").unwrap(),
                period: "2026-10".to_owned(),
                customer: None,
                number: number.unsigned_abs(),
                as_known_at: Instant(number),
                text: Digest::of(&[&text]),
                figures: digest,
            };
            NewFact { fact: Fact::Statement(fact), segment: Some(text) }
        }
        6 => erasure(number),
        _ => {
            let fact = Agreement {
                id: id("agreement", number),
                by: by(),
                agreement: AgreementId::parse("cloud-one").unwrap(),
                revision: number.to_string(),
                digest,
                definitions: digest,
                withdrawn: false,
            };
            NewFact { fact: Fact::Agreement(fact), segment: None }
        }
    }
}

pub(crate) fn work(numbers: std::ops::Range<i64>) -> Work {
    Work::Facts(numbers.map(|number| prepare(fact(number)).unwrap()).collect())
}

/// Writes the facts of these numbers into a ledger that is there.
pub(crate) fn append(folder: &Path, numbers: std::ops::Range<i64>) {
    let mut store = Store::open(&folder.join(FILE)).unwrap();
    for number in numbers {
        store.write(&[work(number..number + 1)], Instant(1_790_000_000_000 + number)).unwrap();
    }
}

/// Writes a ledger with that many facts and a checkpoint, and closes it. The path of its database.
pub(crate) fn ledger(folder: &Path, facts: usize) -> PathBuf {
    let path = folder.join(FILE);
    let mut store = Store::open(&path).unwrap();
    let checkpoint = Work::Checkpoint { vantage: vantage(), segment: segment(9).encode() };
    for (number, work) in (0..i64::try_from(facts).unwrap()).map(|number| (number, work(number..number + 1))) {
        store.write(&[work], Instant(1_790_000_000_000 + number)).unwrap();
    }
    store.write(&[checkpoint], Instant(1_790_000_000_000)).unwrap();
    path
}
