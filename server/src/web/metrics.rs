//! Metrics in the Prometheus text format, written from whole numbers: no figure passes through a float here.

use std::fmt::Write;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use uphold_core::agreement::Subject;
use uphold_core::history::Parts;
use uphold_core::id::{CommitmentId, VantageId};
use uphold_core::ratio::Ratio;
use uphold_core::run::Observed;
use uphold_core::statement::Row;
use uphold_core::time::{Instant, Millis, tzdb_version};
use uphold_core::timeline::State as Condition;

use super::{App, subject};
use crate::clock_sync::ClockSync;
use crate::live::{Counters, Lags, Live, judges_now};
use crate::measure::vantage::{Point, Uplink};
use crate::notify::{Counts, Shown};

/// `GET /metrics`
pub(super) async fn show(State(app): State<App>) -> Response {
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    let mut text = render(&app.live(), (app.web.counters)(), &app.web.board.shown());
    text.push_str(&vantage_points(&app.web.desk.points(), app.web.desk.uplink()));
    (kind, text).into_response()
}

/// The text under construction.
#[derive(Default)]
struct Text(String);

impl Text {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        self.put(format_args!("# HELP {name} {help}\n# TYPE {name} {kind}\n"));
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: &str) {
        self.0.push_str(name);
        for (place, (label, text)) in labels.iter().enumerate() {
            let before = if place == 0 { '{' } else { ',' };
            self.put(format_args!("{before}{label}=\"{}\"", escape(text)));
        }
        if !labels.is_empty() {
            self.0.push('}');
        }
        self.put(format_args!(" {value}\n"));
    }

    fn single(&mut self, name: &str, kind: &str, help: &str, value: &str) {
        self.family(name, kind, help);
        self.sample(name, &[], value);
    }

    fn put(&mut self, text: std::fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        let _ = self.0.write_fmt(text);
    }
}

/// A label's value as the format wants it.
fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// A fraction as a decimal of twelve places, rounded down.
fn decimal(ratio: &Ratio) -> String {
    // A percentage of ten places has the digits of a fraction of twelve.
    let digits = format!("{:0>13}", ratio.percent(10).replace('.', ""));
    let (whole, fraction) = digits.split_at(digits.len() - 12);
    let whole = whole.trim_start_matches('0');
    format!("{}.{fraction}", if whole.is_empty() { "0" } else { whole })
}

fn seconds(at: Instant) -> String {
    Millis(at.0).seconds()
}

fn labels<'a>(commitment: &'a CommitmentId, subject: &'a Subject) -> [(&'static str, &'a str); 4] {
    let solution = subject.solution.as_ref().map_or("", |solution| solution.as_str());
    let interface = subject.interface.as_ref().map_or("", |interface| interface.as_str());
    let Parts { region, zone, instance, feature, customer: _ } = &subject.parts;
    // A subject is one part of its solution at most.
    let part = [region, zone, instance, feature].into_iter().flatten().next().map_or("", |part| part.as_str());
    [("commitment", commitment.as_str()), ("solution", solution), ("interface", interface), ("part", part)]
}

fn render(live: &Live, counters: Counters, board: &Shown) -> String {
    let mut text = Text::default();
    states(&mut text, live);
    figures(&mut text, live);
    incidents(&mut text, live);
    checks(&mut text, live);
    process(&mut text, live, counters);
    telling(&mut text, board);
    text.0
}

fn states(text: &mut Text, live: &Live) {
    const NAME: &str = "uphold_state";
    text.family(NAME, "gauge", "1 for the state that the subject is in, 0 for the others.");
    let judged_by_time = |id| live.agreement.find_commitment(id).is_some_and(|found| found.availability().is_some());
    for line in live.timelines.iter().filter(|line| judged_by_time(&line.commitment)) {
        let (now, _) = subject::now(&line.timeline, live.as_known_at);
        let [commitment, solution, interface, part] = labels(&line.commitment, &line.subject);
        for state in Condition::ALL {
            let value = if state == now { "1" } else { "0" };
            text.sample(NAME, &[commitment, solution, interface, part, ("state", state.name())], value);
        }
    }
}

fn figures(text: &mut Text, live: &Live) {
    const RATIO: &str = "uphold_availability_ratio";
    const SPENT: &str = "uphold_period_state_seconds";
    text.family(RATIO, "gauge", "Availability in the period in progress, both bounds, rounded down to 12 decimals.");
    // A target that changes within a period has rows of both revisions: a series is of the one that is in force.
    let now = |row: &&Row| judges_now(&live.agreement, &live.statement, row);
    for row in live.statement.rows.iter().filter(now) {
        let [commitment, solution, interface, part] = labels(&row.commitment, &row.subject);
        for (bound, ratio) in row.availability.iter().flat_map(|a| [("lower", &a.lower), ("upper", &a.upper)]) {
            let labels = [commitment, solution, interface, part, ("bound", bound), ("period", &row.period.name)];
            text.sample(RATIO, &labels, &decimal(ratio));
        }
    }
    text.family(SPENT, "gauge", "Time in each state in the period in progress.");
    for row in live.statement.rows.iter().filter(now).filter(|row| row.kind == "availability") {
        let [commitment, solution, interface, part] = labels(&row.commitment, &row.subject);
        let tally = row.tally;
        let spent = [
            (Condition::Up, tally.up),
            (Condition::Down, tally.down),
            (Condition::Excluded, tally.excluded),
            (Condition::Unknown, tally.unknown),
        ];
        for (state, length) in spent {
            let labels = [commitment, solution, interface, part, ("state", state.name()), ("period", &row.period.name)];
            text.sample(SPENT, &labels, &length.seconds());
        }
    }
}

fn incidents(text: &mut Text, live: &Live) {
    const BUDGET: &str = "uphold_error_budget_seconds";
    const BURN: &str = "uphold_burn_rate_alert";
    let open = live.incidents.iter().filter(|incident| incident.body.span.until() == Instant::MAX).count();
    text.single("uphold_incidents_open", "gauge", "Incidents that have not ended.", &open.to_string());
    text.family(BUDGET, "gauge", "Down time that the target leaves of the period, and what is spent of it.");
    for view in &live.budgets {
        let [commitment, solution, interface, part] = labels(&view.commitment, &view.subject);
        let amounts = view.budget.iter().flat_map(|budget| {
            [("allowed", budget.allowed), ("spent_least", budget.spent_least), ("spent_most", budget.spent_most)]
        });
        for (what, length) in amounts {
            let labels = [commitment, solution, interface, part, ("what", what), ("period", &view.period.name)];
            text.sample(BUDGET, &labels, &length.seconds());
        }
    }
    text.family(BURN, "gauge", "1 while the budget is spent faster than the rule of these windows allows.");
    for view in &live.budgets {
        let [commitment, solution, interface, part] = labels(&view.commitment, &view.subject);
        for burn in &view.burns {
            let (long, urgency) = (burn.rule.long.seconds(), burn.rule.urgency.name());
            let labels = [commitment, solution, interface, part, ("window_seconds", &long), ("urgency", urgency)];
            text.sample(BURN, &labels, if burn.fires { "1" } else { "0" });
        }
    }
}

fn checks(text: &mut Text, live: &Live) {
    const STATE: &str = "uphold_check_state";
    const LAST: &str = "uphold_check_last_observation_timestamp_seconds";
    text.family(STATE, "gauge", "1 for what the check saw last, 0 for the others.");
    for check in &live.checks {
        let seen = check.latest.map(|latest| latest.state);
        for state in Observed::ALL {
            let (id, vantage) = (check.series.check.as_str(), check.series.vantage.as_str());
            let value = if seen == Some(state) { "1" } else { "0" };
            text.sample(STATE, &[("check", id), ("vantage", vantage), ("state", state.name())], value);
        }
    }
    text.family(LAST, "gauge", "When the check last observed anything.");
    for check in &live.checks {
        if let Some(latest) = check.latest {
            let labels = [("check", check.series.check.as_str()), ("vantage", check.series.vantage.as_str())];
            text.sample(LAST, &labels, &seconds(latest.last));
        }
    }
}

/// What is known of vantage points, of each figure those that have it.
fn vantage_points(points: &[(VantageId, Point)], uplink: Option<Uplink>) -> String {
    let mut text = Text::default();
    let mut family = |name: &str, kind: &str, help: &str, value: &dyn Fn(&Point) -> Option<String>| {
        text.family(name, kind, help);
        for (vantage, point) in points {
            if let Some(value) = value(point) {
                text.sample(name, &[("vantage", vantage.as_str())], &value);
            }
        }
    };
    let remote = |point: &Point, value: u64| (!point.own).then(|| value.to_string());
    let through = "Up to when the observations of the vantage point are recorded.";
    family("uphold_vantage_recorded_through_timestamp_seconds", "gauge", through, &|p| p.through.map(seconds));
    let series = "Series that the vantage point should have, by the checks file.";
    family("uphold_vantage_series", "gauge", series, &|p| Some(p.series.to_string()));
    let unmatched = "Series of its last report that it measures by another definition than the checks file.";
    family("uphold_vantage_unmatched_series", "gauge", unmatched, &|p| remote(p, p.unmatched as u64));
    let last = "When the vantage point last reported.";
    family("uphold_vantage_last_report_timestamp_seconds", "gauge", last, &|p| p.last_report.map(seconds));
    let skew = "How far its clock was ahead of this server's at its last report.";
    family("uphold_vantage_clock_skew_seconds", "gauge", skew, &|p| p.clock_skew.map(|skew| skew.seconds()));
    let taken = "Reports that were taken in.";
    family("uphold_vantage_reports_taken_total", "counter", taken, &|p| remote(p, p.taken));
    let refused = "Reports that were refused.";
    family("uphold_vantage_reports_refused_total", "counter", refused, &|p| remote(p, p.refused));
    if let Some(Uplink { acknowledged, sent, failed }) = uplink {
        text.single(
            "uphold_reports_sent_total",
            "counter",
            "Reports to another server that it took in.",
            &sent.to_string(),
        );
        let help = "Reports to another server that it did not take in; each is tried again.";
        text.single("uphold_reports_failed_total", "counter", help, &failed.to_string());
        if let Some(at) = acknowledged {
            let help = "Up to when another server has said that it knows what was observed here.";
            text.single("uphold_reports_acknowledged_through_timestamp_seconds", "gauge", help, &seconds(at));
        }
    }
    text.0
}

fn process(text: &mut Text, live: &Live, counters: Counters) {
    let Counters { probes_started, probes_finished, slots_missed, slots_held_back, tick_lags, failed_writes, .. } =
        counters;
    for (name, help, value) in [
        ("uphold_probes_started_total", "Probes that were started.", probes_started),
        ("uphold_probes_finished_total", "Probes that came to an outcome.", probes_finished),
        ("uphold_probe_slots_missed_total", "Due probes that could not be started in time.", slots_missed),
        ("uphold_probe_slots_held_back_total", "Those of them that a limit held back.", slots_held_back),
        ("uphold_ledger_failed_writes_total", "Writes to the ledger that failed; each is tried again.", failed_writes),
    ] {
        text.single(name, "counter", help, &value.to_string());
    }
    lags(text, &tick_lags);
    text.single("uphold_ledger_facts", "gauge", "Facts in the ledger.", &live.ledger.size.to_string());
    let known = "The moment that all figures hold for.";
    text.single("uphold_as_known_at_timestamp_seconds", "gauge", known, &seconds(live.as_known_at));
    const BUILD: &str = "uphold_build_info";
    text.family(BUILD, "gauge", "Always 1; what this program is.");
    text.sample(BUILD, &[("version", env!("CARGO_PKG_VERSION")), ("tzdb", tzdb_version())], "1");
}

fn lags(text: &mut Text, lags: &Lags) {
    const NAME: &str = "uphold_tick_lag_seconds";
    text.family(NAME, "histogram", "How late the ticks of the scheduler were, beyond their grid.");
    let bounds = Lags::BOUNDS.iter().map(|bound| bound.seconds()).chain(["+Inf".to_owned()]);
    let mut all = 0;
    for (bound, count) in bounds.zip(lags.counts) {
        all += count;
        text.sample("uphold_tick_lag_seconds_bucket", &[("le", &bound)], &all.to_string());
    }
    text.sample("uphold_tick_lag_seconds_sum", &[], &lags.sum.seconds());
    text.sample("uphold_tick_lag_seconds_count", &[], &all.to_string());
}

fn telling(text: &mut Text, board: &Shown) {
    type Read = fn(&Counts) -> u64;
    let families: [(&str, &str, &str, Read); 5] = [
        ("uphold_alert_messages_sent_total", "counter", "Messages that the other side took.", |of| of.sent),
        ("uphold_alert_attempts_failed_total", "counter", "Attempts that failed; most are tried again.", |of| {
            of.failed
        }),
        ("uphold_alert_messages_lost_total", "counter", "Messages that were given up.", |of| of.lost),
        ("uphold_alert_messages_waiting", "gauge", "Messages that are on their way.", |of| of.waiting),
        ("uphold_alert_channel_disabled", "gauge", "1 where the other side takes nothing any more (HTTP 410).", |of| {
            u64::from(of.disabled)
        }),
    ];
    for (name, kind, help, value) in families.into_iter().filter(|_| !board.channels.is_empty()) {
        text.family(name, kind, help);
        for (channel, counts) in &board.channels {
            text.sample(name, &[("channel", channel)], &value(counts).to_string());
        }
    }
    if let Some((sync, _)) = &board.clock {
        const CLOCK: &str = "uphold_clock_state";
        text.family(CLOCK, "gauge", "1 for what is known of the clock, 0 for the others.");
        for state in ClockSync::NAMES {
            text.sample(CLOCK, &[("state", state)], if state == sync.name() { "1" } else { "0" });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fraction_is_written_exactly_or_rounded_down_and_never_up_to_one() {
        let ratio = |num: i64, den: i64| decimal(&Ratio::new(num, den).unwrap());
        assert_eq!(ratio(1, 1), "1.000000000000");
        assert_eq!(ratio(0, 7), "0.000000000000");
        assert_eq!(ratio(2, 3), "0.666666666666");
        assert_eq!(ratio(9_999_999_999_999, 10_000_000_000_000), "0.999999999999");
        assert_eq!(ratio(1, 1_000_000_000_000), "0.000000000001");
    }

    #[test]
    fn what_would_end_a_label_is_escaped() {
        let mut text = Text::default();
        text.sample("a", &[("b", "x\"y\\z\nw"), ("c", "")], "1");
        assert_eq!(text.0, "a{b=\"x\\\"y\\\\z\\nw\",c=\"\"} 1\n");
    }
}
