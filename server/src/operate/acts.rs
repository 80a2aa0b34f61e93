//! What was done to accounts and tokens becomes facts of the ledger, whoever did it: the pages, or a command beside a running
//! server.
//!
//! The accounts keep an act in the transaction that does it until the ledger has it, under an id of its own, so that it is
//! told once, however often this is interrupted. Tokens are a file that others write: what came and went is seen here.

use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use uphold_core::id::FactId;
use uphold_core::ledger::act::Act as Said;
use uphold_core::ledger::fact::{BY_MAX, Fact, WHY_MAX};

use crate::access::Tokens;
use crate::accounts::{Accounts, AccountsError, Act, Cause};
use crate::clock::Clock;
use crate::ledger::NewFact;
use crate::measure::Append;

/// How soon what was done is in the ledger.
const EVERY: Duration = Duration::from_secs(2);

/// Tells what was done until the engine ends. `by` is who notices what happened to tokens.
pub async fn tell_acts(accounts: Accounts, tokens: Tokens, tell: mpsc::Sender<Append>, clock: Clock, by: String) {
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut failed = false;
    loop {
        tokio::select! {
            () = tell.closed() => return,
            _ = ticks.tick() => {}
        }
        let cause = Cause { by: by.clone(), why: "seen in the file of tokens".to_owned(), at: clock.now() };
        match tell_once(&accounts, &tokens, &tell, cause).await {
            Ok(()) => failed = false,
            // Said once: the next try is soon, and mostly fails for the same reason.
            Err(error) if !failed => {
                failed = true;
                tracing::error!(error = &error as &dyn std::error::Error, "what was done cannot be recorded yet");
            }
            Err(_) => {}
        }
    }
}

async fn tell_once(
    accounts: &Accounts,
    tokens: &Tokens,
    tell: &mpsc::Sender<Append>,
    cause: Cause,
) -> Result<(), AccountsError> {
    let tokens = tokens.clone();
    let acts = accounts.ask(move |store, _| {
        // A file of tokens that cannot be read says nothing of what was done to them.
        if let Ok(tokens) = tokens.list() {
            store.notice_tokens(&tokens, &cause)?;
        }
        store.acts()
    });
    for act in acts.await? {
        let id = act.id;
        if let Some(fact) = fact(act) {
            let (reply, answer) = oneshot::channel();
            let facts = vec![NewFact { fact, segment: None }];
            let sent = tell.send(Append { facts, reply }).await.is_ok();
            if !sent || !matches!(answer.await, Ok(Ok(_))) {
                return Ok(());
            }
        }
        accounts.ask(move |store, _| store.forget_act(id)).await?;
    }
    Ok(())
}

/// The fact of an act; nothing, where its id is none, which nobody but a hand in the file can make it.
fn fact(act: Act) -> Option<Fact> {
    let id = FactId::parse(&act.fact).ok()?;
    let to = act.to.map(|to| plain(&to, BY_MAX));
    let (by, subject) = (plain(&act.cause.by, BY_MAX), plain(&act.subject, BY_MAX));
    let why = plain(&act.cause.why, WHY_MAX);
    Some(Fact::Act(Said { id, by, what: act.what, subject, to, why, at: act.cause.at }))
}

/// A text as a payload may hold it: one line, with an end, that says something.
fn plain(text: &str, max: usize) -> String {
    let mut line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    while line.len() > max {
        line.pop();
    }
    if line.is_empty() { "-".to_owned() } else { line }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uphold_core::ledger::fact::FactKind;
    use uphold_core::time::Instant;

    #[test]
    fn whatever_somebody_writes_becomes_a_fact_that_can_be_read() {
        for why in ["left", "", "two\nlines\u{7}", &"ü".repeat(3_000)] {
            let cause = Cause { by: "cli:root".to_owned(), why: why.to_owned(), at: Instant(5) };
            let (what, subject) = ("person-removed".to_owned(), "person:bob".to_owned());
            let act = Act { id: 1, fact: "act:00ff".to_owned(), what, subject, to: None, cause };
            let fact = fact(act).unwrap();
            assert_eq!(Fact::decode(FactKind::Act, 1, &fact.encode()), Ok(fact), "{why}");
        }
    }
}
