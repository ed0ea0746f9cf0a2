"""Lets a program that logs to W&B run as a trial of kaon as it is (docs/wandb.md).

It is run right before the first import of wandb. It gives the trial's parameters to wandb.config the way W&B's own agent
does, by a file that WANDB_SWEEP_PARAM_PATH names, and writes what is logged to $KAON_METRICS at once. What it has in common with other
hooks is in kaon_hook.py.

Of wandb it needs the names in PATCHES and patch_*, which 0.17.0, 0.18.7 and 0.31.0 share. Where one is missing, standard error says
so and the program goes on.
"""

import atexit
import inspect
import json
import math
import os
import re
import shutil
import threading


def restore():
    """Sets W&B's variables again where a process has started another without them, or the program has removed them."""
    if not os.environ.get("WANDB_MODE"):
        for name, value in json.loads(os.environ.get("KAON_WANDB") or "{}").items():
            os.environ.setdefault(name, value)
            if name == "WANDB_MODE":
                os.environ[name] = value  # it may be set to nothing


safely(restore)
OFFLINE = os.environ.get("WANDB_MODE") in ("offline", "dryrun")  # else the user wants W&B's own servers
ARTIFACTS = os.environ.get("KAON_ARTIFACTS", "")
# Of a trial, with what it writes to ARTIFACTS itself: half of the 1,000 files and of the bytes that kaon takes of an attempt, which
# fails where it leaves more. KAON_WANDB_KEEPS has those bytes, and is missing where kaon takes nothing below ARTIFACTS/wandb.
KEPT_FILES = 500
KEPT_BYTES = min(1 << 30, int(os.environ.get("KAON_WANDB_KEEPS") or 0) // 2)
SAVED = {}  # names of what run.save was told of, and where it is
TOLD = []


def quoted(text):
    """text in YAML and in ASCII, since wandb reads the file in whatever encoding the locale has."""
    out = []
    for c in text:
        if " " <= c <= "~" and c not in '"\\':
            out.append(c)
        else:
            out.append("\\u%04x" % ord(c) if ord(c) < 0x10000 else "\\U%08x" % ord(c))
    return '"' + "".join(out) + '"'


def yaml(value):
    """value in YAML, to which 1e-05 is a text and 1.0e-05 a number."""
    if isinstance(value, dict):
        return "{" + ", ".join(quoted(k) + ": " + yaml(v) for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(yaml(v) for v in value) + "]"
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, float):
        if value != value or value in (math.inf, -math.inf):
            return ".nan" if value != value else ".inf" if value > 0 else "-.inf"
        text = repr(value)
        return text if "e" not in text or "." in text else text.replace("e", ".0e")
    return json.dumps(value)


def give_parameters():
    """Writes the trial's parameters for wandb.config, unless the user has other ones."""
    try:
        params = parameters()
    except RuntimeError as error:
        sys.stderr.write("kaon: wandb.config has nothing of the trial: %s\n" % error)
        return
    if not params or not METRICS or os.environ.get("WANDB_SWEEP_PARAM_PATH"):
        return
    path = os.path.join(os.path.dirname(METRICS), "wandb-config.yaml")
    mine = "%s.%d" % (path, os.getpid())
    with open(mine, "w") as f:
        f.write("wandb_version: 1\n")
        for name, value in params.items():
            f.write("%s: {value: %s}\n" % (quoted(name), yaml(value)))
    os.rename(mine, path)  # other processes of the trial may read it
    os.environ["WANDB_SWEEP_PARAM_PATH"] = path


class Definition(object):
    """What define_metric said of a name, or of all that begin with one."""

    def __init__(self, name, step_metric, summary, goal):
        self.prefix, self.name = (name[:-1], None) if name.endswith("*") else (None, name)
        self.step_metric = getattr(step_metric, "name", step_metric)
        self.summary = [s.strip().lower() for s in summary.split(",")] if isinstance(summary, str) else []
        self.goal = goal

    def means(self, name):
        return name == self.name or self.prefix is not None and name.startswith(self.prefix)


class Rows(object):
    """The rows of one run, numbered and put together as W&B does."""

    def __init__(self):
        self.pid = os.getpid()
        self.step = 0  # of the next row, or of the one that is being put together
        self.written = 0  # step of the last row
        self.held = {}  # logged with commit=False, and maybe changed before it counts
        self.definitions = []
        self.last = {}
        self.extremes = {}

    def log(self, data, step, commit):
        if step is not None:
            step = int(step)
            if step < self.step:
                return  # W&B drops it
            if step > self.step:
                self.flush()
                self.step = step
        self.held.update(numbers(data))
        if commit if commit is not None else step is None:
            self.flush()
            self.step += 1
        elif commit is None:
            self.flush()  # more may come with this step, but nobody knows when

    def flush(self):
        row, self.held = self.held, {}
        if self.pid == os.getpid() and row:
            self.report(row)

    def report(self, row):
        """Writes a row, each metric at the step of the metric that define_metric made its step."""
        self.last.update(row)
        self.written = self.step
        by_step = {}
        for name, value in row.items():
            defined = self.definition(name)
            at = defined.step_metric if defined else None
            group = by_step.setdefault(at if at != name and self.whole(at) else None, {})
            group[name] = value
            if defined:
                group.update(self.summaries(name, value, defined))
        rest = by_step.pop(None, {})
        for at, group in by_step.items():
            if at in rest:
                group[at] = rest.pop(at)
            write(group, int(self.last[at]))
        write(rest, self.step)

    def definition(self, name):
        exact = [d for d in self.definitions if d.name == name]
        return (exact or [d for d in self.definitions if d.means(name)] or [None])[-1]

    def whole(self, name):
        value = self.last.get(name)
        return value is not None and value == value and abs(value) < 2**53 and int(value) == value

    def summaries(self, name, value, defined):
        """The smallest, largest and best value so far, when it is this one: as W&B has them in the run's summary."""
        out = {}
        if value != value:
            return out
        for how in defined.summary:
            less = how == "min" or how == "best" and str(defined.goal or "min")[:3] == "min"
            if how not in ("min", "max", "best"):
                continue
            key = name + "." + how
            if key not in self.extremes or (value < self.extremes[key] if less else value > self.extremes[key]):
                self.extremes[key] = out[key] = value
        return out

    def summary(self, record):
        row = {}
        for item in record.update:
            numbers({".".join(item.key): item.value}, out=row)
        row = {name: v for name, v in row.items() if repr(self.last.get(name)) != repr(v)}
        self.last.update(row)
        write(row, self.written)


ROWS = {}


def rows(run):
    known = ROWS.get(id(run))
    if known is None or known.pid != os.getpid():
        known = ROWS[id(run)] = Rows()
    return known


def keep(folder, files, instead=False):
    """Copies files to a folder among the trial's artifacts; instead: of those that are in it."""
    if not ARTIFACTS or not KEPT_BYTES:
        return
    target = os.path.join(ARTIFACTS, "wandb", folder)
    sizes = {}
    for at, _, names in os.walk(ARTIFACTS):
        sizes.update((path, os.path.getsize(path)) for path in (os.path.join(at, n) for n in names) if os.path.isfile(path))
    before = {path for path in sizes if instead and path.startswith(target + os.sep)}
    for name, source in sorted(files.items()):
        path = os.path.normpath(os.path.join(target, name))
        if not path.startswith(target + os.sep) or not os.path.isfile(source):
            continue
        inside = os.path.relpath(path, ARTIFACTS)
        if not inside.isprintable() or "\\" in inside or len(inside.encode()) > 512:
            sys.stderr.write("kaon: %a, which was given to wandb, is not kept among the trial's artifacts, for they have names of "
                             "at most 512 bytes that can be printed\n" % name)
            continue
        before.discard(path)
        size = os.path.getsize(source)
        others = {p: n for p, n in sizes.items() if p != path and p not in before}
        if len(others) >= KEPT_FILES or sum(others.values()) + size > KEPT_BYTES:
            if not TOLD:
                TOLD.append(name)
                sys.stderr.write("kaon: %s, which was given to wandb, is not kept among the trial's artifacts, nor are others: that is for %d files and "
                                 "%d MiB of a trial, with all that it writes to $KAON_ARTIFACTS: set artifacts.size to twice of what is to be kept, up to 2 GiB, or "
                                 "write it to $KAON_ARTIFACTS\n" % (name, KEPT_FILES, KEPT_BYTES >> 20))
            continue
        if not os.path.isdir(os.path.dirname(path)):
            os.makedirs(os.path.dirname(path))
        # Beside the artifacts, on the same file system: what is left of it when the program is killed is none of them.
        part = os.path.join(os.path.dirname(os.path.abspath(ARTIFACTS)), "wandb.%d.%d.part" % (os.getpid(), threading.get_ident()))
        try:
            shutil.copyfile(source, part)
            os.replace(part, path)
        finally:
            if os.path.exists(part):
                os.remove(part)
        sizes[path] = size
    for path in before:
        os.remove(path)


def plain_name(name):
    """A name as folders may have it."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", str(name)).lstrip(".")[:100] or "unnamed"


def reserved(artifact):
    """Whether wandb made it by itself, as of a table that was logged: it has types and names that it refuses to programs."""
    prefix = {"job": "", "run_table": "run-", "code": "source-"}.get(artifact.type)
    return artifact.type.startswith("wandb-") or prefix is not None and artifact.name.startswith(prefix)


def keep_artifact(artifact):
    if reserved(artifact):
        return
    entries = artifact.manifest.entries
    files = {name: entry.local_path for name, entry in entries.items() if getattr(entry, "local_path", None)}
    keep("artifacts/" + plain_name(artifact.name.partition(":")[0]), files, instead=True)


def keep_model(path, name):
    path = os.path.abspath(str(path))
    if os.path.isdir(path):
        files = {os.path.relpath(os.path.join(at, n), path): os.path.join(at, n) for at, _, names in os.walk(path) for n in names}
    else:
        files = {os.path.basename(path): path}
    keep("artifacts/" + plain_name(name or os.path.basename(path)), files, instead=True)


def patch_files(module):
    """What is given to W&B to be kept, kaon keeps: there is nobody else who would."""

    def save(original, run, *args, **kwargs):
        result = original(run, *args, **kwargs)

        def note():
            if isinstance(result, list):
                files = {os.path.relpath(path, run.dir): path for path in result}
                SAVED.update(files)
                keep("files", files)

        safely(note)
        return result

    def log_artifact(original, run, *args, **kwargs):
        result = original(run, *args, **kwargs)
        if not getattr(run, "disabled", False):
            safely(keep_artifact, result)
        return result

    def log_model(original, run, *args, **kwargs):
        result = original(run, *args, **kwargs)

        def note():
            given = inspect.signature(original).bind(run, *args, **kwargs).arguments
            keep_model(given["path"], given.get("name"))

        if not getattr(run, "disabled", False):
            safely(note)
        return result

    def cleanup(original, run, *args, **kwargs):
        safely(keep, "files", SAVED)  # as it is now
        return original(run, *args, **kwargs)

    for around in (save, log_artifact, log_model):
        if hasattr(module.Run, around.__name__):
            wrap(module.Run, around.__name__, around)
    wrap(module.Run, "_atexit_cleanup", cleanup)


def flush_all():
    for known in list(ROWS.values()):
        try:
            known.flush()
        except Exception as error:
            complain(error)


def patch_run(module):
    # Kaon's first: what wandb does with a row may take its time.
    def history(original, run, data, step=None, commit=None):
        safely(lambda: rows(run).log(data, step, commit))
        return original(run, data, step, commit)

    def summary(original, run, record):
        safely(lambda: rows(run).summary(record))
        return original(run, record)

    def define(original, run, *args, **kwargs):
        result = original(run, *args, **kwargs)

        def note():
            given = inspect.signature(original).bind(run, *args, **kwargs).arguments
            rows(run).definitions.append(
                Definition(given["name"], given.get("step_metric"), given.get("summary"), given.get("goal"))
            )

        safely(note)
        return result

    def cleanup(original, run, *args, **kwargs):
        safely(lambda: ROWS.pop(id(run), Rows()).flush())
        return original(run, *args, **kwargs)

    wrap(module.Run, "_partial_history_callback", history)
    wrap(module.Run, "_summary_update_callback", summary)
    wrap(module.Run, "_define_metric", define)
    wrap(module.Run, "_atexit_cleanup", cleanup)
    atexit.register(flush_all)
    if OFFLINE:
        patch_files(module)


def patch_init(module):
    """A program that asks for W&B's servers by an argument runs offline too, unless the user said otherwise."""

    def take_offline(settings):
        try:
            settings.mode = "offline"
        except TypeError:  # before 0.19
            settings.update({"mode": "offline"})

    def init(original, *args, **kwargs):
        safely(restore)
        settings = kwargs.get("settings")
        for holder in (kwargs, settings if isinstance(settings, dict) else {}):
            if holder.get("mode") in ("online", "shared"):
                holder["mode"] = "offline"
        if getattr(settings, "mode", None) in ("online", "shared"):
            safely(take_offline, settings)
        return original(*args, **kwargs)

    wrap(module, "init", init)


def patch_login(module):
    wrap(module, "login", lambda original, *args, **kwargs: True)


def patch_sweep(module):
    sweep = os.environ.get("KAON_SWEEP", "kaon")
    wrap(module, "sweep", lambda original, *args, **kwargs: sweep)


def patch_value(module):
    """Some releases ask the server what it can do whenever a table is logged, offline too, and wait for it."""
    if hasattr(module, "_server_accepts_client_ids"):
        wrap(module, "_server_accepts_client_ids", lambda original: True)


def patch_agent(module):
    """An agent that calls a function for each run calls it once, for this trial."""

    def agent(original, sweep_id, function=None, *args, **kwargs):
        if function is None:
            return original(sweep_id, function, *args, **kwargs)
        function()

    wrap(module, "agent", agent)


PATCHES = {"wandb.sdk.wandb_run": patch_run}
if OFFLINE:
    PATCHES.update({
        "wandb.sdk.wandb_init": patch_init,
        "wandb.sdk.wandb_login": patch_login,
        "wandb.sdk.wandb_sweep": patch_sweep,
        "wandb.wandb_agent": patch_agent,
        "wandb.sdk.data_types.base_types.wb_value": patch_value,
    })


safely(give_parameters)
patch_when_loaded(PATCHES)
