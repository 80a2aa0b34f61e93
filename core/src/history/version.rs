//! Lines that are told again: which of them hold, and what corrections make of them.
//!
//! Here: identity, versions, corrections and retractions, the same for every type of line. Not here: how a line is read
//! or written.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::read::Wrong;
use super::record::{Change, Correction, Fact};
use crate::id::{CheckId, CommitmentId, FactId, Series, SolutionId};
use crate::time::Instant;

/// What happened in one type of line.
pub(super) trait Body: Clone + PartialEq {
    /// The type's name.
    const TYPE: &'static str;
    /// The keys by which a line is known, which a correction cannot set.
    const FIXED: &'static [&'static str] = &["id"];

    /// The sequence, for the type whose lines have one: lines with one id and different sequences are different.
    fn sequence(&self) -> Option<u32> {
        None
    }

    /// Reads a line of the type.
    fn read(text: &str) -> Result<Fact<Self>, Wrong>;

    /// Writes one.
    fn write(fact: &Fact<Self>) -> String;

    /// What it points at.
    fn pointers(&self) -> Vec<Pointer<'_>> {
        Vec::new()
    }
}

/// Something that must exist for a line to make sense.
pub(super) enum Pointer<'a> {
    /// What the agreement must have, as far as it is named.
    Scope(&'a super::Scope),
    /// A solution of the agreement.
    Solution(&'a SolutionId),
    /// A commitment of the agreement.
    Commitment(&'a CommitmentId),
    /// A registered series.
    Series(&'a Series),
    /// A registered check, from whatever vantage point.
    Check(&'a CheckId),
    /// What a notice tells about.
    Told { about: &'a FactId, sequence: u32 },
    /// What an update tells about.
    About(&'a FactId),
    /// A recovery plan.
    Plan { solution: &'a SolutionId, digest: &'a str },
}

/// One telling of a line.
pub(super) trait Version: Clone + PartialEq {
    /// The type's name.
    const TYPE: &'static str;
    /// The keys by which a line is known, which a correction cannot set.
    const FIXED: &'static [&'static str] = &["id"];

    /// The id that corrections use.
    fn id(&self) -> &str;

    /// When it was told.
    fn recorded_at(&self) -> Instant;

    /// The sequence, for the type whose lines have one.
    fn sequence(&self) -> Option<u32> {
        None
    }

    /// Equal for tellings of one line; ordered by id first.
    fn identity(&self, other: &Self) -> Ordering {
        self.id().cmp(other.id())
    }

    /// Which of two tellings recorded at one time holds: the greater. Any rule does that does not look at the order of
    /// lines.
    fn tie(&self, other: &Self) -> Ordering {
        self.write().cmp(&other.write())
    }

    /// Writes it as a line.
    fn write(&self) -> String;

    /// Reads a line of the type.
    fn read(text: &str) -> Result<Self, Wrong>;
}

impl<T: Body> Version for Fact<T> {
    const TYPE: &'static str = T::TYPE;
    const FIXED: &'static [&'static str] = T::FIXED;

    fn id(&self) -> &str {
        self.id.as_str()
    }

    fn recorded_at(&self) -> Instant {
        self.recorded_at
    }

    fn sequence(&self) -> Option<u32> {
        self.body.sequence()
    }

    fn identity(&self, other: &Self) -> Ordering {
        (&self.id, self.body.sequence()).cmp(&(&other.id, other.body.sequence()))
    }

    fn write(&self) -> String {
        T::write(self)
    }

    fn read(text: &str) -> Result<Self, Wrong> {
        T::read(text)
    }
}

fn order<V: Version>(a: &V, b: &V) -> Ordering {
    // Equal lines are common and need not be written out to be compared.
    let tie = || if a == b { Ordering::Equal } else { a.tie(b) };
    a.identity(b).then_with(|| a.recorded_at().cmp(&b.recorded_at())).then_with(tie)
}

/// Puts tellings in an order of their own and leaves one of those that are equal in every field.
pub(super) fn sort<V: Version>(versions: &mut Vec<V>) {
    versions.sort_by(order);
    versions.dedup();
}

/// Corrections by the id of what they correct, in the order in which they take effect.
#[derive(Default)]
pub(super) struct Corrections<'a> {
    by_id: BTreeMap<&'a str, Vec<&'a Fact<Correction>>>,
}

impl<'a> Corrections<'a> {
    /// Those of these that belong to an id. At one time the one with the greater id comes later.
    pub(super) fn of(corrections: impl IntoIterator<Item = &'a Fact<Correction>>) -> Self {
        let mut by_id: BTreeMap<&str, Vec<&Fact<Correction>>> = BTreeMap::new();
        for correction in corrections {
            by_id.entry(correction.body.of.as_str()).or_default().push(correction);
        }
        by_id.values_mut().for_each(|list| list.sort_by_key(|each| (each.recorded_at, &each.id)));
        Self { by_id }
    }
}

/// What holds at a moment of the tellings of one type, sorted: one for each identity. What a correction cannot do is
/// told to `refuse` and not done.
pub(super) fn known<V: Version>(
    versions: &[V],
    at: Instant,
    corrections: &Corrections<'_>,
    refuse: &mut dyn FnMut(&FactId, Wrong),
) -> Vec<V> {
    let mut known: Vec<&V> = versions.iter().filter(|version| version.recorded_at() <= at).collect();
    known.sort_by(|a, b| order(*a, *b));
    let mut held = Vec::with_capacity(known.len());
    for of_id in known.chunk_by(|a, b| a.id() == b.id()) {
        match of_id.first().and_then(|first| corrections.by_id.get(first.id())) {
            None => held.extend(
                of_id
                    .chunk_by(|a, b| a.identity(b) == Ordering::Equal)
                    .filter_map(|tellings| tellings.last().map(|last| (*last).clone())),
            ),
            Some(corrections) => held.extend(corrected(of_id, corrections, refuse)),
        }
    }
    held
}

/// What the tellings of one id come to with the corrections of that id.
fn corrected<V: Version>(
    of_id: &[&V],
    corrections: &[&Fact<Correction>],
    refuse: &mut dyn FnMut(&FactId, Wrong),
) -> Vec<V> {
    let mut tellings: Vec<V> = of_id.iter().map(|version| (*version).clone()).collect();
    let retractions: Vec<&Fact<Correction>> =
        corrections.iter().copied().filter(|each| each.body.change == Change::Retract).collect();
    for correction in corrections {
        let result = match &correction.body.change {
            Change::Set(set) => change(&tellings, &retractions, correction, set).map(|made| tellings.push(made)),
            Change::Retract => tellings
                .iter()
                .any(|telling| reaches(correction, telling))
                .then_some(())
                .ok_or_else(|| nothing(&tellings, correction)),
        };
        if let Err(wrong) = result {
            refuse(&correction.id, wrong);
        }
    }
    let alive = tellings.iter().filter(|telling| !retractions.iter().any(|retraction| reaches(retraction, *telling)));
    latest(alive).into_iter().cloned().collect()
}

/// Whether a correction is about a telling: of that sequence, and recorded by then.
fn reaches<V: Version>(correction: &Fact<Correction>, telling: &V) -> bool {
    let sequence = correction.body.sequence;
    telling.recorded_at() <= correction.recorded_at && (sequence.is_none() || sequence == telling.sequence())
}

/// The latest telling of each identity. Of those at one time the one that comes last here: lines are sorted, and what
/// corrections made of them follows.
fn latest<'v, V: Version>(tellings: impl Iterator<Item = &'v V>) -> Vec<&'v V> {
    let mut held: Vec<&V> = Vec::new();
    for telling in tellings {
        match held.iter_mut().find(|other| other.identity(telling) == Ordering::Equal) {
            Some(other) if other.recorded_at() <= telling.recorded_at() => *other = telling,
            Some(_) => {}
            None => held.push(telling),
        }
    }
    held.sort_by(|a, b| a.identity(b));
    held
}

/// The telling that a correction makes: what held just before it, with the keys that it sets.
fn change<V: Version>(
    tellings: &[V],
    retractions: &[&Fact<Correction>],
    correction: &Fact<Correction>,
    set: &Map<String, Value>,
) -> Result<V, Wrong> {
    let mut fixed = V::FIXED.iter().copied().chain(["v", "type", "recorded_at"]);
    if let Some(key) = fixed.find(|key| set.contains_key(*key)) {
        return Err(Wrong::new(format!(
            "a correction cannot set `{key}`, which says which line it is; retract `{}` and write another line",
            correction.body.of
        )));
    }
    let taken = |telling: &V| {
        let mut before = retractions.iter().filter(|each| each.recorded_at < correction.recorded_at);
        before.any(|each| reaches(each, telling))
    };
    let held = latest(tellings.iter().filter(|telling| reaches(correction, *telling) && !taken(telling)));
    let base = match held.as_slice() {
        [] => return Err(nothing(tellings, correction)),
        [.., last] if held.len() == 1 || last.sequence().is_some() => *last,
        several => {
            return Err(Wrong::new(format!(
                "`{}` is the id of {} lines of type `{}`; write the line that is meant again instead",
                correction.body.of,
                several.len(),
                V::TYPE
            )));
        }
    };
    let mut line: Map<String, Value> =
        serde_json::from_str(&base.write()).map_err(|error| Wrong::new(error.to_string()))?;
    line.extend(set.clone());
    line.insert("recorded_at".to_owned(), Value::from(correction.recorded_at.to_string()));
    V::read(&Value::Object(line).to_string())
        .map_err(|wrong| Wrong::new(format!("the corrected line is wrong: {}", wrong.message)))
}

fn nothing<V: Version>(tellings: &[V], correction: &Fact<Correction>) -> Wrong {
    let of = &correction.body.of;
    let at = correction.recorded_at;
    let sequence = correction.body.sequence;
    match tellings.iter().map(Version::recorded_at).min() {
        _ if sequence.is_some_and(|wanted| tellings.iter().all(|telling| telling.sequence() != Some(wanted))) => {
            Wrong::new(format!("no line `{of}` has the sequence {}", sequence.unwrap_or_default()))
        }
        Some(first) if first > at => {
            Wrong::new(format!("the correction was recorded at {at}, before `{of}` ({first}), which it corrects"))
        }
        _ => Wrong::new(format!("there is nothing to correct: at {at} `{of}` had been retracted")),
    }
}
