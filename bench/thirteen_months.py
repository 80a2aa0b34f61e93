#!/usr/bin/env python3
"""A server with much history: 10,000 checks and 13 months of a simulated past.

Simulates the past, then prints how long the server takes from its start until it answers that it is ready, with the
snapshot of its book and without, how long each list of the interface takes while it measures, and its memory. A local nginx
answers the checks. Needs a release build and the Debian package nginx-light:

    cargo build --release && bench/thirteen_months.py [--checks 10000] [--months 13] [--keep FOLDER]
"""

import argparse
import pathlib
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

import http_checks as bench

SOLUTIONS = 20
LISTS = ["agreement", "statement", "checks", "incidents", "statements", "budgets", "ledger", "records", "vantage-points"]


def agreement():
    """The example agreement with more solutions than one, in force long enough."""
    text = (bench.ROOT / "examples/cloud-one/agreement.toml").read_text()
    head, rest = text.split("[[solution]]\n", 1)
    block, tail = rest.split("[[commitment]]", 1)
    solutions = ""
    for number in range(SOLUTIONS):
        solutions += "[[solution]]\n" + block.replace('id = "workload-security"', f'id = "service-{number:02}"')
    text = head + solutions + "[[commitment]]" + tail
    return text.replace("workload-security", "service-00").replace("valid_from = 2026-01-01", "valid_from = 2020-01-01")


def checks(count, interval, target):
    text = 'vantage = "bench"\n[egress]\nallow = ["127.0.0.0/8"]\n'
    for number in range(count):
        interface = ["console", "api", "connections"][number // SOLUTIONS % 3]
        text += (f'[[check]]\nid = "c{number}"\nsolution = "service-{number % SOLUTIONS:02}"\ninterface = "{interface}"\n'
                 f'kind = "http"\nurl = "http://127.0.0.1:{target}/{number}"\ninterval = "{interval}s"\ntimeout = "5s"\n'
                 f'staleness = "{3 * interval}s"\nexpect = {{ status = "200" }}\n')
    return text


def get(port, path, token=None):
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}")
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    began = time.monotonic()
    with urllib.request.urlopen(request, timeout=60) as answer:
        size = len(answer.read())
    return time.monotonic() - began, size


def ready(port, process):
    """Seconds until the server says that it is ready."""
    began = time.monotonic()
    while process.poll() is None:
        try:
            get(port, "/healthz")
            return time.monotonic() - began
        except (OSError, urllib.error.HTTPError):
            time.sleep(0.02)
    sys.exit("uphold ended; see the log")


def configure(folder, count, interval, target):
    """The files of a server, as options for the program. The past is simulated for these very checks."""
    (folder / "agreement.toml").write_text(agreement())
    (folder / "checks.toml").write_text(checks(count, interval, target))
    return ["--agreement", str(folder / "agreement.toml"), "--checks", str(folder / "checks.toml")]


def simulate(program, files, months, past):
    """Makes the past, where there is none."""
    if past.exists():
        return
    began = time.monotonic()
    command = [program, "simulate", *files, "--months", str(months), "--data", str(past)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    print(said.strip().splitlines()[-1])
    print(f"simulated in {time.monotonic() - began:.0f} s")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checks", type=int, default=10_000)
    parser.add_argument("--interval", type=int, default=10)
    parser.add_argument("--months", type=int, default=13)
    parser.add_argument("--program", type=pathlib.Path, default=bench.ROOT / "target/release/uphold")
    parser.add_argument("--keep", type=pathlib.Path, help="keep the simulated past here, and use it if it is there")
    args = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="uphold-bench-"))
    past = args.keep or folder / "past"
    target, port = 18_080, bench.free_port()
    program = str(args.program)
    files = configure(folder, args.checks, args.interval, target)
    simulate(program, files, args.months, past)
    (past / "book.snapshot").unlink(missing_ok=True)
    running = []
    log = open(folder / "log", "w")

    def start(command):
        running.append(subprocess.Popen(command, stdout=log, stderr=log))
        return running[-1]

    def serve():
        data = ["--data", str(past), "--listen", f"127.0.0.1:{port}"]
        process = start([program, "serve", *files, *data])
        return process, ready(port, process)

    def stop():
        process = running.pop()
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        process.wait(120)
        return time.monotonic() - began

    try:
        start(bench.nginx(folder, target))
        bench.wait_for(target)
        process, seconds = serve()
        print(f"ready after {seconds:.2f} s without a snapshot; memory {bench.resident_mb(process.pid):.0f} MB; "
              f"stopped in {stop():.1f} s")
        size = [(past / name).stat().st_size / 1e6 for name in ("ledger.db", "book.snapshot")]
        print(f"database {size[0]:.0f} MB, snapshot {size[1]:.1f} MB")
        process, seconds = serve()
        print(f"ready after {seconds:.2f} s with the snapshot")
        token = subprocess.run([program, "token", "create", f"bench-{time.time():.0f}", "--scope", "read", "--data", str(past)],
                               capture_output=True, text=True, check=True).stdout.split()[-1]
        time.sleep(60)
        for name in LISTS:
            path = f"/api/v1/{name}"
            try:
                took = [get(port, path, token) for _ in range(21)]
            except urllib.error.HTTPError as error:
                print(f"{path:32} {error}")
                continue
            times = sorted(seconds * 1000 for seconds, _ in took)
            print(f"{path:32} median {statistics.median(times):7.1f} ms, slowest {times[-1]:7.1f} ms, {took[0][1] / 1e6:.2f} MB")
        print(f"memory {bench.resident_mb(process.pid):.0f} MB; stopped in {stop():.1f} s")
    finally:
        for process in running:
            process.send_signal(signal.SIGTERM)
        for process in running:
            process.wait(120)
        log.close()
        print((folder / "log").read_text()[-3000:], file=sys.stderr)
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
