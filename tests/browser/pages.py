"""The pages that the browser tests open, made by the program itself from logs that are made here."""
import json
import pathlib
import random
import subprocess

# Names, ids and answers that some sink would obey; none may do more than be seen. The same list as in tests/unit/report, which adds
# bytes that are no UTF-8: a log that holds some is refused.
HOSTILE = json.loads((pathlib.Path(__file__).resolve().parent.parent / "data" / "report" / "hostile.json").read_text(encoding="utf-8"))


def write_log(path, side, rows):
    with open(path, "w", encoding="ascii") as out:
        run = {"record": "run", "log_version": 1, "suite": "browser", "suite_sha256": "0" * 64, "target": side,
               "request_model": side + "-model", "gateway": "http://127.0.0.1:1", "request": {}, "repeats": 1, "cases": len(rows),
               "started_at": "2026-01-01T00:00:00Z", "minslice": "0.1.0"}
        out.write(json.dumps(run) + "\n")
        for case_id, passed, segments, output, extra in rows:
            row = {"record": "case", "case_id": case_id, "repeat": 1, "outcome": "pass" if passed else "fail",
                   "scores": {"pass": int(passed)}, "segments": segments, "response_model": side + "-model", "finish_reason": "stop",
                   "attempts": 1, "output": output, "error": None}
            row.update(extra)
            out.write(json.dumps(row) + "\n")
        out.write(json.dumps({"record": "end", "cases": len(rows), "repeats": 1, "spent_usd": None,
                              "ended_at": "2026-01-01T00:01:00Z"}) + "\n")


POLICY = ("version: 1\ngoal: non_inferiority\nmetrics: [{name: pass, role: primary, type: binary, margin: 0.02}]\n"
          "segments: {dimensions: [customer, {key: language, role: report}], min_cases: 20, margin: 0.05, floors: {pass_rate: 0.6}}\n")


def gate(minslice, folder, policy=POLICY):
    (folder / "gate.yaml").write_text(policy)
    done = subprocess.run([minslice, "gate", "gate.yaml", "--incumbent", "incumbent.jsonl", "--candidate", "candidate.jsonl", "--out", "."],
                          cwd=folder, capture_output=True, text=True)
    if done.returncode not in (0, 10, 11, 12, 13) or not (folder / "report.html").exists():
        raise SystemExit(f"gate failed in {folder}: {done.returncode}\n{done.stderr}")


def sized(minslice, folder, slices, cases, words):
    """`cases` prompts over `slices` customers; the third customer loses, one in ten prompts changes elsewhere."""
    if (folder / "report.html").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    draw = random.Random(7)
    vocabulary = [f"word{i}" for i in range(400)]
    before, after = [], []
    for i in range(cases):
        slice_number = i % slices if i < slices * 25 else int(slices * draw.random() ** 2)
        segments = {"customer": f"customer_{slice_number:04d}", "language": ("de", "en", "fr")[i % 3]}
        u = draw.random()
        broke = u < (0.45 if slice_number == 2 else 0.05)
        fixed = not broke and u > 0.95
        passed = not fixed and (broke or u < 0.9)
        text = [draw.choice(vocabulary) for _ in range(words)]
        changed = list(text)
        changed[draw.randrange(words)] = "other"
        identifier = f"case-{i:06d}"
        before.append((identifier, passed, segments, " ".join(text), {}))
        after.append((identifier, passed and not broke or fixed, segments, " ".join(changed),
                      {"finish_reason": "length"} if broke and i % 7 == 0 else {}))
    write_log(folder / "incumbent.jsonl", "incumbent", before)
    write_log(folder / "candidate.jsonl", "candidate", after)
    gate(minslice, folder)


def hostile(minslice, folder):
    folder.mkdir(parents=True, exist_ok=True)
    before, after = [], []
    for k, name in enumerate(HOSTILE):
        for i in range(24):
            identifier = f"{k}/{i} {name}"
            segments = {"customer": name, "language": HOSTILE[(k + 1) % len(HOSTILE)]}
            broke = i < 9
            big = "<b>0123456789</b>\n" * 60000 if k == 0 and i == 0 else ""
            before.append((identifier, True, segments, name + "\n" + big, {"finish_reason": name[:100]}))
            after.append((identifier, not broke, segments, "other " + name + "\r\n\tend" + big,
                          {"error": name, "finish_reason": name[:100]}))
    write_log(folder / "incumbent.jsonl", "incumbent", before)
    write_log(folder / "candidate.jsonl", "candidate", after)
    gate(minslice, folder)


def families(minslice, folder):
    """Five customers in two families."""
    folder.mkdir(parents=True, exist_ok=True)
    before, after = [], []
    for i in range(500):
        segments = {"customer": ("pay/refund", "pay/card", "mail/in", "mail/out", "mail/list")[i % 5]}
        before.append((f"c{i:03d}", i % 11 != 0, segments, "before", {}))
        after.append((f"c{i:03d}", i % 13 != 0, segments, "after", {}))
    write_log(folder / "incumbent.jsonl", "incumbent", before)
    write_log(folder / "candidate.jsonl", "candidate", after)
    gate(minslice, folder, "version: 1\ngoal: non_inferiority\nsegments: {dimensions: [customer], families: {pattern: /}}\n")


def trend(minslice, folder, source):
    folder.mkdir(parents=True, exist_ok=True)
    demo_a, demo_b = source / "forty" / "verdict.json", source / "hostile" / "verdict.json"
    subprocess.run([minslice, "report", demo_a, demo_b, demo_a, "--html", folder / "trend.html"], check=True)


def readme(minslice, folder, top):
    """The AlpacaEval gate of README, whose page is docs/images/dashboard.png."""
    folder.mkdir(parents=True, exist_ok=True)
    data = top / "tests" / "data" / "alpaca_eval"
    for name, side in [("FuseChat-Qwen-2.5-7B-Instruct", "Qwen-2.5-7B"), ("FuseChat-Gemma-2-9B-Instruct", "Gemma-2-9B")]:
        subprocess.run([minslice, "import", "jsonl", data / f"{name}.jsonl", "-o", f"{side}.jsonl", "--model", side, "--id-field", "id",
                        "--score-field", "preference", "--pass-above", "0.5", "--segment-fields", "dataset,length"],
                       cwd=folder, check=True, capture_output=True)
    done = subprocess.run([minslice, "gate", top / "gates" / "alpaca-eval.yaml", "--incumbent", "Qwen-2.5-7B.jsonl", "--candidate",
                           "Gemma-2-9B.jsonl", "--out", "."], cwd=folder, capture_output=True, text=True)
    if done.returncode != 10:
        raise SystemExit(f"README's gate ended with {done.returncode}\n{done.stderr}")


def make_all(minslice, work, top, script):
    for stale in ("families", "hostile", "trend", "readme"):
        for file in sorted((work / stale).glob("*")):
            if file.is_file():
                file.unlink()
    for name, slices, cases, words in [("forty", 40, 4000, 30), ("thousand", 1000, 100000, 60)]:
        folder = work / name
        for file in sorted(folder.glob("*.html")):
            file.unlink()
        if (folder / "incumbent.jsonl").exists():
            gate(minslice, folder)
        else:
            sized(minslice, folder, slices, cases, words)
    if script != "bench.js":
        hostile(minslice, work / "hostile")
        families(minslice, work / "families")
        trend(minslice, work / "trend", work)
        readme(minslice, work / "readme", top)
