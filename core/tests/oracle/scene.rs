//! One random case in both forms: the neutral facts and terms of the oracle, and beside them the same as the text of an
//! agreement and as the lines of a history. Here: the case and how a fact is told. Not here: what is drawn.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};
use uphold_core::time::Instant;

use crate::build::{exact, terms};
use crate::draw::Draw;
use crate::model::*;
use crate::parts::Parts;

/// 2026-01-25T00:00:00Z, a Sunday: local days have 24 ticks of an hour, and a month ends on tick 168.
pub(crate) const HOURS: Clock = Clock { base: 1_769_299_200_000, tick: 3_600_000 };
/// 100 ms before a month ends.
pub(crate) const MILLIS: Clock = Clock { base: 1_769_903_999_900, tick: 1 };

/// How ticks lie in real time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Clock {
    pub(crate) base: i64,
    pub(crate) tick: i64,
}

impl Clock {
    pub(crate) fn at(self, tick: i64) -> Instant {
        Instant(self.base + tick * self.tick)
    }

    pub(crate) fn text(self, tick: i64) -> Value {
        Value::from(self.at(tick).to_string())
    }

    /// A length of time as terms write it.
    pub(crate) fn length(self, ticks: i64) -> String {
        format!("{}ms", ticks * self.tick)
    }
}

/// One random case in both forms.
pub(crate) struct Scene {
    pub(crate) clock: Clock,
    pub(crate) zone: TimeZone,
    pub(crate) world: World,
    pub(crate) terms: Commitment,
    pub(crate) period: Period,
    pub(crate) customer: Option<&'static str>,
    pub(crate) parts: Parts,
    /// Terms as the file writes them.
    pub(crate) stated: BTreeMap<&'static str, String>,
    /// What each target says besides its percentage.
    pub(crate) goals: Vec<String>,
    /// Tables of the file besides the terms.
    pub(crate) tables: String,
    pub(crate) lines: Vec<String>,
    /// Whether credits can be compared: a fee is known.
    pub(crate) has_fee: bool,
    /// Periods that caps may have, with the terms that mean them.
    pub(crate) cap_periods: Vec<(Vec<Period>, String)>,
    /// How wide slices may be, in ticks.
    pub(crate) widths: Vec<i64>,
    /// Whether terms are left out that can raise the figure with more down time (READINGS 20, 53, 54).
    pub(crate) monotone: bool,
    /// The name of the calendar period that is asked for; else it is asked for by its edges.
    pub(crate) asked: Option<String>,
}

impl Scene {
    /// A case without any fact; the plainest terms.
    pub(crate) fn new(draw: &mut Draw, clock: Clock) -> Self {
        let end = draw.horizon();
        let start = draw.within(end / 3, end / 2);
        let until = start + draw.within(1, end / 3);
        let known = if draw.one_in(4) { draw.within(start - 5, end + 5) } else { end + 50 };
        let mut scene = Self {
            clock,
            zone: TimeZone::UTC,
            world: World { horizon: (0, end), known_at: Some(known), ..World::default() },
            terms: terms(exact(None)),
            period: Period { start, end: until },
            customer: None,
            parts: Parts::default(),
            stated: BTreeMap::new(),
            goals: vec![String::new()],
            tables: String::new(),
            lines: Vec::new(),
            has_fee: false,
            cap_periods: Vec::new(),
            widths: vec![1, 2, 3, 5, 6, 12, 24],
            monotone: false,
            asked: None,
        };
        scene.cap_periods =
            if clock == HOURS { cap_periods_of_hours(draw, &scene) } else { cap_periods_of_millis(&scene) };
        // The local day that the horizon lies in begins long before it, or days begin every 24 ticks.
        scene.world.day_starts = if clock == HOURS { (0..end).step_by(24).collect() } else { vec![0] };
        for (key, value) in [
            ("zone", "\"UTC\""),
            ("period", "\"asked\""),
            ("service_time", "\"24x7\""),
            ("indicator", "\"states\""),
            ("aggregate", "\"duration\""),
            ("exclusions", "[]"),
            ("days_are", "\"calendar\""),
            ("decimals", "3"),
            ("close_after", "\"0s\""),
        ] {
            scene.state(key, value);
        }
        scene.judge(draw);
        scene
    }

    /// The local date of a tick.
    pub(crate) fn date(&self, tick: i64) -> Date {
        self.zone.to_datetime(Timestamp::from_millisecond(self.clock.at(tick).0).unwrap()).date()
    }

    pub(crate) fn end(&self) -> i64 {
        self.world.horizon.1
    }

    pub(crate) fn state(&mut self, key: &'static str, value: impl Into<String>) {
        self.stated.insert(key, value.into());
    }

    /// The terms that every case needs: unknown time, degradation, the target.
    fn judge(&mut self, draw: &mut Draw) {
        let (policy, text) = draw.pick(&[
            (UnknownPolicy::Bounds, "bounds"),
            (UnknownPolicy::Up, "up"),
            (UnknownPolicy::Down, "down"),
            (UnknownPolicy::Excluded, "excluded"),
        ]);
        self.terms.unknown = policy;
        self.state("unknown", quoted(text));
        let (degraded, text) = draw.pick(&[(Degraded::Up, "up"), (Degraded::Down, "down")]);
        self.terms.degraded = degraded;
        self.state("degraded", quoted(text));
        let (binding, text) =
            draw.pick(&[(Binding::Both, "both"), (Binding::Lower, "lower"), (Binding::Upper, "upper")]);
        self.terms.binding = binding;
        self.state("binding", quoted(text));
        if draw.below(3) > 0 {
            self.terms.targets[0].at_least = Some(some_share(draw));
        }
        if draw.one_in(4) {
            let least = some_share(draw);
            self.state("min_observed", quoted(&percent(&least)));
            self.terms.min_observed = Some(least);
        }
    }

    /// The plain policy where bounds are refused, since the other terms are not monotone.
    pub(crate) fn refuse_bounds(&mut self, draw: &mut Draw) {
        if self.terms.unknown == UnknownPolicy::Bounds {
            let (policy, text) = draw.pick(&[
                (UnknownPolicy::Up, "up"),
                (UnknownPolicy::Down, "down"),
                (UnknownPolicy::Excluded, "excluded"),
            ]);
            self.terms.unknown = policy;
            self.state("unknown", quoted(text));
        }
    }

    /// When something is recorded that is known from `event` on: mostly at once, and sometimes late.
    pub(crate) fn recorded(&self, draw: &mut Draw, event: i64) -> i64 {
        if draw.one_in(5) { event + draw.within(0, self.end()) } else { event }
    }

    /// One fact: told, perhaps told again, perhaps retracted. `make` draws a body and the keys of its line.
    pub(crate) fn fact<T>(
        &mut self,
        draw: &mut Draw,
        kind: &str,
        id: (&str, i64),
        mut make: impl FnMut(&Self, &mut Draw) -> Option<(i64, T, Map<String, Value>)>,
    ) -> Vec<Fact<T>> {
        let (name, sequence) = id;
        let is_maintenance = kind == "maintenance";
        let own = if is_maintenance { format!("{name}#{sequence}") } else { name.to_owned() };
        let Some((event, body, first)) = make(self, draw) else { return Vec::new() };
        let told = self.recorded(draw, event);
        let first = self.finished(kind, name, told, first);
        self.lines.push(Value::from(first.clone()).to_string());
        let mut found = vec![Fact { id: own.clone(), recorded_at: told, body }];
        // Retractions come after the first telling and never at the time of another, which would leave their order open.
        let retracted = draw.one_in(16).then(|| told + 2 * draw.within(0, self.end() / 2));
        if let Some(recorded_at) = retracted {
            self.world.retractions.push(Retraction { of: own.clone(), recorded_at });
            self.correct(name, is_maintenance.then_some(sequence), recorded_at, ("retract", Value::from(true)));
        }
        if draw.one_in(8)
            && let Some((event, body, second)) = make(self, draw)
        {
            let again = told.max(event) + 1 + 2 * draw.within(0, self.end() / 4);
            if told.max(event) == told || again % 2 != retracted.unwrap_or(again + 1) % 2 {
                let second = self.finished(kind, name, again, second);
                let set: Map<String, Value> =
                    second.iter().filter(|(key, value)| first.get(*key) != Some(value)).map(owned).collect();
                let kept = first.keys().all(|key| second.contains_key(key));
                let set: Map<String, Value> = set.into_iter().filter(|(key, _)| key != "recorded_at").collect();
                if kept && !set.is_empty() && retracted.is_none() && draw.one_in(2) {
                    self.correct(name, is_maintenance.then_some(sequence), again, ("set", Value::from(set)));
                } else {
                    self.lines.push(Value::from(second).to_string());
                }
                found.push(Fact { id: own, recorded_at: again, body });
            }
        }
        found
    }

    fn finished(&self, kind: &str, id: &str, recorded_at: i64, mut keys: Map<String, Value>) -> Map<String, Value> {
        keys.insert("type".into(), kind.into());
        keys.insert("id".into(), id.into());
        keys.insert("recorded_at".into(), self.clock.text(recorded_at));
        keys
    }

    fn correct(&mut self, of: &str, sequence: Option<i64>, recorded_at: i64, (key, value): (&str, Value)) {
        let mut line = json!({
            "type": "correction", "of": of, "why": "", "recorded_at": self.clock.text(recorded_at),
            "id": format!("k{}", self.lines.len()),
        });
        line[key] = value;
        if let Some(sequence) = sequence {
            line["sequence"] = Value::from(sequence);
        }
        self.lines.push(line.to_string());
    }

    /// A span of time on the horizon.
    pub(crate) fn span(&self, draw: &mut Draw, longest: i64) -> (i64, i64) {
        let from = draw.within(0, self.end() - 1);
        (from, from + 1 + draw.within(0, longest))
    }

    /// The keys of a span, with an end that may be open.
    pub(crate) fn spanned(&self, from: i64, until: Option<i64>) -> Map<String, Value> {
        let mut keys = Map::new();
        keys.insert("from".into(), self.clock.text(from));
        if let Some(until) = until {
            keys.insert("until".into(), self.clock.text(until));
        }
        keys
    }

    /// The text of the agreement.
    pub(crate) fn agreement(&self) -> String {
        let per = if self.parts.per_interface { "interface" } else { "solution" };
        let stated: String = self.stated.iter().map(|(key, value)| format!("{key} = {value}\n")).collect();
        let covered = if self.customer.is_some() { "covered_when = [\"entitlement\"]\n" } else { "" };
        format!(
            "{HEADER}{covered}{TABLES}{tables}[[commitment]]\nid = \"c\"\nname = {{ en = \"C\" }}\nclause = \"1\"\n\
            kind = \"availability\"\nper = \"{per}\"\nsolutions = [\"s\"]\n{targets}[policy]\n{stated}",
            tables = self.tables,
            targets = self.targets(),
        )
    }

    fn targets(&self) -> String {
        let share = |target: &Target| quoted(&percent(target.at_least.as_ref().expect("conjoined targets have one")));
        match self.terms.targets.as_slice() {
            [one] if one.at_least.is_none() => String::new(),
            [one] => format!("target = {}\n", share(one)),
            several => {
                let each: Vec<String> = several
                    .iter()
                    .zip(&self.goals)
                    .map(|(target, goal)| format!("{{ target = {}{goal} }}", share(target)))
                    .collect();
                format!("targets = [{}]\n", each.join(", "))
            }
        }
    }
}

fn span_of_cap(start: i64, end: i64) -> Period {
    Period { start, end }
}

/// The periods of caps on the horizon where a tick is a millisecond, with the terms that mean them.
fn cap_periods_of_millis(scene: &Scene) -> Vec<(Vec<Period>, String)> {
    vec![
        (vec![scene.period.clone()], quoted("asked")),
        (vec![span_of_cap(-1_000_000, 100), span_of_cap(100, 1_000_000)], quoted("month")),
        (vec![span_of_cap(-1_000_000, 1_000_000)], quoted("year")),
    ]
}

/// The same where a tick is an hour.
fn cap_periods_of_hours(draw: &mut Draw, scene: &Scene) -> Vec<(Vec<Period>, String)> {
    let days = scene.end() / 24;
    let (hours, whole_days, date) = (draw.within(1, 60), draw.within(1, 4), draw.within(26, 29));
    let fiscal = 24 * (date - 25);
    vec![
        (vec![scene.period.clone()], quoted("asked")),
        (vec![span_of_cap(-24 * 24, 7 * 24), span_of_cap(7 * 24, 35 * 24)], quoted("month")),
        (vec![span_of_cap(-10_000, 10_000)], quoted("quarter")),
        (
            (1..=days).map(|day| span_of_cap(24 * day - hours, 24 * day)).collect(),
            format!("{{ rolling = \"{}\" }}", scene.clock.length(hours)),
        ),
        (
            (1..=days).map(|day| span_of_cap(24 * (day - whole_days), 24 * day)).collect(),
            format!("{{ rolling_days = {whole_days} }}"),
        ),
        (
            vec![span_of_cap(fiscal - 31 * 24, fiscal), span_of_cap(fiscal, fiscal + 31 * 24)],
            format!("{{ fiscal = 1, from = 2025-06-{date} }}"),
        ),
    ]
}

fn owned((key, value): (&String, &Value)) -> (String, Value) {
    (key.clone(), value.clone())
}

const HEADER: &str = r#"
[agreement]
id = "random"
title = { en = "Random" }
provider = { en = "Nobody" }
revision = "1"
languages = ["en"]
authoritative = "en"
valid_from = 2020-01-01T00:00:00Z
"#;

const TABLES: &str = r#"
[[clause]]
id = "1"
force = "duty"
title = { en = "One" }
text = { en = "One." }
[[solution]]
id = "s"
name = { en = "S" }
[[solution.interface]]
id = "console"
name = { en = "Console" }
[[solution.interface]]
id = "api"
name = { en = "API" }
[[solution]]
id = "t"
name = { en = "T" }
[[solution.interface]]
id = "web"
name = { en = "Web" }
"#;

pub(crate) fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}

/// A share of one, in thousandths of a percent.
pub(crate) fn share(thousandths: i64) -> crate::fraction::Frac {
    crate::fraction::Frac::new(thousandths, 100_000)
}

fn some_share(draw: &mut Draw) -> crate::fraction::Frac {
    share(match draw.below(3) {
        0 => 1_000 * draw.within(0, 101),
        1 => draw.within(0, 100_001),
        _ => draw.pick(&[100_000, 99_999, 50_000, 66_667, 75_000, 0]),
    })
}

/// The share in percent, as an exact decimal.
pub(crate) fn percent(share: &crate::fraction::Frac) -> String {
    decimal(&share.times(&crate::fraction::Frac::whole(100)))
}

/// An exact decimal of at most six places.
pub(crate) fn decimal(amount: &crate::fraction::Frac) -> String {
    let million = amount.times(&crate::fraction::Frac::whole(1_000_000));
    assert_eq!(million.floor(), million.ceil(), "no decimal of six places");
    let digits = format!("{:0>7}", million.floor().to_string());
    format!("{}.{}", &digits[..digits.len() - 6], &digits[digits.len() - 6..])
}
