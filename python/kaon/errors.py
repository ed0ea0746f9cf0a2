"""What goes wrong, as exceptions. No message has a token in it."""

from __future__ import annotations

from typing import Any, Dict, List


class KaonError(Exception):
    """Anything that kaon says no to."""


class NotFound(KaonError):
    """There is no such sweep, trial, file or place."""


class Denied(KaonError):
    """The caller may not do that, or is not known."""


class Unreachable(KaonError):
    """Nobody answers, or what answers is no kaon."""


class Missing(KaonError):
    """Something that is needed is not installed."""


class Refused(KaonError):
    """What was asked for cannot be done, and the message says why and what can."""


class SpecError(Refused):
    """A spec has mistakes. Each of `problems` is a dict with file, line, column, field, value, problem and remedy, as far as they are known."""

    def __init__(self, problems: List[Any], text: str = "") -> None:
        self.problems: List[Dict[str, Any]] = [p for p in problems if isinstance(p, dict)]
        super().__init__(text or "\n".join(map(sentence, self.problems)) or "the spec has mistakes")


class SweepFailed(KaonError):
    """A sweep ended without success. `result` is what `kaon run --json` says of it."""

    def __init__(self, result: Dict[str, Any]) -> None:
        self.result = result
        super().__init__("sweep %s has ended as %s" % (result.get("sweep"), result.get("state")))


def sentence(problem: Dict[str, Any]) -> str:
    """One mistake on one line: place, field, what is wrong, what to write."""
    place = str(problem.get("file") or "")
    for part in ("line", "column"):
        if problem.get(part):
            place += ":%s" % problem[part]
    parts = [place, problem.get("field"), problem.get("problem") or problem.get("message")]
    text = ": ".join(str(p) for p in parts if p)
    return text + (": " + str(problem["remedy"]) if problem.get("remedy") else "")
