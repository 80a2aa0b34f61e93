//! The story that the demo shows: a year of a hosted service with all that an agreement may ask after.
//!
//! Times are counted back from the end of the past, so that the same things lie equally far back whenever it is made up. Not
//! here: what fails at random, and the monthly windows of maintenance (`plan.rs`).

use serde_json::{Value, json};
use uphold_core::agreement::{Agreement, Solution};
use uphold_core::interval::Interval;
use uphold_core::ledger::digest::Digest;
use uphold_core::time::{Instant, Millis};

use super::plan::{Staged, Telling};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// The customers of the demo.
pub const CUSTOMERS: [&str; 2] = ["acme", "globex"];

/// How many days back the outage lies that has a postmortem.
const OUTAGE: i64 = 40;

/// The story of one solution.
struct Story<'a> {
    solution: &'a Solution,
    from: Instant,
    until: Instant,
    told: Vec<Telling>,
}

/// What is staged of a past with this agreement: the outages of its first solution, and what is told.
#[must_use]
pub fn story(agreement: &Agreement, pages: &str, from: Instant, until: Instant) -> (Vec<Staged>, Vec<Telling>) {
    let Some(solution) = agreement.solutions.first() else { return (Vec::new(), Vec::new()) };
    let mut story = Story { solution, from, until, told: Vec::new() };
    story.premises(pages);
    story.customers();
    story.recovery();
    story.capacity();
    story.maintenance();
    story.suspension();
    let outages = story.outage().into_iter().collect();
    (outages, story.told)
}

impl Story<'_> {
    /// So many whole days before the end of the past, at that time of the day.
    fn day(&self, days: i64, time: i64) -> Instant {
        Instant(self.until.0 - self.until.0.rem_euclid(DAY) - days * DAY + time)
    }

    fn tell(&mut self, at: Instant, why: &str, lines: impl IntoIterator<Item = Value>) {
        if (self.from..self.until).contains(&at) {
            let lines = lines.into_iter().collect();
            self.told.push(Telling { at, about: None, why: why.to_owned(), lines });
        }
    }

    /// Where it is hosted, with whose help, and where it says so.
    fn premises(&mut self, pages: &str) {
        let (solution, from) = (self.solution.id.as_str(), self.from);
        let scope = json!({ "solution": solution });
        let placed = |part: &str, place: &str| {
            json!({ "type": "placement", "id": format!("place-{place}"), "scope": scope, "part": part,
                "provider": "Example Cloud", "data_centre": place, "from": from.to_string() })
        };
        let sub = |name: &str, at: Instant| {
            json!({ "type": "subprocessor", "id": format!("sub-{}", name.to_lowercase().replace(' ', "-")),
                "scope": scope, "name": name, "action": "added", "effective_at": at.to_string(),
                "sla": "https://cloud.example/sla" })
        };
        let page = |what: &str, path: &str| {
            json!({ "type": "publication", "id": format!("page-{what}"), "what": what,
                "address": format!("{pages}{path}"), "from": from.to_string() })
        };
        let lines = [
            placed("application", "tokyo"),
            placed("backups", "osaka"),
            sub("Example Cloud", from),
            sub("Example Mail", from),
            page("maintenance-schedule", "/maintenance"),
            page("sub-processors", "/sub-processors"),
            page("agreement", "/agreement"),
        ];
        let (added, effective) = (self.day(100, 9 * HOUR), self.day(70, 0));
        let later = [
            sub("Example Analytics", effective),
            json!({ "type": "notice", "about": { "id": "sub-example-analytics" }, "kind": "sub-processor",
                "customer": "public", "channel": "sub-processors-page", "published_at": added.to_string() }),
        ];
        self.tell(from, "the service as it is set up", lines);
        self.tell(added, "a new sub-processor, announced thirty days before", later);
    }

    /// Who has a right to it, and what is logged for each.
    fn customers(&mut self) {
        let from = self.from;
        for customer in CUSTOMERS {
            let scope = json!({ "solution": self.solution.id.as_str(), "customer": customer });
            let lines = [
                json!({ "type": "entitlement", "id": format!("right-{customer}"), "scope": scope, "paid": true,
                    "from": from.to_string(), "until": self.day(-200, 0).to_string() }),
                json!({ "type": "assent", "id": format!("assent-{customer}"), "customer": customer,
                    "document": "terms-of-use", "kind": "accept", "at": from.to_string() }),
            ];
            self.tell(from, "a paid right, and accepted terms", lines);
        }
        let mut day = from;
        while day + Millis(DAY) < self.until {
            let (end, recorded) = (day + Millis(DAY), day + Millis(DAY + 5 * MINUTE));
            let log = |(customer, kind): (&str, &str)| {
                json!({ "type": "log_digest", "id": format!("log-{customer}-{kind}-{}", day.0), "customer": customer,
                    "kind": kind, "from": day.to_string(), "until": end.to_string(), "count": 86_200,
                    "digest": Digest::of(&[b"a simulated log"]).to_string() })
            };
            let all = CUSTOMERS.into_iter().flat_map(|customer| ["policy", "event"].map(|kind| (customer, kind)));
            self.tell(recorded, "the logs of the day", all.map(log));
            day = end;
        }
    }

    /// The recovery plan, its review and two exercises.
    fn recovery(&mut self) {
        let solution = self.solution.id.as_str();
        let digest = Digest::of(&[b"a simulated recovery plan"]).to_string();
        let plan = |action: &str, at: Instant| {
            json!({ "type": "plan", "id": format!("plan-{action}"), "solution": solution, "digest": digest,
                "action": action, "at": at.to_string() })
        };
        let exercise = |id: &str, at: Instant, took: i64, lost: i64| {
            json!({ "type": "recovery", "id": id, "solution": solution, "kind": "exercise", "plan": digest,
                "disrupted_at": at.to_string(), "healthy_at": (at + Millis(took)).to_string(),
                "recovery_point_at": (at - Millis(lost)).to_string(), "verdict": "passed" })
        };
        let adopted = self.from + Millis(DAY);
        let (reviewed, first, second) = (self.day(180, 10 * HOUR), self.day(250, 2 * HOUR), self.day(70, 2 * HOUR));
        let lines = [
            (adopted, plan("adopted", adopted)),
            (first + Millis(8 * HOUR), exercise("exercise-1", first, 4 * HOUR + 20 * MINUTE, 55 * MINUTE)),
            (reviewed, plan("reviewed", reviewed)),
            (second + Millis(8 * HOUR), exercise("exercise-2", second, 3 * HOUR + 10 * MINUTE, 15 * MINUTE)),
        ];
        for (at, line) in lines {
            self.tell(at, "the plan and what was tried of it", [line]);
        }
    }

    /// How full it is, every twelve hours.
    fn capacity(&mut self) {
        let solution = self.solution.id.as_str();
        let steps = (self.until - self.from).0 / (12 * HOUR);
        for step in 0..steps {
            let at = self.from + Millis(step * 12 * HOUR);
            let line = json!({ "type": "capacity", "id": format!("disk-{step}"), "scope": { "solution": solution },
                "resource": "disk", "at": at.to_string(), "used": 400 + step / 3, "limit": 1_000, "unit": "GiB" });
            self.tell(at, "a look at capacity", [line]);
        }
    }

    /// A window that was announced too late, one that is to come, and a mistake that was found after the month was closed.
    fn maintenance(&mut self) {
        let solution = self.solution.id.as_str();
        let window = |id: &str, status: &str, from: Instant, until: Instant| {
            json!({ "type": "maintenance", "id": id, "scope": { "solution": solution }, "class": "scheduled",
                "status": status, "from": from.to_string(), "until": until.to_string() })
        };
        let notice = |id: &str, at: Instant| {
            json!({ "type": "notice", "about": { "id": id, "sequence": 0 }, "kind": "maintenance", "customer": "public",
                "channel": "schedule-page", "published_at": at.to_string() })
        };
        let (announced, from, until) = (self.day(77, 9 * HOUR), self.day(75, 15 * HOUR), self.day(75, 16 * HOUR));
        let mut done = window("late-patch", "COMPLETED", from, until);
        done["actual_from"] = json!(from.to_string());
        done["actual_until"] = json!(until.to_string());
        let late = [window("late-patch", "CONFIRMED", from, until), notice("late-patch", announced)];
        self.tell(announced, "a patch that cannot wait for seven days of notice", late);
        self.tell(until, "done", [done]);
        let (announced, from, until) = (self.day(1, 9 * HOUR), self.day(-11, 15 * HOUR), self.day(-11, 17 * HOUR));
        let next = [window("database-upgrade", "CONFIRMED", from, until), notice("database-upgrade", announced)];
        self.tell(announced, "the next upgrade of the database", next);
        let correction = json!({ "type": "correction", "id": "late-patch-ended", "of": "late-patch",
            "set": { "actual_until": (until_of_late(self) + Millis(12 * MINUTE)).to_string() },
            "why": "the log of the deployment shows when it really ended" });
        self.tell(self.day(20, 11 * HOUR), "found when the logs were read again", [correction]);
    }

    /// A customer whose accounts were misused is cut off for a while, and told of it.
    fn suspension(&mut self) {
        let customer = CUSTOMERS[1];
        let scope = json!({ "solution": self.solution.id.as_str(), "customer": customer });
        let (ordered, lifted) = (self.day(33, 8 * HOUR), self.day(33, 13 * HOUR + 30 * MINUTE));
        let line = json!({ "type": "suspension", "id": "suspension-1", "scope": scope, "extent": "part",
            "act": "credential-stuffing", "direction": "coming-from", "ordered_at": ordered.to_string(),
            "enforced_at": (ordered + Millis(3 * MINUTE)).to_string() });
        let mut over = line.clone();
        over["lifted_at"] = json!(lifted.to_string());
        let notice = json!({ "type": "notice", "id": "suspension-1-notice", "about": { "id": "suspension-1" },
            "kind": "suspension", "customer": customer, "channel": "mail",
            "accepted_at": (ordered + Millis(18 * MINUTE)).to_string() });
        self.tell(ordered + Millis(20 * MINUTE), "its accounts attack the service", [line, notice]);
        self.tell(lifted, "the passwords were changed", [over]);
    }

    /// An interface fails for three quarters of an hour; afterwards somebody finds out why.
    fn outage(&mut self) -> Option<Staged> {
        let interface = self.solution.interfaces.get(1)?.id.clone();
        let from = self.day(OUTAGE, 4 * HOUR + 12 * MINUTE);
        let span = Interval::new(from, from + Millis(47 * MINUTE)).filter(|span| span.from() > self.from)?;
        let correction = json!({ "type": "correction", "id": "outage-attributed", "of": Telling::INCIDENT,
            "set": { "cause": "unforeseen", "attributed_to": "example-cloud" },
            "why": "the provider's report: a failed switch in its data centre" });
        let update = |id: &str, at: Instant, stage: &str, en: &str, ja: &str| {
            json!({ "type": "update", "id": format!("outage-{id}"), "about": Telling::INCIDENT, "at": at.to_string(),
                "stage": stage, "text": { "en": en, "ja": ja } })
        };
        let minutes = |minutes: i64| span.from() + Millis(minutes * MINUTE);
        let told = [
            (
                minutes(9),
                "the people on duty",
                update(
                    "1",
                    minutes(8),
                    "investigating",
                    "The API does not answer. We are looking for the cause.",
                    "API が応答していません。原因を調べています。",
                ),
            ),
            (
                minutes(31),
                "the people on duty",
                update(
                    "2",
                    minutes(30),
                    "identified",
                    "A switch in the data centre of our supplier has failed. Traffic is being moved.",
                    "事業者のデータセンターでスイッチが故障しました。通信を切り替えています。",
                ),
            ),
            (
                span.until() + Millis(20 * MINUTE),
                "the people on duty",
                update(
                    "3",
                    span.until() + Millis(19 * MINUTE),
                    "resolved",
                    "The API answers again.",
                    "API は復旧しました。",
                ),
            ),
            (span.until() + Millis(30 * HOUR), "the provider's report came", correction),
            (
                span.until() + Millis(50 * HOUR),
                "the review of the outage",
                update(
                    "4",
                    span.until() + Millis(49 * HOUR),
                    "postmortem",
                    "One switch carried all traffic of the API. It is doubled now, and moving the traffic is rehearsed every quarter.",
                    "API の通信はすべて一台のスイッチを通っていました。現在は二重化し、切り替えの訓練を四半期ごとに行っています。",
                ),
            ),
        ];
        for (at, why, line) in told {
            let about = Some((interface.clone(), span));
            self.told.push(Telling { at, about, why: why.to_owned(), lines: vec![line] });
        }
        Some(Staged { solution: self.solution.id.clone(), interface, span })
    }
}

/// When the window that was announced too late was to end.
fn until_of_late(story: &Story<'_>) -> Instant {
    story.day(75, 16 * HOUR)
}
