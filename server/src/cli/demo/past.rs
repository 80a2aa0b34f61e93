//! The files of the demo, and the past that is made up for it at its first start.

use std::path::{Path, PathBuf};

use uphold_core::time::{Instant, Millis};

use super::super::Failure;
use super::super::files::Files;
use super::{Args, SAMPLE};
use crate::clock::Clock;
use crate::error::file_failure;
use crate::ledger::FILE;
use crate::simulate::{Done, Plan, demo, simulate};
use crate::terminal::say;

const AGREEMENT: &str = include_str!("../../../../examples/cloud-one/agreement.toml");
const CHECKS: &str = include_str!("../../../../examples/demo/checks.toml");

/// The line of the example that says from when the agreement holds.
const VALID_FROM: &str = "valid_from = 2026-01-01T00:00:00Z";

/// What the first revision of the demo promises otherwise, which the second makes better: the line, and what stands for it.
const EARLIER: [(&str, &str); 2] = [("rto = \"5h\"", "rto = \"8h\""), ("days = 7, by", "days = 5, by")];

/// The line of the example that names its vantage point, and those of the demo, which are three servers on one machine.
const ONE_POINT: &str = "vantage = \"local\"";
const THREE_POINTS: &str = "vantage = \"local-1\"\nvantage_points = [\"local-1\", \"local-2\", \"local-3\"]";

/// So many months of the past are made up.
const MONTHS: usize = 13;

/// In so many of them the first revision was in force.
const FIRST_MONTHS: usize = 5;

/// Each vantage point of the made-up past tells this often that all is well. A server does it every minute.
const FLUSH_EVERY: Millis = Millis(3_600_000);

/// The demo's files. Those of the agreement are written once; the checks every time, since the sample's address may be
/// another one.
pub(super) fn files(args: &Args) -> Result<Files, Failure> {
    let folder = args.data.join("revisions");
    if args.data.join("agreement.toml").exists() {
        return Err(Failure::new(format!("`{}` holds a demo of an earlier version", args.data.display()))
            .help("choose another folder with `--data`, or remove this one"));
    }
    std::fs::create_dir_all(&folder).map_err(|error| file_failure("create the folder", &folder, error))?;
    let calendar = uphold_core::time::Zone::utc();
    let mut months = vec![calendar.month_of(Clock::system().now()).interval.from()];
    for _ in 0..MONTHS {
        let earlier = months.last().map(|month| calendar.month_of(*month - Millis(1)).interval.from());
        months.extend(earlier);
    }
    let (begin, change) = (months[MONTHS], months[MONTHS - FIRST_MONTHS]);
    let revision = |name: &str, valid: String| {
        let text = AGREEMENT.replace("revision = \"reference\"", &format!("revision = \"{name}\""));
        text.replace(VALID_FROM, &valid).replace("vantages = { down_when = 1 }", "vantages = { down_when = 2 }")
    };
    let mut first = revision("demo-1", format!("valid_from = {begin}\nvalid_until = {change}"));
    for (now, earlier) in EARLIER {
        first = first.replace(now, earlier);
    }
    let second = revision("demo-2", format!("valid_from = {change}"));
    // A folder that has a ledger has the texts that judged it.
    for (name, text) in [("1.toml", first), ("2.toml", second)] {
        write_new(&folder.join(name), &text)?;
    }
    let checks = args.data.join("checks.toml");
    let text = CHECKS.replace(SAMPLE, &args.sample.to_string()).replace(ONE_POINT, THREE_POINTS);
    std::fs::write(&checks, text).map_err(|error| file_failure("write", &checks, error))?;
    Ok(Files { agreements: vec![folder], checks, vantage: None })
}

fn write_new(path: &Path, text: &str) -> Result<(), Failure> {
    use std::io::Write as _;
    match std::fs::File::create_new(path) {
        Ok(mut file) => file.write_all(text.as_bytes()).map_err(|error| file_failure("write", path, error)),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(file_failure("write", path, error)),
    }
}

/// Makes up a past, where the folder has none. It is made beside and then moved, so that one that was interrupted is begun
/// again.
pub(super) fn make_up(args: &Args, files: &Files) -> Result<(), Failure> {
    if args.no_past || args.data.join(FILE).exists() {
        return Ok(());
    }
    let making = args.data.join("making-up");
    if making.exists() {
        std::fs::remove_dir_all(&making).map_err(|error| file_failure("remove", &making, error))?;
    }
    std::fs::create_dir_all(&making).map_err(|error| file_failure("create the folder", &making, error))?;
    let (settings, read) = files.read(FLUSH_EVERY)?;
    let (from, now) = (settings.revisions.valid().from(), settings.clock.now());
    let until = Instant(now.0 - now.0.rem_euclid(1_000));
    let agreement = settings.revisions.in_force(until);
    let (staged, told) = demo::story(agreement, &format!("http://{}", args.listen), from, until);
    let plan = Plan { from, until, seed: 4, outages_a_year: 4, flush_every: FLUSH_EVERY, staged, told };
    say(&format!("making up {MONTHS} months of the past, once; nothing of it was measured, and every page says so"));
    let texts: Vec<&str> = read.iter().map(|read| &*read.text).collect();
    let mut month = String::new();
    let mut progress = |at: Instant| {
        let now = settings.revisions.month_of(at).name;
        if now != month {
            say(&format!("  {now}"));
            month = now;
        }
    };
    let done = simulate(&making, &settings, &texts, &plan, &mut progress);
    let Done { facts, .. } = done.map_err(|error| Failure::new("cannot make up a past").because(error))?;
    say(&format!("  {facts} facts"));
    take(&making, &args.data)
}

/// Moves what was made up to its place, the ledger last: with it the past is there.
fn take(from: &Path, to: &Path) -> Result<(), Failure> {
    let moved = |name: &Path| {
        let to = to.join(name);
        std::fs::rename(from.join(name), &to).map_err(|error| file_failure("write", &to, error))
    };
    let names = names(from)?;
    let (ledger, others): (Vec<_>, Vec<_>) = names.iter().partition(|name| name.as_os_str() == FILE);
    others.into_iter().chain(ledger).try_for_each(|name| moved(name))?;
    std::fs::remove_dir_all(from).map_err(|error| file_failure("remove", from, error))
}

fn names(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let failed = |error| file_failure("read the folder", folder, error);
    let entries = std::fs::read_dir(folder).map_err(failed)?;
    entries.map(|entry| Ok(entry.map_err(failed)?.file_name().into())).collect()
}
