"""Shows a sweep while it runs: in place in Jupyter, as a bar on a terminal, as a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from typing import Any, Callable, Dict, Optional

from . import html

_PLAIN_EVERY = 5.0  # seconds between lines where nothing can be drawn over


def make(quiet: bool = False) -> "Progress":
    """The best way there is here."""
    if quiet:
        return Progress()
    display = _jupyter()
    if display is not None:
        return _Notebook(display)
    if sys.stderr is not None and sys.stderr.isatty():
        return _Bar()
    return _Lines()


class Progress:
    """Shows nothing."""

    def show(self, sweep: str, status: Dict[str, Any], seconds: float) -> None:
        """How it stands now; replaces what was shown before."""

    def say(self, line: str) -> None:
        """A line that stays."""

    def end(self) -> None:
        """Nothing follows."""


def _jupyter() -> Optional[Callable[..., Any]]:
    """IPython's display, where a page shows what it is given."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if shell is None or type(shell).__name__ == "TerminalInteractiveShell":
        return None
    try:
        from IPython.display import display
    except ImportError:
        return None
    return display


def sentence(status: Dict[str, Any], seconds: float) -> str:
    """One line of text."""
    counts = status.get("trials") or {}
    total = int(counts.get("total") or 0)
    done = sum(int(counts.get(k) or 0) for k in ("succeeded", "failed", "stopped", "cached"))
    out = "%d/%d trials" % (done, total)
    for key in ("running", "failed"):
        if counts.get(key):
            out += ", %d %s" % (counts[key], key)
    best = status.get("best") or {}
    if best.get("trial") is not None:
        value = best.get("value")
        out += ", best %s %s (trial %s)" % (status.get("metric") or "value", "%.6g" % value if isinstance(value, float) else value, best["trial"])
    return out + ", %.0f s" % seconds


class _Lines(Progress):
    def __init__(self) -> None:
        self._shown, self._at = "", float("-inf")

    def show(self, sweep: str, status: Dict[str, Any], seconds: float) -> None:
        if time.monotonic() - self._at >= _PLAIN_EVERY:
            self._at = time.monotonic()
            self.say(sentence(status, seconds))

    def say(self, line: str) -> None:
        if sys.stderr is not None:
            sys.stderr.write(line + "\n")
            sys.stderr.flush()


class _Bar(Progress):
    def __init__(self) -> None:
        self._width = 0

    def _write(self, text: str) -> None:
        sys.stderr.write(text)
        sys.stderr.flush()

    def show(self, sweep: str, status: Dict[str, Any], seconds: float) -> None:
        text = sentence(status, seconds)[:160]
        self._write("\r" + text.ljust(self._width))
        self._width = len(text)

    def say(self, line: str) -> None:
        self._write("\r" + " " * self._width + "\r" + line + "\n")
        self._width = 0

    def end(self) -> None:
        if self._width:
            self._write("\n")


class _Notebook(Progress):
    """HTML that is replaced, with the same as text for who shows no HTML."""

    def __init__(self, display: Callable[..., Any]) -> None:
        self._display, self._handle, self._said = display, None, []  # type: ignore[var-annotated]
        self._last: Any = None

    def show(self, sweep: str, status: Dict[str, Any], seconds: float) -> None:
        self._last = (sweep, status, seconds)
        best = status.get("best") or {}
        value = html.text(best.get("value"))
        head = "<div><b>%s</b> %s <span class='q'>%.0f s</span></div>" % (html.text(sweep), html.state(status.get("state")), seconds)
        if best.get("trial") is not None:
            head += "<div>best %s <b>%s</b> <span class='q'>(trial %s)</span></div>" % (html.text(status.get("metric") or ""), value, html.text(best["trial"]))
        notes = "".join("<div class='q'>%s</div>" % html.text(line) for line in self._said[-5:])
        data = {"text/html": html.page(head, html.bar(status.get("trials") or {}), notes), "text/plain": sentence(status, seconds)}
        if self._handle is None:
            self._handle = self._display(data, raw=True, display_id=True)
        else:
            self._handle.update(data, raw=True)

    def say(self, line: str) -> None:
        self._said.append(line)
        if self._last:
            self.show(*self._last)
