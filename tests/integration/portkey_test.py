"""A suite through a real gateway: Portkey in front of minslice mock. The log must say what the direct run's says, case for
case, also while the provider answers with 429 and 500."""

import subprocess
import sys

from harness import TOP, Failed, Folder, Mock, check, main, read_log, run, write_suite

CASES = 200
MODEL = "gpt-4o-mini"
DATED = "gpt-4o-mini-2024-07-18"
ADAPTER = TOP / "scripts/gateways/portkey"


def config(faults=""):
    return (
        "models:\n"
        f"  - {{name: {MODEL}, answers_as: {DATED}, pass_rates: {{flow: {{refund: 0.6, invoice: 0.9}}}}, pass_rate: 0.8, seed: 11}}\n"
        + faults
    )


def compare(direct, other, what):
    check(direct.keys() == other.keys(), f"{what}: the cases differ")
    for case, row in direct.items():
        for field in ("outcome", "output", "scores", "prompt_sha256", "response_model", "finish_reason"):
            check(row.get(field) == other[case].get(field), f"{what}: {case} {field}: {row.get(field)!r} {other[case].get(field)!r}")


def test():
    started = subprocess.run([ADAPTER, "start"], capture_output=True, text=True, timeout=600)
    if started.returncode == 77:
        print(started.stdout.strip() or "SKIP")
        sys.exit(77)
    check(started.returncode == 0, f"portkey did not start: {started.stdout}{started.stderr}")
    gateway = started.stdout.strip().splitlines()[-1]
    port = gateway.split(":")[2].split("/")[0]
    try:
        through(gateway)
    finally:
        subprocess.run([ADAPTER, "stop", "--port", port], capture_output=True, timeout=60)


def through(gateway):
    with Folder() as folder:
        suite = write_suite(folder, CASES, "request: {system: 'You count.'}\nmax_attempts: 10\n")

        def ask(name, base_url, *more):
            log = folder / f"{name}.jsonl"
            arguments = ["run", suite, "--target", "t", "--model", MODEL, "-o", log, "--base-url", base_url]
            ended = run(*arguments, "--concurrency", 16, *more, timeout=300)
            _, rows, end = read_log(log)
            check(end is not None and len(rows) == CASES, f"{name}: {ended}")
            return {row["case_id"]: row for row in rows}

        with Mock(suite, config()) as mock:
            by_portkey = ["--header", "x-portkey-provider: openai", "--header", f"x-portkey-custom-host: {mock.base_url}"]
            by_portkey += ["--header", "authorization: Bearer sk-mock"]
            direct = ask("direct", mock.base_url)
            before = mock.stats()["requests"]
            via = ask("portkey", gateway, *by_portkey)
            check(mock.stats()["requests"] - before == CASES, "the gateway must not ask more often than we do")
        compare(direct, via, "through portkey")
        outcomes = {row["outcome"] for row in direct.values()}
        check(outcomes == {"pass", "fail"}, f"outcomes {outcomes}")
        check({row["response_model"] for row in via.values()} == {DATED}, "the dated model must come through")
        check(all(row["attempts"] == 1 for row in via.values()), "attempts without faults")

        faults = "faults: {http_429: 0.15, http_500: 0.1, retry_after_s: 0.1}\n"
        with Mock(suite, config(faults)) as mock:
            by_portkey[3] = f"x-portkey-custom-host: {mock.base_url}"
            storm = ask("storm", gateway, *by_portkey)
            sent = mock.stats()["faults"]
        check(sent.get("http_429", 0) > 10 and sent.get("http_500", 0) > 5, f"faults {sent}")
        compare(direct, storm, "through portkey with faults")
        retried = sum(row["attempts"] > 1 for row in storm.values())
        check(retried > 20, f"{retried} rows were asked again")
        check(sum(row["attempts"] - 1 for row in storm.values()) == sum(sent.values()), "each fault is one more attempt")
        print(f"{CASES} cases through portkey: same outcomes; with {sum(sent.values())} faults {retried} rows asked again")


main(test)
