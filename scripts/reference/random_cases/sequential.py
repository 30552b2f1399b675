"""Looking while results come in: closed forms in mpmath, and confseq 0.0.11 where it is installed (else its formulas)."""
import math

import mpmath as mp
import numpy as np
from scipy import optimize, special

try:
    from confseq.betting import betting_mart
    from confseq.boundaries import bernoulli_confidence_interval, normal_mixture_bound
    from confseq.predmix import predmix_empbern_twosided_cs
    CONFSEQ = True
except ImportError:
    CONFSEQ = False


def unit(i):
    x = np.array(i["x"], float)
    mapped = i.get("map", "(x+1)/2" if (x < 0).any() else "identity")
    return (x + 1) / 2 if mapped == "(x+1)/2" else x


def eprocess_beta_mixture(i):
    x, p0 = i["x"], mp.mpf(repr(i["p0"]))
    a, b = mp.mpf(repr(i["a"])), mp.mpf(repr(i["b"]))
    out = []
    log_beta = lambda u, v: mp.loggamma(u) + mp.loggamma(v) - mp.loggamma(u + v)
    for t in i["t"]:
        s = sum(x[:t])
        out.append(float(log_beta(a + s, b + t - s) - log_beta(a, b) - s * mp.log(p0) - (t - s) * mp.log(1 - p0)))
    return {"log_e": out}


def cs_bernoulli_beta_binomial(i):
    lower, upper = [], []
    for t in i["t"]:
        low, high = bernoulli_confidence_interval(float(sum(i["x"][:t])), t, i["alpha"], i["t_opt"], i["alpha_opt"])
        lower.append(low)
        upper.append(high)
    return {"lower": lower, "upper": upper}


def eprocess_fixed_bet(i):
    x = unit(i)
    up, down = (np.cumsum(np.log1p(s * i["lam"] * (x - i["m"]))) for s in (1, -1))
    at = [t - 1 for t in i["t"]]
    return {"log_capital_up": list(up[at]), "log_capital_down": list(down[at])}


def bets(x, alpha):
    """lambda of the predictable mixture (Waudby-Smith and Ramdas 2024), before truncation"""
    t = np.arange(1, len(x) + 1)
    mean = (.5 + np.cumsum(x)) / (t + 1)
    variance = (.25 + np.cumsum((x - mean) ** 2)) / (t + 1)
    before = np.append(.25, variance[:-1])
    return np.sqrt(2 * math.log(1 / alpha) / (t * np.log(1 + t) * before))


def capitals(x, m, alpha, theta, scale):
    parts = []
    for sign, share, edge in ((1, theta, m), (-1, 1 - theta, 1 - m)):
        if share == 0:
            parts.append(np.zeros(len(x)))
            continue
        lam = np.minimum(bets(x, alpha * share), scale / edge if edge > 0 else np.inf)
        with np.errstate(invalid="ignore"):
            factor = 1 + sign * lam * (x - m)
        factor[np.isinf(lam) & (x == m)] = 1
        parts.append(share * np.cumprod(factor))
    return parts


def eprocess_predmix_hedged(i):
    x, at = unit(i), [t - 1 for t in i["t"]]
    m, alpha, theta, scale = i["m"], i["alpha"], i["theta"], i["trunc_scale"]
    if CONFSEQ:
        paths = [betting_mart(x, m, alpha=alpha, theta=theta, trunc_scale=scale, convex_comb=convex) for convex in (False, True)]
    else:
        parts = capitals(x, m, alpha, theta, scale)
        paths = [np.maximum(*parts), parts[0] + parts[1]]
    return {"lambda_untruncated": list(bets(x, alpha * theta)[at]), "capital_max": list(paths[0][at]), "capital_convex": list(paths[1][at])}


def cs_betting_hedged(i):
    """the grid of the golden file: 1001 means, those whose capital stays below 1/alpha, widened by one step"""
    x, at = unit(i), [t - 1 for t in i["t"]]
    breaks = i["breaks"]
    lower, upper = np.full(len(at), np.inf), np.full(len(at), -np.inf)
    for k in range(breaks + 1):
        m = k / breaks
        with np.errstate(all="ignore"):
            wealth = np.maximum(*capitals(x, m, i["alpha"], .5, .5))[at]
        inside = ~(wealth >= 1 / i["alpha"])
        lower = np.where(inside & (m < lower), m, lower)
        upper = np.where(inside & (m > upper), m, upper)
    return {"lower": list(np.maximum(0, lower - 1 / breaks)), "upper": list(np.minimum(1, upper + 1 / breaks))}


def cs_predmix_empirical_bernstein(i):
    x, at = unit(i), [t - 1 for t in i["t"]]
    low, high = predmix_empbern_twosided_cs(x, alpha=i["alpha"], truncation=i["truncation"], running_intersection=False)
    return {"lower": list(np.maximum(0, low)[at]), "upper": list(np.minimum(1, high)[at])}


def cs_normal_mixture_bound(i):
    return {"bound": normal_mixture_bound(i["v"], i["alpha"], i["v_opt"], i["alpha_opt"], i["one_sided"])}


# --- without confseq ---------------------------------------------------------------------------------------------
if not CONFSEQ:
    def predmix_empbern_twosided_cs(x, alpha, truncation, running_intersection):
        def lower(y):
            t = np.arange(1, len(y) + 1)
            before = np.append(0, (np.cumsum(y) / t)[:-1])
            lam = np.minimum(bets(y, alpha / 2), truncation)
            margin = (math.log(2 / alpha) + np.cumsum((y - before) ** 2 * (-np.log1p(-lam) - lam))) / np.cumsum(lam)
            return np.cumsum(lam * y) / np.cumsum(lam) - margin
        return lower(x), 1 - lower(1 - x)

    def best_rho(v, alpha, one_sided):
        a = 2 * alpha if one_sided else alpha
        # Howard et al. 2021, proposition 3: -W_{-1}(-a^2 / e) - 1
        return v / float((-special.lambertw(-a * a / math.e, -1) - 1).real)

    def normal_mixture_bound(v, alpha, v_opt, alpha_opt, one_sided):
        if not one_sided:
            rho = v_opt / (2 * math.log(1 / alpha_opt) + math.log(1 + 2 * math.log(1 / alpha_opt)))
            return math.sqrt((v + rho) * (math.log((v + rho) / rho) - 2 * math.log(alpha)))
        rho = v_opt / (2 * math.log(1 / (2 * alpha_opt)) + math.log(1 + 2 * math.log(1 / (2 * alpha_opt))))
        log_mart = lambda s: .5 * math.log(4 * rho / (v + rho)) + s * s / 2 / (v + rho) + float(special.log_ndtr(s / math.sqrt(v + rho)))
        return optimize.brentq(lambda s: log_mart(s) + math.log(alpha), -50 * math.sqrt(v + rho), 100 * math.sqrt(v + rho), xtol=1e-12)

    def bernoulli_confidence_interval(successes, t, alpha, t_opt, alpha_opt):
        def excess(p):
            # a two-sided beta-binomial mixture: Howard et al. 2021, appendix A.2, r = rho - p (1 - p)
            rho = p * (1 - p) * t_opt / (2 * math.log(1 / alpha_opt) + math.log(1 + 2 * math.log(1 / alpha_opt)))
            r = max(rho - p * (1 - p), 1e-3 * p * (1 - p))
            a, b = r / (1 - p), r / p
            return (special.betaln(a + successes, b + t - successes) - special.betaln(a, b) - special.xlogy(successes, p)
                    - special.xlog1py(t - successes, -p) + math.log(alpha))
        mean = successes / t
        low = optimize.brentq(excess, 1e-15, mean, xtol=1e-14) if mean > 0 and excess(1e-15) > 0 else 0.0
        high = optimize.brentq(excess, mean, 1 - 1e-15, xtol=1e-14) if mean < 1 and excess(1 - 1e-15) > 0 else 1.0
        return low, high


# --- inputs --------------------------------------------------------------------------------------------------------
def path(rng, kinds=("bernoulli",)):
    n = int(rng.choice([1, 2, 5, 20, 60, 150, 400]))
    kind = rng.choice(kinds)
    p = rng.choice([.02, .1, .3, .5, .65, .9, .99])
    if kind == "bernoulli":
        x = [int(v) for v in rng.uniform(size=n) < p]
    elif kind == "unit":
        x = [float(v) for v in np.round(rng.beta(p * 4, (1 - p) * 4, n), 3)]
    elif kind == "constant":
        x = [float(p)] * n
    else:
        psi = rng.choice([.05, .2, .6])
        x = [int(v) for v in rng.choice([-1, 0, 1], n, p=[psi * .4, 1 - psi, psi * .6])]
    times = sorted({int(v) for v in [1, n] + list(rng.integers(1, n + 1, 8))})
    return {"name": f"path{rng.integers(10**9)}", "x": x, "t": times}


def beta_mixture_inputs(rng, count):
    return [dict(path(rng), p0=float(rng.choice([.5, .5, .1, .3, .9])), a=float(rng.choice([.5, 1, 2, 10, .01, 200])), b=float(rng.choice([.5, 1, 2, 10, .01, 200]))) for _ in range(count)]


def bernoulli_inputs(rng, count):
    return [dict(path(rng), alpha=float(rng.choice([.001, .01, .05, .1, .2])), t_opt=float(rng.choice([10, 50, 100, 200, 1000])),
                 alpha_opt=float(rng.choice([.01, .05, .05]))) for _ in range(count)]


KINDS = ("bernoulli", "unit", "pairs", "constant")


def fixed_inputs(rng, count):
    made = []
    for _ in range(count):
        p = path(rng, KINDS)
        negative = any(v < 0 for v in p["x"])
        p["map"] = "(x+1)/2" if negative else "identity"
        m = float(rng.choice([.1, .3, .5, .5, .7, .95]))
        made.append(dict(p, m=m, lam=float(round(rng.uniform(.01, .99) / max(m, 1 - m), 3))))
    return made


def hedged_inputs(rng, count):
    return [dict(path(rng, KINDS), m=float(rng.choice([.01, .2, .5, .5, .5, .8, .99])), alpha=float(rng.choice([.001, .01, .05, .1])), theta=float(rng.choice([.5, .5, .25, .9])),
                 trunc_scale=float(rng.choice([.5, .5, .75, 1.0, .1]))) for _ in range(count)]


def betting_inputs(rng, count):
    return [dict(path(rng, KINDS), alpha=float(rng.choice([.001, .01, .05, .1])), breaks=1000) for _ in range(count)]


def bernstein_inputs(rng, count):
    return [dict(path(rng, KINDS), alpha=float(rng.choice([.001, .01, .05, .1])), truncation=float(rng.choice([.5, .5, .25, .75, .9]))) for _ in range(count)]


def normal_inputs(rng, count):
    return [dict(v=float(round(10 ** rng.uniform(-2, 7), 3)), alpha=float(rng.choice([1e-6, .001, .01, .025, .05, .1, .2])), v_opt=float(round(10 ** rng.uniform(-1, 6), 2)),
                 alpha_opt=float(rng.choice([.001, .01, .025, .05, .1])), one_sided=bool(rng.uniform() < .5)) for _ in range(count)]


FUNCTIONS = {
    "eprocess_beta_mixture": (beta_mixture_inputs, eprocess_beta_mixture),
    "cs_bernoulli_beta_binomial": (bernoulli_inputs, cs_bernoulli_beta_binomial),
    "eprocess_fixed_bet": (fixed_inputs, eprocess_fixed_bet),
    "eprocess_predmix_hedged": (hedged_inputs, eprocess_predmix_hedged),
    "cs_betting_hedged": (betting_inputs, cs_betting_hedged),
    "cs_predmix_empirical_bernstein": (bernstein_inputs, cs_predmix_empirical_bernstein),
    "cs_normal_mixture_bound": (normal_inputs, cs_normal_mixture_bound),
}
