//! What differs between two revisions, put into words.

use uphold_core::agreement::compare::{About, Change, Difference, Piece, Side};
use uphold_core::agreement::{Agreement, Origin, TERMS};
use uphold_core::id::CommitmentId;

use super::terms;
use super::words::{Phrase, Words};

/// What differences are about, with the differences.
pub(crate) struct Group {
    /// Which kind of thing: a clause, a commitment.
    pub(crate) what: String,
    /// What it is called.
    pub(crate) names: Vec<Phrase>,
    /// What changed of it.
    pub(crate) changes: Vec<ChangeView>,
}

/// One difference.
pub(crate) struct ChangeView {
    /// What it is for the customer, as a class.
    pub(crate) class: &'static str,
    /// The same in words.
    pub(crate) label: String,
    /// The key that the file has.
    pub(crate) key: Option<String>,
    /// The question that it answers, where it is a term.
    pub(crate) question: Option<String>,
    /// What stood, unless words are told.
    pub(crate) old: Option<String>,
    /// What stands now, unless words are told.
    pub(crate) new: Option<String>,
    /// Of prose the words that stayed, went and came, each with the element that marks it.
    pub(crate) words: Vec<(&'static str, String)>,
    /// The language of that prose, where the key names one.
    pub(crate) lang: &'static str,
}

/// The differences between two revisions, those of one thing together, in the order of the agreement.
pub(crate) fn groups(words: &Words, both: [&Agreement; 2], found: &[Difference]) -> Vec<Group> {
    let mut groups: Vec<(&About, Group)> = Vec::new();
    for each in found {
        let view = change(words, each);
        match groups.last_mut() {
            Some((about, group)) if **about == each.about => group.changes.push(view),
            _ => {
                let (what, names) = heading(words, both, &each.about);
                groups.push((&each.about, Group { what, names, changes: vec![view] }));
            }
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

/// How many differences there are, and for whom they are better.
pub(crate) fn summary(words: &Words, found: &[Difference]) -> String {
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    let of = |change: Change| count(found.iter().filter(|each| each.change == change).count());
    let blanks =
        [("n", count(found.len()).into()), ("better", of(Change::Better).into()), ("worse", of(Change::Worse).into())];
    words.texts.with("history-summary", &blanks)
}

/// What a difference is about: by the new revision, where it is there still.
fn heading(words: &Words, [old, new]: [&Agreement; 2], about: &About) -> (String, Vec<Phrase>) {
    let (texts, either) = (words.texts, [new, old]);
    let plain = |text: &str| Phrase { lang: "", text: text.to_owned() };
    let named = |text: Option<&uphold_core::agreement::Text>, id: &str| {
        vec![text.map_or_else(|| plain(id), |text| words.phrase(text))]
    };
    match about {
        About::Agreement => (texts.get("history-of-agreement"), Vec::new()),
        About::Document(id) => {
            let found = either.iter().flat_map(|each| &each.documents).find(|each| each.id == *id);
            (texts.get("history-of-document"), named(found.map(|each| &each.title), id.as_str()))
        }
        About::Definition(_, term) => (texts.get("history-of-definition"), vec![plain(term)]),
        About::Calendar(id) => (texts.get("history-of-calendar"), vec![plain(id.as_str())]),
        About::Clause(id) => {
            let found = either.iter().find_map(|each| each.find_clause(id));
            let what = texts.with("clause-number", &[("id", id.as_str().into())]);
            (what, named(found.map(|each| &each.title), id.as_str()))
        }
        About::Solution(id) => {
            let found = either.iter().find_map(|each| each.find_solution(id));
            (texts.get("history-of-solution"), named(found.map(|each| &each.name), id.as_str()))
        }
        About::Commitments(ids) => {
            let shared = |id: &CommitmentId| either.iter().all(|each| each.find_commitment(id).is_some());
            if ids.len() > 1 && ids.len() == old.commitments.iter().filter(|each| shared(&each.id)).count() {
                return (texts.get("history-of-every-commitment"), Vec::new());
            }
            let name = |id: &CommitmentId| {
                let found = either.iter().find_map(|each| each.find_commitment(id));
                found.map_or_else(|| plain(id.as_str()), |each| words.phrase(&each.name))
            };
            (texts.get("history-of-commitment"), ids.iter().map(name).collect())
        }
    }
}

fn change(words: &Words, difference: &Difference) -> ChangeView {
    let texts = words.texts;
    let (class, label) = match (difference.change, &difference.old, &difference.new) {
        (Change::Better, ..) => ("better", texts.get("history-better")),
        (Change::Worse, ..) => ("worse", texts.get("history-worse")),
        (Change::Open, None, _) => ("added", texts.get("history-added")),
        (Change::Open, _, None) => ("removed", texts.get("history-removed")),
        (Change::Open, ..) => ("changed", texts.get("history-changed")),
    };
    let is_prose = !difference.words.is_empty();
    let side = |side: &Option<Side>| side.as_ref().filter(|_| !is_prose).map(|side| said(words, side));
    let key = difference.key.as_deref();
    let term = key.filter(|key| TERMS.iter().any(|term| term.key == *key));
    ChangeView {
        class,
        label,
        question: term.map(|key| terms::question(texts, key)),
        old: side(&difference.old),
        new: side(&difference.new),
        words: difference.words.iter().map(piece).collect(),
        lang: match key.and_then(|key| key.rsplit_once('.')) {
            Some((_, "en")) => "en",
            Some((_, "ja")) => "ja",
            _ => "",
        },
        key: difference.key.clone(),
    }
}

/// A value, and who states it where that may be one of several.
fn said(words: &Words, side: &Side) -> String {
    let texts = words.texts;
    let by = match &side.origin {
        None => return side.value.clone(),
        Some(Origin::Contract) => texts.get("by-contract"),
        Some(Origin::Document(id)) => texts.with("history-by-document", &[("id", id.as_str().into())]),
        Some(Origin::Policy) => texts.get("by-operator"),
    };
    texts.with("history-stated", &[("value", side.value.as_str().into()), ("by", by.into())])
}

fn piece(piece: &Piece) -> (&'static str, String) {
    match piece {
        Piece::Same(text) => ("span", text.clone()),
        Piece::Gone(text) => ("del", text.clone()),
        Piece::Come(text) => ("ins", text.clone()),
    }
}
