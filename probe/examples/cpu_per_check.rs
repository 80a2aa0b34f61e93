//! Says how much CPU one HTTP check costs: `cpu_per_check URL COUNT PER_SECOND [AUTHORITY.pem]`.
//!
//! Starts are grouped into ticks of 100 ms, as the scheduler of the server does. The figure is the CPU of this process alone,
//! user and system, from `/proc/self/stat` (Linux).

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior, interval};
use uphold_core::time;
use uphold_probe::egress::{Cidr, Egress};
use uphold_probe::http::{HttpCheck, HttpSettings, probe};
use uphold_probe::tls;

const TICK: Duration = Duration::from_millis(100);

type Fault = Box<dyn std::error::Error>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Fault> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [url, count, per_second, authority @ ..] = args.as_slice() else {
        return Err("usage: cpu_per_check URL COUNT PER_SECOND [AUTHORITY.pem]".into());
    };
    let (count, per_second): (usize, usize) = (count.parse()?, per_second.parse()?);
    let mut settings = HttpSettings::new(url);
    if let [file] = authority {
        settings.tls = tls::with_roots(CertificateDer::pem_file_iter(file)?.collect::<Result<Vec<_>, _>>()?)?;
    }
    let check = Arc::new(HttpCheck::new(settings)?);
    let egress = Arc::new(Egress::new(vec![Cidr::parse("127.0.0.0/8")?, Cidr::parse("::1/128")?]));
    run(check.clone(), egress.clone(), per_second.min(1000), per_second).await?;
    let (before, began) = (cpu_ms()?, Instant::now());
    let seen = run(check, egress, count, per_second).await?;
    let (cpu_ms, wall) = (cpu_ms()? - before, began.elapsed());
    let mut total_us = seen.total_us;
    total_us.sort_unstable();
    println!("{count} checks in {:.1} s, {:?}", wall.as_secs_f64(), seen.states);
    println!("CPU {:.4} ms per check ({cpu_ms} ms)", cpu_ms as f64 / count as f64);
    println!("total time p50 {} us, p99 {} us", total_us[count / 2], total_us[count * 99 / 100]);
    Ok(())
}

#[derive(Default)]
struct Seen {
    states: BTreeMap<(&'static str, String), usize>,
    total_us: Vec<u64>,
}

async fn run(check: Arc<HttpCheck>, egress: Arc<Egress>, count: usize, per_second: usize) -> Result<Seen, Fault> {
    let per_tick = (per_second / 10).max(1);
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut tasks = tokio::task::JoinSet::new();
    let mut seen = Seen::default();
    let mut started = 0;
    while started < count {
        ticks.tick().await;
        for _ in 0..per_tick.min(count - started) {
            let (check, egress) = (check.clone(), egress.clone());
            tasks.spawn(async move { probe(&check, &egress, time::Instant(0)).await });
            started += 1;
        }
    }
    while let Some(outcome) = tasks.join_next().await {
        let outcome = outcome?;
        seen.total_us.push(outcome.phases.total_us);
        *seen.states.entry((outcome.state.name(), outcome.cause.to_string())).or_default() += 1;
    }
    Ok(seen)
}

/// The CPU that this process used so far. The kernel counts it in hundredths of a second for user space on every Linux.
fn cpu_ms() -> Result<u64, Fault> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).ok_or("no such field").map(|field| field.parse::<u64>());
    Ok((ticks(11)?? + ticks(12)??) * 10)
}
