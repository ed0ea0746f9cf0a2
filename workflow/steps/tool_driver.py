"""Runs a tool of the command line that tells how far it is, and why it fails, in what it prints.

Words: a JSON object of settings. `words`: the command. `files`: texts by name, written beside it and named in words as {name}.
`progress`: patterns whose groups are percents. `error`: a pattern of the line that says why. `rows`: read CSV from its output.
"""
import csv
import io
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading

settings = json.loads(sys.argv[1])
folder = tempfile.TemporaryDirectory()
words = settings["words"]
for name, text in settings.get("files", {}).items():
    path = os.path.join(folder.name, name)
    with open(path, "w") as f:
        f.write(text)
    words = [w.replace("{" + name + "}", path) for w in words]
patterns = [re.compile(p) for p in settings.get("progress", [])]
error = re.compile(settings.get("error", "$^"))
last, why, lines = -1, None, []
bytes_kept = 0
most = settings.get("rows")
ending = False


def look(line):
    global last, why
    for p in patterns:
        found = p.search(line)
        if found:
            parts = [float(g) for g in found.groups() if g is not None]
            percent = sum(parts) / len(parts)
            if percent != last:
                last = percent
                with open(os.environ.get("KAON_METRICS", os.devnull), "a") as f:
                    f.write(json.dumps({"progress": percent}) + "\n")
    if error.search(line):
        why = line.strip()[:500]


def copy(source, to, keep):
    global bytes_kept
    for raw in iter(source.readline, b""):
        to.write(raw)
        to.flush()
        line = raw.decode("utf-8", "replace")
        if keep and bytes_kept < 8 << 20:
            bytes_kept += len(raw)
            lines.append(line)
        look(line)


def end(*_):
    """A tool that is interrupted takes back what it has asked for; when it does not end, it is ended with its group."""
    global ending
    if not ending:
        ending = True
        child.send_signal(signal.SIGINT if settings.get("interrupt") else signal.SIGTERM)


try:
    child = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
except OSError as e:
    sys.exit("%s: %s: %s" % (words[0], e.strerror, settings.get("remedy", "install it")))
signal.signal(signal.SIGTERM, end)
copies = [
    threading.Thread(target=copy, args=(child.stdout, sys.stdout.buffer, most is not None), daemon=True),
    threading.Thread(target=copy, args=(child.stderr, sys.stderr.buffer, False), daemon=True),
]
for c in copies:
    c.start()
code = child.wait()
for c in copies:
    c.join(2)  # what it started may hold its pipes
if code == 0 and why and settings.get("strict"):
    code = 1  # beeline -f ends with 0 in some versions whatever has failed
if code == 0 and most is not None:
    for i in range(len(lines) - 1, -1, -1):
        if settings.get("mark") and lines[i].strip() == settings["mark"]:
            lines = lines[i + 1:]
            break
    lines = [line.replace("\r", "") for line in lines]
    rows = [r for r in csv.reader(io.StringIO("".join(lines))) if r]
    names, rows = (rows[0], rows[1:]) if rows else ([], [])
    names = [n.rsplit(".", 1)[-1] for n in names]
    rows = [dict(zip(names, r)) for r in rows if len(r) == len(names)]
    out = {"columns": names, "rows": rows[:most], "count": len(rows)}
    if rows:
        out["first"] = rows[0]
    with open(os.environ["KAON_OUTPUT"], "w") as f:
        json.dump(out, f)
if code != 0 and why:
    sys.stderr.write(why + "\n")
sys.exit(code if code >= 0 else 128 - code)
