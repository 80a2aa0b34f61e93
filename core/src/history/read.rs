//! Reads a history file: JSON Lines, one fact a line. Every bad line is listed with its line and column.

use std::collections::BTreeSet;
use std::fmt;

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::{Check, CheckScope, Gap, History, Role};
use crate::agreement::Agreement;
use crate::id::{CheckId, IdError, InterfaceId, Series, SolutionId, VantageId};
use crate::interval::Interval;
use crate::nearest::nearest;
use crate::run::{Observed, Run, Staleness};
use crate::time::{Instant, Millis};

/// The types of line that this version evaluates.
pub(super) const TYPES: [&str; 4] = ["check", "run", "observation", "observer_gap"];

/// A line that could not be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadLine {
    /// From 1.
    pub line: u64,
    /// From 1; where in the line.
    pub column: usize,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for BadLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.message)
    }
}

/// What was read, counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// Lines that hold a fact, repeated ones included.
    pub lines: u64,
    /// SHA-256 over every line in order, each ended by a newline.
    pub digest: [u8; 32],
}

/// Reads lines one by one, so that a file of any size needs no more memory than its facts.
#[derive(Debug)]
pub struct Reader<'a> {
    /// What scopes may point at; without it they are not looked up.
    agreement: Option<&'a Agreement>,
    history: History,
    bad: Vec<BadLine>,
    line: u64,
    facts: u64,
    hash: Sha256,
    /// Series that runs point at, with the first line that did.
    used: Vec<(Series, u64)>,
}

impl<'a> Reader<'a> {
    /// Begins a history of what `agreement` is about: a scope that it does not have is a bad line.
    #[must_use]
    pub fn new(agreement: &'a Agreement) -> Self {
        Self::bound(Some(agreement))
    }

    /// Begins to read lines that will be one part of a history: what they point at may stand elsewhere, so scopes and
    /// series are not looked up. Everything else about a line is judged as ever.
    #[must_use]
    pub fn of_a_part() -> Self {
        Self::bound(None)
    }

    fn bound(agreement: Option<&'a Agreement>) -> Self {
        Self {
            agreement,
            history: History::default(),
            bad: Vec::new(),
            line: 0,
            facts: 0,
            hash: Sha256::new(),
            used: Vec::new(),
        }
    }

    /// Reads one line, without its newline. A blank line is passed over.
    pub fn line(&mut self, line: &str) {
        self.line += 1;
        self.hash.update(line.as_bytes());
        self.hash.update(b"\n");
        let line = line.strip_suffix('\r').unwrap_or(line);
        if line.trim().is_empty() {
            return;
        }
        self.facts += 1;
        if let Err(Wrong { column, message }) = self.fact(line) {
            self.bad.push(BadLine { line: self.line, column, message });
        }
    }

    /// Takes one line that is not even text.
    pub fn not_text(&mut self, bytes: &[u8]) {
        self.line += 1;
        self.facts += 1;
        self.hash.update(bytes);
        self.hash.update(b"\n");
        let column = bytes.utf8_chunks().next().map_or(1, |chunk| chunk.valid().chars().count() + 1);
        self.bad.push(BadLine { line: self.line, column, message: "the line is not UTF-8 text".to_owned() });
    }

    /// Ends the reading: the history, what was read, and every line that could not be used.
    #[must_use]
    pub fn finish(mut self) -> (History, Counted, Vec<BadLine>) {
        let registered: BTreeSet<&Series> = self.history.checks.iter().map(|check| &check.series).collect();
        for (series, line) in &self.used {
            if self.agreement.is_some() && !registered.contains(series) {
                let names = registered.iter().map(|series| series.check.as_str());
                let help = nearest(series.check.as_str(), names)
                    .map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
                let message = format!(
                    "no line registers the check `{}` at the vantage point `{}`{help}",
                    series.check, series.vantage
                );
                self.bad.push(BadLine { line: *line, column: 1, message });
            }
        }
        self.bad.sort_by_key(|bad| (bad.line, bad.column));
        for runs in self.history.runs.values_mut() {
            runs.sort_unstable_by_key(|run| (run.from, run.recorded_at, run.state, run.last, run.n));
            runs.dedup();
        }
        self.history
            .checks
            .sort_by(|a, b| (&a.series, a.active, a.recorded_at).cmp(&(&b.series, b.active, b.recorded_at)));
        self.history.checks.dedup();
        self.history.gaps.sort_by(|a, b| (a.interval, &a.id, a.recorded_at).cmp(&(b.interval, &b.id, b.recorded_at)));
        self.history.gaps.dedup();
        (self.history, Counted { lines: self.facts, digest: self.hash.finalize().into() }, self.bad)
    }

    fn fact(&mut self, line: &str) -> Result<(), Wrong> {
        let head: Head<'_> = parse(line)?;
        if head.v.is_some_and(|v| v != 1) {
            return Err(Wrong::new("this version reads lines of `\"v\": 1` only"));
        }
        match &*head.kind {
            "check" => self.check(parse(line)?),
            "run" => self.run(parse(line)?),
            "observation" => self.observation(parse(line)?),
            "observer_gap" => self.gap(parse(line)?, line),
            other => Err(Wrong::new(match nearest(other, TYPES) {
                Some(near) => format!("there is no type of line `{other}`; did you mean `{near}`?"),
                None => {
                    format!("lines of type `{other}` are not evaluated by this version; it reads {}", TYPES.join(", "))
                }
            })),
        }
    }

    fn check(&mut self, line: CheckLine<'_>) -> Result<(), Wrong> {
        let series = series(&line.id, &line.vantage)?;
        let scope = self.scope(&line.scope)?;
        let staleness = match &*line.staleness {
            "none" => Staleness::None,
            length => Staleness::After(
                Millis::parse(length).map_err(|e| Wrong::new(format!("`staleness`: {e}, or write `none`")))?,
            ),
        };
        let from = instant("from", &line.from)?;
        let active = open_interval(from, line.until.as_deref())?;
        let recorded_at = recorded(line.recorded_at.as_deref(), from)?;
        self.history.checks.push(Check {
            series,
            scope,
            staleness,
            weight: 1,
            role: Role::Measure,
            active,
            recorded_at,
        });
        Ok(())
    }

    fn run(&mut self, line: RunLine<'_>) -> Result<(), Wrong> {
        let (from, last) = (instant("from", &line.from)?, instant("last", &line.last)?);
        if last < from {
            return Err(Wrong::new(format!("the run's last observation ({last}) is before its first ({from})")));
        }
        if line.n == 0 || (line.n == 1 && last != from) {
            return Err(Wrong::new(format!("a run from {from} to {last} cannot have {} observations", line.n)));
        }
        let recorded_at = recorded(line.recorded_at.as_deref(), last)?;
        let run = Run { from, last, state: observed(&line.state)?, n: line.n, recorded_at };
        self.add_run(series(&line.check, &line.vantage)?, run);
        Ok(())
    }

    fn observation(&mut self, line: ObservationLine<'_>) -> Result<(), Wrong> {
        let at = instant("at", &line.at)?;
        let recorded_at = recorded(line.recorded_at.as_deref(), at)?;
        let run = Run { from: at, last: at, state: observed(&line.state)?, n: 1, recorded_at };
        self.add_run(series(&line.check, &line.vantage)?, run);
        Ok(())
    }

    fn add_run(&mut self, series: Series, run: Run) {
        let runs = self.history.runs.entry(series.clone()).or_default();
        if runs.is_empty() {
            self.used.push((series, self.line));
        }
        runs.push(run);
    }

    fn gap(&mut self, line: GapLine<'_>, text: &str) -> Result<(), Wrong> {
        let recorded_at = match &line.recorded_at {
            Some(recorded_at) => instant("recorded_at", recorded_at)?,
            None => return Err(Wrong::new("`recorded_at` is missing: a gap is known from when it was recorded")),
        };
        let interval = open_interval(instant("from", &line.from)?, line.until.as_deref())?;
        let vantage = line.vantage.map(|text| VantageId::parse(&text)).transpose()?;
        let id = line.id.map_or_else(|| format!("{:x}", Short(&Sha256::digest(text.as_bytes()))), String::from);
        let why = line.why.unwrap_or_default().into_owned();
        self.history.gaps.push(Gap { id, vantage, interval, why, recorded_at });
        Ok(())
    }

    fn scope(&self, scope: &ScopeLine<'_>) -> Result<CheckScope, Wrong> {
        let solution = SolutionId::parse(&scope.solution)?;
        let interface = InterfaceId::parse(&scope.interface)?;
        let Some(agreement) = self.agreement else { return Ok(CheckScope::whole(solution, interface)) };
        let Some(found) = agreement.find_solution(&solution) else {
            let names = agreement.solutions.iter().map(|solution| solution.id.as_str());
            return Err(absent("the agreement", "solution", solution.as_str(), names));
        };
        if !found.interfaces.iter().any(|each| each.id == interface) {
            let names = found.interfaces.iter().map(|interface| interface.id.as_str());
            return Err(absent(&format!("the solution `{solution}`"), "interface", interface.as_str(), names));
        }
        Ok(CheckScope::whole(solution, interface))
    }
}

/// Why one line is refused.
struct Wrong {
    /// From 1. What concerns the line's meaning stands at its start.
    column: usize,
    message: String,
}

impl Wrong {
    fn new(message: impl Into<String>) -> Self {
        Self { column: 1, message: message.into() }
    }
}

impl From<IdError> for Wrong {
    fn from(error: IdError) -> Self {
        Self::new(error.to_string())
    }
}

fn absent<'a>(where_: &str, what: &str, id: &str, names: impl Iterator<Item = &'a str>) -> Wrong {
    let help = nearest(id, names).map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
    Wrong::new(format!("{where_} has no {what} `{id}`{help}"))
}

/// Sixteen hex digits of a digest.
struct Short<'a>(&'a [u8]);

impl fmt::LowerHex for Short<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().take(8).try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

fn parse<'l, T: Deserialize<'l>>(line: &'l str) -> Result<T, Wrong> {
    serde_json::from_str(line).map_err(|error| {
        let text = error.to_string();
        // The position is said apart, and always line 1: each line is a document of its own.
        let message = text.rsplit_once(" at line ").map_or(text.as_str(), |(message, _)| message);
        let message = match error.classify() {
            serde_json::error::Category::Data => message.to_owned(),
            _ => format!("the line is not JSON: {message}"),
        };
        Wrong { column: error.column().max(1), message }
    })
}

fn series(check: &str, vantage: &str) -> Result<Series, Wrong> {
    Ok(Series { check: CheckId::parse(check)?, vantage: VantageId::parse(vantage)? })
}

fn instant(key: &str, text: &str) -> Result<Instant, Wrong> {
    Instant::parse(text).map_err(|e| Wrong::new(format!("`{key}`: {e}")))
}

fn recorded(text: Option<&str>, default: Instant) -> Result<Instant, Wrong> {
    text.map_or(Ok(default), |text| instant("recorded_at", text))
}

fn open_interval(from: Instant, until: Option<&str>) -> Result<Interval, Wrong> {
    let until = until.map_or(Ok(Instant::MAX), |text| instant("until", text))?;
    Interval::new(from, until).ok_or_else(|| Wrong::new(format!("`until` ({until}) is not later than `from` ({from})")))
}

fn observed(name: &str) -> Result<Observed, Wrong> {
    Observed::find(name).ok_or_else(|| {
        let names = Observed::ALL.map(Observed::name);
        let help = nearest(name, names).map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        Wrong::new(format!("`{name}` is not a state: use {}{help}", names.join(", ")))
    })
}

type Str<'l> = std::borrow::Cow<'l, str>;

#[derive(Deserialize)]
struct Head<'l> {
    #[serde(rename = "type", borrow)]
    kind: Str<'l>,
    v: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScopeLine<'l> {
    #[serde(borrow)]
    solution: Str<'l>,
    #[serde(borrow)]
    interface: Str<'l>,
}

macro_rules! lines {
    ($($name:ident { $($(#[$attribute:meta])* $field:ident: $type:ty,)* })*) => {$(
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        #[expect(dead_code, reason = "keys that every line may have are accepted everywhere and used where they matter")]
        struct $name<'l> {
            v: Option<u32>,
            #[serde(rename = "type", borrow)]
            kind: Str<'l>,
            #[serde(borrow)]
            recorded_at: Option<Str<'l>>,
            #[serde(borrow)]
            by: Option<Str<'l>>,
            $($(#[$attribute])* $field: $type,)*
        }
    )*};
}

lines! {
    CheckLine {
        #[serde(borrow)] id: Str<'l>,
        #[serde(borrow)] scope: ScopeLine<'l>,
        #[serde(borrow)] vantage: Str<'l>,
        #[serde(borrow)] staleness: Str<'l>,
        #[serde(borrow)] from: Str<'l>,
        #[serde(borrow)] until: Option<Str<'l>>,
    }
    RunLine {
        #[serde(borrow)] id: Option<Str<'l>>,
        #[serde(borrow)] check: Str<'l>,
        #[serde(borrow)] vantage: Str<'l>,
        #[serde(borrow)] from: Str<'l>,
        #[serde(borrow)] last: Str<'l>,
        #[serde(borrow)] state: Str<'l>,
        n: u64,
    }
    ObservationLine {
        #[serde(borrow)] id: Option<Str<'l>>,
        #[serde(borrow)] check: Str<'l>,
        #[serde(borrow)] vantage: Str<'l>,
        #[serde(borrow)] at: Str<'l>,
        #[serde(borrow)] state: Str<'l>,
        #[serde(borrow)] detail: Option<Str<'l>>,
        latency_ms: Option<u64>,
    }
    GapLine {
        #[serde(borrow)] id: Option<Str<'l>>,
        #[serde(borrow)] vantage: Option<Str<'l>>,
        #[serde(borrow)] from: Str<'l>,
        #[serde(borrow)] until: Option<Str<'l>>,
        #[serde(borrow)] why: Option<Str<'l>>,
    }
}
