"""The counts that an engine makes are minslice's own, byte for byte, and so is the verdict on them.

usage: engine_counts_test.py MINSLICE duckdb|postgres|spark
"""

import random
import subprocess
import sys

import harness
from counted_logs import make_sides, write_shards
from counts_test import GRADED, POLICY, run, sha256
from harness import Folder, check, main

ENGINE = sys.argv[2]


def count(folder, logs, name, *more):
    done = subprocess.run([harness.TOP / "scripts/distributed" / ENGINE, "--minslice", harness.MINSLICE, "--incumbent", *logs[0], "--candidate",
                           *logs[1], "-o", folder / name, *more], capture_output=True, text=True, timeout=900)
    if done.returncode == 77:
        print(done.stdout.strip())
        sys.exit(77)
    check(done.returncode == 0, f"{ENGINE}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return folder / name


def verdict(folder, counts):
    # One name, so that one verdict.
    (folder / "counts").write_bytes(counts.read_bytes())
    run("gate", folder / "gate.yaml", "--counts", folder / "counts", "--out", folder / "out", "--quiet", exits=(0, 10, 11, 12, 13))
    return sha256(folder / "out/verdict.json")


def test():
    # DuckDB reads Parquet as well.
    sources = [[], ["--parquet"]] if ENGINE == "duckdb" else [[]]
    for shape, cut in [(dict(cases=800), (1, 2, 7, 64)), (dict(cases=500, repeats=1, clusters=False, graded=False), (7,))]:
        with Folder() as folder:
            graded = shape.get("graded", True)
            metric = ["--metric", "quality"] if graded else []
            (folder / "gate.yaml").write_text(POLICY % (GRADED if graded else "", ""))
            sides = make_sides(**shape)
            verdicts = set()
            for of in cut:
                logs = write_shards(folder, sides, of, random.Random(of))
                own = folder / "own"
                run("reduce", "--incumbent", *logs[0], "--candidate", *logs[1], *metric, "-o", own, "--quiet")
                verdicts.add(verdict(folder, own))
                for threads in (1, 2):
                    for source in sources:
                        counts = count(folder, logs, "theirs", "--repeats", str(shape.get("repeats", 3)), "--threads", str(threads), *metric, *source)
                        check(counts.read_bytes() == own.read_bytes(), f"{ENGINE} {source}: other counts at K = {of}, {threads} threads")
                        verdicts.add(verdict(folder, counts))
            check(len(verdicts) == 1, f"{len(verdicts)} verdicts of one set of logs")
            # What pairing refuses, the query refuses.
            twice = [row for row in sides[0] if row["outcome"] == "pass"][:1]
            bad = write_shards(folder, [sides[0] + twice, sides[1]], 1)
            done = subprocess.run([harness.TOP / "scripts/distributed" / ENGINE, "--minslice", harness.MINSLICE, "--incumbent", *bad[0], "--candidate",
                                   *bad[1], "-o", folder / "no", "--repeats", str(shape.get("repeats", 3)), *metric], capture_output=True, text=True)
            check(done.returncode == 2 and "duplicate_rows" in done.stderr and not (folder / "no").exists(), f"{done.returncode} {done.stderr}")
    print(f"{ENGINE}: counts and verdicts equal")


main(test)
