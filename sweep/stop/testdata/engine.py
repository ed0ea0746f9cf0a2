"""What W&B's own engine stops: reads {"config", "reports": [[run, value], …]} a line, prints the runs it stops after each report.

A run that was stopped is finished, as in W&B, and its later reports are left out.
"""
import json
import sys
import warnings

warnings.simplefilter("ignore")
from sweeps.hyperband_stopping import hyperband_stop_runs
from sweeps.run import RunState, SweepRun

for line in sys.stdin:
    scene = json.loads(line)
    name = scene["config"]["metric"]["name"]
    runs, out = {}, []
    for number, value in scene["reports"]:
        run = runs.setdefault(number, SweepRun(name=str(number), state=RunState.running, history=[]))
        if run.state != RunState.running:
            out.append([])
            continue
        run.history.append({name: float(value)})
        stopped = hyperband_stop_runs(list(runs.values()), scene["config"])
        for r in stopped:
            r.state = RunState.finished
        out.append(sorted(int(r.name) for r in stopped))
    print(json.dumps(out))
