"""What goes wrong with a run, seen from outside: exit codes, messages, what is left on the disk, and no secret anywhere."""

import json
import signal
import socket
import time

from harness import Folder, Mock, check, main, read_log, run, start, write_suite

SECRET = "sk-very-secret-4711"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def unreachable(folder):
    suite = write_suite(folder, 840)
    log = folder / "unreachable.jsonl"
    url = f"http://127.0.0.1:{free_port()}/v1"
    arguments = ["run", suite, "--target", "t", "--model", "m", "-o", log]
    began = time.monotonic()
    ended = run(*arguments, "--base-url", url, expect=2)
    check(time.monotonic() - began < 60, "an unreachable gateway must end the run soon")
    check(f"gateway {url} cannot be reached: connection refused" in ended.err, ended)
    check("0 of 840 answered" in ended.err and f"{log} can be completed with --resume" in ended.err, ended)
    _, rows, end = read_log(log)
    check(end is None, "a log without answers must stay unfinished")
    check(len(rows) == 840 and {row["outcome"] for row in rows} == {"infra_error"}, "expected 840 infra_error rows")
    check(sum(row["attempts"] == 0 for row in rows) > 700, "most were not sent at all")

    again = run(*arguments, "--base-url", url, expect=2)
    check("exists already" in again.err, again)
    with Mock(suite) as mock:
        arguments[arguments.index("--model") + 1] = "mock-0.5"
        refused = run(*arguments, "--resume", "--base-url", mock.base_url, expect=2)
        check('the model was "m" and is now "mock-0.5"' in refused.err, refused)
    with Mock(suite, "models: [{name: m}]") as mock:
        arguments[arguments.index("--model") + 1] = "m"
        run(*arguments, "--resume", "--base-url", mock.base_url)
    _, rows, end = read_log(log)
    check(end is not None and sum(row["outcome"] == "pass" for row in rows) == 840, "resume completes the log")


def interrupted(folder):
    suite = write_suite(folder, 2000)
    log = folder / "interrupted.jsonl"
    with Mock(suite, "latency: {ms: 100}") as mock:
        arguments = ["run", suite, "--target", "t", "--model", "mock-perfect", "-o", log, "--base-url", mock.base_url]
        arguments += ["--concurrency", 20]
        process = start(*arguments)
        limit = time.monotonic() + 60
        while not (log.exists() and log.read_bytes().count(b"\n") > 100) and time.monotonic() < limit:
            time.sleep(0.005)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
        check(process.returncode == 1, f"exit {process.returncode} {err}")
        check("interrupted" in err and "--resume" in err, err)
        _, rows, end = read_log(log)
        check(end is None and 100 <= len(rows) < 2000, f"{len(rows)} rows")
        # Drained: whatever the provider answered is in the log.
        check(mock.stats()["answered"] == len(rows), "answers were lost")


def interrupted_twice(folder):
    """The second interrupt does not wait for what is in flight; the log goes on from there."""
    suite = write_suite(folder, 60)
    log = folder / "twice.jsonl"
    config = "models: [{name: slow, latency: {ms: 20000}}, {name: quick}]\n"
    with Mock(suite, config) as mock:
        base = ["run", suite, "--target", "t", "-o", log, "--base-url", mock.base_url]
        process = start(*base, "--model", "slow", "--concurrency", 8)
        limit = time.monotonic() + 30
        while mock.stats()["requests"] < 8 and time.monotonic() < limit:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        time.sleep(0.5)
        check(process.poll() is None, "the first interrupt waits for what is in flight")
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
        check(process.returncode == 1 and time.monotonic() - began < 15, f"exit {process.returncode} {err}")
        check(not log.exists() and "no log was left" in err, err)  # nothing had been answered
        run(*base, "--model", "quick", "--resume")
        check(read_log(log)[2] is not None, "the run can be begun anew")


def refusals(folder):
    suite = write_suite(folder, 300)
    faults = ["http_401", "http_403", "http_404", "quota", "budget", "payment"]
    config = "models:\n" + "".join(f"  - {{name: {f}, faults: {{{f}: 1}}}}\n" for f in faults)
    with Mock(suite, config) as mock:
        for fault in [*faults, "no-such-model"]:
            log = folder / f"{fault}.jsonl"
            ended = run("run", suite, "--target", "t", "--model", fault, "-o", log, "--base-url", mock.base_url, expect=2)
            check(f'"{fault}"' in ended.err and "0 of 300 answered" in ended.err, ended)
            # A log without an answer could be continued by the same wrong model alone.
            check(not log.exists() and "no log was left" in ended.err, f"{fault}: {ended}")
        check(mock.stats()["requests"] < 200, "a refusal must end the run at once")


def bad_settings(folder):
    suite = write_suite(
        folder,
        3,
        "gateway: {base_url: 'http://127.0.0.1:9/v1', headers: {x-key: '${MINSLICE_TEST_UNSET}'}}\n"
        "targets: [{name: incumbent, model: a}, {name: candidate, model: b}]\n",
    )
    ended = run("run", suite, "--target", "candidat", "--header", "no colon", expect=2, cwd=folder)
    check("MINSLICE_TEST_UNSET" in ended.err and "suite.yaml:6:" in ended.err, ended)
    check('did you mean "candidate"' in ended.err and "--header" in ended.err, ended)
    check(not (folder / "runs").exists(), "nothing may be written")
    for url, words in {
        "127.0.0.1:4000/v1": "http://",
        "ftp://h/v1": "http://",
        "http://": "no host",
        f"http://user:{SECRET}@h/v1": "user or password",
        "http://h:99999/v1": "port",
        "http://h/v1/chat/completions": "leave off",
        "http://h/v1?key=1": "query",
        "${MINSLICE_TEST_UNSET}/v1": "MINSLICE_TEST_UNSET",
    }.items():
        ended = run("run", suite, "--target", "candidate", "--base-url", url, expect=2, cwd=folder)
        check(words in ended.err and SECRET not in ended.err, f"{url}: {ended}")
    check(not (folder / "runs").exists(), "nothing may be written")


def secrets(folder):
    """A key from the environment: in use, refused, with a gateway that is away, and in a header that is malformed."""
    headers = "headers: {Authorization: 'Bearer ${MINSLICE_TEST_KEY}'}"
    env = {"MINSLICE_TEST_KEY": SECRET}
    suite = write_suite(folder, 30)
    text = suite.read_text()
    seen = []
    with Mock(suite, f"api_key: {SECRET}") as mock:
        suite.write_text(text + f"gateway: {{base_url: '{mock.base_url}', {headers}}}\n")
        log = folder / "ok.jsonl"
        seen.append(run("run", suite, "--target", "t", "--model", "mock-0.5", "-o", log, env=env))
        _, rows, _ = read_log(log)
        check(len(rows) == 30 and all(row["outcome"] in ("pass", "fail") for row in rows), "the key was not sent")
        extra = ["--header", "authorization: Bearer ${MINSLICE_TEST_KEY}x"]
        seen.append(
            run("run", suite, "--target", "t", "--model", "mock-0.5", "-o", folder / "wrong.jsonl", *extra, env=env, expect=2)
        )
        check("does not accept the key" in seen[-1].err, seen[-1])
        split = {"MINSLICE_TEST_KEY": SECRET + "\nX-Evil: 1"}
        seen.append(run("run", suite, "--target", "t", "--model", "mock-0.5", "-o", folder / "split.jsonl", env=split, expect=2))
        check("line break" in seen[-1].err, seen[-1])
    suite.write_text(text + f"gateway: {{base_url: 'http://127.0.0.1:{free_port()}/v1', {headers}}}\n")
    seen.append(run("run", suite, "--target", "t", "--model", "m", "-o", folder / "away.jsonl", env=env, expect=2))
    for ended in seen:
        check(SECRET not in ended.out and SECRET not in ended.err, f"the key is in the output: {ended}")
    for path in folder.iterdir():
        if path.name != "mock.yaml":
            check(SECRET.encode() not in path.read_bytes(), f"the key is in {path.name}")


def faults(folder):
    """Everything at once; the log of a run with faults says the same as one without."""
    suite = write_suite(folder, 400, "max_attempts: 12\ntimeout_s: 2\n")
    model = "{name: m, answers_as: m-2026-01-01, pass_rate: 0.8, seed: 3}"
    rates = "http_429: .06, http_500: .06, http_502: .03, http_503: .03, truncate: .04, reset: .04, bad_json: .04, stall: .01"
    logs = {}
    for name, config in {
        "calm": f"models: [{model}]",
        "storm": f"models: [{model}]\nfaults: {{{rates}, retry_after_s: 0.2, stall_s: 30}}",
    }.items():
        with Mock(suite, config) as mock:
            log = folder / f"{name}.jsonl"
            arguments = ["run", suite, "--target", "t", "--model", "m", "-o", log, "--base-url", mock.base_url]
            run(*arguments, "--concurrency", 40)
            _, rows, end = read_log(log)
            check(end is not None, name)
            logs[name] = {row["case_id"]: row for row in rows}
            check(len(rows) == 400 and len(logs[name]) == 400, name)
            if name == "storm":
                sent = mock.stats()["faults"]
                check(len(sent) == 8, f"not every fault was sent: {sent}")
    for case, row in logs["calm"].items():
        other = logs["storm"][case]
        check(row["outcome"] == other["outcome"] and row["output"] == other["output"], f"{row} {other}")
    check(all(row["attempts"] == 1 for row in logs["calm"].values()), "attempts without faults")
    check(sum(row["attempts"] > 1 for row in logs["storm"].values()) > 60, "attempts under faults")


def one_fault_alone(folder):
    """429 and 503 each by itself: every row is answered after as many requests as were turned away; a wait that the server names stops all requests,
    and a 503 without one only its own."""
    suite = write_suite(folder, 120, "max_attempts: 12\n")
    for name, config, pauses in (
        ("http_429", "http_429: .2, retry_after_s: 0.1", True),
        ("http_429", "http_429: .2", True),
        ("http_503", "http_503: .2, retry_after_s: 0.1", True),
        ("http_503", "http_503: .2", False),
    ):
        log = folder / "one.jsonl"
        log.unlink(missing_ok=True)
        with Mock(suite, f"models: [{{name: m}}]\nfaults: {{{config}, at_most: 2, seed: 3}}") as mock:
            ended = run("run", suite, "--target", "t", "--model", "m", "-o", log, "--base-url", mock.base_url, "--concurrency", 10)
            stats = mock.stats()
        _, rows, end = read_log(log)
        check(end is not None and len(rows) == 120 and all(row["outcome"] == "pass" for row in rows), f"{config}: {ended}")
        sent = stats["faults"]
        check(list(sent) == [name] and sent[name] > 10, f"{config}: {sent}")
        check(stats["requests"] == 120 + sent[name] == sum(row["attempts"] for row in rows), f"{config}: {stats['requests']}, {sent}")
        check(("the gateway pushed back" in ended.err) == pauses, f"{config}: {ended}")


def infra_rows_are_asked_again(folder):
    suite = write_suite(folder, 60, "max_attempts: 1\n")
    log = folder / "infra.jsonl"
    arguments = ["run", suite, "--target", "t", "--model", "m", "-o", log]
    with Mock(suite, "models: [{name: m}]\nfaults: {http_500: 0.5, at_most: 1}") as mock:
        ended = run(*arguments, "--base-url", mock.base_url)
        _, rows, end = read_log(log)
        lost = sum(row["outcome"] == "infra_error" for row in rows)
        check(end is not None and 10 < lost < 50, f"{lost} lost")
        check(f"{lost} of 60 rows are infra_error" in ended.err and "--resume" in ended.err, ended)
        run(*arguments, "--base-url", mock.base_url, "--resume")
        check(mock.stats()["requests"] == 60 + lost, "only the lost rows are asked again")
        done = run(*arguments, "--base-url", mock.base_url, "--resume")
        check("nothing to ask" in done.err and mock.stats()["requests"] == 60 + lost, done)
    _, rows, end = read_log(log)
    check(end is not None and len(rows) == 60 + lost, "rows are appended, none is rewritten")
    check(json.dumps(rows[:60]).count("infra_error") == lost, "the first rows stay")


def test():
    for part in (unreachable, interrupted, interrupted_twice, refusals, bad_settings, secrets, faults, one_fault_alone, infra_rows_are_asked_again):
        with Folder() as folder:
            part(folder)
        print(f"{part.__name__}: ok", flush=True)


main(test)
