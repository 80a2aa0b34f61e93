//! A customer's own page: its statement, and what concerns it. The customer is that of the session; no request can name one.
//!
//! Not here: what a statement says (`uphold_core::evaluate`).

use std::sync::Arc;

use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use uphold_core::evaluate::evaluate;
use uphold_core::history::{Audience, Facts, Scope};
use uphold_core::id::CustomerId;
use uphold_core::interval::Interval;
use uphold_core::statement::{Inputs, Row, Statement};
use uphold_core::time::{Instant, Millis, Period};

use super::frame::{self, Frame};
use super::language::Reader;
use super::visitor::OwnCustomer;
use super::{App, api, problem, subject};
use crate::live::Live;
use crate::wording::subject::{name, solution_of};
use crate::wording::{Phrase, Texts, Words, when};

/// How many entries of a list the page shows: those that began last.
const SHOWN: usize = 50;

/// Which statement.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    period: Option<String>,
}

type Wanted = Result<Query<Asked>, QueryRejection>;

/// `GET /mine`
pub(super) async fn show(
    State(app): State<App>,
    Reader(texts): Reader,
    OwnCustomer(customer): OwnCustomer,
    wanted: Wanted,
) -> Response {
    match own(&app, customer, wanted).await {
        Ok(own) => frame::respond(StatusCode::OK, texts, &MinePage::new(texts, &own)),
        Err(unfit) => unfit.answer(&app, texts),
    }
}

/// `GET /mine/statement.json`
pub(super) async fn as_json(
    State(app): State<App>,
    Reader(texts): Reader,
    OwnCustomer(customer): OwnCustomer,
    wanted: Wanted,
) -> Response {
    match own(&app, customer, wanted).await {
        Ok(own) => own.file("application/json", "json", own.statement.to_json_text(&own.inputs)),
        Err(unfit) => unfit.answer(&app, texts),
    }
}

/// `GET /mine/statement.html`
pub(super) async fn as_html(
    State(app): State<App>,
    Reader(texts): Reader,
    OwnCustomer(customer): OwnCustomer,
    wanted: Wanted,
) -> Response {
    match own(&app, customer, wanted).await {
        Ok(own) => match crate::statement::html(&own.statement, own.live.revisions.all(), &own.inputs, texts.0) {
            Ok(html) => own.file("text/html; charset=utf-8", "html", html),
            Err(_) => problem::internal(),
        },
        Err(unfit) => unfit.answer(&app, texts),
    }
}

/// Why there is no statement.
enum Unfit {
    BadPeriod,
    /// The agreement does not state what is needed.
    CannotBeJudged,
    Defect,
}

impl Unfit {
    fn answer(self, app: &App, texts: Texts) -> Response {
        let (status, keys) = match self {
            Self::BadPeriod => (StatusCode::BAD_REQUEST, ["bad-period", "bad-period-advice"]),
            Self::CannotBeJudged => (StatusCode::UNPROCESSABLE_ENTITY, ["cannot-be-judged", "cannot-be-judged-advice"]),
            Self::Defect => return problem::internal(),
        };
        problem::page(app, texts, status, keys)
    }
}

/// What is one customer's.
struct Own {
    customer: CustomerId,
    live: Arc<Live>,
    statement: Statement,
    inputs: Inputs,
    /// What is known, corrections applied; of all customers: nothing of it is shown that does not pass [`Own::concerns`].
    facts: Facts,
}

async fn own(app: &App, customer: CustomerId, wanted: Wanted) -> Result<Own, Unfit> {
    let Ok(Query(asked)) = wanted else { return Err(Unfit::BadPeriod) };
    let live = app.live();
    let request = api::for_customer(&live, customer.clone(), asked.period).map_err(|_| Unfit::BadPeriod)?;
    let made = app.judge(move || {
        let facts = live.history.known_at(live.as_known_at).facts;
        let statement = evaluate(live.revisions.all(), &live.history, &request).map_err(|_| Unfit::CannotBeJudged)?;
        let inputs = Inputs { digest: live.ledger.root.clone(), lines: live.ledger.size, skipped: 0 };
        Ok(Own { customer, live, statement, inputs, facts })
    });
    made.await.unwrap_or(Err(Unfit::Defect))
}

impl Own {
    /// A file to keep. As one, nothing in it runs in our name.
    fn file(&self, kind: &'static str, ending: &str, text: String) -> Response {
        let period = self.statement.period.name.replace(['/', ':'], "_");
        let name = format!("attachment; filename=\"statement-{}-{period}.{ending}\"", self.customer);
        ([(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, name)], text).into_response()
    }

    /// Whether something is about this customer, or about what it shares with all others.
    fn concerns(&self, scope: &Scope) -> bool {
        if let Some(customer) = &scope.parts.customer {
            return *customer == self.customer;
        }
        // Something of an instance that belongs to somebody is theirs, although it does not name them.
        if let Some(instance) = &scope.parts.instance {
            let owners = self.facts.resources.iter().map(|resource| &resource.body.scope.parts);
            let mut owners = owners.filter(|parts| parts.instance.as_ref() == Some(instance));
            if owners.any(|parts| parts.customer.as_ref().is_some_and(|customer| *customer != self.customer)) {
                return false;
            }
        }
        let mut used = self.facts.entitlements.iter().map(|each| &each.body.scope);
        let mut used = used.by_ref().filter(|used| used.parts.customer.as_ref() == Some(&self.customer)).peekable();
        let is_known = used.peek().is_some();
        !is_known
            || scope.solution.is_none()
            || used.any(|used| used.solution.is_none() || used.solution == scope.solution)
    }
}

#[derive(Template)]
#[template(path = "mine.html")]
struct MinePage {
    frame: Frame,
    customer: String,
    period: String,
    /// The same, for the address of another form of the statement.
    period_name: String,
    /// The months beside it: the name, and what is asked for.
    others: Vec<(String, String)>,
    rows: Vec<RowView>,
    lists: Vec<List>,
}

struct RowView {
    clause: String,
    commitment: Phrase,
    solution: Option<Phrase>,
    subject: Phrase,
    period: String,
    figures: Vec<(String, String)>,
    promised: String,
    verdict: String,
}

/// Entries of one kind.
struct List {
    title: String,
    /// What is said where there are none.
    none: String,
    head: Vec<String>,
    rows: Vec<Vec<String>>,
    /// How many more there are.
    more: usize,
}

impl MinePage {
    fn new(texts: Texts, own: &Own) -> Self {
        let words = frame::words(texts, &own.live);
        let period = &own.statement.period;
        Self {
            frame: Frame::new(&words, &own.live, "/mine", texts.get("nav-mine")),
            customer: own.customer.to_string(),
            period: when::period(&words, period),
            period_name: period.name.clone(),
            others: others(&words, own, period),
            rows: own.statement.rows.iter().filter_map(|row| row_view(&words, own, row)).collect(),
            lists: vec![
                entitlements(&words, own),
                maintenance(&words, own),
                incidents(&words, own),
                suspensions(&words, own),
                notices(&words, own),
            ],
        }
    }
}

/// The month before and the one after, where something can be known of them.
fn others(words: &Words, own: &Own, period: &Period) -> Vec<(String, String)> {
    let month = |at: Instant| own.live.revisions.month_of(at);
    let before = Some(month(period.interval.from() - Millis(1)));
    let before = before.filter(|month| month.interval.until() > own.live.revisions.valid().from());
    let after = Some(month(period.interval.until())).filter(|month| month.interval.from() < own.live.as_known_at);
    let named = |month: Period| (when::period(words, &month), month.name);
    before.into_iter().chain(after).map(named).collect()
}

fn row_view(words: &Words, own: &Own, row: &Row) -> Option<RowView> {
    let agreement = subject::find(&own.live, row).unwrap_or(&own.live.agreement);
    let commitment = agreement.commitments.iter().find(|commitment| commitment.id == row.commitment)?;
    let target = row.target.as_ref();
    Some(RowView {
        clause: words.texts.with("clause-number", &[("id", commitment.clause.as_str().into())]),
        commitment: words.phrase(&commitment.name),
        solution: solution_of(agreement, &row.subject).map(|solution| words.phrase(&solution.name)),
        subject: name(words, agreement, &row.subject),
        period: when::period(words, &row.period),
        figures: subject::figures(words, row),
        promised: target.map_or_else(String::new, |target| {
            words.texts.with("promised", &[("percent", target.percent.as_str().into())])
        }),
        verdict: words.verdict(row.verdict),
    })
}

/// What a fact is about, by its names.
fn about(words: &Words, own: &Own, scope: &Scope) -> String {
    let agreement = &own.live.agreement;
    let solution = scope.solution.as_ref().map(|id| match agreement.find_solution(id) {
        Some(solution) => words.phrase(&solution.name).text,
        None => id.to_string(),
    });
    let whole = uphold_core::agreement::Subject {
        solution: scope.solution.clone(),
        interface: scope.interface.clone(),
        parts: scope.parts.clone(),
    };
    let part = name(words, agreement, &whole).text;
    let parts: Vec<String> = solution.into_iter().chain([part]).collect();
    words.list(&parts)
}

fn from(words: &Words, span: Interval) -> String {
    words.validity(span)
}

fn maybe(words: &Words, at: Option<Instant>) -> String {
    at.map_or_else(|| "—".to_owned(), |at| words.moment(at))
}

/// A list of what began last, from what began at which moment.
fn list(words: &Words, keys: [&str; 2], head: &[&str], mut entries: Vec<(Instant, Vec<String>)>) -> List {
    entries.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    let more = entries.len().saturating_sub(SHOWN);
    let [title, none] = keys.map(|key| words.texts.get(key));
    let rows = entries.into_iter().take(SHOWN).map(|(_, row)| row).collect();
    List { title, none, head: head.iter().map(|key| words.texts.get(key)).collect(), rows, more }
}

fn entitlements(words: &Words, own: &Own) -> List {
    let mine = own.facts.entitlements.iter().map(|fact| &fact.body);
    let mine = mine.filter(|each| each.scope.parts.customer.as_ref() == Some(&own.customer));
    let row = |each: &uphold_core::history::Entitlement| {
        let paid = words.texts.get(if each.paid { "mine-paid" } else { "mine-not-paid" });
        (each.span.from(), vec![about(words, own, &each.scope), paid, from(words, each.span)])
    };
    let head = ["mine-about", "mine-kind", "mine-when"];
    list(words, ["mine-entitlements", "mine-entitlements-none"], &head, mine.map(row).collect())
}

fn maintenance(words: &Words, own: &Own) -> List {
    let mine = own.facts.maintenance.iter().map(|fact| &fact.body).filter(|each| own.concerns(&each.scope));
    let row = |each: &uphold_core::history::Maintenance| {
        let really = match (each.actual_from, each.actual_until) {
            (None, _) => "—".to_owned(),
            (Some(began), ended) => {
                Interval::new(began, ended.unwrap_or(Instant::MAX)).map_or_else(String::new, |span| from(words, span))
            }
        };
        let planned = from(words, each.planned);
        let (kind, status) = (each.class.clone(), each.status.name().to_owned());
        (each.planned.from(), vec![about(words, own, &each.scope), kind, status, planned, really])
    };
    let head = ["mine-about", "mine-kind", "mine-status", "mine-planned", "mine-really"];
    list(words, ["mine-maintenance", "mine-maintenance-none"], &head, mine.map(row).collect())
}

fn incidents(words: &Words, own: &Own) -> List {
    let mine = own.facts.incidents.iter().map(|fact| &fact.body).filter(|each| own.concerns(&each.scope));
    let row = |each: &uphold_core::history::Incident| {
        (each.span.from(), vec![about(words, own, &each.scope), each.cause.clone(), from(words, each.span)])
    };
    let head = ["mine-about", "mine-cause", "mine-when"];
    list(words, ["mine-incidents", "mine-incidents-none"], &head, mine.map(row).collect())
}

fn suspensions(words: &Words, own: &Own) -> List {
    let mine = own.facts.suspensions.iter().map(|fact| &fact.body);
    let mine = mine.filter(|each| each.scope.parts.customer.as_ref() == Some(&own.customer));
    let row = |each: &uphold_core::history::Suspension| {
        let times = [Some(each.ordered_at), each.enforced_at, each.lifted_at].map(|at| maybe(words, at));
        let row = [about(words, own, &each.scope), each.act.clone()].into_iter().chain(times).collect();
        (each.ordered_at, row)
    };
    let head = ["mine-about", "mine-cause", "mine-ordered", "mine-enforced", "mine-lifted"];
    list(words, ["mine-suspensions", "mine-suspensions-none"], &head, mine.map(row).collect())
}

fn notices(words: &Words, own: &Own) -> List {
    let is_mine = |audience: &Audience| match audience {
        Audience::Public => true,
        Audience::Customer(customer) => *customer == own.customer,
    };
    let mine = own.facts.notices.iter().filter(|fact| is_mine(&fact.body.audience));
    let row = |fact: &uphold_core::history::Fact<uphold_core::history::Notice>| {
        let notice = &fact.body;
        let given = notice.published_at.or(notice.accepted_at);
        let times = [given, notice.delivered_at, notice.acknowledged_at].map(|at| maybe(words, at));
        let row = [notice.about.to_string(), notice.kind.clone(), notice.channel.clone()].into_iter().chain(times);
        (given.unwrap_or(fact.recorded_at), row.collect())
    };
    let head = ["mine-about", "mine-kind", "mine-channel", "mine-given", "mine-delivered", "mine-read"];
    list(words, ["mine-notices", "mine-notices-none"], &head, mine.map(row).collect())
}
