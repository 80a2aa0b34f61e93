#!/usr/bin/env python3
"""CPU and memory of HTTP checks: Uphold beside Prometheus with its blackbox exporter, in one run.

Both ask the same local nginx for the same number of distinct URLs at the same interval, at the same time. CPU is what
the kernel charged to each process; memory is its resident set at the end.

Needs a release build and the Debian packages nginx-light, prometheus and prometheus-blackbox-exporter:

    cargo build --release && bench/http_checks.py [--checks 2000] [--interval 10] [--seconds 120]
"""

import argparse
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def cpu_ms(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


def resident_mb(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0


def wait_for(port):
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.1)
    sys.exit(f"nothing listens on port {port}")


def nginx(folder, port):
    (folder / "nginx.conf").write_text(f"""
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.err;
events {{ worker_connections 4096; }}
http {{ access_log off; server {{ listen 127.0.0.1:{port} backlog=4096; location / {{ return 200 "ok\\n"; }} }} }}
""")
    return ["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")]


def uphold(folder, port, target, checks, interval):
    text = 'vantage = "bench"\n[egress]\nallow = ["127.0.0.0/8"]\n'
    for number in range(checks):
        interface = ["console", "api", "connections"][number % 3]
        text += (f'[[check]]\nid = "c{number}"\nsolution = "workload-security"\ninterface = "{interface}"\ntype = "http"\n'
                 f'url = "http://127.0.0.1:{target}/{number}"\ninterval = "{interval}s"\ntimeout = "5s"\n'
                 f'staleness = "{3 * interval}s"\nexpect = {{ status = "200" }}\n')
    (folder / "checks.toml").write_text(text)
    return [str(ROOT / "target/release/uphold"), "serve", "--agreement", str(ROOT / "examples/cloud-one/agreement.toml"),
            "--checks", str(folder / "checks.toml"), "--data", str(folder / "data"), "--listen", f"127.0.0.1:{port}"]


def blackbox(folder, port):
    (folder / "blackbox.yml").write_text(
        "modules:\n  http_2xx:\n    prober: http\n    timeout: 5s\n    http: {preferred_ip_protocol: ip4, valid_status_codes: [200]}\n")
    return ["prometheus-blackbox-exporter", f"--config.file={folder}/blackbox.yml", f"--web.listen-address=127.0.0.1:{port}"]


def prometheus(folder, port, exporter, target, checks, interval):
    targets = ", ".join(f'"http://127.0.0.1:{target}/{n}"' for n in range(checks))
    (folder / "prometheus.yml").write_text(f"""
global: {{scrape_interval: {interval}s, scrape_timeout: 5s}}
scrape_configs:
  - job_name: checks
    metrics_path: /probe
    params: {{module: [http_2xx]}}
    static_configs: [{{targets: [{targets}]}}]
    relabel_configs:
      - {{source_labels: [__address__], target_label: __param_target}}
      - {{source_labels: [__param_target], target_label: instance}}
      - {{target_label: __address__, replacement: "127.0.0.1:{exporter}"}}
""")
    return ["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/tsdb",
            f"--web.listen-address=127.0.0.1:{port}"]


def metric(port, name):
    body = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics").read().decode()
    for line in body.splitlines():
        if line.startswith(name):
            return int(float(line.rsplit(" ", 1)[1]))
    sys.exit(f"no metric {name}")


def scrapes(port):
    url = f"http://127.0.0.1:{port}/api/v1/query?query=sum(count_over_time(probe_success[1h]))"
    import json
    result = json.load(urllib.request.urlopen(url))["data"]["result"]
    return int(result[0]["value"][1]) if result else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checks", type=int, default=2000)
    parser.add_argument("--interval", type=int, default=10)
    parser.add_argument("--seconds", type=int, default=120)
    args = parser.parse_args()
    for program in ("nginx", "prometheus", "prometheus-blackbox-exporter"):
        if not shutil.which(program):
            sys.exit(f"`{program}` is missing: apt-get install nginx-light prometheus prometheus-blackbox-exporter")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="uphold-bench-"))
    target, ours, exporter, theirs = (free_port() for _ in range(4))
    running = {}
    log = open(folder / "log", "w")
    try:
        def start(name, command, port):
            running[name] = subprocess.Popen(command, stdout=log, stderr=log)
            wait_for(port)
        start("nginx", nginx(folder, target), target)
        start("uphold", uphold(folder, ours, target, args.checks, args.interval), ours)
        start("blackbox exporter", blackbox(folder, exporter), exporter)
        start("prometheus", prometheus(folder, theirs, exporter, target, args.checks, args.interval), theirs)
        print(f"warming up for {3 * args.interval} s", file=sys.stderr)
        time.sleep(3 * args.interval)
        pids = {name: process.pid for name, process in running.items()}
        before = {name: cpu_ms(pid) for name, pid in pids.items()}
        done = (metric(ours, "uphold_probes_finished_total"), scrapes(theirs))
        time.sleep(args.seconds)
        spent = {name: cpu_ms(pid) - before[name] for name, pid in pids.items()}
        count = (metric(ours, "uphold_probes_finished_total") - done[0], scrapes(theirs) - done[1])
        memory = {name: resident_mb(pid) for name, pid in pids.items()}
        missed = metric(ours, "uphold_probe_slots_missed_total")
        size = sum(f.stat().st_size for f in (folder / "data").iterdir())
    finally:
        for process in running.values():
            process.send_signal(signal.SIGTERM)
        for process in running.values():
            process.wait(20)
        log.close()
        shutil.rmtree(folder, ignore_errors=True)
    pair = spent["prometheus"] + spent["blackbox exporter"]
    pair_memory = memory["prometheus"] + memory["blackbox exporter"]
    per_check = (spent["uphold"] / count[0], pair / count[1])
    print(f"{args.checks} HTTP checks every {args.interval} s for {args.seconds} s, nginx on the loopback, a fresh connection each")
    print(f"{'':28}{'checks done':>12}{'CPU ms/check':>14}{'memory MB':>11}")
    print(f"{'uphold':28}{count[0]:>12}{per_check[0]:>14.3f}{memory['uphold']:>11.0f}")
    print(f"{'prometheus + blackbox':28}{count[1]:>12}{per_check[1]:>14.3f}{pair_memory:>11.0f}")
    print(f"ratio (theirs / ours): CPU {per_check[1] / per_check[0]:.1f}, memory {pair_memory / memory['uphold']:.1f}")
    print(f"uphold: {missed} due probes not started in time; ledger {size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
