"""Report from a trial to kaon: one file, standard library only. Install the package, or copy this file beside your program as kaon.py.

    import kaon
    p = kaon.params({"lr": 0.1})               # the trial's parameters, over your defaults
    state = kaon.resume_from("state.json")     # what an attempt before this one has left, or None
    for step in range(100):
        loss = train(p.lr)
        kaon.report(loss=loss, step=step)
        kaon.progress(step + 1)                # percent
        if kaon.should_stop():                 # asked to end: save, and leave
            kaon.checkpoint("state.json")
            break
    kaon.artifact("model", "model.bin")        # a file is copied along, anything else is kept as JSON

Without kaon the same program runs as it is: params() gives the defaults, and reports go to standard output.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import threading
import warnings
from typing import Any, Dict, Iterator, List, Mapping, Optional, Set

__all__ = ["params", "report", "progress", "milestone", "artifact", "checkpoint", "resume_from", "messages",
           "should_stop", "should_checkpoint", "seed", "in_trial", "Params"]

_MOST, _NAME, _LINE = 1000, 256, 60 * 1024  # metrics, bytes of a name, bytes of a line that has more metrics behind it
_LONGEST = 64 * 1024  # bytes of any line: kaon passes over what is longer
_VALUE, _NOTES = 8 * 1024, 200  # bytes of an artifact's value, artifacts and milestones of an attempt: kaon drops what is beyond
_MILESTONE = 2048  # characters: kaon keeps less

_lock = threading.RLock()
_read = 0  # bytes of the control file that were read
_rest = b""  # the beginning of a line whose end is not written yet
_unheard: List[Any] = []  # messages for messages()
_notes = 0  # artifacts and milestones so far
_warned: Set[str] = set()  # what was told once
_stopped = False
_asked = False  # for a checkpoint
_watching = False
_watcher = 0  # the process whose end SIGTERM is not; 0: none's
_spare = True  # whether a process that this one has begun lives on after the SIGTERM with which kaon ends a trial


class Params(Dict[str, Any]):
    """Parameters: a dict whose keys can be written as attributes, too."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError("there is no parameter %r; there are: %s" % (name, ", ".join(map(str, self)) or "none")) from None


def in_trial() -> bool:
    """Whether kaon runs this program."""
    return bool(os.environ.get("KAON_METRICS"))


def params(defaults: Optional[Mapping[str, Any]] = None) -> Params:
    """The trial's parameters over the defaults. Groups are merged key by key."""
    if "KAON_TRIAL" in os.environ and "KAON_PARAMS" not in os.environ:
        raise RuntimeError("the trial's parameters are more than a variable can hold: give the program ${args_json_file}, and read that file")
    return _merged(defaults or {}, json.loads(os.environ.get("KAON_PARAMS") or "{}"))


def seed(default: int = 0) -> int:
    """A seed of the trial's own, the same for every attempt."""
    return int(os.environ.get("KAON_SEED") or default)


def report(*args: Mapping[str, Any], step: Optional[int] = None, **metrics: Any) -> None:
    """Report numbers, at a step of your own if you give one: report(loss=0.1, step=3), or report({"val/loss": 0.1}) for names that are no
    Python names. Nested dicts become dotted names; None is left out."""
    named: Dict[str, Any] = {}
    for given in args + (metrics,):
        named.update(given)
    flat: Dict[str, Any] = {}
    _flatten("", named, flat)
    if not flat:
        return
    if step is not None:
        step = int(step)
    elif len(flat) > _MOST:
        raise ValueError("report: %d metrics do not fit one point: give a step, so that they can be reported in parts" % len(flat))
    remedy = "give a step, so that they can be reported in parts" if step is None else "report numbers"
    lines = [_line(part, remedy) for part in _parts(flat, step)]
    for line in lines:
        _write(line)


def progress(percent: float) -> None:
    """Say how far the trial is, from 0 to 100."""
    _write(_line({"progress": float(percent)}))


def milestone(text: str) -> None:
    """Say that something is done; it is kept with the trial, a long text with its first 1,024 bytes."""
    line = _line({"milestone": str(text)[:_MILESTONE]})
    _note()
    _write(line)


def artifact(name: Any, value: Any = None) -> None:
    """Keep a named value with the trial: any JSON, or the path of a file, which is copied to $KAON_ARTIFACTS. artifact(path) alone calls a file
    or a folder after itself. With a name a folder is a pathlib.Path, as a text that is one's name by chance is more likely meant as it is. Kaon drops a name of more than 256 bytes and a value of more than
    8 KiB, as JSON; a warning says so."""
    if value is None and isinstance(name, (str, os.PathLike)) and (os.path.isfile(name) or os.path.isdir(name)):
        path = os.path.abspath(name)
        name = os.path.basename(path)
        value = _keep(path, name)
    elif isinstance(value, os.PathLike) or isinstance(value, str) and "\0" not in value and os.path.isfile(value):
        path = os.fspath(value)
        value = _keep(path, os.path.basename(os.path.abspath(path)))
    name = str(name)
    line = _line({"artifact": {"name": name, "value": value}}, "write it to a file, and keep that")
    size = len(json.dumps(value, separators=(",", ":")))
    if len(name.encode("utf-8", "replace")) > _NAME:
        _warn("name " + name, "artifact %.60s…: its name has more than %d bytes, and kaon drops it: give it a shorter one" % (name, _NAME))
    elif size > _VALUE:
        _warn("value " + name, "artifact %s: its value has %d bytes, and kaon drops what has more than %d: write it to a file, and keep that" % (
            name, size, _VALUE))
    _note()
    _write(line)


def checkpoint(path: Any, name: Optional[str] = None) -> str:
    """Keep a file or folder for the trial's next attempt, which finds it by resume_from(name). One that is kept under the same name is
    replaced in one step, so that an attempt killed meanwhile leaves the former: a folder where the file system can exchange two names, as
    those of Linux can and NFS cannot; elsewhere for a moment there is none. The name is the path's own unless it is given."""
    path = os.fspath(path)
    return _keep(path, os.path.basename(os.path.abspath(path)) if name is None else str(name))


def resume_from(name: Optional[str] = None) -> Optional[str]:
    """The folder with what the newest attempt before this one has left, or the file of that name in it; None when there is none."""
    folder = os.environ.get("KAON_RESUME_FROM")
    if not folder:
        return None
    if name is None:
        return folder
    path = os.path.join(folder, _plain_name(str(name)))
    return path if os.path.exists(path) else None


def messages() -> List[Any]:
    """The messages that came since the last call, as a list of JSON values."""
    with _lock:
        _hear()
        out = list(_unheard)
        _unheard.clear()
        return out


def should_stop() -> bool:
    """Whether the trial was asked to end. From the first call on SIGTERM no longer kills at once: it makes this true,
    and the program has its grace period to save and leave. Processes forked by it live on after kaon's own SIGTERM, as long as this one
    lets them, and end by any other."""
    with _lock:
        _watch()
        _hear()
        return _stopped


def should_checkpoint() -> bool:
    """Whether a checkpoint was asked for since the last call, or the trial is asked to end."""
    global _asked
    with _lock:
        stop, asked = should_stop(), _asked
        _asked = False
        return stop or asked


def _merged(under: Mapping[str, Any], over: Mapping[str, Any]) -> Params:
    out = Params(under)
    for name, value in over.items():
        out[name] = _merged(out[name], value) if isinstance(value, dict) and isinstance(out.get(name), dict) else value
    for name, value in out.items():
        if type(value) is dict:
            out[name] = _merged(value, {})
    return out


def _flatten(prefix: str, value: Mapping[str, Any], out: Dict[str, Any]) -> None:
    """Dotted names and plain numbers, so that what numpy and torch make counts too."""
    for name, inner in value.items():
        name = prefix + str(name)
        if isinstance(inner, dict):
            _flatten(name + ".", inner, out)
            continue
        if inner is None:
            continue
        if len(name.encode("utf-8", "replace")) > _NAME:
            raise ValueError("report: the name of a metric has at most %d bytes: %.60s…" % (_NAME, name))
        if isinstance(inner, str) or type(inner) in (bool, int, float):
            out[name] = inner
            continue
        try:
            out[name] = float(inner)
        except (TypeError, ValueError):
            raise TypeError("report: %s is of type %s, which is no number" % (name, type(inner).__name__)) from None


def _parts(flat: Dict[str, Any], step: Optional[int]) -> Iterator[Dict[str, Any]]:
    """Lines that kaon reads whole: what does not fit one follows at the same step."""
    part: Dict[str, Any] = {}
    size = 0
    for name, value in flat.items():
        length = len(json.dumps(name)) + len(json.dumps(value)) + 4
        if part and step is not None and (len(part) >= _MOST or size + length > _LINE):
            yield dict(part, step=step)
            part, size = {}, 0
        part[name] = value
        size += length
    yield part if step is None else dict(part, step=step)


def _plain_name(name: str) -> str:
    """A name below a folder, and not above it."""
    clean = os.path.normpath(name)
    if os.path.isabs(clean) or clean.split(os.sep)[0] in (os.pardir, os.curdir) or "\0" in name:
        raise ValueError("%r is no name below the trial's folder: write it without .. and a leading /" % name)
    return clean


def _keep(path: str, name: str) -> str:
    """Copies what is at path to the trial's artifacts, where it appears whole or not at all."""
    name = _plain_name(name)
    folder = os.environ.get("KAON_ARTIFACTS")
    if not folder:
        return name
    target = os.path.join(folder, name)
    if os.path.realpath(path) == os.path.realpath(target):
        return name
    if (os.path.realpath(folder) + os.sep).startswith(os.path.join(os.path.realpath(path), "")):
        raise ValueError("%r holds the trial's own artifacts: keep a folder in it" % path)
    os.makedirs(os.path.dirname(target), exist_ok=True)
    mine = os.path.join(_beside(os.path.abspath(folder), os.path.dirname(target)), ".%d.%d.part" % (os.getpid(), threading.get_ident()))
    try:
        if os.path.isdir(path):
            shutil.copytree(path, mine, symlinks=True)
            if not os.path.isdir(target):
                os.rename(mine, target)
            elif not _exchange(mine, target):
                _replace(mine, target)
        else:
            shutil.copyfile(path, mine)
            os.replace(mine, target)
    finally:
        if os.path.isdir(mine):
            shutil.rmtree(mine, ignore_errors=True)
        elif os.path.exists(mine):
            os.unlink(mine)
    return name


def _exchange(one: str, other: str) -> bool:
    """Has two names change places in one step, where the system and the file system can."""
    try:
        import ctypes

        call = ctypes.CDLL(None).renameat2  # Linux
    except (ImportError, OSError, AttributeError):
        return False
    here, exchange = -100, 2
    return bool(call(here, os.fsencode(one), here, os.fsencode(other), exchange) == 0)


def _replace(folder: str, target: str) -> None:
    """The same in two steps, of which what was at target is not lost when the second fails."""
    former = folder + ".former"
    os.rename(target, former)
    try:
        os.rename(folder, target)
    except OSError:
        os.rename(former, target)
        raise
    shutil.rmtree(former, ignore_errors=True)


def _beside(folder: str, other: str) -> str:
    """Where a copy is made: beside $KAON_ARTIFACTS, so that half of one is never delivered, where that is one file system."""
    parent = os.path.dirname(folder)
    same = os.stat(parent).st_dev == os.stat(folder).st_dev and not os.path.ismount(folder)
    return parent if same and os.access(parent, os.W_OK) else other


def _watch() -> None:
    global _watching, _watcher
    if _watching or threading.current_thread() is not threading.main_thread():
        return
    _watching = True
    if signal.getsignal(signal.SIGTERM) == signal.SIG_DFL:
        workers = sys.modules.get("multiprocessing.process")
        if workers is None or workers.parent_process() is None:  # a worker's parent ends it by SIGTERM
            _watcher = os.getpid()
        signal.signal(signal.SIGTERM, _on_term)


def _on_term(number: int, frame: Any) -> None:
    """Kaon signals all processes of a trial, once, and says before in the control file that it does. Any other signal to a process
    that was forked is its parent's, as of Pool.terminate(), and ends it."""
    global _spare, _stopped
    if os.getpid() != _watcher and not (_spare and _signal_is_kaons()):
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTERM)
        return
    _spare, _stopped = False, True


def _signal_is_kaons() -> bool:
    """Whether the control file tells of a signal: a message of somebody's may ask for the end without one. It is read anew: the signal
    may have come in the middle of _hear."""
    try:
        with open(os.environ.get("KAON_CONTROL") or os.devnull, "rb") as control:
            return any(_stops(message) and message.get("signal") == "SIGTERM" for message in map(_parsed, control))
    except OSError:
        return False


def _after_fork() -> None:
    """In a child another thread of the parent may hold the lock for ever."""
    global _lock, _spare
    _lock, _spare = threading.RLock(), not _stopped


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def _hear() -> None:
    """Read what is new in the control file. A line is a message once its newline is there."""
    global _read, _rest, _stopped, _asked
    path = os.environ.get("KAON_CONTROL")
    if not path:
        return
    try:
        with open(path, "rb") as control:
            control.seek(_read)
            new = control.read()
    except OSError:
        return
    _read += len(new)
    *lines, _rest = (_rest + new).split(b"\n")
    for line in lines:
        message = _parsed(line)
        if message is _NOTHING:
            continue
        _unheard.append(message)
        if _stops(message):
            _stopped = True
        if isinstance(message, dict) and message.get("checkpoint"):
            _asked = True


_NOTHING = object()  # what a line says that is no JSON


def _parsed(line: bytes) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return _NOTHING


def _stops(message: Any) -> bool:
    return isinstance(message, dict) and bool(message.get("stop"))


def _note() -> None:
    global _notes
    with _lock:
        _notes += 1
        if _notes > _NOTES:
            _warn("notes", "kaon keeps %d artifacts and milestones of an attempt, and drops further ones: report numbers as metrics" % _NOTES, 4)


def _warn(what: str, text: str, level: int = 3) -> None:
    """Tells a thing once, of the line that many calls up."""
    with _lock:
        if what in _warned:
            return
        _warned.add(what)
    warnings.warn(text, stacklevel=level)


def _line(value: Dict[str, Any], remedy: str = "") -> str:
    text = json.dumps(value)
    if len(text) > _LONGEST:
        raise ValueError("%.60s… has %d bytes, and a line of at most %d is read: %s" % (text, len(text), _LONGEST, remedy))
    return text


def _write(text: str) -> None:
    path = os.environ.get("KAON_METRICS")
    with _lock:
        if not path:
            print(text, flush=True)
            return
        # One write, so that lines of threads and processes do not mix. Not kept open: a program may close all descriptors.
        data = (text + "\n").encode("ascii")
        fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            while data:
                data = data[os.write(fd, data):]
        finally:
            os.close(fd)
