//! Reads a history file: JSON Lines, one fact a line. Every bad line is listed with its line and column.
//!
//! Here: the reader. One file beside it for each group of types; what lines point at is looked up at the end, since the
//! order of lines means nothing.

mod correction;
mod customer;
mod line;
mod measurement;
mod operation;
mod references;
mod update;

pub(super) use line::Wrong;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::version::{Body, Version};
use super::{Check, Fact, Facts, Gap, History, NamedObservation, NamedRun};
use crate::agreement::Agreement;
use crate::id::Series;
use crate::nearest::nearest;
use crate::run::Run;
use line::{Str, parse, series};
use measurement::Measured;

/// The types of line, in the order of the documentation.
pub(super) const TYPES: [&str; 28] = [
    "check",
    "run",
    "observation",
    "observer_gap",
    "counts",
    "population",
    "impact",
    "resource",
    "placement",
    "entitlement",
    "fee",
    "assent",
    "maintenance",
    "notice",
    "incident",
    "update",
    "exclusion",
    "suspension",
    "plan",
    "recovery",
    "subprocessor",
    "publication",
    "connections",
    "capacity",
    "report",
    "log_digest",
    "claim",
    "correction",
];

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
    /// Lines that hold a fact, repeated and bad ones included.
    pub lines: u64,
    /// Lines that the history does not have, since they are bad; each line of a series that nothing registers is one.
    pub skipped: u64,
    /// SHA-256 over every line in order, each ended by a newline.
    pub digest: [u8; 32],
}

/// The lines of one series.
#[derive(Debug)]
struct OfSeries {
    series: Series,
    first_line: u64,
    runs: Vec<Run>,
}

/// Reads lines one by one, so that a file of any size needs no more memory than its facts.
#[derive(Debug)]
pub struct Reader<'a> {
    /// What scopes may point at; without it nothing is looked up.
    revisions: Option<&'a [Agreement]>,
    /// Everything but runs.
    history: History,
    bad: Vec<BadLine>,
    line: u64,
    facts: u64,
    hash: Sha256,
    measured: Vec<OfSeries>,
    /// Where in `measured` a series is.
    places: BTreeMap<Series, usize>,
    /// Where the last line's series is: most lines follow one of the same.
    last: usize,
    /// The line of each fact in its list.
    lines: BTreeMap<&'static str, Vec<u64>>,
}

impl<'a> Reader<'a> {
    /// Begins a history of what `agreement` is about: a scope that it does not have is a bad line.
    #[must_use]
    pub fn new(agreement: &'a Agreement) -> Self {
        Self::of_revisions(std::slice::from_ref(agreement))
    }

    /// Begins a history that several revisions of one agreement are judged by: a scope that none of them has is a bad line.
    #[must_use]
    pub fn of_revisions(revisions: &'a [Agreement]) -> Self {
        Self::bound(Some(revisions))
    }

    /// Begins to read lines that will be one part of a history: what they point at may stand elsewhere, so it is not
    /// looked up. Everything else about a line is judged as ever.
    #[must_use]
    pub fn of_a_part() -> Self {
        Self::bound(None)
    }

    fn bound(revisions: Option<&'a [Agreement]>) -> Self {
        Self {
            revisions,
            history: History::default(),
            bad: Vec::new(),
            line: 0,
            facts: 0,
            hash: Sha256::new(),
            measured: Vec::new(),
            places: BTreeMap::new(),
            last: 0,
            lines: BTreeMap::new(),
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

    /// Ends the reading: the history, what was read, and every line that could not be used. The history has none of
    /// these lines, so that whoever accepts the loss can go on with it.
    #[must_use]
    pub fn finish(mut self) -> (History, Counted, Vec<BadLine>) {
        let unregistered = self.revisions.map_or_else(Vec::new, |_| self.leave_out_unregistered());
        let found = references::check(self.revisions, &self.history, &self.lines);
        let places: BTreeSet<_> = found.iter().map(|(place, _)| *place).collect();
        let mut skipped = BTreeSet::new();
        for ((kind, place), wrong) in found {
            // What has no reason is told of at another line.
            let line = self.lines.get(kind).and_then(|lines| lines.get(place)).copied().unwrap_or(0);
            skipped.insert(line);
            if let Some(Wrong { column, message }) = wrong {
                self.bad.push(BadLine { line, column, message });
            }
        }
        // The first line of such a series is among the bad lines, unless it has an id: then it is counted already.
        let is_run = |of_series: &&OfSeries| !skipped.contains(&of_series.first_line);
        let first = unregistered.iter().filter(is_run).count();
        let runs: usize = unregistered.iter().map(|of_series| of_series.runs.len()).sum();
        let more = runs - first;
        self.history.facts.leave_out(&places);
        for OfSeries { series, runs, .. } in self.measured {
            if !runs.is_empty() {
                self.history.runs.insert(series, runs);
            }
        }
        self.history.sort();
        self.bad.sort_by_key(|bad| (bad.line, bad.column));
        skipped.extend(self.bad.iter().map(|bad| bad.line));
        let skipped = (skipped.len() + more) as u64;
        (self.history, Counted { lines: self.facts, skipped, digest: self.hash.finalize().into() }, self.bad)
    }

    /// Takes out the series that no line registers.
    fn leave_out_unregistered(&mut self) -> Vec<OfSeries> {
        let registered: BTreeSet<&Series> = self.history.checks.iter().map(|check| &check.series).collect();
        let unregistered: Vec<OfSeries> =
            self.measured.extract_if(.., |of_series| !registered.contains(&of_series.series)).collect();
        for OfSeries { series, first_line, .. } in &unregistered {
            let names = registered.iter().map(|series| series.check.as_str());
            let help = nearest(series.check.as_str(), names)
                .map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            let message = format!(
                "no line registers the check `{}` at the vantage point `{}`{help}",
                series.check, series.vantage
            );
            self.bad.push(BadLine { line: *first_line, column: 1, message });
        }
        unregistered
    }

    fn fact(&mut self, line: &str) -> Result<(), Wrong> {
        match &*kind(line)? {
            "run" => {
                let measured = measurement::run(line)?;
                if measured.id.is_none() {
                    return self.measured(&measured.check, &measured.vantage, measured.what);
                }
                self.named(measured, |series, run| NamedRun { series, run }, |facts| &mut facts.named_runs)
            }
            "observation" => {
                let measured = measurement::observation(line)?;
                if measured.id.is_none() {
                    return self.measured(&measured.check, &measured.vantage, measured.as_run());
                }
                let body = |series, seen| NamedObservation { series, seen };
                self.named(measured, body, |facts| &mut facts.named_observations)
            }
            "check" => self.check(line),
            "observer_gap" => {
                self.history.gaps.push(Gap::read(line)?);
                Ok(())
            }
            "counts" => self.take(line, |facts| &mut facts.counts),
            "population" => self.take(line, |facts| &mut facts.populations),
            "impact" => self.take(line, |facts| &mut facts.impacts),
            "resource" => self.take(line, |facts| &mut facts.resources),
            "placement" => self.take(line, |facts| &mut facts.placements),
            "entitlement" => self.take(line, |facts| &mut facts.entitlements),
            "fee" => self.take(line, |facts| &mut facts.fees),
            "assent" => self.take(line, |facts| &mut facts.assents),
            "maintenance" => self.take(line, |facts| &mut facts.maintenance),
            "notice" => self.take(line, |facts| &mut facts.notices),
            "incident" => self.take(line, |facts| &mut facts.incidents),
            "update" => self.take(line, |facts| &mut facts.updates),
            "exclusion" => self.take(line, |facts| &mut facts.exclusions),
            "suspension" => self.take(line, |facts| &mut facts.suspensions),
            "plan" => self.take(line, |facts| &mut facts.plans),
            "recovery" => self.take(line, |facts| &mut facts.recoveries),
            "subprocessor" => self.take(line, |facts| &mut facts.subprocessors),
            "publication" => self.take(line, |facts| &mut facts.publications),
            "connections" => self.take(line, |facts| &mut facts.connections),
            "capacity" => self.take(line, |facts| &mut facts.capacity),
            "report" => self.take(line, |facts| &mut facts.reports),
            "log_digest" => self.take(line, |facts| &mut facts.log_digests),
            "claim" => self.take(line, |facts| &mut facts.claims),
            "correction" => self.take(line, |facts| &mut facts.corrections),
            other => Err(Wrong::new(match nearest(other, TYPES) {
                Some(near) => format!("there is no type of line `{other}`; did you mean `{near}`?"),
                None => format!("there is no type of line `{other}`; this version reads {}", TYPES.join(", ")),
            })),
        }
    }

    /// Reads a line into the list of its type.
    fn take<T: Body>(&mut self, line: &str, list: fn(&mut Facts) -> &mut Vec<Fact<T>>) -> Result<(), Wrong> {
        let fact = T::read(line)?;
        self.put(fact, list);
        Ok(())
    }

    fn put<T: Body>(&mut self, fact: Fact<T>, list: fn(&mut Facts) -> &mut Vec<Fact<T>>) {
        list(&mut self.history.facts).push(fact);
        self.lines.entry(T::TYPE).or_default().push(self.line);
    }

    fn check(&mut self, line: &str) -> Result<(), Wrong> {
        let check = Check::read(line)?;
        if let Some(revisions) = self.revisions {
            references::interface(revisions, &check.scope.solution, &check.scope.interface)?;
        }
        self.history.checks.push(check);
        Ok(())
    }

    /// Takes a run into those of its series.
    fn measured(&mut self, check: &str, vantage: &str, run: Run) -> Result<(), Wrong> {
        let place = self.place(check, vantage)?;
        self.measured[place].runs.push(run);
        Ok(())
    }

    /// Takes a run or an observation with an id of its own, which is a fact like others, of a series all the same.
    fn named<T: Clone, B: Body>(
        &mut self,
        measured: Measured<'_, T>,
        body: fn(Series, T) -> B,
        list: fn(&mut Facts) -> &mut Vec<Fact<B>>,
    ) -> Result<(), Wrong> {
        let fact = measured.named(body)?;
        self.place(&measured.check, &measured.vantage)?;
        self.put(fact, list);
        Ok(())
    }

    /// The place of a series, which is a new one if no line was of it.
    fn place(&mut self, check: &str, vantage: &str) -> Result<usize, Wrong> {
        let last = self.measured.get(self.last).map(|of_series| &of_series.series);
        if last.is_some_and(|last| last.check.as_str() == check && last.vantage.as_str() == vantage) {
            return Ok(self.last);
        }
        let series = series(check, vantage)?;
        let next = self.measured.len();
        self.last = *self.places.entry(series.clone()).or_insert(next);
        if self.last == next {
            self.measured.push(OfSeries { series, first_line: self.line, runs: Vec::new() });
        }
        Ok(self.last)
    }
}

/// The type of a line. Where it stands first, as everything that writes these files puts it, the rest is not looked at.
fn kind(line: &str) -> Result<std::borrow::Cow<'_, str>, Wrong> {
    let rest = line.strip_prefix("{\"v\":1,").or_else(|| line.strip_prefix('{')).unwrap_or_default();
    if let Some((kind, _)) = rest.strip_prefix("\"type\":\"").and_then(|rest| rest.split_once('"'))
        && TYPES.contains(&kind)
    {
        return Ok(kind.into());
    }
    let head: Head<'_> = parse(line)?;
    line::Said { v: head.v, id: None, recorded_at: None, by: None }.version()?;
    Ok(head.kind.to_string().into())
}

#[derive(Deserialize)]
struct Head<'l> {
    #[serde(rename = "type", borrow)]
    kind: Str<'l>,
    v: Option<u32>,
}
