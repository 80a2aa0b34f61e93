//! The statement as one HTML file for people: it needs no script, no network and no other file, and it prints.

use std::ops::Range;

use askama::Template;
use uphold_core::agreement::{Agreement, Clause, Language, Origin};
use uphold_core::statement::{Inputs, Row, Statement};
use uphold_core::time::{Zone, tzdb_version};

use super::commitment::{self, CommitmentView, RowView};
use crate::wording::when;
use crate::wording::{Phrase, Texts, Words, terms};

#[derive(Template)]
#[template(path = "statement.html")]
struct Document {
    t: Texts,
    title: Phrase,
    provider: Phrase,
    /// What it is about, as labelled lines.
    facts: Vec<(String, String)>,
    /// What the reader of another language is told about the one that governs.
    note: Option<Phrase>,
    /// What makes the figures less than they should be.
    warnings: Vec<String>,
    /// Whether rows are for customers, so that the overview names them.
    with_customers: bool,
    /// Whether rows are for several periods.
    with_periods: bool,
    clauses: Vec<ClauseView>,
    choices: Vec<ChoiceView>,
    /// What it was computed from and by, as labelled lines.
    origin: Vec<(String, String)>,
    /// The command that computes it again.
    command: String,
    /// What stands around it where it is a page of a server.
    around: Option<Around>,
    /// Which rows it tells in full, where it does not tell all of them.
    part: Option<PartView>,
}

/// What stands around a statement that is a page of a server; none of it is printed.
#[derive(Debug, Clone)]
pub struct Around {
    /// The address of the style sheet.
    pub style: String,
    /// Whether it still changes.
    pub standing: String,
    /// The files that it can be kept as: the address and what it is.
    pub files: Vec<(String, String)>,
    /// How to print it.
    pub hint: String,
    /// Its own address, for the choice of language.
    pub path: String,
    /// Which part of its rows is told in full, from 1 on; the overview has all of them.
    pub part: usize,
    /// The address of the list that it is in.
    pub list: String,
}

/// How many rows a page tells in full. Files have all of them.
const ROWS_A_PART: usize = 12;

impl Around {
    fn with(&self, query: &str) -> String {
        let joined = if self.path.contains('?') { '&' } else { '?' };
        format!("{}{joined}{query}", self.path)
    }

    /// The address of a part, in the same language as this one.
    fn part(&self, part: usize) -> String {
        if part == 1 { self.path.clone() } else { self.with(&format!("part={part}")) }
    }

    fn with_language(&self, code: &str) -> String {
        let part = if self.part == 1 { String::new() } else { format!("part={}&", self.part) };
        self.with(&format!("{part}lang={code}"))
    }
}

/// Which rows a page tells in full, where it does not tell all of them.
struct PartView {
    says: String,
    before: Option<String>,
    after: Option<String>,
}

/// The rows that are told in full: all of them in a file, those of one part on a page. A part that there is not is the last one.
fn here(statement: &Statement, around: Option<&mut Around>) -> Range<usize> {
    let rows = statement.rows.len();
    let Some(around) = around else { return 0..rows };
    around.part = around.part.clamp(1, rows.div_ceil(ROWS_A_PART).max(1));
    (around.part - 1) * ROWS_A_PART..rows.min(around.part * ROWS_A_PART)
}

/// What a page says that does not tell all rows in full; its overview leads to the others on their own parts.
fn divide(texts: Texts, clauses: &mut [ClauseView], here: &Range<usize>, around: Option<&Around>) -> Option<PartView> {
    let around = around?;
    let rows: usize = clauses.iter().map(|clause| clause.rows().count()).sum();
    if here.len() >= rows {
        return None;
    }
    let own = clauses.iter_mut().flat_map(|clause| &mut clause.commitments).flat_map(|each| &mut each.rows);
    for (place, row) in own.enumerate().filter(|(place, _)| !here.contains(place)) {
        row.link = format!("{}#{}", around.part(place / ROWS_A_PART + 1), row.id);
    }
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX).into();
    let blanks = [("from", count(here.start + 1)), ("until", count(here.end)), ("all", count(rows))];
    Some(PartView {
        says: texts.with("statement-part", &blanks),
        before: (here.start > 0).then(|| around.part(around.part - 1)),
        after: (here.end < rows).then(|| around.part(around.part + 1)),
    })
}

/// A clause that has commitments.
struct ClauseView {
    number: String,
    anchor: String,
    /// The revision that it stands in, where several judged.
    revision: Option<String>,
    /// Whether the overview names that revision above it: the clauses of one revision stand together.
    opens_revision: bool,
    force: String,
    title: Phrase,
    text: Phrase,
    commitments: Vec<CommitmentView>,
}

impl ClauseView {
    fn is_here(&self) -> bool {
        self.commitments.iter().any(CommitmentView::is_here)
    }

    fn rows(&self) -> impl Iterator<Item = (&CommitmentView, &RowView)> {
        self.commitments.iter().flat_map(|commitment| commitment.rows.iter().map(move |row| (commitment, row)))
    }
}

/// What the operator chose where the contract is silent.
struct ChoiceView {
    key: &'static str,
    question: String,
    value: String,
    /// The commitments that it holds for; empty means the agreement as a whole.
    commitments: Vec<Phrase>,
    /// Whether it holds for every commitment that is judged.
    everywhere: bool,
    /// The revisions whose policy it is; none are named where it is that of all that judged.
    revisions: Vec<String>,
}

/// The document in one language. `agreements` are the revisions that the statement was evaluated by.
///
/// # Errors
/// When the template cannot be rendered, which only a fault of the program can cause.
pub fn html(
    statement: &Statement,
    agreements: &[Agreement],
    inputs: &Inputs,
    language: Language,
) -> Result<String, askama::Error> {
    html_page(statement, agreements, inputs, language, None)
}

/// The same with what stands around it as a page of a server.
///
/// # Errors
/// As [`html`].
pub fn html_page(
    statement: &Statement,
    agreements: &[Agreement],
    inputs: &Inputs,
    language: Language,
    mut around: Option<Around>,
) -> Result<String, askama::Error> {
    let texts = Texts(language);
    let zone = statement.rows.first().map_or_else(Zone::utc, |row| row.zone.clone());
    let words = Words { texts, zone };
    let judged = |agreement: &&Agreement| statement.revisions.contains(&agreement.revision);
    let judging: Vec<&Agreement> = agreements.iter().filter(judged).collect();
    let newest = judging.last().copied().or_else(|| agreements.last());
    let phrase = |of: fn(&Agreement) -> &uphold_core::agreement::Text| {
        newest.map_or_else(|| Phrase { lang: "", text: statement.agreement.to_string() }, |each| words.phrase(of(each)))
    };
    let here = here(statement, around.as_mut());
    let mut clauses = clauses(texts, statement, &judging, &here);
    let part = divide(texts, &mut clauses, &here, around.as_ref());
    Document {
        t: texts,
        title: phrase(|agreement| &agreement.title),
        provider: phrase(|agreement| &agreement.provider),
        facts: facts(&words, statement),
        note: newest.and_then(|agreement| terms::governs(&words, agreement)),
        warnings: warnings(&words, statement, inputs),
        with_customers: customers(statement).len() > 1,
        with_periods: statement.rows.windows(2).any(|pair| pair[0].period != pair[1].period),
        clauses,
        choices: choices(&words, statement, &judging),
        origin: origin(&words, statement, inputs),
        command: command(statement, agreements.len(), inputs.skipped > 0, language),
        around,
        part,
    }
    .render()
}

/// The customers that rows are for, each once.
fn customers(statement: &Statement) -> Vec<&str> {
    let mut customers: Vec<&str> = Vec::new();
    for customer in statement.rows.iter().filter_map(Row::customer) {
        if !customers.contains(&customer.as_str()) {
            customers.push(customer.as_str());
        }
    }
    customers
}

fn facts(words: &Words, statement: &Statement) -> Vec<(String, String)> {
    let texts = words.texts;
    let customer = match customers(statement).as_slice() {
        [] => texts.get("statement-customer-nobody"),
        [one] => (*one).to_owned(),
        several => {
            let n = i64::try_from(several.len()).unwrap_or(i64::MAX);
            texts.with("statement-customer-several", &[("n", n.into())])
        }
    };
    let period = &statement.period;
    let name = when::period(words, period);
    let span = when::span(words, period.interval);
    let mut facts = vec![(texts.get("statement-customer"), customer), (texts.get("statement-period"), name.clone())];
    if span != name {
        facts.push((texts.get("statement-span-label"), format!("{span} ({})", words.zone)));
    }
    facts.push((texts.get("statement-known"), words.moment(statement.as_known_at)));
    let revisions = format!("{} {}", statement.agreement, words.list(&statement.revisions));
    facts.push((texts.get("statement-revision"), revisions));
    facts
}

fn warnings(words: &Words, statement: &Statement, inputs: &Inputs) -> Vec<String> {
    let mut warnings = Vec::new();
    if let Some(until) = statement.made_up_until {
        warnings.push(words.texts.with("made-up", &[("time", words.moment(until).into())]));
    }
    if inputs.skipped > 0 {
        let n = i64::try_from(inputs.skipped).unwrap_or(i64::MAX);
        warnings.push(words.texts.with("statement-skipped", &[("n", n.into())]));
    }
    if statement.rows.is_empty() {
        warnings.push(words.texts.get("statement-no-rows"));
    } else if statement.as_known_at < statement.period.interval.until() {
        warnings.push(words.texts.get("statement-not-ended"));
    }
    warnings
}

/// The clauses that have rows, revision by revision, in the order of the contract.
fn clauses(texts: Texts, statement: &Statement, judging: &[&Agreement], here: &Range<usize>) -> Vec<ClauseView> {
    let mut number = 0;
    let mut clauses = Vec::new();
    for agreement in judging {
        let mut opens_revision = judging.len() > 1;
        for clause in &agreement.clauses {
            let commitments = commitments(texts, statement, agreement, clause, &mut number, here);
            if commitments.is_empty() {
                continue;
            }
            let words = Words { texts, zone: Zone::utc() };
            clauses.push(ClauseView {
                number: clause.id.to_string(),
                anchor: format!("clause-{}", clauses.len() + 1),
                revision: (judging.len() > 1).then(|| agreement.revision.clone()),
                opens_revision: std::mem::take(&mut opens_revision),
                force: terms::force(texts, clause.force),
                title: words.phrase(&clause.title),
                text: words.phrase(&clause.text),
                commitments,
            });
        }
    }
    clauses
}

fn commitments(
    texts: Texts,
    statement: &Statement,
    agreement: &Agreement,
    clause: &Clause,
    number: &mut usize,
    here: &Range<usize>,
) -> Vec<CommitmentView> {
    let own = agreement.commitments.iter().filter(|commitment| commitment.clause == clause.id);
    let views = own.map(|commitment| {
        let rows =
            statement.rows.iter().filter(|row| row.commitment == commitment.id && row.revision == agreement.revision);
        commitment::view(texts, agreement, commitment, rows, statement.as_known_at, number, here)
    });
    views.filter(|view| !view.rows.is_empty()).collect()
}

/// Every term that the contract left open, with the policy that filled it; what several commitments share stands once.
fn choices(words: &Words, statement: &Statement, judging: &[&Agreement]) -> Vec<ChoiceView> {
    let mut choices: Vec<ChoiceView> = Vec::new();
    for agreement in judging {
        let of = |commitment: &uphold_core::agreement::Commitment| {
            statement.rows.iter().any(|row| row.commitment == commitment.id && row.revision == agreement.revision)
        };
        let own = agreement.commitments.iter().filter(|commitment| of(commitment));
        let listed = own.flat_map(|each| each.listed.iter().map(|term| (term, Some(words.phrase(&each.name)))));
        for (term, name) in agreement.listed.iter().map(|term| (term, None)).chain(listed) {
            if term.origin != Origin::Policy {
                continue;
            }
            let same = |choice: &&mut ChoiceView| {
                choice.key == term.key && choice.value == term.value && choice.commitments.is_empty() == name.is_none()
            };
            let Some(choice) = choices.iter_mut().find(same) else {
                choices.push(ChoiceView {
                    key: term.key,
                    question: terms::question(words.texts, term.key),
                    value: term.value.clone(),
                    commitments: name.into_iter().collect(),
                    everywhere: false,
                    revisions: vec![agreement.revision.clone()],
                });
                continue;
            };
            choice.commitments.extend(name.filter(|name| choice.commitments.iter().all(|each| each.text != name.text)));
            if !choice.revisions.contains(&agreement.revision) {
                choice.revisions.push(agreement.revision.clone());
            }
        }
    }
    let names = |choice: &ChoiceView| choice.commitments.len();
    let most = judged_commitments(statement);
    for choice in &mut choices {
        choice.everywhere = most > 1 && names(choice) == most;
        if choice.revisions.len() == judging.len() {
            choice.revisions.clear();
        }
    }
    choices
}

/// How many commitments have rows.
fn judged_commitments(statement: &Statement) -> usize {
    let mut ids: Vec<_> = statement.rows.iter().map(|row| &row.commitment).collect();
    ids.sort();
    ids.dedup();
    ids.len()
}

fn origin(words: &Words, statement: &Statement, inputs: &Inputs) -> Vec<(String, String)> {
    let texts = words.texts;
    let mut zones: Vec<String> = Vec::new();
    for row in &statement.rows {
        if !zones.contains(&row.zone.to_string()) {
            zones.push(row.zone.to_string());
        }
    }
    vec![
        (texts.get("statement-zones"), words.list(&zones)),
        (texts.get("statement-tzdb"), tzdb_version().to_owned()),
        (texts.get("statement-digest"), inputs.digest.clone()),
        (texts.get("statement-lines"), words.number(&inputs.lines.to_string())),
        (texts.get("statement-lines-skipped"), words.number(&inputs.skipped.to_string())),
        (texts.get("statement-program"), format!("Uphold {}", env!("CARGO_PKG_VERSION"))),
    ]
}

/// The command that computes the same statement from the same files.
fn command(statement: &Statement, revisions: usize, skipped: bool, language: Language) -> String {
    let mut command = "uphold evaluate".to_owned();
    for number in 1..=revisions.max(1) {
        let file = if revisions > 1 { format!("AGREEMENT-{number}.toml") } else { "AGREEMENT.toml".to_owned() };
        command.push_str(&format!(" --agreement {file}"));
    }
    command.push_str(&format!(" --history HISTORY.jsonl --period {}", statement.period.name));
    match customers(statement).as_slice() {
        [] => {}
        [one] => command.push_str(&format!(" --customer {one}")),
        _ => command.push_str(" --customer all"),
    }
    if skipped {
        command.push_str(" --skip-bad-lines");
    }
    command.push_str(&format!(" --as-known-at {} --format html --lang {}", statement.as_known_at, language.code()));
    command
}
