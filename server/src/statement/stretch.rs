//! Stretches of time that were not simply up, and what windows of exclusion made of them.

use uphold_core::agreement::Solution;
use uphold_core::id::FactId;
use uphold_core::interval::Interval;
use uphold_core::statement::{Cause, Row, WindowAct};
use uphold_core::time::Instant;
use uphold_core::timeline::State;

use crate::wording::when::{self, Moment};
use crate::wording::{Words, cause};

/// One stretch.
pub(super) struct Stretch {
    /// The state's name, which is also its class.
    pub(super) class: &'static str,
    /// What the time counts as.
    pub(super) state: String,
    pub(super) from: Moment,
    pub(super) until: Moment,
    pub(super) length: String,
    /// What made it so, one sentence each.
    pub(super) causes: Vec<String>,
}

/// One window, and what it did.
pub(super) struct Exclusion {
    /// `excluded` or `up` where the figure changed; nothing where what was measured counts.
    pub(super) class: &'static str,
    /// Whether it excluded.
    pub(super) effect: String,
    /// What it did and why.
    pub(super) sentence: String,
    /// The stretches that it touched.
    pub(super) touched: Vec<String>,
    /// That it was recorded after it began, if it was and the figure is better for it.
    pub(super) late: Option<String>,
}

/// Every stretch of a row, in the order of time.
pub(super) fn all(words: &Words, solution: Option<&Solution>, row: &Row) -> Vec<Stretch> {
    let stretches = row.reasons.iter().filter_map(|reason| Some((reason, reason.state()?)));
    stretches
        .map(|(reason, state)| Stretch {
            class: state.name(),
            state: words.state(state),
            from: when::moment(words, reason.interval.from()),
            until: when::moment(words, reason.interval.until()),
            length: when::clock_length(reason.interval.length()),
            causes: reason.causes.iter().map(|each| told(words, solution, state, each)).collect(),
        })
        .collect()
}

/// A cause in words. That a window was recorded late stands once, where windows are itemised.
fn told(words: &Words, solution: Option<&Solution>, state: State, cause: &Cause) -> String {
    match cause {
        Cause::Window { id, class, act, recorded_late: _ } => cause::window(words, class, id.as_str(), act),
        other => cause::text(words, solution, state, other),
    }
}

/// What one window did, with the stretches that it did it to.
struct Itemised<'r> {
    id: &'r FactId,
    class: &'r str,
    act: WindowAct,
    recorded_late: Option<Instant>,
    touched: Vec<Interval>,
}

/// Every window that touched a stretch of the row, once for each thing that it did, in the order of time.
pub(super) fn exclusions(words: &Words, row: &Row) -> Vec<Exclusion> {
    let mut items: Vec<Itemised<'_>> = Vec::new();
    for reason in &row.reasons {
        for each in &reason.causes {
            let Cause::Window { id, class, act, recorded_late } = each else { continue };
            match items.iter_mut().find(|item| item.id == id && item.act == *act) {
                Some(item) => item.touched.push(reason.interval),
                None => items.push(Itemised {
                    id,
                    class,
                    act: *act,
                    recorded_late: *recorded_late,
                    touched: vec![reason.interval],
                }),
            }
        }
    }
    items.iter().map(|item| exclusion(words, item)).collect()
}

fn exclusion(words: &Words, item: &Itemised<'_>) -> Exclusion {
    let (class, effect) = match item.act {
        WindowAct::Removed => ("excluded", words.texts.get("statement-excluded")),
        WindowAct::AsUp => ("up", words.texts.get("statement-as-up")),
        _ => ("", words.texts.get("statement-not-excluded")),
    };
    // Worth a look only where the figure got better by it.
    let late = item.recorded_late.filter(|_| !class.is_empty()).map(|at| {
        let moment = when::moment(words, at).text;
        words.texts.with("statement-late", &[("moment", moment.into())])
    });
    Exclusion {
        class,
        effect,
        sentence: cause::window(words, item.class, item.id.as_str(), &item.act),
        touched: item.touched.iter().map(|span| when::span(words, *span)).collect(),
        late,
    }
}
