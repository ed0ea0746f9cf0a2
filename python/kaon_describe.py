"""Writes the sweep file of a function: python3 -m kaon_call --describe train.py:main (docs/python.md).

Where the ranges come from, the first that there is: @kaon.sweep(…) on the function, a dictionary for wandb.sweep in its file, and the
function's arguments by their annotations and defaults.
"""

import contextlib
import dataclasses
import enum
import inspect
import json
import math
import os
import re
import sys
import typing

import kaon_call
from kaon_call import Refused

RATES = re.compile(r"(?i)(^|_)(lr|rate|decay|wd|eps|epsilon|alpha|lambda|reg|l1|l2)(_|$)")
SHARES = re.compile(r"(?i)(dropout|momentum|beta|gamma|prob|fraction|ratio|subsample)")
STEADY = re.compile(r"(?i)^(no_.*|.*(seed|epochs?|steps|workers|jobs|threads|dir|path|file|port|host|device|gpus?|verbose|debug|log|name|version|interval))$")
PLAIN = re.compile(r"^[A-Za-z_][\w./-]*$")
LEFT = ("program", "command", "project", "entity", "parameters")
WORDS = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}


def scalar(text):
    return text if PLAIN.match(text) and text.lower() not in WORDS else quoted(text)


def quoted(text):
    return json.dumps(text, ensure_ascii=False)


def number(x):
    """A float as YAML reads one: 1.0e-05, and 0.1."""
    text = repr(float("%.3g" % x))
    return text if "e" not in text or "." in text else text.replace("e", ".0e")


def flow(value):
    """JSON that is YAML: floats keep their point."""
    if isinstance(value, dict):
        return "{" + ", ".join(scalar(str(k)) + ": " + flow(v) for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(flow(v) for v in value) + "]"
    if isinstance(value, float):
        if not math.isfinite(value):
            return ".nan" if value != value else ".inf" if value > 0 else "-.inf"
        text = repr(value)
        return text if "e" not in text or "." in text else text.replace("e", ".0e")
    if value is None or isinstance(value, (bool, int)):
        return json.dumps(value)
    if isinstance(value, enum.Enum):
        return flow(value.name)
    if isinstance(value, str):
        return scalar(value)
    if hasattr(value, "item"):
        return flow(value.item())  # of NumPy
    raise Refused("%r of type %s cannot stand in a sweep file: use numbers, texts, lists and dictionaries" % (value, type(value).__name__))


def guess(name, default):
    """A range around a default, and why."""
    if isinstance(default, bool):
        return "{values: [true, false]}", "a switch"
    if not isinstance(default, (int, float)) or not math.isfinite(default) or default <= 0:
        return "", ""
    x, why = default, "the default %s" % default
    if SHARES.search(name) and x < 1:
        return "{min: 0.0, max: 0.99}", "a share; the default is %s" % default
    if isinstance(x, int) and not RATES.search(name):
        if x >= 16:
            return "{distribution: q_log_uniform_values, min: %d, max: %d, q: 1}" % (max(x // 4, 1), x * 4), "a quarter to four times " + why
        return "{min: %d, max: %d}" % (max(x // 2, 1), max(x * 2, 2)), "half to twice " + why
    if RATES.search(name) or x < 0.01:
        return "{distribution: log_uniform_values, min: %s, max: %s}" % (number(x / 10), number(x * 10)), "a tenth to ten times " + why
    return "{min: %s, max: %s}" % (number(x / 2), number(x * 2)), "half to twice " + why


def typed(name, annotation, default):
    """The values of an argument in a sweep file, and where they come from; empty: nothing can be said."""
    for more in getattr(annotation, "__metadata__", ()):
        spec = getattr(more, "__kaon_parameter__", None)
        if spec is not None:
            return flow(spec()), "of its annotation"
    kind = kaon_call.bare(annotation)
    if typing.get_origin(kind) is getattr(typing, "Literal", None) and kind is not None:
        return flow({"values": list(typing.get_args(kind))}), "the choices of its annotation"
    if inspect.isclass(kind) and issubclass(kind, enum.Enum):
        return flow({"values": list(kind.__members__)}), "the members of %s" % kind.__name__
    if dataclasses.is_dataclass(kind) and inspect.isclass(kind):
        known = kaon_call.hints(kind)
        inner = []
        for field in dataclasses.fields(kind):
            value = field.default if field.default is not dataclasses.MISSING else None
            text, _ = typed(field.name, known.get(field.name), value)
            if text and not STEADY.match(field.name):
                inner.append(scalar(field.name) + ": " + text)
        return ("{parameters: {" + ", ".join(inner) + "}}", "the fields of %s" % kind.__name__) if inner else ("", "")
    if kind is float and type(default) is int:
        default = float(default)
    if kind is bool and not isinstance(default, bool):
        return "{values: [true, false]}", "a switch"
    return guess(name, default)


def by_arguments(call, name):
    known = kaon_call.hints(call)
    found, rest = [], []
    for p in inspect.signature(call).parameters.values():
        if p.kind not in kaon_call.NAMED:
            continue
        default = None if p.default is p.empty else p.default
        if not isinstance(p.name, str) or not PLAIN.match(p.name):
            rest.append("  # %s: {values: []}  # a sweep file takes names of ASCII letters and digits" % p.name.encode("ascii", "backslashreplace").decode())
            continue
        text, why = typed(p.name, known.get(p.name), default)
        if text and (not STEADY.match(p.name) or why.startswith("of its") or why.startswith("the choices")):
            found.append("  %s: %s  # %s" % (scalar(p.name), text, why))
        elif p.default is p.empty:
            raise Refused("%s: nothing says which values %s may have: annotate it, as %s: Annotated[float, kaon.log(1e-4, 1)] or Literal[16, 32], "
                          "give it a default, or name a sweep file before --python" % (name, p.name, p.name))
        elif text:
            rest.append("  # %s: %s  # seldom searched" % (scalar(p.name), text))
        else:
            rest.append("  # %s: {values: []}  # stays at its default" % scalar(p.name))
    if not found:
        raise Refused("%s has no argument to search: annotate some, as lr: Annotated[float, kaon.log(1e-4, 1)] = 0.01, decorate it with "
                      "@kaon.sweep(lr=kaon.log(1e-4, 1)), or name a sweep file before --python" % name)
    return ["# A first draft, from what the function says of its arguments. Look at every range."], {"method": "random", "run_cap": 20}, found + rest


def by_dictionary(config, count):
    keys = {k: v for k, v in config.items() if k not in LEFT}
    keys.setdefault("method", "random")
    if count and "run_cap" not in keys:
        keys["run_cap"] = count
    parameters = config.get("parameters")
    if not isinstance(parameters, dict) or not parameters:
        raise Refused("the dictionary for wandb.sweep has no `parameters`")
    return [], keys, ["  %s: %s" % (scalar(str(k)), flow(v)) for k, v in parameters.items()]


def is_config(value):
    return isinstance(value, dict) and isinstance(value.get("parameters"), dict) and ("method" in value or "metric" in value)


def config_of(module, where, wandb):
    """The dictionary that wandb.sweep is given: when the file is imported, one of its variables, or when it is run."""
    if wandb.config is not None:
        return wandb.config
    found = [v for k, v in vars(module).items() if is_config(v) and not k.startswith("__")]
    if len(found) == 1:
        return found[0]
    if len(found) > 1:
        names = [k for k, v in vars(module).items() if is_config(v)]
        raise Refused("%s has several dictionaries for wandb.sweep (%s): name a sweep file before --python, or keep one" % (where, ", ".join(names)))
    if not where.endswith(".py") or not wandb.kept or not kaon_call.SWEEPS.search(kaon_call.source(where)):
        return None

    class Seen(BaseException):
        pass

    def agent(*args, **kwargs):
        Wandb_agent(*args, **kwargs)
        raise Seen

    import wandb as package
    Wandb_agent, package.agent = wandb.agent, agent
    argv, sys.argv = sys.argv, [where]
    try:
        kaon_call.load(where, "__main__")
    except (Seen, SystemExit):
        pass
    except Exception as error:
        if wandb.config is None:
            raise Refused("%s ended before it came to wandb.sweep: %s: %s" % (where, type(error).__name__, error)) from error
    finally:
        sys.argv, package.agent = argv, Wandb_agent
    return wandb.config


def describe(text):
    where, name = kaon_call.target(text)
    wandb = kaon_call.Wandb()
    module = kaon_call.load(where, wandb=wandb)
    call = kaon_call.function(module, where, name)
    own = getattr(call, "__kaon_spec__", None)
    metric = None
    if own is not None:
        spec = own()
        comments, keys, parameters = [], {k: v for k, v in spec.items() if k != "parameters"}, [
            "  %s: %s" % (scalar(k), flow(v)) for k, v in spec["parameters"].items()]
    else:
        config = config_of(module, where, wandb)
        comments, keys, parameters = by_dictionary(config, wandb.count) if config is not None else by_arguments(call, name)
    if isinstance(keys.get("metric"), dict):
        metric = keys["metric"].get("name")
    title = re.sub(r"[^\w.-]+", "-", os.path.basename(where)[:-3] if where.endswith(".py") else where).strip("-.") or "sweep"
    keys = dict({"name": title}, **keys)
    command = ["python3", "-m", "kaon_call"] + (["--metric", str(metric)] if metric else []) + [text]
    lines = comments + ["%s: %s" % (scalar(k), flow(v)) for k, v in keys.items()]
    lines += ["parameters:"] + parameters
    lines.append("command: [" + ", ".join(quoted(w.replace("${", "$${")) for w in command) + "]")
    return "\n".join(lines) + "\n"


def main(text):
    out = sys.stdout
    with contextlib.redirect_stdout(sys.stderr):  # what the program prints when it is imported is no part of the file
        described = describe(text)
    out.buffer.write(described.encode("utf-8", "backslashreplace"))
