//! `uphold reload`: have a running server measure by the files as they are now.

use std::collections::BTreeMap;
use std::io::{BufRead as _, IsTerminal as _};
use std::path::Path;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use uphold_core::agreement::{self, Agreement, Language};
use uphold_core::id::{Series, VantageId};
use uphold_core::ledger::digest::Digest;
use uphold_core::run::Staleness;
use uphold_core::time::{Instant, Millis};

use super::files::{Files, in_force};
use super::revisions::{Read, file_of};
use super::{DataFolder, Failure, compare, count};
use crate::clock::Clock;
use crate::config::{CheckDefinition, Checks};
use crate::configuration::Configuration;
use crate::ledger::book::{Book, Registration};
use crate::ledger::{FILE, Reader, agreements_in_use, find_agreement, holder};
use crate::measure::{Settings, must_judge, must_stay};
use crate::revisions::Revisions;
use crate::terminal::say;

/// How long the server may take to answer.
const PATIENCE: Millis = Millis(30_000);

/// Have a running server measure by the files as they are now.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    folder: DataFolder,
    /// Print what would change, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let data = &args.folder.data;
    let configuration = Configuration::read(data)?;
    let vantage = configuration.vantage.as_deref().map(VantageId::parse).transpose();
    let vantage = vantage.map_err(|error| Failure::new("cannot read the configuration").because(error))?;
    let agreements = configuration.agreements.clone();
    let files = Files { agreements, checks: configuration.checks.clone(), vantage };
    let (settings, read) = files.read(Millis(0))?;
    if in_force(&settings) == configuration.in_force {
        say("nothing changed: all files are in force as they are");
        return Ok(());
    }
    let cannot =
        |error: Box<dyn std::error::Error + Send + Sync>| Failure::new("the ledger cannot be read").because(error);
    let reader = Reader::open(&data.join(FILE)).map_err(|error| cannot(error.into()))?;
    let book = reader.book(Book::default(), Instant::MAX).map_err(|error| cannot(error.into()))?;
    may_come(data, &book, &settings)?;
    out!("{}", agreement_changes(data, &configuration, &settings.revisions, &read)?);
    out!("{}", checks_changes(&book, &configuration, &settings.checks));
    if args.dry_run {
        return Ok(());
    }
    if !args.yes && !confirmed()? {
        say("nothing was changed");
        return Ok(());
    }
    let facts = tell_server(data, configuration.reloads)?;
    say(&format!("the server measures by these files now; {} say what changed", count(facts, "fact", "facts")));
    Ok(())
}

/// Refuses what the server would refuse, before anybody is asked.
fn may_come(data: &Path, book: &Book, settings: &Settings) -> Result<(), Failure> {
    let refused = || Failure::new("the files cannot come into force");
    must_stay(data, book, settings).map_err(|error| {
        let help = error.help().unwrap_or_default();
        refused().because(error).help(help)
    })?;
    let in_use = agreements_in_use(data, book).map_err(|error| refused().because(error))?;
    let old: Vec<Agreement> = in_use.into_iter().map(|(agreement, _)| agreement).collect();
    must_judge(book, &old, settings.revisions.all()).map_err(|open| {
        let help = open.help().unwrap_or_default().to_owned();
        refused().because(open).help(help)
    })
}

/// What differs between the revisions in use and those in the files. A new one is compared with the one before it.
fn agreement_changes(
    data: &Path,
    configuration: &Configuration,
    new: &Revisions,
    read: &[Read],
) -> Result<String, Failure> {
    let in_use = &configuration.in_force.agreements;
    let mut text = String::new();
    for (revision, digest) in in_use {
        if new.find(revision).is_none() {
            text.push_str(&format!("revision {revision} (SHA-256 {digest}): withdrawn; it judged nothing\n\n"));
        }
    }
    for (place, (agreement, digest)) in new.each().iter().enumerate() {
        let revision = &agreement.revision;
        let name = file_of(read, revision).map_or_else(String::new, |path| path.display().to_string());
        let before = place.checked_sub(1).and_then(|before| new.each().get(before));
        let (old, old_name) = match (in_use.get(revision), before) {
            (Some(known), _) if *known == digest.to_string() => continue,
            (Some(known), _) => (kept(data, known)?, "in use".to_owned()),
            (None, Some((before, _))) => {
                text.push_str(&added(agreement));
                (Agreement::clone(before), "before it".to_owned())
            }
            (None, None) => {
                text.push_str(&added(agreement));
                continue;
            }
        };
        let found = agreement::compare::compare(&old, agreement);
        text.push_str(&compare::text([&old, agreement], &[old_name, name], &found, Language::En));
        text.push('\n');
    }
    Ok(if text.is_empty() { "agreement\n  the same\n".to_owned() } else { text })
}

fn added(agreement: &Agreement) -> String {
    let until = agreement.valid.until();
    let until = if until < Instant::MAX { format!(" until {until}") } else { String::new() };
    format!("revision {}: added, valid from {}{until}\n", agreement.revision, agreement.valid.from())
}

/// The text in use, which the server kept.
fn kept(data: &Path, digest: &str) -> Result<Agreement, Failure> {
    let cannot = || Failure::new("the agreement in use cannot be read");
    let digest = Digest::parse(digest).map_err(|error| cannot().because(error))?;
    let kept = find_agreement(data, digest).map_err(|error| cannot().because(error))?;
    let old = kept.and_then(|text| agreement::read(&text).agreement);
    old.ok_or_else(|| cannot().help("restart the server with the new files instead"))
}

/// What differs between what is registered and what the checks file says.
fn checks_changes(book: &Book, configuration: &Configuration, new: &Checks) -> String {
    let mut old: BTreeMap<Series, &Registration> =
        book.open_checks().map(|known| (known.check.series.clone(), known)).collect();
    let mut lines = Vec::new();
    for check in &new.checks {
        for vantage in &check.vantage_points {
            let series = Series { check: check.id.clone(), vantage: vantage.clone() };
            let name = format!("{} at {vantage}", check.id);
            match old.remove(&series) {
                None => lines.push(format!("  added    {name}")),
                Some(known) => {
                    let changes = changes(known, check);
                    if !changes.is_empty() {
                        lines.push(format!("  changed  {name}: {}", changes.join(", ")));
                    }
                }
            }
        }
    }
    lines.extend(old.keys().map(|series| format!("  removed  {} at {}", series.check, series.vantage)));
    let same_file = new.digest.to_string() == configuration.in_force.checks;
    if lines.is_empty() {
        let what = if same_file { "  the same" } else { "  no check differs; what else the file says may" };
        lines.push(what.to_owned());
    }
    format!("\nchecks ({})\n{}\n", configuration.checks.display(), lines.join("\n"))
}

/// What differs between a registration and a check, without what it asks and expects: that is known by its digest alone.
fn changes(known: &Registration, check: &CheckDefinition) -> Vec<String> {
    let mut changes = Vec::new();
    let mut differ = |what: &str, old: String, new: String| {
        if old != new {
            changes.push(format!("{what} {old} → {new}"));
        }
    };
    let scope = &known.check.scope;
    differ("solution", scope.solution.to_string(), check.scope.solution.to_string());
    differ("interface", scope.interface.to_string(), check.scope.interface.to_string());
    differ("interval", known.interval.to_string(), check.interval.to_string());
    differ("staleness", staleness(known.check.staleness), staleness(check.staleness));
    if known.definition != check.defined.digest {
        changes.push("what it asks or expects".to_owned());
    }
    changes
}

fn staleness(staleness: Staleness) -> String {
    match staleness {
        Staleness::After(limit) => limit.to_string(),
        Staleness::None => "none".to_owned(),
    }
}

fn confirmed() -> Result<bool, Failure> {
    let input = std::io::stdin();
    if !input.is_terminal() {
        return Err(Failure::new("nobody can be asked whether this should come into force")
            .help("give `--yes`, or `--dry-run` to see what would change"));
    }
    err!("\nmeasure by these files from now on? [y/N] ");
    let mut answer = String::new();
    input.lock().read_line(&mut answer).map_err(|error| Failure::new("cannot read the answer").because(error))?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// Has the server read its files again, and waits for what comes of it. Returns how many facts say what changed.
fn tell_server(data: &Path, before: u64) -> Result<usize, Failure> {
    let nobody = || {
        Failure::new(format!("no server measures into `{}`", data.display()))
            .help("start it with `uphold serve`; it reads the files as they are then")
    };
    let pid = holder(data).and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?)).ok_or_else(nobody)?;
    kill_process(pid, Signal::HUP).map_err(|error| {
        Failure::new("the server cannot be told").because(std::io::Error::from(error)).help("run this as the same user")
    })?;
    let clock = Clock::system();
    while clock.monotonic() < PATIENCE {
        let now = Configuration::read(data)?;
        if now.reloads != before
            && let Some(outcome) = now.last_reload
        {
            return match outcome.applied {
                true => Ok(outcome.facts),
                false => {
                    Err(Failure::new("the server refused the files, and nothing was changed").because(outcome.why))
                }
            };
        }
        if holder(data).is_none() {
            return Err(nobody());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Err(Failure::new(format!("the server did not answer within {PATIENCE}")).help("its log says what it does"))
}
