//! Laws of the history file, held against made-up facts of every type.

use proptest::collection::vec;
use proptest::option::of as maybe;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::agreement::{Language, Text};
use crate::id::{CommitmentId, CustomerId, InterfaceId, PartId, SolutionId};
use crate::ratio::Ratio;
use crate::run::{Observed, Staleness};
use crate::time::Millis;

fn time() -> impl Strategy<Value = Instant> {
    prop_oneof![(0i64..6).prop_map(|hour| Instant(hour * 3_600_000)), (0i64..4_000_000_000_000).prop_map(Instant)]
}

fn span() -> impl Strategy<Value = Interval> {
    (time(), maybe(1i64..1_000_000_000)).prop_map(|(from, length)| {
        Interval::new(from, length.map_or(Instant::MAX, |length| from + Millis(length))).unwrap()
    })
}

fn closed() -> impl Strategy<Value = Interval> {
    (time(), 1i64..1_000_000_000).prop_map(|(from, length)| Interval::new(from, from + Millis(length)).unwrap())
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![Just("words".to_owned()), any::<String>(), "[\"\\\\\\n\u{1}あ|]{0,3}"]
}

/// Few enough to repeat.
fn slug() -> impl Strategy<Value = String> {
    prop_oneof![select(vec!["a", "b"]).prop_map(str::to_owned), "[a-z0-9][a-z0-9._-]{0,5}"]
}

fn fact_id() -> impl Strategy<Value = FactId> {
    prop_oneof![
        select(vec!["x", "y"]).prop_map(|id| FactId::parse(id).unwrap()),
        "[!-~]{1,9}".prop_map(|id| FactId::parse(&id).unwrap())
    ]
}

fn customer() -> impl Strategy<Value = CustomerId> {
    slug().prop_filter("everybody is no customer", |id| id != "public").prop_map(|id| CustomerId::parse(&id).unwrap())
}

fn solution() -> impl Strategy<Value = SolutionId> {
    slug().prop_map(|id| SolutionId::parse(&id).unwrap())
}

fn parts() -> impl Strategy<Value = Parts> {
    let part = || maybe(slug().prop_map(|id| PartId::parse(&id).unwrap()));
    (part(), part(), part(), part(), maybe(customer())).prop_map(|(region, zone, instance, feature, customer)| Parts {
        region,
        zone,
        instance,
        feature,
        customer,
    })
}

fn scope() -> impl Strategy<Value = Scope> {
    let interface = maybe(slug().prop_map(|id| InterfaceId::parse(&id).unwrap()));
    prop_oneof![
        Just(Scope::default()),
        (maybe(solution()), interface, parts()).prop_map(|(solution, interface, parts)| Scope {
            solution,
            interface,
            parts
        })
    ]
}

fn scope_of_customer() -> impl Strategy<Value = Scope> {
    (scope(), customer()).prop_map(|(mut scope, customer)| {
        scope.parts.customer = Some(customer);
        scope
    })
}

fn series() -> impl Strategy<Value = Series> {
    (slug(), slug()).prop_map(|(check, vantage)| Series {
        check: CheckId::parse(&check).unwrap(),
        vantage: VantageId::parse(&vantage).unwrap(),
    })
}

fn amount() -> impl Strategy<Value = Ratio> {
    (0u32.., 0u32..1000).prop_map(|(whole, part)| Ratio::parse_decimal(&format!("{whole}.{part:03}")).unwrap())
}

fn fact<T: std::fmt::Debug>(body: impl Strategy<Value = T>) -> impl Strategy<Value = Fact<T>> {
    (fact_id(), time(), maybe(text()), body).prop_map(|(id, recorded_at, by, body)| Fact { id, recorded_at, by, body })
}

fn run() -> impl Strategy<Value = Run> {
    (time(), 0i64..1_000_000, select(Observed::ALL.to_vec()), 2u64.., time()).prop_map(
        |(from, length, state, n, recorded_at)| {
            let n = if length == 0 { n - 1 } else { n };
            Run { from, last: from + Millis(length), state, n, recorded_at }
        },
    )
}

fn check() -> impl Strategy<Value = Check> {
    let scope = (solution(), slug(), parts()).prop_map(|(solution, interface, parts)| CheckScope {
        solution,
        interface: InterfaceId::parse(&interface).unwrap(),
        parts,
    });
    let staleness =
        prop_oneof![Just(Staleness::None), (0i64..1_000_000).prop_map(|length| Staleness::After(Millis(length)))];
    (series(), scope, staleness, 1u32.., select(Role::ALL.to_vec()), span(), time()).prop_map(
        |(series, scope, staleness, weight, role, active, recorded_at)| Check {
            series,
            scope,
            staleness,
            weight,
            role,
            active,
            recorded_at,
        },
    )
}

fn gap() -> impl Strategy<Value = Gap> {
    let vantage = maybe(slug().prop_map(|id| VantageId::parse(&id).unwrap()));
    (fact_id(), vantage, span(), text(), time(), maybe(time())).prop_map(
        |(id, vantage, interval, why, recorded_at, erased_at)| Gap {
            id: id.to_string(),
            vantage,
            interval,
            why,
            recorded_at,
            erased_at,
        },
    )
}

fn counts() -> impl Strategy<Value = Counts> {
    let check = maybe(slug().prop_map(|id| CheckId::parse(&id).unwrap()));
    (check, scope(), closed(), any::<u64>(), any::<u64>()).prop_map(|(check, scope, span, a, b)| Counts {
        check,
        scope,
        span,
        good: a.min(b),
        valid: a.max(b),
    })
}

fn impact() -> impl Strategy<Value = Impact> {
    (scope(), span(), text(), 9u64.., maybe(vec(text(), 0..4)))
        .prop_map(|(scope, span, unit, count, user_set)| Impact { scope, span, unit, count, user_set })
}

fn entitlement() -> impl Strategy<Value = Entitlement> {
    (scope_of_customer(), any::<bool>(), span(), maybe(span()), maybe(time()), maybe(text())).prop_map(
        |(scope, paid, span, term, renewed_at, revision)| Entitlement { scope, paid, span, term, renewed_at, revision },
    )
}

fn maintenance() -> impl Strategy<Value = Maintenance> {
    let actual = prop_oneof![Just(None), span().prop_map(Some)];
    let who = (maybe(text()), any::<bool>(), any::<bool>(), maybe(text()));
    (0u32..3, scope(), text(), who, select(MaintenanceStatus::ALL.to_vec()), span(), actual).prop_map(
        |(sequence, scope, class, (performer, iaas, controllable, impact), status, planned, actual)| Maintenance {
            sequence,
            scope,
            class,
            performer,
            iaas,
            controllable,
            status,
            impact,
            planned,
            actual_from: actual.map(Interval::from),
            actual_until: actual.map(Interval::until).filter(|until| *until < Instant::MAX),
        },
    )
}

fn notice() -> impl Strategy<Value = Notice> {
    let audience = prop_oneof![Just(Audience::Public), customer().prop_map(Audience::Customer)];
    let times = (maybe(time()), maybe(time()), maybe(time()), maybe(time()), maybe(time()));
    (fact_id(), 0u32..3, text(), audience, text(), times).prop_map(
        |(about, sequence, kind, audience, channel, times)| {
            let (published_at, accepted_at, delivered_at, acknowledged_at, failed_at) = times;
            Notice {
                about,
                sequence,
                kind,
                audience,
                channel,
                published_at,
                accepted_at,
                delivered_at,
                acknowledged_at,
                failed_at,
            }
        },
    )
}

fn incident() -> impl Strategy<Value = Incident> {
    (scope(), span(), text(), maybe(text()), maybe(time()), any::<bool>(), maybe(time())).prop_map(
        |(scope, span, cause, attributed_to, detected_at, disaster, declared_at)| Incident {
            scope,
            span,
            cause,
            attributed_to,
            detected_at,
            disaster,
            declared_at: declared_at.filter(|_| disaster),
        },
    )
}

fn suspension() -> impl Strategy<Value = Suspension> {
    let direction = maybe(select(Suspension::DIRECTIONS.to_vec()).prop_map(str::to_owned));
    let course = (time(), maybe(0i64..1000), maybe(1i64..1000), maybe(time()));
    (scope_of_customer(), select(SuspensionExtent::ALL.to_vec()), text(), direction, course).prop_map(
        |(scope, extent, act, direction, (ordered_at, enforced, lifted, review_at))| {
            let enforced_at = enforced.map(|length| ordered_at + Millis(length));
            let lifted_at = lifted.map(|length| enforced_at.unwrap_or(ordered_at) + Millis(length));
            Suspension { scope, extent, act, direction, ordered_at, enforced_at, lifted_at, review_at }
        },
    )
}

fn recovery() -> impl Strategy<Value = Recovery> {
    (solution(), any::<bool>(), maybe(text()), time(), maybe(0i64..1000), maybe(time()), maybe(text())).prop_map(
        |(solution, exercise, plan, disrupted_at, healthy, recovery_point_at, verdict)| Recovery {
            solution,
            exercise,
            plan,
            disrupted_at,
            healthy_at: healthy.map(|length| disrupted_at + Millis(length)),
            recovery_point_at,
            verdict,
        },
    )
}

fn connections() -> impl Strategy<Value = Connections> {
    (scope(), span(), 0u64..9, 0u64..9, 0u64..9, 0u64..9).prop_map(
        |(scope, span, connected, customer_side, undetermined, other)| Connections {
            scope,
            span,
            expected: connected + customer_side + undetermined + other,
            connected,
            customer_side,
            undetermined,
        },
    )
}

fn claim() -> impl Strategy<Value = Claim> {
    let decision = maybe((select(Decision::ALL.to_vec()), 0i64..1000, maybe(amount())));
    let commitment = slug().prop_map(|id| CommitmentId::parse(&id).unwrap());
    (customer(), commitment, maybe(text()), time(), vec(text(), 0..3), decision).prop_map(
        |(customer, commitment, period, filed_at, evidence, decision)| Claim {
            customer,
            commitment,
            period,
            filed_at,
            evidence,
            decision: decision.as_ref().map(|(word, ..)| *word),
            decided_at: decision.as_ref().map(|(_, length, _)| filed_at + Millis(*length)),
            amount: decision.and_then(|(word, _, amount)| amount.filter(|_| word == Decision::Accepted)),
        },
    )
}

fn correction() -> impl Strategy<Value = Correction> {
    let value = prop_oneof![
        Just(serde_json::Value::Null),
        text().prop_map(serde_json::Value::from),
        any::<u64>().prop_map(serde_json::Value::from)
    ];
    let key = prop_oneof![select(vec!["why", "by", "until"]).prop_map(str::to_owned), text()];
    let set = vec((key, value), 1..3).prop_map(|members| Change::Set(members.into_iter().collect()));
    let change = prop_oneof![Just(Change::Retract), set];
    (fact_id(), maybe(0u32..3), change, text()).prop_map(|(of, sequence, change, why)| Correction {
        of,
        sequence,
        change,
        why,
    })
}

/// Lines of every type that is a measurement.
fn measurements() -> BoxedStrategy<String> {
    let named_run = fact((series(), run())).prop_map(|fact| {
        let (series, run) = fact.body;
        let body = NamedRun { series, run: Run { recorded_at: fact.recorded_at, ..run } };
        write_named_run(&Fact { id: fact.id, recorded_at: fact.recorded_at, by: fact.by, body })
    });
    let seen = (time(), select(Observed::ALL.to_vec()), text(), maybe(any::<u64>()))
        .prop_map(|(at, state, detail, latency_ms)| Seen { at, state, detail, latency_ms });
    let named_observation = fact((series(), seen).prop_map(|(series, seen)| NamedObservation { series, seen }))
        .prop_map(|fact| write_named_observation(&fact));
    prop_oneof![
        check().prop_map(|check| write_check(&check)),
        (series(), run()).prop_map(|(series, run)| write_run(&series, &run)),
        named_run,
        named_observation,
        gap().prop_map(|gap| write_gap(&gap)),
        fact(counts()).prop_map(|fact| write_counts(&fact)),
    ]
    .boxed()
}

/// Lines of every type that concerns customers.
fn of_customers() -> BoxedStrategy<String> {
    let population = (scope(), span(), text(), any::<u64>()).prop_map(|(scope, span, unit, count)| Population {
        scope,
        span,
        unit,
        count,
    });
    let fee = (scope(), closed(), amount(), "[A-Z]{3}").prop_map(|(scope, span, amount, currency)| Fee {
        scope,
        span,
        amount,
        currency,
    });
    let assent = (customer(), maybe(text()), text(), select(AssentKind::ALL.to_vec()), span())
        .prop_map(|(customer, person, document, kind, span)| Assent { customer, person, document, kind, span });
    let report = (customer(), scope(), time()).prop_map(|(customer, scope, at)| Report { customer, scope, at });
    let log_digest = (customer(), select(LogDigest::KINDS.to_vec()), closed(), any::<u64>(), text()).prop_map(
        |(customer, kind, span, count, digest)| LogDigest { customer, kind: kind.to_owned(), span, count, digest },
    );
    prop_oneof![
        fact(population).prop_map(|fact| write_population(&fact)),
        fact(impact()).prop_map(|fact| write_impact(&fact)),
        fact(entitlement()).prop_map(|fact| write_entitlement(&fact)),
        fact(fee).prop_map(|fact| write_fee(&fact)),
        fact(assent).prop_map(|fact| write_assent(&fact)),
        fact(report).prop_map(|fact| write_report(&fact)),
        fact(log_digest).prop_map(|fact| write_log_digest(&fact)),
        fact(claim()).prop_map(|fact| write_claim(&fact)),
    ]
    .boxed()
}

/// Lines of every other type.
fn of_operation() -> BoxedStrategy<String> {
    let resource = (scope(), text(), maybe(text()), span()).prop_map(|(scope, kind, tier, span)| Resource {
        scope,
        kind,
        tier,
        span,
    });
    let placement = (scope(), text(), text(), text(), span())
        .prop_map(|(scope, part, provider, data_centre, span)| Placement { scope, part, provider, data_centre, span });
    let exclusion = (scope(), text(), span(), text()).prop_map(|(scope, cause, span, ground)| ExclusionFact {
        scope,
        cause,
        span,
        ground,
    });
    let plan = (solution(), text(), select(PlanAction::ALL.to_vec()), time())
        .prop_map(|(solution, digest, action, at)| Plan { solution, digest, action, at });
    let subprocessor = (scope(), text(), select(Subprocessor::ACTIONS.to_vec()), time(), maybe(text())).prop_map(
        |(scope, name, action, effective_at, sla)| Subprocessor {
            scope,
            name,
            action: action.to_owned(),
            effective_at,
            sla,
        },
    );
    let publication = (text(), text(), maybe(text()), span()).prop_map(|(what, address, digest, span)| Publication {
        what,
        address,
        digest,
        span,
    });
    let said = prop_oneof![
        text().prop_map(Said::Plain),
        (text(), maybe(text())).prop_map(|(en, ja)| {
            let all = [(Language::En, Some(en)), (Language::Ja, ja)];
            Said::In(Text(all.into_iter().filter_map(|(language, text)| Some((language, text?))).collect()))
        }),
    ];
    let update = (fact_id(), maybe(customer()), time(), select(Stage::ALL.to_vec()), said)
        .prop_map(|(about, customer, at, stage, text)| Update { about, customer, at, stage, text });
    let capacity =
        (scope(), text(), time(), any::<u64>(), any::<u64>(), text()).prop_map(|(scope, resource, at, a, b, unit)| {
            Capacity { scope, resource, at, used: a.min(b), limit: a.max(b), unit }
        });
    prop_oneof![
        fact(resource).prop_map(|fact| write_resource(&fact)),
        fact(placement).prop_map(|fact| write_placement(&fact)),
        fact(maintenance()).prop_map(|fact| write_maintenance(&fact)),
        fact(notice()).prop_map(|fact| write_notice(&fact)),
        fact(incident()).prop_map(|fact| write_incident(&fact)),
        fact(exclusion).prop_map(|fact| write_exclusion(&fact)),
        fact(suspension()).prop_map(|fact| write_suspension(&fact)),
        fact(plan).prop_map(|fact| write_plan(&fact)),
        fact(recovery()).prop_map(|fact| write_recovery(&fact)),
        fact(subprocessor).prop_map(|fact| write_subprocessor(&fact)),
        fact(update).prop_map(|fact| write_update(&fact)),
        fact(publication).prop_map(|fact| write_publication(&fact)),
        fact(connections()).prop_map(|fact| write_connections(&fact)),
        fact(capacity).prop_map(|fact| write_capacity(&fact)),
        fact(correction()).prop_map(|fact| write_correction(&fact)),
    ]
    .boxed()
}

fn line() -> BoxedStrategy<String> {
    prop_oneof![2 => measurements(), 3 => of_customers(), 4 => of_operation()].boxed()
}

/// Lines in which one thing is told several times, changed and taken back.
fn told_again() -> BoxedStrategy<String> {
    let hour = || (0i64..6).prop_map(|hour| Instant(hour * 3_600_000));
    let id = || select(vec!["x", "y"]).prop_map(|id| FactId::parse(id).unwrap());
    let again = move |line: String, id: FactId, recorded_at: Instant| {
        let mut members: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&line).unwrap();
        members.insert("id".into(), id.as_str().into());
        members.insert("recorded_at".into(), recorded_at.to_string().into());
        serde_json::Value::Object(members).to_string()
    };
    let set = (select(vec!["why", "ground", "class", "scope", "detail", "impact"]), select(vec!["a", "b"]));
    let change = prop_oneof![
        Just(Change::Retract),
        set.prop_map(|(key, value)| Change::Set([(key.to_owned(), value.into())].into_iter().collect()))
    ];
    let correction =
        (id(), hour(), id(), maybe(0u32..3), change).prop_map(|(id, recorded_at, of, sequence, change)| {
            let body = Correction { of, sequence, change, why: String::new() };
            // A correction's own id, so that nothing is both corrected and a correction.
            let id = FactId::parse(&format!("c{id}")).unwrap();
            write_correction(&Fact { id, recorded_at, by: None, body })
        });
    prop_oneof![
        3 => (line(), id(), hour()).prop_map(move |(line, id, at)| again(line, id, at)),
        1 => correction,
    ]
    .boxed()
}

fn read(lines: &[String]) -> (History, Vec<BadLine>) {
    let mut reader = Reader::of_a_part();
    lines.iter().for_each(|line| reader.line(line));
    let (history, _, bad) = reader.finish();
    (history, bad)
}

/// Every line that a history is made of, by its own writers.
fn written(history: &History) -> Vec<String> {
    let mut lines: Vec<String> = history.checks.iter().map(write_check).collect();
    lines.extend(history.gaps.iter().map(write_gap));
    lines.extend(history.runs.iter().flat_map(|(series, runs)| runs.iter().map(|run| write_run(series, run))));
    lines.extend(history.facts.written());
    lines
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(line in line()) {
        let (history, bad) = read(std::slice::from_ref(&line));
        prop_assert_eq!(bad, [], "{}", line);
        let lines = written(&history);
        prop_assert_eq!(lines.len(), 1);
        // The writer has one form, and the reader takes all of it: nothing is lost on the way.
        prop_assert_eq!(&lines[0], &line);
        prop_assert_eq!(read(&lines).0, history);
    }

    #[test]
    fn neither_the_order_of_lines_nor_their_repetition_means_anything(
        lines in vec(prop_oneof![line(), told_again()], 0..14),
        order in any::<prop::sample::Index>(),
        again in any::<prop::sample::Index>(),
        known in (-1i64..7).prop_map(|hour| Instant(hour * 3_600_000)),
    ) {
        let (history, bad) = read(&lines);
        // Which of two counts of one time is the bad one is a matter of the order.
        prop_assume!(bad.is_empty());
        let mut other = lines.clone();
        if !lines.is_empty() {
            other.rotate_left(order.index(lines.len()));
            other.push(lines[again.index(lines.len())].clone());
            other.reverse();
        }
        let (shuffled, _) = read(&other);
        prop_assert_eq!(&shuffled, &history);
        let now = history.known_at(known);
        prop_assert_eq!(&shuffled.known_at(known), &now);
        prop_assert_eq!(&now.known_at(known), &now, "known twice");
        prop_assert_eq!(&read(&written(&history)).0.known_at(known), &now, "written and read");
        prop_assert_eq!(&history.known_at(Instant::MAX).known_at(Instant::MAX), &history.known_at(Instant::MAX));
    }

    #[test]
    fn what_is_recorded_later_changes_nothing_that_was_known(
        lines in vec(told_again(), 0..10),
        known in (0i64..7).prop_map(|hour| Instant(hour * 3_600_000)),
    ) {
        let (history, bad) = read(&lines);
        prop_assume!(bad.is_empty());
        let by_then: Vec<String> = lines
            .iter()
            .filter(|line| {
                let members: serde_json::Value = serde_json::from_str(line).unwrap();
                Instant::parse(members["recorded_at"].as_str().unwrap()).unwrap() <= known
            })
            .cloned()
            .collect();
        // A series of which nothing was known yet is there without runs.
        let mut known_of_all = history.known_at(known);
        known_of_all.runs.retain(|_, runs| !runs.is_empty());
        prop_assert_eq!(known_of_all, read(&by_then).0.known_at(Instant::MAX));
    }
}
