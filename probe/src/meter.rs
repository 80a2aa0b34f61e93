//! What the probes have in common: where one is and how long each part took, how one fails, and how it connects.

use crate::egress::{Egress, EgressError, Family, Host, LookupProblem, Refusal, is_local};
use crate::outcome::{Cause, Evidence, Outcome, Phases, Said, Step, Took};
use crate::tls;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use uphold_core::run::Observed;

/// A probe that came to no answer that could be judged.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) state: Observed,
    pub(crate) cause: Cause,
}

impl Failure {
    /// The target is to blame.
    pub(crate) fn down(cause: Cause) -> Self {
        Self { state: Observed::Down, cause }
    }

    /// The target is not to blame.
    pub(crate) fn unknown(cause: Cause) -> Self {
        Self { state: Observed::Unknown, cause }
    }

    /// The outcome of it.
    pub(crate) fn outcome(self, phases: Phases) -> Outcome {
        Outcome { state: self.state, phases, cause: self.cause, evidence: None }
    }
}

impl From<EgressError> for Failure {
    fn from(error: EgressError) -> Self {
        let state = if error.blames_target() { Observed::Down } else { Observed::Unknown };
        let cause = match error {
            EgressError::Refused { host, address, refusal: Refusal::Metadata } => {
                Cause::Metadata { host: host.to_string(), address }
            }
            EgressError::Refused { host, address, refusal: Refusal::Special(used) } => {
                Cause::NotPermitted { host: host.to_string(), address, used }
            }
            EgressError::NoAddress { host } => Cause::NoAddress(host.to_string()),
            EgressError::Resolve { host, source } => match source.problem {
                LookupProblem::NoSuchName => Cause::NoSuchName(host.to_string()),
                LookupProblem::NoAddress => Cause::NoAddress(host.to_string()),
                LookupProblem::Unanswered(why) => Cause::NotResolved { host: host.to_string(), why: Said::new(why) },
            },
            EgressError::Connect { source, .. } => return source.into(),
        };
        Self { state, cause }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::of_io(&error)
    }
}

impl Failure {
    /// What a connection failed with.
    pub(crate) fn of_io(error: &io::Error) -> Self {
        if is_local(error) {
            return Self::unknown(Cause::Machine(Said::new(error)));
        }
        Self::down(match error.kind() {
            io::ErrorKind::ConnectionRefused => Cause::ConnectionRefused,
            io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => Cause::ConnectionReset,
            io::ErrorKind::ConnectionAborted => Cause::ConnectionAborted,
            io::ErrorKind::HostUnreachable => Cause::NoRoute,
            io::ErrorKind::TimedOut => Cause::NetworkGaveUp,
            io::ErrorKind::UnexpectedEof => Cause::ClosedEarly,
            _ => Cause::Failed(Said::new(error)),
        })
    }
}

/// Where a probe is and how long each part took. It lives outside the future that the timeout drops.
#[derive(Debug)]
pub(crate) struct Meter {
    began: Instant,
    step_began: Instant,
    step: Step,
    phases: Phases,
}

impl Meter {
    pub(crate) fn start() -> Self {
        let now = Instant::now();
        Self { began: now, step_began: now, step: Step::Resolve, phases: Phases::default() }
    }

    pub(crate) fn enter(&mut self, step: Step) {
        let now = Instant::now();
        self.close_step(now);
        (self.step, self.step_began) = (step, now);
    }

    /// How long the parts took, and what came of the probe: a timeout is the target's fault unless it was still being
    /// looked up.
    pub(crate) fn finish<T>(
        mut self,
        limit: Duration,
        end: Result<Result<T, Failure>, tokio::time::error::Elapsed>,
    ) -> (Phases, Result<T, Failure>) {
        let now = Instant::now();
        self.close_step(now);
        self.phases.total_us = micros(now - self.began);
        let end = end.unwrap_or_else(|_| {
            let state = if self.step == Step::Resolve { Observed::Unknown } else { Observed::Down };
            Err(Failure { state, cause: Cause::TimedOut { after: Took(limit), step: self.step } })
        });
        (self.phases, end)
    }

    fn close_step(&mut self, now: Instant) {
        let slot = match self.step {
            Step::Resolve => &mut self.phases.resolve_us,
            Step::Connect => &mut self.phases.connect_us,
            Step::Tls => &mut self.phases.tls_us,
            Step::FirstByte => &mut self.phases.first_byte_us,
            Step::Body => &mut self.phases.body_us,
        };
        *slot += micros(now - self.step_began);
    }
}

fn micros(length: Duration) -> u64 {
    u64::try_from(length.as_micros()).unwrap_or(u64::MAX)
}

/// Where a check goes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Way<'a> {
    pub(crate) host: &'a Host,
    pub(crate) port: u16,
    pub(crate) family: Family,
    pub(crate) timeout: Duration,
}

/// Resolves once and connects.
pub(crate) async fn connect(egress: &Egress, way: Way<'_>, meter: &mut Meter) -> Result<TcpStream, Failure> {
    meter.enter(Step::Resolve);
    let to = egress.resolve(way.host, way.port, way.family).await?;
    meter.enter(Step::Connect);
    Ok(egress.connect(&to, way.timeout).await?)
}

/// Makes the connection one of TLS.
pub(crate) async fn secure(
    stream: TcpStream,
    config: &Arc<ClientConfig>,
    name: &ServerName<'static>,
    meter: &mut Meter,
) -> Result<TlsStream<TcpStream>, Failure> {
    meter.enter(Step::Tls);
    TlsConnector::from(Arc::clone(config)).connect(name.clone(), stream).await.map_err(|error| {
        let state = if is_local(&error) { Observed::Unknown } else { Observed::Down };
        Failure { state, cause: tls::cause(&error) }
    })
}

/// A judged outcome.
pub(crate) fn outcome(state: Observed, phases: Phases, cause: Cause, evidence: Option<Evidence>) -> Outcome {
    Outcome { state, phases, cause, evidence: evidence.map(Box::new) }
}
