"""What callers hold becomes arrays that the module reads in place: numpy arrays, pandas and polars columns, buffers."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any, Protocol, Union

    class SupportsToNumpy(Protocol):
        """A pandas or polars Series."""

        def to_numpy(self) -> Any: ...

    class SupportsDlpack(Protocol):
        """An array of numpy, torch, jax, cupy (on the CPU), ..."""

        def __dlpack__(self, *arguments: Any, **options: Any) -> Any: ...

    Column = Union[SupportsToNumpy, SupportsDlpack, Sequence[Union[float, int, bool, None]], memoryview]
    """One score a case: bool, integer or float; NaN or None where there is none. A numpy array may have two dimensions:
    a row of runs a case."""

    Labels = Union[SupportsToNumpy, Sequence[Union[str, int, None]]]
    """One name a case: strings (or what str() makes of the values); None where a case has none."""


def column(values: Column) -> Any:
    """An array over the memory of `values`; a copy only where there is no such memory (lists, bits, missing values)."""
    if isinstance(values, (list, tuple)):
        if values and isinstance(values[0], (list, tuple)):
            import numpy

            return numpy.array(values, dtype="float64")
        from array import array

        return array("d", [float("nan") if value is None else value for value in values])
    if not hasattr(values, "to_numpy"):
        return values
    series: Any = values
    if type(series).__module__.partition(".")[0] == "polars":
        import polars

        if series.null_count():
            return series.cast(polars.Float64).to_numpy()
        if series.dtype == polars.Boolean:  # polars keeps bits, which no array can be laid over
            return series.cast(polars.UInt8).to_numpy()
        return series.to_numpy()
    dtype = getattr(series, "dtype", None)
    if dtype is not None and not hasattr(dtype, "str"):  # pandas' own types: their missing values are no NaN
        return series.to_numpy(dtype="float64", na_value=float("nan"))
    array_of = series.to_numpy()
    return array_of.astype("float64") if array_of.dtype == object else array_of


def labels(values: Labels) -> list[str]:
    """Names as strings, "" where there is none."""
    listed: Iterable[Any]
    if hasattr(values, "to_list"):
        listed = values.to_list()
    elif hasattr(values, "tolist"):
        listed = values.tolist()
    else:
        listed = values  # type: ignore[assignment]
    # NaN is what pandas has for a missing string.
    return ["" if value is None or value != value else str(value) for value in listed]


def table_of(segments: Mapping[str, Labels] | Any) -> list[tuple[str, list[str]]]:
    """Dimensions by name, ascending: a mapping, or the columns of a data frame."""
    names = segments.columns if hasattr(segments, "columns") else segments
    return sorted((str(name), labels(segments[name])) for name in names)


def positions(n: int) -> list[str]:
    """Ids for cases that have none: their positions, padded so that they sort as they stand."""
    width = len(str(max(n - 1, 0)))
    return [str(i).zfill(width) for i in range(n)]


def codes(values: Labels) -> list[int]:
    """A number for each distinct name, ascending by name."""
    names = labels(values)
    order = {name: code for code, name in enumerate(sorted(set(names)))}
    return [order[name] for name in names]
