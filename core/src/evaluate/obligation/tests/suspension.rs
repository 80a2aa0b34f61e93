use super::*;

const NOTICE: &str = "noticed_within = \"15m\"\nnoticed_from = \"decision\"";

fn suspension(id: &str, customer: &str, ordered: &str, more: &str) -> String {
    let keys = format!(
        r#""scope":{{"solution":"shop","customer":"{customer}"}},"extent":"whole","act":"denial-of-service","ordered_at":<{ordered}>{more}"#
    );
    line("suspension", id, &keys)
}

fn told(about: &str, customer: &str, at: &str) -> String {
    let keys = format!(
        r#""about":{{"id":"{about}"}},"kind":"suspension","channel":"mail","customer":"{customer}","accepted_at":<{at}>"#
    );
    line("notice", &format!("n-{about}-{customer}"), &keys)
}

#[test]
fn a_notice_at_the_limit_is_prompt_and_one_before_the_decision_too() {
    let agreement = promise("suspension-notice", NOTICE);
    let fact = suspension("x", "acme", "10-10T10:00", "");
    for (at, verdict, took) in [
        ("10-10T10:15", Verdict::Met, "900"),
        ("10-10T10:16", Verdict::Missed, "960"),
        ("10-10T09:58", Verdict::Met, "-120"),
    ] {
        let row = october(&agreement, &[fact.clone(), told("x", "acme", at)]);
        assert_eq!((row.verdict, figure(&row, "slowest_notice")), (verdict, Some(took.into())), "{at}");
    }
}

#[test]
fn a_suspension_that_nobody_was_told_of_is_missed_once_the_period_has_ended() {
    let agreement = promise("suspension-notice", NOTICE);
    let late = suspension("x", "acme", "10-31T23:59", "");
    let row = known(&agreement, std::slice::from_ref(&late), "11-01");
    assert_eq!(
        (row.verdict, texts(&row)),
        (Verdict::Missed, vec!["missed: `x` was never told (limit 15m)".to_owned()])
    );
    // Somebody else being told is no notice; everybody being told is.
    let with = |customer: &str| october(&agreement, &[late.clone(), told("x", customer, "10-31T23:59")]).verdict;
    assert_eq!((with("other"), with("acme")), (Verdict::Missed, Verdict::Met));
    let public = told("x", "public", "10-31T23:59").replace("accepted_at", "published_at");
    assert_eq!(october(&agreement, &[late, public]).verdict, Verdict::Met);
}

#[test]
fn promptness_can_be_measured_from_the_enforcement() {
    let agreement = promise("suspension-notice", &NOTICE.replace("decision", "enforcement"));
    let enforced = suspension("x", "acme", "10-10T10:00", r#","enforced_at":<10-10T10:30>"#);
    let row = october(&agreement, &[enforced, told("x", "acme", "10-10T10:40")]);
    assert_eq!((row.verdict, figure(&row, "slowest_notice")), (Verdict::Met, Some("600".into())));
    let never = suspension("x", "acme", "10-10T10:00", "");
    assert_eq!(october(&agreement, &[never]).verdict, Verdict::NoOccasion);
}

#[test]
fn a_customer_is_judged_by_its_own_suspensions_of_the_subject() {
    let agreement = promise("suspension-notice", NOTICE);
    let lines = [
        entitlement("acme", "shop", "09-01", "12-31"),
        entitlement("other", "shop", "09-01", "12-31"),
        suspension("x", "acme", "10-10T10:00", ""),
        suspension("y", "other", "10-10T10:00", "").replace("shop", "till"),
    ];
    assert_eq!(october_of(&agreement, &lines, "acme").verdict, Verdict::Missed);
    assert_eq!(october_of(&agreement, &lines, "other").verdict, Verdict::NoOccasion);
    assert_eq!(figure(&october(&agreement, &lines), "suspensions"), Some("1".into()));
}

#[test]
fn without_a_limit_promptness_is_measured_and_nothing_is_missed() {
    let agreement = promise("suspension-notice", &NOTICE.replace("15m", "none"));
    let row = october(&agreement, &[suspension("x", "acme", "10-10T10:00", ""), told("x", "acme", "10-12T10:00")]);
    assert_eq!((row.verdict, figure(&row, "slowest_notice")), (Verdict::NoTarget, Some("172800".into())));
    assert_eq!(texts(&row), ["measured: `x` was told after 2d"]);
    assert_eq!(october(&agreement, &[]).verdict, Verdict::NoOccasion);
}

#[test]
fn a_suspension_is_restored_from_its_enforcement_on() {
    let agreement = promise("suspension-restore", "restored_within = \"2h\"");
    let judged = |more: &str, at: &str| known(&agreement, &[suspension("x", "acme", "10-31T20:00", more)], at);
    let lifted = |at: &str| format!(r#","enforced_at":<10-31T22:30>,"lifted_at":<{at}>"#);
    assert_eq!(judged(&lifted("11-01T00:30"), LATER).verdict, Verdict::Met);
    let late = judged(&lifted("11-01T00:31"), LATER);
    assert_eq!((late.verdict, figure(&late, "longest")), (Verdict::Missed, Some("7260".into())));
    // What ends later has not ended yet.
    let open = judged(r#","enforced_at":<10-31T22:30>"#, "11-01T00:30");
    assert_eq!((open.verdict, figure(&open, "not_restored")), (Verdict::Indeterminate, Some("1".into())));
    assert_eq!(judged(&lifted("11-01T00:31"), "11-01T00:30").verdict, Verdict::Indeterminate);
    assert_eq!(judged(r#","enforced_at":<10-31T22:30>"#, "11-01T00:31").verdict, Verdict::Missed);
    assert_eq!(judged("", LATER).verdict, Verdict::NoOccasion);
}

#[test]
fn an_interruption_is_restored_within_its_limit() {
    let agreement = promise("incident-restore", "restored_within = \"2h\"");
    let incident = |id: &str, from: &str, until: &str| {
        let keys =
            format!(r#""scope":{{"solution":"shop","interface":"api"}},"cause":"unscheduled","from":<{from}>{until}"#);
        line("incident", id, &keys)
    };
    let kept = incident("a", "10-10T10:00", r#","until":<10-10T12:00>"#);
    let row = october(&agreement, std::slice::from_ref(&kept));
    assert_eq!(
        (row.verdict, texts(&row)),
        (Verdict::Met, vec!["kept: `a` was restored after 2h (limit 2h)".to_owned()])
    );
    let open = incident("b", "10-31T23:00", "");
    let both = [kept, open];
    assert_eq!(known(&agreement, &both, "11-01T01:00").verdict, Verdict::Indeterminate);
    assert_eq!(known(&agreement, &both, "11-01T01:01").verdict, Verdict::Missed);
    // It belongs to the month in which it began.
    assert_eq!(october(&agreement, &[incident("c", "09-30T23:59", "")]).verdict, Verdict::NoOccasion);
}
