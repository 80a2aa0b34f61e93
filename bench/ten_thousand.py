#!/usr/bin/env python3
"""Uphold alone at its stated size: 10,000 HTTP checks every 10 s for 10 minutes, the process bound to one core.

Prints how late the ticks were (from the histogram in `/metrics`), CPU, memory, and how the data folder grew. A local nginx
answers on the other core. Needs a release build and the Debian package nginx-light:

    cargo build --release && bench/ten_thousand.py [--checks 10000] [--interval 10] [--seconds 600] [--core 1]
"""

import argparse
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

import http_checks as bench


def lag(port):
    """The cumulative buckets of the lag of ticks: upper bound in ms, count."""
    body = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics").read().decode()
    buckets = []
    for line in body.splitlines():
        if line.startswith("uphold_tick_lag_seconds_bucket"):
            bound = line.split('le="')[1].split('"')[0]
            buckets.append((float(bound) * 1000, int(line.rsplit(" ", 1)[1])))
    return buckets


def percentile(before, after, share):
    """The smallest bucket that holds this share of the ticks between two looks."""
    counts = [(bound, now - then) for (bound, now), (_, then) in zip(after, before)]
    return next(bound for bound, count in counts if count >= share * counts[-1][1])


def folder_bytes(folder):
    return sum(f.stat().st_size for f in folder.rglob("*") if f.is_file())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checks", type=int, default=10_000)
    parser.add_argument("--interval", type=int, default=10)
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--core", default="1", help="the core that uphold is bound to")
    args = parser.parse_args()
    for program in ("nginx", "taskset"):
        if not shutil.which(program):
            sys.exit(f"`{program}` is missing: apt-get install nginx-light util-linux")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="uphold-bench-"))
    target, port = bench.free_port(), bench.free_port()
    running = []
    log = open(folder / "log", "w")
    try:
        def start(command, port):
            running.append(subprocess.Popen(command, stdout=log, stderr=log))
            bench.wait_for(port)
            return running[-1].pid
        start(bench.nginx(folder, target), target)
        command = bench.uphold(folder, port, target, args.checks, args.interval)
        pid = start(["taskset", "-c", args.core, *command], port)
        print(f"warming up for {3 * args.interval} s", file=sys.stderr)
        time.sleep(3 * args.interval)
        finished, missed = "uphold_probes_finished_total", "uphold_probe_slots_missed_total"
        before = (bench.cpu_ms(pid), bench.metric(port, finished), bench.metric(port, missed), lag(port))
        size = folder_bytes(folder / "data")
        peak = 0
        for _ in range(args.seconds // 10):
            time.sleep(10)
            peak = max(peak, bench.resident_mb(pid))
        after = (bench.cpu_ms(pid), bench.metric(port, finished), bench.metric(port, missed), lag(port))
        grown = folder_bytes(folder / "data") - size
    finally:
        for process in running:
            process.send_signal(signal.SIGTERM)
        for process in running:
            process.wait(60)
        log.close()
        shutil.rmtree(folder, ignore_errors=True)
    done = after[1] - before[1]
    print(f"{args.checks} HTTP checks every {args.interval} s for {args.seconds} s on one core")
    print(f"checks done {done}, not started in time {after[2] - before[2]}, CPU a check {(after[0] - before[0]) / done:.3f} ms")
    shares = ", ".join(f"{share:.1%} at most {percentile(before[3], after[3], share):g} ms" for share in (0.5, 0.99, 0.999, 1))
    print(f"ticks late beyond their 100 ms: {shares}")
    print(f"memory at its peak {peak:.0f} MB; the data folder grew by {grown / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
