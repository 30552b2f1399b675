"""Whether a candidate model may replace the incumbent, slice by slice, and when the data cannot say.

The functions take logs (paths, or other tools' files as "inspect:run.eval") or columns: numpy arrays, pandas or polars
columns, anything with DLPack or a buffer, read where they lie. They compute without the GIL and give frozen objects with the
fields and the digits of the command's JSON. Everywhere: incumbent first, then candidate; a difference is candidate minus
incumbent; rates, differences and margins are fractions (0.02 is two points).
"""

from __future__ import annotations

import os

from ._load import _core
from ._columns import codes as _codes
from ._columns import column as _column
from ._columns import labels as _labels
from ._columns import positions as _positions
from ._columns import table_of as _table_of
from ._errors import Diagnostic, Error, InputError, InternalError, Undefined
from ._results import (
    Bootstrap,
    ClusterMean,
    Comparison,
    CompareSlice,
    Conclusion,
    Estimate,
    McNemar,
    PairedT,
    Plan,
    Rate,
    Reason,
    Record,
    Result,
    Segment,
    SignFlip,
    Simulation,
    Table,
    Test,
    Verdict,
    VerdictRow,
    Wilcoxon,
    WildBootstrap,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, Literal, Union

    from ._columns import Column, Labels

    Path = Union[str, os.PathLike[str]]
    Counts = tuple[int, int, int, int]

__version__ = _core.version

__all__ = [
    "Bootstrap", "ClusterMean", "CompareSlice", "Comparison", "Conclusion", "Diagnostic", "Error", "Estimate", "InputError",
    "InternalError", "McNemar", "PairedT", "Plan", "Rate", "Reason", "Record", "Result", "Segment", "SignFlip", "Simulation",
    "Table", "Test", "Undefined", "Verdict", "VerdictRow", "Wilcoxon", "WildBootstrap", "bootstrap", "bootstrap_t", "bounded_mean",
    "cluster_mean", "compare", "count_pairs", "gate", "mcnemar", "mde", "non_inferiority", "paired_interval", "paired_t",
    "proportion_interval", "sign_flip", "simulate", "statistic", "statistics", "wilcoxon", "wild_cluster_bootstrap",
]  # fmt: skip


def _is_path(value: object) -> bool:
    return isinstance(value, (str, os.PathLike))


def _flat(values: Any) -> bool:
    return getattr(values, "ndim", 1) == 1


def _side(
    values: Any, name: str, ids: Labels | None, segments: Mapping[str, Labels] | None, clusters: Labels | None, suite: str = "columns"
) -> list[str] | _core.Columns:
    """Paths of logs as they are, columns with what belongs to their cases."""
    if _is_path(values):
        values = [values]
    if isinstance(values, (list, tuple)) and values and all(_is_path(value) for value in values):
        if ids is not None or segments is not None or clusters is not None:
            raise TypeError("ids, segments and clusters belong to columns; logs carry their own")
        return [os.fspath(path) for path in values]
    scores = _column(values)
    names = _positions(len(scores)) if ids is None else _labels(ids)
    return _core.columns(
        scores, name, names, _table_of(segments) if segments is not None else [], _labels(clusters) if clusters is not None else [], suite
    )


def _document(source: Path | Mapping[str, Any], name: str) -> tuple[str, str | None]:
    """A file, or a document in memory as JSON, which is YAML too."""
    if _is_path(source):
        return os.fspath(source), None  # type: ignore[arg-type]
    import json

    return name, json.dumps(source, ensure_ascii=False)


def _counts(incumbent: Column | None, candidate: Column | None, table: Sequence[int] | None) -> Counts:
    if table is not None:
        if incumbent is not None or candidate is not None:
            raise TypeError("give either two columns or table, not both")
        if len(table) != 4:
            raise InputError([("", 0, 0, *2 * (f"table: expected four counts (both, incumbent only, candidate only, neither), found {len(table)}",))])
        return tuple(int(count) for count in table)  # type: ignore[return-value]
    if incumbent is None or candidate is None:
        raise TypeError("give two columns, or table=(both, incumbent_only, candidate_only, neither)")
    counts: Counts = tuple(_core.count_pairs(_column(incumbent), _column(candidate)))  # type: ignore[assignment]
    return counts


def _loads(text: str) -> Any:
    import json

    return json.loads(text)


def count_pairs(incumbent: Column, candidate: Column) -> Counts:
    """Counts binary pairs.

    incumbent, candidate: n scores of 0 or 1 each (bool, integer or float; any stride), the same cases in the same order; read in
    place, one pass.
    Returns (both pass, only the incumbent, only the candidate, neither), which sum to n.
    Raises InputError where the lengths differ or a score is neither 0 nor 1 (a missing one included).
    """
    return _counts(incumbent, candidate, None)


def compare(
    incumbent: Path | Column | None = None,
    candidate: Path | Column | None = None,
    *,
    table: Sequence[int] | None = None,
    by: Sequence[str] | Mapping[str, Labels] | None = None,
    ids: Labels | None = None,
    clusters: Labels | None = None,
    metric: str | None = None,
    level: float = 0.95,
    margin: float | None = None,
    seed: int = 0,
    replicates: int = 10000,
) -> Comparison:
    """The statistics of two sides without a policy: every interval and test, planning figures, slices.

    incumbent, candidate: a log each (path or "FORMAT:FILE"), or a column of n scores each, the same cases in the same order; a
    numpy array of shape (n, K) holds K runs a case. NaN or None: no score, the case is left out and a note counts it.
    table: instead of both, (both pass, incumbent only, candidate only, neither).
    by: slices. Logs: names of dimensions. Columns: {dimension: n values}, or a data frame.
    ids: n case ids, else positions. clusters: n names; cases of one name are not independent (columns only).
    metric: the score to compare; "pass" by default, "score" for columns of other values than 0 and 1.
    level: of intervals, in (0, 1). margin: also tests "worse by less than this", a fraction. seed, replicates: of the bootstrap.

    Returns the document of `minslice compare --format json`, to the bit.
    Raises InputError with the command's messages.
    Source: docs/methods.md, sections 2.1 to 2.6.
    """
    if table is not None:
        return Comparison(_core.compare_table(_counts(incumbent, candidate, table), level, margin, seed, replicates))  # type: ignore[arg-type]
    if incumbent is None or candidate is None:
        raise TypeError("compare needs two logs or columns, or table=(both, incumbent_only, candidate_only, neither)")
    if _is_path(incumbent) or _is_path(candidate):
        names = [by] if isinstance(by, str) else list(by or [])
        if ids is not None or clusters is not None:
            raise TypeError("ids and clusters belong to columns; logs carry their own")
        logs = _side(incumbent, "", None, None, None), _side(candidate, "", None, None, None)
        return Comparison(_core.compare(*logs, names, metric or "pass", level, margin, seed, replicates))
    before, after = _column(incumbent), _column(candidate)  # type: ignore[arg-type]
    if metric is None:
        metric = "pass" if _core.only_zero_one(before) and _core.only_zero_one(after) else "score"
    if by is not None and not hasattr(by, "keys") and not hasattr(by, "columns"):
        raise TypeError("by: columns have no dimensions of their own; give {dimension: values}")
    if metric == "pass" and by is None and clusters is None and ids is None and _flat(before) and _flat(after):
        try:
            counts = _core.count_pairs(before, after)
        except InputError:  # missing scores, or lengths that differ: said below, with the cases' ids
            pass
        else:
            return Comparison(_core.compare_table(counts, level, margin, seed, replicates))
    first = _side(before, "incumbent", ids, by, clusters)  # type: ignore[arg-type]
    second = _side(after, "candidate", ids, by, clusters)  # type: ignore[arg-type]
    dimensions = [name for name, _ in _table_of(by)] if by is not None else []
    return Comparison(_core.compare(first, second, dimensions, metric, level, margin, seed, replicates))


def gate(
    policy: Path | Mapping[str, Any],
    incumbent: Path | Sequence[Path] | Column,
    candidate: Path | Sequence[Path] | Column,
    *,
    ids: Labels | None = None,
    segments: Mapping[str, Labels] | None = None,
    clusters: Labels | None = None,
    suite: str = "columns",
) -> Verdict:
    """The verdict on a candidate under a policy: promote, hold, inconclusive, blocked or invalid, with every reason.

    policy: a file (docs/formats/policy.md), or the same as a dict.
    incumbent, candidate: logs (several: repeats or shards), or a column of n scores each, the same cases in the same order; shape
    (n, K) for K runs a case. NaN or None: the case was not run on that side.
    ids: n case ids, else positions. segments: {dimension: n values} or a data frame; None or "": the case has none.
    clusters: n names. suite: the name by which a ledger tells suites apart. These four belong to columns; logs carry their own.

    Returns verdict.json, to the bit as the command writes it for such logs. A blocked verdict is no exception. As with the command,
    files that the policy names (anchor, quarantine, reviews) are read from its folder (of a dict: the working directory), and its
    ledger gets a line before the verdict is given.
    Raises InputError with every error of the policy and the logs at once, or where the ledger cannot be written.
    Source: docs/methods.md, section 3.
    """
    path, text = _document(policy, "policy")
    return Verdict(
        _core.gate(
            path,
            text,
            _side(incumbent, "incumbent", ids, segments, clusters, suite),
            _side(candidate, "candidate", ids, segments, clusters, suite),
        )
    )


def mde(
    pairs: int | None = None,
    discordance: float | None = None,
    *,
    pilot: tuple[Path | Column, Path | Column] | None = None,
    margin: float | None = None,
    effect: float | None = None,
    power: float = 0.80,
    alpha: float = 0.05,
    sides: int = 2,
    rate: float | None = None,
) -> Plan:
    """What a suite of this size can see, and what size it takes.

    pairs: cases that both sides answer. discordance: psi, the share of cases where they differ, in (0, 1].
    pilot: instead of both, two logs or two columns of 0 and 1 to take them from. margin: pairs needed to certify "worse by less
    than this". effect: pairs needed to see a difference of this. power, alpha: in (0, 1). sides: 1 or 2. rate: the incumbent's
    pass rate, for the unpaired contrast only. Fractions, not points.

    Returns the document of `minslice mde --format json`. Raises InputError with the command's messages.
    Source: Connor 1987; exact figures by enumeration (docs/planning.md).
    """
    first, second = (None, None) if pilot is None else (_side(pilot[0], "incumbent", None, None, None), _side(pilot[1], "candidate", None, None, None))
    return Plan(_core.mde(pairs, discordance, first, second, margin, effect, power, alpha, sides, rate))


def simulate(
    policy: Path | Mapping[str, Any],
    *,
    incumbent: Path | Sequence[Path] | Column | None = None,
    candidate: Path | Sequence[Path] | Column | None = None,
    plan: Path | Mapping[str, Any] | None = None,
    ids: Labels | None = None,
    segments: Mapping[str, Labels] | None = None,
    clusters: Labels | None = None,
    psi: float | Sequence[float] | None = None,
    slice: str = "",
    incumbent_rate: float | None = None,
    runs: int = 1000,
    seed: int = 0,
) -> Simulation:
    """How often the gate of this policy errs on this suite.

    incumbent: logs or a column whose cases and slices are simulated. candidate: what psi is measured on, against it. plan: instead
    of both, a suite that does not exist yet, as a file or a dict ({"psi": .08, "dimension": "flow", "slices": {"refund": 47}}).
    ids, segments, clusters: of columns, as in gate. psi: the share of prompts on which the models disagree; several: a table each.
    slice: the slice that falls, as "value" or "dimension:value". runs: a row. Same digits at any number of threads.

    Returns the document of `minslice simulate --format json`. Raises InputError with the command's messages.
    Source: docs/operating-characteristics.md.
    """
    if (incumbent is None) == (plan is None):
        raise TypeError("simulate needs either incumbent or plan")
    if candidate is not None and incumbent is None:
        raise TypeError("candidate needs incumbent")
    path, text = _document(policy, "policy")
    plan_path, plan_text = (None, None) if plan is None else _document(plan, "plan")
    first = None if incumbent is None else _side(incumbent, "incumbent", ids, segments, clusters)
    second = None if candidate is None else _side(candidate, "candidate", ids, segments, clusters)
    rates = [] if psi is None else [float(psi)] if isinstance(psi, (int, float)) else [float(value) for value in psi]
    return Simulation(_core.simulate(path, text, first, second, plan_path, plan_text, rates, slice, incumbent_rate, runs, seed))


def mcnemar(incumbent: Column | None = None, candidate: Column | None = None, *, table: Sequence[int] | None = None) -> McNemar:
    """McNemar's tests of paired binary results, H0: as many broke as were fixed.

    incumbent, candidate: n scores of 0 or 1 each, or table=(both, incumbent_only, candidate_only, neither).
    Returns exact, midp (the default of every claim), asymptotic, corrected, and the one-sided exact test for harm.
    Raises InputError for other scores or lengths that differ.
    Source: McNemar 1947; Edwards 1948; Fagerland, Lydersen, Laake 2013.
    """
    return McNemar(_loads(_core.mcnemar(_counts(incumbent, candidate, table))))


def paired_interval(
    incumbent: Column | None = None,
    candidate: Column | None = None,
    *,
    table: Sequence[int] | None = None,
    method: Literal["tango", "scas", "newcombe10", "newcombe8", "bonett_price", "agresti_min", "wald"] = "tango",
    level: float = 0.95,
) -> Estimate:
    """The interval of the difference of two pass rates over the same cases, a fraction in [-1, 1].

    incumbent, candidate: n scores of 0 or 1 each, or table. level: two-sided, in (0, 1).
    Raises InputError for other scores, lengths that differ, unknown methods.
    Source: Tango 1998; Newcombe 1998; Bonett, Price 2012; Agresti, Min 2005 (docs/methods.md, 2.1).
    """
    return Estimate(_loads(_core.paired_interval(_counts(incumbent, candidate, table), method, level)))


def non_inferiority(
    incumbent: Column | None = None, candidate: Column | None = None, *, margin: float, table: Sequence[int] | None = None
) -> Test:
    """Tests "the candidate is worse by less than margin"; one-sided p, H0: difference <= -margin.

    incumbent, candidate: n scores of 0 or 1 each, or table. margin: a fraction in [0, 1).
    Source: Nam 1997; Tango 1998.
    """
    return Test(_loads(_core.non_inferiority(_counts(incumbent, candidate, table), margin)))


def proportion_interval(
    passes: int,
    n: int,
    *,
    method: Literal["wilson", "wilson_corrected", "clopper_pearson", "jeffreys", "agresti_coull"] = "wilson",
    level: float = 0.95,
) -> Estimate:
    """The interval of one pass rate, a fraction in [0, 1].

    passes: 0 to n. level: two-sided, in (0, 1). Raises Undefined at n = 0, InputError for other counts.
    Source: Wilson 1927; Clopper, Pearson 1934; Agresti, Coull 1998; Brown, Cai, DasGupta 2001.
    """
    return Estimate(_loads(_core.proportion_interval(passes, n, method, level)))


def bootstrap(
    incumbent: Column | None = None,
    candidate: Column | None = None,
    *,
    table: Sequence[int] | None = None,
    level: float = 0.95,
    replicates: int = 10000,
    seed: int = 0,
    exact: bool = False,
) -> Bootstrap:
    """The paired bootstrap of the mean difference.

    incumbent, candidate: n scores each, the same cases in the same order; incumbent alone: n differences; or table. Scores of
    0 and 1 are resampled as counts, which costs the same at any n. Other scores must not be missing.
    exact: the limit of infinitely many replicates, without seed and Monte-Carlo error. Same digits at any number of threads.

    Returns limits as (lower, upper), in the unit of the scores. Below 50 differing pairs percentile and BCa are too narrow.
    Raises Undefined where the data have no variation, InputError for lengths that differ.
    Source: Efron 1979, 1987; Hall 1988 (docs/methods.md, 2.3).
    """
    if table is not None:
        return Bootstrap(_loads(_core.bootstrap_table(_counts(incumbent, candidate, table), level, replicates, seed, exact)))
    if incumbent is None:
        raise TypeError("bootstrap needs two columns, differences, or table")
    first = _column(incumbent)
    if candidate is None:
        return Bootstrap(_loads(_core.bootstrap(first, None, level, replicates, seed, exact)))
    second = _column(candidate)
    if _core.only_zero_one(first) and _core.only_zero_one(second):
        return Bootstrap(_loads(_core.bootstrap_table(_core.count_pairs(first, second), level, replicates, seed, exact)))
    return Bootstrap(_loads(_core.bootstrap(first, second, level, replicates, seed, exact)))


def bootstrap_t(
    incumbent: Column, candidate: Column | None = None, *, level: float = 0.95, replicates: int = 10000, seed: int = 0
) -> Estimate:
    """The bootstrap-t interval of the mean difference; better than percentile limits for skewed scores and n < 50.

    incumbent, candidate: n scores each; incumbent alone: n differences.
    Raises Undefined where the data have no variation. Source: Hall 1988.
    """
    return Estimate(_loads(_core.bootstrap_t(_column(incumbent), None if candidate is None else _column(candidate), level, replicates, seed)))


def paired_t(incumbent: Column, candidate: Column | None = None, *, level: float = 0.95) -> PairedT:
    """Student's t of the mean difference; valid for n >= 30 or near-normal differences.

    incumbent, candidate: n scores each; incumbent alone: n differences.
    Raises Undefined below two pairs or where all differences are equal. Source: Student 1908.
    """
    return PairedT(_loads(_core.paired_t(_column(incumbent), None if candidate is None else _column(candidate), level)))


def sign_flip(incumbent: Column, candidate: Column | None = None) -> SignFlip:
    """The randomisation test of paired differences: exact, whatever the scores' distribution.

    incumbent, candidate: n scores each; incumbent alone: n differences. One run of 0 and 1 a side: McNemar's exact test.
    Raises Undefined without pairs. Source: Fisher 1935; Pitman 1937.
    """
    return SignFlip(_loads(_core.sign_flip(_column(incumbent), None if candidate is None else _column(candidate))))


def wilcoxon(incumbent: Column, candidate: Column | None = None) -> Wilcoxon:
    """Wilcoxon's signed-rank test, exact with ties up to 1,000 non-zero differences. It tests ranks, not the mean.

    incumbent, candidate: n scores each; incumbent alone: n differences. Raises Undefined without pairs.
    Source: Wilcoxon 1945; Pratt 1959.
    """
    return Wilcoxon(_loads(_core.wilcoxon(_column(incumbent), None if candidate is None else _column(candidate))))


def bounded_mean(
    values: Column,
    low: float,
    high: float,
    *,
    method: Literal["empirical_likelihood", "betting", "hoeffding"] = "empirical_likelihood",
    level: float = 0.95,
) -> Estimate:
    """The interval of the mean of few bounded scores (n < 50).

    values: n scores in [low, high], the range that a score can have, not that of the data.
    Raises Undefined outside the range or (empirical likelihood) without variation.
    Source: Owen 1988, 2001; Waudby-Smith, Ramdas 2024; Hoeffding 1963.
    """
    return Estimate(_loads(_core.bounded_mean(_column(values), low, high, method, level)))


def cluster_mean(
    differences: Column, clusters: Labels, *, error: Literal["cr0", "cr1", "cr2"] = "cr2", level: float = 0.95
) -> ClusterMean:
    """The mean of differences that come in clusters (questions on one document), with errors that treat the cluster as the unit.

    differences: n values. clusters: n names. Raises Undefined for one cluster or no variation.
    Source: Liang, Zeger 1986; Bell, McCaffrey 2002; Miller 2024.
    """
    return ClusterMean(_loads(_core.cluster_mean(_column(differences), _codes(clusters), error, level)))


def wild_cluster_bootstrap(
    differences: Column, clusters: Labels, *, level: float = 0.95, replicates: int = 9999, seed: int = 0
) -> WildBootstrap:
    """The wild cluster bootstrap-t, for fewer than 30 clusters; all sign patterns where they are no more than the replicates.

    differences: n values. clusters: n names. Raises Undefined for one cluster or no variation.
    Source: Cameron, Gelbach, Miller 2008.
    """
    return WildBootstrap(_loads(_core.wild_cluster_bootstrap(_column(differences), _codes(clusters), level, replicates, seed)))


def statistics() -> list[str]:
    """The names that statistic() knows, ascending."""
    return _core.statistics()


def statistic(name: str, /, **inputs: Any) -> dict[str, Any]:
    """Any statistic of `minslice stats` by name: inputs and outputs as in its cases (docs/commands.md, minslice stats).

    Raises InputError with what the statistic misses.
    """
    import json

    found: dict[str, Any] = json.loads(_core.statistic(name, json.dumps(inputs, default=lambda array: array.tolist())))
    return found
