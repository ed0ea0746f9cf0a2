"""Waits for a program to import wandb, whose metrics are then kaon's too (docs/wandb.md).

Python loads this when it starts, because its folder is the first of PYTHONPATH. It must cost a program without wandb
nothing, so all it does is to look at the names of what is imported; the rest is in kaon_wandb.py.
"""

import sys


class _KaonFinder(object):
    """Finds no module, but hears of the first import of wandb."""

    def __init__(self, folder):
        self.folder = folder

    def find_spec(self, name, path=None, target=None):
        if name != "wandb":
            return None
        if self in sys.meta_path:
            sys.meta_path.remove(self)
        try:
            with open(self.folder + "/kaon_wandb.py") as source:
                code = compile(source.read(), "kaon_wandb.py", "exec")
            exec(code, {"__name__": "kaon_wandb"})
        except Exception as error:
            sys.stderr.write("kaon: metrics logged to wandb are not read: %s\n" % error)
        return None


def _kaon_install():
    """Listens, and lets the sitecustomize have its turn that Python would have loaded without this one."""
    ours = sys.modules["sitecustomize"]
    folder = __file__.rpartition("/")[0]
    sys.path[:] = [entry for entry in sys.path if entry != folder]
    if sys.version_info >= (3, 6):
        sys.meta_path.insert(0, _KaonFinder(folder))
    del sys.modules["sitecustomize"]
    try:
        import sitecustomize  # noqa: F401
    except ImportError as error:
        if getattr(error, "name", "sitecustomize") != "sitecustomize":
            raise
        sys.modules["sitecustomize"] = ours


if __name__ == "sitecustomize":
    _kaon_install()
