//! From the text of a file to an agreement, or to everything that is wrong with it.

use std::collections::BTreeMap;

use super::terms::{Needs, Partial, resolve};
use super::{Agreement, Clause, Commitment, Document, Force, Interface, Language, Per, Solution, Target, Text};
use crate::diagnostic::{Diagnostic, Refusal, Severity};
use crate::document::{self, Findings, Item, Placed, Table};
use crate::id::{AgreementId, ClauseId, CommitmentId, DocumentId, InterfaceId, SolutionId};
use crate::interval::Interval;
use crate::nearest::nearest;
use crate::ratio::Ratio;
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
        let agreement = read_root(&mut root);
        root.finish();
        agreement
    };
    let findings = findings.into_sorted();
    let failed = findings.iter().any(|finding| finding.severity == Severity::Error);
    Reading { agreement: agreement.filter(|_| !failed), findings }
}

fn read_root(root: &mut Table<'_, '_>) -> Option<Agreement> {
    let findings = root.findings;
    let mut header = root.require_table("agreement");
    let languages = header.as_mut().map_or_else(|| Language::ALL.to_vec(), read_languages);
    let policy_table = root.table("policy");
    let policy = policy_table.map_or_else(Partial::default, |mut table| {
        let policy = Partial::read(&mut table);
        table.finish();
        policy
    });
    let documents =
        read_all(root.tables("document", "this document"), |t| read_document(t, &languages), |d| d.id.as_str());
    let clauses = read_all(root.tables("clause", "this clause"), |t| read_clause(t, &languages), |c| c.id.as_str());
    let solutions =
        read_all(root.tables("solution", "this solution"), |t| read_solution(t, &languages), |s| s.id.as_str());
    let known = Known { clauses: &clauses, solutions: &solutions };
    let tables = root.tables("commitment", "this commitment");
    let promises = !tables.is_empty();
    let commitments = read_all(tables, |t| read_commitment(t, &languages, &policy, &known), |c| c.id.as_str());
    if !promises {
        let place = root.span.clone();
        findings.missing(
            Diagnostic::warning("the agreement promises nothing that can be measured", place)
                .help("add a `[[commitment]]` that names its clause"),
        );
    }
    let mut header = header?;
    let agreement = read_header(&mut header, &languages, documents, clauses, solutions, commitments);
    header.finish();
    agreement
}

fn read_header(
    header: &mut Table<'_, '_>,
    languages: &[Language],
    documents: Vec<Document>,
    clauses: Vec<Clause>,
    solutions: Vec<Solution>,
    commitments: Vec<Commitment>,
) -> Option<Agreement> {
    let id = header.require("id", |item| Ok(AgreementId::parse(item.text()?)?));
    let title = read_text(header, "title", languages);
    let provider = read_text(header, "provider", languages);
    let note = header.find("note").and_then(|item| text_of(&item, header.findings, languages));
    let revision = header.require("revision", not_empty);
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
        documents,
        clauses,
        solutions,
        commitments,
    })
}

/// Reads each table, ends its reading, and reports ids that are used twice.
fn read_all<'d, 'f, T>(
    tables: Vec<Table<'d, 'f>>,
    read: impl Fn(&mut Table<'d, 'f>) -> Option<T>,
    id: impl Fn(&T) -> &str,
) -> Vec<T> {
    let mut all: Vec<T> = Vec::new();
    for mut table in tables {
        let (span, findings) = (table.span.clone(), table.findings);
        let one = read(&mut table);
        table.finish();
        let Some(one) = one else { continue };
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
    }
    all
}

fn not_empty(item: &Item<'_>) -> Result<String, Refusal> {
    let text = item.text()?.trim();
    if text.is_empty() { Err(Refusal::new(format!("`{}` is empty", item.name))) } else { Ok(text.to_owned()) }
}

fn read_text(table: &mut Table<'_, '_>, key: &'static str, languages: &[Language]) -> Option<Text> {
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
        match (table.option(each.code(), not_empty), wanted) {
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

fn read_document(table: &mut Table<'_, '_>, languages: &[Language]) -> Option<Document> {
    let id = table.require("id", |item| Ok(DocumentId::parse(item.text()?)?));
    let title = read_text(table, "title", languages);
    let address = table.option("address", web_address);
    Some(Document { id: id?.value, title: title?, address: address.map(|address| address.value) })
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
struct Known<'a> {
    clauses: &'a [Clause],
    solutions: &'a [Solution],
}

fn read_commitment(
    table: &mut Table<'_, '_>,
    languages: &[Language],
    policy: &Partial,
    known: &Known<'_>,
) -> Option<Commitment> {
    let id = table.require("id", |item| Ok(CommitmentId::parse(item.text()?)?));
    let name = read_text(table, "name", languages);
    let clause = table.require("clause", |item| {
        let clause = ClauseId::parse(item.text()?)?;
        let valid = known.clauses.iter().map(|clause| clause.id.as_str());
        exists("clause", clause.as_str(), valid)?;
        Ok(clause)
    });
    table.require("kind", |item| match item.text()? {
        "availability" => Ok(()),
        other => Err(Refusal::not_among("a kind of commitment", other, &["availability"])),
    });
    let per = table.require("per", |item| {
        let text = item.text()?;
        let found = Per::ALL.into_iter().find(|per| per.name() == text);
        found.ok_or_else(|| Refusal::not_among("what a commitment is judged for", text, &Per::ALL.map(Per::name)))
    });
    let solutions = table.find("solutions").map(|item| {
        item.each(table.findings, |item| {
            let solution = SolutionId::parse(item.text()?)?;
            exists("solution", solution.as_str(), known.solutions.iter().map(|solution| solution.id.as_str()))?;
            Ok(solution)
        })
    });
    let target = table.option("target", read_target);
    let own = Partial::read(table);
    let per_solution = matches!(per, Some(Placed { value: Per::Solution, .. }));
    let terms = resolve(&own, policy, Needs { interfaces: per_solution, binding: target.is_some() }, table);
    Some(Commitment {
        id: id?.value,
        name: name?,
        clause: clause?.value,
        per: per?.value,
        // A list that was refused must not be read as "all".
        solutions: match solutions {
            None => None,
            Some(list) => Some(list?),
        },
        target: target.map(|target| target.value),
        terms: terms?,
    })
}

fn exists<'a>(what: &str, id: &str, mut valid: impl Iterator<Item = &'a str> + Clone) -> Result<(), Refusal> {
    if valid.clone().any(|each| each == id) {
        return Ok(());
    }
    let refusal = Refusal::new(format!("there is no {what} `{id}`"));
    Err(match nearest(id, valid.clone()) {
        Some(near) => refusal.help(format!("did you mean `{near}`?")),
        None if valid.next().is_none() => refusal.help(format!("add a `[[{what}]]` with this id")),
        None => refusal.help(format!("add a `[[{what}]]` with this id, or name one that exists")),
    })
}

fn read_target(item: &Item<'_>) -> Result<Target, Refusal> {
    let text = item.text().map_err(|refusal| {
        refusal.help("write the percentage in quotes, as in `target = \"99.95\"`, so that it stays exact")
    })?;
    let ratio = Ratio::parse_percent(text)?;
    if ratio > Ratio::parse_percent("100")? {
        return Err(Refusal::new(format!("a target of {text} % is more than 100 %")));
    }
    Ok(Target { percent: text.to_owned(), ratio })
}
