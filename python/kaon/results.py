"""Results of sweeps: of a folder or a bucket, by the program kaon, or of a server, by its API."""

from __future__ import annotations

import os
from typing import Any, Dict, Iterator, List, Optional, Tuple, Union

from . import binary, html, plot
from .client import Client
from .errors import KaonError, NotFound, Refused
from .table import Table

_NUMBERS = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}
_FIRST = ("trial", "state", "value", "attempt", "attempts", "seed", "reason")


def open(place: Optional[str] = None, token: Optional[str] = None, *, cafile: Optional[str] = None, client_cert: Any = None,
         client_key: Any = None) -> "Results":
    """The results in a folder or at s3://bucket/prefix, or those of a server at http://, https:// or unix://. Left out: the server
    that KAON_SERVER names, else the folder that KAON_RESULTS names, else kaon-results."""
    if place is None:
        server = os.environ.get("KAON_SERVER")
        place = server if server and server != "none" else os.environ.get("KAON_RESULTS") or "kaon-results"
    place = os.fspath(place)
    if place.startswith(("http://", "https://", "unix://")):
        return Results(_Server(Client(place, token, cafile=cafile, client_cert=client_cert, client_key=client_key)))
    if client_cert or client_key:
        raise Refused("a certificate is for a server, and %r is a folder" % place)
    if token is not None:
        raise Refused("a token is for a server, and %r is a folder" % place)
    if "://" not in place and not os.path.isdir(place):
        raise NotFound("there is no folder %s with results: a sweep makes one, and `kaon run --results` says where" % place)
    return Results(_Folder(place))


class Results:
    """All sweeps of a place."""

    def __init__(self, source: Union["_Folder", "_Server"]) -> None:
        self._source = source

    @property
    def client(self) -> Client:
        """The client of the server."""
        if not isinstance(self._source, _Server):
            raise Refused("%s is read without a server: open a server's address for its API" % self._source.place)
        return self._source.client

    def sweeps(self, *, archived: bool = False) -> Table:
        """All sweeps, the newest first."""
        rows = []
        for s in self._source.sweeps(archived):
            best, trials = s.get("best") or {}, s.get("trials") or {}
            rows.append({"sweep": s.get("sweep"), "name": s.get("name"), "state": s.get("state"), "method": s.get("method"),
                         "metric": s.get("metric"), "goal": s.get("goal"), "best": _number(best.get("value")), "best_trial": best.get("trial"),
                         "trials": trials.get("total"), "succeeded": trials.get("succeeded"), "failed": trials.get("failed"),
                         "stopped": trials.get("stopped"), "owner": s.get("owner"), "labels": ", ".join(s.get("labels") or []),
                         "created": s.get("created"), "finished": s.get("finished")})
        return Table(rows, ("sweep", "name", "state"))

    def sweep(self, name: str = "@latest") -> "Sweep":
        """A sweep by its id, the beginning of one, a label, or @latest."""
        return Sweep(self._source, self._source.resolve(name))

    def compare(self, *names: str) -> Dict[str, Any]:
        """Sweeps, each by its best trial, and trials (SWEEP/TRIAL) side by side."""
        if len(names) < 2:
            raise Refused("compare wants two sweeps or trials at least")
        return self._source.compare(names)

    def __repr__(self) -> str:
        return "kaon.open(%r)" % self._source.place

    def _repr_html_(self) -> str:
        rows = self.sweeps()
        return html.page(html.table(rows, [c for c in ("sweep", "state", "metric", "best", "trials", "failed", "created") if c in rows.columns]))


class Sweep:
    """One sweep. What it says is asked for each time, so that it is true while the sweep runs."""

    def __init__(self, source: Union["_Folder", "_Server"], id: str) -> None:
        self._source, self.id = source, id

    def info(self) -> Dict[str, Any]:
        """How it stands: state, trials by state, best, metric, goal."""
        return self._source.info(self.id)

    @property
    def state(self) -> str:
        """running, succeeded, failed, stopped or interrupted."""
        return str(self.info().get("state"))

    def trials(self, *, filter: Optional[str] = None, sort: Optional[str] = None, desc: bool = False,
               state: Union[str, List[str], None] = None, limit: Optional[int] = None) -> Table:
        """A row for each trial: trial, state, value, then param.NAME and metric.NAME. A filter is an expression of the API, which
        a server knows."""
        states = [state] if isinstance(state, str) else list(state or [])
        return Table((_row(t) for t in self._source.trials(self.id, filter, sort, desc, states, limit)), _FIRST)

    def trial(self, number: int) -> Dict[str, Any]:
        """All that is known of one trial."""
        return self._source.trial(self.id, number)

    def curves(self, trials: Optional[List[int]] = None, *, top: int = 50) -> "Curves":
        """The objective over the steps, of these trials or of the best so many."""
        wanted = None if trials is None else {int(t) for t in trials}
        return Curves(self._source.curves(self.id, wanted, top), str(self.info().get("metric") or ""))

    def points(self, trial: int, metric: Optional[str] = None) -> Table:
        """Points of a trial, step by step: of a folder all that it has reported, of a server one metric, thinned."""
        return Table(self._source.points(self.id, int(trial), metric), ("trial", "step"))

    def best(self) -> "Best":
        """The winner, or the leading trial while the sweep runs."""
        return Best(self._source.best(self.id))

    def importance(self) -> Dict[str, Any]:
        """Which parameters the values depend on, and where the best lie."""
        return self._source.importance(self.id)

    def artifacts(self, trial: Optional[int] = None) -> Table:
        """Files that a trial left, the best one's when none is named."""
        trial = int(self.best()["trial"]) if trial is None else int(trial)
        return Table(({"trial": trial, **one} for one in self._source.artifacts(self.id, trial)), ("trial", "name", "size", "sha256", "object"))

    def artifact(self, name: str, trial: Optional[int] = None) -> bytes:
        """What is in one of them."""
        trial = int(self.best()["trial"]) if trial is None else int(trial)
        return self._source.artifact(self.id, trial, name)

    def logs(self, trial: int, *, stderr: bool = False) -> str:
        """What a trial wrote."""
        return self._source.logs(self.id, int(trial), stderr)

    def stop(self, trial: Optional[int] = None, reason: str = "") -> None:
        """End it, or one trial; what runs has its grace."""
        self._source.act(self.id, "stop", trial=trial, reason=reason)

    def pause(self) -> None:
        """Start no more trials."""
        self._source.act(self.id, "pause")

    def resume(self) -> None:
        """End a pause."""
        self._source.act(self.id, "resume")

    def extend(self, **changes: Any) -> None:
        """Go on by more trials or other limits: extend(run_cap=80). Without a server this returns when the sweep has ended."""
        self._source.act(self.id, "extend", set=changes)

    def plot(self, kind: str = "history", ax: Any = None, *, x: Optional[str] = None, y: Optional[str] = None) -> Any:
        """A picture by matplotlib: history, curves, scatter (of two columns of trials()) or importance."""
        return plot.draw(self, kind, ax, x, y)

    def report(self) -> str:
        """The whole sweep as a page that needs no server, as `kaon report` writes it."""
        return binary.call("report", binary.word(self.id), *self._source.where(), env=self._source.env()).decode("utf-8")

    def __repr__(self) -> str:
        return "<kaon sweep %s of %s>" % (self.id, self._source.place)

    def _repr_html_(self) -> str:
        info = self.info()
        best = info.get("best") or {}
        head = "<div><b>%s</b> %s" % (html.text(self.id), html.state(info.get("state")))
        if best.get("trial") is not None:
            head += " &nbsp;best %s <b>%s</b> <span class='q'>(trial %s)</span>" % (
                html.text(info.get("metric") or ""), html.text(_number(best.get("value"))), html.text(best.get("trial")))
        curves = self.curves(top=8)
        return html.page(head, "</div>", html.bar(info.get("trials") or {}), curves.picture() if any(len(c["points"]) > 1 for c in curves) else "")


class Best(Dict[str, Any]):
    """The winner, as `winner.json` has it: trial, value, params, metrics, files."""

    @property
    def params(self) -> Dict[str, Any]:
        """Its parameters."""
        return dict(self.get("params") or {})

    @property
    def value(self) -> Any:
        """Of the objective."""
        return _number(self.get("value"))

    @property
    def trial(self) -> int:
        """Its number."""
        return int(self["trial"])

    def _repr_html_(self) -> str:
        rows = [{"parameter": k, "value": v} for k, v in _flat("", self.params).items()]
        return html.page("<div>trial <b>%s</b>, %s <b>%s</b></div>" % (html.text(self.get("trial")), html.text(self.get("metric")), html.text(self.value)),
                         html.table(rows, ("parameter", "value"), most=40))


class Curves(List[Dict[str, Any]]):
    """Curves: each trial, state and points, which are pairs of step and value."""

    def __init__(self, curves: List[Dict[str, Any]], metric: str = "") -> None:
        super().__init__(curves)
        self.metric = metric

    def table(self) -> Table:
        """A row for each point: trial, step, value."""
        return Table(({"trial": c["trial"], "step": s, "value": v} for c in self for s, v in c["points"]), ("trial", "step", "value"))

    def pandas(self) -> Any:
        """The table as a pandas.DataFrame."""
        return self.table().pandas()

    def picture(self) -> str:
        """The curves as SVG."""
        return html.lines([("trial %s" % c["trial"], c["points"]) for c in self], self.metric)

    def _repr_html_(self) -> str:
        return html.page(self.picture())


def _number(value: Any) -> Any:
    return _NUMBERS.get(value, value) if isinstance(value, str) else value


def _flat(prefix: str, value: Dict[str, Any]) -> Dict[str, Any]:
    """Nested groups by dotted names, as `kaon export` has them."""
    out: Dict[str, Any] = {}
    for name, inner in value.items():
        if isinstance(inner, dict) and inner:
            out.update(_flat(prefix + name + ".", inner))
        else:
            out[prefix + name] = inner
    return out


def _row(t: Dict[str, Any]) -> Dict[str, Any]:
    row = {"trial": t.get("trial"), "state": t.get("state"), "value": _number(t.get("value")), "attempt": t.get("attempt"),
           "attempts": len(t.get("attempts") or []), "seed": t.get("seed"), "reason": t.get("reason") or _reason(t)}
    row.update(_flat("param.", t.get("params") or {}))
    for m in t.get("metrics") or []:
        row["metric.%s" % m.get("name")] = _number(m.get("value"))
    return row


def _reason(t: Dict[str, Any]) -> Optional[str]:
    """Why the attempt that counts ended, if it has."""
    for a in t.get("attempts") or []:
        if a.get("attempt") == t.get("attempt"):
            return (a.get("end") or {}).get("reason") or None
    return None


def _points(list: Any) -> List[Tuple[int, Any]]:
    return [(p.get("step") or 0, _number(p.get("value"))) for p in list or []]


class _Folder:
    """A folder or bucket, through the program."""

    def __init__(self, place: str) -> None:
        self.place = place

    def where(self) -> List[str]:
        return ["--results=" + self.place]

    def env(self) -> Dict[str, str]:
        return binary.environment()

    def _lines(self, *args: str) -> List[Any]:
        return binary.lines(*args, "--json", *self.where())

    def _value(self, *args: str) -> Any:
        return binary.value(*args, "--json", *self.where())

    def sweeps(self, archived: bool) -> Iterator[Dict[str, Any]]:
        return iter(self._lines("list", "--limit=0", *(["--archived"] if archived else [])))

    def resolve(self, name: str) -> str:
        return str(self._value("status", binary.word(name))["sweep"])

    def info(self, id: str) -> Dict[str, Any]:
        status = self._value("status", id)
        status.setdefault("goal", None)
        for s in self._lines("list", "--limit=0", "--archived", "--text=" + id):
            if s.get("sweep") == id:
                status["goal"] = s.get("goal")
        return status

    def trials(self, id: str, filter: Any, sort: Any, desc: bool, states: List[str], limit: Optional[int]) -> Iterator[Dict[str, Any]]:
        if filter:
            raise Refused("a filter is an expression that servers know: choose among the rows, as in [r for r in sweep.trials() if r['value'] < 1]")
        args = ["--state=" + s for s in states] + (["--sort=" + sort] if sort else []) + (["--desc"] if desc else [])
        return iter(self._lines("trials", id, *args, *(["--limit=%d" % limit] if limit else [])))

    def trial(self, id: str, number: int) -> Dict[str, Any]:
        return self._value("trial", "%s/%d" % (id, number))

    def curves(self, id: str, trials: Any, top: int) -> List[Dict[str, Any]]:
        chosen = "--trials=" + ",".join(map(str, sorted(trials))) if trials else "--top=%d" % top
        return [{"trial": c["trial"], "state": c["state"], "points": _points(c["curve"])} for c in self._lines("curves", id, chosen)]

    def points(self, id: str, trial: int, metric: Optional[str]) -> Iterator[Dict[str, Any]]:
        for row in binary.lines("export", id, "--points", "--format=jsonl", *self.where()):
            if row.get("trial") == trial and (metric is None or "metric." + metric in row):
                yield {k: _number(v) if k.startswith("metric.") else v for k, v in row.items()
                       if metric is None or not k.startswith("metric.") or k == "metric." + metric}

    def best(self, id: str) -> Dict[str, Any]:
        return self._value("best", id)

    def importance(self, id: str) -> Dict[str, Any]:
        return self._value("best", id, "--explain").get("explanation") or {}

    def artifacts(self, id: str, trial: int) -> List[Dict[str, Any]]:
        return self._value("artifacts", "%s/%d" % (id, trial)) or []

    def artifact(self, id: str, trial: int, name: str) -> bytes:
        return binary.call("artifacts", "%s/%d" % (id, trial), "--get=" + name, "--output=-", *self.where())

    def logs(self, id: str, trial: int, stderr: bool) -> str:
        return binary.call("logs", "%s/%d" % (id, trial), *(["--stderr"] if stderr else []), *self.where()).decode("utf-8", "replace")

    def compare(self, names: Tuple[str, ...]) -> Dict[str, Any]:
        return self._value("compare", *map(binary.word, names))

    def act(self, id: str, what: str, trial: Optional[int] = None, reason: str = "", set: Any = None) -> None:
        from .client import _settings

        args = ["--reason=" + reason] if reason else []
        self._lines(what, id if trial is None else "%s/%d" % (id, trial), *args, *("--set=" + one for one in _settings(set or {})))


class _Server:
    """A server, through its API."""

    def __init__(self, client: Client) -> None:
        self.client, self.place = client, client.address

    def where(self) -> List[str]:
        return ["--server=" + self.place]

    def env(self) -> Dict[str, str]:
        env = binary.environment()
        secret = self.client._secret
        if secret:
            env["KAON_TOKEN"] = secret._get()  # an environment is read by the same user only
        cert, key = self.client._shown
        if cert:
            env["KAON_CLIENT_CERT"], env["KAON_CLIENT_KEY"] = cert, key
        if self.client.cafile:
            env["SSL_CERT_FILE"] = os.path.abspath(self.client.cafile)
        return env

    def sweeps(self, archived: bool) -> Iterator[Dict[str, Any]]:
        return self.client.sweeps(archived=archived)

    def resolve(self, name: str) -> str:
        if name == "@latest":
            for s in self.client.sweeps(limit=1):
                return str(s.get("sweep"))
            raise NotFound("%s has no sweep yet" % self.place)
        try:
            return str(self.client.sweep(name).get("sweep") or name)
        except NotFound:
            all = list(self.client.sweeps(archived=True))
            found = [s for s in all if str(s.get("sweep")).startswith(name)] or [s for s in all if name in (s.get("labels") or [])][:1]
            if len(found) == 1:
                return str(found[0]["sweep"])
            if found:
                raise NotFound("%r is the beginning of several sweeps: %s" % (name, ", ".join(str(s["sweep"]) for s in found[:10]))) from None
            raise

    def info(self, id: str) -> Dict[str, Any]:
        return self.client.sweep(id)

    def trials(self, id: str, filter: Any, sort: Any, desc: bool, states: List[str], limit: Optional[int]) -> Iterator[Dict[str, Any]]:
        return self.client.trials(id, filter=filter, sort=sort, desc=desc, state=states, limit=limit)

    def trial(self, id: str, number: int) -> Dict[str, Any]:
        return self.client.trial(id, number)

    def curves(self, id: str, trials: Any, top: int) -> List[Dict[str, Any]]:
        if trials:
            each = [self.client.trial(id, t) for t in sorted(trials)]
            return [{"trial": t.get("trial"), "state": t.get("state"), "points": _points(t.get("curve"))} for t in each]
        return [{"trial": c.get("trial"), "state": c.get("state"), "points": _points(c.get("points"))} for c in self.client.curves(id, top)]

    def points(self, id: str, trial: int, metric: Optional[str]) -> Iterator[Dict[str, Any]]:
        told = self.client.points(id, trial, metric)
        for step, value in _points(told.get("points")):
            yield {"trial": trial, "step": step, "metric.%s" % told.get("metric"): value}

    def best(self, id: str) -> Dict[str, Any]:
        return self.client.winner(id)

    def importance(self, id: str) -> Dict[str, Any]:
        return self.client.importance(id)

    def artifacts(self, id: str, trial: int) -> List[Dict[str, Any]]:
        return self.client.artifacts(id, trial)

    def artifact(self, id: str, trial: int, name: str) -> bytes:
        for one in self.artifacts(id, trial):
            if one.get("name") == name:
                return self.client.download(str(one.get("object")))
        raise NotFound("trial %d of %s left no file %r" % (trial, id, name))

    def logs(self, id: str, trial: int, stderr: bool) -> str:
        return self.client.logs(id, trial, "stderr" if stderr else "stdout")

    def compare(self, names: Tuple[str, ...]) -> Dict[str, Any]:
        return self.client.compare(*names)

    def act(self, id: str, what: str, trial: Optional[int] = None, reason: str = "", set: Any = None) -> None:
        if what == "stop":
            self.client.stop(id, trial, reason)
        elif what == "extend":
            self.client.extend(id, **(set or {}))
        elif what in ("pause", "resume"):
            getattr(self.client, what)(id)
        else:
            raise KaonError("there is no %s" % what)
