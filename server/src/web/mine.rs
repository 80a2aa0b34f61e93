//! A customer's own page: how it stands, its statement of a month, and what concerns it. The customer is that of the session; no
//! request can name one.
//!
//! Not here: what a statement says (`uphold_core::evaluate`), the lists (`concerns.rs`), and the statements as documents and
//! files (`statement_pages.rs`).

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use uphold_core::evaluate::evaluate;
use uphold_core::id::CustomerId;
use uphold_core::statement::{Row, Statement};

use super::concerns::{self, Concerns, ListView};
use super::frame::{self, Frame};
use super::language::Reader;
use super::made::{self, Whose};
use super::paging::{Asked, PageOf};
use super::standing::{self, CoveredView, Said, Standing};
use super::statement_pages::{self, VersionQuery};
use super::visitor::OwnCustomer;
use super::{App, api, problem, subject};
use crate::live::Live;
use crate::wording::subject::{name, solution_of};
use crate::wording::{Phrase, Texts, Words, when};

/// How many months can be chosen: those that are over for longer are in the list of statements.
const MONTHS: usize = 36;

/// Which statement.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OfMonth {
    period: Option<String>,
}

/// `GET /mine`
pub(super) async fn show(
    State(app): State<App>,
    Reader(texts): Reader,
    OwnCustomer(customer): OwnCustomer,
    asked: Asked<OfMonth>,
) -> Response {
    let unfit = |keys| problem::page(&app, texts, StatusCode::BAD_REQUEST, keys);
    let Ok(Query(OfMonth { period })) = asked else { return unfit(["bad-period", "bad-period-advice"]) };
    match own(&app, texts, customer, period).await {
        Ok(page) => frame::respond(StatusCode::OK, texts, &page),
        Err(unfit) => unfit.answer(&app, texts),
    }
}

/// `GET /mine/{list}`
pub(super) async fn list(
    State(app): State<App>,
    Reader(texts): Reader,
    OwnCustomer(customer): OwnCustomer,
    Path(name): Path<String>,
    asked: Asked<PageOf>,
) -> Response {
    let live = app.live();
    let Ok(Query(asked)) = asked else { return problem::bad_query(texts, &live) };
    let shared = Arc::clone(&app);
    let work = move || concerns::page(&shared, texts, &live, &Whose::Own(customer), &name, asked.number());
    app.judge(work).await.unwrap_or_else(problem::internal)
}

/// `GET /mine/statements/{period}`
pub(super) async fn statement(
    State(app): State<App>,
    Reader(texts): Reader,
    OwnCustomer(customer): OwnCustomer,
    Path(period): Path<String>,
    asked: Asked<VersionQuery>,
) -> Response {
    statement_pages::shown(&app, texts, &Whose::Own(customer), &period, asked).await
}

/// `GET /mine/statements/{period}/{file}`
pub(super) async fn file(
    State(app): State<App>,
    Reader(texts): Reader,
    OwnCustomer(customer): OwnCustomer,
    Path((period, name)): Path<(String, String)>,
    asked: Asked<VersionQuery>,
) -> Response {
    statement_pages::kept(&app, texts, &Whose::Own(customer), (&period, &name), asked).await
}

/// Why there is no page.
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

async fn own(app: &App, texts: Texts, customer: CustomerId, period: Option<String>) -> Result<MinePage, Unfit> {
    let live = app.live();
    let request = api::for_customer(&live, customer.clone(), period).map_err(|_| Unfit::BadPeriod)?;
    let has_printer = app.web.printer.is_there();
    let made = app.judge(move || {
        let statement = evaluate(live.revisions.all(), &live.history, &request).map_err(|_| Unfit::CannotBeJudged)?;
        Ok(MinePage::new(texts, &live, customer, &statement, has_printer))
    });
    made.await.unwrap_or(Err(Unfit::Defect))
}

#[derive(Template)]
#[template(path = "mine.html")]
struct MinePage {
    frame: Frame,
    customer: String,
    says: Vec<Said>,
    solutions: Vec<CoveredView>,
    period: String,
    /// The address of the statement of that month as a document.
    document: Option<String>,
    /// The months that can be chosen: what is asked for, the name, and whether it is this one.
    months: Vec<(String, String, bool)>,
    rows: Vec<RowView>,
    lists: Vec<ListView>,
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

impl MinePage {
    fn new(texts: Texts, live: &Live, customer: CustomerId, statement: &Statement, has_printer: bool) -> Self {
        let words = frame::words(texts, live);
        let period = &statement.period;
        let records = standing::of(live, &customer).unwrap_or_default();
        let standing = Standing::new(live, &records);
        let whose = Whose::Own(customer.clone());
        let all = made::months(live);
        let document = all.iter().any(|month| month.name == period.name);
        let month = |month: uphold_core::time::Period| {
            (month.name.clone(), when::period(&words, &month), month.name == period.name)
        };
        Self {
            frame: Frame::new(&words, live, "/mine", texts.get("nav-mine")),
            says: standing::says(&words, live, &records, &standing),
            solutions: standing::solutions(&words, &standing),
            period: when::period(&words, period),
            document: document.then(|| format!("/mine/statements/{}", period.name)),
            months: all.into_iter().take(MONTHS).map(month).collect(),
            rows: statement.rows.iter().filter_map(|row| row_view(&words, live, row)).collect(),
            lists: Concerns::new(&words, live, &customer, &whose, has_printer).beginnings(),
            customer: customer.to_string(),
        }
    }
}

fn row_view(words: &Words, live: &Live, row: &Row) -> Option<RowView> {
    let agreement = subject::find(live, row).unwrap_or(&live.agreement);
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
