use super::*;

fn publication(id: &str, what: &str, from: &str, until: &str) -> String {
    let keys = format!(r#""what":"{what}","address":"https://shop.example/","from":<{from}>{until}"#);
    line("publication", id, &keys)
}

fn log(id: &str, customer: &str, kind: &str, from: &str, until: &str) -> String {
    let keys = format!(
        r#""recorded_at":<{until}>,"customer":"{customer}","kind":"{kind}","from":<{from}>,"until":<{until}>,"count":0,"digest":"00""#
    );
    line("log_digest", id, &keys)
}

#[test]
fn a_page_that_stood_all_the_month_is_kept_and_a_minute_without_is_missed() {
    let agreement = promise("publication", "what = \"sub-processors\"\nper = \"agreement\"");
    let until = |at: &str| format!(r#","until":<{at}>"#);
    let mut lines = vec![
        publication("a", "sub-processors", "09-01", &until("10-10")),
        publication("b", "sub-processors", "10-10", ""),
        publication("c", "agreement", "09-01", ""),
    ];
    let row = october(&agreement, &lines);
    assert_eq!((row.verdict, figure(&row, "present")), (Verdict::Met, Some("2678400".into())));
    lines[1] = publication("b", "sub-processors", "10-10T00:01", "");
    let row = october(&agreement, &lines);
    assert_eq!((row.verdict, figure(&row, "absent")), (Verdict::Missed, Some("60".into())));
    assert_eq!(texts(&row)[1], "missed: was not there");
    assert_eq!(october(&agreement, &lines[2..]).verdict, Verdict::Missed);
    // Time that has not passed is not absent.
    let row = known(&agreement, &[publication("a", "sub-processors", "09-01", "")], "10-05");
    assert_eq!((row.verdict, figure(&row, "absent")), (Verdict::InProgress, Some("0".into())));
}

#[test]
fn logging_is_owed_to_each_customer_for_the_time_it_is_covered() {
    let agreement = promise("logging", "what = \"policy\"");
    let lines = [
        entitlement("acme", "shop", "09-01", "12-31"),
        entitlement("late", "shop", "10-20", "12-31"),
        log("a", "acme", "policy", "09-30", "10-16"),
        log("b", "acme", "policy", "10-16", "11-01"),
        log("c", "late", "policy", "10-20", "11-01"),
    ];
    for customer in ["acme", "late"] {
        assert_eq!(october_of(&agreement, &lines, customer).verdict, Verdict::Met, "{customer}");
    }
    assert_eq!(october(&agreement, &lines).verdict, Verdict::Met);
    let events = lines.clone().map(|line| {
        line.replace("\"b\"", "\"e\"").replace("\"policy\",\"from\":\"2026-10-16", "\"event\",\"from\":\"2026-10-16")
    });
    let row = october_of(&agreement, &events, "acme");
    assert_eq!((row.verdict, figure(&row, "absent")), (Verdict::Missed, Some((16 * 86_400).to_string())));
    assert_eq!(october_of(&agreement, &events, "late").verdict, Verdict::Met);
    let row = october(&agreement, &events);
    assert_eq!((row.verdict, figure(&row, "present")), (Verdict::Missed, Some((15 * 86_400).to_string())));
    assert_eq!(october(&agreement, &[]).verdict, Verdict::NoOccasion);
}

fn check(interface: &str) -> String {
    format!(
        r#"{{"type":"check","id":"{interface}","scope":{{"solution":"shop","interface":"{interface}"}},"vantage":"v","staleness":"none","from":"2026-01-01T00:00:00Z"}}"#
    )
}

fn run(check: &str, from: &str, state: &str) -> String {
    format!(
        r#"{{"type":"run","check":"{check}","vantage":"v","from":"{0}","last":"{0}","state":"{state}","n":1}}"#,
        moment(from)
    )
}

#[test]
fn monitoring_is_the_share_of_time_that_was_observed() {
    // Of 31 days one is unknown: 30/31 = 96.774… %.
    let lines = [
        check("api"),
        check("console"),
        run("console", "09-01", "up"),
        run("api", "09-01", "up"),
        run("api", "10-05", "unknown"),
        run("api", "10-06", "down"),
    ];
    let judged = |target: &str| october(&promise("monitoring", target), &lines);
    let row = judged("target = \"96.77\"");
    assert_eq!((row.verdict, row.availability.is_none()), (Verdict::Met, true));
    assert_eq!(row.observed.as_ref().unwrap().to_string(), format!("{}/{}", 30 * 86_400_000_i64, 31 * 86_400_000_i64));
    assert_eq!((row.tally.unknown.seconds(), row.tally.down.seconds()), ("86400".into(), (26 * 86_400).to_string()));
    assert!(figure(&row, "observed").unwrap().starts_with("96.774"));
    assert_eq!(texts(&row), ["unknown: api@v did not observe api"]);
    assert_eq!(judged("target = \"96.78\"").verdict, Verdict::Missed);
    assert_eq!(judged("").verdict, Verdict::NoTarget);
    let lines = [lines.as_slice(), &[entitlement("acme", "shop", "10-10", "10-20")]].concat();
    let agreement = promise("monitoring", "target = \"100\"");
    assert_eq!(october_of(&agreement, &lines, "acme").verdict, Verdict::Met);
    assert_eq!(october_of(&agreement, &lines, "nobody").verdict, Verdict::NotCovered);
    assert_eq!(known(&agreement, &lines, "10-31").verdict, Verdict::InProgress);
}
