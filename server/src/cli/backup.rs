//! `uphold backup` and `uphold restore`: copies of the ledger, and of the accounts beside it.

use std::path::{Path, PathBuf};

use super::ledger::failure;
use super::{DataFolder, Failure, count};
use crate::accounts;
use crate::ledger::{KEY_FILE, LedgerError, Report, SIGNED_FILE, backup, restore};

/// Copy the ledger into a new folder, while it is written or not, and verify the copy.
#[derive(Debug, clap::Args)]
pub(super) struct BackupArgs {
    #[command(flatten)]
    folder: DataFolder,
    /// The folder to make
    #[arg(value_name = "COPY")]
    copy: PathBuf,
}

/// Put a copy of the ledger back where none is, and verify it.
#[derive(Debug, clap::Args)]
pub(super) struct RestoreArgs {
    /// What `uphold backup` made
    #[arg(value_name = "COPY")]
    copy: PathBuf,
    /// The folder to put the ledger into; it is made if it does not exist
    #[arg(long, value_name = "FOLDER")]
    data: PathBuf,
}

pub(super) fn run_backup(args: &BackupArgs) -> Result<(), Failure> {
    let report = backup(&args.folder.data, &args.copy).map_err(|error| failure("cannot back the ledger up", error))?;
    say(&args.copy, &report);
    if accounts::copy(&args.folder.data, &args.copy).map_err(super::first::failure)? {
        outln!("with the accounts of people, without their sessions and open links");
    }
    outln!(
        "`{KEY_FILE}` and `{SIGNED_FILE}` are not in it: keep the key where secrets are kept, and never put an old \
         `{SIGNED_FILE}` back"
    );
    Ok(())
}

pub(super) fn run_restore(args: &RestoreArgs) -> Result<(), Failure> {
    let was_signed = args.data.join(SIGNED_FILE).exists();
    let report = restore(&args.copy, &args.data).map_err(|error| {
        let help = match error {
            LedgerError::Behind { .. } | LedgerError::Forked { .. } => Some(
                "restore a newer copy; if there is none, restore into an empty folder, where a new key is made, and tell \
                 those who hold checkpoints of the old one",
            ),
            LedgerError::Missing { .. } => Some("name the folder that `uphold backup` made"),
            LedgerError::Exists { .. } => Some("restore into another folder, or move what is there away first"),
            _ => None,
        };
        match help {
            Some(help) => Failure::new("cannot restore the ledger").because(error).help(help),
            None => failure("cannot restore the ledger", error),
        }
    })?;
    say(&args.data, &report);
    if args.data.join(accounts::FILE).exists() {
        outln!("the accounts that are there stay as they are");
    } else if accounts::copy(&args.copy, &args.data).map_err(super::first::failure)? {
        outln!("with the accounts of people: everybody has to sign in anew");
    }
    if was_signed {
        outln!("it continues what was signed in this folder: it will be signed on with the same key");
    } else {
        outln!(
            "nothing was signed in this folder: the next start makes a new key, and whoever verified with the old one must \
             be told"
        );
    }
    Ok(())
}

fn say(folder: &Path, report: &Report) {
    let facts = count(usize::try_from(report.leaves).unwrap_or(usize::MAX), "fact", "facts");
    outln!("{}: {facts}, every hash is right\nroot {}", folder.display(), report.root);
}
