use uphold_core::agreement::{
    self, Agreement, Binding, CreditCap, CreditUnit, End, Language, Lead, Promise, RoundingMode, TierRange,
};
use uphold_core::evaluate::{Customers, Request, evaluate};
use uphold_core::history::Reader;
use uphold_core::id::{CustomerId, FactId};
use uphold_core::interval::Interval;
use uphold_core::ratio::Ratio;
use uphold_core::statement::{
    Cause, ClaimRow, ClaimState, CreditNote, EventNote, Inputs, Reason, ReasonKind, Right, Row, Statement, Verdict,
    WindowAct,
};
use uphold_core::time::{Instant, Millis, Period, tzdb_version};
use uphold_core::timeline::{State, Tally};

use super::{csv, html, picture};
use crate::wording::{Texts, Words};

const AGREEMENT: &str = include_str!("../../../examples/month/agreement.toml");
const HISTORY: &str = include_str!("../../../examples/month/history.jsonl");

fn at(text: &str) -> Instant {
    Instant::parse(text).unwrap()
}

fn inputs(skipped: u64) -> Inputs {
    Inputs { digest: "00ff".to_owned(), lines: 43, skipped }
}

/// A month of one customer under an agreement, as the example tells it.
fn october(source: &str, lines: &str) -> (Vec<Agreement>, Statement) {
    let reading = agreement::read(source);
    let agreement = reading.agreement.unwrap_or_else(|| panic!("{:#?}", reading.findings));
    let mut reader = Reader::new(&agreement);
    lines.lines().for_each(|line| reader.line(line));
    let (history, _, bad) = reader.finish();
    assert_eq!(bad, []);
    let zone = agreement.commitments[0].terms.zone.value.clone();
    let request = Request {
        period: Period::parse("2026-10", &zone).unwrap(),
        as_known_at: at("2026-11-10T09:00:00Z"),
        customers: Customers::One(CustomerId::parse("acme").unwrap()),
    };
    let agreements = vec![agreement];
    let statement = evaluate(&agreements, &history, &request).unwrap();
    (agreements, statement)
}

fn page(language: Language) -> String {
    let (agreements, statement) = october(AGREEMENT, HISTORY);
    html(&statement, &agreements, &inputs(0), language).unwrap()
}

/// The page without what changes with a release or is not about a statement.
fn content(page: &str) -> String {
    let (head, rest) = page.split_once("<style>").unwrap();
    let (_, body) = rest.split_once("</style>").unwrap();
    format!("{head}{body}")
        .replace(&format!("Uphold {}", env!("CARGO_PKG_VERSION")), "Uphold VERSION")
        .replace(tzdb_version(), "TZDB")
}

#[test]
fn a_month_of_one_customer_as_a_page() {
    insta::assert_snapshot!(content(&page(Language::En)));
}

#[test]
fn the_page_needs_nothing_else_and_has_no_script() {
    for language in Language::ALL {
        let page = page(language);
        for foreign in ["<script", "<link", "<img", "<iframe", "@import", "http://", "https://", "javascript:"] {
            assert!(!page.contains(foreign), "{foreign}");
        }
        assert_eq!(page.matches("url(").count(), page.matches("url(#").count());
    }
}

/// Every tag of the page, opened and closed in turn.
fn tags_are_balanced(page: &str) -> bool {
    const VOID: [&str; 2] = ["meta", "br"];
    let mut open: Vec<&str> = Vec::new();
    for tag in page.split('<').skip(1).filter_map(|rest| rest.split('>').next()) {
        let name = tag.split([' ', '\n']).next().unwrap_or(tag);
        if let Some(closed) = name.strip_prefix('/') {
            if open.pop() != Some(closed) {
                return false;
            }
        } else if !tag.ends_with('/') && !tag.starts_with('!') && !VOID.contains(&name) {
            open.push(name);
        }
    }
    open.is_empty()
}

#[test]
fn every_element_is_closed_and_no_id_stands_twice() {
    assert!(!tags_are_balanced("<p><b></p></b>"));
    for language in Language::ALL {
        let page = page(language);
        assert!(tags_are_balanced(&page));
        let mut ids: Vec<&str> = page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        let all = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), all);
        let targets = page.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next());
        assert_eq!(targets.filter(|target| !ids.contains(target)).collect::<Vec<_>>(), Vec::<&str>::new());
    }
}

#[test]
fn text_of_others_is_never_markup() {
    const EVIL: &str = "</title></style><script>alert(1)</script>' onload='x";
    let quoted = EVIL.replace('"', "\\\"");
    let mut source = String::new();
    for line in AGREEMENT.lines() {
        let free = ["title =", "provider =", "note =", "name =", "text."].iter().any(|key| line.starts_with(key));
        let line = line.replace("request-log", &quoted).replace("\"2026-04\"", &format!("\"{quoted}\""));
        let line = if free { line.replace(" = \"", &format!(" = \"{quoted}")) } else { line };
        source.push_str(&line);
        source.push('\n');
    }
    let id = "<script>alert(2)</script>";
    let lines = HISTORY
        .replace("\"m-41\"", &format!("\"{id}\""))
        .replace("\"s-3\"", "\"<script>alert(3)</script>\"")
        .replace("\"claim-2026-10\"", "\"<script>alert(4)</script>\"")
        .replace("restart of the vantage point", EVIL);
    let (agreements, statement) = october(&source, &lines);
    for language in Language::ALL {
        let page = html(&statement, &agreements, &inputs(0), language).unwrap();
        assert!(!page.contains("<script") && !page.contains("</title></style>"));
        assert!(tags_are_balanced(&page));
        assert!(page.matches("script&#62;alert(1)").count() >= 20);
        for number in 2..=4 {
            assert!(page.contains(&format!("&#60;script&#62;alert({number})")), "{number}");
        }
    }
    let table = csv(&statement, &inputs(0));
    assert!(table.contains(&EVIL.replace('"', "\"\"")));
}

#[test]
fn the_other_language_says_which_one_governs() {
    assert!(page(Language::Ja).contains("<p class=\"note\" lang=\"ja\">日本語は参考訳です。"));
    assert!(page(Language::Ja).starts_with("<!DOCTYPE html>\n<html lang=\"ja\">"));
    assert!(!page(Language::En).contains("class=\"note\""));
}

#[test]
fn lines_that_were_left_out_are_a_warning_that_cannot_be_missed() {
    let (agreements, statement) = october(AGREEMENT, HISTORY);
    let page = |skipped| html(&statement, &agreements, &inputs(skipped), Language::En).unwrap();
    assert!(page(2).contains("<p class=\"warning\" role=\"note\">2 lines of the history could not be read"));
    assert!(page(2).contains("--skip-bad-lines"));
    assert!(!page(0).contains("class=\"warning\"") && !page(0).contains("--skip-bad-lines"));
}

/// Pages are drawn from stretches: what is in none of them counts as up.
#[test]
fn the_stretches_of_a_row_add_up_to_its_time() {
    let (_, statement) = october(AGREEMENT, HISTORY);
    let judged_by_time: Vec<&Row> = statement.rows.iter().filter(|row| row.kind == "availability").collect();
    assert_eq!(judged_by_time.len(), 2);
    for row in judged_by_time {
        let spent = |state: State| -> Millis {
            let own = row.reasons.iter().filter(|reason| reason.state() == Some(state));
            own.map(|reason| reason.interval.length()).sum()
        };
        let Tally { up: _, down, excluded, unknown } = row.tally;
        assert!(down.0 > 0 && excluded.0 > 0 && unknown.0 > 0);
        assert_eq!([State::Down, State::Excluded, State::Unknown].map(spent), [down, excluded, unknown]);
        assert_eq!(row.counted.length(), row.tally.covered());
    }
}

#[test]
fn a_picture_of_countless_stretches_stays_small_and_shows_the_worst() {
    let (_, mut statement) = october(AGREEMENT, HISTORY);
    let row = &mut statement.rows[0];
    let from = row.period.interval.from();
    row.reasons = (0..40_000)
        .map(|n| {
            let start = from + Millis(n * 60_000);
            let state = if n % 2 == 0 { State::Down } else { State::Unknown };
            let interval = Interval::new(start, start + Millis(20_000)).unwrap();
            Reason { interval, kind: ReasonKind::State(state), causes: Vec::new() }
        })
        .collect();
    let words = Words { texts: Texts(Language::En), zone: row.zone.clone() };
    let picture = picture::draw(&words, row).unwrap();
    let pieces = |class: &str| picture.layers.iter().find(|layer| layer.class == class).map(|l| l.pieces.len());
    assert_eq!((pieces("down"), pieces("unknown"), pieces("outside")), (Some(1), None, None));
    row.reasons.truncate(100);
    row.counted = Interval::new(from, from + Millis(86_400_000)).unwrap().into();
    let picture = picture::draw(&words, row).unwrap();
    let classes: Vec<&str> = picture.layers.iter().map(|layer| layer.class).collect();
    assert_eq!(classes, ["outside", "up", "down"]);
}

#[test]
fn the_table_can_be_read_back_and_says_what_the_json_says() {
    let (_, statement) = october(AGREEMENT, HISTORY);
    let table = csv(&statement, &inputs(1));
    assert!(table.lines().all(|line| !line.contains('\r')), "`lines` takes CR LF as one end");
    assert_eq!(table.matches("\r\n").count(), statement.rows.len() + 1);
    let mut reader = ::csv::Reader::from_reader(table.as_bytes());
    let header: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    assert_eq!(header[..4], ["agreement", "revision", "commitment", "kind"]);
    let json = statement.to_json(&inputs(1));
    let records: Vec<::csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(records.len(), statement.rows.len());
    let value = |record: &::csv::StringRecord, name: &str| {
        record[header.iter().position(|each| each == name).unwrap()].to_owned()
    };
    for (record, told) in records.iter().zip(json["commitments"].as_array().unwrap()) {
        assert_eq!(value(record, "agreement"), "orchard-cloud");
        assert_eq!(value(record, "down_s"), told["seconds"]["down"]);
        assert_eq!(value(record, "lower"), told["availability"]["lower"].as_str().unwrap_or(""));
        assert_eq!(value(record, "exact_upper_den"), told["availability"]["exact_upper"]["den"].as_str().unwrap_or(""));
        assert_eq!(value(record, "inputs_skipped"), "1");
    }
    let api = records.iter().find(|record| value(record, "subject") == "orchard/api").unwrap();
    assert_eq!(value(api, "credit_amount"), "249.99");
    assert_eq!(value(api, "claim_missing"), "request-log");
    assert_eq!(value(api, "termination"), "2026-10-31T23:00:00Z");
    let cap = records.iter().find(|record| value(record, "kind") == "maintenance-cap").unwrap();
    assert!(value(cap, "measured").contains("used=36300;"), "{}", value(cap, "measured"));
}

/// The page of one row, which a test has changed.
fn page_of(change: impl FnOnce(&mut Agreement, &mut Row), language: Language) -> String {
    let (mut agreements, mut statement) = october(AGREEMENT, HISTORY);
    statement.rows.truncate(1);
    change(&mut agreements[0], &mut statement.rows[0]);
    html(&statement, &agreements, &inputs(0), language).unwrap()
}

/// A key that no language has is shown as it is: no page may hold one.
fn assert_worded(page: &str, what: &str) {
    let shown = page.split_once("</style>").map_or("", |(_, body)| body);
    for prefix in ["statement-", "event-", "window-", "cause-", "month-", "short-date", "term-"] {
        let found = shown.split(['>', '<', ' ']).find(|word| word.starts_with(prefix));
        assert_eq!(found, None, "{what}");
    }
}

#[test]
fn every_event_and_every_cause_has_its_words() {
    const NOTES: [EventNote; 13] = [
        EventNote::Announced,
        EventNote::Extended,
        EventNote::ExtendedTooFar,
        EventNote::Worked,
        EventNote::ExemptWork,
        EventNote::Noticed,
        EventNote::Restored,
        EventNote::Recovered,
        EventNote::DataLost,
        EventNote::Happened,
        EventNote::NotSince,
        EventNote::Present,
        EventNote::Absent,
    ];
    let acts = [
        WindowAct::Removed,
        WindowAct::AsUp,
        WindowAct::ShortNotice { given: None, needed: Lead::CalendarDays(7) },
        WindowAct::ShortNotice { given: Some(Millis(1)), needed: Lead::Elapsed(Millis(2)) },
        WindowAct::Overrun,
        WindowAct::CapUsedUp,
        WindowAct::NoEffect,
    ];
    let id = || FactId::parse("f-1").unwrap();
    let interval = Interval::new(at("2026-10-02T00:00:00Z"), Instant::MAX).unwrap();
    let mut reasons = Vec::new();
    for note in NOTES {
        for took in [None, Some(Millis(61_000)), Some(Millis(-61_000))] {
            for kind in [ReasonKind::Kept, ReasonKind::Missed, ReasonKind::Undecided, ReasonKind::Measured] {
                let causes = vec![Cause::Event { id: Some(id()), note, took, limit: Some(Millis(5)) }];
                reasons.push(Reason { interval, kind, causes });
            }
        }
    }
    let windows =
        acts.map(|act| Cause::Window { id: id(), class: "x".into(), act, recorded_late: Some(interval.from()) });
    let others = [
        Cause::Suspended { id: id() },
        Cause::TooShort { minimum: Millis(5) },
        Cause::NotConfirmed,
        Cause::MergedGap,
        Cause::Slice,
        Cause::NotCounted,
        Cause::DeemedUp,
        Cause::Policy,
    ];
    let causes = windows.into_iter().chain(others).collect();
    reasons.push(Reason { interval, kind: ReasonKind::State(State::Excluded), causes });
    for language in Language::ALL {
        let page = page_of(|_, row| row.reasons.clone_from(&reasons), language);
        assert_worded(&page, "events");
        assert!(page.matches("f-1").count() >= 13 * 3 * 4);
    }
    let page = page_of(|_, row| row.reasons = reasons, Language::En).replace('\u{a0}', " ");
    assert!(page.contains("f-1: told 1 min 1 s before (limit 1 s)"));
}

#[test]
fn every_verdict_claim_and_note_has_its_words() {
    for language in Language::ALL {
        for verdict in Verdict::ALL {
            for binding in [Binding::Lower, Binding::Upper, Binding::Both] {
                for shape in 0..4 {
                    let change = |_: &mut Agreement, row: &mut Row| {
                        (row.verdict, row.binding) = (verdict, Some(binding));
                        match shape {
                            0 => {}
                            1 => row.target = None,
                            2 => row.availability = None,
                            _ => (row.availability, row.observed) = (None, None),
                        }
                    };
                    let page = page_of(change, language);
                    assert_worded(&page, verdict.name());
                    assert!(page.contains(&format!("class=\"mark {}\"", verdict.name().replace(' ', "-"))));
                }
            }
        }
        for state in [
            ClaimState::NotDue,
            ClaimState::Automatic,
            ClaimState::Open,
            ClaimState::Filed,
            ClaimState::Incomplete,
            ClaimState::Late,
            ClaimState::Accepted,
            ClaimState::Refused,
            ClaimState::Lapsed,
        ] {
            let claim = ClaimRow { state, deadline: None, fact: None, missing: Vec::new() };
            let right = Right { arises: Instant(0), lapses: None };
            let change = |_: &mut Agreement, row: &mut Row| (row.claim, row.termination) = (Some(claim), Some(right));
            assert_worded(&page_of(change, language), state.name());
        }
        let notes = vec![
            CreditNote::Capped,
            CreditNote::BelowPayout,
            CreditNote::TotalCapped,
            CreditNote::NotStacked,
            CreditNote::NoFee,
            CreditNote::MixedCurrencies,
            CreditNote::NotMissed,
        ];
        let change = |_: &mut Agreement, row: &mut Row| row.credit.as_mut().unwrap().notes = notes;
        assert_worded(&page_of(change, language), "credit notes");
    }
}

#[test]
fn every_way_to_work_out_a_credit_has_its_words() {
    let ratio = |num: i64, den: i64| Ratio::new(num, den).unwrap();
    let units = [
        CreditUnit::Share(ratio(1, 3)),
        CreditUnit::ServiceDays(3),
        CreditUnit::TimesLost(ratio(50, 1)),
        CreditUnit::PerStarted { step: Millis(3_600_000), share: ratio(1, 20) },
    ];
    let caps = [CreditCap::Share(ratio(1, 5)), CreditCap::Days(30), CreditCap::Amount(ratio(500, 1))];
    let modes = [RoundingMode::Down, RoundingMode::Up, RoundingMode::HalfUp, RoundingMode::HalfEven];
    let ranges = [
        TierRange::Downtime { low: End::Including(Millis(5)), high: End::Excluding(Millis(9)) },
        TierRange::Downtime { low: End::Excluding(Millis(5)), high: End::Including(Millis(9)) },
        TierRange::Availability { low: End::Open, high: End::Including(ratio(1, 2)) },
        TierRange::Availability { low: End::Excluding(ratio(1, 2)), high: End::Open },
    ];
    for language in Language::ALL {
        for number in 0..4 {
            let change = |agreement: &mut Agreement, row: &mut Row| {
                let Promise::Availability(terms) = &mut agreement.commitments[0].promise else { panic!() };
                let remedy = &mut terms.remedy.as_mut().unwrap().value;
                remedy.tiers[0].credit = units[number].clone();
                remedy.tiers[0].range = ranges[number].clone();
                remedy.cap = caps.get(number).cloned();
                remedy.rounding.mode = modes[number];
                let credit = row.credit.as_mut().unwrap();
                (credit.tier, credit.before) = (Some(0), Some(ratio(1000, 3)));
            };
            let page = page_of(change, language);
            assert_worded(&page, "credit");
            assert!(page.contains("333.333333…\u{a0}EUR"));
        }
    }
}
