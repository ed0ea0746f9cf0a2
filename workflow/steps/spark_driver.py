"""Runs spark-submit, and tells kaon how far the application is, from Spark's REST API (/api/v1 of the driver's UI).

Words: a JSON object of settings, then spark-submit and its words.
"""
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request

settings, words = json.loads(sys.argv[1]), sys.argv[2:]
program = words[0]
env = dict(os.environ)
beside = os.path.join(os.path.dirname(program), "python3")
if "/" in program and os.path.exists(beside):  # a Python package's spark-submit finds itself by its own Python
    env.setdefault("PYSPARK_PYTHON", os.path.abspath(beside))

port = settings.get("port") or int(env.get("PORT0", 0))
if settings["ui"] and not settings.get("port") and port:
    words[1:1] = ["--conf", "spark.ui.port=%d" % port]
words[1:1] = ["--conf", "spark.kaon.step=" + settings["step"]]

# What the driver says. The last line that names an exception is why it failed: Spark's very last lines are about folders it removes.
EXCEPTION = re.compile(r"^(?:Exception in thread \S+ |Caused by: )?((?:[\w$]+\.)*[\w$]*(?:Error|Exception)\b.*)")
SUBMITTED = re.compile(r'"submissionId"\s*:\s*"([^"]+)"|\b(driver-\d{14}-\d{4,})\b|\b(application_\d+_\d+)\b')
why, submitted = None, None


def copy(source, to):
    global why, submitted
    for line in iter(source.readline, b""):
        to.write(line)
        to.flush()
        text = line.decode("utf-8", "replace").strip()
        found = EXCEPTION.match(text)
        if found:
            why = found.group(1)[:500]
        if settings["cluster"] and not submitted:
            found = SUBMITTED.search(text)
            submitted = found and next(filter(None, found.groups()))


def say(value):
    with open(env.get("KAON_METRICS", os.devnull), "a") as f:
        f.write(json.dumps(value) + "\n")


def get(path, port=port):
    with urllib.request.urlopen("http://127.0.0.1:%d/api/v1/applications%s" % (port, path), timeout=5) as answer:
        return json.load(answer)


class Progress:
    """What the REST API has told."""

    def __init__(self):
        self.app = self.ui = self.port = None
        self.last = {}
        self.told = set()

    def find(self):
        """A port that was taken makes Spark try those behind it; another application may have it."""
        tries = 16 if settings.get("port") else 1
        for p in range(port, port + tries):
            try:
                for app in get("", p):
                    known = dict(get("/%s/environment" % app["id"], p).get("sparkProperties", []))
                    if known.get("spark.kaon.step") == settings["step"]:
                        host = env.get("SPARK_PUBLIC_DNS") or env.get("SPARK_LOCAL_HOSTNAME") or socket.gethostname()
                        self.app, self.port, self.ui = app["id"], p, "http://%s:%d" % (host, p)
                        say({"artifact": {"name": "spark_ui", "value": self.ui}})
                        say({"artifact": {"name": "spark_app", "value": self.app}})
                        return
            except (OSError, ValueError, KeyError):
                continue

    def look(self):
        if not self.app:
            self.find()
        if not self.app:
            return
        try:
            jobs = get("/%s/jobs" % self.app, self.port)
        except (OSError, ValueError):
            return  # it is ending
        total = sum(j["numTasks"] - j["numSkippedTasks"] for j in jobs)
        now = {
            "jobs": len(jobs),
            "jobs_done": sum(j["status"] != "RUNNING" for j in jobs),
            "stages_done": sum(j["numCompletedStages"] for j in jobs),
            "stages": sum(len(j["stageIds"]) - j["numSkippedStages"] for j in jobs),
            "tasks": total,
            "tasks_done": sum(j["numCompletedTasks"] for j in jobs),
            "tasks_failed": sum(j["numFailedTasks"] for j in jobs),
        }
        if now != self.last and jobs:
            self.last = now
            say({"progress": round(100.0 * now["tasks_done"] / total, 1) if total else 0, "spark": now})
        for j in sorted(jobs, key=lambda j: j["jobId"]):
            most = 100  # an attempt has room for 200
            if j["status"] in ("SUCCEEDED", "FAILED") and j["jobId"] not in self.told and len(self.told) < most:
                self.told.add(j["jobId"])
                say({"milestone": "job %d %s: %s, %d tasks" % (j["jobId"], j["status"].lower(), j["name"][:200], j["numCompletedTasks"])})


ending = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: ending.set())
try:
    child = subprocess.Popen(words, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
except OSError as e:
    sys.exit("%s: %s: install Spark, or name its spark-submit by `spark_submit`" % (program, e.strerror))
copies = [
    threading.Thread(target=copy, args=a, daemon=True)
    for a in ((child.stdout, sys.stdout.buffer), (child.stderr, sys.stderr.buffer))
]
for c in copies:
    c.start()


def master(*more):
    return subprocess.run([program, "--master", settings["master"]] + list(more), env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def kill():
    """The application runs elsewhere in cluster mode: to end spark-submit does not end it."""
    if submitted.startswith("application_"):
        subprocess.run(["yarn", "application", "-kill", submitted], env=env)
    else:
        sys.stderr.buffer.write(master("--kill", submitted).stdout)


progress = Progress()
killed = False
while True:
    code = child.poll()
    if ending.is_set() and submitted and not killed:
        killed = True
        kill()
    if code is not None:
        break
    if settings["ui"] and not ending.is_set():
        progress.look()
    ending.wait(0.5)
    if ending.is_set():
        time.sleep(0.05)
for c in copies:
    c.join(2)  # what it started may hold its pipes
if ending.is_set() and submitted and not killed:
    killed = True
    kill()
if code == 0 and submitted and not killed and submitted.startswith("driver-"):
    state = ""
    while state not in ("FINISHED", "FAILED", "KILLED", "ERROR") and not ending.wait(settings.get("every", 5)):
        found = re.search(r'"driverState"\s*:\s*"(\w+)"|is (FINISHED|FAILED|KILLED|ERROR)\b', master("--status", submitted).stdout.decode("utf-8", "replace"))
        state = found and (found.group(1) or found.group(2)) or ""
    if ending.is_set():
        kill()
        code = 143
    elif state != "FINISHED":
        code, why = 1, "driver %s ended as %s" % (submitted, state)

path = env.get("KAON_OUTPUT")
if path and code == 0:
    try:
        with open(path) as f:
            out = json.load(f)
    except FileNotFoundError:
        out = {}
    except ValueError:
        out = None  # kaon says what is wrong with it
    if isinstance(out, dict):
        spark = dict(progress.last, app=progress.app, ui=progress.ui)
        if submitted:
            spark["submission"] = submitted
        out.setdefault("spark", {k: v for k, v in spark.items() if v is not None})
        with open(path + ".new", "w") as f:
            json.dump(out, f)
        os.replace(path + ".new", path)
if code != 0 and why:
    sys.stderr.write("%s\n" % why)
sys.exit(code if code >= 0 else 128 - code)
