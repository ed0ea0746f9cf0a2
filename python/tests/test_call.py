"""Functions that are called with a trial's parameters, and what is said of them."""

import json
import os
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

PROGRAM = '''
import dataclasses, enum
from typing import Optional
import kaon

class Kind(enum.Enum):
    SGD = 1
    ADAM = 2

@dataclasses.dataclass
class Optimizer:
    kind: Kind = Kind.SGD
    lr: float = 0.1

def main(lr: float, opt: Optional[Optimizer] = None, epochs: int = 3):
    print(type(lr).__name__, opt, epochs)
    return {"loss": lr * 2, "val": {"acc": True}}

def config(c):
    return c["lr"]

def nothing():
    kaon.report(seen=kaon.params().lr)

def others(lr, **more):
    return lr + more["x"]

async def later(lr):
    return lr

def switch(fast: bool, name: str = "a", rate: float = 0.01, width: int = 64): ...
def bare(lr): ...

@kaon.sweep(lr=kaon.log(1e-4, 1), layers=range(1, 4), metric="max acc", trials=9)
def swept(lr: float, layers: int, kaon_path: str = "x"):
    return lr

if __name__ == "__main__":
    raise SystemExit("this is not to run")
'''

WANDB = '''
def sweep(config, project=None):
    raise SystemExit("a sweep was begun")
def agent(id, function=None, count=None):
    raise SystemExit("an agent was begun")
def login(**kwargs):
    raise SystemExit("somebody logged in")
'''


class Place(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.dir = folder.name
        self.write("train.py", PROGRAM)

    def write(self, name, text):
        path = os.path.join(self.dir, *name.split("/"))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)

    def call(self, *words, code=0, **env):
        clean = {k: v for k, v in os.environ.items() if not k.startswith("KAON_")}
        done = subprocess.run([sys.executable, "-B", "-m", "kaon_call", *words], cwd=self.dir, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              env=dict(clean, PYTHONPATH=HERE, **env))
        self.assertEqual(done.returncode, code, done.stderr.decode())
        return (done.stderr if code else done.stdout).decode()


class Calls(Place):
    def test_by_names(self):
        out = self.call("train.py:main", KAON_PARAMS='{"lr": 1, "opt": {"kind": "ADAM", "lr": 2}}')
        self.assertEqual(out, 'float Optimizer(kind=<Kind.ADAM: 2>, lr=2.0) 3\n{"loss": 2.0, "val": {"acc": true}}\n')

    def test_by_hand(self):
        self.assertIn("Optimizer(kind=<Kind.SGD: 1>, lr=4.0) 5", self.call("train.py:main", "lr=0.5", "opt.lr=4", "epochs=5"))

    def test_parameters_that_no_variable_holds(self):
        self.assertIn("more than a variable can hold", self.call("train.py:nothing", code=2, KAON_TRIAL="0"))

    def test_one_dictionary_nothing_and_others(self):
        params = {"KAON_PARAMS": '{"lr": 0.5, "x": 1}'}
        self.assertEqual(self.call("--metric", "loss", "train.py:config", **params), '{"loss": 0.5}\n')
        self.assertEqual(self.call("--metric", "loss", "train.py:config", KAON_OBJECTIVE="acc", **params), '{"acc": 0.5}\n')
        self.assertEqual(self.call("train.py:nothing", **params), '{"seen": 0.5}\n')
        self.assertEqual(self.call("train.py:others", **params), '{"result": 1.5}\n')
        self.assertEqual(self.call("train.py:later", "lr=2"), '{"result": 2}\n')

    def test_one_dictionary_or_none(self):
        self.write("agent.py", """
def train(config=None): return {"loss": config["lr"] if config else -1}
def named(config=None): return {"loss": config}
def depth(depth=3): return {"loss": depth}
""")
        self.assertEqual(self.call("agent.py:train", KAON_PARAMS='{"lr": 0.5, "x": 1}'), '{"loss": 0.5}\n')
        self.assertEqual(self.call("agent.py:train"), '{"loss": -1}\n')
        self.assertEqual(self.call("agent.py:named", "config=2"), '{"loss": 2}\n')
        self.assertIn("depth takes no argument lr; it takes: depth", self.call("agent.py:depth", "lr=1", code=2))

    def test_reports_go_to_the_trials_file(self):
        metrics = os.path.join(self.dir, "metrics")
        self.assertEqual(self.call("train.py:later", "lr=2", KAON_METRICS=metrics), "")
        with open(metrics) as f:
            self.assertEqual(f.read(), '{"result": 2}\n')

    def test_a_decorated_function(self):
        self.assertEqual(self.call("--metric", "acc", "train.py:swept", "lr=0.25", "layers=2"), '{"acc": 0.25}\n')

    def test_refusals(self):
        for words, want in (
            (("train.py",), "write FILE:FUNCTION"),
            (("train.py:../x",), "names no function"),
            (("nothing.py:main",), "nothing.py: No such file"),
            (("no.module:main",), "module no.module"),
            (("train.py:no",), "has no function no; it has: Kind, Optimizer, bare"),
            (("train.py:later", "lr=1", "wd=2"), "later takes no argument wd; it takes: lr"),
            (("train.py:main", "epochs=2"), "main needs lr"),
            (("train.py:main", "lr=1", "opt.wd=2"), "Optimizer has no field wd; it has: kind, lr"),
            (("train.py:main", "lr"), "write NAME=VALUE"),
            (("--what", "x"), "there is no option --what"),
            ((), "FILE:FUNCTION"),
        ):
            said = self.call(*words, code=2)
            self.assertIn(want, said)
            self.assertNotIn("Traceback", said)

    def test_a_module_of_a_package(self):
        self.write("lib/__init__.py", "")
        self.write("lib/one.py", "from lib import two\ndef main(lr): return two.x + lr\n")
        self.write("lib/two.py", "x = 1\n")
        self.assertEqual(self.call("lib.one:main", "lr=1"), '{"result": 2}\n')

    def test_a_file_called_like_another_module(self):
        self.write("sub/asyncio.py", "import asyncio\nasync def main(lr): return lr if hasattr(asyncio, 'run') else 'it imports itself'\n")
        self.assertEqual(self.call("sub/asyncio.py:main", "lr=1"), '{"result": 1}\n')


class Describes(Place):
    def describe(self, target, **env):
        return self.call("--describe", target, **env)

    def test_arguments(self):
        text = self.describe("train.py:switch")
        for line in (
            "fast: {values: [true, false]}",
            "rate: {distribution: log_uniform_values, min: 0.001, max: 0.1}  # a tenth to ten times the default 0.01",
            "width: {distribution: q_log_uniform_values, min: 16, max: 256, q: 1}",
            '# name: {values: []}  # stays at its default',
            'command: ["python3", "-m", "kaon_call", "train.py:switch"]',
        ):
            self.assertIn(line, text)
        self.assertIn("nothing says which values lr may have", self.call("--describe", "train.py:bare", code=2))

    def test_annotations(self):
        if sys.version_info < (3, 9):
            self.skipTest("typing.Annotated is of Python 3.9")
        self.write("a.py", "from typing import Annotated, Literal\nimport kaon\n"
                           "def f(lr: Annotated[float, kaon.log(1e-5, 1)], size: Literal[16, 32] = 16, path: str = 'é${x}'): ...\n")
        text = self.describe("a.py:f")
        self.assertIn("lr: {distribution: log_uniform_values, min: 1.0e-05, max: 1.0}", text)
        self.assertIn("size: {values: [16, 32]}", text)

    def test_decorated(self):
        text = self.describe("train.py:swept")
        for line in ('metric: {name: acc, goal: maximize}', 'method: auto', "run_cap: 9", "layers: {min: 1, max: 3}",
                     '"kaon_call", "--metric", "acc", "train.py:swept"]'):
            self.assertIn(line, text)

    def test_what_is_printed_is_no_part_of_it(self):
        self.write("p.py", "print('hello')\nimport sys; sys.stderr.write('there\\n')\ndef f(lr=0.1): ...\n")
        self.assertTrue(self.describe("p.py:f").startswith("# A first draft"))

    def test_sweeps_for_agents(self):
        self.write("wandb.py", WANDB)
        config = '{"method": "random", "metric": {"name": "loss", "goal": "minimize"}, "parameters": {"lr": {"min": 0.1, "max": 1.0}}}'
        for name, program in (
            ("top", "import wandb\nwandb.login()\ndef train(): print('trained')\nid = wandb.sweep(sweep=%s, project='p')\nwandb.agent(id, function=train, count=7)\n"),
            ("guarded", "import wandb\ndef train(): print('trained')\nif __name__ == '__main__':\n  id = wandb.sweep(%s)\n  wandb.agent(id, train, count=7)\n  raise SystemExit('on')\n"),
            ("from", "from wandb import sweep, agent\ndef train(): print('trained')\nid = sweep(%s)\nagent(id, function=train, count=7)\n"),
            ("variable", "import wandb\nSWEEP = %s\nSWEEP['run_cap'] = 7\ndef train(): print('trained')\n"),
        ):
            with self.subTest(name):
                self.write(name + "_.py", program % config)
                text = self.describe(name + "_.py:train")
                self.assertIn("run_cap: 7", text)
                self.assertIn("lr: {min: 0.1, max: 1.0}", text)
                self.assertEqual(self.call(name + "_.py:train", KAON_PARAMS='{"lr": 0.5}'), "trained\n", "trained once")

    def test_two_dictionaries(self):
        self.write("wandb.py", WANDB)
        self.write("two.py", "import wandb\na = {'method': 'grid', 'parameters': {'x': {'value': 1}}}\nb = dict(a)\ndef f(): ...\n")
        self.assertIn("several dictionaries for wandb.sweep (a, b)", self.call("--describe", "two.py:f", code=2))


if __name__ == "__main__":
    unittest.main()
