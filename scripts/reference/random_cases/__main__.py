"""Other inputs for the 49 golden functions, expected values by other programs, compared with ours.

    python3 -m venv ref && ref/bin/pip install numpy scipy statsmodels mpmath
    ref/bin/python scripts/reference/random_cases --minslice build/developer/bin/minslice --count 40 --seed 1

For each function: inputs of the golden file's form in wider ranges, and the edges (nothing discordant, all discordant, one pair, 1e9 pairs, ties,
p of 1e-300). Expected values: scipy, statsmodels, mpmath in 40 digits, sums over every table, convolutions, every sign flip in fractions.
confseq 0.0.11 and ppi-python 0.2.3 are taken where they are installed, else their published formulas. Tolerances: the golden file's, but 1e-4 for
limits of clusters of unequal size, whose sums may be rounded to a lattice (their golden cases are simulated, with 1e-3). Ends with 1 where a
case differs.
"""
import argparse
import importlib
import json
import math
import os
import subprocess
import sys
import tempfile

import numpy as np

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

TOLERANCES = {  # absolute, relative; of the golden file
    "mcnemar": (1e-300, 1e-9), "paired_ci": (1e-8, 1e-8), "noninferiority_tango": (1e-10, 1e-8), "boot_binary_moments": (1e-10, 1e-8),
    "boot_mean_moments": (1e-10, 1e-8), "boot_cluster": (1e-4, 0), "boot": (1e-9, 1e-9), "paired_t": (1e-10, 1e-9), "cluster_se": (1e-9, 1e-8),
    "proportion_ci": (1e-9, 1e-9), "mcnemar_power": (1e-8, 1e-7), "mcnemar_sample_size": (1e-6, 1e-9), "mcnemar_mde": (2e-8, 1e-7),
    "noninferiority_power": (1e-9, 1e-7), "two_proportion": (1e-8, 1e-7), "paired_t_power": (1e-7, 1e-6), "p_adjust": (1e-12, 1e-9),
    "maxt_signflip": (1e-9, 1e-9), "correlation": (1e-10, 1e-8), "cohen_kappa": (1e-9, 1e-8), "fleiss_kappa": (1e-10, 1e-8),
    "wilcoxon_signed_rank": (1e-10, 1e-8), "eprocess": (1e-9, 1e-8), "cs_bernoulli_beta_binomial": (1e-7, 1e-7), "cs_betting_hedged": (.0012, 0),
    "cs_predmix_empirical_bernstein": (1e-9, 1e-8), "cs_normal_mixture_bound": (1e-7, 1e-7), "ppi_mean": (1e-9, 1e-8),
    "beta_binomial_eb": (1e-7, 1e-6), "normal_eb": (1e-9, 1e-8),
}
NON_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def tolerance(fn):
    return TOLERANCES[max((key for key in TOLERANCES if fn.startswith(key)), key=len)]


def plain(value):
    """numbers of numpy as JSON can hold them"""
    if isinstance(value, dict):
        return {key: plain(v) for key, v in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [plain(v) for v in value]
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, np.integer):
        return int(value)
    if isinstance(value, (float, np.floating)):
        number = float(value)
        return "NaN" if math.isnan(number) else number if math.isfinite(number) else "Infinity" if number > 0 else "-Infinity"
    return value


def differences(expected, got, absolute, relative, path=""):
    if isinstance(expected, dict):
        if not isinstance(got, dict):
            return [(path, expected, got)]
        return [d for key in expected for d in differences(expected[key], got.get(key), absolute, relative, f"{path}.{key}")]
    if isinstance(expected, list):
        if not isinstance(got, list) or len(got) != len(expected):
            return [(path, expected, got)]
        return [d for k, (e, g) in enumerate(zip(expected, got)) for d in differences(e, g, absolute, relative, f"{path}[{k}]")]
    e, g = (NON_FINITE.get(v, v) if isinstance(v, str) else v for v in (expected, got))
    if isinstance(e, bool) or isinstance(e, str) or e is None:
        return [] if e == g else [(path, e, g)]
    if not isinstance(g, (int, float)):
        return [(path, e, g)]
    if path.endswith("log10_p"):
        absolute = 1e-9
    if not math.isfinite(e):
        return [] if e == g or (math.isnan(e) and math.isnan(g)) else [(path, e, g)]
    return [] if abs(g - e) <= absolute + relative * abs(e) else [(path, e, g)]


def ours(binary, cases):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "cases.json")
        with open(path, "w") as file:
            json.dump(cases, file)
        run = subprocess.run([binary, "stats", "--cases", path, "--format", "json"], capture_output=True, text=True)
    return json.loads(run.stdout)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--minslice", required=True)
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--fn", default="", help="functions, by comma; all if left out")
    options = parser.parse_args()
    differ = total = 0
    print(f"{'function':32} {'cases':>6} {'compared':>9} {'differ':>7}")
    for module in ("binary", "planning", "graded", "judges", "sequential"):
        for fn, (make, expect) in importlib.import_module(module).FUNCTIONS.items():
            if options.fn and fn not in options.fn.split(","):
                continue
            rng = np.random.default_rng(options.seed * 1000 + sum(map(ord, fn)))
            cases = [{"id": f"{fn}.{k:03}", "fn": fn, "in": i} for k, i in enumerate(plain(make(rng, options.count)))]
            compared = wrong = 0
            for case, result in zip(cases, ours(options.minslice, cases)):
                try:
                    expected = plain(expect(case["in"]))
                except (ValueError, ZeroDivisionError):  # a reference that has no value here
                    continue
                compared += 1
                found = differences(expected, result.get("result", {"error": result.get("error")}), *tolerance(fn))
                if found:
                    wrong += 1
                    print("  ", json.dumps(case)[:400], found[:3])
            print(f"{fn:32} {len(cases):6} {compared:9} {wrong:7}", flush=True)
            differ, total = differ + wrong, total + compared
    print(f"{total} cases compared, {differ} differ")
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main())
