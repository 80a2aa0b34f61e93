//! `uphold evaluate`: an agreement and a history file make a statement.

use std::fs::File;
use std::io::{BufRead as _, BufReader, IsTerminal as _};
use std::path::{Path, PathBuf};

use uphold_core::agreement::{Agreement, Language};
use uphold_core::evaluate::{Customers, Request, evaluate};
use uphold_core::history::{BadLine, Counted, History, Reader};
use uphold_core::statement::{Inputs, Row, Statement};
use uphold_core::time::{Instant, Period, Zone, tzdb_version};

use super::{Failure, count, read_agreement, table::Table};
use crate::clock::Clock;
use crate::error::file_failure;

/// Evaluate an agreement over a history file.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The agreement
    #[arg(long, value_name = "FILE")]
    agreement: PathBuf,
    /// What happened, as JSON Lines
    #[arg(long, value_name = "FILE")]
    history: PathBuf,
    /// A month `2026-10`, a quarter `2026-Q3`, a year `2026`, or an interval `START/END`
    #[arg(long)]
    period: String,
    /// Leave out what was recorded later; now, when it is not given
    #[arg(long, value_name = "TIME")]
    as_known_at: Option<String>,
    /// Go on without the bad lines of the history; the statement says how many they were
    #[arg(long)]
    skip_bad_lines: bool,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// The language of names
    #[arg(long, value_parser = ["en", "ja"], default_value = "en")]
    lang: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Text,
    Json,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let (agreement, _) = read_agreement(&args.agreement)?;
    let zone = agreement.commitments.first().map_or_else(Zone::utc, |commitment| commitment.terms.zone.value.clone());
    let period = Period::parse(&args.period, &zone).map_err(|error| {
        let failure = Failure::new("cannot understand `--period`");
        let help = error.help.clone();
        match help {
            Some(help) => failure.because(error).help(help),
            None => failure.because(error),
        }
        .exit(2)
    })?;
    let as_known_at = match &args.as_known_at {
        Some(text) => Instant::parse(text)
            .map_err(|error| Failure::new("cannot understand `--as-known-at`").because(error).exit(2))?,
        None => Clock::system().now(),
    };
    let (history, counted) = read_history(&args.history, &agreement, args.skip_bad_lines)?;
    let request = Request { period, as_known_at, customers: Customers::Nobody };
    let statement = evaluate(std::slice::from_ref(&agreement), &history, &request).map_err(|problems| {
        Failure::new("cannot evaluate").because(problems.into_iter().next().expect("a refusal names a problem"))
    })?;
    let digest = counted.digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let inputs = Inputs { digest, lines: counted.lines, skipped: counted.skipped };
    match args.format {
        Format::Json => println!("{}", statement.to_json_text(&inputs)),
        Format::Text => print!("{}", text(&statement, &agreement, &inputs, &args.lang)),
    }
    Ok(())
}

/// Reads a history file line by line; every bad line is printed, and any is a failure unless it may be skipped.
fn read_history(path: &Path, agreement: &Agreement, skip: bool) -> Result<(History, Counted), Failure> {
    let file = File::open(path).map_err(|error| file_failure("read", path, error))?;
    let size = file.metadata().map_or(0, |metadata| metadata.len());
    let mut input = BufReader::with_capacity(1 << 16, file);
    let mut reader = Reader::new(agreement);
    let mut buffer = Vec::new();
    let mut progress = Progress::new(size);
    loop {
        buffer.clear();
        let read = input.read_until(b'\n', &mut buffer).map_err(|error| file_failure("read", path, error))?;
        if read == 0 {
            break;
        }
        progress.add(read);
        let line = buffer.strip_suffix(b"\n").unwrap_or(&buffer);
        match std::str::from_utf8(line) {
            Ok(line) => reader.line(line),
            Err(_) => reader.not_text(line),
        }
    }
    progress.end();
    let (history, counted, bad) = reader.finish();
    for line in &bad {
        eprintln!("{}:{line}", path.display());
    }
    if bad.is_empty() || skip { Ok((history, counted)) } else { Err(bad_lines(path, &bad)) }
}

fn bad_lines(path: &Path, bad: &[BadLine]) -> Failure {
    Failure::new(format!("the history `{}` has {}", path.display(), count(bad.len(), "bad line", "bad lines")))
        .help("mend or remove the lines named above, or leave them out with `--skip-bad-lines`; nothing was evaluated")
}

/// How far the reading is, on a terminal alone.
struct Progress {
    size: u64,
    read: u64,
    shown: Option<u64>,
}

impl Progress {
    fn new(size: u64) -> Self {
        let terminal = std::io::stderr().is_terminal() && size > 32_000_000;
        Self { size, read: 0, shown: terminal.then_some(0) }
    }

    fn add(&mut self, bytes: usize) {
        self.read += bytes as u64;
        let percent = self.read * 100 / self.size.max(1);
        if self.shown.is_some_and(|shown| percent > shown) {
            self.shown = Some(percent);
            eprint!("\rreading the history: {percent} %");
        }
    }

    fn end(&self) {
        if self.shown.is_some() {
            eprint!("\r\x1b[K");
        }
    }
}

fn text(statement: &Statement, agreement: &Agreement, inputs: &Inputs, lang: &str) -> String {
    let language = Language::find(lang).unwrap_or(Language::En);
    let mut text = format!(
        "{}, revision {}\n{}, as known at {} (tz database {})\ninputs: {}, SHA-256 {}\n",
        agreement.title.in_language(language),
        statement.revision(),
        statement.period.name,
        statement.as_known_at,
        tzdb_version(),
        count(usize::try_from(inputs.lines).unwrap_or(usize::MAX), "line", "lines"),
        inputs.digest,
    );
    if inputs.skipped > 0 {
        let skipped = count(usize::try_from(inputs.skipped).unwrap_or(usize::MAX), "bad line", "bad lines");
        text.push_str(&format!("left out: {skipped}, by `--skip-bad-lines`; what they say is in no figure below\n"));
    }
    if let Some(note) = agreement.note.as_ref().filter(|_| language != agreement.authoritative) {
        text.push_str(&format!("{}\n", note.in_language(language)));
    }
    for commitment in &agreement.commitments {
        text.push_str(&format!("\n{} (clause {})\n", commitment.name.in_language(language), commitment.clause));
        let mut table = Table::new(&[
            "subject",
            "period",
            "verdict",
            "lower",
            "upper",
            "target",
            "down s",
            "excluded s",
            "unknown s",
            "covered s",
        ]);
        for row in statement.rows.iter().filter(|row| row.commitment == commitment.id) {
            add_row(&mut table, row);
        }
        text.push_str(&table.to_string());
    }
    text
}

fn add_row(table: &mut Table, row: &Row) {
    let percent = |ratio: Option<&uphold_core::ratio::Ratio>| {
        ratio.map_or("–".to_owned(), |ratio| format!("{} %", ratio.percent(row.decimals)))
    };
    table.row(&[
        &row.subject.to_string(),
        &format!("{} {}", row.period.name, row.zone),
        row.verdict.name(),
        &percent(row.availability.as_ref().map(|bounds| &bounds.lower)),
        &percent(row.availability.as_ref().map(|bounds| &bounds.upper)),
        &row.target.as_ref().map_or("–".to_owned(), |target| format!("{} %", target.percent)),
        &row.tally.down.seconds(),
        &row.tally.excluded.seconds(),
        &row.tally.unknown.seconds(),
        &row.tally.covered().seconds(),
    ]);
}
