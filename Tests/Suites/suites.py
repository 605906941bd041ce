"""The suites that are run: where they come from, and how one is started."""
import glob
import os
import shutil
import subprocess
import xml.etree.ElementTree


class Suite:
    """One suite, for Python's under one interpreter."""

    variables = {}

    def __init__(self, name, python, folder):
        self.name = name
        self.python = python
        self.folder = os.path.join(folder, name)
        self.where = self.folder

    def is_there(self):
        return True

    def prepare(self):
        os.makedirs(self.folder, exist_ok=True)

    def environment(self):
        kept = {key: value for key, value in os.environ.items()
                if not key.startswith(("CORONER_", "PYTHON"))}
        return {**kept, **self.variables}

    def results(self, result, log):
        """Each test that ran, and its outcome; a test may come more than once."""
        if os.path.exists(result):
            for case in xml.etree.ElementTree.parse(result).iter("testcase"):
                bad = [word for word in ("failure", "error", "skipped") if case.find(word) is not None]
                yield self.test_name(case), (bad or ["passed"])[0]


class Asyncio(Suite):
    """CPython's own tests of asyncio, as installed with it."""

    module = "test_asyncio"

    def is_there(self):
        question = "import importlib.util as u, sys; sys.exit(not u.find_spec('test.%s'))" % self.module
        return subprocess.run([self.python, "-c", question], stderr=subprocess.DEVNULL).returncode == 0

    def command(self, result, select, tests=None):
        chosen = [part for test in tests or [] for part in ("-m", test)]
        if select:
            chosen = ["-m", select]
        return [self.python, "-m", "test", "--junit-xml", result, *chosen, self.module]

    def test_name(self, case):
        return case.get("name")


class FromSource(Suite):
    """A package's tests, from its source distribution, in a virtual environment of their own."""

    project = version = ""
    requirements = ()
    arguments = ()

    def prepare(self):
        super().prepare()
        venv = os.path.join(self.folder, "venv")
        self.where = os.path.join(self.folder, f"{self.project}-{self.version}")
        ready = os.path.join(self.folder, f"ready-{self.version}")
        if not os.path.exists(ready):
            shutil.rmtree(venv, ignore_errors=True)
            pip = f"{venv}/bin/pip"
            self._run(self.python, "-m", "venv", venv)
            self._run(pip, "install", "-q", *self.requirements)
            self._run(pip, "download", "-q", "--no-deps", "--no-binary", self.project,
                      "-d", self.folder, f"{self.project}=={self.version}")
            archive = f"{self.where}.tar.gz"
            self._run("tar", "-xzf", archive, "-C", self.folder)
            self._run(pip, "install", "-q", archive)
            open(ready, "w").close()
        self.python = f"{venv}/bin/python"

    def _run(self, *command):
        subprocess.run(command, check=True, env={**os.environ, **self.variables})

    def command(self, result, select, tests=None):
        chosen = tests or [*(["-k", select] if select else []), "tests"]
        return [self.python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--junit-xml", result,
                *self.arguments, *chosen]

    def test_name(self, case):
        """As pytest takes it: tests/test_locks.py::TestLock::test_acquire[asyncio]."""
        parts = case.get("classname").split(".")
        for count in range(len(parts), 0, -1):
            path = os.path.join(*parts[:count]) + ".py"
            if os.path.exists(os.path.join(self.where, path)):
                return "::".join([path, *parts[count:], case.get("name")])
        return f"{case.get('classname')}::{case.get('name')}"


class Anyio(FromSource):
    """Its tests of the asyncio backend, with and without uvloop."""

    project, version = "anyio", "4.16.0"
    requirements = ("pytest", "pytest-mock", "pytest-timeout", "trio", "uvloop", "psutil", "trustme",
                    "truststore", "hypothesis", "blockbuster", "coverage")
    arguments = ("-m", "not network", "-k", "not trio", "--timeout", "120")


class Aiohttp(FromSource):
    """Its tests, on its Python code alone: the C code needs a compiler and makes no tasks."""

    project, version = "aiohttp", "3.14.5"
    requirements = ("pytest", "pytest-mock", "pytest-timeout", "pytest-xdist", "pytest-cov",
                    "pytest-codspeed", "freezegun", "trustme", "proxy.py", "blockbuster", "coverage",
                    "isal", "zlib_ng", "python-on-whales", "gunicorn", "uvloop", "brotli", "aiodns")
    arguments = ("-o", "addopts=", "-m", "not internal and not autobahn and not dev_mode",
                 "--ignore-glob", "*benchmarks*", "--ignore-glob", "*imports*", "--timeout", "120")
    variables = {"AIOHTTP_NO_EXTENSIONS": "1"}


class Starlette(FromSource):
    project, version = "starlette", "1.10.0"
    requirements = ("pytest", "pytest-timeout", "anyio[trio]", "httpx", "httpx2", "itsdangerous", "jinja2",
                    "python-multipart", "pyyaml", "typing_extensions", "opentelemetry-api", "opentelemetry-sdk")
    arguments = ("-k", "not trio", "--timeout", "120")


class Uvicorn(FromSource):
    project, version = "uvicorn", "0.54.0"
    requirements = ("pytest", "pytest-mock", "pytest-timeout", "pytest-codspeed", "anyio", "httpx", "httpx2",
                    "trustme", "websockets", "wsproto", "httptools", "uvloop", "watchfiles", "python-dotenv",
                    "pyyaml", "a2wsgi", "cryptography", "click", "typing_extensions")
    arguments = ("-o", "addopts=", "--timeout", "120")


class Hypercorn(FromSource):
    project, version = "hypercorn", "0.18.0"
    requirements = ("pytest", "pytest-timeout", "pytest-asyncio", "pytest-trio", "trio", "httpx", "hypothesis",
                    "aioquic", "uvloop", "wsproto", "h2")
    arguments = ("-o", "addopts=", "-k", "not trio", "--timeout", "120")


class Httpcore(FromSource):
    project, version = "httpcore", "1.0.9"
    requirements = ("pytest", "pytest-timeout", "pytest-httpbin", "pytest-trio", "anyio", "trio", "trustme", "h2",
                    "socksio")
    arguments = ("-k", "not trio", "--timeout", "120")


class Aioquic(FromSource):
    project, version = "aioquic", "1.7.2"
    requirements = ("pytest", "pytest-timeout")
    arguments = ("--timeout", "120")


class PytestAsyncio(FromSource):
    project, version = "pytest_asyncio", "1.5.0"
    requirements = ("pytest", "pytest-timeout", "hypothesis")
    arguments = ("--timeout", "120")


KINDS = {"asyncio": Asyncio, "anyio": Anyio, "aiohttp": Aiohttp, "starlette": Starlette, "uvicorn": Uvicorn,
         "hypercorn": Hypercorn, "httpcore": Httpcore, "aioquic": Aioquic, "pytest-asyncio": PytestAsyncio}


def find(name, folder):
    """The suite of that name, or that SUITE@PYTHON names; None if what runs it is not here."""
    from swift_packages import PACKAGES
    if name in PACKAGES:
        return PACKAGES[name](name, folder) if shutil.which("swift") else None
    suite, _, version = name.partition("@")
    python = interpreter(version or "3.12")
    return KINDS[suite](name, python, folder) if python else None


def interpreter(version):
    home = os.environ.get("PYENV_ROOT") or os.path.expanduser("~/.pyenv")
    managed = sorted(glob.glob(f"{home}/versions/{version}.*/bin/python{version}"))
    others = [path for folder in os.environ.get("PATH", "").split(":") if not folder.endswith("/shims")
              for path in [f"{folder}/python{version}"] if os.access(path, os.X_OK)]
    return (managed[::-1] + others + [None])[0]
