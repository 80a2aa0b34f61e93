//! What each type of line must say, what it may point at, and what is known when.

use super::*;
use crate::agreement::{self, Agreement};
use crate::id::InterfaceId;

const CLOUD_ONE: &str = include_str!("../../../examples/cloud-one/agreement.toml");

fn cloud_one() -> Agreement {
    agreement::read(CLOUD_ONE).agreement.unwrap()
}

/// What is wrong with these lines, without their columns where those are 1.
fn wrong(lines: &[&str]) -> Vec<String> {
    let agreement = cloud_one();
    let mut reader = Reader::new(&agreement);
    lines.iter().for_each(|line| reader.line(line));
    reader.finish().2.iter().map(|bad| bad.to_string().replacen(":1: ", ": ", 1)).collect()
}

/// A history of a part, in which nothing may be wrong.
fn history(lines: &[&str]) -> History {
    let mut reader = Reader::of_a_part();
    lines.iter().for_each(|line| reader.line(line));
    let (history, _, bad) = reader.finish();
    assert_eq!(bad, []);
    history
}

/// A day of October.
fn day(day: u32) -> Instant {
    Instant::parse(&format!("2026-10-{day:02}T00:00:00Z")).unwrap()
}

/// A line of a type with keys written short: `'` for `"`, and `d3` for the third day of October.
fn line(kind: &str, keys: &str) -> String {
    let mut text = format!("{{'type':'{kind}',{keys}}}").replace('\'', "\"");
    for day in 1..=30 {
        text = text.replace(&format!("\"d{day}\""), &format!("\"2026-10-{day:02}T00:00:00Z\""));
    }
    text
}

fn one_wrong(kind: &str, keys: &str) -> String {
    let all = wrong(&[&line(kind, keys)]);
    assert_eq!(all.len(), 1, "{kind} {keys}: {all:?}");
    all[0].strip_prefix("1: ").unwrap_or(&all[0]).to_owned()
}

#[test]
fn what_is_out_of_order_is_refused() {
    let day = |day: u32| format!("2026-10-{day:02}T00:00:00Z");
    for (kind, keys, message) in [
        ("counts", "'from':'d2','until':'d3','good':3,'valid':2", "`good` (3) is more than `valid` (2)".to_owned()),
        (
            "maintenance",
            "'id':'m','class':'c','status':'CONFIRMED','from':'d2','until':'d3','actual_from':'d3','actual_until':'d2','recorded_at':'d1'",
            format!("`actual_until` ({}) is not later than `actual_from` ({})", day(2), day(3)),
        ),
        (
            "maintenance",
            "'id':'m','class':'c','status':'CONFIRMED','from':'d2','actual_until':'d2','recorded_at':'d1'",
            "`actual_until` needs `actual_from`".to_owned(),
        ),
        (
            "suspension",
            "'scope':{'customer':'a'},'extent':'whole','act':'a','ordered_at':'d2','enforced_at':'d1','recorded_at':'d1'",
            format!("`enforced_at` ({}) is before `ordered_at` ({})", day(1), day(2)),
        ),
        (
            "suspension",
            "'scope':{'customer':'a'},'extent':'whole','act':'a','ordered_at':'d2','enforced_at':'d3','lifted_at':'d3','recorded_at':'d1'",
            format!("`lifted_at` ({}) is not later than `enforced_at` ({})", day(3), day(3)),
        ),
        (
            "recovery",
            "'solution':'workload-security','kind':'exercise','disrupted_at':'d2','healthy_at':'d1','recorded_at':'d3'",
            format!("`healthy_at` ({}) is before `disrupted_at` ({})", day(1), day(2)),
        ),
        (
            "connections",
            "'from':'d1','expected':3,'connected':4,'recorded_at':'d2'",
            "`connected` (4) is more than `expected` (3)".to_owned(),
        ),
        (
            "connections",
            "'from':'d1','expected':3,'connected':2,'customer_side':1,'undetermined':1,'recorded_at':'d2'",
            "`customer_side` (1) and `undetermined` (1) are more than the 1 that were missing".to_owned(),
        ),
        (
            "capacity",
            "'resource':'disk','at':'d1','used':3,'limit':2,'unit':'bytes','recorded_at':'d1'",
            "`used` (3) is more than `limit` (2)".to_owned(),
        ),
        (
            "impact",
            "'from':'d1','unit':'user','count':1,'user_set':['a','b','b'],'recorded_at':'d1'",
            "`user_set` names 2 users and `count` is 1".to_owned(),
        ),
        (
            "entitlement",
            "'scope':{'customer':'a'},'paid':true,'from':'d1','term_until':'d3','recorded_at':'d1'",
            "`term_until` needs `term_from`".to_owned(),
        ),
        (
            "claim",
            "'id':'c','customer':'a','commitment':'availability','filed_at':'d2','decision':'accepted','recorded_at':'d2'",
            "a claim that was decided has both `decision` and `decided_at`".to_owned(),
        ),
        (
            "check",
            "'id':'a','scope':{'solution':'workload-security','interface':'api'},'vantage':'v','staleness':'2m','from':'d1','weight':0",
            "`weight` must be 1 or more".to_owned(),
        ),
    ] {
        assert_eq!(one_wrong(kind, keys), message);
    }
}

#[test]
fn what_is_missing_or_misspelled_is_named_with_its_column() {
    for (kind, keys, message) in [
        (
            "incident",
            "'from':'d1','cause':'c'",
            "`recorded_at` is missing: a line of this type is known from when it was recorded",
        ),
        (
            "maintenance",
            "'class':'c','status':'CONFIRMED','from':'d1','recorded_at':'d1'",
            "`id` is missing: other lines point at this one by it",
        ),
        (
            "suspension",
            "'extent':'whole','act':'a','ordered_at':'d2','recorded_at':'d1'",
            "`scope.customer` is missing: a line of this type is about one customer",
        ),
        (
            "check",
            "'id':'a','scope':{'solution':'workload-security'},'vantage':'v','staleness':'2m','from':'d1'",
            "`scope` needs `solution` and `interface`: a check measures one interface",
        ),
        (
            "maintenance",
            "'id':'m','class':'c','status':'CONFIRMD','from':'d1','recorded_at':'d1'",
            "`CONFIRMD` is not a status: use TENTATIVE, CONFIRMED, CANCELLED, IN-PROCESS, COMPLETED; did you mean `CONFIRMED`?",
        ),
        (
            "plan",
            "'solution':'workload-security','digest':'a','action':'adopt','at':'d1','recorded_at':'d1'",
            "`adopt` is not an action on a plan: use adopted, reviewed, updated",
        ),
        (
            "fee",
            "'from':'d1','until':'d2','amount':1200.5,'currency':'JPY','recorded_at':'d1'",
            "1:90: invalid type: floating point `1200.5`, expected an amount in quotes, as in \"1200.50\"",
        ),
        (
            "fee",
            "'from':'d1','until':'d2','amount':'1e3','currency':'JPY','recorded_at':'d1'",
            "`amount`: `1e3` is not a decimal number: write digits with at most one point, as in `\"1200.50\"`",
        ),
        (
            "fee",
            "'from':'d1','until':'d2','amount':'1','currency':'yen','recorded_at':'d1'",
            "`yen` is not a currency: use its three capital letters of ISO 4217, as in `JPY`",
        ),
        (
            "report",
            "'customer':'a','scope':{'solutoin':'x'},'at':'d1','recorded_at':'d1'",
            "1:51: unknown field `solutoin`, expected one of `solution`, `interface`, `region`, `zone`, `instance`, `feature`, `customer`",
        ),
        ("counts", "'v':2,'from':'d1','until':'d2','good':1,'valid':1", "this version reads lines of `\"v\": 1` only"),
        ("correction", "'of':'x','why':'','recorded_at':'d1'", "a correction has either `set` or `\"retract\": true`"),
    ] {
        assert_eq!(one_wrong(kind, keys), message);
    }
    assert_eq!(
        wrong(&["{\"v\":1,\"type\":\"maintainance\"}"]),
        ["1: there is no type of line `maintainance`; did you mean `maintenance`?"]
    );
}

#[test]
fn an_update_has_a_stage_a_text_and_something_that_it_is_about() {
    let incident = line("incident", "'id':'i-1','from':'d8','cause':'c','recorded_at':'d8'");
    let said = |keys: &str| {
        let update = line("update", &format!("'at':'d8','recorded_at':'d8',{keys}"));
        wrong(&[incident.as_str(), update.as_str()])
    };
    for good in ["'text':'over'", "'text':{'ja':'x'}", "'text':{'en':'x','ja':'y'},'customer':'acme'"] {
        assert_eq!(said(&format!("'about':'i-1','stage':'resolved',{good}")), Vec::<String>::new(), "{good}");
    }
    for (keys, message) in [
        ("'about':'i-2','stage':'resolved','text':'x'", "the update is about `i-2`, and no line has that id"),
        ("'about':'i-1','stage':'over','text':'x'", "`over` is not a stage of an update"),
        ("'about':'i-1','stage':'resolved','text':{'fr':'x'}", "`text` has `fr`, which is no language of this version"),
        ("'about':'i-1','stage':'resolved','text':{}", "`text` is a text, or a text for each language"),
        ("'about':'i-1','stage':'resolved','text':{'en':1}", "`text` is a text, or a text for each language"),
        ("'about':'i-1','stage':'resolved'", "missing field `text`"),
    ] {
        let found = said(keys);
        assert!(found.len() == 1 && found[0].contains(message), "{keys}: {found:?}");
    }
}

#[test]
fn what_a_line_points_at_must_be_there() {
    let lines = [
        line("maintenance", "'id':'m-7','sequence':0,'class':'c','status':'CONFIRMED','from':'d8','recorded_at':'d1'"),
        line("incident", "'id':'i-1','scope':{'interface':'apo'},'from':'d8','cause':'c','recorded_at':'d8'"),
        line(
            "notice",
            "'about':{'id':'m-7','sequence':1},'kind':'m','customer':'public','channel':'c','recorded_at':'d1'",
        ),
        line("notice", "'about':{'id':'m-8'},'kind':'m','customer':'public','channel':'c','recorded_at':'d1'"),
        line("notice", "'about':{'id':'i-1','sequence':2},'kind':'i','customer':'a','channel':'c','recorded_at':'d1'"),
        line("notice", "'about':{'id':'i-1'},'kind':'i','customer':'a','channel':'c','recorded_at':'d1'"),
        line("claim", "'id':'c','customer':'a','commitment':'service-availabilty','filed_at':'d2','recorded_at':'d2'"),
        line("plan", "'solution':'workload-security','digest':'aa','action':'adopted','at':'d1','recorded_at':'d1'"),
        line(
            "recovery",
            "'solution':'workload-security','kind':'exercise','plan':'bb','disrupted_at':'d1','recorded_at':'d1'",
        ),
        line(
            "fee",
            "'scope':{'solution':'workload'},'from':'d1','until':'d2','amount':'1','currency':'JPY','recorded_at':'d1'",
        ),
        line("counts", "'check':'api','from':'d1','until':'d2','good':1,'valid':1"),
        line("correction", "'of':'m-9','retract':true,'why':'','recorded_at':'d1'"),
    ];
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let found = wrong(&lines);
    let expected = [
        "2: the agreement has no interface `apo`; did you mean `api`?",
        "3: the maintenance `m-7` has no sequence 1; it has 0",
        "4: the notice is about `m-8`, and no line has that id; did you mean `m-7`?",
        "5: `i-1` is no maintenance, so it has no sequence 2",
        "7: the agreement has no commitment `service-availabilty`; did you mean `service-availability`?",
        "9: no line of type `plan` has the digest `bb` for the solution `workload-security`",
        "10: the agreement has no solution `workload`",
        "11: no line registers the check `api`",
        "12: the correction is of `m-9`, and no line has that id; did you mean `m-7`?; a run or an observation can be \
         corrected only if it has an id of its own",
    ];
    assert_eq!(found, expected);
    assert_eq!(history(&lines[..11]).facts.notices.len(), 4, "a part is not looked up");
}

#[test]
fn counts_that_share_time_are_told_with_both_lines() {
    let counts = |keys: &str| line("counts", &format!("'good':1,'valid':1,{keys}"));
    let lines = [
        counts("'from':'d1','until':'d3'"),
        counts("'from':'d3','until':'d4'"),
        counts("'scope':{'region':'eu'},'from':'d1','until':'d9'"),
        counts("'from':'d2','until':'d3'"),
    ];
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    assert_eq!(
        wrong(&lines),
        ["4: these counts and those of line 1 both count the time from 2026-10-02T00:00:00Z to 2026-10-03T00:00:00Z"]
    );
    let retracted = [
        counts("'id':'x','from':'d1','until':'d3'"),
        counts("'from':'d2','until':'d3'"),
        line("correction", "'of':'x','retract':true,'why':'counted twice','recorded_at':'d4'"),
    ];
    assert_eq!(wrong(&retracted.each_ref().map(String::as_str)), [] as [String; 0]);
}

#[test]
fn a_bad_line_is_not_in_the_history_and_is_counted() {
    let agreement = cloud_one();
    let mut reader = Reader::new(&agreement);
    let run = |at: &str| line("observation", &format!("'check':'api','vantage':'v','at':'{at}','state':'up'"));
    let lines = [
        run("d1"),
        run("d2"),
        line("observation", "'id':'o','check':'api','vantage':'v','at':'d3','state':'up'"),
        line("incident", "'id':'i','from':'d8','cause':'c','recorded_at':'d8'"),
        line("correction", "'of':'i','set':{'cause':'d','frm':'d2'},'why':'','recorded_at':'d9'"),
        line("counts", "'id':'a','from':'d1','until':'d3','good':1,'valid':1"),
        line("counts", "'id':'b','from':'d1','until':'d2','good':1,'valid':1"),
        line("counts", "'id':'b','from':'d2','until':'d3','good':1,'valid':1,'recorded_at':'d5'"),
        String::new(),
        "{".to_owned(),
    ];
    lines.iter().for_each(|line| reader.line(line));
    let (history, counted, bad) = reader.finish();
    assert_eq!(bad.iter().map(|bad| bad.line).collect::<Vec<_>>(), [1, 5, 8, 10]);
    // Line 7 is an earlier telling of line 8, and must not come back in its stead.
    assert_eq!((counted.lines, counted.skipped), (9, 7));
    assert_eq!(history.runs, BTreeMap::new());
    let Facts { named_observations, corrections, counts, incidents, .. } = history.facts;
    assert_eq!((named_observations.len(), corrections.len(), counts.len(), incidents.len()), (0, 0, 1, 1));
}

#[test]
fn of_lines_with_one_id_the_one_recorded_last_holds() {
    let fee = |amount: &str, at: &str| {
        line(
            "fee",
            &format!("'id':'f','from':'d1','until':'d30','amount':'{amount}','currency':'JPY','recorded_at':'{at}'"),
        )
    };
    let lines = [fee("2", "d2"), fee("3", "d3"), fee("1", "d1"), fee("4", "d3")];
    let history = history(&lines.each_ref().map(String::as_str));
    let known = |at| {
        let fees = history.known_at(day(at)).facts.fees;
        fees.iter().map(|fee| fee.body.amount.decimal().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(known(1), ["1"]);
    assert_eq!(known(2), ["2"]);
    // Two at one time: the greater text, whatever the order of lines.
    assert_eq!(known(3), ["4"]);
    assert_eq!(history.known_at(Instant::MIN).facts.fees, []);
}

#[test]
fn every_sequence_of_a_maintenance_holds_by_itself() {
    let plan = |sequence: u32, status: &str, at: &str| {
        line(
            "maintenance",
            &format!("'id':'m','sequence':{sequence},'class':'c','status':'{status}','from':'d8','recorded_at':'{at}'"),
        )
    };
    let lines = [plan(1, "CONFIRMED", "d3"), plan(0, "CONFIRMED", "d1"), plan(0, "CANCELLED", "d2")];
    let known = history(&lines.each_ref().map(String::as_str)).known_at(day(9));
    let held: Vec<_> = known.facts.maintenance.iter().map(|fact| (fact.body.sequence, fact.body.status)).collect();
    assert_eq!(held, [(0, MaintenanceStatus::Cancelled), (1, MaintenanceStatus::Confirmed)]);
}

#[test]
fn a_correction_changes_what_is_known_from_when_it_was_recorded() {
    let lines = [
        line("exclusion", "'id':'e','cause':'a','from':'d1','until':'d3','ground':'x','recorded_at':'d2'"),
        line("correction", "'id':'1','of':'e','set':{'until':null},'why':'it went on','recorded_at':'d4','by':'me'"),
        line("correction", "'id':'2','of':'e','set':{'cause':'b'},'why':'another','recorded_at':'d5'"),
        line("correction", "'id':'3','of':'e','retract':true,'why':'never was','recorded_at':'d6'"),
        line("exclusion", "'id':'e','cause':'c','from':'d1','ground':'x','recorded_at':'d7'"),
    ];
    assert_eq!(wrong(&lines.each_ref().map(String::as_str)), [] as [String; 0]);
    let history = history(&lines.each_ref().map(String::as_str));
    let known = |at| {
        let exclusions = history.known_at(day(at)).facts.exclusions;
        let what = |fact: &Fact<ExclusionFact>| (fact.body.cause.clone(), fact.body.span.until(), fact.recorded_at);
        exclusions.iter().map(what).collect::<Vec<_>>()
    };
    assert_eq!(known(1), []);
    assert_eq!(known(3), [("a".to_owned(), day(3), day(2))]);
    assert_eq!(known(4), [("a".to_owned(), Instant::MAX, day(4))]);
    assert_eq!(known(5), [("b".to_owned(), Instant::MAX, day(5))]);
    assert_eq!(known(6), []);
    assert_eq!(known(7), [("c".to_owned(), Instant::MAX, day(7))]);
}

#[test]
fn a_correction_of_a_maintenance_is_of_its_latest_plan_unless_it_names_one() {
    let plan = |sequence: u32| {
        line(
            "maintenance",
            &format!("'id':'m','sequence':{sequence},'class':'c','status':'CONFIRMED','from':'d8','recorded_at':'d1'"),
        )
    };
    let correction = |keys: &str| line("correction", &format!("'of':'m','why':'','recorded_at':'d2',{keys}"));
    let classes = |correction: String| {
        let lines = [plan(0), plan(1), correction];
        assert_eq!(wrong(&lines.each_ref().map(String::as_str)), [] as [String; 0]);
        let known = history(&lines.each_ref().map(String::as_str)).known_at(day(3));
        known.facts.maintenance.iter().map(|fact| (fact.body.sequence, fact.body.class.clone())).collect::<Vec<_>>()
    };
    let class = |sequence: u32, class: &str| (sequence, class.to_owned());
    assert_eq!(classes(correction("'set':{'class':'d'}")), [class(0, "c"), class(1, "d")]);
    assert_eq!(classes(correction("'sequence':0,'set':{'class':'d'}")), [class(0, "d"), class(1, "c")]);
    assert_eq!(classes(correction("'sequence':1,'retract':true")), [class(0, "c")]);
    assert_eq!(classes(correction("'retract':true")), []);
}

#[test]
fn measurements_with_an_id_of_their_own_can_be_corrected() {
    let check = line(
        "check",
        "'id':'api','scope':{'solution':'workload-security','interface':'api'},'vantage':'v','staleness':'2m','from':'d1'",
    );
    let lines = [
        check,
        line("observation", "'id':'o','check':'api','vantage':'v','at':'d2','state':'down','detail':'HTTP 503'"),
        line("run", "'id':'r','check':'api','vantage':'v','from':'d3','last':'d4','state':'down','n':5"),
        line("counts", "'id':'c','check':'api','from':'d2','until':'d3','good':1,'valid':2"),
        line("observation", "'check':'api','vantage':'v','at':'d5','state':'up'"),
        line("correction", "'of':'o','set':{'state':'unknown','detail':'our network'},'why':'','recorded_at':'d6'"),
        line("correction", "'of':'r','retract':true,'why':'','recorded_at':'d6'"),
        line("correction", "'of':'c','set':{'good':2},'why':'','recorded_at':'d6'"),
    ];
    let lines = lines.each_ref().map(String::as_str);
    assert_eq!(wrong(&lines), [] as [String; 0]);
    let history = history(&lines);
    let seen = |at| {
        let known = history.known_at(day(at));
        known.runs.values().flatten().map(|run| (run.from, run.state)).collect::<Vec<_>>()
    };
    use crate::run::Observed::{Down, Unknown, Up};
    assert_eq!(seen(5), [(day(2), Down), (day(3), Down), (day(5), Up)]);
    assert_eq!(seen(6), [(day(2), Unknown), (day(5), Up)]);
    let known = history.known_at(day(6));
    assert_eq!(known.facts.counts[0].body.good, 2);
    let scope = &known.facts.counts[0].body.scope;
    assert_eq!(scope.interface.as_ref().map(InterfaceId::as_str), Some("api"), "counts of a check have its scope");
    assert_eq!((known.facts.named_runs, known.facts.named_observations), (vec![], vec![]));
}

#[test]
fn a_correction_that_cannot_be_done_is_told_at_its_line() {
    let base = [
        line("exclusion", "'id':'e','cause':'a','from':'d2','ground':'x','recorded_at':'d2'"),
        line("incident", "'id':'both','from':'d2','cause':'c','recorded_at':'d2'"),
        line("exclusion", "'id':'both','cause':'a','from':'d2','ground':'x','recorded_at':'d2'"),
    ];
    for (keys, message) in [
        (
            "'of':'e','set':{'until':'d1'}",
            "the corrected line is wrong: `until` (2026-10-01T00:00:00Z) is not later than `from` (2026-10-02T00:00:00Z)",
        ),
        (
            "'of':'e','set':{'id':'f'}",
            "a correction cannot set `id`, which says which line it is; retract `e` and write another line",
        ),
        ("'of':'e','sequence':1,'retract':true", "`e` is a line of type `exclusion`, which has no sequence"),
        (
            "'of':'both','retract':true",
            "`both` is the id of lines of several types (exclusion, incident); write the line that is meant again instead",
        ),
        (
            "'id':'k','of':'k','retract':true",
            "`k` is a correction, which cannot be corrected; write it again with the same id, or correct the line once more",
        ),
    ] {
        let correction = line("correction", &format!("{keys},'why':'','recorded_at':'d5'"));
        let mut lines: Vec<&str> = base.iter().map(String::as_str).collect();
        lines.push(&correction);
        assert_eq!(wrong(&lines), [format!("4: {message}")]);
    }
    let early = line("correction", "'of':'e','set':{'cause':'b'},'why':'','recorded_at':'d1'");
    assert_eq!(
        wrong(&[&base[0], &early]),
        [
            "2: the correction was recorded at 2026-10-01T00:00:00Z, before `e` (2026-10-02T00:00:00Z), which it corrects"
        ]
    );
    let retract = line("correction", "'of':'e','retract':true,'why':'','recorded_at':'d5'");
    let after = line("correction", "'of':'e','set':{'cause':'b'},'why':'','recorded_at':'d6'");
    assert_eq!(
        wrong(&[&base[0], &retract, &after]),
        ["3: there is nothing to correct: at 2026-10-06T00:00:00Z `e` had been retracted"]
    );
}

#[test]
fn a_check_may_be_taken_back_or_changed_where_it_is_one_line() {
    let check = |vantage: &str| {
        line(
            "check",
            &format!(
                "'id':'api','scope':{{'solution':'workload-security','interface':'api'}},'vantage':'{vantage}','staleness':'2m','from':'d1'"
            ),
        )
    };
    let longer = line("correction", "'of':'api','set':{'staleness':'5m','weight':3},'why':'','recorded_at':'d2'");
    let known = history(&[&check("a"), &longer]).known_at(day(2));
    assert_eq!(known.checks[0].weight, 3);
    assert_eq!(known.checks[0].staleness, Staleness::After(crate::time::Millis(300_000)));
    assert_eq!(
        wrong(&[&check("a"), &check("b"), &longer]),
        ["3: `api` is the id of 2 lines of type `check`; write the line that is meant again instead"]
    );
    let back = line("correction", "'of':'api','retract':true,'why':'','recorded_at':'d2'");
    assert_eq!(history(&[&check("a"), &check("b"), &back]).known_at(day(2)).checks, []);
}

#[test]
fn every_example_of_the_documentation_reads_cleanly() {
    let agreement = cloud_one();
    let document = include_str!("../../../docs/history.md");
    let examples: Vec<&str> = document.lines().filter(|line| line.starts_with("{\"")).collect();
    let mut reader = Reader::new(&agreement);
    examples.iter().for_each(|line| reader.line(line));
    let (history, _, bad) = reader.finish();
    assert_eq!(bad, []);
    for kind in LineType::ALL {
        let begins = format!("{{\"v\":1,\"type\":\"{}\"", kind.name);
        assert!(examples.iter().any(|line| line.starts_with(&begins)), "no example of `{}`", kind.name);
        assert!(document.contains(&format!("`{}`", kind.name)), "`{}` is not described", kind.name);
        for field in kind.fields() {
            let key = field.key.rsplit('.').next().unwrap();
            assert!(document.contains(&format!("`{key}`")), "`{key}` of `{}` is not described", kind.name);
        }
    }
    assert_eq!(history.known_at(Instant::MAX).known_at(Instant::MAX), history.known_at(Instant::MAX));
}
