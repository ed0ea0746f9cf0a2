"""Kaon from Python: in a trial, in a script, in a notebook. Pure Python, no dependencies.

In a trial: params, report, progress, milestone, artifact, checkpoint, resume_from, should_stop, messages, seed.
From outside: open (results of a folder or a server), sweep (run one, or make a function one), Client (a server's API). kaon.workflow puts workflows
together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .trial import (Params, artifact, checkpoint, in_trial, messages, milestone, params, progress, report, resume_from, seed, should_checkpoint,
                    should_stop)

if TYPE_CHECKING:
    from .client import Client
    from .draft import Draft, Function, sweep
    from .errors import Denied, KaonError, Missing, NotFound, Refused, SpecError, SweepFailed, Unreachable
    from .events import Event
    from .results import Best, Curves, Results, Sweep, open
    from .space import Parameter, choice, fixed, group, integer, log, normal, steps, uniform
    from .table import Table

__version__ = "0.1.0"

# What a trial seldom needs is loaded when it is asked for: a trial may last a tenth of a second.
_LATER = {
    "client": ("Client",),
    "draft": ("Draft", "Function", "sweep"),
    "errors": ("Denied", "KaonError", "Missing", "NotFound", "Refused", "SpecError", "SweepFailed", "Unreachable"),
    "events": ("Event",),
    "results": ("Best", "Curves", "Results", "Sweep", "open"),
    "space": ("Parameter", "choice", "fixed", "group", "integer", "log", "normal", "steps", "uniform"),
    "table": ("Table",),
}
_HOME = {name: module for module, names in _LATER.items() for name in names}

__all__ = ["Params", "artifact", "checkpoint", "in_trial", "messages", "milestone", "params", "progress", "report", "resume_from", "seed",
           "should_checkpoint", "should_stop", "Client", "Draft", "Function", "sweep", "Denied", "KaonError", "Missing", "NotFound", "Refused",
           "SpecError", "SweepFailed", "Unreachable", "Event", "Best", "Curves", "Results", "Sweep", "Parameter", "choice", "fixed",
           "group", "integer", "log", "normal", "steps", "uniform", "Table"]  # without open: who imports all keeps Python's own


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError("module 'kaon' has no attribute %r" % name)
    from importlib import import_module

    found = getattr(import_module("kaon." + _HOME[name]), name)
    globals()[name] = found
    return found


def __dir__() -> "list[str]":
    return sorted(set(globals()) | set(_HOME))
