"""Server-sent events, as a kaon server tells them."""

from __future__ import annotations

import json
from typing import Any, Dict, Iterator, NamedTuple

from .errors import KaonError

_LONGEST = 64 << 20  # bytes of an event: a snapshot of many sweeps is one


class Event(NamedTuple):
    """One thing that has become true. `kind` is snapshot, submitted, trial, points, ending or ended, of a run of a workflow workflow, step or progress; `data` is as the API says."""

    id: str
    kind: str
    data: Dict[str, Any]


def read(stream: Any) -> Iterator[Event]:
    """Events until the stream ends. What is half there at its end counts for nothing."""
    number, name, data, size = "", "", [], 0
    while True:
        line = stream.readline(_LONGEST + 1)
        size += len(line)
        if size > _LONGEST:
            raise KaonError("an event of the server has more than %d bytes" % _LONGEST)
        if not line.endswith(b"\n"):
            return
        text = line.rstrip(b"\r\n").decode("utf-8", "replace")
        if text:
            field, _, value = text.partition(":")
            value = value[1:] if value.startswith(" ") else value
            if field == "id" and "\0" not in value:
                number = value
            elif field == "event":
                name = value
            elif field == "data":
                data.append(value)
            continue
        if data:
            event = _event(number, name, "\n".join(data))
            if event is not None:
                yield event
        name, data, size = "", [], 0


def _event(number: str, name: str, text: str) -> Any:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(data, dict) or name == "alive":
        return None
    return Event(number, str(data.get("kind") or name or "snapshot"), data)
