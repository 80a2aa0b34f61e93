//! Public vectors of RFC 6962 proofs, valid and hostile. They are read from the folder that `UPHOLD_SUITES` names.

use std::path::{Path, PathBuf};

use serde_json::Value;
use uphold_core::ledger::digest::Digest;
use uphold_core::ledger::tree::{verify_consistency, verify_inclusion};

/// The JSON files under a folder, at any depth; none, with a line that says so, where no suites are given.
fn vectors(kind: &str) -> Vec<(PathBuf, Value)> {
    let Some(suites) = std::env::var_os("UPHOLD_SUITES") else {
        eprintln!("UPHOLD_SUITES is not set: the public vectors of {kind} proofs were not read");
        return Vec::new();
    };
    let mut found = Vec::new();
    walk(&Path::new(&suites).join("merkle/testdata").join(kind), &mut found);
    assert!(!found.is_empty(), "no vectors of {kind} proofs in {}", suites.display());
    eprintln!("{} vectors of {kind} proofs", found.len());
    found
}

fn walk(folder: &Path, found: &mut Vec<(PathBuf, Value)>) {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            walk(&path, found);
        } else {
            let text = std::fs::read_to_string(&path).unwrap();
            found.push((path, serde_json::from_str(&text).unwrap()));
        }
    }
}

fn base64(text: &str) -> Vec<u8> {
    const DIGITS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bytes = Vec::new();
    let (mut bits, mut held) = (0u32, 0);
    for digit in text.trim_end_matches('=').chars() {
        bits = (bits << 6 | u32::try_from(DIGITS.find(digit).unwrap()).unwrap()) & 0xffff;
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held & 0xff).try_into().unwrap());
        }
    }
    bytes
}

/// A hash of the vector; none where there is nothing, which the types refuse. Some vectors hold texts where the hash does
/// not matter; each becomes a digest of its own.
fn digest(value: &Value) -> Option<Digest> {
    let bytes = Some(base64(value.as_str()?)).filter(|bytes| !bytes.is_empty())?;
    Some(Digest::from_bytes(&bytes).unwrap_or_else(|_| Digest::of(&[b"stand-in", &bytes])))
}

fn proof(vector: &Value) -> Option<Vec<Digest>> {
    vector["proof"].as_array().map_or(Some(Vec::new()), |list| list.iter().map(digest).collect())
}

/// A position; none where it is negative or beyond 64 bits, which the types refuse.
fn number(vector: &Value, key: &str) -> Option<u64> {
    vector[key].as_u64()
}

fn judge(kind: &str, holds: impl Fn(&Value) -> Option<bool>) {
    for (path, vector) in vectors(kind) {
        let accepted = holds(&vector).unwrap_or(false);
        assert_eq!(accepted, !vector["wantErr"].as_bool().unwrap(), "{}", path.display());
    }
}

#[test]
fn every_public_inclusion_vector_is_judged_right() {
    judge("inclusion", |v| {
        let (index, size) = (number(v, "leafIdx")?, number(v, "treeSize")?);
        Some(verify_inclusion(digest(&v["leafHash"])?, index, size, &proof(v)?, digest(&v["root"])?))
    });
}

#[test]
fn every_public_consistency_vector_is_judged_right() {
    judge("consistency", |v| {
        let (old, new) = (number(v, "size1")?, number(v, "size2")?);
        Some(verify_consistency(old, new, &proof(v)?, digest(&v["root1"])?, digest(&v["root2"])?))
    });
}

#[test]
fn every_public_vector_of_inclusion_in_a_subtree_is_judged_right() {
    judge("subtreeinclusion", |v| {
        let (index, start, end) = (number(v, "leafIdx")?, number(v, "start")?, number(v, "end")?);
        // A subtree begins at a multiple of the smallest power of two that covers it; inside, it is a tree of its own.
        let size = end.checked_sub(start).filter(|size| *size > 0)?;
        if start % size.checked_next_power_of_two()? != 0 {
            return None;
        }
        let place = index.checked_sub(start)?;
        Some(verify_inclusion(digest(&v["leafHash"])?, place, size, &proof(v)?, digest(&v["root"])?))
    });
}

#[test]
fn every_public_vector_of_consistency_with_a_subtree_at_the_start_is_judged_right() {
    // A subtree of some leaves that begins at the first is an earlier tree. Other subtrees, and empty ones, are no part of
    // RFC 6962 and are not judged.
    let (start, others): (Vec<_>, Vec<_>) = vectors("subtreeconsistency")
        .into_iter()
        .partition(|(_, v)| number(v, "start") == Some(0) && number(v, "end") != Some(0));
    if !others.is_empty() {
        eprintln!("{} of them are about other subtrees and were passed over", others.len());
    }
    for (path, v) in start {
        let accepted = || {
            let (old, new) = (number(&v, "end")?, number(&v, "size")?);
            Some(verify_consistency(old, new, &proof(&v)?, digest(&v["root1"])?, digest(&v["root2"])?))
        };
        assert_eq!(accepted().unwrap_or(false), !v["wantErr"].as_bool().unwrap(), "{}", path.display());
    }
}
