//! Verifying a bundle, line by line, with a key that came from somewhere else.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest as _, Sha256};

use super::erased::{Gone, Lost};
use super::{BundleError, Fault, Question, VERSION, VERSION_ERASED};
use crate::agreement::{self, Agreement};
use crate::evaluate::{Customers, Request, customers, evaluate};
use crate::id::{AgreementId, CustomerId};
use crate::ledger::book::{Book, BookError};
use crate::ledger::canonical::{self, FieldError, Fields, Value};
use crate::ledger::checkpoint::Checkpoint;
use crate::ledger::digest::Digest;
use crate::ledger::erase::Erased;
use crate::ledger::fact::{Fact, FactKind, Measurement};
use crate::ledger::leaf::{Leaf, PUBLIC, commitment};
use crate::ledger::note::VerifierKey;
use crate::ledger::segment::Segment;
use crate::ledger::tree::{self, Frontier};
use crate::statement::Inputs;
use crate::time::{Instant, Period, Zone, tzdb_version};

/// Takes the lines of a bundle in their order. It keeps the fold of the facts, not the facts.
#[derive(Debug, Clone)]
pub struct Verifier {
    key: VerifierKey,
    stage: Stage,
    version: i64,
    lines: u64,
    hash: Sha256,
    question: Question,
    checkpoint: Checkpoint,
    texts: Vec<(Agreement, Digest)>,
    frontier: Frontier,
    recorded_at: Instant,
    book: Book,
    /// The text of each revision that the ledger named last.
    named: BTreeMap<(AgreementId, String), Digest>,
    /// The tag of every customer whose facts were opened.
    tags: BTreeMap<CustomerId, String>,
    /// The tags of leaves that stayed closed.
    closed_tags: BTreeSet<String>,
    lost: Lost,
    opened: u64,
    closed: u64,
    segments: u64,
    statement: String,
    tzdb: Option<String>,
}

/// What must come next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Head,
    Checkpoint,
    Agreement,
    AgreementOrLeaf,
    Leaf,
    Statement,
    End,
    Done,
}

/// What a bundle proved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// What was asked.
    pub question: Question,
    /// The head of the ledger that was signed.
    pub checkpoint: Checkpoint,
    /// How many facts were opened.
    pub opened: u64,
    /// How many facts stayed closed, since they are another customer's.
    pub closed: u64,
    /// What was erased: nobody can recompute what it said.
    pub erased: Vec<Gone>,
    /// The tag of every customer of whom facts were opened.
    pub tags: BTreeMap<CustomerId, String>,
    /// How many segments there were.
    pub segments: u64,
    /// The revisions of the agreement that the statement was made by, the oldest first.
    pub revisions: Vec<Revision>,
    /// Revisions that the ledger names, and whose text is not in the bundle.
    pub unjudged: Vec<Revision>,
    /// Whether any fact names the customer that was asked for; true where none was.
    pub knows_customer: bool,
    /// The statement, in its public JSON form.
    pub statement: String,
    /// The tz database that the statement was first made with, where it is another one than ours: all figures are the same.
    pub tzdb: Option<String>,
}

/// A revision of an agreement, by the digest of its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    /// The agreement.
    pub agreement: AgreementId,
    /// The revision, as its author names it.
    pub revision: String,
    /// The SHA-256 of its text.
    pub digest: Digest,
}

impl Stage {
    fn expected(self) -> &'static str {
        match self {
            Self::Head => "the line `bundle`",
            Self::Checkpoint => "the line `checkpoint`",
            Self::Agreement => "a line `agreement`",
            Self::AgreementOrLeaf => "a line `agreement` or `leaf`",
            Self::Leaf => "a line `leaf`",
            Self::Statement => "the line `statement`",
            Self::End => "the line `end`",
            Self::Done => "nothing more",
        }
    }
}

impl Verifier {
    /// Begins to verify with this key.
    #[must_use]
    pub fn new(key: VerifierKey) -> Self {
        let origin = key.name().to_owned();
        Self {
            key,
            stage: Stage::Head,
            version: VERSION,
            lines: 0,
            hash: Sha256::new(),
            question: Question { period: String::new(), as_known_at: Instant::MIN, customers: Customers::Nobody },
            checkpoint: Checkpoint { origin, size: 0, root: tree::root(&[]), extensions: Vec::new() },
            texts: Vec::new(),
            frontier: Frontier::default(),
            recorded_at: Instant::MIN,
            book: Book::default(),
            named: BTreeMap::new(),
            tags: BTreeMap::new(),
            closed_tags: BTreeSet::new(),
            lost: Lost::default(),
            opened: 0,
            closed: 0,
            segments: 0,
            statement: String::new(),
            tzdb: None,
        }
    }

    /// Takes the tag that a customer knows to be its own, so that none of its facts can be kept closed even if no other of
    /// them is opened.
    pub fn expect_tag(&mut self, customer: CustomerId, tag: String) {
        self.tags.insert(customer, tag);
    }

    /// For whom the bundle is, as its first line says; for nobody before that.
    #[must_use]
    pub fn customers(&self) -> &Customers {
        &self.question.customers
    }

    /// Takes the next line, without its newline.
    ///
    /// # Errors
    /// When the line is not what it must be. Then the bundle proves nothing.
    pub fn line(&mut self, line: &[u8]) -> Result<(), BundleError> {
        self.lines += 1;
        self.take(line).map_err(|fault| BundleError { line: self.lines, fault })?;
        self.hash.update(line);
        self.hash.update(b"\n");
        Ok(())
    }

    /// Ends the bundle.
    ///
    /// # Errors
    /// When lines are missing.
    pub fn finish(self) -> Result<Proof, BundleError> {
        if self.stage != Stage::Done {
            let fault = Fault::Ended { expected: self.stage.expected() };
            return Err(BundleError { line: self.lines + 1, fault });
        }
        let revisions: Vec<Revision> =
            self.texts.iter().map(|(agreement, digest)| revision(agreement, *digest)).collect();
        let unjudged =
            self.named.into_iter().map(|((agreement, revision), digest)| Revision { agreement, revision, digest });
        let unjudged = unjudged.filter(|named| !revisions.contains(named)).collect();
        let knows_customer = match &self.question.customers {
            Customers::One(customer) => {
                customers(&self.book.history().known_at(self.question.as_known_at)).contains(customer)
            }
            Customers::Nobody | Customers::All => true,
        };
        Ok(Proof {
            knows_customer,
            question: self.question,
            checkpoint: self.checkpoint,
            opened: self.opened,
            closed: self.closed,
            erased: self.lost.gone(),
            tags: self.tags,
            segments: self.segments,
            revisions,
            unjudged,
            statement: self.statement,
            tzdb: self.tzdb,
        })
    }

    /// The statement that follows from the lines so far, in its public JSON form.
    ///
    /// # Errors
    /// When the leaves are not all there, the agreement is not one that they name, or it cannot judge them.
    pub fn follows(&self) -> Result<String, Fault> {
        self.follows_from(&self.book)
    }

    /// The statement that follows from the facts of this book.
    pub(super) fn follows_from(&self, book: &Book) -> Result<String, Fault> {
        if self.stage != Stage::Statement {
            return Err(Fault::Ended { expected: self.stage.expected() });
        }
        for (agreement, digest) in &self.texts {
            let named = self.named.get(&(agreement.id.clone(), agreement.revision.clone()));
            if named != Some(digest) {
                return Err(Fault::Unnamed { revision: agreement.revision.clone(), digest: *digest });
            }
        }
        let revisions: Vec<Agreement> = self.texts.iter().map(|(agreement, _)| agreement.clone()).collect();
        let zone = revisions.last().map_or_else(Zone::utc, Agreement::zone);
        let Question { period, as_known_at, customers } = &self.question;
        let period = Period::parse(period, &zone).map_err(Fault::Period)?;
        let request = Request { period, as_known_at: *as_known_at, customers: customers.clone() };
        let statement = evaluate(&revisions, &book.history(), &request).map_err(|problems| {
            problems.into_iter().next().map_or(Fault::Agreement, |problem| Fault::Judge(Box::new(problem)))
        })?;
        let inputs = Inputs { digest: self.checkpoint.root.to_string(), lines: self.checkpoint.size, skipped: 0 };
        Ok(statement.to_json_text(&inputs))
    }

    /// The facts that were opened, as far as they count.
    pub(super) fn book(&self) -> &Book {
        &self.book
    }

    /// What was asked.
    pub(super) fn question(&self) -> &Question {
        &self.question
    }

    /// How many lines there were, and the digest over them with their newlines.
    pub(super) fn so_far(&self) -> (u64, Digest) {
        (self.lines, Digest(self.hash.clone().finalize().into()))
    }

    fn take(&mut self, line: &[u8]) -> Result<(), Fault> {
        let mut fields = Fields::of(canonical::parse(line)?, "line")?;
        let kind = fields.text("kind")?;
        match (kind.as_str(), self.stage) {
            ("bundle", Stage::Head) => self.head(&mut fields)?,
            ("checkpoint", Stage::Checkpoint) => {
                self.checkpoint = Checkpoint::open(fields.text("note")?.as_bytes(), &self.key)?;
                self.stage = Stage::Agreement;
            }
            ("agreement", Stage::Agreement | Stage::AgreementOrLeaf) => self.agreement(&fields.text("text")?)?,
            ("leaf", Stage::AgreementOrLeaf | Stage::Leaf) => self.leaf(&mut fields)?,
            ("statement", Stage::Statement) => self.statement(fields.text("text")?)?,
            ("end", Stage::End) => self.end(&mut fields)?,
            (_, stage) => return Err(Fault::Order { expected: stage.expected(), found: kind }),
        }
        Ok(fields.finish()?)
    }

    fn head(&mut self, fields: &mut Fields) -> Result<(), Fault> {
        self.version = match fields.int("v")? {
            version @ (VERSION | VERSION_ERASED) => version,
            other => return Err(Fault::Version(other)),
        };
        self.question = Question::read(fields)?;
        self.stage = Stage::Checkpoint;
        Ok(())
    }

    fn agreement(&mut self, text: &str) -> Result<(), Fault> {
        let agreement = agreement::read(text).agreement.ok_or(Fault::Agreement)?;
        let same = |(other, _): &&(Agreement, Digest)| other.revision == agreement.revision;
        if let Some((other, _)) = self.texts.iter().find(same) {
            return Err(Fault::Repeated { revision: other.revision.clone() });
        }
        self.texts.push((agreement, Digest::of(&[text.as_bytes()])));
        self.texts.sort_by_key(|(agreement, _)| agreement.valid.from());
        // A ledger without leaves names no agreement, so there is nothing to be said of it.
        self.stage = Stage::AgreementOrLeaf;
        Ok(())
    }

    fn leaf(&mut self, fields: &mut Fields) -> Result<(), Fault> {
        let bytes = canonical::to_bytes(&fields.find("leaf").ok_or_else(|| missing("leaf"))?);
        let leaf = Leaf::decode(&bytes)?;
        if leaf.seq != self.frontier.size() {
            return Err(Fault::Place { says: leaf.seq, stands: self.frontier.size() });
        }
        if leaf.recorded_at < self.recorded_at {
            return Err(Fault::Backwards(leaf.seq));
        }
        self.recorded_at = leaf.recorded_at;
        self.frontier.append(tree::leaf_hash(&bytes));
        self.lost.leaf(&leaf);
        // The first version does not know the key, and what is unknown is refused.
        let erased = if self.version == VERSION { None } else { fields.find_int("erased")? };
        match (fields.find_text("salt")?, fields.find("payload"), erased) {
            (Some(salt), Some(payload), None) => self.open(&leaf, &salt, &payload, fields.find("segment"))?,
            (None, None, None) => self.leave_closed(&leaf)?,
            (None, None, Some(by)) => self.lose(&leaf, by)?,
            (_, _, Some(_)) => return Err(FieldError::new("erased", "stands where nothing else does").into()),
            _ => return Err(FieldError::new("salt", "and `payload` stand together").into()),
        }
        self.stage = Stage::Leaf;
        if self.frontier.size() == self.checkpoint.size {
            let found = self.frontier.root();
            if found != self.checkpoint.root {
                return Err(Fault::Root { found, signed: self.checkpoint.root });
            }
            self.lost.check()?;
            if let Some((seq, part)) = self.book.holes.unexplained() {
                return Err(BookError::Missing(seq, part).into());
            }
            self.stage = Stage::Statement;
        }
        Ok(())
    }

    fn open(&mut self, leaf: &Leaf, salt: &str, payload: &Value, segment: Option<Value>) -> Result<(), Fault> {
        let salt = Digest::parse(salt).map_err(|_| FieldError::new("salt", "is not 64 digits of 0-9 and a-f"))?;
        let payload = canonical::to_bytes(payload);
        if commitment(&salt.0, &payload) != leaf.commitment {
            return Err(Fault::Commitment(leaf.seq));
        }
        let fact =
            Fact::decode(leaf.kind, leaf.kind_version, &payload).map_err(|error| BookError::Fact(leaf.seq, error))?;
        let segment = segment.map(|segment| canonical::to_bytes(&segment));
        match (&fact, &segment) {
            (Fact::Measurement(measurement), Some(bytes)) => self.segment(leaf.seq, measurement, bytes)?,
            (Fact::Measurement(_), None) | (_, None) => {}
            (_, Some(_)) => return Err(Fault::Segment(leaf.seq, "is given, and only a measurement has one")),
        }
        self.opened += 1;
        self.tagged(leaf, fact.customer())?;
        if let Fact::Erasure(erasure) = &fact {
            self.explain(Erased { seq: leaf.seq, recorded_at: leaf.recorded_at, fact: erasure.clone() })?;
        }
        if leaf.recorded_at > self.question.as_known_at {
            return Ok(());
        }
        if let Fact::Agreement(named) = &fact {
            let key = (named.agreement.clone(), named.revision.clone());
            match named.withdrawn {
                true => self.named.remove(&key),
                false => self.named.insert(key, named.digest),
            };
        }
        Ok(self.book.take(leaf, Some(&payload), segment.as_deref())?)
    }

    /// Takes in what was erased. Where that was not known at the time that is asked for, the figures of then may be lost.
    fn explain(&mut self, erased: Erased) -> Result<(), Fault> {
        self.lost.explain(erased.clone())?;
        let known = self.question.as_known_at;
        if erased.recorded_at <= known {
            return Ok(());
        }
        let (seq, kind, before) = (erased.seq, erased.fact.kind, erased.fact.before);
        let counted = self.book.erased_since(erased);
        if counted && (kind == FactKind::Record || before.is_some_and(|before| before > known)) {
            return Err(Fault::Erased(seq));
        }
        Ok(())
    }

    /// Takes in a leaf whose fact was erased, as the fact at a later place must say.
    fn lose(&mut self, leaf: &Leaf, by: i64) -> Result<(), Fault> {
        let by = u64::try_from(by).map_err(|_| FieldError::new("erased", "is negative"))?;
        self.lost.show(leaf, by)?;
        if leaf.recorded_at > self.question.as_known_at {
            return Ok(());
        }
        Ok(self.book.take(leaf, None, None)?)
    }

    fn segment(&mut self, seq: u64, measurement: &Measurement, bytes: &[u8]) -> Result<(), Fault> {
        if Digest::of(&[bytes]) != measurement.segment {
            return Err(Fault::Segment(seq, "has another digest than the fact says"));
        }
        let segment = Segment::decode(bytes).map_err(|error| BookError::Segment(seq, error))?;
        measurement.agrees_with(&segment).map_err(|problem| Fault::Segment(seq, problem))?;
        self.segments += 1;
        Ok(())
    }

    /// The tag says whose fact it is: always the same of one customer, and of nobody else.
    fn tagged(&mut self, leaf: &Leaf, customer: Option<&CustomerId>) -> Result<(), Fault> {
        let (seq, tag) = (leaf.seq, &leaf.subject_tag);
        let Some(customer) = customer else {
            return if tag == PUBLIC { Ok(()) } else { Err(Fault::Tag(seq, "is a customer's, and the fact is not")) };
        };
        if tag == PUBLIC {
            return Err(Fault::Tag(seq, "is `public`, and the fact is one customer's"));
        }
        if self.tags.iter().any(|(other, known)| (other == customer) != (known == tag)) {
            return Err(Fault::Tag(seq, "is not the one of that customer's other facts, or is another customer's"));
        }
        if self.closed_tags.contains(tag) && self.is_asked(customer) {
            return Err(Fault::Withheld(seq));
        }
        self.tags.insert(customer.clone(), tag.clone());
        Ok(())
    }

    fn is_asked(&self, customer: &CustomerId) -> bool {
        matches!(&self.question.customers, Customers::One(asked) if asked == customer)
    }

    /// What is public must be open: else a failure could be kept from the judgement. What is tagged as one customer's may
    /// stay closed in the bundle of another.
    fn leave_closed(&mut self, leaf: &Leaf) -> Result<(), Fault> {
        let Customers::One(asked) = &self.question.customers else {
            return Err(BookError::Missing(leaf.seq, "payload").into());
        };
        if leaf.subject_tag == PUBLIC {
            return Err(BookError::Missing(leaf.seq, "payload").into());
        }
        if self.tags.get(asked) == Some(&leaf.subject_tag) {
            return Err(Fault::Withheld(leaf.seq));
        }
        self.closed_tags.insert(leaf.subject_tag.clone());
        self.closed += 1;
        Ok(())
    }

    fn statement(&mut self, text: String) -> Result<(), Fault> {
        let follows = self.follows()?;
        self.tzdb = same_but_for_the_tzdb(&text, &follows)?;
        self.statement = text;
        self.stage = Stage::End;
        Ok(())
    }

    fn end(&mut self, fields: &mut Fields) -> Result<(), Fault> {
        let (lines, digest) = self.so_far();
        // This line is counted already, and not yet hashed.
        if fields.int("lines")? != i64::try_from(lines).unwrap_or(i64::MAX) {
            return Err(Fault::Tail("names another number of lines"));
        }
        if fields.text("digest")? != digest.to_string() {
            return Err(Fault::Tail("names another digest than the lines before it have"));
        }
        self.stage = Stage::Done;
        Ok(())
    }
}

fn missing(key: &str) -> FieldError {
    FieldError::new(key, "is missing")
}

fn revision(agreement: &Agreement, digest: Digest) -> Revision {
    Revision { agreement: agreement.id.clone(), revision: agreement.revision.clone(), digest }
}

/// Whether a statement is the one that follows, byte for byte. A statement names the tz database that it was made with; it
/// still follows if that name alone is another. Then the name is returned.
fn same_but_for_the_tzdb(says: &str, follows: &str) -> Result<Option<String>, Fault> {
    if says == follows {
        return Ok(None);
    }
    let theirs = says.split_once("\"tzdb\": \"").and_then(|(_, rest)| rest.split_once('"')).map(|(name, _)| name);
    if let Some(theirs) = theirs {
        let named = |name: &str| format!("\"tzdb\": \"{name}\"");
        if says == follows.replace(&named(tzdb_version()), &named(theirs)) {
            return Ok(Some(theirs.to_owned()));
        }
    }
    let line = says.lines().zip(follows.lines()).take_while(|(a, b)| a == b).count();
    let at = |text: &str| text.lines().nth(line).unwrap_or("nothing more").trim().to_owned();
    Err(Fault::Statement { line: line + 1, says: at(says), follows: at(follows) })
}
