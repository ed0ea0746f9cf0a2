"""Builds the wheel by the standard library alone, so that `pip install ./python` needs no network and nothing beside it (PEP 517).

The program kaon packs the same wheel (`kaon wheel`, python/wheel.go); a test compares them.
"""

import base64
import hashlib
import os
import re
import sys
import zipfile

HERE = os.path.dirname(os.path.abspath(__file__))


def project(key):
    """A value of [project]. Python 3.8 has no reader of TOML, and this file is ours."""
    with open(os.path.join(HERE, "pyproject.toml"), encoding="utf-8") as f:
        return re.search(r'^%s = "(.*)"$' % re.escape(key), f.read(), re.M).group(1)


def sources():
    """Names in the wheel, in order."""
    package = sorted("kaon/" + n for n in os.listdir(os.path.join(HERE, "kaon")) if n.endswith(".py") or n == "py.typed")
    return package + ["kaon_call.py", "kaon_describe.py"]


def metadata():
    with open(os.path.join(HERE, "README.md"), encoding="utf-8") as f:
        readme = f.read()
    return ("Metadata-Version: 2.1\nName: %s\nVersion: %s\nSummary: %s\nRequires-Python: %s\nDescription-Content-Type: text/markdown\n\n%s"
            % (project("name"), project("version"), project("description"), project("requires-python"), readme))


def contents():
    """Names and bytes of the wheel."""
    folder = "%s-%s.dist-info/" % (project("name"), project("version"))
    files = []
    for name in sources():
        with open(os.path.join(HERE, *name.split("/")), "rb") as f:
            files.append((name, f.read()))
    files.append((folder + "METADATA", metadata().encode("utf-8")))
    files.append((folder + "WHEEL", b"Wheel-Version: 1.0\nGenerator: kaon\nRoot-Is-Purelib: true\nTag: py3-none-any\n"))
    record = "".join("%s,sha256=%s,%d\n" % (name, base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode(), len(data))
                     for name, data in files)
    files.append((folder + "RECORD", (record + folder + "RECORD,,\n").encode("utf-8")))
    return files


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    name = "%s-%s-py3-none-any.whl" % (project("name"), project("version"))
    with zipfile.ZipFile(os.path.join(wheel_directory, name), "w") as wheel:
        for entry, data in contents():
            wheel.writestr(zipfile.ZipInfo(entry, (1980, 1, 1, 0, 0, 0)), data)
    return name


def build_sdist(sdist_directory, config_settings=None):
    import io
    import tarfile

    top = "%s-%s" % (project("name"), project("version"))
    with tarfile.open(os.path.join(sdist_directory, top + ".tar.gz"), "w:gz") as out:
        names = sources() + ["README.md", "pyproject.toml", "wheel_backend.py"]
        for name in names:
            out.add(os.path.join(HERE, *name.split("/")), top + "/" + name)
        info = tarfile.TarInfo(top + "/PKG-INFO")
        data = metadata().encode("utf-8")
        info.size = len(data)
        out.addfile(info, io.BytesIO(data))
    return top + ".tar.gz"


if __name__ == "__main__":
    print(build_wheel(sys.argv[1] if len(sys.argv) > 1 else "."))
