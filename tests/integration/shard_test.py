"""A run in parts: all parts together are the run in one piece, row for row; a part that is missing, given twice, of another K, model or
suite is refused and named; a part that was killed is completed, one that is done is not asked again."""

import json
import time

from harness import Folder, Mock, check, final_rows, main, read_log, run, start, write_suite

CASES = 500
K = 5
CONFIG = "models: [{name: m, pass_rate: 0.8, seed: 5}, {name: n, pass_rate: 0.8}]\nlatency: {ms: 5}\n"
FIELDS = ("outcome", "output", "scores", "segments", "prompt_sha256", "response_model", "error")


def by_case(path):
    _, rows, end = read_log(path)
    check(end is not None, f"{path}: no end record")
    return {(row["case_id"], row["repeat"]): {field: row.get(field) for field in FIELDS} for row in rows}


def test():
    with Folder() as folder:
        suite = write_suite(folder, CASES)
        with Mock(suite, CONFIG) as mock:
            base = ["run", suite, "--target", "t", "--model", "m", "--base-url", mock.base_url]
            base += ["--repeats", 2, "--concurrency", 20, "--quiet"]
            whole = folder / "whole.jsonl"
            run(*base, "-o", whole)

            pattern = str(folder / "{target}.{shard}.jsonl")
            logs = [folder / f"t.{i}-of-{K}.jsonl" for i in range(1, K + 1)]
            run(*base, "-o", pattern, "--shard", f"1/{K}")
            slurm = {"SLURM_ARRAY_TASK_ID": "2", "SLURM_ARRAY_TASK_MIN": "1", "SLURM_ARRAY_TASK_COUNT": str(K)}
            run(*base, "-o", pattern, "--shard", "auto", env=slurm)
            run(*base, "-o", pattern, "--shard", "auto", env={"JOB_COMPLETION_INDEX": "2", "JOB_COMPLETIONS": str(K)})
            run(*base, "-o", pattern, "--shard", f"5/{K}")

            # The fourth dies and is started again.
            process = start(*base, "-o", pattern, "--shard", f"4/{K}")
            limit = time.monotonic() + 60
            while not (logs[3].exists() and logs[3].read_bytes().count(b"\n") > 20):
                check(time.monotonic() < limit, "shard 4 does not start")
                time.sleep(0.002)
            process.kill()
            process.communicate()
            merge = ["log", "merge", *logs]
            ended = run(*merge, "-o", folder / "early.jsonl", expect=2)
            check("shard 4 of 5 is unfinished" in ended.err, f"unfinished: {ended}")
            run(*base, "-o", pattern, "--shard", f"4/{K}", "--resume")

            merged = folder / "merged.jsonl"
            run(*merge, "-o", merged)
            check(by_case(merged) == by_case(whole), "the parts are not the whole")
            record, _, end = read_log(merged)
            check(end["cases"] == CASES and record["cases"] == CASES and "shard" not in record, f"{record} {end}")
            run("log", "verify", merged)

            done = json.loads((folder / "t.3-of-5.jsonl.done").read_text())
            record, rows, _ = read_log(logs[2])
            check(done["rows"] == len(rows) and done["shard"] == {"index": 3, "of": 5}, f"done file: {done}")
            check(sum(json.loads(p.with_name(p.name + ".done").read_text())["rows"] for p in logs) == 2 * CASES, "rows")

            # Started again by its scheduler: a valid done file is the end of it, one that is not valid is made anew.
            before = mock.stats()["requests"]
            run(*base, "-o", pattern, "--shard", f"3/{K}", "--resume")
            check(mock.stats()["requests"] == before, "a shard that is done was asked again")
            logs[2].write_bytes(logs[2].read_bytes().replace(b'"record":"end"', b'"record":"en"')[:-20])
            lines = logs[2].read_bytes().splitlines(keepends=True)
            logs[2].write_bytes(b"".join(lines[: len(lines) // 2]))
            run(*base, "-o", pattern, "--shard", f"3/{K}", "--resume")
            check(by_case(logs[2]) == {k: v for k, v in by_case(whole).items() if k in by_case(logs[2])}, "shard 3")
            check(len(by_case(logs[2])) == done["rows"], "shard 3 is not whole")
            check(mock.stats()["requests"] > before, "what was lost was not asked again")

            def refused(parts, text):
                ended = run("log", "merge", *parts, "-o", folder / "no.jsonl", expect=2)
                check(text in ended.err, f"{text}: {ended}")
                check(not (folder / "no.jsonl").exists(), "a refused merge wrote a log")

            refused(logs[:2] + logs[3:], "of 5 shards 1 is missing: 3")
            refused([*logs, logs[1]], "given twice")
            run(*base, "-o", folder / "four.jsonl", "--shard", "1/4")
            refused([*logs[1:], folder / "four.jsonl"], "is a shard of 4")
            other = [("n" if x == "m" else x) for x in base]
            run(*other, "-o", folder / "n.jsonl", "--shard", f"1/{K}")
            refused([folder / "n.jsonl", *logs[1:]], "request_model")
            run(*base, "-o", folder / "bad.jsonl", "--shard", "6/5", expect=2)


def answered_by(path, model):
    """Rewrites the log as if another model had answered it: what a provider does that changes a model behind a name."""
    path.write_text(path.read_text().replace('"response_model":"m"', f'"response_model":"{model}"'))
    path.with_name(path.name + ".done").unlink()


def misfortunes():
    """What happens to workers: each is healed, or the merge names it; no answer is counted twice or paid for twice."""
    with Folder() as folder:
        suite = write_suite(folder, 300)
        with Mock(suite, CONFIG) as mock:
            base = ["run", suite, "--target", "t", "--model", "m", "--base-url", mock.base_url, "--repeats", 2]
            base += ["--concurrency", 4, "--quiet"]
            whole = folder / "whole.jsonl"
            run(*base, "-o", whole)
            paid = mock.stats()["requests"]
            logs = [folder / f"{i}.jsonl" for i in (1, 2, 3)]
            done = [path.with_name(path.name + ".done") for path in logs]

            # Two workers on one shard: the second is refused while the first writes, and asks nothing afterwards.
            first = start(*base, "-o", logs[0], "--shard", "1/3")
            limit = time.monotonic() + 60
            while not (logs[0].exists() and logs[0].read_bytes().count(b"\n") > 20):
                check(time.monotonic() < limit, "shard 1 does not start")
                time.sleep(0.002)
            second = run(*base, "-o", logs[0], "--shard", "1/3", "--resume", expect=2)
            check("is being written by another process" in second.err, f"second worker: {second}")
            first.communicate(timeout=120)
            check(first.returncode == 0, "the first worker of shard 1")
            run(*base, "-o", logs[0], "--shard", "1/3", "--resume")

            # The same from two machines that do not see each other's files: both are whole, the merge takes neither twice.
            run(*base, "-o", logs[1], "--shard", "2/3")
            other = folder / "other-node.jsonl"
            run(*base, "-o", other, "--shard", "2/3")
            paid_twice = len(read_log(other)[1])

            # A node dies with its disk: the shard is missing, run again elsewhere it is whole.
            ended = run("log", "merge", logs[0], logs[1], "-o", folder / "no.jsonl", expect=2)
            check("of 3 shards 1 is missing: 3" in ended.err, ended)
            # A node dies between the last row and the done file: the next worker asks nothing and writes it.
            run(*base, "-o", logs[2], "--shard", "3/3")
            receipt = done[2].read_bytes()
            done[2].unlink()
            before = mock.stats()["requests"]
            run(*base, "-o", logs[2], "--shard", "3/3", "--resume")
            check(mock.stats()["requests"] == before and done[2].read_bytes() == receipt, "shard 3 was done")

            ended = run("log", "merge", *logs, other, "-o", folder / "no.jsonl", expect=2)
            check("shard 2 of 3 is given twice" in ended.err and str(other) in ended.err, ended)
            check(not (folder / "no.jsonl").exists(), "a refused merge wrote a log")
            merged = folder / "merged.jsonl"
            run("log", "merge", *logs, "-o", merged)
            check(by_case(merged) == by_case(whole), "the parts are not the whole")
            check(len(read_log(merged)[1]) == 600, "rows")
            check(mock.stats()["requests"] == 2 * paid + paid_twice, "an answer was paid for twice")

            # A log that changed behind its done file, and one that another model answered.
            kept = logs[1].read_bytes()
            logs[1].write_bytes(kept.replace(b'"outcome":"pass"', b'"outcome":"fail"', 1))
            ended = run("log", "merge", *logs, "-o", folder / "no.jsonl", expect=2)
            check("2.jsonl.done: speaks of another log" in ended.err, ended)
            logs[1].write_bytes(kept)
            answered_by(logs[1], "m-2026-11-20")
            ended = run("log", "merge", *logs, "-o", folder / "no.jsonl", expect=2)
            check(f'{logs[1]}: was answered by "m-2026-11-20", {logs[0]} by "m"' in ended.err, ended)
            ended = run("log", "merge", *logs, "--any-model", "-o", folder / "mixed.jsonl")
            check("was answered by" in ended.err, ended)


def budgets():
    """The shares add up to the whole; K above the number of cases leaves shards without a case, which are whole logs."""
    with Folder() as folder:
        suite = write_suite(folder, 7)
        with Mock(suite, CONFIG) as mock:
            base = ["run", suite, "--target", "t", "--model", "m", "--base-url", mock.base_url, "--quiet"]
            many = [folder / f"{i}.jsonl" for i in range(1, 20)]
            for i, path in enumerate(many, 1):
                run(*base, "-o", path, "--shard", f"{i}/19")
            run("log", "merge", *many, "-o", folder / "merged.jsonl")
            check(len(read_log(folder / "merged.jsonl")[1]) == 7, "7 cases in 19 shards")
            before = mock.stats()["requests"]
            codes = []
            for i in (1, 2):
                flags = ["-o", folder / f"b{i}.jsonl", "--shard", f"{i}/2", "--budget-requests", 5, "--repeats", 4]
                codes.append(run(*base, *flags, expect=None).code)
            check(codes == [2, 2] and mock.stats()["requests"] - before == 5, f"5 requests over 2 shards: {codes}, {mock.stats()['requests'] - before}")
            ended = run(*base, "-o", folder / "c.jsonl", "--shard", "1/9", "--budget-requests", 5, expect=2)
            check("a budget of 5 requests has none for each of 9 shards" in ended.err, ended)


def unanswered():
    """infra_error rows of a shard that ended are asked again when its scheduler starts it again."""
    with Folder() as folder:
        suite = write_suite(folder, 60, "max_attempts: 1\n")
        flags = ["run", suite, "--target", "t", "--model", "m", "--quiet", "--repeats", 1, "--shard", "1/2"]
        flags += ["-o", folder / "1.jsonl"]
        with Mock(suite, CONFIG + "faults: {http_500: 0.3}\n") as mock:
            run(*flags, "--base-url", mock.base_url)
        done = folder / "1.jsonl.done"
        check(json.loads(done.read_text())["outcomes"]["infra_error"] > 0, "no row failed")
        with Mock(suite, CONFIG) as mock:
            run(*flags, "--base-url", mock.base_url, "--resume")
            check(mock.stats()["requests"] > 0, "rows without an answer were not asked again")
        _, rows, _ = read_log(folder / "1.jsonl")
        check(all(row["outcome"] != "infra_error" for row in final_rows(rows).values()), "rows without an answer")


def parts():
    test()
    misfortunes()
    budgets()
    unanswered()


main(parts)
