//! The evidence as a user makes and checks it: keys, checkpoints, bundles, copies; and an old copy that was put back.

use std::io::BufRead as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use uphold::clock::Clock;
use uphold::ledger::{FILE, SIGNED_FILE, last_signed};
use uphold_core::time::Zone;

use crate::program::{root, stdout, text, uphold};

struct Server(Child);

impl Server {
    fn start(data: &Path) -> Self {
        let mut child = serve(data).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        std::io::BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.starts_with("uphold serves"), "{line}");
        Self(child)
    }

    /// Waits until more than so many facts are signed; how many are.
    fn signed_beyond(&mut self, data: &Path, size: u64) -> u64 {
        loop {
            if let Ok(signed) = last_signed(data)
                && signed.checkpoint.size > size
            {
                return signed.checkpoint.size;
            }
            assert!(self.0.try_wait().unwrap().is_none(), "the server ended by itself");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn stop(mut self) {
        let told = Command::new("kill").arg("-TERM").arg(self.0.id().to_string()).status().unwrap();
        assert!(told.success() && self.0.wait().unwrap().success());
    }
}

fn agreement() -> PathBuf {
    root().join("examples/cloud-one/agreement.toml")
}

fn serve(data: &Path) -> Command {
    let mut command = uphold(["serve", "--listen", "127.0.0.1:0", "--flush-every", "1s", "--sign-every", "1s"]);
    command.args(["--origin", "sla.example.com"]).arg("--agreement").arg(agreement());
    command.arg("--checks").arg(root().join("examples/demo/checks.toml")).arg("--data").arg(data);
    command
}

/// Runs the program, which must fail with that code; what it said.
fn fails(code: i32, args: &[&str]) -> String {
    let output = uphold(args).output().unwrap();
    assert_eq!(output.status.code(), Some(code), "{}", text(&output));
    text(&output)
}

#[test]
fn a_statement_is_proved_to_whoever_has_the_key_and_an_old_copy_is_never_signed() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let (data, bundle, copy, late) = (path("data"), path("october.bundle"), path("copy"), path("late"));
    let data_folder = folder.path().join("data");
    assert!(fails(1, &["ledger", "key", "--data", &data]).contains("no key was made in this folder yet"));

    let mut server = Server::start(&data_folder);
    server.signed_beyond(&data_folder, 0);
    let copied = stdout(["backup", "--data", &data, &copy]);
    assert!(
        copied.contains("every hash is right") && copied.contains("`ledger.key` and `signed.checkpoint` are not in it")
    );
    assert!(fails(1, &["backup", "--data", &data, &copy]).contains("is there already"));
    let in_copy = stdout(["ledger", "verify", "--data", &copy]);
    let in_copy: u64 = in_copy.split(' ').next().unwrap().parse().unwrap();
    server.signed_beyond(&data_folder, in_copy);
    server.stop();

    let key = stdout(["ledger", "key", "--data", &data]);
    let (key, other) = (key.trim(), "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW");
    let checkpoint = stdout(["ledger", "checkpoint", "--data", &data]);
    assert!(key.starts_with("sla.example.com+") && checkpoint.starts_with("sla.example.com\n"), "{key} {checkpoint}");
    assert!(stdout(["ledger", "verify", "--data", &data]).contains("it continues the last signed checkpoint"));

    let month = Zone::utc().month_of(Clock::system().now()).name;
    let said = stdout(["export", "bundle", "--data", &data, "--period", &month, &bundle]);
    assert!(said.contains(&format!("uphold verify {bundle} --key {key}")), "{said}");
    proves(folder.path(), &bundle, key);
    assert!(fails(1, &["verify", &bundle, "--key", other]).contains("is not signed by the key"));
    assert!(fails(2, &["verify", &bundle, "--key", "sla.example.com"]).contains("cannot understand `--key`"));
    let said = stdout(["export", "bundle", "--data", &data, "--period", &month, "--customer", "acme", &bundle]);
    assert!(said.contains("no fact names the customer `acme`"), "{said}");

    assert_eq!(late_copy(&data, &late), last_signed(&data_folder).unwrap().checkpoint.size);
    an_old_copy_is_refused(&data_folder, &copy, &late);
}

fn proves(folder: &Path, bundle: &str, key: &str) {
    let (file, agreement) = (folder.join("statement.json"), agreement());
    let file = file.to_str().unwrap();
    let mine = agreement.to_str().unwrap();
    let proved = stdout(["verify", bundle, "--key", key, "--agreement", mine, "--statement", file]);
    assert!(
        proved.contains("is the text that the ledger and you name") && proved.contains("to the last byte"),
        "{proved}"
    );
    assert!(proved.contains("cannot be proved by a bundle:"), "{proved}");
    let statement: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    assert_eq!(statement["agreement"].as_str(), Some("cloud-one"));
    let another = root().join("examples/month/agreement.toml");
    let said = fails(1, &["verify", bundle, "--key", key, "--agreement", another.to_str().unwrap()]);
    assert!(said.contains("judges by another agreement than yours"), "{said}");
    let mut bytes = std::fs::read(bundle).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    let bad = folder.join("bad.bundle");
    std::fs::write(&bad, &bytes).unwrap();
    assert!(fails(1, &["verify", bad.to_str().unwrap(), "--key", key]).contains("proves nothing"));
    bytes[middle] ^= 1;
    bytes.pop();
    std::fs::write(&bad, &bytes).unwrap();
    assert!(fails(1, &["verify", bad.to_str().unwrap(), "--key", key]).contains("it was cut off"));
}

fn late_copy(data: &str, copy: &str) -> u64 {
    stdout(["backup", "--data", data, copy]);
    stdout(["ledger", "verify", "--data", copy]).split(' ').next().unwrap().parse().unwrap()
}

fn an_old_copy_is_refused(data: &Path, old: &str, new: &str) {
    let to = data.to_str().unwrap();
    assert!(fails(1, &["restore", new, "--data", to]).contains("is there already"));
    for file in [FILE, &format!("{FILE}-wal"), &format!("{FILE}-shm")] {
        let _ = std::fs::remove_file(data.join(file));
    }
    let said = fails(1, &["restore", old, "--data", to]);
    assert!(said.contains("was signed") && said.contains("help: restore a newer copy"), "{said}");
    // By hand, past `restore`.
    std::fs::copy(Path::new(old).join(FILE), data.join(FILE)).unwrap();
    let output = serve(data).output().unwrap();
    let said = text(&output);
    assert!(
        !output.status.success() && said.contains("was signed") && said.contains("put the newer ledger back"),
        "{said}"
    );
    std::fs::remove_file(data.join(FILE)).unwrap();
    for file in [format!("{FILE}-wal"), format!("{FILE}-shm")] {
        let _ = std::fs::remove_file(data.join(file));
    }
    let said = stdout(["restore", new, "--data", to]);
    assert!(said.contains("it continues what was signed in this folder"), "{said}");
    let before = last_signed(data).unwrap().checkpoint.size;
    let mut server = Server::start(data);
    server.signed_beyond(data, before);
    server.stop();
    let fresh = data.with_extension("fresh");
    let said = stdout(["restore", old, "--data", fresh.to_str().unwrap()]);
    assert!(said.contains("the next start makes a new key") && !fresh.join(SIGNED_FILE).exists(), "{said}");
}
