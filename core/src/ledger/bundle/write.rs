//! Writing a bundle. Every line is verified as it is written, so that what is handed out holds.

use super::{BundleError, Proof, Question, Verifier};
use crate::evaluate::Customers;
use crate::ledger::book::{Book, BookError};
use crate::ledger::bundle::Fault;
use crate::ledger::canonical::{self, Value};
use crate::ledger::digest::Digest;
use crate::ledger::erase::Erased;
use crate::ledger::fact::{Fact, FactKind};
use crate::ledger::leaf::Leaf;
use crate::ledger::note::VerifierKey;

/// Makes the lines of a bundle in their order, each with its newline.
#[derive(Debug)]
pub struct Writer {
    verifier: Verifier,
    lines: u64,
    /// All facts, those too that stay closed; there from the first of these on.
    whole: Option<Book>,
}

/// What a bundle shows of a leaf.
#[derive(Debug, Clone, Copy)]
pub enum Shown<'a> {
    /// The fact.
    Open(Opened<'a>),
    /// That there is one: it is another customer's. What it says is needed to see that no figure depends on it, unless it
    /// was erased.
    Closed(Option<Opened<'a>>),
    /// That there was one: it was erased, as the fact at this place says.
    Erased(u64),
}

/// What a leaf is a commitment to.
#[derive(Debug, Clone, Copy)]
pub struct Opened<'a> {
    /// The salt.
    pub salt: &'a [u8; 32],
    /// The canonical payload.
    pub payload: &'a [u8],
    /// For a measurement, the canonical segment.
    pub segment: Option<&'a [u8]>,
}

impl Writer {
    /// Begins a bundle, and makes its first lines. `note` is the signed checkpoint, `agreements` are the texts of the
    /// revisions to judge by. `has_erased` is whether a leaf will be shown as erased.
    ///
    /// # Errors
    /// When the checkpoint does not hold, or an agreement cannot be read.
    pub fn begin(
        key: VerifierKey,
        question: &Question,
        note: &str,
        agreements: &[String],
        has_erased: bool,
    ) -> Result<(Self, Vec<u8>), BundleError> {
        let mut writer = Self { verifier: Verifier::new(key), lines: 0, whole: None };
        let mut head = question.members();
        let version = if has_erased { super::VERSION_ERASED } else { super::VERSION };
        head.push(("v", Value::Int(version)));
        let mut bytes = writer.line("bundle", head)?;
        bytes.extend(writer.line("checkpoint", vec![("note", Value::text(note))])?);
        for text in agreements {
            bytes.extend(writer.line("agreement", vec![("text", Value::text(text))])?);
        }
        Ok((writer, bytes))
    }

    /// Makes the line of the next leaf. One that stays closed has nothing beside it.
    ///
    /// # Errors
    /// When it is not the next leaf, or not what it is a commitment to, or may not stay closed; at the last leaf, when the
    /// leaves have another root than the one that was signed, or no fact says what was erased.
    pub fn leaf(&mut self, leaf: &Leaf, shown: Shown<'_>) -> Result<Vec<u8>, BundleError> {
        let mut members = vec![("leaf", self.value(&leaf.encode())?)];
        match shown {
            Shown::Open(opened) => {
                members.push(("salt", Value::text(Digest(*opened.salt))));
                members.push(("payload", self.value(opened.payload)?));
                if let Some(segment) = opened.segment {
                    members.push(("segment", self.value(segment)?));
                }
            }
            Shown::Closed(_) => _ = self.whole.get_or_insert_with(|| self.verifier.book().clone()),
            Shown::Erased(by) => members.push(("erased", Value::count(by))),
        }
        let line = self.line("leaf", members)?;
        self.take_whole(leaf, shown).map_err(|error| BundleError { line: self.lines, fault: error.into() })?;
        Ok(line)
    }

    /// Takes a fact into the book of all facts, if there is one beside the verifier's.
    fn take_whole(&mut self, leaf: &Leaf, shown: Shown<'_>) -> Result<(), BookError> {
        let Some(whole) = &mut self.whole else { return Ok(()) };
        let is_known = leaf.recorded_at <= self.verifier.question().as_known_at;
        match shown {
            Shown::Open(said) | Shown::Closed(Some(said)) if is_known => {
                whole.take(leaf, Some(said.payload), said.segment)
            }
            Shown::Erased(_) if is_known => whole.take(leaf, None, None),
            Shown::Open(said) if leaf.kind == FactKind::Erasure => {
                let fact = Fact::decode(leaf.kind, leaf.kind_version, said.payload);
                if let Fact::Erasure(fact) = fact.map_err(|error| BookError::Fact(leaf.seq, error))? {
                    whole.erased_since(Erased { seq: leaf.seq, recorded_at: leaf.recorded_at, fact });
                }
                Ok(())
            }
            Shown::Open(_) | Shown::Closed(_) | Shown::Erased(_) => Ok(()),
        }
    }

    /// Makes the last lines: the statement and the end. And says what the bundle proves.
    ///
    /// # Errors
    /// When leaves are missing, the agreement cannot judge them, or a figure depends on what stays closed.
    pub fn finish(mut self) -> Result<(Vec<u8>, Proof), BundleError> {
        let statement = self.verifier.follows().map_err(|fault| self.at_next(fault))?;
        if let (Some(whole), Customers::One(customer)) = (&self.whole, &self.verifier.question().customers) {
            let of_all = self.verifier.follows_from(whole).map_err(|fault| self.at_next(fault))?;
            if of_all != statement {
                return Err(self.at_next(Fault::Depends(customer.clone())));
            }
        }
        let mut bytes = self.line("statement", vec![("text", Value::text(statement))])?;
        let (lines, digest) = self.verifier.so_far();
        bytes.extend(self.line("end", vec![("digest", Value::text(digest)), ("lines", Value::count(lines + 1))])?);
        Ok((bytes, self.verifier.finish()?))
    }

    fn value(&self, bytes: &[u8]) -> Result<Value, BundleError> {
        canonical::parse(bytes).map_err(|error| self.at_next(error.into()))
    }

    fn at_next(&self, fault: Fault) -> BundleError {
        BundleError { line: self.lines + 1, fault }
    }

    fn line(&mut self, kind: &str, members: Vec<(&str, Value)>) -> Result<Vec<u8>, BundleError> {
        let members = members.into_iter().chain([("kind", Value::text(kind))]);
        let line = Value::Map(members.map(|(key, value)| (key.to_owned(), value)).collect());
        let mut bytes = canonical::to_bytes(&line);
        self.verifier.line(&bytes)?;
        self.lines += 1;
        bytes.push(b'\n');
        Ok(bytes)
    }
}
