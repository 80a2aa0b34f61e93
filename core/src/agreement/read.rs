//! From the text of a file to an agreement, or to everything that is wrong with it.

use std::collections::BTreeMap;

use super::lint;
use super::sources::{Listed, Lookup, Origin, Source, Sources, Stated};
use super::words::{CoverageNeed, MidPeriod, TakesEffect};
use super::{
    Agreement, Calendar, Clause, Commitment, Definition, Document, Force, Interface, Language, Solution, Text,
};
use crate::diagnostic::{Diagnostic, Refusal, Severity};
use crate::document::{self, Findings, Item, Placed, Table};
use crate::id::{AgreementId, ClauseId, DocumentId, InterfaceId, SolutionId};
use crate::interval::Interval;
use crate::nearest::nearest;
use crate::time::Instant;

/// What came of reading a file.
#[derive(Debug)]
pub struct Reading {
    /// The agreement, when nothing was an error.
    pub agreement: Option<Agreement>,
    /// Every finding, in the order of the file.
    pub findings: Vec<Diagnostic>,
}

/// Reads an agreement from TOML. All problems are found in one pass.
#[must_use]
pub fn read(source: &str) -> Reading {
    let findings = Findings::default();
    let root = document::parse(source, &findings);
    let agreement = {
        let mut root =
            Table::new(root.get_ref(), 0..source.find('\n').unwrap_or(source.len()), "the agreement", &findings);
        let agreement = read_root(&mut root, source);
        root.finish();
        agreement
    };
    let mut findings = findings.into_sorted();
    findings.dedup();
    let failed = findings.iter().any(|finding| finding.severity == Severity::Error);
    Reading { agreement: agreement.filter(|_| !failed), findings }
}

fn read_root(root: &mut Table<'_, '_>, text: &str) -> Option<Agreement> {
    let findings = root.findings;
    let mut header = root.require_table("agreement");
    let languages = header.as_mut().map_or_else(|| Language::ALL.to_vec(), read_languages);
    let (documents, mut sources) = read_documents(root, &languages, text);
    let calendars = read_all("calendar", root.tables("calendar", "this calendar"), Calendar::read, |c| c.id.as_str());
    sources.calendars = calendars.iter().map(|calendar| calendar.id.clone()).collect();
    let definitions = read_definitions(root, &languages, &documents);
    let clause = |table: &mut Table<'_, '_>| read_clause(table, &languages);
    let clauses = read_all("clause", root.tables("clause", "this clause"), clause, |c| c.id.as_str());
    let solution = |table: &mut Table<'_, '_>| read_solution(table, &languages);
    let solutions = read_all("solution", root.tables("solution", "this solution"), solution, |s| s.id.as_str());
    let known = Known { clauses: &clauses, solutions: &solutions, findings };
    let tables = root.tables("commitment", "this commitment");
    let promises = tables.len();
    let commitments = read_all(
        "commitment",
        tables,
        |table| read_commitment(table, &languages, &sources, &known),
        |commitment| commitment.id.as_str(),
    );
    if promises == 0 {
        let place = root.span.clone();
        findings.missing(
            Diagnostic::warning("the agreement promises nothing that can be measured", place)
                .help("add a `[[commitment]]` that names its clause"),
        );
    }
    let mut header = header?;
    let rules = Rules::read(&mut header, &sources);
    sources.finish(commitments.len() == promises);
    let body = Body { documents, definitions, calendars, clauses, solutions, commitments };
    let agreement = read_header(&mut header, &languages, rules, body);
    header.finish();
    agreement
}

/// The terms of the agreement as a whole.
struct Rules {
    takes_effect: Option<Stated<TakesEffect>>,
    mid_period: Option<Stated<MidPeriod>>,
    covered_when: Option<Stated<Vec<CoverageNeed>>>,
    listed: Vec<Listed>,
}

impl Rules {
    fn read<'d, 'f>(header: &mut Table<'d, 'f>, sources: &Sources<'d, 'f, '_>) -> Self {
        let findings = header.findings;
        let lookup = Lookup::new(header, None, sources);
        let takes_effect = lookup.find("takes_effect", TakesEffect::read);
        let mid_period = lookup.find("mid_period", MidPeriod::read);
        let covered_when = lookup.find("covered_when", |item| {
            item.list()?;
            item.each(findings, CoverageNeed::read)
                .ok_or_else(|| Refusal::new("`covered_when` cannot be used as it stands"))
        });
        Self { takes_effect, mid_period, covered_when, listed: lookup.into_listed() }
    }
}

/// Everything of an agreement that is no part of its header.
struct Body {
    documents: Vec<Document>,
    definitions: Vec<Definition>,
    calendars: Vec<Calendar>,
    clauses: Vec<Clause>,
    solutions: Vec<Solution>,
    commitments: Vec<Commitment>,
}

fn read_header(header: &mut Table<'_, '_>, languages: &[Language], rules: Rules, body: Body) -> Option<Agreement> {
    let id = header.require("id", |item| Ok(AgreementId::parse(item.text()?)?));
    let title = read_text(header, "title", languages);
    let provider = read_text(header, "provider", languages);
    let note = header.find("note").and_then(|item| text_of(&item, header.findings, languages));
    let revision = header.require("revision", Item::word);
    let authoritative = header.require("authoritative", |item| language(item, languages));
    let from = header.require("valid_from", Item::instant);
    let until = header.option("valid_until", Item::instant);
    let end = until.as_ref().map_or(Instant::MAX, |until| until.value);
    let valid = from.as_ref().and_then(|from| Interval::new(from.value, end));
    if let (Some(from), Some(until), None) = (&from, &until, valid) {
        header.findings.push(
            Diagnostic::error("the revision ends before it begins", until.span.clone())
                .label(format!("not later than `valid_from` ({})", from.value))
                .help("a revision is in force from `valid_from` until just before `valid_until`"),
        );
    }
    Some(Agreement {
        id: id?.value,
        title: title?,
        provider: provider?,
        revision: revision?.value,
        languages: languages.to_vec(),
        authoritative: authoritative?.value,
        note,
        valid: valid?,
        takes_effect: rules.takes_effect,
        mid_period: rules.mid_period,
        covered_when: rules.covered_when,
        listed: rules.listed,
        documents: body.documents,
        definitions: body.definitions,
        calendars: body.calendars,
        clauses: body.clauses,
        solutions: body.solutions,
        commitments: body.commitments,
    })
}

/// Reads each table of a kind, ends its reading, and reports ids that are used twice.
fn read_all<'d, 'f, T>(
    kind: &'static str,
    tables: Vec<Table<'d, 'f>>,
    read: impl Fn(&mut Table<'d, 'f>) -> Option<T>,
    id: impl Fn(&T) -> &str,
) -> Vec<T> {
    let mut all: Vec<T> = Vec::new();
    for mut table in tables {
        let findings = table.findings;
        let one = read(&mut table);
        let span = table.find("id").map_or_else(|| table.span.clone(), |item| item.span);
        table.finish();
        let Some(one) = one else {
            findings.lose(kind);
            continue;
        };
        if all.iter().any(|other| id(other) == id(&one)) {
            findings.push(
                Diagnostic::error(format!("the id `{}` is used twice", id(&one)), span)
                    .help("give each of its kind an id of its own"),
            );
        }
        all.push(one);
    }
    all
}

fn language(item: &Item<'_>, among: &[Language]) -> Result<Language, Refusal> {
    let text = item.text()?;
    let codes: Vec<&str> = among.iter().map(|language| language.code()).collect();
    Language::find(text)
        .filter(|language| among.contains(language))
        .ok_or_else(|| Refusal::not_among("a language of this agreement", text, &codes))
}

fn read_languages(header: &mut Table<'_, '_>) -> Vec<Language> {
    let findings = header.findings;
    let Some(item) = header.get("languages") else { return Language::ALL.to_vec() };
    let Some(all) = item.each(findings, |item| language(item, &Language::ALL)) else { return Language::ALL.to_vec() };
    if all.is_empty() {
        findings.push(
            Diagnostic::error("an agreement is written in at least one language", item.span)
                .help("write `languages = [\"en\"]`, `[\"ja\"]` or both"),
        );
        return Language::ALL.to_vec();
    }
    all
}

pub(super) fn read_text(table: &mut Table<'_, '_>, key: &'static str, languages: &[Language]) -> Option<Text> {
    let item = table.get(key)?;
    text_of(&item, table.findings, languages)
}

/// A text must have every language of the agreement and no other.
fn text_of(item: &Item<'_>, findings: &Findings, languages: &[Language]) -> Option<Text> {
    let Some(mut table) = item.find_table(findings) else {
        item.accept(findings, |item| {
            Err::<(), _>(
                Refusal::new(format!("`{}` must say which language it is in", item.name))
                    .help(format!("write `{} = {{ en = \"…\", ja = \"…\" }}`", item.name)),
            )
        });
        return None;
    };
    let mut text = BTreeMap::new();
    for each in Language::ALL {
        let wanted = languages.contains(&each);
        match (table.option(each.code(), Item::word), wanted) {
            (Some(found), true) => {
                text.insert(each, found.value);
            }
            (Some(found), false) => findings.push(
                Diagnostic::error(format!("`{}` is no language of this agreement", each.code()), found.span)
                    .help("add it to `languages`, or leave this text out"),
            ),
            (None, true) if !table.keys().any(|key| key == each.code()) => findings.push(
                Diagnostic::error(format!("`{}` has no text in `{}`", item.name, each.code()), item.span.clone())
                    .help("`languages` names every language that each text has"),
            ),
            (None, _) => {}
        }
    }
    table.finish();
    (text.len() == languages.len()).then_some(Text(text))
}

/// The documents that make up the contract, the one that prevails first, and the terms that they and the policy state.
fn read_documents<'d, 'f, 's>(
    root: &mut Table<'d, 'f>,
    languages: &[Language],
    text: &'s str,
) -> (Vec<Document>, Sources<'d, 'f, 's>) {
    let findings = root.findings;
    let mut found: Vec<(Document, std::ops::Range<usize>, Option<Table<'d, 'f>>)> = Vec::new();
    let mut named: Vec<Placed<DocumentId>> = Vec::new();
    for mut table in root.tables("document", "this document") {
        let document = read_document(&mut table, languages, &mut named);
        let terms = table.table("terms");
        let span = table.span.clone();
        let id = table.find("id").map_or_else(|| span.clone(), |item| item.span);
        table.finish();
        let Some(document) = document else {
            findings.lose("document");
            continue;
        };
        if found.iter().any(|(other, _, _)| other.id == document.id) {
            let finding = Diagnostic::error(format!("the id `{}` is used twice", document.id), id);
            findings.push(finding.help("give each of its kind an id of its own"));
            continue;
        }
        if document.this && terms.is_some() {
            let finding = Diagnostic::error("the agreement itself states its terms in its commitments", span.clone());
            findings.push(finding.help("move these terms to the commitments, or to [policy]"));
        }
        found.push((document, span, terms));
    }
    for Placed { value, span } in named {
        let ids = found.iter().map(|(document, _, _)| document.id.as_str());
        if let Err(refusal) = exists(findings, "document", value.as_str(), ids) {
            findings.push(Diagnostic { help: refusal.help, ..Diagnostic::error(refusal.message, span) });
        }
    }
    let mut ordered = Vec::new();
    let (mut before, mut after) = (Vec::new(), Vec::new());
    let has_this = found.iter().any(|(document, _, _)| document.this);
    let mut passed = !has_this;
    while !found.is_empty() {
        let free = found.iter().position(|(document, _, _)| {
            !found.iter().any(|(other, _, _)| other.id != document.id && other.prevails_over.contains(&document.id))
                && !document.prevails_over.contains(&document.id)
        });
        let Some(place) = free else {
            report_cycle(&found, findings);
            break;
        };
        let (document, _, terms) = found.remove(place);
        passed |= document.this;
        if let Some(terms) = terms {
            let source = Source::new(Origin::Document(document.id.clone()), terms);
            if passed { after.push(source) } else { before.push(source) }
        }
        ordered.push(document);
    }
    if let Some(policy) = root.table("policy") {
        after.push(Source::new(Origin::Policy, policy));
    }
    (ordered, Sources { before, after, calendars: Vec::new(), text })
}

fn report_cycle(found: &[(Document, std::ops::Range<usize>, Option<Table<'_, '_>>)], findings: &Findings) {
    let names: Vec<String> = found.iter().map(|(document, _, _)| format!("`{}`", document.id)).collect();
    if let Some((_, span, _)) = found.first() {
        findings.push(
            Diagnostic::error("the precedence of documents goes in a circle", span.clone())
                .label(format!("between {}", names.join(", ")))
                .help("take one `prevails_over` out, so that one document stands above all"),
        );
    }
}

/// `named` takes the documents that it prevails over, with their places.
fn read_document(
    table: &mut Table<'_, '_>,
    languages: &[Language],
    named: &mut Vec<Placed<DocumentId>>,
) -> Option<Document> {
    let findings = table.findings;
    let id = table.require("id", |item| Ok(DocumentId::parse(item.text()?)?));
    let title = read_text(table, "title", languages);
    let address = table.option("address", web_address);
    let this = table.option("this", Item::boolean);
    let other = |item: &Item<'_>| {
        let value = DocumentId::parse(item.text()?)?;
        Ok(Placed { value, span: item.span.clone() })
    };
    let prevails_over = table.find("prevails_over").map(|item| item.each(findings, other));
    named.extend(prevails_over.iter().flatten().flatten().cloned());
    Some(Document {
        id: id?.value,
        title: title?,
        address: address.map(|address| address.value),
        this: this.is_some_and(|this| this.value),
        prevails_over: match prevails_over {
            None => Vec::new(),
            Some(list) => list?.into_iter().map(|other| other.value).collect(),
        },
    })
}

fn read_definitions(root: &mut Table<'_, '_>, languages: &[Language], documents: &[Document]) -> Vec<Definition> {
    let findings = root.findings;
    let mut all = Vec::new();
    for mut table in root.tables("definition", "this definition") {
        let term = read_text(&mut table, "term", languages);
        let text = read_text(&mut table, "text", languages);
        let document = table.option("document", |item| {
            let id = DocumentId::parse(item.text()?)?;
            exists(findings, "document", id.as_str(), documents.iter().map(|document| document.id.as_str()))?;
            Ok(id)
        });
        let span = table.span.clone();
        table.finish();
        let (Some(term), Some(text)) = (term, text) else { continue };
        let definition = Definition { term, document: document.map(|document| document.value), text };
        lint::definition(&definition, &all, span, findings);
        all.push(definition);
    }
    all
}

/// Addresses become links on pages, so nothing but the web's own schemes may pass.
fn web_address(item: &Item<'_>) -> Result<String, Refusal> {
    let text = item.text()?;
    if text.starts_with("https://") || text.starts_with("http://") {
        Ok(text.to_owned())
    } else {
        Err(Refusal::new(format!("`{text}` is not a web address")).help("begin it with `https://`"))
    }
}

fn read_clause(table: &mut Table<'_, '_>, languages: &[Language]) -> Option<Clause> {
    let id = table.require("id", |item| Ok(ClauseId::parse(item.text()?)?));
    let force = table.require("force", |item| {
        let text = item.text()?;
        let names: Vec<&str> = Force::ALL.iter().map(|force| force.name()).collect();
        let found = Force::ALL.into_iter().find(|force| force.name() == text);
        found.ok_or_else(|| Refusal::not_among("a force of a clause", text, &names))
    });
    let title = read_text(table, "title", languages);
    let text = read_text(table, "text", languages);
    Some(Clause { id: id?.value, force: force?.value, title: title?, text: text? })
}

fn read_solution(table: &mut Table<'_, '_>, languages: &[Language]) -> Option<Solution> {
    let id = table.require("id", |item| Ok(SolutionId::parse(item.text()?)?));
    let name = read_text(table, "name", languages);
    let covered_from = table.option("covered_from", Item::instant);
    let interfaces = read_all(
        "interface",
        table.tables("interface", "this interface"),
        |table| {
            let id = table.require("id", |item| Ok(InterfaceId::parse(item.text()?)?));
            let name = read_text(table, "name", languages);
            Some(Interface { id: id?.value, name: name? })
        },
        |interface| interface.id.as_str(),
    );
    if interfaces.is_empty() {
        table.findings.missing(
            Diagnostic::error("this solution has no interface", table.span.clone()).help(
                "add a `[[solution.interface]]` for each way it is reached, such as console, API and connections",
            ),
        );
    }
    Some(Solution { id: id?.value, name: name?, covered_from: covered_from.map(|from| from.value), interfaces })
}

/// What a commitment may point at.
pub(super) struct Known<'a> {
    pub(super) clauses: &'a [Clause],
    pub(super) solutions: &'a [Solution],
    pub(super) findings: &'a Findings,
}

fn read_commitment<'d, 'f>(
    table: &mut Table<'d, 'f>,
    languages: &[Language],
    sources: &Sources<'d, 'f, '_>,
    known: &Known<'_>,
) -> Option<Commitment> {
    let span = table.span.clone();
    let commitment = Commitment::read(table, languages, sources, known)?;
    lint::commitment(&commitment, span, known.findings);
    Some(commitment)
}

/// Refuses an id that nothing has, and names the nearest one. Where one of its kind was refused, it may be that one's.
pub(super) fn exists<'a>(
    findings: &Findings,
    what: &str,
    id: &str,
    mut valid: impl Iterator<Item = &'a str> + Clone,
) -> Result<(), Refusal> {
    if findings.has_lost(what) || valid.clone().any(|each| each == id) {
        return Ok(());
    }
    let refusal = Refusal::new(format!("there is no {what} `{id}`"));
    Err(match nearest(id, valid.clone()) {
        Some(near) => refusal.help(format!("did you mean `{near}`?")),
        None if valid.next().is_none() => refusal.help(format!("add a `[[{what}]]` with this id")),
        None => refusal.help(format!("add a `[[{what}]]` with this id, or name one that exists")),
    })
}
