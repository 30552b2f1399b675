"""Ten minutes at 2,000 in flight against a provider with log-normal latency that turns away 5 % of the requests, resets 1 % and lets .5 % hang:
no case is lost, memory does not grow, and at the end everything is answered. `ctest -L soak`, best of a build with MINSLICE_SANITIZE=address, which
also ends with an error where memory leaks. MINSLICE_SOAK_SECONDS makes it shorter.

  soak_test.py MINSLICE [--write-docs BUILD]    BUILD (a name): its row of docs/performance.md is made anew
"""

import datetime
import json
import os
import statistics
import sys
import time

from harness import TOP, Folder, Mock, check, main, start, write_suite

SECONDS = float(os.environ.get("MINSLICE_SOAK_SECONDS", "600"))
IN_FLIGHT = int(os.environ.get("MINSLICE_SOAK_IN_FLIGHT", "2000"))
CASES = 5000
CONFIG = """models: [{name: m, pass_rate: 0.9, seed: 5}]
latency: {lognormal_median_ms: 1000, sigma: 0.6}
faults: {http_429: 0.05, reset: 0.01, stall: 0.005, stall_s: 120, retry_after_s: 0.2, seed: 3}
"""


PAGE = TOP / "docs" / "performance.md"


def write_docs(build, cells):
    row = "| " + " | ".join([build, *cells, datetime.date.today().isoformat()]) + " |\n"
    begin, end = "<!-- bench:soak -->", "<!-- /bench:soak -->"
    page = PAGE.read_text()
    before, rest = page.split(begin)
    table, after = rest.split(end)
    kept = [line for line in table.splitlines(keepends=True) if not line.startswith(f"| {build} |")]
    PAGE.write_text(before + begin + "".join(kept) + row + end + after)


def memory_mb(pid):
    with open(f"/proc/{pid}/status") as status:
        for line in status:
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
    return 0


def test():
    with Folder() as folder:
        suite = write_suite(folder, CASES)
        # As many rows as the time holds: some 1.3 s a request with its share of stalls, waits and second attempts.
        repeats = max(2, round(SECONDS * IN_FLIGHT / 1.4 / CASES))
        log = folder / "soak.jsonl"
        with Mock(suite, CONFIG) as mock:
            process = start("run", suite, "--target", "t", "--model", "m", "--base-url", mock.base_url, "-o", log, "--concurrency", IN_FLIGHT,
                            "--timeout", 10, "--repeats", repeats, "--quiet")
            began = time.monotonic()
            memory = []
            while process.poll() is None:
                check(time.monotonic() - began < 5 * SECONDS + 300, "the run does not end")
                time.sleep(min(2.0, SECONDS / 50))
                try:
                    memory.append(memory_mb(process.pid))
                except FileNotFoundError:
                    break
            out, err = process.communicate(timeout=60)
            took = time.monotonic() - began
            stats = mock.stats()
        check(process.returncode == 0, f"exit {process.returncode}: {err}")
        seen, infra, end = set(), 0, None
        for line in open(log):
            row = json.loads(line)
            if row["record"] == "end":
                end = row
            elif row["record"] == "case":
                seen.add((row["case_id"], row["repeat"]))
                infra += row["outcome"] == "infra_error"
        check(end is not None and len(seen) == CASES * repeats, f"{len(seen)} of {CASES * repeats} rows, end {end}")
        quarter = len(memory) // 4
        check(quarter >= 2, f"only {len(memory)} looks at the memory")
        early, late = statistics.median(memory[quarter : 2 * quarter]), statistics.median(memory[3 * quarter :])
        check(late <= 1.10 * early + 2, f"memory grew from {early:.1f} to {late:.1f} MB")
        if "--write-docs" in sys.argv:
            write_docs(sys.argv[sys.argv.index("--write-docs") + 1],
                       [f"{took:.0f} s", f"{len(seen):,}", "0", f"{stats['requests']:,}", ", ".join(f"{n:,} {kind}" for kind, n in sorted(stats["faults"].items())),
                        f"{early:.1f}", f"{late:.1f}"])
        print(f"{took:.0f} s, {len(seen)} rows, {stats['requests']} requests, faults {stats['faults']}, {infra} rows without an answer; "
              f"{early:.1f} MB in the second quarter, {late:.1f} in the last")


main(test)
