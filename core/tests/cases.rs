//! Cases: small files that a contract manager can read, each an agreement, a history, and what must come out.
//!
//! `core/tests/cases/**/*.case` are found by listing the directory. `UPHOLD_CASE=name` runs one alone.
//!
//! ```text
//! # What the case shows, and how its figures are derived by hand.
//! --- agreement
//! TOML; or one line `file PATH` (from the root of the repository); or a first line `standard`, then TOML that is appended
//! to STANDARD_AGREEMENT. Several of these sections are revisions, the oldest first; `standard 2 from INSTANT` and
//! `standard 1 until INSTANT` give a revision its name and its time.
//! --- history
//! JSON Lines, `#` begins a comment; or one line `file PATH`; or a first line `standard`, then lines that are appended to
//! STANDARD_HISTORY. May be absent.
//! --- evaluate 2026-10 [customer=acme|all] [known=2026-12-01T00:00:00Z]
//! COMMITMENT SUBJECT [PERIOD] [CUSTOMER] [revision REVISION]: VERDICT key=value …
//! rows: 2
//! --- with agreement
//! old => new
//! + a line that is added at the end
//! --- problems 2026-10
//! a part of the text of each problem of the evaluation
//! --- findings
//! a part of each finding of `check`, as `error: …` or `warning: …`; or `none`
//! --- bad lines
//! a part of what is said of each bad line of the history
//! ```
//!
//! `known` that is absent is a year after the end of the period. `with` changes what stood in the first sections, for the
//! next expectation only: the text on the left must occur there exactly once. Only what a row lists is compared:
//!
//! - `lower`, `upper`, `observed`: a fraction, compared exactly, or `"99.86 %"` as it is shown
//! - `covered`, `up`, `down`, `excluded`, `unknown`: seconds
//! - `binding`; `credit` (`"10.00 EUR"` or `none`), `credit_range` (`"0.00 10.00"`), `note` of the credit; `claim`, `deadline`
//! - `terminates`, `lapses`: an instant, or `none`
//! - `reason`: a part of some reason, which begins with `FROM/UNTIL`; `no_reason`: a part of none
//! - `goal.NAME` (a verdict), `goal.NAME.lower` and so on, for one of several targets
//! - every key of `measured`

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};

use uphold_core::agreement::{self, Agreement};
use uphold_core::diagnostic::{Severity, line_and_column};
use uphold_core::evaluate::{Customers, Problem, Request, evaluate};
use uphold_core::history::{History, Reader};
use uphold_core::id::CustomerId;
use uphold_core::ratio::Ratio;
use uphold_core::statement::{Amount, Availability, Credit, Reason, Row, Verdict};
use uphold_core::time::{Instant, Millis, Period, Zone};
use uphold_core::timeline::Tally;

const STANDARD_AGREEMENT: &str = r#"
[agreement]
id = "acme"
title = { en = "The agreement of a case" }
provider = { en = "The provider" }
revision = "1"
languages = ["en"]
authoritative = "en"
valid_from = 2000-01-01T00:00:00Z

[[clause]]
id = "1"
force = "duty"
title = { en = "The promise" }
text = { en = "What the case is about." }

[[solution]]
id = "shop"
name = { en = "Shop" }

[[solution.interface]]
id = "web"
name = { en = "Web" }

[[solution.interface]]
id = "api"
name = { en = "API" }

"#;

/// Both interfaces are seen up for ever; what a case adds changes that.
const STANDARD_HISTORY: &str = r#"
{"type":"check","id":"web","scope":{"solution":"shop","interface":"web"},"vantage":"v1","staleness":"none","from":"2000-01-01T00:00:00Z"}
{"type":"check","id":"api","scope":{"solution":"shop","interface":"api"},"vantage":"v1","staleness":"none","from":"2000-01-01T00:00:00Z"}
{"type":"observation","check":"web","vantage":"v1","at":"2000-01-01T00:00:00Z","state":"up"}
{"type":"observation","check":"api","vantage":"v1","at":"2000-01-01T00:00:00Z","state":"up"}
"#;

const YEAR: Millis = Millis(365 * 86_400_000);

#[test]
fn every_case_comes_out_as_it_is_written() {
    let only = std::env::var("UPHOLD_CASE").ok();
    let mut files = Vec::new();
    list(&root().join("core/tests/cases"), &mut files);
    files.sort();
    let chosen =
        |path: &&PathBuf| only.as_ref().is_none_or(|only| path.file_stem().is_some_and(|stem| stem == &**only));
    let files: Vec<&PathBuf> = files.iter().filter(chosen).collect();
    assert!(!files.is_empty(), "there is no case to run");
    let mut failures = Vec::new();
    for path in &files {
        let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let name = path.strip_prefix(root()).unwrap_or(path).display();
        failures.extend(run(&text).into_iter().map(|failure| format!("{name}:{failure}")));
    }
    println!("{} cases", files.len());
    assert!(
        failures.is_empty(),
        "{} failures in {} cases:\n\n{}\n",
        failures.len(),
        files.len(),
        failures.join("\n\n")
    );
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn list(directory: &Path, found: &mut Vec<PathBuf>) {
    let entries = std::fs::read_dir(directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            list(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "case") {
            found.push(path);
        }
    }
}

/// What is wrong with a case, or what came out otherwise than it is written.
#[derive(Debug)]
struct Failure {
    line: usize,
    what: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.line, self.what)
    }
}

fn fail<T>(line: usize, what: impl Into<String>) -> Result<T, Failure> {
    Err(Failure { line, what: what.into() })
}

/// A part of a case: its heading and the numbered lines below it.
#[derive(Debug)]
struct Section<'a> {
    line: usize,
    head: &'a str,
    body: Vec<(usize, &'a str)>,
}

impl<'a> Section<'a> {
    /// The lines that say something.
    fn said(&self) -> impl Iterator<Item = (usize, &'a str)> + '_ {
        self.body
            .iter()
            .map(|(line, text)| (*line, text.trim()))
            .filter(|(_, text)| !text.is_empty() && !text.starts_with('#'))
    }
}

fn sections(text: &str) -> Result<Vec<Section<'_>>, Failure> {
    let mut all: Vec<Section<'_>> = Vec::new();
    let mut words = false;
    for (number, line) in text.lines().enumerate() {
        let number = number + 1;
        if let Some(head) = line.strip_prefix("--- ") {
            all.push(Section { line: number, head: head.trim(), body: Vec::new() });
        } else if let Some(section) = all.last_mut() {
            section.body.push((number, line));
        } else if line.starts_with('#') {
            words = true;
        } else if !line.trim().is_empty() {
            return fail(number, "before the first section stand comments only, each begun with `#`");
        }
    }
    if !words {
        return fail(1, "the case does not begin by saying what it shows");
    }
    Ok(all)
}

/// The texts of a case: the agreement's revisions, and the history.
#[derive(Debug, Clone, Default)]
struct Texts {
    agreements: Vec<String>,
    history: String,
}

impl Texts {
    fn base(section: &Section<'_>, standard: &str) -> Result<String, Failure> {
        let mut said = section.said();
        let first = said.next();
        if let Some((line, path)) = first.and_then(|(line, text)| Some((line, text.strip_prefix("file ")?))) {
            if said.next().is_some() {
                return fail(line, "nothing may stand beside `file`");
            }
            let path = root().join(path.trim());
            return std::fs::read_to_string(&path)
                .or_else(|error| fail(line, format!("cannot read `{}`: {error}", path.display())));
        }
        let prelude = match first.and_then(|(line, text)| Some((line, text.strip_prefix("standard")?))) {
            Some((line, rest)) => prelude(line, rest, standard)?,
            None => String::new(),
        };
        let headed = |(_, text): &&(usize, &'_ str)| !prelude.is_empty() && text.trim().starts_with("standard");
        let own: Vec<&str> = section.body.iter().filter(|line| !headed(line)).map(|(_, text)| *text).collect();
        Ok(format!("{prelude}{}\n", own.join("\n")))
    }

    /// Applies the lines of a `with` section.
    fn change(&mut self, section: &Section<'_>, base: &Self, of: &str) -> Result<(), Failure> {
        let mut any = false;
        for (line, text) in section.said() {
            any = true;
            let (texts, before) = match of {
                "history" => (std::slice::from_mut(&mut self.history), std::slice::from_ref(&base.history)),
                _ => (self.agreements.as_mut_slice(), base.agreements.as_slice()),
            };
            if let Some(added) = text.strip_prefix("+ ") {
                let Some(last) = texts.last_mut() else { return fail(line, format!("there is no {of} to add to")) };
                last.push_str(added);
                last.push('\n');
                continue;
            }
            let Some((old, new)) = text.split_once(" =>") else {
                return fail(line, "write `old => new`, or `+ ` and a line to add");
            };
            let (old, new) = (old.trim(), new.trim());
            let times: usize = before.iter().map(|text| text.matches(old).count()).sum();
            if old.is_empty() || times != 1 {
                return fail(line, format!("`{old}` occurs {times} times in the {of}, and must once"));
            }
            let Some(text) = texts.iter_mut().find(|text| text.contains(old)) else {
                return fail(line, format!("an earlier line has changed `{old}` already"));
            };
            *text = text.replacen(old, new, 1);
        }
        if any { Ok(()) } else { fail(section.line, "nothing is changed here") }
    }
}

/// The standard text, for the revision and the time of validity that the rest of the line names: `2 from INSTANT until INSTANT`.
fn prelude(line: usize, rest: &str, standard: &str) -> Result<String, Failure> {
    let mut words = rest.split_whitespace();
    let mut text = standard.to_owned();
    if let Some(revision) = words.next() {
        text = text.replace("revision = \"1\"", &format!("revision = \"{revision}\""));
    }
    while let Some(word) = words.next() {
        match (word, words.next()) {
            ("from", Some(at)) => text = text.replace("2000-01-01T00:00:00Z", at),
            ("until", Some(at)) => {
                text = text.replace("\n\n[[clause]]", &format!("\nvalid_until = {at}\n\n[[clause]]"))
            }
            _ => return fail(line, format!("`{word}` is neither `from INSTANT` nor `until INSTANT`")),
        }
    }
    Ok(text)
}

/// Runs one case; what failed, with its lines.
fn run(text: &str) -> Vec<Failure> {
    let mut failures = Vec::new();
    if let Err(failure) = run_sections(text, &mut failures) {
        failures.push(failure);
    }
    failures
}

fn run_sections(text: &str, failures: &mut Vec<Failure>) -> Result<(), Failure> {
    let mut base = Texts::default();
    let mut changed: Option<(usize, Texts)> = None;
    let (mut expectations, mut has_history) = (0, false);
    for section in sections(text)? {
        let (kind, rest) = section.head.split_once(' ').unwrap_or((section.head, ""));
        match (kind, rest) {
            ("agreement" | "history", "") if expectations > 0 => {
                return fail(section.line, format!("`{kind}` stands before the first expectation"));
            }
            ("agreement", "") => base.agreements.push(Texts::base(&section, STANDARD_AGREEMENT)?),
            ("history", "") if has_history => return fail(section.line, "there is one history"),
            ("history", "") => {
                has_history = true;
                base.history = Texts::base(&section, STANDARD_HISTORY)?;
            }
            ("with", "agreement" | "history") => {
                let (_, texts) = changed.get_or_insert_with(|| (section.line, base.clone()));
                texts.change(&section, &base, rest)?;
            }
            ("evaluate" | "problems" | "findings" | "bad", _) => {
                expectations += 1;
                let texts = changed.take().map_or_else(|| base.clone(), |(_, texts)| texts);
                if section.said().next().is_none() {
                    return fail(section.line, "nothing is expected here");
                }
                if let Err(failure) = expect(&section, kind, rest, &texts, failures) {
                    failures.push(failure);
                }
            }
            _ => return fail(section.line, format!("`--- {}` is no section of a case", section.head)),
        }
    }
    match changed {
        Some((line, _)) => fail(line, "nothing is expected of this change"),
        None if expectations == 0 => fail(1, "the case expects nothing"),
        None => Ok(()),
    }
}

fn expect(
    section: &Section<'_>,
    kind: &str,
    rest: &str,
    texts: &Texts,
    failures: &mut Vec<Failure>,
) -> Result<(), Failure> {
    let line = section.line;
    let (agreements, findings) = read_agreements(&texts.agreements);
    match (kind, rest) {
        ("findings", "") => return all_named(section, &findings),
        ("findings", _) => return fail(line, "`findings` takes nothing"),
        _ => {}
    }
    let Some(agreements) = agreements else {
        return fail(line, format!("the agreement cannot be used:\n{}", findings.join("\n")));
    };
    let Some(newest) = agreements.last() else { return fail(line, "the case has no agreement") };
    let (history, bad) = read_history(newest, &texts.history);
    match (kind, rest) {
        ("bad", "lines") => return all_named(section, &bad),
        ("bad", _) => return fail(line, "the section is called `bad lines`"),
        _ if !bad.is_empty() => return fail(line, format!("the history has bad lines:\n{}", bad.join("\n"))),
        _ => {}
    }
    let request = read_request(line, rest, newest)?;
    match (kind, evaluate(&agreements, &history, &request)) {
        ("problems", Err(problems)) => all_named(section, &shown(&problems)),
        ("problems", Ok(_)) => fail(line, "the evaluation has no problem"),
        (_, Err(problems)) => fail(line, format!("the evaluation has problems:\n{}", shown(&problems).join("\n"))),
        (_, Ok(statement)) => {
            for (line, text) in section.said() {
                if let Err(failure) = expect_row(line, text, &statement.rows) {
                    failures.push(failure);
                }
            }
            Ok(())
        }
    }
}

fn shown(problems: &[Problem]) -> Vec<String> {
    problems.iter().map(|problem| format!("{} ({})", problem.message, problem.help)).collect()
}

/// The agreements, if all can be used, and every finding as `error: …` or `warning: …`.
fn read_agreements(texts: &[String]) -> (Option<Vec<Agreement>>, Vec<String>) {
    let mut findings = Vec::new();
    let mut all = Some(Vec::new());
    for text in texts {
        let reading = agreement::read(text);
        for finding in &reading.findings {
            let kind = if finding.severity == Severity::Error { "error" } else { "warning" };
            let (line, _) = line_and_column(text, finding.span.start);
            let at = text.lines().nth(line - 1).unwrap_or_default();
            let help = finding.help.as_deref().unwrap_or_default();
            findings.push(format!("{kind}: {} [{}] ({help}) at `{at}`", finding.message, finding.label));
        }
        all = all.zip(reading.agreement).map(|(mut all, agreement)| {
            all.push(agreement);
            all
        });
    }
    (all, findings)
}

fn read_history(agreement: &Agreement, text: &str) -> (History, Vec<String>) {
    let mut reader = Reader::new(agreement);
    for line in text.lines() {
        reader.line(if line.trim_start().starts_with('#') { "" } else { line.trim() });
    }
    let (history, _, bad) = reader.finish();
    let quoted = |line: u64| text.lines().nth(usize::try_from(line).unwrap_or(0).saturating_sub(1)).unwrap_or_default();
    (
        history,
        bad.iter().map(|bad| format!("{} at column {} of `{}`", bad.message, bad.column, quoted(bad.line))).collect(),
    )
}

/// Every line of the section must be a part of exactly one text, and every text be named.
fn all_named(section: &Section<'_>, texts: &[String]) -> Result<(), Failure> {
    let expected: Vec<(usize, &str)> = section.said().filter(|(_, text)| *text != "none").collect();
    let got = if texts.is_empty() { "none".to_owned() } else { texts.join("\n") };
    let mut named = BTreeSet::new();
    for (line, part) in &expected {
        let places: Vec<usize> = (0..texts.len()).filter(|place| texts[*place].contains(part)).collect();
        match places.as_slice() {
            [place] if named.insert(*place) => {}
            [_] => return fail(*line, format!("`{part}` is named twice")),
            _ => return fail(*line, format!("expected once: {part}\ngot:\n{got}")),
        }
    }
    match (0..texts.len()).find(|place| !named.contains(place)) {
        Some(place) => fail(section.line, format!("not expected: {}", texts[place])),
        None => Ok(()),
    }
}

fn read_request(line: usize, rest: &str, agreement: &Agreement) -> Result<Request, Failure> {
    let zone = agreement.commitments.first().map_or_else(Zone::utc, |commitment| commitment.terms.zone.value.clone());
    let mut words = rest.split_whitespace();
    let Some(period) = words.next() else { return fail(line, "say for which period") };
    let period = Period::parse(period, &zone).or_else(|error| fail(line, error.message))?;
    let (mut customers, mut known) = (Customers::Nobody, period.interval.until() + YEAR);
    for word in words {
        match word.split_once('=') {
            Some(("customer", "all")) => customers = Customers::All,
            Some(("customer", id)) => {
                customers = Customers::One(CustomerId::parse(id).or_else(|error| fail(line, error.to_string()))?);
            }
            Some(("known", at)) => known = Instant::parse(at).or_else(|error| fail(line, error.message))?,
            _ => return fail(line, format!("`{word}` is neither `customer=…` nor `known=…`")),
        }
    }
    Ok(Request { period, as_known_at: known, customers })
}

/// Compares one line with the one row that it is about.
fn expect_row(line: usize, text: &str, rows: &[Row]) -> Result<(), Failure> {
    let Some((who, rest)) = text.split_once(": ") else {
        return fail(line, "write `COMMITMENT SUBJECT [PERIOD] [CUSTOMER]: VERDICT key=value …`");
    };
    if who == "rows" {
        let got: String = rows.iter().map(|row| format!("\n{}", describe(row))).collect();
        let same = rest.trim() == rows.len().to_string();
        return if same { Ok(()) } else { fail(line, format!("expected {rest} rows, got {}{got}", rows.len())) };
    }
    let found: Vec<&Row> = rows.iter().filter(|row| names(row).iter().any(|name| name == who)).collect();
    let [row] = found.as_slice() else {
        let rows: String = rows.iter().map(|row| format!("\n{}", describe(row))).collect();
        return fail(line, format!("`{who}` is {} rows of:{rows}", found.len()));
    };
    let Some((verdict, rest)) = Verdict::ALL.iter().find_map(|verdict| {
        let rest = rest.strip_prefix(verdict.name())?;
        (rest.is_empty() || rest.starts_with(' ')).then_some((*verdict, rest))
    }) else {
        return fail(line, format!("`{rest}` does not begin with a verdict"));
    };
    let mut wrong = Vec::new();
    if row.verdict != verdict {
        wrong.push(format!("  expected {}, got {}", verdict.name(), row.verdict.name()));
    }
    for (key, value) in pairs(line, rest)? {
        if let Err(got) = compare(line, row, &key, &value)? {
            wrong.push(format!("  expected {key}={value}, got {got}"));
        }
    }
    if wrong.is_empty() { Ok(()) } else { fail(line, format!("{who}\n{}\n  {}", wrong.join("\n"), describe(row))) }
}

/// Every way to name a row.
fn names(row: &Row) -> Vec<String> {
    let base = format!("{} {}", row.commitment, row.subject);
    let more = [
        Some(row.period.name.clone()),
        row.customer().map(ToString::to_string),
        Some(format!("revision {}", row.revision)),
    ];
    more.into_iter().flatten().fold(vec![base], |all, word| {
        let longer: Vec<String> = all.iter().map(|name| format!("{name} {word}")).collect();
        all.into_iter().chain(longer).collect()
    })
}

/// A row in one line.
fn describe(row: &Row) -> String {
    let names = names(row);
    let name = names.last().map_or("", String::as_str);
    let bounds = row.availability.as_ref().map_or_else(String::new, |bounds| {
        format!(" lower={} upper={}", shortened(&bounds.lower), shortened(&bounds.upper))
    });
    let tally: String = ["covered", "up", "down", "excluded", "unknown"]
        .iter()
        .filter_map(|key| of_tally(&row.tally, key).map(|time| format!(" {key}={}", time.seconds())))
        .collect();
    let credit = row.credit.as_ref().map_or_else(String::new, |credit| format!(" credit=\"{}\"", of_credit(credit)));
    let measured: String =
        row.measured.iter().map(|each| format!(" {}={}", each.key, of_amount(&each.amount, row.decimals))).collect();
    let reasons: String = row.reasons.iter().map(|reason| format!("\n    reason: {}", of_reason(reason))).collect();
    format!("{name}: {}{bounds}{tally}{credit}{measured}{reasons}", row.verdict.name())
}

fn of_reason(reason: &Reason) -> String {
    format!("{}/{} {}", reason.interval.from(), reason.interval.until(), reason.text())
}

/// A fraction without common factors, as far as small ones go.
fn shortened(ratio: &Ratio) -> String {
    let mut pair: Option<(i128, i128)> = ratio.num().to_string().parse().ok().zip(ratio.den().to_string().parse().ok());
    if let Some((num, den)) = pair.as_mut() {
        let (mut a, mut b) = (*num, *den);
        while b != 0 {
            (a, b) = (b, a % b);
        }
        (*num, *den) = (*num / a.max(1), *den / a.max(1));
    }
    pair.map_or_else(|| ratio.to_string(), |(num, den)| format!("{num}/{den}"))
}

/// Takes `key=value key="a value"` apart.
fn pairs(line: usize, text: &str) -> Result<Vec<(String, String)>, Failure> {
    let mut all = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let Some((key, after)) = rest.split_once('=') else {
            return fail(line, format!("`{rest}` is no `key=value`"));
        };
        let (value, after) = match after.strip_prefix('"') {
            Some(quoted) => match quoted.split_once('"') {
                Some(parts) => parts,
                None => return fail(line, format!("the quotes of `{key}` do not end")),
            },
            None => after.split_once(' ').unwrap_or((after, "")),
        };
        all.push((key.to_owned(), value.to_owned()));
        rest = after.trim_start();
    }
    Ok(all)
}

fn of_tally(tally: &Tally, key: &str) -> Option<Millis> {
    match key {
        "covered" => Some(tally.covered()),
        "up" => Some(tally.up),
        "down" => Some(tally.down),
        "excluded" => Some(tally.excluded),
        "unknown" => Some(tally.unknown),
        _ => None,
    }
}

fn of_credit(credit: &Credit) -> String {
    match (&credit.amount, &credit.currency) {
        (Some(amount), Some(currency)) => format!("{} {currency}", amount.places(2)),
        (Some(amount), None) => amount.places(2),
        (None, _) => "none".to_owned(),
    }
}

fn of_amount(amount: &Amount, decimals: usize) -> String {
    match amount {
        Amount::Time(time) => time.seconds(),
        Amount::Count(count) => count.to_string(),
        Amount::Moment(at) => at.to_string(),
        Amount::Share(share) => format!("{} %", share.percent(decimals)),
    }
}

/// Compares one figure: `Ok(Err(got))` where it is another, `Err` where the key or the value says nothing.
fn compare(line: usize, row: &Row, key: &str, value: &str) -> Result<Result<(), String>, Failure> {
    if let Some(goal) = key.strip_prefix("goal.") {
        return compare_goal(line, row, goal, value);
    }
    if let Some(time) = of_tally(&row.tally, key) {
        return same_time(line, time, value);
    }
    let bounds = |pick: fn(&Availability) -> &Ratio| row.availability.as_ref().map(pick);
    let plain = |got: String| Ok(if got == value { Ok(()) } else { Err(got) });
    let moment = |at: Option<Instant>| same_moment(line, at, value);
    match key {
        "lower" => same_ratio(line, bounds(|bounds| &bounds.lower), value, row.decimals),
        "upper" => same_ratio(line, bounds(|bounds| &bounds.upper), value, row.decimals),
        "observed" => same_ratio(line, row.observed.as_ref(), value, row.decimals),
        "binding" => plain(row.binding.map_or_else(|| "none".to_owned(), |binding| binding.name().to_owned())),
        "credit" => same_money(line, row.credit.as_ref(), value),
        "credit_range" => {
            let range = row.credit.as_ref().and_then(|credit| credit.range.as_ref());
            plain(
                range.map_or_else(|| "none".to_owned(), |(low, high)| format!("{} {}", low.places(2), high.places(2))),
            )
        }
        "note" => {
            let notes: Vec<&str> = row.credit.iter().flat_map(|credit| &credit.notes).map(|note| note.name()).collect();
            Ok(if notes.contains(&value) { Ok(()) } else { Err(notes.join(" ")) })
        }
        "claim" => plain(row.claim.as_ref().map_or("none", |claim| claim.state.name()).to_owned()),
        "deadline" => moment(row.claim.as_ref().and_then(|claim| claim.deadline)),
        "terminates" => moment(row.termination.as_ref().map(|right| right.arises)),
        "lapses" => moment(row.termination.as_ref().and_then(|right| right.lapses)),
        "reason" | "no_reason" => {
            let reasons: Vec<String> = row.reasons.iter().map(of_reason).collect();
            let found = reasons.iter().any(|reason| reason.contains(value));
            Ok(if found == (key == "reason") { Ok(()) } else { Err(format!("{reasons:#?}")) })
        }
        _ => {
            let all: Vec<String> = row
                .measured
                .iter()
                .filter(|each| each.key == key)
                .map(|each| of_amount(&each.amount, row.decimals))
                .collect();
            if all.is_empty() {
                return fail(line, format!("`{key}` is no key of this row"));
            }
            Ok(if all.iter().any(|got| got == value) { Ok(()) } else { Err(all.join(" and ")) })
        }
    }
}

fn compare_goal(line: usize, row: &Row, path: &str, value: &str) -> Result<Result<(), String>, Failure> {
    let (name, key) = path.split_once('.').unwrap_or((path, "verdict"));
    let Some(goal) = row.goals.iter().find(|goal| goal.name.as_deref() == Some(name)) else {
        return fail(line, format!("there is no goal `{name}`"));
    };
    if let Some(time) = of_tally(&goal.tally, key) {
        return same_time(line, time, value);
    }
    match key {
        "verdict" if goal.verdict.name() == value => Ok(Ok(())),
        "verdict" => Ok(Err(goal.verdict.name().to_owned())),
        "lower" => same_ratio(line, goal.availability.as_ref().map(|bounds| &bounds.lower), value, row.decimals),
        "upper" => same_ratio(line, goal.availability.as_ref().map(|bounds| &bounds.upper), value, row.decimals),
        "credit" => same_money(line, goal.credit.as_ref(), value),
        _ => fail(line, format!("`{key}` is no key of a goal")),
    }
}

fn same_time(line: usize, got: Millis, value: &str) -> Result<Result<(), String>, Failure> {
    let millis = Ratio::new(got.0, 1000).zip(Ratio::parse_decimal(value).ok());
    match millis {
        Some((got, want)) if got == want => Ok(Ok(())),
        Some(_) => Ok(Err(got.seconds())),
        None => fail(line, format!("`{value}` is no number of seconds")),
    }
}

fn same_moment(line: usize, got: Option<Instant>, value: &str) -> Result<Result<(), String>, Failure> {
    let want = match value {
        "none" => None,
        text => Some(Instant::parse(text).or_else(|error| fail(line, error.message))?),
    };
    Ok(if got == want { Ok(()) } else { Err(got.map_or_else(|| "none".to_owned(), |at| at.to_string())) })
}

fn same_ratio(line: usize, got: Option<&Ratio>, value: &str, decimals: usize) -> Result<Result<(), String>, Failure> {
    let Some(got) = got else { return Ok(if value == "none" { Ok(()) } else { Err("none".to_owned()) }) };
    let shown = format!("{} %", got.percent(decimals));
    if value.ends_with(" %") {
        return Ok(if shown == value { Ok(()) } else { Err(shown) });
    }
    let number = |text: &str| text.trim().parse::<i128>().ok();
    let (num, den) = value.split_once('/').unwrap_or((value, "1"));
    let want = number(num).zip(number(den)).and_then(|(num, den)| Ratio::new(num, den));
    match want {
        Some(want) if want == *got => Ok(Ok(())),
        Some(_) => Ok(Err(format!("{} ({shown})", shortened(got)))),
        None if value == "none" => Ok(Err(shown)),
        None => fail(line, format!("`{value}` is neither a fraction nor a percentage")),
    }
}

fn same_money(line: usize, got: Option<&Credit>, value: &str) -> Result<Result<(), String>, Failure> {
    let shown = got.map_or_else(|| "none".to_owned(), of_credit);
    if value == "none" {
        return Ok(if shown == "none" { Ok(()) } else { Err(shown) });
    }
    let parts =
        value.split_once(' ').and_then(|(amount, currency)| Some((Ratio::parse_decimal(amount).ok()?, currency)));
    let Some((amount, currency)) = parts else {
        return fail(line, format!("`{value}` is no amount such as \"10.00 EUR\""));
    };
    let same = got.is_some_and(|got| got.amount.as_ref() == Some(&amount) && got.currency.as_deref() == Some(currency));
    Ok(if same { Ok(()) } else { Err(shown) })
}

/// The runner must be able to fail: one good case, and everything that may be wrong with one.
mod itself {
    use super::run;

    const GOOD: &str = r#"# One hour of 30 days is down: 719/720.
--- agreement
standard
[[commitment]]
id = "availability"
name = { en = "Availability" }
clause = "1"
kind = "availability"
per = "solution"
target = "99.9"

[policy]
zone = "UTC"
period = "month"
close_after = "7d"
decimals = 2
unknown = "bounds"
binding = "lower"
degraded = "down"
service_time = "24x7"
vantages = "all"
checks = "all"
interfaces = "all"
indicator = "states"
aggregate = "duration"
exclusions = []
--- history
standard
{"type":"observation","check":"api","vantage":"v1","at":"2026-09-10T00:00:00Z","state":"down"}
{"type":"observation","check":"api","vantage":"v1","at":"2026-09-10T01:00:00Z","state":"up"}
--- evaluate 2026-09
availability shop: missed lower=719/720 upper="99.86 %" down=3600 covered=2592000 unknown=0
--- with history
T01:00:00Z => T00:30:00Z
--- evaluate 2026-09
availability shop 2026-09: met lower=1439/1440 reason="api@v1 saw api down"
--- findings
none
"#;

    #[track_caller]
    fn fails(old: &str, new: &str, why: &str) {
        assert!(GOOD.contains(old), "`{old}` is not in the case");
        let failures = run(&GOOD.replacen(old, new, 1));
        let shown: Vec<String> = failures.iter().map(ToString::to_string).collect();
        assert!(shown.iter().any(|shown| shown.contains(why)), "`{why}` is not in {shown:#?}");
    }

    #[test]
    fn a_good_case_passes() {
        let failures = run(GOOD);
        assert!(failures.is_empty(), "{failures:#?}");
    }

    #[test]
    fn a_wrong_figure_fails_and_says_what_was_got() {
        fails("lower=719/720", "lower=718/720", "expected lower=718/720, got 719/720 (99.86 %)");
        fails("99.86 %", "99.87 %", "expected upper=99.87 %, got 99.86 %");
        fails("down=3600", "down=3601", "expected down=3601, got 3600");
        fails("shop: missed", "shop: met", "expected met, got missed");
        fails("saw api down", "saw web down", "expected reason=api@v1 saw web down");
        fails("availability shop: missed", "rows: 2\navailability shop: missed", "expected 2 rows, got 1");
    }

    #[test]
    fn what_a_case_cannot_mean_fails_with_its_line() {
        fails("--- findings", "--- finding", "37: `--- finding` is no section");
        fails("# One hour", "One hour", "1: before the first section");
        fails("shop: missed", "web: missed", "32: `availability web` is 0 rows");
        fails("down=3600", "dawn=3600", "`dawn` is no key");
        fails("down=3600", "down=one", "`one` is no number of seconds");
        fails("missed lower", "failed lower", "does not begin with a verdict");
        fails("T01:00:00Z => ", "T00:00:00Z => ", "`T00:00:00Z` occurs 5 times in the history");
        fails("T01:00:00Z => T00:30:00Z\n", "", "33: nothing is changed here");
        fails("none\n", "\n", "37: nothing is expected here");
        fails("none\n", "warning: something\n", "expected once: warning: something");
        fails("2026-09\n", "2026-9\n", "is not a period");
        fails("2026-09\n", "2026-09 customer\n", "neither `customer=…` nor `known=…`");
        fails("decimals = 2\n", "decimals = 1\n", "the agreement cannot be used");
        fails("\"state\":\"down\"", "\"state\":\"dwon\"", "the history has bad lines");
        fails("standard\n[[commitment]]", "file no-such-file.toml\n", "3: nothing may stand beside `file`");
        let only_words = "# Nothing.\n--- history\nstandard\n";
        assert_eq!(run(only_words)[0].to_string(), "1: the case expects nothing");
        let no_file = "# Nothing.\n--- agreement\nfile no-such-file.toml\n--- findings\nnone\n";
        assert!(run(no_file)[0].to_string().starts_with("3: cannot read"), "{:?}", run(no_file));
    }
}
