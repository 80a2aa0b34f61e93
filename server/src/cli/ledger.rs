//! `uphold ledger`: look after the ledger.

use std::io::IsTerminal as _;

use super::{DataFolder, Failure, count};
use crate::ledger::{FILE, LedgerError, verify};

/// What to do with the ledger.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Compute every hash anew and compare: finds any byte that was changed, any fact that was removed
    Verify(DataFolder),
}

pub(super) fn run(command: &Command) -> Result<(), Failure> {
    let Command::Verify(folder) = command;
    let path = folder.data.join(FILE);
    let terminal = std::io::stderr().is_terminal();
    let mut progress = |done: u64, of: u64| {
        if terminal {
            eprint!("\rverified {done} of {of} facts");
        }
    };
    let report = verify(&path, &mut progress).map_err(|error| failure("cannot verify the ledger", error))?;
    if terminal {
        eprint!("\r\x1b[K");
    }
    for problem in &report.problems {
        println!("{problem}");
    }
    println!(
        "{}, {}, {}, {} erased\nroot {}",
        count(usize::try_from(report.leaves).unwrap_or(usize::MAX), "fact", "facts"),
        count(usize::try_from(report.payloads).unwrap_or(usize::MAX), "payload", "payloads"),
        count(usize::try_from(report.segments).unwrap_or(usize::MAX), "segment", "segments"),
        report.erased,
        report.root,
    );
    if report.is_sound() {
        println!("every hash is right");
        return Ok(());
    }
    let found = count(report.problems.len(), "problem", "problems");
    Err(Failure::new(format!("the ledger `{}` has {found}", path.display()))
        .help("keep the file as it is, and restore a backup into another folder"))
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
