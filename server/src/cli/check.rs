//! `uphold check`: what is wrong with an agreement, and what it leaves open.

use std::io::IsTerminal as _;
use std::path::PathBuf;

use serde_json::{Value, json};
use uphold_core::agreement::{self, Agreement, Commitment, Listed, Origin, TERMS};
use uphold_core::diagnostic::{Diagnostic, Severity};
use uphold_core::evaluate::{Problem, revision_problems};
use uphold_core::ledger::digest::Digest;

use super::{Failure, Format, count, read_file, report, table::Table};
use crate::clock::Clock;
use crate::config;
use crate::revisions::Revisions;

/// Check an agreement.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The agreements to check; files with the id of one agreement are its revisions, and are checked with each other; a
    /// folder is every `*.toml` in it
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The checks that measure it, to be checked with it
    #[arg(long, value_name = "FILE")]
    checks: Option<PathBuf>,
    /// Who is told when something is wrong, to be checked with it
    #[arg(long, value_name = "FILE")]
    alerts: Option<PathBuf>,
    /// The identity provider that people sign in through, to be checked with it; it is not asked
    #[arg(long, value_name = "FILE")]
    sign_in: Option<PathBuf>,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let mut found = Found { format: args.format, errors: 0, findings: Vec::new() };
    let mut read: Vec<(String, Agreement)> = Vec::new();
    for file in &super::revisions::files(&args.files).map_err(|failure| failure.exit(2))? {
        let source = read_file(file).map_err(|failure| failure.exit(2))?;
        let reading = agreement::read(&source);
        let name = file.display().to_string();
        found.in_file(reading.findings, &source, &name);
        read.extend(reading.agreement.map(|agreement| (name, agreement)));
    }
    for revisions in by_id(&read) {
        found.between(&revisions);
        beside(args, revisions, &mut found)?;
    }
    if let Some(file) = &args.sign_in {
        let source = read_file(file).map_err(|failure| failure.exit(2))?;
        let reading = config::sign_in::read_sign_in(&source, super::folder_of(file));
        found.in_file(reading.findings, &source, &file.display().to_string());
    }
    match args.format {
        Format::Text => read.iter().for_each(|(name, agreement)| out!("{}", summary(agreement, name))),
        Format::Json => {
            let agreements: Vec<Value> = read.iter().map(|(name, agreement)| open(agreement, name)).collect();
            outln!("{:#}", json!({ "findings": found.findings, "agreements": agreements }));
        }
    }
    match found.errors {
        0 => Ok(()),
        n => Err(Failure::new(format!("found {}", count(n, "error", "errors")))),
    }
}

/// Checks what is given beside an agreement against all of its revisions together, as `uphold serve` takes them.
fn beside(args: &Args, revisions: Vec<Agreement>, found: &mut Found) -> Result<(), Failure> {
    let now = Clock::system().now();
    let each = |agreement: Agreement| (agreement, Digest::of(&[]));
    // What they have against each other is said; then the newest alone is as good as any.
    let Some(newest) = revisions.last().cloned() else { return Ok(()) };
    let revisions = Revisions::new(revisions.into_iter().map(each).collect())
        .unwrap_or_else(|_| Revisions::one(newest, Digest::of(&[])));
    let covering = revisions.covering(now);
    if let Some(checks) = &args.checks {
        let source = read_file(checks).map_err(|failure| failure.exit(2))?;
        let folder = super::folder_of(checks);
        let reading = config::read_checks_of(&source, folder, &covering, revisions.in_force(now));
        found.in_file(reading.findings, &source, &checks.display().to_string());
    }
    if let Some(alerts) = &args.alerts {
        let source = read_file(alerts).map_err(|failure| failure.exit(2))?;
        let reading = config::alerts::read_alerts(&source, super::folder_of(alerts), Some(&covering));
        found.in_file(reading.findings, &source, &alerts.display().to_string());
    }
    Ok(())
}

/// The revisions of each agreement, the oldest first.
fn by_id(read: &[(String, Agreement)]) -> Vec<Vec<Agreement>> {
    let mut all: Vec<Vec<Agreement>> = Vec::new();
    for (_, agreement) in read {
        match all.iter_mut().find(|revisions| revisions[0].id == agreement.id) {
            Some(revisions) => revisions.push(agreement.clone()),
            None => all.push(vec![agreement.clone()]),
        }
    }
    for revisions in &mut all {
        revisions.sort_by_key(|agreement| agreement.valid.from());
    }
    all
}

/// What was found so far; as text it is printed at once.
struct Found {
    format: Format,
    errors: usize,
    findings: Vec<Value>,
}

impl Found {
    /// Findings about places of a file: the errors first, then the warnings.
    fn in_file(&mut self, mut findings: Vec<Diagnostic>, source: &str, path: &str) {
        findings.sort_by_key(|finding| finding.severity);
        self.errors += findings.iter().filter(|finding| finding.severity == Severity::Error).count();
        match self.format {
            Format::Text => err!("{}", report::render(&findings, source, path, std::io::stderr().is_terminal())),
            Format::Json => {
                self.findings.extend(report::json(&findings, source, path).as_array().cloned().unwrap_or_default());
            }
        }
    }

    /// Problems between the revisions of one agreement, which have no place in one file.
    fn between(&mut self, revisions: &[Agreement]) {
        for Problem { message, help } in revision_problems(revisions) {
            self.errors += 1;
            match self.format {
                Format::Text => errln!("error: {message}\nhelp: {help}\n"),
                Format::Json => self.findings.push(json!({ "severity": "error", "message": message, "help": help })),
            }
        }
    }
}

/// The terms that the contract itself does not state.
fn silent(listed: &[Listed]) -> impl Iterator<Item = (&Listed, &'static str)> {
    let question = |key: &str| TERMS.iter().find(|term| term.key == key).map_or("", |term| term.question);
    listed.iter().filter(|term| term.origin != Origin::Contract).map(move |term| (term, question(term.key)))
}

fn promised(commitment: &Commitment) -> String {
    let goals = commitment.availability().map_or(&[][..], |availability| &availability.goals);
    let mut targets: Vec<String> =
        goals.iter().filter_map(|goal| Some(format!("{} %", goal.target.as_ref()?.percent))).collect();
    if goals.is_empty() {
        targets.extend(commitment.target().map(|target| format!("{} %", target.percent)));
    }
    match targets.as_slice() {
        [] if matches!(commitment.kind(), "availability" | "monitoring") => ", no target".to_owned(),
        [] => String::new(),
        [one] => format!(", target {one}"),
        several => format!(", targets {}", several.join(" and ")),
    }
}

/// What the agreement holds, and every term that its contract leaves open with who fills it.
fn summary(agreement: &Agreement, path: &str) -> String {
    let mut text = format!(
        "{path}: `{}`, revision {}: {}, {}, {}\n",
        agreement.id,
        agreement.revision,
        count(agreement.clauses.len(), "clause", "clauses"),
        count(agreement.solutions.len(), "solution", "solutions"),
        count(agreement.commitments.len(), "commitment", "commitments"),
    );
    if silent(&agreement.listed).next().is_some() {
        text.push_str(&format!("\nthe agreement as a whole\n{}", tabled(&agreement.listed)));
    }
    let of_all = of_all(agreement);
    if !of_all.is_empty() {
        let alike = agreement.commitments.first().into_iter().flat_map(|commitment| silent(&commitment.listed));
        text.push_str("\nevery commitment\n");
        text.push_str(&table(alike.filter(|(term, _)| of_all.contains(term))).to_string());
    }
    let own = |commitment: &'_ Commitment| -> Vec<Listed> {
        silent(&commitment.listed).map(|(term, _)| term.clone()).filter(|term| !of_all.contains(&term)).collect()
    };
    let below = |terms: &[Listed]| {
        if terms.is_empty() && of_all.is_empty() {
            "  the agreement states every term that it needs\n".to_owned()
        } else {
            tabled(terms)
        }
    };
    let mut shown: Option<Vec<Listed>> = None;
    for commitment in &agreement.commitments {
        let (id, clause, kind, terms) = (&commitment.id, &commitment.clause, commitment.kind(), own(commitment));
        // Neighbours that leave the same open stand above one table.
        if let Some(before) = shown.take_if(|before| *before != terms) {
            text.push_str(&below(&before));
        }
        if shown.is_none() {
            text.push('\n');
        }
        text.push_str(&format!("`{id}` (clause {clause}): {kind}{}\n", promised(commitment)));
        shown = Some(terms);
    }
    text.push_str(&shown.map_or_else(String::new, |terms| below(&terms)));
    text
}

/// The silent terms that every commitment has with the same value, where there are several.
fn of_all(agreement: &Agreement) -> Vec<&Listed> {
    let [first, rest @ ..] = agreement.commitments.as_slice() else { return Vec::new() };
    let alike = |term: &&Listed| !rest.is_empty() && rest.iter().all(|other| other.listed.contains(term));
    silent(&first.listed).map(|(term, _)| term).filter(alike).collect()
}

fn tabled(terms: &[Listed]) -> String {
    if terms.is_empty() { String::new() } else { table(silent(terms)).to_string() }
}

fn table<'a>(terms: impl Iterator<Item = (&'a Listed, &'static str)>) -> Table {
    // What holds may be long, so it stands last.
    let mut table = Table::new(["the agreement is silent on", "the question", "stated by", "what holds"]);
    for (Listed { key, value, origin }, question) in terms {
        table.row([*key, question, &origin.to_string(), value], Vec::new());
    }
    table
}

/// The same for other programs.
fn open(agreement: &Agreement, path: &str) -> Value {
    let terms = |listed: &[Listed]| -> Vec<Value> {
        silent(listed)
            .map(|(Listed { key, value, origin }, question)| {
                json!({ "term": key, "value": value, "stated_by": origin.to_string(), "question": question })
            })
            .collect()
    };
    let commitments: Vec<Value> = agreement
        .commitments
        .iter()
        .map(|commitment| {
            json!({
                "id": commitment.id.as_str(),
                "clause": commitment.clause.as_str(),
                "kind": commitment.kind(),
                "silent": terms(&commitment.listed),
            })
        })
        .collect();
    json!({
        "file": path,
        "id": agreement.id.as_str(),
        "revision": agreement.revision,
        "silent": terms(&agreement.listed),
        "commitments": commitments,
    })
}
