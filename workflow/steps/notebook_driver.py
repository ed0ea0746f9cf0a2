"""Runs a notebook by papermill, and tells how many of its cells have run."""
import json
import os
import sys
import threading

settings = json.loads(sys.argv[1])
try:
    import papermill
    from papermill.exceptions import PapermillExecutionError
except ImportError:
    sys.exit("%s has no papermill: install papermill and ipykernel there, or name another Python by `interpreter`" % sys.executable)

params = open(sys.argv[2], encoding="utf-8").read() if len(sys.argv) > 2 else os.environ["KAON_PARAMS"]
given = {k: v for k, v in json.loads(params).items() if not k.startswith("kaon_")}
given.update(settings["parameters"] or {})
out = os.path.join(os.environ["KAON_ARTIFACTS"], settings["name"])
done = threading.Event()


def tell():
    """papermill writes the notebook behind each cell."""
    last = None
    while not done.wait(0.5):
        try:
            with open(out) as f:
                cells = [c for c in json.load(f)["cells"] if c["cell_type"] == "code"]
        except (OSError, ValueError, KeyError):
            continue
        ran = sum(c.get("metadata", {}).get("papermill", {}).get("status") == "completed" for c in cells)
        if cells and ran != last:
            last = ran
            with open(os.environ["KAON_METRICS"], "a") as f:
                f.write(json.dumps({"progress": round(100.0 * ran / len(cells), 1), "cells_done": ran, "cells": len(cells)}) + "\n")


threading.Thread(target=tell, daemon=True).start()
try:
    more = {"kernel_name": settings["kernel"]} if settings["kernel"] else {}
    if settings["timeout"]:
        more["execution_timeout"] = settings["timeout"]
    ended = papermill.execute_notebook(settings["file"], out, parameters=given, log_output=True, progress_bar=False, **more)
except PapermillExecutionError as e:
    sys.exit("cell %s: %s: %s" % (e.exec_count, e.ename, e.evalue))
except Exception as e:
    sys.exit("%s: %s" % (type(e).__name__, str(e).strip().replace("\n", " ")[:500]))
finally:
    done.set()

# What scrapbook's glue has left are outputs, beside those that the notebook wrote itself.
left = {}
for cell in ended.cells:
    for o in cell.get("outputs", []):
        for kind, scrap in o.get("data", {}).items():
            if kind.startswith("application/scrapbook.scrap.json"):
                left[scrap["name"]] = scrap["data"]
path = os.environ["KAON_OUTPUT"]
if left:
    if os.path.exists(path):
        with open(path) as f:
            left.update(json.load(f))
    with open(path, "w") as f:
        json.dump(left, f)
