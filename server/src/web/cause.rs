//! Causes put into words: why a stretch of time counts as it does.

use uphold_core::agreement::Solution;
use uphold_core::id::InterfaceId;
use uphold_core::statement::{Cause, WindowAct};
use uphold_core::timeline::State;

use super::words::Words;

/// A sentence without its full stop. `state` is what the time counts as.
pub(super) fn text(words: &Words, solution: Option<&Solution>, state: State, cause: &Cause) -> String {
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
        Cause::Event { id, .. } => {
            texts.with("cause-event", &[("id", id.as_ref().map_or("–", |id| id.as_str()).into())])
        }
    }
}

fn window(words: &Words, class: &str, id: &str, act: &WindowAct) -> String {
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
