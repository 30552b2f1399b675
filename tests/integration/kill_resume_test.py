"""Kill -9 in the middle of a run of 2,000 cases, then --resume, several times: every case is in the log exactly once, and the
provider was asked again only for what was in flight when a process died."""

import random
import time

from harness import Folder, Mock, check, final_rows, main, read_log, run, start, write_suite

CASES = 2000
CONCURRENCY = 50


def rows_so_far(log):
    return log.read_bytes().count(b"\n") if log.exists() else 0


def test():
    draw = random.Random(20261121)
    with Folder() as folder:
        suite = write_suite(folder, CASES)
        config = "models: [{name: m, answers_as: m-2026-01-01, pass_rate: 0.9, seed: 5}]\nlatency: {ms: 40}\n"
        whole = folder / "whole.jsonl"
        log = folder / "killed.jsonl"
        with Mock(suite, config) as mock:
            arguments = ["run", suite, "--target", "t", "--model", "m", "--base-url", mock.base_url]
            arguments += ["--concurrency", CONCURRENCY, "--quiet"]
            run(*arguments, "-o", whole)
            _, rows, _ = read_log(whole)
            uninterrupted = final_rows(rows)

        with Mock(suite, config) as mock:
            arguments[arguments.index("--base-url") + 1] = mock.base_url
            kills = 0
            for goal in sorted(draw.sample(range(2, CASES), 4)):
                process = start(*arguments, "-o", log, "--resume")
                limit = time.monotonic() + 60
                while rows_so_far(log) < goal and process.poll() is None and time.monotonic() < limit:
                    time.sleep(0.002)
                if process.poll() is None:
                    process.kill()
                    kills += 1
                process.communicate()
            check(kills >= 2, f"only {kills} runs could be killed in time")
            # A cut inside a line, as a power failure leaves it.
            log.write_bytes(log.read_bytes()[:-7])
            ended = run(*arguments, "-o", log, "--resume")
            stats = mock.stats()

        record, rows, end = read_log(log)
        check(end is not None and end["cases"] == CASES, f"no end record: {ended}")
        check(len(rows) == CASES, f"{len(rows)} rows for {CASES} cases")
        final = final_rows(rows)
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
        print(f"{kills} kills, {again} of {CASES} cases asked again (at most {CONCURRENCY} in flight each time)")


main(test)
