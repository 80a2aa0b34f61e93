//! `uphold evaluate`: an agreement and a history file make a statement.

use std::fs::File;
use std::io::{BufRead as _, BufReader, IsTerminal as _};
use std::path::{Path, PathBuf};

use uphold_core::agreement::{Agreement, Language};
use uphold_core::evaluate::{self, Customers, Request, evaluate};
use uphold_core::history::{BadLine, Counted, History, Reader};
use uphold_core::id::CustomerId;
use uphold_core::nearest::nearest;
use uphold_core::statement::Inputs;
use uphold_core::time::{Instant, Period, Zone};

use super::revisions::refused;
use super::statement::{self, Shown};
use super::{Failure, count, revisions};
use crate::clock::Clock;
use crate::error::file_failure;
use crate::statement::{csv, html};

/// Evaluate an agreement over a history file.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The agreement; given several times, its revisions; a folder is every `*.toml` in it
    #[arg(long, required = true, value_name = "FILE")]
    agreement: Vec<PathBuf>,
    /// What happened, as JSON Lines
    #[arg(long, value_name = "FILE")]
    history: PathBuf,
    /// A month `2026-10`, a quarter `2026-Q3`, a year `2026`, or an interval `START/END`
    #[arg(long)]
    period: String,
    /// Judge for this customer, or for `all` that the history knows
    #[arg(long, value_name = "ID")]
    customer: Option<String>,
    /// Leave out what was recorded later; now, when it is not given
    #[arg(long, value_name = "TIME")]
    as_known_at: Option<String>,
    /// Go on without the bad lines of the history; the statement says how many they were
    #[arg(long)]
    skip_bad_lines: bool,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Print every reason below its row; JSON always has them
    #[arg(long)]
    reasons: bool,
    /// The language of names, and of the whole document as HTML
    #[arg(long, value_parser = ["en", "ja"], default_value = "en")]
    lang: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For reading here
    Text,
    /// For other programs: the whole statement, with every reason
    Json,
    /// For spreadsheets: a line for each row, without reasons
    Csv,
    /// A document of one file, for a customer or for print
    Html,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let revisions: Vec<Agreement> = revisions::read(&args.agreement)?.into_iter().map(|read| read.agreement).collect();
    let zone = revisions.last().map_or_else(Zone::utc, Agreement::zone);
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
    let (history, counted) = read_history(&args.history, &revisions, args.skip_bad_lines)?;
    let customers = customers(args.customer.as_deref(), &history, as_known_at)?;
    let statement = evaluate(&revisions, &history, &Request { period, as_known_at, customers }).map_err(refused)?;
    let digest = counted.digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let inputs = Inputs { digest, lines: counted.lines, skipped: counted.skipped };
    let language = Language::find(&args.lang).unwrap_or(Language::En);
    match args.format {
        Format::Json => outln!("{}", statement.to_json_text(&inputs)),
        Format::Csv => out!("{}", csv(&statement, &inputs)),
        Format::Html => {
            let page = html(&statement, &revisions, &inputs, language)
                .map_err(|error| Failure::new("cannot write the statement as a document").because(error))?;
            out!("{page}");
        }
        Format::Text => {
            let shown = Shown { language, reasons: args.reasons };
            out!("{}", statement::text(&statement, &revisions, &inputs, shown));
        }
    }
    Ok(())
}

/// For whom to judge. A customer that the history does not speak of is refused: its figures would be everybody's.
fn customers(asked: Option<&str>, history: &History, known: Instant) -> Result<Customers, Failure> {
    let Some(asked) = asked else { return Ok(Customers::Nobody) };
    if asked == "all" {
        return Ok(Customers::All);
    }
    let customer = CustomerId::parse(asked)
        .map_err(|error| Failure::new("cannot understand `--customer`").because(error).exit(2))?;
    let all = evaluate::customers(&history.known_at(known));
    if all.contains(&customer) {
        return Ok(Customers::One(customer));
    }
    let names: Vec<&str> = all.iter().map(CustomerId::as_str).collect();
    let help = match (nearest(asked, names.iter().copied()), names.as_slice()) {
        (Some(near), _) => format!("did you mean `{near}`?"),
        (None, []) => "a line of type `entitlement`, `fee` or `assent` makes a customer known".to_owned(),
        (None, few) if few.len() <= 10 => format!("it knows: {}", few.join(", ")),
        (None, _) => "use `--customer all` for everyone that it knows".to_owned(),
    };
    Err(Failure::new(format!("the history knows no customer `{asked}` at {known}")).help(help))
}

/// Reads a history file line by line; every bad line is printed, and any is a failure unless it may be skipped.
fn read_history(path: &Path, revisions: &[Agreement], skip: bool) -> Result<(History, Counted), Failure> {
    let file = File::open(path).map_err(|error| file_failure("read", path, error))?;
    let size = file.metadata().map_or(0, |metadata| metadata.len());
    let mut input = BufReader::with_capacity(1 << 16, file);
    let mut reader = Reader::of_revisions(revisions);
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
        errln!("{}:{line}", path.display());
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
            err!("\rreading the history: {percent} %");
        }
    }

    fn end(&self) {
        if self.shown.is_some() {
            err!("\r\x1b[K");
        }
    }
}
