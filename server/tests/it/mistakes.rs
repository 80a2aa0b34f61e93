//! Every mistake that an agreement can have, made once in an agreement that has everything: what is said about it, word for
//! word. Each has a message of its own, a place, and a sentence that says what to do.

use std::collections::BTreeMap;

use uphold::cli::report;
use uphold_core::agreement::{TERMS, read};

use crate::program::root;

/// Keeps what is said under the name of the test; the changes that it is said about stand in it.
macro_rules! keep {
    ($said:expr) => {
        insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!($said) })
    };
}

/// What `uphold check` prints about one change of the example, under a heading.
fn said(
    source: &str,
    (from, to): (&str, &str),
    seen: &mut BTreeMap<String, String>,
    faults: &mut Vec<String>,
) -> String {
    if source.matches(from).count() != 1 {
        faults.push(format!("{from:?} must stand there once"));
    }
    let wrong = source.replacen(from, to, 1);
    let findings = read(&wrong).findings;
    for finding in &findings {
        let message = &finding.message;
        if finding.help.is_none() {
            faults.push(format!("nothing to do is said: {message}"));
        }
        if message.ends_with('.') || message.starts_with(char::is_uppercase) {
            faults.push(format!("is no line of ours: {message}"));
        }
    }
    match findings.first() {
        None => faults.push(format!("nobody minds {to:?}")),
        Some(first) => {
            if let Some(other) = seen.insert(first.message.clone(), to.to_owned()) {
                faults.push(format!("{to:?} and {other:?} are told alike: {}", first.message));
            }
        }
    }
    let text = report::render(&findings, &wrong, "agreement.toml", false);
    let shown = to.lines().next().unwrap_or("").trim();
    format!("## {}\n\n{text}", if shown.is_empty() { format!("without {}", from.trim()) } else { shown.to_owned() })
}

fn all_said(changes: &[(&str, &str)]) -> String {
    let source = std::fs::read_to_string(root().join("examples/reference/agreement.toml")).unwrap();
    assert_eq!(read(&source).findings, [], "the example itself is right");
    let (mut seen, mut faults) = (BTreeMap::new(), Vec::new());
    let text = changes.iter().map(|change| said(&source, *change, &mut seen, &mut faults)).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    text
}

#[test]
fn mistakes_of_form() {
    keep!(all_said(&[
        ("provider = {", "providr = {"),
        ("[[calendar]]", "[[calender]]"),
        ("[agreement]", "[agreements]"),
        ("[agreement]", "[agreement"),
        ("revision = \"2\"\n", ""),
        ("revision = \"2\"", "revision = \"\""),
        ("id = \"everything\"", "id = 7"),
        ("id = \"shop\"", "id = \"The Shop\""),
        ("id = \"1\"\nforce", "id = \"§ 1\"\nforce"),
        ("id = \"api\"", "id = \"web\""),
        ("solutions = [\"shop\"]", "solutions = \"shop\""),
        (
            "note = { en = \"This text governs.\", ja = \"英語の原文が優先します。\" }",
            "note = { en = \"This text governs.\" }"
        ),
        ("note = { en = \"This text governs.\",", "note = { fr = \"Ce texte prévaut.\", en = \"This text governs.\","),
        ("languages = [\"en\", \"ja\"]", "languages = [\"en\", \"de\"]"),
        ("languages = [\"en\", \"ja\"]", "languages = []"),
        ("authoritative = \"en\"", "authoritative = \"fr\""),
        ("title = { en = \"Everything\", ja = \"すべて\" }", "title = \"Everything\""),
        ("address = \"https://example.com/master\"", "address = \"javascript:alert(1)\""),
        ("this = true", "this = \"yes\""),
        ("outage = { at_least = \"10m\", merge_gap = \"5m\", gap = \"up\", qualify = \"whole\" }", "outage = \"10m\""),
        (
            "[[solution.interface]]\nid = \"web\"\nname = { en = \"Web\", ja = \"Web\" }\n\n[[solution.interface]]\nid = \"api\"\nname = { en = \"API\", ja = \"API\" }\n",
            ""
        ),
    ]));
}

#[test]
fn mistakes_of_time() {
    keep!(all_said(&[
        ("valid_until = 2027-01-01T00:00:00Z", "valid_until = 2025-01-01T00:00:00Z"),
        ("valid_until = 2027-01-01T00:00:00Z", "valid_until = 2027-02-30T00:00:00Z"),
        ("valid_until = 2027-01-01T00:00:00Z", "valid_until = 2027-01-01T00:00:00"),
        ("valid_until = 2027-01-01T00:00:00Z", "valid_until = \"2027-01-01T00:00:00Z\""),
        ("holidays = [2026-01-01,", "holidays = [2026-01-01T00:00:00Z,"),
        ("holidays = [2026-01-01,", "holidays = [\"2026-01-01\","),
        ("merge_gap = \"5m\"", "merge_gap = \"5min\""),
        ("merge_gap = \"5m\"", "merge_gap = \"5\""),
        ("merge_gap = \"5m\"", "merge_gap = 300"),
        ("merge_gap = \"5m\"", "merge_gap = \"30m1h\""),
        ("close_after = \"7d\"", "close_after = \"-7d\""),
        ("close_after = \"7d\"", "close_after = \"101y\""),
        ("close_after = \"7d\"", "close_after = \"40000d\""),
        ("zone = \"Asia/Tokyo\"", "zone = \"Asia/Tokio\""),
        ("zone = \"Asia/Tokyo\"", "zone = \"JST\""),
        ("from = \"09:00\"", "from = \"9:00\""),
        ("until = \"18:00\"", "until = \"08:00\""),
        ("days = [\"mon\"", "days = [\"monday\""),
        ("period = { fiscal = 12, from = 2026-04-01 }", "period = { fiscal = 0, from = 2026-04-01 }"),
        ("period = { fiscal = 12, from = 2026-04-01 }", "period = { fiscal = 12 }"),
        ("period = { fiscal = 12, from = 2026-04-01 }", "period = { fiscal = 12, from = 2026-04-01, billing = 1 }"),
        ("period = { fiscal = 12, from = 2026-04-01 }", "period = {}"),
        ("period = { fiscal = 12, from = 2026-04-01 }", "period = \"monthly\""),
        ("period = { fiscal = 12, from = 2026-04-01 }", "period = { billing = 1, used_once = true }"),
    ]));
}

#[test]
fn mistakes_of_number() {
    keep!(all_said(&[
        ("target = \"99.9\"\nbinding = \"lower\"", "target = \"100.0001\"\nbinding = \"lower\""),
        ("target = \"99.9\"\nbinding = \"lower\"", "target = 99.9\nbinding = \"lower\""),
        ("target = \"99.9\"\nbinding = \"lower\"", "target = \"99,9\"\nbinding = \"lower\""),
        ("target = \"99.9\"\nbinding = \"lower\"", "target = \"-1\"\nbinding = \"lower\""),
        ("min_observed = \"90\"", "min_observed = \"90 %\""),
        ("decimals = 4", "decimals = 1"),
        ("decimals = 4", "decimals = -4"),
        ("decimals = 4", "decimals = \"4\""),
        ("failures = 2", "failures = 0"),
        ("failures = 2", "failures = 1.5"),
        ("vantages = { down_when = 2 }", "vantages = { down_when = 0 }"),
        ("regions = { weights = { east = 2, west = 1 } }", "regions = { weights = { east = 0, west = 0 } }"),
        ("regions = { weights = { east = 2, west = 1 } }", "regions = { weights = { east = \"2\" } }"),
        ("unit = \"0.01\"", "unit = \"0\""),
        ("missed = 2, of = 3", "missed = 4, of = 3"),
        ("slice = { width = \"5m\", bad_above = \"5\",", "slice = { width = \"25h\", bad_above = \"5\","),
    ]));
}

#[test]
fn mistakes_of_reference() {
    keep!(all_said(&[
        ("clause = \"1\"\nkind = \"logging\"", "clause = \"4(g)\"\nkind = \"logging\""),
        ("id = \"errors\"", "id = \"availability\""),
        ("solutions = [\"shop\"]", "solutions = [\"shpo\"]"),
        ("service_time = \"office\"", "service_time = \"offce\""),
        ("service_time = \"office\"", "service_time = \"24 x 7\""),
        ("document = \"master\"", "document = \"mastr\""),
        ("prevails_over = [\"sla\"]", "prevails_over = [\"slaa\"]"),
        ("id = \"sla\"", "id = \"sla\"\nprevails_over = [\"master\"]"),
        ("id = \"sla\"", "id = \"master\""),
        ("calendar = \"office\"", "calendar = \"bank\""),
        ("this = true", "this = true\n[document.terms]\nzone = \"UTC\""),
    ]));
}

#[test]
fn mistakes_of_word() {
    keep!(all_said(&[
        ("kind = \"logging\"", "kind = \"loging\""),
        ("kind = \"logging\"", "kind = \"uptime\""),
        ("per = \"feature\"", "per = \"features\""),
        ("per = \"feature\"", "per = \"agreement\""),
        ("kind = \"logging\"\nper = \"agreement\"", "kind = \"logging\"\nper = \"interface\""),
        ("force = \"duty\"", "force = \"must\""),
        ("binding = \"lower\"", "binding = \"lowr\""),
        ("unknown = \"up\"", "unknown = \"ok\""),
        ("degraded = \"down\"", "degraded = \"unknown\""),
        ("instances = \"any\"", "instances = \"some\""),
        ("features = \"all\"", "features = { over = \"reporting\" }"),
        ("over = \"reporting\", min_reporting = 1", "over = \"reportin\", min_reporting = 1"),
        ("over = \"reporting\", min_reporting = 1", "over = \"reporting\""),
        ("over = \"reporting\", min_reporting = 1", "min_reporting = 1"),
        ("exempt = \"uncontrollable-iaas\"", "exempt = \"iaas\""),
        ("about = \"subprocessor\"", "about = \"sub-processor\""),
        ("to = \"customer\"", "to = \"everybody\""),
        ("restored_within = \"4h\"", "restored_within = \"soon\""),
        ("exercise_every = { months = 12 }", "exercise_every = { years = 1 }"),
        ("covered_when = [\"entitlement\", \"assent\"]", "covered_when = \"entitlement\""),
        ("covered_when = [\"entitlement\", \"assent\"]", "covered_when = [\"payment\"]"),
    ]));
}

#[test]
fn mistakes_of_terms() {
    keep!(all_said(&[
        ("close_after = \"7d\"\n", ""),
        ("rto = \"5h\"", "rpo = \"5h\""),
        ("days_are = \"calendar\"\n", ""),
        (
            "unknown = \"up\"",
            "unknown = \"bounds\"\nvantages = { down_when = 1, over = \"reporting\", min_reporting = 1 }"
        ),
        (
            "target = \"99.9\"\nbinding = \"lower\"",
            "target = \"99.9\"\ntargets = [{ target = \"99\" }]\nbinding = \"lower\""
        ),
        ("name = \"one percent\", target = \"99.9\",", "name = \"one percent\","),
        (
            "indicator = \"counts\", aggregate = \"good-slices\", slice = { width = \"1h\", bad_from = \"10\",",
            "indicator = \"counts\", aggregate = \"good-slices\", slice = { width = \"1h\","
        ),
        (
            "indicator = \"counts\", aggregate = \"good-slices\", slice = { width = \"1h\"",
            "indicator = \"states\", aggregate = \"events\", slice = { width = \"1h\""
        ),
        ("bad_from = \"10\", empty = \"leave\"", "bad_from = \"10\""),
        ("minimum = 100, below = \"leave\"", "minimum = 100"),
        ("bad_above = \"5\", empty", "bad_above = \"5\", bad_from = \"5\", empty"),
        ("at_least = \"10m\",", "at_least = \"10m\", longer_than = \"10m\","),
        ("gap = \"up\", ", ""),
        (", qualify = \"whole\"", ""),
        ("onset = \"first-failure\", ", ""),
        ("class = \"emergency\", extent = \"down\"", "class = \"scheduled\", extent = \"down\""),
        ("class = \"emergency\", extent = \"down\", effect", "class = \"emergency\", effect"),
        ("notice = { lead = \"7d\", by", "notice = { lead = \"7d\", days = 7, by"),
        ("notice = { lead = \"7d\", by", "notice = { by"),
        ("limit = \"8h\", measure = \"actual\",", "limit = \"8h\","),
        ("tiers = [\n    { from = \"99\", below", "tiers = [\n    { from = \"99\", above = \"99\", below"),
        ("tiers = [\n    { from = \"99\", below = \"99.9\", credit", "tiers = [\n    { credit"),
        (
            "tiers = [\n    { from = \"99\", below = \"99.9\", credit = \"10\"",
            "tiers = [\n    { from = \"99\", below = \"99.9\""
        ),
        (
            "tiers = [\n    { from = \"99\", below = \"99.9\",",
            "tiers = [\n    { from = \"99\", below = \"99.9\", down_above = \"1h\","
        ),
        ("mode = \"half-even\"", "mod = \"half-even\""),
        ("cap = { percent = \"100\" }", "cap = { percent = \"100\", days = 30 }"),
        ("pays_above = \"1\"", "pays_above = \"1\"\npays_from = \"1\""),
        ("of = 3, down_above = \"7h\", lapse = \"30d\"", "of = 3"),
        ("claim = { business_days = 10, calendar = \"office\",", "claim = { business_days = 10,"),
        ("claim = { business_days = 10, calendar = \"office\",", "claim = { days = 30, months = 1,"),
        ("claim = { business_days = 10, calendar = \"office\",", "claim = {"),
        ("claim = \"automatic\"", "claim = \"on request\""),
        ("claim = \"automatic\"\n", ""),
    ]));
}

#[test]
fn what_is_allowed_and_probably_not_meant() {
    let text = all_said(&[
        ("binding = \"lower\"", "binding = \"lower\"\nzone = \"UTC\""),
        ("instances = \"any\"", "interfaces = \"any\""),
        ("caps = [\n    { classes = [\"scheduled\"]", "caps = [\n    { classes = [\"planned\"]"),
        ("tiers = [\n    { from = \"99\"", "tiers = [\n    { from = \"98\""),
        ("tiers = [\n    { from = \"99\"", "tiers = [\n    { above = \"99\""),
        ("tiers = [\n    { from = \"99\", below = \"99.9\"", "tiers = [\n    { from = \"99\", up_to = \"99.9\""),
        (
            "document = \"master\"",
            "document = \"master\"\n\n[[definition]]\nterm = { en = \"downtime\", ja = \"停止時間\" }\ntext = { en = \"Another.\", ja = \"別の意味。\" }",
        ),
    ]);
    assert!(!text.contains("error:"), "{text}");
    keep!(text);
}

/// The example with this value for the first statement of a term, or for the policy's where none states it in one line.
fn with_term(source: &str, key: &str, value: &str) -> String {
    let start = format!("\n{key} = ");
    let Some(at) = source.find(&start) else {
        return source.replacen("[policy]\n", &format!("[policy]\n{key} = {value}\n"), 1);
    };
    let (before, old) = source.split_at(at + start.len());
    let mut open = 0_i32;
    let end = old.find(|c| {
        open += i32::from(matches!(c, '[' | '{')) - i32::from(matches!(c, ']' | '}'));
        c == '\n' && open == 0
    });
    format!("{before}{value}{}", &old[end.unwrap_or(old.len())..])
}

#[test]
fn every_term_with_a_value_of_no_use() {
    let source = std::fs::read_to_string(root().join("examples/reference/agreement.toml")).unwrap();
    let mut text = String::new();
    for key in TERMS.map(|term| term.key) {
        // What is published may be called anything, and must be called something.
        let word = if key == "what" { "\"\"" } else { "\"nonsense\"" };
        for value in ["1.5", word] {
            let wrong = with_term(&source, key, value);
            let findings = read(&wrong).findings;
            let there = findings.iter().find(|finding| wrong.get(finding.span.clone()) == Some(value));
            let there = there.unwrap_or_else(|| panic!("nobody minds `{key} = {value}`: {findings:#?}"));
            assert!(there.help.is_some() && findings.len() == 1, "{key}: {findings:#?}");
            text.push_str(&format!(
                "## {key} = {value}\n\n{}",
                report::render(&findings, &wrong, "agreement.toml", false)
            ));
        }
    }
    keep!(text);
}
