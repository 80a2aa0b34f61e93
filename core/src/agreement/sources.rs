//! Where the terms of a commitment come from: the contract itself, a document that it stands with, or the policy.
//!
//! A term is looked up in one fixed order: documents that prevail over the agreement, the commitment, the other documents
//! in their order of precedence, and at last `[policy]`. One that is needed and stated nowhere is an error, never a hidden
//! default.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::fmt;

use super::read::exists;
use super::terms::TERMS;
use crate::diagnostic::{Diagnostic, Refusal};
use crate::document::{Item, Table};
use crate::id::{CalendarId, DocumentId};
use crate::ratio::Ratio;

/// Who stated a term.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Origin {
    /// The contract.
    Contract,
    /// A document that stands with the contract.
    Document(DocumentId),
    /// The operator, where the contract is silent.
    Policy,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Contract => f.write_str("contract"),
            Self::Document(id) => write!(f, "document {id}"),
            Self::Policy => f.write_str("policy"),
        }
    }
}

/// A term's value, and who stated it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stated<T> {
    /// The value.
    pub value: T,
    /// Who stated it.
    pub origin: Origin,
}

/// A term as its file writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The key.
    pub key: &'static str,
    /// The value, as it stands in the file.
    pub value: String,
    /// Who stated it.
    pub origin: Origin,
}

/// A table beside the commitments that states terms for all of them.
pub(super) struct Source<'d, 'f> {
    origin: Origin,
    table: RefCell<Table<'d, 'f>>,
    used: RefCell<BTreeSet<&'static str>>,
}

impl<'d, 'f> Source<'d, 'f> {
    pub(super) fn new(origin: Origin, table: Table<'d, 'f>) -> Self {
        Self { origin, table: RefCell::new(table), used: RefCell::default() }
    }

    /// Ends the reading. A key that is no term is an error; a term that nobody looked up is a warning, unless a commitment
    /// could not be read, which might have.
    pub(super) fn finish(self, whole: bool) {
        let (mut table, used) = (self.table.into_inner(), self.used.into_inner());
        for term in &TERMS {
            if let Some(item) = table.find(term.key)
                && whole
                && !used.contains(term.key)
            {
                table.findings.push(
                    Diagnostic::warning(format!("nothing here needs `{}`", term.key), item.span)
                        .help("leave it out, or check that the commitment that it is meant for is there"),
                );
            }
        }
        table.finish();
    }
}

/// Every source besides the commitments, in the order of precedence.
pub(super) struct Sources<'d, 'f, 's> {
    /// Documents that prevail over the agreement.
    pub(super) before: Vec<Source<'d, 'f>>,
    /// The other documents, then the policy.
    pub(super) after: Vec<Source<'d, 'f>>,
    /// The calendars that a term may name.
    pub(super) calendars: Vec<CalendarId>,
    /// The text of the file.
    pub(super) text: &'s str,
}

impl Sources<'_, '_, '_> {
    pub(super) fn finish(self, whole: bool) {
        for source in self.before.into_iter().chain(self.after) {
            source.finish(whole);
        }
    }
}

/// The lookup of one commitment's terms.
pub(super) struct Lookup<'a, 'd, 'f, 's> {
    own: RefCell<&'a mut Table<'d, 'f>>,
    /// What the operator chose for this commitment alone; it goes before the policy for all.
    own_policy: Option<&'a Source<'d, 'f>>,
    sources: &'a Sources<'d, 'f, 's>,
    listed: RefCell<Vec<Listed>>,
    failed: Cell<bool>,
}

impl<'a, 'd, 'f, 's> Lookup<'a, 'd, 'f, 's> {
    pub(super) fn new(
        own: &'a mut Table<'d, 'f>,
        own_policy: Option<&'a Source<'d, 'f>>,
        sources: &'a Sources<'d, 'f, 's>,
    ) -> Self {
        Self { own: RefCell::new(own), own_policy, sources, listed: RefCell::default(), failed: Cell::new(false) }
    }

    /// Whether a term was refused or missing: then the commitment cannot be used.
    pub(super) fn failed(&self) -> bool {
        self.failed.get()
    }

    /// Whether a term that was looked up is stated somewhere, be its value refused or not.
    pub(super) fn is_stated(&self, key: &str) -> bool {
        self.listed.borrow().iter().any(|listed| listed.key == key)
    }

    /// The commitment's place in the file.
    pub(super) fn place(&self) -> std::ops::Range<usize> {
        self.own.borrow().span.clone()
    }

    /// The id of a calendar that there is.
    pub(super) fn calendar(&self, text: &str) -> Result<CalendarId, Refusal> {
        let id = CalendarId::parse(text)?;
        let names = self.sources.calendars.iter().map(CalendarId::as_str);
        exists(self.own.borrow().findings, "calendar", id.as_str(), names)?;
        Ok(id)
    }

    /// Counts every term that the commitment states as one that it may state, where a refused one decides which it needs.
    pub(super) fn allow_all(&self) {
        for term in &TERMS {
            self.own.borrow_mut().find(term.key);
        }
    }

    /// Adds a finding about the commitment.
    pub(super) fn report(&self, finding: Diagnostic) {
        self.failed.set(true);
        self.own.borrow().findings.push(finding);
    }

    /// The terms that were found, in the order in which they were looked up.
    pub(super) fn into_listed(self) -> Vec<Listed> {
        self.listed.into_inner()
    }

    /// A term that may be stated nowhere.
    pub(super) fn find<T>(
        &self,
        key: &'static str,
        read: impl FnOnce(&Item<'d>) -> Result<T, Refusal>,
    ) -> Option<Stated<T>> {
        debug_assert!(TERMS.iter().any(|term| term.key == key), "`{key}` is no term of the reference");
        let (item, origin) = self.item(key)?;
        self.listed.borrow_mut().push(Listed { key, value: self.written(&item), origin: origin.clone() });
        let findings = self.own.borrow().findings;
        let value = item.accept(findings, |item| {
            read(item).map_err(|refusal| match TERMS.iter().find(|term| term.key == key) {
                Some(term) if refusal.of_form => {
                    refusal.help(format!("it may be: {}; words stand in quotes", term.values))
                }
                _ => refusal,
            })
        });
        if value.is_none() {
            self.failed.set(true);
        }
        value.map(|value| Stated { value, origin })
    }

    /// A term that must be stated somewhere.
    pub(super) fn need<T>(
        &self,
        key: &'static str,
        read: impl FnOnce(&Item<'d>) -> Result<T, Refusal>,
    ) -> Option<Stated<T>> {
        let before = self.listed.borrow().len();
        let found = self.find(key, read);
        if self.listed.borrow().len() == before {
            self.failed.set(true);
            self.report_silent(key);
        }
        found
    }

    fn item(&self, key: &'static str) -> Option<(Item<'d>, Origin)> {
        let mut found: Vec<(Item<'d>, Origin)> = Vec::new();
        let look = |source: &Source<'d, 'f>, found: &mut Vec<(Item<'d>, Origin)>| {
            if let Some(item) = source.table.borrow_mut().find(key) {
                source.used.borrow_mut().insert(key);
                found.push((item, source.origin.clone()));
            }
        };
        self.sources.before.iter().for_each(|source| look(source, &mut found));
        if let Some(item) = self.own.borrow_mut().find(key) {
            found.push((item, Origin::Contract));
        }
        let (policies, documents): (Vec<_>, Vec<_>) =
            self.sources.after.iter().partition(|source| source.origin == Origin::Policy);
        documents.into_iter().for_each(|source| look(source, &mut found));
        self.own_policy.into_iter().chain(policies).for_each(|source| look(source, &mut found));
        self.contradiction(key, &found);
        found.into_iter().next()
    }

    /// Two documents of the contract that state one term differently are worth a look, even though one prevails.
    fn contradiction(&self, key: &str, found: &[(Item<'d>, Origin)]) {
        let contract: Vec<_> = found.iter().filter(|(_, origin)| *origin != Origin::Policy).collect();
        let [(first, prevails), rest @ ..] = contract.as_slice() else { return };
        for (other, origin) in rest {
            let (held, lost) = (self.written(first), self.written(other));
            if held != lost {
                self.own.borrow().findings.push(
                    Diagnostic::warning(format!("`{key}` is stated twice: {held} and {lost}"), other.span.clone())
                        .label(format!("stated by the {origin}; the {prevails} prevails"))
                        .help("check that the contract means it, and leave out the one that does not hold"),
                );
            }
        }
    }

    fn written(&self, item: &Item<'_>) -> String {
        let plain = item.written(self.sources.text);
        match plain.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
            Some(inner) if !inner.contains('"') => inner.to_owned(),
            _ => plain,
        }
    }

    fn report_silent(&self, key: &'static str) {
        let own = self.own.borrow();
        let doc = TERMS.iter().find(|term| term.key == key);
        let (question, values) = doc.map_or(("", ""), |term| (term.question, term.values));
        own.findings.missing(
            Diagnostic::error(format!("neither this commitment nor `[policy]` states `{key}`"), own.span.clone())
                .label(question)
                .help(format!(
                    "state `{key}` ({values}): in the commitment if the contract says it, in [policy] if you chose it"
                )),
        );
    }
}

/// Reads a percentage in quotes as a share of one, exactly.
pub(super) fn percent(item: &Item<'_>) -> Result<Ratio, Refusal> {
    Ok(Ratio::parse_percent(item.quoted_number()?)?)
}
