//! One subject of a commitment as pages show it: its state now, its strips, and this period's figures.

use std::collections::BTreeSet;

use fluent_bundle::FluentValue;
use uphold_core::agreement::{Agreement, Clause, Commitment, Composition, Level, Solution, Subject};
use uphold_core::ratio::Ratio;
use uphold_core::statement::{Reason, Row};
use uphold_core::time::{Instant, Millis};
use uphold_core::timeline::{State, Tally, Timeline};

use super::strip::{self, Strip};
use crate::live::{Live, SubjectTimeline, judges_now};
use crate::wording::subject::{name, solution_of};
use crate::wording::{Phrase, Sentence, Texts, Words, cause, measured};

/// How many stretches that were not up a page lists; the statement has all of them.
const REASONS_SHOWN: usize = 20;

/// How many solutions a page shows in full. Of more, it shows those whose state is worst; each has a page of its own.
const IN_FULL: usize = 4;

/// One solution as pages of all of them show it.
pub(super) struct SolutionView {
    /// The address of its own page.
    pub(super) path: String,
    pub(super) name: Phrase,
    pub(super) state: &'static str,
    pub(super) sentence: Sentence,
    /// What it is judged by; nothing where it is not shown in full.
    pub(super) subjects: Vec<SubjectView>,
}

/// Solutions, those that are shown in full apart from the others, and the worst state of all.
pub(super) struct SolutionViews {
    pub(super) full: Vec<SolutionView>,
    pub(super) others: Vec<SolutionView>,
    pub(super) worst: Option<State>,
}

/// The solutions that a clause is measured by; all of them, by what promises availability, where none is named.
pub(super) fn solutions(words: &Words, live: &Live, clause: Option<&Clause>) -> SolutionViews {
    let of = |solution| (solution, of_solution(live, clause, solution));
    let told = live.agreement.solutions.iter().map(of);
    let told = told.filter(|(_, subjects)| clause.is_none() || !subjects.is_empty()).map(|(solution, subjects)| {
        let (state, sentence) = headline(words, &interfaces(words, live, &subjects), live.as_known_at);
        (solution, subjects, state, sentence)
    });
    let told: Vec<_> = told.collect();
    let mut order: Vec<usize> = (0..told.len()).collect();
    order.sort_by_key(|&place| told[place].2);
    let full: BTreeSet<usize> = order.into_iter().take(IN_FULL).collect();
    let mut views = SolutionViews { full: Vec::new(), others: Vec::new(), worst: told.iter().map(|each| each.2).min() };
    for (place, (solution, subjects, state, sentence)) in told.into_iter().enumerate() {
        let (path, name) = (format!("/solutions/{}", solution.id), words.phrase(&solution.name));
        let is_full = full.contains(&place);
        let shown = subjects.into_iter().filter(|_| is_full);
        let subjects = shown.map(|(each, line)| view(words, live, each, line)).collect();
        let list = if is_full { &mut views.full } else { &mut views.others };
        list.push(SolutionView { path, name, state: state.name(), sentence, subjects });
    }
    views
}

/// One subject.
pub(super) struct SubjectView {
    /// An id that is unique on the page.
    pub(super) id: String,
    /// Its name.
    pub(super) name: Phrase,
    /// Whether it is a whole solution.
    pub(super) is_whole: bool,
    /// How it is made of its interfaces, when it is a whole solution.
    pub(super) composed: Option<String>,
    /// Its state now.
    pub(super) now: NowView,
    /// The last hour.
    pub(super) hour: Strip,
    /// The last 90 days.
    pub(super) days: Strip,
    /// The figures of the period in progress: of the revision in force and, where its parts are judged by several, of those
    /// before it.
    pub(super) figures: Vec<Figure>,
}

/// A state now.
pub(super) struct NowView {
    /// The state's name, which is also its class.
    pub(super) state: &'static str,
    /// What it is and for how long.
    pub(super) sentence: Sentence,
    /// Since when.
    pub(super) since: Option<String>,
}

/// The figures of a period.
pub(super) struct Figure {
    /// The revision that they are judged by, where several judge parts of the period.
    pub(super) revision: Option<String>,
    /// The period's name.
    pub(super) period: String,
    /// What the percentage is: the availability, or of monitoring the share of time that was observed.
    pub(super) label: String,
    /// Both bounds, or one where they are equal; absent when no time counted.
    pub(super) percentage: Option<String>,
    /// What its two bounds are, where it has bounds.
    pub(super) explained: Option<String>,
    /// The exact fractions behind it, in milliseconds.
    pub(super) exact: Option<[String; 2]>,
    /// What was promised.
    pub(super) promised: Option<String>,
    /// How the time was spent.
    pub(super) spent: Vec<Spent>,
    /// The latest stretches that were not up.
    pub(super) reasons: Vec<ReasonView>,
    /// How many more there are.
    pub(super) more: usize,
}

/// How long one state held.
pub(super) struct Spent {
    pub(super) state: &'static str,
    pub(super) label: String,
    pub(super) length: String,
    pub(super) seconds: String,
    /// Whether it is shown before anything is opened.
    pub(super) main: bool,
}

/// A stretch that was not up.
pub(super) struct ReasonView {
    pub(super) state: &'static str,
    pub(super) label: String,
    pub(super) from: String,
    pub(super) until: String,
    pub(super) length: String,
    pub(super) causes: String,
}

/// The state of a timeline just before `known`, and since when; since nothing when it never was otherwise.
pub(super) fn now(timeline: &Timeline, known: Instant) -> (State, Option<Instant>) {
    let last = timeline.steps().iter().rev().find(|(from, _)| *from < known);
    match last {
        None => (State::Unknown, None),
        Some((from, state)) => (*state, (*from > Instant::MIN).then_some(*from)),
    }
}

/// The commitments of a clause, or those that promise availability where none is named, and the timelines of one solution
/// that they are judged by.
pub(super) fn of_solution<'a>(
    live: &'a Live,
    clause: Option<&Clause>,
    solution: &Solution,
) -> Vec<(&'a Commitment, &'a SubjectTimeline)> {
    let commitments = live.agreement.commitments.iter();
    commitments
        // How well it is watched is told beside its clause, and is no state of the service.
        .filter(|commitment| match clause {
            Some(clause) => clause.id == commitment.clause,
            None => commitment.availability().is_some(),
        })
        .flat_map(|commitment| {
            let mine = |line: &&SubjectTimeline| line.commitment == commitment.id;
            live.timelines.iter().filter(mine).map(move |line| (commitment, line))
        })
        .filter(|(_, line)| line.subject.solution.as_ref() == Some(&solution.id))
        .collect()
}

/// The view of one subject.
pub(super) fn view(words: &Words, live: &Live, commitment: &Commitment, line: &SubjectTimeline) -> SubjectView {
    let known = live.as_known_at;
    let valid = live.revisions.valid();
    let words = &Words { texts: words.texts, zone: commitment.terms.zone.value.clone() };
    let name = name(words, &live.agreement, &line.subject);
    let zone = || ("zone", words.zone.name().into());
    let blanks = [("name", name.text.as_str().into()), zone()];
    let hour = [words.texts.with("title-hour", &[zone()]), words.texts.with("strip-hour", &blanks)];
    let days = [words.texts.with("title-days", &[zone()]), words.texts.with("strip-days", &blanks)];
    SubjectView {
        id: format!("{}-{}", line.commitment, line.subject).replace('/', "-"),
        is_whole: is_whole(&line.subject),
        composed: is_whole(&line.subject).then(|| composed(words, commitment)).flatten(),
        now: now_view(words, &line.timeline, known),
        hour: strip::draw(words, hour, &strip::minutes(words, known, 60), &line.timeline, valid),
        days: strip::draw(words, days, &strip::days(words, known, 90), &line.timeline, valid),
        figures: figures_of(words, live, line),
        name,
    }
}

fn is_whole(subject: &Subject) -> bool {
    Subject { solution: None, ..subject.clone() } == Subject::default()
}

/// How its interfaces make a solution, where the commitment says so in a sentence that a page has.
fn composed(words: &Words, commitment: &Commitment) -> Option<String> {
    match &commitment.states()?.levels.get(&Level::Interfaces)?.value {
        Composition::All => Some(words.texts.get("composed-all")),
        Composition::Any => Some(words.texts.get("composed-any")),
        Composition::DownWhen(n) => Some(words.texts.with("composed-when", &[("n", (*n).into())])),
        Composition::OverReporting { .. } | Composition::Weighted(_) | Composition::Worst => None,
    }
}

/// The view of a state now.
pub(super) fn now_view(words: &Words, timeline: &Timeline, known: Instant) -> NowView {
    let (state, since) = now(timeline, known);
    let sentence = match since {
        None if state == State::Unknown => Sentence::plain(words.texts.get("never-observed")),
        None => Sentence::plain(words.state(state)),
        Some(since) => {
            let text = |texts: Texts, blank: &'static str| {
                let blanks = [("duration", FluentValue::from(blank))];
                match state {
                    State::Up => texts.with("up-for", &blanks),
                    State::Down => texts.with("down-for", &blanks),
                    State::Excluded => texts.with("excluded-for", &blanks),
                    State::Unknown => texts.with("unknown-for", &blanks),
                }
            };
            words.growing(text, since, known)
        }
    };
    let since = since.map(|since| words.texts.with("since", &[("moment", words.moment(since).into())]));
    NowView { state: state.name(), sentence, since }
}

/// The figures of the period in progress. A revision that begins later has none yet.
fn figures_of(words: &Words, live: &Live, line: &SubjectTimeline) -> Vec<Figure> {
    let mut rows = rows(live, line);
    rows.sort_by_key(|row| !judges_now(&live.agreement, &live.statement, row));
    let is_one = rows.len() < 2;
    let begun =
        |row: &&Row| is_one || find(live, row).is_none_or(|agreement| agreement.valid.from() < live.as_known_at);
    let shown: Vec<&Row> = rows.into_iter().filter(begun).collect();
    let named = shown.len() > 1;
    let figure = |row| {
        let revision = named.then(|| Row::clone(row).revision);
        Figure { revision, ..figure(words, find(live, row).unwrap_or(&live.agreement), row) }
    };
    shown.into_iter().map(figure).collect()
}

/// The revision that a row is judged by.
pub(super) fn find<'a>(live: &'a Live, row: &Row) -> Option<&'a Agreement> {
    live.revisions.find(&row.revision).map(|(agreement, _)| &**agreement)
}

/// The rows of the period in progress, a row for each revision that judges a part of it.
fn rows<'a>(live: &'a Live, line: &SubjectTimeline) -> Vec<&'a Row> {
    let last = live.as_known_at - Millis(1);
    let mine = |row: &&Row| row.commitment == line.commitment && row.subject == line.subject;
    let mut rows = live.statement.rows.iter().filter(mine);
    let current: Vec<&Row> = rows.clone().filter(|row| row.period.interval.contains(last)).collect();
    if current.is_empty() { rows.next_back().into_iter().collect() } else { current }
}

fn figure(words: &Words, agreement: &Agreement, row: &Row) -> Figure {
    let texts = words.texts;
    let exact = row.availability.as_ref().map(|bounds| [&bounds.lower, &bounds.upper].map(|r| fraction(words, r)));
    let spent = |state: State, label: String, length: Millis, main: bool| Spent {
        state: state.name(),
        label,
        length: words.held(state, length),
        seconds: length.seconds(),
        main,
    };
    let shown_reasons = row.reasons.iter().rev().take(REASONS_SHOWN);
    let Tally { up, down, excluded, unknown } = row.tally;
    let is_monitoring = row.kind == "monitoring";
    let period = words.period(&row.period.name);
    let blank = [("period", period.as_str().into())];
    let label =
        if is_monitoring { texts.with("observed-so-far", &blank) } else { texts.with("availability-so-far", &blank) };
    let spent = if is_monitoring {
        vec![
            spent(State::Unknown, texts.get("time-not-observed"), unknown, true),
            spent(State::Up, texts.get("time-observed"), up + down, true),
        ]
    } else {
        vec![
            spent(State::Down, texts.get("time-down"), down, true),
            spent(State::Unknown, texts.get("time-unknown"), unknown, true),
            spent(State::Excluded, texts.get("time-excluded"), excluded, excluded.0 > 0),
            spent(State::Up, texts.get("time-up"), up, true),
        ]
    };
    Figure {
        revision: None,
        label,
        percentage: shown(words, row),
        explained: (!is_monitoring).then(|| texts.get("bounds-explained")),
        period,
        exact,
        promised: row
            .target
            .as_ref()
            .map(|target| texts.with("promised", &[("percent", target.percent.as_str().into())])),
        spent,
        reasons: shown_reasons.filter_map(|each| reason(words, agreement, row, each)).collect(),
        more: row.reasons.len().saturating_sub(REASONS_SHOWN),
    }
}

/// What was measured of a commitment that has no timeline, in the words of a statement: a percentage or other figures.
pub(super) fn figures(words: &Words, row: &Row) -> Vec<(String, String)> {
    let share = shown(words, row).map(|text| (words.texts.get("statement-availability"), text));
    share.into_iter().chain(measured::figures(words, row)).collect()
}

/// Both bounds of a percentage, or one where they are equal; of monitoring the share of time that was observed.
fn shown(words: &Words, row: &Row) -> Option<String> {
    let Some(bounds) = &row.availability else {
        let observed = row.observed.as_ref()?.percent(row.decimals);
        return Some(words.texts.with("percent", &[("percent", observed.into())]));
    };
    let [lower, upper] = [&bounds.lower, &bounds.upper].map(|ratio| ratio.percent(row.decimals));
    Some(if lower == upper {
        words.texts.with("percent", &[("percent", lower.into())])
    } else {
        words.texts.with("percent-range", &[("lower", lower.into()), ("upper", upper.into())])
    })
}

fn fraction(words: &Words, ratio: &Ratio) -> String {
    format!("{} / {}", words.number(&ratio.num().to_string()), words.number(&ratio.den().to_string()))
}

fn reason(words: &Words, agreement: &Agreement, row: &Row, reason: &Reason) -> Option<ReasonView> {
    let state = reason.state()?;
    let solution = solution_of(agreement, &row.subject);
    let causes: Vec<String> = reason.causes.iter().map(|each| cause::text(words, solution, state, each)).collect();
    Some(ReasonView {
        state: state.name(),
        label: words.state(state),
        from: words.moment(reason.interval.from()),
        until: words.moment(reason.interval.until()),
        length: words.length(reason.interval.length()),
        causes: words.list(&causes),
    })
}

/// One plain sentence about a solution's interfaces, led by what is worst.
pub(super) fn headline(words: &Words, parts: &[(Phrase, State, Option<Instant>)], known: Instant) -> (State, Sentence) {
    let all = parts.len();
    let of = |wanted: State| parts.iter().filter(move |(_, state, _)| *state == wanted).collect::<Vec<_>>();
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    let Some((state, affected)) = [State::Down, State::Unknown, State::Excluded]
        .into_iter()
        .map(|state| (state, of(state)))
        .find(|(_, affected)| !affected.is_empty())
    else {
        let state = if all == 0 { State::Unknown } else { State::Up };
        return (state, Sentence::plain(words.texts.with("all-up", &[("n", count(all).into())])));
    };
    if let ([(name, _, Some(since))], State::Down | State::Unknown) = (affected.as_slice(), state) {
        let text = |texts: Texts, blank: &'static str| {
            let blanks = [("name", name.text.as_str().into()), ("duration", blank.into())];
            if state == State::Down { texts.with("one-down", &blanks) } else { texts.with("one-unknown", &blanks) }
        };
        return (state, words.growing(text, *since, known));
    }
    let names: Vec<String> = affected.iter().map(|(name, _, _)| name.text.clone()).collect();
    let blanks =
        [("n", count(affected.len()).into()), ("all", count(all).into()), ("names", words.list(&names).into())];
    let whole = affected.len() == all;
    let text = match state {
        State::Down if whole => words.texts.with("all-down", &[("n", count(all).into())]),
        State::Unknown if whole => words.texts.with("all-unknown", &[("n", count(all).into())]),
        State::Down => words.texts.with("some-down", &blanks),
        State::Excluded => words.texts.with("some-excluded", &blanks),
        _ => words.texts.with("some-unknown", &blanks),
    };
    (state, Sentence::plain(text))
}

/// What a headline says of each interface of a solution that a clause is measured by; of any clause where none is named.
/// An interface that several commitments judge is told once, in its worst state.
pub(super) fn interfaces(
    words: &Words,
    live: &Live,
    subjects: &[(&Commitment, &SubjectTimeline)],
) -> Vec<(Phrase, State, Option<Instant>)> {
    let alone = subjects.iter().any(|(_, line)| line.subject.interface.is_some());
    let mut told: Vec<(&SubjectTimeline, State, Option<Instant>)> = Vec::new();
    for (_, line) in subjects.iter().filter(|(_, line)| line.subject.interface.is_some() || !alone) {
        let (state, since) = now(&line.timeline, live.as_known_at);
        match told.iter_mut().find(|(other, _, _)| other.subject == line.subject) {
            Some((_, worst, from)) if state < *worst => (*worst, *from) = (state, since),
            Some(_) => {}
            None => told.push((line, state, since)),
        }
    }
    told.into_iter().map(|(line, state, since)| (name(words, &live.agreement, &line.subject), state, since)).collect()
}
