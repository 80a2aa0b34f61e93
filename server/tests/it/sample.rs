//! A plausible picture, made from the reference agreement and an invented history by the real evaluation.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use uphold::config::{CheckDefinition, read_checks};
use uphold::ledger::{EvidenceFiles, Ledger, NewFact, Signer};
use uphold::live::{CheckView, LatestRun, LedgerHead, Live, SubjectTimeline};
use uphold::revisions::Revisions;
use uphold_core::agreement::{self, Agreement};
use uphold_core::evaluate::{self, Customers, Request, Seen, subjects};
use uphold_core::history::{History, Reader};
use uphold_core::id::{CheckId, CustomerId, FactId, Series, VantageId};
use uphold_core::ledger::book::{Kept, Named};
use uphold_core::ledger::digest::Digest;
use uphold_core::ledger::evidence::{Evidence, File, Media, Took};
use uphold_core::ledger::fact::{Agreement as Fact, Fact as LedgerFact, Record};
use uphold_core::ledger::record::Recorded;
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
}

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

fn check(id: &str, interface: &str, from: Instant) -> String {
    format!(
        r#"{{"type":"check","id":"{id}","scope":{{"solution":"workload-security","interface":"{interface}"}},"vantage":"local","staleness":"30s","from":"{from}"}}"#
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
        lines.push(check(id, interface, from));
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

/// What people told of the story: each line, why, and whose fact it is. The places are those of [`keep_ledger`].
fn told(story: Story) -> Vec<Record> {
    if story == Story::Empty {
        return Vec::new();
    }
    let lines = [
        r#"{"type":"incident","id":"inc-1","scope":{"solution":"workload-security","interface":"api"},"from":"2026-11-22T12:10:05Z","until":"2026-11-22T12:11:20Z","cause":"unscheduled","attributed_to":"example-cloud","detected_at":"2026-11-22T12:10:20Z"}"#,
        r#"{"type":"notice","id":"n-1","about":{"id":"inc-1"},"kind":"incident","channel":"status-page","customer":"public","published_at":"2026-11-22T12:10:50Z"}"#,
        r#"{"type":"update","id":"u-1","about":"inc-1","at":"2026-11-22T12:10:40Z","stage":"identified","text":{"en":"A full disk. <script>alert(1)</script>","ja":"ディスクの空き容量不足です。"}}"#,
        r#"{"type":"update","id":"u-2","about":"inc-1","at":"2026-11-22T12:30:00Z","stage":"postmortem","text":"Nobody watched the disk.\nNow a check does."}"#,
        r#"{"type":"correction","id":"c-1","of":"inc-1","set":{"cause":"unforeseen"},"why":"the provider's report"}"#,
        r#"{"type":"incident","id":"inc-2","scope":{"solution":"workload-security"},"from":"2026-11-22T12:33:41Z","cause":"unclassified"}"#,
        r#"{"type":"incident","id":"inc-acme","scope":{"solution":"workload-security","customer":"acme"},"from":"2026-11-20T00:00:00Z","until":"2026-11-20T01:00:00Z","cause":"a secret of acme"}"#,
        r#"{"type":"incident","id":"inc-0","scope":{"solution":"workload-security"},"from":"2026-03-01T00:00:00Z","until":"2026-03-01T01:00:00Z","cause":"attack"}"#,
        r#"{"type":"placement","id":"p-1","scope":{"solution":"workload-security","region":"tokyo"},"part":"application","provider":"Example Cloud","data_centre":"tokyo-2","from":"2026-01-01T00:00:00Z"}"#,
        r#"{"type":"subprocessor","id":"s-1","scope":{"solution":"workload-security"},"name":"Example Mail","action":"added","effective_at":"2026-12-01T00:00:00Z"}"#,
    ];
    let record = |(place, line): (usize, &str)| Record {
        id: FactId::parse(&format!("told-{place}")).unwrap(),
        by: "token:ops".to_owned(),
        why: "told by <b>phone</b>".to_owned(),
        line: line.to_owned(),
        customer: line.contains("acme").then(|| CustomerId::parse("acme").unwrap()),
    };
    lines.into_iter().enumerate().map(record).collect()
}

/// The series of the check whose failure is kept as evidence.
pub(crate) fn failed() -> Series {
    Series { check: CheckId::parse("api-health").unwrap(), vantage: VantageId::parse("local").unwrap() }
}

/// What was kept of one failure: a body that would be a script if it were not shown as text.
pub(crate) const SEEN: &str = r#"{"v":1,"check":"api-health","vantage":"local","at":"2026-11-22T12:34:00Z","state":"down","cause":"HTTP 503","took_us":{"resolve":10,"connect":200,"tls":0,"first_byte":1500,"body":30,"total":1740},"answer":{"status":503,"headers":[["content-type","text/html"],["set-cookie","[redacted]"]],"body_start":"<script>alert('probe')</script>","body_bytes":31,"body_cut":false,"body_sha256":"00"}}"#;

/// A picture of a page, as far as its first bytes tell.
pub(crate) const PICTURE: &[u8] = b"\x89PNG\r\n\x1a\n<script>alert('picture')</script>";

/// Writes what was told and the evidence of one failure into a ledger, and signs it. Evidence is the last fact.
pub(crate) async fn keep_ledger(data: &Path, story: Story) {
    let ledger = Ledger::open(data, Arc::new(noon)).unwrap();
    let mut facts: Vec<NewFact> =
        told(story).into_iter().map(|record| NewFact { fact: LedgerFact::Record(record), segment: None }).collect();
    let files = EvidenceFiles::of(data);
    let (seen, picture) = (files.keep(SEEN.as_bytes(), noon()).unwrap(), files.keep(PICTURE, noon()).unwrap());
    let file = |digest, media, bytes: usize| File { digest, media, bytes: bytes as u64 };
    let evidence = Evidence {
        id: FactId::parse("evidence-1").unwrap(),
        by: "server:local".to_owned(),
        series: failed(),
        at: at("2026-11-22T12:34:00Z"),
        state: Observed::Down,
        cause: "HTTP 503".to_owned(),
        took: Took { first_byte_us: 1_500, total_us: 1_740, ..Took::default() },
        files: vec![file(seen, Media::Json, SEEN.len()), file(picture, Media::Png, PICTURE.len())],
    };
    facts.push(NewFact { fact: LedgerFact::Evidence(evidence), segment: None });
    ledger.append(facts).await.unwrap();
    let mut signer = Signer::open(data, Some("sla.example.com")).unwrap();
    signer.sign(&ledger.reader().unwrap()).unwrap();
}

/// The picture of a story with what people told of it, as [`keep_ledger`] writes it.
pub(crate) fn operated(story: Story, now: Instant) -> Live {
    let mut live = live(story, now);
    let mut said = History::default();
    let mut records = Vec::new();
    for (seq, record) in told(story).iter().enumerate() {
        let (recorded, history) = Recorded::read(record, seq as u64, now).unwrap();
        records.push(recorded);
        said.append(history);
    }
    let size = records.len() as u64 + 1;
    let facts = said.known_at(now).facts;
    let mut all = (*live.facts).clone();
    (all.updates, all.placements, all.subprocessors) = (facts.updates, facts.placements, facts.subprocessors);
    (live.incidents, live.notices) = (facts.incidents, facts.notices);
    live.facts = Arc::new(all);
    if story != Story::Empty {
        let kept = Kept { seq: size - 1, at: at("2026-11-22T12:34:00Z") };
        live.evidence = Arc::new(BTreeMap::from([(failed(), vec![kept])]));
    }
    live.records = Arc::new(records);
    live
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
        made_up_until: None,
        not_recorded_since: None,
    }
}
