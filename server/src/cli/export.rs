//! `uphold export`: what was recorded, in a form that others can read.

use std::io::{BufWriter, Write};
use std::path::PathBuf;

use uphold_core::history::{History, write_check, write_gap, write_run};
use uphold_core::time::Instant;

use super::ledger::failure;
use super::{DataFolder, Failure, bundle};
use crate::error::file_failure;
use crate::ledger::book::Book;
use crate::ledger::{FILE, Reader};
use uphold_core::ledger::record::Recorded;

/// What to export.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// What happened, as the JSON Lines that `uphold evaluate` reads
    History(HistoryArgs),
    /// Everything that one statement follows from, for whoever wants to verify it
    Bundle(bundle::Args),
}

#[derive(Debug, clap::Args)]
pub(super) struct HistoryArgs {
    #[command(flatten)]
    folder: DataFolder,
    /// Leave out what was recorded later
    #[arg(long, value_name = "TIME")]
    as_known_at: Option<String>,
    /// Write every version of every run, so that the file can be evaluated as known at any earlier time
    #[arg(long)]
    every_version: bool,
    /// Where to write; standard output, when it is not given
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(super) fn run(command: &Command) -> Result<(), Failure> {
    let args = match command {
        Command::History(args) => args,
        Command::Bundle(args) => return bundle::run(args),
    };
    let as_known_at = match &args.as_known_at {
        None => Instant::MAX,
        Some(text) => Instant::parse(text)
            .map_err(|error| Failure::new("cannot understand `--as-known-at`").because(error).exit(2))?,
    };
    let path = args.folder.data.join(FILE);
    let cannot = |error| Failure::new(format!("cannot export the history of `{}`", path.display())).because(error);
    let reader = Reader::open(&path).map_err(|error| failure("cannot export the history", error))?;
    let book = if args.every_version { Book::with_versions() } else { Book::default() };
    let book = reader.book(book, as_known_at).map_err(cannot)?;
    let history = if args.every_version { book.history_with_versions() } else { book.history() };
    let written = match &args.output {
        None => write(&history, &book.records, std::io::stdout().lock()),
        Some(output) => std::fs::File::create(output).and_then(|file| write(&history, &book.records, file)),
    };
    match (written, &args.output) {
        (Ok(()), _) => Ok(()),
        // Whoever reads our output may stop when it has seen enough.
        (Err(error), None) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        (Err(error), None) => Err(Failure::new("cannot write to standard output").because(error)),
        (Err(error), Some(output)) => Err(file_failure("write", output, error)),
    }
}

fn write(history: &History, records: &[Recorded], output: impl Write) -> std::io::Result<()> {
    let mut output = BufWriter::new(output);
    for check in &history.checks {
        writeln!(output, "{}", write_check(check))?;
    }
    for (series, runs) in &history.runs {
        for run in runs {
            writeln!(output, "{}", write_run(series, run))?;
        }
    }
    for gap in &history.gaps {
        writeln!(output, "{}", write_gap(gap))?;
    }
    for record in records {
        writeln!(output, "{}", record.line)?;
    }
    output.flush()
}
