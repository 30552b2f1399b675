#!/usr/bin/env python3
"""The verdict table of the methods, section 3, by another program: numpy and scipy, no code of minslice.

    operating_characteristics.py [RUNS] > operating_characteristics.json

Rules: non-inferiority at 2 points by Tango's one-sided test at .05; inferior if T(-m) < -1.645; a slice blocks if
its Westfall-Young adjusted p (exact, discrete) is <= .05 and its delta <= -5 points; held if T(0) < -1.645 and not
non-inferior, or a slice has p <= alpha_hold and delta <= -5 points, alpha_hold the largest attainable level with
sum F_s <= .25; otherwise promoted or inconclusive.
"""
import json
import sys

import numpy as np
from scipy.stats import binom

MARGIN, SLICE_MARGIN, Z = 0.02, 0.05, 1.6448536269514722
TRUTHS = [("no_change", 0, None), ("better", .02, None), ("at_margin", -.02, None), ("twice_margin", -.04, None),
          ("slice", 0, -.15), ("slice_twice", 0, -.30), ("better_but_slice", .02, -.15)]
SETTINGS = [(1200, .05), (1200, .10), (4000, .10)]


def sizes(asked):
    w = np.arange(1, 41) ** -0.7
    return 20 + np.floor((asked - 800) * w / w.sum()).astype(int)


def law(psi, d):
    pb = (psi - d) / 2 if abs(d) <= psi else psi / 2 - d
    pc = pb + d
    if pb < 0:
        pc, pb = pc - pb, 0.0
    return pb, pc


def tango(b, c, n, d):
    lam = -d
    A, B, C = 2 * n, -b - c + (2 * n - b + c) * lam, -c * lam * (1 - lam)
    q = (np.sqrt(B * B - 4 * A * C) - B) / (2 * A)
    v = n * (2 * q + lam * (1 - lam))
    return (c - b - n * d) / np.sqrt(v) if v > 0 else 0.0


TAILS = {}


def tails(m):  # attainable p-values of m discordant pairs, ascending: P(X >= m), ..., P(X >= 0)
    if m not in TAILS:
        TAILS[m] = binom.sf(np.arange(m, -1, -1) - 1, m, .5)
    return TAILS[m]


def verdict(b, c, n):
    delta = (c - b) / n
    p = np.array([tails(x + y)[y] for x, y in zip(b, c)])
    order = np.argsort(p, kind="stable")
    # Westfall-Young: p_(1) against all, p_(2) against those left, ...
    running, blocked = 0.0, False
    for k, s in enumerate(order):
        none = 1.0
        for j in order[k:]:
            t = tails(b[j] + c[j])
            i = np.searchsorted(t, p[s] * (1 + 1e-12), side="right")
            if i:
                none *= 1 - t[i - 1]
        running = max(running, 1 - none)
        if running > .05:
            break
        blocked = blocked or delta[s] <= -SLICE_MARGIN + 1e-9
    B, C, N = b.sum(), c.sum(), n.sum()
    ni = tango(B, C, N, -MARGIN) > Z
    if tango(B, C, N, -MARGIN) < -Z or blocked:
        return "blocked"
    rises = sorted((v, v - (t[i - 1] if i else 0)) for t in (tails(x + y) for x, y in zip(b, c))
                   for i, v in enumerate(t))
    level, total, i = 0.0, 0.0, 0
    while i < len(rises):
        first = rises[i][0]
        while i < len(rises) and rises[i][0] <= first * (1 + 1e-12):
            total += rises[i][1]
            last = rises[i][0]
            i += 1
        if total > .25 * (1 + 1e-12):
            break
        level = last
    if (tango(B, C, N, 0) < -Z and not ni) or np.any((p <= level * (1 + 1e-9)) & (delta <= -SLICE_MARGIN + 1e-9)):
        return "hold"
    return "promote" if ni else "inconclusive"


def main():
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    rng = np.random.default_rng(20261121)
    out = {"runs": runs, "numpy": np.__version__, "cells": []}
    for asked, psi in SETTINGS:
        n = sizes(asked)
        bad = int(np.argmin(np.abs(n - 47)))
        for key, everywhere, one in TRUTHS:
            laws = [law(psi, one if one is not None and s == bad else everywhere) for s in range(40)]
            counts = dict.fromkeys(("promote", "hold", "blocked", "inconclusive"), 0)
            for _ in range(runs):
                draw = np.array([rng.multinomial(m, [pb, pc, 1 - pb - pc]) for m, (pb, pc) in zip(n, laws)])
                counts[verdict(draw[:, 0], draw[:, 1], n)] += 1
            out["cells"].append({"n": int(n.sum()), "psi": psi, "truth": key, **{k: v / runs for k, v in counts.items()}})
            print(key, psi, asked, counts, file=sys.stderr)
    json.dump(out, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
