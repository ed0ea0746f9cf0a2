"""Lets a program that optimizes with Optuna run as a trial of kaon as it is (docs/trial.md).

It is run right before the first import of optuna. A study whose objective first suggests a parameter of the sweep is the trial's: the
objective is called once, with the sweep's values, and what it reports and returns is written to $KAON_METRICS at once. Any other
study is one that the program has for purposes of its own, and is left alone.

Of optuna it needs Study.optimize and Study.stop, and of Trial _suggest, report, should_prune, set_user_attr and number, which 2.10.1,
3.1.0 and 5.0.0 share.
"""

import os
import threading

NAME = OBJECTIVE or "value"  # Optuna calls it so where it has to have a name
LOCK = threading.RLock()
SEARCHES = {}  # by id of the study


class Search(object):
    """The optimization of one study."""

    def __init__(self, study, optuna):
        self.study = study  # kept, or its id could be another's
        self.optuna = optuna
        self.given = flat(parameters())
        self.trial = None  # of Optuna: the one that is the trial here; None: not known yet, or none
        self.foreign = None  # the first parameter that was suggested, and is none of the sweep's
        self.warned = False
        self.step = None  # of the last report

    def suggest(self, trial, name, distribution):
        """Has the value of a parameter be the sweep's, if the study is the trial's."""
        with LOCK:
            if self.foreign is not None:
                self.warn(name)
                return
            if self.trial is None:
                if name not in self.given:
                    self.foreign = name
                    return
                self.trial = trial
        if self.trial is not trial:  # one that another thread had begun
            raise self.optuna.TrialPruned("kaon has one trial for each process")
        if name not in self.given:
            raise ValueError(
                "the program suggests `%s`, which is no parameter of kaon's sweep: add it there, with one `value` if it is to be the same"
                " in all trials" % name
            )
        fixed = {name: chosen(self.given[name], distribution)}
        if hasattr(trial, "_fixed_params"):
            trial._fixed_params = dict(trial._fixed_params, **fixed)
        else:
            trial.storage.set_trial_system_attr(trial._trial_id, "fixed_params", fixed)

    def warn(self, name):
        if name in self.given and not self.warned:
            self.warned = True
            complain("the study is the program's own, since it suggests `%s` first, which is no parameter of the sweep" % self.foreign)

    def report(self, value, step):
        self.step = int(step)
        self.write({NAME: value})

    def attribute(self, key, value):
        if key != NAME and number(value) is not None:
            self.write({str(key): value})

    def final(self, returned):
        values = list(returned) if isinstance(returned, (list, tuple)) else [returned]
        names = getattr(self.study, "metric_names", None) if len(values) > 1 else None
        names = names or [NAME] + ["values_%d" % i for i in range(1, len(values))]
        self.write(dict(zip(names, [as_float(v) for v in values])))

    def write(self, row):
        row = {name: number(value) for name, value in row.items()}
        write({name: value for name, value in row.items() if value is not None}, self.step)


def as_float(value):
    """What an objective returned, as Optuna takes it: whatever is a number to Python."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def chosen(value, distribution):
    """A value of the sweep as the distribution has it: JSON has lists only, and knows no tuples; 2 may be a float."""
    if type(value) is int and isinstance(getattr(distribution, "low", None), float):
        return float(value)
    for choice in getattr(distribution, "choices", ()):
        if isinstance(choice, tuple) and isinstance(value, list) and list(choice) == value:
            return choice
    return value


def search_of(trial):
    """The search that a trial of Optuna is the trial of; None: it is none's."""
    search = SEARCHES.get(id(getattr(trial, "study", None)))
    return search if search is not None and search.trial is trial else None


def patch_study(module):
    import optuna

    def optimize(original, study, func, *args, **kwargs):
        known = SEARCHES.get(id(study))
        if known is not None and known.trial is not None:
            return None  # a second round of the study whose trial has been
        search = SEARCHES[id(study)] = Search(study, optuna)

        def objective(trial):
            try:
                returned = func(trial)
            finally:
                if search.trial is not None:
                    study.stop()
            if search.trial is trial:
                safely(search.final, returned)
            return returned

        try:
            return original(study, objective, *args, **kwargs)
        finally:
            if search.trial is None:
                SEARCHES.pop(id(study), None)

    wrap(module.Study, "optimize", optimize)


def patch_trial(module):
    def suggest(original, trial, name, distribution):
        search = SEARCHES.get(id(trial.study))
        if search is not None:
            search.suggest(trial, name, distribution)
        return original(trial, name, distribution)

    def report(original, trial, value, step):
        search = search_of(trial)
        if search is not None:
            safely(search.report, as_float(value), step)
        return original(trial, value, step)

    def should_prune(original, trial, *args, **kwargs):
        if search_of(trial) is not None:
            return asked_to_stop()
        return original(trial, *args, **kwargs)

    def set_user_attr(original, trial, key, value):
        search = search_of(trial)
        if search is not None:
            safely(search.attribute, key, value)
        return original(trial, key, value)

    wrap(module.Trial, "_suggest", suggest)
    wrap(module.Trial, "report", report)
    wrap(module.Trial, "should_prune", should_prune)
    wrap(module.Trial, "set_user_attr", set_user_attr)
    number_of = module.Trial.number

    def trial_number(trial):
        if search_of(trial) is not None:
            return int(os.environ.get("KAON_TRIAL", "0"))  # files are named by it
        return number_of.fget(trial)

    module.Trial.number = property(trial_number, doc=number_of.__doc__)


patch_when_loaded({"optuna.study": patch_study, "optuna.trial": patch_trial})
