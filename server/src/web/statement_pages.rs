//! Statements as pages and files, for everybody or of one customer: which there are, each as a document, and the same to keep.
//!
//! Not here: who may see a customer's (`mine.rs`, `customers.rs`).

use std::collections::BTreeMap;
use std::path::Path as File;
use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use bytes::Bytes;
use serde::Deserialize;
use uphold_core::agreement::Language;
use uphold_core::ledger::book::Frozen;
use uphold_core::statement::Verdict;
use uphold_core::time::Millis;
use uphold_core::time::Period;

use super::concerns::Cell;
use super::frame::{self, Frame};
use super::language::Reader;
use super::made::{self, Changed, Made, NotMade, Which, Whose};
use super::paging::Asked;
use super::visitor::Visitor;
use super::{App, assets, problem};
use crate::accounts::Role;
use crate::live::Live;
use crate::operate::closing;
use crate::printer::NoPdf;
use crate::statement::{self, Around};
use crate::wording::{Phrase, Texts, Words, measured, when};

/// How many months a page lists.
const MONTHS: usize = 24;

/// Which page of the list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListQuery {
    page: Option<usize>,
}

/// Which version, and in which language where a file cannot ask for it otherwise.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct VersionQuery {
    number: Option<u64>,
    lang: Option<String>,
    /// Of a page, which part of the rows is told in full.
    part: Option<usize>,
}

/// `GET /statements`
pub(super) async fn list(State(app): State<App>, Reader(texts): Reader, query: Asked<ListQuery>) -> Response {
    let live = app.live();
    let Ok(Query(ListQuery { page })) = query else { return problem::bad_query(texts, &live) };
    let data = app.web.data.clone();
    let made = app.judge(move || ListPage::new(texts, &live, &data, page.unwrap_or(1)).ok_or(live)).await;
    match made {
        Some(Ok(page)) => frame::respond(StatusCode::OK, texts, &page),
        Some(Err(live)) => problem::bad_query(texts, &live),
        None => problem::internal(),
    }
}

/// `GET /statements/{period}`
pub(super) async fn show(
    State(app): State<App>,
    Reader(texts): Reader,
    Path(period): Path<String>,
    query: Asked<VersionQuery>,
) -> Response {
    shown(&app, texts, &Whose::Everybody, &period, query).await
}

/// `GET /statements/{period}/{file}`
pub(super) async fn file(
    State(app): State<App>,
    Reader(texts): Reader,
    Path((period, name)): Path<(String, String)>,
    query: Asked<VersionQuery>,
) -> Response {
    kept(&app, texts, &Whose::Everybody, (&period, &name), query).await
}

/// A statement as a page.
pub(super) async fn shown(
    app: &App,
    texts: Texts,
    whose: &Whose,
    period: &str,
    query: Asked<VersionQuery>,
) -> Response {
    let live = app.live();
    let (which, part) = match which(texts, &live, whose, period, query) {
        Ok((which, _, part)) => (which, part),
        Err(refused) => return *refused,
    };
    let (shared, of) = (Arc::clone(app), which.clone());
    let page = app.judge(move || page(&shared, texts, &live, &of, part)).await;
    page.unwrap_or_else(problem::internal)
}

/// A statement as a file of that name.
pub(super) async fn kept(
    app: &App,
    texts: Texts,
    whose: &Whose,
    (period, name): (&str, &str),
    query: Asked<VersionQuery>,
) -> Response {
    let live = app.live();
    let asked = which(texts, &live, whose, period, query).and_then(|(which, texts, _)| {
        let kind = Format::ALL.into_iter().find(|kind| name == kind.name());
        kind.map(|kind| (which, texts, kind)).ok_or_else(|| Box::new(unknown(texts, &live)))
    });
    match asked {
        Ok((which, texts, kind)) => download(app, texts, live, which, kind).await,
        Err(refused) => *refused,
    }
}

/// Every version of every month of whose statements they are, the newest first; of a month that is not frozen what is said now.
pub(super) fn versions_of(live: &Live, whose: &Whose) -> Vec<Which> {
    let mut frozen: BTreeMap<&str, Vec<&Frozen>> = BTreeMap::new();
    for each in live.statements.iter().filter(|each| each.fact.customer.as_ref() == whose.customer()) {
        frozen.entry(&each.fact.period).or_default().push(each);
    }
    let versions = |period: Period| -> Vec<Which> {
        let of = |frozen: Option<Frozen>| Which { whose: whose.clone(), period: period.clone(), frozen };
        match frozen.get(period.name.as_str()) {
            Some(all) => all.iter().rev().map(|each| of(Some(Frozen::clone(each)))).collect(),
            None => vec![of(None)],
        }
    };
    made::months(live).into_iter().flat_map(versions).collect()
}

/// A version as the entry of a list: its month, which it is, whether it still changes, and the files of it.
pub(super) fn cells(words: &Words, live: &Live, which: &Which, has_printer: bool) -> Vec<Cell> {
    let files = FILES.iter().filter(|(kind, _)| *kind != Format::Pdf || has_printer && may_print(which));
    let file = |(kind, key): &(Format, &str)| (address(which, Some((*kind, words.texts))), words.texts.get(key));
    vec![
        when::period(words, &which.period).into(),
        Cell { text: String::new(), links: vec![(address(which, None), version_name(words, which))] },
        standing(words, live, which).into(),
        Cell { text: String::new(), links: files.map(file).collect() },
    ]
}

/// What a statement can be kept as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Html,
    Json,
    Csv,
    Pdf,
}

/// The files of a statement, and the key of what each is.
const FILES: [(Format, &str); 4] = [
    (Format::Html, "statements-as-html"),
    (Format::Csv, "statements-as-csv"),
    (Format::Json, "statements-as-json"),
    (Format::Pdf, "statements-as-pdf"),
];

impl Format {
    const ALL: [Self; 4] = [Self::Html, Self::Json, Self::Csv, Self::Pdf];

    fn name(self) -> &'static str {
        match self {
            Self::Html => "statement.html",
            Self::Json => "statement.json",
            Self::Csv => "statement.csv",
            Self::Pdf => "statement.pdf",
        }
    }

    fn kind(self) -> &'static str {
        match self {
            Self::Html => "text/html; charset=utf-8",
            Self::Json => "application/json",
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Pdf => "application/pdf",
        }
    }
}

/// Whether a reader may have a PDF. What is frozen is printed once and kept; what still changes would be printed anew for every
/// request, so that it is for those who may see everything.
fn may_print(which: &Which) -> bool {
    which.frozen.is_some() || Visitor::current().may(Role::Viewer)
}

type Refusal = Box<Response>;

fn which(
    texts: Texts,
    live: &Live,
    whose: &Whose,
    period: &str,
    query: Asked<VersionQuery>,
) -> Result<(Which, Texts, usize), Refusal> {
    let bad = || Box::new(problem::bad_query(texts, live));
    let Query(VersionQuery { number, lang, part }) = query.map_err(|_| bad())?;
    let texts = match lang {
        None => texts,
        Some(code) => Texts(Language::find(&code).ok_or_else(bad)?),
    };
    let which = made::find(live, whose, period, number).ok_or_else(|| Box::new(unknown(texts, live)))?;
    Ok((which, texts, part.unwrap_or(1)))
}

fn unknown(texts: Texts, live: &Live) -> Response {
    let said = (texts.get("statements-unknown"), texts.get("statements-unknown-advice"));
    problem::show(StatusCode::NOT_FOUND, texts, live, said)
}

fn not_made(texts: Texts, live: &Live, why: &NotMade) -> Response {
    if let NotMade::Ledger(error) = why {
        tracing::error!(error = error as &dyn std::error::Error, "a statement cannot be made again");
        return problem::internal();
    }
    let (status, advice) = match why {
        NotMade::Open => (StatusCode::UNPROCESSABLE_ENTITY, texts.get("statements-open-advice")),
        NotMade::Erased | NotMade::Ledger(_) => (StatusCode::GONE, texts.get("statements-erased-advice")),
    };
    problem::show(status, texts, live, (texts.get("statements-not-made"), advice))
}

/// The address of a statement, or of a file of it.
fn address(which: &Which, file: Option<(Format, Texts)>) -> String {
    let number = which.frozen.as_ref().map(|frozen| format!("number={}", frozen.fact.number));
    let lang = file.map(|(_, texts)| format!("lang={}", texts.code()));
    let query: Vec<String> = number.into_iter().chain(lang).collect();
    let mark = if query.is_empty() { "" } else { "?" };
    let name = file.map_or_else(String::new, |(kind, _)| format!("/{}", kind.name()));
    format!("{}/statements/{}{name}{mark}{}", which.whose.base(), which.period.name, query.join("&"))
}

fn page(app: &App, texts: Texts, live: &Live, which: &Which, part: usize) -> Response {
    let made = match made::make(live, &app.web.data, &app.statements, which) {
        Ok(made) => made,
        Err(why) => return not_made(texts, live, &why),
    };
    let words = &frame::words(texts, live);
    let has_printer = app.web.printer.is_there() && may_print(which);
    let file = |(kind, key): &(Format, &str)| (address(which, Some((*kind, texts))), texts.get(key));
    let around = Around {
        style: assets::address("statement.css"),
        standing: format!("{} · {}", version_name(words, which), standing(words, live, which)),
        files: FILES.iter().filter(|(kind, _)| has_printer || *kind != Format::Pdf).map(file).collect(),
        hint: texts.get(if has_printer { "statements-print-or-pdf" } else { "statements-print" }),
        path: address(which, None),
        part,
        list: format!("{}/statements", which.whose.base()),
    };
    let Made { statement, agreements, inputs } = &*made;
    match statement::html_page(statement, agreements, inputs, texts.0, Some(around)) {
        Ok(html) => {
            let told = [("content-language", texts.code()), ("vary", "cookie, accept-language")];
            (told, Html(html)).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "a statement could not be rendered");
            problem::internal()
        }
    }
}

/// Whether a version is frozen and since when, or still changes.
fn standing(words: &Words, live: &Live, which: &Which) -> String {
    let texts = words.texts;
    match &which.frozen {
        Some(frozen) => texts.with("statements-frozen", &[("moment", words.moment(frozen.recorded_at).into())]),
        None if which.period.interval.contains(live.as_known_at) => texts.get("statements-in-progress"),
        None => {
            let closes = words.moment(closing::closes_at(live, &which.period));
            texts.with("statements-until-frozen", &[("moment", closes.into())])
        }
    }
}

async fn download(app: &App, texts: Texts, live: Arc<Live>, which: Which, kind: Format) -> Response {
    if kind == Format::Pdf && !may_print(&which) {
        return no_pdf(texts, &live, &NoPdf::NoBrowser);
    }
    let (shared, of, picture) = (Arc::clone(app), which.clone(), Arc::clone(&live));
    let made = app.judge(move || body(&shared, texts, &picture, &of, kind)).await;
    let body = match made {
        Some(Ok(body)) => body,
        Some(Err(why)) => return not_made(texts, &live, &why),
        None => return problem::internal(),
    };
    if kind != Format::Pdf {
        return attached(&live, &which, kind, body.into());
    }
    match app.web.printer.pdf(body).await {
        Ok(pdf) => attached(&live, &which, kind, pdf),
        Err(why) => no_pdf(texts, &live, &why),
    }
}

/// A file to keep, with a name that says what it is.
fn attached(live: &Live, which: &Which, kind: Format, bytes: Bytes) -> Response {
    let number = which.frozen.as_ref().map_or_else(|| "now".to_owned(), |frozen| frozen.fact.number.to_string());
    let (_, extension) = kind.name().split_once('.').unwrap_or_default();
    let whom = which.whose.customer().map_or_else(String::new, |customer| format!("{customer}-"));
    let name = format!("{}-{whom}{}-{number}.{extension}", live.agreement.id, which.period.name);
    let disposition = format!("attachment; filename=\"{name}\"");
    ([(header::CONTENT_TYPE, kind.kind()), (header::CONTENT_DISPOSITION, disposition.as_str())], bytes).into_response()
}

/// The file as text: of a PDF the document that it is made of.
fn body(app: &App, texts: Texts, live: &Live, which: &Which, kind: Format) -> Result<String, NotMade> {
    if let (Format::Json, Some(frozen)) = (kind, &which.frozen) {
        let text = made::text(&app.web.data, frozen.fact.text);
        return text.map_err(|error| NotMade::Ledger(error.into()))?.ok_or(NotMade::Erased);
    }
    let made = made::make(live, &app.web.data, &app.statements, which)?;
    let Made { statement, agreements, inputs } = &*made;
    Ok(match kind {
        Format::Json => statement.to_json_text(inputs),
        Format::Csv => statement::csv(statement, inputs),
        Format::Html | Format::Pdf => statement::html(statement, agreements, inputs, texts.0).unwrap_or_default(),
    })
}

fn no_pdf(texts: Texts, live: &Live, why: &NoPdf) -> Response {
    let advice = match why {
        NoPdf::NoBrowser => texts.get("statements-print"),
        NoPdf::Busy => texts.get("statements-busy-advice"),
        NoPdf::Failed(error) => {
            tracing::error!(error = error as &dyn std::error::Error, "no PDF could be made");
            texts.get("statements-print")
        }
    };
    let status = if matches!(why, NoPdf::NoBrowser) { StatusCode::NOT_FOUND } else { StatusCode::SERVICE_UNAVAILABLE };
    problem::show(status, texts, live, (texts.get("statements-no-pdf"), advice))
}

#[derive(Template)]
#[template(path = "statements.html")]
struct ListPage {
    frame: Frame,
    months: Vec<MonthView>,
    newer: Option<usize>,
    older: Option<usize>,
}

/// One month with its versions, the newest first.
struct MonthView {
    name: String,
    versions: Vec<VersionView>,
}

struct VersionView {
    address: String,
    name: String,
    standing: String,
    known: String,
    /// What it changed of the version before it; absent for the first one, and where a text was erased.
    changed: Option<Vec<ChangedView>>,
}

struct ChangedView {
    name: Phrase,
    subject: String,
    values: Vec<(String, String, String)>,
}

impl ListPage {
    fn new(texts: Texts, live: &Live, data: &File, page: usize) -> Option<Self> {
        let words = frame::words(texts, live);
        let all = made::months(live);
        let begin = page.checked_sub(1)?.checked_mul(MONTHS)?;
        if begin >= all.len() {
            return None;
        }
        let shown = all.iter().skip(begin).take(MONTHS);
        let months = shown.map(|period| MonthView {
            name: when::period(&words, period),
            versions: versions(&words, live, data, period),
        });
        Some(Self {
            months: months.collect(),
            newer: (page > 1).then(|| page - 1),
            older: (all.len() > begin + MONTHS).then_some(page + 1),
            frame: Frame::new(&words, live, "/statements", texts.get("statements-title")),
        })
    }
}

fn versions(words: &Words, live: &Live, data: &File, period: &Period) -> Vec<VersionView> {
    let frozen: Vec<_> = closing::frozen(live, period, None).cloned().collect();
    let text = |at: usize| made::text(data, frozen[at].fact.text).ok().flatten();
    let one = |at: usize| {
        let which = Which { whose: Whose::Everybody, period: period.clone(), frozen: Some(frozen[at].clone()) };
        let changed = at.checked_sub(1).and_then(|before| Some(made::changes(&text(before)?, &text(at)?)));
        version(words, live, &which, changed)
    };
    if frozen.is_empty() {
        return vec![version(
            words,
            live,
            &Which { whose: Whose::Everybody, period: period.clone(), frozen: None },
            None,
        )];
    }
    (0..frozen.len()).rev().map(one).collect()
}

fn version(words: &Words, live: &Live, which: &Which, changed: Option<Vec<Changed>>) -> VersionView {
    let texts = words.texts;
    let known = which.frozen.as_ref().map_or(live.as_known_at, |frozen| frozen.fact.as_known_at);
    VersionView {
        address: address(which, None),
        name: version_name(words, which),
        standing: standing(words, live, which),
        known: texts.with("foot-known", &[("moment", words.moment(known).into())]),
        changed: changed.map(|all| all.into_iter().map(|each| changed_view(words, live, each)).collect()),
    }
}

fn version_name(words: &Words, which: &Which) -> String {
    match &which.frozen {
        Some(frozen) => {
            let number = words.number(&frozen.fact.number.to_string());
            words.texts.with("statements-version", &[("number", number.into())])
        }
        None => words.texts.get("statements-now"),
    }
}

fn changed_view(words: &Words, live: &Live, changed: Changed) -> ChangedView {
    let found = live.revisions.all().iter().rev().flat_map(|agreement| &agreement.commitments);
    let found = found.into_iter().find(|commitment| commitment.id.as_str() == changed.commitment);
    let plain = Phrase { lang: "", text: changed.commitment.clone() };
    let said = |key: &str, value: String| match Verdict::ALL.into_iter().find(|each| each.name() == value) {
        Some(verdict) if key == "verdict" => words.verdict(verdict),
        _ => length(key, &value).map_or(value, |length| words.exact_length(length)),
    };
    let values = changed.values.into_iter();
    let values = values.map(|(key, old, new)| (value_name(words.texts, &key), said(&key, old), said(&key, new)));
    ChangedView {
        name: found.map_or(plain, |commitment| words.phrase(&commitment.name)),
        subject: changed.subject,
        values: values.collect(),
    }
}

/// A value that is a length of time: its text has seconds, with a part of one after the point.
fn length(key: &str, value: &str) -> Option<Millis> {
    let is_one = ["down", "excluded", "unknown"].contains(&key)
        || key.strip_prefix("measured.").is_some_and(|key| measured::LENGTHS.contains(&key));
    let (sign, digits) = value.strip_prefix('-').map_or((1, value), |digits| (-1, digits));
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let (whole, part): (i64, i64) = (whole.parse().ok()?, format!("{part:0<3}").parse().ok()?);
    is_one.then_some(Millis(sign * whole.saturating_mul(1000).saturating_add(part)))
}

fn value_name(texts: Texts, key: &str) -> String {
    match key {
        "verdict" => texts.get("statement-verdict"),
        "lower" => texts.get("statements-lower"),
        "upper" => texts.get("statements-upper"),
        "down" => texts.get("statements-down"),
        "excluded" => texts.get("statements-excluded"),
        "unknown" => texts.get("statements-not-known"),
        "credit" => texts.get("statement-owed"),
        "claim" => texts.get("statements-claim"),
        other => measured::label(texts, other.trim_start_matches("measured.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_read_from_a_frozen_text_and_other_values_are_not() {
        assert_eq!(length("down", "3661.5"), Some(Millis(3_661_500)));
        assert_eq!(length("measured.shortest_notice", "-0.25"), Some(Millis(-250)));
        assert_eq!(length("unknown", "0"), Some(Millis(0)));
        for (key, value) in [("measured.windows", "3"), ("lower", "99.95"), ("down", ""), ("credit", "10.00")] {
            assert_eq!(length(key, value), None, "{key}");
        }
        let words = Words { texts: Texts(uphold_core::agreement::Language::En), zone: uphold_core::time::Zone::utc() };
        let shown = |length: i64| words.exact_length(Millis(length)).replace('\u{a0}', " ");
        let read: Vec<String> = [3_661_500, -250, 0, 90_000, 60_001].map(shown).into();
        assert_eq!(read, ["1 h 1 min 1.500 s", "−0.250 s", "0 s", "1 min 30 s", "1 min 0.001 s"]);
    }
}
