#!/usr/bin/env python3
"""The paired bootstrap and the import of `import minslice` beside scipy, statsmodels and numpy, measured in this process and in fresh ones;
writes the section "bench:python" of docs/performance.md. `scripts/package python-bench` runs it where everything is installed.

usage: report.py [FILE]
"""
import pathlib
import statistics
import subprocess
import sys
import time

import numpy as np
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar

import minslice

BEGIN, END = "<!-- bench:python -->", "<!-- /bench:python -->"
ROUNDS = 7


def seconds(work, calls):
    """CPU seconds of one call and its seconds by the clock: medians of some rounds, each of `calls` calls."""
    rounds = []
    for _ in range(ROUNDS):
        cpu, clock = time.process_time(), time.perf_counter()
        for _ in range(calls):
            work()
        rounds.append(((time.process_time() - cpu) / calls, (time.perf_counter() - clock) / calls))
    return tuple(statistics.median(of) for of in zip(*rounds, strict=True))


def import_seconds(module):
    """User and system CPU seconds of `import module` in a fresh interpreter, less those of an empty one."""
    code = "import resource{}\nu = resource.getrusage(resource.RUSAGE_SELF)\nprint(u.ru_utime + u.ru_stime)"

    def once(what):
        return float(subprocess.run([sys.executable, "-c", code.format(what)], capture_output=True, text=True, check=True).stdout)

    # In turn, so that a busy minute falls on both alike.
    pairs = [(once(f", {module}"), once("")) for _ in range(21)]
    return statistics.median(after for after, _ in pairs) - statistics.median(before for _, before in pairs)


def human(seconds):
    for unit, size in (("s", 1), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def row(what, ours, theirs, peer, asked=None):
    ratio = theirs[0] / ours[0]
    waited = ratio if len(ours) < 2 else theirs[1] / ours[1]
    clock = "" if len(ours) < 2 else f"{waited:.3g}x"
    met = "" if asked is None else f"{asked}x: {'met' if waited >= asked else '**missed**'}"
    print(f"{what}: {human(ours[0])} against {human(theirs[0])} ({peer}), {ratio:.3g}x {met}; by the clock {clock}", file=sys.stderr)
    return f"| {what} | {human(ours[0])} | {peer} {human(theirs[0])} | {ratio:.3g}x | {clock} | {met} |"


def main():
    random = np.random.default_rng(20261121)
    before = (random.random(840) < 0.71).astype(float)
    after = np.where(random.random(840) < 0.14, 1 - before, before)
    graded_before, graded_after = random.beta(4, 2, 840), random.beta(4, 2, 840)
    replicates = 10_000

    def scipy_bootstrap(first, second, method):
        difference = second - first
        return stats.bootstrap((difference,), np.mean, n_resamples=replicates, method=method, random_state=random)

    lines = []
    for method in ("percentile", "BCa"):
        theirs = seconds(lambda m=method: scipy_bootstrap(before, after, m), 1)
        ours = seconds(lambda: minslice.bootstrap(before, after, replicates=replicates), 20)
        lines.append(row(f"paired bootstrap of 840 binary pairs, B = {replicates:,}", ours, theirs, f"scipy.stats.bootstrap {method}", 20))
        theirs = seconds(lambda m=method: scipy_bootstrap(graded_before, graded_after, m), 1)
        ours = seconds(lambda: minslice.bootstrap(graded_before, graded_after, replicates=replicates), 10)
        lines.append(row(f"the same of 840 graded pairs, B = {replicates:,}", ours, theirs, f"scipy.stats.bootstrap {method}", 20))
    theirs = seconds(lambda: scipy_bootstrap(before, after, "BCa"), 1)
    ours = seconds(lambda: minslice.bootstrap(before, after, exact=True), 200)
    lines.append(row("840 binary pairs, B = infinity", ours, theirs, "scipy.stats.bootstrap BCa"))
    theirs = seconds(lambda: mcnemar(np.array([[550, 49], [67, 174]])), 200)
    ours = seconds(lambda: minslice.mcnemar(table=(550, 49, 67, 174)), 500)
    lines.append(row("McNemar from four counts (five tests against one)", ours, theirs, "statsmodels"))
    million = random.random(1_000_000) < 0.7
    other = np.where(random.random(1_000_000) < 0.1, ~million, million)
    theirs = seconds(lambda: (np.sum(million & other), np.sum(million & ~other), np.sum(~million & other)), 5)
    ours = seconds(lambda: minslice.count_pairs(million, other), 5)
    lines.append(row("four counts of a million bool pairs", ours, theirs, "numpy"))
    imports = {name: (import_seconds(name),) for name in ("minslice", "numpy")}
    lines.append(row("import, fresh interpreter", imports["minslice"], imports["numpy"], "import numpy", 1))

    text = "\n".join(
        [BEGIN, "## From Python", "",
         "Made by `scripts/package python-bench`: CPU seconds in one process, and the ratio of the seconds by the clock, which is what was asked for: we use all cores; medians of seven rounds; both sides see the same numpy arrays.",
         f"This run: Python {sys.version.split()[0]}, numpy {np.__version__}, scipy {__import__('scipy').__version__}.", "",
         "| | ours | theirs | ratio | by the clock | asked |", "| --- | ---: | ---: | ---: | ---: | --- |", *lines, END]
    )  # fmt: skip
    path = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[3] / "docs/performance.md")
    old = path.read_text() if path.exists() else ""
    if BEGIN in old:
        head, rest = old.split(BEGIN, 1)
        new = head + text + rest.split(END, 1)[1]
    else:
        new = old.rstrip("\n") + "\n\n" + text + "\n"
    path.write_text(new)
    return 0


if __name__ == "__main__":
    sys.exit(main())
