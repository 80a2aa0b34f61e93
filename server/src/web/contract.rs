//! The contract page: the agreement clause by clause, with the live state beside each.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use uphold_core::agreement::{Clause, Listed, Origin};
use uphold_core::statement::Row;

use super::App;
use super::beside::{self, Beside};
use super::frame::{self, Frame};
use super::language::Reader;
use super::subject::{self, SolutionView, SolutionViews};
use crate::live::Live;
use crate::wording::{Phrase, Texts, Words, terms, when};

/// `GET /`
pub(super) async fn show(State(app): State<App>, Reader(texts): Reader) -> Response {
    let live = app.live();
    frame::respond(StatusCode::OK, texts, &ContractPage::new(texts, &live))
}

#[derive(Template)]
#[template(path = "contract.html")]
struct ContractPage {
    frame: Frame,
    provider: Phrase,
    revision: String,
    validity: String,
    /// Whether the moment of knowledge lies in the time in which this revision is in force.
    in_force: bool,
    note: Option<Phrase>,
    documents: Vec<DocumentView>,
    clauses: Vec<ClauseView>,
}

struct DocumentView {
    title: Phrase,
    address: Option<String>,
}

struct ClauseView {
    id: String,
    anchor: String,
    force: String,
    title: Phrase,
    text: Phrase,
    /// The worst state of what it promises, if that is availability.
    state: Option<&'static str>,
    solutions: Vec<SolutionView>,
    /// The solutions that are not shown in full.
    others: Vec<SolutionView>,
    /// Whether it promises availability, so that the overview begins with it.
    promises: bool,
    judged: Vec<JudgedView>,
    terms: Vec<TermView>,
    chosen: i64,
}

/// What a commitment that is not judged by the states of checks came to.
struct JudgedView {
    name: Phrase,
    subject: Phrase,
    /// The revision that judges it, where several judge parts of the period.
    revision: Option<String>,
    verdict: String,
    /// The period, and the zone of its times.
    period: String,
    figures: Vec<(String, String)>,
    /// What stands beside it by its kind.
    beside: Beside,
}

struct TermView {
    key: &'static str,
    question: String,
    value: String,
    by_contract: bool,
}

impl ContractPage {
    fn new(texts: Texts, live: &Live) -> Self {
        let words = frame::words(texts, live);
        let agreement = &live.agreement;
        let clauses: Vec<ClauseView> =
            agreement.clauses.iter().map(|clause| clause_view(&words, live, clause)).collect();
        Self {
            frame: Frame::new(&words, live, "/", words.phrase(&agreement.title).text),
            provider: words.phrase(&agreement.provider),
            revision: agreement.revision.clone(),
            validity: words.validity(agreement.valid),
            in_force: agreement.valid.contains(live.as_known_at),
            note: terms::governs(&words, agreement),
            documents: agreement
                .documents
                .iter()
                .map(|document| DocumentView {
                    title: words.phrase(&document.title),
                    address: document.address.clone(),
                })
                .collect(),
            clauses,
        }
    }
}

fn clause_view(words: &Words, live: &Live, clause: &Clause) -> ClauseView {
    let SolutionViews { full: solutions, others, worst } = subject::solutions(words, live, Some(clause));
    let terms = terms_of(words.texts, live, clause);
    let promises = live.agreement.commitments.iter().any(|c| c.clause == clause.id && c.availability().is_some());
    ClauseView {
        id: clause.id.to_string(),
        anchor: format!("clause-{}", clause.id).replace(['(', ')'], ""),
        force: terms::force(words.texts, clause.force),
        title: words.phrase(&clause.title),
        text: words.phrase(&clause.text),
        state: worst.filter(|_| promises).map(uphold_core::timeline::State::name),
        solutions,
        others,
        promises,
        chosen: i64::try_from(terms.iter().filter(|term| !term.by_contract).count()).unwrap_or(0),
        terms,
        judged: judged(words, live, clause),
    }
}

fn judged(words: &Words, live: &Live, clause: &Clause) -> Vec<JudgedView> {
    let mut all = Vec::new();
    for commitment in live.agreement.commitments.iter().filter(|each| each.clause == clause.id) {
        let words = &Words { texts: words.texts, zone: commitment.terms.zone.value.clone() };
        let mine = live.statement.rows.iter().filter(|row| row.commitment == commitment.id);
        all.extend(mine.filter(|_| commitment.states().is_none()).map(|row| JudgedView {
            beside: beside::of(words, live, row),
            name: words.phrase(&commitment.name),
            subject: crate::wording::subject::name(words, &live.agreement, &row.subject),
            revision: (live.statement.revisions.len() > 1).then(|| row.revision.clone()),
            verdict: words.verdict(row.verdict),
            period: period_of(words, live, row),
            figures: subject::figures(words, row),
        }));
    }
    all
}

fn period_of(words: &Words, live: &Live, row: &Row) -> String {
    let period = ("period", when::period(words, &row.period).into());
    let zone = ("zone", row.zone.name().into());
    if live.as_known_at < row.period.interval.until() {
        words.texts.with("judged-so-far", &[period, zone])
    } else {
        words.texts.with("judged-for", &[period, zone])
    }
}

/// The terms of a clause's commitments; what several state alike is told once.
fn terms_of(texts: Texts, live: &Live, clause: &Clause) -> Vec<TermView> {
    let mut all: Vec<TermView> = Vec::new();
    for commitment in live.agreement.commitments.iter().filter(|each| each.clause == clause.id) {
        for Listed { key, value, origin } in &commitment.listed {
            let by_contract = *origin != Origin::Policy;
            if all.iter().any(|term| term.key == *key && term.value == *value && term.by_contract == by_contract) {
                continue;
            }
            all.push(TermView { key, question: terms::question(texts, key), value: value.clone(), by_contract });
        }
    }
    all
}
