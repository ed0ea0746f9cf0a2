"""What the hooks for packages of others share. It is run before each of them, in the names of that one: PACKAGE is the package's name.

A metric is one line and one write, at once: a program killed a moment later has lost nothing, and another process's lines stay whole.
"""

import functools
import json
import os
import sys

METRICS = os.environ.get("KAON_METRICS", "")
OBJECTIVE = os.environ.get("KAON_OBJECTIVE", "")
NAMES, NAME, LINE = 512, 256, 32 * 1024  # of a line; kaon reads twice as much


def complain(error):
    sys.stderr.write("kaon: metrics logged to %s are not read: %s\n" % (PACKAGE, error))  # noqa: F821


def safely(f, *args):
    """A fault of ours is not the program's."""
    try:
        f(*args)
    except Exception as error:
        complain(error)


def parameters():
    """The trial's parameters."""
    if "KAON_TRIAL" in os.environ and "KAON_PARAMS" not in os.environ:
        raise RuntimeError("the trial's parameters are more than a variable can hold: give the program ${args_json_file}, and read that file")
    return json.loads(os.environ.get("KAON_PARAMS") or "{}")


def flat(values, prefix="", out=None):
    """Parameters by dotted name."""
    out = {} if out is None else out
    for name, value in values.items():
        out[prefix + name] = value
        if isinstance(value, dict):
            flat(value, prefix + name + ".", out)
    return out


def number(value):
    """value as a number; None: it is none."""
    if not isinstance(value, (bool, int, float)) and hasattr(value, "item"):
        try:
            value = value.item()  # of NumPy, PyTorch, JAX, TensorFlow
        except Exception:
            return None  # it has more than one
    if isinstance(value, float):
        return float(value)
    return value if isinstance(value, (bool, int)) else None


def numbers(data, prefix="", out=None):
    """The numbers of what was logged, by dotted name. Media, texts and tables are none."""
    out = {} if out is None else out
    for key, value in data.items():
        name = prefix + str(key)
        if not prefix and name.startswith("_"):
            continue  # the package's own
        if isinstance(value, dict):
            if "_type" not in value:
                numbers(value, name + ".", out)
            continue
        value = number(value)
        if value is not None and len(name.encode("utf-8", "replace")) <= NAME:
            out[name] = value
    return out


def write(row, step):
    """Appends a row, in several lines when it is too long for one. Step None: there is none."""
    head = {} if step is None else {"_step": step}
    items, size = dict(head), 0
    for name, value in row.items():
        length = 6 * len(name) + 40
        if len(items) > NAMES or size + length > LINE:
            append(items)
            items, size = dict(head), 0
        items[name] = value
        size += length
    if len(items) > len(head):
        append(items)


def append(items):
    line = (json.dumps(items) + "\n").encode("ascii")
    # Not kept open: a program may close all descriptors, and another file get the number.
    fd = os.open(METRICS, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(fd, line)
    finally:
        os.close(fd)


def asked_to_stop():
    """Whether kaon, or somebody by `kaon message`, has asked the trial to end."""
    try:
        with open(os.environ.get("KAON_CONTROL", "")) as control:
            messages = [json.loads(line) for line in control if line.endswith("\n")]
    except (OSError, ValueError):
        return False
    return any(isinstance(m, dict) and m.get("stop") is True for m in messages)


def wrap(owner, name, around):
    """Puts around(original, *args) in the place of a function; where there is none it says so."""
    original = getattr(owner, name, None)
    if original is None:
        complain("this release of %s has no %s" % (PACKAGE, name))  # noqa: F821
        return

    @functools.wraps(original)
    def wrapper(*args, **kwargs):
        return around(original, *args, **kwargs)

    setattr(owner, name, wrapper)


class Finder(object):
    """Has modules patched as soon as they are loaded, before others take their functions: by name, what is called with each."""

    def __init__(self, patches):
        self.patches = patches

    def find_spec(self, name, path=None, target=None):
        if name not in self.patches:
            return None
        for finder in sys.meta_path:
            find = getattr(finder, "find_spec", None)
            spec = find(name, path, target) if find and finder is not self else None
            if spec is not None:
                break
        else:
            return None
        load = getattr(spec.loader, "exec_module", None)
        if load is not None:

            def exec_module(module):
                load(module)
                if module.__name__ == name:
                    safely(self.patches.pop(name, lambda module: None), module)

            spec.loader.exec_module = exec_module
        return spec


def patch_when_loaded(patches):
    if METRICS:
        sys.meta_path.insert(0, Finder(patches))
