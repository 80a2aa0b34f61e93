//! A segment: what one flush of one vantage point says, so small that a steady service costs almost nothing.
//!
//! `{"runs":[[check, from, last, state, n], ...],"through":ms,"v":1,"vantage":...}`, canonical; the runs rise by check,
//! then by `from`, and no two share both.
//!
//! **A run** is identified by (check, vantage, from). A later record of the same run replaces the earlier one: it grew, or
//! it was reclassified. `n` observations of one state lie in it, the first at `from`, the last at `last`. The instant of an
//! observation is the tick at which the probe was due, so that a series that misses nothing lies on a grid of its interval.
//!
//! **The open run** of a series is the known run with the greatest `from`. It alone can still grow.
//!
//! **A segment lists only the runs that continuation would get wrong.** Segments of one vantage point apply in the order of
//! the ledger. Applying one means, for every series of that vantage point:
//! 1. every run that the segment lists replaces the known run of the same `from`, or is a new one;
//! 2. the open run, as it is after step 1, is *continued* if this segment does not list it: with
//!    `k = floor((through - last) / interval)`, if positive, `last` grows by `k * interval` and `n` by `k`.
//!
//! No other run changes. A series without a run stays without one until a segment lists its first.
//!
//! - **Registration.** The interval is the one in force by the ledger when the segment applies. A series that is not
//!   registered is not continued. Continuation adds no observation at or after the end of the active interval, and none to a
//!   run whose `last` lies outside it: a series that was retired and comes back begins with a listed run.
//! - **`through` never falls.** A segment with an earlier `through` than one before it counts as having that one's, so
//!   late runs need no exact clock.
//! - **Silence is listed.** A series that observed nothing since the last flush, though it was due, is listed with its run
//!   unchanged, at every flush until it observes again. So what a segment leaves out is never a guess.
//! - **Recorded.** What a segment listed, or extended by continuation, was recorded when the segment was.
//!
//! **A key frame** is a segment that can be the first: it lists, of every series of its vantage point, the open run whole,
//! also where continuation would get it right, and also of a series that no longer takes part, since it may come back; and
//! where that run is not up, every run before it back to the latest that is up, which is left out. (A row of failures is
//! confirmed by how many they are, so its beginning is needed.) Its `through` is not before that of an earlier segment, nor before an observation of that one or its own. Apart from that it is a segment like any
//! other, and says the same as one that lists less. The first segment that speaks of a calendar month (UTC) is a key frame,
//! so that months can be erased.
//!
//! **A hole.** Where a segment is gone, what the segments before it said of its vantage point is gone with it, of every
//! vantage point if nobody can say whose it was: it may have said otherwise. A series has no run then until a later segment
//! lists one. So what was erased is unknown, never up and never down. After a hole that ends before a key frame, every
//! run that is open then or begins later is what it was, to the observation. All of this needs that runs are listed in
//! their order, as `segment_of` does when it is told of them in their order: a run that begins before one that is known
//! already could be taken for the open one.
//!
//! Not here: applying segments (`fold.rs`), and who may erase one (`erase.rs`).

use std::collections::BTreeMap;
use std::fmt;

use crate::id::{CheckId, Series, VantageId};
use crate::ledger::canonical::{self, CanonicalError, FieldError, Fields, Value};
use crate::ledger::fold::Fold;
use crate::run::{Observed, Run};
use crate::time::{Instant, Millis, Zone};

/// A run as a segment says it: without when it was recorded, which the leaf says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OpenRun {
    /// The first observation.
    pub from: Instant,
    /// The last observation so far.
    pub last: Instant,
    /// What all of them saw.
    pub state: Observed,
    /// How many there are; at least one.
    pub n: u64,
}

impl OpenRun {
    /// The run, as recorded at that time.
    #[must_use]
    pub fn recorded(self, recorded_at: Instant) -> Run {
        Run { from: self.from, last: self.last, state: self.state, n: self.n, recorded_at }
    }
}

/// The run with every further observation that was due up to and including `through`.
///
/// ```
/// use uphold_core::{ledger::segment::{OpenRun, continued}, run::Observed, time::*};
/// let run = OpenRun { from: Instant(0), last: Instant(20), state: Observed::Up, n: 3 };
/// assert_eq!(continued(run, Millis(10), Instant(59)), OpenRun { last: Instant(50), n: 6, ..run });
/// assert_eq!(continued(run, Millis(10), Instant(15)), run);
/// ```
#[must_use]
pub fn continued(run: OpenRun, interval: Millis, through: Instant) -> OpenRun {
    let elapsed = through - run.last;
    if elapsed.0 < interval.0 || interval.0 < 1 {
        return run;
    }
    let steps = elapsed.0 / interval.0;
    OpenRun { last: run.last + Millis(steps * interval.0), n: run.n.saturating_add(steps.unsigned_abs()), ..run }
}

/// What one flush says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    vantage: VantageId,
    through: Instant,
    runs: Vec<(CheckId, OpenRun)>,
}

/// Why some bytes or some runs are not a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SegmentError {
    /// The bytes are not canonical.
    Canonical(CanonicalError),
    /// A key does not hold what it must.
    Field(FieldError),
}

impl fmt::Display for SegmentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Canonical(error) => write!(f, "not a segment: {error}"),
            Self::Field(error) => write!(f, "not a segment: {error}"),
        }
    }
}

impl std::error::Error for SegmentError {}

impl From<CanonicalError> for SegmentError {
    fn from(error: CanonicalError) -> Self {
        Self::Canonical(error)
    }
}

impl From<FieldError> for SegmentError {
    fn from(error: FieldError) -> Self {
        Self::Field(error)
    }
}

impl Segment {
    /// A segment that lists these runs, in any order.
    ///
    /// # Errors
    /// When two runs of one check begin at one instant, or a run is none: without observations, or ending before it begins.
    pub fn new(vantage: VantageId, through: Instant, mut runs: Vec<(CheckId, OpenRun)>) -> Result<Self, SegmentError> {
        runs.sort_by(|a, b| (&a.0, a.1.from).cmp(&(&b.0, b.1.from)));
        Self::of_sorted(vantage, through, runs)
    }

    fn of_sorted(vantage: VantageId, through: Instant, runs: Vec<(CheckId, OpenRun)>) -> Result<Self, SegmentError> {
        if !runs.is_sorted_by(|a, b| (&a.0, a.1.from) < (&b.0, b.1.from)) {
            return Err(FieldError::new("runs", "must rise by check, then by `from`, and not repeat").into());
        }
        if let Some((check, run)) = runs.iter().find(|(_, run)| run.n < 1 || run.last < run.from) {
            return Err(FieldError::new("runs", format!("`{check}` from {} is no run", run.from.0)).into());
        }
        Ok(Self { vantage, through, runs })
    }

    /// The vantage point whose flush it is.
    #[must_use]
    pub fn vantage(&self) -> &VantageId {
        &self.vantage
    }

    /// Up to when it speaks, inclusive.
    #[must_use]
    pub fn through(&self) -> Instant {
        self.through
    }

    /// The runs that it lists, rising by check, then by `from`.
    #[must_use]
    pub fn runs(&self) -> &[(CheckId, OpenRun)] {
        &self.runs
    }

    /// The runs that it lists of one check.
    fn of(&self, check: &CheckId) -> &[(CheckId, OpenRun)] {
        let from = self.runs.partition_point(|(listed, _)| listed < check);
        let until = self.runs.partition_point(|(listed, _)| listed <= check);
        &self.runs[from..until]
    }

    /// The canonical bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let runs = self.runs.iter().map(|(check, run)| {
            Value::List(vec![
                Value::text(check),
                Value::Int(run.from.0),
                Value::Int(run.last.0),
                Value::text(run.state.name()),
                Value::count(run.n),
            ])
        });
        canonical::to_bytes(&Value::map([
            ("runs", Value::List(runs.collect())),
            ("through", Value::Int(self.through.0)),
            ("v", Value::Int(1)),
            ("vantage", Value::text(&self.vantage)),
        ]))
    }

    /// Reads the canonical bytes.
    ///
    /// # Errors
    /// When they are no segment of version 1, exactly as [`Self::encode`] writes it.
    pub fn decode(bytes: &[u8]) -> Result<Self, SegmentError> {
        let mut fields = Fields::of(canonical::parse(bytes)?, "segment")?;
        if fields.int("v")? != 1 {
            return Err(FieldError::new("v", "is a version that this program does not know").into());
        }
        let vantage = VantageId::parse(&fields.text("vantage")?).map_err(|error| FieldError::new("vantage", error))?;
        let through = Instant(fields.int("through")?);
        let runs: Result<Vec<_>, _> = fields.list("runs")?.into_iter().map(decode_run).collect();
        let runs = runs?;
        fields.finish()?;
        Self::of_sorted(vantage, through, runs)
    }
}

fn decode_run(value: Value) -> Result<(CheckId, OpenRun), FieldError> {
    let refuse = |problem: &str| FieldError::new("runs", problem);
    let Value::List(parts) = value else { return Err(refuse("holds what is no list")) };
    let [Value::Text(check), Value::Int(from), Value::Int(last), Value::Text(state), Value::Int(n)] = parts.as_slice()
    else {
        return Err(refuse("holds a list that is not [check, from, last, state, n]"));
    };
    let run = OpenRun {
        from: Instant(*from),
        last: Instant(*last),
        state: Observed::find(state).ok_or_else(|| refuse("holds a state that is not known"))?,
        n: u64::try_from(*n).map_err(|_| refuse("holds a negative count"))?,
    };
    Ok((CheckId::parse(check).map_err(|error| FieldError::new("runs", error))?, run))
}

/// The segment that makes `previous` say what was observed: it lists exactly the runs that continuation would get wrong.
///
/// `actual` holds, for every series, the runs that began or grew since the last segment, whole; series of other vantage
/// points are passed over. A series that is absent observed nothing since then. Observations later than `through` may be
/// in it, at the price of a listing: leave them to the next flush, and choose `through` before the oldest tick whose
/// outcome is still pending. Registrations come first: tell `previous` of them before.
///
/// # Errors
/// When `actual` holds what is no run, or two runs of one series that begin at one instant.
pub fn segment_of(
    previous: &Fold,
    vantage: &VantageId,
    actual: &BTreeMap<Series, Vec<OpenRun>>,
    through: Instant,
) -> Result<Segment, SegmentError> {
    let mut listed = Vec::new();
    for (check, open) in previous.open_runs(vantage) {
        let series = Series { check: check.clone(), vantage: vantage.clone() };
        let silent = actual.get(&series).is_none_or(|runs| runs.iter().all(|run| run.from < open.from));
        if silent && previous.predicted(&series, open, through) != open {
            listed.push((check.clone(), open));
        }
    }
    for (series, runs) in actual.iter().filter(|(series, _)| series.vantage == *vantage) {
        let open = previous.open_run(series);
        let newest = runs.iter().map(|run| run.from).chain(open.map(|open| open.from)).max();
        for run in runs {
            let said = match open {
                Some(open) if Some(open.from) == newest && open.from == run.from => {
                    Some(previous.predicted(series, open, through))
                }
                _ => previous.find_run(series, run.from),
            };
            if said != Some(*run) {
                listed.push((series.check.clone(), *run));
            }
        }
    }
    Segment::new(vantage.clone(), through, listed)
}

/// The segment that makes `previous` say what was observed, as [`segment_of`] does; a key frame, where it is the first of its
/// vantage point that speaks of its calendar month (UTC).
///
/// # Errors
/// As [`segment_of`].
pub fn monthly_segment_of(
    previous: &Fold,
    vantage: &VantageId,
    actual: &BTreeMap<Series, Vec<OpenRun>>,
    through: Instant,
) -> Result<Segment, SegmentError> {
    let is_new = previous.through(vantage).is_none_or(|before| begins_a_month(before, through));
    if is_new {
        key_frame_of(previous, vantage, actual, through)
    } else {
        segment_of(previous, vantage, actual, through)
    }
}

/// Whether an instant lies in a later calendar month (UTC) than another.
///
/// ```
/// use uphold_core::{ledger::segment::begins_a_month, time::Instant};
/// let at = |text| Instant::parse(text).unwrap();
/// assert!(begins_a_month(at("2026-10-31T23:59:59Z"), at("2026-11-01T00:00:00Z")));
/// assert!(!begins_a_month(at("2026-11-01T00:00:00Z"), at("2026-11-30T23:59:59Z")));
/// ```
#[must_use]
pub fn begins_a_month(before: Instant, at: Instant) -> bool {
    at >= Zone::utc().month_of(before).interval.until()
}

/// The key frame that makes `previous` say what was observed: the same as [`segment_of`], with what a key frame lists beside.
///
/// # Errors
/// As [`segment_of`].
pub fn key_frame_of(
    previous: &Fold,
    vantage: &VantageId,
    actual: &BTreeMap<Series, Vec<OpenRun>>,
    through: Instant,
) -> Result<Segment, SegmentError> {
    let segment = segment_of(previous, vantage, actual, through)?;
    let mut listed = segment.runs.clone();
    for (check, row) in rows(previous, &segment) {
        let news = segment.of(check);
        listed.extend(
            row.into_iter().filter(|run| !news.contains(&(check.clone(), *run))).map(|run| (check.clone(), run)),
        );
    }
    Segment::new(vantage.clone(), through, listed)
}

/// Whether a segment is a key frame, after what `previous` says.
#[must_use]
pub fn is_key_frame(previous: &Fold, segment: &Segment) -> bool {
    previous.through(&segment.vantage).is_none_or(|before| before <= segment.through)
        && previous.open_runs(&segment.vantage).all(|(_, open)| open.last <= segment.through)
        && segment.runs.iter().all(|(_, run)| run.last <= segment.through)
        && rows(previous, segment).all(|(check, row)| {
            let listed = segment.of(check);
            row.iter().all(|run| listed.iter().any(|(_, listed)| listed == run))
        })
}

/// What a key frame lists of each series that has a run before it.
fn rows<'a>(previous: &'a Fold, segment: &'a Segment) -> impl Iterator<Item = (&'a CheckId, Vec<OpenRun>)> {
    previous.open_runs(&segment.vantage).map(move |(check, open)| {
        let series = Series { check: check.clone(), vantage: segment.vantage.clone() };
        (check, row(previous, &series, open, segment.of(check), segment.through))
    })
}

/// The open run after a segment that lists `news` of a series, and where it is not up, the runs before it back to one that is.
fn row(previous: &Fold, series: &Series, open: OpenRun, news: &[(CheckId, OpenRun)], through: Instant) -> Vec<OpenRun> {
    let goes_on = news.last().is_none_or(|(_, newest)| newest.from < open.from);
    let known = previous.runs_back(series).filter(|run| news.iter().all(|(_, listed)| listed.from != run.from));
    let known = known.map(|run| match run.from == open.from && goes_on {
        true => previous.predicted(series, run, through),
        false => run,
    });
    let (mut known, mut news) = (known.peekable(), news.iter().rev().map(|(_, run)| *run).peekable());
    let mut row: Vec<OpenRun> = Vec::new();
    loop {
        let is_news = match (news.peek(), known.peek()) {
            (Some(listed), Some(known)) => listed.from > known.from,
            (listed, _) => listed.is_some(),
        };
        let Some(run) = (if is_news { news.next() } else { known.next() }) else { return row };
        if run.state == Observed::Up {
            if row.is_empty() {
                row.push(run);
            }
            return row;
        }
        row.push(run);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_is_read_back_and_has_one_spelling() {
        let run = |from, n| OpenRun { from: Instant(from), last: Instant(from + 9), state: Observed::Down, n };
        let check = |id: &str| CheckId::parse(id).unwrap();
        let vantage = VantageId::parse("tokyo-1").unwrap();
        let runs = vec![(check("b"), run(1, 2)), (check("a"), run(20, 3)), (check("a"), run(3, 4))];
        let segment = Segment::new(vantage.clone(), Instant(99), runs).unwrap();
        let text = String::from_utf8(segment.encode()).unwrap();
        let want = concat!(
            r#"{"runs":[["a",3,12,"down",4],["a",20,29,"down",3],["b",1,10,"down",2]],"#,
            r#""through":99,"v":1,"vantage":"tokyo-1"}"#
        );
        assert_eq!(text, want);
        assert_eq!(Segment::decode(text.as_bytes()), Ok(segment));
        for (old, new) in [
            (r#"["a",20"#, r#"["a",3"#),
            (r#"["a",20"#, r#"["c",20"#),
            (r#""down",4"#, r#""down",0"#),
            (r#""down",4"#, r#""down",-4"#),
            (r#""down",4"#, r#""dawn",4"#),
            (r#""down",4"#, r#""down",4,4"#),
            ("3,12", "3,2"),
            (r#""v":1"#, r#""v":2"#),
            (r#""v":1"#, r#""u":1,"v":1"#),
        ] {
            let bad = text.replacen(old, new, 1);
            assert_ne!(bad, text);
            assert!(Segment::decode(bad.as_bytes()).is_err(), "{bad}");
        }
        assert!(Segment::new(vantage, Instant(99), vec![(check("a"), run(1, 1)), (check("a"), run(1, 2))]).is_err());
    }

    #[test]
    fn continuing_in_steps_is_continuing_at_once() {
        let run = OpenRun { from: Instant(0), last: Instant(7), state: Observed::Up, n: 2 };
        for (a, b) in (0..60).flat_map(|a| (a..60).map(move |b| (a, b))) {
            let at = |run, through| continued(run, Millis(10), Instant(through));
            assert_eq!(at(at(run, a), b), at(run, b));
        }
    }
}
