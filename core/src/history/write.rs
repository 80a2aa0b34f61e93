//! Writes a history file, line by line, in the form that [`super::Reader`] reads.

use super::{Check, Gap};
use crate::id::Series;
use crate::run::{Observed, Run, Staleness};
use crate::time::Instant;

/// The line that registers a series.
#[must_use]
pub fn write_check(check: &Check) -> String {
    let staleness = match check.staleness {
        Staleness::After(limit) => limit.to_string(),
        Staleness::None => "none".to_owned(),
    };
    let mut line = Line::new("check");
    line.text("id", check.series.check.as_str());
    line.raw("scope", &{
        let mut scope = Line { text: String::from("{") };
        scope.text("solution", check.scope.solution.as_str());
        scope.text("interface", check.scope.interface.as_str());
        scope.end()
    });
    line.text("vantage", check.series.vantage.as_str());
    line.text("staleness", &staleness);
    line.span(check.active.from(), check.active.until());
    line.text("recorded_at", &check.recorded_at.to_string());
    line.end()
}

/// The line of one run.
#[must_use]
pub fn write_run(series: &Series, run: &Run) -> String {
    let mut line = Line::new("run");
    line.text("check", series.check.as_str());
    line.text("vantage", series.vantage.as_str());
    line.text("from", &run.from.to_string());
    line.text("last", &run.last.to_string());
    line.text("state", run.state.name());
    line.raw("n", &run.n.to_string());
    line.text("recorded_at", &run.recorded_at.to_string());
    line.end()
}

/// One observation as a source tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// When.
    pub at: Instant,
    /// What was seen.
    pub state: Observed,
    /// The same in words, such as `HTTP 503`; empty when there is nothing to say.
    pub detail: String,
    /// How long the target took to answer, where that is known.
    pub latency_ms: Option<u64>,
}

/// The line of one observation.
#[must_use]
pub fn write_observation(series: &Series, seen: &Seen) -> String {
    let mut line = Line::new("observation");
    line.text("check", series.check.as_str());
    line.text("vantage", series.vantage.as_str());
    line.text("at", &seen.at.to_string());
    line.text("state", seen.state.name());
    if !seen.detail.is_empty() {
        line.text("detail", &seen.detail);
    }
    if let Some(latency_ms) = seen.latency_ms {
        line.raw("latency_ms", &latency_ms.to_string());
    }
    line.end()
}

/// The line of a gap.
#[must_use]
pub fn write_gap(gap: &Gap) -> String {
    let mut line = Line::new("observer_gap");
    line.text("id", &gap.id);
    if let Some(vantage) = &gap.vantage {
        line.text("vantage", vantage.as_str());
    }
    line.span(gap.interval.from(), gap.interval.until());
    line.text("why", &gap.why);
    line.text("recorded_at", &gap.recorded_at.to_string());
    line.end()
}

struct Line {
    text: String,
}

impl Line {
    fn new(kind: &str) -> Self {
        let mut line = Self { text: String::from("{\"v\":1") };
        line.text("type", kind);
        line
    }

    fn text(&mut self, key: &str, value: &str) {
        let quoted = serde_json::Value::from(value).to_string();
        self.raw(key, &quoted);
    }

    fn raw(&mut self, key: &str, json: &str) {
        if !self.text.ends_with('{') {
            self.text.push(',');
        }
        self.text.push_str(&format!("\"{key}\":{json}"));
    }

    fn span(&mut self, from: Instant, until: Instant) {
        self.text("from", &from.to_string());
        if until < Instant::MAX {
            self.text("until", &until.to_string());
        } else {
            self.raw("until", "null");
        }
    }

    fn end(mut self) -> String {
        self.text.push('}');
        self.text
    }
}
