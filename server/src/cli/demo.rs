//! `uphold demo`: a server, and beside it a sample service that can be broken and mended.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use uphold_core::time::{Instant, Millis};

use super::Failure;
use super::files::Files;
use super::serve::{Prepared, start};
use crate::clock::Clock;
use crate::error::file_failure;
use crate::terminal::say;

const AGREEMENT: &str = include_str!("../../../examples/cloud-one/agreement.toml");
const CHECKS: &str = include_str!("../../../examples/demo/checks.toml");

/// The address that the checks of the demo are written for.
const SAMPLE: &str = "127.0.0.1:8081";

/// The line of the example that says from when the agreement holds.
const VALID_FROM: &str = "valid_from = 2026-01-01T00:00:00Z";

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
    let (agreement, checks) = write_files(args)?;
    let (settings, agreements) = Files { agreements: vec![agreement], checks, vantage: None }.read(Millis(5_000))?;
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
        files: None,
        report: None,
    };
    let done = start(prepared, |address| {
        say(&format!(
            "
  the contract, live    http://{address}/
  break and mend        http://{}/control
  files and ledger      {}

  Ctrl-C ends the demo; started again it goes on, and the time in between is unknown.",
            args.sample,
            args.data.display()
        ));
    });
    drop(sample);
    done
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

/// Writes the demo's agreement, in force from now, and its checks. Files that are there already stay as they are.
fn write_files(args: &Args) -> Result<(PathBuf, PathBuf), Failure> {
    std::fs::create_dir_all(&args.data).map_err(|error| file_failure("create the folder", &args.data, error))?;
    let now = Clock::system().now();
    let second = Instant(now.0 - now.0.rem_euclid(1_000));
    let agreement = AGREEMENT.replace(VALID_FROM, &format!("valid_from = {second}"));
    let checks = CHECKS.replace(SAMPLE, &args.sample.to_string());
    let files = (args.data.join("agreement.toml"), args.data.join("checks.toml"));
    write_new(&files.0, &agreement)?;
    // The sample's address may be another one this time.
    std::fs::write(&files.1, checks).map_err(|error| file_failure("write", &files.1, error))?;
    Ok(files)
}

fn write_new(path: &Path, text: &str) -> Result<(), Failure> {
    use std::io::Write as _;
    match std::fs::File::create_new(path) {
        Ok(mut file) => file.write_all(text.as_bytes()).map_err(|error| file_failure("write", path, error)),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(file_failure("write", path, error)),
    }
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

pub(super) fn run_sample(args: &SampleArgs) -> Result<(), Failure> {
    if args.end_with_input {
        std::thread::spawn(|| {
            let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
            std::process::exit(0);
        });
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
