"""Builds samples/swift-servers, records every program of it, and compares the verdict with its comments.

    python3 Tests/Real/servers.py --coroner .build/dist/bin/coroner [--only debug|release] [NAME …]

A program that hangs, or that rests as a server does, says `hung` or `idle`, is killed some seconds later, and must get
the one finding that it expects, with the line of `// <- waits`; of several kinds any will do. A healthy one must get
none. Exit status 1 if something else came out.
"""
import argparse
import glob
import json
import os
import re
import signal
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PACKAGE = os.path.join(ROOT, "samples", "swift-servers")
# A wait for the outside is told after five seconds.
REST = 7
LIMIT = 60


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--coroner", default=os.path.join(ROOT, ".build", "dist", "bin", "coroner"))
    parser.add_argument("--scratch", default=os.path.join(ROOT, ".build", "programs", "swift-servers"))
    parser.add_argument("--only", choices=["debug", "release"])
    parser.add_argument("names", nargs="*", metavar="NAME")
    options = parser.parse_args()
    paths = sorted(glob.glob(os.path.join(PACKAGE, "*_*.swift")))
    samples = [os.path.basename(path)[:-len(".swift")] for path in paths]
    surprises = 0
    for configuration in [options.only] if options.only else ["debug", "release"]:
        command = ["swift", "build", "--package-path", PACKAGE, "--scratch-path", options.scratch,
                   "-c", configuration]
        built = subprocess.run(command, capture_output=True, text=True)
        if built.returncode:
            sys.exit(built.stdout[-4000:] + built.stderr)
        for name in options.names or samples:
            problem, words = judge(name, configuration, options)
            surprises += problem is not None
            print("%-32s %-8s %s" % (name, configuration, problem or words), flush=True)
    return 1 if surprises else 0


def judge(name, configuration, options):
    """What is wrong with the verdict on a program, if anything, and the verdict."""
    with open(os.path.join(PACKAGE, name + ".swift")) as file:
        source = file.read()
    expected = re.search(r"// expect: (.*)", source)[1].split(" | ")
    lines = [number for number, line in enumerate(source.splitlines(), 1) if "// <- waits" in line]
    program = os.path.join(options.scratch, configuration, name)
    trace = os.path.join(options.scratch, "%s.%s.coroner" % (name, configuration))
    state = record(program, trace, options.coroner)
    done = subprocess.run([options.coroner, "analyze", "--format", "json", trace],
                          capture_output=True, text=True)
    try:
        findings = json.loads(done.stdout)["findings"]
    except ValueError:
        return "no report: " + done.stderr.strip(), None
    words = "%s: %s" % (state, ", ".join("%s (%s)" % (f["kind"], f["certainty"]) for f in findings) or "nothing")
    if expected == ["nothing"]:
        return ("FALSE ALARM " + words if findings else None), words
    if len(findings) != 1 or findings[0]["kind"] not in expected:
        return "NOT NAMED " + words, words
    sites = [mark["site"] for mark in findings[0]["marks"]]
    named = {site["line"] for site in sites if site["file"].endswith("/%s.swift" % name)}
    missing = [line for line in lines if line not in named]
    return ("LINE %d MISSING %s" % (missing[0], words) if missing else None), words


def record(program, trace, coroner):
    """Records a program until it ends or has hung for a while; how it went."""
    output = trace + ".output"
    if os.path.exists(trace):
        os.remove(trace)
    with open(output, "wb") as sink:
        process = subprocess.Popen([coroner, "record", "--output", trace, "--", program], stdout=sink,
                                   stderr=subprocess.STDOUT, start_new_session=True)
    deadline = time.monotonic() + LIMIT
    is_there = False
    while process.poll() is None and time.monotonic() < deadline:
        with open(output, "rb") as file:
            if not is_there and re.search(rb"^(hung|idle)", file.read(), re.MULTILINE):
                is_there, deadline = True, time.monotonic() + REST
        time.sleep(0.05)
    state = "status %d" % process.returncode if process.poll() is not None else "killed"
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()
    return state


if __name__ == "__main__":
    sys.exit(main())
