"""Asks a database through its module of Python's DB-API: values are bound by it."""
import base64
import datetime
import decimal
import json
import os
import signal
import sys
import urllib.parse

asked = json.loads(sys.argv[1])
address = asked["database"]
if address.startswith("$"):
    name = address[1:].strip("{}")
    address = os.environ.get(name) or sys.exit("database: the variable %s is not set here; name it under `secrets`" % name)
url = urllib.parse.urlsplit(address)
scheme = url.scheme


def module(*names):
    for name in names:
        try:
            return __import__(name, fromlist=["connect"])
        except ImportError:
            continue
    sys.exit("database: %s needs one of the Python modules %s" % (scheme, ", ".join(names)))


def connect():
    path = urllib.parse.unquote(url.path[1:])
    given = {
        "host": url.hostname, "port": url.port, "database": path,
        "user": urllib.parse.unquote(url.username or ""), "password": urllib.parse.unquote(url.password or ""),
    }
    given = {k: v for k, v in given.items() if v}
    if scheme == "sqlite":
        m = module("sqlite3")
        return m, m.connect(path or ":memory:", timeout=60)
    if scheme == "duckdb":
        m = module("duckdb")
        return m, m.connect(path or ":memory:")
    if scheme in ("postgresql", "postgres"):
        m = module("psycopg", "psycopg2", "pg8000.dbapi")
        return m, m.connect(address) if m.__name__ != "pg8000.dbapi" else m.connect(**given)
    if scheme in ("mysql", "mariadb"):
        m = module("pymysql", "MySQLdb", "mysql.connector")
        return m, m.connect(**given)
    if scheme == "trino":
        m = module("trino.dbapi")
        parts = path.split("/")
        return m, m.connect(**dict({k: given[k] for k in ("host", "port", "user") if k in given}, catalog=parts[0] or None, schema=(parts[1:] or [None])[0]))
    sys.exit("database: %s:// is not known; begin it with sqlite, postgresql, mysql, duckdb or trino" % scheme)


def bound(m, statement):
    """The text and the values as the module's paramstyle has them."""
    style, text, values, order = m.paramstyle, "", {}, []
    if scheme == "duckdb":
        style = "duckdb"
    for p in statement:
        if "param" not in p:
            t = p.get("text", "")
            text += t.replace("%", "%%") if style in ("pyformat", "format") and any("param" in x for x in statement) else t
            continue
        name = p["param"]
        values[name] = value(asked["values"][name])
        order.append(values[name])
        text += {"named": ":" + name, "pyformat": "%(" + name + ")s", "format": "%s", "numeric": ":%d" % len(order), "qmark": "?", "duckdb": "$" + name}[
            "named" if scheme == "sqlite" else style
        ]
    by_name = scheme == "sqlite" or style in ("named", "pyformat", "duckdb")
    return text.strip(), values if by_name else order


def value(v):
    return json.dumps(v) if isinstance(v, (list, dict)) else v


def plain(v):
    if isinstance(v, decimal.Decimal):
        return int(v) if v == v.to_integral_value() else float(v)
    if isinstance(v, (datetime.date, datetime.time, datetime.datetime)):
        return v.isoformat()
    if isinstance(v, (bytes, bytearray, memoryview)):
        return base64.b64encode(bytes(v)).decode()
    if isinstance(v, float) and (v != v or v in (float("inf"), float("-inf"))):
        return str(v)
    return v if v is None or isinstance(v, (bool, int, float, str)) else str(v)


try:
    m, connection = connect()
except Exception as e:  # of whatever module
    sys.exit("connect to %s: %s" % (scheme, str(e).strip().replace("\n", " ")))


def stop(*_):
    """The database is to stop working on what nobody waits for."""
    for name in ("interrupt", "cancel"):
        if hasattr(connection, name):
            getattr(connection, name)()
            break
    os._exit(143)


signal.signal(signal.SIGTERM, stop)
out, n = {"rows": [], "columns": [], "count": 0}, len(asked["statements"])
try:
    cursor = connection.cursor()
    for i, statement in enumerate(asked["statements"]):
        text, values = bound(m, statement)
        cursor.execute(text, values) if values else cursor.execute(text)
        if cursor.description:
            names = [d[0] for d in cursor.description]
            rows = cursor.fetchmany(asked["rows"]) if asked["rows"] else []
            count = len(rows)
            while True:  # the rest is only counted
                more = cursor.fetchmany(10000)
                if not more:
                    break
                count += len(more)
            out = {"columns": names, "rows": [dict(zip(names, map(plain, r))) for r in rows], "count": count}
        elif cursor.rowcount is not None and cursor.rowcount >= 0:
            out["affected"] = out.get("affected", 0) + cursor.rowcount
        with open(os.environ.get("KAON_METRICS", os.devnull), "a") as f:
            f.write(json.dumps({"progress": round(100.0 * (i + 1) / n, 1)}) + "\n")
    connection.commit()
except Exception as e:  # of whatever module
    sys.exit("statement %d: %s: %s" % (i + 1, type(e).__name__, str(e).strip().replace("\n", " ")))
if out["rows"]:
    out["first"] = out["rows"][0]
with open(os.environ["KAON_OUTPUT"], "w") as f:
    json.dump(out, f)
print("%d rows" % out["count"])
