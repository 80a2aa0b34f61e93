//! Bundles of ledgers of which something was erased.

use super::*;
use crate::ledger::erase::Erasure;
use crate::ledger::fact::FactKind;

fn erasure(kind: FactKind, from: u64, until: u64, count: u64) -> Erasure {
    Erasure {
        id: FactId::parse("erasure-1").unwrap(),
        by: "server:tokyo-1".to_owned(),
        why: "the retention policy".to_owned(),
        kind,
        from,
        until,
        count,
        before: (kind == FactKind::Measurement).then(|| at("2026-10-10T12:59:00.001Z")),
    }
}

/// The story with a fact at its end that says what was erased.
fn with_erasure(mut items: Vec<Item>, erasure: Erasure, recorded_at: &str) -> Vec<Item> {
    let (fact, salt) = (Fact::Erasure(erasure), [8; 32]);
    let payload = fact.encode();
    let leaf = Leaf {
        seq: items.len() as u64,
        kind: fact.kind(),
        kind_version: 1,
        recorded_at: at(recorded_at),
        subject_tag: PUBLIC.to_owned(),
        commitment: commitment(&salt, &payload),
    };
    items.push(Item { leaf, salt, payload, segment: None });
    items
}

/// The first flush of October, up to the outage, was erased.
fn october() -> Vec<Item> {
    with_erasure(items(&[]), erasure(FactKind::Measurement, 0, 3, 1), "2026-11-02T00:00:00Z")
}

/// A bundle that shows some leaves as erased, each by the fact at a place.
fn shown(items: &[Item], question: &Question, gone: &[(usize, u64)]) -> Result<(Vec<u8>, Proof), BundleError> {
    let (mut writer, mut bytes) = Writer::begin(key(7), question, &signed(items, 7), &[AGREEMENT.to_owned()], true)?;
    for (place, item) in items.iter().enumerate() {
        let opened = Opened { salt: &item.salt, payload: &item.payload, segment: item.segment.as_deref() };
        let by = gone.iter().find(|(seq, _)| *seq == place).map(|(_, by)| *by);
        bytes.extend(writer.leaf(&item.leaf, by.map_or(Shown::Open(opened), Shown::Erased))?);
    }
    let (end, proof) = writer.finish()?;
    bytes.extend(end);
    Ok((bytes, proof))
}

fn row(proof: &Proof) -> serde_json::Value {
    serde_json::from_str::<serde_json::Value>(&proof.statement).unwrap()["commitments"][0].clone()
}

#[test]
fn what_was_erased_is_unknown_and_said_and_the_rest_is_recomputed() {
    let (bytes, made) = shown(&october(), &question(Customers::Nobody), &[(2, 6)]).unwrap();
    let proof = verified(&lines(&bytes), key(7)).unwrap();
    assert_eq!(proof, made);
    assert_eq!((proof.opened, proof.closed, proof.segments, proof.checkpoint.size), (6, 0, 2, 7));
    assert_eq!((proof.erased.len(), proof.erased[0].shown, proof.erased[0].erased.seq), (1, 1, 6));
    let row = row(&proof);
    // From the first of the month to the cut; then the last minute of the outage, and what the other facts say.
    let unknown = (at("2026-10-10T12:59:00.001Z") - at("2026-10-01T00:00:00Z")) + Millis(600_000);
    assert_eq!(row["seconds"]["down"].as_str(), Some("59.999"), "{row}");
    assert_eq!(row["seconds"]["unknown"].as_str(), Some(unknown.seconds().as_str()), "{row}");
    let reasons = row["reasons"].to_string();
    assert!(
        reasons.contains("what was observed was erased at 2026-11-02T00:00:00Z: the retention policy"),
        "{reasons}"
    );
}

#[test]
fn every_flipped_bit_of_a_bundle_with_erased_leaves_is_found() {
    let (bytes, _) = shown(&october(), &question(Customers::Nobody), &[(2, 6)]).unwrap();
    let good = lines(&bytes);
    assert!(good.iter().any(|line| String::from_utf8_lossy(line).starts_with("{\"erased\":6,\"kind\":\"leaf\"")));
    assert_no_flip_holds(&good);
}

#[test]
fn a_leaf_is_erased_only_if_the_fact_that_it_names_says_so() {
    let ask = question(Customers::Nobody);
    let fault = |items: &[Item], gone: &[(usize, u64)]| shown(items, &ask, gone).unwrap_err().fault;
    let all = october();
    // Another than the one that was erased, by what is no erasure, by one that comes before, by one that is not there.
    for (gone, by) in [(3, 6), (5, 6), (2, 5), (2, 0), (2, 7)] {
        assert_eq!(fault(&all, &[(gone, by)]), Fault::Unexplained(gone as u64, by));
    }
    assert_eq!(fault(&all, &[(2, 6), (3, 6)]), Fault::Unexplained(3, 6));
    assert_eq!(fault(&all, &[(1, 6)]), Fault::Unexplained(1, 6), "a registration stays for ever");
    let with = |erasure| with_erasure(items(&[]), erasure, "2026-11-02T00:00:00Z");
    let wrong = with(erasure(FactKind::Measurement, 0, 4, 1));
    assert_eq!(fault(&wrong, &[(2, 6)]), Fault::Erasure(6, "names another number of facts than lie there"));
    let ahead = with(erasure(FactKind::Measurement, 0, 9, 3));
    assert_eq!(fault(&ahead, &[(2, 6)]), Fault::Erasure(6, "erases facts that come after it"));
    // What is said to be erased may still be there, until it is.
    let (bytes, proof) = shown(&all, &ask, &[]).unwrap();
    assert_eq!((proof.erased[0].shown, verified(&lines(&bytes), key(7)).is_ok()), (0, true));
    // The first version of the format knows no such leaf.
    let (bytes, _) = shown(&all, &ask, &[(2, 6)]).unwrap();
    let old = String::from_utf8(bytes).unwrap().replacen("\"v\":2", "\"v\":1", 1);
    assert!(verified(&mended(&lines(old.as_bytes())), key(7)).is_err());
}

#[test]
fn what_was_known_before_an_erasure_is_judged_only_as_far_as_it_is_left() {
    // Asked as known before the fact of the erasure was recorded, and after the time that it is about.
    let late = |erasure| with_erasure(items(&[]), erasure, "2026-11-09T00:00:00Z");
    let measured = late(erasure(FactKind::Measurement, 0, 3, 1));
    let (bytes, proof) = shown(&measured, &question(Customers::Nobody), &[(2, 6)]).unwrap();
    verified(&lines(&bytes), key(7)).unwrap();
    assert_eq!(row(&proof)["seconds"]["down"].as_str(), Some("59.999"));
    // Then what was known at that time itself is gone.
    let mut all = measured;
    if let Fact::Erasure(mut erasure) = Fact::decode(FactKind::Erasure, 1, &all.pop().unwrap().payload).unwrap() {
        erasure.before = Some(at("2026-11-06T00:00:00Z"));
        all = late(erasure);
    }
    let fault = shown(&all, &question(Customers::Nobody), &[(2, 6)]).unwrap_err().fault;
    assert_eq!(fault, Fault::Erased(6));
    // So is what a record said while it counted.
    let told = with_record(items(&[]), &fee("acme"), Some("acme"), "77aa");
    let told = with_erasure(told, erasure(FactKind::Record, 6, 7, 1), "2026-11-09T00:00:00Z");
    assert_eq!(shown(&told, &question(Customers::All), &[(6, 7)]).unwrap_err().fault, Fault::Erased(7));
}

#[test]
fn a_record_that_was_erased_is_kept_from_nobody() {
    let told = with_record(items(&[]), &fee("other"), Some("other"), "0b5f");
    let told = with_record(told, &fee("acme"), Some("acme"), "77aa");
    let told = with_record(told, &fee("acme").replacen("fee-", "more-", 1), Some("acme"), "77aa");
    let all = with_erasure(told, erasure(FactKind::Record, 7, 8, 1), "2026-11-03T00:00:00Z");
    let (mut writer, mut bytes) =
        Writer::begin(key(7), &one("acme"), &signed(&all, 7), &[AGREEMENT.to_owned()], true).unwrap();
    for (place, item) in all.iter().enumerate() {
        let opened = Opened { salt: &item.salt, payload: &item.payload, segment: item.segment.as_deref() };
        let shown = match place {
            6 => Shown::Closed(Some(opened)),
            7 => Shown::Erased(9),
            _ => Shown::Open(opened),
        };
        bytes.extend(writer.leaf(&item.leaf, shown).unwrap());
    }
    bytes.extend(writer.finish().unwrap().0);
    let mut verifier = Verifier::new(key(7));
    verifier.expect_tag(customer("acme"), "77aa".to_owned());
    lines(&bytes).iter().try_for_each(|line| verifier.line(line)).unwrap();
    let proof = verifier.finish().unwrap();
    assert_eq!((proof.closed, proof.erased[0].shown, proof.opened), (1, 1, 8));
}
