"""A verdict on counts is the verdict on the logs, figure by figure, and one verdict.json whatever the number of shards and threads, the order of
rows, and the tree in which parts were added. What counts cannot answer is refused."""

import hashlib
import itertools
import json
import pathlib
import random
import re

from counted_logs import make_sides, write_log, write_shards
import harness
from harness import Folder, check, main

POLICY = """version: 1
metrics:
  - {name: pass, role: primary, type: binary, margin: 0.05}
%s
segments:
  dimensions: [flow, {cross: [flow, tenant], role: report}%s]
  min_cases: 20
methods: {bootstrap: {B: 500}}
"""
GRADED = "  - {name: quality, role: guardrail, type: graded, range: [0, 1], margin: 0.05}"
BINS = ", {key: tokens, bins: [0, 1000, 2000, 4000]}"
# Where a verdict says which files it was reached on, and the ids that counts do not hold.
FILES = {"inputs", "run_hash"}
IDS = {"broke", "fixed", "case_ids", "ids", "incumbent_only_ids", "candidate_only_ids", "incumbent_infra_ids", "candidate_infra_ids"}


def figures(verdict):
    def strip(value, top=False):
        if isinstance(value, dict):
            return {k: len(v) if k in IDS else strip(v) for k, v in value.items() if k != "case_id" and not (top and k in FILES)}
        if isinstance(value, str):
            return re.sub(r"case-\d{6}|#\d{12}", "ID", value)  # sentences name cases
        return [strip(v) for v in value] if isinstance(value, list) else value

    left = strip(verdict, True)
    # What only prompts can say.
    left["warnings"] = [w for w in left["warnings"] if "several ids" not in w]
    left["drift"] = {k: v for k, v in left["drift"].items() if k != "findings"}
    return left


def run(*arguments, exits=(0,), env=None):
    done = harness.run(*arguments, expect=None, env=env)
    check(done.code in exits, f"{arguments}: expected exit {exits}, found {done}")
    return done


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def gate(folder, name, *arguments, env=None):
    out = folder / name
    done = run("gate", folder / "gate.yaml", *arguments, "--out", out, "--quiet", env=env, exits=(0, 10, 11, 12, 13))
    return out / "verdict.json", done


def same_figures(a, b, where=""):
    check(type(a) is type(b), f"{where}: {a!r} and {b!r}")
    if isinstance(a, dict):
        check(a.keys() == b.keys(), f"{where}: {sorted(a.keys() ^ b.keys())}")
        for key in a:
            same_figures(a[key], b[key], f"{where}.{key}")
    elif isinstance(a, list):
        check(len(a) == len(b), f"{where}: {len(a)} and {len(b)}: {a} {b}"[:600])
        for i, (x, y) in enumerate(zip(a, b)):
            same_figures(x, y, f"{where}[{i}]")
    else:
        check(a == b, f"{where}: {a!r} from logs, {b!r} from counts")


def counted(path):
    """What was counted, wherever it lay."""
    return json.loads(path.read_text().splitlines()[-1])["counts_sha256"]


def one_suite(folder, everywhere, **shape):
    """`everywhere`: a verdict at every K and number of threads; otherwise the counts are compared."""
    graded = shape.get("graded", True)
    (folder / "gate.yaml").write_text(POLICY % (GRADED if graded else "", BINS if shape.get("numeric") else ""))
    sides = make_sides(**shape)
    whole = [write_log(folder / f"whole-{side}.jsonl", side, rows) for side, rows in enumerate(sides)]
    verdict_path, _ = gate(folder, "from-logs", "--incumbent", whole[0], "--candidate", whole[1])
    from_logs = json.loads(verdict_path.read_text())
    metric = ["--policy", folder / "gate.yaml"] if graded else []
    counts = folder / "counts"
    run("reduce", "--incumbent", whole[0], "--candidate", whole[1], *metric, "-o", counts, "--quiet")
    verdict_path, _ = gate(folder, "from-counts", "--counts", counts)
    from_counts = json.loads(verdict_path.read_text())
    same_figures(figures(from_logs), figures(from_counts))
    check(all(case.startswith("#0") for case in from_counts["aggregate"]["broke"]), "ids in a verdict on counts")
    expected = sha256(verdict_path)
    counted_whole = counted(counts)

    for of, shuffled in [(1, True), (2, True), (7, True), (64, True)]:
        cut = folder / f"cut-{of}"
        cut.mkdir()
        draw = random.Random(of)
        logs = write_shards(cut, sides, of, draw if shuffled else None)
        for threads in (1, 2):
            run("reduce", "--incumbent", *logs[0], "--candidate", *logs[1], *metric, "--threads", threads, "-o", counts, "--quiet")
            check(counted(counts) == counted_whole, f"other counts at K = {of}, {threads} threads")
            if not everywhere:
                continue  # a verdict of equal counts
            verdict_path, _ = gate(folder, f"of-{of}-{threads}", "--counts", counts, env={"OMP_NUM_THREADS": str(threads)})
            check(sha256(verdict_path) == expected, f"another verdict.json at K = {of}, {threads} threads")
        # Part by part, added in any order and any tree.
        parts = []
        for k, pair in enumerate(zip(*logs)):
            parts.append(cut / f"part-{k}")
            run("reduce", "--incumbent", pair[0], "--candidate", pair[1], *metric, "-o", parts[-1], "--quiet")
        whole_bytes = counts.read_bytes()
        number = itertools.count()
        while len(parts) > 1:
            draw.shuffle(parts)
            few = min(len(parts), draw.randrange(2, 6))
            sum_path = cut / f"sum-{next(number)}"
            run("reduce", *parts[:few], "-o", sum_path, "--quiet")
            parts = [sum_path, *parts[few:]]
        check(parts[0].read_bytes() == whole_bytes, f"another sum at K = {of}")
        if of == 7:
            seven = logs, metric
    return from_logs, seven, whole


def refusals(folder, logs, metric, whole):
    one = folder / "one"
    run("reduce", "--incumbent", logs[0][0], "--candidate", logs[1][0], *metric, "-o", one, "--quiet")
    done = run("gate", folder / "gate.yaml", "--counts", one, exits=(2,))
    check("shard 2 of 7 of the incumbent is not counted" in done.err, done.err)
    done = run("reduce", one, one, "-o", folder / "twice", exits=(2,))
    check("is counted in" in done.err and not (folder / "twice").exists(), done.err)
    text = one.read_text()
    torn = folder / "torn"
    for name, bad in {"cut": text[: len(text) // 2], "edited": text.replace('"pp', '"pf', 1), "line lost": text.replace(text.splitlines()[5] + "\n", "")}.items():
        torn.write_text(bad)
        done = run("gate", folder / "gate.yaml", "--counts", torn, exits=(2,))
        check("cut or edited" in done.err, f"{name}: {done.err}")
    policy = folder / "beyond.yaml"
    policy.write_text("version: 1\nsequential: {}\n")
    counts = folder / "counts"
    done = run("gate", policy, "--counts", counts, exits=(2,))
    check("counts have none" in done.err, done.err)
    done = run("gate", folder / "gate.yaml", "--incumbent", counts, "--candidate", whole[1], exits=(2,))
    check("holds both sides" in done.err, done.err)
    # A log that is not finished is no evidence, and counts could not show that it was not.
    lines = open(whole[0]).read().splitlines(keepends=True)
    (folder / "unfinished.jsonl").write_text("".join(lines[:-1]))
    done = run("reduce", "--incumbent", folder / "unfinished.jsonl", "--candidate", whole[1], "-o", folder / "no", exits=(2,))
    check("unfinished_log" in done.err and not (folder / "no").exists(), done.err)


def refused(folder, what, *arguments):
    done = run("reduce", *arguments, "-o", folder / "refused", exits=(2,))
    check(what in done.err, f"expected {what!r} in {done.err}")
    check(not (folder / "refused").exists(), f"counts in spite of {what!r}")


def misfortunes(folder, logs, sides, metric):
    """Shards that were killed, lost, doubled or taken by two workers: said, or healed by the shard's rerun; nothing is counted twice."""
    def part(k, *both):
        run("reduce", "--incumbent", both[0], "--candidate", both[1], *metric, "-o", folder / f"shard-{k}", "--quiet")
        return folder / f"shard-{k}"

    def reduce_all(incumbent, candidate):
        return ["--incumbent", *incumbent, "--candidate", *candidate, *metric]

    parts = [part(k, *pair) for k, pair in enumerate(zip(*logs), 1)]
    run("reduce", *parts, "-o", folder / "sound", "--quiet")
    expected = (folder / "sound").read_bytes()

    # Killed in the middle of a line, by itself and among the others; then run to its end.
    third = pathlib.Path(logs[0][2])
    whole = third.read_bytes()
    third.write_bytes(whole[: len(whole) * 2 // 3])
    refused(folder, f"{third}", "--incumbent", third, "--candidate", logs[1][2], *metric)
    refused(folder, "unfinished_log", *reduce_all(*logs))
    third.write_bytes(whole)
    run("reduce", *reduce_all(*logs), "-o", folder / "again", "--quiet")
    check((folder / "again").read_bytes() == expected, "other counts once the shard was complete")

    # Lost: the sum can be made, the gate says which shard it lacks, and the late part makes it whole.
    run("reduce", *parts[:4], *parts[5:], "-o", folder / "lacking", "--quiet")
    for command in (["gate", folder / "gate.yaml", "--counts", folder / "lacking"], ["compare", folder / "lacking"],
                    ["mde", "--pilot", folder / "lacking"], ["simulate", folder / "gate.yaml", "--incumbent", folder / "lacking"]):
        done = run(*command, exits=(2,))
        check("shard 5 of 7 of the incumbent is not counted" in done.err and "shard 5 of 7 of the candidate" in done.err, f"{command}: {done.err}")
    run("reduce", folder / "lacking", parts[4], "-o", folder / "again", "--quiet")
    check((folder / "again").read_bytes() == expected, "other counts once the lost shard was added")
    refused(folder, "give the same shards of both", *reduce_all(logs[0][:6], logs[1]))
    refused(folder, "give the same shards of both", *reduce_all([logs[0][2]], [logs[1][4]]))

    # Doubled: the same log, a copy of it, a part that is in the sum already.
    copy = folder / "copy.jsonl"
    copy.write_bytes(whole)
    for more in (logs[0][2], copy):
        refused(folder, "is given twice", *reduce_all([*logs[0], more], logs[1]))
    refused(folder, "is counted in", *parts, parts[2])
    refused(folder, "is counted in", folder / "lacking", parts[0])

    # Two workers on one shard: the same cases, other answers, another hash.
    other = [dict(row, latency_ms=row["latency_ms"] + 1) if "latency_ms" in row else row for row in sides[0]]
    (folder / "other").mkdir()
    second = write_shards(folder / "other", [other, sides[1]], 7)
    refused(folder, "shard 3 of 7 of the incumbent is given twice", *reduce_all([*logs[0], second[0][2]], logs[1]))
    rerun = part("3-again", second[0][2], second[1][2])
    refused(folder, "shard 3 of 7 of the incumbent is counted in", *parts, rerun)
    # Another cut of the same run, and the whole run beside one of its shards.
    whole_run = write_shards(folder / "other", [other, sides[1]], 1)
    refused(folder, "is a shard and", *reduce_all([whole_run[0][0], logs[0][0]], [logs[1][0]]))
    (folder / "eighths").mkdir()
    eighths = write_shards(folder / "eighths", sides, 8)
    refused(folder, "they are not cut alike", *reduce_all([*logs[0], eighths[0][7]], [*logs[1], eighths[1][7]]))
    eighth = part("of-8", eighths[0][7], eighths[1][7])
    refused(folder, "they are not cut alike", *parts, eighth)


def other_commands(folder, whole):
    counts = folder / "counts"
    same_answers([
        (["compare", "--by", "flow", "--format", "json"], [*whole], [counts]),
        (["compare", "--metric", "quality", "--by", "flow", "--format", "json"], [*whole], [counts]),
        (["mde", "--margin", "0.02", "--format", "json"], ["--pilot", *whole], ["--pilot", counts]),
    ])


def simulated(folder, whole):
    same_answers([(["simulate", folder / "gate.yaml", "--runs", "20", "--format", "json"], ["--incumbent", whole[0], "--candidate", whole[1]],
                   ["--incumbent", folder / "counts"])])


def same_answers(commands):
    for command, logs, counted in commands:
        a = json.loads(run(*command, *logs).out)
        b = json.loads(run(*command, *counted).out)
        for document in (a, b):
            document.pop("notes", None)
        same_figures(a, b, command[0])


def show_finds_the_logs(folder):
    done = run("show", folder / "from-counts" / "verdict.json", "all", "--broke", "--limit", "2")
    named = run("show", folder / "from-logs" / "verdict.json", "all", "--broke", "--limit", "2")
    check(done.out == named.out and "BROKE" in done.out, done.out + named.out)


def test():
    first = dict(cases=400)
    for shape in [first, dict(cases=700, repeats=1, clusters=False, graded=False, numeric=True), dict(cases=300, repeats=1),
                  dict(cases=300, graded=False, plain=True), dict(cases=700, repeats=1, graded=False, plain=True)]:
        with Folder() as folder:
            verdict, (logs, metric), whole = one_suite(folder, shape == first, **shape)
            if shape == first:
                check(verdict["aggregate"]["n_clusters"] and verdict["nondeterminism"], "no clusters, no repeats")
                run("reduce", "--incumbent", whole[0], "--candidate", whole[1], *metric, "-o", folder / "counts", "--quiet")
                refusals(folder, logs, metric, whole)
                misfortunes(folder, logs, make_sides(**shape), metric)
                other_commands(folder, whole)
                show_finds_the_logs(folder)
            if not shape.get("clusters", True):
                simulated(folder, whole)


if __name__ == "__main__":
    main(test)
