"""Pictures of a sweep by matplotlib, where it is installed."""

from __future__ import annotations

import math
from typing import Any, List, Optional

from .errors import Missing, Refused
from .html import STATES, VIRIDIS

KINDS = ("history", "curves", "scatter", "importance")


def draw(sweep: Any, kind: str, ax: Any = None, x: Optional[str] = None, y: Optional[str] = None) -> Any:
    """Draws into axes of matplotlib, new ones unless they are given, and returns them."""
    try:
        import matplotlib.pyplot as pyplot
    except ImportError:
        raise Missing("matplotlib is not installed: pip install matplotlib") from None
    if kind not in KINDS:
        raise Refused("there is no picture %r; there are: %s" % (kind, ", ".join(KINDS)))
    if ax is None:
        _, ax = pyplot.subplots(figsize=(7, 4))
    {"history": _history, "curves": _curves, "importance": _importance}.get(kind, _scatter)(sweep, ax, x, y)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    return ax


def _literal(text: Any) -> str:
    """A name as matplotlib shows it, and not as a formula."""
    return str(text).replace("\\", "\\\\").replace("$", "\\$")


def _history(sweep: Any, ax: Any, x: Any, y: Any) -> None:
    rows = [r for r in sweep.trials() if _finite(r.get("value"))]
    info = sweep.info()
    better = max if info.get("goal") == "maximize" else min
    best: List[float] = []
    leader = math.nan  # which matplotlib leaves out: nothing has succeeded yet
    for r in rows:
        if r["state"] in ("succeeded", "cached"):
            leader = r["value"] if math.isnan(leader) else better(leader, r["value"])
        best.append(leader)
    ax.scatter([r["trial"] for r in rows], [r["value"] for r in rows], s=14, c=[STATES.get(r["state"], "#6b7683") for r in rows], alpha=0.8)
    ax.step([r["trial"] for r in rows], best, where="post", color=VIRIDIS[0])
    ax.set_xlabel("trial")
    ax.set_ylabel(_literal(info.get("metric") or "value"))


def _curves(sweep: Any, ax: Any, x: Any, y: Any) -> None:
    curves = sweep.curves()
    for i, c in enumerate(curves):
        ax.plot([p[0] for p in c["points"]], [p[1] for p in c["points"]], color=VIRIDIS[i * (len(VIRIDIS) - 1) // max(len(curves) - 1, 1)],
                linewidth=1.2, label="trial %d" % c["trial"])
    ax.set_xlabel("step")
    ax.set_ylabel(_literal(sweep.info().get("metric") or "value"))


def _scatter(sweep: Any, ax: Any, x: Any, y: Any) -> None:
    rows = sweep.trials()
    params = [c for c in rows.columns if c.startswith("param.")]
    x, y = x or (params[0] if params else "trial"), y or "value"
    for name in (x, y):
        rows.column(name)
    kept = [r for r in rows if r[x] is not None and _finite(r[y])]
    ax.scatter([r[x] if isinstance(r[x], (int, float)) else _literal(r[x]) for r in kept], [r[y] for r in kept], s=16,
               c=[STATES.get(r["state"], "#6b7683") for r in kept], alpha=0.8)
    numbers = [r[x] for r in kept if type(r[x]) in (int, float)]
    if numbers and len(numbers) == len(kept) and min(numbers) > 0 and max(numbers) / min(numbers) > 100:
        ax.set_xscale("log")
    ax.set_xlabel(_literal(x))
    ax.set_ylabel(_literal(y))


def _importance(sweep: Any, ax: Any, x: Any, y: Any) -> None:
    shares = (sweep.importance().get("importance") or [])[:15][::-1]
    ax.barh([_literal(s["parameter"]) for s in shares], [s["share"] for s in shares], color=VIRIDIS[3])
    ax.set_xlabel("share of the variance")


def _finite(value: Any) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value)
