//! The ways from pages to their forms: who gets them, that each leads to a form, and what a form takes from its address.

use serde_json::{Value, json};
use uphold::accounts::Standing;
use uphold::live::Live;
use uphold_core::id::{CustomerId, FactId};
use uphold_core::ledger::fact::Record;
use uphold_core::ledger::record::Recorded;
use uphold_core::time::Millis;

use crate::sample::{Story, live_with, noon};
use crate::told;
use crate::web::{Site, unbalanced};

/// Where links to forms stand.
const PAGES: [&str; 6] =
    ["/", "/maintenance", "/incidents", "/incidents/inc-1", "/sub-processors", "/checks/api-health?last=year"];

fn lines() -> Vec<Value> {
    let hours = |hours: i64| (noon() + Millis(hours * 3_600_000)).to_string();
    let scope = json!({ "solution": "workload-security" });
    let window = |id: &str, from: i64, until: i64| {
        json!({
            "type": "maintenance", "id": id, "scope": scope, "class": "scheduled", "status": "CONFIRMED",
            "from": hours(from), "until": hours(until), "impact": "\"><b>slow</b>", "recorded_at": hours(-500),
        })
    };
    let suspension = json!({
        "type": "suspension", "id": "sus-1", "scope": { "solution": "workload-security", "customer": "acme" },
        "extent": "whole", "act": "denial-of-service", "ordered_at": hours(-5), "enforced_at": hours(-4),
        "recorded_at": hours(-4),
    });
    vec![window("m-1", 240, 242), window("m/over", -3, -1), suspension]
}

/// A picture with incidents, windows and a suspension, and the records that they were told by.
fn picture() -> Live {
    let mut live = told::operated(Story::Grown, noon());
    let lines = lines();
    let told: Vec<String> = lines.iter().map(Value::to_string).collect();
    let other = live_with(Story::Grown, noon(), &told);
    let mut records = (*live.records).clone();
    for (place, line) in lines.into_iter().enumerate() {
        let mut line = line;
        line.as_object_mut().unwrap().remove("recorded_at");
        let record = Record {
            id: FactId::parse(&format!("more-{place}")).unwrap(),
            by: "person:ana".to_owned(),
            why: "a test".to_owned(),
            line: line.to_string(),
            customer: None,
        };
        records.push(Recorded::read(&record, 100 + place as u64, noon()).unwrap().0);
    }
    let mut facts = (*live.facts).clone();
    facts.suspensions.clone_from(&other.facts.suspensions);
    (live.schedule, live.records, live.facts) = (other.schedule, records.into(), facts.into());
    live
}

async fn site() -> Site {
    let site = Site::of(picture()).await;
    told::keep_ledger(site.data.path(), Story::Grown).await;
    site
}

/// The addresses of forms on a page.
fn links(page: &str) -> Vec<String> {
    let found = page.split("href=\"/tell/").skip(1).filter_map(|rest| rest.split('"').next());
    found.map(|rest| format!("/tell/{}", rest.replace("&#38;", "&"))).collect()
}

#[tokio::test]
async fn pages_lead_operators_to_their_forms_and_nobody_else() {
    let mut site = site().await;
    let acme = Standing::Customer(CustomerId::parse("acme").unwrap());
    let readers = [None, Some(("viewer", Standing::Viewer)), Some(("customer", acme))];
    for reader in readers {
        let name = reader.as_ref().map_or("a stranger", |(name, _)| *name);
        site.reader = match &reader {
            Some((name, standing)) => Some(site.signed_in(name, standing.clone()).await),
            None => None,
        };
        for page in PAGES {
            let answer = site.get(page).await;
            assert_eq!(links(&answer.body), Vec::<String>::new(), "{name} at {page}");
        }
    }
    site.reader = Some(site.signed_in("operator", Standing::Operator).await);
    let mut all = Vec::new();
    for page in PAGES {
        let answer = site.get(page).await;
        assert_eq!((answer.status, unbalanced(&answer.body)), (200, Vec::new()), "{page}");
        let found = links(&answer.body);
        assert!(!found.is_empty(), "{page}");
        all.extend(found);
    }
    for expected in [
        "/tell/correction?of=inc-1",
        "/tell/correction?of=inc-1#cause",
        "/tell/update?about=inc-1",
        "/tell/correction?of=m-1&status=CANCELLED",
        "/tell/correction?of=sus-1#lifted_at",
    ] {
        assert!(all.iter().any(|link| link == expected), "{expected}: {all:?}");
    }
    assert!(
        all.iter().any(|link| link.starts_with("/tell/incident?scope.solution=workload-security&scope.interface=api"))
    );
    // A window that is over is not moved, and one that is ahead has not gone anyhow.
    let of =
        |id: &str, field: &str| all.iter().any(|link| link.contains(&format!("id={id}&")) && link.ends_with(field));
    assert!(
        of("m-1", "#from") && !of("m-1", "#actual_from") && of("m%2Fover", "#actual_from") && !of("m%2Fover", "#from")
    );
    for link in &all {
        let address = link.split('#').next().unwrap();
        let form = site.get(address).await;
        assert_eq!((form.status, unbalanced(&form.body)), (200, Vec::new()), "{link}");
        // Where a link leads to a field, the form has that field.
        let field = link.split_once('#').map_or("why", |(_, field)| field);
        assert!(form.body.contains(&format!("id=\"{field}\"")), "{link}");
    }
}

#[tokio::test]
async fn a_form_is_filled_in_from_its_address_as_far_as_it_has_fields() {
    let mut site = site().await;
    site.reader = Some(site.signed_in("operator", Standing::Operator).await);
    let move_it = site.get("/maintenance").await.body;
    let move_it = links(&move_it).into_iter().find(|link| link.contains("id=m-1&") && link.ends_with("#from")).unwrap();
    let form = site.get(move_it.split('#').next().unwrap()).await.body;
    for says in [
        "name=\"from\" type=\"datetime-local\" step=\"1\" value=\"2026-12-02T12:34:56\"",
        "name=\"sequence\" inputmode=\"numeric\" pattern=\"[0-9]*\" value=\"1\"",
        "name=\"id\" value=\"m-1\"",
        "<option value=\"CONFIRMED\" selected>",
        "value=\"&#34;&#62;&#60;b&#62;slow&#60;/b&#62;\"",
    ] {
        assert!(form.contains(says), "{says}: {form}");
    }
    let cancel = site.get("/tell/correction?of=m-1&status=CANCELLED").await.body;
    assert!(cancel.contains("<option value=\"CANCELLED\" selected>"), "{cancel}");
}

#[tokio::test]
async fn what_a_hostile_address_brings_is_inert() {
    let mut site = site().await;
    site.reader = Some(site.signed_in("operator", Standing::Operator).await);
    let script = "%22%3E%3Cscript%3Ealert(1)%3C/script%3E";
    let key = format!("form-{}", "0".repeat(32));
    let query = format!(
        "about={script}&text={script}&stage=%3Cb%3E&at={script}&id={script}&why={script}&record=yes&seen=x&key={key}&csrf=mine&of={script}&unknown={script}"
    );
    let form = site.get(&format!("/tell/update?{query}")).await;
    assert_eq!((form.status, unbalanced(&form.body)), (200, Vec::new()));
    assert!(!form.body.contains("<script>alert") && !form.body.contains("<b>"), "{}", form.body);
    // Nothing but the fields comes from the address: no token, no consent, and no reason.
    assert!(form.body.contains("&#60;script&#62;alert(1)"), "a field shows what it was given");
    for missing in ["name=\"seen\"", "value=\"mine\"", key.as_str(), "name=\"record\""] {
        assert!(!form.body.contains(missing), "{missing}: {}", form.body);
    }
    assert!(form.body.contains("id=\"why\" name=\"why\" value=\"\""), "{}", form.body);
    assert!(!form.body.contains("<option value=\"&#60;b&#62;\""), "a choice has its own values alone");
    for dropped in
        [format!("about={}", "x".repeat(5_000)), "about=marked%00".to_owned(), "about=marked%0Aline".to_owned()]
    {
        let form = site.get(&format!("/tell/update?{dropped}")).await;
        assert_eq!(form.status, 200);
        assert!(!form.body.contains("marked") && !form.body.contains("xxxxx"), "{dropped:.40}");
    }
    assert_eq!(site.get(&format!("/tell/correction?of={script}")).await.status, 404);
}
