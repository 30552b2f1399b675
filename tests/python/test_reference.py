"""Against scipy and statsmodels, over whatever hypothesis thinks of."""

import math

import minslice
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, special, stats
from statsmodels.stats.contingency_tables import mcnemar as statsmodels_mcnemar
from statsmodels.stats.proportion import proportion_confint

counts = st.integers(0, 400)
tables = st.tuples(counts, counts, counts, counts).filter(lambda t: sum(t) > 0)
levels = st.sampled_from([0.8, 0.9, 0.95, 0.99])
# On a grid, so that ties and zeros are as frequent as in real scores; several distinct values.
differences = st.lists(st.integers(-20, 20).map(lambda i: i / 8), min_size=3, max_size=80).filter(lambda d: len(set(d)) > 2)
relaxed = settings(deadline=None, max_examples=150)


@relaxed
@given(tables)
def test_mcnemar(table):
    both, broke, fixed, neither = table
    found = minslice.mcnemar(table=table)
    square = [[both, broke], [fixed, neither]]
    assert found.exact.p == pytest.approx(statsmodels_mcnemar(square, exact=True).pvalue if broke + fixed else 1, rel=1e-10)
    if broke + fixed:
        assert found.asymptotic.p == pytest.approx(statsmodels_mcnemar(square, exact=False, correction=False).pvalue, rel=1e-9, abs=1e-300)
        midp = 2 * stats.binom.cdf(min(broke, fixed), broke + fixed, 0.5) - stats.binom.pmf(min(broke, fixed), broke + fixed, 0.5)
        assert found.midp.p == pytest.approx(1 if broke == fixed else midp, rel=1e-9)
        assert found.harm_one_sided.p == pytest.approx(stats.binom.sf(broke - 1, broke + fixed, 0.5), rel=1e-9)
    if broke + fixed and broke != fixed:
        assert found.corrected.p == pytest.approx(statsmodels_mcnemar(square, exact=False, correction=True).pvalue, rel=1e-9, abs=1e-300)


@relaxed
@given(tables)
def test_columns_count_as_their_table(table):
    both, broke, fixed, neither = table
    before = np.repeat([True, True, False, False], [both, broke, fixed, neither])
    after = np.repeat([True, False, True, False], [both, broke, fixed, neither])
    assert tuple(minslice.count_pairs(before, after)) == table
    order = np.random.default_rng(sum(table)).permutation(len(before))
    assert minslice.mcnemar(before[order], after[order]) == minslice.mcnemar(table=table)


@relaxed
@given(tables, levels)
def test_tango_is_where_the_score_test_rejects(table, level):
    """Tango 1998 by its definition: at a limit d the score is the normal quantile, with P(broke) = q and P(fixed) = q + d where
    the likelihood is largest, found by scipy's optimiser instead of the closed form."""
    both, broke, fixed, neither = table
    n = sum(table)
    found = minslice.paired_interval(table=table, level=level)
    assert found.value == (fixed - broke) / n
    assert -1 <= found.lower <= found.value <= found.upper <= 1
    z = stats.norm.ppf(0.5 + level / 2)
    for d in (found.lower, found.upper):
        if abs(d) >= 1:
            continue

        def loss(q, d=d):
            return -float(np.sum(special.xlogy([broke, fixed, both + neither], np.maximum([q, q + d, 1 - 2 * q - d], 0))))

        q = optimize.minimize_scalar(loss, bounds=(max(0, -d), (1 - d) / 2), method="bounded", options={"xatol": 1e-12}).x
        score = (fixed - broke - n * d) / math.sqrt(n * (2 * q + d - d * d))
        assert abs(score) == pytest.approx(z, rel=1e-3)


@relaxed
@given(st.integers(0, 300), st.integers(1, 300), levels)
def test_proportion(x, n, level):
    x = min(x, n)
    for ours, theirs in (("wilson", "wilson"), ("clopper_pearson", "beta"), ("agresti_coull", "agresti_coull"), ("jeffreys", "jeffreys")):
        lower, upper = proportion_confint(x, n, alpha=1 - level, method=theirs)
        found = minslice.proportion_interval(x, n, method=ours, level=level)
        assert found.lower == pytest.approx(max(float(lower), 0), rel=1e-8, abs=1e-12)
        assert found.upper == pytest.approx(min(float(upper), 1), rel=1e-8)


@relaxed
@given(differences, levels)
def test_paired_t(d, level):
    found = minslice.paired_t(d, level=level)
    reference = stats.ttest_1samp(d, 0)
    assert found.p == pytest.approx(reference.pvalue, rel=1e-8)
    interval = reference.confidence_interval(level)
    assert found.mean.lower == pytest.approx(interval.low, rel=1e-8, abs=1e-12)
    assert found.mean.upper == pytest.approx(interval.high, rel=1e-8, abs=1e-12)


@relaxed
@given(differences)
def test_wilcoxon(d):
    if not any(d):
        return
    found = minslice.wilcoxon(d)
    reference = stats.wilcoxon(d, zero_method="wilcox", correction=False, method="approx")
    assert found.normal_p == pytest.approx(reference.pvalue, rel=1e-8)
    assert min(found.w_plus, found.w_minus) == pytest.approx(reference.statistic)
    pratt = stats.wilcoxon(d, zero_method="pratt", correction=False, method="approx")
    assert found.pratt_p == pytest.approx(pratt.pvalue, rel=1e-8)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(-4, 4), min_size=2, max_size=12))
def test_sign_flip_is_the_enumeration(d):
    found = minslice.sign_flip([float(x) for x in d])
    total = abs(sum(d))
    sums = np.zeros(1)
    for x in d:
        sums = np.concatenate([sums + x, sums - x])
    assert found.p == pytest.approx(np.mean(np.abs(sums) >= total), rel=1e-12)
    assert found.p_harm == pytest.approx(np.mean(sums <= sum(d)), rel=1e-12)


@settings(deadline=None, max_examples=25)
@given(tables.filter(lambda t: t[1] > 25 and t[2] > 25), st.integers(0, 2**32))
def test_bootstrap_is_scipys_up_to_monte_carlo(table, seed):
    """Both draw 4,000 resamples; their limits may differ by the error of a quantile, four standard errors of it at most."""
    both, broke, fixed, neither = table
    d = np.repeat([0.0, -1.0, 1.0, 0.0], table)
    reference = stats.bootstrap((d,), np.mean, n_resamples=4000, method="percentile", random_state=np.random.default_rng(seed), batch=200)
    found = minslice.bootstrap(table=table, replicates=4000, seed=seed)
    error = d.std() / math.sqrt(len(d))
    assert found.standard_error == pytest.approx(error, rel=1e-9)
    # Standard error of a quantile at p: sqrt(p (1 - p) / B) / density; at .025 of a normal 2.7 / sqrt(B) standard errors.
    allowed = 4 * math.sqrt(2) * 2.7 / math.sqrt(4000) * error + 1 / len(d)
    assert found.percentile[0] == pytest.approx(reference.confidence_interval.low, abs=allowed)
    assert found.percentile[1] == pytest.approx(reference.confidence_interval.high, abs=allowed)


@relaxed
@given(differences, st.integers(2, 9))
def test_cluster_errors_are_statsmodels(d, groups):
    import statsmodels.api as sm

    clusters = [i % groups for i in range(len(d))]
    if len(set(clusters)) < 2:
        return
    fit = sm.OLS(np.array(d), np.ones(len(d))).fit(cov_type="cluster", cov_kwds={"groups": np.array(clusters), "use_correction": False})
    try:
        found = minslice.cluster_mean(d, clusters, error="cr0")
    except minslice.Undefined:
        return
    assert found.se_cr0 == pytest.approx(float(fit.bse[0]), rel=1e-8, abs=1e-12)


@relaxed
@given(tables, levels)
def test_swapping_the_sides_flips_the_sign(table, level):
    both, broke, fixed, neither = table
    for method in ("tango", "newcombe10", "bonett_price", "wald"):
        one = minslice.paired_interval(table=table, level=level, method=method)
        other = minslice.paired_interval(table=(both, fixed, broke, neither), level=level, method=method)
        assert one.lower == pytest.approx(-other.upper, abs=1e-9)
        assert one.upper == pytest.approx(-other.lower, abs=1e-9)
