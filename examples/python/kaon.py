"""Report from a trial to kaon: one file, standard library only. Copy it beside your program.

    import kaon
    p = kaon.params({"lr": 0.1})               # the trial's parameters, over your defaults
    kaon.milestone("data loaded")
    for step in range(100):
        loss = train(p["lr"])
        kaon.report(loss=loss, step=step)
        kaon.progress(step + 1)                # percent
        if kaon.should_stop():                 # asked to end: save, and leave
            break
    kaon.artifact("model", "model.bin")        # a file is copied along, anything else is kept as JSON

Without kaon the same program runs as it is: params() gives the defaults, and reports go to standard output.
"""

import json
import os
import shutil
import signal
import threading

__all__ = ["params", "report", "progress", "milestone", "artifact", "messages", "should_stop", "seed"]

_lock = threading.RLock()
_read = 0  # bytes of the control file that were read
_rest = b""  # the beginning of a line whose end is not written yet
_unheard = []  # messages for messages()
_stopped = False
_watching = False


def params(defaults=None):
    """The trial's parameters as a dict, over the defaults."""
    found = dict(defaults or {})
    found.update(json.loads(os.environ.get("KAON_PARAMS") or "{}"))
    return found


def seed(default=0):
    """A seed of the trial's own, the same for every attempt."""
    return int(os.environ.get("KAON_SEED") or default)


def report(*, step=None, **metrics):
    """Report numbers, at a step of your own if you give one. Nested dicts become dotted names."""
    line = {name: _plain(value) for name, value in metrics.items()}
    if step is not None:
        line["step"] = int(step)
    _write(line)


def progress(percent):
    """Say how far the trial is, from 0 to 100."""
    _write({"progress": float(percent)})


def milestone(text):
    """Say that something is done; it is kept with the trial."""
    _write({"milestone": str(text)})


def artifact(name, value):
    """Keep a named value with the trial: any JSON, or the path of a file, which is copied to $KAON_ARTIFACTS."""
    folder = os.environ.get("KAON_ARTIFACTS")
    if isinstance(value, os.PathLike) or isinstance(value, str) and "\0" not in value and os.path.isfile(value):
        path = os.fspath(value)
        value = os.path.basename(path)
        if folder:
            target = os.path.join(folder, value)
            if os.path.realpath(path) != os.path.realpath(target):
                shutil.copyfile(path, target)
    _write({"artifact": {"name": str(name), "value": value}})


def messages():
    """The messages that came since the last call, as a list of JSON values."""
    with _lock:
        _hear()
        out = list(_unheard)
        _unheard.clear()
        return out


def should_stop():
    """Whether the trial was asked to end. From the first call on SIGTERM no longer kills at once: it makes this true,
    and the program has its grace period to save and leave."""
    with _lock:
        _watch()
        _hear()
        return _stopped


def _watch():
    global _watching
    if _watching or threading.current_thread() is not threading.main_thread():
        return
    _watching = True
    if signal.getsignal(signal.SIGTERM) == signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _on_term)


def _on_term(number, frame):
    global _stopped
    _stopped = True


def _hear():
    """Read what is new in the control file. A line is a message once its newline is there."""
    global _read, _rest, _stopped
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
        try:
            message = json.loads(line)
        except ValueError:
            continue
        _unheard.append(message)
        if isinstance(message, dict) and message.get("stop"):
            _stopped = True


def _plain(value):
    """Numbers of other libraries (numpy's, torch's) as Python's own."""
    if isinstance(value, dict):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return float(value)


def _write(line):
    text = json.dumps(line)
    path = os.environ.get("KAON_METRICS")
    with _lock:
        if not path:
            print(text, flush=True)
            return
        with open(path, "a", encoding="utf-8") as out:
            out.write(text + "\n")  # one write: lines of threads and processes do not mix
