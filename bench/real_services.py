#!/usr/bin/env python3
"""Breaks real services one after the other, and checks what Uphold says of each, to the millisecond.

nginx serves an API and a console page, PostgreSQL listens for the connections, and Chromium opens the console. Each is broken
and mended in turn. For each it is awaited that the API, the status page and /metrics say so, and measured how many intervals
that took; that an incident opens and closes with the onset and the restoration that the statement has; and at the end that
`uphold evaluate` over the export gives the very statement of the server.

Needs: nginx, PostgreSQL (initdb, postgres), chromium, chromium-driver. Run from the repository: bench/real_services.py [uphold]
"""
import json, os, pwd, re, shutil, signal, socket, subprocess, sys, tempfile, time, urllib.request
from glob import glob
from pathlib import Path

UPHOLD = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "target/release/uphold")
AGREEMENT = Path("examples/cloud-one/agreement.toml").resolve()
INTERVALS = {"api": 2, "connections": 2, "console": 10}


def port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def find(*names):
    for name in names:
        for path in [shutil.which(name), *sorted(glob(f"/usr/lib/postgresql/*/bin/{name}"))]:
            if path:
                return path
    sys.exit(f"error: `{names[0]}` is not installed")


folder = Path(tempfile.mkdtemp(prefix="uphold-real-"))
os.chmod(folder, 0o755)
web, api, database, listen = port(), port(), port(), port()


def nginx(name, at, body):
    root = folder / name
    root.mkdir()
    (root / "index.html").write_text(body)
    (root / "nginx.conf").write_text(
        f"daemon off; pid {root}/pid; error_log {root}/error.log; events {{}} http {{ access_log off; "
        f"server {{ listen 127.0.0.1:{at}; root {root}; default_type text/html; }} }}"
    )
    return [find("nginx"), "-c", str(root / "nginx.conf"), "-p", str(root)], None


def postgres():
    data = folder / "postgres"
    data.mkdir()
    user = None
    if os.getuid() == 0:
        user = "postgres" if any(p.pw_name == "postgres" for p in pwd.getpwall()) else "nobody"
        shutil.chown(data, user)
    subprocess.run([find("initdb"), "-D", data, "-A", "trust", "-U", "postgres"], user=user, check=True, stdout=subprocess.DEVNULL)
    return [find("postgres"), "-D", str(data), "-p", str(database), "-h", "127.0.0.1", "-k", str(data)], user


COMMANDS = {
    "console": nginx("console", web, "<!DOCTYPE html><title>Console</title><main id='ready'>Welcome</main>"),
    "api": nginx("api", api, '{"status": "ok"}'),
    "connections": postgres(),
}
running = {}


def start(name):
    command, user = COMMANDS[name]
    running[name] = subprocess.Popen(command, user=user, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def stop(name):
    running[name].send_signal(signal.SIGINT if name == "connections" else signal.SIGTERM)
    running[name].wait()


def check(name, more):
    every = INTERVALS[name]
    return (
        f'[[check]]\nid = "{name}"\nsolution = "workload-security"\ninterface = "{name}"\ninterval = "{every}s"\n'
        f'timeout = "{every}s"\nstaleness = "{3 * every}s"\n{more}\n'
    )


checks = folder / "checks.toml"
checks.write_text(
    'vantage = "local"\n[egress]\nallow = ["127.0.0.0/8"]\n'
    + check("console", f'kind = "browser"\nurl = "http://127.0.0.1:{web}/"\nwait_for = "#ready"')
    + check("api", f'kind = "http"\nurl = "http://127.0.0.1:{api}/"\nassert = [{{ json = "$.status", equals = "ok" }}]')
    + check("connections", f'kind = "tcp"\naddress = "127.0.0.1:{database}"')
)
for name in COMMANDS:
    start(name)
time.sleep(2)
server = subprocess.Popen(
    [UPHOLD, "serve", "--agreement", AGREEMENT, "--checks", checks, "--data", folder / "data", "--listen", f"127.0.0.1:{listen}"],
    stdout=subprocess.PIPE, stderr=open(folder / "log", "w"), text=True,
)
token = None
while token is None:
    line = server.stdout.readline()
    if not line:
        sys.exit(f"error: the server ended; see {folder}/log")
    token = line.split(": ")[1].strip() if "shown this once" in line else None


def get(path):
    request = urllib.request.Request(f"http://127.0.0.1:{listen}{path}", headers={"Authorization": f"Bearer {token}"})
    return urllib.request.urlopen(request).read().decode()


def seen(name):
    """What the API, the metrics and the status page say of an interface."""
    latest = [c["latest"] for c in json.loads(get("/api/v1/checks"))["checks"] if c["interface"] == name][0]
    metric = re.search(rf'uphold_state\{{[^}}]*interface="{name}"[^}}]*state="(\w+)"\}} 1', get("/metrics")).group(1)
    page = re.search(rf'<div class="subject" id="[^"]*{name}">.*?<strong class="(\w+)"', get("/status"), re.S).group(1)
    return {"api": latest and latest["state"], "metrics": metric, "page": page}


def wait(name, state, most=60):
    began = time.monotonic()
    while time.monotonic() - began < most:
        if set(seen(name).values()) == {state}:
            return time.monotonic() - began
        time.sleep(0.1)
    sys.exit(f"error: after {most} s {name} is not {state}: {seen(name)}; see {folder}")


ok = True
for name in COMMANDS:
    wait(name, "up")
for name in COMMANDS:
    stop(name)
    broken = wait(name, "down")
    start(name)
    mended = wait(name, "up")
    every = INTERVALS[name]
    good = broken <= 2 * every and mended <= 2 * every + 1
    ok &= good
    print(f"{name}: interval {every} s; said down after {broken:.1f} s, up after {mended:.1f} s{'' if good else '  TOO LATE'}")
time.sleep(2)
incidents = json.loads(get("/api/v1/incidents"))["incidents"]
statement = json.loads(get("/api/v1/statement"))
for name in COMMANDS:
    row = [r for r in statement["commitments"] if r["id"] == "interface-availability" and r["subject"].endswith(name)][0]
    down = [(r["from"], r["until"]) for r in row["reasons"] if r["kind"] == "down"]
    mine = [(i["from"], i["until"]) for i in incidents if i["scope"]["interface"] == name]
    good = len(mine) == 1 and mine[0][0] == down[0][0] and mine[0][1] >= down[-1][1]
    ok &= good
    print(f"{name}: incident {mine}, down in the statement {down}{'' if good else '  DIFFERS'}")
server.send_signal(signal.SIGTERM)
server.wait()
history = folder / "history.jsonl"
history.write_text(subprocess.run([UPHOLD, "export", "history", "--every-version", "--data", folder / "data"], capture_output=True, text=True, check=True).stdout)
offline = subprocess.run(
    [UPHOLD, "evaluate", "--agreement", AGREEMENT, "--history", history, "--period", statement["period"]["name"],
     "--as-known-at", statement["as_known_at"], "--format", "json"], capture_output=True, text=True, check=True,
).stdout
rows = lambda s: [r for r in s["commitments"] if r["kind"] == "availability"]
same = rows(json.loads(offline)) == rows(statement)
ok &= same
print("the statement of the server", "is" if same else "IS NOT", "what `uphold evaluate` makes of the export")
verify = subprocess.run([UPHOLD, "ledger", "verify", "--data", folder / "data"], capture_output=True, text=True)
print(verify.stdout.strip().splitlines()[-2])
for name in COMMANDS:
    stop(name)
shutil.rmtree(folder)
sys.exit(0 if ok else 1)
