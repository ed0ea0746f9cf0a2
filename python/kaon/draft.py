"""A sweep that is to run: of a file, a dictionary or a decorated function."""

from __future__ import annotations

import functools
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from typing import Any, Callable, Dict, List, Optional

from . import binary, function, html, live, space
from .client import Client, _settings
from .errors import KaonError, Refused, SpecError, SweepFailed
from .results import Results, Sweep, _Folder, _Server

_GRID = 10_000  # combinations up to which all are run when nobody says how many trials there are to be
_ASK = 1.0  # seconds between looks at a sweep that runs
_BEGUN = re.compile(r"^([A-Za-z0-9][\w.-]*): [\d,]+ trials? by ")


def sweep(spec: Any = None, /, *, metric: Optional[str] = None, trials: Optional[int] = None, method: Optional[str] = None, name: Optional[str] = None,
          set: Optional[Dict[str, Any]] = None, parameters: Optional[Dict[str, Any]] = None, **values: Any) -> Any:
    """kaon.sweep("sweep.yaml") and kaon.sweep({…}) are sweeps to run. @kaon.sweep(lr=kaon.log(1e-4, 1), metric="max accuracy", trials=50) makes
    a function one: each of its parameters is named, the others keep their defaults. Parameters that are called like one of this function's
    own arguments stand in `parameters`; `set` has further keys of a sweep file, by their paths."""
    if isinstance(spec, (str, os.PathLike, dict)):
        named = {"metric": metric, "trials": trials, "method": method, "name": name, "parameters": parameters, **values}
        given = [key for key, value in named.items() if value is not None]
        if given:
            raise Refused("%s: metric, trials, method, name and parameters are of a function's sweep; keys of a file or a dictionary are changed by set, "
                          "as in set={\"run_cap\": 5, \"metric.name\": \"loss\"}" % ", ".join(given))
        if isinstance(spec, dict):
            return Draft(spec=dict(spec), set=_settings(set or {}))
        return Draft(file=os.fspath(spec), set=_settings(set or {}))
    keys: Dict[str, Any] = {}
    if name:
        keys["name"] = name
    if metric:
        keys["metric"] = _metric(metric)
    if trials is not None:
        keys["run_cap"] = int(trials)
    if method:
        keys["method"] = method

    def decorate(call: Callable[..., Any]) -> Function:
        return Function(call, dict(parameters or {}, **values), keys, dict(set or {}))

    if spec is None:
        return decorate
    if callable(spec) and not isinstance(spec, Draft):
        return decorate(spec)
    raise Refused("a sweep is a file, a dictionary or a function, not a %s" % type(spec).__name__)


def _metric(text: Any) -> Dict[str, str]:
    """max accuracy, or min loss."""
    if isinstance(text, dict):
        return text
    goal, _, name = str(text).strip().partition(" ")
    goals = {"max": "maximize", "maximize": "maximize", "min": "minimize", "minimize": "minimize"}
    if goal not in goals or not name.strip():
        raise Refused("metric %r: write \"max accuracy\" or \"min loss\"" % (text,))
    return {"name": name.strip(), "goal": goals[goal]}


class Draft:
    """A sweep that is to run."""

    def __init__(self, spec: Optional[Dict[str, Any]] = None, file: str = "", set: Any = ()) -> None:
        self._spec, self._file, self._set = spec, file, list(set)

    def spec(self, python: str = "python3") -> Dict[str, Any]:
        """The sweep file as a dictionary."""
        if self._spec is None:
            raise Refused("the sweep is the file %s: read that" % self._file)
        return dict(self._spec)

    def _source(self, python: str) -> "tuple[str, Optional[bytes]]":
        if self._file:
            return binary.word(self._file), None
        return "-", _json(self.spec(python))

    def plan(self) -> Dict[str, Any]:
        """What it would do, without doing any of it; SpecError when it has mistakes."""
        file, text = self._source(sys.executable)
        return _plan(file, text, ["--set=" + s for s in self._set])

    def run(self, results: str = "kaon-results", *, parallel: Optional[int] = None, seed: Optional[int] = None, server: Optional[str] = None,
            token: Optional[str] = None, cafile: Optional[str] = None, set: Any = (), quiet: bool = False, python: Optional[str] = None,
            client_cert: Any = None, client_key: Any = None) -> Sweep:
        """Run it to its end and show how it goes. Trials run on this machine, on what KAON_CLUSTER names, or on a server. The Python of
        trials is this one, unless they run elsewhere; `python` says which. A sweep that did not succeed is SweepFailed; Ctrl-C stops it."""
        _not_within()
        elsewhere = bool(server) and server != "none" or os.environ.get("KAON_CLUSTER", "local") != "local"
        file, text = self._source(python or ("python3" if elsewhere else sys.executable))
        settings = ["--set=" + s for s in self._set + _settings(set)]
        settings += [] if seed is None else ["--seed=%d" % seed]
        source: Any = _Folder(os.fspath(results))
        args = ["run", file, "--json", *settings, *([] if parallel is None else ["--parallel=%d" % parallel])]
        if server and server != "none":
            source = _Server(Client(server, token, cafile=cafile, client_cert=client_cert, client_key=client_key))
            args += source.where()
        else:
            args += source.where() + ["--server=none"]
        env = source.env()
        shown = live.make(quiet)
        try:
            code, out, said, id = _watch(args, text, env, source, shown)
        finally:
            shown.end()
        if code not in (0, 1):
            if code == binary.USAGE:
                _plan(file, text, settings)  # raises what is wrong with the spec, place by place
            raise binary.failure(code, said)
        result = _result(out)
        if result is None:
            raise KaonError(said.strip() or "kaon ended with exit code %d" % code)
        if result.get("state") != "succeeded":
            raise SweepFailed(result)
        return Sweep(source, str(result.get("sweep") or id))

    def submit(self, server: str, token: Optional[str] = None, *, cafile: Optional[str] = None, set: Any = (), seed: Optional[int] = None,
               labels: Any = (), key: str = "", client_cert: Any = None, client_key: Any = None) -> Sweep:
        """Hand it to a server and return at once. What it needs beside itself goes along, packed by the program kaon."""
        _not_within()
        source = _Server(Client(server, token, cafile=cafile, client_cert=client_cert, client_key=client_key))
        file, text = self._source("python3")
        args = ["submit", file, "--json", *("--set=" + s for s in self._set + _settings(set)), *("--label=" + str(one) for one in labels), *source.where()]
        args += ([] if seed is None else ["--seed=%d" % seed]) + (["--key=" + key] if key else [])
        return Sweep(source, str(binary.value(*args, stdin=text, env=source.env())["sweep"]))

    def __repr__(self) -> str:
        return "<kaon sweep to run: %s>" % (self._file or (self._spec or {}).get("name") or "no name")

    def _repr_html_(self) -> str:
        if self._file:
            return html.page("<div>sweep of <b>%s</b>, to run</div>" % html.text(self._file))
        spec = self.spec()
        rows = [{"parameter": k, "values": space.words(v)} for k, v in (spec.get("parameters") or {}).items()]
        return html.page("<div><b>%s</b>, to run</div>" % html.text(spec.get("name") or "sweep"), html.table(rows, ("parameter", "values"), most=40))


class Function(Draft):
    """A function that is a sweep. Called, it is the function; run() tries its parameters."""

    def __init__(self, call: Callable[..., Any], values: Dict[str, Any], keys: Optional[Dict[str, Any]], set: Dict[str, Any]) -> None:
        super().__init__(set=_settings(set))
        if isinstance(call, Function):
            call = call._call  # decorated twice: the outer counts
        functools.update_wrapper(self, call)
        self._call, self._keys = call, keys or {}
        self._parameters = {name: space.parameter(value) for name, value in values.items()}
        if not self._parameters:
            import kaon_call

            for name, annotation in kaon_call.hints(call).items():
                for more in getattr(annotation, "__metadata__", ()):
                    if hasattr(more, "__kaon_parameter__"):
                        self._parameters[name] = more.__kaon_parameter__()
        if not self._parameters:
            raise Refused("%s has no parameter to search: name some, as in @kaon.sweep(lr=kaon.log(1e-4, 1))" % call.__name__)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._call(*args, **kwargs)

    def __kaon_spec__(self) -> Dict[str, Any]:
        """The sweep file without its command."""
        keys = dict(self._keys)
        keys.setdefault("name", self._call.__name__)
        if "method" not in keys:
            size = space.count(self._parameters)
            most = keys.get("run_cap")
            grid = bool(size) and (most is None and size <= _GRID or most is not None and most >= size)
            keys["method"] = "grid" if grid else "auto" if "metric" in keys else "random"
        return dict(keys, parameters=self._parameters)

    def spec(self, python: str = "python3") -> Dict[str, Any]:
        spec = self.__kaon_spec__()
        metric = spec.get("metric", {}).get("name")
        spec["command"] = [w.replace("${", "$${") for w in [python, "-m", "kaon_call", *(["--metric", metric] if metric else []), function.place(self._call)]]
        return spec

    def __repr__(self) -> str:
        return "<kaon sweep of %s>" % self._call.__name__


def _not_within() -> None:
    """A program that runs a sweep of its own function when it is imported would do so in each of its trials."""
    if getattr(sys.modules.get("kaon_call"), "loading", False):
        raise Refused("this program runs a sweep when it is imported, which a trial of it does: put run() and submit() under if __name__ == \"__main__\":")


def _json(spec: Dict[str, Any]) -> bytes:
    def other(value: Any) -> Any:
        if hasattr(value, "__kaon_parameter__"):
            return value.__kaon_parameter__()
        if hasattr(value, "item"):
            return value.item()
        if hasattr(value, "__fspath__"):
            return os.fspath(value)
        raise Refused("%r of type %s cannot stand in a sweep file" % (value, type(value).__name__))

    return json.dumps(spec, default=other, ensure_ascii=False).encode("utf-8", "backslashreplace")


def _plan(file: str, text: Optional[bytes], settings: List[str]) -> Dict[str, Any]:
    done = subprocess.run([binary.find(), "plan", file, "--json", "--server=none", *settings], input=text, stdin=subprocess.DEVNULL if text is None else None,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=binary.environment())
    try:
        told = json.loads(done.stdout.decode("utf-8"))
    except ValueError:
        told = None
    if isinstance(told, dict) and told.get("errors"):
        raise SpecError(told["errors"])
    if done.returncode != 0 or not isinstance(told, dict):
        raise binary.failure(done.returncode, done.stderr.decode("utf-8", "replace"))
    return told


def _result(out: str) -> Optional[Dict[str, Any]]:
    """The last line, as `kaon run --json` prints it."""
    try:
        told = json.loads(out.strip().splitlines()[-1])
    except (ValueError, IndexError):
        return None
    return told if isinstance(told, dict) and "state" in told else None


def _watch(args: List[str], text: Optional[bytes], env: Dict[str, str], source: Any, shown: live.Progress) -> "tuple[int, str, str, str]":
    """Runs the program to its end, asks meanwhile how the sweep stands, and hands on what is said of it."""
    began = time.monotonic()
    child = subprocess.Popen([binary.find(), *args], stdin=subprocess.DEVNULL if text is None else subprocess.PIPE, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, env=env, start_new_session=True)
    out: List[bytes] = []
    said: List[str] = []
    id: List[str] = []

    def complain() -> None:
        for raw in child.stderr or ():
            line = raw.decode("utf-8", "replace").rstrip("\n")
            found = _BEGUN.match(line)
            if found and not id:
                id.append(found.group(1))
            elif line.startswith("kaon: "):
                said.append(line)
                if line.startswith("kaon: warning: "):
                    shown.say(line)
            elif said:
                said.append(line)

    def feed() -> None:
        try:
            if child.stdin:
                child.stdin.write(text or b"")
                child.stdin.close()
        except OSError:
            pass  # it has ended, and says why

    threads = [threading.Thread(target=t, daemon=True) for t in (complain, feed, lambda: out.append(child.stdout.read() if child.stdout else b""))]
    for t in threads:
        t.start()
    try:
        while True:
            try:
                child.wait(_ASK)
                break
            except subprocess.TimeoutExpired:
                _look(source, id, shown, time.monotonic() - began)
    except BaseException:  # Ctrl-C, and what a notebook does in its place: the sweep is kept, and goes on by `kaon run --resume`
        child.send_signal(signal.SIGINT)
        try:
            child.wait(30)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        raise
    finally:
        for t in threads:
            t.join(5)
        for pipe in (child.stdout, child.stderr):
            if pipe:
                pipe.close()
    _look(source, id, shown, time.monotonic() - began)
    return child.returncode, b"".join(out).decode("utf-8", "replace"), "\n".join(said), id[0] if id else ""


def _look(source: Any, id: List[str], shown: live.Progress, seconds: float) -> None:
    if not id or type(shown) is live.Progress:
        return
    try:
        status = source.client.sweep(id[0]) if isinstance(source, _Server) else source._value("status", id[0])
    except KaonError:
        return  # it may not be there yet, or be gone
    shown.show(id[0], status, seconds)


__all__ = ["Draft", "Function", "Results", "sweep"]
