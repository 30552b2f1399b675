#!/usr/bin/env python3
"""False claims of non-inferiority with three runs a prompt: the t bound as it is, and with +1 and -1 appended to the differences.

Truth: delta = -margin, a share `margin` of the prompts fully broken, a share `flaky` of them off by one run of three either way.
What src/gate/differences.cc and docs/methods.md say of the adjustment comes from here (nominal 5 %, standard error .3 points).
"""
import math
import random

Z = 1.6448536269514722


def t_quantile(df):  # one-sided .95, Cornish-Fisher
    return Z + (Z**3 + Z) / 4 / df + (5 * Z**5 + 16 * Z**3 + 3 * Z) / 96 / df**2


def claims(n, total, squares, margin):
    mean = total / n
    variance = (squares - n * mean * mean) / (n - 1)
    return mean - t_quantile(n - 1) * math.sqrt(max(0.0, variance) / n) > -margin


def rates(n, margin, flaky, runs, seed=1):
    draw = random.Random(seed)
    plain = adjusted = 0
    for _ in range(runs):
        total = squares = 0.0
        for _ in range(n):
            u = draw.random()
            if u < margin:
                d = -1.0
            elif u < margin + flaky:
                d = 1 / 3 if draw.random() < 0.5 else -1 / 3
            else:
                continue
            total += d
            squares += d * d
        if squares == 0:  # nothing changed: Tango's bound
            claim = Z * Z / (n + Z * Z) < margin
            plain += claim
            adjusted += claim
            continue
        plain += claims(n, total, squares, margin)
        adjusted += claims(n + 2, total, squares + 2, margin)
    return 100 * plain / runs, 100 * adjusted / runs


print("| margin | n | flaky | t | t with +1 and -1 |\n| ---: | ---: | ---: | ---: | ---: |")
for n, margin, flaky in ((60, 0.02, 0.05), (100, 0.02, 0.05), (200, 0.02, 0.05), (500, 0.02, 0.03), (1200, 0.02, 0.03),
                         (30, 0.05, 0.1), (100, 0.05, 0.1), (200, 0.05, 0.1)):
    plain, adjusted = rates(n, margin, flaky, 6000)
    print(f"| {margin * 100:g} points | {n:,} | {flaky:.0%} | {plain:.1f} % | {adjusted:.1f} % |")
