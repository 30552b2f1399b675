#!/usr/bin/env python3
"""Coverage of the traffic-weighted delta's interval (docs/methods.md), apart from any code of minslice: delta_w +- z sqrt(sum W^2 v),
v = ((b + .5) + (c + .5) - (c - b)^2 / n) / n^2, against the same without the two halves.

usage: weighted_delta.py [RUNS]
"""
import bisect
import itertools
import math
import random
import sys

Z = 1.959963984540054
SETTINGS = {  # sizes of the slices, their traffic
    "4 slices of 50, alike": ([50] * 4, [1] * 4),
    "40 slices of 30, alike": ([30] * 40, [1] * 40),
    "10 slices of 20 with most of the traffic, 5 of 200": ([20] * 10 + [200] * 5, [10] * 10 + [1] * 5),
    "5 slices by their size": ([47, 683, 156, 89, 210], [47, 683, 156, 89, 210]),
    "one slice of 20 with most of the traffic, 2 of 500": ([20, 500, 500], [10, 1, 1]),
}


def sampler(n, p, cache={}):
    if (n, p) not in cache:
        pmf = [math.exp(math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1) +
                        (k * math.log(p) if k else 0) + ((n - k) * math.log1p(-p) if n - k else 0)) for k in range(n + 1)]
        cache[n, p] = list(itertools.accumulate(pmf))
    return cache[n, p]


def main():
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 4000
    draw = random.Random(1)
    print("| slices | psi | covers | without the halves |\n| --- | --- | --- | --- |")
    for name, (sizes, traffic) in SETTINGS.items():
        weights = [w / sum(traffic) for w in traffic]
        for psi in (.01, .05, .10, .20):
            hits = [0, 0]
            for _ in range(runs):
                delta = with_halves = without = 0
                for n, weight in zip(sizes, weights):
                    changed = bisect.bisect(sampler(n, psi), draw.random())
                    b = bisect.bisect(sampler(changed, .5), draw.random()) if changed else 0
                    c = changed - b
                    delta += weight * (c - b) / n
                    v = (b + c - (c - b) ** 2 / n) / n ** 2
                    without += weight ** 2 * v
                    with_halves += weight ** 2 * (v + 1 / n ** 2)
                hits[0] += abs(delta) <= Z * math.sqrt(with_halves)
                hits[1] += abs(delta) <= Z * math.sqrt(without)
            print(f"| {name} | {psi:.2f} | {100 * hits[0] / runs:.1f} % | {100 * hits[1] / runs:.1f} % |", flush=True)


if __name__ == "__main__":
    main()
