"""Power and sample size: expected values by summing every table and by scipy's distributions."""
import math

import numpy as np
from scipy import optimize, special, stats


def z_upper(p):
    return stats.norm.isf(p)


def z_alpha(i):
    return z_upper(i["alpha"] / i.get("sides", 2))


# --- McNemar ------------------------------------------------------------------------------------------------
def connor_power(n, psi, d, za):
    return stats.norm.cdf((abs(d) * math.sqrt(n) - za * math.sqrt(psi)) / math.sqrt(psi - d * d))


def miettinen_power(n, psi, d, za):
    return stats.norm.cdf((abs(d) * math.sqrt(n * psi) - za * psi) / math.sqrt(psi * psi - d * d * (3 + psi) / 4))


def rejects(d, test, alpha, sides, sign):
    """for d discordant pairs, which numbers c = 0 .. d of fixes reject; one-sided tests look for the sign of delta"""
    c = np.arange(d + 1)
    if test == "asymptotic":
        if d == 0:
            return np.zeros(1, bool)
        z = (2 * c - d) / math.sqrt(d)
        return np.abs(z) >= z_upper(alpha / 2) if sides == 2 else sign * z >= z_upper(alpha)
    low = stats.binom.cdf(c, d, .5)
    point = stats.binom.pmf(c, d, .5)
    high = low[::-1]
    if sides == 2:
        k = np.minimum(c, d - c)
        p = np.minimum(1, 2 * low[k] - (point[k] if test == "midp" else 0))
        if test == "midp":
            p[2 * c == d] = 1
    else:
        p = (high if sign > 0 else low) - (point / 2 if test == "midp" else 0)
    return p <= alpha


class Region:
    """the rejection region once, for many values of delta"""

    def __init__(self, n, psi, test, alpha, sides, sign):
        self.psi, self.parts = psi, []
        for d in range(n + 1):
            w = stats.binom.pmf(d, n, psi)
            if w >= 1e-18:
                c = np.nonzero(rejects(d, test, alpha, sides, sign))[0]
                if len(c):
                    self.parts.append((w, d, c))

    def power(self, p01):
        q = min(1.0, max(0.0, p01 / self.psi))
        return math.fsum(w * stats.binom.pmf(c, d, q).sum() for w, d, c in self.parts)


def mcnemar_power(i):
    n, alpha, sides = i["n"], i["alpha"], i["sides"]
    psi, d = i["p10"] + i["p01"], i["p01"] - i["p10"]
    za = z_alpha(i)
    result = {"connor": connor_power(n, psi, d, za), "miettinen": miettinen_power(n, psi, d, za)}
    for test in ("exact", "midp", "asymptotic"):
        region = Region(n, psi, test, alpha, sides, 1 if d >= 0 else -1)
        result[test] = region.power(i["p01"])
        result[test + "_size"] = region.power(psi / 2)
    return result


def mcnemar_sample_size(i):
    psi, d, za, zb = i["psi"], i["delta"], z_alpha(i), z_upper(1 - i["power"])
    return {"connor": ((za * math.sqrt(psi) + zb * math.sqrt(psi - d * d)) / d) ** 2,
            "miettinen": (za * psi + zb * math.sqrt(psi * psi - d * d * (3 + psi) / 4)) ** 2 / (psi * d * d)}


def mcnemar_mde(i):
    n, psi, za = i["n"], i["psi"], z_alpha(i)
    result = {}
    top = psi * (1 - 1e-15)
    if connor_power(n, psi, top, za) >= i["power"]:
        result["connor"] = optimize.brentq(lambda d: connor_power(n, psi, d, za) - i["power"], 1e-9, top, xtol=1e-14)
    if n <= 1000:
        for test in ("exact", "midp"):
            region = Region(n, psi, test, i["alpha"], i["sides"], 1)
            f = lambda d: region.power((psi + d) / 2) - i["power"]
            if f(psi) > 0:
                result[test] = optimize.brentq(f, 0, psi, xtol=1e-13)
    return result


def noninferiority_power(i):
    n, m, za = i["n"], i["margin"], z_upper(i["alpha"])
    b, c = np.meshgrid(np.arange(n + 1), np.arange(n + 1), indexing="ij")
    keep = b + c <= n
    b, c = b[keep].astype(float), c[keep].astype(float)
    big_b = -b - c + (2 * n - b + c) * m
    q = (np.sqrt(big_b ** 2 + 8 * n * c * m * (1 - m)) - big_b) / (4 * n)
    variance = n * (2 * q + m * (1 - m))
    t = (c - b + n * m) / np.sqrt(np.maximum(variance, 1e-300))
    log_p = (special.gammaln(n + 1) - special.gammaln(b + 1) - special.gammaln(c + 1) - special.gammaln(n - b - c + 1)
             + special.xlogy(b, i["p10"]) + special.xlogy(c, i["p01"]) + special.xlogy(n - b - c, 1 - i["p10"] - i["p01"]))
    return {"power": float(np.exp(log_p)[t > za].sum())}


# --- two independent groups and the paired t ------------------------------------------------------------------
def unpaired_power(p1, p2, n, alpha, strict):
    za = z_upper(alpha / 2)
    null = za * math.sqrt((p1 + p2) * (1 - (p1 + p2) / 2))
    own = math.sqrt(p1 * (1 - p1) + p2 * (1 - p2))
    d = math.sqrt(n) * abs(p1 - p2)
    one = stats.norm.cdf((d - null) / own)
    return one + stats.norm.cdf((-d - null) / own) if strict else one


def two_proportion_power(i):
    p1, p2, n, alpha = i["p1"], i["p2"], i["n_per_group"], i["alpha"]
    h = 2 * math.asin(math.sqrt(p1)) - 2 * math.asin(math.sqrt(p2))
    shift, za = abs(h) * math.sqrt(n / 2), z_upper(alpha / 2)
    return {"pooled_one_tail": unpaired_power(p1, p2, n, alpha, False),
            "pooled_both_tails": unpaired_power(p1, p2, n, alpha, True),
            "arcsine_both_tails": stats.norm.cdf(shift - za) + stats.norm.cdf(-shift - za)}


def two_proportion_mde(i):
    p1, n = i["p1"], i["n_per_group"]
    sign = 1 if i["direction"] == "up" else -1
    room = (1 - p1 if sign > 0 else p1) * (1 - 1e-12)
    f = lambda d: unpaired_power(p1, p1 + sign * d, n, i["alpha"], False) - i["power"]
    return {"mde": optimize.brentq(f, 1e-12, room, xtol=1e-15)}


def t_power(d, n, alpha, sides, both=True):
    """P(|T| > t) of the non-central t as a mixture of normals over the standard deviation (scipy's nct gives NaN for large shifts)"""
    df = n - 1
    t = stats.t.isf(alpha / sides, df)
    nc = abs(d) * math.sqrt(n)
    low, high = math.sqrt(stats.chi2.ppf(1e-25, df) / df), math.sqrt(stats.chi2.isf(1e-25, df) / df)
    nodes, weights = np.polynomial.legendre.leggauss(100)
    # panels of equal width, finer than the kernel Phi(nc - t s) and the density are wide
    panels = 24
    edges = np.linspace(low, high, panels + 1)
    s = (edges[:-1, None] + edges[1:, None]) / 2 + (edges[1:, None] - edges[:-1, None]) / 2 * nodes
    w = (edges[1:, None] - edges[:-1, None]) / 2 * weights
    log_density = math.log(2) + df / 2 * math.log(df / 2) - special.gammaln(df / 2) + (df - 1) * np.log(s) - df * s * s / 2
    density = np.exp(log_density) * w
    density /= density.sum() if df > 1e4 else 1  # gammaln of a large argument keeps 1e-11 only
    upper = (density * special.ndtr(nc - t * s)).sum()
    return upper + (density * special.ndtr(-nc - t * s)).sum() if both and sides == 2 else upper


def paired_t_power(i):
    d, n, alpha, sides = i["d"], i["n"], i["alpha"], i["sides"]
    largest = 4.0
    while t_power(d, largest, alpha, sides) < .8:
        largest *= 2
    return {"both_tails": t_power(d, n, alpha, sides), "one_tail": t_power(d, n, alpha, sides, False),
            "n_for_80": optimize.brentq(lambda m: t_power(d, m, alpha, sides) - .8, 2.0001, largest, xtol=1e-10, rtol=1e-14),
            "mde_80": optimize.brentq(lambda e: t_power(e, n, alpha, sides) - .8, 1e-9, 30, xtol=1e-14)}


# --- inputs ---------------------------------------------------------------------------------------------------
def r(x, digits=4):
    return float(round(x, digits))


def power_inputs(rng, count):
    made = [dict(n=1, p10=.1, p01=.3, alpha=.05, sides=2), dict(n=2, p10=.2, p01=.7, alpha=.05, sides=1),
            dict(n=10, p10=0.0, p01=.5, alpha=.05, sides=2), dict(n=300, p10=0.0, p01=.02, alpha=.05, sides=2),
            dict(n=100, p10=.15, p01=.05, alpha=.05, sides=2), dict(n=100, p10=.15, p01=.05, alpha=.05, sides=1),
            dict(n=4000, p10=.02, p01=.03, alpha=.001, sides=2), dict(n=20000, p10=.01, p01=.012, alpha=.05, sides=2),
            dict(n=60, p10=.3, p01=.65, alpha=.01, sides=1), dict(n=500, p10=.05, p01=.05, alpha=.05, sides=2)]
    while len(made) < count:
        psi = r(rng.choice([.02, .05, .1, .2, .3, .5, .8, rng.uniform(.01, .95)]))
        d = r(psi * rng.uniform(.02, .9))
        p10, p01 = r((psi - d) / 2, 5), r((psi + d) / 2, 5)
        if rng.uniform() < .15:
            p10, p01 = p01, p10
        made.append(dict(n=int(10 ** rng.uniform(.7, 3.6)), p10=p10, p01=p01, alpha=float(rng.choice([.001, .01, .025, .05, .1, .2])), sides=int(rng.integers(1, 3))))
    return [dict(m, psi=r(m["p10"] + m["p01"], 6), delta=r(m["p01"] - m["p10"], 6)) for m in made[:count]]


def size_inputs(rng, count):
    made = []
    while len(made) < count:
        psi = r(rng.choice([.005, .02, .05, .1, .2, .3, .5, .8, 1, rng.uniform(.001, 1)]))
        d = r(psi * rng.choice([.001, .01, .05, .1, .3, .5, .8]), 6)
        if d <= 0 or 4 * psi * psi <= d * d * (3 + psi):
            continue
        made.append(dict(psi=psi, delta=d if rng.uniform() < .9 else -d, alpha=float(rng.choice([.0001, .01, .025, .05, .1, .2])), sides=int(rng.integers(1, 3)),
                         power=float(rng.choice([.5, .7, .8, .9, .95, .99]))))
    return made


def mde_inputs(rng, count):
    made = []
    while len(made) < count:
        made.append(dict(n=int(10 ** rng.uniform(1.2, 3.9)), psi=r(rng.choice([.02, .05, .1, .2, .3, .5, rng.uniform(.01, .9)])),
                         alpha=float(rng.choice([.01, .025, .05, .1])), power=float(rng.choice([.5, .7, .8, .9, .95])), sides=int(rng.integers(1, 3))))
    return [m for m in made if connor_power(m["n"], m["psi"], m["psi"] * .999999, z_alpha(m)) > m["power"]]


def noninferiority_inputs(rng, count):
    made = [dict(n=1, p10=.1, p01=.1, margin=.1, alpha=.05), dict(n=50, p10=0.0, p01=0.0, margin=.1, alpha=.05),
            dict(n=80, p10=0.0, p01=.1, margin=.05, alpha=.05), dict(n=80, p10=.1, p01=0.0, margin=.05, alpha=.025),
            dict(n=60, p10=.5, p01=.5, margin=.1, alpha=.05), dict(n=40, p10=.1, p01=.1, margin=.9, alpha=.05)]
    while len(made) < count:
        psi = rng.uniform(.01, .6)
        d = psi * rng.uniform(-.5, .5)
        made.append(dict(n=int(10 ** rng.uniform(1, 2.8)), p10=r((psi - d) / 2), p01=r((psi + d) / 2), margin=float(rng.choice([.01, .02, .03, .05, .08, .1, .2])),
                         alpha=float(rng.choice([.01, .025, .05, .1]))))
    return made[:count]


def unpaired_inputs(rng, count):
    made = []
    while len(made) < count:
        p1, p2 = r(rng.uniform(.01, .99), 3), r(rng.uniform(.01, .99), 3)
        if rng.uniform() < .7:
            p2 = r(min(.999, max(.001, p1 + rng.uniform(-.15, .15))), 3)
        made.append(dict(p1=p1, p2=p2, n_per_group=int(10 ** rng.uniform(.5, 5)), alpha=float(rng.choice([.001, .01, .05, .1]))))
    return made


def unpaired_mde_inputs(rng, count):
    made = []
    while len(made) < count:
        m = dict(p1=r(rng.uniform(.02, .98), 3), n_per_group=int(10 ** rng.uniform(1.3, 5)), alpha=float(rng.choice([.01, .05, .1])),
                 power=float(rng.choice([.7, .8, .9, .95])), direction=str(rng.choice(["up", "down"])))
        edge = m["p1"] + (1 - m["p1"] if m["direction"] == "up" else -m["p1"]) * (1 - 1e-9)
        if unpaired_power(m["p1"], edge, m["n_per_group"], m["alpha"], False) > m["power"]:
            made.append(m)
    return made


def t_inputs(rng, count):
    made = []
    while len(made) < count:
        made.append(dict(d=r(rng.choice([.02, .05, .1, .2, .3, .5, .8, 1.2, 2.0])), n=int(10 ** rng.uniform(.5, 4)), alpha=float(rng.choice([.001, .01, .05, .1])), sides=int(rng.choice([2, 2, 1]))))
    return made


FUNCTIONS = {
    "mcnemar_power": (power_inputs, mcnemar_power),
    "mcnemar_sample_size": (size_inputs, mcnemar_sample_size),
    "mcnemar_mde": (mde_inputs, mcnemar_mde),
    "noninferiority_power": (noninferiority_inputs, noninferiority_power),
    "two_proportion_power": (unpaired_inputs, two_proportion_power),
    "two_proportion_mde": (unpaired_mde_inputs, two_proportion_mde),
    "paired_t_power": (t_inputs, paired_t_power),
}
