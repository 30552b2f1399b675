"""Logs to count: both sides of a suite with repeats, clusters, errors, unpaired cases and hostile names, cut and shuffled at will."""

import hashlib
import json
import random

OUTCOMES = ["pass", "fail", "model_error", "infra_error"]


def shard_of(suite, case_id, of):
    return int.from_bytes(hashlib.sha256(f"{suite}\n{case_id}".encode()).digest()[:8], "big") % of + 1


def make_sides(cases=900, repeats=3, clusters=True, graded=True, plain=False, numeric=False, seed=1):
    """[incumbent rows, candidate rows], each row a dict as a log has it. Plain: no row is missing of a case, and every line is what the quick
    scanner takes, so that sorted logs are counted as they are read."""
    draw = random.Random(seed)
    flows = ["refund", "invoice", "escalation", "contract", "日本"] if plain else ["refund", "invoice", 'esca"lation', "contract\\review", "日本"]
    sides = [[], []]
    for i in range(cases):
        case = f"case-{i:06}"
        segments = {"flow": flows[i % 5], "tenant": f"t-{draw.randrange(3)}"}
        if numeric:
            segments["tokens"] = str(i * 7 % 4000)
        if i % 11 == 0:
            del segments["tenant"]
        cluster = f"doc-{draw.randrange(max(2, cases // 6))}" if clusters and i % 7 else None
        base = draw.random()
        for side in (0, 1):
            if draw.random() < 0.02:
                continue  # unpaired
            for repeat in range(1, repeats + 1):
                if draw.random() < 0.004 and not plain:
                    continue
                rate = 0.9 if base < 0.75 else 0.4
                outcome = draw.choices(OUTCOMES, [rate - 0.03 * side, 1 - rate, 0.02, 0.01])[0]
                row = {"record": "case", "case_id": case, "repeat": repeat, "outcome": outcome}
                if outcome in ("pass", "fail"):
                    row["scores"] = {"pass": int(outcome == "pass")}
                    if graded:
                        row["scores"]["quality"] = round(min(1, max(0, draw.gauss(0.7 - 0.01 * side, 0.2))), draw.choice([1, 3, 12]))
                row["segments"] = segments
                if cluster:
                    row["cluster"] = cluster
                row["prompt_sha256"] = hashlib.sha256(case.encode()).hexdigest()
                if outcome != "infra_error":
                    row["response_model"] = f"model-{side}-2026-11-01"
                    if repeat == 2:
                        row["system_fingerprint"] = f"fp_{side}"
                    if i % 9 == 0 and not plain:
                        row["via"] = {"deployment": f"eu-{i % 2}"}
                    row["latency_ms"] = round(draw.lognormvariate(5, 1.4), 3)
                row.update(input_tokens=draw.randrange(2000), output_tokens=draw.randrange(300), cost_usd=round(draw.random() / 997, 9), attempts=1,
                           output="answer " + "x" * draw.randrange(80))
                sides[side].append(row)
    return sides


def write_log(path, side, rows, suite="support", repeats=None, shard=None):
    name = ["incumbent", "candidate"][side]
    repeats = repeats or max([row["repeat"] for row in rows], default=1)
    run = {"record": "run", "log_version": 1, "suite": suite, "suite_sha256": "5" * 64, "target": name, "request_model": f"model-{side}-2026-11-01",
           "gateway": "http://127.0.0.1:4000", "request": {"temperature": 0}, "repeats": repeats, "started_at": "2026-11-21T03:00:00Z",
           "minslice": "0.1.0"}
    if shard:
        run["shard"] = {"index": shard[0], "of": shard[1]}
    ids = {row["case_id"] for row in rows}
    end = {"record": "end", "cases": 0, "repeats": 1, "ended_at": "2026-11-21T03:10:00Z"}
    # Some rows are missing on purpose, which an end record that counts them would call a loss.
    end["cases"] = len(rows) // repeats if repeats > 1 else len(ids)
    with open(path, "w") as out:
        for record in [run, *rows, end]:
            out.write(json.dumps(record, separators=(",", ":"), ensure_ascii=False) + "\n")
    return str(path)


def write_shards(folder, sides, of, draw=None, **more):
    """[[incumbent's logs], [candidate's]]; rows shuffled where there is a `draw`. One shard: logs without a shard record."""
    logs = [[], []]
    for side, rows in enumerate(sides):
        repeats = max(row["repeat"] for row in rows)
        parts = [[] for _ in range(of)]
        for row in rows:
            parts[shard_of("support", row["case_id"], of) - 1].append(row)
        for k, part in enumerate(parts):
            if draw:
                draw.shuffle(part)
            logs[side].append(write_log(folder / f"{side}-{k + 1}-of-{of}.jsonl", side, part, repeats=repeats, shard=(k + 1, of) if of > 1 else None,
                                        **more))
    return logs
