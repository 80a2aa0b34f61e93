//! The other vantage points of the demo: servers of their own on this machine that report to the first.

use std::fs::File;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use uphold_core::id::VantageId;

use super::super::Failure;
use super::super::files::Files;
use crate::access::{Scope, Tokens};
use crate::clock::Clock;
use crate::error::file_failure;
use crate::terminal::say;

/// Servers that end when this is dropped, or this process dies.
#[derive(Default)]
pub(super) struct Points(Vec<Child>);

impl Points {
    /// Starts one for each of these vantage points.
    pub(super) fn start(vantages: &[VantageId], files: &Files, data: &Path, main: SocketAddr) -> Result<Self, Failure> {
        let mut points = Self::default();
        for vantage in vantages {
            points.0.push(start(vantage, files, data, main)?);
        }
        Ok(points)
    }
}

fn start(vantage: &VantageId, files: &Files, data: &Path, main: SocketAddr) -> Result<Child, Failure> {
    let cannot = || Failure::new(format!("cannot start the vantage point `{vantage}`"));
    let folder = data.join("vantage-points").join(vantage.as_str());
    std::fs::create_dir_all(&folder).map_err(|error| file_failure("create the folder", &folder, error))?;
    let (token, log) = (folder.join("token"), folder.join("log"));
    if !token.exists() {
        let name = format!("vantage-{vantage}");
        let tokens = Tokens::of(data);
        // One that was made and not written down is of no use to anybody.
        let _ = tokens.revoke(&name);
        let secret = tokens.create_for(&name, &[Scope::Vantage], Some(vantage), Clock::system().now())?;
        super::write_secret(&token, &secret)?;
    }
    let log = File::create(&log).map_err(|error| file_failure("write", &log, error))?;
    let program = std::env::current_exe().map_err(|error| cannot().because(error))?;
    let mut command = Command::new(program);
    command.arg("serve").arg("--end-with-input").arg("--checks").arg(&files.checks);
    for agreement in &files.agreements {
        command.arg("--agreement").arg(agreement);
    }
    command.arg("--data").arg(folder.join("data")).args(["--listen", "127.0.0.1:0", "--vantage", vantage.as_str()]);
    command.args(["--report-to", &format!("http://{main}")]).arg("--report-token-file").arg(&token);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(log).spawn().map_err(|error| cannot().because(error))
}

impl Drop for Points {
    fn drop(&mut self) {
        for point in &mut self.0 {
            // At the end of its input it records what it saw last.
            drop(point.stdin.take());
            if let Err(error) = point.wait() {
                say(&format!("warning: a vantage point did not end: {error}"));
            }
        }
    }
}
