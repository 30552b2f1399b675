"""Writes binary.json, the expected values of tests/unit/stats that no golden case has: large counts and far tails.

Run: python3 -m venv v && v/bin/pip install mpmath==1.4.1 numpy==2.4.6 scipy==1.17.1 && v/bin/python tests/data/reference/binary.py
Everything is computed with 60 digits (mpmath) or by scipy's own distributions, from the definitions, with no formula of ours.
"""
import json
import os

import mpmath as mp
import numpy as np
from scipy import stats

mp.mp.dps = 60


def half_tail(k, m):
    """log10 of P(Bin(m, 1/2) <= k), summed from k down."""
    term = mp.e ** (mp.loggamma(m + 1) - mp.loggamma(k + 1) - mp.loggamma(m - k + 1) - m * mp.log(2))
    log_pmf = mp.loggamma(m + 1) - mp.loggamma(k + 1) - mp.loggamma(m - k + 1) - m * mp.log(2)
    total, ratio, j = mp.mpf(1), mp.mpf(1), k
    while j > 0:
        ratio *= mp.mpf(j) / (m - j + 1)
        total += ratio
        j -= 1
        if ratio < total * mp.mpf(10) ** -25:
            break
    return log_pmf, total


def mcnemar():
    cases = []
    mp.mp.dps = 30
    for b, c in [(5, 2000), (0, 5000), (30, 60), (52, 1), (27, 26), (1000, 1200), (499_950_000, 500_050_000), (1_000_000_000, 999_800_000),
                 (1_000_000_000, 900_000_000), (3, 1_000_000_000), (40_000, 41_000), (140_000, 138_000)]:
        m, k = b + c, min(b, c)
        log_pmf, total = half_tail(k, m)
        log_cdf = log_pmf + mp.log(total)
        exact = min(mp.mpf(0), (log_cdf + mp.log(2)) / mp.log(10))
        midp = (log_pmf + mp.log(2 * total - 1)) / mp.log(10)
        z2 = mp.mpf(b - c) ** 2 / m
        asymptotic = mp.log(mp.erfc(mp.sqrt(z2 / 2))) / mp.log(10)
        cases.append({"b": b, "c": c, "exact_log10": float(exact), "midp_log10": float(midp), "asymptotic_log10": float(asymptotic)})
    return cases


def tango_lower(b, c, n, z):
    """The d with T(d) = z by bisection on the constrained maximum likelihood, in high precision."""
    b, c, n, z = map(mp.mpf, (b, c, n, z))

    def f(d):
        # q maximises c log q + b log(q - d) + rest log(1 - 2 q + d), q = P(candidate only).
        a_, b_, c_ = 2 * n, -(b + c) - (2 * n - b + c) * d, c * d * (1 + d)
        q = (-b_ + mp.sqrt(b_ * b_ - 4 * a_ * c_)) / (2 * a_)
        return (c - b - n * d) - z * mp.sqrt(n * (2 * q - d * (1 + d)))

    low, high = mp.mpf(-1) + mp.mpf(10) ** -40, (c - b) / n
    for _ in range(220):
        middle = (low + high) / 2
        if f(middle) > 0:
            low = middle
        else:
            high = middle
    return low


def tango():
    cases = []
    mp.mp.dps = 60
    for both, b, c, neither in [(0, 1, 0, 0), (3, 1, 2, 4), (999_999_990, 3, 7, 0), (1_000_000_000, 1_000_000_000, 999_900_000, 1_000_000_000),
                                (900_000_000, 5, 100_000_000, 0), (10, 0, 3, 2), (10, 3, 0, 2), (100, 700, 3, 10), (0, 1, 1_000_000_000, 0)]:
        n = both + b + c + neither
        for level in (0.5, 0.95, 0.9999):
            z = mp.sqrt(2) * mp.erfinv(mp.mpf(level))
            low = mp.mpf(-1) if b == n else tango_lower(b, c, n, z)
            high = mp.mpf(1) if c == n else -tango_lower(c, b, n, z)
            cases.append({"table": [both, b, c, neither], "level": level, "lower": float(low), "upper": float(high)})
    return cases


def bootstrap():
    """Quantiles of C* - B* by summing the trinomial with scipy's binomials."""
    cases = []
    for both, b, c, neither in [(550, 49, 67, 174), (0, 20, 30, 0), (130, 0, 1, 0), (150, 3, 0, 1), (0, 150, 1, 0), (700_000, 60_000, 63_000, 177_000),
                                (999_990, 4, 6, 0), (5, 3, 2, 6), (1, 1, 0, 0), (60, 20, 40, 9)]:
        n = both + b + c + neither
        sd = np.sqrt(n * ((b + c) / n - ((c - b) / n) ** 2))
        reach = int(11 * sd + 45)
        offsets = np.arange(max(-reach, -n - (c - b)), min(reach, n - (c - b)) + 1)
        low_b, high_b = stats.binom.ppf([1e-17, 1 - 1e-16], n, b / n) if b else (0, 0)
        bs = np.arange(int(max(0, low_b - 20)), int(min(n, high_b + 20)) + 1)
        cdf = np.zeros(len(offsets))
        share = c / (n - b) if n > b else 0
        for value, weight in zip(bs, stats.binom.pmf(bs, n, b / n)):
            cdf += weight * stats.binom.cdf(offsets + (c - b) + value, n - value, share)
        def quantile(p):
            return int(offsets[np.searchsorted(cdf, p)])
        def at(k):
            if k < offsets[0]:
                return 0.0
            return float(cdf[min(k, offsets[-1]) - offsets[0]])
        case = {"table": [both, b, c, neither], "cdf": {}, "quantiles": {}}
        for p in (0.005, 0.025, 0.1, 0.5, 0.9, 0.975, 0.995):
            k = quantile(p)
            # Leave out a quantile that hangs on the last digits.
            if min(abs(at(k) - p), abs(at(k - 1) - p)) > 1e-9:
                case["quantiles"][str(p)] = k
            case["cdf"][str(k)] = at(k)
        case["cdf"]["-1"], case["cdf"]["0"] = at(-1), at(0)
        cases.append(case)
    return cases


if __name__ == "__main__":
    out = {"made_by": "tests/data/reference/binary.py", "mcnemar": mcnemar(), "tango": tango(), "bootstrap": bootstrap()}
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "binary.json"), "w") as f:
        json.dump(out, f, indent=1)
        f.write("\n")
