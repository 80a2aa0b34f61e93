//! A plausible picture, made from the reference agreement and an invented history by the real evaluation.

use std::path::Path;
use std::sync::Arc;

use uphold::config::{CheckDefinition, read_checks};
use uphold::live::{CheckView, LatestRun, LedgerHead, Live, SubjectTimeline};
use uphold::revisions::Revisions;
use uphold_core::agreement::{self, Agreement};
use uphold_core::evaluate::{self, Customers, Request, Seen, subjects};
use uphold_core::history::{History, Reader};
use uphold_core::id::FactId;
use uphold_core::ledger::book::Named;
use uphold_core::ledger::digest::Digest;
use uphold_core::ledger::fact::Agreement as Fact;
use uphold_core::run::Observed;
use uphold_core::time::{Instant, Millis, Zone};
use uphold_probe::outcome::{Cause, Said};

const SOURCE: &str = include_str!("../../../examples/cloud-one/agreement.toml");

/// The three checks, with the interface that each measures.
const CHECKS: [(&str, &str); 3] = [("console-login", "console"), ("api-health", "api"), ("agents", "connections")];

/// How often each check observes.
const STEP: Millis = Millis(5000);

/// What the invented history tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Story {
    /// Nothing was registered yet.
    Empty,
    /// Measured for twelve minutes; the API went down and up again, and is down now.
    Young,
    /// Measured for ten weeks, with outages and gaps; all is up now.
    Grown,
    /// The same, judged by two revisions of which the second came into force in the middle of the month.
    Revised,
    /// Measured for twelve minutes, with more solutions than a page shows in full; the API of the sixth is down.
    Wide,
}

/// How many solutions [`Story::Wide`] has.
pub(crate) const SOLUTIONS: usize = 7;

/// The moment that pictures hold for unless told otherwise.
pub(crate) fn noon() -> Instant {
    at("2026-11-22T12:34:56Z")
}

fn at(text: &str) -> Instant {
    Instant::parse(text).unwrap()
}

/// When the second revision of [`Story::Revised`] comes into force.
const REVISED: &str = "2026-11-15T06:00:00Z";

fn read(text: &str) -> Agreement {
    let reading = agreement::read(text);
    reading.agreement.unwrap_or_else(|| panic!("{:#?}", reading.findings))
}

/// The revisions of a story.
fn revisions(story: Story) -> Revisions {
    const FROM: &str = "valid_from = 2026-01-01T00:00:00Z";
    const AVAILABILITY: &str = "id = \"interface-availability\"";
    if story == Story::Wide {
        let wide = wide();
        return Revisions::one(read(&wide), Digest::of(&[wide.as_bytes()]));
    }
    if story != Story::Revised {
        return Revisions::one(read(SOURCE), Digest::of(&[SOURCE.as_bytes()]));
    }
    let promised = |percent: &str| {
        let target = format!("{AVAILABILITY}\ntarget = \"{percent}\"\nbinding = \"both\"");
        SOURCE.replacen(AVAILABILITY, &target, 1)
    };
    let first = promised("99.9").replacen(FROM, &format!("{FROM}\nvalid_until = {REVISED}"), 1);
    let first = first.replacen("revision = \"reference\"", "revision = \"1\"", 1);
    let second = promised("99.95").replacen(FROM, &format!("valid_from = {REVISED}"), 1);
    let second = second.replacen("revision = \"reference\"", "revision = \"2\"", 1);
    let both = [second, first].map(|text| (read(&text), Digest::of(&[text.as_bytes()])));
    Revisions::new(both.into()).unwrap_or_else(|problems| panic!("{problems:?}"))
}

/// The reference agreement for several solutions.
fn wide() -> String {
    const NAME: &str = "workload-security";
    let (head, rest) = SOURCE.split_once("[[solution]]\n").unwrap();
    let (block, tail) = rest.split_once("[[commitment]]").unwrap();
    let copy = |number| format!("[[solution]]\n{}", block.replace(NAME, &format!("service-{number}")));
    let solutions: String = (0..SOLUTIONS).map(copy).collect();
    format!("{head}{solutions}[[commitment]]{tail}").replace(NAME, "service-0")
}

/// Where the ledger names them, as if each had been told in its turn.
fn named(revisions: &Revisions) -> Vec<Named> {
    let name = |(place, (agreement, digest)): (usize, &(Arc<Agreement>, Digest))| Named {
        seq: 10 * place as u64 + 2,
        recorded_at: agreement.valid.from(),
        fact: Fact {
            id: FactId::parse(&format!("agreement-{place}")).unwrap(),
            by: "server:local".to_owned(),
            agreement: agreement.id.clone(),
            revision: agreement.revision.clone(),
            digest: *digest,
            definitions: *digest,
            withdrawn: false,
        },
    };
    revisions.each().iter().enumerate().map(name).collect()
}

fn check(id: &str, solution: &str, interface: &str, from: Instant) -> String {
    format!(
        r#"{{"type":"check","id":"{id}","scope":{{"solution":"{solution}","interface":"{interface}"}},"vantage":"local","staleness":"30s","from":"{from}"}}"#
    )
}

fn run(check: &str, from: Instant, last: Instant, state: &str) -> String {
    let n = (last - from).0 / STEP.0 + 1;
    format!(
        r#"{{"type":"run","check":"{check}","vantage":"local","from":"{from}","last":"{last}","state":"{state}","n":{n}}}"#
    )
}

fn gap(id: &str, from: &str, until: &str) -> String {
    format!(
        r#"{{"type":"observer_gap","id":"{id}","from":"{from}","until":"{until}","why":"restart","recorded_at":"{until}"}}"#
    )
}

/// One check's runs: up from `from` to `until`, apart from the outages.
fn runs(check: &str, from: Instant, until: Instant, outages: &[(Instant, Instant)], lines: &mut Vec<String>) {
    let mut start = from;
    for (down, up) in outages.iter().filter(|(down, _)| *down < until) {
        lines.push(run(check, start, *down - STEP, "up"));
        lines.push(run(check, *down, (*up).min(until) - STEP, "down"));
        start = *up;
    }
    if start < until {
        lines.push(run(check, start, until - STEP, "up"));
    }
}

fn lines(story: Story, known: Instant) -> Vec<String> {
    let mut lines = Vec::new();
    let (from, outages): (Instant, Vec<(Instant, Instant)>) = match story {
        Story::Empty => return lines,
        Story::Wide => {
            let from = noon() - Millis(720_000);
            for (number, (id, interface)) in (0..SOLUTIONS).flat_map(|number| CHECKS.map(|each| (number, each))) {
                let id = format!("{id}-{number}");
                lines.push(check(&id, &format!("service-{number}"), interface, from));
                let down = [(noon() - Millis(75_000), noon() + Millis(60_000))];
                let mine: &[(Instant, Instant)] = if (number, interface) == (5, "api") { &down } else { &[] };
                runs(&id, from, known, mine, &mut lines);
            }
            return lines;
        }
        Story::Young => (
            noon() - Millis(720_000),
            vec![
                (noon() - Millis(480_000), noon() - Millis(419_500)),
                (noon() - Millis(75_000), noon() + Millis(60_000)),
            ],
        ),
        Story::Grown | Story::Revised => (
            at("2026-09-12T08:00:00Z"),
            vec![
                (at("2026-09-30T02:00:00Z"), at("2026-09-30T09:30:00Z")),
                (at("2026-10-19T11:00:00Z"), at("2026-10-19T11:00:45Z")),
                (at("2026-11-03T01:00:00Z"), at("2026-11-03T02:00:00Z")),
                (at("2026-11-22T12:10:05Z"), at("2026-11-22T12:11:20Z")),
            ],
        ),
    };
    for (id, interface) in CHECKS {
        lines.push(check(id, "workload-security", interface, from));
        let mine: &[(Instant, Instant)] = if interface == "api" { &outages } else { &[] };
        runs(id, from, known, mine, &mut lines);
    }
    if matches!(story, Story::Grown | Story::Revised) {
        lines.push(gap("g1", "2026-10-08T20:00:00Z", "2026-10-10T06:00:00Z"));
        lines.push(gap("g2", "2026-11-22T12:00:10Z", "2026-11-22T12:02:40Z"));
    }
    lines
}

fn history(agreement: &Agreement, lines: &[String]) -> History {
    let mut reader = Reader::new(agreement);
    lines.iter().for_each(|line| reader.line(line));
    let (history, _, bad) = reader.finish();
    assert_eq!(bad, []);
    history
}

fn views(known: &History, now: Instant) -> Vec<CheckView> {
    let view = |check: &uphold_core::history::Check| {
        let runs = known.runs.get(&check.series).map_or(&[][..], Vec::as_slice);
        let latest = runs.iter().filter(|run| run.from < now).max_by_key(|run| run.from);
        CheckView {
            series: check.series.clone(),
            scope: check.scope.clone(),
            interval: STEP,
            latest: latest.map(|run| LatestRun { state: run.state, from: run.from, last: run.last }),
            cause: latest.map(|run| match run.state {
                Observed::Down => Cause::Failed(Said::new("<b>Unavailable</b> from http://10.0.0.7/secret-path")),
                _ => Cause::Status(200),
            }),
        }
    };
    known.checks.iter().map(view).collect()
}

/// What one of the checks asks, as a checks file says it.
fn definitions() -> Vec<Arc<CheckDefinition>> {
    const CHECKS: &str = r#"
        vantage = "local"
        [[check]]
        id = "api-health"
        kind = "http"
        solution = "workload-security"
        interface = "api"
        url = "https://api.example.com/health?token=hunter2"
        headers = { authorization = "Bearer hunter2" }
        interval = "5s"
        timeout = "4s"
        staleness = "30s"
    "#;
    let reading = read_checks(CHECKS, Path::new(""), &read(SOURCE));
    reading.checks.unwrap_or_else(|| panic!("{:#?}", reading.findings)).checks
}

/// The picture that a story makes at a moment.
pub(crate) fn live(story: Story, now: Instant) -> Live {
    live_with(story, now, &[])
}

/// The same where these lines were told, too.
pub(crate) fn live_with(story: Story, now: Instant, told: &[String]) -> Live {
    let revisions = revisions(story);
    let agreement = revisions.in_force(now);
    let all = history(agreement, &[lines(story, now), told.to_vec()].concat());
    let known = all.known_at(now);
    let request = Request { period: Zone::utc().month_of(now), as_known_at: now, customers: Customers::Nobody };
    let statement = evaluate::evaluate(revisions.all(), &known, &request).unwrap();
    let schedule = uphold::schedule::windows(revisions.all(), &all, &Seen::new(&known), now);
    let timelines = agreement
        .commitments
        .iter()
        .flat_map(|commitment| {
            subjects(agreement, commitment, &known).into_iter().map(move |subject| (commitment, subject))
        })
        .map(|(commitment, subject)| SubjectTimeline {
            commitment: commitment.id.clone(),
            timeline: evaluate::timeline_over(revisions.all(), &commitment.id, &subject, &Seen::new(&known), now),
            subject,
        })
        .collect();
    Live {
        as_known_at: now,
        statement,
        timelines,
        checks: views(&known, now),
        history: Arc::new(all),
        records: Arc::default(),
        incidents: known.facts.incidents.clone(),
        notices: known.facts.notices.clone(),
        facts: Arc::new(known.facts),
        schedule: Arc::new(schedule),
        definitions: definitions(),
        statements: Arc::default(),
        budgets: Vec::new(),
        evidence: Arc::default(),
        ledger: LedgerHead {
            size: if story == Story::Empty { 0 } else { 1234 },
            root: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".to_owned(),
        },
        agreement: Arc::clone(agreement),
        named: Arc::new(named(&revisions)),
        revisions,
        not_recorded_since: None,
    }
}
