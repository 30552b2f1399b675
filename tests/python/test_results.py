"""Results are frozen, typed and safe to show."""

import copy
import json
import os
import pathlib
import pickle
import re
import subprocess
import sys

import minslice
import numpy as np
import pytest
from minslice import _results


def test_frozen_and_whole(demo):
    verdict = minslice.gate(demo.policy, demo.incumbent, demo.candidate)
    with pytest.raises(AttributeError, match="frozen"):
        verdict.verdict = "promote"
    with pytest.raises(AttributeError, match="frozen"):
        verdict.aggregate.n_pairs = 1
    with pytest.raises(AttributeError, match="has no field 'verdcit'"):
        verdict.verdcit
    assert isinstance(verdict.segments, tuple)
    assert pickle.loads(pickle.dumps(verdict)) == verdict == copy.deepcopy(verdict)
    assert hash(verdict) == hash(copy.copy(verdict))
    assert "verdict" in dir(verdict)
    assert repr(verdict).startswith("Verdict(verdict_version=1")


def fields_of(cls):
    """Names that a class declares, its bases included."""
    names = set()
    for base in cls.__mro__:
        names |= {name for name in getattr(base, "__annotations__", {}) if not name.startswith("_")}
    return names


def check(of, seen):
    """Every field of the JSON is declared with its type, and every declared one is in the JSON or may be absent."""
    if isinstance(of, _results.Result):
        if type(of) not in (_results.Record, _results.Intervals):
            declared, present = fields_of(type(of)), set(of._fields)
            if type(of) is _results.Metric:
                declared.add("lambda")  # a word of Python's: no annotation can have the name
            assert present <= declared, (type(of).__name__, present - declared)
            assert declared - present <= of._optional, (type(of).__name__, declared - present - of._optional)
            seen.add(type(of).__name__)
        for value in of._fields.values():
            check(value, seen)
    elif isinstance(of, tuple):
        for value in of:
            check(value, seen)


def test_every_field_is_declared(demo):
    seen = set()
    before = np.random.default_rng(0).random((40, 2))
    after = before[:, ::-1] * 0.9
    for found in (
        minslice.gate(demo.policy, demo.incumbent, demo.candidate),
        minslice.compare(demo.incumbent, demo.candidate, by=["flow"], margin=0.02),
        minslice.compare(table=(5, 0, 0, 5)),
        minslice.compare(before, after, by={"half": ["a"] * 20 + ["b"] * 20}, clusters=[i // 3 for i in range(40)]),
        minslice.compare(before, after),
        minslice.mde(840, 0.138, effect=0.02, margin=0.02),
        minslice.mde(20, 0.01),
        minslice.simulate(demo.policy, incumbent=demo.incumbent, runs=5),
        minslice.mcnemar(table=(1, 2, 3, 4)),
        minslice.bootstrap(table=(10, 20, 30, 40)),
        minslice.bootstrap(before[:, 0], after[:, 0], exact=True),
        minslice.bootstrap_t(before[:, 0], after[:, 0]),
        minslice.paired_t(before[:, 0], after[:, 0]),
        minslice.sign_flip(before[:, 0], after[:, 0]),
        minslice.wilcoxon(before[:, 0], after[:, 0]),
        minslice.bounded_mean(before[:, 0], 0, 1, method="betting"),
        minslice.cluster_mean(before[:, 0], [i // 4 for i in range(40)]),
        minslice.wild_cluster_bootstrap(before[:, 0], [i // 4 for i in range(40)]),
        minslice.non_inferiority(table=(50, 4, 5, 41), margin=0.05),
        minslice.proportion_interval(3, 9),
    ):
        check(found, seen)
    classes = {name for name, value in vars(_results).items() if isinstance(value, type) and not name.startswith("_")}
    # The last two are held to the schema below.
    assert classes - seen == {"Result", "Record", "Intervals", "Family", "Anchor"}


def test_a_verdict_is_typed_as_its_schema_says():
    """Fields that this data does not have are declared too, and no other."""
    schema = json.loads((pathlib.Path(__file__).parents[2] / "docs/schemas/verdict.schema.json").read_text())
    row = schema["$defs"]["row"]["properties"].keys()
    of = schema["properties"]
    declared = lambda name: fields_of(getattr(_results, name))  # noqa: E731
    assert declared("Verdict") == of.keys()
    assert declared("VerdictRow") == row | of["aggregate"]["properties"].keys()
    assert declared("Segment") == row | of["segments"]["items"]["properties"].keys()
    assert declared("Family") == row | of["families"]["items"]["properties"].keys()
    assert declared("Metric") == (row | of["metrics"]["items"]["properties"].keys()) - {"lambda"}
    assert declared("Anchor") == row | of["anchor"]["anyOf"][1]["properties"].keys()
    assert declared("Reason") == of["reasons"]["items"]["properties"].keys()


def test_undefined_says_why():
    with pytest.raises(minslice.Undefined) as raised:
        minslice.bootstrap(table=(5, 0, 0, 5))
    assert raised.value.code == "no_discordant_pairs"
    assert isinstance(raised.value, ValueError)


def test_html_escapes(demo):
    hostile = "<script>alert('x')</script>"
    ids = [f"c{i}" for i in range(60)]
    before, after = np.arange(60) % 3 > 0, np.arange(60) % 2 > 0
    policy = {"version": 1, "goal": "non_inferiority", "metrics": [{"name": "pass", "role": "primary", "type": "binary", "margin": 0.02}],
              "segments": {"dimensions": ["flow"], "min_cases": 5}}  # fmt: skip
    verdict = minslice.gate(policy, before, after, ids=ids, segments={"flow": [hostile, "b"] * 30})
    comparison = minslice.compare(before, after, by={hostile: ["a", "b"] * 30})
    for html in (verdict._repr_html_(), comparison._repr_html_()):
        assert "<script" not in html
        assert "&lt;script&gt;" in html
        assert html.count("<table") == html.count("</table>") == 1
    assert verdict._repr_html_().count("<tr>") == 2 + len(verdict.segments)
    assert comparison._repr_html_().count("<tr>") == 2 + len(comparison.slices)


def test_html_says_the_figures(demo):
    html = minslice.gate(demo.policy, demo.incumbent, demo.candidate)._repr_html_()
    for text in ("BLOCKED", "refund_flow", "91.5", "76.6", "-14.9", "[-28.5, -3.0]", "block"):
        assert text in html


def test_documented():
    for name in minslice.__all__:
        assert getattr(minslice, name).__doc__, name
    for name in ("compare", "gate", "mde", "mcnemar", "simulate", "paired_interval", "bootstrap", "sign_flip"):
        text = getattr(minslice, name).__doc__
        assert "Source:" in text and "Raises" in text, name


@pytest.mark.parametrize(("set_by_user", "spins"), [({}, "0"), ({"GOMP_SPINCOUNT": "7"}, "7"), ({"OMP_WAIT_POLICY": "ACTIVE"}, None)])
def test_waiting_threads_sleep(set_by_user, spins):
    """libgomp says how often its threads turn before they sleep; the environment is as before."""
    ours = {name: value for name, value in os.environ.items() if name not in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")} | set_by_user
    said = subprocess.run(
        [sys.executable, "-c", "import minslice, os; print(os.environ.get('OMP_WAIT_POLICY'), os.environ.get('GOMP_SPINCOUNT'))"],
        env=ours | {"OMP_DISPLAY_ENV": "VERBOSE"}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert said.stdout.split() == [str(set_by_user.get(name)) for name in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")]
    found = re.search(r"GOMP_SPINCOUNT = '(\d+)'", said.stderr)
    if found is None:
        pytest.skip("this OpenMP runtime does not say what it does")
    assert found[1] == spins if spins else int(found[1]) > 1000
