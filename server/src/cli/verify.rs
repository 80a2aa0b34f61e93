//! `uphold verify`: does a bundle prove its statement, or a proof its fact? Offline, with a key that came from somewhere else.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};

use uphold_core::evaluate::Customers;
use uphold_core::ledger::bundle::{LINE_MAX, Proof, Verifier};
use uphold_core::ledger::digest::Digest;
use uphold_core::ledger::note::VerifierKey;
use uphold_core::time::tzdb_version;

use super::{Failure, count, fact_proof, read_file, revisions};
use crate::error::file_failure;

/// Verify a bundle: recompute everything in it, down to the statement. Or the proof of one fact, as its page in the console gives it.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The bundle, or the proof of a fact
    #[arg(value_name = "BUNDLE")]
    bundle: PathBuf,
    /// The public key of the ledger, as `uphold ledger key` prints it. Never take it from where the bundle came from
    #[arg(long, value_name = "KEY")]
    key: String,
    /// The agreement as you have it; given several times, its revisions. The bundle must judge by exactly these
    #[arg(long, value_name = "FILE")]
    agreement: Vec<PathBuf>,
    /// The tag of your own facts, as `uphold ledger tag` prints it: then none of them can be kept from you, even if all are
    #[arg(long, value_name = "TAG")]
    tag: Option<String>,
    /// Where to write the statement, once it is verified, as JSON
    #[arg(long, value_name = "FILE")]
    statement: Option<PathBuf>,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let key = VerifierKey::parse(args.key.trim()).map_err(|error| {
        let failure = Failure::new("cannot understand `--key`").because(error).exit(2);
        failure.help("it is one line, as `uphold ledger key` prints it")
    })?;
    if let Some(text) = fact_proof::find(&args.bundle)? {
        if !args.agreement.is_empty() || args.tag.is_some() || args.statement.is_some() {
            let failure = Failure::new("the proof of a fact has no statement, and no agreement judges in it").exit(2);
            return Err(failure.help("leave out `--agreement`, `--tag` and `--statement`, or give a bundle"));
        }
        return fact_proof::run(&args.bundle, &text, &key);
    }
    let files: Vec<(PathBuf, Digest)> = revisions::files(&args.agreement)?
        .iter()
        .map(|path| read_file(path).map(|text| (path.clone(), Digest::of(&[text.as_bytes()]))))
        .collect::<Result<_, _>>()?;
    let name = key.to_string();
    let proof = read(args, key)?;
    same_agreements(&args.bundle, &proof, &files)?;
    if let Some(path) = &args.statement {
        let text = format!("{}\n", proof.statement);
        std::fs::write(path, text).map_err(|error| file_failure("write", path, error))?;
    }
    print(&proof, &name, !files.is_empty());
    Ok(())
}

fn read(args: &Args, key: VerifierKey) -> Result<Proof, Failure> {
    let path = &args.bundle;
    let refuse = |error| {
        Failure::new(format!("the bundle `{}` proves nothing", path.display())).because(error).help(
            "ask for it again, and if it comes again like this, ask why; docs/bundle.md tells what each line must be",
        )
    };
    let file = File::open(path).map_err(|error| file_failure("read", path, error))?;
    let mut input = BufReader::with_capacity(1 << 16, file);
    let mut verifier = Verifier::new(key);
    let mut tag = args.tag.clone();
    let mut line = Vec::new();
    loop {
        line.clear();
        let most = LINE_MAX as u64 + 1;
        let read = input.by_ref().take(most).read_until(b'\n', &mut line);
        if read.map_err(|error| file_failure("read", path, error))? == 0 {
            break;
        }
        match line.strip_suffix(b"\n") {
            Some(line) => {
                verifier.line(line).map_err(refuse)?;
                // The first line says whose bundle it is.
                if let (Some(tag), Customers::One(customer)) = (tag.take(), verifier.customers()) {
                    verifier.expect_tag(customer.clone(), tag);
                }
            }
            None => {
                return Err(Failure::new(format!("the bundle `{}` proves nothing", path.display()))
                    .because("it was cut off, or has a line that is too long: a line has no end"));
            }
        }
    }
    verifier.finish().map_err(refuse)
}

/// The agreement that the reader has is the one that judged, and no other did.
fn same_agreements(bundle: &Path, proof: &Proof, files: &[(PathBuf, Digest)]) -> Result<(), Failure> {
    if files.is_empty() {
        return Ok(());
    }
    let failure = || Failure::new(format!("the bundle `{}` judges by another agreement than yours", bundle.display()));
    for revision in &proof.revisions {
        if !files.iter().any(|(_, digest)| *digest == revision.digest) {
            let text = format!(
                "its revision `{}` (SHA-256 {}) is none of the files given",
                revision.revision, revision.digest
            );
            return Err(failure().because(text).help("compare the texts to the last byte, line ends too"));
        }
    }
    for (path, digest) in files {
        if !proof.revisions.iter().any(|revision| revision.digest == *digest) {
            let text = format!("it does not judge by `{}` (SHA-256 {digest})", path.display());
            return Err(failure().because(text).help("leave out revisions that were not in force in the period"));
        }
    }
    Ok(())
}

/// What a reader should know of a bundle that holds.
pub(super) fn notes(proof: &Proof) -> Vec<String> {
    let mut notes = Vec::new();
    let shown = match &proof.question.customers {
        Customers::One(_) => 0,
        Customers::Nobody | Customers::All => proof.tags.len(),
    };
    if shown > 0 {
        notes.push(format!(
            "the facts of {} are open in it: it is for the auditor, not for any of them",
            count(shown, "customer", "customers")
        ));
    }
    if let (Customers::One(customer), false) = (&proof.question.customers, proof.knows_customer) {
        notes.push(format!("no fact names the customer `{customer}`: its figures are those of everybody"));
    }
    if let Some(theirs) = &proof.tzdb {
        let ours = tzdb_version();
        notes.push(format!(
            "the statement was made with the tz database {theirs}; with {ours} every figure is the same"
        ));
    }
    for revision in &proof.unjudged {
        notes.push(format!(
            "the ledger names a revision `{}` of `{}` (SHA-256 {}) by which this bundle does not judge",
            revision.revision, revision.agreement, revision.digest
        ));
    }
    notes
}

fn print(proof: &Proof, key: &str, agreement_given: bool) {
    let number = |number: u64, one: &str, many: &str| count(usize::try_from(number).unwrap_or(usize::MAX), one, many);
    let checkpoint = &proof.checkpoint;
    outln!("proved:");
    outln!("  {key} signed a ledger of {}, root {}", number(checkpoint.size, "fact", "facts"), checkpoint.root);
    outln!("  every leaf of it is here: none was left out, added, changed or moved");
    outln!(
        "  {} opened and {}: each is what its leaf or its fact commits to",
        number(proof.opened, "fact is", "facts are"),
        number(proof.segments, "segment of measurements", "segments of measurements"),
    );
    for revision in &proof.revisions {
        let whose = if agreement_given { "the ledger and you name" } else { "the ledger names" };
        outln!(
            "  the agreement `{}`, revision `{}`, is the text that {whose}: SHA-256 {}",
            revision.agreement,
            revision.revision,
            revision.digest
        );
    }
    let question = &proof.question;
    outln!(
        "  the statement for {} as known at {} follows from them, to the last byte",
        question.period,
        question.as_known_at
    );
    outln!("cannot be proved by a bundle:");
    outln!("  that what was logged is true, or that all that happened was logged");
    outln!("  that others are shown the same ledger: compare the root with theirs, or keep it; no witness has signed");
    for gone in proof.erased.iter().filter(|gone| gone.shown > 0) {
        let fact = &gone.erased.fact;
        let (many, at) = (number(gone.shown, "fact", "facts"), gone.erased.recorded_at);
        let unknown =
            fact.before.map_or_else(String::new, |before| format!("; what was observed before {before} is unknown"));
        outln!("  what {many} `{}` said: erased at {at}, {} ({}){unknown}", fact.kind.name(), fact.why, fact.by);
    }
    if proof.closed > 0 {
        outln!(
            "  what {} of other customers say: they are closed, and judged nothing here",
            number(proof.closed, "fact", "facts")
        );
    }
    if !agreement_given {
        outln!("  that this is the agreement you have: give yours with --agreement");
    }
    for note in notes(proof) {
        outln!("note: {note}");
    }
}
