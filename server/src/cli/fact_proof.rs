//! `uphold verify` over the proof of one fact: is it in the ledger that the key signed? Offline.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use uphold_core::ledger::note::VerifierKey;
use uphold_core::ledger::proof::{self, HEAD, PROOF_MAX, Proven};

use super::{Failure, count};
use crate::error::file_failure;

/// The text of a proof, if the file begins as one.
///
/// # Errors
/// When the file cannot be read, or is one and is too long.
pub(super) fn find(path: &Path) -> Result<Option<String>, Failure> {
    let fail = |error| file_failure("read", path, error);
    let mut file = File::open(path).map_err(fail)?;
    let mut bytes = Vec::new();
    file.by_ref().take(HEAD.len() as u64).read_to_end(&mut bytes).map_err(fail)?;
    if bytes != HEAD.as_bytes() {
        return Ok(None);
    }
    file.take(PROOF_MAX as u64).read_to_end(&mut bytes).map_err(fail)?;
    match String::from_utf8(bytes) {
        Ok(text) if text.len() <= PROOF_MAX => Ok(Some(text)),
        _ => Err(refused(path).because("it is too long, or no text")),
    }
}

/// Verifies it and says what it proves.
///
/// # Errors
/// When it proves nothing.
pub(super) fn run(path: &Path, text: &str, key: &VerifierKey) -> Result<(), Failure> {
    let proven = proof::verify(text, key).map_err(|error| refused(path).because(error))?;
    print(&proven, key);
    Ok(())
}

fn refused(path: &Path) -> Failure {
    Failure::new(format!("the proof `{}` proves nothing", path.display()))
        .help("fetch it again, and if it comes again like this, ask why")
}

fn print(proven: &Proven, key: &VerifierKey) {
    let Proven { checkpoint, leaf, fact } = proven;
    let facts = count(usize::try_from(checkpoint.size).unwrap_or(usize::MAX), "fact", "facts");
    outln!("proved:");
    outln!("  {key} signed a ledger of {facts}, root {}", checkpoint.root);
    outln!("  fact {} is in it, of the kind `{}`, recorded at {}", leaf.seq, leaf.kind.name(), leaf.recorded_at);
    match fact {
        Some((fact, text)) => outln!("  it says, by {}:\n{text}", fact.by()),
        None => outln!("  what it says is not shown: it concerns one customer, or was erased"),
    }
    outln!("cannot be proved by the proof of one fact:");
    outln!("  that it is true, or what any statement makes of it: a bundle proves that");
}
