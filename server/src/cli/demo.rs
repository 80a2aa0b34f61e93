//! `uphold demo`: a server with a made-up past and two more vantage points, and beside it a sample service that can be broken
//! and mended.

mod past;
mod points;

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use uphold_core::time::Millis;

use super::Failure;
use super::serve::{Prepared, start};
use crate::clock::Clock;
use crate::error::file_failure;
use crate::terminal::say;
use points::Points;

/// The address that the checks of the demo are written for.
const SAMPLE: &str = "127.0.0.1:8081";

/// Serve a sample service that you can break and mend, and its agreement.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Where the pages are served
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Where the sample service listens
    #[arg(long, value_name = "ADDRESS", default_value = SAMPLE)]
    sample: SocketAddr,
    /// The folder that holds the demo's files and ledger; it is made if it does not exist
    #[arg(long, value_name = "FOLDER", default_value = "uphold-demo")]
    data: PathBuf,
    /// Begin without the thirteen months of the past that are made up otherwise
    #[arg(long)]
    no_past: bool,
}

/// The sample service of the demo alone.
#[derive(Debug, clap::Args)]
pub(super) struct SampleArgs {
    /// Where it listens
    #[arg(long, value_name = "ADDRESS", default_value = SAMPLE)]
    listen: SocketAddr,
    /// End when standard input ends, so that it never outlives the demo
    #[arg(long)]
    end_with_input: bool,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    free(args.listen, "--listen")?;
    free(args.sample, "--sample")?;
    let files = past::files(args)?;
    past::make_up(args, &files)?;
    let (settings, agreements) = files.read(Millis(5_000))?;
    let vantages = settings.checks.vantage_points.iter().filter(|vantage| **vantage != settings.checks.vantage);
    let vantages: Vec<_> = vantages.cloned().collect();
    let sample = Sample::start(args.sample)?;
    let prepared = Prepared {
        settings,
        agreements,
        data: args.data.clone(),
        listen: args.listen,
        allowed_hosts: Vec::new(),
        sign_every: Millis(5_000),
        origin: None,
        telling: None,
        identity_provider: None,
        files: None,
        report: None,
    };
    let mut points = Ok(Points::default());
    let done = start(prepared, |address| {
        points = Points::start(&vantages, &files, &args.data, address);
        if let Err(failure) = &points {
            say(&format!("warning: {failure}"));
        }
        tell(args, address);
    });
    drop((points, sample));
    done
}

fn tell(args: &Args, address: SocketAddr) {
    say(&format!(
        "
  the contract, live    http://{address}/
  break and mend        http://{}/control
  files and ledger      {}

  Ctrl-C ends the demo; started again it goes on, and the time in between is unknown.",
        args.sample,
        args.data.display()
    ));
}

/// Says now what the servers would only find out after files were written.
fn free(address: SocketAddr, option: &str) -> Result<(), Failure> {
    match TcpListener::bind(address) {
        Ok(_) => Ok(()),
        Err(error) => Err(Failure::new(format!("cannot listen on {address}"))
            .because(error)
            .help(format!("stop the program that uses port {}, or choose another with `{option}`", address.port()))),
    }
}

/// Writes what nobody else on this machine may read.
fn write_secret(path: &Path, text: &str) -> Result<(), Failure> {
    use std::io::Write as _;
    let file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes())).map_err(|error| file_failure("write", path, error))
}

/// The sample service as a process of its own, which ends when this is dropped or this process dies.
struct Sample {
    process: Child,
}

impl Sample {
    fn start(address: SocketAddr) -> Result<Self, Failure> {
        let cannot = || Failure::new("cannot start the sample service");
        let program = std::env::current_exe().map_err(|error| cannot().because(error))?;
        let process = Command::new(program)
            .args(["sample-service", "--end-with-input", "--listen", &address.to_string()])
            .stdin(Stdio::piped())
            .spawn()
            .map_err(|error| cannot().because(error))?;
        let mut sample = Self { process };
        for _ in 0..100 {
            if TcpStream::connect_timeout(&address, Duration::from_millis(100)).is_ok() {
                return Ok(sample);
            }
            if sample.process.try_wait().is_ok_and(|ended| ended.is_some()) {
                break;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Err(cannot().help("what it printed above says why"))
    }
}

impl Drop for Sample {
    fn drop(&mut self) {
        // It may have ended with us already, on the same Ctrl-C.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Does something when standard input ends, as it does when the process that holds its other end dies.
pub(super) fn when_input_ends(act: impl FnOnce() + Send + 'static) {
    std::thread::spawn(|| {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        act();
    });
}

pub(super) fn run_sample(args: &SampleArgs) -> Result<(), Failure> {
    if args.end_with_input {
        when_input_ends(|| std::process::exit(0));
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new("cannot start the runtime").because(error))?;
    runtime
        .block_on(crate::sample_service::run(args.listen, || {
            jiff::Timestamp::from_millisecond(Clock::system().now().0).unwrap_or_default()
        }))
        .map_err(|error| Failure::new(format!("the sample service cannot listen on {}", args.listen)).because(error))
}
