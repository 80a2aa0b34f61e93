//! The agreement as a document: the newest that is in force at an address that never changes, each revision at one of its own,
//! and any two of them compared.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use uphold_core::agreement::compare::compare;
use uphold_core::agreement::{Agreement, Listed, Origin};

use super::beside::Beside;
use super::frame::{self, Frame};
use super::history::in_path;
use super::language::Reader;
use super::paging::Asked;
use super::{App, problem};
use crate::live::Live;
use crate::wording::difference::{self, Group};
use crate::wording::{Phrase, Texts, Words, terms};

/// `GET /agreement`
pub(super) async fn newest(State(app): State<App>, Reader(texts): Reader) -> Response {
    let live = app.live();
    let page = AgreementPage::new(texts, &live, &live.agreement, "/agreement".to_owned());
    frame::respond(StatusCode::OK, texts, &page)
}

/// `GET /agreement/{revision}`
pub(super) async fn one(State(app): State<App>, Reader(texts): Reader, Path(revision): Path<String>) -> Response {
    let live = app.live();
    let Some((agreement, _)) = live.revisions.find(&revision) else { return unknown(texts, &live) };
    let path = format!("/agreement/{}", in_path(&revision));
    frame::respond(StatusCode::OK, texts, &AgreementPage::new(texts, &live, agreement, path))
}

/// Which two revisions are compared; the one in force and the one before it where none is named.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CompareQuery {
    from: Option<String>,
    to: Option<String>,
}

/// `GET /agreement/compare`
pub(super) async fn comparison(State(app): State<App>, Reader(texts): Reader, query: Asked<CompareQuery>) -> Response {
    let live = app.live();
    let Ok(Query(query)) = query else { return problem::bad_query(texts, &live) };
    let made = app.judge(move || ComparePage::new(texts, &live, &query).ok_or(live)).await;
    match made {
        Some(Ok(page)) => frame::respond(StatusCode::OK, texts, &page),
        Some(Err(live)) => unknown(texts, &live),
        None => problem::internal(),
    }
}

fn unknown(texts: Texts, live: &Live) -> Response {
    let said = (texts.get("agreement-unknown"), texts.get("agreement-unknown-advice"));
    problem::show(StatusCode::NOT_FOUND, texts, live, said)
}

#[derive(Template)]
#[template(path = "agreement.html")]
struct AgreementPage {
    frame: Frame,
    title: Phrase,
    provider: Phrase,
    revision: String,
    validity: String,
    in_force: bool,
    note: Option<Phrase>,
    documents: Vec<(Phrase, Option<String>)>,
    clauses: Vec<ClauseView>,
    /// Terms of the agreement as a whole.
    whole: Vec<TermView>,
}

struct ClauseView {
    id: String,
    anchor: String,
    force: String,
    title: Phrase,
    text: Phrase,
    commitments: Vec<(Phrase, Option<String>, Vec<TermView>)>,
}

struct TermView {
    key: &'static str,
    question: String,
    value: String,
    by_contract: bool,
}

impl AgreementPage {
    fn new(texts: Texts, live: &Live, agreement: &Agreement, path: String) -> Self {
        let words = frame::words(texts, live);
        let clauses = agreement.clauses.iter().map(|clause| {
            let own = agreement.commitments.iter().filter(|commitment| commitment.clause == clause.id);
            let promised = |percent: &str| texts.with("promised", &[("percent", percent.into())]);
            let own = own.map(|commitment| {
                let target = commitment.target().map(|target| promised(&target.percent));
                (words.phrase(&commitment.name), target, views(texts, &commitment.listed))
            });
            ClauseView {
                id: clause.id.to_string(),
                anchor: format!("clause-{}", clause.id).replace(['(', ')'], ""),
                force: terms::force(texts, clause.force),
                title: words.phrase(&clause.title),
                text: words.phrase(&clause.text),
                commitments: own.collect(),
            }
        });
        let documents = agreement.documents.iter();
        Self {
            clauses: clauses.collect(),
            title: words.phrase(&agreement.title),
            provider: words.phrase(&agreement.provider),
            revision: agreement.revision.clone(),
            validity: words.validity(agreement.valid),
            in_force: agreement.valid.contains(live.as_known_at),
            note: terms::governs(&words, agreement),
            documents: documents.map(|each| (words.phrase(&each.title), each.address.clone())).collect(),
            whole: views(texts, &agreement.listed),
            frame: Frame::new(&words, live, &path, texts.get("agreement-title")),
        }
    }
}

fn views(texts: Texts, listed: &[Listed]) -> Vec<TermView> {
    let view = |term: &Listed| TermView {
        key: term.key,
        question: terms::question(texts, term.key),
        value: term.value.clone(),
        by_contract: term.origin != Origin::Policy,
    };
    listed.iter().map(view).collect()
}

#[derive(Template)]
#[template(path = "agreement_compare.html")]
struct ComparePage {
    frame: Frame,
    /// Every revision: its name, and whether it is the one from which, or to which.
    revisions: Vec<(String, bool, bool)>,
    between: String,
    summary: String,
    groups: Vec<Group>,
    alone: bool,
}

impl ComparePage {
    /// The page; nothing, where there is no revision of a name that was asked for.
    fn new(texts: Texts, live: &Live, query: &CompareQuery) -> Option<Self> {
        let words = frame::words(texts, live);
        let all = live.revisions.all();
        let place = |name: &str| all.iter().position(|each| each.revision == name);
        let to = match &query.to {
            Some(name) => place(name)?,
            None => place(&live.agreement.revision)?,
        };
        let from = match &query.from {
            Some(name) => place(name)?,
            None => to.saturating_sub(1),
        };
        let found = compare(&all[from], &all[to]);
        let blanks = [("from", all[from].revision.as_str().into()), ("to", all[to].revision.as_str().into())];
        let named = |(at, each): (usize, &Agreement)| (each.revision.clone(), at == from, at == to);
        Some(Self {
            revisions: all.iter().enumerate().map(named).collect(),
            between: texts.with("compare-between", &blanks),
            summary: difference::summary(&words, &found),
            groups: difference::groups(&words, [&all[from], &all[to]], &found),
            alone: all.len() < 2,
            frame: Frame::new(&words, live, "/agreement/compare", texts.get("compare-title")),
        })
    }
}

/// What the contract page says beside the promise that the newest agreement is public: the revision in force, and what it
/// changed.
pub(super) fn beside(words: &Words, live: &Live) -> Beside {
    let texts = words.texts;
    let mut figures = vec![(texts.get("revision"), live.agreement.revision.clone())];
    let at = live.revisions.all().iter().position(|each| each.revision == live.agreement.revision);
    let mut links = vec![("/agreement".to_owned(), texts.get("agreement-title"))];
    if let Some(before) = at.and_then(|at| at.checked_sub(1)) {
        let earlier = &live.revisions.all()[before].revision;
        let found = &live.revisions.differences()[before];
        let changes = texts.with("history-changes", &[("revision", earlier.as_str().into())]);
        figures.push((changes, difference::summary(words, found)));
        links.push((compared(earlier, &live.agreement.revision), texts.get("compare-title")));
    }
    links.push(("/agreement/history".to_owned(), texts.get("history-title")));
    Beside { figures, links, ..Beside::default() }
}

/// The address at which two revisions are compared.
pub(super) fn compared(from: &str, to: &str) -> String {
    format!("/agreement/compare?from={}&to={}", in_path(from), in_path(to))
}
