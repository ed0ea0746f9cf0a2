"""Rows that other libraries take: a list of dictionaries that is a data frame where pandas, polars or Arrow is installed."""

from __future__ import annotations

import json
from typing import Any, Dict, Iterable, List

from . import html
from .errors import Missing

_BIGGEST = 2**63 - 1


class Table(List[Dict[str, Any]]):
    """A list of dictionaries with the same keys in the same order; a value that is not known is None."""

    def __init__(self, rows: Iterable[Dict[str, Any]] = (), first: Iterable[str] = ()) -> None:
        rows = list(rows)
        names: Dict[str, None] = dict.fromkeys(first)
        for row in rows:
            names.update(dict.fromkeys(row))
        super().__init__({name: row.get(name) for name in names} for row in rows)
        self.columns = list(names)

    def column(self, name: str) -> List[Any]:
        """The values of one column."""
        if name not in self.columns:
            raise KeyError("there is no column %r; there are: %s" % (name, ", ".join(self.columns)))
        return [row[name] for row in self]

    def pandas(self) -> Any:
        """A pandas.DataFrame."""
        pandas = _library("pandas")
        return pandas.DataFrame(list(self), columns=self.columns)

    def polars(self) -> Any:
        """A polars.DataFrame. A column of several types has texts."""
        polars = _library("polars")
        columns = []
        for name in self.columns:
            values = _uniform(self.column(name))
            large = any(type(v) is int and v > _BIGGEST for v in values)
            columns.append(polars.Series(name, values, dtype=polars.UInt64 if large else None))
        return polars.DataFrame(columns)

    def arrow(self) -> Any:
        """A pyarrow.Table. A column of several types has texts."""
        arrow = _library("pyarrow")
        columns = []
        for name in self.columns:
            values = _uniform(self.column(name))
            large = any(type(v) is int and v > _BIGGEST for v in values)
            columns.append(arrow.array(values, type=arrow.uint64() if large else None))
        return arrow.table(columns, names=self.columns)

    def _repr_html_(self) -> str:
        return html.page(html.table(self, self.columns))


def _uniform(values: List[Any]) -> List[Any]:
    """Values of one type that a column can have: what is of several, lists and groups are their JSON."""
    kinds = {type(v) for v in values if v is not None}
    if kinds <= {int, float}:
        large = any(type(v) is int and not -_BIGGEST <= v <= _BIGGEST for v in values)
        if float in kinds or large and any(type(v) is int and (v < 0 or v > 2**64 - 1) for v in values):
            return [None if v is None else _float(v) for v in values]
        return values
    if kinds in ({bool}, {str}):
        return [_sound(v) for v in values] if kinds == {str} else values
    return [None if v is None else _sound(v) if isinstance(v, str) else json.dumps(v) for v in values]


def _float(v: Any) -> float:
    try:
        return float(v)
    except OverflowError:
        return float("inf") if v > 0 else float("-inf")


def _sound(text: Any) -> Any:
    """Text without halves of characters, which no column takes."""
    return text if text is None else text.encode("utf-8", "replace").decode("utf-8")


def _library(name: str) -> Any:
    try:
        return __import__(name)
    except ImportError:
        raise Missing("%s is not installed: pip install %s" % (name, name)) from None
