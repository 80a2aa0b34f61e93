//! `uphold support-bundle`: what somebody who helps needs to see, in one file.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::doctor::findings;
use super::{DataFolder, Failure};
use crate::clock::Clock;
use crate::doctor::Subject;
use crate::support;
use crate::terminal::say;

/// Collect what somebody who helps needs to see.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    folder: DataFolder,
    /// The agreement; given several times, its revisions; of each the digest alone is in the bundle
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
    /// Where the server listens; its metrics are in the bundle if it runs
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// The file to make
    #[arg(value_name = "OUT.tar")]
    out: PathBuf,
}

pub(super) fn run(args: Args) -> Result<(), Failure> {
    let Args { folder, agreement, checks, alerts, sign_in, listen, out } = args;
    let (data, clock) = (&folder.data, Clock::system());
    let subject = Subject { data, agreements: agreement, checks, alerts, sign_in, listen, clock };
    let findings = findings(&subject)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new("cannot start the runtime").because(error))?;
    runtime.block_on(support::write(&out, &subject, &findings))?;
    say(&format!("{}: read it before you send it (`tar -xOf {0}`)", out.display()));
    say("secrets, the agreement and the facts are not in it; names of checks, hosts and readers of mail are");
    Ok(())
}
