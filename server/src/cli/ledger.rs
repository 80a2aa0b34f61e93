//! `uphold ledger`: look after the ledger.

use std::io::IsTerminal as _;

use uphold_core::id::CustomerId;

use super::{DataFolder, Failure, count, erase};
use crate::ledger::{
    ErasedCount, FILE, LedgerError, Reader, SIGNED_FILE, SNAPSHOT_FILE, check_continues, check_snapshot, last_signed,
    public_key, verify,
};

/// What to do with the ledger.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Compute every hash anew and compare: finds any byte that was changed, any fact that was removed
    Verify(DataFolder),
    /// Print the public key with which others verify what is signed
    Key(DataFolder),
    /// Print the last checkpoint that was signed, for others to keep
    Checkpoint(DataFolder),
    /// Erase what is old, or one record that was told; a fact says so, and every leaf stays. No server may have the folder open
    Erase(erase::Args),
    /// Print the tag of one customer's facts. With it the customer can see in a bundle that none of them was kept from it
    Tag(TagArgs),
}

/// Whose tag.
#[derive(Debug, clap::Args)]
pub(super) struct TagArgs {
    #[command(flatten)]
    folder: DataFolder,
    /// The customer
    #[arg(long, value_name = "ID")]
    customer: String,
}

pub(super) fn run(command: &Command) -> Result<(), Failure> {
    match command {
        Command::Verify(folder) => run_verify(folder),
        Command::Erase(args) => erase::run(args),
        Command::Key(folder) => {
            let key = public_key(&folder.data).map_err(|error| unsigned("cannot print the key", error))?;
            outln!("{key}");
            Ok(())
        }
        Command::Checkpoint(folder) => {
            let signed = last_signed(&folder.data).map_err(|error| unsigned("cannot print the checkpoint", error))?;
            out!("{}", signed.note);
            Ok(())
        }
        Command::Tag(args) => {
            let customer = CustomerId::parse(&args.customer)
                .map_err(|error| Failure::new("cannot understand `--customer`").because(error).exit(2))?;
            let reader = Reader::open(&args.folder.data.join(FILE));
            let tag = reader.and_then(|reader| reader.tag(&customer));
            outln!("{}", tag.map_err(|error| failure("cannot print the tag", error))?);
            Ok(())
        }
    }
}

fn unsigned(message: &str, error: LedgerError) -> Failure {
    match error {
        LedgerError::Key { .. } => Failure::new(message)
            .because(error)
            .help("`uphold serve` makes the key at its first start on a folder, and signs while it runs"),
        _ => failure(message, error),
    }
}

fn run_verify(folder: &DataFolder) -> Result<(), Failure> {
    let path = folder.data.join(FILE);
    let terminal = std::io::stderr().is_terminal();
    let mut progress = |done: u64, of: u64| {
        if terminal {
            err!("\rverified {done} of {of} facts");
        }
    };
    let report = verify(&path, &mut progress).map_err(|error| failure("cannot verify the ledger", error))?;
    if terminal {
        err!("\r\x1b[K");
    }
    for problem in &report.problems {
        outln!("{problem}");
    }
    outln!(
        "{}, {}, {}, {} erased\nroot {}",
        count(usize::try_from(report.leaves).unwrap_or(usize::MAX), "fact", "facts"),
        count(usize::try_from(report.payloads).unwrap_or(usize::MAX), "payload", "payloads"),
        count(usize::try_from(report.segments).unwrap_or(usize::MAX), "segment", "segments"),
        report.erased,
        report.root,
    );
    report.erasures.iter().for_each(say_erased);
    if report.evidence.named > 0 {
        let (named, missing) = (report.evidence.named, report.evidence.missing);
        let files = count(usize::try_from(named).unwrap_or(usize::MAX), "file", "files");
        outln!("{files} of evidence named, {missing} not kept any more");
    }
    if report.is_sound() {
        outln!("every hash is right");
        if folder.data.join(SIGNED_FILE).exists() {
            let continues = Reader::open(&path).and_then(|reader| check_continues(&folder.data, &reader));
            continues.map_err(|error| failure("the ledger is not the one that was signed", error))?;
            outln!("it continues the last signed checkpoint");
        }
        return verify_snapshot(folder);
    }
    let found = count(report.problems.len(), "problem", "problems");
    Err(Failure::new(format!("the ledger `{}` has {found}", path.display()))
        .help("keep the file as it is, and restore a backup into another folder"))
}

/// Holds the snapshot against the facts, if there is one.
fn verify_snapshot(folder: &DataFolder) -> Result<(), Failure> {
    let snapshot = folder.data.join(SNAPSHOT_FILE);
    let cannot = || Failure::new(format!("cannot verify the snapshot `{}`", snapshot.display()));
    let reader = Reader::open(&folder.data.join(FILE)).map_err(|error| cannot().because(error))?;
    match check_snapshot(&folder.data, &reader).map_err(|error| cannot().because(error))? {
        None => Ok(()),
        Some(fault) => Err(Failure::new(format!("the snapshot `{}` is of no use: {fault}", snapshot.display()))
            .help("stop the server, delete the file, and start again: the ledger is right, and every fact is read")),
    }
}

/// What one fact says was erased.
fn say_erased(count_of: &ErasedCount) {
    let ErasedCount { erased, left } = count_of;
    let number = |number: u64| count(usize::try_from(number).unwrap_or(usize::MAX), "fact", "facts");
    let fact = &erased.fact;
    let observed = fact.before.map_or_else(String::new, |before| format!(", observed before {before}"));
    outln!(
        "erased at {}: {} `{}` of places {} to {}{observed}: {} ({})",
        erased.recorded_at,
        number(fact.count),
        fact.kind.name(),
        fact.from,
        fact.until - 1,
        fact.why,
        fact.by,
    );
    if *left > 0 {
        outln!("  {} of them still there: the next start of the server deletes what is left", number(*left));
    }
}

/// A failure to read the ledger, told with the help that fits a reader.
pub(super) fn failure(message: &str, error: LedgerError) -> Failure {
    let help = match error {
        LedgerError::Missing { .. } => Some("name the folder that `uphold serve` was given as `--data`"),
        LedgerError::Denied { .. } => Some("let the user that runs this command read the folder"),
        _ => error.help(),
    };
    let failure = Failure::new(message).because(error);
    match help {
        Some(help) => failure.help(help),
        None => failure,
    }
}
