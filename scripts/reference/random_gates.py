#!/usr/bin/env python3
"""Random logs and policies through `minslice gate`, and the verdict worked out again from docs/methods.md by other code (scipy, brute force): counts,
intervals, p-values, the step-down, the hold level, floors, missing rows at their worst and best, and all codes of reasons. Every fourth has several
runs a side and no slices.

    python random_gates.py --minslice BIN [--count 200] [--seed 1] [--go-on]

Needs numpy and scipy. Ends with 1 at the first verdict that differs (--go-on: at the end); its files are kept."""

import argparse
import json
import pathlib
import random
import subprocess
import sys
import tempfile

import numpy as np
from scipy import optimize, stats

DECISIONS = ["promote", "inconclusive", "hold", "blocked", "invalid"]


def tango_t(b, c, n, d):
    lam = -d
    a2 = 2.0 * n
    bb = -b - c + (2 * n - b + c) * lam
    cc = -c * lam * (1 - lam)
    q = (np.sqrt(max(bb * bb - 4 * a2 * cc, 0.0)) - bb) / (2 * a2)
    var = n * (2 * q + lam * (1 - lam))
    top = c - b - n * d
    if var <= 0:
        return 0.0 if top == 0 else np.copysign(np.inf, top)
    return top / np.sqrt(var)


def tango_ci(b, c, n, level):
    z = stats.norm.ppf((1 + level) / 2)
    here = (c - b) / n
    eps = 1e-15
    low = -1.0 if tango_t(b, c, n, -1 + eps) < z else optimize.brentq(lambda d: tango_t(b, c, n, d) - z, -1 + eps, here if here > -1 + eps else here + eps, xtol=1e-14)
    high = 1.0 if tango_t(b, c, n, 1 - eps) > -z else optimize.brentq(lambda d: tango_t(b, c, n, d) + z, here, 1 - eps, xtol=1e-14)
    return low, high


def mid_p(b, c):
    if b + c == 0 or b == c:
        return 1.0
    k = min(b, c)
    return 2 * stats.binom.cdf(k, b + c, .5) - stats.binom.pmf(k, b + c, .5)


def attainable(d):
    """One-sided p of every outcome: P(X >= b), b = d..0, rising."""
    return [stats.binom.sf(b - 1, d, .5) for b in range(d, -1, -1)]


def largest_below(points, x):
    at = np.searchsorted(points, x * (1 + 1e-12), side="right")
    return points[at - 1] if at else 0.0


def wy_discrete(ps, discordant):
    points = [np.array(attainable(d)) for d in discordant]
    order = sorted(range(len(ps)), key=lambda i: ps[i])
    adjusted, so_far = [0.0] * len(ps), 0.0
    for k, i in enumerate(order):
        left = 1.0
        for j in order[k:]:
            left *= 1 - largest_below(points[j], ps[i])
        so_far = max(so_far, 1 - left)
        adjusted[i] = so_far
    return adjusted


def holm(ps, _):
    order = sorted(range(len(ps)), key=lambda i: ps[i])
    adjusted, so_far = [0.0] * len(ps), 0.0
    for k, i in enumerate(order):
        so_far = max(so_far, min(1.0, ps[i] * (len(ps) - k)))
        adjusted[i] = so_far
    return adjusted


def bonferroni(ps, _):
    return [min(1.0, p * len(ps)) for p in ps]


def benjamini_hochberg(ps, _):
    order = sorted(range(len(ps)), key=lambda i: -ps[i])
    adjusted, so_far = [0.0] * len(ps), 1.0
    for k, i in enumerate(order):
        so_far = min(so_far, ps[i] * len(ps) / (len(ps) - k))
        adjusted[i] = so_far
    return adjusted


ADJUST = {"wy_discrete": wy_discrete, "holm": holm, "bonferroni": bonferroni, "bh": benjamini_hochberg, "none": lambda ps, _: list(ps)}


def hold_level(discordants, most):
    points = [np.array(attainable(d)) for d in discordants]
    best = 0.0
    for x in sorted({p for each in points for p in each}):
        if sum(largest_below(each, x) for each in points) <= most * (1 + 1e-12):
            best = x
        else:
            break
    return best


def detectable(n, psi, alpha, power):
    """Smallest difference that the mid-p test sees: Connor 1987, below 200 pairs or 25 expected discordant ones by the trinomial. None: none up to psi."""
    if psi == 0:
        return None
    if n >= 200 and psi * n >= 25:
        za, zb = stats.norm.isf(alpha / 2), stats.norm.ppf(power)
        short = lambda d: za * np.sqrt(psi) + zb * np.sqrt(max(psi - d * d, 0.0)) - d * np.sqrt(n)
        return None if short(psi) > 0 else optimize.brentq(short, 1e-12, psi, xtol=1e-12)
    reject = {d: [c for c in range(d + 1) if c != d - c and mid_p(d - c, c) <= alpha] for d in range(n + 1)}
    weights = stats.binom.pmf(np.arange(n + 1), n, psi)

    def lacking(delta):
        share = (psi + delta) / (2 * psi)
        return power - sum(w * stats.binom.pmf(reject[d], d, share).sum() for d, w in enumerate(weights) if w > 1e-16 and reject[d])

    return None if lacking(psi) > 0 else optimize.brentq(lacking, 1e-9, psi, xtol=1e-12)


class Cell:
    def __init__(self, pairs):  # [(incumbent, candidate)]
        self.n = len(pairs)
        self.both = sum(a and c for a, c in pairs)
        self.b = sum(a and not c for a, c in pairs)
        self.c = sum(c and not a for a, c in pairs)
        self.passes = sum(c for _, c in pairs)

    @property
    def delta(self):
        return (self.c - self.b) / self.n

    @property
    def p_harm(self):
        return stats.binom.sf(self.b - 1, self.b + self.c, .5)


def clopper_pearson(k, n, alpha):
    low = 0.0 if k == 0 else stats.beta.ppf(alpha, k, n - k + 1)
    high = 1.0 if k == n else stats.beta.ppf(1 - alpha, k + 1, n - k)
    return low, high


def sign_flips(sums):
    """Distribution of the flipped sum of whole numbers: {sum: probability}, by dynamic programming."""
    reach = int(sum(abs(x) for x in sums))
    weights = np.zeros(2 * reach + 1)
    weights[reach] = 1
    for x in (int(abs(x)) for x in sums):
        if x:
            moved = np.zeros_like(weights)
            moved[x:] += weights[:-x] / 2
            moved[:-x] += weights[x:] / 2
            weights = moved
    return np.arange(-reach, reach + 1), weights


def decide_means(differences, runs, policy):
    """Case means of `runs` runs a side, in whole numbers of 1 / runs; 30 cases or more. The decision, its codes and the figures."""
    alpha, alpha_block = policy["error_rates"]["alpha_promote"], policy["error_rates"]["alpha_block"]
    margin, target = policy["metrics"][0]["margin"], policy["metrics"][0]["target_mde"]
    n, seen = len(differences), sum(differences)
    sums, weights = sign_flips(differences)
    p = weights[np.abs(sums) > abs(seen)].sum() + weights[np.abs(sums) == abs(seen)].sum() / 2
    if abs(seen) == 0:
        p = 1.0
    p_harm = weights[sums <= seen].sum()
    d = np.array(differences) / runs
    delta = d.mean()
    if not d.any():
        return None
    padded = np.append(d, [1.0, -1.0])

    def bounds(level):
        half = stats.t.ppf((1 + level) / 2, n + 1) * padded.std(ddof=1) / np.sqrt(n + 2)
        return max(-1.0, padded.mean() - half), min(1.0, padded.mean() + half)

    level = 1 - alpha if policy["goal"] == "superiority" else max(.95, 1 - 2 * alpha)
    low, high = bounds(level)
    lower, (_, upper_block) = bounds(1 - 2 * alpha)[0], bounds(1 - 2 * alpha_block)
    by_interval, by_p = low > 0, p < alpha and delta > 0
    superior = (by_interval and by_p) if policy["methods"]["claim"] == "all" else (by_interval or by_p)
    non_inferior, inferior, worse = lower > -margin, upper_block < -margin, upper_block < 0
    status = ("superior" if superior else "inferior" if inferior else
              ("non_inferior_worse" if worse else "non_inferior") if non_inferior else
              "inconclusive_worse" if worse else "inconclusive")
    figures = dict(n_pairs=n, delta=delta, ci_low=low, ci_high=high, lower_bound=lower, p_value=p, p_harm=p_harm, status=status, level=level)
    codes = {}
    if inferior:
        codes["aggregate_inferior"] = "blocked"
    elif status == "inconclusive_worse":
        codes["aggregate_worse"] = "hold"
    elif policy["goal"] == "non_inferiority":
        if not (non_inferior or superior):
            codes["not_non_inferior"] = "inconclusive"
    elif not superior:
        psi = min(1.0, d.var(ddof=1) + delta * delta)
        za, zb = stats.norm.isf(alpha / 2), stats.norm.ppf(policy["error_rates"]["power"])
        short = lambda x: za * np.sqrt(psi) + zb * np.sqrt(max(psi - x * x, 0.0)) - x * np.sqrt(n)
        mde = None if short(psi) > 0 else optimize.brentq(short, 1e-12, psi, xtol=1e-12)
        powered = mde <= target + 1e-9 and high - low <= 2 * target + 1e-9 if mde is not None else high < target
        codes["no_demonstrated_gain" if powered else "underpowered"] = "hold" if powered else "inconclusive"
        figures["mde"] = mde
    return max(codes.values(), key=DECISIONS.index) if codes else "promote", codes, {"aggregate": figures, "mde": figures.pop("mde", None)}


def decide(pairs, policy, figures=None):
    """pairs: [(incumbent, candidate, slice)]. The decision and the codes of its reasons."""
    rates = policy["error_rates"]
    alpha, alpha_block = rates["alpha_promote"], rates["alpha_block"]
    margin, target = policy["metrics"][0]["margin"], policy["metrics"][0]["target_mde"]
    seg = policy["segments"]
    whole = Cell([(a, c) for a, c, _ in pairs])
    codes = {}
    if whole.n == 0:
        return "inconclusive", {"no_complete_pair": "inconclusive"}
    level = 1 - alpha if policy["goal"] == "superiority" else max(.95, 1 - 2 * alpha)
    low, high = tango_ci(whole.b, whole.c, whole.n, level)
    p = mid_p(whole.b, whole.c)
    by_interval, by_p = low > 0, p < alpha and whole.delta > 0
    superior = (by_interval and by_p) if policy["methods"]["claim"] == "all" else (by_interval or by_p)
    at_margin = tango_t(whole.b, whole.c, whole.n, -margin)
    z_promote, z_block = stats.norm.isf(alpha), stats.norm.isf(alpha_block)
    non_inferior, inferior = at_margin > z_promote, at_margin < -z_block
    worse = tango_t(whole.b, whole.c, whole.n, 0) < -z_block
    status = ("superior" if superior else "inferior" if inferior else
              ("non_inferior_worse" if worse else "non_inferior") if non_inferior else
              "inconclusive_worse" if worse else "inconclusive")
    if figures is not None:
        figures["aggregate"] = dict(n_pairs=whole.n, n_both=whole.both, n_incumbent_only=whole.b, n_candidate_only=whole.c, delta=whole.delta,
                                    ci_low=low, ci_high=high, p_value=p, p_harm=whole.p_harm, status=status, level=level,
                                    discordance_rate=(whole.b + whole.c) / whole.n)
    if inferior:
        codes["aggregate_inferior"] = "blocked"
    if status == "inconclusive_worse":
        codes["aggregate_worse"] = "hold"
    # Slices.
    slices = {}
    if seg["dimensions"]:
        for a, c, value in pairs:
            slices.setdefault(value, []).append((a, c))
        small = [v for v in slices if len(slices[v]) < seg["min_cases"]]
        gated = {v: Cell(slices[v]) for v in slices if v not in small}
        pool = None
        if seg["under_floor"] == "pool" and small:
            pool = Cell([pair for v in small for pair in slices[v]])
            if pool.n >= seg["min_cases"]:
                gated["<pool>"] = pool
                pool = None
        names = list(gated)
        strict = seg["strict"]
        raw = [gated[v].p_harm for v in names]
        tested = [stats.norm.cdf(tango_t(gated[v].b, gated[v].c, gated[v].n, -seg["margin"])) for v in names] if strict else raw
        adjusted = ADJUST[seg["multiplicity"]](tested, [gated[v].b + gated[v].c for v in names])
        suspects = list(gated.values()) + ([pool] if pool and pool.n else [])
        at_hold = hold_level([s.b + s.c for s in suspects], rates["max_expected_false_holds"])
        blocked = set()
        for v, q in zip(names, adjusted):
            s = gated[v]
            fell = s.delta <= -seg["margin"] + 1e-12
            if q <= alpha_block and fell:
                codes["slice_regression"] = "blocked"
                blocked.add(v)
        for v in names:
            s = gated[v]
            if v not in blocked and s.p_harm <= at_hold * (1 + 1e-12) and s.delta <= -seg["margin"] + 1e-12:
                codes["slice_suspected"] = "hold"
        if pool and pool.n and pool.p_harm <= at_hold * (1 + 1e-12) and pool.delta <= -seg["margin"] + 1e-12:
            codes["small_slices_suspected"] = "hold"
        floor = seg.get("floors", {}).get("pass_rate")
        if floor is not None:
            held_to = len(names) + (1 if pool and pool.n else 0)
            for v in names:
                s = gated[v]
                _, upper = clopper_pearson(s.passes, s.n, alpha_block / held_to)
                lower, _ = clopper_pearson(s.passes, s.n, alpha_block)
                if upper < floor:
                    codes["slice_below_floor"] = "blocked"
                elif not lower > floor:
                    if seg["floors"].get("on_unresolved", "hold") == "hold":
                        codes["floor_unresolved"] = "hold"
            if pool and pool.n and clopper_pearson(pool.passes, pool.n, alpha_block / held_to)[1] < floor:
                codes["small_slices_below_floor"] = "hold"
        for v in seg.get("required", []):
            if v not in slices:
                codes["required_slice_absent"] = "inconclusive"
            else:
                s = Cell(slices[v])
                if s.n < seg["min_cases"] or not tango_t(s.b, s.c, s.n, -seg["margin"]) > z_promote:
                    codes["required_slice_unresolved"] = "inconclusive"
        if not gated:
            codes["nothing_gated"] = "inconclusive"
        if not suspects:
            at_hold = None
        if figures is not None:
            figures["slices"] = {v: dict(n_pairs=gated[v].n, n_incumbent_only=gated[v].b, n_candidate_only=gated[v].c, p_harm=gated[v].p_harm,
                                         p_adjusted=q) for v, q in zip(names, adjusted)}
            figures["hold_level"] = at_hold
    shown = superior if policy["goal"] == "superiority" else (non_inferior or superior)
    # A fall that is shown says more than a gain, or a margin, that is not.
    if not shown and status not in ("inferior", "inconclusive_worse"):
        if policy["goal"] == "superiority":
            psi = (whole.b + whole.c) / whole.n
            mde = detectable(whole.n, psi, alpha, rates["power"])
            # Beyond psi nothing is to be detected at this discordance; the interval decides.
            powered = mde <= target + 1e-9 and high - low <= 2 * target + 1e-9 if mde is not None else high < target
            codes["no_demonstrated_gain" if powered else "underpowered"] = "hold" if powered else "inconclusive"
            if figures is not None:
                figures["mde"] = mde
        else:
            codes["not_non_inferior"] = "inconclusive"
    worst = max(codes.values(), key=DECISIONS.index) if codes else "promote"
    return worst, codes


def generate_runs(r):
    """Cases of several runs a side, no slices, nothing missing."""
    runs, n = r.choice([2, 3, 5]), r.choice([30, 60, 150, 400, 900])
    base, flaky, shift = r.choice([.5, .8, .95]), r.choice([.02, .1, .3]), r.choice([0, 0, .03, -.03, -.1])
    rows = []
    for i in range(n):
        rate = r.random() if r.random() < flaky else float(r.random() < base)
        other = min(1.0, max(0.0, rate + (shift if r.random() < .8 else 0) + (r.choice([-1, 1]) if r.random() < r.choice([0, .05]) else 0)))
        rows.append((f"c{i:04}", [[r.random() < rate for _ in range(runs)], [r.random() < other for _ in range(runs)]]))
    _, policy = generate(r)
    policy["segments"] = {"dimensions": []}
    policy["nondeterminism"] = {"on_fail": "warn"}
    return rows, policy


def generate(r):
    slices = [f"s{i:02}" for i in range(r.choice([1, 2, 4, 7, 12, 25]))]
    n = r.choice([25, 60, 150, 400, 900, 1500])
    weights = [1 / (i + 1) ** r.choice([0, .7, 1.3]) for i in range(len(slices))]
    psi, base = r.choice([0, .02, .05, .1, .25, .5]), r.choice([.3, .6, .9, .97])
    shift = r.choice([0, 0, 0, .02, .05, -.02, -.05])
    bad = {v: r.choice([-.1, -.3]) for v in slices if r.random() < .08}
    missing = [r.choice([0, 0, 0, .002, .006, .03]) for _ in range(2)]
    rows = []
    for i in range(n):
        v = r.choices(slices, weights)[0]
        d = shift + bad.get(v, 0)
        spread = max(psi, abs(d))
        u = r.random()
        a = r.random() < base
        if u < (spread - d) / 2:
            a, c = True, False
        elif u < spread:
            a, c = False, True
        else:
            c = a
        outcome = ["pass" if x else r.choice(["fail", "fail", "fail", "model_error"]) for x in (a, c)]
        for side in range(2):
            if r.random() < missing[side]:
                outcome[side] = r.choice(["infra_error", "absent"])
        rows.append((f"c{i:04}", v, outcome))
    multiplicity = r.choice(["wy_discrete"] * 4 + ["holm", "bonferroni", "bh", "none"])
    strict = r.random() < .15
    if strict and multiplicity == "wy_discrete":
        multiplicity = "holm"
    segments = {"dimensions": ["flow"], "min_cases": r.choice([5, 20, 20, 40]), "under_floor": r.choice(["pool", "pool", "report"]),
                "margin": r.choice([.01, .02, .05, .1]) if not strict else r.choice([.02, .05]), "multiplicity": multiplicity, "strict": strict}
    if r.random() < .35:
        segments["floors"] = {"pass_rate": r.choice([.3, .6, .8, .9]), "on_unresolved": r.choice(["hold", "report"])}
    if r.random() < .25:
        segments["required"] = r.sample(slices, 1)
    if r.random() < .2:
        segments = {"dimensions": [], "min_cases": 20, "under_floor": "pool", "margin": .05, "multiplicity": "wy_discrete", "strict": False}
    policy = {"version": 1, "goal": r.choice(["superiority", "non_inferiority"]),
              "error_rates": {"alpha_promote": r.choice([.05, .05, .025, .1]), "alpha_block": r.choice([.05, .05, .01, .1]), "power": r.choice([.8, .9]),
                              "max_expected_false_holds": r.choice([.25, .25, .1, 1.0])},
              "metrics": [{"name": "pass", "role": "primary", "type": "binary", "margin": r.choice([.01, .02, .05, .1]), "target_mde": r.choice([.01, .03, .06, .2])}],
              "methods": {"claim": r.choice(["all", "all", "any"])}, "segments": segments,
              "missing": {"cap": r.choice([.01, .05, .5]), "slice_cap": r.choice([.05, .2, 1.0]), "sensitivity": r.choice(["worst_case", "worst_case", "none"])}}
    return rows, policy


def expected(rows, policy, verdict):
    pairs, worst, best, flags = [], [], [], []
    by_slice = {}
    for _, v, (a, c) in rows:
        if a == "absent" and c == "absent":
            continue
        lost = [x in ("infra_error", "absent") for x in (a, c)]
        flags.append(lost)
        by_slice.setdefault(v, []).append(lost)
        truth = lambda x, other: other if x in ("infra_error", "absent") else x == "pass"
        worst.append((truth(a, True), truth(c, False), v))
        best.append((truth(a, False), truth(c, True), v))
        if not any(lost):
            pairs.append((a == "pass", c == "pass", v))
    codes = {}
    missing, seg = policy["missing"], policy["segments"]
    for side in range(2):
        if sum(f[side] for f in flags) > missing["cap"] * len(flags) + 1e-9:
            codes["missing_cap"] = "invalid"
        if seg["dimensions"]:
            cuts = {v: lost for v, lost in by_slice.items() if len(lost) >= seg["min_cases"]}
            if seg["under_floor"] == "pool":
                complete = lambda v: sum(not any(f) for f in by_slice[v])
                small = [v for v in by_slice if complete(v) < seg["min_cases"]]
                pool = [f for v in small for f in by_slice[v]]
                if len(pool) >= seg["min_cases"]:
                    cuts["<pool>"] = pool
            for lost in cuts.values():
                if len(lost) >= seg["min_cases"] and sum(f[side] for f in lost) > missing["slice_cap"] * len(lost) + 1e-9:
                    codes["slice_missing_cap"] = "invalid"
    if mid_p(sum(x and not y for x, y in flags), sum(y and not x for x, y in flags)) < .01:
        codes["differential_missingness"] = "invalid"
    figures = {}
    decision, found = decide(pairs, policy, figures)
    codes.update(found)
    if missing["sensitivity"] == "worst_case" and any(any(f) for f in flags):
        others = [decide(worst, policy)[0], decide(best, policy)[0]]
        if any(x != decision for x in others):
            codes["missing_sensitive"] = "hold"
    decision = max(codes.values(), key=DECISIONS.index) if codes else "promote"
    return decision, codes, figures


def log_of(rows, side, name, several):
    lines = [{"record": "run", "log_version": 1, "suite": "s", "target": name, "request_model": name}]
    if several:
        for run in range(len(rows[0][1][0])):
            lines += [{"record": "case", "case_id": case, "repeat": run + 1, "outcome": "pass" if sides[side][run] else "fail",
                       "response_model": name + "-2026-01-01"} for case, sides in rows]
    else:
        for case, value, outcome in rows:
            if outcome[side] != "absent":
                answered = {} if outcome[side] == "infra_error" else {"response_model": name + "-2026-01-01"}
                lines.append({"record": "case", "case_id": case, "outcome": outcome[side], "segments": {"flow": value}, **answered})
    return [*lines, {"record": "end", "rows": len(lines) - 1}]


def close(x, y):
    return (x is None) == (y is None) and (x is None or abs(x - y) <= 1e-9 + 1e-7 * abs(y))


def main():
    flags = argparse.ArgumentParser()
    flags.add_argument("--minslice", required=True)
    flags.add_argument("--count", type=int, default=200)
    flags.add_argument("--seed", type=int, default=1)
    flags.add_argument("--go-on", action="store_true")
    args = flags.parse_args()
    tally, failed = {}, 0
    for k in range(args.count):
        r = random.Random(f"{args.seed}/{k}")
        several = k % 4 == 3
        rows, policy = generate_runs(r) if several else generate(r)
        folder = pathlib.Path(tempfile.mkdtemp(prefix="random_gates_"))
        for side, name in enumerate(["incumbent", "candidate"]):
            (folder / f"{name}.jsonl").write_text("\n".join(json.dumps(row) for row in log_of(rows, side, name, several)) + "\n")
        (folder / "gate.yaml").write_text(json.dumps(policy))
        done = subprocess.run([args.minslice, "gate", folder / "gate.yaml", "--incumbent", folder / "incumbent.jsonl", "--candidate", folder / "candidate.jsonl",
                               "--format", "json"], capture_output=True, text=True)
        if not done.stdout:
            print(f"{k}: exit {done.returncode}: {done.stderr[:500]} {folder}")
            failed += 1
            continue
        verdict = json.loads(done.stdout)
        if several:
            answer = decide_means([sum(sides[1]) - sum(sides[0]) for _, sides in rows], len(rows[0][1][0]), policy)
            if answer is None:
                continue
            decision, codes, figures = answer
        else:
            decision, codes, figures = expected(rows, policy, verdict)
        theirs = {x["code"]: x["decision"] for x in verdict["reasons"] if x["decision"] != "promote"}
        wrong = []
        if verdict["verdict"] != decision:
            wrong.append(f"verdict {verdict['verdict']}, expected {decision}")
        if theirs != codes:
            wrong.append(f"codes {theirs}, expected {codes}")
        if figures.get("aggregate"):
            for key, value in figures["aggregate"].items():
                mine = verdict["aggregate"][key]
                if mine != value if isinstance(value, str) else not close(mine, value):
                    wrong.append(f"aggregate.{key} {mine}, expected {value}")
        segments = {("<pool>" if s["pooled"] else s["value"]): s for s in verdict["segments"]}
        for value, figs in figures.get("slices", {}).items():
            for key, x in figs.items():
                if value not in segments or not close(segments[value][key], x):
                    wrong.append(f"{value}.{key} {segments.get(value, {}).get(key)}, expected {x}")
        if figures.get("mde") is not None and not close(verdict["aggregate"]["mde"], figures["mde"]):
            wrong.append(f"mde {verdict['aggregate']['mde']}, expected {figures['mde']}")
        if "hold_level" in figures and not close(verdict["hold_level"], figures["hold_level"]):
            wrong.append(f"hold_level {verdict['hold_level']}, expected {figures['hold_level']}")
        tally[decision] = tally.get(decision, 0) + 1
        if wrong:
            failed += 1
            print(f"{k}: {folder}\n  " + "\n  ".join(wrong[:8]))
            if not args.go_on:
                sys.exit(1)
        else:
            for file in folder.iterdir():
                file.unlink()
            folder.rmdir()
    print(f"{args.count} gates, {failed} differ; {tally}")
    sys.exit(1 if failed else 0)


main()
