"""What the integration tests share: a suite, the mock provider, the command, logs. Every wait is bounded."""

import json
import os
import pathlib
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import urllib.request

MINSLICE = sys.argv[1] if len(sys.argv) > 1 else "minslice"
TOP = pathlib.Path(__file__).resolve().parent.parent.parent


class Failed(Exception):
    pass


def check(condition, text):
    if not condition:
        raise Failed(text)


class Folder:
    """A temporary folder that is left in place when the test fails."""

    def __enter__(self):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="minslice_"))
        return self.path

    def __exit__(self, kind, *_):
        if kind is None:
            shutil.rmtree(self.path)
        else:
            print(f"kept: {self.path}", file=sys.stderr)


def write_suite(folder, cases, extra=""):
    with open(folder / "cases.jsonl", "w") as out:
        for i in range(cases):
            out.write(
                json.dumps(
                    {
                        "id": f"case-{i:05}",
                        "prompt": f"Which number follows {i}? Answer with the number alone.",
                        "expected": str(i + 1),
                        "segments": {"flow": ["refund", "invoice", "escalation"][i % 3]},
                    }
                )
                + "\n"
            )
    suite = folder / "suite.yaml"
    suite.write_text(
        "version: 1\nname: integration\ncases: cases.jsonl\nsegments: [flow]\ngrader: {type: exact_match}\n" + extra
    )
    return suite


class Mock:
    """minslice mock as a process of its own; `config` is YAML besides the suite."""

    def __init__(self, suite, config=""):
        path = pathlib.Path(suite).parent / "mock.yaml"
        path.write_text(f"suite: {pathlib.Path(suite).name}\n{config}")
        self.process = subprocess.Popen(
            [MINSLICE, "mock", "--config", str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        lines = queue.Queue()
        threading.Thread(target=lambda: lines.put(self.process.stdout.readline()), daemon=True).start()
        try:
            self.base_url = lines.get(timeout=120).strip()
        except queue.Empty:
            self.base_url = ""
        if not self.base_url.startswith("http://127.0.0.1:"):
            self.process.kill()
            raise Failed(f"mock did not start: {self.process.communicate()[1]}")

    def stats(self):
        url = self.base_url.removesuffix("/v1") + "/mock/stats"
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(url, timeout=10) as answer:
            return json.load(answer)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.process.communicate()


def start(*args, env=None, cwd=None):
    return subprocess.Popen(
        [MINSLICE, *map(str, args)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **(env or {})},
        cwd=cwd,
    )


class Ended:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    def __str__(self):
        return f"exit {self.code}\n{self.out}{self.err}"


def run(*args, expect=0, env=None, cwd=None, timeout=180):
    process = start(*args, env=env, cwd=cwd)
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        raise Failed(f"{args}: no end after {timeout} s\n{process.communicate()}")
    ended = Ended(process.returncode, out, err)
    check(expect is None or ended.code == expect, f"{args}: expected exit {expect}, found {ended}")
    return ended


def read_log(path):
    """(run record, case rows in the file's order, end record or None); the end record counts only as the last line."""
    data = subprocess.run(["zstdcat", path], check=True, stdout=subprocess.PIPE).stdout if str(path).endswith(".zst") else pathlib.Path(path).read_bytes()
    lines = [json.loads(line) for line in data.decode().splitlines()]
    end = lines[-1] if lines[-1]["record"] == "end" else None
    return lines[0], [line for line in lines if line["record"] == "case"], end


def final_rows(rows):
    """By (case, repeat); only an infra_error row may be followed by another one."""
    final = {}
    for row in rows:
        key = (row["case_id"], row["repeat"])
        check(key not in final or final[key]["outcome"] == "infra_error", f"a second row for {key}")
        final[key] = row
    return final


def main(test):
    try:
        test()
    except Failed as error:
        print(f"FAILED: {error}", file=sys.stderr)
        sys.exit(1)
