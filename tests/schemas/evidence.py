"""Files of every format as the binary itself writes them, for the schema tests."""
import argparse
import json
import pathlib
import subprocess


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--minslice", type=pathlib.Path, required=True)
    parser.add_argument("--top", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parents[2])
    options = parser.parse_args()
    options.minslice = options.minslice.resolve()
    options.top = options.top.resolve()
    return options


def run(minslice, *words, expect=(0, 10, 11, 12, 13)):
    done = subprocess.run([str(minslice), *map(str, words)], capture_output=True, text=True, stdin=subprocess.DEVNULL,
                          timeout=120, check=False)
    assert done.returncode in expect, (words, done.returncode, done.stderr)
    return done


def write_log(path, side, repeats, flows):
    """A log of len(flows) slices; `flows` gives for each how many of its 30 cases pass on each side."""
    run_row = {"record": "run", "log_version": 1, "suite": "evidence", "target": side, "request_model": f"acme/{side}-2026-01-01",
               "repeats": repeats}
    rows = [run_row]
    for flow, passes in flows.items():
        for i in range(30):
            for repeat in range(1, repeats + 1):
                good = i < passes[side] and not (repeat == 2 and i == (0 if side == "incumbent" else 1))
                rows.append({"record": "case", "case_id": f"{flow}-{i}", "repeat": repeat, "outcome": "pass" if good else "fail",
                             "scores": {"pass": int(good)}, "segments": {"flow": flow}, "response_model": f"{side}-2026-01-01"})
    rows.append({"record": "end", "cases": 30 * len(flows), "repeats": repeats})
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def make(minslice, folder):
    """Fills the folder; gives the paths of the verdicts."""
    run(minslice, "--quiet", "demo", "--dir", folder / "demo")
    flows = {"a": {"incumbent": 27, "candidate": 20}, "b": {"incumbent": 20, "candidate": 24}}
    (folder / "gate.yaml").write_text("version: 1\nsegments: {dimensions: [flow], floors: {pass_rate: 0.7}}\n")
    (folder / "traffic.csv").write_text("value,weight\na,1\nb,9\n")
    (folder / "families.yaml").write_text("families: {first: [a], second: [b]}\n")
    (folder / "families-gate.yaml").write_text(
        "version: 1\nsegments: {dimensions: [flow], families: {file: families.yaml, method: hierarchical}}\nweights: traffic.csv\n")
    (folder / "short.yaml").write_text("gating: {threshold: 0.85}\nsegments: [a, b]\n")
    for repeats in (1, 2):
        for side in ("incumbent", "candidate"):
            write_log(folder / f"{side}{repeats}.jsonl", side, repeats, flows)
    unfinished = (folder / "candidate1.jsonl").read_text().splitlines()[:-1]
    (folder / "unfinished.jsonl").write_text("\n".join(unfinished) + "\n")
    verdicts = [folder / "demo/report/verdict.json"]
    for name, policy, incumbent, candidate in (("once", "gate", "incumbent1", "candidate1"), ("short", "short", "incumbent1", "candidate1"),
                                               ("repeats", "gate", "incumbent2", "candidate2"),
                                               ("families", "families-gate", "incumbent1", "candidate1"),
                                               ("invalid", "gate", "incumbent1", "unfinished")):
        run(minslice, "gate", folder / f"{policy}.yaml", "--incumbent", folder / f"{incumbent}.jsonl", "--candidate",
            folder / f"{candidate}.jsonl", "--out", folder / name)
        verdicts.append(folder / name / "verdict.json")
    return verdicts + make_rich(minslice, folder)


def make_rich(minslice, folder):
    """Verdicts that hold what the plain ones leave null: runs that differ, metrics, anchor, ledger, quarantine, a signed review, early stopping."""
    flows = {"a": {"incumbent": 27, "candidate": 26}, "b": {"incumbent": 25, "candidate": 25}}
    for side in ("incumbent", "candidate"):
        path = folder / f"{side}_rich.jsonl"
        write_log(path, side, 2, flows)
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        rows[0]["started_at"] = "2026-11-21T03:00:00Z"
        for row in rows[1:-1]:
            row["scores"]["helpful"] = 0.5 + 0.01 * (len(row["case_id"]) + row["repeat"]) + (0.01 if side == "candidate" else 0) * (int(row["case_id"].split("-")[1]) % 2)
            row["system_fingerprint"] = f"fp_{row['repeat']}"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "labels.jsonl").write_text("".join(json.dumps({"case_id": f"{flow}-{i}", "incumbent": 0.5 + i % 3 / 10, "candidate": 0.5 + i % 4 / 10}) + "\n"
                                                 for flow in flows for i in range(20)))
    (folder / "flaky.yaml").write_text("version: 1\ncases: [{id: a-0, since: 2026-11-20}, {id: zz, since: 2026-11-20}]\n")
    (folder / "rich.yaml").write_text(
        "version: 1\ngoal: non_inferiority\nnondeterminism: {on_fail: hold}\n"
        "metrics: [{name: pass}, {name: helpful, role: report, type: graded, labels: labels.jsonl}]\n"
        "flaky: {policy: quarantine, quarantine_file: flaky.yaml}\nanchor: {run: incumbent_rich.jsonl, margin: 0.001}\n"
        "ledger: {path: ledger.jsonl}\nverdict: {review_file: reviews/}\n")
    (folder / "sequential.yaml").write_text("version: 1\nsequential: {}\n")
    logs = ("--incumbent", folder / "incumbent_rich.jsonl", "--candidate", folder / "candidate_rich.jsonl")
    run(minslice, "gate", folder / "rich.yaml", *logs, "--out", folder / "rich")
    verdict = json.loads((folder / "rich/verdict.json").read_text())
    (folder / "reviews").mkdir()
    (folder / "reviews/a.yaml").write_text(f"version: 1\nrun_hash: {verdict['run_hash']}\nclears: [anchor_creep]\nreviewer: a\ndate: 2026-11-21\nnote: n\n")
    run(minslice, "gate", folder / "rich.yaml", *logs, "--out", folder / "rich")
    run(minslice, "gate", folder / "sequential.yaml", "--incumbent", folder / "incumbent1.jsonl", "--candidate", folder / "candidate1.jsonl", "--out",
        folder / "sequential")
    return [folder / "rich/verdict.json", folder / "sequential/verdict.json"]
