"""minslice overhead between two mocks of which one is 15 ms slower: the cost and its interval, both loops, CPU of the process that listens;
figures as JSON and as text."""

import json

from harness import Folder, Mock, check, main, run, write_suite


def test():
    with Folder() as slow_folder, Folder() as fast_folder:
        suite = write_suite(fast_folder, 50)
        with Mock(suite, "latency: {ms: 10}\n") as fast, Mock(write_suite(slow_folder, 50), "latency: {ms: 25}\n") as slow:
            arguments = ["overhead", "--suite", suite, "--requests", 1200, "--block", 100, "--concurrency", 10, "--rate", 150, "--format", "json", "--quiet"]
            ended = run(*arguments, "--direct", fast.base_url, "--via", slow.base_url)
            facts = json.loads(ended.out)
            facts = facts[0] if isinstance(facts, list) else facts
            rows = {(row["loop"], row["quantile"]): row for row in facts["quantiles"]}
            check(set(rows) == {(a, b) for a in ("closed", "open") for b in ("p50", "p99", "p99.9")}, f"{sorted(rows)}")
            for loop in ("closed", "open"):
                p50 = rows[loop, "p50"]
                # The true cost is 15 ms or what a busy machine makes of it: both mocks answer late, never early.
                check(p50["cost_low"] <= 25 and p50["cost_high"] >= 10, f"{loop}: {p50}")
                check(p50["direct_ms"] >= 10 and p50["via_ms"] >= 25, f"{loop}: {p50}")
                check(rows[loop, "p99.9"]["cost_high"] is None, "1,200 requests bound no 99.9th percentile")
                check(facts[f"{loop}_via_failures"] == 0 and facts[f"{loop}_via_requests"] == 1200, f"{facts}")
                check(facts[f"{loop}_gateway_cpu_ms"] > 0, "the process that listens on the port was not found")
            check("open_lag_p99_ms" in facts, "how late requests were sent")
            text = run(*[a for a in arguments if a not in ("--format", "json")], "--direct", fast.base_url, "--via", slow.base_url).out
            check("costs" in text and "sent late" in text, text)
            # The other way round: the cost is via minus direct, below 0 where the gateway is the faster one, and then it is not called a cost.
            ended = run(*["300" if a == 1200 else a for a in arguments], "--direct", slow.base_url, "--via", fast.base_url)
            facts = json.loads(ended.out)
            for row in (facts[0] if isinstance(facts, list) else facts)["quantiles"]:
                if row["cost_ms"] is not None:
                    check(abs(row["cost_ms"] - (row["via_ms"] - row["direct_ms"])) < 1e-3, f"{row}")
                    check(row["cost_ms"] > 0 or row["above_floor"] == "no", f"{row}")


main(test)
