//! Runs the program and reads what it says.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use uphold::access::{Scope, Tokens};
use uphold_core::time::Instant;

/// The command line of the program that was built for this test.
pub(crate) fn uphold<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_uphold"));
    command.args(args).env_remove("UPHOLD_LOG").env("NO_COLOR", "1");
    command
}

/// Runs the program to its end, which must be a good one, and returns what it printed.
pub(crate) fn stdout<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> String {
    let output = uphold(args).output().unwrap();
    assert!(output.status.success(), "{}", text(&output));
    String::from_utf8(output.stdout).unwrap()
}

/// Everything that the program printed, for a message.
pub(crate) fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// The repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// One HTTP/1.1 request over a connection of its own: the status and the body.
pub(crate) fn request(address: SocketAddr, method: &str, path: &str, body: &str) -> std::io::Result<(u16, String)> {
    request_with(address, method, path, &[], body)
}

/// The same with more headers.
pub(crate) fn request_with(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> std::io::Result<(u16, String)> {
    let says_type = headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    let json: &[_] = if says_type { &[] } else { &[("Content-Type", "application/json")] };
    let headers: String = json.iter().chain(headers).map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{headers}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )?;
    let mut answer = BufReader::new(stream);
    let mut line = String::new();
    answer.read_line(&mut line)?;
    let status = line.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    // Not every server closes the connection when it is asked to.
    let mut length = None;
    loop {
        line.clear();
        answer.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().ok();
        }
    }
    let mut body = Vec::new();
    match length {
        Some(length) => answer.take(length).read_to_end(&mut body)?,
        None => answer.read_to_end(&mut body)?,
    };
    Ok((status, String::from_utf8_lossy(&body).into_owned()))
}

/// Asks a server whose data folder is known, as a program that may read.
pub(crate) fn read(address: SocketAddr, data: &Path, path: &str) -> (u16, String) {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let name = format!("reader-{}", NUMBER.fetch_add(1, Ordering::Relaxed));
    let secret = Tokens::of(data).create(&name, &[Scope::Read], Instant(0)).unwrap();
    let answer = request_with(address, "GET", path, &[("Authorization", &format!("Bearer {secret}"))], "");
    Tokens::of(data).revoke(&name).unwrap();
    answer.unwrap()
}

/// Numbers that look random and are the same for one seed.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    /// A number below `n`.
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }
}
