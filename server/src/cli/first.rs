//! What a server says once, at its very first start: how programs and people come in.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

use uphold_core::time::Instant;

use super::Failure;
use crate::access::Tokens;
use crate::accounts::{Accounts, AccountsError, Secret};
use crate::service_manager::ServiceManager;
use crate::terminal::say;

/// What is to be said when pages are served.
pub(super) struct First {
    /// A token for everything, where there was no file of tokens.
    token: Option<String>,
    link: Link,
}

/// How the first operator comes in.
enum Link {
    /// There is one already.
    None,
    /// With this.
    Printed(Secret),
    /// With a link that a command prints, since this may be kept in a log.
    Asked(PathBuf),
}

impl First {
    /// Makes what is missing. Accounts that cannot be used are no reason not to measure: nobody can sign in until they can.
    pub(super) fn prepare(
        tokens: &Tokens,
        accounts: &Accounts,
        data: PathBuf,
        manager: &ServiceManager,
        now: Instant,
    ) -> Result<Self, Failure> {
        // What is printed under a service manager is kept in a log, where no secret belongs.
        let is_logged = manager.is_there();
        let token = if is_logged { None } else { tokens.first(now)? };
        let link = link(accounts, data, is_logged, now).unwrap_or_else(|error| {
            tracing::error!(error = &error as &dyn std::error::Error, "nobody can sign in");
            say(&format!("warning: nobody can sign in: {}", failure(error)));
            Link::None
        });
        Ok(Self { token, link })
    }

    pub(super) fn say(self, address: SocketAddr) {
        if let Some(secret) = self.token {
            say(&format!("a first token for programs, shown this once: {secret}"));
        }
        match self.link {
            Link::None => {}
            Link::Printed(secret) => {
                let address = reachable(address);
                say(&format!(
                    "nobody can sign in yet. The first operator is made here, once and within an hour:\n  http://{address}/join/{}",
                    secret.reveal()
                ));
            }
            Link::Asked(data) => say(&format!(
                "nobody can sign in yet: `uphold person invite NAME --role operator --data {}` makes a link for it",
                data.display()
            )),
        }
    }
}

fn link(accounts: &Accounts, data: PathBuf, is_logged: bool, now: Instant) -> Result<Link, AccountsError> {
    let store = accounts.store();
    store.prepare()?;
    if is_logged {
        return Ok(if store.has_begun()? { Link::None } else { Link::Asked(data) });
    }
    Ok(store.first_link(now)?.map_or(Link::None, Link::Printed))
}

/// An address that a browser on this machine can open.
fn reachable(address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => (Ipv4Addr::LOCALHOST, address.port()).into(),
        IpAddr::V6(ip) if ip.is_unspecified() => (Ipv6Addr::LOCALHOST, address.port()).into(),
        _ => address,
    }
}

/// What could not be done with the accounts, as the command line says it.
pub(super) fn failure(error: AccountsError) -> Failure {
    let (message, help) = (error.to_string(), error.help());
    let failure = Failure::new(message);
    let failure = match std::error::Error::source(&error) {
        Some(cause) => failure.because(cause.to_string()),
        None => failure,
    };
    match help {
        Some(help) => failure.help(help),
        None => failure,
    }
}
