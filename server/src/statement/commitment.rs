//! One commitment of a clause: what was promised, and for each row the verdict in a sentence with the figures behind it.

use std::ops::Range;

use uphold_core::agreement::{Aggregate, Agreement, Binding, Commitment};
use uphold_core::ratio::Ratio;
use uphold_core::statement::{Availability, GoalRow, Row, Verdict};
use uphold_core::time::{Instant, Millis};
use uphold_core::timeline::State;

use super::credit::{self, CreditView};
use super::event::{self, Event};
use super::picture::{self, Picture};
use super::stretch::{self, Exclusion, Stretch};
use crate::wording::when;
use crate::wording::{Phrase, Texts, Words, measured, subject};

/// Digits from which an exact fraction is left out: it is in the JSON form, or nobody could read it.
const MOST_DIGITS: usize = 40;

/// One commitment.
pub(super) struct CommitmentView {
    pub(super) name: Phrase,
    /// How its figure is made, where it is a percentage.
    pub(super) made: Vec<String>,
    pub(super) rows: Vec<RowView>,
}

impl CommitmentView {
    /// Whether one of its rows is told in full here.
    pub(super) fn is_here(&self) -> bool {
        self.rows.iter().any(|row| row.is_here)
    }
}

/// One row.
#[derive(Default)]
pub(super) struct RowView {
    /// An id that is unique in the document.
    pub(super) id: String,
    /// Where the overview leads for it: to its place on this page, or on another one.
    pub(super) link: String,
    /// Whether it is told in full here.
    pub(super) is_here: bool,
    pub(super) solution: Option<Phrase>,
    pub(super) subject: Phrase,
    pub(super) customer: Option<String>,
    pub(super) period: String,
    /// The zone of its times.
    pub(super) zone: String,
    /// The verdict's name with hyphens, for its class.
    pub(super) class: String,
    pub(super) verdict: String,
    /// The verdict in a sentence.
    pub(super) sentence: String,
    /// The figure for the overview.
    pub(super) figure: String,
    /// What was promised, for the overview.
    pub(super) target: String,
    /// What is owed, for the overview.
    pub(super) owed: String,
    pub(super) figures: Vec<(String, String)>,
    pub(super) goals: Vec<GoalView>,
    pub(super) spent: Vec<Spent>,
    pub(super) picture: Option<Picture>,
    pub(super) stretches: Vec<Stretch>,
    pub(super) exclusions: Vec<Exclusion>,
    pub(super) credit: Option<CreditView>,
    pub(super) claim: Vec<(String, String)>,
    pub(super) right: Option<String>,
    pub(super) events: Vec<Event>,
}

/// One of several goals.
pub(super) struct GoalView {
    pub(super) name: String,
    pub(super) target: String,
    pub(super) class: String,
    pub(super) verdict: String,
    pub(super) lower: String,
    pub(super) upper: String,
}

/// How long one state held.
pub(super) struct Spent {
    /// The state's name, which is also its class; nothing for the sum.
    pub(super) class: &'static str,
    pub(super) label: String,
    /// In hours, minutes and seconds.
    pub(super) clock: String,
    pub(super) seconds: String,
}

/// The view of a commitment with its rows; `number` counts the rows of the document, of which those of `here` are told in full.
pub(super) fn view<'r>(
    texts: Texts,
    agreement: &Agreement,
    commitment: &Commitment,
    rows: impl Iterator<Item = &'r Row>,
    known: Instant,
    number: &mut usize,
    here: &Range<usize>,
) -> CommitmentView {
    let words = Words { texts, zone: commitment.terms.zone.value.clone() };
    let rows = rows.map(|row| {
        *number += 1;
        let view = overview(&words, agreement, row, *number);
        if here.contains(&(*number - 1)) { in_full(view, &words, agreement, commitment, row, known) } else { view }
    });
    CommitmentView { name: words.phrase(&commitment.name), made: made(texts, commitment), rows: rows.collect() }
}

/// What the overview has of a row.
fn overview(words: &Words, agreement: &Agreement, row: &Row, number: usize) -> RowView {
    let solution = subject::solution_of(agreement, &row.subject);
    let owed = row.credit.as_ref().and_then(|credit| Some((credit.amount.as_ref()?, credit.currency.as_deref())));
    RowView {
        id: format!("row-{number}"),
        link: format!("#row-{number}"),
        is_here: false,
        solution: solution.map(|solution| words.phrase(&solution.name)),
        subject: subject::name(words, agreement, &row.subject),
        customer: row.customer().map(ToString::to_string),
        period: when::period(words, &row.period),
        zone: row.zone.to_string(),
        class: class(row.verdict),
        verdict: verdict(words.texts, row.verdict),
        figure: figure(words, row),
        target: row.target.as_ref().map_or_else(String::new, |target| percent_text(words, &target.percent)),
        owed: owed.map_or_else(String::new, |(amount, currency)| credit::money(words, amount, currency)),
        ..RowView::default()
    }
}

fn in_full(
    view: RowView,
    words: &Words,
    agreement: &Agreement,
    commitment: &Commitment,
    row: &Row,
    known: Instant,
) -> RowView {
    let solution = subject::solution_of(agreement, &row.subject);
    let remedy = commitment.availability().and_then(|terms| terms.remedy.as_ref());
    RowView {
        is_here: true,
        sentence: sentence(words, commitment, row, known),
        figures: figures(words, row),
        goals: row.goals.iter().map(|goal| goal_view(words, row, goal)).collect(),
        spent: spent(words, row),
        picture: picture::draw(words, row),
        stretches: stretch::all(words, solution, row),
        exclusions: stretch::exclusions(words, row),
        credit: remedy.zip(row.credit.as_ref()).map(|(remedy, credit)| credit::view(words, &remedy.value, credit)),
        claim: row.claim.as_ref().map_or_else(Vec::new, |claim| credit::claim(words, claim)),
        right: row.termination.as_ref().map(|right| credit::right(words, right)),
        events: event::all(words, solution, row),
        ..view
    }
}

/// A verdict's name as a class.
fn class(verdict: Verdict) -> String {
    verdict.name().replace(' ', "-")
}

/// A verdict in a word or two; the sentence beside it says the rest.
fn verdict(texts: Texts, verdict: Verdict) -> String {
    match verdict {
        Verdict::Met => texts.get("statement-verdict-met"),
        Verdict::Missed => texts.get("statement-verdict-missed"),
        Verdict::Indeterminate => texts.get("statement-verdict-indeterminate"),
        Verdict::NoTarget => texts.get("statement-verdict-no-target"),
        Verdict::NoOccasion => texts.get("statement-verdict-no-occasion"),
        Verdict::NotCovered => texts.get("statement-verdict-not-covered"),
        Verdict::InProgress => texts.get("statement-verdict-in-progress"),
    }
}

fn sentence(words: &Words, commitment: &Commitment, row: &Row, known: Instant) -> String {
    let texts = words.texts;
    match row.verdict {
        Verdict::InProgress => texts.with("statement-says-progress", &[("moment", words.moment(known).into())]),
        Verdict::NoOccasion => texts.get("statement-says-no-occasion"),
        Verdict::NotCovered => texts.get("statement-says-not-covered"),
        _ => match (&row.availability, &row.observed) {
            (Some(bounds), _) => of_bounds(words, commitment, row, bounds),
            (None, Some(observed)) => of_observed(words, row, observed),
            (None, None) => of_events(words, row),
        },
    }
}

fn of_bounds(words: &Words, commitment: &Commitment, row: &Row, bounds: &Availability) -> String {
    let texts = words.texts;
    let [lower, upper] = [&bounds.lower, &bounds.upper].map(|bound| bound.percent(row.decimals));
    let one = bounds.lower == bounds.upper;
    let Some(target) = &row.target else {
        return if one {
            texts.with("statement-says-measured", &[("figure", lower.into())])
        } else {
            texts.with("statement-says-measured-range", &[("lower", lower.into()), ("upper", upper.into())])
        };
    };
    let target = ("target", target.percent.as_str().into());
    let by_upper = row.binding == Some(Binding::Upper);
    match row.verdict {
        Verdict::Met if one => texts.with("statement-says-met", &[("figure", lower.into()), target]),
        Verdict::Met if by_upper => texts.with("statement-says-met-upper", &[("figure", upper.into()), target]),
        Verdict::Met => texts.with("statement-says-met-lower", &[("figure", lower.into()), target]),
        Verdict::Missed if one => texts.with("statement-says-missed", &[("figure", lower.into()), target]),
        Verdict::Missed if row.binding == Some(Binding::Lower) => {
            texts.with("statement-says-missed-lower", &[("figure", lower.into()), target])
        }
        Verdict::Missed => texts.with("statement-says-missed-upper", &[("figure", upper.into()), target]),
        _ => {
            let least = commitment.availability().and_then(|terms| terms.min_observed.as_ref());
            match (least, &row.observed) {
                (Some(least), Some(observed)) if *observed < least.value => texts.with(
                    "statement-says-too-little",
                    &[
                        ("observed", observed.percent(row.decimals).into()),
                        ("least", least.value.percent(row.decimals).into()),
                    ],
                ),
                _ => texts.with("statement-says-between", &[("lower", lower.into()), ("upper", upper.into()), target]),
            }
        }
    }
}

fn of_observed(words: &Words, row: &Row, observed: &Ratio) -> String {
    let observed = ("observed", observed.percent(row.decimals).into());
    match (&row.target, row.verdict) {
        (Some(target), Verdict::Met) => {
            let target = ("target", target.percent.as_str().into());
            words.texts.with("statement-says-observed-met", &[observed, target])
        }
        (Some(target), _) => {
            let target = ("target", target.percent.as_str().into());
            words.texts.with("statement-says-observed-missed", &[observed, target])
        }
        (None, _) => words.texts.with("statement-says-observed", &[observed]),
    }
}

fn of_events(words: &Words, row: &Row) -> String {
    let texts = words.texts;
    let count = event::count(row);
    let blanks = |some: usize| [("some", number(some)), ("n", number(count.all))];
    match row.verdict {
        Verdict::Missed if count.missed > 0 => texts.with("statement-says-events-missed", &blanks(count.missed)),
        Verdict::Missed => texts.get("statement-says-events-failed"),
        Verdict::Indeterminate => texts.with("statement-says-events-undecided", &blanks(count.undecided)),
        Verdict::NoTarget => texts.get("statement-says-events-measured"),
        _ if count.kept > 0 => texts.with("statement-says-events-kept", &blanks(count.kept)),
        _ => texts.get("statement-says-events-held"),
    }
}

fn number(count: usize) -> fluent_bundle::FluentValue<'static> {
    i64::try_from(count).unwrap_or(i64::MAX).into()
}

fn percent_text(words: &Words, percent: &str) -> String {
    words.texts.with("percent", &[("percent", percent.into())])
}

fn share(words: &Words, ratio: &Ratio, decimals: usize) -> String {
    percent_text(words, &ratio.percent(decimals))
}

fn figure(words: &Words, row: &Row) -> String {
    match (&row.availability, &row.observed) {
        (Some(bounds), _) if bounds.lower == bounds.upper => share(words, &bounds.lower, row.decimals),
        (Some(bounds), _) => {
            let [lower, upper] = [&bounds.lower, &bounds.upper].map(|bound| bound.percent(row.decimals).into());
            words.texts.with("percent-range", &[("lower", lower), ("upper", upper)])
        }
        (None, Some(observed)) => share(words, observed, row.decimals),
        (None, None) => {
            let count = event::count(row);
            if count.kept + count.missed + count.undecided == 0 {
                return String::new();
            }
            words.texts.with("statement-kept-of", &[("kept", number(count.kept)), ("n", number(count.all))])
        }
    }
}

fn figures(words: &Words, row: &Row) -> Vec<(String, String)> {
    let texts = words.texts;
    let mut figures = Vec::new();
    let mut add = |label: String, value: String| figures.push((label, value));
    let fractions = |ratio: &Ratio| {
        let [num, den] = [ratio.num(), ratio.den()].map(ToString::to_string);
        (num.len().max(den.len()) <= MOST_DIGITS).then(|| format!("{} / {}", words.number(&num), words.number(&den)))
    };
    match &row.availability {
        Some(bounds) if bounds.lower == bounds.upper => {
            add(texts.get("statement-availability"), share(words, &bounds.lower, row.decimals));
            fractions(&bounds.lower).into_iter().for_each(|text| add(texts.get("statement-exact"), text));
        }
        Some(bounds) => {
            for (bound, label, exact) in [
                (&bounds.lower, "statement-lower", "statement-exact-lower"),
                (&bounds.upper, "statement-upper", "statement-exact-upper"),
            ] {
                add(texts.get(label), share(words, bound, row.decimals));
                fractions(bound).into_iter().for_each(|text| add(texts.get(exact), text));
            }
        }
        None => {}
    }
    if let Some(target) = &row.target {
        add(texts.get("statement-promised"), percent_text(words, &target.percent));
    }
    if let Some(binding) = row.binding.filter(|_| row.target.is_some()) {
        let bound = match binding {
            Binding::Lower => texts.get("statement-binding-lower"),
            Binding::Upper => texts.get("statement-binding-upper"),
            Binding::Both => texts.get("statement-binding-both"),
        };
        add(texts.get("statement-binding"), bound);
    }
    if let Some(observed) = row.observed.as_ref().filter(|_| row.availability.is_some()) {
        add(texts.get("statement-observed"), share(words, observed, row.decimals));
    }
    figures.extend(measured::figures(words, row));
    figures
}

fn goal_view(words: &Words, row: &Row, goal: &GoalRow) -> GoalView {
    let bound = |of: fn(&Availability) -> &Ratio| {
        goal.availability.as_ref().map_or_else(String::new, |bounds| share(words, of(bounds), row.decimals))
    };
    GoalView {
        name: goal.name.clone().unwrap_or_default(),
        target: goal.target.as_ref().map_or_else(String::new, |target| percent_text(words, &target.percent)),
        class: class(goal.verdict),
        verdict: verdict(words.texts, goal.verdict),
        lower: bound(|bounds| &bounds.lower),
        upper: bound(|bounds| &bounds.upper),
    }
}

/// How the counted time was spent; of monitoring, how much of it was observed.
fn spent(words: &Words, row: &Row) -> Vec<Spent> {
    let tally = row.tally;
    if tally.covered().0 == 0 {
        return Vec::new();
    }
    let texts = words.texts;
    let line = |class: &'static str, label: String, length: Millis| Spent {
        class,
        label,
        clock: when::clock_length(length),
        seconds: when::seconds(words, length),
    };
    let state = |state: State, length: Millis| line(state.name(), words.state(state), length);
    let mut lines = if is_monitoring(row) {
        vec![
            line(State::Up.name(), texts.get("statement-time-observed"), tally.up + tally.down),
            line(State::Unknown.name(), texts.get("statement-time-unobserved"), tally.unknown),
        ]
    } else {
        vec![
            state(State::Up, tally.up),
            state(State::Down, tally.down),
            state(State::Excluded, tally.excluded),
            state(State::Unknown, tally.unknown),
        ]
    };
    lines.push(line("", texts.get("statement-time-covered"), tally.covered()));
    lines
}

fn is_monitoring(row: &Row) -> bool {
    row.availability.is_none() && row.observed.is_some()
}

/// How the figure of each goal is made.
fn made(texts: Texts, commitment: &Commitment) -> Vec<String> {
    let mut sentences: Vec<String> = Vec::new();
    for goal in commitment.availability().map_or(&[][..], |terms| &terms.goals) {
        let sentence = match goal.aggregate {
            Aggregate::Duration => texts.get("statement-made-duration"),
            Aggregate::GoodSlices => texts.get("statement-made-good-slices"),
            Aggregate::SliceMean => texts.get("statement-made-slice-mean"),
            Aggregate::Events => texts.get("statement-made-events"),
            Aggregate::Users => texts.get("statement-made-users"),
        };
        if !sentences.contains(&sentence) {
            sentences.push(sentence);
        }
    }
    sentences
}
