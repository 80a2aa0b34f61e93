//! What people told of the stories of `sample`, and the evidence of one failure: as a picture, and as a ledger on disk.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use uphold::ledger::{EvidenceFiles, Ledger, NewFact, Signer};
use uphold::live::Live;
use uphold_core::history::History;
use uphold_core::id::{CheckId, CustomerId, FactId, Series, VantageId};
use uphold_core::ledger::book::Kept;
use uphold_core::ledger::digest::Digest;
use uphold_core::ledger::evidence::{Evidence, File, Media, Took};
use uphold_core::ledger::fact::{Fact, Record};
use uphold_core::ledger::record::Recorded;
use uphold_core::run::Observed;
use uphold_core::time::Instant;

use crate::sample::{self, Story, noon};

/// When the failure was seen whose evidence is kept.
fn seen_at() -> Instant {
    Instant::parse("2026-11-22T12:34:00Z").unwrap()
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
        told(story).into_iter().map(|record| NewFact { fact: Fact::Record(record), segment: None }).collect();
    let files = EvidenceFiles::of(data);
    let (seen, picture) = (files.keep(SEEN.as_bytes(), noon()).unwrap(), files.keep(PICTURE, noon()).unwrap());
    let file = |digest: Digest, media, bytes: usize| File { digest, media, bytes: bytes as u64 };
    let evidence = Evidence {
        id: FactId::parse("evidence-1").unwrap(),
        by: "server:local".to_owned(),
        series: failed(),
        at: seen_at(),
        state: Observed::Down,
        cause: "HTTP 503".to_owned(),
        took: Took { first_byte_us: 1_500, total_us: 1_740, ..Took::default() },
        files: vec![file(seen, Media::Json, SEEN.len()), file(picture, Media::Png, PICTURE.len())],
    };
    facts.push(NewFact { fact: Fact::Evidence(evidence), segment: None });
    ledger.append(facts).await.unwrap();
    let mut signer = Signer::open(data, Some("sla.example.com")).unwrap();
    signer.sign(&ledger.reader().unwrap()).unwrap();
}

/// The picture of a story with what people told of it, as [`keep_ledger`] writes it.
pub(crate) fn operated(story: Story, now: Instant) -> Live {
    let mut live = sample::live(story, now);
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
        let kept = Kept { seq: size - 1, at: seen_at() };
        live.evidence = Arc::new(BTreeMap::from([(failed(), vec![kept])]));
    }
    live.records = Arc::new(records);
    live
}
