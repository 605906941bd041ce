"""Test suites of Swift packages: their sources, how they are built, run and read."""
import os
import re
import subprocess

from suites import Suite


class SwiftPackage(Suite):
    """All tests of one package, XCTest's and Swift Testing's, in one process each."""

    organization = version = ""
    left_out = ""  # classes that fail or hang by themselves

    def __init__(self, name, folder):
        super().__init__(name, None, folder)

    def prepare(self):
        if not os.path.exists(self.folder):
            source = f"https://github.com/{self.organization}/{self.name}.git"
            subprocess.run(["git", "clone", "-q", "--branch", self.version, source, self.folder],
                           check=True)
        subprocess.run(["swift", "build", "--build-tests"], cwd=self.folder, check=True,
                       stdout=subprocess.DEVNULL)

    def command(self, result, select, tests=None):
        program = f".build/debug/{self.name}PackageTests.xctest"
        chosen = ""
        if select or self.left_out:
            # All of them by name are too long an argument.
            chosen = (f'"$(env -u CORONER_TRACE {program} --list-tests | grep / | grep -E "{select}" |'
                      f' grep -vE "{self.left_out or "^$"}" | paste -sd,)"')
        return ["sh", "-c", f"{program} {chosen}; status=$?; "
                            f"{program} --testing-library swift-testing; exit $status"]

    def results(self, result, log):
        with open(log, errors="replace") as lines:
            for line in lines:
                found = re.search(r"Test Case '(.+)' (passed|failed|skipped)", line) or re.match(
                    r"\W+ Test (?!run)(.+?) (passed|failed|skipped)", line)
                if found:
                    yield found[1], {"failed": "failure"}.get(found[2], found[2])


class AsyncAlgorithms(SwiftPackage):
    organization, version = "apple", "1.1.4"
    left_out = "TestFlatMapLatest"  # hangs in one of ten runs, recorded or not


class Nio(SwiftPackage):
    organization, version = "apple", "2.101.2"


class Hummingbird(SwiftPackage):
    organization, version = "hummingbird-project", "2.28.1"


PACKAGES = {"swift-async-algorithms": AsyncAlgorithms, "swift-nio": Nio, "hummingbird": Hummingbird}
