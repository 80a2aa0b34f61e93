#!/usr/bin/env python3
"""How long the pages take with much history: 10,000 checks and 13 months of a simulated past.

Starts a server on the past that bench/thirteen_months.py makes (and makes it, where there is none), lets it measure these
checks against a local nginx, signs in as its first operator, and asks for every kind of page: the first answer, and the
median and the slowest of 21 more. Then opens each page in Chromium and prints when its text was there and could be seen.
Last, wrk asks for the public status page, and for the same bytes from nginx, in turns: here, and on a server of one service
with 30 checks, whose page is of an ordinary size.

Needs a release build and the Debian packages nginx-light, wrk, chromium and chromium-driver:

    cargo build --release && bench/pages.py --keep FOLDER
"""

import argparse
import json
import pathlib
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

import http_checks as bench
import thirteen_months as past

PASSWORD = "a long sentence for a bench"
STRANGER = ["/", "/status", "/maintenance", "/maintenance.ics", "/maintenance.atom", "/agreement", "/agreement/history",
            "/sub-processors", "/incidents", "/statements", "/solutions/service-00", "/sign-in", "/checks", "/statements/{month}", "/statements/{frozen}"]
OPERATOR = ["/", "/status", "/checks", "/checks/c0", "/incidents", "/incidents/{incident}", "/solutions/service-00", "/statements",
            "/statements/{month}", "/statements/{frozen}", "/statements/{frozen}/statement.csv", "/maintenance", "/ledger",
            "/ledger/{seq}", "/customers", "/people", "/account", "/tell", "/tell/maintenance", "/tell/incident"]


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


OPENER = urllib.request.build_opener(NoRedirect)


def ask(port, path, cookie=None, form=None):
    """Status, headers, bytes and seconds of one answer."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data=form and urllib.parse.urlencode(form).encode())
    if cookie:
        request.add_header("Cookie", cookie)
    if form:
        request.add_header("Origin", f"http://127.0.0.1:{port}")
    began = time.monotonic()
    try:
        answer = OPENER.open(request, timeout=300)
    except urllib.error.HTTPError as error:
        answer = error
    text = answer.read()
    return answer.status, answer.headers, text, time.monotonic() - began


def sign_up(port, log):
    """The cookie of the first operator, by the link that the server printed."""
    link = re.search(r"/join/[\w-]+", log.read_text()).group()
    form = {"name": "bench", "password": PASSWORD, "again": PASSWORD}
    status, headers, _, _ = ask(port, link, form=form)
    if status != 303:
        sys.exit(f"{link} answered {status}")
    return headers["Set-Cookie"].split(";")[0]


def sign_in(port, log, cookie_file):
    if not cookie_file.exists():
        cookie_file.write_text(sign_up(port, log))
    return cookie_file.read_text()


def blanks(port, cookie):
    """An incident, a month in force, a frozen one, and a fact, as the pages themselves name them."""
    def named(path, pattern, whom=cookie):
        found = re.findall(pattern, ask(port, path, whom)[2].decode())
        return found[0] if found else "none"
    months = sorted(set(re.findall(r'/statements/(\d{4}-\d\d)[?"]', ask(port, "/statements", cookie)[2].decode())))
    return {"{incident}": named("/incidents", r'"/incidents/([\w.%-]+)"'), "{seq}": named("/ledger", r'"/ledger/(\d+)"'),
            "{month}": time.strftime("%Y-%m"), "{frozen}": months[0] if months else "none"}


def filled(path, values):
    for name, value in values.items():
        path = path.replace(name, value)
    return path


def server_times(port, who, pages, cookie, values):
    for path in pages:
        path = filled(path, values)
        status, _, text, first = ask(port, path, cookie)
        if status != 200:
            print(f"{who:8} {path:42} {status}")
            continue
        times = sorted(ask(port, path, cookie)[3] * 1000 for _ in range(21))
        print(f"{who:8} {path:42} first {first * 1000:8.1f}, median {statistics.median(times):7.1f}, "
              f"slowest {times[-1]:7.1f} ms; {len(text) / 1000:.0f} kB", flush=True)


class Browser:
    """Chromium by its WebDriver."""

    def __init__(self, folder):
        port = bench.free_port()
        self.process = subprocess.Popen(["chromedriver", f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        bench.wait_for(port)
        self.base = f"http://127.0.0.1:{port}/session"
        options = {"args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
                            "--disable-background-networking", "--disable-component-update", f"--user-data-dir={folder}/chromium"]}
        always = {"capabilities": {"alwaysMatch": {"goog:chromeOptions": options}}}
        self.base += "/" + self.call("POST", "", always)["sessionId"]

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data, {"Content-Type": "application/json"}, method=method)
        return json.load(urllib.request.urlopen(request, timeout=300))["value"]

    def readable(self, address):
        """Milliseconds from the start of going there until the text was complete and painted."""
        self.call("POST", "/url", {"url": "about:blank"})
        self.call("POST", "/url", {"url": address})
        script = """const done = arguments[0];
            const look = () => { const paint = performance.getEntriesByName("first-contentful-paint")[0];
              const page = performance.getEntriesByType("navigation")[0];
              paint && page.domContentLoadedEventEnd ? done(Math.max(paint.startTime, page.domContentLoadedEventEnd)) : setTimeout(look, 20); };
            look();"""
        return self.call("POST", "/execute/async", {"script": script, "args": []})

    def end(self):
        self.call("DELETE", "")
        self.process.terminate()
        self.process.wait(20)


def browser_times(port, folder, cookie, values):
    browser = Browser(folder)
    try:
        for who, pages in [("stranger", STRANGER), ("operator", OPERATOR)]:
            if who == "operator":
                # A `__Host-` cookie cannot be set from outside over http: the form is used, as a person would.
                browser.call("POST", "/url", {"url": f"http://127.0.0.1:{port}/sign-in"})
                sign_in_by_form(browser)
            for path in pages:
                path = filled(path, values)
                if ask(port, path, cookie if who == "operator" else None)[0] != 200 or path.endswith((".ics", ".atom", ".csv")):
                    continue
                times = [browser.readable(f"http://127.0.0.1:{port}{path}") for _ in range(3)]
                print(f"Chromium {who:8} {path:42} slowest of 3: {max(times):7.0f} ms", flush=True)
    finally:
        browser.end()


def sign_in_by_form(browser):
    for field, text in [("name", "bench"), ("password", PASSWORD)]:
        element = browser.call("POST", "/element", {"using": "css selector", "value": f"#{field}"})
        browser.call("POST", f"/element/{next(iter(element.values()))}/value", {"text": text})
    button = browser.call("POST", "/element", {"using": "css selector", "value": "main button[type=submit]"})
    browser.call("POST", f"/element/{next(iter(button.values()))}/click", {})


def requests_a_second(url):
    said = subprocess.run(["wrk", "-t1", "-c64", "-d10s", url], capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in said:
        sys.exit(said)
    return float(re.search(r"Requests/sec:\s+([\d.]+)", said).group(1))


def beside_nginx(port, folder):
    """The status page, and the same bytes as a file of nginx, each three times in turns."""
    (folder / "html").mkdir(exist_ok=True)
    page = ask(port, "/status")[2]
    (folder / "html/status.html").write_bytes(page)
    other = bench.free_port()
    (folder / "static.conf").write_text(f"""
daemon off; user root; worker_processes 2; pid {folder}/static.pid; error_log {folder}/static.err;
events {{ worker_connections 1024; }}
http {{ access_log off; default_type text/html; sendfile on; server {{ listen 127.0.0.1:{other}; root {folder}/html; }} }}
""")
    process = subprocess.Popen(["nginx", "-p", str(folder), "-c", str(folder / "static.conf")])
    bench.wait_for(other)
    try:
        turns = [(requests_a_second(f"http://127.0.0.1:{port}/status"), requests_a_second(f"http://127.0.0.1:{other}/status.html"))
                 for _ in range(3)]
    finally:
        process.terminate()
        process.wait(20)
    for ours, theirs in turns:
        print(f"wrk, 64 connections, /status of {len(page) / 1000:.0f} kB: Uphold {ours:.0f} requests a second, nginx {theirs:.0f}, ratio {ours / theirs:.2f}")


def ordinary(program, folder, target):
    """The status page of one service with 30 checks, after a minute."""
    port = bench.free_port()
    command = bench.uphold(folder, port, target, 30, 10)
    with (folder / "small.log").open("w") as out:
        process = subprocess.Popen([str(program), *command[1:]], stdout=out, stderr=out)
    try:
        past.ready(port, process)
        time.sleep(60)
        beside_nginx(port, folder)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checks", type=int, default=10_000)
    parser.add_argument("--interval", type=int, default=10)
    parser.add_argument("--months", type=int, default=13)
    parser.add_argument("--program", type=pathlib.Path, default=bench.ROOT / "target/release/uphold")
    parser.add_argument("--keep", type=pathlib.Path, required=True, help="the simulated past; made here where there is none")
    parser.add_argument("--warm", type=int, default=60, help="seconds of measuring before the first page")
    parser.add_argument("--only", choices=["server", "browser", "wrk"])
    args = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="uphold-bench-"))
    target, port = 18_080, bench.free_port()
    files = past.configure(folder, args.checks, args.interval, target)
    past.simulate(str(args.program), files, args.months, args.keep)
    log = folder / "log"
    running = []
    try:
        running.append(subprocess.Popen(bench.nginx(folder, target)))
        bench.wait_for(target)
        with log.open("w") as out:
            serve = [str(args.program), "serve", *files, "--data", str(args.keep), "--listen", f"127.0.0.1:{port}"]
            running.append(subprocess.Popen(serve, stdout=out, stderr=out))
        past.ready(port, running[-1])
        cookie = sign_in(port, log, args.keep.with_suffix(".cookie"))
        time.sleep(args.warm)
        values = blanks(port, cookie)
        if args.only in (None, "server"):
            server_times(port, "stranger", STRANGER, None, values)
            server_times(port, "operator", OPERATOR, cookie, values)
        if args.only in (None, "browser"):
            browser_times(port, folder, cookie, values)
        if args.only in (None, "wrk"):
            beside_nginx(port, folder)
            ordinary(args.program, folder, target)
        print(f"memory {bench.resident_mb(running[-1].pid):.0f} MB")
    finally:
        for process in reversed(running):
            process.send_signal(signal.SIGTERM)
            process.wait(120)
        print(log.read_text()[-2000:] if log.exists() else "", file=sys.stderr)
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
