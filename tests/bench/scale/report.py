#!/usr/bin/env python3
"""Measures minslice reduce beside simdjson on the same bytes and DuckDB on the same question, and the gate on counts of a million clusters.

usage: tests/bench/scale/report.py BUILD_DIR [--rows N] [--shards K] [--clusters N] [--runs N] [--keep DIR] [-o docs/scale.md]

Builds nothing: wants bin/minslice and bin/reading_bench in BUILD_DIR, and DuckDB by scripts/distributed/duckdb install. The whole is 20 million
rows (4 GB) and takes some minutes; what was run stands in the section.
"""
import argparse
import datetime
import hashlib
import importlib.util
import json
import os
import pathlib
import statistics
import subprocess
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parent.parent.parent


def module(path):
    spec = importlib.util.spec_from_file_location(path.parent.name + "_report", path)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


reading = module(HERE.parent / "reading" / "report.py")


def write_shards(folder, name, pairs, clusters, slices, of):
    """Sorted logs of both sides; a cluster lies in one slice. Gives [[incumbent's], [candidate's]]."""
    files = [[], []]
    for side in range(2):
        for k in range(1, of + 1):
            path = folder / f"{name}-{side}-{k}.jsonl"
            files[side].append(str(path))
            shard = {"shard": {"index": k, "of": of}} if of > 1 else {}
            mine = range((k - 1) * pairs // of, k * pairs // of)
            with open(path, "w", buffering=1 << 20) as out:
                out.write(json.dumps({"record": "run", "log_version": 1, "suite": "bench", "suite_sha256": "5" * 64,
                                      "target": ["incumbent", "candidate"][side], "request_model": f"m{side}-2026-01-01", "request": {},
                                      "repeats": 1, **shard}, separators=(",", ":")) + "\n")
                for start in range(mine.start, mine.stop, 10000):
                    lines = []
                    for i in range(start, min(start + 10000, mine.stop)):
                        cluster = i % clusters
                        mixed = (i * 2654435761 + side * 40503 * (i % 13 == 0)) & 0xFFFFFFFF
                        outcome, score = ("fail", 0) if mixed % 10 < 2 else ("pass", 1)
                        lines.append(f'{{"record":"case","case_id":"c-{i:09}","repeat":1,"outcome":"{outcome}","scores":{{"pass":{score}}},'
                                     f'"segments":{{"tenant":"t-{cluster % slices:04}"}},"cluster":"d-{cluster:07}",'
                                     f'"prompt_sha256":"{i * 2654435761 & 0xFFFFFFFF:08x}{i:056x}","response_model":"m{side}-2026-01-01","finish_reason":"stop",'
                                     f'"input_tokens":812,"output_tokens":64,"latency_ms":{mixed % 4000 / 4 + 100},"attempts":1,"output":"ok"}}\n')
                    out.write("".join(lines))
                out.write(json.dumps({"record": "end", "cases": len(mine), "repeats": 1}, separators=(",", ":")) + "\n")
    return files


# What DuckDB has to do at least: join by case, four counts by slice and cluster.
LEAN = """COPY (SELECT tenant, cluster, count(*) AS n, count(*) FILTER (a AND b), count(*) FILTER (a AND NOT b), count(*) FILTER (b AND NOT a)
FROM (SELECT case_id, any_value(segments.tenant) AS tenant, any_value(cluster) AS cluster,
             bool_and(outcome = 'pass') FILTER (side = 0) AS a, bool_and(outcome = 'pass') FILTER (side = 1) AS b
      FROM ({rows}) WHERE record = 'case' GROUP BY case_id HAVING count(*) = 2)
GROUP BY tenant, cluster ORDER BY tenant, cluster) TO '/dev/null' (FORMAT csv)"""


def duckdb_seconds(python, files, threads):
    """Wall and CPU."""
    columns = "{record: 'VARCHAR', case_id: 'VARCHAR', outcome: 'VARCHAR', segments: 'STRUCT(tenant VARCHAR)', cluster: 'VARCHAR'}"
    rows = " UNION ALL ".join(f"SELECT {side} AS side, * FROM read_json({files[side]!r}, format = 'newline_delimited', columns = {columns})"
                              for side in range(2))
    script = (f"import duckdb, time\ne = duckdb.connect()\ne.execute('SET threads = {threads}')\ne.execute('SET enable_progress_bar = false')\ns, c = time.monotonic(), time.process_time()\n"
              f"e.execute({LEAN.format(rows=rows)!r})\nprint(time.monotonic() - s, time.process_time() - c)")
    return [float(x) for x in subprocess.run([python, "-c", script], check=True, capture_output=True, text=True).stdout.split()[-2:]]


def simdjson_cpu(bench, files):
    return min(reading.parse(bench, how, files)["cpu"] for how in ("dom", "many"))


def least(runs):
    return ", ".join(f"{min(run[i] for run in runs):.1f} s" for i in (0, 1))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--rows", type=int, default=20_000_000, help="of both sides together")
    parser.add_argument("--shards", type=int, default=8)
    parser.add_argument("--clusters", type=int, default=1_000_000, help="of the counts that are gated, two pairs each")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--keep", type=pathlib.Path)
    parser.add_argument("-o", type=pathlib.Path, default=TOP / "docs" / "scale.md")
    o = parser.parse_args()
    bench, minslice = o.build / "bin" / "reading_bench", o.build / "bin" / "minslice"
    engines = pathlib.Path(os.environ.get("MINSLICE_ENGINES", pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "minslice/engines"))
    python = engines / "duckdb/bin/python"
    with tempfile.TemporaryDirectory() as temporary:
        folder = o.keep or pathlib.Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        pairs = o.rows // 2
        counts = folder / "counts"

        def reduce(files, threads):
            return reading.run([minslice, "reduce", "--incumbent", *files[0], "--candidate", *files[1], "--threads", str(threads), "-o", counts, "--quiet"])

        files = write_shards(folder, "many", pairs, 100_003, 1000, o.shards)
        flat = [file for side in files for file in side]
        size = sum(os.path.getsize(file) for file in flat)
        one, two, duck, alone = [], [], [], []
        for _ in range(o.runs):
            alone.append(simdjson_cpu(bench, flat))
            one.append(reduce(files, 1))
            two.append(reduce(files, 2))
            duck.append(duckdb_seconds(python, files, 2))
        share = statistics.median(a / u[1] for a, u in zip(alone, one))
        ratio, ratio_cpu = (statistics.median(d[i] / t[i] for d, t in zip(duck, two)) for i in (0, 1))
        for file in flat:
            os.unlink(file)
        # Logs as runs make them: no clusters, two dimensions.
        plain = [[folder / f"plain-{side}.jsonl"] for side in range(2)]
        for side in range(2):
            subprocess.run([bench, "log", plain[side][0], str(pairs // 10), "1", str(side)], check=True)
        plain_share = statistics.median(simdjson_cpu(bench, [plain[0][0], plain[1][0]]) / reduce(plain, 1)[1] for _ in range(o.runs))
        for side in range(2):
            os.unlink(plain[side][0])
        # Memory does not grow with the log.
        peaks = []
        for part in (pairs // 20, pairs // 5):
            files = write_shards(folder, "flat", part, 1003, 1000, 1)
            peaks.append((2 * part, reduce(files, 1)[2]))
            for side in files:
                os.unlink(side[0])
        files = write_shards(folder, "wide", 2 * o.clusters, o.clusters, 1000, 1)
        reduce(files, 1)
        for side in files:
            os.unlink(side[0])
        policy = folder / "gate.yaml"
        policy.write_text("version: 1\nsegments: {dimensions: [tenant]}\n")
        gated = [reading.run([minslice, "gate", policy, "--counts", counts], (0, 10, 11, 12, 13)) for _ in range(o.runs)]
        counts_size = counts.stat().st_size
    seconds = statistics.median(u[1] for u in one)
    per_second = o.rows / seconds
    hours = 1e9 / per_second / 3600
    shared = reading.shared_report()
    lines = [
        f"Made by `tests/bench/scale/report.py BUILD --rows {o.rows} --shards {o.shards} --clusters {o.clusters} --runs {o.runs}` on "
        f"{datetime.date.today()}: {shared.processor()}, {os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f}. Ratios are of runs side by side.",
        "",
        "| what | measured | asked |",
        "| --- | ---: | ---: |",
        f"| `reduce` of {o.rows:,} rows ({size / 1e9:.2f} GB, {o.shards} shards a side), 1,000 slices, 100,003 clusters: CPU of one thread | "
        f"{seconds:.1f} s, {per_second / 1e6:.2f} million rows/s, {size / seconds / 1e6:.0f} MB/s | |",
        f"| simdjson alone on the same bytes | {statistics.median(alone):.1f} s | |",
        f"| share of simdjson's rate per core | {100 * share:.0f} % | 60 % |",
        f"| the same share, logs of {pairs // 10:,} rows without clusters, 160 sets of segments | {100 * plain_share:.0f} % | 60 % |",
        f"| `reduce --threads 2`: by the clock, CPU | {least(two)} | |",
        f"| DuckDB, two threads, the least query that answers the same | {least(duck)} | |",
        f"| DuckDB's time over ours: by the clock, CPU | {ratio:.1f}, {ratio_cpu:.1f} | 3 |",
        f"| peak memory, sorted log of {peaks[0][0]:,} rows and of {peaks[1][0]:,} | {peaks[0][1] / 1e6:.0f} MB, {peaks[1][1] / 1e6:.0f} MB | equal |",
        f"| `gate` on counts of 1,000 slices and {o.clusters:,} clusters ({2 * o.clusters:,} pairs, {counts_size / 1e6:.0f} MB): by the clock, CPU | {least(gated)} | 2 s |",
        "",
        f"A billion rows at this rate are {1e9 / per_second / 60:.0f} minutes of one core, {1e9 * size / o.rows / 1e9:.0f} GB to read. Sixteen nodes of two cores that "
        f"each keep their shards take {60 * hours / 32:.1f} minutes; at 0.10 USD an hour for such a node the reduction costs "
        f"{max(0.01, hours / 2 * 0.10):.2f} USD. What is left to the one process that decides is the counts: some {counts_size / o.clusters:.0f} bytes a cluster.",
    ]
    shared.write_section(o.o, "scale", "\n".join(lines))
    print("\n".join(lines))


if __name__ == "__main__":
    main()
