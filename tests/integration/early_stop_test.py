"""run --policy: two models are asked in the policy's order until its processes decide; the logs gate by that policy with the same verdict and by no
other; resumed runs know what was asked; without a difference nothing is stopped."""

import json
import signal
import time

from harness import Folder, Mock, check, main, read_log, run, start, write_suite

CASES = 1200
POLICY = "version: 1\ngoal: non_inferiority\nsequential: {min_pairs: 50, seed: 3}\n"
MODELS = """models:
  - {name: old, answers_as: old-2026-01-01, pass_rate: 0.9, seed: 5}
  - {name: bad, answers_as: bad-2026-01-01, pass_rate: 0.75, seed: 6}
  - {name: same, answers_as: same-2026-01-01, pass_rate: 0.9, seed: 5}
latency: {ms: 5}
"""
TARGETS = "targets: [{name: old, model: old}, {name: bad, model: bad}, {name: same, model: same}]\nconcurrency: 20\n"


def stop_record(path):
    last = json.loads(path.read_text().splitlines()[-1])
    check(last["record"] == "stop" and last["reason"] == "decided", f"{path}: {last}")
    return last


def policy(folder, name, text):
    path = folder / f"{name}.yaml"
    path.write_text(text)
    return path


def gate(folder, rule, incumbent, candidate, expect):
    out = folder / "verdict.json"
    ended = run("gate", rule, "--incumbent", incumbent, "--candidate", candidate, "--format", "json", expect=expect)
    out.write_text(ended.out)
    facts = json.loads(ended.out)
    return facts[0] if isinstance(facts, list) else facts


def test():
    with Folder() as folder:
        suite = write_suite(folder, CASES, TARGETS)
        early = policy(folder, "early", POLICY)
        both = ["run", suite, "--target", "old", "--target", "bad", "--policy", early]
        with Mock(suite, MODELS) as mock:
            base = ["--base-url", mock.base_url]
            ended = run(*both, *base, "-o", f"{folder}/a/")
            asked = mock.stats()["requests"]
            logs = [folder / "a" / f"integration-{name}.jsonl" for name in ("old", "bad")]
            stops = [stop_record(log) for log in logs]
            check("stopped early: harm is shown after" in ended.out, ended)
            check(f"of {2 * CASES} rows: about" in ended.out and "tokens" in ended.out, ended)
            check(asked < CASES, f"{asked} requests: nothing was saved")
            check(stops[0]["sequential"] == stops[1]["sequential"] and stops[0]["sequential"]["seed"] == 3, f"{stops}")
            rows = [read_log(log)[1] for log in logs]
            check(sum(map(len, rows)) == asked, "what was in flight was not waited for")

            verdict = gate(folder, early, *logs, expect=12)
            check(verdict["verdict"] == "blocked" and verdict["sequential"]["decided"] == "harm", verdict["reasons"])
            n = verdict["sequential"]["n_pairs"]
            check(verdict["sequential"]["stopped"] and f"harm is shown after {n} of {CASES} pairs" in ended.out, f"{n}: {ended}")
            check(n <= stops[0]["sequential"]["looked_at"] <= min(map(len, rows)), f"{n} {stops}")
            for name, text in (
                ("fixed", POLICY.replace("sequential: {min_pairs: 50, seed: 3}\n", "")),
                ("other_order", POLICY.replace("seed: 3", "seed: 4")),
                ("stricter", POLICY + "error_rates: {alpha_block: 1.0e-15}\n"),
            ):
                refused = gate(folder, policy(folder, name, text), *logs, expect=13)
                check(any("a sample that was looked at" in reason["text"] for reason in refused["reasons"]), f"{name}: {refused['reasons']}")

            again = run(*both, *base, "-o", f"{folder}/a/", "--resume")
            check("nothing to ask: harm is shown after" in again.err and mock.stats()["requests"] == asked, again)

            # Without an order of its own the whole sample decides the same, at the same pair.
            run("run", suite, "--target", "old", *base, "-o", folder / "old.jsonl", "--quiet")
            run("run", suite, "--target", "bad", *base, "-o", folder / "bad.jsonl", "--quiet")
            whole = gate(folder, early, folder / "old.jsonl", folder / "bad.jsonl", expect=12)
            check(whole["sequential"]["n_pairs"] == n and not whole["sequential"]["stopped"], whole["sequential"])

            # Only the candidate, against a finished log.
            before = mock.stats()["requests"]
            alone = ["run", suite, "--target", "bad", *base, "--policy", early, "--incumbent", folder / "old.jsonl", "--quiet"]
            ended = run(*alone, "-o", folder / "alone.jsonl")
            check(f"harm is shown after {n} of" in ended.out and mock.stats()["requests"] - before < CASES / 2, ended)
            check(gate(folder, early, folder / "old.jsonl", folder / "alone.jsonl", expect=12)["sequential"]["n_pairs"] == n, "alone")

            # Interrupted and resumed: what was looked at is known.
            process = start(*both, *base, "-o", f"{folder}/b/", "--concurrency", 4)
            log = folder / "b" / "integration-bad.jsonl"
            end = time.monotonic() + 60
            while time.monotonic() < end and (not log.exists() or log.read_bytes().count(b"\n") < 8):
                time.sleep(0.002)
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=60)
            resumed = run(*both, *base, "-o", f"{folder}/b/", "--resume")
            decided = f"harm is shown after {n} of {CASES} pairs"
            check(decided in resumed.out + resumed.err, resumed)

            # No difference: everything is asked, and nothing is shown.
            equal = ["run", suite, "--target", "old", "--target", "same", *base, "--quiet", "-o", f"{folder}/c/"]
            gain = policy(folder, "gain", "version: 1\nsequential: {min_pairs: 50}\n")
            ended = run(*equal, "--policy", gain)
            check("stopped early" not in ended.out, ended)
            logs = [folder / "c" / f"integration-{name}.jsonl" for name in ("old", "same")]
            check(all(read_log(log)[2] is not None for log in logs), "a log without its end")
            check(gate(folder, gain, *logs, expect=11)["verdict"] == "inconclusive", "no gain")

            fixed = folder / "fixed.yaml"
            for arguments, text in (
                (["--target", "old", "--policy", early], "expected two --target"),
                (["--target", "old", "--target", "bad", "--policy", fixed, "-o", f"{folder}/d/"], "no sequential block"),
                (["--target", "old", "--target", "bad", "--policy", early, "--repeats", 2, "-o", f"{folder}/d/"], "one run a case"),
                (["--target", "old", "--incumbent", folder / "old.jsonl"], "goes with --policy"),
            ):
                refused = run("run", suite, *base, *arguments, expect=2)
                check(text in refused.err, refused)


main(test)
