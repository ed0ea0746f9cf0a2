"""Lets a program that searches with Ray Tune run as a trial of kaon as it is (docs/trial.md).

It is run right before the first import of ray. A tuner whose space has a parameter of the sweep's is the trial's: its trainable is called
once, in this process and without a cluster of Ray's, with the sweep's values; what it reports is written to $KAON_METRICS at once.
Any other tuner is one that the program has for purposes of its own, and is left alone.

Of ray it needs Tuner, tune.run, and the session that all functions of the kind of report() ask, ray.train._internal.session, which 2.9.3
and 2.60.0 share.
"""

import inspect
import json
import os
import pickle
import re
import shutil

CHECKPOINT = "checkpoint"  # with .N, below $KAON_ARTIFACTS: the folder of the newest one, which was made after N reports
GENERATION = re.compile(r"checkpoint\.(\d+)_*\Z")  # one more _ for each former of this name
NOTE = "checkpoint.json"  # beside it: which folder it is, and N
STATE = "kaon_state.pkl"  # in it: of a class that returns its state instead of writing it


def is_domain(value):
    if isinstance(value, dict):
        return len(value) == 1 and "grid_search" in value
    return any(c.__name__ == "Domain" for c in type(value).__mro__)


def domains(space, prefix=""):
    """The names of what a space leaves to the search."""
    if is_domain(space):
        return [prefix[:-1]]
    items = space.items() if isinstance(space, dict) else enumerate(space) if isinstance(space, (list, tuple)) else ()
    return [name for key, value in items for name in domains(value, "%s%s." % (prefix, key))]


def is_ours(space):
    """Whether a space is the sweep's. One that has parameters of the sweep's and others has an error."""
    wanted, given = domains(space or {}), flat(parameters())
    if not any(name in given for name in wanted):
        return False
    for name in wanted:
        if name not in given:
            raise ValueError(
                "the program's space has `%s`, which is no parameter of kaon's sweep: add it there, with one `value` if it is to be the"
                " same in all trials" % name
            )
    return True


def merged(space, given):
    """The space's constants with the sweep's values."""
    config = {key: value for key, value in space.items() if not is_domain(value)}
    for key, value in given.items():
        if isinstance(value, dict) and isinstance(config.get(key), dict):
            value = merged(config[key], value)
        config[key] = value
    return config


class Stop(BaseException):
    """Ends a trainable where it reports, as Ray Tune does."""


class Session(object):
    """What ray.tune.report and its like talk to while a trainable runs."""

    world_rank = local_rank = node_rank = world_size = local_world_size = None  # of Ray Train
    storage = dataset_shard = metadata = None

    def __init__(self, config, stop, scheduler):
        self.config = config
        self.criterion = stop
        self.scheduler = scheduler
        self.iteration = 0
        self.metrics = {}
        self.rows = []
        self.loaded_checkpoint = None
        self.checkpoint = None
        self.experiment_name = os.environ.get("KAON_SWEEP", "")
        self.trial_id = self.trial_name = self.run_id = "%s-%s" % (self.experiment_name, os.environ.get("KAON_TRIAL", ""))
        self.trial_dir = os.environ.get("KAON_ARTIFACTS", ".")
        self.trial_resources = None
        if os.environ.get("KAON_RESUME_FROM"):
            self.resume(os.environ["KAON_RESUME_FROM"])

    def resume(self, folder):
        """Goes on where an earlier attempt of the trial has left a checkpoint."""
        left = self.left(folder)
        if left is not None:
            self.iteration = left[0]
            self.loaded_checkpoint = self.checkpoint = self.as_checkpoint(os.path.join(folder, left[1]))

    @staticmethod
    def left(folder):
        """After how many reports the checkpoint that counts was made, and the name of its folder; None: there is none."""
        try:
            with open(os.path.join(folder, NOTE)) as f:
                note = json.load(f)
            return int(note["training_iteration"]), os.path.basename(note.get("folder", CHECKPOINT))  # none: of former versions
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            pass
        try:
            found = [GENERATION.match(name) for name in os.listdir(folder)]
        except OSError:
            return None
        # A trial that was killed before it named its first one. What is called so is whole.
        return max([(int(m.group(1)), m.group(0)) for m in found if m] or [None])

    @staticmethod
    def as_checkpoint(folder):
        try:
            from ray.tune import Checkpoint
        except ImportError:
            from ray.train import Checkpoint
        return Checkpoint.from_directory(folder)

    def report(self, metrics, checkpoint=None, **kwargs):
        self.iteration += 1
        if checkpoint is not None:
            self.keep(checkpoint.to_directory)
        self.metrics = dict(metrics, training_iteration=self.iteration, trial_id=self.trial_id, config=self.config)
        self.rows.append(dict(numbers(metrics), training_iteration=self.iteration))
        safely(lambda: write(numbers(metrics), self.iteration))
        if self.over():
            raise Stop()

    def keep(self, save):
        """Has the newest checkpoint, and no half of one, be what the trial leaves, whenever it is killed."""
        fresh = os.path.join(self.beside(), ".checkpoint.%d.part" % os.getpid())
        shutil.rmtree(fresh, ignore_errors=True)
        os.makedirs(fresh)
        save(fresh)
        former, name = self.left(self.trial_dir), "%s.%d" % (CHECKPOINT, self.iteration)
        while os.path.lexists(os.path.join(self.trial_dir, name)):
            name += "_"
        with open(fresh + ".json", "w") as f:
            json.dump({"training_iteration": self.iteration, "folder": name}, f)
        target = os.path.join(self.trial_dir, name)
        os.rename(fresh, target)
        os.rename(fresh + ".json", os.path.join(self.trial_dir, NOTE))  # from here on it counts
        if former is not None:
            shutil.rmtree(os.path.join(self.trial_dir, former[1]), ignore_errors=True)
        self.checkpoint = self.as_checkpoint(target)

    def beside(self):
        """Where a checkpoint is made. Half of one among the artifacts would be what the attempt left, and hide what an earlier one did:
        it is beside them, where that is one file system."""
        folder = os.path.abspath(self.trial_dir)
        parent = os.path.dirname(folder)
        same = os.stat(parent).st_dev == os.stat(folder).st_dev and not os.path.ismount(folder)
        return parent if same and os.access(parent, os.W_OK) else folder

    def over(self):
        """Whether the program's own criterion, a scheduler's longest time, or kaon ends the trainable."""
        longest = getattr(self.scheduler, "_max_t", None) or getattr(self.scheduler, "_max_t_attr", None)
        attribute = getattr(self.scheduler, "_time_attr", None) or "training_iteration"
        if longest and self.metrics.get(attribute, 0) >= longest:
            return True
        stop = self.criterion
        if isinstance(stop, dict):
            if any(name in self.metrics and self.metrics[name] >= bound for name, bound in stop.items()):
                return True
        elif callable(stop) and stop(self.trial_id, self.metrics):
            return True
        return asked_to_stop()


def run(trainable, space, stop=None, scheduler=None, checkpoints=None):
    """Runs a trainable with the sweep's values, and returns its session."""
    from ray.train._internal import session as sessions

    if isinstance(trainable, str):
        from ray.tune.registry import get_trainable_cls

        trainable = get_trainable_cls(trainable)
    if not callable(trainable):
        raise ValueError("kaon runs trainables that are functions or classes of Ray Tune, not a %s" % type(trainable).__name__)
    config = merged(space, parameters())
    session = Session(config, stop, scheduler)
    before, sessions._session = sessions._session, session
    try:
        if inspect.isclass(trainable):
            by_steps(trainable, session, checkpoints)
        else:
            by_function(trainable, session)
    except Stop:
        pass
    finally:
        sessions._session = before
    return session


def by_function(function, session):
    result = function(session.config)
    if inspect.isgenerator(result):
        for one in result:
            reported(session, one)
    elif result is not None:
        reported(session, result)


def reported(session, result):
    """What a function returned or yielded: metrics, or the one that counts."""
    if isinstance(result, dict):
        session.report(result)
    elif number(result) is not None:
        session.report({OBJECTIVE or "value": result})


def quiet(folder):
    """Keeps a class from writing results of its own into the home folder, in the releases that did."""
    try:
        from ray.tune.logger import NoopLogger
    except ImportError:
        return {}
    return {"logger_creator": lambda config: NoopLogger(config, folder)}


def by_steps(kind, session, checkpoints):
    trainable = kind(config=session.config, **quiet(session.trial_dir))
    latest = []
    step = trainable.step

    def one():
        latest[:] = [step()]
        return latest[0]

    trainable.step = one
    frequency, at_end = getattr(checkpoints, "checkpoint_frequency", 0), getattr(checkpoints, "checkpoint_at_end", False)

    def save(folder):
        state = trainable.save_checkpoint(folder)
        if isinstance(state, dict):
            with open(os.path.join(folder, STATE), "wb") as f:
                pickle.dump(state, f)

    if session.loaded_checkpoint is not None:
        folder = session.loaded_checkpoint.path
        if os.path.exists(os.path.join(folder, STATE)):
            with open(os.path.join(folder, STATE), "rb") as f:
                folder = pickle.load(f)
        trainable._iteration = session.iteration
        trainable.load_checkpoint(folder)
    try:
        while True:
            trainable.train()
            try:
                session.report(latest[0])
                over = bool(latest[0].get("done"))
            except Stop:
                over = True
            if over and at_end or frequency and session.iteration % frequency == 0:
                session.keep(save)
            if over:
                return
    finally:
        trainable.stop()


class Result(object):
    """The one result of the trial, with the names that Ray's have."""

    error = None

    def __init__(self, session):
        self.metrics = self.last_result = session.metrics
        self.config = session.config
        self.checkpoint = session.checkpoint
        self.best_checkpoints = [(session.checkpoint, session.metrics)] if session.checkpoint is not None else []
        self.path = self.local_path = session.trial_dir
        self.trial_id = session.trial_id
        self.rows = session.rows

    @property
    def metrics_dataframe(self):
        import pandas

        return pandas.DataFrame(self.rows)


class Results(object):
    """What Tuner.fit and tune.run return: of the trial alone."""

    errors = ()
    num_errors = 0
    num_terminated = 1

    def __init__(self, result):
        self.result = self.best_trial = result
        self.trials = [result]
        self.experiment_path = self.best_logdir = self.best_dataframe_path = result.path
        self.best_result, self.best_config, self.best_checkpoint = result.metrics, result.config, result.checkpoint
        self.results = {result.trial_id: result.metrics}

    def __len__(self):
        return 1

    def __getitem__(self, at):
        return [self.result][at]

    def get_best_result(self, *args, **kwargs):
        return self.result

    get_best_trial = get_best_result

    def get_best_config(self, *args, **kwargs):
        return self.result.config

    def get_best_checkpoint(self, *args, **kwargs):
        return self.result.checkpoint

    def get_dataframe(self, *args, **kwargs):
        import pandas

        row = dict(self.result.rows[-1] if self.result.rows else {}, trial_id=self.result.trial_id)
        row.update(("config/" + name.replace(".", "/"), v) for name, v in flat(self.result.config).items() if not isinstance(v, dict))
        return pandas.DataFrame([row])

    dataframe = get_dataframe
    results_df = property(get_dataframe)


def patch_tuner(module):
    def init(original, tuner, trainable=None, *args, **kwargs):
        if not is_ours(kwargs.get("param_space")):
            return original(tuner, trainable, *args, **kwargs)
        tuner._of_kaon = dict(kwargs, trainable=trainable)

    def fit(original, tuner):
        given = getattr(tuner, "_of_kaon", None)
        if given is None:
            return original(tuner)
        config = given.get("run_config")
        session = run(
            given["trainable"], given["param_space"], getattr(config, "stop", None), getattr(given.get("tune_config"), "scheduler", None),
            getattr(config, "checkpoint_config", None),
        )
        return Results(Result(session))

    wrap(module.Tuner, "__init__", init)
    wrap(module.Tuner, "fit", fit)


def patch_run(module):
    def tune_run(original, trainable, *args, **kwargs):
        if args or not is_ours(kwargs.get("config")):
            return original(trainable, *args, **kwargs)
        settings = [kwargs.get(name) for name in ("stop", "scheduler", "checkpoint_config")]
        return Results(Result(run(trainable, kwargs["config"], *settings)))

    wrap(module, "run", tune_run)


patch_when_loaded({"ray.tune.tuner": patch_tuner, "ray.tune.tune": patch_run})
