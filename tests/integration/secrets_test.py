"""A key from the environment, through everything that a run can leave behind: log, output, messages, process list, core file;
with a gateway that repeats the key in every place that it can write to."""

import json
import os
import pathlib
import resource
import signal
import subprocess
import time

from fake_gateway import FakeGateway, right
from harness import MINSLICE, Folder, check, main, read_log, run, write_suite

KEY = 'sk-very-secret-4711"+/x'  # a quotation mark too: JSON escapes it
SUITE = "timeout_s: 5\nmax_attempts: 2\ngateway: {headers: {authorization: 'Bearer ${MINSLICE_TEST_KEY}'}}\n"
ENV = {"MINSLICE_TEST_KEY": KEY}


def grep(folder, *outputs):
    for output in outputs:
        check("very-secret" not in output, f"the key is in the output: {output}")
    for path in pathlib.Path(folder).rglob("*"):
        if path.is_file():
            check(b"very-secret" not in path.read_bytes(), f"the key is in {path}")


def a_gateway_that_repeats_it(folder):
    said = f"the header was Bearer {KEY}, twice {KEY}"

    def answer(body, headers, nth):
        check(headers["authorization"] == f"Bearer {KEY}", headers)
        number = int(body["messages"][-1]["content"].split("follows ")[1].split("?")[0])
        extra = {"x-litellm-call-id": KEY, "x-litellm-model-name": f"a{KEY}b", "x-litellm-model-id": KEY}
        if number == 1:
            return 500, extra, json.dumps({"error": {"message": said, "code": KEY}}).encode()
        if number == 2:
            return 502, {}, f"<html><body>{said}</body></html>".encode()
        if number == 3:
            return 400, extra, said.encode()
        if number == 4:
            content = {"message": {"content": said}, "finish_reason": KEY}
            return 200, extra, json.dumps({"model": KEY, "system_fingerprint": KEY, "choices": [content]}).encode()
        if number == 5:
            refused = {"message": {"content": None, "refusal": said}, "finish_reason": "stop"}
            return 200, extra, json.dumps({"choices": [refused]}).encode()
        if number == 6:
            calls = [{"function": {"name": KEY, "arguments": said}}]
            return 200, {}, json.dumps({"choices": [{"message": {"tool_calls": calls}}]}).encode()
        if number == 7:
            return 200, {}, json.dumps({"error": {"message": said}}).encode()
        return 200, extra, right(body)

    suite = write_suite(folder, 12, SUITE)
    with FakeGateway(answer) as gateway:
        ended = run("run", suite, "--target", "t", "--model", "m", "-o", folder / "log.jsonl", "--base-url", gateway.base_url, env=ENV)
        _, rows, end = read_log(folder / "log.jsonl")
        check(end and len(rows) == 12 and "[redacted]" in (folder / "log.jsonl").read_text(), ended)
        verify = run("log", "verify", folder / "log.jsonl")
        grep(folder, ended.out, ended.err, verify.out)


def runs_that_end_at_once(folder):
    suite = write_suite(folder, 5, SUITE)
    seen = []
    for status in (401, 402, 403, 404, 302):
        with FakeGateway(lambda *_, s=status: (s, {"location": f"http://h/{KEY}"}, json.dumps({"error": f"no: {KEY}"}).encode())) as gateway:
            seen.append(run("run", suite, "--target", "t", "--model", "m", "-o", folder / f"{status}.jsonl", "--base-url",
                            gateway.base_url, env=ENV, expect=2))
            url = gateway.base_url.replace("http:", "https:")
            seen.append(run("run", suite, "--target", "t", "--model", "m", "-o", folder / f"tls{status}.jsonl", "--base-url", url,
                            env=ENV, expect=2))
    for path in ("127.0.0.1:9/v1", "localhost.invalid/v1"):
        seen.append(run("run", suite, "--target", "t", "--model", "m", "-o", folder / "away.jsonl", "--base-url", f"http://{path}",
                        env=ENV, expect=2))
        (folder / "away.jsonl").unlink(missing_ok=True)
    for ended in seen:
        grep(folder, ended.out, ended.err)


def while_it_runs(folder):
    """The process list, and what a crash leaves behind."""
    suite = write_suite(folder, 200, SUITE)

    def slow(body, *_):
        time.sleep(0.2)
        return 200, {}, right(body)

    def unlimited():
        resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    def crash(arguments, ready):
        process = subprocess.Popen(arguments, cwd=folder, env={**os.environ, **ENV}, preexec_fn=unlimited,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        limit = time.monotonic() + 30
        while not ready() and time.monotonic() < limit:
            time.sleep(0.02)
        line = pathlib.Path(f"/proc/{process.pid}/cmdline").read_bytes()
        process.send_signal(signal.SIGSEGV)
        process.stdout.close()
        process.stderr.close()
        _, status = os.waitpid(process.pid, 0)
        process.returncode = -signal.SIGSEGV
        return line, os.WCOREDUMP(status)

    with FakeGateway(slow) as gateway:
        arguments = [MINSLICE, "run", str(suite), "--target", "t", "--model", "m", "-o", str(folder / "log.jsonl"), "--base-url",
                     gateway.base_url, "--header", f"x-literal-key: {KEY}", "--concurrency", "2"]
        line, dumped = crash(arguments, lambda: len(gateway.seen) > 4)
        check(b"--base-url" in line and b"very-secret" not in line, f"the process list shows {line}")
        check(not dumped, "a core file was written")
    grep(folder)
    try:
        _, control = crash(["sleep", "60"], lambda: True)
    except OSError as error:
        control = False
        print(f"  control: {error}")
    print(f"  a process without the precaution {'leaves' if control else 'leaves no'} core file here")
    for path in folder.glob("core*"):
        path.unlink()


def test():
    for part in (a_gateway_that_repeats_it, runs_that_end_at_once, while_it_runs):
        with Folder() as folder:
            part(folder)
        print(f"{part.__name__}: ok", flush=True)


main(test)
