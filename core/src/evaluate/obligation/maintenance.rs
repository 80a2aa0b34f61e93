//! Maintenance: whether it was announced, and extended, as promised. How long it takes is in [`super::cap`].

use super::{Case, Event, Found, cause};
use crate::agreement::{
    Agreement, Effect, Exclusion, ExtensionRule, Extent, Lead, NoticeBy, NoticeRule, Obligation, Promise, Subject,
};
use crate::evaluate::seen::Seen;
use crate::evaluate::view::View;
use crate::evaluate::windows::{self, Extension, Window, noticed_at};
use crate::history::{Fact, Maintenance, MaintenanceStatus};
use crate::id::{CommitmentId, FactId};
use crate::interval::{Interval, IntervalSet};
use crate::statement::{EventNote, ReasonKind};
use crate::time::{Instant, Millis};

/// Every maintenance of the classes is announced in time, and so is every plan that moves one to other time.
pub(super) fn notice(case: &Case<'_, '_>, classes: &[String], rule: NoticeRule) -> Found {
    let rule = NoticeRule { by: proof(case.view, rule.by), ..rule };
    let rules = rules(classes, Some(rule), None);
    let windows = judged(case, &rules);
    let mut events = Vec::new();
    let mut shortest: Option<Millis> = None;
    let mut unannounced = 0;
    for window in &windows {
        for Announcement { begins, until, published_at, needed, kind, .. } in of_window(case.view, window, rule) {
            let given = published_at.map(|at| begins - at);
            shortest = [shortest, given].into_iter().flatten().min();
            unannounced += usize::from(given.is_none());
            let cause = cause(&window.id, EventNote::Announced, given, Some(needed));
            events.push(Event::new(begins, until, kind, cause));
        }
    }
    let found = Found { limited: true, ..Found::of(None, events) };
    found.count("windows", windows.len()).count("unannounced", unannounced).time("shortest_notice", shortest)
}

/// Every extension of a maintenance of the classes follows the rule.
pub(super) fn extension(case: &Case<'_, '_>, classes: &[String], rule: ExtensionRule) -> Found {
    let rule = ExtensionRule { by: proof(case.view, rule.by), ..rule };
    let rules = rules(classes, None, Some(rule));
    let mut events = Vec::new();
    let mut longest: Option<Millis> = None;
    for window in judged(case, &rules) {
        for extension in &window.extensions {
            longest = longest.max(Some(extension.beyond));
            events.push(extended(case, &window, extension, rule));
        }
    }
    let count = events.len();
    let found = Found { limited: true, ..Found::of(None, events) };
    found.count("extensions", count).time("longest_extension", longest)
}

fn extended(case: &Case<'_, '_>, window: &Window, extension: &Extension, rule: ExtensionRule) -> Event {
    let end = extension.end_in_force;
    let too_far = extension.longest.is_some_and(|longest| extension.beyond > longest);
    let told = cause(&window.id, EventNote::Extended, extension.given, Some(rule.lead));
    let kind = match () {
        () if extension.is_valid() => ReasonKind::Kept,
        () if !too_far && extension.given.is_none() && end - rule.lead > case.view.now => ReasonKind::Undecided,
        () => ReasonKind::Missed,
    };
    let mut event = Event::new(end, extension.end, kind, told);
    if too_far {
        // An open end is beyond every limit by no length that could be shown.
        let beyond = Some(extension.beyond).filter(|_| extension.end < Instant::MAX);
        event.causes.push(cause(&window.id, EventNote::ExtendedTooFar, beyond, extension.longest));
    }
    event
}

/// The windows of the classes that the subject is concerned with and that belong to the period by their first plan.
fn judged(case: &Case<'_, '_>, rules: &[Exclusion]) -> Vec<Window> {
    let all = windows::maintenance(case.view, rules).into_iter().map(|(window, _)| window);
    all.filter(|window| !window.cancelled && case.view.concerns(&window.scope) && case.begins(window.begins)).collect()
}

/// What had to be announced of a window: its first plan, and every later plan that begins before the one it replaces or
/// when that has ended.
fn of_window(view: &View<'_>, window: &Window, rule: NoticeRule) -> Vec<Announcement> {
    let plans = plans(view, window);
    let told = |plan: &Fact<Maintenance>| {
        let (span, sequence) = (plan.body.planned, plan.body.sequence);
        let (needed, at) = (needed(view, rule.lead, span.from()), noticed_at(view, &plan.id, sequence, rule.by));
        let kind = match at.map(|at| span.from() - at) {
            Some(given) if given >= needed => ReasonKind::Kept,
            None if span.from() - needed > view.now => ReasonKind::Undecided,
            _ => ReasonKind::Missed,
        };
        let (begins, until) = (span.from(), span.until());
        let (commitment, id) = (view.commitment.id.clone(), plan.id.clone());
        Announcement { commitment, id, sequence, begins, until, published_at: at, needed, kind }
    };
    let moves = plans.windows(2).filter_map(|pair| {
        let (before, after) = (pair[0].body.planned, pair[1].body.planned);
        let moved = after.from() < before.from() || after.from() >= before.until();
        moved.then(|| told(pair[1]))
    });
    plans.first().map(|plan| told(plan)).into_iter().chain(moves).collect()
}

/// One plan of a maintenance that had to be announced under one commitment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announcement {
    /// The commitment that promises the notice.
    pub commitment: CommitmentId,
    /// The maintenance.
    pub id: FactId,
    /// Which plan of it.
    pub sequence: u32,
    /// When that plan begins.
    pub begins: Instant,
    /// When it ends.
    pub until: Instant,
    /// When it was published, as far as that can be proved.
    pub published_at: Option<Instant>,
    /// How long before it begins that had to be, at the least.
    pub needed: Millis,
    /// Whether it was in time, too late, or may still come.
    pub kind: ReasonKind,
}

/// What had to be announced to everybody, whenever it begins, each by the revision that is in force then. Cancelled
/// maintenance and that of single customers is not in it.
pub fn announcements(revisions: &[Agreement], seen: &Seen<'_>, now: Instant) -> Vec<Announcement> {
    let binds = IntervalSet::from(Interval::ALL);
    let subject = Subject::default();
    let mut found = Vec::new();
    for agreement in revisions {
        for commitment in &agreement.commitments {
            let Promise::Obligation(Obligation::MaintenanceNotice { classes, notice }) = &commitment.promise else {
                continue;
            };
            let view = View { agreement, commitment, subject: &subject, seen, known: seen.known(), now, binds: &binds };
            let rule = NoticeRule { by: NoticeBy::Published, ..notice.value };
            let rules = rules(&classes.value, Some(rule), None);
            let windows = windows::maintenance(&view, &rules).into_iter().map(|(window, _)| window);
            let windows = windows.filter(|window| {
                let solution = window.scope.solution.as_ref();
                let own = |own: &Vec<_>| solution.is_none_or(|solution| own.contains(solution));
                !window.cancelled && commitment.solutions.as_ref().is_none_or(own)
            });
            let all = windows.flat_map(|window| of_window(&view, &window, rule));
            found.extend(all.filter(|each| agreement.valid.contains(each.begins)));
        }
    }
    found
}

/// The plans of a window in the order of their sequences; what is tentative is no plan.
pub(super) fn plans<'a>(view: &View<'a>, window: &Window) -> Vec<&'a Fact<Maintenance>> {
    let own = |fact: &&Fact<Maintenance>| fact.id == window.id && fact.body.status != MaintenanceStatus::Tentative;
    let mut plans: Vec<&Fact<Maintenance>> = view.known.facts.maintenance.iter().filter(own).collect();
    plans.sort_by_key(|plan| plan.body.sequence);
    plans
}

/// Rules for windows of classes that exclude nothing here: all that is asked is what was announced and done.
pub(super) fn rules(
    classes: &[String],
    notice: Option<NoticeRule>,
    extension: Option<ExtensionRule>,
) -> Vec<Exclusion> {
    let rule = |class: &String| Exclusion {
        class: class.clone(),
        extent: Extent::Actual,
        effect: Effect::Nothing,
        notice,
        extension,
    };
    classes.iter().map(rule).collect()
}

/// A customer's proof is what the agreement asks; the service as such has no customer to accept anything, so that it is
/// judged by publication.
fn proof(view: &View<'_>, by: NoticeBy) -> NoticeBy {
    if view.customer().is_some() { by } else { NoticeBy::Published }
}

/// The least time before `begins`, elapsed, at which a notice is in time.
fn needed(view: &View<'_>, lead: Lead, begins: Instant) -> Millis {
    match lead {
        Lead::Elapsed(length) => length,
        Lead::CalendarDays(days) => begins - view.zone().shift_days(begins, -i64::from(days)),
    }
}
