use super::*;

const INCIDENT: &str = "about = \"incident\"\nto = \"public\"\nnoticed_within = \"1h\"";
const CHANGE: &str = "about = \"subprocessor\"\nto = \"public\"\nnoticed_within = \"30d\"";

fn incident(id: &str, from: &str, more: &str) -> String {
    let keys = format!(r#""scope":{{"solution":"shop"}},"cause":"unscheduled","from":<{from}>{more}"#);
    line("incident", id, &keys)
}

fn change(id: &str, effective: &str) -> String {
    let keys = format!(
        r#""recorded_at":<09-01>,"scope":{{"solution":"shop"}},"name":"Cloud","action":"changed","effective_at":<{effective}>"#
    );
    line("subprocessor", id, &keys)
}

fn told(about: &str, customer: &str, key: &str, at: &str) -> String {
    let keys =
        format!(r#""about":{{"id":"{about}"}},"kind":"news","channel":"page","customer":"{customer}","{key}":<{at}>"#);
    line("notice", &format!("n-{about}-{customer}-{key}"), &keys)
}

#[test]
fn an_interruption_is_told_within_the_limit_of_its_detection() {
    let agreement = promise("notice", INCIDENT);
    let detected = incident("i", "10-10T10:00", r#","detected_at":<10-10T10:20>"#);
    let judged =
        |fact: &str, at: &str| october(&agreement, &[fact.to_owned(), told("i", "public", "published_at", at)]);
    let kept = judged(&detected, "10-10T11:20");
    assert_eq!((kept.verdict, figure(&kept, "slowest_notice")), (Verdict::Met, Some("3600".into())));
    assert_eq!(judged(&detected, "10-10T11:21").verdict, Verdict::Missed);
    assert_eq!(judged(&incident("i", "10-10T10:00", ""), "10-10T11:01").verdict, Verdict::Missed);
    let never = october(&agreement, std::slice::from_ref(&detected));
    assert_eq!(
        (never.verdict, texts(&never)),
        (Verdict::Missed, vec!["missed: `i` was never told (limit 1h)".to_owned()])
    );
    // A mail to one customer tells not everybody.
    let mail = told("i", "acme", "accepted_at", "10-10T10:30");
    assert_eq!(october(&agreement, &[detected, mail]).verdict, Verdict::Missed);
}

#[test]
fn every_covered_customer_is_told_where_customers_must_be() {
    let agreement = promise("notice", &INCIDENT.replace("public", "customer"));
    let lines = [
        incident("i", "10-10T10:00", ""),
        told("i", "acme", "accepted_at", "10-10T10:30"),
        told("i", "public", "published_at", "10-10T10:00"),
        entitlement("acme", "shop", "09-01", "12-31"),
        entitlement("of-till", "till", "09-01", "12-31"),
        entitlement("before", "shop", "09-01", "10-05"),
    ];
    assert_eq!(october_of(&agreement, &lines, "acme").verdict, Verdict::Met);
    let row = october(&agreement, &lines);
    assert_eq!((row.verdict, row.reasons.len()), (Verdict::Met, 1));
    let lines = [lines.as_slice(), &[entitlement("other", "shop", "09-01", "12-31")]].concat();
    assert_eq!(october_of(&agreement, &lines, "other").verdict, Verdict::Missed);
    let row = october(&agreement, &lines);
    assert_eq!((row.verdict, row.reasons.len(), figure(&row, "untold")), (Verdict::Missed, 2, Some("1".into())));
}

#[test]
fn a_change_of_sub_processor_is_told_so_long_before_it() {
    let agreement = promise("notice", CHANGE);
    let judged = |at: &str| october(&agreement, &[change("s", "10-31"), told("s", "public", "published_at", at)]);
    let kept = judged("10-01");
    assert_eq!(
        (kept.verdict, texts(&kept)),
        (Verdict::Met, vec!["kept: `s` was announced 30d ahead (limit 30d)".to_owned()])
    );
    let late = judged("10-01T00:01");
    assert_eq!((late.verdict, figure(&late, "shortest_notice")), (Verdict::Missed, Some("2591940".into())));
    assert_eq!(october(&agreement, &[change("s", "10-31")]).verdict, Verdict::Missed);
    assert_eq!(october(&agreement, &[change("s", "11-01")]).verdict, Verdict::NoOccasion);
    // While it can still be told in time, nobody can say.
    let soon = known(&agreement, &[change("s", "10-31T12:00")], "10-01");
    assert_eq!(soon.reasons[0].kind.name(), "undecided");
}
