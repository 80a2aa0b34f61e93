//! Who may open what: every route, by every method that it has, for everybody, with another customer's id wherever one fits.

use std::sync::Arc;

use sample::Story;
use uphold::accounts::{Role, Standing};
use uphold::live::Live;
use uphold::web::routes::{Access, Kind, Method, ROUTES, Route};
use uphold_core::evaluate::{Customers, Request, evaluate};
use uphold_core::history::Reader;
use uphold_core::id::CustomerId;

use crate::sample;
use crate::web::Site;

/// What is known of one customer, with words that nothing else has.
const OF_ONE: &str = r#"
{"type":"entitlement","id":"$-right","scope":{"solution":"workload-security","customer":"$"},"paid":true,"from":"2026-10-01T00:00:00Z","recorded_at":"2026-10-01T00:00:00Z"}
{"type":"resource","id":"$-vm","scope":{"solution":"workload-security","instance":"$-vm","customer":"$"},"kind":"vm","from":"2026-10-01T00:00:00Z","recorded_at":"2026-10-01T00:00:00Z"}
{"type":"incident","id":"$-incident","scope":{"solution":"workload-security","customer":"$"},"from":"2026-11-03T01:00:00Z","until":"2026-11-03T02:00:00Z","cause":"cause-of-$","recorded_at":"2026-11-03T02:00:00Z"}
{"type":"incident","id":"$-vm-incident","scope":{"solution":"workload-security","instance":"$-vm","customer":"$"},"from":"2026-11-04T01:00:00Z","until":"2026-11-04T02:00:00Z","cause":"vm-cause-of-$","recorded_at":"2026-11-04T02:00:00Z"}
{"type":"update","id":"$-update","about":"$-incident","customer":"$","at":"2026-11-03T01:30:00Z","stage":"identified","text":"word-to-$","recorded_at":"2026-11-03T01:30:00Z"}
{"type":"connections","id":"$-agents","scope":{"solution":"workload-security","customer":"$","feature":"agents-of-$"},"from":"2026-11-03T00:00:00Z","until":"2026-11-04T00:00:00Z","expected":10,"connected":9,"recorded_at":"2026-11-04T00:00:00Z"}
{"type":"assent","id":"$-accepts","customer":"$","document":"terms-of-use","kind":"accept","person":"person-of-$","at":"2026-10-01T00:00:00Z","recorded_at":"2026-10-01T00:00:00Z"}
{"type":"assent","id":"$-assent","customer":"$","document":"document-of-$","kind":"acknowledge","person":"person-of-$","at":"2026-11-03T00:00:00Z","recorded_at":"2026-11-04T00:00:00Z"}
{"type":"maintenance","id":"$-work","sequence":0,"scope":{"solution":"workload-security","customer":"$"},"class":"work-of-$","status":"CONFIRMED","from":"2026-11-25T00:00:00Z","until":"2026-11-25T01:00:00Z","recorded_at":"2026-11-20T00:00:00Z"}
{"type":"suspension","id":"stop-#","scope":{"solution":"workload-security","customer":"$"},"extent":"whole","act":"act-of-$","ordered_at":"2026-11-10T00:00:00Z","enforced_at":"2026-11-10T01:00:00Z","lifted_at":"2026-11-10T06:00:00Z","recorded_at":"2026-11-10T00:00:00Z"}
{"type":"notice","id":"$-notice","about":{"id":"stop-#"},"kind":"notice-to-$","channel":"mail","customer":"$","delivered_at":"2026-11-10T00:10:00Z","recorded_at":"2026-11-10T00:10:00Z"}
"#;

/// Words that only what is known of that customer has.
fn words_of(customer: &str) -> [String; 10] {
    [
        "cause-of-$",
        "vm-cause-of-$",
        "work-of-$",
        "act-of-$",
        "notice-to-$",
        "$-vm",
        "word-to-$",
        "agents-of-$",
        "document-of-$",
        "person-of-$",
    ]
    .map(|word| word.replace('$', customer))
}

pub(crate) fn live() -> Live {
    let mut live = sample::live(Story::Grown, sample::noon());
    let mut reader = Reader::new(&live.agreement);
    let shared = r#"{"type":"maintenance","id":"all-work","sequence":0,"scope":{"solution":"workload-security"},"class":"work-for-all","status":"CONFIRMED","from":"2026-11-26T00:00:00Z","until":"2026-11-26T01:00:00Z","recorded_at":"2026-11-20T00:00:00Z"}"#;
    for customer in ["acme", "bolt"] {
        // Everybody's statement tells the ids of suspensions, and of nobody who it was.
        OF_ONE
            .replace('$', customer)
            .replace('#', &customer[..1])
            .lines()
            .filter(|line| !line.is_empty())
            .for_each(|line| reader.line(line));
    }
    reader.line(shared);
    let (more, _, bad) = reader.finish();
    assert_eq!(bad, []);
    tell(&mut live, more);
    live
}

/// Adds what was told to a picture.
pub(crate) fn tell(live: &mut Live, more: uphold_core::history::History) {
    let mut history = (*live.history).clone();
    history.append(more);
    let facts = history.known_at(live.as_known_at).facts;
    (live.incidents, live.notices) = (facts.incidents.clone(), facts.notices.clone());
    let period = live.statement.period.clone();
    let request = Request { period, as_known_at: live.as_known_at, customers: Customers::Nobody };
    live.statement = evaluate(live.revisions.all(), &history, &request).unwrap();
    (live.history, live.facts) = (Arc::new(history), Arc::new(facts));
}

pub(crate) fn customer(id: &str) -> Standing {
    Standing::Customer(CustomerId::parse(id).unwrap())
}

/// Whether somebody may use a route, worked out apart from the server; nobody where it is no role.
fn may(route: &Route, who: Option<Role>, asks_for_customers: bool) -> bool {
    let reads = route.method == Method::Get;
    let sees_all = matches!(who, Some(Role::Operator | Role::Viewer));
    match route.access {
        Access::Everybody => true,
        Access::SignedIn => who.is_some(),
        Access::Person(Role::Operator) => who == Some(Role::Operator),
        Access::Person(Role::Viewer) => sees_all,
        Access::Person(Role::Customer) => who == Some(Role::Customer),
        Access::Token(scope) => reads && scope == uphold::access::Scope::Read && sees_all,
        Access::TokenForCustomers(_) => !asks_for_customers || sees_all,
    }
}

/// A path with another customer's id in each of its parts that can be chosen.
fn foreign(route: &Route) -> String {
    let part = |part: &str| if part.starts_with('{') { "bolt".to_owned() } else { part.to_owned() };
    route.path.split('/').map(part).collect::<Vec<_>>().join("/")
}

/// The field of every form of a session.
async fn form_token(site: &Site, cookie: &str) -> String {
    let page = site.ask("GET", "/account", &[cookie]).await.body;
    let (_, rest) = page.split_once("name=\"csrf\" value=\"").unwrap();
    rest.split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn every_route_opens_to_whom_the_table_says_and_tells_no_customer_of_another() {
    let site = Site::of(live()).await;
    site.signed_in("root", Standing::Operator).await;
    let mut people = vec![(None, "x-nobody: 1".to_owned())];
    for (name, standing) in [("op", Standing::Operator), ("view", Standing::Viewer), ("acme", customer("acme"))] {
        people.push((Some(standing.role()), site.signed_in(name, standing).await));
    }
    let queries = ["", "?customer=bolt", "?customer=all", "?%63ustomer=bolt", "?id=bolt&name=bolt&scope=bolt"];
    let (mut asked, mut opened) = (0, 0);
    // Forms come last: one of them ends the session.
    let order = |route: &&Route| (route.method == Method::Post, route.path == "/sign-out");
    let mut routes: Vec<&Route> = ROUTES.iter().filter(|route| route.kind != Kind::Events).collect();
    routes.sort_by_key(order);
    for (who, cookie) in &people {
        let token = if who.is_some() { form_token(&site, cookie).await } else { String::new() };
        let mut signed_out = false;
        for route in &routes {
            for (path, query) in [route.sample.to_owned(), foreign(route)]
                .iter()
                .zip([queries, queries])
                .flat_map(|(p, q)| q.map(|q| (p.clone(), q)))
            {
                let address = format!("{path}{query}");
                let answer = match route.method {
                    Method::Get => {
                        site.ask("GET", &address, &[cookie, "x-customer: bolt", "cookie: customer=bolt"]).await
                    }
                    Method::Post => {
                        let form = ["origin: http://localhost", "content-type: application/x-www-form-urlencoded"];
                        let body = format!("csrf={token}&customer=bolt&session=0&old=x&password=x&again=x&name=bolt");
                        site.send("POST", &address, &[&form[..], &[cookie]].concat(), &body).await
                    }
                };
                if route.path == "/sign-out" && std::mem::replace(&mut signed_out, true) {
                    // The session ended with the first of them.
                    continue;
                }
                let names = query.contains("customer=") || query.contains('%');
                let refused = matches!(answer.status, 401 | 403)
                    || answer.header("location").is_some_and(|to| to.starts_with("/sign-in?next="));
                let wrong_password = route.path == "/sign-in" && route.method == Method::Post;
                let allowed = may(route, *who, names) || wrong_password;
                assert!(
                    allowed != refused || wrong_password,
                    "{who:?} {:?} {address}: {}",
                    route.method,
                    answer.status
                );
                asked += 1;
                opened += usize::from(answer.status == 200);
                if !matches!(who, Some(Role::Operator | Role::Viewer)) {
                    for word in words_of("bolt") {
                        assert!(!answer.body.contains(&word), "{who:?} {address} tells `{word}`");
                    }
                }
            }
        }
    }
    assert!(asked > 1_000 && opened > 200, "{asked} {opened}");
}

#[tokio::test]
async fn a_customer_sees_its_own_and_what_is_for_all() {
    let site = Site::of(live()).await;
    site.signed_in("root", Standing::Operator).await;
    for (mine, other) in [("acme", "bolt"), ("bolt", "acme")] {
        let cookie = site.signed_in(mine, customer(mine)).await;
        let page = site.ask("GET", "/mine", &[&cookie]).await;
        assert_eq!(page.status, 200);
        for word in words_of(mine).iter().filter(|word| !word.ends_with("-vm")) {
            assert!(page.body.contains(word), "{mine}: {word}");
        }
        assert!(page.body.contains("work-for-all") && !page.body.contains(other), "{}", page.body);
        let json = site.ask("GET", "/mine/statements/2026-11/statement.json", &[&cookie]).await;
        assert_eq!(json.header("content-type"), Some("application/json"));
        let name = format!("attachment; filename=\"cloud-one-{mine}-2026-11-now.json\"");
        assert_eq!(json.header("content-disposition"), Some(&*name));
        let statement: serde_json::Value = serde_json::from_str(&json.body).unwrap();
        let rows = statement["commitments"].as_array().unwrap();
        assert!(!rows.is_empty() && rows.iter().all(|row| row["customer"] == mine), "{}", json.body);
        assert!(!json.body.contains(other), "{}", json.body);
        let own = ["incident", "vm-incident"].map(|id| format!("`{mine}-{id}` "));
        assert!(own.iter().all(|id| json.body.contains(id)), "what is only theirs is judged for them: {}", json.body);
        for file in ["", "/statement.html", "/statement.csv"] {
            let kept = site.ask("GET", &format!("/mine/statements/2026-11{file}"), &[&cookie]).await;
            assert!(kept.body.contains(mine) && !kept.body.contains(other), "{file} {}", kept.body);
        }
        // It is the statement that an operator's token gets for this customer.
        let secret = site.tokens.create(mine, &[uphold::access::Scope::Read], sample::noon()).unwrap();
        let bearer = format!("authorization: Bearer {secret}");
        let same = site.ask("GET", &format!("/api/v1/statement?period=2026-11&customer={mine}"), &[&bearer]).await;
        let same: serde_json::Value = serde_json::from_str(&same.body).unwrap();
        assert_eq!(same["commitments"], statement["commitments"]);
    }
    // A customer whose id is a word of the interface is a customer.
    let all = site.signed_in("sneaky", customer("all")).await;
    let page = site.ask("GET", "/mine", &[&all]).await.body;
    assert!(!page.contains("acme") && !page.contains("bolt"), "{page}");
}

#[tokio::test]
async fn an_incident_of_one_customer_opens_for_it_and_for_whoever_sees_everything() {
    let site = Site::of(live()).await;
    let operator = site.signed_in("root", Standing::Operator).await;
    let (acme, bolt) = (site.signed_in("acme", customer("acme")).await, site.signed_in("bolt", customer("bolt")).await);
    let viewer = site.signed_in("view", Standing::Viewer).await;
    for (incident, cause) in [("acme-incident", "cause-of-acme"), ("acme-vm-incident", "vm-cause-of-acme")] {
        let path = format!("/incidents/{incident}");
        for (cookie, opens) in [("x: 1", false), (&bolt, false), (&acme, true), (&viewer, true), (&operator, true)] {
            let page = site.ask("GET", &path, &[cookie]).await;
            assert_eq!(page.status, if opens { 200 } else { 404 }, "{incident} {cookie}");
            assert_eq!(page.body.contains(cause), opens, "{incident} {cookie}");
            // What was told to that customer is there; and how it came to be known, for those alone who see everything.
            let told = opens && incident == "acme-incident";
            assert_eq!(page.body.contains("word-to-acme"), told, "{incident} {cookie}");
            let sees_all = [&viewer, &operator].contains(&&cookie.to_owned());
            assert_eq!(page.body.contains("id=\"tellings\""), sees_all, "{incident} {cookie}");
        }
        let (mine, listed) = (site.ask("GET", "/mine", &[&acme]).await, site.ask("GET", "/incidents", &[&acme]).await);
        assert!(mine.body.contains(&format!("href=\"{path}\"")) && !listed.body.contains(&path));
    }
}

#[tokio::test]
async fn what_everybody_may_open_is_this_and_no_more() {
    let open = ROUTES.iter().filter(|route| matches!(route.access, Access::Everybody | Access::TokenForCustomers(_)));
    let mut open: Vec<&str> = open.map(|route| route.path).collect();
    open.sort_unstable();
    open.dedup();
    let wanted = [
        "/",
        "/agreement",
        "/agreement/compare",
        "/agreement/history",
        "/agreement/{revision}",
        "/api/v1/agreement",
        "/api/v1/agreement/revisions",
        "/api/v1/agreement/revisions/{revision}",
        "/api/v1/budgets",
        "/api/v1/ledger",
        "/api/v1/ledger/checkpoint",
        "/api/v1/openapi.json",
        "/api/v1/statement",
        "/api/v1/vantage-points",
        "/assets/{digest}/{name}",
        "/events",
        "/healthz",
        "/incidents",
        "/incidents/{id}",
        "/join/{link}",
        "/join/{link}/identity",
        "/maintenance",
        "/maintenance.atom",
        "/maintenance.ics",
        "/metrics",
        "/sign-in",
        "/sign-in/identity",
        "/sign-in/return",
        "/solutions/{solution}",
        "/statements",
        "/statements/{period}",
        "/statements/{period}/{file}",
        "/status",
        "/sub-processors",
    ];
    assert_eq!(open, wanted);
}

#[tokio::test]
async fn the_navigation_shows_what_the_reader_may_open() {
    let site = Site::of(live()).await;
    crate::told::keep_ledger(site.data.path(), sample::Story::Grown).await;
    site.signed_in("root", Standing::Operator).await;
    let places = |page: &str| -> Vec<String> {
        let (_, rest) = page.split_once("<nav aria-label=").unwrap();
        let (nav, _) = rest.split_once("</nav>").unwrap();
        nav.split("href=\"").skip(1).map(|part| part.split('"').next().unwrap().to_owned()).collect()
    };
    let anonymous = site.get("/").await.body;
    let public = ["/", "/status", "/maintenance", "/incidents", "/statements"];
    assert_eq!(places(&anonymous), public);
    assert!(anonymous.contains("<a href=\"/sign-in?next=/\"") && !anonymous.contains("Sign out"), "{anonymous}");
    for (name, standing, wanted) in [
        ("op", Standing::Operator, &["/customers", "/checks", "/ledger", "/tell", "/people"][..]),
        ("view", Standing::Viewer, &["/customers", "/checks", "/ledger"]),
        ("acme", customer("acme"), &["/mine"]),
    ] {
        let cookie = site.signed_in(name, standing).await;
        let page = site.ask("GET", "/", &[&cookie]).await.body;
        assert_eq!(places(&page), [&public[..], wanted].concat(), "{name}");
        assert!(page.contains(&format!("Signed in as {name}")) && page.contains("Sign out"));
        for place in wanted {
            assert_eq!(site.ask("GET", place, &[&cookie]).await.status, 200, "{name} {place}");
        }
    }
}
