//! The ledger as pages, and the proof of one fact as the program verifies it.

use uphold::ledger::public_key;

use crate::program::{text, uphold};
use crate::sample::Story;
use crate::web::{Site, unbalanced};

#[tokio::test]
async fn facts_are_listed_the_newest_first_and_by_kind() {
    let site = Site::told(Story::Grown).await.for_viewer().await;
    let page = site.get("/ledger").await;
    assert_eq!((page.status, unbalanced(&page.body)), (200, Vec::new()));
    let place = |page: &str, seq: u64| page.find(&format!("href=\"/ledger/{seq}\""));
    assert!(
        place(&page.body, 10) < place(&page.body, 9) && place(&page.body, 9) < place(&page.body, 0),
        "{}",
        page.body
    );
    for said in ["sla.example.com", "11 facts, root", "incident inc-1: told by &#60;b&#62;phone", "token:ops", "1,234"]
    {
        assert!(page.body.contains(said), "{said}: {}", page.body);
    }
    let evidence = site.get("/ledger?kind=evidence").await.body;
    assert!(place(&evidence, 10).is_some() && place(&evidence, 9).is_none(), "{evidence}");
    let older = site.get("/ledger?kind=record&before=3").await.body;
    assert!(place(&older, 2).is_some() && place(&older, 3).is_none() && older.contains(">The newest</a>"), "{older}");
    let none = site.get("/ledger?kind=statement").await.body;
    assert!(none.contains("There is no fact of this kind"), "{none}");
    for query in ["kind=secret", "before=x", "after=3"] {
        let bad = site.get(&format!("/ledger?{query}")).await;
        assert!(bad.status == 400 && bad.body.contains("observer_gap"), "{query}: {}", bad.body);
    }
    let empty = Site::told(Story::Empty).await.for_viewer().await.get("/ledger").await.body;
    assert!(empty.contains("There is no fact"), "{empty}");
}

#[tokio::test]
async fn what_is_told_long_after_it_was_is_flagged() {
    let site = Site::told(Story::Grown).await.for_viewer().await;
    let page = site.get("/ledger").await.body;
    let row = |seq: u64| {
        let rest = page.split(&format!("href=\"/ledger/{seq}\"")).nth(1).unwrap();
        rest.split("</tr>").next().unwrap().to_owned()
    };
    // The incident of March was recorded in November; that of the same hour was not long after it.
    assert!(row(7).contains("backdated: tells of a time 266\u{a0}d 12\u{a0}h before"), "{}", row(7));
    assert!(!row(0).contains("backdated"), "{}", row(0));
    assert!(site.get("/ledger/7").await.body.contains("backdated"));
    let japanese = site.ask("GET", "/ledger/7", &["cookie: lang=ja"]).await.body;
    assert!(japanese.contains("遡及"), "{japanese}");
}

#[tokio::test]
async fn a_fact_of_one_customer_is_its_leaf_and_nothing_more() {
    let site = Site::told(Story::Grown).await.for_viewer().await;
    for path in ["/ledger", "/ledger/6", "/ledger/6/proof"] {
        let page = site.get(path).await;
        assert_eq!(page.status, 200, "{path}");
        for secret in ["acme", "told-6"] {
            assert!(!page.body.contains(secret), "{path}: {}", page.body);
        }
    }
    assert!(site.get("/ledger/6").await.body.contains("concerns one customer alone"));
    for path in ["/ledger/11", "/ledger/99999", "/ledger/-1", "/ledger/x", "/ledger/07", "/ledger/11/proof"] {
        assert_eq!(site.get(path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn the_proof_of_a_fact_is_verified_offline_and_a_changed_one_is_not() {
    let site = Site::told(Story::Grown).await.for_viewer().await;
    let page = site.get("/ledger/2").await.body;
    for said in
        ["uphold verify fact-2.tlog-proof", "href=\"/ledger/2/proof\"", "&#60;script&#62;alert(1)", "commitment"]
    {
        assert!(page.contains(said), "{said}: {page}");
    }
    assert!(!page.contains("<script>"));
    let proof = site.get("/ledger/2/proof").await;
    assert!(proof.body.starts_with("c2sp.org/tlog-proof@v1\nextra "), "{}", proof.body);
    assert_eq!(proof.header("content-disposition"), Some("attachment; filename=\"fact-2.tlog-proof\""));
    let key = public_key(site.data.path()).unwrap().to_string();
    let file = site.data.path().join("fact-2.tlog-proof");
    let verify = |body: &str, more: &[&str]| {
        std::fs::write(&file, body).unwrap();
        let output = uphold(["verify", file.to_str().unwrap(), "--key", &key]).args(more).output().unwrap();
        (output.status.code(), text(&output))
    };
    let (code, said) = verify(&proof.body, &[]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("signed a ledger of 11 facts") && said.contains("fact 2 is in it"), "{said}");
    assert!(said.contains("by token:ops:") && said.contains("identified"), "{said}");
    // Of a private fact the place is proved, and nothing shown.
    let private = site.get("/ledger/6/proof").await.body;
    let (code, said) = verify(&private, &[]);
    assert!(code == Some(0) && said.contains("what it says is not shown"), "{said}");
    let (code, said) = verify(&proof.body.replace("index 2\n", "index 3\n"), &[]);
    assert!(code == Some(1) && said.contains("another place"), "{said}");
    let (code, said) = verify(&proof.body.replace("sla.example.com", "sla.example.org"), &[]);
    assert!(code == Some(1) && said.contains("proves nothing"), "{said}");
    let (code, said) = verify(&proof.body, &["--tag", "x"]);
    assert!(code == Some(2) && said.contains("has no statement"), "{said}");
}
