//! What was measured: checks, runs, observations, gaps and counts.

use super::line::{Str, Wrong, among, closed_span, instant, lines, open_span, parse, scope, series};
use crate::history::version::{Body, Pointer, Version};
use crate::history::write::{Seen, write_check, write_counts, write_gap, write_named_observation, write_named_run};
use crate::history::{Check, CheckScope, Counts, Fact, Gap, NamedObservation, NamedRun, Role};
use crate::id::{CheckId, VantageId};
use crate::run::{Observed, Run, Staleness};
use crate::time::{Instant, Millis};

lines! {
    CheckLine: must [vantage staleness from], may [role until], scope [scope], other {
        weight: Option<u32>,
    }
    RunLine: must [check vantage from last state], may [], scope [], other {
        n: u64,
    }
    ObservationLine: must [check vantage at state], may [detail], scope [], other {
        latency_ms: Option<u64>,
    }
    GapLine: must [from], may [vantage until why erased_at], scope [], other {}
    CountsLine: must [from until], may [check], scope [scope], other {
        good: u64,
        valid: u64,
    }
}

/// What a line of a run or an observation says, before it is known whose it is.
pub(super) struct Measured<'l, T> {
    pub(super) check: Str<'l>,
    pub(super) vantage: Str<'l>,
    /// The line's own id, if it has one.
    pub(super) id: Option<Str<'l>>,
    pub(super) by: Option<Str<'l>>,
    pub(super) recorded_at: Instant,
    pub(super) what: T,
}

/// A line of type `run`.
pub(super) fn run(text: &str) -> Result<Measured<'_, Run>, Wrong> {
    let line: RunLine<'_> = parse(text)?;
    line.said().version()?;
    let (from, last) = (instant("from", &line.from)?, instant("last", &line.last)?);
    if last < from {
        return Err(Wrong::new(format!("the run's last observation ({last}) is before its first ({from})")));
    }
    if line.n == 0 || (line.n == 1 && last != from) {
        return Err(Wrong::new(format!("a run from {from} to {last} cannot have {} observations", line.n)));
    }
    let recorded_at = line.said().recorded_at(Some(last))?;
    let what = Run { from, last, state: observed(&line.state)?, n: line.n, recorded_at };
    Ok(Measured { check: line.check, vantage: line.vantage, id: line.id, by: line.by, recorded_at, what })
}

/// A line of type `observation`.
pub(super) fn observation(text: &str) -> Result<Measured<'_, Seen>, Wrong> {
    let line: ObservationLine<'_> = parse(text)?;
    line.said().version()?;
    let at = instant("at", &line.at)?;
    let recorded_at = line.said().recorded_at(Some(at))?;
    let detail = line.detail.as_deref().unwrap_or_default().to_owned();
    let what = Seen { at, state: observed(&line.state)?, detail, latency_ms: line.latency_ms };
    Ok(Measured { check: line.check, vantage: line.vantage, id: line.id, by: line.by, recorded_at, what })
}

fn observed(name: &str) -> Result<Observed, Wrong> {
    among("a state", name, &Observed::ALL, Observed::name)
}

impl Measured<'_, Seen> {
    /// The observation as a run of one.
    pub(super) fn as_run(&self) -> Run {
        Run { from: self.what.at, last: self.what.at, state: self.what.state, n: 1, recorded_at: self.recorded_at }
    }
}

impl<T: Clone> Measured<'_, T> {
    /// The fact that a line with an id of its own says.
    pub(super) fn named<B>(&self, body: impl FnOnce(crate::id::Series, T) -> B) -> Result<Fact<B>, Wrong> {
        let id = self.id.as_deref().unwrap_or_default();
        let id = crate::id::FactId::parse(id)?;
        let series = series(&self.check, &self.vantage)?;
        let by = self.by.as_deref().map(str::to_owned);
        Ok(Fact { id, recorded_at: self.recorded_at, by, body: body(series, self.what.clone()) })
    }
}

impl Body for NamedRun {
    const TYPE: &'static str = "run";

    fn read(text: &str) -> Result<Fact<Self>, Wrong> {
        run(text)?.named(|series, run| Self { series, run })
    }

    fn write(fact: &Fact<Self>) -> String {
        write_named_run(fact)
    }

    fn pointers(&self) -> Vec<Pointer<'_>> {
        vec![Pointer::Series(&self.series)]
    }
}

impl Body for NamedObservation {
    const TYPE: &'static str = "observation";

    fn read(text: &str) -> Result<Fact<Self>, Wrong> {
        observation(text)?.named(|series, seen| Self { series, seen })
    }

    fn write(fact: &Fact<Self>) -> String {
        write_named_observation(fact)
    }

    fn pointers(&self) -> Vec<Pointer<'_>> {
        vec![Pointer::Series(&self.series)]
    }
}

impl Body for Counts {
    const TYPE: &'static str = "counts";

    fn read(text: &str) -> Result<Fact<Self>, Wrong> {
        let line: CountsLine<'_> = parse(text)?;
        let span = closed_span(&line.from, &line.until)?;
        if line.good > line.valid {
            return Err(Wrong::new(format!("`good` ({}) is more than `valid` ({})", line.good, line.valid)));
        }
        let check = line.check.as_deref().map(CheckId::parse).transpose()?;
        let scope = scope(line.scope.as_ref())?;
        line.said().fact(text, Some(span.until()), Self { check, scope, span, good: line.good, valid: line.valid })
    }

    fn write(fact: &Fact<Self>) -> String {
        write_counts(fact)
    }

    fn pointers(&self) -> Vec<Pointer<'_>> {
        let check = self.check.as_ref().map(Pointer::Check);
        [Pointer::Scope(&self.scope)].into_iter().chain(check).collect()
    }
}

impl Version for Check {
    const TYPE: &'static str = "check";
    const FIXED: &'static [&'static str] = &["id", "vantage", "from"];

    fn id(&self) -> &str {
        self.series.check.as_str()
    }

    fn recorded_at(&self) -> Instant {
        self.recorded_at
    }

    fn identity(&self, other: &Self) -> std::cmp::Ordering {
        (&self.series, self.active.from()).cmp(&(&other.series, other.active.from()))
    }

    /// The record that ends sooner holds: a registration and its end may be recorded at one time.
    fn tie(&self, other: &Self) -> std::cmp::Ordering {
        let ends = other.active.until().cmp(&self.active.until());
        ends.then_with(|| Version::write(self).cmp(&Version::write(other)))
    }

    fn write(&self) -> String {
        write_check(self)
    }

    fn read(text: &str) -> Result<Self, Wrong> {
        let line: CheckLine<'_> = parse(text)?;
        let said = line.said();
        said.version()?;
        let Some(id) = said.id else { return Err(Wrong::new("`id` is missing: runs point at their check by it")) };
        let about = scope(line.scope.as_ref())?;
        let (Some(solution), Some(interface)) = (about.solution, about.interface) else {
            return Err(Wrong::new("`scope` needs `solution` and `interface`: a check measures one interface"));
        };
        let staleness = match &*line.staleness {
            "none" => Staleness::None,
            length => Staleness::After(
                Millis::parse(length).map_err(|e| Wrong::new(format!("`staleness`: {e}, or write `none`")))?,
            ),
        };
        let weight = line.weight.unwrap_or(1);
        if weight == 0 {
            return Err(Wrong::new("`weight` must be 1 or more"));
        }
        let role = line.role.as_deref().map(|role| among("a role", role, &Role::ALL, Role::name)).transpose()?;
        let active = open_span(&line.from, line.until.as_ref())?;
        Ok(Self {
            series: series(id, &line.vantage)?,
            scope: CheckScope { solution, interface, parts: about.parts },
            staleness,
            weight,
            role: role.unwrap_or(Role::Measure),
            active,
            recorded_at: said.recorded_at(Some(active.from()))?,
        })
    }
}

impl Version for Gap {
    const TYPE: &'static str = "observer_gap";

    fn id(&self) -> &str {
        &self.id
    }

    fn recorded_at(&self) -> Instant {
        self.recorded_at
    }

    fn write(&self) -> String {
        write_gap(self)
    }

    fn read(text: &str) -> Result<Self, Wrong> {
        let line: GapLine<'_> = parse(text)?;
        let interval = open_span(&line.from, line.until.as_ref())?;
        let vantage = line.vantage.as_deref().map(VantageId::parse).transpose()?;
        let why = line.why.as_deref().unwrap_or_default().to_owned();
        let erased_at = line.erased_at.as_deref().map(|at| instant("erased_at", at)).transpose()?;
        let fact = line.said().fact(text, None, (vantage, interval, why))?;
        let (vantage, interval, why) = fact.body;
        Ok(Self { id: fact.id.to_string(), vantage, interval, why, recorded_at: fact.recorded_at, erased_at })
    }
}
