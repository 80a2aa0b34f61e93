//! `uphold simulate`: a ledger with a past that is made up.

use std::path::PathBuf;

use uphold_core::time::{Instant, Millis};

use super::Failure;
use super::files::Files;
use super::ledger::failure;
use crate::clock::Clock;
use crate::error::file_failure;
use crate::simulate::{Done, Plan, SimulateError, simulate};
use crate::terminal::say;

/// Make up months of measurements, to try what much history does: every fact says that it is simulated.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The agreement to judge by; given several times, its revisions
    #[arg(long, required = true, value_name = "FILE")]
    agreement: Vec<PathBuf>,
    /// What would have been measured
    #[arg(long, value_name = "FILE")]
    checks: PathBuf,
    /// The folder for the ledger; it is made if it does not exist, and must not have one
    #[arg(long, value_name = "FOLDER")]
    data: PathBuf,
    /// How many calendar months before the one in which the past ends
    #[arg(long, value_name = "N", default_value_t = 13, value_parser = clap::value_parser!(u16).range(0..=120))]
    months: u16,
    /// When the past ends; now, where it is not given
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Equal seeds make equal pasts
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
    /// How often one check fails in a year, on the average
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(0..=10_000))]
    outages: u32,
}

pub(super) fn run(args: Args) -> Result<(), Failure> {
    let until = match &args.until {
        None => Clock::system().now(),
        Some(text) => {
            Instant::parse(text).map_err(|error| Failure::new("cannot understand `--until`").because(error).exit(2))?
        }
    };
    let files = Files { agreements: args.agreement, checks: args.checks, vantage: None };
    let (settings, read) = files.read(Millis(60_000))?;
    let revisions = &settings.revisions;
    let mut from = revisions.month_of(until).interval.from();
    for _ in 0..args.months {
        from = revisions.month_of(from - Millis(1)).interval.from();
    }
    std::fs::create_dir_all(&args.data).map_err(|error| file_failure("create the folder", &args.data, error))?;
    let (staged, told) = (Vec::new(), Vec::new());
    let (seed, outages_a_year, flush_every) = (args.seed, args.outages, Millis(60_000));
    let plan = Plan { from, until, seed, outages_a_year, flush_every, staged, told };
    let valid = revisions.valid().from();
    if valid > from {
        say(&format!("warning: the agreement holds from {valid}, and time before that is judged by none"));
    }
    let mut month = String::new();
    let mut progress = |at: Instant| {
        let now = revisions.month_of(at).name;
        if now != month {
            say(&format!("simulating {now}"));
            month = now;
        }
    };
    let texts: Vec<&str> = read.iter().map(|read| &*read.text).collect();
    let done = simulate(&args.data, &settings, &texts, &plan, &mut progress);
    let Done { facts, series, runs } = done.map_err(|error| match error {
        SimulateError::Ledger(error) => failure("cannot write a simulated ledger", error),
        error => Failure::new("cannot simulate").because(error),
    })?;
    say(&format!("{facts} facts of {series} series with {runs} runs, from {from} until {until}, all of it simulated"));
    Ok(())
}
