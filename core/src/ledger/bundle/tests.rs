mod erased;

use ed25519_dalek::{Signer as _, SigningKey};

use super::*;
use crate::id::{AgreementId, CheckId, CustomerId, FactId, InterfaceId, Series, SolutionId, VantageId};
use crate::interval::Interval;
use crate::ledger::book::BookError;
use crate::ledger::canonical;
use crate::ledger::checkpoint::Checkpoint;
use crate::ledger::digest::Digest;
use crate::ledger::fact::{Agreement, Check, Fact, Measurement, ObserverGap, Record};
use crate::ledger::leaf::{Leaf, PUBLIC, commitment};
use crate::ledger::note::{self, VerifierKey};
use crate::ledger::segment::{OpenRun, Segment};
use crate::ledger::tree;
use crate::run::{Observed, Staleness};
use crate::time::Millis;

const AGREEMENT: &str = r#"[agreement]
id = "small"
title = { en = "Small" }
provider = { en = "Example" }
revision = "1"
languages = ["en"]
authoritative = "en"
valid_from = 2026-01-01T00:00:00Z
[[clause]]
id = "1"
force = "duty"
title = { en = "Availability" }
text.en = "The shop is available for 99.9 % of each month."
[[solution]]
id = "shop"
name = { en = "Shop" }
[[solution.interface]]
id = "web"
name = { en = "Web" }
[[commitment]]
id = "availability"
name = { en = "Availability" }
clause = "1"
kind = "availability"
per = "interface"
target = "99.9"
period = "month"
[policy]
zone = "UTC"
service_time = "24x7"
indicator = "states"
aggregate = "duration"
unknown = "bounds"
binding = "both"
degraded = "up"
vantages = "all"
checks = "all"
exclusions = []
decimals = 3
close_after = "7d"
partial = "restrict"
covered_when = ["entitlement"]
"#;

const NAME: &str = "sla.example.com";

fn at(text: &str) -> Instant {
    Instant::parse(text).unwrap()
}

fn signing_key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn key(seed: u8) -> VerifierKey {
    VerifierKey::new(NAME, signing_key(seed).verifying_key().as_bytes()).unwrap()
}

/// A leaf with all that it stands for.
#[derive(Clone)]
struct Item {
    leaf: Leaf,
    salt: [u8; 32],
    payload: Vec<u8>,
    segment: Option<Vec<u8>>,
}

fn vantage() -> VantageId {
    VantageId::parse("tokyo-1").unwrap()
}

fn flush(name: &str, from: &str, through: &str, state: Observed, n: u64) -> (Fact, Option<Vec<u8>>) {
    let run = OpenRun { from: at(from), last: at(through), state, n };
    let segment = Segment::new(vantage(), at(through), vec![(CheckId::parse("front").unwrap(), run)]).unwrap();
    let bytes = segment.encode();
    let fact = Measurement {
        id: FactId::parse(name).unwrap(),
        by: "server:tokyo-1".to_owned(),
        vantage: vantage(),
        through: at(through),
        segment: Digest::of(&[&bytes]),
        runs: 1,
    };
    (Fact::Measurement(fact), Some(bytes))
}

fn gap(name: &str, from: &str, until: &str) -> (Fact, Option<Vec<u8>>) {
    let fact = ObserverGap {
        id: FactId::parse(name).unwrap(),
        by: "server:tokyo-1".to_owned(),
        vantage: None,
        span: Interval::new(at(from), at(until)).unwrap(),
        why: "the server was stopped".to_owned(),
    };
    (Fact::ObserverGap(fact), None)
}

/// What happened in one October: up, an outage of an hour, a gap, up.
fn facts() -> Vec<(Fact, Option<Vec<u8>>)> {
    let id = |text: &str| FactId::parse(text).unwrap();
    let agreement = Agreement {
        id: id("agreement-1"),
        by: "cli:root".to_owned(),
        agreement: AgreementId::parse("small").unwrap(),
        revision: "1".to_owned(),
        digest: Digest::of(&[AGREEMENT.as_bytes()]),
        definitions: Digest::of(&[b"checks"]),
        withdrawn: false,
    };
    let check = Check {
        id: id("check-1"),
        by: "cli:root".to_owned(),
        series: Series { check: CheckId::parse("front").unwrap(), vantage: vantage() },
        solution: SolutionId::parse("shop").unwrap(),
        interface: InterfaceId::parse("web").unwrap(),
        interval: Millis(60_000),
        staleness: Staleness::After(Millis(180_000)),
        active: Interval::new(at("2026-10-01T00:00:00Z"), Instant::MAX).unwrap(),
        definition: Digest::of(&[b"check"]),
    };
    vec![
        (Fact::Agreement(agreement), None),
        (Fact::Check(check), None),
        flush("m-1", "2026-10-01T00:00:00Z", "2026-10-10T11:59:00Z", Observed::Up, 13_680),
        flush("m-2", "2026-10-10T12:00:00Z", "2026-10-10T12:59:00Z", Observed::Down, 60),
        gap("gap-1", "2026-10-20T00:00:00Z", "2026-10-20T00:10:00Z"),
        flush("m-3", "2026-10-10T13:00:00Z", "2026-10-31T23:59:00Z", Observed::Up, 30_900),
    ]
}

fn items(tags: &[&str]) -> Vec<Item> {
    items_of(facts(), tags)
}

fn items_of(facts: Vec<(Fact, Option<Vec<u8>>)>, tags: &[&str]) -> Vec<Item> {
    let items = facts.into_iter().enumerate().map(|(place, (fact, segment))| {
        let (salt, payload) = ([u8::try_from(place).unwrap(); 32], fact.encode());
        let leaf = Leaf {
            seq: place as u64,
            kind: fact.kind(),
            kind_version: fact.version(),
            recorded_at: at("2026-11-01T00:00:00Z") + Millis(i64::try_from(place).unwrap()),
            subject_tag: (*tags.get(place).unwrap_or(&PUBLIC)).to_owned(),
            commitment: commitment(&salt, &payload),
        };
        Item { leaf, salt, payload, segment }
    });
    items.collect()
}

fn signed(items: &[Item], seed: u8) -> String {
    let hashes: Vec<Digest> = items.iter().map(|item| tree::leaf_hash(&item.leaf.encode())).collect();
    let root = tree::root(&hashes);
    let checkpoint = Checkpoint { origin: NAME.to_owned(), size: items.len() as u64, root, extensions: Vec::new() };
    let text = checkpoint.encode();
    let signature = signing_key(seed).sign(text.as_bytes()).to_bytes();
    note::sealed(&text, &key(seed), &signature)
}

fn question(customers: Customers) -> Question {
    Question { period: "2026-10".to_owned(), as_known_at: at("2026-11-05T00:00:00Z"), customers }
}

fn made(items: &[Item], question: &Question, closed: &[usize]) -> Result<(Vec<u8>, Proof), BundleError> {
    made_by(&[AGREEMENT.to_owned()], items, question, closed)
}

fn made_by(
    texts: &[String],
    items: &[Item],
    question: &Question,
    closed: &[usize],
) -> Result<(Vec<u8>, Proof), BundleError> {
    let (mut writer, mut bytes) = Writer::begin(key(7), question, &signed(items, 7), texts, false)?;
    for (place, item) in items.iter().enumerate() {
        let opened = Opened { salt: &item.salt, payload: &item.payload, segment: item.segment.as_deref() };
        bytes.extend(writer.leaf(
            &item.leaf,
            if closed.contains(&place) { Shown::Closed(Some(opened)) } else { Shown::Open(opened) },
        )?);
    }
    let (end, proof) = writer.finish()?;
    bytes.extend(end);
    Ok((bytes, proof))
}

fn lines(bytes: &[u8]) -> Vec<Vec<u8>> {
    let body = bytes.strip_suffix(b"\n").unwrap();
    body.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
}

fn verified<L: AsRef<[u8]>>(lines: &[L], key: VerifierKey) -> Result<Proof, BundleError> {
    let mut verifier = Verifier::new(key);
    lines.iter().try_for_each(|line| verifier.line(line.as_ref()))?;
    verifier.finish()
}

/// Replaces the last line by one that fits what stands before it, as somebody would who forges a bundle.
fn mended(lines: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let mut all = lines[..lines.len() - 1].to_vec();
    let text: Vec<u8> = all.iter().flat_map(|line| [line.as_slice(), b"\n"].concat()).collect();
    let end = canonical::Value::map([
        ("digest", canonical::Value::text(Digest::of(&[&text]))),
        ("kind", canonical::Value::text("end")),
        ("lines", canonical::Value::count(lines.len() as u64)),
    ]);
    all.push(canonical::to_bytes(&end));
    all
}

#[test]
fn a_bundle_proves_its_statement_to_whoever_has_the_key() {
    let (bytes, made) = made(&items(&[]), &question(Customers::Nobody), &[]).unwrap();
    let proof = verified(&lines(&bytes), key(7)).unwrap();
    assert_eq!(proof, made);
    assert_eq!((proof.opened, proof.closed, proof.segments, proof.checkpoint.size), (6, 0, 3, 6));
    assert_eq!(proof.revisions[0].digest, Digest::of(&[AGREEMENT.as_bytes()]));
    assert!(proof.unjudged.is_empty() && proof.tzdb.is_none());
    let statement: serde_json::Value = serde_json::from_str(&proof.statement).unwrap();
    let row = &statement["commitments"][0];
    assert_eq!((row["verdict"].as_str(), row["seconds"]["down"].as_str()), (Some("missed"), Some("3600")), "{row}");
    assert_eq!(statement["inputs"]["digest"].as_str(), Some(proof.checkpoint.root.to_string().as_str()));
    let other = verified(&lines(&bytes), key(8)).unwrap_err();
    assert!(matches!(other.fault, Fault::Checkpoint(_)), "{other}");
}

#[test]
fn every_flipped_bit_of_a_bundle_is_found_even_if_its_end_is_mended() {
    let (bytes, _) = made(&items(&[]), &question(Customers::Nobody), &[]).unwrap();
    let good = lines(&bytes);
    assert_no_flip_holds(&good);
    // A newline is no byte of a line: without it two lines are one.
    for place in 1..good.len() {
        let mut all = good.clone();
        let next = all.remove(place);
        all[place - 1].extend([b"\x0b".as_slice(), &next].concat());
        assert!(verified(&all, key(7)).is_err(), "line {place}");
    }
}

/// Flips every bit of a bundle that holds.
fn assert_no_flip_holds(good: &[Vec<u8>]) {
    let mut before = Verifier::new(key(7));
    let mut flips = 0;
    for (place, line) in good.iter().enumerate() {
        for bit in 0..line.len() * 8 {
            let mut bad = line.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            flips += 1;
            let mut after = before.clone();
            if after.line(&bad).is_err() {
                continue;
            }
            // What stands before the line is as it was, and need not be read again.
            let holds = |all: &[Vec<u8>]| {
                let mut verifier = after.clone();
                let read = all[place + 1..].iter().try_for_each(|line| verifier.line(line));
                read.and_then(|()| verifier.finish()).is_ok()
            };
            let mut all = good.to_vec();
            all[place] = bad;
            assert!(!holds(&all), "line {}, bit {bit}", place + 1);
            if place + 1 < good.len() {
                assert!(!holds(&mended(&all)), "line {}, bit {bit}, its end mended", place + 1);
            }
        }
        before.line(line).unwrap();
    }
    assert!(flips > 40_000, "{flips}");
}

#[test]
fn what_is_left_out_exchanged_repeated_or_added_is_found() {
    let (bytes, _) = made(&items(&[]), &question(Customers::Nobody), &[]).unwrap();
    let good = lines(&bytes);
    let refused = |all: &[Vec<u8>], what: &str| {
        assert!(verified(all, key(7)).is_err(), "{what}");
        assert!(verified(&mended(all), key(7)).is_err(), "{what}, its end mended");
    };
    for kept in 0..good.len() {
        assert!(verified(&good[..kept], key(7)).is_err(), "only {kept} lines");
    }
    for place in 0..good.len() - 1 {
        let mut all = good.clone();
        let line = all.remove(place);
        refused(&all, &format!("without line {place}"));
        for other in (0..good.len() - 1).filter(|other| *other != place) {
            let mut moved = all.clone();
            moved.insert(other, line.clone());
            refused(&moved, &format!("line {place} moved to {other}"));
            let mut twice = good.clone();
            twice.insert(other, line.clone());
            refused(&twice, &format!("line {place} repeated at {other}"));
        }
    }
    let mut after = good.clone();
    after.push(good[good.len() - 1].clone());
    assert!(verified(&after, key(7)).is_err(), "a second end");
}

#[test]
fn leaves_that_were_spliced_renumbered_or_cut_do_not_have_the_signed_root() {
    let all = items(&[]);
    let note = signed(&all, 7);
    let renumbered = |items: Vec<Item>| {
        let leaves = items.into_iter().enumerate();
        leaves.map(|(place, mut item)| {
            item.leaf.seq = place as u64;
            item.leaf.recorded_at = at("2026-11-01T00:00:00Z");
            item
        })
    };
    for gone in 0..all.len() {
        let mut fewer = all.clone();
        fewer.remove(gone);
        fewer.insert(0, all[0].clone());
        let (mut writer, _) =
            Writer::begin(key(7), &question(Customers::Nobody), &note, &[AGREEMENT.to_owned()], false).unwrap();
        let mut result = Ok(Vec::new());
        for item in renumbered(fewer) {
            let opened = Opened { salt: &item.salt, payload: &item.payload, segment: item.segment.as_deref() };
            result = result.and_then(|_| writer.leaf(&item.leaf, Shown::Open(opened)));
        }
        let error = result.unwrap_err();
        assert!(matches!(error.fault, Fault::Root { .. }), "{gone}: {error}");
    }
}

fn customer(id: &str) -> CustomerId {
    CustomerId::parse(id).unwrap()
}

fn one(id: &str) -> Question {
    question(Customers::One(customer(id)))
}

/// A fact about one customer, appended to the others with a tag.
fn with_record(mut items: Vec<Item>, line: &str, of: Option<&str>, tag: &str) -> Vec<Item> {
    let place = items.len();
    let fact = Fact::Record(Record {
        id: FactId::parse(&format!("told-{place}")).unwrap(),
        by: "token:ops".to_owned(),
        why: "the contract".to_owned(),
        line: line.to_owned(),
        customer: of.map(customer),
    });
    let (salt, payload) = ([9; 32], fact.encode());
    let leaf = Leaf {
        seq: place as u64,
        kind: fact.kind(),
        kind_version: 1,
        recorded_at: at("2026-11-02T00:00:00Z"),
        subject_tag: tag.to_owned(),
        commitment: commitment(&salt, &payload),
    };
    items.push(Item { leaf, salt, payload, segment: None });
    items
}

fn fee(of: &str) -> String {
    format!(
        r#"{{"type":"fee","id":"fee-{of}","scope":{{"customer":"{of}"}},"from":"2026-10-01T00:00:00Z","until":"2026-11-01T00:00:00Z","amount":"1.00","currency":"EUR"}}"#
    )
}

#[test]
fn a_public_fact_may_never_be_closed_and_anothers_only_in_the_bundle_of_a_customer() {
    let error = made(&items(&[]), &one("acme"), &[3]).unwrap_err();
    assert_eq!(error.fault, Fault::Fact(BookError::Missing(3, "payload")));
    let all = with_record(items(&[]), &fee("other"), Some("other"), "0b5f");
    let all = with_record(all, &fee("acme"), Some("acme"), "77aa");
    let (bytes, _) = made(&all, &one("acme"), &[6]).unwrap();
    assert!(!String::from_utf8(bytes.clone()).unwrap().contains("fee-other"));
    let proof = verified(&lines(&bytes), key(7)).unwrap();
    assert_eq!((proof.opened, proof.closed, proof.question.clone()), (7, 1, one("acme")));
    assert_eq!(proof.tags, [(customer("acme"), "77aa".to_owned())].into());
    for everybody in [Customers::Nobody, Customers::All] {
        let error = made(&all, &question(everybody), &[6]).unwrap_err();
        assert_eq!(error.fault, Fault::Fact(BookError::Missing(6, "payload")));
    }
    let (bytes, _) = made(&all, &question(Customers::All), &[]).unwrap();
    assert_eq!(verified(&lines(&bytes), key(7)).unwrap().tags.len(), 2);
}

#[test]
fn no_fact_of_the_customer_that_a_bundle_is_for_can_be_kept_from_it() {
    let all = with_record(items(&[]), &fee("acme"), Some("acme"), "77aa");
    let correction = r#"{"type":"correction","id":"c","of":"fee-acme","set":{"amount":"2.00"},"why":"a typing error"}"#;
    let all = with_record(all, correction, Some("acme"), "77aa");
    for closed in [6, 7] {
        let error = made(&all, &one("acme"), &[closed]).unwrap_err();
        assert_eq!(error.fault, Fault::Withheld(7), "{closed}");
    }
    // Nothing of it is open: only who knows the tag can tell.
    let (bytes, _) = made(&all, &one("acme"), &[6, 7]).unwrap();
    let lines = lines(&bytes);
    verified(&lines, key(7)).unwrap();
    let mut verifier = Verifier::new(key(7));
    verifier.expect_tag(customer("acme"), "77aa".to_owned());
    let error = lines.iter().try_for_each(|line| verifier.line(line)).unwrap_err();
    assert_eq!(error.fault, Fault::Withheld(6));
}

#[test]
fn a_tag_that_is_not_its_customers_is_found() {
    let fault = |all: &[Item]| made(all, &question(Customers::All), &[]).unwrap_err().fault;
    let says = "is not the one of that customer's other facts, or is another customer's";
    let two = |of: &str, tag: &str| {
        let all = with_record(items(&[]), &fee("acme"), Some("acme"), "77aa");
        with_record(all, &fee(of).replacen("fee-", "other-", 1), Some(of), tag)
    };
    assert_eq!(fault(&two("acme", "77ab")), Fault::Tag(7, says));
    assert_eq!(fault(&two("other", "77aa")), Fault::Tag(7, says));
    let public = with_record(items(&[]), &fee("acme"), Some("acme"), PUBLIC);
    assert_eq!(fault(&public), Fault::Tag(6, "is `public`, and the fact is one customer's"));
    let nobodys = items(&[PUBLIC, PUBLIC, PUBLIC, PUBLIC, "0b5f"]);
    assert_eq!(fault(&nobodys), Fault::Tag(4, "is a customer's, and the fact is not"));
}

#[test]
fn a_figure_that_depends_on_what_stays_closed_makes_no_bundle() {
    // A correction of another customer's that takes an hour of everybody's away: no record of ours can be so, and if one
    // were, the figures of a bundle would be others than those of the whole ledger.
    let counts = r#"{"type":"correction","id":"c","of":"gap-1","retract":true,"why":"no gap"}"#;
    let paid = r#"{"type":"entitlement","id":"e","scope":{"customer":"acme"},"paid":true,"from":"2026-01-01T00:00:00Z","until":null}"#;
    let all = with_record(items(&[]), paid, Some("acme"), "77aa");
    let all = with_record(all, counts, Some("other"), "0b5f");
    let error = made(&all, &one("acme"), &[7]).map(|_| "a bundle was made").unwrap_err();
    assert_eq!(error.fault, Fault::Depends(customer("acme")));
    assert!(error.to_string().contains("the figures of `acme` depend on facts of other customers"));
}

/// Two revisions that follow one another in the middle of the outage of October; the second promises less.
fn two_revisions() -> [String; 2] {
    const CHANGE: &str = "2026-10-10T12:30:00Z";
    let stated =
        AGREEMENT.replacen("decimals = 3", "decimals = 3\ntakes_effect = \"at-once\"\nmid_period = \"split\"", 1);
    let from = "valid_from = 2026-01-01T00:00:00Z";
    let first = stated.replacen(from, &format!("{from}\nvalid_until = {CHANGE}"), 1);
    let second = stated.replacen(from, &format!("valid_from = {CHANGE}"), 1);
    let second = second.replacen("revision = \"1\"", "revision = \"2\"", 1);
    [first, second.replacen("target = \"99.9\"", "target = \"90\"", 1)]
}

fn named(revision: &str, text: &str, withdrawn: bool) -> (Fact, Option<Vec<u8>>) {
    let Some((Fact::Agreement(first), _)) = facts().into_iter().next() else { panic!("the first is an agreement") };
    let id = FactId::parse(&format!("agreement-{revision}-{withdrawn}")).unwrap();
    let digest = Digest::of(&[text.as_bytes()]);
    (Fact::Agreement(Agreement { id, revision: revision.to_owned(), digest, withdrawn, ..first }), None)
}

/// The facts of October in a ledger that names these texts.
fn facts_by(named: Vec<(Fact, Option<Vec<u8>>)>) -> Vec<Item> {
    items_of(named.into_iter().chain(facts().into_iter().skip(1)).collect(), &[])
}

#[test]
fn a_month_of_two_revisions_is_proved_by_both_and_a_flip_in_either_is_found() {
    let texts = two_revisions();
    let facts = facts_by(vec![named("1", &texts[0], false), named("2", &texts[1], false)]);
    let (bytes, made) = made_by(&texts, &facts, &question(Customers::Nobody), &[]).unwrap();
    let good = lines(&bytes);
    assert_eq!(verified(&good, key(7)).unwrap(), made);
    assert_eq!(made.revisions.iter().map(|each| each.revision.as_str()).collect::<Vec<_>>(), ["1", "2"]);
    assert!(made.unjudged.is_empty());
    let statement: serde_json::Value = serde_json::from_str(&made.statement).unwrap();
    let rows = statement["commitments"].as_array().unwrap().iter();
    let said: Vec<_> = rows
        .map(|row| [&row["revision"], &row["target"], &row["verdict"], &row["seconds"]["down"]].map(|v| v.as_str()))
        .collect();
    // Half of the hour is in each: 9 days and a half at 99.9 %, and 21 and a half at 90 %.
    let (first, second) = ([Some("1"), Some("99.9"), Some("missed"), Some("1800")], Some("met"));
    assert_eq!(said, [first, [Some("2"), Some("90"), second, Some("1800")]]);
    for place in [2, 3] {
        assert!(good[place].windows(11).any(|bytes| bytes == b"\"agreement\""), "line {place}");
        for at in 0..good[place].len() {
            let mut all = good.clone();
            all[place][at] ^= 1 << (at % 7);
            assert!(verified(&all, key(7)).is_err(), "line {place}, byte {at}");
            assert!(verified(&mended(&all), key(7)).is_err(), "line {place}, byte {at}, its end mended");
        }
        // Without one of them the statement does not follow.
        let mut all = good.clone();
        all.remove(place);
        assert!(verified(&mended(&all), key(7)).is_err(), "without line {place}");
    }
}

#[test]
fn a_revision_that_was_withdrawn_judges_nothing() {
    let texts = two_revisions();
    let later = texts[1].replacen("revision = \"2\"", "revision = \"3\"", 1);
    let all = || vec![named("1", &texts[0], false), named("2", &texts[1], false), named("3", &later, false)];
    let facts = facts_by(all().into_iter().chain([named("3", &later, true)]).collect());
    let (_, proof) = made_by(&texts, &facts, &question(Customers::Nobody), &[]).unwrap();
    assert!(proof.unjudged.is_empty(), "{:?}", proof.unjudged);
    let (_, before) = made_by(&texts, &facts_by(all()), &question(Customers::Nobody), &[]).unwrap();
    assert_eq!(before.unjudged.len(), 1, "it is in use, and the bundle does not judge by it");
    let with = [texts[0].clone(), later];
    let refused = made_by(&with, &facts, &question(Customers::Nobody), &[]).unwrap_err();
    assert!(matches!(&refused.fault, Fault::Unnamed { revision, .. } if revision == "3"), "{refused}");
}

#[test]
fn a_book_knows_the_revisions_in_use_in_the_order_of_the_ledger() {
    let book = |facts: &[(Fact, Option<Vec<u8>>)]| {
        let mut book = crate::ledger::book::Book::default();
        for (fact, _) in facts {
            book.apply(fact, None, Instant(0)).unwrap();
        }
        book.revisions.iter().map(|named| (named.seq, named.fact.revision.clone())).collect::<Vec<_>>()
    };
    let (one, two, again) = (named("1", "a", false), named("2", "b", false), named("1", "c", false));
    let of = |all: &[(u64, &str)]| all.iter().map(|(seq, name)| (*seq, (*name).to_owned())).collect::<Vec<_>>();
    assert_eq!(book(&[one.clone(), two.clone()]), of(&[(0, "1"), (1, "2")]));
    assert_eq!(book(&[one.clone(), two.clone(), again]), of(&[(1, "2"), (2, "1")]));
    assert_eq!(book(&[one.clone(), two.clone(), named("2", "b", true)]), of(&[(0, "1")]));
    // Another agreement begins anew.
    let Fact::Agreement(other) = two.0 else { panic!("it is an agreement") };
    let other = Agreement { agreement: AgreementId::parse("other").unwrap(), ..other };
    assert_eq!(book(&[one, (Fact::Agreement(other), None)]), of(&[(1, "2")]));
}

#[test]
fn an_agreement_that_the_ledger_does_not_name_judges_nothing() {
    let items = items(&[]);
    let other = AGREEMENT.replace("99.9\"", "90\"");
    let begun = Writer::begin(key(7), &question(Customers::Nobody), &signed(&items, 7), &[other], false);
    let (mut writer, _) = begun.unwrap();
    for item in &items {
        let opened = Opened { salt: &item.salt, payload: &item.payload, segment: item.segment.as_deref() };
        writer.leaf(&item.leaf, Shown::Open(opened)).unwrap();
    }
    let error = writer.finish().unwrap_err();
    assert!(error.to_string().contains("does not name this text of revision `1`"), "{error}");
}

#[test]
fn a_statement_of_another_tz_database_holds_if_its_figures_are_the_same() {
    let (bytes, _) = made(&items(&[]), &question(Customers::Nobody), &[]).unwrap();
    let ours = crate::time::tzdb_version();
    let with = |from: &str, to: &str| {
        let text = String::from_utf8(bytes.clone()).unwrap();
        assert!(text.contains(from));
        mended(&lines(text.replace(from, to).as_bytes()))
    };
    let proof = verified(&with(&format!(r#"\"tzdb\": \"{ours}\""#), r#"\"tzdb\": \"2020a\""#), key(7)).unwrap();
    assert_eq!(proof.tzdb.as_deref(), Some("2020a"));
    let error = verified(&with(r#"\"down\": \"3600\""#, r#"\"down\": \"360\""#), key(7)).unwrap_err();
    let says = "`\"down\": \"360\",`, and from the facts follows `\"down\": \"3600\",`";
    assert!(error.to_string().contains(says), "{error}");
}

#[test]
fn a_newer_version_is_named() {
    let (bytes, _) = made(&items(&[]), &question(Customers::Nobody), &[]).unwrap();
    let head = String::from_utf8(lines(&bytes)[0].clone()).unwrap();
    assert_eq!(
        head, r#"{"as_known_at":1793836800000,"kind":"bundle","period":"2026-10","v":1}"#,
        "the first line is fixed for ever"
    );
    let error = verified(&[head.replace("\"v\":1", "\"v\":3")], key(7)).unwrap_err();
    assert_eq!(error.to_string(), "line 1: a bundle of version 3, and this program knows versions 1 and 2");
}

#[test]
fn the_golden_bundle_is_what_is_written_today_and_still_proves_its_statement() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/bundle-v1.jsonl");
    let golden = std::fs::read(path).unwrap();
    let (bytes, _) = made(&items(&[]), &question(Customers::Nobody), &[]).unwrap();
    // The statement names the tz database, which becomes another one, and the end follows from that.
    let fixed = |bytes: &[u8]| lines(bytes).into_iter().take(9).collect::<Vec<_>>();
    assert!(fixed(&golden) == fixed(&bytes), "{path} changed; now:\n{}", String::from_utf8_lossy(&bytes));
    let proof = verified(&lines(&golden), key(7)).unwrap();
    assert_eq!((proof.opened, proof.segments), (6, 3));
}
