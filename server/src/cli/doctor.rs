//! `uphold doctor`: what is as it must be, and what to do where it is not.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde_json::json;

use super::{DataFolder, Failure, Format, count};
use crate::clock::Clock;
use crate::doctor::{Finding, Subject, Verdict, examine};
use crate::terminal::say;

/// Examine the machine, the data folder and the files.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    folder: DataFolder,
    /// The agreement; given several times, its revisions; a folder is every `*.toml` in it
    #[arg(long, value_name = "FILE")]
    agreement: Vec<PathBuf>,
    /// What is measured
    #[arg(long, value_name = "FILE")]
    checks: Option<PathBuf>,
    /// Who is told when something is wrong, and how
    #[arg(long, value_name = "FILE")]
    alerts: Option<PathBuf>,
    /// The identity provider that people may sign in through
    #[arg(long, value_name = "FILE")]
    sign_in: Option<PathBuf>,
    /// Where pages and interfaces are served
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

pub(super) fn run(args: Args) -> Result<(), Failure> {
    let Args { folder, agreement, checks, alerts, sign_in, listen, format } = args;
    let (data, clock) = (&folder.data, Clock::system());
    let subject = Subject { data, agreements: agreement, checks, alerts, sign_in, listen, clock };
    let findings = findings(&subject)?;
    let of = |verdict| findings.iter().filter(|finding| finding.result == verdict).count();
    let (problems, warnings) = (of(Verdict::Problem), of(Verdict::Warning));
    match format {
        Format::Text => findings.iter().for_each(print),
        Format::Json => {
            say(&format!("{:#}", json!({ "findings": findings, "problems": problems, "warnings": warnings })));
        }
    }
    match problems {
        0 => Ok(()),
        n => Err(Failure::new(format!("found {}", count(n, "problem", "problems")))),
    }
}

/// Examines on a runtime of its own.
pub(super) fn findings(subject: &Subject<'_>) -> Result<Vec<Finding>, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new("cannot start the runtime").because(error))?;
    Ok(runtime.block_on(examine(subject)))
}

fn print(finding: &Finding) {
    say(&format!("{:<8} {:<19} {}", finding.result.name(), finding.check, finding.said));
    if let Some(help) = &finding.help {
        say(&format!("{:<28} help: {help}", ""));
    }
}
