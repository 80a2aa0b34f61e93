use super::*;

const TIME: &str = "rto = \"5h\"\nexercises_count = false";
const POINT: &str = "rpo = \"24h\"\nexercises_count = false";

fn recovery(id: &str, kind: &str, disrupted: &str, more: &str) -> String {
    line("recovery", id, &format!(r#""solution":"shop","kind":"{kind}","disrupted_at":<{disrupted}>{more}"#))
}

#[test]
fn service_that_is_verified_at_the_limit_was_recovered_in_time() {
    let agreement = promise("recovery-time", TIME);
    let judged = |more: &str| october(&agreement, &[recovery("r", "disaster", "10-10T10:00", more)]);
    let kept = judged(r#","healthy_at":<10-10T15:00>"#);
    assert_eq!((kept.verdict, figure(&kept, "longest")), (Verdict::Met, Some("18000".into())));
    assert_eq!(texts(&kept), ["kept: `r` was healthy after 5h (limit 5h)"]);
    assert_eq!(judged(r#","healthy_at":<10-10T15:01>"#).verdict, Verdict::Missed);
    // Nothing verified is indeterminate, however long ago.
    let nothing = judged("");
    assert_eq!(
        (nothing.verdict, texts(&nothing)),
        (Verdict::Indeterminate, vec!["undecided: `r` was not verified healthy (limit 5h)".to_owned()])
    );
}

#[test]
fn data_read_back_from_within_the_limit_is_little_enough_lost() {
    let agreement = promise("recovery-point", POINT);
    let judged = |more: &str| october(&agreement, &[recovery("r", "disaster", "10-10T10:00", more)]);
    assert_eq!(judged(r#","recovery_point_at":<10-09T10:00>"#).verdict, Verdict::Met);
    let missed = judged(r#","recovery_point_at":<10-09T09:59>"#);
    assert_eq!((missed.verdict, figure(&missed, "longest")), (Verdict::Missed, Some("86460".into())));
    assert_eq!(judged(r#","healthy_at":<10-10T15:00>"#).verdict, Verdict::Indeterminate);
    let nothing_lost = judged(r#","recovery_point_at":<10-10T10:01>"#);
    assert_eq!((nothing_lost.verdict, figure(&nothing_lost, "longest")), (Verdict::Met, Some("0".into())));
}

#[test]
fn an_exercise_decides_only_where_the_contract_says_so() {
    let late = [recovery("r", "exercise", "10-10T10:00", r#","healthy_at":<10-10T16:00>"#)];
    let row = october(&promise("recovery-time", TIME), &late);
    assert_eq!((row.verdict, figure(&row, "longest_exercise")), (Verdict::NoOccasion, Some("21600".into())));
    assert_eq!(texts(&row), ["measured: `r` was healthy after 6h (limit 5h)"]);
    let counts = promise("recovery-time", &TIME.replace("false", "true"));
    assert_eq!(october(&counts, &late).verdict, Verdict::Missed);
    assert_eq!(october(&counts, &[]).verdict, Verdict::NoOccasion);
}

#[test]
fn a_disaster_without_a_recovery_is_not_an_empty_month() {
    let agreement = promise("recovery-time", TIME);
    let disaster = line(
        "incident",
        "d",
        r#""scope":{"solution":"shop"},"cause":"unforeseen","disaster":true,"from":<10-10T10:00>,"until":<10-10T16:00>"#,
    );
    let row = october(&agreement, std::slice::from_ref(&disaster));
    assert_eq!((row.verdict, figure(&row, "disasters")), (Verdict::Indeterminate, Some("1".into())));
    let exercise = recovery("e", "exercise", "10-10T11:00", r#","healthy_at":<10-10T12:00>"#);
    assert_eq!(october(&agreement, &[disaster.clone(), exercise]).verdict, Verdict::Indeterminate);
    // The recovery of that disaster decides, though its clock began a little earlier.
    let real = recovery("r", "disaster", "10-10T09:59", r#","healthy_at":<10-10T12:00>"#);
    let row = october(&agreement, &[disaster, real]);
    assert_eq!((row.verdict, figure(&row, "disasters")), (Verdict::Met, Some("1".into())));
}
