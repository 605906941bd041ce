"""Keeps what `inject` compiled for the next run: compiling some fifty functions anew takes 50 ms.

What is kept is code that a later run executes. So it lies where the interpreter keeps its own compiled
modules, beside this package, or else in the user's cache, and is read only if nobody but the user, or
whose package this is, can have written it. An entry serves a function only if the function's code equals
the code that it was made from.
"""
import marshal
import os
import stat
import sys

from _imp import source_hash

_here = os.path.dirname(os.path.abspath(__file__))
_LIMIT = 8 << 20
_MAGIC = b"coroner 2\n"
# What a constant that stands for a function of the recorder begins with; its name follows.
PLACE = "<coroner>."


def placed(code, recorder):
    """Changed code with the recorder's functions in their places."""
    return code.replace(co_consts=tuple(
        getattr(recorder, value[len(PLACE):])
        if isinstance(value, str) and value.startswith(PLACE) else value
        for value in code.co_consts))


class Compiled:
    """The changed code of the functions of one table, by the function's name in it and the additions."""

    def __init__(self, part):
        self._entries = {}
        self._is_new = False
        try:
            self._key = _key()
            self._name = "%s.%s-%s" % (part, sys.implementation.cache_tag, _hash(repr(self._key).encode()).hex())
            self._load()
        except Exception:
            pass

    def changed(self, function, name, additions):
        """A function's code with additions, of this run or an earlier one, or why there is none."""
        code = function.__code__
        known = self._entries.get((name, additions))
        if known is not None and known[0] == code and known[0].co_filename == code.co_filename:
            return known[1]
        from . import inject

        try:
            changed = inject.changed(function, additions)
        except inject.Refused as refused:
            changed = "Refused: %s" % refused
        self._entries[name, additions] = (code, changed)
        self._is_new = True
        return changed

    def save(self):
        """Writes what is new, if there is a place for it."""
        if not self._is_new or sys.dont_write_bytecode:
            return
        try:
            payload = marshal.dumps((self._key, self._entries))
            for folder in _folders():
                if _write(folder, self._name, _MAGIC + _hash(payload) + payload):
                    break
        except Exception:
            pass

    def _load(self):
        begin = len(_MAGIC) + 8
        for folder in _folders():
            content = _read(folder, self._name)
            if content.startswith(_MAGIC) and _hash(content[begin:]) == content[len(_MAGIC):begin]:
                key, entries = marshal.loads(content[begin:])
                if key == self._key:
                    self._entries = entries
                    return


def _hash(content):
    return source_hash(1, content)


def _key():
    """What the compiled code depends on besides the function's own, and whose it is."""
    sources = [os.stat(os.path.join(_here, name)) for name in ("inject.py", "table.py", "threads.py")]
    return (sys.version, os.__file__, [(source.st_size, source.st_mtime_ns) for source in sources])


def _folders():
    yield os.path.join(_here, "__pycache__")
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    if os.path.isabs(home):
        yield os.path.join(home, "coroner")


def _is_trusted(status):
    owners = (os.geteuid(), os.stat(_here).st_uid)
    return status.st_uid in owners and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _read(folder, name):
    """What a file holds; nothing if it is not there or not to be trusted."""
    try:
        file = os.open(os.path.join(folder, name), os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return b""
    try:
        status = os.fstat(file)
        if stat.S_ISREG(status.st_mode) and status.st_size <= _LIMIT \
                and _is_trusted(status) and _is_trusted(os.lstat(folder)):
            return os.read(file, status.st_size)
        return b""
    finally:
        os.close(file)


def _write(folder, name, content):
    """Writes a file whole or not at all; whether it is there."""
    path = os.path.join(folder, name)
    new = "%s.%d" % (path, os.getpid())
    try:
        if os.path.basename(folder) != "__pycache__":
            os.makedirs(folder, 0o700, exist_ok=True)
        if not _is_trusted(os.lstat(folder)):
            return False
        file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
    except OSError:
        return False
    try:
        with open(file, "wb") as stream:
            stream.write(content)
        os.chmod(new, 0o644)
        os.replace(new, path)
        return True
    except OSError:
        os.unlink(new)
        return False
