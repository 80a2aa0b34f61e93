//! `uphold import`: what another tool recorded, as files that `uphold evaluate` reads.

use std::collections::BTreeMap;
use std::path::PathBuf;

use uphold_core::diagnostic::Refusal;
use uphold_core::history::LineType;
use uphold_core::time::Millis;

use super::{Failure, count};
use crate::error::file_failure;
use crate::import::csv::{Plan, PlanError, TimeFormat};
use crate::import::upptime::{Dropped, Repository};
use crate::import::{append, must_be_new, write_new};

/// What to import from.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// An Upptime repository: writes its history and a starter agreement
    Upptime(UpptimeArgs),
    /// A table of comma-separated values from any tool: writes history lines of one type
    Csv(CsvArgs),
}

#[derive(Debug, clap::Args)]
pub(super) struct UpptimeArgs {
    /// A git checkout of the repository, or a folder with `observations.csv` and `published.json`
    source: PathBuf,
    /// Where to write what happened, as JSON Lines
    #[arg(long, value_name = "FILE")]
    history: PathBuf,
    /// Where to write the starter agreement
    #[arg(long, value_name = "FILE")]
    agreement: PathBuf,
    /// Leave out outages shorter than this, as Upptime does in the figures that it publishes
    #[arg(long, value_name = "LENGTH")]
    drop_below: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(super) struct CsvArgs {
    /// The table; its first row names the columns
    file: PathBuf,
    /// The type of line that each row becomes, such as observation, maintenance or fee
    #[arg(long = "type", value_name = "TYPE")]
    line: String,
    /// A key of the line and the column that it is read from, as in `at=timestamp`; repeat it for each key
    #[arg(long, value_name = "KEY=COLUMN", value_parser = pair)]
    map: Vec<(String, String)>,
    /// A key of the line and a value that all rows share, as in `vantage=tokyo`; repeat it for each key
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    set: Vec<(String, String)>,
    /// How the table writes times
    #[arg(long, value_enum, default_value_t = TimeFormat::Rfc3339)]
    time_format: TimeFormat,
    /// What the table calls each state, as in `1=up,0=down`
    #[arg(long, value_name = "RAW=STATE", value_parser = pair, value_delimiter = ',')]
    state_map: Vec<(String, String)>,
    /// What stands between two values: one character, or `tab`
    #[arg(long, value_name = "CHARACTER", default_value = ",")]
    delimiter: String,
    /// Where to write the lines
    #[arg(long, value_name = "FILE")]
    history: PathBuf,
    /// Add the lines to the file, if it exists
    #[arg(long)]
    append: bool,
    /// Write the good rows although others are bad
    #[arg(long)]
    skip_bad_rows: bool,
}

/// Why a text is no pair.
#[derive(Debug)]
struct NoPair;

impl std::fmt::Display for NoPair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("write two names with `=` between them")
    }
}

impl std::error::Error for NoPair {}

fn pair(text: &str) -> Result<(String, String), NoPair> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() && !value.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err(NoPair),
    }
}

pub(super) fn run(command: &Command) -> Result<(), Failure> {
    match command {
        Command::Upptime(args) => upptime(args),
        Command::Csv(args) => csv(args),
    }
}

fn upptime(args: &UpptimeArgs) -> Result<(), Failure> {
    const HELP: &str = "name another path, or move the file away";
    must_be_new(&args.history, HELP)?;
    must_be_new(&args.agreement, HELP)?;
    let below = args.drop_below.as_deref().map(Millis::parse).transpose().map_err(|error| {
        let help = error.help.clone().unwrap_or_default();
        Failure::new("cannot understand `--drop-below`").because(error).help(help).exit(2)
    })?;
    let mut repository = Repository::read(&args.source)?;
    let dropped = below.map(|below| repository.drop_below(below));
    write_new(&args.history, &repository.history())?;
    write_new(&args.agreement, &repository.agreement(dropped.as_ref()))?;
    out!("{}", upptime_summary(args, &repository, dropped.as_ref()));
    Ok(())
}

/// What was written, what was left out of it, and how to go on.
fn upptime_summary(args: &UpptimeArgs, repository: &Repository, dropped: Option<&Dropped>) -> String {
    let observations = repository.sites.iter().map(|site| site.seen.len()).sum();
    let (agreement, history) = (args.agreement.display(), args.history.display());
    let mut text = format!(
        "{agreement}: {}\n{history}: {}\n",
        count(repository.sites.len(), "site", "sites"),
        count(observations, "observation", "observations"),
    );
    if let Some(Dropped { below, episodes, hidden, sites }) = dropped {
        text.push_str(&format!(
            "hidden by `--drop-below {below}`: {} at {}, {} seconds of down\n",
            count(*episodes, "episode", "episodes"),
            count(*sites, "site", "sites"),
            hidden.seconds(),
        ));
    }
    if !repository.removed.is_empty() {
        let names: Vec<String> = repository.removed.iter().map(|slug| format!("`{slug}`")).collect();
        text.push_str(&format!("left out, since Upptime watches them no more: {}\n", names.join(", ")));
    }
    let (start, end) = (repository.start(), repository.published_at);
    if start < end {
        text.push_str(&format!(
            "next: uphold evaluate --agreement {agreement} --history {history} --period {start}/{end}\n"
        ));
    }
    text
}

fn csv(args: &CsvArgs) -> Result<(), Failure> {
    if !args.append {
        must_be_new(&args.history, "name another path, or add the lines to this file with `--append`")?;
    }
    let names = LineType::ALL.map(|line| line.name);
    let line = LineType::find(&args.line).ok_or_else(|| {
        misuse("cannot understand `--type`", Refusal::not_among("a type of history line", &args.line, &names))
    })?;
    let plan = Plan {
        line,
        map: once("--map", &args.map)?,
        set: once("--set", &args.set)?,
        time_format: args.time_format,
        states: once("--state-map", &args.state_map)?,
        delimiter: delimiter(&args.delimiter)?,
    };
    let path = args.file.display();
    let file = std::fs::File::open(&args.file).map_err(|error| file_failure("read", &args.file, error))?;
    let converted = plan.convert(std::io::BufReader::new(file)).map_err(|error| match error {
        PlanError::Wrong(refusal) => misuse(&format!("cannot import `{path}`"), refusal),
        PlanError::Unreadable(error) => file_failure("read", &args.file, error),
    })?;
    for row in &converted.bad {
        errln!("{path}:{row}");
    }
    let bad = count(converted.bad.len(), "bad row", "bad rows");
    if !converted.bad.is_empty() && !args.skip_bad_rows {
        return Err(Failure::new(format!("the table `{path}` has {bad}"))
            .help("mend the rows named above, or leave them out with `--skip-bad-rows`; nothing was written"));
    }
    let text: String = converted.lines.iter().map(|line| format!("{line}\n")).collect();
    if args.append {
        append(&args.history, &text)?
    } else {
        write_new(&args.history, &text)?
    }
    let lines = count(converted.lines.len(), "line", "lines");
    let skipped = if converted.bad.is_empty() { String::new() } else { format!(", {bad} left out") };
    outln!("{}: {lines} of type `{}`{skipped}", args.history.display(), line.name);
    Ok(())
}

/// A refusal of something on the command line.
fn misuse(message: &str, refusal: Refusal) -> Failure {
    let help = refusal.help.clone();
    let failure = Failure::new(message).because(refusal.message).exit(2);
    match help {
        Some(help) => failure.help(help),
        None => failure,
    }
}

/// Pairs by their first name, which may stand only once.
fn once(option: &str, pairs: &[(String, String)]) -> Result<BTreeMap<String, String>, Failure> {
    let mut map = BTreeMap::new();
    for (key, value) in pairs {
        if map.insert(key.clone(), value.clone()).is_some() {
            return Err(Failure::new(format!("`{option}` names `{key}` twice"))
                .help("leave one of the two out")
                .exit(2));
        }
    }
    Ok(map)
}

fn delimiter(text: &str) -> Result<u8, Failure> {
    match text.as_bytes() {
        _ if text == "tab" => Ok(b'\t'),
        [one] if one.is_ascii() && !b"\"\r\n".contains(one) => Ok(*one),
        _ => Err(Failure::new("cannot understand `--delimiter`")
            .because(format!("`{text}` is not one character that can stand between values"))
            .help("write one character such as `;`, or `tab`")
            .exit(2)),
    }
}
