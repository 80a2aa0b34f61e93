//! The TCP probe: a connection, and where the check says so one text sent and one expected.

use crate::assertion::{self, Assertion, Facts};
use crate::egress::{Egress, Family};
use crate::meter::{Failure, Meter, Way, connect, outcome};
use crate::outcome::{AnswerEvidence, Cause, Evidence, Outcome, Step, find};
use crate::url::Endpoint;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;
use uphold_core::run::Observed;
use uphold_core::time::Instant;

/// The most of a reply that is read, in bytes.
pub const REPLY_BYTES_MAX: usize = 4096;

/// A TCP check.
#[derive(Debug, Clone)]
pub struct TcpCheck {
    /// Where to connect to.
    pub endpoint: Endpoint,
    /// What to send once connected.
    pub send: Option<Vec<u8>>,
    /// What the first part of the reply must contain.
    pub reply_contains: Option<Vec<u8>>,
    /// What else must hold.
    pub assertions: Vec<Assertion>,
    /// Which addresses of the host to take.
    pub family: Family,
    /// How long the whole probe may take.
    pub timeout: Duration,
}

impl TcpCheck {
    /// A check that a connection can be made within 10 s.
    #[must_use]
    pub fn new(endpoint: Endpoint) -> Self {
        let timeout = Duration::from_secs(10);
        Self { endpoint, send: None, reply_contains: None, assertions: Vec::new(), family: Family::Any, timeout }
    }
}

/// What came back, and whether it was what should.
#[derive(Debug)]
enum Reply {
    Unasked,
    Right,
    Wrong(Vec<u8>),
}

/// Measures once, under the timeout of the check.
pub async fn probe(check: &TcpCheck, egress: &Egress, at: Instant) -> Outcome {
    let mut meter = Meter::start();
    let end = timeout(check.timeout, talk(check, egress, &mut meter)).await;
    let (phases, end) = meter.finish(check.timeout, end);
    let good = match end {
        Err(failure) => return failure.outcome(phases),
        Ok(Reply::Wrong(reply)) => {
            let evidence = Evidence::Answer(AnswerEvidence::of_reply(&reply, reply.len() >= REPLY_BYTES_MAX));
            return outcome(Observed::Down, phases, Cause::ReplyLacks, Some(evidence));
        }
        Ok(Reply::Unasked) => Cause::Connected,
        Ok(Reply::Right) => Cause::Replied,
    };
    let facts = Facts { http: None, phases, certificate_until: None, at };
    let (state, cause) = assertion::judge(&check.assertions, &facts).unwrap_or((Observed::Up, good));
    outcome(state, phases, cause, None)
}

async fn talk(check: &TcpCheck, egress: &Egress, meter: &mut Meter) -> Result<Reply, Failure> {
    let (host, port) = (check.endpoint.host(), check.endpoint.port());
    let mut stream = connect(egress, Way { host, port, family: check.family, timeout: check.timeout }, meter).await?;
    meter.enter(Step::FirstByte);
    if let Some(text) = &check.send {
        stream.write_all(text).await?;
    }
    let Some(wanted) = &check.reply_contains else { return Ok(Reply::Unasked) };
    let mut reply = Vec::new();
    while reply.len() < REPLY_BYTES_MAX {
        let mut part = [0; 1024];
        let room = part.len().min(REPLY_BYTES_MAX - reply.len());
        let length = stream.read(&mut part[..room]).await?;
        if length == 0 {
            break;
        }
        meter.enter(Step::Body);
        reply.extend_from_slice(&part[..length]);
        if find(&reply, wanted).is_some() {
            return Ok(Reply::Right);
        }
    }
    if reply.is_empty() { Err(Failure::down(Cause::ClosedEarly)) } else { Ok(Reply::Wrong(reply)) }
}
