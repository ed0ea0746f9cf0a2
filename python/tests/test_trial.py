"""What a program says and hears in a trial."""

import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import unittest
import warnings
from unittest import mock

import kaon
import kaon.trial

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class InATrial(unittest.TestCase):
    """With the variables that kaon sets, in a folder like an attempt's."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        at = lambda name: os.path.join(self.folder.name, name)
        os.mkdir(at("artifacts"))
        open(at("control"), "w").close()
        self.env = {"KAON_METRICS": at("metrics"), "KAON_CONTROL": at("control"), "KAON_ARTIFACTS": at("artifacts"),
                    "KAON_PARAMS": '{"lr": 0.5, "opt": null}', "KAON_SEED": "18446744073709551615"}
        os.environ.update(self.env)
        self.addCleanup(lambda: [os.environ.pop(name) for name in self.env])
        importlib.reload(kaon.trial)
        importlib.reload(kaon)

    def lines(self):
        with open(self.env["KAON_METRICS"]) as metrics:
            return [json.loads(line) for line in metrics]

    def tell(self, text):
        with open(self.env["KAON_CONTROL"], "a") as control:
            control.write(text)

    def test_params(self):
        self.assertEqual(kaon.params({"lr": 1, "batch": 32}), {"lr": 0.5, "opt": None, "batch": 32})
        self.assertEqual(kaon.seed(), 2**64 - 1)

    def test_parameters_that_no_variable_holds(self):
        with mock.patch.dict(os.environ, {"KAON_TRIAL": "0"}):
            os.environ.pop("KAON_PARAMS")
            with self.assertRaisesRegex(RuntimeError, "more than a variable can hold"):
                kaon.params({"lr": 1})

    def test_report(self):
        class Scalar:
            def __float__(self):
                return 0.25

        kaon.report({"val/loss": 2}, loss=Scalar(), val={"acc": 1, "none": None}, step=3.0)
        kaon.report(loss=float("nan"))
        kaon.progress(40)
        first, second, third = self.lines()
        self.assertEqual(first, {"val/loss": 2, "loss": 0.25, "val.acc": 1, "step": 3})
        self.assertNotEqual(second["loss"], second["loss"])
        self.assertEqual(third, {"progress": 40.0})

    def test_attributes_of_params(self):
        os.environ["KAON_PARAMS"] = '{"opt": {"name": "sgd"}, "items": 3}'
        p = kaon.params({"opt": {"name": "adam", "lr": 1}, "batch": 8})
        self.assertEqual((p.opt.name, p.opt.lr, p.batch, p["items"]), ("sgd", 1, 8, 3))
        with self.assertRaisesRegex(AttributeError, "no parameter 'wd'; there are: opt, batch, items"):
            p.wd

    def test_what_is_no_metric_is_named(self):
        with self.assertRaisesRegex(TypeError, "report: loss is of type list, which is no number"):
            kaon.report(loss=[1, 2])
        with self.assertRaisesRegex(ValueError, "at most 256 bytes"):
            kaon.report({"n" * 257: 1})
        self.assertFalse(os.path.exists(self.env["KAON_METRICS"]), "half of a report was written")

    def test_many_metrics_are_parts_of_one_step(self):
        many = {"metric-%d-%s" % (i, "x" * 60): i for i in range(3000)}
        with self.assertRaisesRegex(ValueError, "give a step"):
            kaon.report(many)
        kaon.report(many, step=7)
        lines = self.lines()
        with open(self.env["KAON_METRICS"], "rb") as f:
            self.assertLess(max(map(len, f)), 64 * 1024)
        self.assertEqual({line.pop("step") for line in lines}, {7})
        together = {}
        for line in lines:
            self.assertLessEqual(len(line), 1000)
            together.update(line)
        self.assertEqual(together, many)

    def test_what_no_line_has_room_for_is_named(self):
        long = {"metric-%d-%s" % (i, "x" * 240): i for i in range(400)}
        with self.assertRaisesRegex(ValueError, "has [0-9]+ bytes, and a line of at most 65536 is read: give a step"):
            kaon.report(long)
        with self.assertRaisesRegex(ValueError, "report numbers"):
            kaon.report(dict(long, note="x" * 70000), step=1)
        with self.assertRaisesRegex(ValueError, "write it to a file, and keep that"):
            kaon.artifact("table", list(range(20000)))
        self.assertFalse(os.path.exists(self.env["KAON_METRICS"]), "half of a report was written")
        kaon.report(long, step=1)
        kaon.milestone("\u2028" * 70000)
        with open(self.env["KAON_METRICS"], "rb") as f:
            self.assertLessEqual(max(map(len, f)), 64 * 1024)
        self.assertEqual(len({name for line in self.lines() for name in line}), len(long) + 2)

    def test_hostile_names_stay_one_line(self):
        kaon.report({'a\nb"}\r{"milestone": "x"}': 1, "\u2028": 2, "\ud800": 3}, step=1)
        with open(self.env["KAON_METRICS"], "rb") as f:
            text = f.read()
        self.assertEqual(text.count(b"\n"), 1)
        self.assertTrue(all(32 <= c < 127 for c in text.rstrip(b"\n")))

    def test_threads_do_not_mix_lines(self):
        threads = [threading.Thread(target=lambda: [kaon.report(x=1, step=i) for i in range(50)]) for _ in range(8)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertEqual(len(self.lines()), 400)

    def test_notes(self):
        path = os.path.join(self.folder.name, "model.bin")
        with open(path, "wb") as f:
            f.write(b"weights")
        kaon.milestone("data loaded")
        kaon.artifact("model", path)
        kaon.artifact("rows", {"train": 10})
        self.assertEqual(self.lines(), [{"milestone": "data loaded"}, {"artifact": {"name": "model", "value": "model.bin"}},
                                        {"artifact": {"name": "rows", "value": {"train": 10}}}])
        with open(os.path.join(self.env["KAON_ARTIFACTS"], "model.bin"), "rb") as f:
            self.assertEqual(f.read(), b"weights")

    def test_notes_that_are_dropped_are_told_once(self):
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            for _ in range(2):
                kaon.artifact("table", "x" * 9000)
                kaon.artifact("n" * 300, 1)
            kaon.artifact("fits", "x" * 8000)
            self.assertEqual(len(told), 2, [str(w.message) for w in told])
            self.assertIn("artifact table: its value has 9002 bytes, and kaon drops what has more than 8192", str(told[0].message))
            self.assertIn("its name has more than 256 bytes", str(told[1].message))
            for i in range(200):
                kaon.milestone("epoch %d" % i)
            self.assertIn("kaon keeps 200 artifacts and milestones", str(told[-1].message))
            self.assertEqual(len(told), 3)
            self.assertEqual({w.filename for w in told}, {__file__})

    def test_artifact_by_path_alone(self):
        path = os.path.join(self.folder.name, "notes.txt")
        with open(path, "w") as f:
            f.write("n")
        kaon.artifact(path)
        self.assertEqual(self.lines(), [{"artifact": {"name": "notes.txt", "value": "notes.txt"}}])
        self.assertEqual(os.listdir(self.env["KAON_ARTIFACTS"]), ["notes.txt"])

    def test_artifact_by_a_folder_alone(self):
        out = os.path.join(self.folder.name, "out")
        os.makedirs(os.path.join(out, "deep"))
        with open(os.path.join(out, "deep", "f"), "w") as f:
            f.write("n")
        os.symlink("/etc", os.path.join(out, "link"))
        kaon.artifact(out)
        kaon.artifact("mode", out)  # a text, not the folder of its name
        self.assertEqual(self.lines(), [{"artifact": {"name": "out", "value": "out"}}, {"artifact": {"name": "mode", "value": out}}])
        kept = os.path.join(self.env["KAON_ARTIFACTS"], "out")
        with open(os.path.join(kept, "deep", "f")) as f:
            self.assertEqual(f.read(), "n")
        self.assertTrue(os.path.islink(os.path.join(kept, "link")), "a link was followed")
        with self.assertRaisesRegex(ValueError, "holds the trial's own artifacts"):
            kaon.artifact(self.folder.name)

    def test_checkpoint_is_replaced_whole(self):
        state = os.path.join(self.folder.name, "state")
        os.mkdir(state)
        for text in ("one", "two"):
            with open(os.path.join(state, "w"), "w") as f:
                f.write(text)
            kaon.checkpoint(state)
            kaon.checkpoint(os.path.join(state, "w"), "best/w")
        self.assertEqual(sorted(os.listdir(self.env["KAON_ARTIFACTS"])), ["best", "state"])
        self.assertFalse([n for n in os.listdir(self.folder.name) if ".part" in n])
        self.assertIsNone(kaon.resume_from())
        os.environ["KAON_RESUME_FROM"] = self.env["KAON_ARTIFACTS"]
        self.addCleanup(os.environ.pop, "KAON_RESUME_FROM")
        with open(os.path.join(kaon.resume_from("state"), "w")) as f:
            self.assertEqual(f.read(), "two")
        self.assertIsNone(kaon.resume_from("nothing"))
        for name in ("../control", "/etc/passwd", "a/../../x", "", "."):
            for call in (kaon.resume_from, lambda n: kaon.checkpoint(state, n)):
                with self.assertRaises(ValueError, msg=name):
                    call(name)

    @unittest.skipUnless(sys.platform == "linux", "needs an exchange of names")
    def test_a_folder_killed_in_the_middle_of_a_checkpoint_is_there(self):
        state, kept = (os.path.join(self.folder.name, name) for name in ("state", "artifacts/state/w"))
        os.mkdir(state)
        with open(os.path.join(state, "w"), "w") as f:
            f.write("kept")
        if not kaon.trial._exchange(state, self.env["KAON_ARTIFACTS"]):
            self.skipTest("this file system does not exchange names")
        kaon.trial._exchange(state, self.env["KAON_ARTIFACTS"])
        for _ in range(20):
            trial = self.run_trial("import kaon\nkaon.checkpoint(%r)\nprint(flush=True)\nwhile True: kaon.checkpoint(%r)" % (state, state))
            trial.stdout.readline()
            for _ in range(2000):
                os.stat(kept)
            trial.kill()
            trial.wait()
            with open(kept) as f:
                self.assertEqual(f.read(), "kept")

    def test_a_checkpoint_that_cannot_replace_leaves_the_former(self):
        state = os.path.join(self.folder.name, "state")
        os.mkdir(state)
        kept = os.path.join(self.env["KAON_ARTIFACTS"], kaon.checkpoint(state))
        rename = os.rename

        def full(one, other):
            if other == kept and not one.endswith(".former"):
                raise OSError("no room")
            rename(one, other)

        with mock.patch.object(kaon.trial, "_exchange", lambda one, other: False), mock.patch.object(os, "rename", full):
            with self.assertRaisesRegex(OSError, "no room"):
                kaon.checkpoint(state)
        self.assertEqual(os.listdir(self.env["KAON_ARTIFACTS"]), ["state"])
        self.assertEqual(sorted(os.listdir(self.folder.name)), ["artifacts", "control", "state"])
        with mock.patch.object(kaon.trial, "_exchange", lambda one, other: False):
            kaon.checkpoint(state)
        self.assertEqual(sorted(os.listdir(self.folder.name)), ["artifacts", "control", "state"])

    def test_a_checkpoint_is_asked_for_once(self):
        self.assertFalse(kaon.should_checkpoint())
        self.tell('{"checkpoint": true}\n')
        self.assertTrue(kaon.should_checkpoint())
        self.assertFalse(kaon.should_checkpoint())
        self.tell('{"stop": true}\n')
        self.assertTrue(kaon.should_checkpoint())
        self.assertTrue(kaon.should_checkpoint())

    def test_messages(self):
        self.assertEqual(kaon.messages(), [])
        self.tell('{"lr": 0.1}\nnot json\n{"stop"')
        self.assertEqual(kaon.messages(), [{"lr": 0.1}])
        self.assertFalse(kaon.should_stop())
        self.tell(': true}\n')
        self.assertTrue(kaon.should_stop())
        self.assertEqual(kaon.messages(), [{"stop": True}])
        self.assertTrue(kaon.should_stop())

    def test_sigterm_asks(self):
        program = "import kaon, time\nprint(kaon.should_stop(), flush=True)\nwhile not kaon.should_stop(): time.sleep(0.02)\nprint('saved')"
        trial = subprocess.Popen([sys.executable, "-c", program], cwd=HERE, stdout=subprocess.PIPE, text=True)
        self.assertEqual(trial.stdout.readline(), "False\n")
        trial.send_signal(signal.SIGTERM)
        self.assertEqual(trial.communicate(timeout=30)[0], "saved\n")
        self.assertEqual(trial.returncode, 0)

    def run_trial(self, program):
        path = os.path.join(self.folder.name, "trial.py")
        with open(path, "w") as f:
            f.write(program)
        trial = subprocess.Popen([sys.executable, "-B", path], env=dict(os.environ, PYTHONPATH=HERE), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True)

        def end():
            try:
                os.killpg(trial.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            trial.communicate()

        self.addCleanup(end)
        return trial

    @unittest.skipUnless(hasattr(os, "fork"), "needs fork")
    def test_workers_end_by_sigterm(self):
        trial = self.run_trial("""
import kaon, multiprocessing, time
def work(begun):
    begun.set()
    time.sleep(600)
if __name__ == "__main__":
    kaon.should_stop()
    for kind, first in (("fork", None), ("fork", kaon.should_stop), ("spawn", kaon.should_stop)):
        context = multiprocessing.get_context(kind)
        with context.Manager() as manager, context.Pool(2, first) as pool:
            begun = manager.Event()
            pool.apply_async(work, (begun,))
            begun.wait()
        print("ended", flush=True)
""")
        self.assertEqual(trial.communicate(timeout=120)[0], "ended\n" * 3)

    @unittest.skipUnless(hasattr(os, "fork"), "needs fork")
    def test_workers_stay_when_kaon_ends_the_trial(self):
        trial = self.run_trial("""
import kaon, kaon.trial, os, signal, time
handled = os.environ["KAON_CONTROL"] + ".handled"
kaon.should_stop()
child = os.fork()
if not child: # which says itself that it is there: Python forgets signals that come while it forks
    print(os.getpid(), flush=True)
    while not kaon.trial._stopped: time.sleep(0.02)
    open(handled, "w").close()
    while True: time.sleep(0.02)
ended = 0
while not ended and not os.path.exists(handled):
    time.sleep(0.02)
    ended = os.waitpid(child, os.WNOHANG)[0]
print(ended, kaon.should_stop(), flush=True)
os.kill(child, signal.SIGTERM)
print(os.waitpid(child, 0)[1] == signal.SIGTERM)
""")
        child = int(trial.stdout.readline())
        self.tell('{"stop":true,"signal":"SIGTERM"}\n')
        os.killpg(trial.pid, signal.SIGTERM)
        self.assertEqual(trial.communicate(timeout=120)[0], "0 True\nTrue\n", "child %d" % child)

    @unittest.skipUnless(hasattr(os, "fork"), "needs fork")
    def test_workers_end_by_sigterm_though_a_message_asked_for_the_end(self):
        trial = self.run_trial("""
import kaon, os, signal, sys, time
kaon.should_stop()
child = os.fork()
if not child:
    print(os.getpid(), flush=True)
    time.sleep(600)
sys.stdin.readline()
os.kill(child, signal.SIGTERM)
print(os.waitpid(child, 0)[1] == signal.SIGTERM, kaon.should_stop())
""")
        trial.stdout.readline()
        self.tell('{"stop": true}\n')
        self.assertEqual(trial.communicate("\n", timeout=120)[0], "True True\n")

    @unittest.skipUnless(hasattr(os, "fork"), "needs fork")
    def test_a_fork_in_the_middle_of_a_report_reports(self):
        trial = self.run_trial("""
import kaon, kaon.trial, os, threading
within, done = threading.Event(), threading.Event()
def report():
    with kaon.trial._lock:
        within.set()
        done.wait()
threading.Thread(target=report).start()
within.wait()
child = os.fork()
if not child:
    kaon.report(x=1)
    os._exit(0)
print(os.waitpid(child, 0)[1])
done.set()
""")
        self.assertEqual(trial.communicate(timeout=120)[0], "0\n")
        self.assertEqual(self.lines(), [{"x": 1}])


class WithoutKaon(unittest.TestCase):
    def test_prints(self):
        env = {k: v for k, v in os.environ.items() if not k.startswith("KAON_")}
        program = ("import kaon; p = kaon.params({'a': 1}); kaon.report(a=p['a']); kaon.milestone('m'); "
                   "kaon.artifact('f', __file__ if '__file__' in globals() else 1); print(kaon.should_stop(), kaon.messages(), kaon.seed(7))")
        out = subprocess.run([sys.executable, "-c", program], cwd=HERE, env=env, capture_output=True, text=True, check=True).stdout
        self.assertEqual(out.splitlines(), ['{"a": 1}', '{"milestone": "m"}', '{"artifact": {"name": "f", "value": 1}}', "False [] 7"])


if __name__ == "__main__":
    unittest.main()
