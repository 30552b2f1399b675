"""Columns of numpy, pandas, polars and plain Python give the same, and are read where they lie."""

import pathlib
import re
import sys
import threading
import time

import minslice
import numpy as np
import pandas as pd
import polars as pl
import pytest
from minslice._columns import column

RANDOM = np.random.default_rng(20261121)
BEFORE = RANDOM.random(500) < 0.7
AFTER = np.where(RANDOM.random(500) < 0.15, RANDOM.random(500) < 0.7, BEFORE)
COUNTS = (
    int(np.sum(BEFORE & AFTER)),
    int(np.sum(BEFORE & ~AFTER)),
    int(np.sum(~BEFORE & AFTER)),
    int(np.sum(~BEFORE & ~AFTER)),
)

SUITE = {"psi": 0.08, "dimension": "flow", "slices": {"refund": 47, "other": 400}}


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint8", "int16", "int32", "int64", "float32", "float64"])
def test_numpy_types(dtype):
    assert tuple(minslice.count_pairs(BEFORE.astype(dtype), AFTER)) == COUNTS


def test_strides_and_read_only():
    wide = np.zeros((500, 3), dtype="float64")
    wide[:, 1] = BEFORE
    backwards = np.ascontiguousarray(AFTER[::-1])[::-1]
    assert tuple(minslice.count_pairs(wide[:, 1], backwards)) == COUNTS
    frozen = BEFORE.copy()
    frozen.setflags(write=False)
    assert tuple(minslice.count_pairs(frozen, AFTER)) == COUNTS


@pytest.mark.parametrize(
    "make",
    [
        pd.Series,
        lambda a: pd.Series(a, dtype="boolean"),
        lambda a: pd.Series(a, dtype="Int8"),
        lambda a: pd.Series(a).astype(object),
        pl.Series,
        lambda a: pl.Series(a.astype("float64")),
        lambda a: [bool(x) for x in a],
        lambda a: memoryview(a.astype("float64")),
    ],
)
def test_other_columns(make):
    assert tuple(minslice.count_pairs(make(BEFORE), make(AFTER))) == COUNTS


def test_no_copies():
    for values in (BEFORE, BEFORE.astype("float64"), BEFORE.astype("int8")):
        assert column(values) is values
        series = pd.Series(values)
        assert np.shares_memory(column(series), series.to_numpy())
    series = pl.Series(BEFORE.astype("float64"))
    assert column(series).__array_interface__["data"] == series.to_numpy(allow_copy=False).__array_interface__["data"]
    # The sums are over the caller's own memory: what is written there afterwards is seen.
    values = BEFORE.astype("float64")
    passes = minslice.count_pairs(values, values)[0]
    values[:] = 0
    assert minslice.count_pairs(values, values)[0] == 0 != passes


def _peak(grow_of):
    """MB by which memory peaked while grow_of() ran, as the kernel counts it."""
    pathlib.Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew

    def megabytes(field):
        return int(re.search(rf"{field}:\s+(\d+)", pathlib.Path("/proc/self/status").read_text())[1]) / 1024

    before = megabytes("VmRSS")
    grow_of()
    return megabytes("VmHWM") - before


@pytest.mark.parametrize("make", [np.asarray, pd.Series, pl.Series])
def test_no_memory_is_taken(make):
    n = 10_000_000  # 80 MB: more than malloc keeps back for itself
    before = make(np.tile(np.array([1.0, 0.0]), n // 2))
    after = make(np.tile(np.array([1.0, 1.0, 0.0, 0.0]), n // 4))
    assert _peak(lambda: np.asarray(before).copy()) > 70  # a copy of the 80 MB would be seen
    assert _peak(lambda: minslice.count_pairs(before, after)) < 8
    assert _peak(lambda: minslice.mcnemar(before, after)) < 8
    assert _peak(lambda: minslice.paired_t(before)) < 8


def test_missing_scores_are_counted():
    before = pd.Series(BEFORE, dtype="boolean")
    before[3] = pd.NA
    for values in (before, pl.Series([None if i == 3 else bool(x) for i, x in enumerate(BEFORE)])):
        found = minslice.compare(values, AFTER)
        assert found.n_pairs == 499
        assert any("left out: 1 case" in note for note in found.notes)
    with pytest.raises(minslice.InputError, match="position 3"):
        minslice.mcnemar(before, AFTER)


def test_repeats_are_rows():
    before = np.stack([BEFORE, AFTER, BEFORE], axis=1)
    after = np.stack([AFTER, AFTER, AFTER], axis=1)
    found = minslice.compare(before, after)
    assert found.repeats.to_dict() == {"incumbent": 3, "candidate": 3}
    assert found.delta == pytest.approx(after.mean() - before.mean(), abs=1e-12)
    same = minslice.compare(np.asfortranarray(before), after.astype("int8"))
    assert same == found


def test_graded_scores():
    before, after = RANDOM.random(60), RANDOM.random(60)
    found = minslice.compare(before, after)
    assert found.metric == "score"
    # Grades are taken in billionths (docs/formats/counts.md).
    assert found.delta == pytest.approx(float(np.mean(after - before)), abs=1e-9)


def test_segments_of_a_frame():
    frame = pl.DataFrame({"flow": ["a", "b"] * 250, "half": ["x"] * 250 + [None] * 250})
    by_frame = minslice.compare(BEFORE, AFTER, by=frame)
    by_dict = minslice.compare(BEFORE, AFTER, by={"flow": ["a", "b"] * 250, "half": ["x"] * 250 + [""] * 250})
    by_pandas = minslice.compare(BEFORE, AFTER, by=pd.DataFrame(frame.to_dict(as_series=False)))
    assert by_frame == by_dict == by_pandas
    assert {s.value for s in by_frame.slices} == {"a", "b", "x", "(none)"}


@pytest.mark.parametrize(
    "before, after, said",
    [
        (np.array([1, 0, 1]), np.array([1, 0]), "one score a case"),
        (np.array([1, 0, 2]), np.array([1, 0, 1]), "found 2 at position 2"),
        (np.array(["a", "b"]), np.array([1, 0]), ""),
        (np.array([1 + 2j, 0]), np.array([1, 0]), "another type"),
        (np.zeros((2, 2, 2)), np.zeros(2), "dimensions"),
    ],
)
def test_bad_columns(before, after, said):
    with pytest.raises((minslice.InputError, TypeError), match=said):
        minslice.count_pairs(before, after)


def test_empty():
    with pytest.raises(minslice.InputError):
        minslice.mcnemar(np.array([]), np.array([]))


def test_the_gil_is_released():
    """Another thread counts while the module computes. Nobody is made to give up the lock, so that it counts only where this
    thread lets go of it: in the module, and not in sum(), which holds it."""
    differences = np.random.default_rng(1).normal(size=5000)
    held = list(range(3_000_000))
    counter, stop = [0], threading.Event()

    def count():
        while not stop.is_set():
            counter[0] += 1
            time.sleep(0)

    def counted_during(work):
        before = counter[0]
        work()
        return counter[0] - before

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1000)
    thread = threading.Thread(target=count)
    try:
        thread.start()
        time.sleep(0.01)
        assert counted_during(lambda: sum(held)) == 0
        assert counted_during(lambda: minslice.bootstrap(differences, replicates=20000)) > 10
        assert counted_during(lambda: minslice.simulate({"version": 1, "goal": "non_inferiority"}, plan=SUITE, runs=200)) > 10
    finally:
        stop.set()
        sys.setswitchinterval(interval)
        thread.join()
