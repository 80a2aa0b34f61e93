//! `uphold alerts`: try the channels by which people are told.

use std::path::PathBuf;

use super::Failure;
use super::background::{Telling, read_telling};
use crate::clock::Clock;
use crate::config::alerts::Way;
use crate::notify;
use crate::terminal::say;

/// What to do with alerts.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Send a test message through each channel, and print what the other side answered
    Test {
        /// Who is told, and how
        #[arg(long, value_name = "FILE")]
        alerts: PathBuf,
        /// This channel alone
        #[arg(long, value_name = "NAME")]
        channel: Option<String>,
    },
}

pub(super) fn run(command: &Command) -> Result<(), Failure> {
    let Command::Test { alerts, channel } = command;
    let telling = read_telling(alerts, None)?;
    if let Some(name) = channel
        && !telling.channels.iter().any(|open| open.channel.name == *name)
    {
        let names: Vec<&str> = telling.channels.iter().map(|open| open.channel.name.as_str()).collect();
        return Err(Failure::new(format!("the alerts file has no channel `{name}`"))
            .help(format!("it has `{}`", names.join("`, `"))));
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new("cannot start the runtime").because(error))?;
    match runtime.block_on(test(&telling, channel.as_deref())) {
        0 => Ok(()),
        1 => Err(Failure::new("one channel did not take the message")),
        n => Err(Failure::new(format!("{n} channels did not take the message"))),
    }
}

/// How many channels did not take it.
async fn test(telling: &Telling, only: Option<&str>) -> usize {
    let egress = notify::egress(&telling.alerts);
    let clock = Clock::system();
    let mut failed = 0;
    for open in telling.channels.iter().filter(|open| only.is_none_or(|name| name == open.channel.name)) {
        let channel = &open.channel;
        let base_url = telling.alerts.base_url.as_deref();
        let message = notify::test(&channel.name, channel.language, base_url, clock.now());
        let way = match &channel.way {
            Way::Webhook(_) => "webhook",
            Way::Smtp(_) => "smtp",
        };
        match notify::deliver(open, &egress, &message, &notify::new_id(), clock.now()).await {
            Ok(delivered) => say(&format!("{} ({way}): taken: {}", channel.name, delivered.said)),
            Err(undelivered) => {
                failed += 1;
                say(&format!("{} ({way}): not taken: {undelivered}", channel.name));
            }
        }
    }
    failed
}
