"""Graded scores and clusters: expected values by scipy, statsmodels, exact convolutions and exhaustive sign flips."""
import itertools
import math
from fractions import Fraction

import numpy as np
from scipy import stats

LEVELS = [.8, .9, .95, .99]


def differences(i):
    return [Fraction(repr(float(y))) - Fraction(repr(float(x))) for x, y in zip(i["baseline"], i["candidate"])]


def lattice(values):
    """integers k and a step s: values = k * s"""
    denominator = 1
    for v in values:
        denominator = math.lcm(denominator, v.denominator)
    whole = [int(v * denominator) for v in values]
    g = math.gcd(*whole) or 1
    return [w // g for w in whole], Fraction(g, denominator)


class SumDistribution:
    """the distribution of the sum of n draws from integers, by the n-th power of its transform"""

    def __init__(self, whole):
        n, low = len(whole), min(whole)
        span = max(whole) - low
        size = n * span + 1
        base = np.zeros(size)
        for w in whole:
            base[w - low] += 1 / n
        pmf = np.fft.irfft(np.fft.rfft(base, size + size % 2) ** n, size + size % 2)[:size]
        self.pmf, self.cdf, self.low = np.maximum(pmf, 0), np.cumsum(np.maximum(pmf, 0)), n * low

    def quantile(self, p):
        return int(min(np.searchsorted(self.cdf, p), len(self.cdf) - 1)) + self.low

    def below(self, value):  # P(sum < value), P(sum = value)
        k = value - self.low
        at = self.pmf[k] if 0 <= k < len(self.pmf) else 0.0
        return (self.cdf[min(k, len(self.cdf)) - 1] if k > 0 else 0.0), at


def boot_mean(i):
    d = differences(i)
    whole, step = lattice(d)
    n = len(d)
    dist = SumDistribution(whole)
    scale = step / n
    mean = sum(d) / n
    out = {"estimate": mean, "scale": scale, "dist": dist, "observed": sum(whole)}
    devs = [float(v - mean) for v in d]
    squares = math.fsum(v * v for v in devs)
    out["a"] = math.fsum(v ** 3 for v in devs) / (6 * squares ** 1.5) if squares else float("nan")
    out["se"] = math.sqrt(squares) / n
    return out


def boot_mean_percentile(i):
    b = boot_mean(i)
    return {k: float(b["dist"].quantile(p) * b["scale"]) for k, p in (("lower", (1 - i["level"]) / 2), ("upper", (1 + i["level"]) / 2))}


def boot_mean_basic(i):
    b = boot_mean(i)
    q = [b["dist"].quantile((1 + s * i["level"]) / 2) * b["scale"] for s in (1, -1)]
    return {"lower": float(2 * b["estimate"] - q[0]), "upper": float(2 * b["estimate"] - q[1])}


def bca_levels(z0, a, level):
    z = stats.norm.ppf((1 + level) / 2)
    return [stats.norm.cdf(z0 + (z0 + s) / (1 - a * (z0 + s))) for s in (-z, z)]


def boot_mean_bca(i, strict):
    b = boot_mean(i)
    below, at = b["dist"].below(b["observed"])
    z0 = stats.norm.ppf(below + (0 if strict else at / 2))
    alphas = bca_levels(z0, b["a"], i["level"])
    return {"z0": z0, "a": b["a"], "alpha1": alphas[0], "alpha2": alphas[1],
            "lower": float(b["dist"].quantile(alphas[0]) * b["scale"]), "upper": float(b["dist"].quantile(alphas[1]) * b["scale"])}


def boot_mean_moments(i):
    b = boot_mean(i)
    below, at = b["dist"].below(0)
    return {"estimate": float(b["estimate"]), "se": b["se"], "p_le0": below + at, "p_lt0": below, "jackknife_accel": b["a"]}


def paired_t(i):
    d = np.array([float(v) for v in differences(i)])
    test = stats.ttest_1samp(d, 0)
    interval = test.confidence_interval(.95)
    return {"t": test.statistic, "df": len(d) - 1, "p": test.pvalue, "lower": interval.low, "upper": interval.high}


# --- clusters -------------------------------------------------------------------------------------------------
def by_cluster(i):
    groups = {}
    for k, d in zip(i["cluster"], i["d"]):
        groups.setdefault(k, []).append(Fraction(repr(float(d))))
    return list(groups.values())


def cluster_se(i):
    import statsmodels.api as sm
    d, cluster = np.array(i["d"], float), np.array(i["cluster"])
    one = np.ones((len(d), 1))
    fit = sm.OLS(d, one).fit(cov_type="cluster", cov_kwds={"groups": cluster}, use_t=True)
    groups = [np.array(g, float) for g in by_cluster(i)]
    n, g, mean = len(d), len(groups), d.mean()
    cr0 = math.sqrt(sum((np.sum(x) - len(x) * mean) ** 2 for x in groups)) / n
    between = sum(len(x) * (x.mean() - mean) ** 2 for x in groups) / (g - 1)
    within = sum(((x - x.mean()) ** 2).sum() for x in groups) / (n - g) if n > g else float("nan")
    size = (n - sum(len(x) ** 2 for x in groups) / n) / (g - 1)
    plugin = math.sqrt(((d - mean) ** 2).mean() / n)
    low, high = fit.conf_int(.05)[0]
    return {"se_cr0": cr0, "se_cr1": fit.bse[0], "t": fit.tvalues[0], "df": g - 1, "p": fit.pvalues[0], "lower": low, "upper": high,
            "estimate": mean, "se_iid_plugin": plugin, "icc_anova": (between - within) / (between + (size - 1) * within),
            "design_effect_cr0": (cr0 / plugin) ** 2}


class RatioDistribution:
    """sum of D over sum of n of G clusters drawn with replacement, exactly: a two-dimensional transform"""

    def __init__(self, groups):
        sums, self.step = lattice([sum(g) for g in groups])
        sizes = [len(g) for g in groups]
        g = len(groups)
        low_s, low_n = min(sums), min(sizes)
        shape = (g * (max(sums) - low_s) + 1, g * (max(sizes) - low_n) + 1)
        base = np.zeros(shape)
        for s, n in zip(sums, sizes):
            base[s - low_s, n - low_n] += 1 / g
        pmf = np.fft.ifft2(np.fft.fft2(base) ** g).real
        s = (np.arange(shape[0]) + g * low_s)[:, None]
        n = (np.arange(shape[1]) + g * low_n)[None, :]
        kept = pmf > 1e-17
        ratios, mass = (s / n)[kept], pmf[kept]
        order = np.argsort(ratios, kind="stable")
        self.ratios, mass = ratios[order], mass[order]
        self.pmf, self.cdf = mass, np.cumsum(mass)
        self.observed = sum(sums) / sum(sizes)
        whole = np.array(sums, float)
        size = np.array(sizes, float)
        left = (whole.sum() - whole) / (size.sum() - size)
        l = left.mean() - left
        self.a = (l ** 3).sum() / (6 * (l ** 2).sum() ** 1.5)

    def quantile(self, p):
        return float(self.ratios[min(np.searchsorted(self.cdf, p), len(self.cdf) - 1)] * float(self.step))


def boot_cluster_percentile(i):
    r = RatioDistribution(by_cluster(i))
    return {"lower": r.quantile((1 - i["level"]) / 2), "upper": r.quantile((1 + i["level"]) / 2)}


def boot_cluster_bca_mid(i):
    r = RatioDistribution(by_cluster(i))
    equal = np.abs(r.ratios - r.observed) < 1e-12 * max(1, abs(r.observed))
    z0 = stats.norm.ppf(r.pmf[(r.ratios < r.observed) & ~equal].sum() + r.pmf[equal].sum() / 2)
    alphas = bca_levels(z0, r.a, i["level"])
    return {"z0": z0, "a": r.a, "alpha1": alphas[0], "alpha2": alphas[1], "lower": r.quantile(alphas[0]), "upper": r.quantile(alphas[1])}


# --- ranks and sign flips -------------------------------------------------------------------------------------
def wilcoxon_signed_rank(i):
    d = np.array(i["d"], float)
    kept = d[d != 0]
    ranks = stats.rankdata(np.abs(kept))
    plus, minus = ranks[kept > 0].sum(), ranks[kept < 0].sum()
    twice = [int(2 * r) for r in ranks]
    ways = np.zeros(sum(twice) + 1, object)
    ways[0] = 1
    for w in twice:
        ways[w:] = ways[w:] + ways[:-w].copy() if w else ways
    low = int(2 * min(plus, minus))
    exact = min(Fraction(1), 2 * Fraction(int(sum(ways[:low + 1])), 2 ** len(twice)))
    out = {"w_plus": plus, "w_minus": minus, "exact_p": float(exact)}
    for zero in ("wilcox", "pratt"):
        for name, corrected in (("", False), ("_cc", True)):
            out[f"normal_p_{zero}{name}"] = stats.wilcoxon(d, zero_method=zero, correction=corrected, method="asymptotic").pvalue
    return out


def maxt_signflip(i):
    rows = [[Fraction(repr(float(v))) for v in row] for row in i["D"]]
    n, m = len(rows), len(rows[0])
    squares = [sum(row[j] ** 2 for row in rows) for j in range(m)]
    # |t| grows with S^2 / Q; common denominators make it an integer comparison
    def strength(signs, j):
        s = sum(row[j] if sign else -row[j] for sign, row in zip(signs, rows))
        return s * s / squares[j]
    flips = [[strength(signs, j) for j in range(m)] for signs in itertools.product((True, False), repeat=n)]
    observed = flips[0]
    order = sorted(range(m), key=lambda j: -observed[j])
    total = len(flips)
    raw = [sum(f[j] >= observed[j] for f in flips) / total for j in range(m)]
    single = [sum(max(f) >= observed[j] for f in flips) / total for j in range(m)]
    step, before = [0.0] * m, 0.0
    for k, j in enumerate(order):
        rest = order[k:]
        before = max(before, sum(max(f[l] for l in rest) >= observed[j] for f in flips) / total)
        step[j] = before
    def t(j):
        s = sum(row[j] for row in rows)
        rest = squares[j] - s * s / n
        return math.inf if rest == 0 else math.sqrt(float(s * s / n / (rest / (n - 1))))
    return {"abs_t": [t(j) for j in range(m)], "raw_p": raw, "single_step_p": single, "step_down_p": step}


# --- inputs ---------------------------------------------------------------------------------------------------
def graded_pair(rng):
    n = int(rng.choice([2, 3, 5, 8, 10, 15, 20, 30, 47, 60, 100, 150]))
    kind = rng.choice(["binary", "quarters", "tenths", "hundredths", "real2", "skew", "equal", "negative", "thousandths"])
    if kind == "binary":
        x, y = rng.integers(0, 2, n), rng.integers(0, 2, n)
    elif kind == "quarters":
        x, y = rng.integers(0, 5, n) / 4, rng.integers(0, 5, n) / 4
    elif kind == "tenths":
        x, y = rng.integers(0, 11, n) / 10, rng.integers(0, 11, n) / 10
    elif kind == "hundredths":
        x, y = rng.integers(0, 101, n) / 100, rng.integers(0, 101, n) / 100
    elif kind == "skew":
        x, y = np.round(rng.gamma(1, 1, n), 2), np.round(rng.gamma(1.2, 1, n), 2)
    elif kind == "negative":
        x, y = np.round(rng.normal(0, 2, n), 1), np.round(rng.normal(-.3, 2, n), 1)
    elif kind == "equal":
        x = rng.integers(0, 5, n) / 4
        y = x + (rng.uniform(size=n) < .2) * .25
    elif kind == "thousandths":
        n = min(n, 30)
        x, y = np.round(rng.uniform(size=n), 3), np.round(rng.uniform(size=n), 3)
    else:
        x, y = np.round(rng.uniform(size=n), 2), np.round(rng.uniform(size=n), 2)
    return [float(v) for v in x], [float(v) for v in y]


def pairs(level=True, varied=True):
    def make(rng, count):
        made = []
        while len(made) < count:
            x, y = graded_pair(rng)
            if len({round(b - a, 9) for a, b in zip(x, y)}) < 2:
                continue
            i = {"dataset": f"random{len(made)}", "baseline": x, "candidate": y}
            made.append(dict(i, level=float(rng.choice(LEVELS))) if level else i)
        return made
    return make


def clusters(level, equal=None):
    def make(rng, count):
        made = []
        while len(made) < count:
            g = int(rng.choice([2, 3, 5, 8, 12, 15, 20, 30, 50]))
            same = equal if equal is not None else rng.uniform() < .3
            sizes = [int(rng.integers(1, 9))] * g if same else [int(v) for v in rng.choice([[1, 2, 3, 4, 5], [1, 1, 1, 2, 30], [2, 3, 3, 4, 8]][rng.integers(3)], g)]
            kind = rng.choice(["sign", "quarters", "decimal"])
            d, cluster = [], []
            for k, size in enumerate(sizes):
                shift = rng.normal(0, .4)
                if kind == "sign":
                    values = [int(v) for v in np.clip(np.round(rng.normal(shift, .7, size)), -1, 1)]
                elif kind == "quarters":
                    values = [float(v) for v in np.round(rng.normal(shift, .4, size) * 4) / 4]
                else:
                    values = [float(v) for v in np.round(rng.normal(shift, .4, size), 1 if g > 12 else 2)]
                d += values
                cluster += [k] * size
            i = {"name": f"clusters{len(made)}", "cluster": cluster, "d": d}
            groups = by_cluster(i)
            means = {sum(x) / len(x) for x in groups}
            if len(d) <= g or len(means) < 2 or (g < 5 and level):
                continue
            if not level and all(len(set(x)) == 1 for x in groups):
                continue
            if rng.uniform() < .3 and not level:  # rows in any order, cluster numbers with gaps
                order = rng.permutation(len(d))
                i["d"], i["cluster"] = [d[j] for j in order], [cluster[j] * 7 for j in order]
            if level:
                i["level"] = float(rng.choice([.8, .9, .95, .99]))
            made.append(i)
        return made
    return make


def wilcoxon_inputs(rng, count):
    made = [{"d": [1.0]}, {"d": [1.0, -1.0]}, {"d": [0.0, 0.0, 1.0]}, {"d": [-.5] * 6}, {"d": [1.0, 2.0, 3.0, 4.0, 5.0]}]
    while len(made) < count:
        n = int(rng.choice([3, 6, 9, 12, 20, 25, 40, 60, 100, 300]))
        kind = rng.integers(4)
        d = (np.round(rng.normal(.2, 1, n), 3) if kind == 0 else rng.integers(-3, 5, n) / 4 if kind == 1 else rng.integers(-1, 2, n) if kind == 2
             else np.round(rng.normal(.5, 1, n), 1))
        if np.any(d):
            made.append({"d": [float(v) for v in d]})
    return made[:count]


def maxt_inputs(rng, count):
    made = []
    while len(made) < count:
        n, m = int(rng.integers(3, 11)), int(rng.integers(1, 6))
        kind = rng.integers(3)
        d = np.round(rng.normal(.3, 1, (n, m)), 3) if kind == 0 else rng.integers(-1, 2, (n, m)) if kind == 1 else rng.integers(-2, 4, (n, m)) / 4
        if np.all(np.any(d, axis=0)):
            made.append({"D": [[float(v) for v in row] for row in d]})
    return made


FUNCTIONS = {
    "boot_mean_percentile": (pairs(), boot_mean_percentile),
    "boot_mean_basic": (pairs(), boot_mean_basic),
    "boot_mean_bca_mid": (pairs(), lambda i: boot_mean_bca(i, False)),
    "boot_mean_bca_strict": (pairs(), lambda i: boot_mean_bca(i, True)),
    "boot_mean_moments": (pairs(False), boot_mean_moments),
    "paired_t": (pairs(False), paired_t),
    "cluster_se": (clusters(False), cluster_se),
    "boot_cluster_percentile": (clusters(True), boot_cluster_percentile),
    "boot_cluster_bca_mid": (clusters(True), boot_cluster_bca_mid),
    "wilcoxon_signed_rank": (wilcoxon_inputs, wilcoxon_signed_rank),
    "maxt_signflip": (maxt_inputs, maxt_signflip),
}
