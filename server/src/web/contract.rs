//! The contract page: the agreement clause by clause, with the live state beside each.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use uphold_core::agreement::{Clause, Force, Listed, Origin};

use super::App;
use super::frame::{self, Frame};
use super::language::{Reader, Texts};
use super::subject::{self, SubjectView};
use super::words::{Phrase, Sentence, Words};
use crate::live::Live;

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
    /// The worst state of what it is measured by, if it is measured.
    state: Option<&'static str>,
    solutions: Vec<SolutionView>,
    judged: Vec<JudgedView>,
    terms: Vec<TermView>,
    chosen: i64,
}

struct SolutionView {
    name: Phrase,
    state: &'static str,
    sentence: Sentence,
    subjects: Vec<SubjectView>,
}

/// What a commitment that is not judged by the states of checks came to.
struct JudgedView {
    name: Phrase,
    subject: Phrase,
    verdict: String,
    figures: Vec<(&'static str, String)>,
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
            note: note(&words, live),
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

/// What the reader of another language is told about the one that governs.
fn note(words: &Words, live: &Live) -> Option<Phrase> {
    let authoritative = live.agreement.authoritative;
    let other = authoritative != words.texts.0;
    let stated = live.agreement.note.as_ref().map(|note| words.phrase(note));
    let general = || Phrase {
        lang: words.texts.code(),
        text: match authoritative {
            uphold_core::agreement::Language::En => words.texts.get("english-governs"),
            uphold_core::agreement::Language::Ja => words.texts.get("japanese-governs"),
        },
    };
    other.then(|| stated.unwrap_or_else(general))
}

fn clause_view(words: &Words, live: &Live, clause: &Clause) -> ClauseView {
    let solutions: Vec<(uphold_core::timeline::State, SolutionView)> = live
        .agreement
        .solutions
        .iter()
        .filter_map(|solution| {
            let subjects = subject::of_solution(live, Some(clause), solution);
            if subjects.is_empty() {
                return None;
            }
            let parts = subject::interfaces(words, live, &subjects);
            let (state, sentence) = subject::headline(words, &parts, live.as_known_at);
            let subjects = subjects.into_iter().map(|(each, line)| subject::view(words, live, each, line)).collect();
            Some((state, SolutionView { name: words.phrase(&solution.name), state: state.name(), sentence, subjects }))
        })
        .collect();
    let terms = terms(words.texts, live, clause);
    ClauseView {
        id: clause.id.to_string(),
        anchor: format!("clause-{}", clause.id).replace(['(', ')'], ""),
        force: force(words.texts, clause.force),
        title: words.phrase(&clause.title),
        text: words.phrase(&clause.text),
        state: solutions.iter().map(|(state, _)| *state).min().map(|state| state.name()),
        solutions: solutions.into_iter().map(|(_, view)| view).collect(),
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
            name: words.phrase(&commitment.name),
            subject: subject::name(words, &live.agreement, &row.subject),
            verdict: words.verdict(row.verdict),
            figures: subject::figures(words, row),
        }));
    }
    all
}

fn force(texts: Texts, force: Force) -> String {
    match force {
        Force::Statement => texts.get("force-statement"),
        Force::Objective => texts.get("force-objective"),
        Force::Efforts => texts.get("force-efforts"),
        Force::Duty => texts.get("force-duty"),
        Force::Permission => texts.get("force-permission"),
        Force::Condition => texts.get("force-condition"),
    }
}

/// The terms of a clause's commitments; what several state alike is told once.
fn terms(texts: Texts, live: &Live, clause: &Clause) -> Vec<TermView> {
    let mut all: Vec<TermView> = Vec::new();
    for commitment in live.agreement.commitments.iter().filter(|each| each.clause == clause.id) {
        for Listed { key, value, origin } in &commitment.listed {
            let by_contract = *origin != Origin::Policy;
            if all.iter().any(|term| term.key == *key && term.value == *value && term.by_contract == by_contract) {
                continue;
            }
            all.push(TermView { key, question: question(texts, key), value: value.clone(), by_contract });
        }
    }
    all
}

/// The question that a term answers, in the reader's language.
fn question(texts: Texts, key: &str) -> String {
    match key {
        "zone" => texts.get("term-zone"),
        "period" => texts.get("term-period"),
        "close_after" => texts.get("term-close-after"),
        "decimals" => texts.get("term-decimals"),
        "unknown" => texts.get("term-unknown"),
        "min_observed" => texts.get("term-min-observed"),
        "degraded" => texts.get("term-degraded"),
        "service_time" => texts.get("term-service-time"),
        "vantages" => texts.get("term-vantages"),
        "checks" => texts.get("term-checks"),
        "instances" => texts.get("term-instances"),
        "features" => texts.get("term-features"),
        "interfaces" => texts.get("term-interfaces"),
        "zones" => texts.get("term-zones"),
        "regions" => texts.get("term-regions"),
        "controls" => texts.get("term-controls"),
        "confirm" => texts.get("term-confirm"),
        "outage" => texts.get("term-outage"),
        "exclude" => texts.get("term-exclude"),
        "exclusions" => texts.get("term-exclusions"),
        "caps" => texts.get("term-caps"),
        "partial" => texts.get("term-partial"),
        "suspended" => texts.get("term-suspended"),
        "customers" => texts.get("term-customers"),
        "binding" => texts.get("term-binding"),
        "indicator" => texts.get("term-indicator"),
        "aggregate" => texts.get("term-aggregate"),
        "slice" => texts.get("term-slice"),
        "remedy" => texts.get("term-remedy"),
        "termination" => texts.get("term-termination"),
        "claim" => texts.get("term-claim"),
        "classes" => texts.get("term-classes"),
        "maintenance_notice" => texts.get("term-maintenance-notice"),
        "maintenance_extension" => texts.get("term-maintenance-extension"),
        "maintenance_limit" => texts.get("term-maintenance-limit"),
        "cap_scope" => texts.get("term-cap-scope"),
        "cap_exempt" => texts.get("term-cap-exempt"),
        "noticed_within" => texts.get("term-noticed-within"),
        "noticed_from" => texts.get("term-noticed-from"),
        "restored_within" => texts.get("term-restored-within"),
        "rto" => texts.get("term-rto"),
        "rpo" => texts.get("term-rpo"),
        "exercises_count" => texts.get("term-exercises-count"),
        "exercise_every" => texts.get("term-exercise-every"),
        "review_every" => texts.get("term-review-every"),
        "capacity_every" => texts.get("term-capacity-every"),
        "about" => texts.get("term-about"),
        "to" => texts.get("term-to"),
        "what" => texts.get("term-what"),
        "takes_effect" => texts.get("term-takes-effect"),
        "mid_period" => texts.get("term-mid-period"),
        "covered_when" => texts.get("term-covered-when"),
        other => other.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uphold_core::agreement::{Language, TERMS};

    #[test]
    fn every_term_that_there_is_has_its_question() {
        for term in TERMS {
            for language in Language::ALL {
                assert_ne!(question(Texts(language), term.key), term.key, "{}", term.key);
            }
        }
    }
}
