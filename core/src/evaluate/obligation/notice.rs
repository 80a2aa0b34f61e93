//! Notices of interruptions and of changes of sub-processors. Those of maintenance and of suspensions are with them.

use super::{Case, Event, Found, cause, incident, within};
use crate::agreement::{About, Limit, To};
use crate::history::{Audience, Fact, Subprocessor};
use crate::id::{CustomerId, FactId};
use crate::statement::{EventNote, ReasonKind};
use crate::time::{Instant, Millis};

/// Whoever must be told is told within the limit: after an interruption was noticed, or before a change takes effect.
/// Where every customer must be told and none is judged, each of them that is covered is told.
pub(super) fn judge(case: &Case<'_, '_>, about: About, to: To, limit: Limit) -> Found {
    let mut told = Told { case, limit, events: Vec::new(), slowest: None, shortest: None, untold: 0 };
    let mut count = 0;
    match about {
        About::Incident => {
            for fact in incident::incidents(case) {
                count += 1;
                let from = case.past(fact.body.detected_at).unwrap_or(fact.body.span.from());
                told.all(to, &fact.id, from, About::Incident);
            }
        }
        About::Subprocessor => {
            for fact in changes(case) {
                count += 1;
                told.all(to, &fact.id, fact.body.effective_at, About::Subprocessor);
            }
        }
    }
    let Told { events, slowest, shortest, untold, .. } = told;
    let found = Found::of(limit, events).count("events", count).count("untold", untold);
    found.time("slowest_notice", slowest).time("shortest_notice", shortest)
}

/// Changes of sub-processors that the subject is concerned with and that take effect in the period.
fn changes<'a>(case: &Case<'_, 'a>) -> impl Iterator<Item = &'a Fact<Subprocessor>> {
    let concerns =
        |fact: &&Fact<Subprocessor>| case.begins(fact.body.effective_at) && case.view.concerns(&fact.body.scope);
    case.view.known.facts.subprocessors.iter().filter(concerns)
}

/// Who was told of what, so far.
struct Told<'c, 'v, 'a> {
    case: &'c Case<'v, 'a>,
    limit: Limit,
    events: Vec<Event>,
    slowest: Option<Millis>,
    shortest: Option<Millis>,
    untold: usize,
}

impl Told<'_, '_, '_> {
    fn all(&mut self, to: To, id: &FactId, at: Instant, about: About) {
        match (to, self.case.view.customer()) {
            (To::Public, _) => self.one(None, id, at, about),
            (To::Customer, Some(customer)) => self.one(Some(customer), id, at, about),
            (To::Customer, None) => {
                for customer in self.case.customers_at(at) {
                    self.one(Some(&customer), id, at, about);
                }
            }
        }
    }

    fn one(&mut self, customer: Option<&CustomerId>, id: &FactId, from: Instant, about: About) {
        let (now, limit) = (self.case.view.now, self.limit);
        let at = self.noticed(id, customer);
        self.untold += usize::from(at.is_none());
        let (kind, cause) = match about {
            About::Incident => {
                let took = at.map(|at| at - from);
                self.slowest = self.slowest.max(took);
                let kind = match within(took, now - from, limit) {
                    ReasonKind::Undecided if self.case.has_ended() => ReasonKind::Missed,
                    kind => kind,
                };
                (kind, cause(id, EventNote::Noticed, took, limit))
            }
            About::Subprocessor => {
                let given = at.map(|at| from - at);
                self.shortest = [self.shortest, given].into_iter().flatten().min();
                let kind = match (given, limit) {
                    (Some(given), Some(limit)) if given < limit => ReasonKind::Missed,
                    (None, Some(limit)) if from - limit <= now => ReasonKind::Missed,
                    (None, Some(_)) => ReasonKind::Undecided,
                    _ => ReasonKind::Kept,
                };
                (kind, cause(id, EventNote::Announced, given, limit))
            }
        };
        let until = at.unwrap_or(now);
        self.events.push(Event::new(from.min(until), until.max(from), kind, cause));
    }

    /// When a notice was first published or, for one customer, first accepted for it.
    fn noticed(&self, id: &FactId, customer: Option<&CustomerId>) -> Option<Instant> {
        let about = self.case.view.known.facts.notices.iter().filter(|notice| notice.body.about == *id);
        let proofs = about.filter_map(|notice| match (customer, &notice.body.audience) {
            (None, _) => notice.body.published_at,
            (Some(customer), Audience::Customer(own)) if own == customer => notice.body.accepted_at,
            (Some(_), _) => None,
        });
        proofs.filter_map(|at| self.case.past(Some(at))).min()
    }
}
