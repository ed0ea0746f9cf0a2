"""Tables, parameters and pages, without a server and without a program."""

import unittest

import kaon
from kaon import html, live, space
from kaon.results import Curves


class Tables(unittest.TestCase):
    def test_rows_have_all_columns(self):
        t = kaon.Table([{"a": 1}, {"b": "x"}], ("trial",))
        self.assertEqual(t, [{"trial": None, "a": 1, "b": None}, {"trial": None, "a": None, "b": "x"}])
        self.assertEqual(t.column("a"), [1, None])
        with self.assertRaisesRegex(KeyError, "there are: trial, a, b"):
            t.column("c")

    def test_columns_of_one_type(self):
        from kaon.table import _uniform

        self.assertEqual(_uniform([1, None, 2]), [1, None, 2])
        self.assertEqual(_uniform([1, 2.5]), [1.0, 2.5])
        self.assertEqual(_uniform([2**64 - 1]), [2**64 - 1])
        self.assertEqual(_uniform([10**400, 1.0]), [float("inf"), 1.0])
        self.assertEqual(_uniform([True, 1, "a", [1], None]), ["true", "1", "a", "[1]", None])
        self.assertEqual(_uniform(["\ud800"]), ["?"])

    def test_data_frames(self):
        t = kaon.Table([{"seed": 2**64 - 1, "x": 1, "y": "a"}, {"seed": 1, "x": 0.5, "y": 3}])
        missing = []
        for name in ("pandas", "polars", "pyarrow"):
            try:
                __import__(name)
            except ImportError:
                missing.append(name)
                with self.assertRaisesRegex(kaon.Missing, "pip install " + name):
                    getattr(t, "arrow" if name == "pyarrow" else name)()
        if "pandas" not in missing:
            self.assertEqual(list(t.pandas()["x"]), [1, 0.5])
        if "polars" not in missing:
            self.assertEqual((t.polars()["seed"][0], list(t.polars()["y"])), (2**64 - 1, ["a", "3"]))
        if "pyarrow" not in missing:
            self.assertEqual(t.arrow().to_pylist(), [{"seed": 2**64 - 1, "x": 1.0, "y": "a"}, {"seed": 1, "x": 0.5, "y": "3"}])
        if missing:
            self.skipTest("without " + ", ".join(missing))


class Spaces(unittest.TestCase):
    def test_values(self):
        self.assertEqual(space.parameter(kaon.log(1e-4, 1)), {"distribution": "log_uniform_values", "min": 1e-4, "max": 1.0})
        self.assertEqual(space.parameter(range(1, 9)), {"min": 1, "max": 8})
        self.assertEqual(space.parameter(range(1, 9, 3)), {"values": [1, 4, 7]})
        self.assertEqual(space.parameter(["a"]), {"values": ["a"]})
        self.assertEqual(space.parameter(3), {"value": 3})
        self.assertEqual(space.parameter(kaon.group(lr=kaon.choice(1, 2))), {"parameters": {"lr": {"values": [1, 2]}}})
        for wrong in (lambda: kaon.log(0, 1), lambda: kaon.uniform(2, 1), lambda: kaon.choice(), lambda: space.parameter(range(0))):
            with self.assertRaises(ValueError):
                wrong()

    def test_a_decorated_function(self):
        @kaon.sweep(lr=kaon.log(1e-4, 1), metric="max acc", trials=9, parameters={"name": ["a", "b"]}, set={"task.grace": "5s"})
        def train(lr, name="a"):
            """Trains."""
            return lr

        self.assertEqual((train(0.5), train.__doc__), (0.5, "Trains."))
        self.assertEqual(train.__kaon_spec__(), {"metric": {"name": "acc", "goal": "maximize"}, "run_cap": 9, "name": "train", "method": "auto", "parameters": {
            "name": {"values": ["a", "b"]}, "lr": {"distribution": "log_uniform_values", "min": 1e-4, "max": 1.0}}})
        with self.assertRaisesRegex(kaon.Refused, "made within another function"):
            train.spec()
        with self.assertRaisesRegex(kaon.Refused, "max accuracy"):
            kaon.sweep(x=[1], metric="accuracy")
        self.assertEqual(kaon.sweep(x=[1, 2], y=range(3))(train).__kaon_spec__()["method"], "grid")

    def test_a_function_that_is_given(self):
        def train(lr):
            return lr

        keys = dict(lr=kaon.log(1e-4, 1), metric="min loss", trials=5, method="random", name="mine", set={"task.grace": "5s"})
        given, decorated = kaon.sweep(train, **keys), kaon.sweep(**keys)(train)
        self.assertEqual(given.__kaon_spec__(), decorated.__kaon_spec__())
        self.assertEqual((given.__kaon_spec__()["run_cap"], given.__kaon_spec__()["metric"]["name"]), (5, "loss"))
        self.assertEqual((given._set, kaon.sweep(train, parameters={"lr": [1]}).__kaon_spec__()["parameters"]), (["task.grace=5s"], {"lr": {"values": [1]}}))
        self.assertEqual(kaon.sweep(train, lr=[1], trials=0).__kaon_spec__()["run_cap"], 0)  # which the spec refuses

    def test_keys_beside_a_file_are_refused(self):
        for spec in ("sweep.yaml", {"method": "grid"}):
            for key, value in (("metric", "min loss"), ("trials", 5), ("method", "grid"), ("name", "a"), ("parameters", {}), ("lr", [1])):
                with self.assertRaisesRegex(kaon.Refused, "^%s: .*changed by set" % key):
                    kaon.sweep(spec, **{key: value})
            self.assertEqual(kaon.sweep(spec, set={"run_cap": 5})._set, ["run_cap=5"])
        with self.assertRaisesRegex(kaon.Refused, "not a int"):
            kaon.sweep(3)


class Pages(unittest.TestCase):
    def test_nothing_is_markup(self):
        evil = '"><script>alert(1)</script>\x1b[31m\u202e'
        rows = kaon.Table([{evil: evil, "state": evil}] * 30)
        pages = [rows._repr_html_(), Curves([{"trial": evil, "state": "x", "points": [(0, 1.0), (1, float("nan")), (2, 3)]}], evil)._repr_html_(), html.bar({"total": 3, "failed": 1}),
                 html.lines([(evil, [(0, 1)])]), html.lines([])]
        for page in pages:
            self.assertNotIn("<script>", page)
            self.assertNotIn("\x1b", page)
            self.assertNotIn("\u202e", page)
        self.assertIn("30 rows", pages[0])

    def test_sentence(self):
        status = {"trials": {"total": 9, "succeeded": 2, "failed": 1, "running": 2}, "metric": "loss", "best": {"trial": 3, "value": 0.25}}
        self.assertEqual(live.sentence(status, 1.4), "3/9 trials, 2 running, 1 failed, best loss 0.25 (trial 3), 1 s")
        self.assertEqual(live.sentence({}, 0), "0/0 trials, 0 s")


if __name__ == "__main__":
    unittest.main()
