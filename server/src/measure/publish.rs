//! Publishing: the picture that pages and interfaces show, made from the book after every flush, on a thread of its own.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use tokio::task::JoinHandle;
use uphold_core::agreement::Agreement;
use uphold_core::evaluate::{Customers, Request, Seen, budget, burns, evaluate_known, subjects, timeline_over};
use uphold_core::id::Series;
use uphold_core::ledger::digest::Digest;
use uphold_core::statement::{Row, Statement};
use uphold_core::time::{Instant, Millis};
use uphold_probe::outcome::Cause;

use super::{Engine, Settings, Target, joined};
use crate::ledger::book::Book;
use crate::live::{BudgetView, CheckView, LatestRun, LedgerHead, Live, SubjectTimeline, judges_now};
use crate::schedule;

/// A picture that took long to make is made this many times as rarely.
const SHARE: i64 = 10;

/// What is done once a picture is published that is new enough.
type Then = Box<dyn FnOnce() + Send>;

/// How far the picture is behind the book, and who waits for it.
#[derive(Default)]
pub(super) struct Publishing {
    /// How often there was something new to show.
    news: u64,
    /// The picture is behind, and may be made anew from this time on.
    behind: Option<Millis>,
    /// Until when what nobody waits for is not shown yet.
    pause: Millis,
    drawing: Option<Drawing>,
    /// Who waits, for how much of the news.
    waiting: Vec<(u64, Then)>,
}

/// A picture that is being made.
struct Drawing {
    news: u64,
    began: Millis,
    live: JoinHandle<Live>,
}

impl fmt::Debug for Publishing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (news, behind, waiting) = (self.news, self.behind, self.waiting.len());
        f.debug_struct("Publishing").field("news", &news).field("behind", &behind).field("waiting", &waiting).finish()
    }
}

impl Publishing {
    /// There is something new, which the next picture shows; it is made when that is cheap.
    pub(super) fn fall_behind(&mut self) {
        self.news += 1;
        self.behind.get_or_insert(self.pause);
    }

    /// There is something new that somebody looks for: the next picture is made at once.
    pub(super) fn hurry(&mut self) {
        self.news += 1;
        self.behind = Some(Millis(0));
    }

    /// Does this once everything new so far is shown.
    pub(super) fn once_shown(&mut self, then: Then) {
        self.waiting.push((self.news, then));
    }
}

/// Ready when the picture under way is made; never, when there is none.
pub(super) async fn drawn(publishing: &mut Publishing) -> Live {
    match &mut publishing.drawing {
        Some(drawing) => joined((&mut drawing.live).await),
        None => std::future::pending().await,
    }
}

impl Engine {
    /// Begins to make the picture anew, beside the measuring, if facts were recorded since, or can no longer be; not more
    /// often than it is cheap to.
    pub(super) fn draw_if_behind(&mut self) {
        let now = self.settings.clock.monotonic();
        let publishing = &mut self.publishing;
        if publishing.drawing.is_some() || publishing.behind.is_none_or(|from| now < from) {
            return;
        }
        publishing.behind = None;
        let (settings, book, head) = (self.settings.clone(), self.book.clone(), self.head);
        let causes = causes(&self.targets);
        let live = tokio::task::spawn_blocking(move || picture(&settings, &book, &causes, head));
        publishing.drawing = Some(Drawing { news: publishing.news, began: now, live });
    }

    /// Shows the picture that was made, and begins the next one if that is due.
    pub(super) fn publish(&mut self, live: Live) {
        let Some(drawing) = self.publishing.drawing.take() else { return };
        self.live.send_replace(Arc::new(Live { not_recorded_since: self.retry.since, ..live }));
        self.desk.refresh(&self.book, &self.settings.checks);
        let now = self.settings.clock.monotonic();
        self.publishing.pause = now + Millis((now - drawing.began).0 * SHARE);
        let waiting = std::mem::take(&mut self.publishing.waiting);
        let (shown, later): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|(news, _)| *news <= drawing.news);
        self.publishing.waiting = later;
        for (_, then) in shown {
            then();
        }
        self.draw_if_behind();
    }

    /// Waits until the picture shows what it may show by now.
    pub async fn finish_picture(&mut self) {
        self.draw_if_behind();
        while self.publishing.drawing.is_some() {
            let live = drawn(&mut self.publishing).await;
            self.publish(live);
        }
    }
}

/// Why the latest observation of each target is what it is.
pub(super) fn causes(targets: &[Target]) -> BTreeMap<Series, Cause> {
    targets.iter().filter_map(|target| Some((target.series.clone(), target.cause.clone()?))).collect()
}

/// The picture as of the latest fact in the book.
pub(crate) fn picture(settings: &Settings, book: &Book, causes: &BTreeMap<Series, Cause>, head: (u64, Digest)) -> Live {
    let as_known_at = book.recorded_at.unwrap_or(Instant::MIN);
    let (revisions, agreement) = (&settings.revisions, settings.revisions.in_force(as_known_at));
    let history = book.history();
    let known = history.known_at(as_known_at);
    let request = Request { period: agreement.zone().month_of(as_known_at), as_known_at, customers: Customers::Nobody };
    let seen = Seen::new(&known);
    let statement = statement(revisions.all(), &seen, request);
    let timelines = timelines(revisions.all(), agreement, &seen, as_known_at);
    let schedule = schedule::windows(revisions.all(), &history, &seen, as_known_at);
    drop(seen);
    Live {
        agreement: Arc::clone(agreement),
        as_known_at,
        budgets: budgets(revisions.all(), agreement, &statement, &timelines, as_known_at),
        revisions: revisions.clone(),
        named: Arc::clone(&book.revisions),
        statement,
        timelines,
        checks: checks(book, causes),
        incidents: known.facts.incidents.clone(),
        notices: known.facts.notices.clone(),
        facts: Arc::new(known.facts),
        schedule: Arc::new(schedule),
        definitions: settings.checks.checks.clone(),
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
fn statement(revisions: &[Agreement], seen: &Seen<'_>, request: Request) -> Statement {
    evaluate_known(revisions, seen, &request).unwrap_or_else(|problems| {
        for problem in problems {
            tracing::error!("nothing can be judged: {problem}; {}", problem.help);
        }
        Statement {
            agreement: revisions[0].id.clone(),
            revisions: revisions.iter().map(|agreement| agreement.revision.clone()).collect(),
            period: request.period,
            as_known_at: request.as_known_at,
            made_up_until: None,
            rows: Vec::new(),
        }
    })
}

/// The timeline of everything that is judged by the states of checks; other figures have none to draw.
fn timelines(revisions: &[Agreement], agreement: &Agreement, seen: &Seen<'_>, now: Instant) -> Vec<SubjectTimeline> {
    let by_states = agreement.commitments.iter().filter(|commitment| commitment.states().is_some());
    by_states
        .flat_map(|commitment| {
            subjects(agreement, commitment, seen.known()).into_iter().map(move |each| (commitment, each))
        })
        .map(|(commitment, subject)| SubjectTimeline {
            commitment: commitment.id.clone(),
            timeline: timeline_over(revisions, &commitment.id, &subject, seen, now),
            subject,
        })
        .collect()
}

fn checks(book: &Book, causes: &BTreeMap<Series, Cause>) -> Vec<CheckView> {
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
                cause: causes.get(series).cloned(),
            }
        })
        .collect()
}
