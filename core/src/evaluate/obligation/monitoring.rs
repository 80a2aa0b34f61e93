//! Monitoring: which share of the counted time was observed at all.

use crate::agreement::Monitoring;
use crate::evaluate::compose::{self, Witnesses};
use crate::evaluate::coverage;
use crate::evaluate::view::View;
use crate::ratio::Ratio;
use crate::statement::{Amount, Measured, Reason, ReasonKind, Row, Verdict};
use crate::timeline::State;

/// The composed timeline decides what was observed: a part that saw enough to decide the whole leaves nothing unknown.
pub(super) fn judge(view: &View<'_>, terms: &Monitoring, row: &mut Row) {
    let span = row.period.interval;
    let tree = compose::tree(view, &terms.states);
    let timeline = tree.timeline(&[]);
    row.counted = coverage::counted(view, &terms.service_time.value, None, span, span).all();
    row.tally = timeline.tally(&row.counted);
    let seen = row.tally.up + row.tally.down;
    row.observed = Ratio::of(seen, seen + row.tally.unknown);
    row.verdict = match (&row.observed, &terms.target) {
        _ if view.now < span.until() => Verdict::InProgress,
        (None, _) => Verdict::NotCovered,
        (Some(_), None) => Verdict::NoTarget,
        (Some(observed), Some(target)) if *observed >= target.ratio => Verdict::Met,
        _ => Verdict::Missed,
    };
    row.measured =
        row.observed.iter().map(|share| Measured { key: "observed", amount: Amount::Share(share.clone()) }).collect();
    let witnesses = Witnesses::of(&tree, &row.counted);
    let unknown = row.counted.parts().iter().flat_map(|part| timeline.when(State::Unknown, *part).parts().to_vec());
    row.reasons = unknown
        .map(|interval| Reason {
            interval,
            kind: ReasonKind::State(State::Unknown),
            causes: witnesses.causes(view, interval, State::Unknown),
        })
        .collect();
}
