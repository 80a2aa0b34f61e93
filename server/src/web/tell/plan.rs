//! What a maintenance would come to, in words: whether its notice is in time, and what it leaves of each limit.

use fluent_bundle::FluentValue;
use uphold_core::statement::{EventNote, ReasonKind, Row};
use uphold_core::time::{Instant, Millis};

use super::super::gauge::{self, Bar};
use super::super::maintenance;
use crate::live::Live;
use crate::operate::foresee::{Foreseen, Limit, Notice};
use crate::wording::{Words, when};

/// What a maintenance would come to.
pub(super) struct PlanView {
    /// Whether everybody would see it on the schedule at once; said of nothing that is called off.
    pub(super) published: Option<String>,
    /// What is said of its notice.
    pub(super) notices: Vec<NoticeView>,
    /// What it does to each limit.
    pub(super) limits: Vec<LimitView>,
    /// Whatever else is to be said.
    pub(super) notes: Vec<String>,
}

/// One sentence about its notice.
#[derive(PartialEq, Eq)]
pub(super) struct NoticeView {
    /// `kept`, `missed` or `undecided`, which is also a class.
    pub(super) class: &'static str,
    pub(super) label: String,
    /// What is said.
    pub(super) says: String,
    /// To whom the notice is promised.
    pub(super) whose: Vec<String>,
}

/// One limit in one period.
pub(super) struct LimitView {
    /// What is limited, and of what.
    pub(super) what: String,
    /// To whom that is promised.
    pub(super) whose: Vec<String>,
    /// Whether it is exceeded.
    pub(super) is_exceeded: bool,
    /// What is left, and what this one takes.
    pub(super) says: [String; 2],
    pub(super) bar: Bar,
}

/// What is foreseen, in words. What is said of several customers is said once.
pub(super) fn view(words: &Words, live: &Live, foreseen: &Foreseen, now: Instant) -> PlanView {
    let texts = words.texts;
    let mut notices: Vec<NoticeView> = Vec::new();
    for notice in &foreseen.notices {
        let one = notice_view(words, notice, now);
        let same = |other: &&mut NoticeView| (other.class, &other.says) == (one.class, &one.says);
        match notices.iter_mut().find(same) {
            Some(other) => other.whose.extend(one.whose),
            None => notices.push(one),
        }
    }
    let mut limits: Vec<(&Limit, LimitView)> = Vec::new();
    for limit in &foreseen.limits {
        let Some(one) = limit_view(words, live, limit) else { continue };
        let figures = |limit: &Limit| (limit.used, limit.planned, limit.adds, limit.limit);
        let same = |(other, view): &&mut (&Limit, LimitView)| {
            figures(other) == figures(limit) && other.row.period == limit.row.period && view.what == one.what
        };
        match limits.iter_mut().find(same) {
            Some((_, other)) => other.whose.extend(one.whose),
            None => limits.push((limit, one)),
        }
    }
    let mut notes = Vec::new();
    if notices.is_empty() && !foreseen.is_gone && !foreseen.is_tentative {
        notes.push(texts.get("plan-promises-no-notice"));
    }
    if limits.is_empty() && !foreseen.is_tentative {
        notes.push(texts.get("plan-no-limit"));
    }
    if let Some(until) = foreseen.looked_until {
        notes.push(texts.with("plan-looked-until", &[("moment", words.moment(until).into())]));
    }
    let published = match foreseen {
        Foreseen { is_tentative: true, .. } => "plan-tentative",
        Foreseen { is_public: true, .. } => "plan-published-too",
        Foreseen { .. } => "plan-not-public",
    };
    PlanView {
        published: (!foreseen.is_gone).then(|| texts.get(published)),
        notices,
        limits: limits.into_iter().map(|(_, view)| view).collect(),
        notes,
    }
}

fn whose(words: &Words, row: &Row) -> String {
    row.customer().map_or_else(|| words.texts.get("tell-for-everybody"), ToString::to_string)
}

fn notice_view(words: &Words, notice: &Notice, now: Instant) -> NoticeView {
    let texts = words.texts;
    let (class, label) = match notice.kind {
        ReasonKind::Kept => ("kept", texts.get("notice-kept")),
        ReasonKind::Undecided => ("undecided", texts.get("notice-awaited")),
        _ if notice.note == EventNote::ExtendedTooFar => ("missed", texts.get("notice-too-far")),
        _ if notice.given.is_none() => ("missed", texts.get("notice-missed")),
        _ => ("missed", texts.get("notice-short")),
    };
    let words = &Words { texts, zone: notice.row.zone.clone() };
    NoticeView { class, label, says: says(words, notice, now), whose: vec![whose(words, &notice.row)] }
}

/// The sentence: how long before, how long that must be, and by how much it is more or less.
fn says(words: &Words, notice: &Notice, now: Instant) -> String {
    let (texts, needed) = (words.texts, notice.needed.unwrap_or(Millis(0)));
    let asked: (&str, FluentValue<'_>) = ("needed", words.length(needed).into());
    if notice.note == EventNote::ExtendedTooFar {
        return match notice.given {
            Some(beyond) => texts.with("plan-too-far", &[asked, ("given", words.length(beyond).into())]),
            None => texts.with("plan-too-far-open", &[asked]),
        };
    }
    let Some(given) = notice.given else {
        let key = if notice.kind == ReasonKind::Undecided { "plan-unproved" } else { "plan-unproved-late" };
        return texts.with(key, &[asked, ("moment", words.moment(notice.of - needed).into())]);
    };
    // Rounded toward the worse: a notice must not look longer than it is.
    let whole = Millis(given.0.div_euclid(1000) * 1000);
    let (at, more) = (notice.of - given, whole - needed);
    let key = match (notice.note, at == now) {
        (EventNote::Extended, _) => ["plan-extension-kept", "plan-extension-short", "plan-extension-begun"],
        (_, true) => ["plan-notice-kept", "plan-notice-short", "plan-notice-begun"],
        (_, false) => ["plan-earlier-kept", "plan-earlier-short", "plan-earlier-begun"],
    };
    let key = match () {
        () if given.0 < 0 => key[2],
        () if notice.kind == ReasonKind::Kept => key[0],
        () => key[1],
    };
    let length = |length: Millis| -> FluentValue<'_> { words.length(Millis(length.0.abs())).into() };
    let moment = ("moment", words.moment(at).into());
    texts.with(key, &[asked, ("given", length(whole)), ("by", length(more)), moment])
}

fn limit_view(words: &Words, live: &Live, limit: &Limit) -> Option<LimitView> {
    let (texts, row) = (words.texts, &limit.row);
    let held = maintenance::bar(words, live, row)?;
    let words = &Words { texts, zone: row.zone.clone() };
    let taken = limit.used + limit.planned + limit.adds;
    let (left, over) = (Millis((limit.limit - taken).0.max(0) / 1000 * 1000), taken - limit.limit);
    let blanks = [
        ("period", when::period(words, &row.period).into()),
        ("limit", words.length(limit.limit).into()),
        ("left", words.length(left).into()),
        ("over", words.length(over).into()),
    ];
    let adds = ("adds", words.length(Millis(limit.adds.0.abs())).into());
    Some(LimitView {
        what: format!("{} · {}", held.name.text, held.subject.text),
        whose: vec![whose(words, row)],
        is_exceeded: over.0 > 0,
        says: [
            texts.with(if over.0 > 0 { "plan-exceeded" } else { "plan-left" }, &blanks),
            match limit.adds.0 {
                0 => texts.get("plan-adds-nothing"),
                1.. => texts.with("plan-adds", &[adds]),
                _ => texts.with("plan-gives-back", &[adds]),
            },
        ],
        bar: match limit.adds.0 {
            1.. => gauge::plan(words, limit.used, limit.planned, limit.adds, limit.limit),
            // Nothing of this one is in it: the bar is that of the schedule.
            _ => held.bar,
        },
    })
}
