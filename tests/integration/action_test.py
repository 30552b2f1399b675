#!/usr/bin/env python3
"""The steps of action.yml run as GitHub's runner runs them: a fake event, files for outputs and summary, and an API server on 127.0.0.1.
Also the script of templates/gitlab-ci.yml and the entry of .pre-commit-hooks.yaml.

usage: action_test.py MINSLICE
"""
import http.server
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

try:
    import yaml
except ImportError as error:
    print(f"SKIP: {error} (package python3-yaml)")
    sys.exit(77)

MINSLICE = pathlib.Path(sys.argv[1]).resolve()
TOP = pathlib.Path(__file__).resolve().parents[2]
ACTION = yaml.safe_load((TOP / "action.yml").read_text())
FAULTS = []


def check(good, text):
    if not good:
        FAULTS.append(text)
        print("FAIL", text)


class Api:
    """Just enough of GitHub's issue comments: pages of 100, bodies given back with CRLF, tokens that may and may not."""

    def __init__(self, comments=0):
        self.comments = [{"id": k, "author": "someone", "body": f"comment {k}"} for k in range(1, comments + 1)]
        self.calls = []
        self.fail_next = 0
        api = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self, code, value):
                data = json.dumps(value).encode()
                self.send_response(code)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def shown(self, comment):
                url = f"http://127.0.0.1:{api.port}/repos/acme/models/issues/comments/{comment['id']}"
                return {"id": comment["id"], "url": url, "html_url": url, "body": comment["body"].replace("\n", "\r\n")}

            def handle_any(self, method):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                api.calls.append(method)
                if api.fail_next > 0:
                    api.fail_next -= 1
                    return self.answer(502, {})
                token = self.headers.get("Authorization", "")
                if method != "GET" and token != "Bearer good":
                    return self.answer(403, {"message": "Resource not accessible by integration"})
                path = urllib.parse.urlsplit(self.path)
                if path.path == "/repos/acme/models/issues/7/comments":
                    if method == "GET":
                        page = int(urllib.parse.parse_qs(path.query)["page"][0])
                        return self.answer(200, [self.shown(c) for c in api.comments[(page - 1) * 100:page * 100]])
                    text = json.loads(body)["body"]
                    if len(text) > 65536:
                        return self.answer(422, {})
                    api.comments.append({"id": 1000 + len(api.comments), "author": "bot", "body": text})
                    return self.answer(201, self.shown(api.comments[-1]))
                for comment in api.comments:
                    if path.path.endswith(f"/issues/comments/{comment['id']}") and method == "PATCH":
                        if comment["author"] != "bot":
                            return self.answer(403, {})
                        comment["body"] = json.loads(body)["body"]
                        return self.answer(200, self.shown(comment))
                return self.answer(404, {})

            def do_GET(self):
                self.handle_any("GET")

            def do_POST(self):
                self.handle_any("POST")

            def do_PATCH(self):
                self.handle_any("PATCH")

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def ours(self):
        return [c for c in self.comments if c["author"] == "bot"]


class Run:
    def __init__(self):
        self.code, self.log, self.summary, self.outputs = 0, "", "", {}


def evaluate(text, inputs, outputs):
    """The expressions that action.yml uses; another one is an error, so that the test notices."""
    def value(match):
        expression = match.group(1).strip()
        compare = re.fullmatch(r"inputs\.([a-z-]+) == '([^']*)'", expression)
        if compare:
            return "true" if inputs[compare.group(1)] == compare.group(2) else "false"
        if expression.startswith("inputs."):
            return inputs[expression.removeprefix("inputs.")]
        step = re.fullmatch(r"steps\.([a-z]+)\.outputs\.([a-z-]+)", expression)
        if step:
            return outputs.get(step.group(1), {}).get(step.group(2), "")
        raise AssertionError(expression)

    return re.sub(r"\$\{\{(.*?)\}\}", value, text)


def run_action(folder, api, event=None, **given):
    """Each step in its own bash, as the runner does for `shell: bash`; stops at the first that fails."""
    inputs = {}
    for name, spec in ACTION["inputs"].items():
        default = str(spec.get("default", "")).replace("${{ github.token }}", "good")
        inputs[name] = given.get(name.replace("-", "_"), default)
        check(inputs[name] or not spec.get("required"), f"input {name} is required")
    result, step_outputs = Run(), {}
    (folder / "event.json").write_text(json.dumps({"pull_request": {"number": 7}} if event is None else event))
    for number, step in enumerate(ACTION["runs"]["steps"]):
        if "if" in step and evaluate(step["if"], inputs, step_outputs) != "true":
            continue
        files = {}
        for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_PATH"):
            files[name] = folder / f"{name}.{number}"
            files[name].write_text("")
        environment = {"PATH": f"{MINSLICE.parent}:{os.environ['PATH']}", "HOME": str(folder), "LC_ALL": "C.UTF-8", "GITHUB_ACTIONS": "true",
                       "GITHUB_ACTION_PATH": str(TOP), "GITHUB_REPOSITORY": "acme/models", "GITHUB_API_URL": f"http://127.0.0.1:{api.port}",
                       "GITHUB_EVENT_PATH": str(folder / "event.json"), "MINSLICE_RETRY_S": "0.01", "CI": "true",
                       **{name: str(path) for name, path in files.items()},
                       **{name: evaluate(text, inputs, step_outputs) for name, text in step.get("env", {}).items()}}
        check(step["shell"] == "bash", "every step says its shell")
        check("${{" not in step["run"], f"{step['name']}: inputs go through env, not into the script")
        script = folder / f"step{number}.sh"
        script.write_text(step["run"])
        done = subprocess.run(["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)], cwd=folder, env=environment, timeout=120,
                              capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
        result.log += done.stdout + done.stderr
        result.summary += files["GITHUB_STEP_SUMMARY"].read_text()
        if "id" in step:
            step_outputs[step["id"]] = dict(line.split("=", 1) for line in files["GITHUB_OUTPUT"].read_text().splitlines())
        result.code = done.returncode
        if done.returncode != 0:
            break
    for name, spec in ACTION["outputs"].items():
        result.outputs[name] = evaluate(spec["value"], inputs, step_outputs)
    return result


def write_logs(folder, flows):
    """flows: name -> (pairs, passes of the incumbent, passes of the candidate, of which the incumbent failed)."""
    for side in ("incumbent", "candidate"):
        rows = [{"record": "run", "log_version": 1, "suite": "action", "target": side, "request_model": f"acme/{side}-2026-01-01"}]
        for flow, (n, before, broke, fixed) in flows.items():
            for i in range(n):
                passed = i < before
                if side == "candidate":
                    passed = (passed and i >= broke) or before <= i < before + fixed
                rows.append({"record": "case", "case_id": f"{flow}-{i}", "outcome": "pass" if passed else "fail", "segments": {"flow": flow},
                             "scores": {"pass": int(passed)}, "response_model": f"{side}-2026-01-01"})
        rows.append({"record": "end", "cases": sum(f[0] for f in flows.values()), "repeats": 1})
        (folder / f"{side}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def in_folder(test):
    with tempfile.TemporaryDirectory(prefix="minslice-action-") as folder:
        folder = pathlib.Path(folder)
        (folder / "gates").mkdir()
        (folder / "gates/model.yaml").write_text("version: 1\ngoal: non_inferiority\nsegments: {dimensions: [flow]}\n")
        test(folder)


LOGS = {"policy": "gates/model.yaml", "incumbent": "incumbent.jsonl", "candidate": "candidate.jsonl"}
GOOD = {"refund": (600, 540, 4, 8), "invoice": (600, 540, 4, 8)}
SLICE_FELL = {"refund": (60, 55, 22, 0), "invoice": (900, 800, 5, 40)}
SUSPECTED = {"refund": (60, 54, 7, 1), "invoice": (1200, 1000, 6, 40)}


def promote_then_blocked_then_failure(folder):
    api = Api(comments=230)  # the comment is found on a later page
    write_logs(folder, GOOD)
    run = run_action(folder, api, **LOGS)
    check((run.code, run.outputs) == (0, {"verdict": "promote", "exit-code": "0"}), f"promote: {run.code} {run.outputs} {run.log[-500:]}")
    check("::notice file=gates/model.yaml" in run.log, "promote: a notice")
    check("minslice: promote" in run.summary, "promote: the summary")
    check(len(api.ours()) == 1 and "minslice: promote" in api.ours()[0]["body"], "promote: one comment")

    calls = len(api.calls)
    run = run_action(folder, api, **LOGS)
    check(len(api.ours()) == 1 and set(api.calls[calls:]) == {"GET"}, f"an unchanged comment is left alone: {api.calls[calls:]}")

    write_logs(folder, SLICE_FELL)
    run = run_action(folder, api, **LOGS)
    check((run.code, run.outputs) == (12, {"verdict": "blocked", "exit-code": "12"}), f"blocked: {run.code} {run.outputs} {run.log[-500:]}")
    check(len(api.ours()) == 1 and "minslice: blocked" in api.ours()[0]["body"] and "refund" in api.ours()[0]["body"], "blocked: the comment is updated")
    check("::error file=gates/model.yaml,line=1,title=minslice%3A flow refund" in run.log, f"blocked: an annotation of the slice {run.log[-900:]}")
    quoted = re.search(r"::stop-commands::([0-9a-f]{32})\n(.*)\n::\1::\n", run.log, re.S)
    check(quoted and "BLOCKED" in quoted.group(2), "blocked: the report is printed with commands off")

    run = run_action(folder, api, **LOGS, fail="false")
    check(run.code == 0 and run.outputs["exit-code"] == "12", "blocked, report only: the step passes, the output says 12")

    # Another gate on the same pull request has its own comment.
    run = run_action(folder, api, **LOGS, key="second gate -->")
    check(len(api.ours()) == 2, "another key: another comment")

    # A gate that fails: no verdict, and the older one does not stay on the pull request.
    (folder / "gates/model.yaml").write_text("version: 1\ngaol: superiority\n")
    run = run_action(folder, api, **LOGS, fail="false")
    check((run.code, run.outputs) == (2, {"verdict": "", "exit-code": "2"}), f"failure: {run.code} {run.outputs}")
    check("did you mean \"goal\"" in run.log and "no verdict" in run.summary, "failure: the error is in the log")
    check(len(api.ours()) == 2 and "no verdict" in api.ours()[0]["body"], "failure: the comment says that there is no verdict")
    check(not (folder / "minslice-out/verdict.json").exists(), "failure: no verdict.json of the run before")


def hold(folder):
    api = Api()
    api.fail_next = 1  # a 502 is tried again
    write_logs(folder, SUSPECTED)
    run = run_action(folder, api, **LOGS)
    check((run.code, run.outputs) == (10, {"verdict": "hold", "exit-code": "10"}), f"hold: {run.code} {run.outputs} {run.log[-800:]}")
    check("::warning file=gates/model.yaml" in run.log and len(api.ours()) == 1, "hold: a warning and a comment")


def fork(folder):
    write_logs(folder, GOOD)
    for token in ("", "read-only"):
        api = Api()
        run = run_action(folder, api, **LOGS, token=token)
        check(run.code == 0 and run.outputs["verdict"] == "promote" and not api.ours(), f"fork with token {token!r}: {run.code} {run.log[-300:]}")
        check("step summary" in run.log and "minslice: promote" in run.summary, "fork: the report is in the summary")
    api = Api()
    run = run_action(folder, api, event={"schedule": "0 3 * * *"}, **LOGS)
    check(run.code == 0 and not api.calls, "no pull request: no comment is tried")


def thousand(folder):
    api = Api()
    flows = {f"customer_{k:04}": ((40, 36, 32, 0) if k % 25 == 0 else (40, 36, 1, 1)) for k in range(1000)}
    write_logs(folder, flows)
    run = run_action(folder, api, **LOGS)
    check(run.code == 12, f"1,000 slices: {run.code} {run.log[-300:]}")
    verdict = json.loads((folder / "minslice-out/verdict.json").read_text())
    blocked = [s["value"] for s in verdict["segments"] if s["status"] == "block"]
    check(len(blocked) == 40, f"1,000 slices: {len(blocked)} blocked")
    body = api.ours()[0]["body"] if api.ours() else ""
    check(0 < len(body) <= 65536, f"1,000 slices: the comment has {len(body)} characters")
    for text, what in ((body, "comment"), (run.summary, "summary")):
        plain = text.replace("&#95;", "_")
        check(all(name in plain for name in blocked), f"1,000 slices: every blocked slice is in the {what}")
    check(len(run.summary.encode()) <= 1 << 20, "1,000 slices: the summary's limit")
    check(len(re.findall("^::error", run.log, re.M)) == 10, "1,000 slices: ten errors")


def hostile(folder):
    api = Api()
    flows = {"::error::owned": (60, 55, 22, 0), "x\n::set-output name=verdict::promote": (60, 55, 22, 0), "invoice": (900, 800, 5, 40)}
    write_logs(folder, flows)
    run = run_action(folder, api, **LOGS)
    check(run.outputs == {"verdict": "blocked", "exit-code": "12"}, f"hostile: {run.outputs}")
    outside = re.sub(r"::stop-commands::([0-9a-f]{32})\n.*?\n::\1::\n", "", run.log, flags=re.S)
    commands = [line for line in outside.splitlines() if line.lstrip().startswith("::")]
    check(all(re.match(r"::(error|warning|notice) file=gates/model.yaml,line=1,title=minslice", line) for line in commands), f"hostile: {commands}")


class Mock:
    """minslice mock as a provider on this machine; `with` gives its address."""

    def __init__(self, config):
        self.config = config

    def __enter__(self):
        self.process = subprocess.Popen([str(MINSLICE), "mock", "--config", str(self.config), "--port", "0"], stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True)
        address = re.search(r"http://127\.0\.0\.1:\d+(/v1)?", self.process.stdout.readline()).group(0)
        return address if address.endswith("/v1") else address + "/v1"

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(timeout=20)


def runs_the_suite(folder):
    """No logs: the action makes them, from the demo's suite and the mock provider."""
    subprocess.run([str(MINSLICE), "--quiet", "demo", "--dir", str(folder / "demo")], stdout=subprocess.DEVNULL, check=True, timeout=120)
    with Mock(folder / "demo/mock.yaml") as address:
        api = Api()
        run = run_action(folder, api, policy="demo/gate.yaml", suite="demo/suite.yaml", run_flags=f"--base-url\n{address}")
        check(run.outputs == {"verdict": "blocked", "exit-code": "12"}, f"suite: {run.outputs} {run.log[-800:]}")
        check((folder / "minslice-out/candidate.jsonl").exists(), "suite: the logs are beside the reports")
        run = run_action(folder, api, policy="demo/gate.yaml", suite="demo/suite.yaml", run_flags=f"--base-url\n{address}")
        check(run.outputs["verdict"] == "blocked", f"suite again: finished logs are taken {run.outputs} {run.log[-800:]}")
    run = run_action(folder, Api(), policy="demo/gate.yaml", out="other")
    check(run.code == 2 and "no suite to make one with" in run.log, f"neither logs nor suite: {run.code}")


def documented_jobs(folder):
    """docs/ci.md: the workflows are YAML, call the action with inputs that it has, and their own steps run."""
    workflows = {}
    for block in re.findall(r"^```yaml\n(.*?)^```", (TOP / "docs/ci.md").read_text(), re.M | re.S):
        value = yaml.safe_load(block)
        if isinstance(value, dict) and "jobs" in value:
            workflows[value["name"]] = value
    check(set(workflows) == {"model", "drift", "three-runs"}, f"docs/ci.md: workflows {sorted(workflows)}")
    for step in workflows["model"]["jobs"]["gate"]["steps"]:
        if "/minslice@" in step.get("uses", ""):
            check(set(step["with"]) <= set(ACTION["inputs"]), f"docs/ci.md: inputs that action.yml has not: {set(step['with']) - set(ACTION['inputs'])}")
    subprocess.run([str(MINSLICE), "--quiet", "demo", "--dir", str(folder)], stdout=subprocess.DEVNULL, check=True, timeout=120)
    (folder / ".minslice").symlink_to(TOP)
    for log in folder.glob("*.jsonl"):
        if log.name in ("incumbent.jsonl", "candidate.jsonl"):
            log.unlink()

    def run_job(name, address):
        (job,) = workflows[name]["jobs"].values()
        for step in job["steps"]:
            if "run" in step:
                done = subprocess.run(["bash", "-eo", "pipefail", "-c", step["run"]], cwd=folder, capture_output=True, text=True, timeout=120,
                                      env={"PATH": f"{MINSLICE.parent}:{os.environ['PATH']}", "HOME": str(folder), "GATEWAY_URL": address},
                                      check=False)
                if done.returncode != 0:
                    return done.returncode, done.stdout + done.stderr
        return 0, ""

    with Mock(folder / "mock.yaml") as address:
        for night in ("first", "second"):
            time.sleep(1.1)  # logs are named by the second
            code, text = run_job("drift", address)
            check(code == 0, f"docs/ci.md: drift, {night} night: {code} {text[-600:]}")
        code, text = run_job("three-runs", address)
        check(code == 0, f"docs/ci.md: three runs: {code} {text[-600:]}")
    config = (folder / "mock.yaml").read_text()
    (folder / "mock.yaml").write_text(config.replace("answers_as: support-large-2026-03-14", "answers_as: support-large-2026-09-30"))
    time.sleep(1.1)
    with Mock(folder / "mock.yaml") as address:
        code, text = run_job("drift", address)
        check(code == 13, f"docs/ci.md: drift after the model changed: {code} {text[-600:]}")
    check(len(list((folder / "nights").glob("*.jsonl"))) == 3, "docs/ci.md: three nights are kept")


def gitlab(folder):
    """The template's job, its variables and script as GitLab's runner takes them."""
    job = yaml.safe_load((TOP / "templates/gitlab-ci.yml").read_text())[".minslice-gate"]
    write_logs(folder, SLICE_FELL)
    variables = {**job["variables"], "MINSLICE_POLICY": "gates/model.yaml", "MINSLICE_INCUMBENT": "incumbent.jsonl", "MINSLICE_CANDIDATE": "candidate.jsonl"}
    environment = {"PATH": f"{MINSLICE.parent}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8", **variables}

    def run():
        return subprocess.run(["bash", "-eo", "pipefail", "-c", "\n".join(job["script"])], cwd=folder, env=environment, timeout=60,
                              capture_output=True, text=True, check=False)

    done = run()
    check(done.returncode == 12, f"gitlab: {done.returncode} {done.stderr}")
    check(done.returncode not in job["allow_failure"]["exit_codes"] and 10 in job["allow_failure"]["exit_codes"], "gitlab: a block stops the job")
    for report in job["artifacts"]["reports"].values():
        check((folder / report.replace("$MINSLICE_OUT", variables["MINSLICE_OUT"])).exists(), f"gitlab: {report} is written")


def pre_commit(folder):
    hook = yaml.safe_load((TOP / ".pre-commit-hooks.yaml").read_text())[0]
    check(re.search(hook["files"], "suites/support/suite.yaml") and re.search(hook["files"], "a.suite.yml")
          and not re.search(hook["files"], "gates/default.yaml"), "pre-commit: the files of the hook")
    for name in ("one", "two"):
        (folder / name).mkdir()
        (folder / name / "suite.yaml").write_text("version: 1\nname: s\ncases: [cases.jsonl]\n")
        (folder / name / "cases.jsonl").write_text('{"id": "a", "prompt": "p", "expected": 1}\n')
    words = [str(MINSLICE), *shlex.split(hook["entry"])[1:]]
    done = subprocess.run([*words, "one/suite.yaml", "two/suite.yaml"], cwd=folder, capture_output=True, text=True, check=False)
    check(done.returncode == 0, f"pre-commit: two good suites: {done.returncode} {done.stderr}")
    (folder / "one/cases.jsonl").write_text('{"id": "a", "promt": "p", "expected": 1}\n')
    (folder / "two/suite.yaml").write_text("version: 1\nname: s\ncasses: [cases.jsonl]\n")
    done = subprocess.run([*words, "one/suite.yaml", "two/suite.yaml"], cwd=folder, capture_output=True, text=True, check=False)
    check(done.returncode == 2 and "one/cases.jsonl:1" in done.stderr and "two/suite.yaml:3" in done.stderr, f"pre-commit: errors of both: {done.stderr}")


def main():
    for test in (promote_then_blocked_then_failure, hold, fork, thousand, hostile, runs_the_suite, documented_jobs, gitlab, pre_commit):
        in_folder(test)
        print(f"ran {test.__name__}")
    print(f"{len(FAULTS)} faults")
    sys.exit(1 if FAULTS else 0)


if __name__ == "__main__":
    main()
