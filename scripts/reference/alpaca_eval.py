#!/usr/bin/env python3
"""Makes tests/data/alpaca_eval from full per-prompt results of AlpacaEval 2 (see the README there).

Kept of each row: id, dataset, length and preference as they are, and no texts: the id is the first 12 hex digits of the
instruction's SHA-1 (checked here), so it still names the prompt.
It also counts, apart from any code of minslice, what the tests expect, and prints that as the table of the README.

usage: alpaca_eval.py RESULTS_DIR [OUT_DIR]      RESULTS_DIR: one jsonl a model, fields id, dataset, length, instruction, output, preference
"""
import hashlib
import json
import pathlib
import sys

PAIRS = [
    ("FuseChat-Llama-3.1-8B-Instruct", "FuseChat-Qwen-2.5-7B-Instruct"),
    ("FuseChat-Llama-3.2-1B-Instruct", "FuseChat-Llama-3.2-3B-Instruct"),
    ("claude-2", "claude-2.1"),
    ("FuseChat-Qwen-2.5-7B-Instruct", "FuseChat-Gemma-2-9B-Instruct"),
]


def compact(source: pathlib.Path, target: pathlib.Path) -> dict:
    rows = {}
    with source.open(encoding="utf-8") as lines, target.open("w", encoding="utf-8", newline="\n") as out:
        for line in lines:
            row = json.loads(line)
            kept = {key: row[key] for key in ("id", "dataset", "length", "preference")}
            assert row["id"] == hashlib.sha1(row["instruction"].encode()).hexdigest()[:12], row["id"]
            out.write(json.dumps(kept, separators=(",", ":")) + "\n")
            rows[row["id"]] = kept
    return rows


def counts(before: dict, after: dict, keep=lambda row: True) -> str:
    ids = [i for i in before if i in after and keep(before[i])]
    x = [before[i]["preference"] > 0.5 for i in ids]
    y = [after[i]["preference"] > 0.5 for i in ids]
    b = sum(p and not q for p, q in zip(x, y))
    c = sum(q and not p for p, q in zip(x, y))
    return f"{len(ids)} | {sum(x)} | {sum(y)} | {b} | {c}"


def main() -> int:
    if len(sys.argv) not in (2, 3):
        print(__doc__, file=sys.stderr)
        return 2
    results = pathlib.Path(sys.argv[1])
    top = pathlib.Path(__file__).resolve().parent.parent.parent
    out = pathlib.Path(sys.argv[2]) if len(sys.argv) == 3 else top / "tests/data/alpaca_eval"
    out.mkdir(parents=True, exist_ok=True)
    models = {p.name.removesuffix(".jsonl"): compact(p, out / p.name) for p in sorted(results.glob("*.jsonl"))}
    print("| incumbent -> candidate | cut | n | pass | pass | b | c |\n| --- | --- | --- | --- | --- | --- | --- |")
    for before, after in PAIRS:
        print(f"| {before} -> {after} | all | {counts(models[before], models[after])} |")
    before, after = PAIRS[-1]
    for dimension in ("length", "dataset"):
        for value in sorted({row[dimension] for row in models[before].values()}):
            keep = lambda row, d=dimension, v=value: row[d] == v
            print(f"| {before} -> {after} | {dimension}: {value} | {counts(models[before], models[after], keep)} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
