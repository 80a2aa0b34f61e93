//! The commands. Each has a file of its own; what they do is elsewhere.

mod alerts;
mod background;
mod backup;
mod bundle;
mod check;
mod compare;
mod completions;
mod demo;
mod doctor;
mod erase;
mod evaluate;
mod export;
mod fact_proof;
mod files;
mod first;
mod identity;
mod import;
mod ledger;
mod man;
mod new;
mod person;
mod reference;
mod reload;
pub mod report;
mod revisions;
mod serve;
mod simulate;
mod statement;
mod support_bundle;
mod table;
mod token;
mod verify;

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use clap::{Parser, Subcommand};
use uphold_core::agreement::Agreement;
use uphold_core::diagnostic::Severity;

use crate::error::{Failure, file_failure};

/// Run a hosted service to its service level agreement, and prove it.
#[derive(Debug, Parser)]
#[command(name = "uphold", version, arg_required_else_help = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check an agreement: print everything that is wrong with it, and what it leaves open
    Check(check::Args),
    /// Compare two revisions of an agreement: what came, went and changed, and for whom it is better where that is certain
    Compare(compare::Args),
    /// Write a commented agreement to begin with
    New(new::Args),
    /// Evaluate an agreement over a history file and print the statement
    Evaluate(evaluate::Args),
    /// Print every table, key, term and word of the agreement language
    Reference(reference::Args),
    /// Measure, keep, evaluate and show
    Serve(serve::Args),
    /// Have a running server measure by its files as they are now, after a look at what changes
    Reload(reload::Args),
    /// Write what was recorded in a form that others can read
    #[command(subcommand)]
    Export(export::Command),
    /// Make up months of measurements, to try what much history does: every fact says that it is simulated
    Simulate(simulate::Args),
    /// Bring in what another tool recorded, as files that `evaluate` reads
    #[command(subcommand)]
    Import(import::Command),
    /// Verify a bundle: recompute everything in it, down to the statement
    Verify(verify::Args),
    /// Copy the ledger into a new folder, while it is written or not, and verify the copy
    Backup(backup::BackupArgs),
    /// Put a copy of the ledger back where none is, and verify it
    Restore(backup::RestoreArgs),
    /// Look after the ledger
    #[command(subcommand)]
    Ledger(ledger::Command),
    /// Make, list and end the tokens by which programs use the interface
    #[command(subcommand)]
    Token(token::Command),
    /// Invite, list and remove the people who may sign in
    #[command(subcommand)]
    Person(person::Command),
    /// Examine the machine, the data folder and the files: what is as it must be, and what to do where it is not
    Doctor(doctor::Args),
    /// Collect what somebody who helps needs to see, without secrets
    SupportBundle(support_bundle::Args),
    /// Try the channels by which people are told
    #[command(subcommand)]
    Alerts(alerts::Command),
    /// Serve a sample service that you can break and mend, and its agreement
    Demo(demo::Args),
    /// Print what completes commands and options in a shell
    Completions(completions::Args),
    /// Write a manual page of every command
    Man(man::Args),
    /// The sample service of the demo alone
    #[command(hide = true)]
    SampleService(demo::SampleArgs),
}

/// Runs the command line of this process; the code is what the process ends with.
#[must_use]
pub fn run() -> u8 {
    let cli = Cli::parse();
    let done = match cli.command {
        Command::Check(args) => check::run(&args),
        Command::Compare(args) => match compare::run(&args) {
            Ok(code) => return code,
            Err(failure) => Err(failure),
        },
        Command::New(args) => new::run(&args),
        Command::Evaluate(args) => evaluate::run(&args),
        Command::Reference(args) => reference::run(&args),
        Command::Serve(args) => serve::run(args),
        Command::Reload(args) => reload::run(&args),
        Command::Export(command) => export::run(&command),
        Command::Simulate(args) => simulate::run(args),
        Command::Import(command) => import::run(&command),
        Command::Verify(args) => verify::run(&args),
        Command::Backup(args) => backup::run_backup(&args),
        Command::Restore(args) => backup::run_restore(&args),
        Command::Ledger(command) => ledger::run(&command),
        Command::Token(command) => token::run(&command),
        Command::Person(command) => person::run(&command),
        Command::Doctor(args) => doctor::run(args),
        Command::SupportBundle(args) => support_bundle::run(args),
        Command::Alerts(command) => alerts::run(&command),
        Command::Demo(args) => demo::run(&args),
        Command::Completions(args) => completions::run(&args),
        Command::Man(args) => man::run(&args),
        Command::SampleService(args) => demo::run_sample(&args),
    };
    match done {
        Ok(()) => 0,
        Err(failure) => {
            errln!("{failure}");
            failure.exit_code()
        }
    }
}

/// Reads a whole text file.
fn read_file(path: &Path) -> Result<String, Failure> {
    let bytes = std::fs::read(path).map_err(|error| file_failure("read", path, error))?;
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count() + 1;
        Failure::new(format!("cannot read `{}`: line {line} is not UTF-8 text", path.display()))
            .help("save the file as UTF-8")
    })
}

/// How findings are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Text,
    Json,
}

/// The folder that a file lies in: what the paths in it are relative to.
fn folder_of(file: &Path) -> &Path {
    match file.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

/// Reads an agreement; its problems are printed, and any error among them is a failure.
fn read_agreement(path: &Path) -> Result<(Agreement, String), Failure> {
    let source = read_file(path)?;
    let reading = uphold_core::agreement::read(&source);
    let name = path.display().to_string();
    let errors = reading.findings.iter().filter(|finding| finding.severity == Severity::Error).count();
    match reading.agreement {
        Some(agreement) => Ok((agreement, source)),
        None => {
            err!("{}", report::render(&reading.findings, &source, &name, std::io::stderr().is_terminal()));
            Err(Failure::new(format!("the agreement `{name}` has {}", count(errors, "error", "errors")))
                .help(format!("mend them and try `uphold check {name}`")))
        }
    }
}

fn count(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

/// The folder that a command works on, and that it needs.
#[derive(Debug, clap::Args)]
struct DataFolder {
    /// The folder that holds the ledger
    #[arg(long, value_name = "FOLDER")]
    data: PathBuf,
}
