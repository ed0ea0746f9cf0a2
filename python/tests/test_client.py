"""A client of servers, of which some are no kaon or mean no good."""

import contextlib
import http.server
import io
import json
import os
import pickle
import socket
import sys
import tempfile
import threading
import traceback
import unittest
from unittest import mock

import kaon
from kaon import client, events

TOKEN = "kaon_sEcReT-0123456789"


class Server(unittest.TestCase):
    """With a server that answers what a test says, and keeps what it was asked."""

    def setUp(self):
        self.asked, self.answers = [], []
        test = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self):
                length = int(self.headers.get("Content-Length") or 0)
                test.asked.append((self.command, self.path, dict(self.headers), self.rfile.read(length)))
                status, headers, body = test.answers.pop(0) if len(test.answers) > 1 else test.answers[0]
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                with contextlib.suppress(OSError):
                    self.wfile.write(body)

            do_GET = do_POST = do_DELETE = do_PATCH = answer

            def log_message(self, *args):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.address = "http://127.0.0.1:%d" % server.server_port
        self.client = kaon.Client(self.address, TOKEN)

    def says(self, *answers):
        self.answers = [(status, headers, body if isinstance(body, bytes) else json.dumps(body).encode()) for status, headers, body in answers]

    def test_pages(self):
        self.says((200, {}, {"items": [{"sweep": "a"}, {"sweep": "b"}], "next": "c1"}), (200, {}, {"items": [{"sweep": "c"}]}))
        self.assertEqual([s["sweep"] for s in self.client.sweeps(state="running")], ["a", "b", "c"])
        self.assertEqual([path for _, path, _, _ in self.asked], ["/v1/sweeps?state=running&limit=5000", "/v1/sweeps?state=running&limit=5000&cursor=c1"])
        self.assertEqual(self.asked[0][2]["Authorization"], "Bearer " + TOKEN)

    def test_a_server_whose_pages_never_end(self):
        self.says((200, {}, {"items": [{"sweep": "a"}], "next": "same"}))
        self.assertEqual(len(list(self.client.sweeps())), 2)
        self.says((200, {}, {"items": [], "next": "other"}))
        self.assertEqual(list(self.client.sweeps()), [])

    def test_names_stay_names(self):
        self.says((200, {}, {}))
        self.client.sweep("../x?a=b#c/d%2e")
        self.assertEqual(self.asked[0][1], "/v1/sweeps/..%2Fx%3Fa%3Db%23c%2Fd%252e")
        for name in ("", ".", ".."):
            with self.assertRaises(kaon.Refused):
                self.client.sweep(name)
        with self.assertRaises(kaon.Refused):
            self.client.download("sweeps/../../etc/passwd")

    def test_mistakes_of_a_spec_have_their_places(self):
        problem = {"file": "s.yaml", "line": 3, "column": 7, "field": "metric.gaol", "problem": "unknown key `gaol`", "remedy": "did you mean `goal`?"}
        self.says((422, {}, {"detail": "no", "spec": [problem]}))
        with self.assertRaises(kaon.SpecError) as caught:
            self.client.submit({"metric": {"gaol": 1}}, set={"run_cap": 3, "name": "x"}, seed=0, key="k")
        self.assertEqual(str(caught.exception), "s.yaml:3:7: metric.gaol: unknown key `gaol`: did you mean `goal`?")
        self.assertEqual(caught.exception.problems, [problem])
        body = json.loads(self.asked[0][3])
        self.assertEqual((body["set"], body["seed"], json.loads(body["spec"])), (["run_cap=3", "name=x"], 0, {"metric": {"gaol": 1}}))
        self.assertEqual(self.asked[0][2]["Idempotency-Key"], "k")

    def test_answers_are_exceptions(self):
        for status, kind in ((401, kaon.Denied), (403, kaon.Denied), (404, kaon.NotFound), (409, kaon.Refused), (500, kaon.Unreachable), (302, kaon.Unreachable)):
            self.says((status, {"Location": "http://127.0.0.1:1/"}, {"detail": "why %d" % status}))
            with self.assertRaises(kind) as caught:
                self.client.whoami()
            self.assertIn("redirect" if status == 302 else "why %d" % status, str(caught.exception))

    def test_garbage(self):
        deep = b"[" * 200000
        for body in (b"", b"<html>", b"\xff\xfe", b"[1, 2]", b"null", b"3", deep, b'{"items": 3}', b'{"items": [[]]}', b'{"items": null, "next": [1]}'):
            for status in (200, 400, 500):
                self.says((status, {}, body))
                with contextlib.suppress(kaon.KaonError):
                    list(self.client.sweeps())
                with contextlib.suppress(kaon.KaonError):
                    self.client.winner("x")
                with contextlib.suppress(kaon.KaonError):
                    self.client.curves("x")
                with contextlib.suppress(kaon.KaonError):
                    kaon.open(self.address).sweep("x")
        self.says((200, {}, b"<html>"))
        with self.assertRaisesRegex(kaon.Unreachable, "is it a kaon server"):
            self.client.sweep("x")

    def test_patience(self):
        self.says((429, {"Retry-After": "0"}, {}), (429, {"Retry-After": "0"}, {}), (200, {}, {"name": "ann"}))
        self.assertEqual(self.client.whoami(), {"name": "ann"})
        self.says((429, {"Retry-After": "99999999999999999999"}, {"detail": "later"}))
        with self.assertRaisesRegex(kaon.Refused, "later"):
            self.client.whoami()

    def test_a_token_is_nowhere(self):
        self.says((403, {}, {"detail": "no"}))
        shown = [repr(self.client), str(vars(self.client)), repr(kaon.open(self.address, TOKEN))]
        try:
            self.client.whoami()
        except kaon.Denied as error:
            shown += [str(error), "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())]
        with self.assertRaises(TypeError):
            pickle.dumps(self.client)
        for bad in (TOKEN + "\n", "ä" + TOKEN, TOKEN + " x"):
            with self.assertRaises(kaon.Refused) as caught:
                kaon.Client(self.address, bad)
            shown.append(str(caught.exception))
        with self.assertRaises(kaon.Unreachable) as caught:
            kaon.Client("http://127.0.0.1:1", TOKEN).whoami()
        shown.append("".join(traceback.TracebackException.from_exception(caught.exception, capture_locals=True).format()))
        for text in shown:
            self.assertNotIn(TOKEN, text)

    @unittest.skipIf(sys.platform == "darwin", "the folder is another there")
    def test_a_token_that_login_kept(self):
        with tempfile.TemporaryDirectory() as folder:
            os.mkdir(os.path.join(folder, "kaon"))
            with open(os.path.join(folder, "kaon", "servers.json"), "w") as f:
                json.dump({self.address: TOKEN, "http://127.0.0.1:1": "other"}, f)
            former, os.environ["XDG_CONFIG_HOME"] = os.environ.get("XDG_CONFIG_HOME"), folder
            try:
                self.says((200, {}, {}))
                kaon.Client(self.address).whoami()
                self.assertEqual(self.asked[0][2].get("Authorization"), "Bearer " + TOKEN)
                kaon.Client(self.address + "/other").whoami()
                self.assertNotIn("Authorization", self.asked[1][2])
            finally:
                del os.environ["XDG_CONFIG_HOME"]
                if former is not None:
                    os.environ["XDG_CONFIG_HOME"] = former

    def test_where_a_token_does_not_go(self):
        with self.assertRaisesRegex(kaon.Refused, "use https"):
            kaon.Client("http://kaon.example:7373", TOKEN)
        for host in ("http://127.0.0.1.evil.example", "http://localhost.evil.example", "http://127.1@evil.example"):
            with self.assertRaises(kaon.Refused):
                kaon.Client(host, TOKEN)
        for bad in ("ftp://x", "http://", "x", "https://ann:secret@h"):
            with self.assertRaises(kaon.Refused) as caught:
                kaon.Client(bad)
            self.assertNotIn("secret", str(caught.exception).replace("KAON_TOKEN", "") if "@" in bad else "")
        with self.assertRaises(kaon.Refused):
            kaon.open(tempfile.gettempdir(), TOKEN)
        # A proxy of the environment would hear it.
        os.environ["http_proxy"] = "http://127.0.0.1:1"
        self.addCleanup(os.environ.pop, "http_proxy")
        self.says((200, {}, {}))
        self.client.server()
        self.assertEqual(len(self.asked), 1)

    def test_the_program_asks_as_this_does(self):
        with tempfile.TemporaryDirectory() as folder:
            program, ca = os.path.join(folder, "kaon"), os.path.join(folder, "ca.pem")
            with open(program, "w") as f:
                f.write("#!/bin/sh\nprintf '{\"sweep\": \"%s %s\", \"state\": \"succeeded\"}' \"$KAON_TOKEN\" \"$SSL_CERT_FILE\"\n")
            os.chmod(program, 0o755)
            with open(ca, "w"):
                pass
            former = os.getcwd()
            os.chdir(folder)
            self.addCleanup(os.chdir, former)
            with mock.patch.dict(os.environ, KAON_BINARY=program):
                self.says((200, {}, {"sweep": "s"}))
                page = kaon.open(self.address, TOKEN, cafile="ca.pem").sweep("s").report()
                self.assertEqual(json.loads(page)["sweep"], TOKEN + " " + os.path.realpath(ca))
                draft = kaon.sweep({"command": "true"})
                self.assertEqual(draft.submit(self.address, TOKEN, cafile="ca.pem").id, TOKEN + " " + os.path.realpath(ca))
                self.assertEqual(draft.run(server=self.address, token=TOKEN, cafile="ca.pem", quiet=True).id, TOKEN + " " + os.path.realpath(ca))

    def test_results_of_a_server(self):
        trial = {"trial": 0, "state": "succeeded", "value": "NaN", "attempt": 1, "params": {"opt": {"lr": 1}, "<b>": "</td><script>"}, "seed": 2**64 - 1,
                 "metrics": [{"name": "a\"b", "value": "Infinity"}], "attempts": [{"attempt": 1, "end": {"reason": "because"}}]}
        self.says((200, {}, {"sweep": "s1", "metric": "<i>m</i>", "state": "running", "trials": {"total": 1, "running": 1}, "items": [trial]}))
        sweep = kaon.open(self.address, TOKEN).sweep("s1")
        rows = sweep.trials(filter="params.lr<1", sort="value")
        row = rows[0]
        self.assertNotEqual(row["value"], row["value"])
        self.assertEqual((row["param.opt.lr"], row['metric.a"b'], row["reason"]), (1, float("inf"), "because"))
        self.assertIn("filter=params.lr%3C1", self.asked[-1][1])
        page = rows._repr_html_()
        self.assertNotIn("<script>", page)
        self.assertIn("&lt;script&gt;", page)
        self.assertIn("param.&lt;b&gt;", page)


class Streams(unittest.TestCase):
    def read(self, text):
        return list(events.read(io.BytesIO(text)))

    def test_a_socket_of_any_name(self):
        with tempfile.TemporaryDirectory() as folder:
            for name in ("50% off", "run#3", "a?b", "new\nline", "[x]%20", "deep" * 40):
                path = os.path.join(folder, name, "api.sock")
                os.mkdir(os.path.dirname(path))
                with contextlib.closing(socket.socket(socket.AF_UNIX)) as listener:
                    at = os.open(os.path.dirname(path), os.O_RDONLY)
                    listener.bind("/proc/self/fd/%d/api.sock" % at)
                    os.close(at)
                    listener.listen(1)

                    def answer():
                        one, _ = listener.accept()
                        with one:
                            one.recv(1 << 16)
                            one.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n{"name":"you"}')

                    thread = threading.Thread(target=answer)
                    thread.start()
                    self.assertEqual(kaon.Client("unix://" + path).whoami(), {"name": "you"}, name)
                    thread.join()
            with self.assertRaisesRegex(kaon.Unreachable, "does not answer: No such file"):
                kaon.Client("unix://" + os.path.join(folder, "no" * 100, "api.sock")).whoami()

    def test_events(self):
        got = self.read(b': hello\n\nid: 7\nevent: snapshot\ndata: {"sweeps":\ndata: []}\n\nevent: alive\ndata: {}\n\nid: 8\r\ndata: {"kind": "ended"}\r\n\r\nid: 9\ndata: {"half"')
        self.assertEqual(got, [("7", "snapshot", {"sweeps": []}), ("8", "ended", {"kind": "ended"})])

    def test_garbage(self):
        self.assertEqual(self.read(b"data: nonsense\n\ndata: [1]\n\ndata\n\n\xff\xfe: x\n\ndata: " + b"[" * 100000 + b"\n\n"), [])
        events._LONGEST, former = 100, events._LONGEST
        try:
            with self.assertRaises(kaon.KaonError):
                self.read(b"data: " + b"x" * 200)
            with self.assertRaises(kaon.KaonError):
                self.read(b"data: x\n" * 50)
        finally:
            events._LONGEST = former


class Watches(Server):
    def test_goes_on_where_it_was(self):
        stream = {"Content-Type": "text/event-stream"}
        self.says((200, stream, b'id: 4\nevent: event\ndata: {"kind": "trial", "trial": 1}\n\nid: 5\nda'), (200, stream, b'id: 5\nevent: event\ndata: {"kind": "ended"}\n\n'))
        self.assertEqual([e.kind for e in self.client.watch("s")], ["trial", "ended"])
        self.assertEqual([h.get("Last-Event-ID") for _, _, h, _ in self.asked], [None, "4"])

    def test_waits_for_a_server_that_is_gone_for_a_while(self):
        """By a clock that nobody waits for."""
        now = [0.0]
        stream = {"Content-Type": "text/event-stream"}
        self.says((200, stream, b'id: 4\nevent: event\ndata: {"kind": "trial"}\n\n'), (429, {"Retry-After": "3"}, {"detail": "slowly"}), (503, {}, {"detail": "stands by"}),
                  (200, stream, b""), (200, stream, b'id: 5\nevent: event\ndata: {"kind": "ended"}\n\n'))
        send, refused = self.client._send, []

        def away(*args, **kwargs):
            if len(self.asked) == 1 and now[0] < 40 or len(self.asked) == 4 and now[0] < 90:
                refused.append(now[0])
                raise kaon.Unreachable("nobody there")
            return send(*args, **kwargs)

        def sleep(seconds):
            now[0] += seconds

        with mock.patch.object(client.time, "monotonic", lambda: now[0]), mock.patch.object(client.time, "sleep", sleep), \
                mock.patch.object(self.client, "_send", away):
            self.assertEqual([e.kind for e in self.client.watch("s")], ["trial", "ended"])
            self.assertEqual([h.get("Last-Event-ID") for _, _, h, _ in self.asked], [None] + ["4"] * 4)
            self.assertGreater(len(refused), 12)
            self.asked[:] = [None]
            now[0] = -1000.0  # it stays away for longer than a minute, and has never answered
            with self.assertRaisesRegex(kaon.Unreachable, "nobody there"):
                next(self.client.events())
            self.assertLess(now[0], -980)

    def test_one_that_has_ended(self):
        self.says((200, {"Content-Type": "text/event-stream"}, b'id: 1\nevent: snapshot\ndata: {"sweeps": [{"finished": "2026"}]}\n\n'))
        self.assertEqual([e.kind for e in self.client.watch("s")], ["snapshot"])

    def test_no_stream(self):
        self.says((200, {}, b"<html>"))
        with self.assertRaises(kaon.Refused):
            next(self.client.events())


if __name__ == "__main__":
    unittest.main()
