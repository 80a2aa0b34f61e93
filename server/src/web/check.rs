//! One check: what it asks and expects, what each vantage point sees, a timeline that zooms, and the evidence of what failed.
//!
//! Of the history only this check's series are read. What the combined row means is the agreement's: its term for vantage
//! points, with no other check beside.

use std::path::Path;

use askama::Template;
use axum::extract::{self, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use uphold_core::agreement::{Agreement, Clause, Composition, Level, StateTerms};
use uphold_core::evaluate::whole;
use uphold_core::history::{Check, CheckScope, History, Scope};
use uphold_core::id::{CheckId, VantageId};
use uphold_core::interval::{Interval, IntervalSet};
use uphold_core::run::Sight;
use uphold_core::time::Instant;
use uphold_core::timeline::{State as Condition, Timeline};

use super::frame::{self, Frame};
use super::language::Reader;
use super::tell::links;
use super::timeline::{self, Axis, BadSpan, Meaning, Row, Window};
use super::{App, checks, evidence, evidence_page, incident_page, maintenance, paging, problem};
use crate::live::Live;
use crate::schedule;
use crate::wording::{Phrase, Texts, Words};

/// How much evidence a page lists.
const EVIDENCE_SHOWN: usize = 20;

/// How many records of the time that is shown a page lists.
const TOUCHING_SHOWN: usize = 50;

/// Which time, and which page of the evidence.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    from: Option<String>,
    until: Option<String>,
    last: Option<String>,
    /// Evidence at an earlier place than this.
    before: Option<u64>,
}

/// `GET /checks/{check}`
pub(super) async fn show(
    State(app): State<App>,
    Reader(texts): Reader,
    extract::Path(check): extract::Path<String>,
    asked: paging::Asked<Asked>,
) -> Response {
    let (live, data) = (app.live(), app.web.data.clone());
    let asked = asked.map(|Query(asked)| asked).ok();
    let made = app.judge(move || page(texts, &live, &data, &check, asked)).await;
    made.unwrap_or_else(problem::internal)
}

fn page(texts: Texts, live: &Live, data: &Path, check: &str, asked: Option<Asked>) -> Response {
    let found = CheckId::parse(check).ok().map(|id| registered(live, &id)).filter(|found| !found.is_empty());
    let Some(registered) = found else { return problem::no_such(texts, live) };
    let path = format!("/checks/{check}");
    let Some(Asked { from, until, last, before }) = asked else {
        return problem::bad(texts, live, &path, texts.get("bad-parameter"));
    };
    let window = match Window::of(&timeline::Asked { from, until, last }, live.as_known_at) {
        Ok(window) => window,
        Err(bad) => return problem::bad(texts, live, &path, BadSpan::text(bad, texts)),
    };
    match CheckPage::new(texts, live, &registered, window, (data, before)) {
        Ok(page) => frame::respond(StatusCode::OK, texts, &page),
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "the evidence of a check cannot be read");
            problem::internal()
        }
    }
}

/// Every registration of a check.
fn registered(live: &Live, id: &CheckId) -> Vec<Check> {
    live.history.checks.iter().filter(|check| check.series.check == *id).cloned().collect()
}

#[derive(Template)]
#[template(path = "check.html")]
struct CheckPage {
    frame: Frame,
    check: String,
    path: String,
    solution: Phrase,
    /// The solution's page, if the agreement in force has it.
    solution_path: Option<String>,
    interface: Phrase,
    /// Whether it is measured still.
    is_measured: bool,
    /// What it asks and expects: each key as the checks file has it.
    defined: Vec<(String, String)>,
    digest: Option<String>,
    seen: Vec<checks::Line>,
    axis: Axis,
    rows: Vec<Row>,
    /// What the first row counts by, where the agreement judges this interface by states.
    counted: Option<String>,
    /// What was recorded of what it measures, for the time that is shown: a page of it, what it is, and when.
    touching: Vec<(String, String, String)>,
    acts: Vec<links::Link>,
    evidence: Vec<evidence_page::Item>,
    /// Where earlier evidence is.
    earlier: Option<String>,
    /// Whether this is not the first page of the evidence.
    is_continued: bool,
}

impl CheckPage {
    fn new(
        texts: Texts,
        live: &Live,
        registered: &[Check],
        window: Window,
        (data, before): (&Path, Option<u64>),
    ) -> Result<Self, crate::ledger::LedgerError> {
        let words = frame::words(texts, live);
        let now = live.as_known_at;
        let (id, scope) = (&registered[0].series.check, &registered[registered.len() - 1].scope);
        let path = format!("/checks/{id}");
        let (solution, interface) = names(&words, live, scope);
        let mine = live.checks.iter().filter(|view| view.series.check == *id);
        let seen: Vec<checks::Line> = mine.map(|view| checks::line(&words, live, view)).collect();
        let definition = live.definitions.iter().find(|definition| definition.id == *id);
        let (rows, counted) = rows(&words, live, registered, window);
        let (evidence, next) = evidence(&words, live, data, id, (window.span, before))?;
        Ok(Self {
            frame: Frame::new(&words, live, &path, id.to_string()).asking(window.query()),
            solution_path: live
                .agreement
                .find_solution(&scope.solution)
                .map(|found| format!("/solutions/{}", found.id)),
            is_measured: !seen.is_empty(),
            defined: definition.map_or_else(Vec::new, |found| found.defined.says.clone()),
            digest: definition.map(|found| found.defined.digest.to_string()),
            axis: timeline::axis(&words, window, now),
            earlier: next.map(|seq| format!("{path}?{}&before={seq}#evidence", window.query())),
            is_continued: before.is_some(),
            check: id.to_string(),
            path,
            solution,
            interface,
            seen,
            rows,
            counted,
            touching: touching(&words, live, scope, window.span),
            acts: links::check(texts, scope, window.span.from()),
            evidence,
        })
    }
}

/// The names of a solution and an interface, or their ids where the agreement has them no more.
fn names(words: &Words, live: &Live, scope: &CheckScope) -> (Phrase, Phrase) {
    let plain = |text: &str| Phrase { lang: "", text: text.to_owned() };
    let solution = live.agreement.find_solution(&scope.solution);
    let interface = solution.and_then(|found| found.interfaces.iter().find(|each| each.id == scope.interface));
    (
        solution.map_or_else(|| plain(scope.solution.as_str()), |found| words.phrase(&found.name)),
        interface.map_or_else(|| plain(scope.interface.as_str()), |found| words.phrase(&found.name)),
    )
}

/// What was recorded of what a check measures, for a span of time: interruptions, and maintenance; the latest first.
fn touching(words: &Words, live: &Live, scope: &CheckScope, span: Interval) -> Vec<(String, String, String)> {
    let own = Scope {
        solution: Some(scope.solution.clone()),
        interface: Some(scope.interface.clone()),
        parts: scope.parts.clone(),
    };
    let covers = |of: &Scope| of.meets(&own);
    let really = |window: &schedule::Window| {
        let (from, until) = window.actual()?;
        Interval::new(from, until.unwrap_or(live.as_known_at))
    };
    let mut found: Vec<(Instant, (String, String, String))> = Vec::new();
    for fact in live.incidents.iter().filter(|fact| covers(&fact.body.scope)) {
        if fact.body.span.intersect(span).is_some() {
            let line = incident_page::line(words, live, fact);
            let until = line.until.unwrap_or_else(|| words.texts.get("check-goes-on"));
            let kind = words.texts.with("check-incident", &[("cause", line.cause.into())]);
            found.push((fact.body.span.from(), (line.path, kind, format!("{} – {until}", line.from))));
        }
    }
    for window in live.schedule.iter().filter(|window| covers(&window.plan.scope)) {
        let mut times = [Some(window.plan.planned), really(window)].into_iter().flatten();
        if times.any(|time| time.intersect(span).is_some()) {
            let view = maintenance::window_view(words, live, window);
            let kind =
                words.texts.with("check-window", &[("kind", view.kind.into()), ("standing", view.standing.into())]);
            found.push((window.plan.planned.from(), (format!("/maintenance#{}", view.anchor), kind, view.times)));
        }
    }
    found.sort_by_key(|(from, _)| std::cmp::Reverse(*from));
    found.into_iter().map(|(_, line)| line).take(TOUCHING_SHOWN).collect()
}

/// A row of what the vantage points come to together, and a row for each of them.
fn rows(words: &Words, live: &Live, registered: &[Check], window: Window) -> (Vec<Row>, Option<String>) {
    let known = known(live, registered);
    let vantages: std::collections::BTreeSet<&VantageId> =
        known.checks.iter().map(|check| &check.series.vantage).collect();
    let now = live.as_known_at;
    let terms = registered.last().and_then(|check| counting(&live.agreement, &check.scope));
    let mut rows = Vec::new();
    if let Some((_, terms)) = terms {
        let one = (Composition::All, terms.degraded.value, terms.confirm.as_ref().map(|confirm| confirm.value));
        let composition = terms.levels.get(&Level::Vantages).map_or(one.0, |term| term.value.clone());
        let each: Vec<Timeline> =
            vantages.iter().map(|vantage| seen(&known, vantage, (one.1, one.2), Condition::Excluded)).collect();
        let each: Vec<&Timeline> = each.iter().collect();
        let together = Timeline::combine(&each, |states| whole(&composition, states));
        let title = words.texts.get("check-together");
        rows.push(timeline::row(words, title, &together, Meaning::Counted, window, now));
    }
    for vantage in &vantages {
        let line = seen(&known, vantage, (Condition::Excluded, None), Condition::Unknown);
        let title = words.texts.with("check-from", &[("vantage", vantage.as_str().into())]);
        rows.push(timeline::row(words, title, &line, Meaning::Seen, window, now));
    }
    let counted = terms.map(|(clause, _)| {
        words.texts.with("check-counted", &[("clause", clause.id.as_str().into()), ("n", vantages.len().into())])
    });
    (rows, counted)
}

/// What is known of this check alone, corrections applied.
fn known(live: &Live, registered: &[Check]) -> History {
    let (all, id) = (&live.history, &registered[0].series.check);
    let series: std::collections::BTreeSet<_> = registered.iter().map(|check| &check.series).collect();
    let runs = series.iter().filter_map(|series| Some(((*series).clone(), all.runs.get(series)?.clone())));
    let mut own = History::of_measurements(registered.to_vec(), runs.collect(), all.gaps.clone());
    own.facts.corrections.clone_from(&all.facts.corrections);
    let runs = all.facts.named_runs.iter().filter(|run| run.body.series.check == *id);
    own.facts.named_runs = runs.cloned().collect();
    let observations = all.facts.named_observations.iter().filter(|seen| seen.body.series.check == *id);
    own.facts.named_observations = observations.cloned().collect();
    own.known_at(live.as_known_at)
}

/// What one vantage point sees, and `outside` where the check is not registered there.
fn seen(
    known: &History,
    vantage: &VantageId,
    (degraded, confirm): (Condition, Option<uphold_core::agreement::Confirm>),
    outside: Condition,
) -> Timeline {
    let gaps = known.gaps.iter().filter(|gap| gap.vantage.as_ref().is_none_or(|whose| whose == vantage));
    let gaps: IntervalSet = gaps.map(|gap| gap.interval).collect();
    let mut times = IntervalSet::empty();
    let mut line = Timeline::unknown();
    for check in known.checks.iter().filter(|check| check.series.vantage == *vantage) {
        let runs = known.runs.get(&check.series).map_or(&[][..], Vec::as_slice);
        let sight = Sight { staleness: check.staleness, degraded, confirm };
        let active = IntervalSet::from(check.active);
        let own = check.observed(runs, sight, &gaps);
        // Of registrations that share time the later one holds.
        let before = line.overlay(&active, Condition::Unknown);
        let beyond = IntervalSet::from(Interval::ALL).difference(&active);
        line = Timeline::combine(&[&before, &own.overlay(&beyond, Condition::Unknown)], |states| match states[1] {
            Condition::Unknown => states[0],
            state => state,
        });
        times = times.union(&active);
    }
    line.overlay(&IntervalSet::from(Interval::ALL).difference(&times), outside)
}

/// The clause that judges an interface by its states, and its terms.
fn counting<'a>(agreement: &'a Agreement, scope: &CheckScope) -> Option<(&'a Clause, &'a StateTerms)> {
    agreement.find_solution(&scope.solution)?;
    let available = agreement.commitments.iter().find(|commitment| commitment.availability().is_some());
    let judging =
        available.or_else(|| agreement.commitments.iter().find(|commitment| commitment.states().is_some()))?;
    let clause = agreement.clauses.iter().find(|clause| clause.id == judging.clause)?;
    Some((clause, judging.states()?))
}

/// The evidence of a time, the latest first, and the place before which there is more.
fn evidence(
    words: &Words,
    live: &Live,
    data: &Path,
    id: &CheckId,
    (span, before): (Interval, Option<u64>),
) -> Result<(Vec<evidence_page::Item>, Option<u64>), crate::ledger::LedgerError> {
    let kept = live.evidence.iter().filter(|(series, _)| series.check == *id).flat_map(|(_, kept)| kept);
    let within = |at: Instant| span.contains(at) || at == span.until();
    let wanted = kept.filter(|kept| within(kept.at) && before.is_none_or(|before| kept.seq < before));
    let mut places: Vec<u64> = wanted.map(|kept| kept.seq).collect();
    places.sort_unstable_by_key(|seq| std::cmp::Reverse(*seq));
    let (places, more) = paging::cut(places, EVIDENCE_SHOWN);
    let next = places.last().copied().filter(|_| more);
    let found = evidence::facts(data, &places)?;
    Ok((found.iter().map(|(_, fact)| evidence_page::item(words, fact)).collect(), next))
}
