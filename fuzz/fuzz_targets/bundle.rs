//! Any bytes are a bundle or an error. A bundle that was changed proves nothing; one that is signed anew over whatever it
//! holds is judged without a panic, and what follows from it is what it proves.
#![no_main]

use ed25519_dalek::{Signer as _, SigningKey};
use libfuzzer_sys::fuzz_target;
use uphold_core::ledger::bundle::Verifier;
use uphold_core::ledger::canonical::{self, Fields, Value};
use uphold_core::ledger::checkpoint::Checkpoint;
use uphold_core::ledger::digest::Digest;
use uphold_core::ledger::note::{VerifierKey, sealed};
use uphold_core::ledger::tree::{self, leaf_hash};

const SEED: &[u8] = include_bytes!("../seeds/bundle/small.jsonl");
const NAME: &str = "sla.example.com";

fn signing_key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

fn key() -> VerifierKey {
    VerifierKey::new(NAME, signing_key().verifying_key().as_bytes()).expect("the key is right")
}

/// The members of a line, if it is one of that kind.
fn of_kind(line: &[u8], kind: &str) -> Option<Fields> {
    let mut fields = Fields::of(canonical::parse(line).ok()?, "line").ok()?;
    (fields.text("kind").ok()? == kind).then_some(fields)
}

fn line<const N: usize>(members: [(&str, Value); N]) -> Vec<u8> {
    canonical::to_bytes(&Value::map(members))
}

/// The line of a checkpoint that is signed over the leaves of these lines, whatever they are.
fn signed(lines: &[&[u8]]) -> Vec<u8> {
    let leaves = lines.iter().filter_map(|line| of_kind(line, "leaf")?.find("leaf"));
    let hashes: Vec<Digest> = leaves.map(|leaf| leaf_hash(&canonical::to_bytes(&leaf))).collect();
    let root = tree::root(&hashes);
    let checkpoint =
        Checkpoint { origin: NAME.to_owned(), size: hashes.len() as u64, root, extensions: Vec::new() };
    let text = checkpoint.encode();
    let note = sealed(&text, &key(), &signing_key().sign(text.as_bytes()).to_bytes());
    line([("kind", Value::text("checkpoint")), ("note", Value::text(note))])
}

fuzz_target!(|bytes: &[u8]| {
    let lines: Vec<&[u8]> = bytes.strip_suffix(b"\n").unwrap_or(bytes).split(|byte| *byte == b'\n').collect();
    let mut strict = Verifier::new(key());
    if lines.iter().try_for_each(|line| strict.line(line)).is_ok() && strict.finish().is_ok() {
        assert_eq!(bytes.strip_suffix(b"\n").unwrap_or(bytes), SEED.strip_suffix(b"\n").unwrap_or(SEED), "a forgery");
    }
    let mut verifier = Verifier::new(key());
    let mut all: Vec<Vec<u8>> = Vec::new();
    for line in &lines {
        let line = if of_kind(line, "checkpoint").is_some() { signed(&lines) } else { line.to_vec() };
        if of_kind(&line, "statement").is_some() {
            break;
        }
        if verifier.line(&line).is_err() {
            return;
        }
        all.push(line);
    }
    let Ok(statement) = verifier.follows() else { return };
    all.push(line([("kind", Value::text("statement")), ("text", Value::text(&statement))]));
    verifier.line(&all[all.len() - 1]).expect("what follows is what is proved");
    let text: Vec<u8> = all.iter().flat_map(|line| [line.as_slice(), b"\n"].concat()).collect();
    let end = line([
        ("digest", Value::text(Digest::of(&[&text]))),
        ("kind", Value::text("end")),
        ("lines", Value::count(all.len() as u64 + 1)),
    ]);
    verifier.line(&end).expect("the end fits");
    assert_eq!(verifier.finish().expect("everything is there").statement, statement);
});
