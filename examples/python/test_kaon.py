"""Tests of kaon.py: python3 -m unittest, in this folder."""

import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import unittest

import kaon

HERE = os.path.dirname(os.path.abspath(__file__))


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

    def test_report(self):
        class Scalar:
            def __float__(self):
                return 0.25

        kaon.report(loss=Scalar(), val={"acc": 1}, step=3.0)
        kaon.report(loss=float("nan"))
        kaon.progress(40)
        first, second, third = self.lines()
        self.assertEqual(first, {"loss": 0.25, "val": {"acc": 1}, "step": 3})
        self.assertNotEqual(second["loss"], second["loss"])
        self.assertEqual(third, {"progress": 40.0})

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


class WithoutKaon(unittest.TestCase):
    def test_prints(self):
        env = {k: v for k, v in os.environ.items() if not k.startswith("KAON_")}
        program = ("import kaon; p = kaon.params({'a': 1}); kaon.report(a=p['a']); kaon.milestone('m'); "
                   "kaon.artifact('f', __file__ if '__file__' in globals() else 1); print(kaon.should_stop(), kaon.messages(), kaon.seed(7))")
        out = subprocess.run([sys.executable, "-c", program], cwd=HERE, env=env, capture_output=True, text=True, check=True).stdout
        self.assertEqual(out.splitlines(), ['{"a": 1}', '{"milestone": "m"}', '{"artifact": {"name": "f", "value": 1}}', "False [] 7"])


if __name__ == "__main__":
    unittest.main()
