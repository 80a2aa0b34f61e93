use super::*;
use crate::agreement::read;

const REFERENCE: &str = include_str!("../../../../examples/reference/agreement.toml");
const CLOUD_ONE: &str = include_str!("../../../../examples/cloud-one/agreement.toml");

fn agreement(source: &str) -> Agreement {
    let reading = read(source);
    reading.agreement.unwrap_or_else(|| panic!("{:#?}", reading.findings))
}

/// Every agreement of the examples.
fn examples() -> Vec<Agreement> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/published");
    let published = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut all: Vec<Agreement> = published
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .map(|path| agreement(&std::fs::read_to_string(path).unwrap()))
        .collect();
    all.extend([REFERENCE, CLOUD_ONE].map(agreement));
    all
}

/// What one replacement of the source changes, as `about.key: old → new (change)`.
fn changed(source: &str, from: &str, to: &str) -> Vec<String> {
    assert_eq!(source.matches(from).count(), 1, "{from}");
    let found = compare(&agreement(source), &agreement(&source.replacen(from, to, 1)));
    let side = |side: &Option<Side>| side.as_ref().map_or("–".to_owned(), |side| side.value.clone());
    let line = |each: &Difference| {
        let key = each.key.as_deref().unwrap_or("itself");
        format!("{key}: {} → {} ({})", side(&each.old), side(&each.new), each.change.name())
    };
    found.iter().map(line).collect()
}

#[test]
fn an_agreement_does_not_differ_from_itself() {
    for one in examples() {
        assert_eq!(compare(&one, &one), [], "{}", one.id);
    }
}

#[test]
fn the_other_way_round_sides_are_swapped_and_better_is_worse() {
    let all = examples();
    let swapped = |change: Change| match change {
        Change::Better => Change::Worse,
        Change::Worse => Change::Better,
        Change::Open => Change::Open,
    };
    let mut seen = 0;
    for (one, other) in all.iter().flat_map(|one| all.iter().map(move |other| (one, other))) {
        let sort = |mut lines: Vec<String>| {
            lines.sort();
            lines
        };
        let to = sort(
            compare(one, other)
                .iter()
                .map(|d| format!("{:?} {:?} {:?} {:?} {:?}", d.about, d.key, d.old, d.new, d.change))
                .collect(),
        );
        let back = sort(
            compare(other, one)
                .iter()
                .map(|d| format!("{:?} {:?} {:?} {:?} {:?}", d.about, d.key, d.new, d.old, swapped(d.change)))
                .collect(),
        );
        assert_eq!(to, back, "{} and {}", one.id, other.id);
        seen += to.len();
    }
    assert!(seen > 1000, "{seen}");
}

#[test]
fn a_term_says_which_way_it_goes_where_it_alone_decides() {
    let cases = [
        ("target = \"99.9\"\nbinding", "target = \"99.95\"\nbinding", "target: 99.9 % → 99.95 % (better)"),
        ("target = \"99.9\"\nbinding", "target = \"99\"\nbinding", "target: 99.9 % → 99 % (worse)"),
        ("binding = \"lower\"", "binding = \"both\"", "binding: lower → both (worse)"),
        ("rto = \"5h\"", "rto = \"4h\"", "rto: 5h → 4h (better)"),
        ("rto = \"5h\"", "rto = \"none\"", "rto: 5h → none (worse)"),
        ("restored_within = \"4h\"", "restored_within = \"5h\"", "restored_within: 4h → 5h (worse)"),
        (
            "exercise_every = { months = 12 }",
            "exercise_every = { months = 6 }",
            "exercise_every: { months = 12 } → { months = 6 } (better)",
        ),
        (
            "exercise_every = { months = 12 }",
            "exercise_every = { days = 90 }",
            "exercise_every: { months = 12 } → { days = 90 } (changed)",
        ),
        (
            "covered_when = [\"entitlement\", \"assent\"]",
            "covered_when = [\"entitlement\"]",
            "covered_when: [\"entitlement\", \"assent\"] → [\"entitlement\"] (better)",
        ),
        (
            "missed = 2, of = 3",
            "missed = 3, of = 3",
            "termination: [{ missed = 2, of = 3, down_above = \"7h\", lapse = \"30d\" }] → [{ missed = 3, of = 3, down_above = \"7h\", lapse = \"30d\" }] (worse)",
        ),
        (
            "claim = \"automatic\"",
            "claim = { days = 30, from = \"period-end\" }",
            "claim: automatic → { days = 30, from = \"period-end\" } (worse)",
        ),
    ];
    for (from, to, expected) in cases {
        assert_eq!(changed(REFERENCE, from, to), [expected]);
    }
}

/// The operator's terms of availability alone, without exclusions.
fn plain(policy: &str) -> String {
    let (before, rest) = CLOUD_ONE.split_once("\nexclusions = ").unwrap();
    let (_, after) = rest.split_once("# A suspended").unwrap();
    let text = format!("{before}\nexclusions = []\n{policy}\n# A suspended{after}");
    text.replace("unknown = \"bounds\"", "unknown = \"up\"")
}

/// What a change of a term that makes more or less time down is, in availability.
fn of_down_time(source: &str, from: &str, to: &str) -> Vec<&'static str> {
    assert_eq!(source.matches(from).count(), 1, "{from}");
    let (old, new) = (agreement(source), agreement(&source.replacen(from, to, 1)));
    let is_availability = |each: &Difference| match &each.about {
        About::Commitments(ids) => ids.iter().any(|id| old.find_commitment(id).unwrap().availability().is_some()),
        _ => false,
    };
    compare(&old, &new).into_iter().filter(is_availability).map(|each| each.change.name()).collect()
}

#[test]
fn more_down_time_is_better_where_it_never_raises_a_figure() {
    const OUTAGE: &str = "outage = { at_least = \"10m\", qualify = \"whole\" }";
    let source = plain(OUTAGE);
    for (from, to, expected) in [
        ("unknown = \"up\"", "unknown = \"down\"", "better"),
        ("degraded = \"down\"", "degraded = \"up\"", "worse"),
        ("interfaces = \"all\"", "interfaces = \"any\"", "worse"),
        ("vantages = { down_when = 1 }", "vantages = { down_when = 2 }", "worse"),
        ("suspended = \"measured\"", "suspended = \"down\"", "better"),
        ("at_least = \"10m\"", "at_least = \"9m\"", "better"),
        (OUTAGE, "", "better"),
    ] {
        assert_eq!(of_down_time(&source, from, to), [expected], "{from} => {to}");
    }
    // A control that is down excuses, and a reporting point that falls silent changes who decides.
    let reporting = "checks = { down_when = 1, over = \"reporting\", min_reporting = 1 }";
    for source in [plain("controls = \"all\""), plain("").replace("checks = \"all\"", reporting)] {
        assert_eq!(of_down_time(&source, "unknown = \"up\"", "unknown = \"down\""), ["changed"]);
    }
}

#[test]
fn parts_of_a_term_must_all_go_one_way() {
    let outage = "outage = { at_least = \"10m\", merge_gap = \"5m\", gap = \"up\", qualify = \"whole\" }";
    let lower = |to: &str| of_down_time(&plain(outage), "at_least = \"10m\", merge_gap = \"5m\"", to);
    assert_eq!(lower("at_least = \"9m\", merge_gap = \"5m\""), ["better"]);
    assert_eq!(lower("at_least = \"9m\", merge_gap = \"4m\""), ["changed"]);
    let cap = "cap = { percent = \"100\" }\npays_above = \"1\"";
    let last = |to: &str| changed(REFERENCE, cap, to).remove(0).rsplit_once(' ').unwrap().1.to_owned();
    assert_eq!(last("cap = { percent = \"50\" }\npays_above = \"1\""), "(worse)");
    assert_eq!(last("cap = { percent = \"100\" }\npays_above = \"0.5\""), "(better)");
    assert_eq!(last("cap = { percent = \"50\" }\npays_above = \"0.5\""), "(changed)");
    assert_eq!(last("cap = { percent = \"100\" }"), "(better)");
}

#[test]
fn a_policy_for_all_is_told_once_and_names_the_commitments() {
    let (old, new) =
        (agreement(CLOUD_ONE), agreement(&CLOUD_ONE.replacen("close_after = \"7d\"", "close_after = \"9d\"", 1)));
    let found = compare(&old, &new);
    let [Difference { about: About::Commitments(ids), old: Some(side), .. }] = found.as_slice() else {
        panic!("{found:#?}")
    };
    assert_eq!((ids.len(), &side.origin), (old.commitments.len(), &Some(Origin::Policy)));
}

#[test]
fn whole_clauses_and_commitments_come_and_go() {
    let clause = "[[clause]]\nid = \"9\"\nforce = \"duty\"\ntitle = { en = \"More\", ja = \"追加\" }\ntext = { en = \"More.\", ja = \"追加。\" }\n\n[[solution]]";
    assert_eq!(changed(REFERENCE, "[[solution]]", clause), ["itself: – → More (changed)"]);
    let (old, new) = (agreement(REFERENCE), agreement(&REFERENCE.replacen("id = \"errors\"", "id = \"faults\"", 1)));
    let keys: Vec<(bool, bool)> = compare(&old, &new).iter().map(|d| (d.old.is_some(), d.new.is_some())).collect();
    assert_eq!(keys, [(true, false), (false, true)]);
}
