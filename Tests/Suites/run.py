"""Runs the test suites of others with and without recording, and compares every test's outcome.

    python3 Tests/Suites/run.py --coroner .build/dist/bin/coroner [SUITE[@PYTHON] ...]

A suite is one of asyncio, anyio, aiohttp, starlette, uvicorn, hypercorn, httpcore, aioquic, pytest-asyncio;
PYTHON a minor version such as 3.12, of which an interpreter must be in ~/.pyenv/versions or on PATH. Or it
is a Swift package: swift-async-algorithms, swift-nio, hummingbird. A test with different outcomes is run
again both ways, for it may differ by itself. Then every trace that the suite's processes left is
analyzed: none of them hung, so none may get a finding. Exit status 1 if there is a difference or a finding.
"""
import argparse
import collections
import concurrent.futures
import glob
import json
import os
import subprocess
import sys
import time

import suites

DEFAULT = [f"asyncio@3.{minor}" for minor in (11, 12, 13, 14, 15)] + ["anyio@3.12", "aiohttp@3.12"]
LIMIT = 1800
# The outcome of a run as a whole, beside those of its tests: a crash must not pass for a flaky test.
RUN = "(exit status of the run)"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--coroner", default=".build/dist/bin/coroner")
    parser.add_argument("--folder", default="/tmp/coroner-suites", help="venvs, sources and traces")
    parser.add_argument("--again", type=int, default=2, help="how often differing tests are run again")
    parser.add_argument("--select", default="", help="only the tests that match, as the suite's runner selects")
    parser.add_argument("suites", nargs="*", metavar="SUITE[@PYTHON]")
    options = parser.parse_args()
    options.coroner = os.path.abspath(options.coroner)
    options.folder = os.path.abspath(options.folder)
    good = [check(name, options) for name in options.suites or DEFAULT]
    return 0 if all(good) else 1


def check(name, options):
    """Runs one suite both ways; whether recording made no difference and gave no finding."""
    suite = suites.find(name, options.folder)
    if suite is None or not suite.is_there():
        print(f"{name}: skipped, no such interpreter, or without these tests", flush=True)
        return True
    suite.prepare()
    traces = os.path.join(options.folder, "traces", name)
    subprocess.run(["rm", "-rf", traces], check=True)
    os.makedirs(traces)
    record = [options.coroner, "record", "--output", os.path.join(traces, "%p.coroner"), "--"]
    plain = outcomes(suite, [], options.select)
    recorded = outcomes(suite, record, options.select)
    different = compare(plain, recorded)
    settled = {}
    for _ in range(options.again):
        # A test that differs is judged by all that it did without recording.
        tests = sorted(different.keys() - {RUN})
        if not tests:
            break
        for runner, into in ((record, recorded), ([], plain)):
            for test, outcome in outcomes(suite, runner, options.select, tests).items():
                into[test] = into.get(test, frozenset()) | outcome
        settled.update((test, both) for test, both in different.items())
        different = compare(plain, recorded)
    report(name, plain, recorded, different, settled)
    findings = hunt(options.coroner, traces)
    return len(plain) > 1 and not different and not findings


def outcomes(suite, prefix, select, tests=None):
    """What became of each test: a set of outcomes by the test's name."""
    result = os.path.join(suite.folder, "result.xml")
    if os.path.exists(result):
        os.unlink(result)
    began = time.time()
    log = os.path.join(suite.folder, "recorded.log" if prefix else "plain.log")
    with open(log, "w") as output:
        process = subprocess.Popen(
            prefix + suite.command(result, select, tests), cwd=suite.where, env=suite.environment(),
            stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True)
        try:
            status = process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            status = "killed after %d s" % LIMIT
    print(f"  {suite.name} {'recorded' if prefix else 'plain'}: status {status}, "
          f"{time.time() - began:.0f} s", flush=True)
    found = collections.defaultdict(frozenset, {RUN: frozenset({str(status)})})
    for test, outcome in suite.results(result, log):
        found[test] |= {outcome}
    if len(found) == 1:
        print(f"  no result; see {log}", flush=True)
    return found


def compare(plain, recorded):
    """Tests that did something with recording that they never did without."""
    return {
        test: (plain.get(test, frozenset({"missing"})), recorded.get(test, frozenset({"missing"})))
        for test in plain.keys() | recorded.keys()
        if not recorded.get(test, frozenset({"missing"})) <= plain.get(test, frozenset({"missing"}))
    }


def report(name, plain, recorded, different, settled):
    for label, found in (("plain", plain), ("recorded", recorded)):
        counts = collections.Counter(
            word for test, words in found.items() if test != RUN for word in words)
        print(f"{name} {label}: " + ", ".join(f"{n} {word}" for word, n in sorted(counts.items())))
    for test, (before, after) in sorted(settled.items()):
        if test not in different:
            print(f"  differs by itself: {test}: {words(before)} / {words(after)}")
    for test, (before, after) in sorted(different.items()):
        print(f"  DIFFERENT: {test}: {words(before)} / {words(after)}")
    print(f"{name}: {len(different)} differences", flush=True)


def words(outcome):
    return "|".join(sorted(outcome))


def hunt(coroner, traces):
    """The findings in traces of processes that did not hang."""
    files = sorted(glob.glob(os.path.join(traces, "*.coroner")))
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda file: analyze(coroner, file), files))
    findings = [finding for answer in answers for finding in answer]
    kinds = collections.Counter(finding.split(" ")[1] for finding in findings)
    for finding in findings[:40]:
        print("  FINDING:", finding)
    print(f"  {len(files)} traces, {len(findings)} findings {dict(kinds) or ''}", flush=True)
    return findings


def analyze(coroner, file):
    answer = subprocess.run(
        [coroner, "analyze", file, "--format", "json"], capture_output=True, text=True)
    if answer.returncode > 1 or answer.returncode < 0:
        return [f"{file}: unreadable {answer.stderr.strip()[:200]}"]
    return [
        f"{file}: {finding['kind']} {finding['certainty']} {finding['headline']}"
        for finding in json.loads(answer.stdout)["findings"]]


if __name__ == "__main__":
    sys.exit(main())
