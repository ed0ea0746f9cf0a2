"""Waits for a program to import wandb, nni, optuna or ray, whose metrics are then kaon's too (docs/wandb.md, docs/trial.md), or mlflow
(docs/mlflow.md), and has the package kaon found where none is installed (docs/python.md).

Python loads this when it starts, because its folder is the first of PYTHONPATH. It must cost a program without these packages
nothing, so all it does is to look at the names of what is imported; the rest is in kaon_hook.py, and in kaon_NAME.py for each package.
"""

import sys


class _KaonFinder(object):
    """Finds no module, but hears of the first import of each package."""

    def __init__(self, folder):
        self.folder = folder
        self.awaited = ["wandb", "nni", "optuna", "ray", "mlflow"]

    def find_spec(self, name, path=None, target=None):
        if name not in self.awaited:
            return None
        self.awaited.remove(name)
        if not self.awaited and self in sys.meta_path:
            sys.meta_path.remove(self)
        try:
            names = {"__name__": "kaon_" + name, "PACKAGE": name}
            for part in ("kaon_hook.py", "kaon_%s.py" % name):
                with open(self.folder + "/" + part) as source:
                    exec(compile(source.read(), part, "exec"), names)
        except Exception as error:
            sys.stderr.write("kaon: metrics logged to %s are not read: %s\n" % (name, error))
        return None


class _KaonPackage(object):
    """The last who is asked: finds kaon's own modules when nobody else has."""

    names = ("kaon", "kaon_call", "kaon_describe")

    def __init__(self, wheel):
        self.wheel = wheel

    def find_spec(self, name, path=None, target=None):
        if name not in self.names:
            return None
        from importlib.machinery import PathFinder

        return PathFinder.find_spec(name, [self.wheel])


def _kaon_install():
    """Listens, and lets the sitecustomize have its turn that Python would have loaded without this one."""
    ours = sys.modules["sitecustomize"]
    folder = __file__.rpartition("/")[0]
    sys.path[:] = [entry for entry in sys.path if entry != folder]
    if sys.version_info >= (3, 6):
        sys.meta_path.insert(0, _KaonFinder(folder))
        sys.meta_path.append(_KaonPackage(folder + "/kaon.whl"))
    del sys.modules["sitecustomize"]
    try:
        import sitecustomize  # noqa: F401
    except ImportError as error:
        if getattr(error, "name", "sitecustomize") != "sitecustomize":
            raise
        sys.modules["sitecustomize"] = ours


if __name__ == "sitecustomize":
    _kaon_install()
