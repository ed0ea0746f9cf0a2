"""Calls a function with a trial's parameters: python3 -m kaon_call train.py:main (docs/python.md).

A trial of `kaon run --python train.py:main` is this command. By hand, parameters stand behind it: lr=0.1 opt.momentum=0.9.
Standard library only and in one file, so that it can be run wherever Python is.
"""

import asyncio
import dataclasses
import enum
import importlib
import importlib.util
import inspect
import json
import os
import re
import sys
import typing

USAGE = 2
WANDB = re.compile(r"^\s*(import|from)\s+wandb\b", re.M)
SWEEPS = re.compile(r"\b(wandb\s*\.\s*)?sweep\s*\(")


class Refused(Exception):
    """What is told without a traceback."""


def target(text):
    """The file or module, and the name of the function in it."""
    where, colon, name = text.rpartition(":")
    if not colon or not where or not all(part.isidentifier() for part in name.split(".")):
        raise Refused("%r names no function: write FILE:FUNCTION, as in train.py:main" % text)
    if not where.endswith(".py") and not all(part.isidentifier() for part in where.split(".")):
        raise Refused("%r is no Python file and no module: write FILE:FUNCTION, as in train.py:main" % where)
    return where, name


def source(where):
    try:
        with open(where, "rb") as f:
            return f.read().decode("utf-8", "replace")
    except OSError as error:
        raise Refused("%s: %s" % (where, error.strerror)) from None


def load(where, name="", wandb=None):
    """The module, imported under its own name, so that what stands under `if __name__ == "__main__"` does not run."""
    global loading
    loading = True
    try:
        return imported(where, name, wandb)
    finally:
        loading = False


def imported(where, name, wandb):
    if not where.endswith(".py"):
        sys.path.insert(0, os.getcwd())
        if wandb:
            wandb.wait()
        try:
            found = importlib.util.find_spec(where)
        except ImportError as error:
            raise Refused("module %s: %s" % (where, error)) from None
        if found is None:
            raise Refused("there is no module %s here" % where)
        return importlib.import_module(where)
    text = source(where)
    if wandb and WANDB.search(text):
        wandb.wait()
    name = name or os.path.basename(where)[:-3]
    sys.path.insert(0, os.path.dirname(os.path.abspath(where)))
    if name == "kaon" or name in sys.modules and name != "__main__":
        name += "_"  # who imports that wants another
    spec = importlib.util.spec_from_file_location(name, where)
    module = importlib.util.module_from_spec(spec)
    if name != "__main__":
        sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def function(module, where, name):
    found = module
    for part in name.split("."):
        found = getattr(found, part, None)
        if found is None:
            there = [n for n, v in vars(module).items() if callable(v) and getattr(v, "__module__", None) == module.__name__]
            raise Refused("%s has no function %s; it has: %s" % (where, name, ", ".join(sorted(there)) or "none"))
    if not callable(found):
        raise Refused("%s:%s is of type %s, which cannot be called" % (where, name, type(found).__name__))
    return found


def hints(call):
    """Annotations with what their texts stand for, as far as that can be found out."""
    call = inspect.unwrap(call)
    if inspect.isclass(call):
        call = call.__init__
    try:
        return typing.get_type_hints(call, **({"include_extras": True} if sys.version_info >= (3, 9) else {}))
    except Exception:
        return {name: a for name, a in getattr(call, "__annotations__", {}).items() if not isinstance(a, str)}


def bare(annotation):
    """float of Annotated[float, …] and of Optional[float]."""
    while True:
        inner = getattr(annotation, "__metadata__", None) and annotation.__origin__
        if inner is None and typing.get_origin(annotation) in UNIONS:
            members = [a for a in typing.get_args(annotation) if a is not type(None)]
            inner = members[0] if len(members) == 1 else None
        if inner is None:
            return annotation
        annotation = inner


loading = False  # the program is being imported, and is not to run its own sweep over again

UNIONS = (typing.Union, getattr(__import__("types"), "UnionType", typing.Union))


def converted(value, annotation):
    """A value of a sweep as the function wants it: groups as dataclasses, names as members of an enumeration."""
    kind = bare(annotation)
    if dataclasses.is_dataclass(kind) and isinstance(value, dict):
        known = hints(kind)
        fields = {f.name for f in dataclasses.fields(kind) if f.init}
        unknown = sorted(set(value) - fields)
        if unknown:
            raise Refused("%s has no field %s; it has: %s" % (kind.__name__, ", ".join(unknown), ", ".join(sorted(fields))))
        return kind(**{name: converted(inner, known.get(name)) for name, inner in value.items()})
    if inspect.isclass(kind) and issubclass(kind, enum.Enum):
        if isinstance(value, str) and value in kind.__members__:
            return kind[value]
        return kind(value)
    if kind is float and type(value) is int:
        return float(value)
    if kind is tuple or typing.get_origin(kind) is tuple:
        return tuple(value) if isinstance(value, list) else value
    return value


KINDS = inspect.Parameter
NAMED = (KINDS.POSITIONAL_OR_KEYWORD, KINDS.KEYWORD_ONLY)


def arguments(call, params, named):
    """What the function is called with: each parameter by its name, or, where it takes one thing of another name, all as a dict."""
    takes = inspect.signature(call).parameters
    known = hints(call)
    if not takes:
        return (), {}  # it asks wandb.config, or kaon.params()
    if any(p.kind is KINDS.VAR_KEYWORD for p in takes.values()):
        return (), {name: converted(value, known.get(name)) for name, value in params.items()}
    wanted = [p for p in takes.values() if p.kind in NAMED + (KINDS.POSITIONAL_ONLY,) and p.default is KINDS.empty]
    one = wanted
    if params and len(takes) == 1 and all(p.default is None for p in takes.values()):
        one = list(takes.values())  # config=None, as programs for wandb.agent have it
    lone = len(one) == 1 and one[0].name not in params
    if lone and one[0].kind in (KINDS.POSITIONAL_OR_KEYWORD, KINDS.POSITIONAL_ONLY) and not set(params) & set(takes):
        return (converted(dict(params), known.get(one[0].name)),), {}
    unknown = sorted(set(params) - {n for n, p in takes.items() if p.kind in NAMED})
    if unknown:
        raise Refused("%s takes no argument %s; it takes: %s. Name it among its arguments, add **others, or take it out of the sweep"
                      % (named, ", ".join(unknown), ", ".join(takes)))
    missing = [p.name for p in wanted if p.name not in params]
    if missing:
        raise Refused("%s needs %s, which the sweep does not have: add it to the parameters, or give it a default"
                      % (named, ", ".join(missing)))
    return (), {name: converted(value, known.get(name)) for name, value in params.items()}


def given(words):
    """Parameters that were typed, over those of the trial."""
    if "KAON_TRIAL" in os.environ and "KAON_PARAMS" not in os.environ:
        raise Refused("the trial's parameters are more than a variable can hold: have its command be a program of yours that reads ${args_json_file}")
    params = json.loads(os.environ.get("KAON_PARAMS") or "{}")
    for word in words:
        path, equals, text = word.partition("=")
        if not equals or not path:
            raise Refused("%r is no parameter: write NAME=VALUE" % word)
        try:
            value = json.loads(text)
        except ValueError:
            value = text
        at = params
        *groups, name = path.split(".")
        for group in groups:
            at = at.setdefault(group, {})
            if not isinstance(at, dict):
                raise Refused("%s: %s is no group" % (word, group))
        at[name] = value
    return params


def report(result, metric):
    """What the function returns is reported: a dict of numbers, or one number under the metric's name."""
    if isinstance(result, dict):
        values = {str(k): v for k, v in result.items()}
    elif result is None or isinstance(result, (str, bytes)):
        return
    else:
        values = {metric: result}
    line = json.dumps({name: plain(value) for name, value in values.items() if value is not None}) + "\n"
    path = os.environ.get("KAON_METRICS")
    if not path:
        sys.stdout.write(line)
        return
    fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(fd, line.encode("ascii"))
    finally:
        os.close(fd)


def plain(value):
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (bool, int, float, str)) or value is None:
        return value
    try:
        return float(value)
    except (TypeError, ValueError):
        return str(value)


class Wandb:
    """Keeps wandb.sweep and wandb.agent from beginning anything, and remembers what they were given."""

    def __init__(self):
        self.config, self.count, self.kept = None, None, {}

    def wait(self):
        if self.kept:
            return
        try:
            import wandb
        except ImportError:
            return  # the program says so, where it needs it
        for name, mine in (("sweep", self.sweep), ("agent", self.agent), ("login", lambda *args, **kwargs: True)):
            self.kept[name] = getattr(wandb, name, None)
            setattr(wandb, name, mine)

    def sweep(self, sweep=None, *args, **kwargs):
        if self.config is None and isinstance(sweep, dict):
            self.config = sweep
        return os.environ.get("KAON_SWEEP", "kaon")

    def agent(self, sweep_id=None, function=None, entity=None, project=None, count=None, *args, **kwargs):
        if self.count is None:
            self.count = count

    def end(self):
        if self.kept:
            import wandb
            for name, original in self.kept.items():
                setattr(wandb, name, original)


def call(text, metric, words):
    where, name = target(text)
    wandb = Wandb()
    module = load(where, wandb=wandb)
    wandb.end()
    found = function(module, where, name)
    args, kwargs = arguments(found, given(words), name)
    result = found(*args, **kwargs)
    if inspect.isawaitable(result):
        async def wait():
            return await result
        result = asyncio.run(wait())
    report(result, os.environ.get("KAON_OBJECTIVE") or metric)  # which may have been given another name since the command was written


def main(words):
    metric, describe = "result", False
    try:
        while words and words[0].startswith("--"):
            if words[0] == "--describe":
                describe, words = True, words[1:]
            elif words[0] == "--metric" and len(words) > 1:
                metric, words = words[1], words[2:]
            else:
                raise Refused("there is no option %s: python3 -m kaon_call [--metric NAME] FILE:FUNCTION [NAME=VALUE …]" % words[0])
        if not words:
            raise Refused("python3 -m kaon_call [--metric NAME] FILE:FUNCTION [NAME=VALUE …]")
        if describe:
            import kaon_describe
            kaon_describe.main(words[0])
        else:
            call(words[0], metric, words[1:])
    except Refused as error:
        sys.stderr.write("kaon: %s\n" % error)
        return USAGE
    return 0


if __name__ == "__main__":
    sys.modules["kaon_call"] = sys.modules["__main__"]
    sys.exit(main(sys.argv[1:]))
