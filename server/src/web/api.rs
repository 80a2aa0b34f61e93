//! The JSON interface, version 1. Its shapes are a public contract: `docs/api.md` describes each.

use std::collections::BTreeMap;
use std::path::Path;

use axum::Extension;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uphold_core::agreement::{Agreement, Commitment, Force, Listed, Text};
use uphold_core::evaluate::{Customers, Request, evaluate};
use uphold_core::history::History;
use uphold_core::id::CustomerId;
use uphold_core::interval::Interval;
use uphold_core::ledger::digest::Digest;
use uphold_core::ledger::tree::Frontier;
use uphold_core::statement::{Inputs, Statement};
use uphold_core::time::{Instant, Millis, Period};

use super::authorize::Trusted;
use super::{App, problem};
use crate::ledger::book::Book;
use crate::ledger::{BookError, FILE, Reader, agreements_in_use, last_signed};
use crate::live::{CheckView, LedgerHead, Live};
use crate::operate::closing;
use crate::revisions::Revisions;

/// `GET /api/v1/agreement`
pub(super) async fn agreement(State(app): State<App>) -> Response {
    let live = app.live();
    json(&AgreementJson::new(&live.agreement, &live.statement))
}

/// The longest period that can be asked for: what is worked out for everybody must have an end.
const PERIOD_MAX: Millis = Millis(400 * 86_400_000);

/// Which statement.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StatementQuery {
    period: Option<String>,
    customer: Option<String>,
    as_known_at: Option<String>,
}

/// `GET /api/v1/statement`
pub(super) async fn statement(
    State(app): State<App>,
    trusted: Option<Extension<Trusted>>,
    query: Result<Query<StatementQuery>, QueryRejection>,
) -> Response {
    let live = app.live();
    let asked = match query.map(|Query(query)| request(&live, &query, trusted.is_some())) {
        Ok(Ok(asked)) => asked,
        Ok(Err(BadQuery(detail))) => return problem::json(StatusCode::BAD_REQUEST, "bad-query", &detail),
        Err(rejection) => return problem::json(StatusCode::BAD_REQUEST, "bad-query", &rejection.body_text()),
    };
    let data = app.web.data.clone();
    app.judge(move || judged(&live, &data, asked.as_ref())).await.unwrap_or_else(problem::internal)
}

/// What is wrong with a query.
#[derive(Debug)]
pub(super) struct BadQuery(String);

impl BadQuery {
    fn new(what: impl std::fmt::Display) -> Self {
        Self(what.to_string())
    }
}

/// What is asked for; nothing, where it is the statement of the picture.
fn request(live: &Live, query: &StatementQuery, trusted: bool) -> Result<Option<Request>, BadQuery> {
    if query.period.is_none() && query.customer.is_none() && query.as_known_at.is_none() {
        return Ok(None);
    }
    let as_known_at = match &query.as_known_at {
        None => live.as_known_at,
        Some(_) if !trusted => return Err(BadQuery::new("a statement as known earlier needs a token")),
        Some(text) => Instant::parse(text).map_err(BadQuery::new)?.min(live.as_known_at),
    };
    let period = match &query.period {
        None if query.as_known_at.is_some() => live.revisions.month_of(as_known_at),
        None => live.statement.period.clone(),
        Some(name) => period(live, name)?,
    };
    if period.interval.length() > PERIOD_MAX {
        return Err(BadQuery::new("the period is longer than 400 days: ask for one part after another"));
    }
    let customers = match query.customer.as_deref() {
        None => Customers::Nobody,
        // Whoever brings no token is not told of customers, whatever the address looked like.
        Some(_) if !trusted => return Err(BadQuery::new("a customer's statement needs a token")),
        Some("all") => Customers::All,
        Some(id) => Customers::One(CustomerId::parse(id).map_err(BadQuery::new)?),
    };
    Ok(Some(Request { period, as_known_at, customers }))
}

/// The statement of one customer for a period, that in progress where none is named, as it is known now.
pub(super) fn for_customer(live: &Live, customer: CustomerId, period: Option<String>) -> Result<Request, BadQuery> {
    let query = StatementQuery { period, customer: Some(customer.to_string()), as_known_at: None };
    let asked = request(live, &query, true)?.ok_or_else(|| BadQuery::new("nothing is asked for"))?;
    // `all` is a word of the query, and the id of a customer all the same.
    Ok(Request { customers: Customers::One(customer), ..asked })
}

/// The period of that name, by the calendar of the revision that is in force when it begins.
fn period(live: &Live, name: &str) -> Result<Period, BadQuery> {
    let zone = |at| live.revisions.in_force(at).zone();
    let period = Period::parse(name, &zone(live.as_known_at)).map_err(BadQuery::new)?;
    Period::parse(name, &zone(period.interval.from())).map_err(BadQuery::new)
}

fn judged(live: &Live, data: &Path, asked: Option<&Request>) -> Response {
    let inputs = Inputs { digest: live.ledger.root.clone(), lines: live.ledger.size, skipped: 0 };
    let Some(asked) = asked else { return text(live.statement.to_json_text(&inputs)) };
    if asked.as_known_at == live.as_known_at {
        return of(live, live.revisions.all(), &live.history, &inputs, asked);
    }
    match known_at(data, asked.as_known_at) {
        Ok((revisions, history, inputs)) => {
            of(live, revisions.as_ref().unwrap_or(&live.revisions).all(), &history, &inputs, asked)
        }
        Err(error @ BookError::Erased { .. }) => {
            problem::json(StatusCode::GONE, "knowledge-erased", &format!("{error}; ask for what was known later"))
        }
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "what was known earlier cannot be read");
            problem::internal()
        }
    }
}

/// What was recorded by a moment: the revisions in use, the history, and the head of the ledger as it was then. No revisions,
/// where their texts were not kept or do not fit each other, as those of a ledger that once had one at a time.
pub(super) fn known_at(data: &Path, at: Instant) -> Result<(Option<Revisions>, History, Inputs), BookError> {
    let reader = Reader::open(&data.join(FILE))?;
    let book = reader.book(Book::default(), at)?;
    let mut frontier = Frontier::default();
    reader.hashes(0..book.size, |_, hash| {
        frontier.append(hash);
        Ok(())
    })?;
    let revisions = Revisions::new(agreements_in_use(data, &book)?).ok();
    Ok((revisions, book.history(), Inputs { digest: frontier.root().to_string(), lines: book.size, skipped: 0 }))
}

fn of(live: &Live, revisions: &[Agreement], history: &History, inputs: &Inputs, asked: &Request) -> Response {
    match evaluate(revisions, history, asked) {
        Ok(statement) => {
            let answer = text(statement.to_json_text(inputs));
            match frozen_before(live, history, asked) {
                Some(digest) => {
                    let link = format!("</api/v1/statements/{digest}>; rel=\"memento\"");
                    ([(header::LINK, link)], answer).into_response()
                }
                None => answer,
            }
        }
        Err(problems) => {
            let errors = problems.iter().map(|each| json!({ "message": each.to_string(), "help": each.help }));
            let detail = "the agreement does not state what is needed to judge this; `errors` says what";
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            problem::with_errors(status, "cannot-be-judged", detail, errors.collect())
        }
    }
}

/// The text of the statement that was frozen last of what is asked for, where observations of that time were erased: it was
/// made when they were there.
fn frozen_before(live: &Live, history: &History, asked: &Request) -> Option<Digest> {
    history.erased_before().filter(|erased| asked.period.interval.from() < *erased)?;
    let customer = match &asked.customers {
        Customers::Nobody => None,
        Customers::One(customer) => Some(customer),
        Customers::All => return None,
    };
    closing::frozen(live, &asked.period, customer).last().map(|frozen| frozen.fact.text)
}

/// `GET /api/v1/ledger/checkpoint`
pub(super) async fn checkpoint(State(app): State<App>) -> Response {
    match last_signed(&app.web.data) {
        Ok(signed) => ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], signed.note).into_response(),
        Err(_) => problem::json(StatusCode::NOT_FOUND, "not-signed", "nothing of this ledger is signed yet"),
    }
}

/// `GET /api/v1/checks`
pub(super) async fn checks(State(app): State<App>) -> Response {
    let live = app.live();
    let checks = live.checks.iter().map(CheckJson::from).collect();
    let clock = app.web.board.shown().clock.map(|(sync, since)| ClockJson {
        state: sync.name(),
        since: since.to_string(),
        detail: sync.to_string(),
    });
    json(&ChecksJson { as_known_at: live.as_known_at.to_string(), clock, checks })
}

/// `GET /api/v1/ledger`
pub(super) async fn ledger(State(app): State<App>) -> Response {
    let live = app.live();
    let LedgerHead { size, root } = &live.ledger;
    json(&LedgerJson { size: *size, root, as_known_at: live.as_known_at.to_string() })
}

pub(super) fn json(value: &impl Serialize) -> Response {
    serde_json::to_string_pretty(value).map_or_else(|_| problem::internal(), text)
}

pub(super) fn text(mut text: String) -> Response {
    text.push('\n');
    ([(header::CONTENT_TYPE, "application/json")], text).into_response()
}

#[derive(Serialize)]
struct LedgerJson<'a> {
    size: u64,
    root: &'a str,
    as_known_at: String,
}

#[derive(Serialize)]
struct ChecksJson<'a> {
    as_known_at: String,
    clock: Option<ClockJson>,
    checks: Vec<CheckJson<'a>>,
}

#[derive(Serialize)]
struct ClockJson {
    state: &'static str,
    since: String,
    detail: String,
}

#[derive(Serialize)]
struct CheckJson<'a> {
    check: &'a str,
    vantage: &'a str,
    solution: &'a str,
    interface: &'a str,
    interval_seconds: String,
    latest: Option<LatestJson>,
}

#[derive(Serialize)]
struct LatestJson {
    state: &'static str,
    from: String,
    last: String,
    detail: String,
}

impl<'a> From<&'a CheckView> for CheckJson<'a> {
    fn from(check: &'a CheckView) -> Self {
        Self {
            check: check.series.check.as_str(),
            vantage: check.series.vantage.as_str(),
            solution: check.scope.solution.as_str(),
            interface: check.scope.interface.as_str(),
            interval_seconds: check.interval.seconds(),
            latest: check.latest.map(|latest| LatestJson {
                state: latest.state.name(),
                from: latest.from.to_string(),
                last: latest.last.to_string(),
                detail: check.cause.as_ref().map(ToString::to_string).unwrap_or_default(),
            }),
        }
    }
}

type Texts<'a> = BTreeMap<&'static str, &'a str>;

fn texts(text: &Text) -> Texts<'_> {
    text.0.iter().map(|(language, text)| (language.code(), text.as_str())).collect()
}

#[derive(Serialize)]
pub(super) struct AgreementJson<'a> {
    id: &'a str,
    revision: &'a str,
    title: Texts<'a>,
    provider: Texts<'a>,
    languages: Vec<&'static str>,
    authoritative: &'static str,
    note: Option<Texts<'a>>,
    valid: ValidJson,
    documents: Vec<DocumentJson<'a>>,
    clauses: Vec<ClauseJson<'a>>,
    solutions: Vec<SolutionJson<'a>>,
    commitments: Vec<CommitmentJson<'a>>,
}

#[derive(Serialize)]
pub(super) struct ValidJson {
    from: String,
    until: Option<String>,
}

impl ValidJson {
    pub(super) fn of(valid: Interval) -> Self {
        let until = Some(valid.until()).filter(|until| *until < Instant::MAX);
        Self { from: valid.from().to_string(), until: until.map(|until| until.to_string()) }
    }
}

#[derive(Serialize)]
struct DocumentJson<'a> {
    id: &'a str,
    title: Texts<'a>,
    address: Option<&'a str>,
}

#[derive(Serialize)]
struct ClauseJson<'a> {
    id: &'a str,
    force: &'static str,
    title: Texts<'a>,
    text: Texts<'a>,
}

#[derive(Serialize)]
struct SolutionJson<'a> {
    id: &'a str,
    name: Texts<'a>,
    interfaces: Vec<InterfaceJson<'a>>,
}

#[derive(Serialize)]
struct InterfaceJson<'a> {
    id: &'a str,
    name: Texts<'a>,
}

#[derive(Serialize)]
struct CommitmentJson<'a> {
    id: &'a str,
    name: Texts<'a>,
    clause: &'a str,
    kind: &'static str,
    per: &'static str,
    subjects: Vec<String>,
    target: Option<&'a str>,
    terms: BTreeMap<&'static str, TermJson>,
}

#[derive(Serialize)]
struct TermJson {
    value: String,
    origin: String,
}

impl<'a> AgreementJson<'a> {
    /// An agreement as it was read; what its commitments are judged for is as the statement's rows have it.
    pub(super) fn new(agreement: &'a Agreement, statement: &Statement) -> Self {
        Self {
            id: agreement.id.as_str(),
            revision: &agreement.revision,
            title: texts(&agreement.title),
            provider: texts(&agreement.provider),
            languages: agreement.languages.iter().map(|language| language.code()).collect(),
            authoritative: agreement.authoritative.code(),
            note: agreement.note.as_ref().map(texts),
            valid: ValidJson::of(agreement.valid),
            documents: agreement
                .documents
                .iter()
                .map(|d| DocumentJson { id: d.id.as_str(), title: texts(&d.title), address: d.address.as_deref() })
                .collect(),
            clauses: agreement
                .clauses
                .iter()
                .map(|c| ClauseJson {
                    id: c.id.as_str(),
                    force: Force::name(c.force),
                    title: texts(&c.title),
                    text: texts(&c.text),
                })
                .collect(),
            solutions: agreement.solutions.iter().map(SolutionJson::from).collect(),
            commitments: agreement.commitments.iter().map(|each| CommitmentJson::new(each, statement)).collect(),
        }
    }
}

impl<'a> From<&'a uphold_core::agreement::Solution> for SolutionJson<'a> {
    fn from(solution: &'a uphold_core::agreement::Solution) -> Self {
        let interfaces = solution.interfaces.iter();
        Self {
            id: solution.id.as_str(),
            name: texts(&solution.name),
            interfaces: interfaces.map(|i| InterfaceJson { id: i.id.as_str(), name: texts(&i.name) }).collect(),
        }
    }
}

impl<'a> CommitmentJson<'a> {
    fn new(commitment: &'a Commitment, statement: &Statement) -> Self {
        let mut subjects: Vec<String> = Vec::new();
        for row in statement.rows.iter().filter(|row| row.commitment == commitment.id) {
            let subject = row.subject.to_string();
            if !subjects.contains(&subject) {
                subjects.push(subject);
            }
        }
        let term = |term: &Listed| (term.key, TermJson { value: term.value.clone(), origin: term.origin.to_string() });
        Self {
            id: commitment.id.as_str(),
            name: texts(&commitment.name),
            clause: commitment.clause.as_str(),
            kind: commitment.kind(),
            per: commitment.per.name(),
            subjects,
            target: commitment.target().map(|target| target.percent.as_str()),
            terms: commitment.listed.iter().map(term).collect(),
        }
    }
}
