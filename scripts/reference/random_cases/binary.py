"""Binary pairs and one proportion: expected values by scipy, mpmath and exact lattice distributions."""
import math

import mpmath as mp
import numpy as np
from scipy import stats

mp.mp.dps = 40


def table(i):
    return i["n11"], i["n10"], i["n01"], i["n00"]


# --- tables -------------------------------------------------------------------------------------------------
EDGE_TABLES = [
    (0, 0, 0, 1), (1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (1, 1, 1, 1), (0, 1, 1, 0), (1, 0, 1, 0), (0, 2, 0, 5),
    (50, 0, 0, 0), (0, 0, 0, 50), (7, 0, 0, 3), (999, 1, 0, 0), (0, 0, 1, 999), (0, 5, 0, 0), (0, 0, 40, 0),
    (0, 1000, 0, 0), (10, 3, 3, 0), (0, 4, 9, 12), (12, 4, 9, 0), (1, 2000, 5, 1), (300, 1200, 1, 200),
    (5000, 0, 1500, 100), (2, 1, 0, 2), (1000000, 1, 0, 1000000), (10**6, 3, 11, 10**6), (10**8, 10**7, 10**7 + 9000, 10**8),
    (10**9, 10**9, 10**9, 10**9), (10**9, 10**9 - 70000, 10**9, 0), (0, 10**9, 0, 0), (10**9, 0, 0, 10**9),
    (10**9, 1, 0, 10**9), (10**6, 200, 900, 10**6), (500, 4000, 2000, 500), (0, 30, 31, 0), (3, 250, 250, 3),
]


def random_tables(rng, count, largest=10**9):
    tables = [t for t in EDGE_TABLES if sum(t) <= 4 * largest]
    while len(tables) < count:
        n = int(10 ** rng.uniform(0, rng.choice([2, 3, 4, math.log10(largest)])))
        p = rng.dirichlet([rng.choice([1, 3, 10]), rng.choice([.05, .3, 1]), rng.choice([.05, .3, 1]), rng.choice([.1, 1, 3])])
        if n < 10**6:
            t = tuple(int(x) for x in rng.multinomial(n, p))
        else:
            t = tuple(int(x) for x in np.floor(n * p))
        if sum(t):
            tables.append(t)
    return tables[:max(count, 1)]


def as_table(t, **more):
    return {"n11": t[0], "n10": t[1], "n01": t[2], "n00": t[3], **more}


LEVELS = [.5, .8, .9, .95, .98, .99, .999, .9999]


# --- McNemar ------------------------------------------------------------------------------------------------
def half_tail(k, n, below):
    """log10 of P(Bin(n, .5) <= k) or, `below`, of P(< k) * 2 + P(= k) over 2, by summing the ratio series downwards."""
    log_pmf = mp.loggamma(n + 1) - mp.loggamma(k + 1) - mp.loggamma(n - k + 1) - n * mp.log(2)
    if k > 4000:
        j = np.arange(min(k, int(60 * math.sqrt(n)) + 1000), dtype=np.longdouble)
        ratios = np.exp(np.cumsum(np.log((k - j) / (n - k + 1 + j))))
        rest = mp.mpf(str(np.sum(ratios[::-1])))
    else:
        rest, term = mp.mpf(0), mp.mpf(1)
        for j in range(k):
            term = term * (k - j) / (n - k + 1 + j)
            rest += term
            if term < rest * mp.mpf(10) ** -35:
                break
    factor = rest + mp.mpf(1) / 2 if below else rest + 1
    return log_pmf + mp.log(factor)


def mcnemar_exact(i):
    _, b, c, _ = table(i)
    if b + c == 0:
        return {"p": 1.0, "log10_p": 0.0}
    log_p = min(mp.mpf(0), half_tail(min(b, c), b + c, False) + mp.log(2))
    return {"p": float(mp.exp(log_p)), "log10_p": float(log_p / mp.log(10))}


def mcnemar_midp(i):
    _, b, c, _ = table(i)
    if b == c:
        return {"p": 1.0}
    return {"p": float(mp.exp(half_tail(min(b, c), b + c, True) + mp.log(2)))}


def chi2_p(x):
    return float(mp.erfc(mp.sqrt(x / 2)))


def mcnemar_asymptotic(i):
    _, b, c, _ = table(i)
    x = mp.mpf((b - c) ** 2) / (b + c) if b + c else mp.mpf(0)
    return {"statistic": float(x), "p": chi2_p(x)}


def mcnemar_cc(i):
    _, b, c, _ = table(i)
    x = mp.mpf((abs(b - c) - 1) ** 2) / (b + c) if b != c else mp.mpf(0)
    return {"statistic": float(x), "p": chi2_p(x)}


# --- intervals ----------------------------------------------------------------------------------------------
def normal_quantile(upper):
    """z with P(Z > z) = upper"""
    return mp.sqrt(2) * mp.erfinv(1 - 2 * mp.mpf(upper))


def z_of(i):
    return normal_quantile((1 - mp.mpf(repr(i["level"]))) / 2)


def limits(i, low, high):
    n11, b, c, n00 = table(i)
    return {"estimate": float(mp.mpf(c - b) / (n11 + b + c + n00)), "lower": float(max(low, -1)), "upper": float(min(high, 1))}


def wald_on(b, c, n, z):
    centre = (c - b) / n
    half = z * mp.sqrt(((b + c) - (c - b) ** 2 / n) / n ** 2)
    return centre - half, centre + half


def paired_ci_wald(i):
    return limits(i, *wald_on(mp.mpf(i["n10"]), mp.mpf(i["n01"]), mp.mpf(sum(table(i))), z_of(i)))


def paired_ci_agresti_min(i):
    return limits(i, *wald_on(i["n10"] + mp.mpf(.5), i["n01"] + mp.mpf(.5), mp.mpf(sum(table(i)) + 2), z_of(i)))


def paired_ci_bonett_price(i):
    return limits(i, *wald_on(mp.mpf(i["n10"] + 1), mp.mpf(i["n01"] + 1), mp.mpf(sum(table(i)) + 2), z_of(i)))


def wilson(x, n, z):
    x, n = mp.mpf(x), mp.mpf(n)
    centre = (x + z * z / 2) / (n + z * z)
    half = z / (n + z * z) * mp.sqrt(x * (n - x) / n + z * z / 4)
    return centre - half, centre + half


def newcombe(i, corrected):
    n11, b, c, n00 = (mp.mpf(x) for x in table(i))
    n = n11 + b + c + n00
    z = z_of(i)
    p1, p2 = (n11 + b) / n, (n11 + c) / n
    (l1, u1), (l2, u2) = wilson(n11 + b, n, z), wilson(n11 + c, n, z)
    margins = (n11 + b) * (c + n00) * (n11 + c) * (b + n00)
    cross = n11 * n00 - b * c
    if corrected and cross > 0:
        cross = max(cross - n / 2, mp.mpf(0))
    phi = cross / mp.sqrt(margins) if margins else mp.mpf(0)
    down, up = [(p2 - l2), (u1 - p1)], [(u2 - p2), (p1 - l1)]
    square = lambda v: mp.sqrt(max(v[0] ** 2 - 2 * phi * v[0] * v[1] + v[1] ** 2, mp.mpf(0)))
    return limits(i, p2 - p1 - square(down), p2 - p1 + square(up))


def tango_t(b, c, n, delta):
    """Tango's T at a difference delta in (-1, 1)"""
    lam = -delta
    a_ = 2 * n
    b_ = -b - c + (2 * n - b + c) * lam
    c_ = -c * lam * (1 - lam)
    q = (mp.sqrt(b_ ** 2 - 4 * a_ * c_) - b_) / (2 * a_)
    variance = n * (2 * q + lam * (1 - lam))
    numerator = c - b - n * delta
    if variance <= 0:
        return mp.mpf(0) if numerator == 0 else mp.sign(numerator) * mp.inf
    return numerator / mp.sqrt(variance)


def paired_ci_tango(i):
    _, b, c, _ = (mp.mpf(x) for x in table(i))
    n = mp.mpf(sum(table(i)))
    z = z_of(i)
    estimate = (c - b) / n

    def root(outside):
        inside, target = estimate, (z if outside < 0 else -z)
        if estimate == outside:
            return outside
        out = mp.mpf(outside)
        for _ in range(110):
            middle = (inside + out) / 2
            if abs(tango_t(b, c, n, middle)) <= z:
                inside = middle
            else:
                out = middle
        return (inside + out) / 2
    return limits(i, root(-1), root(1))


def noninferiority_tango(i):
    _, b, c, _ = (mp.mpf(x) for x in table(i))
    z = tango_t(b, c, mp.mpf(sum(table(i))), -mp.mpf(repr(i["margin"])))
    return {"z": float(z), "p": float(mp.erfc(z / mp.sqrt(2)) / 2)}


# --- the exact bootstrap of a table --------------------------------------------------------------------------
def difference_pmf(b, c, n):
    """P(c* - b* = k), k = -n .. n, by powers of the characteristic function"""
    size = 2 * n + 1
    t = 2 * np.pi * np.arange(size, dtype=np.longdouble) / size
    log_phi = np.log(((n - b - c) + c * np.exp(1j * t) + b * np.exp(-1j * t)).astype(np.clongdouble) / np.longdouble(n) + 0j)
    phi = np.exp(n * log_phi)
    pmf = np.fft.ifft(phi.conj().astype(complex)).real  # the coefficient of k at index k modulo 2n + 1
    return np.concatenate([pmf[n + 1:], pmf[:n + 1]])


def direct_pmf(b, c, n):
    """the same by summing binomials, for small n: every term positive"""
    pmf = np.zeros(2 * n + 1)
    psi = (b + c) / n
    for d in range(n + 1):
        w = stats.binom.pmf(d, n, psi)
        if w < 1e-320:
            continue
        k = np.arange(d + 1)
        pmf[n + 2 * k - d] += w * stats.binom.pmf(k, d, c / (b + c))
    return pmf


def bootstrap(i):
    _, b, c, _ = table(i)
    n = sum(table(i))
    pmf = direct_pmf(b, c, n) if n <= 1500 else difference_pmf(b, c, n)
    return n, b, c, pmf, np.cumsum(pmf)


def quantile(cdf, n, alpha):
    return (int(np.searchsorted(cdf, alpha, side="left")) - n) / n


def boot_binary_percentile(i):
    n, _, _, _, cdf = bootstrap(i)
    return {"lower": quantile(cdf, n, (1 - i["level"]) / 2), "upper": quantile(cdf, n, (1 + i["level"]) / 2)}


def boot_binary_basic(i):
    n, b, c, _, _ = bootstrap(i)
    p = boot_binary_percentile(i)
    return {"lower": 2 * (c - b) / n - p["upper"], "upper": 2 * (c - b) / n - p["lower"]}


def acceleration(b, c, n):
    d = (c - b) / n
    cubes = c * (1 - d) ** 3 + b * (-1 - d) ** 3 + (n - b - c) * (-d) ** 3
    squares = c * (1 - d) ** 2 + b * (-1 - d) ** 2 + (n - b - c) * d ** 2
    return cubes / (6 * squares ** 1.5) if squares > 0 else float("nan")


def bca(i, strict):
    n, b, c, pmf, cdf = bootstrap(i)
    at = n + c - b
    z0 = stats.norm.ppf(cdf[at] - pmf[at] * (1 if strict else .5))
    a = acceleration(b, c, n)
    z = stats.norm.ppf((1 + i["level"]) / 2)
    alphas = [stats.norm.cdf(z0 + (z0 + s) / (1 - a * (z0 + s))) for s in (-z, z)]
    return {"z0": z0, "a": a, "alpha1": alphas[0], "alpha2": alphas[1],
            "lower": quantile(cdf, n, alphas[0]), "upper": quantile(cdf, n, alphas[1])}


def boot_binary_moments(i):
    n, b, c, _, cdf = bootstrap(i)
    d = (c - b) / n
    return {"se": math.sqrt(((b + c) / n - d * d) / n), "p_le0": min(cdf[n], 1.0), "p_lt0": cdf[n - 1],
            "jackknife_accel": acceleration(b, c, n)}


# --- one proportion -------------------------------------------------------------------------------------------
def proportion_ci(i):
    x, n = i["x"], i["n"]
    alpha = mp.mpf(1) - mp.mpf(repr(i["level"]))
    z = normal_quantile(alpha / 2)
    a = float(alpha)
    low, high = wilson(x, n, z)
    centre = (x + z * z / 2) / (n + z * z)
    half = z * mp.sqrt(centre * (1 - centre) / (n + z * z))
    p = mp.mpf(x) / n
    cc_low = (2 * x + z * z - 1 - z * mp.sqrt(max(z * z - 2 - mp.mpf(1) / n + 4 * p * (n * (1 - p) + 1), 0))) / (2 * (n + z * z))
    cc_high = (2 * x + z * z + 1 + z * mp.sqrt(max(z * z + 2 - mp.mpf(1) / n + 4 * p * (n * (1 - p) - 1), 0))) / (2 * (n + z * z))
    clip = lambda lo, hi: [float(max(lo, 0)), float(min(hi, 1))]
    return {
        "wilson": clip(low, high),
        "clopper_pearson": [float(stats.beta.ppf(a / 2, x, n - x + 1)) if x else 0.0,
                            float(stats.beta.isf(a / 2, x + 1, n - x)) if x < n else 1.0],
        "agresti_coull": clip(centre - half, centre + half),
        "jeffreys": [float(stats.beta.ppf(a / 2, x + .5, n - x + .5)), float(stats.beta.isf(a / 2, x + .5, n - x + .5))],
        "wilson_cc": [0.0 if x == 0 else float(max(cc_low, 0)), 1.0 if x == n else float(min(cc_high, 1))],
    }


def proportion_inputs(rng, count):
    pairs = [(0, 1), (1, 1), (0, 2), (1, 2), (2, 2), (0, 10**9), (10**9, 10**9), (1, 10**9), (5 * 10**8, 10**9), (3, 3),
             (10**6 - 1, 10**6), (1, 10**6), (0, 100), (100, 100), (50, 100), (17, 33)]
    while len(pairs) < count:
        n = int(10 ** rng.uniform(0, rng.choice([2, 4, 8])))
        pairs.append((int(rng.binomial(n, rng.choice([.001, .05, .5, .9, .999, rng.uniform()]))), n))
    return [{"x": x, "n": n, "level": float(rng.choice(LEVELS))} for x, n in pairs[:count]]


def tables(largest=10**9, smallest=1, discordant=False, **more):
    def make(rng, count):
        made = [t for t in random_tables(rng, 2 * count + 40, largest) if sum(t) >= smallest and (not discordant or 0 < t[1] + t[2])]
        if discordant:  # a bootstrap of one point has no bias correction
            made = [t for t in made if max(t[1], t[2]) < sum(t)]
        return [as_table(t, **{k: f(rng) for k, f in more.items()}) for t in made[:count]]
    return make


def level(rng):
    return float(rng.choice(LEVELS))


def boot_level(rng):
    return float(rng.choice([.8, .9, .95, .98, .99]))  # at .5 a quantile of two pairs is a tie, at .9999 BCa reads a tail below 1e-16


def margin(rng):
    return float(rng.choice([.001, .005, .01, .02, .03, .05, .1, .15, .2, .3, .5, .9]))


FUNCTIONS = {
    "mcnemar_exact": (tables(), mcnemar_exact),
    "mcnemar_midp": (tables(), mcnemar_midp),
    "mcnemar_asymptotic": (tables(), mcnemar_asymptotic),
    "mcnemar_cc": (tables(), mcnemar_cc),
    "paired_ci_wald": (tables(level=level), paired_ci_wald),
    "paired_ci_agresti_min": (tables(level=level), paired_ci_agresti_min),
    "paired_ci_bonett_price": (tables(level=level), paired_ci_bonett_price),
    "paired_ci_newcombe10": (tables(level=level), lambda i: newcombe(i, True)),
    "paired_ci_newcombe8": (tables(level=level), lambda i: newcombe(i, False)),
    "paired_ci_tango": (tables(level=level), paired_ci_tango),
    "noninferiority_tango": (tables(margin=margin), noninferiority_tango),
    "boot_binary_percentile": (tables(5000, 20, True, level=boot_level), boot_binary_percentile),
    "boot_binary_basic": (tables(5000, 20, True, level=boot_level), boot_binary_basic),
    "boot_binary_bca_mid": (tables(5000, 20, True, level=boot_level), lambda i: bca(i, False)),
    "boot_binary_bca_strict": (tables(5000, 20, True, level=boot_level), lambda i: bca(i, True)),
    "boot_binary_moments": (tables(5000, 1, True), boot_binary_moments),
    "proportion_ci": (proportion_inputs, proportion_ci),
}
