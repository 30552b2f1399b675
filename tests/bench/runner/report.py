#!/usr/bin/env python3
"""The runner beside its peers, in one run against the same servers, and its section of docs/performance.md.

Servers are pinned to core 1, clients to core 0. nginx answers a fixed completion; `minslice mock` answers with latency. A peer that is not
installed is left out and named. CPU is user and system time of the whole process; memory its largest resident set, looked at every 10 ms.

usage: tests/bench/runner/report.py MINSLICE [--python PYTHON_WITH_AIOHTTP_AND_OPENAI] [--rounds N] [-o docs/performance.md]
"""
import argparse
import contextlib
import datetime
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
PAGE = HERE.parents[2] / "docs" / "performance.md"
CONNECTIONS = 200
COMPLETION = {
    "id": "chatcmpl-1", "object": "chat.completion", "created": 1760000000, "model": "gpt-4o-mini-2024-07-18", "system_fingerprint": "fp_0",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "42", "refusal": None}, "logprobs": None, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 12, "completion_tokens": 1, "total_tokens": 13},
}
ASKED = {"model": "m", "temperature": 0, "messages": [{"role": "user", "content": "Which number is six times seven? The number alone."}]}


class Done:
    def __init__(self, seconds, cpu, rss_mb, out, code):
        self.seconds, self.cpu, self.rss_mb, self.out, self.code = seconds, cpu, rss_mb, out, code


def resident_peak(pid):
    """KiB. getrusage would count what this interpreter held when it forked."""
    try:
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return max((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")), default=0)


def measure(command, core=0, timeout=900):
    """Runs the command on one core; time, CPU and memory as the system accounts for them."""
    with tempfile.TemporaryFile("w+") as out:
        start = time.monotonic()
        peak = 0
        process = subprocess.Popen([*map(str, command)], stdout=out, stderr=subprocess.STDOUT, preexec_fn=lambda: os.sched_setaffinity(0, {core}))
        limit = time.monotonic() + timeout
        while True:
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            if time.monotonic() > limit:
                process.kill()
            peak = max(peak, resident_peak(process.pid))
            time.sleep(0.01)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.monotonic() - start
        out.seek(0)
        return Done(seconds, usage.ru_utime + usage.ru_stime, peak / 1024, out.read(), process.returncode)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for(port):
    for _ in range(1000):
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    sys.exit(f"nothing listens on {port}")


@contextlib.contextmanager
def nginx(folder):
    port = free_port()
    body = json.dumps(COMPLETION).replace("'", "")
    config = folder / "nginx.conf"
    config.write_text(f"""worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 8192; }}
http {{ access_log off; keepalive_requests 100000000; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{ listen 127.0.0.1:{port}; location / {{ default_type application/json; return 200 '{body}'; }} }} }}
""")
    process = subprocess.Popen([shutil.which("nginx", path="/usr/sbin:/usr/bin:/sbin"), "-c", str(config), "-p", str(folder)], stderr=subprocess.DEVNULL,
                               preexec_fn=lambda: os.sched_setaffinity(0, {1}))
    try:
        wait_for(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


@contextlib.contextmanager
def mock(minslice, folder, config):
    path = folder / "mock.yaml"
    path.write_text("suite: suite.yaml\n" + config)
    process = subprocess.Popen([minslice, "mock", "--config", str(path)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                               preexec_fn=lambda: os.sched_setaffinity(0, {1}))
    try:
        url = process.stdout.readline().strip()
        if not url:
            sys.exit("the mock did not start")
        yield url
    finally:
        process.terminate()
        process.wait(timeout=30)


def write_suite(folder, cases):
    with open(folder / "cases.jsonl", "w") as out:
        for i in range(cases):
            out.write(json.dumps({"id": f"case-{i:07}", "prompt": f"Which number is case {i}? The number alone.", "expected": "42",
                                  "segments": {"flow": str(i % 7)}}) + "\n")
    (folder / "suite.yaml").write_text("version: 1\nname: bench\ncases: cases.jsonl\nsegments: [flow]\n")
    return folder / "suite.yaml"


def our_run(minslice, suite, url, log, concurrency, timeout=900):
    pathlib.Path(log).unlink(missing_ok=True)
    done = measure([minslice, "run", suite, "--target", "t", "--model", "mock-perfect", "--base-url", url, "-o", log, "--concurrency", concurrency, "--quiet"],
                   timeout=timeout)
    if done.code != 0:
        sys.exit(f"the run failed: {done.out}")
    return done


def latencies(log, field):
    values = sorted(row[field] for row in map(json.loads, open(log)) if row["record"] == "case")
    return values[len(values) // 2], values[int(len(values) * .99)]


def fixed(arguments, folder, rows, notes):
    """50,000 requests over 200 connections against nginx."""
    requests = 50000
    suite = write_suite(folder, requests)
    body = folder / "body.json"
    body.write_text(json.dumps(ASKED))
    lua = folder / "post.lua"
    lua.write_text(f"wrk.method = 'POST'; wrk.body = [[{json.dumps(ASKED)}]]; wrk.headers['content-type'] = 'application/json'\n")
    found = {}

    def take(name, n, done, rate=None):
        found.setdefault(name, []).append((rate or n / done.seconds, done.cpu / n * 10000, done.rss_mb))

    with nginx(folder) as url:
        for _ in range(arguments.rounds):
            if shutil.which("wrk"):
                done = measure(["wrk", "-t1", f"-c{CONNECTIONS}", "-d5s", "-s", lua, url + "/v1/chat/completions"])
                n = int(re.search(r"(\d+) requests in", done.out).group(1))
                take("wrk", n, done, float(re.search(r"Requests/sec:\s+([\d.]+)", done.out).group(1)))
            if shutil.which("hey"):
                done = measure(["hey", "-n", requests, "-c", CONNECTIONS, "-m", "POST", "-T", "application/json", "-D", body, "-cpus", 1, url + "/v1/chat/completions"])
                take("hey", requests, done, float(re.search(r"Requests/sec:\s+([\d.]+)", done.out).group(1)))
            for name, script, n in (("aiohttp", "aiohttp", 10000), ("openai-python", "openai", 3000)):
                probe = subprocess.run([arguments.python, "-c", f"import {script}"], capture_output=True, check=False)
                if probe.returncode != 0:
                    continue
                done = measure([arguments.python, HERE / "peers.py", script, url, n, CONNECTIONS])
                take(name, n, done, float(done.out.split()[-1]))
            # The log on a disk beside the same log in memory: what durability costs. A run without a log does not exist.
            disk = our_run(arguments.minslice, suite, url + "/v1", folder / "log.jsonl", CONNECTIONS)
            p50_disk, p99_disk = latencies(folder / "log.jsonl", "latency_ms")
            take("minslice run, log on disk", requests, disk)
            shm = pathlib.Path(tempfile.mkdtemp(dir="/dev/shm")) / "log.jsonl"
            memory = our_run(arguments.minslice, suite, url + "/v1", shm, CONNECTIONS)
            p50_memory, p99_memory = latencies(shm, "latency_ms")
            take("minslice run, log in memory (/dev/shm)", requests, memory)
            shutil.rmtree(shm.parent)
            notes.append((disk.seconds / memory.seconds, p99_disk / p99_memory, disk.cpu / memory.cpu))
    middle = {name: tuple(statistics.median(v[k] for v in values) for k in range(3)) for name, values in found.items()}
    ours = middle["minslice run, log on disk"]
    for name, (rate, cpu, rss) in middle.items():
        rows.append(f"| {name} | {rate:,.0f} | {rate / ours[0]:.2f} | {cpu:.2f} | {rss:.0f} |")
    return middle


def busy():
    return os.getloadavg()[1] > os.cpu_count()


def goal(text, value, unit, least=None, most=None, clock=False):
    """`clock`: by the clock on the wall, which says nothing where other work has the cores."""
    met = value >= least if least is not None else value <= most
    asked = f">= {least:g}" if least is not None else f"<= {most:g}"
    return f"| {text} | {value:,.3g} {unit} | {asked} | {'met' if met else 'not judged: busy' if clock and busy() else '**missed**'} |"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("minslice")
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--million", action="store_true", help="also a run of 1,000,000 cases")
    parser.add_argument("-o", type=pathlib.Path, default=PAGE)
    arguments = parser.parse_args()
    if not shutil.which("nginx", path="/usr/sbin:/usr/bin:/sbin"):
        print("SKIP: nginx is not installed")
        sys.exit(77)
    lines = []
    with tempfile.TemporaryDirectory(prefix="minslice-bench-", dir=os.environ.get("TMPDIR", "/var/tmp")) as name:
        folder = pathlib.Path(name)
        rows, log_costs = [], []
        middle = fixed(arguments, folder, rows, log_costs)
        lines += [f"Against nginx (one worker, a fixed completion), {CONNECTIONS} connections, client and server on a core each; median of {arguments.rounds} rounds, all in turn.", "",
                  "| client | requests/s | of ours | CPU s per 10,000 | MB |", "| --- | ---: | ---: | ---: | ---: |", *rows, ""]
        ours = middle["minslice run, log on disk"]
        goals = [goal("requests a second over 200 connections, every row in a durable log", ours[0], "/s", least=25000, clock=True)]
        if "hey" in middle:
            goals.append(goal("the same, beside hey", ours[0] / middle["hey"][0], "x", least=1, clock=True))
        if "openai-python" in middle:
            goals.append(goal("the same, beside openai-python", ours[0] / middle["openai-python"][0], "x", least=100, clock=True))
        goals.append(goal("CPU for 10,000 requests", ours[1], "s", most=.40))
        if "hey" in middle:
            goals.append(goal("the same, beside hey", ours[1] / middle["hey"][1], "x", most=1))
        goals.append(goal("time with the log on disk beside a log in memory", statistics.median(c[0] for c in log_costs), "x", most=1.10, clock=True))
        goals.append(goal("CPU, likewise", statistics.median(c[2] for c in log_costs), "x", most=1.10))
        goals.append(goal("99th percentile, likewise", statistics.median(c[1] for c in log_costs), "x", most=1.10, clock=True))
        for cases in (2000, 10000):
            suite = write_suite(folder, cases)
            with mock(arguments.minslice, folder, "latency: {ms: 200}\n") as url:
                runs = [our_run(arguments.minslice, suite, url, folder / "log.jsonl", 200) for _ in range(arguments.rounds)]
            what = f"{cases:,} prompts, 200 in flight, 200 ms"
            goals.append(goal(f"{what}: prompts a second, start and end included", cases / statistics.median(r.seconds for r in runs), "/s", least=920, clock=True))
            goals.append(goal(f"{what}: CPU a prompt", statistics.median(r.cpu for r in runs) / cases * 1000, "ms", most=.1))
            goals.append(goal(f"{what}: memory", statistics.median(r.rss_mb for r in runs), "MB", most=40))
        suite = write_suite(folder, 20000)
        with mock(arguments.minslice, folder, "latency: {lognormal_median_ms: 5000, sigma: 0.25}\n") as url:
            many = our_run(arguments.minslice, suite, url, folder / "log.jsonl", 10000)
            few = our_run(arguments.minslice, suite, url, folder / "log.jsonl", 2000)
        goals.append(goal("10,000 in flight, answers after 3 to 8 s: CPU for 10,000 requests", many.cpu / 2, "s", most=1.5))
        goals.append(goal("the same: memory for each in flight", (many.rss_mb - few.rss_mb) / 8000 * 1024, "KiB", most=24))
        if arguments.million:
            suite = write_suite(folder, 1000000)
            with nginx(folder) as url:
                million = our_run(arguments.minslice, suite, url + "/v1", folder / "log.jsonl", CONNECTIONS)
            goals.append(goal("1,000,000 cases: memory", million.rss_mb, "MB", most=300))
            goals.append(goal("1,000,000 cases: CPU a prompt", million.cpu / 1000, "ms", most=.1))
        lines += ["| goal | here | asked | |", "| --- | ---: | ---: | --- |", *goals]
    load = os.getloadavg()[1]
    begin, end = "<!-- bench:runner -->", "<!-- /bench:runner -->"
    text = "\n".join([f"Made by `tests/bench/runner/report.py` on {datetime.date.today()}; load average of the machine {load:.1f} on {os.cpu_count()} cores"
                      + (" (busy: rates are floors, ratios and CPU stand)." if load > os.cpu_count() else "."), "", *lines])
    page = arguments.o.read_text() if arguments.o.exists() else f"{begin}\n{end}\n"
    head, rest = page.split(begin + "\n", 1)
    arguments.o.write_text(f"{head}{begin}\n{text}\n{end}{rest.split(end, 1)[1]}")
    print(text)


if __name__ == "__main__":
    main()
