//! The golden files: the bytes of every kind of fact, of its leaf, and of a segment, exactly as they must stay for ever.
//!
//! A test that fails here says that a stored ledger could no longer be verified. The files are never written by a program:
//! a changed format gets a next version and new files beside the old.

use std::path::PathBuf;

use uphold_core::id::{AgreementId, CheckId, CustomerId, FactId, InterfaceId, Series, SolutionId, VantageId};
use uphold_core::interval::Interval;
use uphold_core::ledger::act::Act;
use uphold_core::ledger::digest::Digest;
use uphold_core::ledger::erase::Erasure;
use uphold_core::ledger::evidence::{Evidence, File, Media, Took};
use uphold_core::ledger::fact::{Agreement, Check, Fact, FactKind, Measurement, ObserverGap, Record, Statement};
use uphold_core::ledger::leaf::{Leaf, PUBLIC, commitment};
use uphold_core::ledger::segment::{OpenRun, Segment};
use uphold_core::ledger::tag::subject_tag;
use uphold_core::ledger::tree::leaf_hash;
use uphold_core::run::{Observed, Staleness};
use uphold_core::time::{Instant, Millis};

const SALT: [u8; 32] = *b"golden salt of thirty-two bytes!";

fn at(text: &str) -> Instant {
    Instant::parse(text).unwrap()
}

fn golden(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[track_caller]
fn assert_golden(name: &str, bytes: &[u8]) {
    let want = golden(name);
    assert!(
        want == bytes,
        "{name} changed\nfile: {}\nnow:  {}",
        String::from_utf8_lossy(&want),
        String::from_utf8_lossy(bytes)
    );
}

fn segment() -> Segment {
    let run = |check: &str, from: &str, last: &str, state, n| {
        (CheckId::parse(check).unwrap(), OpenRun { from: at(from), last: at(last), state, n })
    };
    let runs = vec![
        run("api-eu", "2026-10-03T01:10:00Z", "2026-10-03T01:10:20Z", Observed::Down, 3),
        run("api-eu", "2026-10-02T00:00:00Z", "2026-10-03T01:09:50Z", Observed::Up, 9_060),
        run("console-eu", "2026-10-03T01:10:30Z", "2026-10-03T01:10:30Z", Observed::Unknown, 1),
        run("login.eu_1", "2026-10-03T01:09:30.25Z", "2026-10-03T01:10:29.75Z", Observed::Degraded, 7),
    ];
    Segment::new(VantageId::parse("tokyo-1").unwrap(), at("2026-10-03T01:10:30Z"), runs).unwrap()
}

/// One fact of each kind, in the order of [`FactKind::ALL`].
fn facts() -> Vec<Fact> {
    earlier_facts().into_iter().chain(later_facts()).collect()
}

fn earlier_facts() -> Vec<Fact> {
    let id = |text: &str| FactId::parse(text).unwrap();
    let span = |from: &str, until: &str| Interval::new(at(from), at(until)).unwrap();
    vec![
        Fact::Agreement(Agreement {
            id: id("agreement:cloud-one:3"),
            by: "cli:root".to_owned(),
            agreement: AgreementId::parse("cloud-one").unwrap(),
            revision: "3".to_owned(),
            digest: Digest::of(&[b"the agreement"]),
            definitions: Digest::of(&[b"the checks"]),
            withdrawn: false,
        }),
        Fact::Check(Check {
            id: id("check:api-eu@tokyo-1:1"),
            by: "cli:root".to_owned(),
            series: Series { check: CheckId::parse("api-eu").unwrap(), vantage: VantageId::parse("tokyo-1").unwrap() },
            solution: SolutionId::parse("cloud").unwrap(),
            interface: InterfaceId::parse("api").unwrap(),
            interval: Millis(10_000),
            staleness: Staleness::After(Millis(30_000)),
            active: span("2026-10-01T00:00:00Z", "2027-10-01T00:00:00Z"),
            definition: Digest::of(&[b"the definition"]),
        }),
        Fact::Measurement(Measurement {
            id: id("measurement:tokyo-1:1759453830000"),
            by: "server:tokyo-1".to_owned(),
            vantage: VantageId::parse("tokyo-1").unwrap(),
            through: at("2026-10-03T01:10:30Z"),
            segment: Digest::of(&[&segment().encode()]),
            runs: 4,
        }),
        Fact::ObserverGap(ObserverGap {
            id: id("observer_gap:1"),
            by: "server:tokyo-1".to_owned(),
            vantage: Some(VantageId::parse("tokyo-1").unwrap()),
            span: span("2026-10-03T01:10:30Z", "2026-10-03T01:11:02.5Z"),
            why: "the server was killed; \"kill -9\" \u{2192} restart, \u{518d}\u{8d77}\u{52d5}".to_owned(),
        }),
    ]
}

/// What was told, seen and frozen.
fn later_facts() -> Vec<Fact> {
    let id = |text: &str| FactId::parse(text).unwrap();
    vec![
        Fact::Record(Record {
            id: id("record:1"),
            by: "token:ops".to_owned(),
            why: "the customer asked \u{2192} \u{4f9d}\u{983c}".to_owned(),
            line: r#"{"type":"report","id":"r-1","customer":"acme","scope":{"solution":"cloud"},"at":"2026-10-03T01:10:00Z"}"#
                .to_owned(),
            customer: None,
        }),
        Fact::Evidence(Evidence {
            id: id("evidence:1"),
            by: "server:tokyo-1".to_owned(),
            series: Series { check: CheckId::parse("console-eu").unwrap(), vantage: VantageId::parse("tokyo-1").unwrap() },
            at: at("2026-10-03T01:10:00Z"),
            state: Observed::Down,
            cause: "the page did not show `#\u{6e96}\u{5099}`".to_owned(),
            took: Took {
                resolve_us: 0,
                connect_us: 1,
                tls_us: 22,
                first_byte_us: 333,
                body_us: 4_444,
                total_us: 9_007_199_254_740_991,
            },
            files: vec![
                File { digest: Digest::of(&[b"what was seen"]), media: Media::Json, bytes: 512 },
                File { digest: Digest::of(&[b"the picture"]), media: Media::Png, bytes: 48_213 },
            ],
        }),
        Fact::Statement(Statement {
            id: id("statement:2026-10:acme:1"),
            by: "server:tokyo-1".to_owned(),
            agreement: AgreementId::parse("cloud-one").unwrap(),
            period: "2026-10".to_owned(),
            customer: Some(CustomerId::parse("acme").unwrap()),
            number: 1,
            as_known_at: at("2026-11-08T00:00:00Z"),
            text: Digest::of(&[b"the statement"]),
            figures: Digest::of(&[b"the figures"]),
        }),
        Fact::Erasure(Erasure {
            id: id("erasure:1"),
            by: "server:tokyo-1".to_owned(),
            why: "the retention policy: 400d \u{2192} \u{6d88}\u{53bb}".to_owned(),
            kind: FactKind::Measurement,
            from: 3,
            until: 44_643,
            count: 44_000,
            before: Some(at("2026-10-01T00:00:30.001Z")),
        }),
        Fact::Act(Act {
            id: id("act:1"),
            by: "person:alice".to_owned(),
            what: "role-changed".to_owned(),
            subject: "person:bob@example".to_owned(),
            to: Some("operator".to_owned()),
            why: "on call from May on \u{2192} \u{5f53}\u{756a}".to_owned(),
            at: at("2026-11-20T09:30:00.123Z"),
        }),
    ]
}

/// Records of one customer have one key more, and leaves a tag.
fn record_of_a_customer() -> (Fact, Leaf) {
    let Some(Fact::Record(record)) = facts().into_iter().find(|fact| fact.kind() == FactKind::Record) else {
        panic!("there is a record");
    };
    let customer = CustomerId::parse("acme").unwrap();
    let subject_tag = subject_tag(&SALT, Some(&customer));
    let fact = Fact::Record(Record { customer: Some(customer), ..record });
    let leaf = Leaf { subject_tag, ..leaf(7, &fact) };
    (fact, leaf)
}

fn leaf(seq: u64, fact: &Fact) -> Leaf {
    Leaf {
        seq,
        kind: fact.kind(),
        kind_version: fact.version(),
        recorded_at: at("2026-10-03T01:11:03.125Z"),
        subject_tag: PUBLIC.to_owned(),
        commitment: commitment(&SALT, &fact.encode()),
    }
}

#[test]
fn the_bytes_of_every_kind_of_fact_stay_what_they_are() {
    let facts = facts();
    assert_eq!(facts.iter().map(Fact::kind).collect::<Vec<_>>(), FactKind::ALL, "every kind has a golden file");
    for (seq, fact) in (0..).zip(&facts) {
        let name = format!("{}-v{}", fact.kind().name(), fact.version());
        let leaf = leaf(seq, fact);
        assert_golden(&format!("{name}.json"), &fact.encode());
        assert_golden(&format!("{name}.leaf"), &leaf.encode());
        assert_golden(&format!("{name}.hash"), leaf_hash(&leaf.encode()).to_string().as_bytes());
    }
}

#[test]
fn the_bytes_of_a_withdrawal_stay_what_they_are() {
    let Some(Fact::Agreement(named)) = facts().into_iter().next() else { panic!("the first is an agreement") };
    let fact = Fact::Agreement(Agreement { withdrawn: true, ..named });
    assert_eq!(fact.version(), 2);
    let leaf = leaf(8, &fact);
    assert_golden("agreement-v2.json", &fact.encode());
    assert_golden("agreement-v2.leaf", &leaf.encode());
    assert_golden("agreement-v2.hash", leaf_hash(&leaf.encode()).to_string().as_bytes());
    let bytes = golden("agreement-v2.json");
    assert_eq!(Fact::decode(FactKind::Agreement, 2, &bytes), Ok(fact));
    assert_eq!(Leaf::decode(&golden("agreement-v2.leaf")), Ok(leaf));
    // Neither version is read as the other, and no other kind has a second one.
    assert!(Fact::decode(FactKind::Agreement, 1, &bytes).is_err());
    assert!(Fact::decode(FactKind::Agreement, 2, &golden("agreement-v1.json")).is_err());
    assert!(Fact::decode(FactKind::Check, 2, &golden("check-v1.json")).is_err());
    let other = String::from_utf8(bytes).unwrap().replacen("\"withdrawn\"", "\"kept\"", 1);
    let error = Fact::decode(FactKind::Agreement, 2, other.as_bytes()).unwrap_err().to_string();
    assert_eq!(error, "not a fact `agreement`: `use`: is not `withdrawn`");
}

#[test]
fn the_bytes_of_a_customers_fact_stay_what_they_are() {
    let (fact, leaf) = record_of_a_customer();
    assert_golden("record-v1-customer.json", &fact.encode());
    assert_golden("record-v1-customer.leaf", &leaf.encode());
    assert_eq!(Fact::decode(FactKind::Record, 1, &golden("record-v1-customer.json")), Ok(fact));
    assert_eq!(Leaf::decode(&golden("record-v1-customer.leaf")), Ok(leaf));
    let other = String::from_utf8(golden("record-v1-customer.json")).unwrap().replacen("\"acme\"", "\"else\"", 1);
    let error = Fact::decode(FactKind::Record, 1, other.as_bytes()).unwrap_err().to_string();
    assert_eq!(error, "not a fact `record`: `customer`: is not the one that the line names");
}

#[test]
fn the_golden_files_are_read_as_what_they_say() {
    for (seq, fact) in (0..).zip(&facts()) {
        let name = format!("{}-v1", fact.kind().name());
        assert_eq!(Fact::decode(fact.kind(), 1, &golden(&format!("{name}.json"))).as_ref(), Ok(fact));
        assert_eq!(Leaf::decode(&golden(&format!("{name}.leaf"))), Ok(leaf(seq, fact)));
    }
    assert_eq!(Segment::decode(&golden("segment-v1.json")), Ok(segment()));
}

#[test]
fn the_bytes_of_a_segment_stay_what_they_are() {
    assert_golden("segment-v1.json", &segment().encode());
}

#[test]
fn absent_values_are_absent_keys() {
    let mut facts = facts();
    let Fact::Check(check) = &mut facts[1] else { panic!("the second is a check") };
    check.staleness = Staleness::None;
    check.active = Interval::new(check.active.from(), Instant::MAX).unwrap();
    let bytes = facts[1].encode();
    assert_golden("check-v1-open.json", &bytes);
    assert_eq!(Fact::decode(FactKind::Check, 1, &bytes).as_ref(), Ok(&facts[1]));
    let Fact::ObserverGap(gap) = &mut facts[3] else { panic!("the fourth is a gap") };
    gap.vantage = None;
    let bytes = facts[3].encode();
    assert_golden("observer_gap-v1-all.json", &bytes);
    assert_eq!(Fact::decode(FactKind::ObserverGap, 1, &bytes).as_ref(), Ok(&facts[3]));
    let Fact::Erasure(erasure) = &mut facts[7] else { panic!("the eighth is an erasure") };
    (erasure.kind, erasure.until, erasure.count, erasure.before) = (FactKind::Record, 4, 1, None);
    let bytes = facts[7].encode();
    assert_golden("erasure-v1-record.json", &bytes);
    assert_eq!(Fact::decode(FactKind::Erasure, 1, &bytes).as_ref(), Ok(&facts[7]));
    let Fact::Act(act) = &mut facts[8] else { panic!("the ninth is an act") };
    (act.what, act.to) = ("person-removed".to_owned(), None);
    let bytes = facts[8].encode();
    assert_golden("act-v1-removed.json", &bytes);
    assert_eq!(Fact::decode(FactKind::Act, 1, &bytes).as_ref(), Ok(&facts[8]));
}
