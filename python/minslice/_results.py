"""The results: what the command prints as JSON, with the same names and the same digits, as frozen objects.

Rates and differences are fractions, never points: 0.02 is two points. What could not be computed is None, and a warning, a
reason or a note of the same result says why.
"""

from __future__ import annotations

import json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, ClassVar

    Limits = tuple[float | None, float | None]


def _plain(value: Any) -> Any:
    if isinstance(value, Result):
        return value.to_dict()
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return value


class Result:
    """Attributes by the names of the JSON fields; nothing can be set. `to_dict()` gives the JSON document back."""

    __slots__ = ("_fields",)

    if TYPE_CHECKING:
        _fields: dict[str, Any]
    #: classes of the fields that are objects, or lists of objects, themselves
    _inner: ClassVar[dict[str, type[Result]]] = {}
    #: fields that are there only for some data; None where they are not
    _optional: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, fields: dict[str, Any]) -> None:
        built = {}
        for name, value in fields.items():
            inner = self._inner.get(name)
            if isinstance(value, dict) and inner is not None:
                value = inner(value)
            elif isinstance(value, list):
                value = tuple(inner(item) if inner is not None and isinstance(item, dict) else item for item in value)
            built[name] = value
        object.__setattr__(self, "_fields", built)

    if not TYPE_CHECKING:

        def __getattr__(self, name):
            if name != "_fields":
                if name in self._fields:
                    return self._fields[name]
                if name in self._optional:
                    return None
            raise AttributeError(f"{type(self).__name__} has no field {name!r}; it has: {', '.join(self._fields)}")

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen")

    def __dir__(self) -> list[str]:
        return sorted([*super().__dir__(), *self._fields])

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and isinstance(other, Result) and self._fields == other._fields

    def __hash__(self) -> int:
        return hash((type(self), json.dumps(self.to_dict(), sort_keys=True)))

    def __reduce__(self) -> tuple[type[Result], tuple[dict[str, Any]]]:
        return type(self), (self.to_dict(),)

    def __repr__(self) -> str:
        def short(value: Any) -> str:
            if isinstance(value, tuple) and len(value) > 3:
                return f"<{len(value)} items>"
            text = repr(value)
            return text if len(text) <= 80 else f"<{type(value).__name__}>"

        shown = ", ".join(f"{name}={short(value)}" for name, value in self._fields.items())
        return f"{type(self).__name__}({shown})"

    def to_dict(self) -> dict[str, Any]:
        """The fields as JSON would have them: dicts, lists, numbers, strings, None."""
        return {name: _plain(value) for name, value in self._fields.items()}


class Record(Result):
    """A smaller object of a document; docs/formats and docs/commands.md list its fields."""

    __slots__ = ()

    def __init__(self, fields: dict[str, Any]) -> None:
        object.__setattr__(self, "_fields", {name: _records(value) for name, value in fields.items()})

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...


def _records(value: Any) -> Any:
    if isinstance(value, dict):
        return Record(value)
    if isinstance(value, list):
        return tuple(_records(item) for item in value)
    return value


class _Named(Result):
    """An object whose keys are names, not fields: methods, sides, dimensions."""

    __slots__ = ()
    _item: ClassVar[type[Result]] = Result

    def __init__(self, fields: dict[str, Any]) -> None:
        built = {name: self._item(value) if isinstance(value, dict) else value for name, value in fields.items()}
        object.__setattr__(self, "_fields", built)

    def __getitem__(self, name: str) -> Any:
        return self._fields[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)


class Estimate(Result):
    """A value with its two-sided interval. Fractions; the limits are None where the data have none."""

    __slots__ = ()
    _optional = frozenset({"warnings", "valid_for"})
    value: float
    lower: float | None
    upper: float | None
    level: float
    n: int
    method: str
    warnings: tuple[str, ...] | None
    valid_for: str | None


class Rate(Result):
    """One side's pass rate with its Wilson interval."""

    __slots__ = ()
    _optional = frozenset({"passes", "rate", "value", "warnings"})
    passes: int | None
    rate: float | None
    value: float | None
    lower: float | None
    upper: float | None
    level: float
    n: int
    method: str
    warnings: tuple[str, ...] | None


class Test(Result):
    """A test's p-value; `log10_p` is finite where p underflows; exact tests have no statistic."""

    __test__ = False  # no test class of pytest's
    __slots__ = ()
    p: float
    log10_p: float | None
    statistic: float | None


class McNemar(Result):
    """McNemar's tests of one 2x2 table; two-sided but `harm_one_sided`."""

    __slots__ = ()
    _inner = {name: Test for name in ("exact", "midp", "asymptotic", "corrected", "harm_one_sided")}
    exact: Test
    midp: Test
    asymptotic: Test
    corrected: Test
    harm_one_sided: Test


class Table(Result):
    """The four counts of binary pairs."""

    __slots__ = ()
    both: int
    incumbent_only: int
    candidate_only: int
    neither: int
    n_pairs: int


class Bootstrap(Result):
    """The paired bootstrap of a mean difference: limits as (lower, upper), None where they do not exist."""

    __slots__ = ()
    estimate: float
    percentile: Limits
    basic: Limits
    bca: Limits
    bca_strict: Limits
    studentised: Limits
    z0: float | None
    acceleration: float | None
    standard_error: float
    p_not_above_zero: float | None
    p_below_zero: float | None
    level: float
    n: int
    replicates: int
    seed: int
    method: str
    warnings: tuple[str, ...]


class PairedT(Result):
    """Student's t on paired differences."""

    __slots__ = ()
    _inner = {"mean": Estimate}
    mean: Estimate
    standard_error: float
    t: float
    df: float
    p: float
    p_harm: float


class SignFlip(Result):
    """The randomisation test of paired differences."""

    __slots__ = ()
    _optional = frozenset({"sum", "p_gain", "n", "n_nonzero"})
    sum: float
    p: float
    midp: float
    p_harm: float
    p_gain: float
    log10_p: float | None
    n: int
    n_nonzero: int
    method: str


class Wilcoxon(Result):
    """Wilcoxon's signed-rank test; `p` is the one to report."""

    __slots__ = ()
    w_plus: float
    w_minus: float
    n: int
    n_nonzero: int
    exact_p: float | None
    normal_p: float
    normal_p_corrected: float
    pratt_p: float
    pratt_p_corrected: float
    p: float


class ClusterMean(Result):
    """A mean whose errors treat the cluster as the unit."""

    __slots__ = ()
    _inner = {"mean": Estimate}
    mean: Estimate
    standard_error: float
    t: float
    df: float
    p: float
    se_cr0: float
    se_cr1: float
    se_cr2: float
    se_independent: float
    design_effect: float
    icc: float | None
    design_effect_icc: float
    n_effective: float
    items: int


class WildBootstrap(Result):
    """The wild cluster bootstrap-t of a mean."""

    __slots__ = ()
    _inner = {"mean": Estimate}
    mean: Estimate
    p: float
    exact: bool
    replicates: int


class Conclusion(Result):
    """One sentence for people, one code for programs: no_discordance, better, worse, disagree, cannot_tell."""

    __slots__ = ()
    code: str
    text: str


class Intervals(_Named):
    """The interval of every method, by the method's name."""

    __slots__ = ()
    _item = Estimate

    if TYPE_CHECKING:

        def __getitem__(self, name: str) -> Estimate: ...


class CompareBootstrap(Result):
    """The seeded bootstrap of a comparison, and its limit of infinitely many replicates as `exact`."""

    __slots__ = ()
    _optional = frozenset(
        {"basic", "bca_strict", "z0", "acceleration", "standard_error", "method", "exact", "reason", "replicates", "seed"}
    )
    replicates: int | None
    seed: int | None
    percentile: Limits | None
    basic: Limits | None
    bca: Limits | None
    bca_strict: Limits | None
    z0: float | None
    acceleration: float | None
    standard_error: float | None
    method: str | None
    exact: CompareBootstrap | None
    reason: Conclusion | None


CompareBootstrap._inner = {"exact": CompareBootstrap, "reason": Conclusion}


class NonInferiority(Result):
    """Whether the candidate is worse by less than a margin."""

    __slots__ = ()
    _inner = {"pairs_needed_reason": Conclusion}
    _optional = frozenset({"pairs_needed_reason"})
    margin: float
    z: float | None
    p: float
    log10_p: float | None
    alpha: float
    lower_bound: float
    non_inferior: bool
    pairs_needed: float | None
    pairs_needed_reason: Conclusion | None


class ComparePlanning(Result):
    """What these pairs could have seen, and how many would be needed."""

    __slots__ = ()
    _inner = {"pairs_needed": Record, "mde_reason": Conclusion, "resolvable_margin_reason": Conclusion}
    _optional = frozenset({"psi", "psi_printed", "resolvable_margin", "mde_reason", "resolvable_margin_reason", "pairs_needed"})
    method: str
    alpha: float
    sides: int
    power: float
    psi: float | None
    psi_printed: float | None
    mde: float | None
    resolvable_margin: float | None
    mde_reason: Conclusion | None
    resolvable_margin_reason: Conclusion | None
    pairs_needed: tuple[Record, ...] | None


class _Graded(Result):
    """What a comparison of graded scores, of several runs or of clusters has, whole or of a slice."""

    __slots__ = ()
    _inner = {
        "table": Table,
        "incumbent": Rate,
        "candidate": Rate,
        "tango": Estimate,
        "intervals": Intervals,
        "mcnemar": McNemar,
        "bootstrap": CompareBootstrap,
        "non_inferiority": NonInferiority,
        "planning": ComparePlanning,
        "conclusion": Conclusion,
        "interval": Estimate,
        "sign_flip": SignFlip,
        "sign_flip_reason": Conclusion,
        "repeats": Record,
        "clusters": Record,
        "variance_split": Record,
    }
    _optional = frozenset(
        {"table", "tango", "intervals", "mcnemar", "non_inferiority", "discordance_rate", "methods_agree", "disagreement",
         "bootstrap", "planning", "sides", "functions", "repeats", "interval", "sign_flip", "sign_flip_reason", "clusters",
         "variance_split", "incumbent", "candidate", "level", "conclusion", "reason", "incumbent_rate", "candidate_rate",
         "ci_low", "ci_high", "p_value", "p_harm", "p_harm_adjusted"}
    )  # fmt: skip
    n_pairs: int
    delta: float | None
    level: float | None
    incumbent: Rate | None
    candidate: Rate | None
    table: Table | None
    repeats: Record | None
    interval: Estimate | None
    sign_flip: SignFlip | None
    sign_flip_reason: Conclusion | None
    bootstrap: CompareBootstrap | None
    clusters: Record | None
    variance_split: Record | None
    planning: ComparePlanning | None
    conclusion: Conclusion | None


class CompareSlice(_Graded):
    """One slice of a comparison, worst first within its dimension."""

    __slots__ = ()
    dimension: str
    value: str
    incumbent_rate: float | None
    candidate_rate: float | None
    ci_low: float | None
    ci_high: float | None
    p_value: float | None
    p_harm: float | None
    p_harm_adjusted: float | None
    reason: str | None


class _Document(Result):
    """A whole document of the command, with its text."""

    __slots__ = ("_text",)
    _text: str

    def __init__(self, text: str | dict[str, Any]) -> None:
        fields = json.loads(text) if isinstance(text, str) else text
        super().__init__(fields)
        object.__setattr__(self, "_text", text if isinstance(text, str) else json.dumps(fields, indent=2) + "\n")

    def __reduce__(self) -> tuple[type[Result], tuple[Any]]:
        return type(self), (self._text,)

    def to_json(self) -> str:
        """The document as the command prints it, byte for byte."""
        return self._text


class Comparison(_Document, _Graded):
    """What `minslice compare --format json` prints (docs/commands.md)."""

    __slots__ = ()
    _inner = {**_Graded._inner, "slices": CompareSlice}
    compare_version: int
    minslice: str
    metric: str
    tango: Estimate | None
    intervals: Intervals | None
    mcnemar: McNemar | None
    non_inferiority: NonInferiority | None
    discordance_rate: float | None
    methods_agree: bool | None
    disagreement: str | None
    sides: dict[str, str] | None
    functions: dict[str, Any] | None
    slices: tuple[CompareSlice, ...]
    notes: tuple[str, ...]

    def _repr_html_(self) -> str:
        from ._html import comparison_html

        return comparison_html(self)


class Reason(Result):
    """Why a verdict is what it is."""

    __slots__ = ()
    _optional = frozenset({"cleared_by"})
    code: str
    text: str
    dimension: str
    value: str
    decision: str
    cleared_by: str | None
    case_ids: tuple[str, ...]


class _Row(Result):
    """Figures of complete pairs (docs/formats/verdict.md)."""

    __slots__ = ()
    n_pairs: int
    n_both: int | None
    n_incumbent_only: int | None
    n_candidate_only: int | None
    n_neither: int | None
    n_clusters: int | None
    incumbent_rate: float | None
    candidate_rate: float | None
    delta: float | None
    ci_low: float | None
    ci_high: float | None
    level: float
    method: str
    p_value: float | None
    p_harm: float | None
    p_adjusted: float | None
    discordance_rate: float | None
    mde: float | None
    resolvable_margin: float | None
    resolution_ratio: float | None
    testable: bool | None
    min_attainable_p: float | None
    margin: float | None
    lower_bound: float | None
    non_inferior: bool | None
    incumbent_ci: Limits
    candidate_ci: Limits
    status: str
    warnings: tuple[str, ...]


class VerdictRow(_Row):
    """The figures of the whole suite."""

    __slots__ = ()
    broke: tuple[str, ...]
    fixed: tuple[str, ...]


class Family(_Row):
    """The slices of one name together, such as all tools of a flow."""

    __slots__ = ()
    name: str
    dimension: str
    n_slices: int
    alpha: float | None
    broke: tuple[str, ...]
    fixed: tuple[str, ...]


class Metric(_Row):
    """A metric beside the primary one, by its role."""

    __slots__ = ()
    name: str
    role: str
    type: str
    direction: str
    range: Limits
    judge: bool
    labels: str | None
    labels_sha256: str | None
    n_labels: int | None
    #: weight of the judge; the field is called lambda, a word of Python's: getattr(metric, "lambda")


class Anchor(_Row):
    """The candidate against a log of long ago."""

    __slots__ = ()
    path: str
    sha256: str
    model: str | None
    started_at: str | None


class Segment(VerdictRow):
    """A slice of a verdict."""

    __slots__ = ()
    dimension: str
    value: str
    role: str
    under_floor: bool
    pooled: bool
    members: int
    required: bool
    floor: float | None
    floor_low: float | None
    floor_high: float | None
    alpha: float | None
    no_value: bool
    family: str | None
    shrunken_delta: float | None
    shrunken_low: float | None
    shrunken_high: float | None


class Verdict(_Document):
    """verdict.json (docs/formats/verdict.md): the decision with everything it rests on. str() is the text report."""

    __slots__ = ()
    _inner = {"reasons": Reason, "aggregate": VerdictRow, "segments": Segment, "dimensions": Record, "incumbent": Record,
              "candidate": Record, "families": Family, "weighted": Record, "bootstrap": Record, "mcnemar": Record,
              "nondeterminism": Record, "missing": Record, "drift": Record, "flaky": Record, "metrics": Metric, "anchor": Anchor,
              "ledger": Record, "sequential": Record, "partial": Record, "holds": Record, "reviews": Record, "planning": Record,
              "inputs": Record, "usage": Record}  # fmt: skip
    _optional = frozenset({"usage"})
    verdict_version: int
    minslice: str
    verdict: str
    exit_code: int
    suite: str
    reasons: tuple[Reason, ...]
    incumbent: Record
    candidate: Record
    aggregate: VerdictRow
    dimensions: tuple[Record, ...]
    families: tuple[Family, ...]
    weighted: Record | None
    hold_level: float | None
    segments: tuple[Segment, ...]
    bootstrap: Record | None
    mcnemar: Record | None
    nondeterminism: Record | None
    missing: Record
    drift: Record
    flaky: Record | None
    metrics: tuple[Metric, ...]
    anchor: Anchor | None
    ledger: Record | None
    sequential: Record | None
    partial: Record | None
    holds: Record
    reviews: tuple[Record, ...]
    planning: Record
    usage: Record | None
    policy: dict[str, Any]
    inputs: tuple[Record, ...]
    run_hash: str
    warnings: tuple[str, ...]

    def __str__(self) -> str:
        return self.text()

    def text(self, width: int = 96) -> str:
        """The report as text, lines at most `width` columns (60 or more)."""
        from ._load import _core

        return _core.verdict_text(self.to_json(), width)

    def markdown(self) -> str:
        """The report as Markdown."""
        from ._load import _core

        return _core.verdict_markdown(self.to_json())

    def _repr_html_(self) -> str:
        from ._html import verdict_html

        return verdict_html(self)


_PLANNED = (
    "mde",
    "mde_exact",
    "mde_midp",
    "mde_at_psi_upper",
    "unpaired_mde",
    "resolvable_margin",
    "pairs_needed",
    "pairs_needed_at_psi_upper",
    "margin_pairs_needed",
    "margin_power",
)


class Plan(_Document):
    """What `minslice mde --format json` prints: what a suite of this size can see, and what size it takes."""

    __slots__ = ()
    _inner = {
        "assumptions": Record,
        "pilot": Record,
        "table": Record,
        **{f"{name}_reason": Conclusion for name in _PLANNED},
    }
    _optional = frozenset(
        {"pilot", "effect", "pairs_needed", "pairs_needed_at_psi_upper", "margin", "margin_pairs_needed", "margin_power",
         "mde_at_psi_upper"}
        | {f"{name}_reason" for name in _PLANNED}
    )  # fmt: skip
    mde_version: int
    minslice: str
    pairs: int
    psi: float
    psi_printed: float
    assumptions: Record
    pilot: Record | None
    mde: float | None
    mde_exact: float | None
    mde_midp: float | None
    mde_at_psi_upper: float | None
    unpaired_mde: float | None
    resolvable_margin: float | None
    believe_enumeration: bool
    effect: float | None
    pairs_needed: int | None
    pairs_needed_at_psi_upper: int | None
    margin: float | None
    margin_pairs_needed: int | None
    margin_power: float | None
    mde_reason: Conclusion | None
    mde_exact_reason: Conclusion | None
    mde_midp_reason: Conclusion | None
    mde_at_psi_upper_reason: Conclusion | None
    unpaired_mde_reason: Conclusion | None
    resolvable_margin_reason: Conclusion | None
    pairs_needed_reason: Conclusion | None
    pairs_needed_at_psi_upper_reason: Conclusion | None
    margin_pairs_needed_reason: Conclusion | None
    margin_power_reason: Conclusion | None
    table: tuple[Record, ...]


class SimulationRow(Result):
    """How the gate decides where one thing is true: shares of the runs."""

    __slots__ = ()
    key: str
    truth: str
    shift_everywhere: float
    shift_slice: float
    promote: float
    hold: float
    blocked: float
    inconclusive: float
    standard_error: float
    suspected_a_run: float
    bad_slice_named: float


class SimulationBound(Result):
    """A rate that the gate states, beside the rate that was measured."""

    __slots__ = ()
    name: str
    truth: str
    rate: float
    standard_error: float
    bound: float
    kept: bool


class SimulationTable(Result):
    """One suite at one psi."""

    __slots__ = ()
    _inner = {"bad_slice": Record, "rows": SimulationRow, "bounds": SimulationBound}
    name: str
    n_pairs: int
    gated_slices: int
    psi: float
    runs_a_side: int
    noise: float
    clusters: int
    icc: float | None
    bad_slice: Record | None
    rows: tuple[SimulationRow, ...]
    bounds: tuple[SimulationBound, ...]


class Simulation(_Document):
    """What `minslice simulate --format json` prints: how often the gate errs on this suite."""

    __slots__ = ()
    _inner = {"tables": SimulationTable}
    simulate_version: int
    runs: int
    seed: int
    tables: tuple[SimulationTable, ...]
