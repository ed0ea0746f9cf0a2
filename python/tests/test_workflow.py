"""Workflows as a program puts them together, and what it is told of mistakes."""

import os
import tempfile
import unittest
from unittest import mock

from kaon.errors import Refused
from kaon.workflow import Workflow, for_each, parallel, place, repeat, sequence, step


class TestWorkflow(unittest.TestCase):
    def test_file(self):
        w = Workflow("small", sequence(step("a", command="echo \"${x}\"", if_="x"), step("no", type="notify", message="ü")), parameters={"x": 1}, finally_="b",
                     steps={"b": {"command": "true"}})
        self.assertEqual(w.text(), 'name: "small"\nparameters: {"x": 1}\nfinally: "b"\ngraph: "a -> no"\nsteps:\n'
                         '  a: {"command": "echo \\"${x}\\"", "if": "x"}\n  "no": {"type": "notify", "message": "ü"}\n  b: {"command": "true"}\n')
        with tempfile.TemporaryDirectory() as folder:
            path = w.write(os.path.join(folder, "w.yaml"))
            with open(path, encoding="utf-8") as file:
                self.assertEqual(file.read(), w.text())
            self.assertEqual(os.listdir(folder), ["w.yaml"])

    def test_a_server_is_told_who_asks(self):
        with tempfile.TemporaryDirectory() as folder:
            kaon = os.path.join(folder, "kaon")
            with open(kaon, "w") as file:
                file.write("#!/bin/sh\nprintf '{\"token\": \"%s\", \"server\": \"%s\", \"words\": \"%s\"}' \"$KAON_TOKEN\" \"$KAON_SERVER\" \"$*\"\n")
            os.chmod(kaon, 0o755)
            w = Workflow("w", step("a", command="true"))
            with mock.patch.dict(os.environ, KAON_BINARY=kaon, KAON_TOKEN="mine", KAON_SERVER="http://other"):
                told = w.run(os.path.join(folder, "w.yaml"), server="https://host:1")
                self.assertEqual((told["token"], told["server"]), ("mine", ""))
                self.assertIn("--server https://host:1", told["words"])
                self.assertEqual(w.run(os.path.join(folder, "w.yaml"))["token"], "")

    def test_links_stand_once(self):
        w = Workflow("w", sequence(place("a"), parallel(place("b"), place("c"))), links=(("b", "c", "x > 1"),))
        self.assertEqual(w.graph(), "a -> b -> [x > 1] c; a -> c")

    def test_refused(self):
        for build, said in (
            (lambda: sequence(), "a sequence of nothing"),
            (lambda: parallel("a"), "has pieces of a graph"),
            (lambda: place(""), "needs a name"),
            (lambda: place("a").at_least(0), "at least 1"),
            (lambda: repeat(place("a"), "true", 0), "a bound of at least 1"),
            (lambda: for_each(place("a")), "needs a list"),
            (lambda: for_each(place("a"), x=["b"]), 'is an expression: ["b"]'),
            (lambda: str(sequence(place("a"), place("a"))), "stands in two places"),
            (lambda: Workflow("w", sequence(step("a"), for_each(step("a"), x="[1]"))).text(), "stands in two places"),
            (lambda: Workflow("w", step("a"), steps={"a": {}}).text(), "two steps"),
            (lambda: Workflow("w", step("a", command=object())).text(), "cannot stand in a workflow file"),
        ):
            with self.assertRaises(Refused) as caught:
                build()
            self.assertIn(said, str(caught.exception))


if __name__ == "__main__":
    unittest.main()
