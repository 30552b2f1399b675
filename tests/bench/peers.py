"""The same kernels in the Python code that people use today, in CPU seconds of one thread (median of `--runs`).

Prints a JSON object {kernel name of stats_bench: {peer: seconds}}. Needs numpy and scipy; statsmodels where present.
"""
import argparse
import json
import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import statistics
import time

import numpy as np
from scipy import stats

B = 10_000


def arms(n):
    """The incident's table scaled to n pairs, as two arrays of 0 and 1."""
    b, c, neither = (int(x * n / 840) for x in (49, 67, 174))
    both = n - b - c - neither
    incumbent = np.repeat([1, 1, 0, 0], [both, b, c, neither])
    candidate = np.repeat([1, 0, 1, 0], [both, b, c, neither])
    return incumbent, candidate, (both, b, c, neither)


def seconds(function, runs):
    taken = []
    for _ in range(runs):
        start = time.process_time()
        function()
        taken.append(time.process_time() - start)
    return statistics.median(taken)


def loop(n, replicates=B):
    incumbent, candidate, _ = arms(n)
    rng = np.random.default_rng(0)

    def run():
        deltas = []
        for _ in range(replicates):
            index = rng.integers(0, n, n)
            deltas.append(candidate[index].mean() - incumbent[index].mean())
        return np.percentile(deltas, [2.5, 97.5])
    return run


def multinomial(n):
    _, _, (both, b, c, neither) = arms(n)
    rng = np.random.default_rng(0)

    def run():
        draws = rng.multinomial(n, np.array([both, b, c, neither]) / n, size=B)
        return np.percentile((draws[:, 2] - draws[:, 1]) / n, [2.5, 97.5])
    return run


def scipy_bca(n):
    incumbent, candidate, _ = arms(n)
    d = (candidate - incumbent).astype(float)

    def run():
        return stats.bootstrap((d,), np.mean, n_resamples=B, method="BCa", vectorized=True, random_state=0)
    return run


def slices(count, n):
    rng = np.random.default_rng(0)
    d = rng.choice([-1, 0, 1], p=[.07, .86, .07], size=(count, n))

    def run():
        generator = np.random.default_rng(1)
        for row in d:
            index = generator.integers(0, n, (B, n))
            np.percentile(row[index].mean(axis=1), [2.5, 97.5])
    return run


def graded(n):
    return .3 * (np.random.default_rng(1).exponential(size=n) - 1)


def graded_loop(n, replicates=B):
    d = graded(n)
    rng = np.random.default_rng(0)

    def run():
        return np.percentile([d[rng.integers(0, n, n)].mean() for _ in range(replicates)], [2.5, 97.5])
    return run


def graded_vectorised(n, replicates=B):
    d = graded(n)
    rng = np.random.default_rng(0)

    def run():
        return np.percentile(d[rng.integers(0, n, (replicates, n))].mean(axis=1), [2.5, 97.5])
    return run


def graded_scipy_bca(n):
    d = graded(n)

    def run():
        return stats.bootstrap((d,), np.mean, n_resamples=B, method="BCa", vectorized=True, random_state=0)
    return run


def clusters(count, size):
    sums = np.random.default_rng(2).choice([-1, 0, 1], p=[.1, .78, .12], size=(count, size)).sum(axis=1)
    rng = np.random.default_rng(0)

    def run():
        return np.percentile(sums[rng.integers(0, count, (B, count))].mean(axis=1) / size, [2.5, 97.5])
    return run


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    few = {"numpy loop": seconds(loop(840), min(runs, 3)), "numpy multinomial": seconds(multinomial(840), runs),
           "scipy BCa": seconds(scipy_bca(840), min(runs, 3))}
    # A million pairs: 20 resamples, times B / 20; scipy's BCa keeps an n x n jackknife and cannot.
    many = {"numpy loop": seconds(loop(1_000_000, 20), 1) * B / 20, "numpy multinomial": seconds(multinomial(1_000_000), runs)}
    result = {"ExactBootstrap/840": few, "ExactBootstrap/1000000": many, "SeededBootstrap/840": few, "SeededBootstrap/1000000": many,
              "Slices/1000": {"numpy vectorised": seconds(slices(100, 30), 1) * 10}}
    small = {"numpy loop": seconds(graded_loop(840), min(runs, 3)), "numpy vectorised": seconds(graded_vectorised(840), min(runs, 3)),
             "scipy BCa": seconds(graded_scipy_bca(840), min(runs, 3))}
    middle = {"numpy loop": seconds(graded_loop(10_000), 1), "numpy vectorised": seconds(graded_vectorised(10_000, 1_000), 1) * 10}
    large = {"numpy loop": seconds(graded_loop(1_000_000, 20), 1) * B / 20}
    result |= {"GradedExact/840": small, "GradedExact/10000": middle, "GradedExact/1000000": large, "GradedSeeded/840": small,
               "GradedSeeded/10000": middle, "GradedSeeded/1000000/iterations:1": large}
    resampled = {"numpy vectorised on sums": seconds(clusters(1_000, 3), min(runs, 3))}
    result |= {"ClusterSeeded/1000": resampled, "ClusterExact/1000": resampled}
    try:
        from statsmodels.stats.contingency_tables import mcnemar
        result["McNemarExactP/840"] = {"statsmodels": seconds(lambda: [mcnemar([[550, 49], [67, 174]], exact=True) for _ in range(100)], runs) / 100}
    except ImportError:
        pass
    print(json.dumps({"numpy": np.__version__, "seconds": result}, indent=1))


if __name__ == "__main__":
    main()
