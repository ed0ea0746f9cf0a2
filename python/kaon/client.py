"""A client of a kaon server's HTTP API (docs/openapi.json), by the standard library alone."""

from __future__ import annotations

import http.client
import json
import os
import re
import socket
import ssl
import sys
import time
from typing import Any, Dict, Iterator, List, Optional, Tuple
from urllib.parse import quote, urlencode, urlsplit

from . import events as sse
from .errors import Denied, KaonError, NotFound, Refused, SpecError, Unreachable

_TOKEN = re.compile(r"[\x21-\x7e]+")
_LARGEST = 1 << 30  # bytes of an answer
_AGAIN, _WAIT = 5, 10.0  # how often a server may ask for patience, and seconds at a time
_AT_FIRST, _GONE = 10.0, 60.0  # seconds for which events() waits for a server that has not answered yet, and for one that has
_PAGE = 5000
_LONGEST_PATH = 107  # bytes of a socket's name that the kernel takes


class _Secret:
    """A text that nobody prints: tracebacks with local variables show this object's repr."""

    __slots__ = ("_get",)

    def __init__(self, text: str) -> None:
        self._get = lambda: text

    def __repr__(self) -> str:
        return "<secret>"

    def __reduce__(self) -> Any:
        raise TypeError("a token is not written anywhere: open the server anew")

    def put(self, connection: http.client.HTTPConnection) -> None:
        connection.putheader("Authorization", "Bearer " + self._get())


class _Unix(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("kaon", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        path = os.fsencode(self._path)
        if len(path) <= _LONGEST_PATH:
            self.sock.connect(path)
            return
        folder = os.open(os.path.dirname(path), os.O_RDONLY)
        try:
            self.sock.connect(b"/proc/self/fd/%d/%s" % (folder, os.path.basename(path)))
        finally:
            os.close(folder)


class _Later(Refused):
    """A server wants more seconds between requests."""

    def __init__(self, text: str, seconds: float) -> None:
        super().__init__(text)
        self.seconds = seconds


def _loopback(host: str) -> bool:
    return host in ("localhost", "::1") or re.fullmatch(r"127\.\d+\.\d+\.\d+", host) is not None


class Client:
    """Asks one server: http://host:port, https://host:port or unix:///path/api.sock. A token is not sent in the clear beyond this
    machine, follows no redirect, uses no proxy, and is in no repr and no message.
    With client_cert and client_key, PEM files, an https server is shown that certificate, instead of a token or beside one."""

    def __init__(self, address: str, token: Optional[str] = None, *, timeout: float = 60, cafile: Optional[str] = None,
                 client_cert: Any = None, client_key: Any = None) -> None:
        path = address[len("unix://"):] if address.startswith("unix:///") else ""  # as the system has it, with nothing escaped
        parts = urlsplit("unix:" if path else address)
        if token is None and not path:
            token = os.environ.get("KAON_TOKEN") or _kept(address)
        if parts.username or parts.password:
            raise Refused("the address of a server has no name and no password: give token=…, or set KAON_TOKEN")
        self.address, self.cafile, self._timeout, self._prefix = address, cafile, timeout, ""
        self._secret: Optional[_Secret] = None
        self._tls: Optional[ssl.SSLContext] = None
        self._shown: Tuple[str, str] = ("", "")  # certificate and key
        self._shown_as: Any = None  # what they were when they were read
        if token is not None:
            if not _TOKEN.fullmatch(token):
                raise Refused("the token has characters that no token has: copy it anew, without line ends")
            self._secret = _Secret(token)
        if path:
            if client_cert or client_key:
                raise Refused("%s: certificates are shown by TLS alone, and this is a socket" % address)
            self._host, self._port, self._socket = "kaon", 0, path
            return
        self._socket = ""
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise Refused("%r is no server: write http://host:port, https://host:port or unix:///path/api.sock" % address)
        if self._secret and parts.scheme == "http" and not _loopback(parts.hostname):
            raise Refused("a token would go over the network as it is to %s: use https" % address)
        if parts.scheme == "https":
            self._shown = _certificate(address, client_cert, client_key)
            self._context()
        elif client_cert or client_key:
            raise Refused("%s: certificates are shown by TLS alone: write https" % address)
        self._host, self._port = parts.hostname, parts.port or (443 if self._tls else 80)
        self._prefix = parts.path.rstrip("/")

    def __repr__(self) -> str:
        return "kaon.Client(%r)" % self.address

    def _context(self) -> ssl.SSLContext:
        """What connections are made with: certificate and key are read again when they have changed, as those that end soon are made anew."""
        cert, key = self._shown
        if not cert:
            if self._tls is None:
                self._tls = ssl.create_default_context(cafile=self.cafile)
            return self._tls
        try:
            now = [(s.st_ino, s.st_mtime_ns, s.st_size, s.st_mode) for s in (os.stat(cert), os.stat(key))]
            if self._tls is None or self._shown_as != now:
                if now[1][3] & 0o007:
                    raise Refused("anybody on this machine can read or write the key %s: chmod 600 %s" % (key, key))
                tls = ssl.create_default_context(cafile=self.cafile)
                tls.load_cert_chain(cert, key, password=_unasked)
                self._tls, self._shown_as = tls, now
        except (OSError, ValueError) as error:
            raise Refused("client certificate %s with key %s: %s" % (cert, key, _why(error))) from None
        return self._tls

    def _connection(self, timeout: float) -> http.client.HTTPConnection:
        if self._socket:
            return _Unix(self._socket, timeout)
        if self._tls:
            return http.client.HTTPSConnection(self._host, self._port, timeout=timeout, context=self._context())
        return http.client.HTTPConnection(self._host, self._port, timeout=timeout)

    def _send(self, method: str, path: str, query: Any, body: Optional[bytes], headers: Dict[str, str],
              timeout: Optional[float] = None) -> Tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        connection = self._connection(timeout or self._timeout)
        target = self._prefix + "/v1" + path + ("?" + urlencode(query, doseq=True) if query else "")
        try:
            connection.putrequest(method, target, skip_accept_encoding=True)
            if self._secret:
                self._secret.put(connection)
            for name, value in headers.items():
                connection.putheader(name, value)
            if body is not None:
                connection.putheader("Content-Type", "application/json")
                connection.putheader("Content-Length", str(len(body)))
            elif method not in ("GET", "HEAD"):
                connection.putheader("Content-Length", "0")
            connection.endheaders(body)
            return connection, connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise Unreachable("%s does not answer: %s" % (self.address, _why(error))) from None

    def _request(self, method: str, path: str, query: Any = None, body: Any = None, headers: Optional[Dict[str, str]] = None) -> bytes:
        text = None if body is None else json.dumps(body).encode("utf-8")
        for again in range(_AGAIN + 1):
            connection, answer = self._send(method, path, query, text, headers or {})
            try:
                data = _all(answer)
            except (OSError, http.client.HTTPException) as error:
                raise Unreachable("%s broke off: %s" % (self.address, _why(error))) from None
            finally:
                connection.close()
            if len(data) > _LARGEST:
                raise KaonError("the answer of %s is larger than %d bytes" % (self.address, _LARGEST))
            if 200 <= answer.status < 300:
                return data
            wait = _seconds(answer.getheader("Retry-After")) if answer.status == 429 else None
            if wait is None or wait > _WAIT or again == _AGAIN:
                raise self._problem(answer.status, data)
            time.sleep(wait)
        raise AssertionError("not reached")

    def _problem(self, status: int, data: bytes) -> KaonError:
        try:
            told = json.loads(data.decode("utf-8"))
        except (ValueError, RecursionError):
            told = None
        told = told if isinstance(told, dict) else {}
        text = str(told.get("detail") or told.get("title") or "")
        if isinstance(told.get("spec"), list) and told["spec"]:
            return SpecError(told["spec"])
        for one in told.get("errors") or []:
            if isinstance(one, dict):
                text += "\n  %s: %s" % (one.get("location"), one.get("message"))
        if 300 <= status < 400:
            return Unreachable("%s answers with a redirect (%d), which is not followed: write the address that it leads to" % (self.address, status))
        if status in (401, 403):
            return Denied(text or "%s answers %d: give token=…, or set KAON_TOKEN" % (self.address, status))
        text = text or "%s answers %d %s" % (self.address, status, http.client.responses.get(status, ""))
        if status == 404:
            return NotFound(text)
        return (Unreachable if status >= 500 else Refused)(text)

    def ask(self, method: str, path: str, query: Any = None, body: Any = None, headers: Optional[Dict[str, str]] = None) -> Any:
        """One operation of the API: the JSON value that it answers, None for nothing. Names in the path are to be quoted."""
        data = self._request(method, path, query, body, headers)
        if not data:
            return None
        try:
            return json.loads(data.decode("utf-8"))
        except (ValueError, RecursionError):
            raise Unreachable("%s answers what is no JSON; is it a kaon server? %.80r" % (self.address, data)) from None

    def _object(self, *args: Any, **kwargs: Any) -> Dict[str, Any]:
        return self._kind(self.ask(*args, **kwargs), dict)

    def _list(self, *args: Any, **kwargs: Any) -> List[Any]:
        return [self._kind(one, dict) for one in self._kind(self.ask(*args, **kwargs), list)]

    def _kind(self, value: Any, kind: type) -> Any:
        if value is None and kind is list:
            return []
        if not isinstance(value, kind):
            raise Unreachable("%s answers something else than was asked for (%s); is it a kaon server?" % (self.address, type(value).__name__))
        return value

    def _pages(self, path: str, query: Dict[str, Any], limit: Optional[int]) -> Iterator[Dict[str, Any]]:
        cursor, got = "", 0
        while limit is None or got < limit:
            most = _PAGE if limit is None else min(_PAGE, limit - got)
            page = self._object("GET", path, dict(query, limit=most, **({"cursor": cursor} if cursor else {})))
            items = [self._kind(one, dict) for one in self._kind(page.get("items"), list)]
            yield from items
            got += len(items)
            former, cursor = cursor, str(page.get("next") or "")
            if not cursor or not items or cursor == former:
                return

    # Sweeps

    def sweeps(self, *, state: Any = None, owner: Optional[str] = None, label: Any = None, queue: Optional[str] = None,
               text: Optional[str] = None, archived: bool = False, limit: Optional[int] = None) -> Iterator[Dict[str, Any]]:
        """All sweeps, the newest first."""
        query = {"state": state, "owner": owner, "label": label, "queue": queue, "text": text, "archived": "true" if archived else None}
        return self._pages("/sweeps", {k: v for k, v in query.items() if v}, limit)

    def sweep(self, sweep: str) -> Dict[str, Any]:
        """How a sweep stands."""
        return self._object("GET", "/sweeps/" + _name(sweep))

    def submit(self, spec: Any = "", *, file: str = "", folder: str = "", like: str = "", set: Any = (), seed: Optional[int] = None,
               labels: Any = (), key: str = "") -> Dict[str, Any]:
        """Run a sweep: a spec as text or dictionary. What it needs beside itself must be on the server already (`folder`, or `file` for a
        server of this machine); `kaon submit` uploads it. With a key a second submission is the first."""
        body = {"spec": spec if isinstance(spec, str) else json.dumps(spec), "file": file, "folder": folder, "like": like,
                "set": _settings(set), "labels": list(labels)}
        body = {k: v for k, v in body.items() if v}
        if seed is not None:
            body["seed"] = seed
        return self._object("POST", "/sweeps", body=body, headers={"Idempotency-Key": key} if key else None)

    def validate(self, spec: Any, *, set: Any = ()) -> Dict[str, Any]:
        """Check a spec: SpecError when it has mistakes."""
        return self._object("POST", "/validate", body={"spec": spec if isinstance(spec, str) else json.dumps(spec), "set": _settings(set)})

    def plan(self, spec: Any, *, set: Any = (), points: int = 5) -> Dict[str, Any]:
        """What a spec would do."""
        return self._object("POST", "/plan", {"points": points}, {"spec": spec if isinstance(spec, str) else json.dumps(spec), "set": _settings(set)})

    def stop(self, sweep: str, trial: Optional[int] = None, reason: str = "") -> None:
        """End a sweep, or one trial of it; what runs has its grace."""
        at = "/sweeps/" + _name(sweep) + ("" if trial is None else "/trials/%d" % trial)
        self.ask("POST", at + "/stop", body={"reason": reason} if reason else {})

    def pause(self, sweep: str) -> None:
        """Start no more trials."""
        self.ask("POST", "/sweeps/%s/pause" % _name(sweep))

    def resume(self, sweep: str) -> None:
        """End a pause."""
        self.ask("POST", "/sweeps/%s/resume" % _name(sweep))

    def retry(self, sweep: str) -> Dict[str, Any]:
        """Run again what failed."""
        return self._object("POST", "/sweeps/%s/retry" % _name(sweep))

    def extend(self, sweep: str, **changes: Any) -> Dict[str, Any]:
        """Go on by more trials, or other limits: extend(id, run_cap=80), or extend(id, **{"parameters.lr.max": 0.5})."""
        return self._object("POST", "/sweeps/%s/extend" % _name(sweep), body={"set": _settings(changes)})

    def message(self, sweep: str, trial: int, value: Any) -> None:
        """Send a JSON value to a running trial."""
        self.ask("POST", "/sweeps/%s/trials/%d/message" % (_name(sweep), trial), body=value)

    def change(self, sweep: str, **changes: Any) -> Dict[str, Any]:
        """Labels, and whether it is archived."""
        return self._object("PATCH", "/sweeps/" + _name(sweep), body=changes)

    def delete(self, sweep: str) -> Dict[str, Any]:
        """Forget a sweep that has ended, with everything of it."""
        return self._object("DELETE", "/sweeps/" + _name(sweep))

    # Trials

    def trials(self, sweep: str, *, filter: Optional[str] = None, sort: Optional[str] = None, desc: bool = False, state: Any = None,
               limit: Optional[int] = None) -> Iterator[Dict[str, Any]]:
        """Trials of a sweep, by pages."""
        query = {"filter": filter, "sort": sort, "desc": "true" if desc else None, "state": state}
        return self._pages("/sweeps/%s/trials" % _name(sweep), {k: v for k, v in query.items() if v}, limit)

    def trial(self, sweep: str, trial: int) -> Dict[str, Any]:
        """All that is known of one."""
        return self._object("GET", "/sweeps/%s/trials/%d" % (_name(sweep), trial))

    def curves(self, sweep: str, most: int = 100) -> List[Dict[str, Any]]:
        """The objective over the steps of many trials."""
        return self._list("GET", "/sweeps/%s/curves" % _name(sweep), {"most": most})

    def points(self, sweep: str, trial: int, metric: Optional[str] = None, most: Optional[int] = None) -> Dict[str, Any]:
        """Points of a metric of one trial, thinned by the server."""
        query = {"metric": metric, "most": most}
        return self._object("GET", "/sweeps/%s/trials/%d/points" % (_name(sweep), trial), {k: v for k, v in query.items() if v is not None})

    def winner(self, sweep: str) -> Dict[str, Any]:
        """The best trial, as its manifest."""
        return self._object("GET", "/sweeps/%s/winner" % _name(sweep))

    def importance(self, sweep: str) -> Dict[str, Any]:
        """Which parameters the values depend on."""
        return self._object("GET", "/sweeps/%s/importance" % _name(sweep))

    def compare(self, *names: str) -> Dict[str, Any]:
        """Sweeps (each by its best trial) and trials (SWEEP/TRIAL) side by side."""
        return self._object("GET", "/compare", {"sweep": list(names)})

    def artifacts(self, sweep: str, trial: int) -> List[Dict[str, Any]]:
        """Files that a trial left."""
        return self._list("GET", "/sweeps/%s/trials/%d/artifacts" % (_name(sweep), trial))

    def download(self, name: str) -> bytes:
        """A file of the results, by its `object`."""
        return self._request("GET", "/objects/" + "/".join(_name(part) for part in name.split("/")))

    def logs(self, sweep: str, trial: int, stream: str = "stdout") -> str:
        """What a trial wrote."""
        return self._request("GET", "/sweeps/%s/trials/%d/logs" % (_name(sweep), trial), {"stream": stream}).decode("utf-8", "replace")

    # The server

    def server(self) -> Dict[str, Any]:
        """What the server says of itself."""
        return self._object("GET", "/server")

    def whoami(self) -> Dict[str, Any]:
        """Who this client is to the server."""
        return self._object("GET", "/whoami")

    def agents(self) -> List[Dict[str, Any]]:
        """Machines of the cluster."""
        return self._list("GET", "/agents")

    def queues(self) -> Dict[str, Any]:
        """Queues, and how they stand."""
        return self._object("GET", "/queues")

    def usage(self, by: str = "queue", since: str = "") -> Dict[str, Any]:
        """What was used, since a time as 2026-11-30T00:00:00Z; of the last 30 days when it is left out."""
        return self._object("GET", "/usage", {"by": by, **({"since": since} if since else {})})

    def events(self, sweep: Optional[str] = None, last: str = "") -> Iterator[sse.Event]:
        """What happens, for ever: a snapshot, then changes. After a broken connection it goes on where it was, without a gap;
        a server that is gone for longer than a minute is Unreachable."""
        path = "/events" if sweep is None else "/sweeps/%s/events" % _name(sweep)
        failed, gone, patience = 0, 0.0, _AT_FIRST
        while True:
            wait = 0.25
            try:
                for event in self._stream(path, last):
                    failed, patience = 0, _GONE
                    if event is not None:
                        last = event.id or last
                        yield event
            except (Unreachable, _Later) as error:
                gone = gone if failed else time.monotonic()
                failed += 1
                if time.monotonic() - gone > patience:
                    raise
                wait = max(error.seconds, wait) if isinstance(error, _Later) else min(2.0 ** failed, 10.0) / 4
            time.sleep(wait)

    def _stream(self, path: str, last: str) -> Iterator[Optional[sse.Event]]:
        """The events of one connection, behind None when it answers."""
        headers = {"Accept": "text/event-stream"}
        if last:
            headers["Last-Event-ID"] = last
        connection, answer = self._send("GET", path, None, None, headers)
        try:
            if answer.status != 200:
                problem = self._problem(answer.status, answer.read(1 << 20))
                wait = _seconds(answer.getheader("Retry-After")) if answer.status == 429 else None
                raise problem if wait is None or wait > _WAIT else _Later(str(problem), wait)
            if not str(answer.getheader("Content-Type")).startswith("text/event-stream"):
                raise Refused("%s answers no stream of events; is it a kaon server?" % self.address)
            yield None
            yield from sse.read(answer)
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable("%s broke off: %s" % (self.address, _why(error))) from None
        finally:
            connection.close()

    def watch(self, sweep: str) -> Iterator[sse.Event]:
        """What happens to a sweep until it has ended."""
        for event in self.events(sweep):
            yield event
            if event.kind == "ended":
                return
            if event.kind == "snapshot" and any(s.get("finished") for s in event.data.get("sweeps") or [] if isinstance(s, dict)):
                return


def _name(text: str) -> str:
    """One part of a path, whatever it holds."""
    text = str(text)
    if text in ("", ".", ".."):
        raise Refused("%r is no name" % text)
    return quote(text, safe="@")


def _settings(set: Any) -> List[str]:
    """KEY=VALUE words, of those or of a dictionary."""
    if isinstance(set, dict):
        return ["%s=%s" % (key, value if isinstance(value, str) else json.dumps(value)) for key, value in set.items()]
    return [str(one) for one in set]


def _seconds(text: Optional[str]) -> Optional[float]:
    return float(text) if text and text.isdigit() and len(text) < 6 else None


def _all(answer: http.client.HTTPResponse) -> bytes:
    """The body, by pieces: Python 3.8 makes room at once for as much as it is told to read."""
    out = bytearray()
    while len(out) <= _LARGEST:
        piece = answer.read(1 << 16)
        if not piece:
            break
        out += piece
    return bytes(out)


def _login(file: str, address: str) -> Any:
    """What `kaon login` kept for this very address."""
    home = os.path.expanduser("~")
    folder = os.path.join(home, "Library", "Application Support") if sys.platform == "darwin" else os.environ.get("XDG_CONFIG_HOME") or os.path.join(home, ".config")
    try:
        with open(os.path.join(folder, "kaon", file), "rb") as f:
            known = json.loads(f.read(1 << 20).decode("utf-8"))
    except (OSError, ValueError):
        return None
    return known.get(address) if isinstance(known, dict) else None


def _kept(address: str) -> Optional[str]:
    token = _login("servers.json", address)
    return token if isinstance(token, str) else None


def _certificate(address: str, cert: Any, key: Any) -> Tuple[str, str]:
    """Where certificate and key lie that a server is shown: those given, or of the variables, or kept by `kaon login`; empty: none are."""
    names = "client_cert= and client_key="
    if not cert and not key:
        names = "KAON_CLIENT_CERT and KAON_CLIENT_KEY"
        cert, key = os.environ.get("KAON_CLIENT_CERT"), os.environ.get("KAON_CLIENT_KEY")
    if not cert and not key:
        known = _login("certificates.json", address)
        if isinstance(known, dict) and isinstance(known.get("cert"), str) and isinstance(known.get("key"), str):
            cert, key = known["cert"], known["key"]
    if not cert and not key:
        return "", ""
    if not cert or not key:
        raise Refused("%s go together" % names)
    return os.path.abspath(os.fspath(cert)), os.path.abspath(os.fspath(key))


def _unasked() -> str:
    raise ValueError("the key has a password, which nobody is asked for: give one without")


def _why(error: BaseException) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
