//! Incidents that follow from the figures: opened when a subject is judged to be down, closed when it is known to be down no
//! more, mended when later facts change when that was. What a person said of one is left as it is.
//!
//! Every act is a record like any other, told by the server. Not here: the alarm, and what an incident costs.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use uphold_core::agreement::Subject;
use uphold_core::history::{Fact, Incident, Parts, Scope, write_incident};
use uphold_core::id::{CustomerId, FactId};
use uphold_core::interval::Interval;
use uphold_core::ledger::fact::Record;
use uphold_core::time::{Instant, Millis};
use uphold_core::timeline::Outage;

use crate::live::{Live, SubjectTimeline};

/// The cause of an incident that nobody has looked at yet.
pub const UNCLASSIFIED: &str = "unclassified";

/// How the author of what the server tells begins.
pub const SERVER: &str = "server:";

/// Outages that ended longer ago are left as they were told.
const LOOK_BACK: Millis = Millis(7 * 86_400_000);

/// The records that the picture asks for, told by `by`. None, when what was told agrees with the figures.
#[must_use]
pub fn due(live: &Live, by: &str) -> Vec<Record> {
    let since = live.as_known_at - LOOK_BACK;
    let mut acts = Vec::new();
    let mut done: BTreeMap<&Subject, Vec<Outage>> = BTreeMap::new();
    let ours = ours(live);
    let mut lines: Vec<&SubjectTimeline> = live.timelines.iter().collect();
    // Parts first: an outage of a part that takes its solution down is one incident, and it is the part's.
    lines.sort_by_key(|line| is_whole(&line.subject));
    for line in lines {
        // Several commitments may be about one subject; it is down once.
        if done.contains_key(&line.subject) {
            continue;
        }
        let mut outages = line.timeline.outages(since, live.as_known_at);
        if is_whole(&line.subject) && !outages.is_empty() {
            let parts = done.iter().filter(|(subject, _)| is_part(subject, &line.subject));
            let of_parts: Vec<Outage> = parts.flat_map(|(_, outages)| outages.iter().copied()).collect();
            outages.retain(|outage| !of_parts.iter().any(|part| meet(span(part), span(outage))));
        }
        let known = ours.get(line.subject.to_string().as_str()).map_or(&[][..], Vec::as_slice);
        acts.extend(of_subject(live, &line.subject, known, &outages, since));
        done.insert(&line.subject, outages);
    }
    acts.into_iter().map(|act| act.record(live, by)).collect()
}

/// What is to be told of one subject, so that its incidents are these outages.
fn of_subject(
    live: &Live,
    subject: &Subject,
    ours: &[&Fact<Incident>],
    outages: &[Outage],
    since: Instant,
) -> Vec<Act> {
    let mut acts = Vec::new();
    let mut matched: BTreeSet<&FactId> = BTreeSet::new();
    for outage in outages {
        let meets = |incident: &&&Fact<Incident>| meet(Some(incident.body.span), span(outage));
        // One that is still open meets all that comes later: it is the first of these outages.
        let same: Vec<_> = ours.iter().filter(|each| !matched.contains(&each.id)).filter(meets).collect();
        let mut same = same.into_iter();
        match same.next() {
            None => acts.push(opened(live, subject, outage)),
            Some(incident) => {
                matched.insert(&incident.id);
                acts.extend(mended(live, incident, outage));
                for other in same {
                    matched.insert(&other.id);
                    acts.extend(taken_back(live, other, &format!("it is one with `{}`", incident.id)));
                }
            }
        }
    }
    let recent = ours.iter().filter(|each| each.body.span.until() >= since && !matched.contains(&each.id));
    acts.extend(recent.filter_map(|incident| taken_back(live, incident, "later facts show no such outage")));
    acts
}

/// Whether a subject is a whole solution, or everything.
fn is_whole(subject: &Subject) -> bool {
    subject.interface.is_none() && subject.parts == Parts::default()
}

/// Whether a subject is a part of another, which is whole.
fn is_part(part: &Subject, whole: &Subject) -> bool {
    part != whole && (whole.solution.is_none() || part.solution == whole.solution)
}

fn span(outage: &Outage) -> Option<Interval> {
    Interval::new(outage.from, outage.until.unwrap_or(Instant::MAX))
}

fn meet(one: Option<Interval>, other: Option<Interval>) -> bool {
    one.zip(other).is_some_and(|(one, other)| one.intersect(other).is_some())
}

/// A line to be told, and why.
struct Act {
    id: String,
    line: Map<String, Value>,
    why: String,
    /// Whose it is, where it is of an instance that belongs to somebody.
    customer: Option<CustomerId>,
}

impl Act {
    fn record(mut self, live: &Live, by: &str) -> Record {
        for key in ["recorded_at", "by"] {
            self.line.remove(key);
        }
        // One thing may be told again after it was taken back: each telling is a fact of its own.
        let id = format!("{}@{}", self.id, live.as_known_at.0);
        let id = FactId::parse(&id).expect("ids of subjects are printable ASCII");
        Record {
            id,
            by: by.to_owned(),
            why: self.why,
            line: Value::Object(self.line).to_string(),
            customer: self.customer,
        }
    }
}

/// The incidents that a server opened, by the name of their subject.
fn ours(live: &Live) -> BTreeMap<&str, Vec<&Fact<Incident>>> {
    let mut ours: BTreeMap<&str, Vec<&Fact<Incident>>> = BTreeMap::new();
    for incident in &live.incidents {
        let named = incident.id.as_str().strip_prefix("incident-").and_then(|rest| rest.rsplit_once('-'));
        if let Some((subject, at)) = named
            && at.bytes().all(|byte| byte.is_ascii_digit())
        {
            ours.entry(subject).or_default().push(incident);
        }
    }
    ours
}

fn opened(live: &Live, subject: &Subject, outage: &Outage) -> Act {
    let id = format!("incident-{subject}-{}", outage.from.0);
    let mut scope = Scope {
        solution: subject.solution.clone(),
        interface: subject.interface.clone(),
        parts: subject.parts.clone(),
    };
    // It counts for its owner, and nobody else is told of it.
    let customer = live.owners().at(&scope, outage.from).cloned();
    scope.parts.customer.clone_from(&customer);
    let fact = Fact {
        id: FactId::parse(&id).expect("ids of subjects are printable ASCII"),
        recorded_at: live.as_known_at,
        by: None,
        body: Incident {
            scope,
            span: span(outage).unwrap_or(Interval::ALL),
            cause: UNCLASSIFIED.to_owned(),
            attributed_to: None,
            detected_at: Some(live.as_known_at),
            disaster: false,
            declared_at: None,
        },
    };
    let line = serde_json::from_str(&write_incident(&fact)).unwrap_or_default();
    Act { id, line, why: format!("{subject} is judged to be down"), customer }
}

/// What brings the times of an incident up to date, unless a person has said them.
fn mended(live: &Live, incident: &Fact<Incident>, outage: &Outage) -> Option<Act> {
    let span = incident.body.span;
    let until = outage.until.unwrap_or(Instant::MAX);
    if span.from() == outage.from && span.until() == until || said_by_a_person(live, &incident.id, &["from", "until"]) {
        return None;
    }
    let mut set = Map::new();
    if span.from() != outage.from {
        set.insert("from".to_owned(), json!(outage.from.to_string()));
    }
    if span.until() != until {
        set.insert("until".to_owned(), outage.until.map_or(Value::Null, |until| json!(until.to_string())));
    }
    let why = match (span.until() == Instant::MAX, outage.until) {
        (true, Some(_)) if span.from() == outage.from => "it is down no more",
        _ => "later facts show another time",
    };
    Some(correction(live, incident, "set", Value::Object(set), why))
}

fn taken_back(live: &Live, incident: &Fact<Incident>, why: &str) -> Option<Act> {
    let touched = said_by_a_person(live, &incident.id, &[]);
    (!touched).then(|| correction(live, incident, "retract", json!(true), why))
}

fn correction(live: &Live, incident: &Fact<Incident>, key: &str, value: Value, why: &str) -> Act {
    let (of, customer) = (&incident.id, incident.body.scope.parts.customer.clone());
    let id = format!("{of}:{key}");
    let line = json!({ "v": 1, "type": "correction", "id": format!("{id}@{}", live.as_known_at.0), "of": of.as_str(), "why": why, key: value });
    let line = line.as_object().cloned().unwrap_or_default();
    Act { id, line, why: why.to_owned(), customer }
}

/// Whether a person told or corrected this line: one of these keys of it, or anything where none is named.
pub(super) fn said_by_a_person(live: &Live, id: &FactId, keys: &[&str]) -> bool {
    let theirs = live.records.iter().filter(|recorded| !recorded.by.starts_with(SERVER));
    theirs.filter(|recorded| recorded.line.contains(id.as_str())).any(|recorded| {
        let line: Value = serde_json::from_str(&recorded.line).unwrap_or(Value::Null);
        let sets = |of: &Value| keys.is_empty() || keys.iter().any(|key| of.get(key).is_some());
        match line["of"].as_str() {
            Some(of) => of == id.as_str() && (line["retract"] == true || sets(&line["set"])),
            None => line["id"] == id.as_str() && line["type"] == "incident",
        }
    })
}
