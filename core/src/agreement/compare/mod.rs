//! What differs between two agreements, such as two revisions of one.
//!
//! The comparison is of what the files say, part by part: texts by words, terms as they are written with who stated them.
//! Whether a change is better for a customer is said only where the term alone decides it, all else being equal; see
//! `direction.rs`. What a change means for the figures of a history is not here: evaluate the history by each.

mod direction;
mod prose;

pub use prose::{Piece, difference};

use super::{Agreement, Calendar, Clause, Commitment, Definition, Document, Language, Listed, Origin, Solution, Text};
use crate::id::{CalendarId, ClauseId, CommitmentId, DocumentId, SolutionId};
use crate::time::Instant;

/// What a change is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// The agreement as a whole.
    Agreement,
    /// A document that it refers to.
    Document(DocumentId),
    /// A definition, by the document that defines, if it is not the agreement, and the word.
    Definition(Option<DocumentId>, String),
    /// A calendar.
    Calendar(CalendarId),
    /// A clause.
    Clause(ClauseId),
    /// A solution.
    Solution(SolutionId),
    /// One commitment, or several that changed alike.
    Commitments(Vec<CommitmentId>),
}

/// What stood, or stands now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Side {
    /// The value as the file writes it.
    pub value: String,
    /// Who states it, where that may be one of several.
    pub origin: Option<Origin>,
}

/// What a change is for a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Change {
    /// Better, by this term alone.
    Better,
    /// Worse, by this term alone.
    Worse,
    /// The term alone does not say.
    Open,
}

impl Change {
    /// The name that interfaces use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Better => "better",
            Self::Worse => "worse",
            Self::Open => "changed",
        }
    }
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What it is about.
    pub about: About,
    /// Which of its keys; absent where the whole of it came or went.
    pub key: Option<String>,
    /// What stood before; absent where it is new.
    pub old: Option<Side>,
    /// What stands now; absent where it is gone.
    pub new: Option<Side>,
    /// What it is for a customer.
    pub change: Change,
    /// Where both sides are prose: the words that stayed, went and came.
    pub words: Vec<Piece>,
}

/// Every difference from `old` to `new`, in the order of the agreement; none where both say the same.
///
/// ```
/// use uphold_core::agreement::{compare, read};
/// let source = include_str!("../../../../examples/new/agreement.toml");
/// let (old, new) = (read(source), read(&source.replacen("revision = \"1\"", "revision = \"2\"", 1)));
/// let found = compare::compare(&old.agreement.unwrap(), &new.agreement.unwrap());
/// assert_eq!(found.len(), 1);
/// assert_eq!(found[0].key.as_deref(), Some("revision"));
/// ```
#[must_use]
pub fn compare(old: &Agreement, new: &Agreement) -> Vec<Difference> {
    let mut found = Vec::new();
    header(old, new, &mut found);
    pairs(&old.documents, &new.documents, |d| About::Document(d.id.clone()), title, document, &mut found);
    pairs(&old.definitions, &new.definitions, defined, |d| meaning(&d.text), definition, &mut found);
    pairs(&old.calendars, &new.calendars, |c| About::Calendar(c.id.clone()), hours, calendar, &mut found);
    pairs(&old.clauses, &new.clauses, |c| About::Clause(c.id.clone()), |c| meaning(&c.title), clause, &mut found);
    pairs(
        &old.solutions,
        &new.solutions,
        |s| About::Solution(s.id.clone()),
        |s| meaning(&s.name),
        solution,
        &mut found,
    );
    let mut promised = Vec::new();
    let about = |commitment: &Commitment| About::Commitments(vec![commitment.id.clone()]);
    pairs(&old.commitments, &new.commitments, about, promise, commitment, &mut promised);
    gather(promised, &mut found);
    found
}

/// Changes that several commitments share stand once, at the place of the first.
fn gather(promised: Vec<Difference>, found: &mut Vec<Difference>) {
    let first = found.len();
    for each in promised {
        let alike = |other: &&mut Difference| {
            each.key.is_some()
                && (&other.key, &other.old, &other.new, other.change) == (&each.key, &each.old, &each.new, each.change)
        };
        let same = found[first..].iter_mut().find(alike).map(|other| &mut other.about);
        match (same, &each.about) {
            (Some(About::Commitments(all)), About::Commitments(more)) => all.extend(more.iter().cloned()),
            _ => found.push(each),
        }
    }
}

/// Compares what both have, and tells what one alone has. What is told of a whole thing is its `name`.
fn pairs<T>(
    old: &[T],
    new: &[T],
    about: impl Fn(&T) -> About,
    name: impl Fn(&T) -> String,
    each: impl Fn(&T, &T, &mut Vec<Difference>, &About),
    found: &mut Vec<Difference>,
) {
    let whole = |thing: &T| Some(Side { value: name(thing), origin: None });
    for gone in old {
        match new.iter().find(|thing| about(thing) == about(gone)) {
            Some(now) => each(gone, now, found, &about(gone)),
            None => found.push(Difference::of(&about(gone), None, whole(gone), None)),
        }
    }
    for come in new.iter().filter(|thing| old.iter().all(|other| about(other) != about(thing))) {
        found.push(Difference::of(&about(come), None, None, whole(come)));
    }
}

impl Difference {
    fn of(about: &About, key: Option<&str>, old: Option<Side>, new: Option<Side>) -> Self {
        let key = key.map(str::to_owned);
        Self { about: about.clone(), key, old, new, change: Change::Open, words: Vec::new() }
    }
}

/// A plain value that either side may lack.
fn plain(about: &About, key: &str, old: Option<String>, new: Option<String>, found: &mut Vec<Difference>) {
    if old != new {
        let side = |value: Option<String>| value.map(|value| Side { value, origin: None });
        found.push(Difference::of(about, Some(key), side(old), side(new)));
    }
}

/// Prose, language by language.
fn prose(about: &About, key: &str, old: Option<&Text>, new: Option<&Text>, found: &mut Vec<Difference>) {
    for language in Language::ALL {
        let of = |text: Option<&Text>| text.and_then(|text| text.0.get(&language)).cloned();
        let (before, now) = (of(old), of(new));
        let words = match (&before, &now) {
            (Some(before), Some(now)) => difference(before, now),
            _ => Vec::new(),
        };
        let first = found.len();
        plain(about, &format!("{key}.{}", language.code()), before, now, found);
        found[first..].iter_mut().for_each(|each| each.words.clone_from(&words));
    }
}

fn header(old: &Agreement, new: &Agreement, found: &mut Vec<Difference>) {
    let about = &About::Agreement;
    let moment = |at: Instant| (at < Instant::MAX).then(|| at.to_string());
    let languages = |agreement: &Agreement| {
        let codes: Vec<&str> = agreement.languages.iter().map(|language| language.code()).collect();
        Some(codes.join(", "))
    };
    plain(about, "id", Some(old.id.to_string()), Some(new.id.to_string()), found);
    prose(about, "title", Some(&old.title), Some(&new.title), found);
    prose(about, "provider", Some(&old.provider), Some(&new.provider), found);
    plain(about, "revision", Some(old.revision.clone()), Some(new.revision.clone()), found);
    plain(about, "languages", languages(old), languages(new), found);
    let authority = [old, new].map(|agreement| Some(agreement.authoritative.code().to_owned()));
    let [before, now] = authority;
    plain(about, "authoritative", before, now, found);
    prose(about, "note", old.note.as_ref(), new.note.as_ref(), found);
    plain(about, "valid_from", moment(old.valid.from()), moment(new.valid.from()), found);
    plain(about, "valid_until", moment(old.valid.until()), moment(new.valid.until()), found);
    terms(about, [&old.listed, &new.listed], |key| direction::of_agreement(key, old, new), found);
    plain(about, "precedence of documents", order(old, new), order(new, old), found);
}

/// The documents of `one` that the other has too, the one that prevails first.
fn order(one: &Agreement, other: &Agreement) -> Option<String> {
    let shared = |document: &&Document| other.documents.iter().any(|each| each.id == document.id);
    let ids: Vec<&str> = one.documents.iter().filter(shared).map(|document| document.id.as_str()).collect();
    Some(ids.join(", "))
}

fn title(document: &Document) -> String {
    meaning(&document.title)
}

fn document(old: &Document, new: &Document, found: &mut Vec<Difference>, about: &About) {
    prose(about, "title", Some(&old.title), Some(&new.title), found);
    plain(about, "address", old.address.clone(), new.address.clone(), found);
    let this = |document: &Document| document.this.then(|| "true".to_owned());
    plain(about, "this", this(old), this(new), found);
    let over = |document: &Document| {
        let ids: Vec<&str> = document.prevails_over.iter().map(DocumentId::as_str).collect();
        (!ids.is_empty()).then(|| ids.join(", "))
    };
    plain(about, "prevails_over", over(old), over(new), found);
}

fn defined(definition: &Definition) -> About {
    About::Definition(definition.document.clone(), meaning(&definition.term))
}

fn definition(old: &Definition, new: &Definition, found: &mut Vec<Difference>, about: &About) {
    prose(about, "term", Some(&old.term), Some(&new.term), found);
    prose(about, "text", Some(&old.text), Some(&new.text), found);
}

fn hours(calendar: &Calendar) -> String {
    let days: Vec<&str> =
        super::WEEKDAYS.iter().zip(calendar.days).filter(|(_, on)| *on).map(|(day, _)| *day).collect();
    let clock = |of_day: crate::time::Millis| format!("{:02}:{:02}", of_day.0 / 3_600_000, of_day.0 / 60_000 % 60);
    format!("{} {} to {}", days.join(", "), clock(calendar.from), clock(calendar.until))
}

fn calendar(old: &Calendar, new: &Calendar, found: &mut Vec<Difference>, about: &About) {
    plain(about, "hours", Some(hours(old)), Some(hours(new)), found);
    let free = |calendar: &Calendar| {
        let days: Vec<String> = calendar.holidays.iter().map(ToString::to_string).collect();
        (!days.is_empty()).then(|| days.join(", "))
    };
    plain(about, "holidays", free(old), free(new), found);
}

fn clause(old: &Clause, new: &Clause, found: &mut Vec<Difference>, about: &About) {
    plain(about, "force", Some(old.force.name().to_owned()), Some(new.force.name().to_owned()), found);
    prose(about, "title", Some(&old.title), Some(&new.title), found);
    prose(about, "text", Some(&old.text), Some(&new.text), found);
}

fn solution(old: &Solution, new: &Solution, found: &mut Vec<Difference>, about: &About) {
    prose(about, "name", Some(&old.name), Some(&new.name), found);
    let from = |solution: &Solution| solution.covered_from.map(|at| at.to_string());
    plain(about, "covered_from", from(old), from(new), found);
    for one in &old.interfaces {
        let other = new.interfaces.iter().find(|other| other.id == one.id);
        prose(about, &format!("interface {}", one.id), Some(&one.name), other.map(|other| &other.name), found);
    }
    for one in new.interfaces.iter().filter(|one| old.interfaces.iter().all(|other| other.id != one.id)) {
        prose(about, &format!("interface {}", one.id), None, Some(&one.name), found);
    }
}

/// What a commitment is, in one line.
fn promise(commitment: &Commitment) -> String {
    let target = targets(commitment).map_or_else(String::new, |targets| format!(", target {targets}"));
    format!("{} by clause {}{target}", commitment.kind(), commitment.clause)
}

/// What is promised in percent, several with their names.
fn targets(commitment: &Commitment) -> Option<String> {
    let goals = commitment.availability().map_or(&[][..], |availability| &availability.goals);
    let named = |goal: &super::Goal| {
        let target = goal.target.as_ref()?;
        let name = goal.name.as_ref().map_or_else(String::new, |name| format!("{name}: "));
        let shape = if goals.len() > 1 { made(goal) } else { String::new() };
        Some(format!("{name}{} %{shape}", target.percent))
    };
    let all: Vec<String> = if goals.is_empty() {
        commitment.target().map(|target| format!("{} %", target.percent)).into_iter().collect()
    } else {
        goals.iter().filter_map(named).collect()
    };
    (!all.is_empty()).then(|| all.join(" and "))
}

/// How one of several figures is made, since each may have its own way.
fn made(goal: &super::Goal) -> String {
    let slice = goal.slice.as_ref().map_or_else(String::new, |slice| {
        let bad = slice.bad.as_ref().map_or_else(String::new, |bad| {
            format!(", bad {} {} %", if bad.inclusive { "from" } else { "above" }, bad.share.percent(6))
        });
        let empty = slice.empty.map_or_else(String::new, |worth| format!(", {worth} without events"));
        let minimum = slice.minimum.map_or_else(String::new, |(least, _)| format!(", {least} events or more"));
        format!(", slices of {}{bad}{empty}{minimum}", slice.width)
    });
    format!(" ({}, {}{slice})", goal.indicator, goal.aggregate)
}

fn commitment(old: &Commitment, new: &Commitment, found: &mut Vec<Difference>, about: &About) {
    prose(about, "name", Some(&old.name), Some(&new.name), found);
    plain(about, "clause", Some(old.clause.to_string()), Some(new.clause.to_string()), found);
    plain(about, "kind", Some(old.kind().to_owned()), Some(new.kind().to_owned()), found);
    plain(about, "per", Some(old.per.to_string()), Some(new.per.to_string()), found);
    let chosen = |commitment: &Commitment| {
        let ids: Vec<&str> = commitment.solutions.as_ref()?.iter().map(SolutionId::as_str).collect();
        Some(ids.join(", "))
    };
    plain(about, "solutions", chosen(old), chosen(new), found);
    let first = found.len();
    plain(about, "target", targets(old), targets(new), found);
    for each in &mut found[first..] {
        each.change = direction::of_targets(old, new);
        let contract = Some(Origin::Contract);
        each.old.iter_mut().chain(&mut each.new).for_each(|side| side.origin.clone_from(&contract));
    }
    terms(about, [&old.listed, &new.listed], |key| direction::of_term(key, old, new), found);
}

/// Terms by their keys: first those that stood, in the order in which they are looked up, then those that are new.
fn terms(about: &About, [old, new]: [&[Listed]; 2], direction: impl Fn(&str) -> Change, found: &mut Vec<Difference>) {
    let side = |listed: &Listed| Side { value: listed.value.clone(), origin: Some(listed.origin.clone()) };
    let of = |all: &[Listed], key: &str| all.iter().find(|listed| listed.key == key).map(side);
    let come = new.iter().filter(|listed| old.iter().all(|other| other.key != listed.key));
    for Listed { key, .. } in old.iter().chain(come) {
        let (before, now) = (of(old, key), of(new, key));
        if before != now {
            let value = |side: &Option<Side>| side.as_ref().map(|side| side.value.clone());
            let change = if value(&before) == value(&now) { Change::Open } else { direction(key) };
            found.push(Difference { change, ..Difference::of(about, Some(key), before, now) });
        }
    }
}

/// A text in its first language.
fn meaning(text: &Text) -> String {
    text.in_language(Language::En).to_owned()
}

#[cfg(test)]
mod tests;
