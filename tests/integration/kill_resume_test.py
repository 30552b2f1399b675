"""Kill -9 at fifty random points of a run of 2,000 cases through a provider that fails one request in ten, each time with --resume: the
log equals that of an uninterrupted run case for case, and the provider was asked again only for what was in flight when a process died."""

import random
import time

from harness import Folder, Mock, check, final_rows, main, read_log, run, start, write_suite

CASES = 2000
CONCURRENCY = 20
KILLS = 50
CONFIG = """models: [{name: m, answers_as: m-2026-01-01, pass_rate: 0.9, seed: 5}]
latency: {lognormal_median_ms: 15, sigma: 0.5}
faults: {http_429: 0.04, http_500: 0.02, reset: 0.02, truncate: 0.02, retry_after_s: 0.01, at_most: 2, seed: 3}
"""


def bytes_so_far(log):
    return log.stat().st_size if log.exists() else 0


def test():
    draw = random.Random(20261121)
    with Folder() as folder:
        suite = write_suite(folder, CASES)
        whole = folder / "whole.jsonl"
        log = folder / "killed.jsonl"
        arguments = ["run", suite, "--target", "t", "--model", "m", "--concurrency", CONCURRENCY, "--quiet"]
        with Mock(suite, CONFIG) as mock:
            run(*arguments, "--base-url", mock.base_url, "-o", whole)
            _, rows, _ = read_log(whole)
            uninterrupted = final_rows(rows)

        with Mock(suite, CONFIG) as mock:
            arguments += ["--base-url", mock.base_url]
            kills = 0
            size = whole.stat().st_size
            for goal in sorted(draw.sample(range(1, size - size // 40), KILLS)):
                process = start(*arguments, "-o", log, "--resume")
                limit = time.monotonic() + 60
                while bytes_so_far(log) < goal and process.poll() is None and time.monotonic() < limit:
                    time.sleep(0.003)
                time.sleep(draw.uniform(0, 0.02))
                if process.poll() is None:
                    process.kill()
                    kills += 1
                process.communicate()
            check(kills >= KILLS * 9 // 10, f"only {kills} runs could be killed in time")
            # A cut inside a line, as a power failure leaves it.
            log.write_bytes(log.read_bytes()[:-7])
            ended = run(*arguments, "-o", log, "--resume")
            stats = mock.stats()

        record, rows, end = read_log(log)
        check(end is not None and end["cases"] == CASES, f"no end record: {ended}")
        final = final_rows([row for row in rows if row["record"] == "case"])
        check(len(final) == CASES, f"{len(final)} cases of {CASES}")
        for key, row in final.items():
            other = uninterrupted[key]
            for field in ("outcome", "output", "scores", "segments", "prompt_sha256", "response_model"):
                check(row.get(field) == other.get(field), f"{key} {field}: {row.get(field)} and {other.get(field)}")
        answered = stats["models"]["m"]["cases"]
        check(len(answered) == CASES, f"the provider answered {len(answered)} cases")
        again = sum(n - 1 for n in answered.values())
        # Each kill loses at most what was in flight; the torn row is asked again too.
        check(again <= kills * CONCURRENCY + 1, f"{again} answers were asked for twice after {kills} kills")
        check(sum(stats["faults"].values()) > CASES // 20, f"too few faults: {stats['faults']}")
        print(f"{kills} kills, {again} of {CASES} cases asked again (at most {CONCURRENCY} in flight each time)")


main(test)
