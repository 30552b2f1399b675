"""Tables for notebooks. Names come from logs and are hostile: everything is escaped."""

from __future__ import annotations

from html import escape

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ._results import Comparison, Verdict

_NUMBER = ' style="text-align: right"'


def _points(difference: float | None) -> str:
    return "-" if difference is None else f"{100 * difference:+.1f}"


def _rate(rate: float | None) -> str:
    return "-" if rate is None else f"{100 * rate:.1f}"


def _p(p: float | None) -> str:
    return "-" if p is None else f"{p:.4f}" if p >= 0.0001 else f"{p:.1e}"


def _limits(low: float | None, high: float | None) -> str:
    return "-" if low is None or high is None else f"[{_points(low)}, {_points(high)}]"


def _count(count: int | None) -> str:
    return "-" if count is None else f"{count:,}"


def _table(head: list[str], rows: list[list[str]], texts: int) -> str:
    """`texts`: how many columns at the left hold names."""
    out = ["<table><thead><tr>"]
    out += [f"<th>{escape(name)}</th>" for name in head]
    out.append("</tr></thead><tbody>")
    for row in rows:
        out.append("<tr>")
        out += [f"<td{'' if i < texts else _NUMBER}>{escape(cell)}</td>" for i, cell in enumerate(row)]
        out.append("</tr>")
    out.append("</tbody></table>")
    return "".join(out)


_HEAD = ["dimension", "slice", "n", "before %", "after %", "delta, points", "interval", "broke", "fixed", "p for harm", "adjusted"]


def verdict_html(verdict: Verdict) -> str:
    names = (verdict.candidate.request_model or verdict.candidate.target, verdict.incumbent.request_model or verdict.incumbent.target)
    out = [f"<p><b>{escape(verdict.verdict.upper())}</b> candidate {escape(names[0])} against incumbent {escape(names[1])}</p>"]
    if verdict.reasons:
        out.append("<ul>" + "".join(f"<li>{escape(reason.text)}</li>" for reason in verdict.reasons) + "</ul>")
    rows = []
    for dimension, value, row in [("", "all", verdict.aggregate), *((s.dimension, s.value, s) for s in verdict.segments)]:
        rows.append(
            [dimension, value, _count(row.n_pairs), _rate(row.incumbent_rate), _rate(row.candidate_rate), _points(row.delta),
             _limits(row.ci_low, row.ci_high), _count(len(row.broke)), _count(len(row.fixed)), _p(row.p_harm), _p(row.p_adjusted),
             row.status]
        )  # fmt: skip
    out.append(_table([*_HEAD, "status"], rows, 2))
    level = f"{100 * verdict.aggregate.level:g}"
    out.append(f"<p>Intervals: {escape(level)} %, {escape(verdict.aggregate.method)}; minslice {escape(verdict.minslice)}</p>")
    return "".join(out)


def comparison_html(comparison: Comparison) -> str:
    if comparison.tango is not None:
        estimate = comparison.tango
    else:
        estimate = comparison.interval  # type: ignore[assignment]
    sides = comparison.sides or {}
    title = f"{comparison.n_pairs:,} pairs, metric {comparison.metric}"
    if sides:
        title += f": candidate {sides.get('candidate', '')} against incumbent {sides.get('incumbent', '')}"
    out = [f"<p>{escape(title)}</p>"]

    def row(dimension: str, value: str, of: object) -> list[str]:
        def get(name: str) -> Any:
            return getattr(of, name, None)

        table, interval = get("table"), get("interval")
        before = get("incumbent_rate") if get("incumbent_rate") is not None else _of(get("incumbent"))
        after = get("candidate_rate") if get("candidate_rate") is not None else _of(get("candidate"))
        low, high = (get("ci_low"), get("ci_high")) if interval is None else (interval.lower, interval.upper)
        return [dimension, value, _count(get("n_pairs")), _rate(before), _rate(after), _points(get("delta")), _limits(low, high),
                _count(table.incumbent_only if table else None), _count(table.candidate_only if table else None),
                _p(get("p_harm")), _p(get("p_harm_adjusted"))]  # fmt: skip

    whole = row("", "all", comparison)
    if estimate is not None:
        whole[6] = _limits(estimate.lower, estimate.upper)
    if comparison.mcnemar is not None:
        whole[9] = _p(comparison.mcnemar.harm_one_sided.p)
    out.append(_table(_HEAD, [whole, *(row(s.dimension, s.value, s) for s in comparison.slices)], 2))
    if comparison.conclusion is not None:
        out.append(f"<p>{escape(comparison.conclusion.text)}</p>")
    out += [f"<p>{escape(note)}</p>" for note in comparison.notes]
    return "".join(out)


def _of(rate: object) -> float | None:
    """A pass rate, or the mean of graded scores."""
    found = getattr(rate, "rate", None)
    return found if found is not None else getattr(rate, "value", None)
