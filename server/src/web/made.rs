//! Statements for everybody or for one customer, made again for a page or a download: of which month, which version, and what
//! each version changed.
//!
//! A frozen one is worked out again from what was known then, and shown only where it says what was frozen; its text as it was
//! frozen is in the ledger. Not here: the documents themselves (`crate::statement`), and who may see whose.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Deserialize;
use serde_json::Value;
use uphold_core::agreement::Agreement;
use uphold_core::evaluate::{Customers, Request, evaluate};
use uphold_core::id::CustomerId;
use uphold_core::interval::Interval;
use uphold_core::ledger::book::Frozen;
use uphold_core::ledger::digest::Digest;
use uphold_core::statement::{Inputs, Statement};
use uphold_core::time::{Millis, Period};

use super::App;
use super::api::known_at;
use crate::ledger::{BookError, FILE, LedgerError, Reader};
use crate::live::Live;
use crate::operate::closing;

/// How many frozen statements are kept once they were worked out again. One over ten thousand checks takes about 30 MB.
const KEPT: usize = 32;

/// How many months of everybody's statements are worked out before anybody asks.
const READY: usize = 13;

/// How long before and after a month something may have been observed that its figures follow from, at a first guess.
const NEAR: Millis = Millis(35 * 86_400_000);

/// How many months are looked through: a first measurement that is dated wrongly must not keep the server busy for ever.
const MONTHS_MAX: usize = 1_200;

/// What was worked out again, by the digest of its text.
#[derive(Debug, Default)]
pub(super) struct Kept(Mutex<Store>);

#[derive(Debug, Default)]
struct Store {
    /// Each with how many had been asked for when it was last; nothing for one that can be worked out no more.
    all: BTreeMap<Digest, (u64, Option<Arc<Made>>)>,
    asked: u64,
}

impl Kept {
    /// What came of it, where that is known.
    fn find(&self, digest: Digest) -> Option<Result<Arc<Made>, NotMade>> {
        let mut store = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        store.asked += 1;
        let asked = store.asked;
        let (last, made) = store.all.get_mut(&digest)?;
        *last = asked;
        Some(made.clone().ok_or(NotMade::Erased))
    }

    /// Keeps what came of it, in the place of what was asked for longest ago.
    fn keep(&self, digest: Digest, made: Option<Arc<Made>>) {
        let mut store = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if store.all.len() >= KEPT
            && let Some(oldest) = store.all.iter().min_by_key(|(_, (last, _))| *last).map(|(digest, _)| *digest)
        {
            store.all.remove(&oldest);
        }
        let asked = store.asked;
        store.all.insert(digest, (asked, made));
    }
}

/// A statement with what it was made from.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) statement: Statement,
    pub(super) agreements: Vec<Agreement>,
    pub(super) inputs: Inputs,
}

/// Why a statement cannot be made again.
#[derive(Debug)]
pub(super) enum NotMade {
    /// What was observed then is no longer kept, or what it says is no longer what was frozen.
    Erased,
    /// The agreement leaves open what must be stated.
    Open,
    /// The ledger cannot be read.
    Ledger(BookError),
}

/// Whose statements, and where their pages are.
#[derive(Debug, Clone)]
pub(super) enum Whose {
    /// Those for nobody in particular, which everybody may see.
    Everybody,
    /// Those of the customer who is signed in.
    Own(CustomerId),
    /// Those of a customer, for whoever may see everything.
    Of(CustomerId, String),
}

impl Whose {
    /// Those of a customer, for whoever may see everything.
    pub(super) fn of(customer: CustomerId) -> Self {
        let base = format!("/customers/{customer}");
        Self::Of(customer, base)
    }

    /// What the addresses of the pages begin with.
    pub(super) fn base(&self) -> &str {
        match self {
            Self::Everybody => "",
            Self::Own(_) => "/mine",
            Self::Of(_, base) => base,
        }
    }

    /// Whose they are, if they are a customer's.
    pub(super) fn customer(&self) -> Option<&CustomerId> {
        match self {
            Self::Everybody => None,
            Self::Own(customer) | Self::Of(customer, _) => Some(customer),
        }
    }

    /// Whether they are the reader's own.
    pub(super) fn is_own(&self) -> bool {
        matches!(self, Self::Own(_))
    }

    fn asked(&self) -> Customers {
        self.customer().cloned().map_or(Customers::Nobody, Customers::One)
    }
}

/// One statement.
#[derive(Debug, Clone)]
pub(super) struct Which {
    pub(super) whose: Whose,
    pub(super) period: Period,
    /// The version that was frozen; absent for what would be said now.
    pub(super) frozen: Option<Frozen>,
}

/// Every month of which there is a statement, the newest first.
pub(super) fn months(live: &Live) -> Vec<Period> {
    let mut months: Vec<Period> = Vec::new();
    let first = live.history.checks.iter().map(|check| check.active.from()).min();
    let first = first.unwrap_or(live.as_known_at).max(live.revisions.valid().from());
    let mut month = live.revisions.month_of(first.min(live.as_known_at));
    while month.interval.from() <= live.as_known_at && months.len() < MONTHS_MAX {
        let next = live.revisions.month_of(month.interval.until());
        months.push(std::mem::replace(&mut month, next));
    }
    let current = live.statement.period.clone();
    if !months.iter().any(|month| month.name == current.name) {
        months.push(current);
    }
    months.reverse();
    months
}

/// The statement of a month: the version of that number, or else the one frozen last, or else what would be said now.
pub(super) fn find(live: &Live, whose: &Whose, name: &str, number: Option<u64>) -> Option<Which> {
    let period = months(live).into_iter().find(|month| month.name == name)?;
    let frozen: Vec<&Frozen> = closing::frozen(live, &period, whose.customer()).collect();
    let frozen = match number {
        Some(number) => Some(frozen.into_iter().find(|frozen| frozen.fact.number == number)?.clone()),
        None => frozen.last().map(|frozen| Frozen::clone(frozen)),
    };
    Some(Which { whose: whose.clone(), period, frozen })
}

/// The statement, worked out again.
pub(super) fn make(live: &Live, data: &Path, kept: &Kept, which: &Which) -> Result<Arc<Made>, NotMade> {
    let Some(frozen) = &which.frozen else { return now(live, which).map(Arc::new) };
    let digest = frozen.fact.text;
    if let Some(found) = kept.find(digest) {
        return found;
    }
    let made = again(live, data, which, frozen).map(Arc::new);
    match &made {
        Ok(made) => kept.keep(digest, Some(Arc::clone(made))),
        // Whoever asks for it again and again must not have it tried each time.
        Err(NotMade::Erased) => kept.keep(digest, None),
        Err(NotMade::Open | NotMade::Ledger(_)) => {}
    }
    made
}

/// Works out what was frozen for everybody before anybody asks, each version once, one by one and the newest month first. It ends with the pictures.
pub(super) async fn keep_ready(app: App) {
    let mut pictures = app.web.live.clone();
    let (mut done, mut tried) = (None, BTreeSet::new());
    loop {
        let live = pictures.borrow_and_update().clone();
        let newest = live.statements.iter().map(|frozen| frozen.seq).max();
        if newest != done {
            for (which, frozen) in not_tried(&live, &mut tried) {
                let (shared, live) = (Arc::clone(&app), Arc::clone(&live));
                app.judge(move || make_ready(&live, &shared, &which, &frozen)).await;
            }
            done = newest;
        }
        if pictures.changed().await.is_err() {
            return;
        }
    }
}

/// What was frozen last of each of the newest months, where it was not tried before.
fn not_tried(live: &Live, tried: &mut BTreeSet<Digest>) -> Vec<(Which, Frozen)> {
    let newest = months(live).into_iter().take(READY);
    let found = newest.filter_map(|month| find(live, &Whose::Everybody, &month.name, None));
    let frozen = found.filter_map(|which| Some((which.clone(), which.frozen?)));
    frozen.filter(|(_, frozen)| tried.insert(frozen.fact.text)).collect()
}

fn now(live: &Live, Which { whose, period, .. }: &Which) -> Result<Made, NotMade> {
    let request = Request { period: period.clone(), as_known_at: live.as_known_at, customers: whose.asked() };
    let is_of_picture = whose.customer().is_none() && period.name == live.statement.period.name;
    let statement = match is_of_picture {
        true => live.statement.clone(),
        false => evaluate(live.revisions.all(), &live.history, &request).map_err(|_| NotMade::Open)?,
    };
    let inputs = Inputs { digest: live.ledger.root.clone(), lines: live.ledger.size, skipped: 0 };
    Ok(Made { statement, agreements: live.revisions.all().to_vec(), inputs })
}

/// The part of a statement's text that cannot be worked out again.
#[derive(Deserialize)]
struct Said {
    inputs: Inputs,
}

/// From what is known now, without what was recorded later, which is a guess: of what was observed about that month, then of all. It
/// holds only where it says, to the last byte, what was frozen.
fn from_memory(live: &Live, data: &Path, which: &Which, frozen: &Frozen) -> Option<Made> {
    let text = text(data, frozen.fact.text).ok()??;
    let Said { inputs } = serde_json::from_str(&text).ok()?;
    let as_known_at = frozen.fact.as_known_at;
    // A statement names no text of an agreement; one that was put in the place of another since then would be shown with it.
    if live.named.iter().any(|named| named.recorded_at > as_known_at) {
        return None;
    }
    let request = Request { period: which.period.clone(), as_known_at, customers: which.whose.asked() };
    let month = which.period.interval;
    let near = Interval::new(month.from() - NEAR, month.until() + NEAR)?;
    let statement = [near, Interval::ALL].into_iter().find_map(|near| {
        let then = live.history.guessed_at(as_known_at, near);
        let statement = evaluate(live.revisions.all(), &then, &request).ok()?;
        (statement.to_json_text(&inputs) == text).then_some(statement)
    })?;
    Some(Made { statement, agreements: live.revisions.all().to_vec(), inputs })
}

fn again(live: &Live, data: &Path, which: &Which, frozen: &Frozen) -> Result<Made, NotMade> {
    if let Some(made) = from_memory(live, data, which, frozen) {
        return Ok(made);
    }
    let at = frozen.fact.as_known_at;
    let (revisions, history, inputs) = match known_at(data, at) {
        Err(BookError::Erased { .. }) => return Err(NotMade::Erased),
        known => known.map_err(NotMade::Ledger)?,
    };
    let agreements = revisions.as_ref().unwrap_or(&live.revisions).all().to_vec();
    let request = Request { period: which.period.clone(), as_known_at: at, customers: which.whose.asked() };
    let statement = evaluate(&agreements, &history, &request).map_err(|_| NotMade::Open)?;
    if statement.figures() != frozen.fact.figures {
        return Err(NotMade::Erased);
    }
    Ok(Made { statement, agreements, inputs })
}

/// What memory does not have is left for whoever asks: reading all of a ledger is no work to do on the off chance.
fn make_ready(live: &Live, app: &App, which: &Which, frozen: &Frozen) {
    if app.statements.find(frozen.fact.text).is_none()
        && let Some(made) = from_memory(live, &app.web.data, which, frozen)
    {
        app.statements.keep(frozen.fact.text, Some(Arc::new(made)));
    }
}

/// The text of a frozen statement as it is in the ledger; nothing, where it was erased.
pub(super) fn text(data: &Path, digest: Digest) -> Result<Option<String>, LedgerError> {
    Reader::open(&data.join(FILE)).and_then(|reader| reader.text(digest))
}

/// One row that a version says otherwise than the one before it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Changed {
    /// The id of the commitment, and what is judged.
    pub(super) commitment: String,
    pub(super) subject: String,
    /// Each value that differs: its key, what it was, and what it is. An absent one is empty.
    pub(super) values: Vec<(String, String, String)>,
}

/// What differs between two versions, each as the text that was frozen.
pub(super) fn changes(before: &str, after: &str) -> Vec<Changed> {
    let [before, after] = [before, after].map(|text| rows(&serde_json::from_str(text).unwrap_or(Value::Null)));
    let mut keys: Vec<_> = before.keys().chain(after.keys()).collect();
    keys.sort();
    keys.dedup();
    let empty = BTreeMap::new();
    let changed = keys.into_iter().filter_map(|key| {
        let (old, new) = (before.get(key).unwrap_or(&empty), after.get(key).unwrap_or(&empty));
        let mut names: Vec<_> = old.keys().chain(new.keys()).collect();
        names.sort();
        names.dedup();
        let value = |of: &BTreeMap<String, String>, name: &String| of.get(name).cloned().unwrap_or_default();
        let values = names.into_iter().map(|name| (name.clone(), value(old, name), value(new, name)));
        let values: Vec<_> = values.filter(|(_, old, new)| old != new).collect();
        (!values.is_empty()).then(|| Changed { commitment: key.0.clone(), subject: key.1.clone(), values })
    });
    changed.collect()
}

/// What identifies a row, and the values of it that people compare.
type Rows = BTreeMap<(String, String, String, String), BTreeMap<String, String>>;

fn rows(statement: &Value) -> Rows {
    const COMPARED: [(&str, &str); 8] = [
        ("verdict", "/verdict"),
        ("lower", "/availability/lower"),
        ("upper", "/availability/upper"),
        ("down", "/seconds/down"),
        ("excluded", "/seconds/excluded"),
        ("unknown", "/seconds/unknown"),
        ("credit", "/credit/amount"),
        ("claim", "/claim/state"),
    ];
    let text = |value: Option<&Value>| match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    let row = |row: &Value| {
        let of = |place: &str| text(row.pointer(place));
        let mut values: BTreeMap<String, String> =
            COMPARED.iter().map(|(name, place)| ((*name).to_owned(), of(place))).collect();
        let measured = row["measured"].as_object().into_iter().flatten();
        values.extend(measured.map(|(key, value)| (format!("measured.{key}"), text(Some(value)))));
        ((of("/id"), of("/subject"), of("/period/name"), of("/revision")), values)
    };
    statement["commitments"].as_array().into_iter().flatten().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_asks_for_makes_room_and_what_cannot_be_made_is_known() {
        let digest = |number: usize| Digest::of(&[&number.to_be_bytes()]);
        let kept = Kept::default();
        assert!(kept.find(digest(0)).is_none());
        for number in 0..KEPT {
            assert!(kept.find(digest(number)).is_none());
            kept.keep(digest(number), None);
        }
        assert!(matches!(kept.find(digest(0)), Some(Err(NotMade::Erased))), "asked for again");
        kept.keep(digest(KEPT), None);
        let held: Vec<usize> = (0..=KEPT).filter(|number| kept.find(digest(*number)).is_some()).collect();
        assert_eq!(held, [vec![0], (2..=KEPT).collect()].concat(), "the second is the one asked for longest ago");
    }

    #[test]
    fn versions_are_compared_row_by_row_and_value_by_value() {
        let statement = |down: &str, more: &str| {
            format!(
                r#"{{"commitments":[{{"id":"a","subject":"s","period":{{"name":"2026-10"}},"revision":"1","verdict":"met",
                "seconds":{{"down":"{down}"}},"measured":{{"windows":"1"}}}}{more}]}}"#
            )
        };
        assert!(changes(&statement("0", ""), &statement("0", "")).is_empty());
        let found = changes(&statement("0", ""), &statement("60", ""));
        let down = ("down".to_owned(), "0".to_owned(), "60".to_owned());
        assert_eq!(found, [Changed { commitment: "a".to_owned(), subject: "s".to_owned(), values: vec![down] }]);
        let more = r#",{"id":"b","subject":"s","period":{"name":"2026-10"},"revision":"1","verdict":"missed"}"#;
        let found = changes(&statement("0", ""), &statement("0", more));
        assert_eq!(found[0].values, [("verdict".to_owned(), String::new(), "missed".to_owned())]);
    }
}
