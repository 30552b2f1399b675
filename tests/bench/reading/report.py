#!/usr/bin/env python3
"""Measures how fast logs are read, joined and gated, and other tools' files imported, beside simdjson alone on the same bytes.

usage: tests/bench/reading/report.py BUILD_DIR [--lines N] [--megabytes N] [--runs N] [--first] [--keep DIR] [-o docs/performance.md]

Builds nothing: wants bin/minslice and bin/reading_bench in BUILD_DIR. Each pair of runs is one of simdjson and one of ours, one after the other,
and the ratio is that of the pair: what the machine does meanwhile hits both.
"""
import argparse
import importlib.util
import json
import os
import pathlib
import random
import statistics
import subprocess
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parent.parent.parent
ASKED = 0.6
FIRST = ["chrt", "-f", "10"]  # before whatever else the machine does; wants root
ahead = []


def shared_report():
    spec = importlib.util.spec_from_file_location("bench_report", HERE.parent / "report.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def parse(bench, how, files):
    return json.loads(subprocess.run([*ahead, bench, "parse", how, *files], check=True, stdout=subprocess.PIPE, text=True).stdout)


def run(command, good=(0,)):
    """Wall and CPU seconds and peak memory of one run."""
    start = time.monotonic()
    with open(os.devnull, "w") as null:
        process = subprocess.Popen([*ahead, *command], stdout=null, stderr=null)
        _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - start
    code = os.waitstatus_to_exitcode(status)
    process.returncode = code
    if code not in good:
        raise SystemExit(f"{command}: exit {code}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024


def measure(bench, files, command, runs, good=(0,), fresh=None):
    os.sync()  # the kernel shall not write our files back while they are read
    ratios, walls, threaded, elapsed, ours, theirs, memory = [], [], [], [], [], [], []
    for _ in range(runs):
        line, many = (parse(bench, how, files) for how in ("dom", "many"))
        if fresh is not None:
            fresh.unlink(missing_ok=True)
        wall, used, peak = run(command, good)
        theirs.append(line["seconds"])
        ours.append(used)
        memory.append(peak)
        ratios.append(min(line["cpu"], many["cpu"]) / used)
        walls.append(line["seconds"] / wall)
        threaded.append(many["seconds"] / wall)
        elapsed.append(wall)
    return {"bytes": line["bytes"], "kernel": line["implementation"], "threaded": statistics.median(threaded), "elapsed": statistics.median(elapsed), "simdjson": statistics.median(theirs), "ours": statistics.median(ours),
            "memory": max(memory), "ratio": statistics.median(ratios), "wall": statistics.median(walls), "low": min(walls), "high": max(walls)}


def shuffle(path):
    """In a process of its own: a process that is started later begins with the memory of this one."""
    child = os.fork()
    if child != 0:
        if os.waitpid(child, 0)[1] != 0:
            raise SystemExit(f"{path}: cannot be shuffled")
        return
    lines = path.read_bytes().splitlines(keepends=True)
    middle = lines[1:-1]
    random.Random(1).shuffle(middle)
    path.write_bytes(b"".join([lines[0], *middle, lines[-1]]))
    os._exit(0)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--lines", type=int, default=10_000_000, help="of both sides' logs together")
    parser.add_argument("--megabytes", type=int, default=500, help="of the lm-eval samples file")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--first", action="store_true", help="simdjson and we run at real-time priority, on a machine that is busy")
    parser.add_argument("--keep", type=pathlib.Path, help="folder for the files, kept")
    parser.add_argument("-o", type=pathlib.Path, default=TOP / "docs" / "performance.md")
    arguments = parser.parse_args()
    if arguments.first:
        ahead.extend(FIRST)
    bench, minslice = arguments.build / "bin" / "reading_bench", arguments.build / "bin" / "minslice"
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.keep or pathlib.Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        policy = TOP / "gates" / "default.yaml"
        verdicts = (0, 10, 11, 12, 13)
        per_side = arguments.lines // 2

        def logs(name, cases, repeats):
            files = []
            for side in ("0", "1"):
                files.append(folder / f"{name}-{side}.jsonl")
                subprocess.run([bench, "log", files[-1], str(cases), str(repeats), side], check=True)
            return files

        def gate(files, cases):
            return measure(bench, files, [minslice, "gate", policy, "--incumbent", files[0], "--candidate", files[1]], arguments.runs, verdicts)

        table = []
        files = logs("one", per_side, 1)
        table.append((f"gate, {2 * per_side:,} lines, in the suite's order", gate(files, per_side)))
        for file in files:
            file.unlink()
        files = logs("three", per_side // 30, 3)
        table.append((f"gate, {6 * (per_side // 30):,} lines, three repeats", gate(files, per_side // 30)))
        for file in files:
            file.unlink()
        files = logs("shuffled", per_side // 10, 1)
        for file in files:
            shuffle(file)
        table.append((f"gate, {2 * (per_side // 10):,} lines, shuffled", gate(files, per_side // 10)))
        for file in files:
            file.unlink()
        samples = folder / "samples_bench_2026-11-21T03-22-58.789088.jsonl"
        # Bytes a line: one-line questions to a chat endpoint, and passages of 220 words.
        for what, kind, size in (("short chat prompts", "lm-eval-chat", 840), ("long passages", "lm-eval", 3730)):
            subprocess.run([bench, kind, samples, str(arguments.megabytes * 1_000_000 // size)], check=True)
            imported = folder / "imported.jsonl"
            table.append((f"import lm-eval, {what}",
                          measure(bench, [samples], [minslice, "import", "lm-eval", samples, "-o", imported, "--quiet"], arguments.runs, fresh=imported)))
            samples.unlink()
    shared = shared_report()
    lines = ["## Reading", "",
             "Made by `tests/bench/reading/report.py`: the whole command, from start to exit, against simdjson alone parsing the same bytes (from "
             "memory, what the kernel does for the file left out). Its speed is that of its DOM parser line by line on one core; `parse_many` of the same parser "
             "looks ahead in a second thread, and stands in a column of its own. "
             "Runs take turns; the figures are medians, of the shares with the lowest and highest in brackets. By the clock is what a user waits: `gate` reads its two sides in two "
             "threads and joins them in two. On one core is the ratio of the CPU seconds, simdjson's the lesser of both ways. Elapsed times mean something only where both cores are free.",
             f"This run: {shared.processor()}, {os.cpu_count()} cores, simdjson's kernel {table[0][1]['kernel']}, load average {os.getloadavg()[0]:.1f}"
             + (": both ran at real-time priority, ahead of what else the machine did." if ahead else "."), "",
             "| command | bytes | simdjson alone | ours | our CPU | memory | share of simdjson's speed by the clock | of its `parse_many` in two threads | on one core |",
             "| --- | ---: | ---: | ---: | ---: | ---: | --- | ---: | ---: |"]
    for title, row in table:
        met = "met" if row["wall"] >= ASKED else "**missed**"
        lines.append(f"| {title} | {row['bytes'] / 1e6:,.0f} MB | {row['simdjson']:.2f} s | {row['elapsed']:.2f} s | {row['ours']:.2f} s | {row['memory'] / 1e6:,.0f} MB | "
                     f"{100 * row['wall']:.0f} % [{100 * row['low']:.0f}, {100 * row['high']:.0f}], asked 60 %: {met} | {100 * row['threaded']:.0f} % | {100 * row['ratio']:.0f} % |")
    lines += ["",
              "**What bounds it.** SHA-256 of every byte (a verdict names its logs by it) takes two thirds as long as simdjson's parsing, and the kernel's copy of "
              "the file half as long: a mapped file would save the copy, but what is hashed and what is read must be the same bytes whoever writes meanwhile. "
              "Those two and the memory for the rows leave no room for 60 % on one core. Rows of one log are written alike: what stands between the values is compared with an earlier row as it is, "
              "only values that differ are read, and any other line goes through simdjson. The two sides' blocks are hashed in turn, step by step, by the thread "
              "that is ahead. A row takes 40 bytes and its id; a log in its suite's order needs no sorting, and a shuffled one is sorted by the first bytes in "
              "which its ids differ and put in order once. Repeats add the bootstrap of their differences, which is most of what their gate takes. `import` marks "
              "quotes and brackets 64 bytes at a time and compares a line with the first of its file; batches of lines are read on several threads and taken in order. "
              "A third of its time is the kernel's, which copies the file in and the rows out. A case leaves some 80 bytes in memory."]
    shared.write_section(arguments.o, "reading", "\n".join(lines))


if __name__ == "__main__":
    main()
