//! What is wrong now: level-triggered, as a pure function of the picture.
//!
//! Nothing is remembered here. What was said of it to whom, and what is said when it is over, is `notify`'s.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uphold_core::agreement::{Commitment, Subject};
use uphold_core::evaluate::Urgency;
use uphold_core::id::{CommitmentId, SolutionId};
use uphold_core::interval::Interval;
use uphold_core::time::{Instant, Millis};
use uphold_core::timeline::{State, Timeline};

use crate::clock_sync::ClockSync;
use crate::live::{Live, SubjectTimeline};

/// Whom it must reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Somebody must act now.
    Page,
    /// Somebody must act during working hours.
    Ticket,
}

impl Severity {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Page, Self::Ticket];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Ticket => "ticket",
        }
    }
}

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AlertKind {
    /// What a commitment promises is down.
    Down,
    /// Whether it is down is not known, for longer than was permitted: the monitor itself is blind.
    Unknown,
    /// The down time that a target allows is being used up too fast.
    Burning,
    /// Nothing can be recorded.
    NotRecorded,
    /// The clock that dates everything is not synchronised.
    ClockNotSynchronised,
}

impl AlertKind {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Down, Self::Unknown, Self::Burning, Self::NotRecorded, Self::ClockNotSynchronised];

    /// Its name in interfaces.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Down => "down",
            Self::Unknown => "unknown",
            Self::Burning => "burning",
            Self::NotRecorded => "not-recorded",
            Self::ClockNotSynchronised => "clock-not-synchronised",
        }
    }

    /// Whom it must reach, as a rule.
    #[must_use]
    pub fn severity(self) -> Severity {
        match self {
            Self::Down | Self::NotRecorded => Severity::Page,
            Self::Unknown | Self::Burning | Self::ClockNotSynchronised => Severity::Ticket,
        }
    }
}

/// What tells one thing that is wrong from another, for as long as it lasts: `down/shop/api`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AlertKey(String);

impl AlertKey {
    /// The key of what is wrong as a whole.
    #[must_use]
    pub fn of(kind: AlertKind) -> Self {
        Self(kind.name().to_owned())
    }

    /// The key of what is wrong with a subject.
    #[must_use]
    pub fn of_subject(kind: AlertKind, subject: &Subject) -> Self {
        Self(format!("{}/{subject}", kind.name()))
    }

    /// The key that a test message has.
    #[must_use]
    pub fn of_test() -> Self {
        Self("test".to_owned())
    }

    /// The key as a text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One thing that is wrong now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// What.
    pub kind: AlertKind,
    /// Whom it must reach.
    pub severity: Severity,
    /// Since when; of what never was otherwise, since it was to be known.
    pub since: Instant,
    /// What is judged, where it is about a subject.
    pub subject: Option<Subject>,
    /// The commitments that it concerns, each with what it judges: an interface that is down may take its solution with it.
    pub commitments: Vec<(CommitmentId, Subject)>,
    /// What the machine says of it, where that is not said elsewhere.
    pub detail: Option<String>,
}

impl Alert {
    /// The solution that it is about.
    #[must_use]
    pub fn solution(&self) -> Option<&SolutionId> {
        self.subject.as_ref()?.solution.as_ref()
    }
}

/// What is wrong now, and what is known of the rest.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wrong {
    /// What is wrong.
    pub alerts: BTreeMap<AlertKey, Alert>,
    /// In which state those subjects are that are not wrong, and since when. What is unknown there may be wrong still: nobody
    /// can say that it is over.
    pub others: BTreeMap<AlertKey, (State, Option<Instant>)>,
}

/// What is asked beside the picture.
#[derive(Debug, Clone)]
pub struct Conditions {
    /// How long a subject must be unknown before that is wrong.
    pub unknown_after: Millis,
    /// What is known of the clock, and since when.
    pub clock: Option<(ClockSync, Instant)>,
}

/// What is wrong in a picture. A new kind of alert is a line here.
#[must_use]
pub fn alerts(live: &Live, conditions: &Conditions) -> Wrong {
    let mut wrong = Wrong::default();
    for (subject, lines) in by_subject(live) {
        down(live, subject, &lines, &mut wrong);
        unknown(live, subject, &lines, conditions.unknown_after, &mut wrong);
    }
    burning(live, &mut wrong);
    fold(&mut wrong);
    if let Some(since) = live.not_recorded_since {
        insert(&mut wrong, whole(AlertKind::NotRecorded, since, None));
    }
    if let Some((ClockSync::NotSynchronised(why), since)) = &conditions.clock {
        insert(&mut wrong, whole(AlertKind::ClockNotSynchronised, *since, Some(why.to_string())));
    }
    wrong
}

/// Every subject with the commitments that judge it by states, and the state that it is in.
fn by_subject(live: &Live) -> BTreeMap<&Subject, Vec<Judged<'_>>> {
    let mut all: BTreeMap<&Subject, Vec<Judged<'_>>> = BTreeMap::new();
    for line in &live.timelines {
        let Some(commitment) = live.agreement.find_commitment(&line.commitment) else { continue };
        if commitment.states().is_some() {
            let (state, since) = now(&line.timeline, live.as_known_at);
            all.entry(&line.subject).or_default().push(Judged { commitment, state, since });
        }
    }
    all
}

/// A commitment about a subject, and its state.
struct Judged<'a> {
    commitment: &'a Commitment,
    state: State,
    since: Option<Instant>,
}

fn whole(kind: AlertKind, since: Instant, detail: Option<String>) -> Alert {
    Alert { kind, severity: kind.severity(), since, subject: None, commitments: Vec::new(), detail }
}

fn insert(wrong: &mut Wrong, alert: Alert) {
    let key = match &alert.subject {
        Some(subject) => AlertKey::of_subject(alert.kind, subject),
        None => AlertKey::of(alert.kind),
    };
    wrong.alerts.insert(key, alert);
}

/// One outage is told once: what is down as a whole because a part of it is, is told with the part.
fn fold(wrong: &mut Wrong) {
    let is_whole = |subject: &Subject| Subject { solution: None, ..subject.clone() } == Subject::default();
    let wholes = wrong.alerts.iter().filter(|(_, alert)| alert.subject.as_ref().is_some_and(is_whole));
    let mut wholes: Vec<(AlertKey, Alert)> = wholes.map(|(key, alert)| (key.clone(), alert.clone())).collect();
    // What is everything comes before what is one solution.
    wholes.sort_by_key(|(_, alert)| alert.solution().cloned());
    for (key, whole) in wholes {
        let is_part = |alert: &Alert| {
            alert.kind == whole.kind
                && alert.subject != whole.subject
                && alert.subject.is_some()
                && whole.solution().is_none_or(|solution| alert.solution() == Some(solution))
        };
        let commitments = wrong.alerts.get(&key).map_or_else(Vec::new, |alert| alert.commitments.clone());
        let mut parts = wrong.alerts.values_mut().filter(|alert| is_part(alert)).peekable();
        if parts.peek().is_none() {
            continue;
        }
        for part in parts {
            let new = commitments.iter().filter(|new| !part.commitments.contains(new)).cloned().collect::<Vec<_>>();
            part.commitments.extend(new);
        }
        wrong.alerts.remove(&key);
        // It is wrong all the same: whoever was told of it by itself is not told that it is over.
        wrong.others.insert(key, (State::Unknown, None));
    }
}

fn about(kind: AlertKind, subject: &Subject, since: Instant, lines: &[&Judged<'_>]) -> Alert {
    let commitments = lines.iter().map(|line| (line.commitment.id.clone(), subject.clone())).collect();
    Alert { kind, severity: kind.severity(), since, subject: Some(subject.clone()), commitments, detail: None }
}

/// Several commitments may promise the same subject: it is told once, with all of them.
fn down(live: &Live, subject: &Subject, lines: &[Judged<'_>], wrong: &mut Wrong) {
    let promised: Vec<&Judged<'_>> = lines.iter().filter(|line| line.commitment.availability().is_some()).collect();
    let down: Vec<&Judged<'_>> = promised.iter().copied().filter(|line| line.state == State::Down).collect();
    if let Some(since) = down.iter().map(|line| line.since.unwrap_or(live.as_known_at)).min() {
        insert(wrong, about(AlertKind::Down, subject, since, &down));
    } else if let Some(state) = promised.iter().map(|line| (line.state, line.since)).min() {
        wrong.others.insert(AlertKey::of_subject(AlertKind::Down, subject), state);
    }
}

fn unknown(live: &Live, subject: &Subject, lines: &[Judged<'_>], after: Millis, wrong: &mut Wrong) {
    let blind: Vec<&Judged<'_>> = lines.iter().filter(|line| line.state == State::Unknown).collect();
    let since = || blind.iter().filter_map(|line| line.since.or_else(|| registered(live, subject))).min();
    if let Some(since) = since().filter(|since| live.as_known_at - *since >= after) {
        insert(wrong, about(AlertKind::Unknown, subject, since, &blind));
        return;
    }
    // What is unknown, and not for long enough, is not observed again either: of all its states the unknown one counts.
    let states = lines.iter().map(|line| (line.state, line.since));
    if let Some(state) = states.min_by_key(|(state, _)| (*state != State::Unknown, *state)) {
        wrong.others.insert(AlertKey::of_subject(AlertKind::Unknown, subject), state);
    }
}

/// What a target allows is being used up too fast, by any of the rules; the most urgent of them says how urgent it is.
fn burning(live: &Live, wrong: &mut Wrong) {
    for view in &live.budgets {
        let firing = view.burns.iter().filter(|burn| burn.fires).map(|burn| burn.rule);
        let Some(rule) = firing.min_by_key(|rule| rule.urgency) else { continue };
        let of = |line: &&SubjectTimeline| line.commitment == view.commitment && line.subject == view.subject;
        let window = Interval::new(live.as_known_at - rule.long, live.as_known_at);
        let down =
            live.timelines.iter().find(of).zip(window).map(|(line, window)| line.timeline.when(State::Down, window));
        let since = down.and_then(|down| down.parts().first().map(|part| part.from())).unwrap_or(live.as_known_at);
        let severity = match rule.urgency {
            Urgency::Page => Severity::Page,
            Urgency::Ticket => Severity::Ticket,
        };
        let key = AlertKey::of_subject(AlertKind::Burning, &view.subject);
        // An outage that is told of is not told a second time; nobody who was told of its rate hears that it is over.
        if wrong.alerts.contains_key(&AlertKey::of_subject(AlertKind::Down, &view.subject)) {
            wrong.others.insert(key, (State::Unknown, None));
            continue;
        }
        let concerned = (view.commitment.clone(), view.subject.clone());
        let alert = wrong.alerts.entry(key).or_insert_with(|| Alert {
            severity,
            subject: Some(view.subject.clone()),
            ..whole(AlertKind::Burning, since, None)
        });
        (alert.severity, alert.since) = (alert.severity.min(severity), alert.since.min(since));
        alert.commitments.push(concerned);
    }
}

/// The subject of that key, where one of that name is judged.
#[must_use]
pub fn find_subject<'a>(live: &'a Live, kind: AlertKind, key: &AlertKey) -> Option<&'a Subject> {
    live.timelines.iter().map(|line| &line.subject).find(|subject| AlertKey::of_subject(kind, subject) == *key)
}

/// Since when something was to be known of a subject: where nothing measures it, that is said at the start, and not here.
fn registered(live: &Live, subject: &Subject) -> Option<Instant> {
    let mine = live.history.checks.iter().filter(|check| {
        subject.solution.as_ref().is_none_or(|solution| *solution == check.scope.solution)
            && subject.interface.as_ref().is_none_or(|interface| *interface == check.scope.interface)
            && check.active.until() == Instant::MAX
    });
    mine.map(|check| check.active.from()).min()
}

/// The state just before `known`, and since when; since nothing when it never was otherwise.
fn now(timeline: &Timeline, known: Instant) -> (State, Option<Instant>) {
    match timeline.steps().iter().rev().find(|(from, _)| *from < known) {
        None => (State::Unknown, None),
        Some((from, state)) => (*state, (*from > Instant::MIN).then_some(*from)),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use uphold_core::id::InterfaceId;

    fn subject(solution: &str, interface: Option<&str>) -> Subject {
        Subject {
            solution: Some(SolutionId::parse(solution).unwrap()),
            interface: interface.map(|id| InterfaceId::parse(id).unwrap()),
            ..Subject::default()
        }
    }

    fn with(subjects: &[Subject]) -> Wrong {
        let mut wrong = Wrong::default();
        for (place, subject) in subjects.iter().enumerate() {
            let commitments = vec![(CommitmentId::parse(&format!("c{place}")).unwrap(), subject.clone())];
            let alert = whole(AlertKind::Down, Instant(0), None);
            insert(&mut wrong, Alert { subject: Some(subject.clone()), commitments, ..alert });
        }
        fold(&mut wrong);
        wrong
    }

    fn keys(wrong: &Wrong) -> Vec<&str> {
        wrong.alerts.keys().map(AlertKey::as_str).collect()
    }

    #[test]
    fn what_is_down_with_a_part_of_it_is_told_with_the_part_and_is_not_over() {
        let everything = Subject::default();
        let wrong = with(&[everything, subject("shop", None), subject("shop", Some("api")), subject("other", None)]);
        assert_eq!(keys(&wrong), ["down/other", "down/shop/api"]);
        let told: Vec<Vec<&str>> =
            wrong.alerts.values().map(|alert| alert.commitments.iter().map(|(id, _)| id.as_str()).collect()).collect();
        assert_eq!(told, [["c3", "c0"].as_slice(), ["c2", "c0", "c1"].as_slice()]);
        let whole = AlertKey::of_subject(AlertKind::Down, &subject("shop", None));
        assert_eq!(wrong.others.get(&whole), Some(&(State::Unknown, None)));
    }

    #[test]
    fn what_is_down_as_a_whole_alone_is_told_by_itself() {
        assert_eq!(
            keys(&with(&[subject("shop", None), subject("other", Some("api"))])),
            ["down/other/api", "down/shop"]
        );
    }

    #[test]
    fn every_kind_has_a_name_of_its_own() {
        let names: BTreeSet<&str> = AlertKind::ALL.into_iter().map(AlertKind::name).collect();
        assert_eq!(names.len(), AlertKind::ALL.len());
    }
}
