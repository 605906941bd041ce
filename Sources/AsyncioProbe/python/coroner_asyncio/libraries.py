"""What is recorded of primitives that a library builds itself: its locks, limiters, streams and groups.

A library's table is a module of this package, imported with the library. It has GROUPS, (name, variants)
pairs, one a primitive; and KNOWN, the types whose instances a timer or a signal handler may act on. A variant, for some
versions of the library, is a list of functions with their additions (as in `table`) and a list of waits
(module, function, operation, local that holds the resource, absorbs). The first variant of which all
functions are there and take their additions is used, whole or not at all: half of a lock would look like
one that is never given back.
"""
import sys
from importlib import import_module

from . import compiled

# By the module whose import makes them known: the table, and whether all its primitives are known by then.
LIBRARIES = {
    "anyio": ("anyio_table", False),
    "anyio._backends._asyncio": ("anyio_table", True),
}


def groups(trigger):
    """The primitives that are known when a module has been imported, and whether these are all."""
    name, is_complete = LIBRARIES[trigger]
    return import_module("." + name, __package__).GROUPS, is_complete


def known():
    """The types named by the tables that have been imported, as (module, name) pairs."""
    found = set()
    for name, _ in LIBRARIES.values():
        found.update(getattr(sys.modules.get("%s.%s" % (__package__, name)), "KNOWN", ()))
    return found


def hook(variants, probe, find, kept):
    """Records one primitive; why it is not recorded, if it is not."""
    why = []
    for functions, waits in variants:
        try:
            prepared = [_prepare(module, name, additions, probe, find, kept)
                        for module, name, additions in functions]
        except Exception as error:
            why.append("%s: %s" % (type(error).__name__, error))
            continue
        for function, code in prepared:
            function.__code__ = code
        for module, name, operation, local, absorbs in waits:
            code = find(module, name).__code__
            probe.primitive(code, operation, code.co_varnames.index(local), absorbs)
        return None
    return "; ".join(why)


def _prepare(module, name, additions, probe, find, kept):
    function = find(module, name)
    if not hasattr(function, "__code__"):
        raise LookupError("no %s.%s" % (module, name))
    code = kept.changed(function, "%s.%s" % (module, name), additions)
    if isinstance(code, str):
        raise LookupError("%s.%s: %s" % (module, name, code))
    return function, compiled.placed(code, probe)
