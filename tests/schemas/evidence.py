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
                good = i < passes[side] and not (repeat == 2 and i == 0)
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
    return verdicts
