//! What is taken of a report: pure over the book.
//!
//! **What was observed counts where both sides mean the same.** A run is taken for the time in which the sender's
//! registration of the series and the one in this book have the same definition, interval, staleness and scope; the rest of
//! it is left out, and that time stays unknown. So neither side has to change its checks file first, and no observation of
//! one target is ever taken for one of another.
//!
//! **What is recorded is not changed by a report.** A known run may grow; a new one begins after all that are known.

use std::collections::BTreeMap;
use std::fmt::Display;

use uphold_core::history::CheckScope;
use uphold_core::id::{CheckId, FactId, InterfaceId, Series, SolutionId, VantageId};
use uphold_core::interval::Interval;
use uphold_core::ledger::digest::Digest;
use uphold_core::ledger::fact::ObserverGap;
use uphold_core::ledger::segment::OpenRun;
use uphold_core::run::{Observed, Staleness};
use uphold_core::time::{Instant, Millis};

use super::{FUTURE_MAX, GAPS_MAX, REPORT_VERSION, Refused, Report, ReportedGap, ReportedSeries};
use crate::ledger::book::{Book, Registration};

/// What is to be recorded.
#[derive(Debug, Default)]
pub(in crate::measure) struct Taken {
    /// The runs that began or grew.
    pub(in crate::measure) runs: BTreeMap<Series, Vec<OpenRun>>,
    /// The times in which nobody watched.
    pub(in crate::measure) gaps: Vec<ObserverGap>,
    pub(in crate::measure) matched: usize,
    pub(in crate::measure) unmatched: usize,
}

/// A registration as its sender tells it, read.
struct Told {
    series: Series,
    scope: CheckScope,
    interval: Millis,
    staleness: Staleness,
    definition: Digest,
    active: Interval,
}

/// Judges a report of `vantage` against the book. `now` is this server's clock.
pub(in crate::measure) fn intake(
    report: &Report,
    vantage: &VantageId,
    book: &Book,
    now: Instant,
) -> Result<Taken, Refused> {
    if report.v != REPORT_VERSION {
        return Err(Refused::Malformed(format!("reports of version {} are not known here", report.v)));
    }
    let known = book.fold.through(vantage);
    if report.after.map(Instant) != known {
        return Err(Refused::OutOfStep { through: known });
    }
    let through = instant(report.through, now)?;
    if known.is_some_and(|known| through <= known) {
        return Err(Refused::OutOfStep { through: known });
    }
    let mut taken = Taken::default();
    let mut told_of = BTreeMap::new();
    for reported in &report.series {
        let told = read_series(reported, vantage, now)?;
        let runs = read_runs(reported, &told, now)?;
        let is_matched = take(&told, &runs, book, &mut taken)?;
        let seen = told_of.entry(told.series).or_insert(false);
        *seen |= is_matched;
    }
    taken.matched = told_of.values().filter(|matched| **matched).count();
    taken.unmatched = told_of.len() - taken.matched;
    for (series, runs) in &mut taken.runs {
        runs.sort_by_key(|run| run.from);
        if runs.windows(2).any(|pair| pair[1].from <= pair[0].last) {
            return Err(overlap(series));
        }
    }
    if report.gaps.len() > GAPS_MAX {
        return Err(malformed("gaps", format!("a report holds at most {GAPS_MAX}")));
    }
    taken.gaps = report.gaps.iter().map(|gap| read_gap(gap, vantage, now)).collect::<Result<_, _>>()?;
    Ok(taken)
}

fn malformed(what: &str, why: impl Display) -> Refused {
    Refused::Malformed(format!("{what}: {why}"))
}

fn overlap(series: &Series) -> Refused {
    Refused::Contradiction(format!("two runs of `{}` overlap", series.check))
}

/// An instant that may be reported: not before the epoch, and not of a time that has not come.
fn instant(at: i64, now: Instant) -> Result<Instant, Refused> {
    let latest = now + FUTURE_MAX;
    if at < 0 {
        return Err(Refused::Malformed(format!("an instant of {at} ms is before 1970")));
    }
    if at > latest.0 {
        return Err(Refused::Future { ahead: Millis(at - now.0) });
    }
    Ok(Instant(at))
}

fn read_series(reported: &ReportedSeries, vantage: &VantageId, now: Instant) -> Result<Told, Refused> {
    let check = CheckId::parse(&reported.check).map_err(|error| malformed("check", error))?;
    let solution = SolutionId::parse(&reported.solution).map_err(|error| malformed("solution", error))?;
    let interface = InterfaceId::parse(&reported.interface).map_err(|error| malformed("interface", error))?;
    let definition = Digest::parse(&reported.definition).map_err(|error| malformed("definition", error))?;
    let positive = |length: i64, what: &str| match length {
        1.. => Ok(Millis(length)),
        _ => Err(malformed(what, "is shorter than a millisecond")),
    };
    let from = instant(reported.from, now)?;
    let until = reported.until.map_or(Ok(Instant::MAX), |until| instant(until, now))?;
    Ok(Told {
        series: Series { check, vantage: vantage.clone() },
        scope: CheckScope::whole(solution, interface),
        interval: positive(reported.interval_ms, "interval_ms")?,
        staleness: match reported.staleness_ms {
            Some(limit) => Staleness::After(positive(limit, "staleness_ms")?),
            None => Staleness::None,
        },
        definition,
        active: Interval::new(from, until).ok_or_else(|| malformed("until", "is not after `from`"))?,
    })
}

/// The runs of one registration: rising, apart from each other, and with no more observations than there is room for.
fn read_runs(reported: &ReportedSeries, told: &Told, now: Instant) -> Result<Vec<OpenRun>, Refused> {
    let mut runs: Vec<OpenRun> = Vec::with_capacity(reported.runs.len());
    for (from, last, state, n) in &reported.runs {
        let (from, last) = (instant(*from, now)?, instant(*last, now)?);
        let state = Observed::find(state).ok_or_else(|| malformed("runs", format!("`{state}` is no state")))?;
        let room = (last - from).0 / told.interval.0 + 1;
        if last < from || *n < 1 || i64::try_from(*n).is_ok_and(|n| n > room) || *n > i64::MAX.unsigned_abs() {
            let what = format!("a run of `{}` from {from} is none: {n} observations until {last}", told.series.check);
            return Err(Refused::Contradiction(what));
        }
        if runs.last().is_some_and(|before| from <= before.last) {
            return Err(overlap(&told.series));
        }
        runs.push(OpenRun { from, last, state, n: *n });
    }
    Ok(runs)
}

fn read_gap(gap: &ReportedGap, vantage: &VantageId, now: Instant) -> Result<ObserverGap, Refused> {
    let id = FactId::parse(&gap.id).map_err(|error| malformed("gaps", error))?;
    let span = Interval::new(instant(gap.from, now)?, instant(gap.until, now)?);
    let span = span.ok_or_else(|| malformed("gaps", "a gap ends before it begins"))?;
    let by = by(vantage);
    Ok(ObserverGap { id, by, vantage: Some(vantage.clone()), span, why: gap.why.clone() })
}

/// Who says what a vantage point reports.
pub(in crate::measure) fn by(vantage: &VantageId) -> String {
    format!("server:{vantage}")
}

/// Takes what of the runs counts here. Returns whether the registration is one of this book.
fn take(told: &Told, runs: &[OpenRun], book: &Book, taken: &mut Taken) -> Result<bool, Refused> {
    let agrees = |known: &&Registration| {
        known.check.series == told.series
            && known.check.scope == told.scope
            && known.check.staleness == told.staleness
            && known.interval == told.interval
            && known.definition == told.definition
    };
    let mut is_matched = false;
    for known in book.checks.iter().filter(agrees) {
        is_matched = true;
        let Some(window) = known.check.active.intersect(told.active) else { continue };
        for run in runs {
            let Some(part) = clipped(*run, told.interval, window) else { continue };
            if let Some(news) = news(part, part != *run, &told.series, book)? {
                taken.runs.entry(told.series.clone()).or_default().push(news);
            }
        }
    }
    Ok(is_matched)
}

/// The observations of a run that lie in a window, on the grid of the run.
fn clipped(run: OpenRun, interval: Millis, window: Interval) -> Option<OpenRun> {
    let steps_after = |gap: Millis| (gap.0 + interval.0 - 1) / interval.0;
    let from = match window.from() - run.from {
        early if early.0 > 0 => run.from + Millis(steps_after(early) * interval.0),
        _ => run.from,
    };
    let last = match run.last - window.until() {
        late if late.0 >= 0 => run.last - Millis((late.0 / interval.0 + 1) * interval.0),
        _ => run.last,
    };
    if (from, last) == (run.from, run.last) {
        return Some(run);
    }
    let room = u64::try_from((last - from).0 / interval.0 + 1).ok().filter(|_| last >= from)?;
    Some(OpenRun { from, last, state: run.state, n: run.n.min(room) })
}

/// What a run adds to the book: nothing, if it is known; itself, if it grew or is new.
fn news(run: OpenRun, was_clipped: bool, series: &Series, book: &Book) -> Result<Option<OpenRun>, Refused> {
    let contradiction = |what: &str| {
        let check = &series.check;
        Err(Refused::Contradiction(format!("a run of `{check}` from {} {what}", run.from)))
    };
    if let Some(known) = book.fold.find_run(series, run.from) {
        return match known {
            _ if known.state != run.state => contradiction("was reported with another state"),
            _ if run.last <= known.last => Ok(None),
            _ => Ok(Some(OpenRun { n: run.n.max(known.n), ..run })),
        };
    }
    let Some(open) = book.fold.open_run(series).filter(|open| run.from <= open.last) else { return Ok(Some(run)) };
    if !was_clipped {
        return contradiction("lies before what is recorded");
    }
    // A definition that was in force, was not, and is again within the skew of two clocks.
    let from = open.last + Millis(1);
    Ok((from <= run.last).then_some(OpenRun { from, n: 1, ..run }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use uphold_core::ledger::fact::{self, Fact};
    use uphold_core::ledger::segment::Segment;

    const TEN: Millis = Millis(10);

    fn osaka() -> VantageId {
        VantageId::parse("osaka").unwrap()
    }

    fn series() -> Series {
        Series { check: CheckId::parse("api").unwrap(), vantage: osaka() }
    }

    fn registered(book: &mut Book, definition: &str, from: i64, until: Instant) {
        let fact = Fact::Check(fact::Check {
            id: FactId::parse("c").unwrap(),
            by: "test".to_owned(),
            series: series(),
            solution: SolutionId::parse("s").unwrap(),
            interface: InterfaceId::parse("i").unwrap(),
            interval: TEN,
            staleness: Staleness::After(Millis(50)),
            active: Interval::new(Instant(from), until).unwrap(),
            definition: Digest::of(&[definition.as_bytes()]),
        });
        book.apply(&fact, None, Instant(from)).unwrap();
    }

    fn book() -> Book {
        let mut book = Book::default();
        registered(&mut book, "one", 0, Instant::MAX);
        book
    }

    fn told(definition: &str, from: i64, runs: &[(i64, i64, &str, u64)]) -> ReportedSeries {
        ReportedSeries {
            check: "api".to_owned(),
            solution: "s".to_owned(),
            interface: "i".to_owned(),
            interval_ms: 10,
            staleness_ms: Some(50),
            definition: Digest::of(&[definition.as_bytes()]).to_string(),
            from,
            until: None,
            runs: runs.iter().map(|(from, last, state, n)| (*from, *last, (*state).to_owned(), *n)).collect(),
        }
    }

    fn report(after: Option<i64>, through: i64, series: Vec<ReportedSeries>) -> Report {
        Report { v: 1, now: through, after, through, registered: 1, series, gaps: Vec::new() }
    }

    fn judged(report: &Report, book: &Book) -> Result<Vec<(i64, i64, u64)>, Refused> {
        let taken = intake(report, &osaka(), book, Instant(10_000))?;
        let runs = taken.runs.get(&series()).into_iter().flatten();
        Ok(runs.map(|run| (run.from.0, run.last.0, run.n)).collect())
    }

    fn recorded(book: &mut Book, through: i64, run: OpenRun) {
        let segment = Segment::new(osaka(), Instant(through), vec![(series().check, run)]).unwrap();
        book.fold.apply(&segment, Instant(through));
    }

    fn run(from: i64, last: i64, n: u64) -> OpenRun {
        OpenRun { from: Instant(from), last: Instant(last), state: Observed::Up, n }
    }

    #[test]
    fn a_report_begins_where_the_last_one_ended_and_a_replay_changes_nothing() {
        let mut book = book();
        let first = report(None, 30, vec![told("one", 0, &[(0, 30, "up", 4)])]);
        assert_eq!(judged(&first, &book), Ok(vec![(0, 30, 4)]));
        recorded(&mut book, 30, run(0, 30, 4));
        assert_eq!(judged(&first, &book), Err(Refused::OutOfStep { through: Some(Instant(30)) }));
        let next = report(Some(30), 55, vec![told("one", 0, &[(0, 50, "up", 6)])]);
        assert_eq!(judged(&next, &book), Ok(vec![(0, 50, 6)]));
        let early = report(Some(20), 55, next.series.clone());
        assert_eq!(judged(&early, &book), Err(Refused::OutOfStep { through: Some(Instant(30)) }));
        let still = report(Some(30), 30, next.series);
        assert!(matches!(judged(&still, &book), Err(Refused::OutOfStep { .. })));
    }

    #[test]
    fn what_was_reported_cannot_be_rewritten() {
        let mut book = book();
        recorded(&mut book, 30, run(0, 30, 4));
        for (runs, says) in [
            (&[(0, 50, "down", 6)][..], "a run of `api` from 1970-01-01T00:00:00Z was reported with another state"),
            (&[(20, 50, "up", 4)], "a run of `api` from 1970-01-01T00:00:00.02Z lies before what is recorded"),
            (&[(40, 60, "up", 3), (60, 70, "down", 2)], "two runs of `api` overlap"),
            (&[(60, 60, "up", 1), (40, 50, "down", 2)], "two runs of `api` overlap"),
        ] {
            let refused = judged(&report(Some(30), 80, vec![told("one", 0, runs)]), &book).unwrap_err();
            assert!(matches!(refused, Refused::Contradiction(_)), "{refused:?}");
            assert!(refused.to_string().starts_with(says), "{refused}");
        }
        for wrong in [(50, 40, "up", 1), (40, 50, "up", 3), (40, 50, "up", 0)] {
            let refused = judged(&report(Some(30), 80, vec![told("one", 0, &[wrong])]), &book);
            assert!(matches!(refused, Err(Refused::Contradiction(_))), "{wrong:?}: {refused:?}");
        }
        let twice = vec![told("one", 0, &[(40, 60, "up", 3)]), told("one", 0, &[(50, 70, "up", 3)])];
        assert_eq!(judged(&report(Some(30), 80, twice), &book), Err(overlap(&series())));
    }

    #[test]
    fn a_time_that_has_not_come_is_refused_and_a_small_skew_is_not() {
        let at = |at: i64| judged(&report(None, at, vec![told("one", 0, &[(0, at, "up", 2)])]), &book());
        assert!(at(10_000 + FUTURE_MAX.0).is_ok());
        assert_eq!(at(10_001 + FUTURE_MAX.0), Err(Refused::Future { ahead: Millis(60_001) }));
        assert!(at(i64::MAX).is_err());
        assert!(matches!(judged(&report(None, -1, Vec::new()), &book()), Err(Refused::Malformed(_))));
        let old = report(None, 50, vec![told("one", 0, &[(i64::MIN, 40, "up", 2)])]);
        assert!(matches!(judged(&old, &book()), Err(Refused::Malformed(_))));
        let newer = Report { v: 2, ..report(None, 50, Vec::new()) };
        assert!(matches!(judged(&newer, &book()), Err(Refused::Malformed(_))));
    }

    #[test]
    fn what_was_measured_by_another_definition_is_left_out_and_the_rest_of_the_run_is_not() {
        let mut book = Book::default();
        registered(&mut book, "one", 100, Instant(200));
        registered(&mut book, "two", 200, Instant::MAX);
        let of = |series: Vec<ReportedSeries>| judged(&report(None, 400, series), &book).unwrap();
        // Registered there before here, and there still by the old definition when here it was changed.
        assert_eq!(of(vec![told("one", 0, &[(5, 305, "up", 31)])]), [(105, 195, 10)]);
        assert_eq!(of(vec![told("two", 0, &[(5, 305, "up", 31)])]), [(205, 305, 11)]);
        assert_eq!(of(vec![told("three", 0, &[(5, 305, "up", 31)])]), []);
        assert_eq!(of(vec![told("one", 0, &[(5, 95, "up", 10), (205, 305, "down", 11)])]), []);
        let taken = intake(&report(None, 400, vec![told("three", 0, &[])]), &osaka(), &book, Instant(9_999)).unwrap();
        assert_eq!((taken.matched, taken.unmatched), (0, 1));
    }

    #[test]
    fn a_clipped_run_grows_like_any_other() {
        let mut book = Book::default();
        registered(&mut book, "one", 100, Instant::MAX);
        recorded(&mut book, 150, run(105, 145, 5));
        let next = report(Some(150), 250, vec![told("one", 0, &[(5, 245, "up", 25)])]);
        assert_eq!(judged(&next, &book), Ok(vec![(105, 245, 15)]));
    }
}
