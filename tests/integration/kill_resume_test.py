"""Kill -9 at fifty random points of a run of 2,000 cases through a provider that fails one request in ten, each time with --resume: the
log equals that of an uninterrupted run case for case, and the provider was asked again only for what was in flight when a process died.
A log that is compressed as it is written (.zst) is killed a few times less."""

import random
import shutil
import time

from harness import Folder, Mock, check, final_rows, main, read_log, run, start, write_suite

CASES = 2000
CONCURRENCY = 20
KILLS = {"killed.jsonl": 50, "killed.jsonl.zst": 15}
CONFIG = """models: [{name: m, answers_as: m-2026-01-01, pass_rate: 0.9, seed: 5}]
latency: {lognormal_median_ms: 15, sigma: 0.5}
faults: {http_429: 0.04, http_500: 0.02, reset: 0.02, truncate: 0.02, retry_after_s: 0.01, at_most: 2, seed: 3}
"""


def kill_and_resume(folder, suite, arguments, name, kills_wanted, draw, uninterrupted):
    log = folder / name
    with Mock(suite, CONFIG) as mock:
        arguments = [*arguments, "--base-url", mock.base_url]
        kills = 0
        # The provider counts on over all runs, and the run cannot end before it has asked for every case once.
        for goal in sorted(draw.sample(range(1, CASES - CASES // 10), kills_wanted)):
            process = start(*arguments, "-o", log, "--resume")
            limit = time.monotonic() + 60
            while mock.stats()["requests"] < goal and process.poll() is None and time.monotonic() < limit:
                time.sleep(0.003)
            time.sleep(draw.uniform(0, 0.02))
            if process.poll() is None:
                process.kill()
                kills += 1
            process.communicate()
        check(kills >= kills_wanted * 9 // 10, f"{name}: only {kills} runs could be killed in time")
        # A cut inside a line, or a frame, as a power failure leaves it.
        log.write_bytes(log.read_bytes()[:-7])
        ended = run(*arguments, "-o", log, "--resume")
        stats = mock.stats()

    record, rows, end = read_log(log)
    check(end is not None and end["cases"] == CASES, f"{name}: no end record: {ended}")
    final = final_rows([row for row in rows if row["record"] == "case"])
    check(len(final) == CASES, f"{name}: {len(final)} cases of {CASES}")
    for key, row in final.items():
        other = uninterrupted[key]
        for field in ("outcome", "output", "scores", "segments", "prompt_sha256", "response_model"):
            check(row.get(field) == other.get(field), f"{name}: {key} {field}: {row.get(field)} and {other.get(field)}")
    answered = stats["models"]["m"]["cases"]
    check(len(answered) == CASES, f"{name}: the provider answered {len(answered)} cases")
    again = sum(n - 1 for n in answered.values())
    # Each kill loses at most what was in flight; the rows of the torn end are asked again too.
    check(again <= (kills + 1) * CONCURRENCY, f"{name}: {again} answers were asked for twice after {kills} kills")
    check(sum(stats["faults"].values()) > CASES // 20, f"{name}: too few faults: {stats['faults']}")
    print(f"{name}: {kills} kills, {again} of {CASES} cases asked again (at most {CONCURRENCY} in flight each time)")


def test():
    draw = random.Random(20261121)
    with Folder() as folder:
        suite = write_suite(folder, CASES)
        whole = folder / "whole.jsonl"
        arguments = ["run", suite, "--target", "t", "--model", "m", "--concurrency", CONCURRENCY, "--quiet"]
        with Mock(suite, CONFIG) as mock:
            run(*arguments, "--base-url", mock.base_url, "-o", whole)
        uninterrupted = final_rows(read_log(whole)[1])
        for name, kills_wanted in KILLS.items():
            if name.endswith(".zst") and shutil.which("zstdcat") is None:
                print("SKIP of the compressed log: zstdcat is not here")
                continue
            kill_and_resume(folder, suite, arguments, name, kills_wanted, draw, uninterrupted)


main(test)
