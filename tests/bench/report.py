#!/usr/bin/env python3
"""Runs stats_bench and the Python peers one after the other on one core and writes its section of docs/performance.md.

usage: tests/bench/report.py BUILD_DIR [--python PYTHON_WITH_NUMPY_AND_SCIPY] [--runs N] [-o docs/performance.md]
"""
import argparse
import json
import os
import pathlib
import platform
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent

# kernel -> (what it is, CPU seconds to reach, least ratio to a peer)
GOALS = {
    "ExactBootstrap/840": ("binary pairs, percentile + BCa, B = infinity, n = 840", 50e-6, {"numpy loop": 2000, "numpy multinomial": 40}),
    "ExactBootstrap/10000": ("the same, n = 10,000", 1e-3, {}),
    "ExactBootstrap/1000000": ("the same, n = 1,000,000", 1e-3, {"numpy multinomial": 6}),
    "SeededBootstrap/840": ("seeded, B = 10,000, n = 840", None, {}),
    "SeededBootstrap/1000000": ("seeded, B = 10,000, n = 1,000,000", None, {}),
    "Slices/1000": ("1,000 slices of 30: Tango, mid-p, harm p, exact bootstrap", 2e-3, {}),
    "WestfallYoung/1000": ("wy_discrete, 1,000 slices", 5e-3, {}),
    "WestfallYoungLarge/1000": ("wy_discrete, 1,000 slices of some 200 discordant pairs", 5e-3, {}),
    "GradedExact/840": ("graded mean, percentile + BCa, B = infinity, n = 840", .25e-3, {}),
    "GradedExact/10000": ("the same, n = 10,000", .6e-3, {}),
    "GradedExact/1000000": ("the same, n = 1,000,000", 50e-3, {}),
    "GradedExactHundredths/840": ("scores in hundredths (every attainable mean), n = 840", .25e-3, {}),
    "GradedExactHundredths/1000000": ("the same, n = 1,000,000", 50e-3, {}),
    "GradedSeeded/840": ("graded mean, seeded, B = 10,000, n = 840", 840 * 1e4 / 2e9, {"numpy vectorised": 20}),
    "GradedSeeded/10000": ("the same, n = 10,000", 1e8 / 2e9, {}),
    "GradedSeeded/1000000/iterations:1": ("the same, n = 1,000,000", 1e10 / 2e9, {"numpy loop": 50}),
    "ClusterSeeded/1000": ("cluster bootstrap, 1,000 clusters of 3, B = 10,000", 5e-3, {}),
    "ClusterSeededSizes/1000": ("the same, 2 to 4 items a cluster", None, {}),
    "ClusterExact/1000": ("cluster bootstrap, 1,000 clusters of 3, B = infinity", None, {}),
    "ClusterExactSizes/1000": ("the same, 2 to 4 items a cluster", None, {}),
    "MaxT/1": ("max-T, 10,000 sign flips of 100,000 pairs, 40 slices", 1, {}),
    "MaxT/3": ("the same, three cuts of 40 slices", None, {}),
    "RomanoWolfSlices": ("Romano-Wolf, 1,000 resamples of 100,000 pairs, 40 slices", None, {}),
    "SignFlips/840": ("sign-flip p by counting, three runs a side, n = 840", None, {}),
    "Tango/840": ("Tango interval", None, {}),
    "McNemarExactP/840": ("McNemar exact p", None, {}),
    "ExactMde/840": ("MDE of the mid-p test by enumeration, n = 840", None, {}),
}

# A neighbour that takes one of two cores for a second spoils one round, not all of them.
TWO_CORE_ROUNDS = 3
TWO_CORES = {
    "SeededBootstrapMillion/840": "binary pairs, a million seeded replicates",
    "GradedSeeded/840": "graded mean, seeded, B = 10,000, n = 840",
    "GradedSeeded/1000000/iterations:1": "the same, n = 1,000,000",
    "ClusterSeededSizes/1000": "cluster bootstrap, 1,000 clusters of 2 to 4",
    "MaxT/1": "max-T, 10,000 sign flips of 100,000 pairs",
    "RomanoWolfSlices": "Romano-Wolf, 1,000 resamples of 100,000 pairs",
}


def duration(seconds):
    for unit, scale in (("s", 1), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= scale:
            return f"{seconds / scale:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def bench(build, threads, pattern="."):
    environment = dict(os.environ, OMP_NUM_THREADS=str(threads))
    out = subprocess.run([build / "bin" / "stats_bench", "--benchmark_format=json", f"--benchmark_filter={pattern}"], env=environment, check=True,
                         stdout=subprocess.PIPE, text=True).stdout
    return {b["name"].removesuffix("/real_time"): b for b in json.loads(out)["benchmarks"]}


def processor():
    try:
        for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor()


def two_cores(build, ours):
    """The wall clock of one thread over that of two; the digits are the same, as a replicate's draws are addressed by (seed, replicate)."""
    load = os.getloadavg()[0]
    if load > 1.5:
        return [f"Two threads: not measured, the machine was busy (load average {load:.1f})."]
    pattern = "|".join(f"^{name}(/real_time)?$" for name in TWO_CORES)
    rounds = [[bench(build, threads, pattern) for threads in (1, 2)] for _ in range(TWO_CORE_ROUNDS)]
    lines = [f"Two threads against one, wall clock, each the best of {TWO_CORE_ROUNDS} rounds in turn (to reach: 1.8x). A replicate's draws are addressed by",
             "(seed, replicate): no digit depends on the threads.", "",
             "| kernel | one thread | two | ratio |", "| --- | ---: | ---: | --- |"]
    scale = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1}
    for name, title in TWO_CORES.items():
        times = [min(one_round[side][name]["real_time"] * scale[one_round[side][name]["time_unit"]] for one_round in rounds) for side in (0, 1)]
        ratio = times[0] / times[1]
        lines.append(f"| {title} | {duration(times[0])} | {duration(times[1])} | {ratio:.2f}x {'met' if ratio >= 1.8 else '**missed**'} |")
    return lines


def write_section(path, name, text):
    """Replaces what stands between the section's markers; the other sections belong to other scripts."""
    begin, end = f"<!-- bench:{name} -->", f"<!-- /bench:{name} -->"
    page = path.read_text()
    head, rest = page.split(begin + "\n", 1)
    tail = rest.split(end, 1)[1]
    path.write_text(f"{head}{begin}\n{text}\n{end}{tail}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--runs", default="5")
    parser.add_argument("-o", default=str(HERE.parent.parent / "docs" / "performance.md"))
    arguments = parser.parse_args()
    ours = bench(arguments.build, 1)
    peers = json.loads(subprocess.run([arguments.python, HERE / "peers.py", "--runs", arguments.runs], check=True, stdout=subprocess.PIPE, text=True).stdout)
    scale = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1}
    lines = ["## Statistics", "",
             "Made by `tests/bench/report.py`: google-benchmark kernels (`stats_bench`) and the Python peers, one after the other on one core; CPU time.",
             f"This run: {processor()}, numpy {peers['numpy']}.", "",
             "| kernel | ours | to reach | peers (ratio to ours) |", "| --- | ---: | ---: | --- |"]
    for name, (title, goal, ratios) in GOALS.items():
        if name not in ours:
            continue
        seconds = ours[name]["cpu_time"] * scale[ours[name]["time_unit"]]
        reached = ""
        if goal is not None:
            reached = f"{duration(goal)} {'met' if seconds <= goal else '**missed**'}"
        against = []
        for peer, theirs in peers["seconds"].get(name, {}).items():
            ratio = theirs / seconds
            wanted = ratios.get(peer)
            note = "" if wanted is None else f", asked {wanted:,}x: {'met' if ratio >= wanted else '**missed**'}"
            shown = f"{ratio:.2g}" if ratio < 10 else f"{float(f'{ratio:.2g}'):,.0f}"
            against.append(f"{peer} {duration(theirs)} ({shown}x{note})")
        lines.append(f"| {title} | {duration(seconds)} | {reached} | {'; '.join(against)} |")
    lines += ["", *two_cores(arguments.build, ours), "", (HERE / "notes.md").read_text().rstrip()]
    write_section(pathlib.Path(arguments.o), "stats", "\n".join(lines))


if __name__ == "__main__":
    main()
