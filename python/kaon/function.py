"""Where a function is that trials are to call: in its own file, or, of a notebook, in one that is written for it."""

from __future__ import annotations

import ast
import hashlib
import inspect
import linecache
import os
import stat
import symtable
import sys
import textwrap
import types
from typing import Any, Callable, Dict

from .errors import Refused

FOLDER = "kaon-code"  # below the working directory: trials start there


def place(call: Callable[..., Any]) -> str:
    """FILE:FUNCTION, or MODULE:FUNCTION of what is installed."""
    call = inspect.unwrap(call)
    name = call.__qualname__
    if "<" in name:
        raise Refused("%s is made within another function or is a lambda: trials find only what stands at the top of a file" % name)
    module = sys.modules.get(call.__module__)
    file = getattr(module, "__file__", None)
    if call.__module__ == "__main__" and (file is None or _notebook()):
        return "%s:%s" % (_write(call), name)
    if file is None:
        raise Refused("%s is in no file: write it into one" % name)
    relative = os.path.relpath(file)
    if relative.startswith(os.pardir + os.sep):
        return "%s:%s" % (call.__module__, name) if call.__module__ != "__main__" else "%s:%s" % (file, name)
    return "%s:%s" % (relative, name)


def _notebook() -> bool:
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return shell is not None


def _write(call: Callable[..., Any]) -> str:
    """A file with the function and all that it uses of the notebook; its name says what is in it, so that a change makes another file."""
    text = _text(call)
    name = "%s_%s.py" % (call.__name__, hashlib.sha256(text.encode("utf-8")).hexdigest()[:12])
    os.makedirs(FOLDER, mode=0o755, exist_ok=True)
    made = os.lstat(FOLDER)
    if not stat.S_ISDIR(made.st_mode) or hasattr(os, "getuid") and made.st_uid != os.getuid():
        raise Refused("%s in this folder is somebody else's, or a link: who made it could change what trials run; work in a folder of your own" % FOLDER)
    path = os.path.join(FOLDER, name)
    mine = "%s.%d" % (path, os.getpid())
    with open(mine, "w", encoding="utf-8") as f:
        f.write(text)
    os.replace(mine, path)
    return path


def _text(call: Callable[..., Any]) -> str:
    imports: Dict[str, str] = {}
    values: Dict[str, str] = {}
    sources: Dict[str, str] = {}
    _gather(call.__name__, call, imports, values, sources)
    return "\n".join(["# Written by kaon from a notebook.", *imports.values(), *values.values(), "", "", *(source + "\n\n" for source in sources.values())])


def _gather(name: str, found: Any, imports: Dict[str, str], values: Dict[str, str], sources: Dict[str, str]) -> None:
    """Adds what stands for a name of the notebook, and what that needs."""
    if name in imports or name in values or name in sources:
        return
    if isinstance(found, types.ModuleType):
        imports[name] = "import %s as %s" % (found.__name__, name) if found.__name__ != name else "import " + name
        return
    home = getattr(found, "__module__", None)
    own = getattr(inspect.unwrap(found), "__name__", None) if callable(found) else None
    if callable(found) and home not in (None, "__main__") and own and getattr(sys.modules.get(home), own, None) is found:
        imports[name] = "from %s import %s" % (home, own) + (" as " + name if own != name else "")
        return
    if isinstance(inspect.unwrap(found) if callable(found) else found, (types.FunctionType, type)) and home == "__main__":
        inner = inspect.unwrap(found)
        try:
            source = _class(inner) if isinstance(inner, type) else textwrap.dedent(inspect.getsource(inner))
        except (OSError, TypeError):
            raise Refused("the source of %s is not known: write it into a file" % name) from None
        source = _undecorated(source)
        sources[name] = ""  # it is under way: functions may use each other
        used = {name: _globals(inner)[name] for name in sorted(_names(source)) if name in _globals(inner)}  # others are Python's, or not there yet
        for one, value in used.items():
            _gather(one, value, imports, values, sources)
        _submodules(source, used, imports)
        del sources[name]
        sources[name] = source  # behind what it uses, as a base class or a decorator must be there
        return
    try:
        text = repr(found)
        if eval(text, {"__builtins__": {}}, {}) == found:  # of this notebook's own value: numbers, texts, lists
            values[name] = "%s = %s" % (name, text)
            return
    except Exception:
        pass
    raise Refused("the function uses %s of the notebook, a value of type %s, which cannot be written into a file: make it within the function, "
                  "or write both into a .py file" % (name, type(found).__name__))


def _submodules(source: str, used: Dict[str, Any], imports: Dict[str, str]) -> None:
    """Adds the modules that the source reaches through others, as urllib.request: that the outer one is imported need not load them."""
    for node in ast.walk(ast.parse(source)):
        names = []
        at: Any = node
        while isinstance(at, ast.Attribute):
            names.append(at.attr)
            at = at.value
        if not names or not isinstance(at, ast.Name) or not isinstance(used.get(at.id), types.ModuleType):
            continue
        path = used[at.id].__name__
        # Else the outer one would be known by a name that the notebook did not give. `_` is one that it may use itself.
        alias = "" if path == at.id else " as _kaon_module"
        for name in reversed(names):
            path += "." + name
            if not isinstance(sys.modules.get(path), types.ModuleType):
                break
            imports[path] = "import %s%s" % (path, alias)


def _class(found: type) -> str:
    """The source of a class. Python knows that of a notebook's only from 3.13 on; the cell it is in is the last that has one of its name."""
    for name in reversed(list(linecache.cache)):
        text = "".join(linecache.getlines(name))
        if "class " + found.__name__ not in text:
            continue
        try:
            parsed = ast.parse(text)
        except (SyntaxError, ValueError):
            continue
        for node in parsed.body:
            if isinstance(node, ast.ClassDef) and node.name == found.__name__:
                first = min([node.lineno] + [d.lineno for d in node.decorator_list])
                return "\n".join(text.splitlines()[first - 1 : node.end_lineno])
    raise OSError("no source")


def _undecorated(source: str) -> str:
    """Without kaon's own decorator: the sweep is known by now."""
    node = ast.parse(source).body[0]
    lines = source.splitlines()
    for d in getattr(node, "decorator_list", []):
        if "sweep" in ast.dump(d):
            for i in range(d.lineno - 1, d.end_lineno):
                lines[i] = ""
    return "\n".join(lines).lstrip("\n")


def _globals(found: Any) -> Dict[str, Any]:
    return found.__globals__ if isinstance(found, types.FunctionType) else vars(sys.modules["__main__"])


def _names(source: str) -> "set[str]":
    """Names that the source takes from around it, wherever it does: in its body, its decorators, its annotations. What it makes itself is its own."""
    found: "set[str]" = set()
    tables = [symtable.symtable(source, "<notebook>", "exec")]
    while tables:
        table = tables.pop()
        tables += table.get_children()
        for symbol in table.get_symbols():
            if table.get_type() == "module":
                outer = symbol.is_referenced() and not symbol.is_assigned()
            elif table.get_type() == "class":
                outer = symbol.is_global() or symbol.is_referenced() and not symbol.is_free()  # x = x reads the notebook's
            else:
                outer = symbol.is_global()
            if outer:
                found.add(symbol.get_name())
    return found
