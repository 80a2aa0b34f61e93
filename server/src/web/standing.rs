//! How a customer stands: its paid right, its acceptance of the terms, the revision that it agreed to, what the agreement covers
//! for it, and whether it is suspended.
//!
//! All of it is what the records say and what the evaluation makes of them (`uphold_core::evaluate`). Not here: lists of what
//! concerns a customer (`concerns.rs`), and figures.

use std::collections::BTreeMap;

use uphold_core::agreement::{Agreement, Interface, Solution};
use uphold_core::evaluate::{binding, coverage};
use uphold_core::history::{Assent, AssentKind, Connections, Entitlement, Fact, Scope, Suspension};
use uphold_core::id::CustomerId;
use uphold_core::interval::{Interval, IntervalSet};
use uphold_core::time::Instant;

use super::incident_page;
use crate::live::Live;
use crate::wording::{Phrase, Words};

/// How many counts of connected software are said in a line; all of them are in the customer's list.
const COUNTS_SHOWN: usize = 4;

/// What was told of one customer, as it is known.
#[derive(Default)]
pub(super) struct Records<'a> {
    pub(super) entitlements: Vec<&'a Entitlement>,
    pub(super) assents: Vec<&'a Assent>,
    pub(super) suspensions: Vec<&'a Fact<Suspension>>,
    /// The last count of its connected software, of each part that is counted apart.
    pub(super) connections: Vec<&'a Connections>,
}

/// The records of everybody of whom there are some, in the order of their ids.
pub(super) fn all(live: &Live) -> BTreeMap<&CustomerId, Records<'_>> {
    gather(live, |_| true)
}

/// The records of one customer, if there are some.
pub(super) fn of<'a>(live: &'a Live, customer: &CustomerId) -> Option<Records<'a>> {
    gather(live, |other| other == customer).pop_first().map(|(_, records)| records)
}

/// Goes once through what is held of each kind.
fn gather<'a>(live: &'a Live, wanted: impl Fn(&CustomerId) -> bool) -> BTreeMap<&'a CustomerId, Records<'a>> {
    let mut found: BTreeMap<&CustomerId, Records<'_>> = BTreeMap::new();
    let facts = &live.facts;
    let named = |scope: &'a Scope| scope.parts.customer.as_ref().filter(|customer| wanted(customer));
    for fact in &facts.entitlements {
        let Some(customer) = named(&fact.body.scope) else { continue };
        found.entry(customer).or_default().entitlements.push(&fact.body);
    }
    for fact in facts.assents.iter().filter(|fact| wanted(&fact.body.customer)) {
        found.entry(&fact.body.customer).or_default().assents.push(&fact.body);
    }
    for fact in &facts.suspensions {
        let Some(customer) = named(&fact.body.scope) else { continue };
        found.entry(customer).or_default().suspensions.push(fact);
    }
    for fact in &facts.connections {
        let Some(customer) = named(&fact.body.scope) else { continue };
        let latest = &mut found.entry(customer).or_default().connections;
        match latest.iter_mut().find(|held| held.scope == fact.body.scope) {
            Some(held) if held.span > fact.body.span => {}
            Some(held) => *held = &fact.body,
            None => latest.push(&fact.body),
        }
    }
    // Whoever pays is a customer, too.
    for fact in &facts.fees {
        found.extend(
            named(&fact.body.scope)
                .filter(|customer| !found.contains_key(*customer))
                .map(|customer| (customer, Records::default())),
        );
    }
    found
}

/// Whether something holds at the moment of knowledge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    /// It does, over this time.
    Now(Interval),
    /// It did, until then.
    Ended(Instant),
    /// It will, from then.
    Ahead(Instant),
    /// Nothing says that it ever did or will.
    Never,
}

impl Holds {
    fn of(times: &IntervalSet, now: Instant) -> Self {
        let parts = times.parts();
        if let Some(part) = parts.iter().find(|part| part.contains(now)) {
            return Self::Now(*part);
        }
        let ended = parts.iter().rev().find(|part| part.until() <= now).map(|part| Self::Ended(part.until()));
        ended.or_else(|| parts.first().map(|part| Self::Ahead(part.from()))).unwrap_or(Self::Never)
    }

    /// Whether it does.
    pub(super) fn is_now(self) -> bool {
        matches!(self, Self::Now(_))
    }
}

/// How a customer stands with one solution.
pub(super) struct Covered<'a> {
    pub(super) solution: &'a Solution,
    /// The interfaces that its right is to.
    pub(super) interfaces: Vec<&'a Interface>,
    pub(super) right: Holds,
    /// Whether the agreement covers it; absent, where the agreement does not state what it asks for.
    pub(super) covered: Option<Holds>,
}

/// How a customer stands.
pub(super) struct Standing<'a> {
    /// Whether it has a paid right to anything.
    pub(super) right: Holds,
    /// Whether all that is told of its rights is that they are not paid.
    pub(super) is_unpaid: bool,
    pub(super) accepted: Holds,
    /// The acceptance that holds.
    pub(super) acceptance: Option<&'a Assent>,
    /// The revision that its right or its acceptance names.
    pub(super) agreed: Option<&'a str>,
    /// The revision that judges it.
    pub(super) judged_by: Option<&'a str>,
    pub(super) solutions: Vec<Covered<'a>>,
    /// The suspensions in force.
    pub(super) suspended: Vec<&'a Fact<Suspension>>,
}

impl<'a> Standing<'a> {
    /// How whoever these records are of stands at the moment of the picture, under the revision that is in force then.
    pub(super) fn new(live: &'a Live, records: &Records<'a>) -> Self {
        let (agreement, now) = (&live.agreement, live.as_known_at);
        let (rights, assents) = (&records.entitlements, &records.assents);
        let whole = coverage(agreement, &Scope::default(), rights, assents);
        let acceptances =
            assents.iter().copied().filter(|assent| assent.kind == AssentKind::Accept && assent.span.contains(now));
        let accepted = Holds::of(&whole.accepted, now);
        let acceptance = acceptances.max_by_key(|assent| assent.span.from()).filter(|_| accepted.is_now());
        let covered = agreement.solutions.iter().map(|solution| covered(agreement, solution, records, now));
        Self {
            right: Holds::of(&whole.entitled, now),
            is_unpaid: !rights.is_empty() && rights.iter().all(|right| !right.paid),
            accepted,
            acceptance,
            agreed: agreed(live, rights, acceptance),
            judged_by: binding(live.revisions.all(), rights, now).map(|agreement| agreement.revision.as_str()),
            solutions: covered.collect(),
            suspended: records.suspensions.iter().copied().filter(|fact| is_in_force(&fact.body, now)).collect(),
        }
    }

    /// Whether the agreement covers it for anything; absent, where the agreement does not state what it asks for.
    pub(super) fn is_covered(&self) -> Option<bool> {
        let mut stated = self.solutions.iter().filter_map(|each| each.covered).peekable();
        stated.peek()?;
        Some(stated.any(Holds::is_now))
    }

    /// Whether it agreed to another revision than the one in force.
    pub(super) fn is_behind(&self, live: &Live) -> bool {
        self.agreed.is_some_and(|agreed| agreed != live.agreement.revision)
    }
}

fn covered<'a>(agreement: &Agreement, solution: &'a Solution, records: &Records<'_>, now: Instant) -> Covered<'a> {
    let scope = Scope { solution: Some(solution.id.clone()), ..Scope::default() };
    let found = coverage(agreement, &scope, &records.entitlements, &records.assents);
    let has = |interface: &&Interface| {
        let mut own = records.entitlements.iter().filter(|right| right.paid && right.span.contains(now));
        own.any(|right| {
            right.scope.meets(&scope) && right.scope.interface.as_ref().is_none_or(|id| *id == interface.id)
        })
    };
    Covered {
        solution,
        interfaces: solution.interfaces.iter().filter(has).collect(),
        right: Holds::of(&found.entitled, now),
        covered: found.covered.map(|covered| Holds::of(&covered, now)),
    }
}

/// The revision that the right in force names, or else the one whose text was accepted.
fn agreed<'a>(live: &'a Live, rights: &[&'a Entitlement], acceptance: Option<&Assent>) -> Option<&'a str> {
    let held = rights.iter().filter(|right| right.paid && right.span.contains(live.as_known_at));
    let latest = held.max_by_key(|right| right.span.from());
    // What a right names holds up to its renewal, which agrees to the revision in force then.
    let renewed =
        latest.and_then(|right| right.renewed_at.filter(|at| right.span.contains(*at) && *at <= live.as_known_at));
    let named = match renewed {
        Some(at) => Some(live.revisions.in_force(at).revision.as_str()),
        None => latest.and_then(|right| right.revision.as_deref()),
    };
    named.or_else(|| of_text(live, &acceptance?.document))
}

fn is_in_force(suspension: &Suspension, now: Instant) -> bool {
    let past = |at: Option<Instant>| at.is_some_and(|at| at <= now);
    past(suspension.enforced_at) && !past(suspension.lifted_at)
}

/// Something that is said of a customer: what it is, whether it is as it should be, and the sentence.
pub(super) struct Said {
    pub(super) label: String,
    /// `kept`, `missed` or `undecided`, which is a class.
    pub(super) class: &'static str,
    pub(super) text: String,
}

/// How a customer stands with one solution, for people.
pub(super) struct CoveredView {
    pub(super) solution: Phrase,
    pub(super) path: String,
    pub(super) interfaces: Vec<Phrase>,
    pub(super) right: String,
    pub(super) covered: Said,
}

/// All that is said of how a customer stands as a whole.
pub(super) fn says(words: &Words, live: &Live, records: &Records<'_>, standing: &Standing<'_>) -> Vec<Said> {
    vec![
        right(words, standing),
        acceptance(words, live, standing),
        revision(words, live, standing),
        suspension(words, standing),
        connected(words, live, records),
    ]
}

/// Whether a paid right holds, and since when.
pub(super) fn right(words: &Words, standing: &Standing<'_>) -> Said {
    let texts = words.texts;
    let (class, text) = match standing.right {
        Holds::Never if standing.is_unpaid => ("missed", texts.get("standing-unpaid")),
        right => (
            class(right),
            holds(words, right, ["standing-right", "standing-ended", "standing-ahead", "standing-no-right"]),
        ),
    };
    Said { label: texts.get("standing-right-label"), class, text }
}

/// Whether an acceptance holds, of what, and since when.
pub(super) fn acceptance(words: &Words, live: &Live, standing: &Standing<'_>) -> Said {
    let keys = ["standing-accepted", "standing-withdrawn", "standing-ahead", "standing-no-acceptance"];
    let held = holds(words, standing.accepted, keys);
    let text = match standing.acceptance {
        None => held,
        Some(assent) => {
            let who = assent
                .person
                .iter()
                .map(|person| words.texts.with("standing-by", &[("person", person.as_str().into())]));
            let parts = [held, document(words, live, &assent.document)].into_iter().chain(who).collect::<Vec<_>>();
            parts.join(" · ")
        }
    };
    Said { label: words.texts.get("standing-acceptance-label"), class: class(standing.accepted), text }
}

/// What a document is called: its title in the agreement, the revision whose text a digest is of, or as it was told.
pub(super) fn document(words: &Words, live: &Live, name: &str) -> String {
    if let Some(found) = live.agreement.documents.iter().find(|document| document.id.as_str() == name) {
        return words.phrase(&found.title).text;
    }
    let said = |revision: &str| words.texts.with("concerns-revision-text", &[("revision", revision.into())]);
    of_text(live, name).map_or_else(|| name.to_owned(), said)
}

/// The revision whose text has a digest.
fn of_text<'a>(live: &'a Live, digest: &str) -> Option<&'a str> {
    let found = live.revisions.each().iter().find(|(_, known)| known.to_string() == digest);
    found.map(|(agreement, _)| agreement.revision.as_str())
}

/// Which revision was agreed to, whether it is the one in force, and which one judges.
pub(super) fn revision(words: &Words, live: &Live, standing: &Standing<'_>) -> Said {
    let texts = words.texts;
    let in_force = live.agreement.revision.as_str();
    let (class, agreed) = match standing.agreed {
        None => ("undecided", texts.with("standing-revision-unsaid", &[("force", in_force.into())])),
        Some(agreed) if agreed == in_force => {
            ("kept", texts.with("standing-revision-same", &[("revision", agreed.into())]))
        }
        Some(agreed) => {
            let blanks = [("revision", agreed.into()), ("force", in_force.into())];
            ("missed", texts.with("standing-revision-other", &blanks))
        }
    };
    let judged = match standing.judged_by {
        Some(revision) => texts.with("standing-judged", &[("revision", revision.into())]),
        None => texts.get("standing-not-judged"),
    };
    Said {
        label: texts.get("standing-revision-label"),
        class,
        text: texts.with("standing-agreed-and", &[("agreed", agreed.into()), ("judged", judged.into())]),
    }
}

/// Whether it is suspended, since when, and why.
pub(super) fn suspension(words: &Words, standing: &Standing<'_>) -> Said {
    let texts = words.texts;
    let told = standing.suspended.iter().map(|fact| {
        let since = words.moment(fact.body.enforced_at.unwrap_or(fact.body.ordered_at));
        texts.with("standing-suspended", &[("since", since.into()), ("act", fact.body.act.as_str().into())])
    });
    let told: Vec<String> = told.collect();
    let (class, text) = match told.is_empty() {
        true => ("kept", texts.get("standing-not-suspended")),
        false => ("missed", told.join(" ")),
    };
    Said { label: texts.get("standing-suspension-label"), class, text }
}

/// How much of its software was connected when that was counted last.
pub(super) fn connected(words: &Words, live: &Live, records: &Records<'_>) -> Said {
    let texts = words.texts;
    let label = texts.get("standing-software-label");
    let counts = &records.connections;
    if counts.is_empty() {
        return Said { label, class: "undecided", text: texts.get("standing-not-counted") };
    }
    let text = |count: &&Connections| match counts.len() {
        1 => counted(words, count),
        _ => {
            let part = texts
                .with("standing-counted-part", &[("part", incident_page::title(words, live, &count.scope).into())]);
            format!("{part}{}", counted(words, count))
        }
    };
    let is_whole = counts.iter().all(|count| count.connected >= count.expected);
    let mut said: Vec<String> = counts.iter().take(COUNTS_SHOWN).map(text).collect();
    if let Some(more) = counts.len().checked_sub(COUNTS_SHOWN).filter(|more| *more > 0) {
        said.push(texts.with("standing-counted-more", &[("n", words.number(&more.to_string()).into())]));
    }
    Said { label, class: if is_whole { "kept" } else { "undecided" }, text: said.join(" · ") }
}

fn counted(words: &Words, count: &Connections) -> String {
    let number = |count: u64| words.number(&count.to_string()).into();
    let until = if count.span.until() == Instant::MAX { count.span.from() } else { count.span.until() };
    let blanks = [
        ("connected", number(count.connected)),
        ("expected", number(count.expected)),
        ("moment", words.moment(until).into()),
    ];
    words.texts.with("standing-counted", &blanks)
}

/// How it stands with each solution.
pub(super) fn solutions(words: &Words, standing: &Standing<'_>) -> Vec<CoveredView> {
    let view = |each: &Covered<'_>| CoveredView {
        solution: words.phrase(&each.solution.name),
        path: format!("/solutions/{}", each.solution.id),
        interfaces: each.interfaces.iter().map(|interface| words.phrase(&interface.name)).collect(),
        right: holds(words, each.right, ["standing-right", "standing-ended", "standing-ahead", "standing-none"]),
        covered: coverage_said(words, each.covered),
    };
    standing.solutions.iter().map(view).collect()
}

fn coverage_said(words: &Words, covered: Option<Holds>) -> Said {
    let label = words.texts.get("standing-covered-label");
    match covered {
        None => Said { label, class: "undecided", text: words.texts.get("standing-coverage-unstated") },
        Some(covered) => {
            let keys = ["standing-covered", "standing-covered-ended", "standing-ahead", "standing-not-covered"];
            Said { label, class: class(covered), text: holds(words, covered, keys) }
        }
    }
}

fn class(holds: Holds) -> &'static str {
    if holds.is_now() { "kept" } else { "missed" }
}

/// What holds, in words: that it does, did, will, or never did.
fn holds(words: &Words, holds: Holds, [now, ended, ahead, never]: [&str; 4]) -> String {
    let texts = words.texts;
    match holds {
        Holds::Now(span) => texts.with(now, &[("span", words.validity(span).into())]),
        Holds::Ended(at) => texts.with(ended, &[("moment", words.moment(at).into())]),
        Holds::Ahead(at) => texts.with(ahead, &[("moment", words.moment(at).into())]),
        Holds::Never => texts.get(never),
    }
}
