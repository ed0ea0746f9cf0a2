"""The program `kaon`, which reads results and runs sweeps.

Records are zstandard-compressed MessagePack, and what counts of them (retries, attempts that were lost, points that came twice, sweeps that run
at this moment) is decided by one reducer. That is in the program; a second one in Python would be wrong sooner or later.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import Any, Dict, List, Optional

from .errors import KaonError, Missing, NotFound, Refused, Unreachable

USAGE, UNREACHABLE = 2, 3


def find() -> str:
    """The path of the program: $KAON_BINARY, else the `kaon` of the path."""
    named = os.environ.get("KAON_BINARY")
    if named:
        if os.access(named, os.X_OK):
            return named
        raise Missing("KAON_BINARY=%s is no program" % named)
    found = shutil.which("kaon")
    if not found:
        raise Missing("the program `kaon` is not on the path: build it with `make build` and add its folder bin to PATH, or name it by KAON_BINARY")
    return found


def environment(asks: bool = False) -> Dict[str, str]:
    """Without what would have the program look elsewhere than it is told here. One that asks a server says who asks."""
    leave = ("KAON_SERVER", "KAON_RESULTS") if asks else ("KAON_SERVER", "KAON_RESULTS", "KAON_TOKEN")
    return {k: v for k, v in os.environ.items() if k not in leave}


def word(text: Any) -> str:
    """A name as an argument of the program, and never as one of its flags."""
    text = str(text)
    if text.startswith("-") or "\0" in text or not text:
        raise Refused("%r is no name of a sweep or a trial" % text)
    return text


def call(*args: str, stdin: Optional[bytes] = None, env: Optional[Dict[str, str]] = None) -> bytes:
    """What the program writes to standard output. Its complaints become exceptions."""
    done = subprocess.run([find(), *args], input=stdin, stdin=subprocess.DEVNULL if stdin is None else None,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env if env is not None else environment())
    if done.returncode != 0:
        raise failure(done.returncode, done.stderr.decode("utf-8", "replace"))
    return done.stdout


def failure(code: int, said: str) -> KaonError:
    """The exception for an exit code and what was said."""
    lines = [line[len("kaon: "):] if line.startswith("kaon: ") else line for line in said.strip().splitlines()]
    text = "\n".join(line for line in lines if not line.startswith("warning: ")).strip() or "kaon ended with exit code %d" % code
    if code == UNREACHABLE:
        return Unreachable(text)
    if code == USAGE and text.startswith(("no sweep", "sweep ", "there is no")):
        return NotFound(text)
    return Refused(text) if code == USAGE else KaonError(text)


def value(*args: str, **kwargs: Any) -> Any:
    """The JSON value that the program prints."""
    return _parse(call(*args, **kwargs))


def lines(*args: str, **kwargs: Any) -> List[Any]:
    """The JSON values that the program prints, one a line."""
    return [_parse(line) for line in call(*args, **kwargs).splitlines() if line.strip()]


def _parse(text: bytes) -> Any:
    try:
        return json.loads(text.decode("utf-8"))
    except (ValueError, RecursionError):
        raise KaonError("kaon printed what is no JSON: %.200r" % text) from None
