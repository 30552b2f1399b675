#!/usr/bin/env python3
"""Runs `minslice gate` on 100,000 pairs in 1,000 slices on one core and writes its section of docs/performance.md: CPU seconds of the
whole command, reading, pairing and verdict.json included, the least of three runs. Then those of the table of `minslice simulate`.

usage: tests/bench/gate.py [--minslice build/developer/bin/minslice] [-o docs/performance.md]
"""
import argparse
import json
import os
import pathlib
import random
import resource
import subprocess
import tempfile

from report import processor, write_section

TOP = pathlib.Path(__file__).resolve().parents[2]
PAIRS = 100_000
SEGMENTS = {
    "1,000 slices, `wy_discrete`": "{dimensions: [customer]}",
    "the same and a binned dimension that overlaps": "{dimensions: [customer, {key: length, bins: [1000, 2000, 3000, 4000]}]}",
    "the two with `joint: true` (10,000 swaps)": "{dimensions: [customer, {key: length, bins: [1000, 2000, 3000, 4000]}], joint: true}",
    "the two and their cross (5,000 slices more, reported)":
        "{dimensions: [customer, {key: length, bins: [1000, 2000, 3000, 4000]}, {cross: [customer, length], role: report}]}",
    "1,000 slices in 10 families, `hierarchical`": "{dimensions: [customer], families: {pattern: \"^(k.)\", method: hierarchical}}",
}


def write_logs(folder):
    draw = random.Random(7)
    rows = [(draw.random() < .85, draw.random() < .1) for _ in range(PAIRS)]
    for side in ("incumbent", "candidate"):
        with open(folder / f"{side}.jsonl", "w") as log:
            log.write(json.dumps({"record": "run", "log_version": 1, "suite": "s", "target": side, "request_model": f"{side}-2026-01-01",
                                  "repeats": 1}) + "\n")
            for i, (before, flip) in enumerate(rows):
                good = before if side == "incumbent" else before ^ flip
                log.write(json.dumps({"record": "case", "case_id": f"c{i:06d}", "repeat": 1, "outcome": "pass" if good else "fail",
                                      "scores": {"pass": int(good)},
                                      "segments": {"customer": f"k{i * 7919 % 1000:03d}", "length": str(i * 31 % 5000)},
                                      "response_model": f"{side}-2026-01-01"}) + "\n")
            log.write(json.dumps({"record": "end", "cases": PAIRS, "repeats": 1}) + "\n")


def cpu_seconds(command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False,
                          env=dict(os.environ, OMP_NUM_THREADS="1"))
    assert done.returncode in (0, 10, 11, 12), done.stderr
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minslice", default=str(TOP / "build/developer/bin/minslice"))
    parser.add_argument("-o", type=pathlib.Path, default=TOP / "docs/performance.md")
    options = parser.parse_args()
    minslice = pathlib.Path(options.minslice).resolve()
    lines = ["## Gate", "",
             f"Made by `tests/bench/gate.py`: `minslice gate` on {PAIRS:,} pairs (10 % discordant), one thread, 10,000 bootstrap replicates; CPU seconds of",
             f"the whole command, reading both logs included, the least of three runs. This run: {processor()}.", "",
             "| slices | CPU | to reach |", "| --- | ---: | ---: |"]
    with tempfile.TemporaryDirectory(prefix="minslice-gate-bench-") as folder:
        folder = pathlib.Path(folder)
        write_logs(folder)
        for title, segments in SEGMENTS.items():
            (folder / "gate.yaml").write_text(f"goal: non_inferiority\nsegments: {segments}\n")
            command = [minslice, "gate", folder / "gate.yaml", "--incumbent", folder / "incumbent.jsonl", "--candidate",
                       folder / "candidate.jsonl", "--format", "json"]
            least = min(cpu_seconds(command) for _ in range(3))
            lines.append(f"| {title} | {least:.2f} s | 1 s {'met' if least < 1 else '**missed**'} |")
    table = cpu_seconds([minslice, "simulate", "--published", "--runs", "1000", "--format", "json"])
    lines += ["", f"`minslice simulate --published --runs 1000` (its 7 x 3 table with 1,000 runs a cell), one thread: {table:.1f} s of CPU, to reach 30 s: "
              f"{'met' if table < 30 else '**missed**'}."]
    write_section(options.o, "gate", "\n".join(lines))


if __name__ == "__main__":
    main()
