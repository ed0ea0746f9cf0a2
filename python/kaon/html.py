"""How things look in a notebook: the colours of the dashboard, text escaped, no script, nothing loaded."""

from __future__ import annotations

import html
import math
from typing import Any, Dict, Iterable, List, Sequence, Tuple

STATES = {"succeeded": "#007a59", "running": "#0072b2", "launched": "#3d93c6", "waiting": "#6b7683", "failed": "#b84a00", "stopped": "#a8578a",
          "cached": "#b37400", "ending": "#0072b2", "interrupted": "#b84a00"}
VIRIDIS = ("#440154", "#46327e", "#365c8d", "#277f8e", "#1fa187", "#4ac16d", "#a0da39", "#d8c817")
_SANS = 'system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif'

# Colours that are readable on light and on dark pages, since a notebook's theme is not that of the system.
_STYLE = (
    ".kaon{font:13px/1.5 %s;max-width:100%%;overflow-x:auto}.kaon table{border-collapse:collapse;margin:6px 0}"
    ".kaon th{text-align:right;font-weight:600;padding:3px 10px;border-bottom:1px solid #8a949e;white-space:nowrap}"
    ".kaon td{text-align:right;padding:2px 10px;border-bottom:1px solid rgba(138,148,158,.3);white-space:nowrap;font-variant-numeric:tabular-nums;"
    "max-width:28em;overflow:hidden;text-overflow:ellipsis}.kaon th:first-child,.kaon td:first-child,.kaon td.t{text-align:left}"
    ".kaon .q{opacity:.7}.kaon .s{font-weight:600}.kaon .bar{display:flex;height:10px;border-radius:5px;overflow:hidden;background:rgba(138,148,158,.3);"
    "max-width:480px;margin:6px 0}.kaon .bar i{display:block;height:100%%}.kaon b{font-size:15px}" % _SANS.replace('"', "'")
)


def page(*parts: str) -> str:
    """Parts that are HTML already, as one block with its style."""
    return '<div class="kaon"><style>%s</style>%s</div>' % (_STYLE, "".join(parts))


def text(value: Any, digits: int = 6) -> str:
    """A value as people read it, escaped."""
    if value is None:
        return ""
    if isinstance(value, float):
        return html.escape("%.*g" % (digits, value))
    shown = value if isinstance(value, str) else repr(value) if isinstance(value, (list, dict, tuple)) else str(value)
    shown = "".join(c if c.isprintable() else "\ufffd" for c in shown)
    return html.escape(shown if len(shown) <= 200 else shown[:199] + "…")


def state(word: Any) -> str:
    """A state as a word in its colour."""
    return '<span class="s" style="color:%s">%s</span>' % (STATES.get(str(word), "inherit"), text(word))


def table(rows: Sequence[Dict[str, Any]], columns: Iterable[str], most: int = 20) -> str:
    """The first rows and the last, as a table."""
    columns = list(columns)
    shown: List[Any] = list(rows) if len(rows) <= most else list(rows[: most - 5]) + [None] + list(rows[-5:])
    out = ["<table><thead><tr>"] + ["<th>%s</th>" % text(c) for c in columns] + ["</tr></thead><tbody>"]
    for row in shown:
        if row is None:
            out.append('<tr><td class="q" colspan="%d">… %d more …</td></tr>' % (max(len(columns), 1), len(rows) - most))
            continue
        out.append("<tr>")
        for c in columns:
            value = row.get(c)
            inner = state(value) if c == "state" else text(value)
            out.append('<td%s title="%s">%s</td>' % (' class="t"' if isinstance(value, str) else "", text(value), inner))
        out.append("</tr>")
    out.append("</tbody></table>")
    if len(rows) > most:
        out.append('<div class="q">%d rows</div>' % len(rows))
    return "".join(out)


def bar(counts: Dict[str, Any]) -> str:
    """How many trials are in each state, as one bar."""
    total = max(int(counts.get("total") or 0), 1)
    parts, words = [], []
    for name in ("succeeded", "cached", "stopped", "failed", "running", "launched", "waiting"):
        n = int(counts.get(name) or 0)
        if n:
            if name != "waiting":
                parts.append('<i style="width:%.3f%%;background:%s"></i>' % (100.0 * n / total, STATES[name]))
            words.append("%d %s" % (n, state(name)))
    return '<div class="bar">%s</div><div>%s</div>' % ("".join(parts), ", ".join(words) or "no trials")


def lines(series: Sequence[Tuple[str, Sequence[Tuple[float, float]]]], label: str = "", width: int = 640, height: int = 260) -> str:
    """Curves as one picture; each is named where the pointer rests on it."""
    points = [p for _, line in series for p in line if all(map(math.isfinite, p))]
    if not points:
        return '<div class="q">no points to draw</div>'
    left, right, low, high = min(p[0] for p in points), max(p[0] for p in points), min(p[1] for p in points), max(p[1] for p in points)
    wide, tall = (right - left) or 1.0, (high - low) or 1.0
    pad = 72

    def at(p: Tuple[float, float]) -> str:
        return "%.1f,%.1f" % (pad + (p[0] - left) / wide * (width - pad - 10), 10 + (high - p[1]) / tall * (height - 40))

    out = ['<svg viewBox="0 0 %d %d" width="%d" role="img" aria-label="%s" style="max-width:100%%;font:11px %s" fill="currentColor">'
           % (width, height, width, text(label or "curves"), _SANS.replace('"', "'"))]
    out.append('<path d="M%d 10V%dH%d" fill="none" stroke="currentColor" stroke-opacity=".4"/>' % (pad, height - 30, width - 10))
    for value, y in ((high, 14), (low, height - 30)):
        out.append('<text x="%d" y="%d" text-anchor="end">%s</text>' % (pad - 6, y, text(value, 3)))
    out.append('<text x="%d" y="%d">%s</text><text x="%d" y="%d" text-anchor="end">%s</text>' % (pad, height - 14, text(left, 6), width - 10, height - 14, text(right, 6)))
    out.append('<text x="%d" y="%d" text-anchor="middle">%s</text>' % ((width + pad) // 2, height - 14, text(label)))
    for i, (name, line) in enumerate(series):
        colour = VIRIDIS[i * (len(VIRIDIS) - 1) // max(len(series) - 1, 1)]
        kept = [p for p in line if all(map(math.isfinite, p))]
        if len(kept) == 1:
            x, y = at(kept[0]).split(",")
            out.append('<circle cx="%s" cy="%s" r="3" fill="%s"><title>%s</title></circle>' % (x, y, colour, text(name)))
        elif kept:
            out.append('<polyline points="%s" fill="none" stroke="%s" stroke-width="1.6"><title>%s</title></polyline>' % (" ".join(map(at, kept)), colour, text(name)))
    out.append("</svg>")
    return "".join(out)
