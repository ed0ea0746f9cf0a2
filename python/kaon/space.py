"""What values a parameter may have. Each function gives what a W&B sweep file has in its place."""

from __future__ import annotations

import decimal
import numbers
from typing import Any, Dict, Optional, Sequence

_STEPS = 10_000


class Parameter:
    """The values of one parameter: in @kaon.sweep(lr=kaon.log(1e-4, 1)), or in lr: Annotated[float, kaon.log(1e-4, 1)]."""

    def __init__(self, **keys: Any) -> None:
        self._keys = keys

    def __kaon_parameter__(self) -> Dict[str, Any]:
        return dict(self._keys)

    def __repr__(self) -> str:
        return "kaon.Parameter(%s)" % ", ".join("%s=%r" % pair for pair in self._keys.items())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Parameter) and self._keys == other._keys

    __hash__ = None  # type: ignore[assignment]


def _ordered(low: Any, high: Any, positive: bool = False) -> None:
    if not low <= high:
        raise ValueError("min %r is above max %r: exchange them" % (low, high))
    if positive and not low > 0:
        raise ValueError("values by magnitude lie above 0, not at %r: use uniform" % low)


def log(min: float, max: float) -> Parameter:
    """Floats by magnitude: each factor of ten is equally likely."""
    _ordered(min, max, positive=True)
    return Parameter(distribution="log_uniform_values", min=float(min), max=float(max))


def uniform(min: float, max: float) -> Parameter:
    """Floats, each equally likely."""
    _ordered(min, max)
    return Parameter(distribution="uniform", min=float(min), max=float(max))


def steps(min: float, max: float, step: float) -> Parameter:
    """min, min + step, and so on up to max, at most 10,000 of them; integers where all three are."""
    _ordered(min, max)
    whole = all(isinstance(x, numbers.Integral) for x in (min, max, step))
    number = int if whole else float
    low, high, by = (decimal.Decimal(repr(number(x))) for x in (min, max, step))
    if not (low.is_finite() and high.is_finite() and by.is_finite() and by > 0):
        raise ValueError("steps of %r lead from %r to no %r: give a step above 0" % (step, min, max))
    if (high - low) / by >= _STEPS:
        raise ValueError("from %r to %r there are more than %d steps of %r: use a longer one, or uniform or integer" % (min, max, _STEPS, step))
    return Parameter(values=[number(low + i * by) for i in range(int((high - low) / by) + 1)])


def integer(min: int, max: int, log: bool = False) -> Parameter:
    """Integers, both bounds included; with log by magnitude."""
    _ordered(min, max, positive=log)
    if log:
        return Parameter(distribution="q_log_uniform_values", min=int(min), max=int(max), q=1)
    return Parameter(distribution="int_uniform", min=int(min), max=int(max))


def normal(mu: float = 0.0, sigma: float = 1.0) -> Parameter:
    """Floats around mu."""
    return Parameter(distribution="normal", mu=float(mu), sigma=float(sigma))


def choice(*values: Any, probabilities: Optional[Sequence[float]] = None) -> Parameter:
    """One of these, by probabilities if there are."""
    if not values:
        raise ValueError("a choice has one value at least")
    if probabilities is not None:
        return Parameter(values=list(values), probabilities=[float(p) for p in probabilities])
    return Parameter(values=list(values))


def fixed(value: Any) -> Parameter:
    """Always this one."""
    return Parameter(value=value)


def group(**parameters: Any) -> Parameter:
    """A nested group, which reaches the program as one dictionary."""
    return Parameter(parameters={name: parameter(value) for name, value in parameters.items()})


def parameter(value: Any) -> Dict[str, Any]:
    """What stands for a parameter in a sweep file: of a Parameter, of a list of choices, of range(1, 9), of a dictionary as it is, and else
    of a value that is always the same."""
    if hasattr(value, "__kaon_parameter__"):
        return value.__kaon_parameter__()
    if isinstance(value, dict):
        return dict(value)
    if isinstance(value, range):
        if len(value) == 0:
            raise ValueError("%r is empty: a parameter has one value at least" % (value,))
        return {"min": value[0], "max": value[-1]} if value.step == 1 else {"values": list(value)}
    if isinstance(value, (list, tuple, set, frozenset)):
        return {"values": sorted(value) if isinstance(value, (set, frozenset)) else list(value)}
    return {"value": value}


def words(keys: Any) -> str:
    """What a parameter may be, for people."""
    if not isinstance(keys, dict):
        return repr(keys)
    if "value" in keys:
        return "always %r" % (keys["value"],)
    if "values" in keys:
        return ", ".join(map(repr, keys["values"]))
    if isinstance(keys.get("parameters"), dict):
        return "; ".join("%s: %s" % (name, words(inner)) for name, inner in keys["parameters"].items())
    if "min" in keys and "max" in keys:
        how = str(keys.get("distribution") or "")
        return "%s to %s%s" % (keys["min"], keys["max"], ", by magnitude" if how.endswith("log_uniform_values") else ", " + how if how.endswith("log_uniform") else "")
    return ", ".join("%s %s" % pair for pair in keys.items())


def count(parameters: Dict[str, Dict[str, Any]]) -> int:
    """How many combinations there are; 0: without number."""
    size = 1
    for keys in parameters.values():
        if "value" in keys:
            continue
        if "values" in keys:
            size *= len(keys["values"])
        elif isinstance(keys.get("parameters"), dict):
            size *= count(keys["parameters"])
        elif type(keys.get("min")) is int and type(keys.get("max")) is int and keys.get("distribution", "int_uniform") == "int_uniform":
            size *= keys["max"] - keys["min"] + 1
        else:
            return 0
    return size
