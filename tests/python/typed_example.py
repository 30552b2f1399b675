"""Checked by mypy --strict, and run."""

import numpy as np

import minslice


def main() -> None:
    before = np.array([True] * 90 + [False] * 30)
    after = np.array([True] * 80 + [False] * 10 + [True] * 20 + [False] * 10)
    comparison: minslice.Comparison = minslice.compare(before, after, by={"flow": ["a", "b"] * 60})
    delta: float | None = comparison.delta
    rows: list[tuple[str, float | None]] = [(s.value, s.ci_low) for s in comparison.slices]
    estimate: minslice.Estimate = minslice.paired_interval(before, after)
    lower: float | None = estimate.lower
    tests: minslice.McNemar = minslice.mcnemar([1, 0, 1], [1, 1, 0])
    p: float = tests.midp.p
    try:
        verdict = minslice.gate("missing.yaml", "a.jsonl", "b.jsonl")
        print(verdict.verdict, [reason.text for reason in verdict.reasons], verdict.aggregate.ci_low)
    except minslice.InputError as error:
        print([diagnostic.message for diagnostic in error.diagnostics])
    print(delta, rows, lower, p, minslice.mde(840, 0.138).mde)


if __name__ == "__main__":
    main()
