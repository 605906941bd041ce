"""Coroner's probe for asyncio: waits for the import of asyncio, then hooks it.

Nothing is imported here but what the interpreter has already: a program that never imports asyncio
pays for one entry in sys.meta_path.
"""
import sys

# The versions whose objects are known.
_OLDEST, _NEWEST = (3, 9), (3, 15)

# What each import sets off, by module name: a function of `coroner_asyncio.boot`.
_TARGETS = {
    "asyncio": "asyncio_imported",
    # Imports asyncio itself, if it comes first, and is not ready then.
    "_asyncio": "asyncio_imported",
    "concurrent.futures.thread": "late_imported",
    "queue": "late_imported",
    "uvloop.loop": "uvloop_imported",
    "anyio": "library_imported",
    "anyio._backends._asyncio": "library_imported",
}


class _Loader:
    """A module's own loader, followed by the probe; leaves no trace of itself in the module."""

    def __init__(self, loader, name):
        self._loader = loader
        self._name = name

    def __getattr__(self, name):
        return getattr(self._loader, name)

    def create_module(self, spec):
        return self._loader.create_module(spec)

    def exec_module(self, module):
        module.__spec__.loader = module.__loader__ = self._loader
        self._loader.exec_module(module)
        _imported(self._name)


class _Finder:
    """Finds nothing itself: wraps the loaders of the targets, once each."""

    def __init__(self):
        self._waiting = set(_TARGETS)
        self._within = False

    def find_spec(self, name, path=None, target=None):
        if name not in self._waiting:
            return None
        self._waiting.discard(name)
        if not self._waiting:
            _remove(self)
        for finder in list(sys.meta_path):
            if finder is self or not hasattr(finder, "find_spec"):
                continue
            spec = finder.find_spec(name, path, target)
            if spec is not None:
                if spec.loader is not None and hasattr(spec.loader, "exec_module"):
                    spec.loader = _Loader(spec.loader, name)
                return spec
        return None


def _remove(finder):
    try:
        sys.meta_path.remove(finder)
    except ValueError:
        pass


def _is_underway(name):
    return getattr(getattr(sys.modules.get(name), "__spec__", None), "_initializing", False)


def _imported(name):
    if name == "asyncio" and _is_underway("_asyncio"):
        return
    if name == "_asyncio" and ("asyncio" not in sys.modules or _is_underway("asyncio")):
        return
    why = None
    try:
        why = _unsupported()
        if not why:
            from . import boot

            getattr(boot, _TARGETS[name])(name)
    except ImportError as error:
        why = "asyncio runs in a subinterpreter" if "subinterpreter" in str(error) else str(error)
    except Exception:
        pass
    if why and name in ("asyncio", "_asyncio"):
        _refuse(why)


def _unsupported():
    """Why nothing can be recorded here, if it cannot: objects have another layout, down to their header."""
    if sys.implementation.name != "cpython":
        return "this is %s; only CPython can be recorded" % sys.implementation.name
    if "t" in getattr(sys, "abiflags", ""):
        return "this is a free-threaded build of Python, which is not supported"
    if sys.maxsize < 1 << 32:
        return "this Python is not of 64 bits"
    if not _OLDEST <= sys.version_info[:2] <= _NEWEST:
        return "this is CPython %d.%d; %d.%d to %d.%d are known" % (
            sys.version_info[:2] + _OLDEST + _NEWEST)
    return None


def _refuse(why):
    """One line instead of a trace."""
    try:
        sys.stderr.write("coroner: %s: nothing is recorded\n" % why)
    except Exception:
        pass


_armed = False


def arm():
    """Hooks the targets, once: now if they are imported, else when they are."""
    global _armed
    if _armed:
        return
    _armed = True
    finder = _Finder()
    for name in _TARGETS:
        if name in sys.modules and not _is_underway(name):
            finder._waiting.discard(name)
            _imported(name)
    if finder._waiting:
        sys.meta_path.insert(0, finder)
