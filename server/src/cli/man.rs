//! `uphold man`: a manual page of every command, made from the commands themselves.

use std::path::PathBuf;

use clap::CommandFactory as _;

use super::{Cli, Failure};
use crate::error::file_failure;

/// Write a manual page of every command.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The folder to write `uphold.1`, `uphold-check.1` and the others into; it is made if it does not exist
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let out = &args.out;
    std::fs::create_dir_all(out).map_err(|error| file_failure("create the folder", out, error))?;
    clap_mangen::generate_to(Cli::command(), out).map_err(|error| file_failure("write manual pages into", out, error))
}
