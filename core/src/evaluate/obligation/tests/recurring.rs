use super::*;

fn plan(id: &str, action: &str, at: &str) -> String {
    line("plan", id, &format!(r#""solution":"shop","digest":"00","action":"{action}","at":<{at}>"#))
}

fn exercise(id: &str, at: &str) -> String {
    line("recovery", id, &format!(r#""solution":"shop","kind":"exercise","disrupted_at":<{at}>"#))
}

fn capacity(id: &str, at: &str) -> String {
    let keys =
        format!(r#""scope":{{"solution":"shop"}},"resource":"disk","at":<{at}>,"used":1,"limit":2,"unit":"bytes""#);
    line("capacity", id, &keys)
}

#[test]
fn the_first_exercise_is_owed_so_long_after_the_agreement_began() {
    // The agreement holds from 1 January: nine months end on 1 October at midnight, ten months on 1 November.
    let judged = |every: &str, lines: &[String]| {
        october(&promise("recovery-exercise", &format!("exercise_every = {{ months = {every} }}")), lines)
    };
    assert_eq!(judged("10", &[]).verdict, Verdict::NoOccasion);
    let missed = judged("9", &[]);
    assert_eq!(
        (missed.verdict, figure(&missed, "count"), figure(&missed, "last")),
        (Verdict::Missed, Some("0".into()), None)
    );
    assert_eq!(texts(&missed), ["missed: had not happened for 304d (limit 273d)"]);
    assert_eq!(judged("9", &[exercise("e", "10-01")]).verdict, Verdict::Met);
    assert_eq!(judged("9", &[exercise("e", "10-01T00:01")]).verdict, Verdict::Missed);
    // A disaster is no exercise.
    assert_eq!(judged("9", &[exercise("e", "10-01").replace("\"exercise\"", "\"disaster\"")]).verdict, Verdict::Missed);
}

#[test]
fn an_earlier_exercise_keeps_a_period_without_one() {
    let agreement = promise("recovery-exercise", "exercise_every = { months = 3 }");
    let lines = [exercise("a", "03-20"), exercise("b", "06-10"), exercise("c", "08-31T12:00")];
    let row = october(&agreement, &lines);
    assert_eq!((row.verdict, row.reasons.len()), (Verdict::Met, 0));
    assert_eq!(figure(&row, "last"), Some("2026-08-31T12:00:00Z".into()));
    assert_eq!(figure(&row, "longest_gap"), Some((61 * 86_400 + 43_200).to_string()));
    // What was overdue in September alone is no miss of October.
    let row = october(&agreement, &[exercise("a", "03-20"), exercise("b", "09-29")]);
    assert_eq!(row.verdict, Verdict::Met);
}

#[test]
fn months_clamp_to_the_months_end() {
    // A month after 31 August is 30 September; a month after 30 September is 30 October.
    let agreement = promise("plan-review", "review_every = { months = 1 }");
    let months = ["02-01", "02-28", "03-28", "04-28", "05-28", "06-28", "07-28", "08-28", "09-28", "09-30T10:00"];
    let mut lines: Vec<String> =
        months.iter().enumerate().map(|(n, at)| plan(&format!("p{n}"), "reviewed", at)).collect();
    lines.push(plan("last", "updated", "10-30T10:00"));
    assert_eq!(october(&agreement, &lines).verdict, Verdict::Met);
    lines.pop();
    lines.push(plan("last", "adopted", "10-30T10:01"));
    let row = october(&agreement, &lines);
    assert_eq!((row.verdict, figure(&row, "count")), (Verdict::Missed, Some("1".into())));
}

#[test]
fn looks_at_capacity_are_counted_and_only_gaps_are_listed() {
    let agreement = promise("capacity-watch", "capacity_every = \"1d\"");
    let mut lines: Vec<String> = (1..=9).map(|day| capacity(&format!("s{day}"), &format!("09-0{day}"))).collect();
    lines.extend((10..=30).map(|day| capacity(&format!("s{day}"), &format!("09-{day}"))));
    lines.extend((1..=31).map(|day| capacity(&format!("o{day}"), &format!("10-{day:02}"))));
    let row = october(&agreement, &lines);
    assert_eq!((row.verdict, row.reasons.len(), figure(&row, "count")), (Verdict::Met, 0, Some("31".into())));
    lines.retain(|line| !line.contains("\"o7\""));
    let row = october(&agreement, &lines);
    assert_eq!((row.verdict, figure(&row, "longest_gap")), (Verdict::Missed, Some("172800".into())));
    assert_eq!(texts(&row), ["missed: had not happened for 2d (limit 1d)"]);
    assert_eq!(row.reasons[0].interval.from(), Instant::parse("2026-10-07T00:00:00Z").unwrap());
}

#[test]
fn a_customer_is_owed_one_so_long_after_it_came() {
    let agreement = promise("recovery-exercise", "exercise_every = { days = 30 }");
    let lines = |from: &str| [entitlement("acme", "shop", from, "12-31")];
    assert_eq!(october_of(&agreement, &lines("10-02"), "acme").verdict, Verdict::NoOccasion);
    assert_eq!(october_of(&agreement, &lines("10-01"), "acme").verdict, Verdict::Missed);
}

#[test]
fn without_a_limit_what_happened_is_counted() {
    let agreement = promise("plan-review", "review_every = \"none\"");
    assert_eq!(october(&agreement, &[]).verdict, Verdict::NoOccasion);
    let row = october(&agreement, &[plan("p", "reviewed", "10-05")]);
    assert_eq!((row.verdict, texts(&row)), (Verdict::NoTarget, vec!["measured: `p` happened".to_owned()]));
}
