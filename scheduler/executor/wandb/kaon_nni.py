"""Lets a trial program of NNI run as a trial of kaon as it is (docs/trial.md).

It is run right before the first import of nni, unless NNI itself, or who runs its experiment, started the program. The functions of
nni.trial, whose names all releases share, then give the trial's parameters and write what is reported to $KAON_METRICS at once.
"""

import os

NAME = OBJECTIVE or "default"  # NNI has one metric that counts, and calls it so


class Reports(object):
    """What was reported."""

    def __init__(self):
        self.count = 0

    def intermediate(self, metric):
        self.write(metric, self.count)
        self.count += 1

    def final(self, metric):
        self.write(metric, self.count - 1 if self.count else None)

    def write(self, metric, step):
        safely(self.row, metric, step)

    def row(self, metric, step):
        given = metric if isinstance(metric, dict) else {"default": metric}
        row = {} if step is None else {"step": step}
        for key, value in given.items():
            value = number(value)
            if value is not None and key != "step":
                row[NAME if key == "default" else str(key)] = value
        append(row)


def patch(module):
    reports = Reports()

    def every(*args, **kwargs):
        return parameters()

    def parameter(tag=None):
        given = parameters()
        return given if tag is None else given.get(tag)

    def functions():
        trial = "%s-%s" % (os.environ.get("KAON_SWEEP", ""), os.environ.get("KAON_TRIAL", ""))
        return {
            "get_next_parameter": every, "get_next_parameters": every, "get_parameters": every,
            "get_current_parameter": parameter,
            "report_intermediate_result": reports.intermediate, "report_final_result": reports.final,
            "get_experiment_id": lambda: os.environ.get("KAON_SWEEP", ""), "get_trial_id": lambda: trial,
            "get_sequence_id": lambda: int(os.environ.get("KAON_TRIAL", "0")),
        }

    for name, function in functions().items():
        if hasattr(module, name):
            setattr(module, name, function)
    if not hasattr(module, "report_final_result"):
        complain("this release of nni has no report_final_result")


if not os.environ.get("NNI_PLATFORM"):
    patch_when_loaded({"nni.trial": patch})
