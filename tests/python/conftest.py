"""Fixtures: the installed command, and two logs of 1,200 cases from its demo."""

import json
import os
import pathlib
import subprocess
import sys
import types

import pytest

# The binary that the wheel put beside this interpreter, unless the caller names another.
MINSLICE = os.environ.get("MINSLICE", str(pathlib.Path(sys.executable).parent / "minslice"))


def run(*words, code=None):
    done = subprocess.run([MINSLICE, *map(str, words)], capture_output=True, text=True, timeout=300)
    if code is not None:
        assert done.returncode == code, done.stderr
    return done


@pytest.fixture(scope="session")
def command():
    return run


@pytest.fixture(scope="session")
def demo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    run("demo", "--dir", folder / "demo", code=0)
    folder = folder / "demo"
    return types.SimpleNamespace(incumbent=folder / "incumbent.jsonl", candidate=folder / "candidate.jsonl", policy=folder / "gate.yaml")


@pytest.fixture(scope="session")
def columns(demo):
    """The demo's logs as columns, in the order of the ids."""

    def rows(path):
        found = [json.loads(line) for line in path.read_text().splitlines()]
        return {row["case_id"]: row for row in found if row["record"] == "case"}

    before, after = rows(demo.incumbent), rows(demo.candidate)
    ids = sorted(before)
    assert ids == sorted(after)
    return types.SimpleNamespace(
        ids=ids,
        incumbent=[1.0 if before[i]["outcome"] == "pass" else 0.0 for i in ids],
        candidate=[1.0 if after[i]["outcome"] == "pass" else 0.0 for i in ids],
        segments={name: [before[i]["segments"][name] for i in ids] for name in ("flow", "language")},
    )
