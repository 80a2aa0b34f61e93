//! `uphold export bundle`: the evidence of one statement, in one file.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use uphold_core::evaluate::Customers;
use uphold_core::id::CustomerId;
use uphold_core::ledger::bundle::{Opened, Proof, Question, Shown, Writer};
use uphold_core::ledger::erase::Erased;
use uphold_core::ledger::fact::{self, Fact, FactKind};
use uphold_core::ledger::leaf::PUBLIC;
use uphold_core::time::Instant;

use super::ledger::failure;
use super::{DataFolder, Failure, count, read_file, revisions};
use crate::error::file_failure;
use crate::ledger::{Entry, FILE, Reader, Signed, find_agreement, last_signed, public_key};

/// Everything that one statement follows from, for whoever wants to verify it.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    folder: DataFolder,
    /// A month `2026-10`, a quarter `2026-Q3`, a year `2026`, or an interval `START/END`
    #[arg(long)]
    period: String,
    /// Judge for this customer, and leave the facts of others closed; or for `all`, with everything open
    #[arg(long, value_name = "ID")]
    customer: Option<String>,
    /// The agreement; given several times, its revisions. Those that the server kept, when it is not given
    #[arg(long, value_name = "FILE")]
    agreement: Vec<PathBuf>,
    /// Leave out what was recorded later; the last fact that is signed, when it is not given
    #[arg(long, value_name = "TIME")]
    as_known_at: Option<String>,
    /// Where to write
    #[arg(value_name = "OUT")]
    output: PathBuf,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let data = &args.folder.data;
    let cannot = |error| failure("cannot export a bundle", error);
    let reader = Reader::open(&data.join(FILE)).map_err(cannot)?;
    let signed = last_signed(data).map_err(|error| {
        let failure = Failure::new("cannot export a bundle: nothing is signed").because(error);
        failure.help("`uphold serve` makes the key and signs: start it on this folder once")
    })?;
    let question = question(args, &reader, &signed)?;
    let texts = match args.agreement.as_slice() {
        [] => kept(data, &reader, &signed, question.as_known_at)?,
        paths => revisions::files(paths)?.iter().map(|path| read_file(path)).collect::<Result<_, _>>()?,
    };
    let part = {
        let mut name = args.output.file_name().unwrap_or_default().to_owned();
        name.push(".part");
        args.output.with_file_name(name)
    };
    let written = write(data, &reader, &signed, &question, &texts, &part).and_then(|proof| {
        std::fs::rename(&part, &args.output).map_err(|error| file_failure("write", &args.output, error))?;
        Ok(proof)
    });
    if written.is_err() {
        // What could not be finished is of no use; that it cannot be removed is not the news.
        let _ = std::fs::remove_file(&part);
    }
    say(&written?, args, &public_key(data).map_err(cannot)?.to_string());
    Ok(())
}

fn question(args: &Args, reader: &Reader, signed: &Signed) -> Result<Question, Failure> {
    let customers = match args.customer.as_deref() {
        None => Customers::Nobody,
        Some("all") => Customers::All,
        Some(id) => Customers::One(
            CustomerId::parse(id)
                .map_err(|error| Failure::new("cannot understand `--customer`").because(error).exit(2))?,
        ),
    };
    let as_known_at = match &args.as_known_at {
        Some(text) => Instant::parse(text)
            .map_err(|error| Failure::new("cannot understand `--as-known-at`").because(error).exit(2))?,
        None => {
            let size = signed.checkpoint.size;
            let last = reader.read(size.saturating_sub(1)..size);
            let last = last.map_err(|error| failure("cannot export a bundle", error))?;
            last.first().map_or(Instant::MIN, |entry| entry.leaf.recorded_at)
        }
    };
    Ok(Question { period: args.period.clone(), as_known_at, customers })
}

/// The texts of all revisions that the ledger names as in use, as far as they are kept: those too that begin later, since the
/// newest says how they follow one another.
fn kept(data: &Path, reader: &Reader, signed: &Signed, known: Instant) -> Result<Vec<String>, Failure> {
    let cannot = |error| failure("cannot find the agreement", error);
    let mut named: Vec<fact::Agreement> = Vec::new();
    let visited = reader.visit(0..signed.checkpoint.size, |entry| {
        if entry.leaf.kind == FactKind::Agreement
            && entry.leaf.recorded_at <= known
            && let Ok(Some(Fact::Agreement(agreement))) = entry.fact()
        {
            // As the book takes them in.
            named.retain(|other| other.agreement == agreement.agreement && other.revision != agreement.revision);
            named.extend((!agreement.withdrawn).then_some(agreement));
        }
        Ok(())
    });
    visited.map_err(cannot)?;
    let mut texts = Vec::new();
    for fact::Agreement { revision, digest, .. } in named {
        match find_agreement(data, digest).map_err(cannot)? {
            Some(text) => texts.push(text),
            None => {
                errln!("warning: the text of revision `{revision}` (SHA-256 {digest}) is not kept; it judges nothing")
            }
        }
    }
    if texts.is_empty() {
        return Err(Failure::new(format!("no text of the agreement is kept in `{}`", data.display()))
            .help("give the file with `--agreement`, exactly as `uphold serve` was given it"));
    }
    Ok(texts)
}

fn write(
    data: &Path,
    reader: &Reader,
    signed: &Signed,
    question: &Question,
    texts: &[String],
    part: &Path,
) -> Result<Proof, Failure> {
    const PAGE: u64 = 1_000;
    let cannot = |error| failure("cannot export a bundle", error);
    let refuse = |error| Failure::new("cannot make a bundle that holds").because(error);
    let broken = |error| file_failure("write", part, error);
    let key = public_key(data).map_err(cannot)?;
    let mut erasures = reader.erasures().map_err(cannot)?;
    erasures.retain(|erased| erased.seq < signed.checkpoint.size);
    let begun = Writer::begin(key, question, &signed.note, texts, !erasures.is_empty());
    let (mut writer, head) = begun.map_err(refuse)?;
    let mut output = BufWriter::new(File::create(part).map_err(broken)?);
    output.write_all(&head).map_err(broken)?;
    let mut from = 0;
    while from < signed.checkpoint.size {
        let until = (from + PAGE).min(signed.checkpoint.size);
        for entry in reader.read(from..until).map_err(cannot)? {
            let line = writer.leaf(&entry.leaf, shown(&entry, &question.customers, &erasures)?).map_err(refuse)?;
            output.write_all(&line).map_err(broken)?;
        }
        from = until;
    }
    let (end, proof) = writer.finish().map_err(refuse)?;
    output.write_all(&end).map_err(broken)?;
    let file = output.into_inner().map_err(|error| broken(error.into_error()))?;
    file.sync_all().map_err(broken)?;
    Ok(proof)
}

/// What is shown of a fact: everything, unless it was erased, or is one customer's and the bundle another's.
fn shown<'a>(entry: &'a Entry, customers: &Customers, erasures: &[Erased]) -> Result<Shown<'a>, Failure> {
    let seq = entry.leaf.seq;
    let opened = entry.payload.as_ref().map(|payload| Opened {
        salt: &payload.salt,
        payload: &payload.bytes,
        // The text of a frozen statement is no part of what judges: its digest is in the fact.
        segment: entry.segment.as_deref().filter(|_| entry.leaf.kind == FactKind::Measurement),
    });
    let cannot = |error: &dyn std::fmt::Display| {
        Failure::new("cannot export a bundle")
            .because(format!("fact {seq}: {error}"))
            .help("run `uphold ledger verify`")
    };
    let Some(opened) = opened else {
        let by = erasures.iter().find(|erased| erased.fact.covers(erased.seq, entry.leaf.kind, seq));
        let by = by.ok_or_else(|| cannot(&"its payload is missing, and no signed fact says that it was erased"))?;
        return Ok(Shown::Erased(by.seq));
    };
    if entry.leaf.subject_tag == PUBLIC {
        return Ok(Shown::Open(opened));
    }
    let fact = entry.fact().map_err(|error| cannot(&error))?;
    let is_anothers = match customers {
        Customers::One(customer) => fact.as_ref().and_then(Fact::customer) != Some(customer),
        Customers::Nobody | Customers::All => false,
    };
    Ok(if is_anothers { Shown::Closed(Some(opened)) } else { Shown::Open(opened) })
}

fn say(proof: &Proof, args: &Args, key: &str) {
    let number = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    outln!(
        "{}: the statement for {} as known at {}, with {}, {} of them closed",
        args.output.display(),
        proof.question.period,
        proof.question.as_known_at,
        count(number(proof.checkpoint.size), "fact", "facts"),
        proof.closed,
    );
    for note in super::verify::notes(proof) {
        outln!("note: {note}");
    }
    outln!("verify it anywhere: uphold verify {} --key {key}", args.output.display());
}
