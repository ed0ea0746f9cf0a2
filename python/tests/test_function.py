"""Functions of a notebook, which are written into a file, and the display that is replaced there."""

import os
import subprocess
import sys
import tempfile
import unittest

import kaon

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

# What IPython is to kaon: cells whose source linecache knows, and a display whose pages are replaced.
NOTEBOOK = r'''
import linecache, sys, types

class Handle:
    def update(self, data, raw): shown.append(("update", data))

def display(data, raw, display_id):
    shown.append(("display", data))
    return Handle()

shown = []
ipython = types.ModuleType("IPython")
ipython.get_ipython = lambda: object()
ipython.display = types.ModuleType("IPython.display")
ipython.display.display = display
sys.modules.update({"IPython": ipython, "IPython.display": ipython.display})

def cell(text, number=[0]):
    number[0] += 1
    name = "<cell %d>" % number[0]
    linecache.cache[name] = (len(text), None, text.splitlines(True), name)
    exec(compile(text, name, "exec"), globals())

cell("""
import json as j, math
from os.path import join
import kaon
SCALE, NAMES = 2.5, ["a", "b"]
DATA = object()
""")
cell("""
from dataclasses import dataclass, field
@dataclass
class Size:
    scale: float = 1.0
    names: list = field(default_factory=list)
class Base:
    def one(self): return Size().scale
class Model(Base):
    def out(self, x): return self.one() * SCALE * x
def helper(x):
    assert isinstance(Model(), Base)
    return math.sqrt(Model().out(x)) + len(NAMES)
""")
cell("""
@kaon.sweep(x=[1, 2], metric="min loss")
def train(x, deep=None):
    def inner(): return helper(x)
    return {"loss": inner(), "text": j.dumps(join("a", "b"))}

@kaon.sweep(x=[1])
def needs(x): return DATA
""")
'''


class Notebook(unittest.TestCase):
    def run_cells(self, more):
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "n.py"), "w") as f:
                f.write(NOTEBOOK + more)
            done = subprocess.run([sys.executable, "-B", "n.py"], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                  env=dict(os.environ, PYTHONPATH=HERE))
            self.assertEqual(done.returncode, 0, done.stderr.decode())
            return done.stdout.decode()

    def test_all_that_it_uses_goes_along(self):
        out = self.run_cells(r'''
import os, subprocess
spec = train.spec(sys.executable)
assert spec["method"] == "grid" and spec["command"][1:5] == ["-m", "kaon_call", "--metric", "loss"], spec
again = train.spec(sys.executable)["command"]
assert again == spec["command"] and len(os.listdir("kaon-code")) == 1
print(subprocess.run(spec["command"] + ["x=4"], stdout=subprocess.PIPE, check=True).stdout.decode())
cell("SCALE = 10.0")
assert train.spec()["command"] != again, "a value that has changed makes another file"
''')
        self.assertEqual(out.strip(), '{"loss": 5.16227766016838, "text": "\\"a/b\\""}')

    def test_what_cannot_go_along_is_named(self):
        out = self.run_cells("try: needs.spec()\nexcept kaon.Refused as e: print(e)\n")
        self.assertIn("uses DATA of the notebook, a value of type object", out)

    def test_its_own_names_are_not_the_notebooks(self):
        out = self.run_cells(r'''
import subprocess
cell("""
df, rows, tries, WIDE = object(), object(), 3, 7
""")
cell("""
@kaon.sweep(lr=[1])
def own(lr: float, *, wide=WIDE):
    global tries
    tries += 1
    df = lr * 2
    def inner(): return df + tries + wide
    class Kept:
        rows = df
    return {"loss": inner() + sum(rows for rows in [1, 2]) + Kept.rows}
""")
print(subprocess.run(own.spec(sys.executable)["command"] + ["lr=4"], stdout=subprocess.PIPE, check=True).stdout.decode())
''')
        self.assertEqual(out.strip(), '{"loss": 30.0}')

    def test_modules_within_modules_go_along(self):
        out = self.run_cells(r'''
import subprocess
cell("""
import xml.dom.minidom, email as mail, email.mime.text, os.path
class Page:
    def __init__(self, text): self.root = xml.dom.minidom.parseString(text).documentElement
""")
cell("""
@kaon.sweep(x=[1])
def tags(x):
    def inner(): return mail.mime.text.MIMEText("a").get_payload()
    return {"loss": x, "text": Page("<b/>").root.tagName + inner() + os.path.basename("/c")}
""")
print(subprocess.run(tags.spec(sys.executable)["command"] + ["x=4"], stdout=subprocess.PIPE, check=True).stdout.decode())
''')
        self.assertEqual(out.strip(), '{"loss": 4, "text": "bac"}')

    def test_a_short_name_of_the_notebook_stays_its_own(self):
        out = self.run_cells(r'''
import subprocess
cell("""
import email as mail, email.mime.text
from html import escape as _
""")
cell("""
@kaon.sweep(x=[1])
def tags(x):
    return {"loss": x, "text": _(mail.mime.text.MIMEText("<").get_payload())}
""")
print(subprocess.run(tags.spec(sys.executable)["command"] + ["x=4"], stdout=subprocess.PIPE, check=True).stdout.decode())
''')
        self.assertEqual(out.strip(), '{"loss": 4, "text": "&lt;"}')

    def test_a_folder_that_is_a_link_is_not_used(self):
        out = self.run_cells("import os; os.mkdir('other'); os.symlink('other', 'kaon-code')\ntry: train.spec()\nexcept kaon.Refused as e: print(e)\nassert not os.listdir('other')\n")
        self.assertIn("somebody else's, or a link", out)

    def test_the_page_is_replaced(self):
        out = self.run_cells('''
from kaon import live
p = live.make()
status = {"state": "running", "trials": {"total": 4, "running": 1, "succeeded": 2}, "metric": "<b>", "best": {"trial": 1, "value": 0.5}}
p.show("<i>", status, 1); p.say("warning: <script>"); p.show("<i>", status, 2); p.end()
assert [kind for kind, _ in shown] == ["display", "update", "update"], shown
page = shown[-1][1]["text/html"]
assert "<script>" not in page and "&lt;script&gt;" in page and "&lt;i&gt;" in page
print(shown[-1][1]["text/plain"])
''')
        self.assertEqual(out.strip(), "2/4 trials, 1 running, best <b> 0.5 (trial 1), 2 s")


class Space(unittest.TestCase):
    def test_steps_are_values_from_the_least_on(self):
        for given, want in (((1, 10, 3), [1, 4, 7, 10]), ((1, 9, 3), [1, 4, 7]), ((0, 1, 0.25), [0.0, 0.25, 0.5, 0.75, 1.0]), ((0.1, 0.4, 0.1), [0.1, 0.2, 0.3, 0.4]),
                            ((2, 2, 5), [2]), ((-3, 3, 2), [-3, -1, 1, 3]), ((1e-5, 3e-5, 1e-5), [1e-5, 2e-5, 3e-5])):
            values = kaon.steps(*given).__kaon_parameter__()
            self.assertEqual(values, {"values": want})
            self.assertEqual([type(x) for x in values["values"]], [type(x) for x in want])
        for given in ((1, 2, 0), (1, 2, -1), (0, 1, 1e-9), (1, 0, 1), (0, float("inf"), 1), (0, 1, float("nan"))):
            with self.assertRaises(ValueError, msg=given):
                kaon.steps(*given)


if __name__ == "__main__":
    unittest.main()
