"""Workflows put together by a program: the same verbs as in Go, and a file that kaon runs.

    from kaon.workflow import Workflow, sequence, parallel, for_each, step

    w = Workflow("regions", sequence(
        step("extract", command="./extract", outputs={"regions": "list[string]"}),
        for_each(step("train", command="./train ${region}"), region="steps.extract.outputs.regions", parallel=4),
        parallel(step("deploy", command="./deploy").if_("parameters.live"), step("tell", type="notify", message="trained")),
    ), parameters={"live": {"type": "boolean", "default": False}})
    w.write("regions.yaml")    # then: kaon workflow run regions.yaml
"""

from __future__ import annotations

import json
import os
import re
from typing import Any, Dict, List, Optional, Tuple

from . import binary
from .errors import Refused

__all__ = ["Flow", "Place", "Workflow", "for_each", "parallel", "place", "repeat", "sequence", "step",
           "after", "cron", "on_file", "on_signal", "on_sweep"]

Edge = Tuple[str, str, str]  # from, to, and the condition; empty: none


class Flow:
    """A piece of a graph. A name may stand in one place only."""

    def _elements(self) -> "List[Flow]":
        """The places, for-eaches and loops of the piece, in order."""
        raise NotImplementedError

    def _edges(self) -> List[Edge]:
        return []

    def _heads(self) -> "List[Tuple[str, str]]":
        """Where one enters the piece, each with its condition."""
        raise NotImplementedError

    def _tails(self) -> List[str]:
        raise NotImplementedError

    def _steps(self) -> "Dict[str, Dict[str, Any]]":
        found: Dict[str, Dict[str, Any]] = {}
        for one in self._elements():
            for name, keys in one._own_steps().items():
                if name in found:
                    raise Refused("`%s` stands in two places" % name)
                found[name] = keys
        return {name: keys for name, keys in found.items() if keys is not None}

    def _own_steps(self) -> "Dict[str, Any]":
        raise NotImplementedError

    def __str__(self) -> str:
        return _text(self, [])


class Place(Flow):
    """A step, or a place where nothing is done."""

    def __init__(self, name: str, keys: Optional[Dict[str, Any]]) -> None:
        if not isinstance(name, str) or not name:
            raise Refused("a step needs a name, not %r" % (name,))
        self.name, self._keys, self._when, self._join = name, keys, "", ""

    def if_(self, condition: str) -> "Place":
        """Has a condition on the edges that lead here; "else": when none of the others holds."""
        self._when = condition.strip()
        return self

    def at_least(self, n: int) -> "Place":
        """Begins when so many of what it waits for have succeeded."""
        if n < 1:
            raise Refused("`%s` waits for %d: at least 1" % (self.name, n))
        self._join = "{any}" if n == 1 else "{%d}" % n
        return self

    def _elements(self) -> "List[Flow]":
        return [self]

    def _heads(self) -> "List[Tuple[str, str]]":
        return [(self.name, self._when)]

    def _tails(self) -> List[str]:
        return [self.name]

    def _title(self) -> str:
        return self.name

    def _own_steps(self) -> "Dict[str, Any]":
        return {self.name: self._keys}

    def _element(self) -> str:
        return self.name + self._join


def place(name: str) -> Place:
    """A place where nothing is done, or of a step that the workflow has from elsewhere."""
    return Place(name, None)


def step(name: str, **keys: Any) -> Place:
    """A step with the keys that a workflow file has for it; one that is a word of Python is written with a line behind it, as in if_."""
    return Place(name, {key[:-1] if key.endswith("_") else key: value for key, value in keys.items()})


class _Sequence(Flow):
    def __init__(self, flows: "Tuple[Flow, ...]") -> None:
        self._flows = _flows(flows, "a sequence")

    def _elements(self) -> "List[Flow]":
        return [one for flow in self._flows for one in flow._elements()]

    def _edges(self) -> List[Edge]:
        edges: List[Edge] = []
        for i, flow in enumerate(self._flows):
            if i:
                edges += [(a, b, when) for a in self._flows[i - 1]._tails() for b, when in flow._heads()]
            edges += flow._edges()
        return edges

    def _heads(self) -> "List[Tuple[str, str]]":
        return self._flows[0]._heads()

    def _tails(self) -> List[str]:
        return self._flows[-1]._tails()


def sequence(*flows: Flow) -> Flow:
    """Pieces one after the other."""
    return _Sequence(flows)


class _Parallel(Flow):
    def __init__(self, flows: "Tuple[Flow, ...]") -> None:
        self._flows = _flows(flows, "branches")

    def _elements(self) -> "List[Flow]":
        return [one for flow in self._flows for one in flow._elements()]

    def _edges(self) -> List[Edge]:
        return [edge for flow in self._flows for edge in flow._edges()]

    def _heads(self) -> "List[Tuple[str, str]]":
        return [one for flow in self._flows for one in flow._heads()]

    def _tails(self) -> List[str]:
        return [one for flow in self._flows for one in flow._tails()]


def parallel(*branches: Flow) -> Flow:
    """Pieces side by side."""
    return _Parallel(branches)


class _Enclosed(Flow):
    """A graph within the graph: what runs for each item, or again and again."""

    def __init__(self, head: str, suffix: str, body: Flow) -> None:
        self._head, self._suffix, (self._body,) = head, suffix, _flows((body,), "a for-each or a loop")

    def _title(self) -> str:
        return self._body._elements()[0]._title() + self._suffix  # type: ignore[attr-defined]

    def _elements(self) -> "List[Flow]":
        return [self]

    def _heads(self) -> "List[Tuple[str, str]]":
        return [(self._title(), "")]

    def _tails(self) -> List[str]:
        return [self._title()]

    def _own_steps(self) -> "Dict[str, Any]":
        found: Dict[str, Any] = {}
        for one in self._body._elements():
            for name, keys in one._own_steps().items():
                if name in found:
                    raise Refused("`%s` stands in two places" % name)
                found[name] = keys
        return found

    def _element(self) -> str:
        return "%s --< (%s) >--" % (self._head, _text(self._body, []))


def for_each(body: Flow, *, zip: bool = False, parallel: int = 0, tolerate: int = 0, ordered: bool = False,
             over: Optional[Dict[str, str]] = None, **lists: str) -> Flow:
    """Runs a piece for each item of a list, an expression as in region="parameters.regions", or each combination of items of several; zip:
    for the items that stand in the same place. At most so many run in parallel, and so many may fail; ordered: one after the other. `over`
    has further lists, of names that are words of this function."""
    named = dict(over or {}, **lists)
    if not named:
        raise Refused("a for-each needs a list: for_each(…, region=\"parameters.regions\")")
    for name, given in named.items():
        if not isinstance(given, str):
            raise Refused("the list of `%s` is an expression: %s" % (name, json.dumps(list(given)) if isinstance(given, (list, tuple)) else "a text"))
    text = ", ".join("%s = %s" % (name, given.strip()) for name, given in named.items())
    if zip:
        text = "zip(%s)" % text
    options = ["parallel = %d" % parallel] if parallel else []
    options += ["tolerate = %d" % tolerate] if tolerate else []
    options += ["ordered"] if ordered else []
    return _Enclosed("**(%s)" % "; ".join([text] + ([", ".join(options)] if options else [])), ".each", body)


def repeat(body: Flow, until: str, times: int) -> Flow:
    """Runs a piece until a condition holds, so many times at most."""
    if times < 1:
        raise Refused("a loop needs a bound of at least 1")
    return _Enclosed("++(until = %s, times = %d)" % (until.strip(), times), ".loop", body)


def _trigger(kind: str, value: Any, name: str, parameters: Optional[Dict[str, Any]], **keys: Any) -> Dict[str, Any]:
    keys.update(name=name, parameters=parameters)
    return {kind: value, **{key: v for key, v in keys.items() if v not in (None, "")}}


def cron(expression: str, *, zone: str = "", catch_up: str = "", most: Optional[int] = None, name: str = "",
         parameters: Optional[Dict[str, Any]] = None) -> Dict[str, Any]:
    """A trigger: minute, hour, day of the month, month and day of the week, in a time zone. catch_up is none, last or all of what was due while
    no server was there, most of which run. parameters are those of the runs, in which ${trigger.date} and its like may stand."""
    return _trigger("cron", expression, name, parameters, zone=zone, catch_up=catch_up, most=most)


def after(workflow: str, *, name: str = "", parameters: Optional[Dict[str, Any]] = None) -> Dict[str, Any]:
    """A trigger: a run of another registered workflow has succeeded."""
    return _trigger("after", workflow, name, parameters)


def on_signal(signal: str, *, name: str = "", parameters: Optional[Dict[str, Any]] = None) -> Dict[str, Any]:
    """A trigger: somebody sends a signal."""
    return _trigger("signal", signal, name, parameters)


def on_file(pattern: str, *, existing: Optional[bool] = None, every: str = "", name: str = "",
            parameters: Optional[Dict[str, Any]] = None) -> Dict[str, Any]:
    """A trigger: a file, or an object of S3, appears or changes: an absolute pattern, or s3://bucket/key. With existing what is there when the
    workflow is registered counts, too; every is how often it is looked, as in 1m."""
    return _trigger("file", pattern, name, parameters, existing=existing, every=every)


def on_sweep(sweep: str = "", *, label: Any = None, state: Any = None, name: str = "", parameters: Optional[Dict[str, Any]] = None) -> Dict[str, Any]:
    """A trigger: a sweep of that name, or with that label or all of those, ends; state is one in which it does, or several: succeeded unless it is
    given."""
    value = {key: v for key, v in (("name", sweep), ("label", label), ("state", state)) if v not in (None, "")}
    return _trigger("sweep", sweep if value == {"name": sweep} else value, name, parameters)


class Workflow:
    """A workflow: its graph, and the keys of its file."""

    def __init__(self, name: str, flow: Flow, *, links: "Tuple[Tuple[str, ...], ...]" = (), steps: Optional[Dict[str, Any]] = None, **keys: Any) -> None:
        """links are further edges (from, to) or (from, to, condition) between places that are in the graph. steps are those that stand in no
        place of it, as of `finally`. keys are those of a workflow file, as parameters, description, finally_, timeout or triggers, a list of
        what cron, after, on_signal, on_file and on_sweep make."""
        self.name, self.flow, self._links, self._extra = name, flow, links, dict(steps or {})
        self._keys = {key[:-1] if key.endswith("_") else key: value for key, value in keys.items()}

    def graph(self) -> str:
        """The graph as an arrow expression."""
        return _text(self.flow, [(link[0], link[1], link[2] if len(link) > 2 else "") for link in self._links])

    def spec(self) -> Dict[str, Any]:
        """The workflow file as a dictionary."""
        steps = self.flow._steps()
        for name, keys in self._extra.items():
            if name in steps:
                raise Refused("`%s` is two steps" % name)
            steps[name] = keys
        return {"name": self.name, **self._keys, "graph": self.graph(), "steps": steps}

    def text(self) -> str:
        """The workflow file, YAML."""
        lines = []
        for key, value in self.spec().items():
            if key == "steps":
                lines.append("steps:" if value else "steps: {}")
                lines += ["  %s: %s" % (_key(name), _scalar(keys)) for name, keys in value.items()]
            else:
                lines.append("%s: %s" % (_key(key), _scalar(value)))
        return "\n".join(lines) + "\n"

    def write(self, path: "str | os.PathLike[str]") -> str:
        """Writes the file, in one step, and answers its path. Files that steps name lie beside it."""
        path = os.fspath(path)
        fresh = "%s.%d.new" % (path, os.getpid())
        with open(fresh, "x", encoding="utf-8") as out:
            out.write(self.text())
        os.replace(fresh, path)
        return path

    def show(self, path: "str | os.PathLike[str]") -> str:
        """Writes the file and answers what it looks like; a mistake in it is an exception."""
        return binary.call("workflow", "show", _file(self.write(path))).decode("utf-8")

    def run(self, path: "str | os.PathLike[str]", *, server: str = "", **parameters: Any) -> Dict[str, Any]:
        """Writes the file, runs it to its end and answers how it stands, as `kaon workflow run --json` prints it. A run that fails is an
        exception. server: the address of one that runs it, to which KAON_TOKEN or `kaon login` says who asks; empty: this process's machine does."""
        args = ["workflow", "run", _file(self.write(path)), "--json"] + (["--server", server] if server else [])
        for name, value in parameters.items():
            args += ["-p", "%s=%s" % (name, value if isinstance(value, str) else json.dumps(value))]
        told = json.loads(binary.call(*args, env=binary.environment(asks=bool(server))).decode("utf-8").strip().splitlines()[-1])
        return told if isinstance(told, dict) else {}

    def __str__(self) -> str:
        return self.text()


def _flows(flows: "Tuple[Flow, ...]", what: str) -> "List[Flow]":
    if not flows:
        raise Refused("%s of nothing" % what)
    for one in flows:
        if not isinstance(one, Flow):
            raise Refused("%s has pieces of a graph, as step(…), not %r" % (what, one))
    return list(flows)


def _text(flow: Flow, links: List[Edge]) -> str:
    """Chains that together have each element once, in full, and each edge once."""
    edges = flow._edges()
    for a, b, when in links:
        edges.append((a, b, when))
    chains: List[str] = []
    written: Dict[str, bool] = {}  # whether what stands there last is a for-each or a loop, whose end is an arrow itself
    last, drawn = "", set()
    for one in flow._elements():
        name, enclosed = one._title(), isinstance(one, _Enclosed)  # type: ignore[attr-defined]
        lead = next(((i, e) for i, e in enumerate(edges) if e[1] == name and e[0] == last), None)
        lead = lead or next(((i, e) for i, e in enumerate(edges) if e[1] == name and e[0] in written), None)
        if name in written:
            raise Refused("`%s` stands in two places" % name)
        if lead is None:
            chains.append(one._element())  # type: ignore[attr-defined]
        else:
            at, (before, _, when) = lead
            drawn.add(at)
            goes_on = before == last
            arrow = " " if (written[before] and goes_on) or (enclosed and not when) else " -> "
            rest = arrow + _guard(when) + one._element()  # type: ignore[attr-defined]
            if goes_on:
                chains[-1] += rest
            else:
                chains.append(before + rest)
        written[name], last = enclosed, name
    chains += ["%s -> %s%s" % (a, _guard(when), b) for i, (a, b, when) in enumerate(edges) if i not in drawn]
    return "; ".join(chains)


def _guard(when: str) -> str:
    return "[%s] " % when if when else ""


def _key(name: str) -> str:
    plain = re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", name) and name.lower() not in ("y", "n", "yes", "no", "on", "off", "true", "false", "null")
    return name if plain else _scalar(name)


def _scalar(value: Any) -> str:
    """A value as JSON, which is YAML."""

    def other(one: Any) -> Any:
        if hasattr(one, "item"):
            return one.item()
        if hasattr(one, "__fspath__"):
            return os.fspath(one)
        raise Refused("%r of type %s cannot stand in a workflow file" % (one, type(one).__name__))

    return json.dumps(value, default=other, ensure_ascii=False)


def _file(path: str) -> str:
    return "./" + path if path.startswith("-") else path
