"""A run in parts: all parts together are the run in one piece, row for row; a part that is missing, given twice, of another K, model or
suite is refused and named; a part that was killed is completed, one that is done is not asked again."""

import json
import time

from harness import Folder, Mock, check, main, read_log, run, start, write_suite

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


main(test)
