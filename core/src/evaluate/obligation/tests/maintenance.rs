use super::*;

const NOTICE: &str = "classes = [\"scheduled\"]\nmaintenance_notice = { lead = \"7d\", by = \"published\" }";
const EXTENSION: &str = "classes = [\"scheduled\"]\nmaintenance_extension = { lead = \"30m\", at_most = \"8h\", at_most_double = true, by = \"published\" }";
const CAP: &str = "classes = [\"scheduled\"]\nmaintenance_limit = \"8h\"\ncap_scope = \"subject\"\ncap_exempt = \"uncontrollable-iaas\"";

/// A plan of the shop: recorded in September, `more` are further keys.
fn plan(id: &str, sequence: u32, from: &str, until: &str, more: &str) -> String {
    let keys = format!(
        r#""recorded_at":<09-01>,"sequence":{sequence},"scope":{{"solution":"shop"}},"class":"scheduled","status":"CONFIRMED","from":<{from}>,"until":<{until}>{more}"#
    );
    line("maintenance", id, &keys)
}

/// A plan that was worked as planned.
fn worked(id: &str, from: &str, until: &str) -> String {
    plan(id, 0, from, until, &format!(r#","actual_from":<{from}>,"actual_until":<{until}>"#))
}

fn published(about: &str, sequence: u32, at: &str) -> String {
    let keys = format!(
        r#""about":{{"id":"{about}","sequence":{sequence}}},"kind":"maintenance","channel":"page","customer":"public","published_at":<{at}>"#
    );
    line("notice", &format!("n-{about}-{sequence}"), &keys)
}

#[test]
fn notice_of_exactly_seven_days_is_in_time_and_a_minute_less_is_not() {
    let agreement = promise("maintenance-notice", NOTICE);
    let window = plan("m", 0, "10-10T15:00", "10-10T17:00", "");
    let row = october(&agreement, &[window.clone(), published("m", 0, "10-03T15:00")]);
    assert_eq!(row.verdict, Verdict::Met);
    assert_eq!(figure(&row, "shortest_notice"), Some("604800".into()));
    assert_eq!(texts(&row), ["kept: `m` was announced 7d ahead (limit 7d)"]);
    let row = october(&agreement, &[window.clone(), published("m", 0, "10-03T15:01")]);
    assert_eq!(row.verdict, Verdict::Missed);
    let row = october(&agreement, std::slice::from_ref(&window));
    assert_eq!((row.verdict, figure(&row, "unannounced")), (Verdict::Missed, Some("1".into())));
    assert_eq!(texts(&row), ["missed: `m` was never announced (limit 7d)"]);
}

#[test]
fn calendar_days_are_counted_by_the_wall_clock() {
    // Berlin leaves summer time on 25 October: seven calendar days are 169 hours.
    let policy = POLICY.replace("\"UTC\"", "\"Europe/Berlin\"");
    let judged = |rule: &str, at: &str| {
        let days_are = if rule.starts_with("days") { "days_are = \"calendar\"\n" } else { "" };
        let notice = format!("maintenance_notice = {{ {rule}, by = \"published\" }}");
        let terms = format!("classes = [\"scheduled\"]\n{days_are}{notice}");
        let agreement = promise_with("maintenance-notice", &terms, &policy);
        let request = Request {
            period: Period::parse("2026-10", &Zone::parse("Europe/Berlin").unwrap()).unwrap(),
            as_known_at: Instant::parse(LATER).unwrap(),
            customers: Customers::Nobody,
        };
        let lines = [plan("m", 0, "10-28T12:00", "10-28T13:00", ""), published("m", 0, at)];
        evaluate(std::slice::from_ref(&agreement), &history(&agreement, &lines), &request).unwrap().rows[0].verdict
    };
    assert_eq!(judged("days = 7", "10-21T11:00"), Verdict::Met);
    assert_eq!(judged("days = 7", "10-21T11:01"), Verdict::Missed);
    assert_eq!(judged("lead = \"7d\"", "10-21T12:00"), Verdict::Met);
}

#[test]
fn only_windows_of_the_classes_the_subject_and_the_period_are_judged() {
    let agreement = promise("maintenance-notice", NOTICE);
    let elsewhere = plan("m1", 0, "10-10", "10-11", "").replace("shop", "till");
    let emergency = plan("m2", 0, "10-10", "10-11", "").replace("\"scheduled\"", "\"emergency\"");
    let cancelled = plan("m3", 0, "10-10", "10-11", "").replace("CONFIRMED", "CANCELLED");
    let november = plan("m4", 0, "11-01", "11-02", "");
    let tentative = plan("m5", 0, "10-10", "10-11", "").replace("CONFIRMED", "TENTATIVE");
    let incident =
        line("incident", "m6", r#""scope":{"solution":"shop"},"cause":"scheduled","from":<10-03>,"until":<10-04>"#);
    let others = [elsewhere, emergency, cancelled, november, tentative, incident];
    assert_eq!(october(&agreement, &others).verdict, Verdict::NoOccasion);
    // A part of the shop is the shop's.
    let part = plan("m7", 0, "10-31T23:59", "11-02", "").replace(r#""shop""#, r#""shop","interface":"api""#);
    assert_eq!(october(&agreement, &[part]).verdict, Verdict::Missed);
}

#[test]
fn a_window_that_moves_to_other_time_needs_a_notice_of_its_own() {
    let agreement = promise("maintenance-notice", NOTICE);
    let mut lines = vec![
        plan("m", 0, "10-20", "10-21", ""),
        published("m", 0, "10-01"),
        plan("m", 1, "10-12", "10-13", ""),
        published("m", 1, "10-10"),
    ];
    assert_eq!(october(&agreement, &lines).verdict, Verdict::Missed);
    lines[3] = published("m", 1, "10-05");
    assert_eq!(october(&agreement, &lines).verdict, Verdict::Met);
    // A later start within the plan, and a later end, take no other time to begin with.
    lines[2] = plan("m", 1, "10-20T06:00", "10-22", "");
    assert_eq!(october(&agreement, &lines[..3]).verdict, Verdict::Met);
}

#[test]
fn a_customer_is_judged_by_what_the_rule_takes_as_proof() {
    let accepted = NOTICE.replace("published", "accepted");
    let agreement = promise("maintenance-notice", &accepted);
    let mail = line(
        "notice",
        "mail",
        r#""about":{"id":"m"},"kind":"maintenance","channel":"mail","customer":"acme","accepted_at":<10-01>"#,
    );
    let lines = [
        entitlement("acme", "shop", "09-01", "12-31"),
        entitlement("other", "shop", "09-01", "12-31"),
        entitlement("late", "shop", "10-11", "12-31"),
        entitlement("gone", "shop", "08-11", "09-15"),
        plan("m", 0, "10-10", "10-11", ""),
        mail,
    ];
    assert_eq!(october_of(&agreement, &lines, "acme").verdict, Verdict::Met);
    assert_eq!(october_of(&agreement, &lines, "other").verdict, Verdict::Missed);
    assert_eq!(october_of(&agreement, &lines, "late").verdict, Verdict::NoOccasion);
    assert_eq!(october_of(&agreement, &lines, "gone").verdict, Verdict::NotCovered);
    // The service as such has nobody to accept a mail: it is judged by what was published.
    assert_eq!(october(&agreement, &lines).verdict, Verdict::Missed);
    let lines = [lines.as_slice(), &[published("m", 0, "10-02")]].concat();
    assert_eq!(october(&agreement, &lines).verdict, Verdict::Met);
}

#[test]
fn what_can_still_be_announced_is_not_missed_yet() {
    let agreement = promise("maintenance-notice", NOTICE);
    let window = plan("m", 0, "10-20", "10-21", "");
    for (at, kind) in [("10-12", "undecided"), ("10-14", "missed")] {
        let row = known(&agreement, std::slice::from_ref(&window), at);
        assert_eq!((row.verdict, row.reasons[0].kind.name()), (Verdict::InProgress, kind), "{at}");
    }
}

#[test]
fn an_extension_is_announced_before_the_end_in_force_and_not_too_long() {
    let agreement = promise("maintenance-extension", EXTENSION);
    let first = plan("m", 0, "10-10T10:00", "10-10T12:00", "");
    assert_eq!(october(&agreement, std::slice::from_ref(&first)).verdict, Verdict::NoOccasion);
    let judged = |until: &str, told: &str| {
        let second = plan("m", 1, "10-10T10:00", until, "");
        october(&agreement, &[first.clone(), second, published("m", 1, told)])
    };
    let kept = judged("10-10T14:00", "10-10T11:30");
    assert_eq!(kept.verdict, Verdict::Met);
    assert_eq!(figure(&kept, "longest_extension"), Some("7200".into()));
    assert_eq!(texts(&kept), ["kept: `m` was extended 30m before its end (limit 30m)"]);
    assert_eq!(judged("10-10T14:00", "10-10T11:31").verdict, Verdict::Missed);
    let too_long = judged("10-10T14:01", "10-10T11:00");
    assert_eq!(too_long.verdict, Verdict::Missed);
    assert!(texts(&too_long)[0].ends_with("`m` was extended by 2h1m (limit 2h)"), "{:?}", texts(&too_long));
}

#[test]
fn an_extension_that_breaks_the_rule_leaves_the_end_in_force() {
    let agreement = promise("maintenance-extension", EXTENSION);
    let lines = [
        plan("m", 0, "10-10T10:00", "10-10T12:00", ""),
        plan("m", 1, "10-10T10:00", "10-10T13:00", ""),
        plan("m", 2, "10-10T10:00", "10-10T13:30", ""),
        // In time for 13:00, which was never in force.
        published("m", 2, "10-10T12:15"),
    ];
    let row = october(&agreement, &lines);
    assert_eq!((row.verdict, figure(&row, "extensions")), (Verdict::Missed, Some("2".into())));
    assert_eq!(row.reasons.iter().filter(|reason| reason.kind.name() == "missed").count(), 2);
}

#[test]
fn exactly_the_limit_of_work_is_kept_and_an_unused_limit_is_met() {
    let agreement = promise("maintenance-cap", CAP);
    let row = october(&agreement, &[]);
    assert_eq!(
        (row.verdict, figure(&row, "used"), figure(&row, "left")),
        (Verdict::Met, Some("0".into()), Some("28800".into()))
    );
    // Two overlapping windows are counted once: 10:00 to 18:00 is eight hours.
    let mut lines = vec![worked("a", "10-10T10:00", "10-10T15:00"), worked("b", "10-10T14:00", "10-10T18:00")];
    let row = october(&agreement, &lines);
    assert_eq!((row.verdict, figure(&row, "used")), (Verdict::Met, Some("28800".into())));
    lines.push(worked("c", "10-31T23:59", "11-01T03:00"));
    let row = october(&agreement, &lines);
    assert_eq!(
        (row.verdict, figure(&row, "used"), figure(&row, "left")),
        (Verdict::Missed, Some("28860".into()), Some("0".into()))
    );
    assert_eq!(texts(&row)[2], "missed: `c` took 1m (limit 8h)");
    assert_eq!(row.reasons.iter().filter(|reason| reason.kind.name() == "missed").count(), 1);
}

#[test]
fn work_of_an_infrastructure_provider_beyond_control_consumes_nothing() {
    let agreement = promise("maintenance-cap", CAP);
    let iaas = |iaas: bool, controllable: bool| {
        let keys = format!(
            r#","iaas":{iaas},"controllable":{controllable},"actual_from":<10-10T10:00>,"actual_until":<10-10T20:00>"#
        );
        plan("i", 0, "10-10T10:00", "10-10T20:00", &keys)
    };
    let used = |lines: &[String]| figure(&october(&agreement, lines), "used").unwrap();
    assert_eq!(used(&[iaas(true, false)]), "0");
    assert_eq!(
        texts(&october(&agreement, &[iaas(true, false)])),
        ["measured: `i` took 10h, which is exempt (limit 8h)"]
    );
    assert_eq!(used(&[iaas(true, true)]), "36000");
    assert_eq!(used(&[iaas(false, false)]), "36000");
    // Own work while it goes on consumes nothing either, whatever class the exempt work has.
    let own = worked("m", "10-10T19:00", "10-10T21:00");
    assert_eq!(used(&[iaas(true, false), own.clone()]), "3600");
    assert_eq!(used(&[iaas(true, false).replace("scheduled", "emergency"), own]), "3600");
}

#[test]
fn the_limit_holds_for_the_subject_or_for_all_as_stated() {
    let elsewhere = worked("t", "10-10T10:00", "10-10T20:00").replace("shop", "till");
    let judged = |terms: &str| october(&promise("maintenance-cap", terms), std::slice::from_ref(&elsewhere)).verdict;
    assert_eq!(judged(CAP), Verdict::Met);
    assert_eq!(judged(&CAP.replace("\"subject\"", "\"all\"")), Verdict::Missed);
}

#[test]
fn a_running_month_shows_what_is_used_planned_and_left() {
    let agreement = promise("maintenance-cap", CAP);
    let running = plan("b", 0, "10-12T10:00", "10-12T13:00", r#","actual_from":<10-12T10:30>"#);
    let lines = [
        worked("a", "10-10T10:00", "10-10T12:00"),
        running.replace("CONFIRMED", "IN-PROCESS"),
        plan("c", 0, "10-20T10:00", "10-20T11:30", ""),
        plan("d", 0, "10-31T23:00", "11-01T10:00", ""),
        plan("e", 0, "10-21T10:00", "10-21T11:30", "").replace("CONFIRMED", "CANCELLED"),
    ];
    let row = known(&agreement, &lines, "10-12T11:00");
    assert_eq!(row.verdict, Verdict::InProgress);
    // Two hours and half an hour are used; two hours of b, one and a half of c and one of d are planned.
    assert_eq!(figure(&row, "used"), Some("9000".into()));
    assert_eq!(figure(&row, "planned"), Some("16200".into()));
    assert_eq!(figure(&row, "left"), Some("3600".into()));
}
