"""The counts that an engine makes are minslice's own, byte for byte, and so is the verdict on them.

usage: engine_counts_test.py MINSLICE duckdb|postgres|spark
"""

import json
import random
import subprocess
import sys

import harness
from counted_logs import make_sides, write_shards
from counts_test import GRADED, POLICY, run, sha256
from harness import Folder, check, main

ENGINE = sys.argv[2]


SCRIPT = harness.TOP / "scripts/distributed" / ENGINE


def started(*arguments, timeout):
    done = subprocess.run([SCRIPT, "--minslice", harness.MINSLICE, *arguments], capture_output=True, text=True, timeout=timeout)
    if done.returncode == 77:
        print(done.stdout.strip())
        sys.exit(77)
    return done


def count(folder, jobs, threads):
    """(exit code, what it said) of each job, a list of arguments."""
    if ENGINE != "spark":
        done = [started(*map(str, job), "--threads", str(threads), timeout=900) for job in jobs]
        return [(one.returncode, one.stdout + one.stderr) for one in done]
    # A session takes longer to start and to warm up than all of its queries.
    (folder / "jobs").write_text("".join(json.dumps([*map(str, job)]) + "\n" for job in jobs))
    done = started("--each", folder / "jobs", "--threads", str(threads), "--small", timeout=2400)
    check(done.returncode == 0, f"exit {done.returncode}\n{done.stdout}{done.stderr}")
    return [(one["code"], one["stderr"]) for one in map(json.loads, done.stdout.splitlines())]


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
            more = ["--repeats", shape.get("repeats", 3), *(["--metric", "quality"] if graded else [])]
            (folder / "gate.yaml").write_text(POLICY % (GRADED if graded else "", ""))
            sides = make_sides(**shape)
            jobs, own = [], []
            for of in cut:
                logs = write_shards(folder, sides, of, random.Random(of))
                for source in sources:
                    own.append(folder / f"own-{of}")
                    jobs.append(["--incumbent", *logs[0], "--candidate", *logs[1], "-o", folder / f"theirs-{len(jobs)}", *more, *source])
                run("reduce", "--incumbent", *logs[0], "--candidate", *logs[1], *more[2:], "-o", own[-1], "--quiet")
            # What pairing refuses, the query refuses.
            twice = [row for row in sides[0] if row["outcome"] == "pass"][:1]
            (folder / "bad").mkdir()
            bad = write_shards(folder / "bad", [sides[0] + twice, sides[1]], 1)
            jobs.append(["--incumbent", *bad[0], "--candidate", *bad[1], "-o", folder / "no", *more])
            verdicts = {verdict(folder, counts) for counts in own}
            for threads in (1, 2):
                done = count(folder, jobs, threads)
                check(len(done) == len(jobs), f"{len(done)} of {len(jobs)} counts")
                for i, counts in enumerate(own):
                    where = f"{ENGINE}, {counts.name}, count {i}, {threads} threads"
                    check(done[i][0] == 0, f"{where}: exit {done[i][0]}: {done[i][1]}")
                    theirs = folder / f"theirs-{i}"
                    check(theirs.read_bytes() == counts.read_bytes(), f"{where}: other counts")
                    verdicts.add(verdict(folder, theirs))
                    theirs.unlink()
                code, said = done[-1]
                check(code == 2 and "duplicate_rows" in said and not (folder / "no").exists(), f"{code} {said}")
            check(len(verdicts) == 1, f"{len(verdicts)} verdicts of one set of logs")
    print(f"{ENGINE}: counts and verdicts equal")


main(test)
