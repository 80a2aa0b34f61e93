//! Erasing: the fact that says what was erased, and which holes of a ledger such a fact explains.
//!
//! A payload may go, its leaf stays: so the root and every signature under it stay what they are, and how many facts of which
//! kind were erased can be counted by anybody for ever. A hole that no fact explains is a fault of the ledger. What a hole
//! means for the runs is in `segment.rs`. Not here: who may erase what and when, and the deleting itself.

use std::collections::BTreeMap;

use crate::history::Gap;
use crate::id::FactId;
use crate::interval::Interval;
use crate::ledger::book::Book;
use crate::ledger::canonical::{FieldError, Fields, Value};
use crate::ledger::fact::{Fact, FactKind, WHY_MAX, count, instant, plain};
use crate::time::Instant;

/// The kinds of fact that may be erased. All others stay for ever: without them nothing could be judged, or believed.
pub const ERASABLE: [FactKind; 3] = [FactKind::Measurement, FactKind::Evidence, FactKind::Record];

/// Facts of one kind were erased: their payloads, and the segments that nothing else refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erasure {
    /// The fact.
    pub id: FactId,
    /// Who says so.
    pub by: String,
    /// Why.
    pub why: String,
    /// The kind: one of [`ERASABLE`].
    pub kind: FactKind,
    /// The first place in the ledger that was erased, if it holds a fact of this kind.
    pub from: u64,
    /// The place before which the erasing ended; not after the place of this fact.
    pub until: u64,
    /// How many facts of this kind lie there: at least one.
    pub count: u64,
    /// What was observed before this instant is unknown. It is there where measurements were erased, and only there.
    pub before: Option<Instant>,
}

impl Erasure {
    /// Whether it says of the fact at a place that it was erased. `at` is the place of the erasure itself.
    #[must_use]
    pub fn covers(&self, at: u64, kind: FactKind, seq: u64) -> bool {
        kind == self.kind && (self.from..self.until.min(at)).contains(&seq)
    }
}

/// Adds what the payload has beside `id` and `by`.
pub(super) fn encode(fact: &Erasure, members: &mut Vec<(&'static str, Value)>) {
    members.extend([
        ("why", Value::text(&fact.why)),
        ("kind", Value::text(fact.kind.name())),
        ("from", Value::count(fact.from)),
        ("until", Value::count(fact.until)),
        ("count", Value::count(fact.count)),
    ]);
    members.extend(fact.before.map(|before| ("before", Value::Int(before.0))));
}

/// Reads what [`encode`] adds.
pub(super) fn decode((id, by): (FactId, String), fields: &mut Fields) -> Result<Fact, FieldError> {
    let why = plain(fields, "why", WHY_MAX)?;
    let kind = FactKind::find(&fields.text("kind")?).filter(|kind| ERASABLE.contains(kind));
    let kind = kind.ok_or_else(|| FieldError::new("kind", "is no kind that may be erased"))?;
    let (from, until, count) = (count(fields, "from")?, count(fields, "until")?, count(fields, "count")?);
    if until <= from {
        return Err(FieldError::new("until", "is not after `from`"));
    }
    if !(1..=until - from).contains(&count) {
        return Err(FieldError::new("count", "is not from 1 to the number of places"));
    }
    let before = fields.find_int("before")?.map(|before| instant(before, "before")).transpose()?;
    if before.is_some() != (kind == FactKind::Measurement) {
        return Err(FieldError::new("before", "stands where measurements were erased, and only there"));
    }
    Ok(Fact::Erasure(Erasure { id, by, why, kind, from, until, count, before }))
}

/// An erasure, and where the ledger says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erased {
    /// Its place in the ledger.
    pub seq: u64,
    /// When it was recorded.
    pub recorded_at: Instant,
    /// What it says.
    pub fact: Erasure,
}

/// Where the facts lie that may be erased: from leaves alone, so that whoever has them can count what was erased.
#[derive(Debug, Clone, Default)]
pub struct Census {
    places: BTreeMap<FactKind, Vec<u64>>,
}

impl Census {
    /// Takes in a leaf, in the order of the ledger.
    pub fn leaf(&mut self, kind: FactKind, seq: u64) {
        if ERASABLE.contains(&kind) {
            self.places.entry(kind).or_default().push(seq);
        }
    }

    /// How many facts of a kind lie from one place to before another.
    #[must_use]
    pub fn count(&self, kind: FactKind, from: u64, until: u64) -> u64 {
        let places = self.places.get(&kind).map_or(&[][..], Vec::as_slice);
        let before = |end: u64| places.partition_point(|place| *place < end);
        before(until).saturating_sub(before(from)) as u64
    }

    /// What is wrong with an erasure that stands at a place, to be said of it; nothing, if it is right.
    #[must_use]
    pub fn fault(&self, seq: u64, fact: &Erasure) -> Option<&'static str> {
        if fact.until > seq {
            return Some("erases facts that come after it");
        }
        let is_right = self.count(fact.kind, fact.from, fact.until) == fact.count;
        (!is_right).then_some("names another number of facts than lie there")
    }
}

/// A part of a fact that is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Hole {
    seq: u64,
    part: &'static str,
}

/// The facts of which something is gone, and the facts that say why.
#[derive(Debug, Clone, Default)]
pub struct Holes {
    /// Those that nothing explains so far.
    open: BTreeMap<FactKind, Vec<Hole>>,
    erasures: Vec<Erased>,
}

impl Holes {
    /// Takes in that the payload or the segment of a fact is gone.
    pub fn lose(&mut self, kind: FactKind, seq: u64, part: &'static str) {
        self.open.entry(kind).or_default().push(Hole { seq, part });
    }

    /// Takes in an erasure. Returns how many holes it explains that nothing did before.
    pub fn explain(&mut self, erased: Erased) -> usize {
        let mut explained = 0;
        if let Some(holes) = self.open.get_mut(&erased.fact.kind) {
            let before = holes.len();
            holes.retain(|hole| !erased.fact.covers(erased.seq, erased.fact.kind, hole.seq));
            explained = before - holes.len();
        }
        self.erasures.push(erased);
        explained
    }

    /// The first hole that no fact explains: its place, and what is gone.
    #[must_use]
    pub fn unexplained(&self) -> Option<(u64, &'static str)> {
        self.open.values().flatten().min_by_key(|hole| hole.seq).map(|hole| (hole.seq, hole.part))
    }

    /// The places of all holes that no fact explains.
    #[must_use]
    pub fn unexplained_places(&self) -> Vec<u64> {
        let mut places: Vec<u64> = self.open.values().flatten().map(|hole| hole.seq).collect();
        places.sort_unstable();
        places
    }

    /// What was erased, in the order of the ledger.
    #[must_use]
    pub fn erasures(&self) -> &[Erased] {
        &self.erasures
    }

    /// The instant before which no observation is known any more, if some were erased.
    #[must_use]
    pub fn before(&self) -> Option<Instant> {
        self.erasures.iter().filter_map(|erased| erased.fact.before).max()
    }
}

impl Book {
    /// Takes in an erasure that was recorded after what this book knows. It is about what can be read of the ledger now and
    /// not about what was known then: without it the book would say less than it seems to. Returns whether a fact that this
    /// book should know was erased by it.
    pub fn erased_since(&mut self, erased: Erased) -> bool {
        self.gaps.extend(self.gap_of(&erased));
        self.holes.explain(erased) > 0
    }

    /// The time that an erasure makes unknown, apart from what earlier ones did. It counts as known from its end on, so that
    /// whoever judges by what was known later finds it.
    fn gap_of(&self, erased: &Erased) -> Option<Gap> {
        let before = erased.fact.before?;
        let first = self.checks.iter().map(|known| known.check.active.from()).min()?;
        let interval = Interval::new(self.holes.before().map_or(first, |earlier| earlier.max(first)), before)?;
        Some(Gap {
            id: erased.fact.id.to_string(),
            vantage: None,
            interval,
            why: erased.fact.why.clone(),
            recorded_at: before,
            erased_at: Some(erased.recorded_at),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn erasure(kind: FactKind, from: u64, until: u64) -> Erasure {
        Erasure {
            id: FactId::parse("erasure-1").unwrap(),
            by: "server:tokyo-1".to_owned(),
            why: "the retention policy".to_owned(),
            kind,
            from,
            until,
            count: until - from,
            before: (kind == FactKind::Measurement).then_some(Instant(5_000)),
        }
    }

    #[test]
    fn a_payload_that_says_something_else_is_refused_with_its_key() {
        let fact = Fact::Erasure(erasure(FactKind::Measurement, 3, 9));
        let text = String::from_utf8(fact.encode()).unwrap();
        assert_eq!(Fact::decode(FactKind::Erasure, 1, text.as_bytes()), Ok(fact));
        for (old, new, says) in [
            ("\"kind\":\"measurement\"", "\"kind\":\"statement\"", "`kind`: is no kind that may be erased"),
            ("\"kind\":\"measurement\"", "\"kind\":\"evidence\"", "`before`: stands where measurements"),
            ("\"before\":5000,", "", "`before`: stands where measurements"),
            ("\"until\":9", "\"until\":3", "`until`: is not after `from`"),
            ("\"count\":6", "\"count\":7", "`count`: is not from 1 to"),
            ("\"count\":6", "\"count\":0", "`count`: is not from 1 to"),
            ("\"from\":3", "\"from\":-3", "`from`: is negative"),
            ("the retention policy", "", "`why`: must have 1 to"),
            ("\"until\":9", "\"until\":9,\"v\":1", "`v`: is unknown"),
        ] {
            let bad = text.replacen(old, new, 1);
            assert_ne!(bad, text, "{old}");
            let error = Fact::decode(FactKind::Erasure, 1, bad.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
    }

    #[test]
    fn a_hole_is_explained_by_an_erasure_of_its_kind_and_place_that_came_later() {
        let mut holes = Holes::default();
        for seq in [2, 4, 7] {
            holes.lose(FactKind::Measurement, seq, "payload");
        }
        holes.lose(FactKind::Record, 3, "payload");
        let erased = |fact, seq| Erased { seq, recorded_at: Instant(0), fact };
        assert_eq!(holes.explain(erased(erasure(FactKind::Measurement, 0, 7), 20)), 2);
        assert_eq!(holes.unexplained(), Some((3, "payload")));
        assert_eq!(holes.explain(erased(erasure(FactKind::Record, 3, 4), 21)), 1);
        assert_eq!(holes.unexplained(), Some((7, "payload")));
        // Nothing can say in advance what will be erased.
        assert_eq!(holes.explain(erased(erasure(FactKind::Measurement, 7, 9), 7)), 0);
        assert_eq!(holes.explain(erased(erasure(FactKind::Measurement, 7, 9), 22)), 1);
        assert_eq!((holes.unexplained(), holes.erasures().len(), holes.before()), (None, 4, Some(Instant(5_000))));
    }
}
