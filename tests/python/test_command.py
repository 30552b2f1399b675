"""What Python gives is what the command prints, byte for byte; and what Python raises is what the command says."""

import json

import minslice
import numpy as np
import pytest


def test_compare_logs(command, demo):
    said = command("compare", demo.incumbent, demo.candidate, "--by", "flow,language", "--margin", "0.02", "--format", "json", code=0)
    found = minslice.compare(demo.incumbent, demo.candidate, by=["flow", "language"], margin=0.02)
    assert found.to_json() == said.stdout
    assert found.to_dict() == json.loads(said.stdout)
    assert found.tango.lower == json.loads(said.stdout)["tango"]["lower"]


def test_compare_columns_are_the_four_counts(command, columns):
    before, after = np.array(columns.incumbent), np.array(columns.candidate)
    counts = minslice.count_pairs(before, after)
    said = command("compare", "--table", ",".join(map(str, counts)), "--format", "json", code=0)
    assert minslice.compare(before, after).to_json() == said.stdout
    assert minslice.compare(table=counts).to_json() == said.stdout
    found = json.loads(said.stdout)
    assert minslice.mcnemar(before, after).to_dict() == found["mcnemar"]
    drawn = minslice.bootstrap(before, after)
    assert list(drawn.bca) == found["bootstrap"]["bca"]
    assert list(minslice.bootstrap(before, after, exact=True).percentile) == found["bootstrap"]["exact"]["percentile"]
    for method, interval in found["intervals"].items():
        estimate = minslice.paired_interval(before, after, method=method)
        assert (estimate.lower, estimate.upper) == (interval["lower"], interval["upper"])


def test_compare_columns_by_slice_is_the_comparison_of_logs(demo, columns):
    from_logs = minslice.compare(demo.incumbent, demo.candidate, by=["flow"]).to_dict()
    found = minslice.compare(np.array(columns.incumbent), np.array(columns.candidate), by={"flow": columns.segments["flow"]}, ids=columns.ids)
    for name in from_logs.keys() - {"sides", "notes"}:
        assert found.to_dict()[name] == from_logs[name], name


def test_gate_logs(command, demo):
    said = command("gate", demo.policy, "--incumbent", demo.incumbent, "--candidate", demo.candidate, "--format", "json", code=12)
    verdict = minslice.gate(demo.policy, demo.incumbent, demo.candidate)
    assert verdict.to_json() == said.stdout
    assert (verdict.verdict, verdict.exit_code) == ("blocked", 12)
    text = command("gate", demo.policy, "--incumbent", demo.incumbent, "--candidate", demo.candidate, code=12)
    assert verdict.text() == text.stdout
    markdown = command("gate", demo.policy, "--incumbent", demo.incumbent, "--candidate", demo.candidate, "--format", "markdown", code=12)
    assert verdict.markdown() == markdown.stdout


def test_gate_columns_decides_as_on_logs(demo, columns):
    from_logs = minslice.gate(demo.policy, demo.incumbent, demo.candidate)
    verdict = minslice.gate(
        demo.policy, np.array(columns.incumbent), np.array(columns.candidate, dtype=bool), ids=columns.ids, segments=columns.segments
    )
    assert verdict.verdict == "blocked"
    assert verdict.aggregate == from_logs.aggregate
    assert verdict.segments == from_logs.segments
    assert verdict.dimensions == from_logs.dimensions
    assert verdict.bootstrap == from_logs.bootstrap


def test_gate_reads_and_writes_what_the_policy_names(command, demo):
    """An anchor, reviews and a ledger: the same verdicts, and the same lines in the ledger."""
    policy, ledger = demo.policy.parent / "all.yaml", demo.policy.parent / "state" / "ledger.jsonl"
    policy.write_text(
        demo.policy.read_text() + "anchor: {run: incumbent.jsonl, margin: 0.02}\nledger: {path: state/ledger.jsonl, candidates: 2}\n"
    )
    words = ["gate", policy, "--incumbent", demo.incumbent, "--candidate", demo.candidate, "--format", "json"]
    said = [command(*words, code=12).stdout for _ in range(2)]
    lines = ledger.read_text()
    assert lines.count("\n") == 2
    ledger.unlink()
    found = [minslice.gate(policy, demo.incumbent, demo.candidate) for _ in range(2)]
    assert [verdict.to_json() for verdict in found] == said
    assert ledger.read_text() == lines
    assert found[0].anchor.path.endswith("incumbent.jsonl") and found[0].ledger.planned == 2

    # A ledger that cannot be read is an error, and stays as it is; nothing is gated in its place.
    ledger.write_text(lines + "no line of a ledger\n")
    said = command(*words, code=2)
    with pytest.raises(minslice.InputError) as raised:
        minslice.gate(policy, demo.incumbent, demo.candidate)
    assert str(raised.value).splitlines() == _lines(said)
    assert ledger.read_text() == lines + "no line of a ledger\n"


def test_columns_are_told_apart_by_suite(tmp_path):
    policy = {"version": 1, "goal": "non_inferiority", "metrics": [{"name": "pass", "role": "primary", "type": "binary", "margin": 0.05}],
              "ledger": {"path": str(tmp_path / "ledger.jsonl")}}  # fmt: skip
    before, after = np.arange(300) % 5 > 0, np.arange(300) % 6 > 0
    assert minslice.gate(policy, before, after, suite="one").ledger.candidates_before == 0
    assert minslice.gate(policy, before, ~after, suite="one").ledger.candidates_before == 1
    assert minslice.gate(policy, before, ~after, suite="two").ledger.candidates_before == 0


def test_gate_policy_as_dict(demo):
    policy = {"version": 1, "goal": "non_inferiority", "metrics": [{"name": "pass", "role": "primary", "type": "binary", "margin": 0.02}],
              "segments": {"dimensions": ["flow"], "min_cases": 20, "margin": 0.05}}  # fmt: skip
    path = demo.policy.parent / "same.yaml"
    path.write_text(json.dumps(policy))
    assert minslice.gate(policy, demo.incumbent, demo.candidate).segments == minslice.gate(path, demo.incumbent, demo.candidate).segments


def test_mde(command, demo):
    said = command("mde", "--pairs", "840", "--discordance", "0.138", "--effect", "0.02", "--margin", "0.02", "--format", "json", code=0)
    assert minslice.mde(840, 0.138, effect=0.02, margin=0.02).to_json() == said.stdout
    said = command("mde", "--pilot", demo.incumbent, demo.candidate, "--format", "json", code=0)
    assert minslice.mde(pilot=(demo.incumbent, demo.candidate)).to_json() == said.stdout


def test_mde_of_columns(demo, columns):
    from_logs = minslice.mde(pilot=(demo.incumbent, demo.candidate))
    assert minslice.mde(pilot=(np.array(columns.incumbent), np.array(columns.candidate))) == from_logs


def test_simulate(command, demo):
    words = ["--incumbent", demo.incumbent, "--candidate", demo.candidate, "--runs", "40", "--seed", "3", "--format", "json"]
    said = command("simulate", demo.policy, *words, code=0)
    found = minslice.simulate(demo.policy, incumbent=demo.incumbent, candidate=demo.candidate, runs=40, seed=3)
    assert found.to_json() == said.stdout


def test_simulate_plan(command, tmp_path, demo):
    plan = {"psi": 0.08, "dimension": "flow", "slices": {"refund_flow": 47, "other": 300}}
    path = tmp_path / "plan.yaml"
    path.write_text(json.dumps(plan))
    said = command("simulate", demo.policy, "--plan", path, "--psi", "0.05,0.1", "--runs", "20", "--format", "json", code=0)
    assert minslice.simulate(demo.policy, plan=plan, psi=[0.05, 0.1], runs=20).to_json() == said.stdout


def test_statistic_by_name(command, tmp_path):
    cases = [{"id": "a", "fn": "proportion_ci", "in": {"x": 7, "n": 20, "level": 0.95}}]
    path = tmp_path / "cases.json"
    path.write_text(json.dumps(cases))
    said = json.loads(command("stats", "--cases", path, "--format", "json", code=0).stdout)
    assert minslice.statistic("proportion_ci", x=7, n=20, level=0.95) in _objects(said)
    assert "proportion_ci" in minslice.statistics()


def _objects(value):
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from _objects(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _objects(inner)


# ---- errors: the command's lines without its name

def _lines(done):
    return [line.removeprefix("minslice: ") for line in done.stderr.splitlines()]


def test_missing_log(command, demo):
    said = command("compare", "nowhere.jsonl", demo.candidate, code=2)
    with pytest.raises(minslice.InputError) as raised:
        minslice.compare("nowhere.jsonl", demo.candidate)
    assert str(raised.value).splitlines() == _lines(said)
    assert isinstance(raised.value, ValueError) and isinstance(raised.value, minslice.Error)


def test_policy_and_logs_all_at_once(command, demo, tmp_path):
    policy = tmp_path / "policy.yaml"
    policy.write_text("version: 1\ngaol: superiority\nmetrics: [{name: pass, role: primary, type: binary, margn: 0.02}]\n")
    said = command("gate", policy, "--incumbent", "nowhere.jsonl", "--candidate", demo.candidate, code=2)
    with pytest.raises(minslice.InputError) as raised:
        minslice.gate(policy, "nowhere.jsonl", demo.candidate)
    assert str(raised.value).splitlines() == _lines(said)
    first = raised.value.diagnostics[0]
    assert (first.file, first.line) == (str(policy), 2)
    assert len(raised.value.diagnostics) >= 3


@pytest.mark.parametrize(
    "words, call",
    [
        (["mde", "--pairs", "0", "--discordance", "2"], lambda: minslice.mde(0, 2.0)),
        (["mde", "--pairs", "10"], lambda: minslice.mde(10)),
        (["compare", "--table", "1,2,3,4", "--level", "1.5", "--margin", "3"], lambda: minslice.compare(table=(1, 2, 3, 4), level=1.5, margin=3)),
    ],
)
def test_options(command, words, call):
    said = command(*words, code=2)
    with pytest.raises(minslice.InputError) as raised:
        call()
    assert str(raised.value).splitlines() == _lines(said)


def test_unknown_dimension(command, demo):
    said = command("compare", demo.incumbent, demo.candidate, "--by", "flwo", code=2)
    with pytest.raises(minslice.InputError, match="did you mean") as raised:
        minslice.compare(demo.incumbent, demo.candidate, by=["flwo"])
    assert str(raised.value).splitlines() == _lines(said)
