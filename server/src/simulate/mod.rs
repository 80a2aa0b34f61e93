//! A past that is made up: a ledger as a server would have written it that measured these checks for months. For trying what
//! much history does, and for showing what the pages look like with some.
//!
//! Nobody can take it for a real one: every fact says that [`AUTHOR`] told it. Checks look on a grid of their interval and
//! miss nothing while the server runs; parts fail, maintenance is announced and done, servers are stopped; incidents and
//! closed months follow from the figures by the same code as ever. Not simulated: evidence of every single failure (the
//! first and the recovery are kept), latency, names and networks.

pub mod demo;
mod dice;
mod line;
mod plan;

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use serde_json::json;
use uphold_core::history::{Fact as HistoryFact, Incident, MADE_UP};
use uphold_core::id::{CheckId, FactId, InterfaceId, VantageId};
use uphold_core::interval::Interval;
use uphold_core::ledger::book::{Book, BookError};
use uphold_core::ledger::digest::Digest;
use uphold_core::ledger::evidence::{Evidence, File, Media, Took};
use uphold_core::ledger::fact::{Fact, Measurement, ObserverGap, Record};
use uphold_core::ledger::record::customer_named;
use uphold_core::ledger::segment::{OpenRun, Segment, SegmentError, begins_a_month, key_frame_of};
use uphold_core::ledger::tree::Frontier;
use uphold_core::run::Observed;
use uphold_core::time::{Instant, Millis};

pub use plan::{Plan, Staged, Telling};

use crate::ledger::{EvidenceFiles, FILE, LedgerError, NewFact, Past, Reader, keep_agreement, keep_snapshot};
use crate::measure::{Settings, definitions, picture};
use crate::operate::{closing, incident};
use line::Line;
use plan::Story;

/// Who tells every fact of a simulated past.
pub const AUTHOR: &str = "server:simulator";

/// What changes within this time is in one flush.
const TOGETHER: Millis = Millis(100);

/// With more series than this, incidents are looked for every third day and not after every change.
const SMALL: usize = 300;

/// What is kept of every failure.
const EVIDENCE: &[u8] = b"{\"simulated\": \"nothing was really seen\"}\n";

const DAY: Millis = Millis(86_400_000);

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Done {
    /// How many facts.
    pub facts: u64,
    /// How many series.
    pub series: usize,
    /// How many runs they have.
    pub runs: usize,
}

/// Why no past could be made up.
#[derive(Debug)]
pub enum SimulateError {
    /// The ledger could not be written.
    Ledger(LedgerError),
    /// What was made up cannot be understood.
    Book(BookError),
    /// What was made up is no segment.
    Segment(SegmentError),
    /// There is nothing to simulate.
    Empty,
}

impl fmt::Display for SimulateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ledger(error) => error.fmt(f),
            Self::Book(error) => error.fmt(f),
            Self::Segment(error) => error.fmt(f),
            Self::Empty => f.write_str("the checks file has no checks, or the past no length"),
        }
    }
}

impl std::error::Error for SimulateError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Ledger(error) => error.source(),
            Self::Book(error) => error.source(),
            Self::Segment(error) => error.source(),
            Self::Empty => None,
        }
    }
}

impl From<LedgerError> for SimulateError {
    fn from(error: LedgerError) -> Self {
        Self::Ledger(error)
    }
}

impl From<BookError> for SimulateError {
    fn from(error: BookError) -> Self {
        Self::Book(error)
    }
}

impl From<SegmentError> for SimulateError {
    fn from(error: SegmentError) -> Self {
        Self::Segment(error)
    }
}

/// Writes a simulated past into `folder`, which must exist and have no ledger. `agreements` are the texts of the revisions. `progress` gets the simulated time now and
/// then.
///
/// # Errors
/// When there is a ledger, the disk refuses, or the files have nothing to simulate.
pub fn simulate(
    folder: &Path,
    settings: &Settings,
    agreements: &[&str],
    plan: &Plan,
    progress: &mut dyn FnMut(Instant),
) -> Result<Done, SimulateError> {
    let story = Story::new(plan, settings.revisions.in_force(plan.until), &settings.checks);
    let mut world = World::new(folder, settings, plan)?;
    agreements.iter().try_for_each(|text| keep_agreement(folder, text))?;
    let facts = definitions(&world.book, settings, plan.from, AUTHOR);
    world.tell(plan.from, facts.into_iter().map(bare).collect())?;
    world.told(mark(MADE_UP[0], plan.from))?;
    let events = world.events(story, plan);
    world.run(events, plan, progress)?;
    world.past.write()?;
    let reader = Reader::open(&folder.join(FILE))?;
    keep_snapshot(folder, &reader, &world.book, Frontier::default())?;
    let runs = world.lines.iter().map(|line| world.book.fold.bare_runs(&line.series).count()).sum();
    Ok(Done { facts: world.book.size, series: world.lines.len(), runs })
}

/// Something that happens at an instant.
#[derive(Debug)]
enum Event {
    /// What a series observes changes.
    Change(usize, Observed),
    /// The server of a vantage point stops.
    Stop(usize),
    /// Every check was looked at since the server of a vantage point started; before, it was stopped.
    Started(usize, Option<Interval>),
    /// Lines are told.
    Told(Telling),
    /// The figures are looked at.
    Look,
}

/// What is known so far, and where it is written.
struct World<'s> {
    settings: &'s Settings,
    past: Past,
    book: Book,
    now: Instant,
    vantages: Vec<VantageId>,
    /// When each vantage point flushes next; none while it is stopped.
    next_flush: Vec<Option<Instant>>,
    lines: Vec<Line>,
    /// Every line of each vantage point.
    of_vantage: Vec<Vec<usize>>,
    /// How long it takes until every check was looked at.
    settle: Millis,
    /// What stands for every piece of evidence.
    file: File,
    facts: u64,
    flush_every: Millis,
}

/// What marks the beginning or the end of a simulated past: nothing between them was measured.
fn mark(id: &str, at: Instant) -> Telling {
    let line = json!({
        "type": "observer_gap", "id": id, "from": at.to_string(), "until": (at + Millis(1)).to_string(),
        "why": "a mark of the simulator",
    });
    Telling { at, about: None, why: "what is told between these marks is made up".to_owned(), lines: vec![line] }
}

fn bare(fact: Fact) -> NewFact {
    NewFact { fact, segment: None }
}

impl<'s> World<'s> {
    fn new(folder: &Path, settings: &'s Settings, plan: &Plan) -> Result<Self, SimulateError> {
        let checks = &settings.checks;
        let longest = checks.checks.iter().map(|check| check.interval).max().filter(|_| plan.from < plan.until);
        let settle = longest.ok_or(SimulateError::Empty)? + TOGETHER;
        let vantages = checks.vantage_points.clone();
        let mut lines = Vec::new();
        let mut of_vantage = vec![Vec::new(); vantages.len()];
        for (number, check) in (0..).zip(&checks.checks) {
            for vantage in &check.vantage_points {
                if let Some(place) = vantages.iter().position(|known| known == vantage) {
                    of_vantage[place].push(lines.len());
                }
                let series = uphold_core::id::Series { check: check.id.clone(), vantage: vantage.clone() };
                // Checks are spread over their interval, on ticks of 100 ms.
                let phase = plan.from + Millis(number * 700 % check.interval.0 / 100 * 100);
                lines.push(Line { series, interval: check.interval, phase, open: None });
            }
        }
        let next_flush = vec![None; vantages.len()];
        let (past, book) = (Past::begin(folder)?, Book::default());
        let digest = EvidenceFiles::of(folder).keep(EVIDENCE, plan.until)?;
        let file = File { digest, media: Media::Json, bytes: EVIDENCE.len() as u64 };
        let now = plan.from;
        let (facts, flush_every) = (0, plan.flush_every);
        Ok(Self {
            settings,
            past,
            book,
            now,
            vantages,
            next_flush,
            lines,
            of_vantage,
            settle,
            file,
            facts,
            flush_every,
        })
    }

    /// Everything that happens, in order.
    fn events(&self, mut story: Story, plan: &Plan) -> Vec<(Instant, Event)> {
        let mut events = Vec::new();
        for (place, vantage) in self.vantages.iter().enumerate() {
            events.push((plan.from + self.settle, Event::Started(place, None)));
            for stop in story.stops.get(vantage).into_iter().flatten() {
                events.push((stop.from(), Event::Stop(place)));
                events.push((stop.until() + self.settle, Event::Started(place, Some(*stop))));
            }
        }
        for (number, window) in story.windows.iter().enumerate() {
            let tellings = window.tellings(number).into_iter().filter(|told| told.at >= plan.from);
            events.extend(tellings.map(|telling| (telling.at, Event::Told(telling))));
        }
        events.extend(plan.told.iter().map(|telling| (telling.at, Event::Told(telling.clone()))));
        let mut lines = self.lines.iter().enumerate().peekable();
        for check in &self.settings.checks.checks {
            let outages = story.outages_of(plan, check);
            while let Some((place, line)) = lines.next_if(|(_, line)| line.series.check == check.id) {
                let watched =
                    outages.parts().iter().filter(|o| story.is_watched(&line.series.vantage, **o, self.settle));
                for (down, up) in watched.filter_map(|outage| line.observed(*outage)) {
                    events.push((down, Event::Change(place, Observed::Down)));
                    events.push((up, Event::Change(place, Observed::Up)));
                }
            }
        }
        let days = (plan.until - plan.from).0 / DAY.0;
        let every = if self.lines.len() <= SMALL { 1 } else { 3 };
        events.extend(
            (1..=days / every).map(|time| time * every).map(|day| (plan.from + Millis(DAY.0 * day), Event::Look)),
        );
        events.retain(|(at, _)| *at < plan.until);
        events.sort_by_key(|(at, _)| *at);
        events
    }

    fn run(
        &mut self,
        events: Vec<(Instant, Event)>,
        plan: &Plan,
        progress: &mut dyn FnMut(Instant),
    ) -> Result<(), SimulateError> {
        let mut events = events.into_iter().peekable();
        while let Some((at, event)) = events.next() {
            self.flush_until(at)?;
            let mut changes = Vec::new();
            match event {
                Event::Change(line, state) => {
                    changes.push((line, at, state));
                    let vantage = self.lines[line].series.vantage.clone();
                    while let Some((at, Event::Change(line, state))) = events.next_if(|(next, event)| match event {
                        Event::Change(other, _) => {
                            *next <= at + TOGETHER && self.lines[*other].series.vantage == vantage
                        }
                        _ => false,
                    }) {
                        changes.push((line, at, state));
                    }
                }
                Event::Stop(vantage) => {
                    self.flush(vantage, at, BTreeMap::new(), Vec::new())?;
                    self.next_flush[vantage] = None;
                }
                Event::Started(vantage, stop) => self.start(vantage, at, stop)?,
                Event::Told(telling) => self.told(telling)?,
                Event::Look => {
                    progress(at);
                    self.look(at)?;
                }
            }
            if !changes.is_empty() {
                self.change(at + TOGETHER, changes)?;
            }
        }
        self.flush_until(plan.until)?;
        for vantage in 0..self.vantages.len() {
            if self.next_flush[vantage].is_some() {
                self.flush(vantage, plan.until, BTreeMap::new(), Vec::new())?;
            }
        }
        self.look(plan.until)?;
        self.tell_what_changed()?;
        self.told(mark(MADE_UP[1], plan.until))
    }

    /// Tells the next numbers of the frozen statements that later facts changed.
    fn tell_what_changed(&mut self) -> Result<(), SimulateError> {
        let live = picture(self.settings, &self.book, &BTreeMap::new(), self.past.head()?);
        let due = closing::closed(&live).into_iter().flat_map(|period| closing::due(&live, &period, AUTHOR));
        self.tell(self.now, due.collect())
    }

    /// The flushes that are due before an instant.
    fn flush_until(&mut self, at: Instant) -> Result<(), SimulateError> {
        loop {
            let next = self.next_flush.iter().enumerate().filter_map(|(place, due)| Some((((*due)?), place))).min();
            let Some((due, vantage)) = next.filter(|(due, _)| *due < at) else { return Ok(()) };
            self.flush(vantage, due, BTreeMap::new(), Vec::new())?;
        }
    }

    /// Some series of one vantage point changed, each at its instant.
    fn change(&mut self, through: Instant, changes: Vec<(usize, Instant, Observed)>) -> Result<(), SimulateError> {
        let mut listed = BTreeMap::new();
        let mut more = Vec::new();
        let vantage = self.vantages.iter().position(|known| *known == self.lines[changes[0].0].series.vantage);
        for (place, at, state) in changes {
            let line = &mut self.lines[place];
            let runs: Vec<OpenRun> = line.change(at, state).into_iter().flatten().collect();
            let said = runs.into_iter().filter(|run| self.book.fold.find_run(&line.series, run.from) != Some(*run));
            listed.insert(line.series.check.clone(), said.collect());
            let cause = if state == Observed::Down { "HTTP 503" } else { "HTTP 200" }.to_owned();
            let (series, took, files) = (line.series.clone(), Took::default(), vec![self.file.clone()]);
            let id = self.id("evidence");
            more.push(Fact::Evidence(Evidence { id, by: AUTHOR.to_owned(), series, at, state, cause, took, files }));
        }
        self.flush(vantage.unwrap_or_default(), through, listed, more)?;
        if self.lines.len() <= SMALL { self.look(through) } else { Ok(()) }
    }

    /// Every check of a vantage point was looked at for the first time since its server started.
    fn start(&mut self, vantage: usize, through: Instant, stop: Option<Interval>) -> Result<(), SimulateError> {
        let from = through - self.settle;
        let mut listed = BTreeMap::new();
        for place in self.of_vantage[vantage].clone() {
            let line = &mut self.lines[place];
            let run = line.run(line.due(from), through, Observed::Up);
            line.open = Some(run);
            listed.insert(line.series.check.clone(), vec![run]);
        }
        // The last flush speaks of the instant it names; the next one is the first that nobody watched.
        let span = stop.and_then(|stop| Interval::new(stop.from() + Millis(1), stop.until()));
        let gap = span.map(|span| {
            Fact::ObserverGap(ObserverGap {
                id: self.id("gap"),
                by: AUTHOR.to_owned(),
                vantage: Some(self.vantages[vantage].clone()),
                span,
                why: "uphold was not running".to_owned(),
            })
        });
        self.flush(vantage, through, listed, gap.into_iter().collect())
    }

    /// Records what a vantage point says up to an instant, and more facts with it.
    fn flush(
        &mut self,
        vantage: usize,
        through: Instant,
        listed: BTreeMap<CheckId, Vec<OpenRun>>,
        more: Vec<Fact>,
    ) -> Result<(), SimulateError> {
        let known = self.book.fold.through(&self.vantages[vantage]);
        let segment = if known.is_none_or(|before| begins_a_month(before, through)) {
            self.key_frame(vantage, through, listed)?
        } else {
            let all = listed.into_iter();
            let runs = all.flat_map(|(check, runs)| runs.into_iter().map(move |run| (check.clone(), run)));
            Segment::new(self.vantages[vantage].clone(), through, runs.collect())?
        };
        let bytes = segment.encode();
        let fact = Fact::Measurement(Measurement {
            id: self.id("measurement"),
            by: AUTHOR.to_owned(),
            vantage: self.vantages[vantage].clone(),
            through,
            segment: Digest::of(&[&bytes]),
            runs: segment.runs().len() as u64,
        });
        self.next_flush[vantage] = Some(through + self.flush_every);
        let mut facts = vec![NewFact { fact, segment: Some(bytes) }];
        facts.extend(more.into_iter().map(bare));
        self.tell(through, facts)
    }

    /// The segment that begins a month: it lists every series, so that what is older can be erased one day.
    fn key_frame(
        &self,
        vantage: usize,
        through: Instant,
        mut listed: BTreeMap<CheckId, Vec<OpenRun>>,
    ) -> Result<Segment, SegmentError> {
        let mut actual = BTreeMap::new();
        for line in self.of_vantage[vantage].iter().map(|place| &self.lines[*place]) {
            let grown = line.open.map(|open| line.run(open.from, through, open.state));
            let runs = listed.remove(&line.series.check).or(grown.map(|run| vec![run]));
            actual.extend(runs.map(|runs| (line.series.clone(), runs)));
        }
        key_frame_of(&self.book.fold, &self.vantages[vantage], &actual, through)
    }

    fn told(&mut self, telling: Telling) -> Result<(), SimulateError> {
        let Telling { at, about, why, lines } = telling;
        let incident = about.and_then(|(interface, span)| self.incident_of(&interface, span));
        let mut facts = Vec::new();
        for mut line in lines {
            let pointer = match line["type"].as_str() {
                Some("correction") => "/of",
                Some("update") => "/about",
                _ => "/about/id",
            };
            if let Some(id) = line.pointer_mut(pointer).filter(|id| *id == Telling::INCIDENT) {
                let Some(incident) = &incident else { continue };
                *id = incident.as_str().into();
            }
            let customer = line.as_object().and_then(customer_named);
            let (id, by, line) = (self.id("told"), AUTHOR.to_owned(), line.to_string());
            facts.push(bare(Fact::Record(Record { id, by, why: why.clone(), line, customer })));
        }
        self.tell(at, facts)
    }

    /// The incident of an interface that was known of an outage.
    fn incident_of(&self, interface: &InterfaceId, span: Interval) -> Option<FactId> {
        let known = self.book.history().known_at(self.now);
        let is_it = |fact: &&HistoryFact<Incident>| {
            fact.body.scope.interface.as_ref() == Some(interface) && fact.body.span.intersect(span).is_some()
        };
        known.facts.incidents.iter().find(is_it).map(|fact| fact.id.clone())
    }

    /// Records what follows from the figures: incidents, and the statements of months that are over.
    fn look(&mut self, at: Instant) -> Result<(), SimulateError> {
        self.now = self.now.max(at);
        let head = (self.book.size, Digest::of(&[]));
        let live = picture(self.settings, &self.book, &BTreeMap::new(), head);
        let due = incident::due(&live, AUTHOR).into_iter().map(|record| bare(Fact::Record(record)));
        self.tell(at + Millis(500), due.collect())?;
        let closed = closing::closed(&live);
        let is_new = |period: &&uphold_core::time::Period| closing::frozen(&live, period, None).next().is_none();
        if let Some(period) = closed.iter().find(is_new) {
            let head = self.past.head()?;
            let live = picture(self.settings, &self.book, &BTreeMap::new(), head);
            self.tell(at + Millis(900), closing::due(&live, period, AUTHOR))?;
        }
        Ok(())
    }

    /// Writes facts as recorded at that time, or as soon after as those before permit.
    fn tell(&mut self, at: Instant, facts: Vec<NewFact>) -> Result<(), SimulateError> {
        self.now = self.now.max(at);
        for new in &facts {
            let segment = match (&new.fact, &new.segment) {
                (Fact::Measurement(_), Some(bytes)) => Some(Segment::decode(bytes)?),
                _ => None,
            };
            self.book.apply(&new.fact, segment.as_ref(), self.now)?;
        }
        Ok(self.past.append(self.now, facts)?)
    }

    fn id(&mut self, kind: &str) -> FactId {
        self.facts += 1;
        FactId::parse(&format!("simulated-{kind}-{}", self.facts)).expect("the id is printable ASCII")
    }
}
