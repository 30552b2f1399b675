#!/usr/bin/env python3
"""Writes graded.json beside it: random inputs with the answers of scipy 1.17.1, statsmodels 0.15.0 and plain enumeration.

tests/unit/stats/graded_reference_test.cc runs them through the functions of `minslice stats`. Needs numpy, scipy, statsmodels.
"""
import itertools
import json
import math
import pathlib
import warnings

import numpy as np
import statsmodels.api as sm
from scipy import stats
from statsmodels.stats.inter_rater import cohens_kappa, fleiss_kappa
from statsmodels.stats.meta_analysis import combine_effects
from statsmodels.stats.multitest import multipletests

warnings.simplefilter("ignore")
rng = np.random.default_rng(7)
cases = []


def add(function, given, expected, tolerance=1e-8):
    cases.append({"id": f"{function}.{len(cases)}", "fn": function, "in": given, "expect": expected, "tol": tolerance})


def kappa(table, weights):
    fit = cohens_kappa(table, wt=weights)
    return {"kappa": fit.kappa, "se": fit.std_kappa, "se0": fit.std_kappa0}


METHODS = {"bonferroni": "bonferroni", "holm": "holm", "holm_sidak": "holm-sidak", "hochberg": "simes-hochberg", "hommel": "hommel", "bh": "fdr_bh",
           "by": "fdr_by"}

for _ in range(15):
    n = int(rng.integers(4, 50))
    d = np.round(rng.normal(.1, 1, n), int(rng.integers(1, 4)))
    pair = {"candidate": d.tolist(), "baseline": [0] * n}
    t = stats.ttest_1samp(d, 0)
    limits = t.confidence_interval(.95)
    add("paired_t", pair, {"t": t.statistic, "p": t.pvalue, "lower": limits.low, "upper": limits.high})
    add("wilcoxon_signed_rank", {"d": d.tolist()},
        {f"normal_p_{zeros}{'_cc' if corrected else ''}": stats.wilcoxon(d, zero_method=zeros, correction=corrected, method="approx").pvalue
         for zeros in ("wilcox", "pratt") for corrected in (False, True)})
    x = np.round(rng.normal(size=n), 1)
    y = np.round(x + rng.normal(size=n), 1)
    add("correlation", {"x": x.tolist(), "y": y.tolist()},
        {"spearman": stats.spearmanr(x, y)[0], "spearman_p_t": stats.spearmanr(x, y)[1], "kendall_tau_b": stats.kendalltau(x, y, method="asymptotic")[0],
         "kendall_p_asymptotic": stats.kendalltau(x, y, method="asymptotic")[1], "pearson": stats.pearsonr(x, y)[0], "pearson_p": stats.pearsonr(x, y)[1]})
    p = rng.uniform(size=n) ** 3
    add("p_adjust", {"p": p.tolist()}, {name: multipletests(p, method=method)[1].tolist() for name, method in METHODS.items()})
    cluster = rng.integers(0, 8, n)
    model = sm.OLS(d, np.ones(n))
    cr1 = model.fit(cov_type="cluster", cov_kwds={"groups": cluster}, use_t=True)
    cr0 = model.fit(cov_type="cluster", cov_kwds={"groups": cluster, "use_correction": False}, use_t=True)
    add("cluster_se", {"d": d.tolist(), "cluster": cluster.tolist()},
        {"se_cr0": cr0.bse[0], "se_cr1": cr1.bse[0], "p": cr1.pvalues[0], "lower": cr1.conf_int()[0][0], "upper": cr1.conf_int()[0][1]})
    k = int(rng.integers(3, 5))
    table = rng.integers(0, 15, (k, k))
    add("cohen_kappa", {"table": table.tolist()}, {"unweighted": kappa(table, None), "linear": kappa(table, "linear"), "quadratic": kappa(table, "quadratic")})
    ratings = np.array([np.bincount(rng.integers(0, k, 5), minlength=k) for _ in range(9)])
    add("fleiss_kappa", {"counts": ratings.tolist()}, {"fleiss": fleiss_kappa(ratings), "randolph": fleiss_kappa(ratings, method="rand")})
    effect, variance = rng.normal(0, .15, 6), rng.uniform(.001, .02, 6)
    fit = combine_effects(effect, variance, method_re="dl")
    if fit.tau2 > 0:  # statsmodels leaves a negative tau2 as it is; ours is cut at 0
        add("normal_eb", {"effect": effect.tolist(), "variance": variance.tolist()}, {"dl": {"tau2": fit.tau2, "mean": fit.mean_effect_re}})

# 100,000 resamples: limits within .03 (percentile) and .05 (BCa) standard errors.
for _ in range(6):
    n = int(rng.integers(15, 200))
    d = np.round(rng.exponential(1, n) - 1, 2)
    pair = {"candidate": d.tolist(), "baseline": [0] * n}
    se = d.std() / math.sqrt(n)
    for function, method, tolerance in (("boot_mean_percentile", "percentile", .03), ("boot_mean_bca_mid", "BCa", .05)):
        limits = stats.bootstrap((d,), np.mean, n_resamples=100_000, method=method, batch=2_000, random_state=1).confidence_interval
        add(function, pair, {"lower": limits.low, "upper": limits.high}, tolerance * se)

# Every sign pattern.
for n in (9, 13, 17):
    rows = rng.normal(size=(n, 3)).round(2)
    sums = np.array(list(itertools.product([1, -1], repeat=n))) @ rows
    t = np.abs(sums / n / np.sqrt(((rows ** 2).sum(0) - sums ** 2 / n) / (n - 1) / n))
    observed = t[0]
    add("maxt_signflip", {"D": rows.tolist()},
        {"abs_t": observed.tolist(), "raw_p": [(t[:, h] >= observed[h] - 1e-9).mean() for h in range(3)],
         "single_step_p": [(t.max(axis=1) >= observed[h] - 1e-9).mean() for h in range(3)]})

pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps({"cases": cases}, indent=None, separators=(",", ":")) + "\n")
