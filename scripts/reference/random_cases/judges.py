"""Labels, judges, ranks and many slices: expected values by scipy, statsmodels, ppi-python and mpmath."""
import math
from fractions import Fraction

import mpmath as mp
import numpy as np
from scipy import optimize, special, stats

try:
    from ppi_py import ppi_mean_ci, ppi_mean_pointestimate
except ImportError:  # then by its formulas
    ppi_mean_ci = None


# --- adjusted p-values ----------------------------------------------------------------------------------------
def p_adjust(i):
    from statsmodels.stats.multitest import multipletests
    p = np.array(i["p"], float)
    m = len(p)
    out = {}
    for name, method in (("bonferroni", "bonferroni"), ("holm", "holm"), ("holm_sidak", "holm-sidak"), ("hochberg", "simes-hochberg"),
                         ("bh", "fdr_bh"), ("by", "fdr_by")):
        out[name] = list(multipletests(p, method=method)[1])
    # Hommel 1988 by its closed test: p_i adjusted = max over subsets containing i of the Simes p of the subset; the worst subset of a size
    # holds i and the largest others
    order = np.argsort(p, kind="stable")
    s = p[order]
    hommel = np.zeros(m)
    for rank in range(m):
        worst = 0.0
        for size in range(1, m + 1):
            others = [k for k in range(m) if k != rank][::-1][:size - 1]
            subset = sorted([s[rank]] + [s[k] for k in others])
            worst = max(worst, min(size * subset[k] / (k + 1) for k in range(size)))
        hommel[order[rank]] = min(1.0, worst)
    out["hommel"] = list(hommel)
    return out


def p_inputs(rng, count):
    made = [[0.0], [1.0], [1.0, 1.0], [0.0, 0.0, 0.0], [.05, .05, .05, .05], [1e-300, 1e-310, .5], [.9, .8, .7], [.025, .05], [1e-17, .1, .2, 1e-16]]
    while len(made) < count:
        m = int(rng.choice([2, 3, 5, 8, 12, 20, 40]))
        p = rng.uniform(size=m) ** rng.choice([1, 2, 5, 30])
        if rng.uniform() < .4:
            p = np.round(p, 2)
        made.append([float(v) for v in p])
    return [{"p": p} for p in made[:count]]


# --- correlation ----------------------------------------------------------------------------------------------
def correlation(i):
    x, y = np.array(i["x"], float), np.array(i["y"], float)
    n = len(x)
    spearman, kendall, pearson = stats.spearmanr(x, y), stats.kendalltau(x, y, method="asymptotic"), stats.pearsonr(x, y)
    return {"spearman": spearman.statistic, "spearman_p_t": spearman.pvalue, "kendall_tau_b": kendall.statistic, "kendall_p_asymptotic": kendall.pvalue,
            "pearson": pearson.statistic, "pearson_p": pearson.pvalue}


def correlation_inputs(rng, count):
    made = []
    while len(made) < count:
        n = int(rng.choice([4, 5, 8, 12, 20, 50, 200, 1000]))
        kind = rng.integers(4)
        x = rng.normal(size=n)
        y = x * rng.choice([-1, -.3, 0, .3, 1, 5]) + rng.normal(size=n)
        if kind == 1:
            x, y = np.round(x), np.round(y)
        elif kind == 2:
            x, y = np.round(x, 2), (y > 0).astype(float)
        elif kind == 3:
            x, y = np.round(x, 3) * 1000, np.round(np.exp(y), 3)
        if len(set(x)) > 1 and len(set(y)) > 1 and abs(np.corrcoef(x, y)[0, 1]) < .999999:
            made.append({"x": [float(v) for v in x], "y": [float(v) for v in y]})
    return made


# --- kappa ----------------------------------------------------------------------------------------------------
def cohen_kappa(i):
    from statsmodels.stats.inter_rater import cohens_kappa
    table = np.array(i["table"], float)
    out = {}
    # two categories know no weights
    for name, weights in (("unweighted", None),) + ((("linear", "linear"), ("quadratic", "quadratic")) if len(table) > 2 else ()):
        r = cohens_kappa(table, wt=weights)
        out[name] = {"kappa": r.kappa, "se": math.sqrt(max(0.0, r.var_kappa)), "se0": math.sqrt(max(0.0, r.var_kappa0))}
    return out


def kappa_inputs(rng, count):
    made = [[[0, 0], [3, 9]], [[5, 0], [0, 7]], [[0, 6], [6, 0]], [[1, 0], [0, 1]], [[100, 1], [1, 0]], [[3, 0, 0], [0, 0, 0], [0, 0, 4]],
            [[10**6, 10**5], [10**5, 10**6]]]
    while len(made) < count:
        k = int(rng.integers(2, 6))
        t = rng.poisson(rng.choice([1, 5, 40]), (k, k)) + np.diag(rng.poisson(rng.choice([0, 5, 60]), k))
        p = t.sum(0) * t.sum(1)
        if t.sum() and p.sum() < t.sum() ** 2:
            made.append([[int(v) for v in row] for row in t])
    return [{"table": t} for t in made[:count]]


def fleiss_kappa(i):
    from statsmodels.stats.inter_rater import fleiss_kappa as fleiss
    table = np.array(i["counts"], float)
    return {"fleiss": fleiss(table, "fleiss"), "randolph": fleiss(table, "randolph")}


def fleiss_inputs(rng, count):
    made = []
    while len(made) < count:
        n, k, raters = int(rng.choice([1, 2, 5, 12, 40, 200])), int(rng.integers(2, 7)), int(rng.integers(2, 15))
        t = rng.multinomial(raters, rng.dirichlet([rng.choice([.3, 1, 5])] * k), n)
        if (t.sum(0) > 0).sum() > 1:
            made.append({"counts": [[int(v) for v in row] for row in t]})
    return made


# --- prediction-powered means ----------------------------------------------------------------------------------
def ppi_mean(i):
    y, f, u = (np.array(i[k], float) for k in ("y", "yhat", "yhat_unlabeled"))
    n, big = len(y), len(u)
    variance = np.concatenate([f, u]).var(ddof=1)
    lam = float(np.clip(((y - y.mean()) * (f - f.mean())).mean() / ((1 + n / big) * variance), 0, 1))
    out = {"lam": lam}
    for alpha in (.05, .1):
        for name, value in (("power_tuned", lam), ("lam1", 1.0), ("lam0", 0.0)):
            if ppi_mean_ci and name == "power_tuned":
                low, high = (float(np.asarray(v).ravel()[0]) for v in ppi_mean_ci(y, f, u, alpha=alpha))
            else:
                rectified = y - value * f
                centre = rectified.mean() + value * u.mean()
                half = stats.norm.isf(alpha / 2) * math.sqrt(rectified.var() / n + (value * u).var() / big)
                low, high = centre - half, centre + half
            out[f"{name}_{alpha}"] = [low, high]
    for name, value in (("point_power_tuned", lam), ("point_lam1", 1.0)):
        out[name] = (y - value * f).mean() + value * u.mean()
    return out


def ppi_inputs(rng, count):
    made = []
    while len(made) < count:
        n, big = int(rng.choice([3, 10, 30, 100])), int(rng.choice([5, 40, 200, 1500]))
        kind = rng.integers(4)
        truth = rng.uniform(size=n + big)
        if kind < 2:
            truth = (truth < .6).astype(float)
        f = np.clip(truth * rng.choice([1, .5, 0, -.5]) + rng.normal(0, rng.choice([.05, .3]), n + big), -1, 2)
        if kind == 1:
            f = (f > .5).astype(float)
        f = np.round(f, 3)
        if f.std() == 0 or truth[:n].std() == 0 or f[:n].std() == 0:
            continue
        made.append({"name": f"ppi{len(made)}", "y": [float(round(v, 3)) for v in truth[:n]], "yhat": [float(v) for v in f[:n]],
                     "yhat_unlabeled": [float(v) for v in f[n:]]})
    return made


# --- shrinkage --------------------------------------------------------------------------------------------------
def beta_binomial_eb(i):
    x, n = i["x"], i["n"]
    total, tries = sum(x), sum(n)
    mean = total / tries

    # counts of the factors (mean + k rho), (1 - mean + k rho), (1 + k rho) of the likelihood, k = 0, 1, ...
    reach = max(n)
    k = np.arange(reach)
    up, down, both = (np.array([sum(v > j for v in values) for j in range(reach)], float) for values in (x, [ni - xi for xi, ni in zip(x, n)], n))

    def by_mean(m, rho):
        return (up / (m + k * rho)).sum() - (down / (1 - m + k * rho)).sum()

    def by_rho(m, rho):
        return (up * k / (m + k * rho)).sum() + (down * k / (1 - m + k * rho)).sum() - (both * k / (1 + k * rho)).sum()

    def best_mean(rho):
        return optimize.brentq(by_mean, 1e-13, 1 - 1e-13, args=(rho,), xtol=1e-16, rtol=1e-15)

    # the profile's slope at rho = 0: over-dispersion or not
    if total in (0, tries) or by_rho(mean, 0.0) <= 0:
        return {"complete_pooling": True, "pooled_mean": mean,
                "profile_loglik_limit": float(special.xlogy(total, mean) + special.xlogy(tries - total, 1 - mean))}
    high = 1.0
    while by_rho(best_mean(high), high) > 0:
        high *= 4
        if high > 1e6:
            raise ValueError("no interior maximum")
    rho = optimize.brentq(lambda r: by_rho(best_mean(r), r), 0.0, high, xtol=1e-18, rtol=1e-15)
    m = best_mean(rho)
    s = 1 / rho
    a, b = m * s, (1 - m) * s
    with mp.workdps(30):
        log_beta = lambda p, q: mp.loggamma(p) + mp.loggamma(q) - mp.loggamma(p + q)
        loglik = float(sum(log_beta(xi + mp.mpf(a), ni - xi + mp.mpf(b)) - log_beta(mp.mpf(a), mp.mpf(b)) for xi, ni in zip(x, n)))
    return {"alpha": a, "beta": b, "loglik_without_binomial_coef": loglik, "prior_mean": m,
            "posterior_mean": [(xi + m * s) / (ni + s) for xi, ni in zip(x, n)], "shrink_weight": [ni / (ni + s) for ni in n],
            "q025": [float(stats.beta.ppf(.025, xi + a, ni - xi + b)) for xi, ni in zip(x, n)],
            "q975": [float(stats.beta.isf(.025, xi + a, ni - xi + b)) for xi, ni in zip(x, n)]}


def beta_binomial_inputs(rng, count):
    made = [dict(x=[5, 5], n=[10, 10]), dict(x=[1, 9, 5, 5], n=[10, 10, 10, 10]), dict(x=[3, 3, 4, 2, 3], n=[6, 6, 6, 6, 6])]
    while len(made) < count:
        k = int(rng.choice([2, 3, 5, 8, 12, 20, 30]))
        n = [int(v) for v in rng.choice([5, 10, 20, 30, 47, 100, 200], k)] if rng.uniform() < .6 else [int(rng.choice([10, 30, 80]))] * k
        s = rng.choice([1, 3, 10, 50, 400, 10**5])
        m = rng.choice([.05, .3, .5, .85, .95])
        x = [int(rng.binomial(ni, rng.beta(m * s, (1 - m) * s))) for ni in n]
        if 0 < sum(x) < sum(n):
            made.append(dict(x=x, n=n))
    return [dict(m, name=f"rates{j}") for j, m in enumerate(made[:count])]


def normal_eb(i):
    y, v = [Fraction(repr(float(e))) for e in i["effect"]], [Fraction(repr(float(e))) for e in i["variance"]]
    k = len(y)

    def fit(tau2):
        w = [1 / (vi + tau2) for vi in v]
        mean = sum(wi * yi for wi, yi in zip(w, y)) / sum(w)
        return w, mean, sum(wi * (yi - mean) ** 2 for wi, yi in zip(w, y))
    w, mean, q = fit(Fraction(0))
    dl = max(Fraction(0), (q - (k - 1)) / (sum(w) - sum(x * x for x in w) / sum(w))) if k > 1 else Fraction(0)
    pm = Fraction(0)
    if q > k - 1:
        ym, vm = [mp.mpf(a.numerator) / a.denominator for a in y], [mp.mpf(a.numerator) / a.denominator for a in v]
        def excess(t):
            ww = [1 / (vi + t) for vi in vm]
            mu = sum(a * b for a, b in zip(ww, ym)) / sum(ww)
            return sum(a * (b - mu) ** 2 for a, b in zip(ww, ym)) - (k - 1)
        low, high = mp.mpf(0), mp.mpf(1)
        while excess(high) > 0:
            high *= 2
        for _ in range(90):
            middle = (low + high) / 2
            low, high = (middle, high) if excess(middle) > 0 else (low, middle)
        pm = Fraction(float((low + high) / 2))
    out = {}
    for name, tau2 in (("dl", dl), ("pm", pm)):
        w, mean, _ = fit(tau2)
        out[name] = {"tau2": float(tau2), "mean": float(mean), "se": math.sqrt(float(1 / sum(w))),
                     "shrunk": [float(tau2 / (tau2 + vi) * yi + vi / (tau2 + vi) * mean) for yi, vi in zip(y, v)]}
    return out


def normal_inputs(rng, count):
    made = [dict(effect=[.1, .1], variance=[.01, .01]), dict(effect=[.5, -.5], variance=[.0001, .0001]), dict(effect=[0.0, 0.0, 0.0], variance=[.1, .2, .3]),
            dict(effect=[1.0, 2.0, 300.0], variance=[1e-6, 1.0, 1000.0])]
    while len(made) < count:
        k = int(rng.choice([2, 3, 5, 8, 20, 60]))
        v = rng.choice([1e-5, 1e-3, .01, .1], k) * rng.uniform(.5, 2, k)
        y = rng.normal(.01, rng.choice([0, .01, .1, 1]), k) + rng.normal(size=k) * np.sqrt(v)
        made.append(dict(effect=[float(round(e, 5)) for e in y], variance=[float(round(e, 8)) for e in v]))
    return made[:count]


FUNCTIONS = {
    "p_adjust": (p_inputs, p_adjust),
    "correlation": (correlation_inputs, correlation),
    "cohen_kappa": (kappa_inputs, cohen_kappa),
    "fleiss_kappa": (fleiss_inputs, fleiss_kappa),
    "ppi_mean": (ppi_inputs, ppi_mean),
    "beta_binomial_eb": (beta_binomial_inputs, beta_binomial_eb),
    "normal_eb": (normal_inputs, normal_eb),
}
