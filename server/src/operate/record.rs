//! Records told by hand: which are refused and why, and what each would change before it is recorded.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value};
use uphold_core::evaluate::{Customers, Problem, Request, evaluate};
use uphold_core::history::{History, Reader, write_check};
use uphold_core::id::{CustomerId, FactId};
use uphold_core::ledger::fact::{Fact, LINE_MAX, Record, WHY_MAX};
use uphold_core::statement::{Row, Statement};
use uphold_core::time::Instant;

use crate::ledger::NewFact;
use crate::live::Live;
use crate::owners::Owners;
use uphold_core::ledger::record::{Recorded, customer_named, whole};

/// The most records that one request may tell.
pub const BATCH_MAX: usize = 1_000;

/// The types of line that only measuring makes.
pub const MEASURED: [&str; 4] = ["check", "run", "observation", "observer_gap"];

/// What somebody tells.
#[derive(Debug, Clone)]
pub struct Told {
    /// The lines of a history, without `recorded_at` and `by`.
    pub lines: Vec<Map<String, Value>>,
    /// Who tells it, as `token:NAME`.
    pub by: String,
    /// Why.
    pub why: String,
    /// What the same request has again when it is repeated.
    pub key: FactId,
}

/// One thing that is wrong with what was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// The place of the record in the request, from 0; of the request itself where absent.
    pub place: Option<usize>,
    /// What is wrong with it.
    pub message: String,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            Some(place) => write!(f, "record {place}: {}", self.message),
            None => write!(f, "{}", self.message),
        }
    }
}

/// The facts that a request comes to.
///
/// # Errors
/// Every record that the history could not hold: of a type that only measuring makes, malformed, or pointing at what
/// neither the agreement nor the history has. Then nothing of the request can be recorded.
pub fn facts(live: &Live, told: &Told) -> Result<Vec<Record>, Vec<Wrong>> {
    let of_request = |message: String| Err(vec![Wrong { place: None, message }]);
    if told.lines.is_empty() {
        return of_request("the request tells nothing".to_owned());
    }
    if told.lines.len() > BATCH_MAX {
        return of_request(format!("the request tells {} records, and {BATCH_MAX} are the most", told.lines.len()));
    }
    if told.why.is_empty() || told.why.len() > WHY_MAX || told.why.chars().any(char::is_control) {
        return of_request(format!("`why` must have 1 to {WHY_MAX} bytes and no control characters"));
    }
    let mut wrongs = Vec::new();
    let mut records = Vec::new();
    for (place, line) in told.lines.iter().enumerate() {
        match record(told, place, line.clone()) {
            Ok(record) => records.push(record),
            Err(wrong) => wrongs.push(wrong),
        }
    }
    if wrongs.is_empty() {
        wrongs = unfit(live, &records);
    }
    if wrongs.is_empty() {
        wrongs = whose(live, &mut records);
    }
    if wrongs.is_empty() { Ok(records) } else { Err(wrongs) }
}

fn record(told: &Told, place: usize, mut line: Map<String, Value>) -> Result<Record, Wrong> {
    let wrong = |message: String| Wrong { place: Some(place), message };
    for key in ["recorded_at", "by"] {
        if line.contains_key(key) {
            return Err(wrong(format!("`{key}` is not yours to say: the ledger knows it")));
        }
    }
    if let Some(kind) = line.get("type").and_then(Value::as_str).filter(|kind| MEASURED.contains(kind)) {
        return Err(wrong(format!("a `{kind}` is measured and cannot be told; correct it with a `correction`")));
    }
    let id = match told.lines.len() {
        1 => told.key.clone(),
        _ => FactId::parse(&format!("{}.{place}", told.key)).map_err(|error| wrong(error.to_string()))?,
    };
    // What is told again without an id is the same thing only if it is the same request.
    line.entry("id").or_insert_with(|| Value::String(id.to_string()));
    let customer = customer_named(&line);
    let line = Value::Object(line).to_string();
    if line.len() > LINE_MAX {
        return Err(wrong(format!("the record has {} bytes, and {LINE_MAX} are the most", line.len())));
    }
    Ok(Record { id, by: told.by.clone(), why: told.why.clone(), line, customer })
}

/// Finds whose facts the corrections are, and refuses what would make one customer's fact another's: the earlier telling is
/// open to the one and the later to the other.
fn whose(live: &Live, records: &mut [Record]) -> Vec<Wrong> {
    let read = |line: &str| serde_json::from_str::<Map<String, Value>>(line).unwrap_or_default();
    let mut known: BTreeMap<(String, String), Owned> = BTreeMap::new();
    for recorded in live.records.iter() {
        let line = read(&recorded.line);
        known.insert(identity(&line), (recorded.customer.clone(), line));
    }
    let mut wrongs = Vec::new();
    for (place, record) in records.iter_mut().enumerate() {
        let line = read(&record.line);
        let (kind, id) = identity(&line);
        let mut wrong = |message: String| wrongs.push(Wrong { place: Some(place), message });
        if kind == "correction" {
            let of = line.get("of").and_then(Value::as_str).unwrap_or_default();
            let corrected: Vec<_> = known.iter().filter(|((_, id), _)| id == of).map(|(_, told)| told).collect();
            // A measurement is nobody's in particular.
            record.customer = corrected.first().and_then(|(owner, _)| owner.clone());
            let moves = corrected.iter().any(|(owner, line_before)| {
                let mut after = line_before.clone();
                after.extend(line.get("set").and_then(Value::as_object).cloned().unwrap_or_default());
                *owner != record.customer || customer_named(&after) != *owner
            });
            if moves {
                wrong(format!("a correction cannot make `{of}` another customer's; retract it and tell it again"));
            }
        }
        if known.get(&(kind.clone(), id.clone())).is_some_and(|(owner, _)| *owner != record.customer) {
            wrong(format!(
                "`{id}` was told before as another customer's, or as nobody's in particular; choose another id"
            ));
        }
        known.insert((kind, id), (record.customer.clone(), line));
    }
    let of_records = records.iter().filter_map(|record| Recorded::read(record, 0, live.as_known_at).ok());
    let more: Vec<_> = of_records.flat_map(|(_, said)| said.facts.resources).collect();
    let owners = Owners::new(live.facts.resources.iter().chain(&more).map(|fact| &fact.body));
    wrongs.extend(records.iter().enumerate().filter_map(|(place, record)| {
        let message = told_to_others(&known, record).or_else(|| not_named(&owners, &known, record))?;
        Some(Wrong { place: Some(place), message })
    }));
    wrongs
}

/// Why an update would tell others of what concerns one customer alone, if it would.
fn told_to_others(known: &BTreeMap<(String, String), Owned>, record: &Record) -> Option<String> {
    let line: Map<String, Value> = serde_json::from_str(&record.line).ok()?;
    let about =
        line.get("about").and_then(Value::as_str).filter(|_| line.get("type").is_some_and(|kind| kind == "update"))?;
    let mut owners = known.iter().filter(|((_, id), _)| id == about).filter_map(|(_, (owner, _))| owner.as_ref());
    let owner = owners.find(|owner| record.customer.as_ref() != Some(owner))?;
    Some(format!("the update is about `{about}`, which concerns `{owner}` alone: name it as `customer`"))
}

/// Why a record would tell everybody of what is on an instance of one customer, if it would: by itself, or by what it makes of an
/// earlier one.
fn not_named(owners: &Owners<'_>, known: &BTreeMap<(String, String), Owned>, record: &Record) -> Option<String> {
    let line: Map<String, Value> = serde_json::from_str(&record.line).ok()?;
    // One that was told before its instance was anybody's stays as it is, and may be corrected in all else.
    let Some(scope) = line.get("set").and_then(|set| set.get("scope")) else { return owners.unnamed(&line) };
    let of = line.get("of").and_then(Value::as_str).unwrap_or_default();
    let corrected = known.iter().filter(|((_, id), _)| id == of).map(|(_, (_, before))| before);
    corrected.into_iter().find_map(|before| {
        let mut after = before.clone();
        after.insert("scope".to_owned(), scope.clone());
        owners.unnamed(&after)
    })
}

/// A line that was told, and whose it is.
type Owned = (Option<CustomerId>, Map<String, Value>);

fn identity(line: &Map<String, Value>) -> (String, String) {
    let text = |key: &str| line.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    (text("type"), text("id"))
}

/// What a history with these records could not hold, read together with everything that was told before.
fn unfit(live: &Live, records: &[Record]) -> Vec<Wrong> {
    let mut reader = Reader::of_revisions(live.revisions.all());
    let mut before = 0;
    let earlier = live.records.iter().map(|recorded| recorded.line.clone());
    for line in live.history.checks.iter().map(write_check).chain(earlier) {
        reader.line(&line);
        before += 1;
    }
    for record in records {
        reader.line(&whole(record, live.as_known_at));
    }
    let (_, _, bad) = reader.finish();
    // What was recorded under an earlier agreement may point at what is no more: that is no fault of this request.
    let ours = bad.into_iter().filter(|bad| bad.line > before);
    ours.map(|bad| Wrong { place: usize::try_from(bad.line - before - 1).ok(), message: bad.message }).collect()
}

/// What the statement of a row says before and after.
#[derive(Debug, Clone)]
pub struct Change {
    /// The row without the records, if there is one.
    pub before: Option<Row>,
    /// The row with them, if there is one.
    pub after: Option<Row>,
}

/// What records would change of the statement of the period in progress, and of the one before it, for everybody and for
/// every customer, if they were recorded now.
///
/// # Errors
/// When the agreement leaves open what these records ask, with what to state.
pub fn consequence(live: &Live, records: &[Record], now: Instant) -> Result<Vec<Change>, Vec<Wrong>> {
    let mut after = (*live.history).clone();
    for record in records {
        match Recorded::read(record, live.ledger.size, now) {
            Ok((_, said)) => after.append(said),
            Err(bad) => return Err(vec![Wrong { place: None, message: bad.message }]),
        }
    }
    let mut changes = Vec::new();
    let current = live.statement.period.clone();
    let month_before = Instant(current.interval.from().0 - 1);
    for period in [live.revisions.month_of(month_before), current] {
        for customers in [Customers::Nobody, Customers::All] {
            let request = Request { period: period.clone(), as_known_at: now, customers };
            let judged = |history: &History| {
                evaluate(live.revisions.all(), history, &request)
                    .map_err(|problems| problems.iter().map(unjudged).collect::<Vec<_>>())
            };
            // What cannot be judged without the records is no reason to refuse them.
            let before = judged(&live.history).ok();
            changes.extend(differences(before.as_ref(), &judged(&after)?));
        }
    }
    Ok(changes)
}

fn unjudged(problem: &Problem) -> Wrong {
    Wrong { place: None, message: format!("{problem}; {}", problem.help) }
}

fn differences(before: Option<&Statement>, after: &Statement) -> Vec<Change> {
    let of = |row: &Row, other: &Row| {
        row.commitment == other.commitment
            && row.subject == other.subject
            && row.period == other.period
            && row.revision == other.revision
    };
    let rows = before.map_or(&[][..], |before| before.rows.as_slice());
    let gone = rows.iter().filter(|row| !after.rows.iter().any(|other| of(row, other)));
    let gone = gone.map(|row| Change { before: Some(row.clone()), after: None });
    let changed = after.rows.iter().filter_map(|row| {
        let earlier = rows.iter().find(|other| of(row, other));
        let same = earlier.is_some_and(|earlier| earlier == row);
        (!same).then(|| Change { before: earlier.cloned(), after: Some(row.clone()) })
    });
    gone.chain(changed).collect()
}

/// The facts as the ledger takes them.
#[must_use]
pub fn into_facts(records: Vec<Record>) -> Vec<NewFact> {
    records.into_iter().map(|record| NewFact { fact: Fact::Record(record), segment: None }).collect()
}
