//! Causes put into words: why a stretch of time counts as it does.

use uphold_core::agreement::Solution;
use uphold_core::id::{FactId, InterfaceId};
use uphold_core::statement::{Cause, EventNote, WindowAct};
use uphold_core::time::Millis;
use uphold_core::timeline::State;

use super::words::Words;

/// A sentence without its full stop. `state` is what the time counts as.
pub(crate) fn text(words: &Words, solution: Option<&Solution>, state: State, cause: &Cause) -> String {
    let texts = words.texts;
    let interface = |id: &InterfaceId| {
        let found = solution.and_then(|solution| solution.interfaces.iter().find(|each| each.id == *id));
        found.map_or_else(|| id.to_string(), |each| words.phrase(&each.name).text)
    };
    match cause {
        Cause::Check { interface: id, series } => {
            let blanks = [("check", series.to_string().into()), ("interface", interface(id).into())];
            match state {
                State::Down => texts.with("cause-down", &blanks),
                _ => texts.with("cause-not-observed", &blanks),
            }
        }
        Cause::NotMeasured { interface: id } => {
            texts.with("cause-not-measured", &[("interface", interface(id).into())])
        }
        Cause::Gap { why, .. } => texts.with("cause-gap", &[("why", why.as_str().into())]),
        Cause::Erased { why, on, .. } => {
            texts.with("cause-erased", &[("why", why.as_str().into()), ("on", words.moment(*on).into())])
        }
        Cause::Window { id, class, act, recorded_late } => {
            let said = window(words, class, id.as_str(), act);
            match recorded_late {
                Some(at) => texts.with("cause-late", &[("cause", said.into()), ("at", words.moment(*at).into())]),
                None => said,
            }
        }
        Cause::Suspended { id } => texts.with("cause-suspended", &[("id", id.as_str().into())]),
        Cause::TooShort { minimum } => texts.with("cause-too-short", &[("minimum", words.length(*minimum).into())]),
        Cause::NotConfirmed => texts.get("cause-not-confirmed"),
        Cause::MergedGap => texts.get("cause-merged"),
        Cause::Slice => texts.get("cause-slice"),
        Cause::NotCounted => texts.get("cause-not-counted"),
        Cause::DeemedUp => texts.get("cause-deemed-up"),
        Cause::Policy => texts.get("cause-policy"),
        Cause::Event { id, note, took, limit } => event(words, id.as_ref(), *note, *took, *limit),
    }
}

/// What a window did, and why.
pub(crate) fn window(words: &Words, class: &str, id: &str, act: &WindowAct) -> String {
    let texts = words.texts;
    let blanks = [("class", class.into()), ("id", id.into())];
    match act {
        WindowAct::Removed => texts.with("window-removed", &blanks),
        WindowAct::AsUp => texts.with("window-as-up", &blanks),
        WindowAct::ShortNotice { given: Some(given), needed } => {
            let [class, id] = blanks;
            let given = ("given", words.length(*given).into());
            texts.with("window-short", &[class, id, given, ("needed", words.lead(*needed).into())])
        }
        WindowAct::ShortNotice { given: None, needed } => {
            let [class, id] = blanks;
            texts.with("window-unannounced", &[class, id, ("needed", words.lead(*needed).into())])
        }
        WindowAct::Overrun => texts.with("window-overrun", &blanks),
        WindowAct::CapUsedUp => texts.with("window-cap", &blanks),
        WindowAct::NoEffect => texts.with("window-none", &blanks),
    }
}

/// What an event shows, with the fact that it rests on and the limit that it is held against.
fn event(words: &Words, id: Option<&FactId>, note: EventNote, took: Option<Millis>, limit: Option<Millis>) -> String {
    let texts = words.texts;
    let said = match took {
        Some(took) => texts.with(some(note, took), &[("took", words.length(Millis(took.0.abs())).into())]),
        None => texts.get(none(note)),
    };
    let limited = match limit {
        Some(limit) => texts.with("event-limit", &[("event", said.into()), ("limit", words.length(limit).into())]),
        None => said,
    };
    match id {
        Some(id) => texts.with("event-fact", &[("id", id.as_str().into()), ("event", limited.into())]),
        None => limited,
    }
}

/// The sentence of a note that has its time.
fn some(note: EventNote, took: Millis) -> &'static str {
    match note {
        EventNote::Announced if took.0 < 0 => "event-announced-after",
        EventNote::Announced => "event-announced",
        EventNote::Extended if took.0 < 0 => "event-extended-after",
        EventNote::Extended => "event-extended",
        EventNote::ExtendedTooFar => "event-extended-far",
        EventNote::Worked => "event-worked",
        EventNote::ExemptWork => "event-exempt",
        EventNote::Noticed if took.0 < 0 => "event-noticed-before",
        EventNote::Noticed => "event-noticed",
        EventNote::Restored => "event-restored",
        EventNote::Recovered => "event-recovered",
        EventNote::DataLost => "event-lost",
        EventNote::Happened => "event-happened",
        EventNote::NotSince => "event-not-since",
        EventNote::Present => "event-present-for",
        EventNote::Absent => "event-absent-for",
    }
}

/// The sentence of a note that has none.
fn none(note: EventNote) -> &'static str {
    match note {
        EventNote::Announced => "event-announced-never",
        EventNote::Extended => "event-extended-untold",
        EventNote::ExtendedTooFar => "event-extended-open",
        EventNote::Worked => "event-working",
        EventNote::ExemptWork => "event-exempt-open",
        EventNote::Noticed => "event-noticed-never",
        EventNote::Restored => "event-not-restored",
        EventNote::Recovered => "event-not-recovered",
        EventNote::DataLost => "event-not-read",
        EventNote::Happened => "event-happened",
        EventNote::NotSince => "event-never",
        EventNote::Present => "event-present",
        EventNote::Absent => "event-absent",
    }
}
