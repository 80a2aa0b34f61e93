//! The HTTP probe: one request over a fresh connection, judged by assertions that are data. There is no scripting here, no
//! cookie, no decompression, and no connection is kept for the next probe.

mod check;
mod exchange;

pub use check::{
    BODY_BYTES_MAX, Expect, HeaderProblem, HttpCheck, HttpCheckError, HttpMethod, HttpSettings, StatusSet,
    StatusSetError,
};

use crate::egress::{Egress, EgressError, is_local};
use crate::outcome::{Evidence, Outcome, Phases, find};
use check::Hop;
use exchange::{Answer, Reply, exchange};
use std::borrow::Cow;
use std::io;
use std::time::Duration;
use tokio::time::{Instant, timeout};
use uphold_core::run::Observed;

/// Measures once, under the timeout of the check.
///
/// What the target does wrong is down: refusing, resetting, not answering in time, no such name, a bad certificate, a wrong
/// status or body. What says nothing about the target is unknown: a refusal by our own policy, a lack of file descriptors or
/// ports, no network, a resolver that does not answer.
pub async fn probe(check: &HttpCheck, egress: &Egress) -> Outcome {
    let mut meter = Meter::start();
    let end = timeout(check.timeout, follow(check, egress, &mut meter)).await;
    let step = meter.step;
    let phases = meter.finish();
    match end {
        Ok(Ok(answer)) => judge(check, &answer, phases),
        Ok(Err(failure)) => Outcome { state: failure.state, phases, detail: failure.detail, evidence: None },
        Err(_) => {
            let state = if step == Step::Resolve { Observed::Unknown } else { Observed::Down };
            let detail = format!("timed out after {} while {}", in_words(check.timeout), step.doing()).into();
            Outcome { state, phases, detail, evidence: None }
        }
    }
}

async fn follow(check: &HttpCheck, egress: &Egress, meter: &mut Meter) -> Result<Answer, Failure> {
    let mut left = check.redirects;
    let mut hop: Cow<'_, Hop> = Cow::Borrowed(&check.first);
    loop {
        match exchange(check, &hop, egress, meter).await? {
            Reply::Answer(answer) => return Ok(answer),
            Reply::Redirect(_) if left == 0 => {
                return Err(Failure::down(format!("more than {} redirects", check.redirects)));
            }
            Reply::Redirect(to) => hop = Cow::Owned(check.next_hop(&hop, &to).map_err(Failure::down)?),
        }
        left -= 1;
    }
}

fn judge(check: &HttpCheck, answer: &Answer, phases: Phases) -> Outcome {
    let status = answer.status;
    let said = |detail: Cow<'static, str>, state| Outcome { state, phases, detail, evidence: None };
    let failed = |detail: Cow<'static, str>| {
        let evidence = Evidence::new(status, &answer.headers, &answer.body, answer.cut, &check.secrets);
        Outcome { evidence: Some(Box::new(evidence)), ..said(detail, Observed::Down) }
    };
    if !check.expect.status.contains(status) {
        return failed(format!("HTTP {status}").into());
    }
    if let Some(text) = &check.expect.body_contains
        && find(&answer.body, text.as_bytes()).is_none()
    {
        let whole = if answer.cut { "the first part of the body" } else { "the body" };
        return failed(format!("HTTP {status}, but {whole} does not contain the expected text").into());
    }
    match check.expect.degraded_after {
        Some(limit) if u128::from(phases.total_us) > limit.as_micros() => {
            let total_ms = phases.total_us / 1000;
            said(format!("HTTP {status} after {total_ms} ms, over {}", in_words(limit)).into(), Observed::Degraded)
        }
        _ if status == 200 => said("HTTP 200".into(), Observed::Up),
        _ => said(format!("HTTP {status}").into(), Observed::Up),
    }
}

fn in_words(length: Duration) -> String {
    if length.subsec_nanos() == 0 { format!("{} s", length.as_secs()) } else { format!("{} ms", length.as_millis()) }
}

/// A probe that came to no answer that could be judged.
#[derive(Debug)]
struct Failure {
    state: Observed,
    detail: Cow<'static, str>,
}

impl Failure {
    fn down(detail: impl Into<Cow<'static, str>>) -> Self {
        Self { state: Observed::Down, detail: detail.into() }
    }
}

impl From<EgressError> for Failure {
    fn from(error: EgressError) -> Self {
        let state = if error.blames_target() { Observed::Down } else { Observed::Unknown };
        let detail = match &error {
            EgressError::Connect { source, .. } => describe_io(source),
            EgressError::Resolve { source, .. } => {
                let text = source.to_string();
                let short = text.strip_prefix("failed to lookup address information: ").unwrap_or(&text);
                format!("{error}: {short}").into()
            }
            EgressError::Refused { .. } | EgressError::NoAddress { .. } => error.to_string().into(),
        };
        Self { state, detail }
    }
}

impl From<hyper::Error> for Failure {
    fn from(error: hyper::Error) -> Self {
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
        while let Some(inner) = cause {
            if let Some(io) = inner.downcast_ref::<io::Error>() {
                let state = if is_local(io) { Observed::Unknown } else { Observed::Down };
                return Self { state, detail: describe_io(io) };
            }
            cause = inner.source();
        }
        if error.is_incomplete_message() {
            Self::down("the connection closed before the answer was complete")
        } else if error.is_parse() {
            Self::down(format!("the answer is not HTTP as it should be: {error}"))
        } else {
            Self::down(error.to_string())
        }
    }
}

fn describe_io(error: &io::Error) -> Cow<'static, str> {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "connection refused".into(),
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => "connection reset".into(),
        io::ErrorKind::ConnectionAborted => "connection aborted".into(),
        io::ErrorKind::HostUnreachable => "no route to the host".into(),
        io::ErrorKind::TimedOut => "the network gave up connecting".into(),
        io::ErrorKind::UnexpectedEof => "the connection closed before the answer was complete".into(),
        _ => error.to_string().into(),
    }
}

/// The parts of a probe, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Resolve,
    Connect,
    Tls,
    FirstByte,
    Body,
}

impl Step {
    fn doing(self) -> &'static str {
        match self {
            Self::Resolve => "resolving the name",
            Self::Connect => "connecting",
            Self::Tls => "in the TLS handshake",
            Self::FirstByte => "waiting for the answer",
            Self::Body => "reading the body",
        }
    }
}

/// Where a probe is and how long each part took. It lives outside the future that the timeout drops.
#[derive(Debug)]
struct Meter {
    began: Instant,
    step_began: Instant,
    step: Step,
    phases: Phases,
}

impl Meter {
    fn start() -> Self {
        let now = Instant::now();
        Self { began: now, step_began: now, step: Step::Resolve, phases: Phases::default() }
    }

    fn enter(&mut self, step: Step) {
        let now = Instant::now();
        self.close_step(now);
        (self.step, self.step_began) = (step, now);
    }

    fn finish(mut self) -> Phases {
        let now = Instant::now();
        self.close_step(now);
        self.phases.total_us = micros(now - self.began);
        self.phases
    }

    fn close_step(&mut self, now: Instant) {
        let slot = match self.step {
            Step::Resolve => &mut self.phases.resolve_us,
            Step::Connect => &mut self.phases.connect_us,
            Step::Tls => &mut self.phases.tls_us,
            Step::FirstByte => &mut self.phases.first_byte_us,
            Step::Body => return,
        };
        *slot += micros(now - self.step_began);
    }
}

fn micros(length: Duration) -> u64 {
    u64::try_from(length.as_micros()).unwrap_or(u64::MAX)
}
