//! `uphold check`: what is wrong with an agreement, and what it leaves open.

use std::io::IsTerminal as _;
use std::path::PathBuf;

use uphold_core::agreement::{self, Agreement, Listed, Origin, TERMS};
use uphold_core::diagnostic::Severity;

use super::{Failure, count, read_file, report, table::Table};
use crate::config;

/// Check an agreement.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The agreements to check
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The checks that measure it, to be checked with it
    #[arg(long, value_name = "FILE")]
    checks: Option<PathBuf>,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Text,
    Json,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let mut errors = 0;
    let mut all = Vec::new();
    for file in &args.files {
        let source = read_file(file).map_err(|failure| failure.exit(2))?;
        let reading = agreement::read(&source);
        errors += print(&reading.findings, &source, &file.display().to_string(), args.format, &mut all);
        let Some(agreement) = reading.agreement else { continue };
        if let Some(checks) = &args.checks {
            let source = read_file(checks).map_err(|failure| failure.exit(2))?;
            let reading = config::read_checks(&source, &agreement);
            errors += print(&reading.findings, &source, &checks.display().to_string(), args.format, &mut all);
        }
        if args.format == Format::Text {
            print!("{}", summary(&agreement, &file.display().to_string()));
        }
    }
    if args.format == Format::Json {
        println!("{:#}", serde_json::Value::Array(all));
    }
    match errors {
        0 => Ok(()),
        n => Err(Failure::new(format!("found {}", count(n, "error", "errors")))),
    }
}

/// Prints findings and says how many of them are errors.
fn print(
    findings: &[uphold_core::diagnostic::Diagnostic],
    source: &str,
    path: &str,
    format: Format,
    all: &mut Vec<serde_json::Value>,
) -> usize {
    match format {
        Format::Text => eprint!("{}", report::render(findings, source, path, std::io::stderr().is_terminal())),
        Format::Json => all.extend(report::json(findings, source, path).as_array().cloned().unwrap_or_default()),
    }
    findings.iter().filter(|finding| finding.severity == Severity::Error).count()
}

/// What the agreement holds, and every term that its contract leaves open with the policy that fills it.
fn summary(agreement: &Agreement, path: &str) -> String {
    let mut text = format!(
        "{path}: `{}`, revision {}: {}, {}, {}\n",
        agreement.id,
        agreement.revision,
        count(agreement.clauses.len(), "clause", "clauses"),
        count(agreement.solutions.len(), "solution", "solutions"),
        count(agreement.commitments.len(), "commitment", "commitments"),
    );
    for commitment in &agreement.commitments {
        let target =
            commitment.target().map_or("no target".to_owned(), |target| format!("target {} %", target.percent));
        text.push_str(&format!(
            "\n`{}` (clause {}): {}, {target}\n",
            commitment.id,
            commitment.clause,
            commitment.kind()
        ));
        let mut table = Table::new(&["the contract is silent on", "your policy", "the question"]);
        for Listed { key, value, origin } in &commitment.listed {
            if *origin == Origin::Policy {
                let question = TERMS.iter().find(|term| term.key == *key).map_or("", |term| term.question);
                table.row(&[key, value, question]);
            }
        }
        text.push_str(&table.to_string());
    }
    text
}
