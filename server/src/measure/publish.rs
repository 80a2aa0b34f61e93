//! Publishing: the picture that pages and interfaces show, made from the book after every flush.

use std::collections::BTreeMap;
use std::sync::Arc;

use uphold_core::agreement::Agreement;
use uphold_core::evaluate::{Customers, Request, budget, burns, evaluate, subjects, timeline_over};
use uphold_core::history::History;
use uphold_core::id::Series;
use uphold_core::ledger::digest::Digest;
use uphold_core::statement::{Row, Statement};
use uphold_core::time::{Instant, Millis, Zone};
use uphold_probe::outcome::Cause;

use super::{Engine, Settings, Target};
use crate::ledger::book::Book;
use crate::live::{BudgetView, CheckView, LatestRun, LedgerHead, Live, SubjectTimeline, judges_now};

/// A picture that took long to make is made this many times as rarely.
const SHARE: i64 = 10;

impl Engine {
    /// Makes the picture anew if facts were recorded since, or can no longer be; not more often than it is cheap to.
    pub(super) fn publish_if_behind(&mut self) {
        let began = self.settings.clock.monotonic();
        if self.behind.is_none_or(|from| began < from) {
            return;
        }
        let picture = picture(&self.settings, &self.book, &self.targets, self.head);
        self.live.send_replace(Arc::new(Live { not_recorded_since: self.retry.since, ..picture }));
        self.desk.refresh(&self.book, &self.settings.checks);
        self.behind = None;
        let ended = self.settings.clock.monotonic();
        self.publish_after = ended + Millis((ended - began).0 * SHARE);
        // Probes went on meanwhile: our own work is no stall of the process.
        if let Some((_, last)) = &mut self.last_tick {
            *last = *last + (ended - began);
        }
    }
}

/// The picture as of the latest fact in the book.
pub(super) fn picture(settings: &Settings, book: &Book, targets: &[Target], head: (u64, Digest)) -> Live {
    let as_known_at = book.recorded_at.unwrap_or(Instant::MIN);
    let (revisions, agreement) = (&settings.revisions, settings.revisions.in_force(as_known_at));
    let zone = agreement.commitments.first().map_or_else(Zone::utc, |commitment| commitment.terms.zone.value.clone());
    let history = book.history();
    let known = history.known_at(as_known_at);
    let request = Request { period: zone.month_of(as_known_at), as_known_at, customers: Customers::Nobody };
    let statement = statement(revisions.all(), &history, request);
    let timelines = timelines(revisions.all(), agreement, &known, as_known_at);
    Live {
        agreement: Arc::clone(agreement),
        as_known_at,
        budgets: budgets(revisions.all(), agreement, &statement, &timelines, as_known_at),
        revisions: revisions.clone(),
        named: Arc::clone(&book.revisions),
        statement,
        timelines,
        checks: checks(book, targets),
        incidents: known.facts.incidents,
        notices: known.facts.notices,
        history: Arc::new(history),
        records: Arc::clone(&book.records),
        statements: Arc::clone(&book.statements),
        evidence: Arc::clone(&book.evidence),
        ledger: LedgerHead { size: head.0, root: head.1.to_string() },
        not_recorded_since: None,
    }
}

/// The budget of every row of the statement that has a target and a timeline.
fn budgets(
    revisions: &[Agreement],
    agreement: &Agreement,
    statement: &Statement,
    lines: &[SubjectTimeline],
    now: Instant,
) -> Vec<BudgetView> {
    let rows = statement.rows.iter().filter(|row| row.period.interval.contains(now));
    let rows = rows.filter(|row| judges_now(agreement, statement, row));
    let view = |row: &Row| {
        let judging = revisions.iter().find(|each| each.revision == row.revision)?;
        let commitment = judging.find_commitment(&row.commitment)?;
        let line = lines.iter().find(|line| line.commitment == row.commitment && line.subject == row.subject)?;
        let target = row.target.as_ref()?;
        Some(BudgetView {
            commitment: row.commitment.clone(),
            subject: row.subject.clone(),
            period: row.period.clone(),
            target: target.percent.clone(),
            budget: budget(commitment, row),
            burns: burns(&line.timeline, &target.ratio, now),
        })
    };
    rows.filter_map(view).collect()
}

/// The statement; one without rows when the agreement leaves open what the facts ask, which the log then says.
fn statement(revisions: &[Agreement], history: &History, request: Request) -> Statement {
    evaluate(revisions, history, &request).unwrap_or_else(|problems| {
        for problem in problems {
            tracing::error!("nothing can be judged: {problem}; {}", problem.help);
        }
        Statement {
            agreement: revisions[0].id.clone(),
            revisions: revisions.iter().map(|agreement| agreement.revision.clone()).collect(),
            period: request.period,
            as_known_at: request.as_known_at,
            rows: Vec::new(),
        }
    })
}

/// The timeline of everything that is judged by the states of checks; other figures have none to draw.
fn timelines(revisions: &[Agreement], agreement: &Agreement, known: &History, now: Instant) -> Vec<SubjectTimeline> {
    let by_states = agreement.commitments.iter().filter(|commitment| commitment.states().is_some());
    by_states
        .flat_map(|commitment| subjects(agreement, commitment, known).into_iter().map(move |each| (commitment, each)))
        .map(|(commitment, subject)| SubjectTimeline {
            commitment: commitment.id.clone(),
            timeline: timeline_over(revisions, &commitment.id, &subject, known, now),
            subject,
        })
        .collect()
}

fn checks(book: &Book, targets: &[Target]) -> Vec<CheckView> {
    let causes: BTreeMap<&Series, &Cause> =
        targets.iter().filter_map(|target| Some((&target.series, target.cause.as_ref()?))).collect();
    book.checks
        .iter()
        .filter(|registration| registration.check.active.until() == Instant::MAX)
        .map(|registration| {
            let series = &registration.check.series;
            let open = book.fold.open_run(series);
            // A run of an earlier definition says nothing about this one.
            let latest = open.filter(|run| registration.check.active.contains(run.last));
            CheckView {
                series: series.clone(),
                scope: registration.check.scope.clone(),
                interval: registration.interval,
                latest: latest.map(|run| LatestRun { state: run.state, from: run.from, last: run.last }),
                cause: causes.get(series).copied().cloned(),
            }
        })
        .collect()
}
