//! A snapshot: what a book says of measurements, so that a program that starts need not read every one of them again.
//!
//! It is no evidence, and nothing is believed for its sake: the ledger alone says what is so, and whoever has a snapshot can
//! throw it away. It holds the runs, where evidence is, and the places of all other facts, which are read from the ledger.
//!
//! One canonical line after another: the head, a line for each vantage point, for the runs of each series, for the evidence
//! of each series, and at last the SHA-256 of everything before.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::book::{Book, Kept};
use super::canonical::{self, CanonicalError, FieldError, Fields, Value};
use super::digest::Digest;
use super::tree::Frontier;
use crate::id::{CheckId, Series, VantageId};
use crate::run::{Observed, Run};
use crate::time::Instant;

/// The version of the format, and of the rules of the fold: what another version wrote is read from the ledger instead.
const VERSION: i64 = 1;

/// What a book says of measurements after some number of facts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Snapshot {
    /// The tree of the ledger after these facts.
    pub tree: Frontier,
    recorded_at: Option<Instant>,
    others: Vec<u64>,
    flushes: Vec<(VantageId, Instant, Instant)>,
    runs: Vec<(Series, Vec<Run>)>,
    evidence: BTreeMap<Series, Vec<Kept>>,
}

/// Why some bytes are no snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SnapshotError {
    /// The digest at the end is not that of what stands before it.
    Damaged,
    /// A line is not canonical.
    Canonical(CanonicalError),
    /// A line does not hold what it must.
    Field(FieldError),
}

impl fmt::Display for SnapshotError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Damaged => f.write_str("not a whole snapshot: its last line is not the digest of the others"),
            Self::Canonical(error) => write!(f, "not a snapshot: {error}"),
            Self::Field(error) => write!(f, "not a snapshot: {error}"),
        }
    }
}

impl std::error::Error for SnapshotError {}

impl From<CanonicalError> for SnapshotError {
    fn from(error: CanonicalError) -> Self {
        Self::Canonical(error)
    }
}

impl From<FieldError> for SnapshotError {
    fn from(error: FieldError) -> Self {
        Self::Field(error)
    }
}

impl Snapshot {
    /// The snapshot of a book that has taken in every fact of this tree.
    #[must_use]
    pub fn of(book: &Book, tree: Frontier) -> Self {
        let flushes = book.fold.last_flushes();
        Self {
            tree,
            recorded_at: book.recorded_at,
            others: book.others.to_vec(),
            flushes: flushes.map(|(vantage, through, at)| (vantage.clone(), through, at)).collect(),
            runs: book.fold.series().map(|series| (series.clone(), book.fold.runs(&series))).collect(),
            evidence: (*book.evidence).clone(),
        }
    }

    /// The places of the facts that a book needs beside the snapshot, rising.
    #[must_use]
    pub fn others(&self) -> &[u64] {
        &self.others
    }

    /// The book, of one that has taken in the other facts alone, each at its place.
    #[must_use]
    pub fn resume(self, mut book: Book) -> Book {
        book.fold.resume(self.flushes, self.runs);
        book.evidence = Arc::new(self.evidence);
        book.recorded_at = self.recorded_at;
        book.size = self.tree.size();
        book
    }

    /// The bytes to keep.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut put = |value: Value| {
            bytes.extend(canonical::to_bytes(&value));
            bytes.push(b'\n');
        };
        let others = self.others.iter().map(|seq| Value::count(*seq));
        let mut head = vec![
            ("others", Value::List(others.collect())),
            ("tree", Value::text(hex(&self.tree.to_bytes()))),
            ("v", Value::Int(VERSION)),
        ];
        head.extend(self.recorded_at.map(|at| ("recorded_at", Value::Int(at.0))));
        put(Value::Map(head.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()));
        for (vantage, through, at) in &self.flushes {
            put(Value::map([
                ("recorded_at", Value::Int(at.0)),
                ("through", Value::Int(through.0)),
                ("vantage", Value::text(vantage)),
            ]));
        }
        let runs = self.runs.iter().map(|(series, runs)| (series, "runs", runs.iter().flat_map(of_run).collect()));
        let places = |kept: &Kept| [Value::count(kept.seq), Value::Int(kept.at.0)];
        let evidence = self.evidence.iter();
        let evidence = evidence.map(|(series, kept)| (series, "evidence", kept.iter().flat_map(places).collect()));
        for (series, what, list) in runs.chain(evidence) {
            put(Value::map([
                ("check", Value::text(&series.check)),
                (what, Value::List(list)),
                ("vantage", Value::text(&series.vantage)),
            ]));
        }
        let digest = Digest::of(&[&bytes]);
        bytes.extend(digest.to_string().into_bytes());
        bytes.push(b'\n');
        bytes
    }

    /// Reads the bytes that were kept.
    ///
    /// # Errors
    /// When they are not what [`Self::to_bytes`] wrote, or another version wrote them.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SnapshotError> {
        let end = bytes.len().checked_sub(65).ok_or(SnapshotError::Damaged)?;
        let (body, digest) = bytes.split_at(end);
        if digest.strip_suffix(b"\n") != Some(Digest::of(&[body]).to_string().as_bytes()) {
            return Err(SnapshotError::Damaged);
        }
        let mut lines =
            body.split_inclusive(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\n").unwrap_or(line));
        let mut snapshot = head(lines.next().unwrap_or_default())?;
        for line in lines {
            snapshot.take(Fields::of(canonical::parse(line)?, "snapshot")?)?;
        }
        Ok(snapshot)
    }

    fn take(&mut self, mut fields: Fields) -> Result<(), FieldError> {
        let vantage = VantageId::parse(&fields.text("vantage")?).map_err(|error| FieldError::new("vantage", error))?;
        match fields.find_text("check")? {
            None => {
                let (through, at) = (Instant(fields.int("through")?), Instant(fields.int("recorded_at")?));
                self.flushes.push((vantage, through, at));
            }
            Some(check) => {
                let check = CheckId::parse(&check).map_err(|error| FieldError::new("check", error))?;
                let series = Series { check, vantage };
                match fields.find("evidence") {
                    Some(Value::List(list)) => _ = self.evidence.insert(series, kept(&list)?),
                    Some(_) => return Err(FieldError::new("evidence", "is no list")),
                    None => self.runs.push((series, runs(&fields.list("runs")?)?)),
                }
            }
        }
        fields.finish()
    }
}

fn head(line: &[u8]) -> Result<Snapshot, SnapshotError> {
    let mut fields = Fields::of(canonical::parse(line)?, "snapshot")?;
    if fields.int("v")? != VERSION {
        return Err(FieldError::new("v", "is a version that this program does not know").into());
    }
    let place = |value: Value| match value {
        Value::Int(seq) => u64::try_from(seq).map_err(|_| FieldError::new("others", "holds a negative place")),
        _ => Err(FieldError::new("others", "holds what is no place")),
    };
    let others: Result<_, _> = fields.list("others")?.into_iter().map(place).collect();
    let tree = unhex(&fields.text("tree")?).ok_or_else(|| FieldError::new("tree", "is not hexadecimal"))?;
    let tree = Frontier::from_bytes(&tree).map_err(|error| FieldError::new("tree", error))?;
    let recorded_at = fields.find_int("recorded_at")?.map(Instant);
    fields.finish()?;
    Ok(Snapshot { tree, recorded_at, others: others?, ..Snapshot::default() })
}

fn of_run(run: &Run) -> [Value; 5] {
    let [from, last, at] = [run.from, run.last, run.recorded_at].map(|at| Value::Int(at.0));
    [from, last, Value::text(run.state.name()), Value::count(run.n), at]
}

fn runs(list: &[Value]) -> Result<Vec<Run>, FieldError> {
    let refuse = || FieldError::new("runs", "does not hold from, last, state, n and recorded_at of each run");
    let run = |run: &[Value]| match run {
        [Value::Int(from), Value::Int(last), Value::Text(state), Value::Int(n), Value::Int(at)] => Some(Run {
            from: Instant(*from),
            last: Instant(*last),
            state: Observed::find(state)?,
            n: u64::try_from(*n).ok()?,
            recorded_at: Instant(*at),
        }),
        _ => None,
    };
    list.chunks(5).map(|each| run(each).ok_or_else(refuse)).collect()
}

fn kept(list: &[Value]) -> Result<Vec<Kept>, FieldError> {
    let refuse = || FieldError::new("evidence", "does not hold the place and the instant of each");
    let one = |one: &[Value]| match one {
        [Value::Int(seq), Value::Int(at)] => Some(Kept { seq: u64::try_from(*seq).ok()?, at: Instant(*at) }),
        _ => None,
    };
    list.chunks(2).map(|each| one(each).ok_or_else(refuse)).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = text.chars().map(|digit| digit.to_digit(16)).collect();
    digits?.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair.get(1)?).ok()).collect()
}
