//! Writes a history file, line by line, in the form that [`super::Reader`] reads.

use super::{
    Assent, Audience, Capacity, Change, Check, CheckScope, Claim, Connections, Correction, Counts, Entitlement,
    ExclusionFact, Fact, Fee, Gap, Impact, Incident, LogDigest, Maintenance, NamedObservation, NamedRun, Notice, Parts,
    Placement, Plan, Population, Publication, Recovery, Report, Resource, Role, Said, Scope, Subprocessor, Suspension,
    Update,
};
use crate::id::Series;
use crate::interval::Interval;
use crate::ratio::Ratio;
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
    let CheckScope { solution, interface, parts } = &check.scope;
    line.raw("scope", &scope_text(Some(solution.as_str()), Some(interface.as_str()), parts));
    line.text("vantage", check.series.vantage.as_str());
    line.text("staleness", &staleness);
    if check.weight != 1 {
        line.whole("weight", check.weight.into());
    }
    if check.role != Role::Measure {
        line.text("role", check.role.name());
    }
    line.span(check.active);
    line.text("recorded_at", &check.recorded_at.to_string());
    line.end()
}

/// The line of one run.
#[must_use]
pub fn write_run(series: &Series, run: &Run) -> String {
    let mut line = Line::new("run");
    line.run(series, run);
    line.time("recorded_at", run.recorded_at);
    line.end()
}

/// The line of a run with an id of its own.
#[must_use]
pub fn write_named_run(fact: &Fact<NamedRun>) -> String {
    let mut line = Line::of("run", fact);
    line.run(&fact.body.series, &fact.body.run);
    line.end_of(fact)
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
    line.observation(series, seen);
    line.end()
}

/// The line of an observation with an id of its own.
#[must_use]
pub fn write_named_observation(fact: &Fact<NamedObservation>) -> String {
    let mut line = Line::of("observation", fact);
    line.observation(&fact.body.series, &fact.body.seen);
    line.end_of(fact)
}

/// The line of a gap.
#[must_use]
pub fn write_gap(gap: &Gap) -> String {
    let mut line = Line::new("observer_gap");
    line.text("id", &gap.id);
    line.maybe("vantage", gap.vantage.as_ref());
    line.span(gap.interval);
    line.text("why", &gap.why);
    if let Some(at) = gap.erased_at {
        line.time("erased_at", at);
    }
    line.time("recorded_at", gap.recorded_at);
    line.end()
}

/// The line of counted events.
#[must_use]
pub fn write_counts(fact: &Fact<Counts>) -> String {
    let Counts { check, scope, span, good, valid } = &fact.body;
    let mut line = Line::of("counts", fact);
    line.maybe("check", check.as_ref());
    line.scope(scope);
    line.span(*span);
    line.whole("good", *good);
    line.whole("valid", *valid);
    line.end_of(fact)
}

/// The line of how many users there were.
#[must_use]
pub fn write_population(fact: &Fact<Population>) -> String {
    let Population { scope, span, unit, count } = &fact.body;
    let mut line = Line::of("population", fact);
    line.scope(scope);
    line.span(*span);
    line.text("unit", unit);
    line.whole("count", *count);
    line.end_of(fact)
}

/// The line of how many users were affected.
#[must_use]
pub fn write_impact(fact: &Fact<Impact>) -> String {
    let Impact { scope, span, unit, count, user_set } = &fact.body;
    let mut line = Line::of("impact", fact);
    line.scope(scope);
    line.span(*span);
    line.text("unit", unit);
    line.whole("count", *count);
    if let Some(users) = user_set {
        line.texts("user_set", users);
    }
    line.end_of(fact)
}

/// The line of something that exists for a time.
#[must_use]
pub fn write_resource(fact: &Fact<Resource>) -> String {
    let Resource { scope, kind, tier, span } = &fact.body;
    let mut line = Line::of("resource", fact);
    line.scope(scope);
    line.text("kind", kind);
    if let Some(tier) = tier {
        let mut attributes = Line::table();
        attributes.text("tier", tier);
        line.raw("attributes", &attributes.end());
    }
    line.span(*span);
    line.end_of(fact)
}

/// The line of where a part of a solution is served from.
#[must_use]
pub fn write_placement(fact: &Fact<Placement>) -> String {
    let Placement { scope, part, provider, data_centre, span } = &fact.body;
    let mut line = Line::of("placement", fact);
    line.scope(scope);
    line.text("part", part);
    line.text("provider", provider);
    line.text("data_centre", data_centre);
    line.span(*span);
    line.end_of(fact)
}

/// The line of a customer's right.
#[must_use]
pub fn write_entitlement(fact: &Fact<Entitlement>) -> String {
    let Entitlement { scope, paid, span, term, renewed_at, revision } = &fact.body;
    let mut line = Line::of("entitlement", fact);
    line.scope(scope);
    line.flag("paid", *paid);
    line.span(*span);
    if let Some(term) = term {
        line.named_span("term_from", "term_until", *term);
    }
    line.maybe("renewed_at", *renewed_at);
    line.maybe("revision", revision.as_ref());
    line.end_of(fact)
}

/// The line of what a customer pays. An amount that is no decimal is written as a fraction, which no reader takes; those
/// that were read are decimals.
#[must_use]
pub fn write_fee(fact: &Fact<Fee>) -> String {
    let Fee { scope, span, amount, currency } = &fact.body;
    let mut line = Line::of("fee", fact);
    line.scope(scope);
    line.span(*span);
    line.amount(amount);
    line.text("currency", currency);
    line.end_of(fact)
}

/// The line of a customer's word on a document.
#[must_use]
pub fn write_assent(fact: &Fact<Assent>) -> String {
    let Assent { customer, person, document, kind, span } = &fact.body;
    let mut line = Line::of("assent", fact);
    line.text("customer", customer.as_str());
    line.maybe("person", person.as_ref());
    line.text("document", document);
    line.text("kind", kind.name());
    line.named_span("at", "until", *span);
    line.end_of(fact)
}

/// The line of one telling of a maintenance.
#[must_use]
pub fn write_maintenance(fact: &Fact<Maintenance>) -> String {
    let body = &fact.body;
    let mut line = Line::of("maintenance", fact);
    line.whole("sequence", body.sequence.into());
    line.scope(&body.scope);
    line.text("class", &body.class);
    line.maybe("performer", body.performer.as_ref());
    line.flag("iaas", body.iaas);
    line.flag("controllable", body.controllable);
    line.text("status", body.status.name());
    line.maybe("impact", body.impact.as_ref());
    line.span(body.planned);
    line.maybe("actual_from", body.actual_from);
    line.maybe("actual_until", body.actual_until);
    line.end_of(fact)
}

/// The line of a notice.
#[must_use]
pub fn write_notice(fact: &Fact<Notice>) -> String {
    let body = &fact.body;
    let mut about = Line::table();
    about.text("id", body.about.as_str());
    if body.sequence != 0 {
        about.whole("sequence", body.sequence.into());
    }
    let mut line = Line::of("notice", fact);
    line.raw("about", &about.end());
    line.text("kind", &body.kind);
    line.text(
        "customer",
        match &body.audience {
            Audience::Public => "public",
            Audience::Customer(customer) => customer.as_str(),
        },
    );
    line.text("channel", &body.channel);
    line.maybe("published_at", body.published_at);
    line.maybe("accepted_at", body.accepted_at);
    line.maybe("delivered_at", body.delivered_at);
    line.maybe("acknowledged_at", body.acknowledged_at);
    line.maybe("failed_at", body.failed_at);
    line.end_of(fact)
}

/// The line of an interruption.
#[must_use]
pub fn write_incident(fact: &Fact<Incident>) -> String {
    let Incident { scope, span, cause, attributed_to, detected_at, disaster, declared_at } = &fact.body;
    let mut line = Line::of("incident", fact);
    line.scope(scope);
    line.span(*span);
    line.text("cause", cause);
    line.maybe("attributed_to", attributed_to.as_ref());
    line.maybe("detected_at", *detected_at);
    line.flag("disaster", *disaster);
    line.maybe("declared_at", *declared_at);
    line.end_of(fact)
}

/// The line of time that does not count.
#[must_use]
pub fn write_exclusion(fact: &Fact<ExclusionFact>) -> String {
    let ExclusionFact { scope, cause, span, ground } = &fact.body;
    let mut line = Line::of("exclusion", fact);
    line.scope(scope);
    line.text("cause", cause);
    line.span(*span);
    line.text("ground", ground);
    line.end_of(fact)
}

/// The line of a suspension.
#[must_use]
pub fn write_suspension(fact: &Fact<Suspension>) -> String {
    let Suspension { scope, extent, act, direction, ordered_at, enforced_at, lifted_at, review_at } = &fact.body;
    let mut line = Line::of("suspension", fact);
    line.scope(scope);
    line.text("extent", extent.name());
    line.text("act", act);
    line.maybe("direction", direction.as_ref());
    line.time("ordered_at", *ordered_at);
    line.maybe("enforced_at", *enforced_at);
    line.maybe("lifted_at", *lifted_at);
    line.maybe("review_at", *review_at);
    line.end_of(fact)
}

/// The line of a step in the life of a recovery plan.
#[must_use]
pub fn write_plan(fact: &Fact<Plan>) -> String {
    let Plan { solution, digest, action, at } = &fact.body;
    let mut line = Line::of("plan", fact);
    line.text("solution", solution.as_str());
    line.text("digest", digest);
    line.text("action", action.name());
    line.time("at", *at);
    line.end_of(fact)
}

/// The line of a recovery.
#[must_use]
pub fn write_recovery(fact: &Fact<Recovery>) -> String {
    let Recovery { solution, exercise, plan, disrupted_at, healthy_at, recovery_point_at, verdict } = &fact.body;
    let mut line = Line::of("recovery", fact);
    line.text("solution", solution.as_str());
    line.text("kind", Recovery::KINDS[usize::from(!exercise)]);
    line.maybe("plan", plan.as_ref());
    line.time("disrupted_at", *disrupted_at);
    line.maybe("healthy_at", *healthy_at);
    line.maybe("recovery_point_at", *recovery_point_at);
    line.maybe("verdict", verdict.as_ref());
    line.end_of(fact)
}

/// The line of a step in the life of a sub-processor.
#[must_use]
pub fn write_subprocessor(fact: &Fact<Subprocessor>) -> String {
    let Subprocessor { scope, name, action, effective_at, sla } = &fact.body;
    let mut line = Line::of("subprocessor", fact);
    line.scope(scope);
    line.text("name", name);
    line.text("action", action);
    line.time("effective_at", *effective_at);
    line.maybe("sla", sla.as_ref());
    line.end_of(fact)
}

/// The line of how far those who deal with something have come.
#[must_use]
pub fn write_update(fact: &Fact<Update>) -> String {
    let Update { about, customer, at, stage, text } = &fact.body;
    let mut line = Line::of("update", fact);
    line.text("about", about.as_str());
    line.maybe("customer", customer.as_ref());
    line.time("at", *at);
    line.text("stage", stage.name());
    match text {
        Said::Plain(text) => line.text("text", text),
        Said::In(text) => {
            let texts = text.0.iter().map(|(language, text)| (language.code().to_owned(), text.as_str().into()));
            line.raw("text", &serde_json::Value::Object(texts.collect()).to_string());
        }
    }
    line.end_of(fact)
}

/// The line of what stood at a public address.
#[must_use]
pub fn write_publication(fact: &Fact<Publication>) -> String {
    let Publication { what, address, digest, span } = &fact.body;
    let mut line = Line::of("publication", fact);
    line.text("what", what);
    line.text("address", address);
    line.maybe("digest", digest.as_ref());
    line.span(*span);
    line.end_of(fact)
}

/// The line of how much installed software was connected.
#[must_use]
pub fn write_connections(fact: &Fact<Connections>) -> String {
    let Connections { scope, span, expected, connected, customer_side, undetermined } = &fact.body;
    let mut line = Line::of("connections", fact);
    line.scope(scope);
    line.span(*span);
    line.whole("expected", *expected);
    line.whole("connected", *connected);
    line.whole("customer_side", *customer_side);
    line.whole("undetermined", *undetermined);
    line.end_of(fact)
}

/// The line of how much of something was used.
#[must_use]
pub fn write_capacity(fact: &Fact<Capacity>) -> String {
    let Capacity { scope, resource, at, used, limit, unit } = &fact.body;
    let mut line = Line::of("capacity", fact);
    line.scope(scope);
    line.text("resource", resource);
    line.time("at", *at);
    line.whole("used", *used);
    line.whole("limit", *limit);
    line.text("unit", unit);
    line.end_of(fact)
}

/// The line of a customer's report.
#[must_use]
pub fn write_report(fact: &Fact<Report>) -> String {
    let Report { customer, scope, at } = &fact.body;
    let mut line = Line::of("report", fact);
    line.text("customer", customer.as_str());
    line.scope(scope);
    line.time("at", *at);
    line.end_of(fact)
}

/// The line of a log's digest.
#[must_use]
pub fn write_log_digest(fact: &Fact<LogDigest>) -> String {
    let LogDigest { customer, kind, span, count, digest } = &fact.body;
    let mut line = Line::of("log_digest", fact);
    line.text("customer", customer.as_str());
    line.text("kind", kind);
    line.span(*span);
    line.whole("count", *count);
    line.text("digest", digest);
    line.end_of(fact)
}

/// The line of a claim. Of its amount what [`write_fee`] says holds.
#[must_use]
pub fn write_claim(fact: &Fact<Claim>) -> String {
    let Claim { customer, commitment, period, filed_at, evidence, decision, decided_at, amount } = &fact.body;
    let mut line = Line::of("claim", fact);
    line.text("customer", customer.as_str());
    line.text("commitment", commitment.as_str());
    line.maybe("period", period.as_ref());
    line.time("filed_at", *filed_at);
    line.texts("evidence", evidence);
    line.maybe("decision", decision.map(super::Decision::name));
    line.maybe("decided_at", *decided_at);
    if let Some(amount) = amount {
        line.amount(amount);
    }
    line.end_of(fact)
}

/// The line of a correction.
#[must_use]
pub fn write_correction(fact: &Fact<Correction>) -> String {
    let Correction { of, sequence, change, why } = &fact.body;
    let mut line = Line::of("correction", fact);
    line.text("of", of.as_str());
    if let Some(sequence) = sequence {
        line.whole("sequence", (*sequence).into());
    }
    match change {
        Change::Set(set) => line.raw("set", &serde_json::Value::Object(set.clone()).to_string()),
        Change::Retract => line.flag("retract", true),
    }
    line.text("why", why);
    line.end_of(fact)
}

fn scope_text(solution: Option<&str>, interface: Option<&str>, parts: &Parts) -> String {
    let Parts { region, zone, instance, feature, customer } = parts;
    let mut scope = Line::table();
    scope.maybe("solution", solution);
    scope.maybe("interface", interface);
    scope.maybe("region", region.as_ref());
    scope.maybe("zone", zone.as_ref());
    scope.maybe("instance", instance.as_ref());
    scope.maybe("feature", feature.as_ref());
    scope.maybe("customer", customer.as_ref());
    scope.end()
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

    fn table() -> Self {
        Self { text: String::from("{") }
    }

    /// Begins the line of a fact.
    fn of<T>(kind: &str, fact: &Fact<T>) -> Self {
        let mut line = Self::new(kind);
        line.text("id", fact.id.as_str());
        line
    }

    fn text(&mut self, key: &str, value: &str) {
        let quoted = serde_json::Value::from(value).to_string();
        self.raw(key, &quoted);
    }

    fn maybe(&mut self, key: &str, value: Option<impl std::fmt::Display>) {
        if let Some(value) = value {
            self.text(key, &value.to_string());
        }
    }

    fn texts(&mut self, key: &str, values: &[String]) {
        self.raw(key, &serde_json::Value::from(values.to_vec()).to_string());
    }

    fn whole(&mut self, key: &str, value: u64) {
        self.raw(key, &value.to_string());
    }

    fn flag(&mut self, key: &str, value: bool) {
        self.raw(key, if value { "true" } else { "false" });
    }

    fn time(&mut self, key: &str, at: Instant) {
        self.text(key, &at.to_string());
    }

    fn amount(&mut self, amount: &Ratio) {
        self.text("amount", &amount.decimal().unwrap_or_else(|| amount.to_string()));
    }

    fn raw(&mut self, key: &str, json: &str) {
        if !self.text.ends_with('{') {
            self.text.push(',');
        }
        self.text.push_str(&format!("\"{key}\":{json}"));
    }

    fn scope(&mut self, scope: &Scope) {
        if *scope != Scope::default() {
            let Scope { solution, interface, parts } = scope;
            let text =
                scope_text(solution.as_ref().map(|id| id.as_str()), interface.as_ref().map(|id| id.as_str()), parts);
            self.raw("scope", &text);
        }
    }

    fn span(&mut self, span: Interval) {
        self.named_span("from", "until", span);
    }

    fn named_span(&mut self, from: &str, until: &str, span: Interval) {
        self.time(from, span.from());
        if span.until() < Instant::MAX {
            self.time(until, span.until());
        } else {
            self.raw(until, "null");
        }
    }

    fn run(&mut self, series: &Series, run: &Run) {
        self.text("check", series.check.as_str());
        self.text("vantage", series.vantage.as_str());
        self.time("from", run.from);
        self.time("last", run.last);
        self.text("state", run.state.name());
        self.whole("n", run.n);
    }

    fn observation(&mut self, series: &Series, seen: &Seen) {
        self.text("check", series.check.as_str());
        self.text("vantage", series.vantage.as_str());
        self.time("at", seen.at);
        self.text("state", seen.state.name());
        if !seen.detail.is_empty() {
            self.text("detail", &seen.detail);
        }
        if let Some(latency_ms) = seen.latency_ms {
            self.whole("latency_ms", latency_ms);
        }
    }

    /// Ends the line of a fact.
    fn end_of<T>(mut self, fact: &Fact<T>) -> String {
        self.time("recorded_at", fact.recorded_at);
        self.maybe("by", fact.by.as_ref());
        self.end()
    }

    fn end(mut self) -> String {
        self.text.push('}');
        self.text
    }
}
