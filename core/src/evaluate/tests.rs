use crate::agreement::{self, Agreement};
use crate::evaluate::{Customers, Request, Seen, evaluate};
use crate::history::{History, Reader};
use crate::statement::{Row, Statement, Verdict};
use crate::time::{Instant, Period, Zone};

const TWO_COMMITMENTS: &str = include_str!("../../tests/fixtures/two-commitments.toml");

fn agreement(source: &str) -> Agreement {
    let reading = agreement::read(source);
    reading.agreement.unwrap_or_else(|| panic!("{:#?}", reading.findings))
}

fn history(agreement: &Agreement, lines: &str) -> History {
    let mut reader = Reader::new(agreement);
    lines.lines().for_each(|line| reader.line(line));
    let (history, _, bad) = reader.finish();
    assert_eq!(bad, []);
    history
}

fn at(text: &str) -> Instant {
    Instant::parse(text).unwrap()
}

fn october(agreement: &Agreement, lines: &str, known: &str) -> Statement {
    let request = Request {
        period: Period::parse("2026-10", &Zone::utc()).unwrap(),
        as_known_at: at(known),
        customers: Customers::Nobody,
    };
    evaluate(std::slice::from_ref(agreement), &history(agreement, lines), &request).unwrap()
}

fn row<'s>(statement: &'s Statement, subject: &str) -> &'s Row {
    statement.rows.iter().find(|row| row.subject.to_string() == subject).unwrap()
}

fn check(id: &str, interface: &str, staleness: &str) -> String {
    format!(
        r#"{{"type":"check","id":"{id}","scope":{{"solution":"workload-security","interface":"{interface}"}},"vantage":"local","staleness":"{staleness}","from":"2026-01-01T00:00:00Z"}}"#
    )
}

fn run(check: &str, from: &str, last: &str, state: &str, n: u32) -> String {
    format!(
        r#"{{"type":"run","check":"{check}","vantage":"local","from":"2026-{from}Z","last":"2026-{last}Z","state":"{state}","n":{n}}}"#
    )
}

const LATER: &str = "2026-11-10T00:00:00Z";

/// All three interfaces seen up through October, and the API down for one hour of it.
fn an_hour_down() -> String {
    [
        check("console", "console", "none"),
        check("api", "api", "none"),
        check("connect", "connections", "none"),
        run("console", "09-30T00:00:00", "11-02T00:00:00", "up", 9),
        run("connect", "09-30T00:00:00", "11-02T00:00:00", "up", 9),
        run("api", "09-30T00:00:00", "10-03T00:59:00", "up", 9),
        run("api", "10-03T01:00:00", "10-03T01:59:00", "down", 9),
        run("api", "10-03T02:00:00", "11-02T00:00:00", "up", 9),
    ]
    .join("\n")
}

#[test]
fn an_hour_of_744_is_a_share_of_743_in_744() {
    let agreement = agreement(TWO_COMMITMENTS);
    let statement = october(&agreement, &an_hour_down(), LATER);
    assert_eq!(statement.rows.len(), 4);
    let api = row(&statement, "workload-security/api");
    let bounds = api.availability.as_ref().unwrap();
    assert_eq!(bounds.lower.to_string(), format!("{}/{}", 743 * 3_600_000_i64, 744 * 3_600_000_i64));
    assert_eq!(bounds.lower, bounds.upper);
    assert_eq!(api.verdict, Verdict::NoTarget);
    assert_eq!(api.reasons.len(), 1);
    assert_eq!(api.reasons[0].text(), "api@local saw api down");
    let console = row(&statement, "workload-security/console");
    assert_eq!(console.availability.as_ref().unwrap().lower.percent(3), "100.000");
    let service = row(&statement, "workload-security");
    assert_eq!(service.tally, api.tally);
}

#[test]
fn what_no_check_measures_is_unknown_and_makes_the_whole_unknown() {
    let agreement = agreement(TWO_COMMITMENTS);
    let lines: String = an_hour_down().lines().filter(|l| !l.contains("connect")).map(|l| format!("{l}\n")).collect();
    let statement = october(&agreement, &lines, LATER);
    let connections = row(&statement, "workload-security/connections");
    assert_eq!(connections.tally.unknown, connections.tally.covered());
    assert_eq!(connections.reasons[0].text(), "no check measures connections");
    let service = row(&statement, "workload-security").availability.clone().unwrap();
    assert_eq!((service.lower.percent(3), service.upper.percent(3)), ("0.000".into(), "99.865".into()));
}

#[test]
fn instants_after_the_moment_of_knowledge_do_not_exist() {
    let agreement = agreement(TWO_COMMITMENTS);
    let statement = october(&agreement, &an_hour_down(), "2026-10-02T00:00:00Z");
    let console = row(&statement, "workload-security/console");
    assert_eq!(console.verdict, Verdict::InProgress);
    assert_eq!(console.tally.covered().seconds(), "86400");
    // The run that saw all this was recorded on 2 November: on 2 October nobody knew.
    assert_eq!(console.tally.unknown.seconds(), "86400");
}

#[test]
fn the_order_of_lines_and_their_repetition_change_nothing() {
    let agreement = agreement(TWO_COMMITMENTS);
    let forward = october(&agreement, &an_hour_down(), LATER);
    let mut lines: Vec<String> = an_hour_down().lines().map(str::to_owned).collect();
    lines.reverse();
    lines.extend(an_hour_down().lines().map(str::to_owned));
    assert_eq!(october(&agreement, &lines.join("\n"), LATER), forward);
}

#[test]
fn a_recorded_gap_is_unknown_in_both_bounds() {
    let agreement = agreement(TWO_COMMITMENTS);
    let gap = r#"{"type":"observer_gap","id":"g1","from":"2026-10-05T00:00:00Z","until":"2026-10-05T01:00:00Z","why":"restart","recorded_at":"2026-10-05T01:00:00Z"}"#;
    let statement = october(&agreement, &format!("{}\n{gap}", an_hour_down()), LATER);
    let api = row(&statement, "workload-security/api");
    assert_eq!((api.tally.down.seconds(), api.tally.unknown.seconds()), ("3600".into(), "3600".into()));
    let bounds = api.availability.as_ref().unwrap();
    assert_eq!(bounds.lower.to_string(), format!("{}/{}", 742 * 3_600_000_i64, 744 * 3_600_000_i64));
    assert_eq!(bounds.upper.to_string(), format!("{}/{}", 743 * 3_600_000_i64, 744 * 3_600_000_i64));
    assert!(api.reasons.iter().any(|reason| reason.text().ends_with("the observer was not watching: restart")));
}

fn with_target(percent: &str, binding: &str) -> Agreement {
    let source = TWO_COMMITMENTS.replace(
        "per = \"interface\"",
        &format!("per = \"interface\"\ntarget = \"{percent}\"\nbinding = \"{binding}\""),
    );
    agreement(&source)
}

#[test]
fn a_target_is_met_at_its_exact_edge_and_missed_just_above_it() {
    // One hour of 744 down: 743/744 = 99.865591…
    for (target, verdict) in [("99.8655", Verdict::Met), ("99.8656", Verdict::Missed), ("100", Verdict::Missed)] {
        let agreement = with_target(target, "both");
        let statement = october(&agreement, &an_hour_down(), LATER);
        assert_eq!(row(&statement, "workload-security/api").verdict, verdict, "{target}");
        assert_eq!(row(&statement, "workload-security/console").verdict, Verdict::Met);
    }
}

#[test]
fn only_both_bounds_make_a_verdict_indeterminate() {
    let gap = r#"{"type":"observer_gap","id":"g1","from":"2026-10-05T00:00:00Z","until":"2026-10-05T01:00:00Z","recorded_at":"2026-10-05T01:00:00Z"}"#;
    for (binding, verdict) in [("lower", Verdict::Missed), ("upper", Verdict::Met), ("both", Verdict::Indeterminate)] {
        let agreement = with_target("99.8", binding);
        let statement = october(&agreement, &format!("{}\n{gap}", an_hour_down()), LATER);
        assert_eq!(row(&statement, "workload-security/api").verdict, verdict, "{binding}");
    }
}

#[test]
fn a_revision_counts_only_from_the_moment_it_is_in_force() {
    let agreement = agreement(&TWO_COMMITMENTS.replace("2026-01-01T00:00:00Z", "2026-10-31T00:00:00Z"));
    let statement = october(&agreement, &an_hour_down(), LATER);
    assert_eq!(row(&statement, "workload-security/api").tally.covered().seconds(), "86400");
}

/// The same agreement, its one solution covered from a later moment than the revision.
fn covered_from(from: &str) -> Agreement {
    let solution = "id = \"workload-security\"\n";
    agreement(&TWO_COMMITMENTS.replacen(solution, &format!("{solution}covered_from = {from}\n"), 1))
}

#[test]
fn time_before_a_solution_is_covered_is_not_judged_at_all() {
    let lines = an_hour_down();
    let later = october(&covered_from("2026-10-31T00:00:00Z"), &lines, LATER);
    let api = row(&later, "workload-security/api");
    assert_eq!((api.tally.covered().seconds(), api.tally.down.seconds()), ("86400".into(), "0".into()));
    assert_eq!(api.counted.parts()[0].from(), at("2026-10-31T00:00:00Z"));
    assert_eq!(api.reasons, []);
    let inside = october(&covered_from("2026-10-03T01:30:00.5Z"), &lines, LATER);
    assert_eq!(row(&inside, "workload-security/api").tally.down.seconds(), "1799.5");
    let never = october(&covered_from("2026-11-01T00:00:00Z"), &lines, LATER);
    assert_eq!(row(&never, "workload-security/api").verdict, Verdict::NotCovered);
}

#[test]
fn a_solution_that_was_covered_before_the_revision_counts_from_the_revision() {
    let lines = an_hour_down();
    let early = october(&covered_from("2020-01-01T00:00:00Z"), &lines, LATER);
    assert_eq!(early, october(&agreement(TWO_COMMITMENTS), &lines, LATER));
}

#[test]
fn a_period_as_asked_is_judged_as_one_and_a_month_is_not() {
    let period = "2026-09-30T00:00:00Z/2026-10-03T01:30:00.5Z";
    let judged = |length: &str| {
        let agreement = agreement(&TWO_COMMITMENTS.replace("period = \"month\"", &format!("period = \"{length}\"")));
        let request = Request {
            period: Period::parse(period, &Zone::utc()).unwrap(),
            as_known_at: at(LATER),
            customers: Customers::Nobody,
        };
        let history = history(&agreement, &an_hour_down());
        let statement = evaluate(&[agreement], &history, &request).unwrap();
        let rows = statement.rows.into_iter().filter(|row| row.subject.to_string() == "workload-security/api");
        rows.map(|row| (row.period.name, row.tally.covered().seconds(), row.tally.down.seconds())).collect::<Vec<_>>()
    };
    assert_eq!(judged("asked"), [(period.to_owned(), "264600.5".to_owned(), "1800.5".to_owned())]);
    let months: Vec<String> = judged("month").into_iter().map(|(name, ..)| name).collect();
    assert_eq!(months, ["2026-09", "2026-10"]);
}

#[test]
fn a_check_that_was_retired_takes_no_part_afterwards() {
    let agreement = agreement(TWO_COMMITMENTS);
    let retired = check("api-old", "api", "none")
        .replace(r#""from":"2026-01-01T00:00:00Z""#, r#""from":"2026-01-01T00:00:00Z","until":"2026-10-01T00:00:00Z""#);
    let down = run("api-old", "09-01T00:00:00", "09-02T00:00:00", "down", 3);
    let with = october(&agreement, &format!("{}\n{retired}\n{down}", an_hour_down()), LATER);
    assert_eq!(with, october(&agreement, &an_hour_down(), LATER));
}

#[test]
fn json_holds_the_bounds_as_text_and_as_fractions() {
    let agreement = agreement(TWO_COMMITMENTS);
    let inputs = crate::statement::Inputs { digest: "00".into(), lines: 8, skipped: 0 };
    let json = october(&agreement, &an_hour_down(), LATER).to_json(&inputs);
    let api = json["commitments"].as_array().unwrap().iter().find(|r| r["subject"] == "workload-security/api").unwrap();
    assert_eq!(api["availability"]["lower"], "99.865");
    assert_eq!(api["availability"]["exact_lower"]["num"], "2674800000");
    assert_eq!(api["seconds"]["down"], "3600");
    assert_eq!(api["period"]["zone"], "UTC");
    assert_eq!(api["reasons"][0]["from"], "2026-10-03T01:00:00Z");
}

#[test]
fn the_reference_agreement_reads_without_a_finding_and_judges_every_kind() {
    let source = include_str!("../../../examples/cloud-one/agreement.toml");
    let reading = agreement::read(source);
    assert_eq!(reading.findings, []);
    let reference = agreement(source);
    let kinds: std::collections::BTreeSet<&str> = reference.commitments.iter().map(|c| c.kind()).collect();
    assert_eq!(kinds.len(), 14, "{kinds:?}");
    assert!(reference.commitments.iter().all(|commitment| commitment.target().is_none()), "no percentage is promised");
    let definition = reference.find_definition("Force Majeure").unwrap();
    assert_eq!(definition.document.as_ref().map(|id| id.as_str()), Some("terms-of-use"));
}

#[test]
fn a_timeline_over_revisions_is_judged_by_each_in_its_time_and_its_edge_cuts_no_outage() {
    use crate::evaluate::{in_force, timeline, timeline_over};
    use crate::interval::Interval;
    use crate::timeline::State;
    let change = at("2026-10-10T12:00:00Z");
    let mut revisions = vec![agreement(TWO_COMMITMENTS), agreement(TWO_COMMITMENTS)];
    revisions[0].valid = Interval::new(at("2026-01-01T00:00:00Z"), change).unwrap();
    revisions[1].valid = Interval::new(change, Instant::MAX).unwrap();
    revisions[1].revision = "2".to_owned();
    let known = history(&revisions[0], &an_hour_down()).known_at(at(LATER));
    let commitment = revisions[0].commitments.iter().find(|each| each.states().is_some()).unwrap().clone();
    let subjects = crate::evaluate::subjects(&revisions[0], &commitment, &known);
    let down = |line: &crate::timeline::Timeline| line.when(State::Down, Interval::ALL);
    let subject = subjects.iter().find(|subject| {
        !down(&timeline(&revisions[0], &commitment, subject, &Seen::new(&known), at(LATER))).parts().is_empty()
    });
    let subject = subject.expect("one of them was down");
    let over =
        |revisions: &[Agreement]| timeline_over(revisions, &commitment.id, subject, &Seen::new(&known), at(LATER));
    let alone = timeline(&revisions[0], &commitment, subject, &Seen::new(&known), at(LATER));
    assert_eq!(over(&revisions[..1]), alone);
    // Two that say the same are as one, wherever the edge lies.
    let outage = down(&alone).parts()[0];
    let middle = Instant((outage.from().0 + outage.until().0) / 2);
    for edge in [change, middle, outage.from(), outage.until(), at(LATER), at("2027-01-01T00:00:00Z")] {
        revisions[0].valid = Interval::new(at("2026-01-01T00:00:00Z"), edge).unwrap();
        revisions[1].valid = Interval::new(edge, Instant::MAX).unwrap();
        assert_eq!(over(&revisions), alone, "{edge}");
        assert_eq!(in_force(&revisions, edge).unwrap().revision, "2");
        assert_eq!(in_force(&revisions, Instant(edge.0 - 1)).unwrap().revision, revisions[0].revision);
    }
    // What the second has no commitment for is unknown from then on, and as it was before.
    revisions[0].valid = Interval::new(at("2026-01-01T00:00:00Z"), middle).unwrap();
    revisions[1].valid = Interval::new(middle, Instant::MAX).unwrap();
    revisions[1].commitments.retain(|each| each.id != commitment.id);
    let spliced = over(&revisions);
    assert_eq!((spliced.at(Instant(middle.0 - 1)), spliced.at(middle)), (State::Down, State::Unknown));
    assert_eq!(down(&spliced).parts(), [Interval::new(outage.from(), middle).unwrap()]);
    // One that is to come draws nothing, whatever it says.
    revisions[0].valid = Interval::new(at("2026-01-01T00:00:00Z"), at(LATER)).unwrap();
    revisions[1].valid = Interval::new(at(LATER), Instant::MAX).unwrap();
    assert_eq!(over(&revisions), alone);
    assert!(in_force(&[], middle).is_none());
    let before = in_force(&revisions, Instant::MIN).unwrap();
    assert_eq!(before.revision, revisions[0].revision, "before all of them the first");
}

#[test]
fn what_was_known_before_a_run_went_on_is_guessed_from_what_it_is_now() {
    let agreement = agreement(TWO_COMMITMENTS);
    let then = an_hour_down();
    let now = then.replace("2026-11-02T00:00:00Z", "2026-11-20T00:00:00Z");
    let known = "2026-11-05T00:00:00Z";
    let was = october(&agreement, &then, known);
    assert_ne!(october(&agreement, &now, known), was, "what is recorded as longer was not known then");
    let request = Request {
        period: Period::parse("2026-10", &Zone::utc()).unwrap(),
        as_known_at: at(known),
        customers: Customers::Nobody,
    };
    let near = |from: &str, until: &str| crate::interval::Interval::new(at(from), at(until)).unwrap();
    let guessed = |near| {
        let then = history(&agreement, &now).guessed_at(at(known), near);
        evaluate(std::slice::from_ref(&agreement), &then, &request).unwrap()
    };
    assert_eq!(guessed(crate::interval::Interval::ALL), was);
    assert_eq!(guessed(near("2026-09-01T00:00:00Z", "2026-11-30T00:00:00Z")), was);
    let too_near = near("2026-10-20T00:00:00Z", "2026-10-21T00:00:00Z");
    assert_ne!(guessed(too_near), was, "an outage that is not near is not in it");
}
