//! What concerns one customer, as lists in pages: on the customer's own page, and on the operator's page of that customer.
//!
//! A list is worked out of what the picture holds, and only the entries of the page that is asked for are put into words. Nothing
//! that concerns another customer passes [`Concerns::touches`]. Not here: how a customer stands (`standing.rs`), and what a
//! statement says.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use uphold_core::agreement::Subject;
use uphold_core::evaluate::suspension_told;
use uphold_core::history::{
    Assent, Audience, Connections, Entitlement, Fact, Incident, Maintenance, MaintenanceStatus, Notice, Said, Scope,
    Suspension, Update,
};
use uphold_core::id::{CustomerId, FactId};
use uphold_core::interval::Interval;
use uphold_core::time::Instant;

use super::frame::{self, Frame};
use super::made::Whose;
use super::visitor::Visitor;
use super::{App, incident_page, maintenance, problem, standing, statement_pages};
use crate::accounts::Role;
use crate::live::Live;
use crate::owners::Owners;
use crate::schedule;
use crate::wording::{Texts, Words, form, subject};

/// How many entries of a list the page of a customer has, and how many a page of that list alone.
const SHOWN: [usize; 2] = [5, 50];

/// What there are lists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Statements,
    Entitlements,
    Acknowledgements,
    Maintenance,
    Incidents,
    Suspensions,
    Notices,
    Agents,
}

impl Kind {
    /// All of them, in the order of a page.
    const ALL: [Self; 8] = [
        Self::Statements,
        Self::Incidents,
        Self::Maintenance,
        Self::Suspensions,
        Self::Notices,
        Self::Entitlements,
        Self::Acknowledgements,
        Self::Agents,
    ];

    /// The part of the address.
    fn name(self) -> &'static str {
        match self {
            Self::Statements => "statements",
            Self::Entitlements => "entitlements",
            Self::Acknowledgements => "acknowledgements",
            Self::Maintenance => "maintenance",
            Self::Incidents => "incidents",
            Self::Suspensions => "suspensions",
            Self::Notices => "notices",
            Self::Agents => "agents",
        }
    }

    fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The keys of the title, of what is said to the customer where there is nothing, and of what is said to others then.
    fn keys(self) -> [&'static str; 3] {
        match self {
            Self::Statements => ["concerns-statements", "concerns-statements-none", "concerns-statements-none"],
            Self::Entitlements => ["concerns-entitlements", "mine-entitlements-none", "concerns-entitlements-none"],
            Self::Acknowledgements => ["concerns-assents", "concerns-assents-none-own", "concerns-assents-none"],
            Self::Maintenance => ["mine-maintenance", "mine-maintenance-none", "concerns-maintenance-none"],
            Self::Incidents => ["mine-incidents", "mine-incidents-none", "concerns-incidents-none"],
            Self::Suspensions => ["mine-suspensions", "mine-suspensions-none", "concerns-suspensions-none"],
            Self::Notices => ["concerns-notices", "mine-notices-none", "concerns-notices-none"],
            Self::Agents => ["concerns-agents", "concerns-agents-none-own", "concerns-agents-none"],
        }
    }

    /// The keys of the heads of its columns.
    fn head(self) -> &'static [&'static str] {
        match self {
            Self::Statements => &["mine-period", "concerns-version", "concerns-standing", "concerns-files"],
            Self::Entitlements => &["mine-about", "mine-kind", "mine-when", "concerns-revision"],
            Self::Acknowledgements => &["concerns-document", "concerns-done", "concerns-person", "mine-when"],
            Self::Maintenance => &["mine-about", "mine-kind", "mine-status", "mine-planned", "mine-really"],
            Self::Incidents => &["mine-about", "mine-cause", "mine-when", "concerns-latest"],
            Self::Suspensions => {
                &["mine-about", "mine-cause", "mine-ordered", "mine-enforced", "concerns-told", "mine-lifted"]
            }
            Self::Notices => &["mine-about", "mine-kind", "mine-channel", "mine-given", "mine-delivered", "mine-read"],
            Self::Agents => &[
                "mine-about",
                "mine-when",
                "concerns-connected",
                "concerns-expected",
                "concerns-own-side",
                "concerns-undetermined",
            ],
        }
    }
}

/// One field of an entry: a text, and links below it.
#[derive(Default)]
pub(super) struct Cell {
    pub(super) text: String,
    /// Each with its address.
    pub(super) links: Vec<(String, String)>,
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self { text, links: Vec::new() }
    }
}

/// A part of a list.
pub(super) struct ListView {
    pub(super) id: &'static str,
    pub(super) title: String,
    /// What is said where there is nothing.
    pub(super) none: String,
    pub(super) head: Vec<String>,
    pub(super) rows: Vec<Vec<Cell>>,
    /// The address of the whole list, and what it is called with how much there is, where this is not all of it.
    pub(super) whole: Option<(String, String)>,
    pub(super) newer: Option<String>,
    pub(super) older: Option<String>,
}

/// What concerns one customer.
pub(super) struct Concerns<'a> {
    words: &'a Words,
    live: &'a Live,
    customer: &'a CustomerId,
    /// Whose pages these are: the customer's own, or an operator's.
    whose: &'a Whose,
    has_printer: bool,
    entitlements: Vec<&'a Fact<Entitlement>>,
    owners: Owners<'a>,
}

impl<'a> Concerns<'a> {
    pub(super) fn new(
        words: &'a Words,
        live: &'a Live,
        customer: &'a CustomerId,
        whose: &'a Whose,
        has_printer: bool,
    ) -> Self {
        let own = live.facts.entitlements.iter();
        Self {
            words,
            live,
            customer,
            whose,
            has_printer,
            entitlements: own.filter(|fact| fact.body.scope.parts.customer.as_ref() == Some(customer)).collect(),
            owners: live.owners(),
        }
    }

    /// The beginning of every list.
    pub(super) fn beginnings(&self) -> Vec<ListView> {
        Kind::ALL.into_iter().filter_map(|kind| self.list(kind, None)).collect()
    }

    /// Whether something is about this customer, or about what it shares with all others.
    fn touches(&self, scope: &Scope) -> bool {
        if let Some(customer) = &scope.parts.customer {
            return customer == self.customer;
        }
        if self.owners.is_foreign(scope, self.customer) {
            return false;
        }
        let uses = |fact: &&Fact<Entitlement>| {
            let used = &fact.body.scope.solution;
            used.is_none() || *used == scope.solution
        };
        self.entitlements.is_empty() || scope.solution.is_none() || self.entitlements.iter().any(uses)
    }

    fn own(&self, scope: &Scope) -> bool {
        scope.parts.customer.as_ref() == Some(self.customer)
    }

    /// A page of a list, or its beginning; nothing, where there is no such page.
    fn list(&self, kind: Kind, page: Option<usize>) -> Option<ListView> {
        let facts = &self.live.facts;
        match kind {
            Kind::Statements => {
                let all = statement_pages::versions_of(self.live, self.whose);
                self.cut(kind, page, all, |which| {
                    statement_pages::cells(self.words, self.live, &which, self.has_printer)
                })
            }
            Kind::Entitlements => {
                let all = latest_first(self.entitlements.clone(), |each| each.body.span.from());
                self.cut(kind, page, all, |each| self.entitlement(&each.body))
            }
            Kind::Acknowledgements => {
                let own = facts.assents.iter().map(|fact| &fact.body);
                let own = own.filter(|assent| assent.customer == *self.customer).collect();
                self.cut(kind, page, latest_first(own, |assent: &&Assent| assent.span.from()), |each| self.assent(each))
            }
            Kind::Maintenance => {
                let all = latest_first(self.maintenances(), |each| each.planned.from());
                self.cut(kind, page, all, |each| self.maintenance(each))
            }
            Kind::Incidents => {
                let own = self.live.incidents.iter().filter(|fact| self.touches(&fact.body.scope)).collect();
                let all = latest_first(own, |each: &&Fact<Incident>| each.body.span.from());
                let updates = self.updates();
                self.cut(kind, page, all, |each| self.incident(each, &updates))
            }
            Kind::Suspensions => {
                let own = facts.suspensions.iter().filter(|fact| self.own(&fact.body.scope)).collect();
                let all = latest_first(own, |each: &&Fact<Suspension>| each.body.ordered_at);
                self.cut(kind, page, all, |each| self.suspension(each))
            }
            Kind::Notices => {
                let all = latest_first(self.notices(), |each| given(&each.body).unwrap_or(each.recorded_at));
                self.cut(kind, page, all, |each| self.notice(&each.body))
            }
            Kind::Agents => {
                let own = facts.connections.iter().map(|fact| &fact.body);
                let own = own.filter(|count| self.own(&count.scope)).collect();
                let all = latest_first(own, |each: &&Connections| each.span.from());
                self.cut(kind, page, all, |each| self.connections(each))
            }
        }
    }

    fn cut<T>(&self, kind: Kind, page: Option<usize>, all: Vec<T>, row: impl Fn(T) -> Vec<Cell>) -> Option<ListView> {
        let texts = self.words.texts;
        let [title, own, others] = kind.keys();
        let length = SHOWN[usize::from(page.is_some())];
        let begin = page.unwrap_or(1).checked_sub(1)?.checked_mul(length)?;
        let total = all.len();
        if begin > 0 && begin >= total {
            return None;
        }
        let address = format!("{}/{}", self.whose.base(), kind.name());
        let at = |page: usize| format!("{address}?page={page}");
        let number = self.words.number(&total.to_string());
        let whole = || (address.clone(), texts.with("concerns-all", &[("n", number.as_str().into())]));
        Some(ListView {
            id: kind.name(),
            title: texts.get(title),
            none: texts.get(if self.whose.is_own() { own } else { others }),
            head: kind.head().iter().map(|key| texts.get(key)).collect(),
            rows: all.into_iter().skip(begin).take(length).map(row).collect(),
            whole: (page.is_none() && total > length).then(whole),
            newer: page.filter(|page| *page > 1).map(|page| at(page - 1)),
            older: page.filter(|_| total > begin + length).map(|page| at(page + 1)),
        })
    }

    /// What a fact is about, by its names.
    fn about(&self, scope: &Scope) -> String {
        let agreement = &self.live.agreement;
        let solution = scope.solution.as_ref().map(|id| match agreement.find_solution(id) {
            Some(solution) => self.words.phrase(&solution.name).text,
            None => id.to_string(),
        });
        let whole = Subject {
            solution: scope.solution.clone(),
            interface: scope.interface.clone(),
            parts: scope.parts.clone(),
        };
        let part = subject::name(self.words, agreement, &whole).text;
        self.words.list(&solution.into_iter().chain([part]).collect::<Vec<_>>())
    }

    fn maybe(&self, at: Option<Instant>) -> Cell {
        at.map_or_else(|| "—".to_owned(), |at| self.words.moment(at)).into()
    }

    /// A moment, and how long after another it was.
    fn after(&self, since: Instant, at: Option<Instant>) -> Cell {
        let Some(at) = at else { return self.maybe(None) };
        let length = at - since;
        let (moment, texts) = (self.words.moment(at), self.words.texts);
        let text = match length.0 {
            0.. => {
                texts.with("concerns-after", &[("moment", moment.into()), ("length", self.words.length(length).into())])
            }
            _ => texts.with("concerns-before", &[("moment", moment.into())]),
        };
        text.into()
    }

    fn entitlement(&self, each: &Entitlement) -> Vec<Cell> {
        let paid = self.words.texts.get(if each.paid { "mine-paid" } else { "mine-not-paid" });
        let revision = each.revision.clone().unwrap_or_else(|| "—".to_owned());
        [self.about(&each.scope), paid, self.words.validity(each.span), revision].map(Cell::from).into()
    }

    fn assent(&self, each: &Assent) -> Vec<Cell> {
        let person = each.person.clone().unwrap_or_else(|| "—".to_owned());
        let when = self.words.validity(each.span);
        let done = form::word(self.words.texts, each.kind.name());
        [standing::document(self.words, self.live, &each.document), done, person, when].map(Cell::from).into()
    }

    /// The plan in force of each maintenance that was announced.
    fn maintenances(&self) -> Vec<&'a Maintenance> {
        let mut latest: BTreeMap<&FactId, &Maintenance> = BTreeMap::new();
        let announced =
            self.live.facts.maintenance.iter().filter(|fact| fact.body.status != MaintenanceStatus::Tentative);
        for fact in announced {
            let held = latest.entry(&fact.id).or_insert(&fact.body);
            if held.sequence <= fact.body.sequence {
                *held = &fact.body;
            }
        }
        latest.into_values().filter(|plan| self.touches(&plan.scope)).collect()
    }

    fn maintenance(&self, each: &Maintenance) -> Vec<Cell> {
        let really = match (each.actual_from, each.actual_until) {
            (None, _) => "—".to_owned(),
            (Some(began), ended) => Interval::new(began, ended.unwrap_or(Instant::MAX))
                .map_or_else(String::new, |span| self.words.validity(span)),
        };
        let (_, status) = maintenance::standing(self.words.texts, schedule::standing(each, self.live.as_known_at));
        let planned = self.words.validity(each.planned);
        [self.about(&each.scope), each.class.clone(), status, planned, really].map(Cell::from).into()
    }

    /// The latest word on each thing, to everybody or to this customer.
    fn updates(&self) -> BTreeMap<&'a FactId, &'a Update> {
        let mut latest: BTreeMap<&FactId, &Update> = BTreeMap::new();
        let to_them = |update: &&Update| update.customer.as_ref().is_none_or(|customer| customer == self.customer);
        for update in self.live.facts.updates.iter().map(|fact| &fact.body).filter(to_them) {
            let held = latest.entry(&update.about).or_insert(update);
            if (held.at, held.stage) <= (update.at, update.stage) {
                *held = update;
            }
        }
        latest
    }

    fn incident(&self, fact: &Fact<Incident>, updates: &BTreeMap<&FactId, &Update>) -> Vec<Cell> {
        let each = &fact.body;
        let page = (incident_page::path(&fact.id), self.words.texts.get("concerns-open"));
        let latest = updates.get(&fact.id).map_or_else(
            || "—".to_owned(),
            |update| {
                let text = match &update.text {
                    Said::Plain(text) => text.clone(),
                    Said::In(text) => self.words.phrase(text).text,
                };
                format!(
                    "{} · {}: {text}",
                    self.words.moment(update.at),
                    incident_page::stage(self.words.texts, update.stage)
                )
            },
        );
        vec![
            Cell { text: self.about(&each.scope), links: vec![page] },
            incident_page::cause(self.words.texts, &each.cause).into(),
            self.words.validity(each.span).into(),
            latest.into(),
        ]
    }

    fn suspension(&self, fact: &Fact<Suspension>) -> Vec<Cell> {
        let each = &fact.body;
        let told = suspension_told(&self.live.notices, fact, self.live.as_known_at);
        let may_tell = !self.whose.is_own() && Visitor::current().may(Role::Operator);
        let correct = || {
            let address = format!("/tell/correction?of={}", super::history::in_path(fact.id.as_str()));
            (address, self.words.texts.get("concerns-correct"))
        };
        vec![
            Cell { text: self.about(&each.scope), links: may_tell.then(correct).into_iter().collect() },
            each.act.clone().into(),
            self.words.moment(each.ordered_at).into(),
            self.after(each.ordered_at, each.enforced_at),
            match told {
                None => self.words.texts.get("concerns-untold").into(),
                told => self.after(each.ordered_at, told),
            },
            match each.lifted_at {
                None if each.enforced_at.is_some() => self.words.texts.get("concerns-not-lifted").into(),
                lifted => self.maybe(lifted),
            },
        ]
    }

    /// What was told to this customer; for the customer itself, what was told to everybody, too.
    fn notices(&self) -> Vec<&'a Fact<Notice>> {
        let to_them = |fact: &&Fact<Notice>| match &fact.body.audience {
            Audience::Public => self.whose.is_own(),
            Audience::Customer(customer) => customer == self.customer,
        };
        self.live.notices.iter().filter(to_them).collect()
    }

    fn notice(&self, notice: &Notice) -> Vec<Cell> {
        let times = [given(notice), notice.delivered_at, notice.acknowledged_at].map(|at| self.maybe(at));
        let names = [notice.about.to_string(), notice.kind.clone(), notice.channel.clone()].map(Cell::from);
        names.into_iter().chain(times).collect()
    }

    fn connections(&self, each: &Connections) -> Vec<Cell> {
        let counts = [each.connected, each.expected, each.customer_side, each.undetermined];
        let counts = counts.map(|count| Cell::from(self.words.number(&count.to_string())));
        [self.about(&each.scope), self.words.validity(each.span)].map(Cell::from).into_iter().chain(counts).collect()
    }
}

fn given(notice: &Notice) -> Option<Instant> {
    notice.published_at.or(notice.accepted_at)
}

fn latest_first<T>(mut all: Vec<T>, at: impl Fn(&T) -> Instant) -> Vec<T> {
    all.sort_by_key(|each| Reverse(at(each)));
    all
}

#[derive(Template)]
#[template(path = "concerns.html")]
struct ListPage {
    frame: Frame,
    /// Where it belongs: the address and the name.
    above: (String, String),
    list: ListView,
}

/// A page of one list.
pub(super) fn page(app: &App, texts: Texts, live: &Live, whose: &Whose, name: &str, page: usize) -> Response {
    let words = frame::words(texts, live);
    let (Some(kind), Some(customer)) = (Kind::find(name), whose.customer()) else {
        return problem::no_such(texts, live);
    };
    let concerns = Concerns::new(&words, live, customer, whose, app.web.printer.is_there());
    let Some(list) = concerns.list(kind, Some(page)) else { return problem::bad_query(texts, live) };
    let path = format!("{}/{}", whose.base(), kind.name());
    let query = if page > 1 { format!("page={page}") } else { String::new() };
    let above = if whose.is_own() { texts.get("nav-mine") } else { customer.to_string() };
    let frame = Frame::new(&words, live, &path, list.title.clone()).asking(query);
    frame::respond(StatusCode::OK, texts, &ListPage { frame, above: (whose.base().to_owned(), above), list })
}
