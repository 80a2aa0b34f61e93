//! The HTTP probe: one request over a fresh connection, judged by assertions that are data. There is no scripting here, no
//! cookie, no decompression, and no connection is kept for the next probe.

mod check;
mod exchange;

pub use check::{
    BODY_BYTES_LIMIT, BODY_BYTES_MAX, Expect, HeaderProblem, HttpCheck, HttpCheckError, HttpMethod, HttpSettings,
    StatusSet, StatusSetError, header_name, keeps_secret,
};

use crate::assertion::{self, Facts, HttpFacts};
use crate::egress::Egress;
use crate::meter::{Failure, Meter, outcome};
use crate::outcome::{AnswerEvidence, Cause, Evidence, Outcome, Phases, Said, Took, find};
use check::Hop;
use exchange::{Answer, Reply, exchange};
use std::borrow::Cow;
use std::io;
use std::time::Duration;
use tokio::time::timeout;
use uphold_core::run::Observed;
use uphold_core::time::Instant;

/// Measures once, under the timeout of the check. `at` is the instant that the observation is for; certificates are judged
/// by it.
///
/// What the target does wrong is down: refusing, resetting, not answering in time, no such name, a bad certificate, a wrong
/// status or body. What says nothing about the target is unknown: a refusal by our own policy, a lack of file descriptors or
/// ports, no network, a resolver that does not answer.
pub async fn probe(check: &HttpCheck, egress: &Egress, at: Instant) -> Outcome {
    let mut meter = Meter::start();
    let end = timeout(check.timeout, follow(check, egress, &mut meter)).await;
    let (phases, end) = meter.finish(check.timeout, end);
    match end {
        Ok(answer) => judge(check, &answer, phases, at),
        Err(failure) => failure.outcome(phases),
    }
}

async fn follow(check: &HttpCheck, egress: &Egress, meter: &mut Meter) -> Result<Answer, Failure> {
    let mut left = check.redirects;
    let mut hop: Cow<'_, Hop> = Cow::Borrowed(&check.first);
    loop {
        match exchange(check, &hop, egress, meter).await? {
            Reply::Answer(answer) => return Ok(answer),
            Reply::Redirect(_) if left == 0 => return Err(Failure::down(Cause::TooManyRedirects(check.redirects))),
            Reply::Redirect(to) => hop = Cow::Owned(check.next_hop(&hop, &to).map_err(Failure::down)?),
        }
        left -= 1;
    }
}

fn judge(check: &HttpCheck, answer: &Answer, phases: Phases, at: Instant) -> Outcome {
    let status = answer.status;
    let with_evidence = |state, cause| {
        let evidence = AnswerEvidence::new(status, &answer.headers, &answer.body, answer.cut, &check.secrets);
        outcome(state, phases, cause, Some(Evidence::Answer(evidence)))
    };
    let cut = answer.cut;
    // A check that names its statuses in an assertion has none that is right by default.
    if !check.expect.status.contains(status) && !check.judges_status {
        return with_evidence(Observed::Down, Cause::Status(status));
    }
    if let Some(text) = &check.expect.body_contains
        && find(&answer.body, text.as_bytes()).is_none()
    {
        return with_evidence(Observed::Down, Cause::BodyLacks { status, cut });
    }
    let http = HttpFacts { status, headers: &answer.headers, body: &answer.body, cut };
    let facts = Facts { http: Some(http), phases, certificate_until: answer.certificate_until, at };
    match assertion::judge(&check.assertions, &facts) {
        Some((state, cause @ Cause::Slow { .. })) => outcome(state, phases, cause, None),
        Some((state, cause)) => with_evidence(state, cause),
        None => match check.expect.degraded_after {
            Some(limit) if u128::from(phases.total_us) > limit.as_micros() => {
                let took = Took(Duration::from_millis(phases.total_us / 1000));
                outcome(Observed::Degraded, phases, Cause::Slow { took, limit: Took(limit) }, None)
            }
            _ => outcome(Observed::Up, phases, Cause::Status(status), None),
        },
    }
}

impl From<hyper::Error> for Failure {
    fn from(error: hyper::Error) -> Self {
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
        while let Some(inner) = cause {
            if let Some(io) = inner.downcast_ref::<io::Error>() {
                return Self::of_io(io);
            }
            cause = inner.source();
        }
        if error.is_incomplete_message() {
            Self::down(Cause::ClosedEarly)
        } else {
            Self::down(Cause::NotHttp(Said::new(error)))
        }
    }
}
