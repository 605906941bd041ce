"""Records every program under samples/real until it hangs, kills it, and compares the verdict with expect.json.

    python3 Tests/Real/run.py --coroner .build/dist/bin/coroner [--controls] [NAME …]

Each case gets a virtual environment with its pins (kept in --folder), and a server if its setup.sh starts
one. A case is named right if one finding has an accepted kind and mentions the places that it must; any
other claim is a false alarm. A control is the same program with the pins of fixed.txt: it must end, and get
no claim. `not_yet` in expect.json says why a case is not named; it may not be counted as right, and must
not raise a false alarm. `rest` says how many seconds it is watched, where timers have to go by first. Exit status 1 if something else than that came out.
"""
import argparse
import glob
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CASES = os.path.join(ROOT, "samples", "real")
# A program rests for so long before it is killed: a snapshot is taken after five seconds.
REST = 8
START_LIMIT = 60
CONTROL_LIMIT = 90


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--coroner", default=os.path.join(ROOT, ".build", "dist", "bin", "coroner"))
    parser.add_argument("--folder", default=os.path.expanduser("~/.cache/coroner-real"))
    parser.add_argument("--controls", action="store_true", help="also run what mends each case")
    parser.add_argument("names", nargs="*", metavar="NAME")
    options = parser.parse_args()
    options.coroner = os.path.abspath(options.coroner)
    paths = sorted(glob.glob(os.path.join(CASES, "*", "expect.json")))
    cases = [os.path.dirname(path) for path in paths]
    if options.names:
        cases = [case for case in cases if os.path.basename(case) in options.names]
    surprises = right = 0
    for case in cases:
        outcome, is_right, is_surprise = check(case, options)
        right += is_right
        surprises += is_surprise
        print("%-42s %s" % (os.path.basename(case), outcome), flush=True)
    print("%d of %d named right" % (right, len(cases)))
    return 1 if surprises else 0


def check(case, options):
    """What came out of a case: in words, whether it is named right, whether that is not as expected."""
    with open(os.path.join(case, "expect.json")) as file:
        expected = json.load(file)
    python = environment(case, "requirements.txt", options.folder)
    if python is None:
        return "skipped: no Python %s" % expected["python"], False, False
    problem = server(case, expected, [])
    if problem:
        return "skipped: %s" % problem, False, False
    try:
        claims, state = record(case, python, expected, options, expected.get("reached"))
        if state != "hangs":
            return "did not hang: %s" % state, False, True
        hits = [claim for claim in claims if is_hit(claim, expected)]
        others = [claim["kind"] for claim in claims if not is_about(claim, expected)]
        words = ", ".join("%s (%s)" % (c["kind"], c["certainty"]) for c in claims) or "nothing"
        outcome = "named right: " + words if hits else "not named right: " + words
        is_surprise = bool(others) or not hits and "not_yet" not in expected
        if hits and "not_yet" in expected:
            outcome += "; take away not_yet"
            is_surprise = True
        if options.controls and expected.get("controls", ["fixed.txt"]):
            fixed = environment(case, "fixed.txt", options.folder)
            claims, state = record(case, fixed, expected, options, None)
            if state != "status 0" or claims:
                outcome += "; CONTROL %s, %d claims" % (state, len(claims))
                is_surprise = True
            else:
                outcome += "; control clean"
        return outcome, bool(hits), is_surprise
    finally:
        server(case, expected, ["stop"])


def environment(case, pins, folder):
    """The interpreter of a virtual environment with these pins; None if there is none of its version."""
    with open(os.path.join(case, pins)) as file:
        text = file.read()
    found = re.search(r"python==(\d+\.\d+)", text)
    if found is None:
        with open(os.path.join(case, "requirements.txt")) as file:
            found = re.search(r"python==(\d+\.\d+)", file.read())
    version = found[1]
    lock = os.path.join(case, "lock.txt")
    constraints = ["-c", lock] if pins == "requirements.txt" and os.path.exists(lock) else []
    key = hashlib.sha256((version + text + str(constraints)).encode()).hexdigest()[:12]
    venv = os.path.join(folder, "%s-%s" % (os.path.basename(case), key))
    python = os.path.join(venv, "bin", "python")
    if os.path.exists(os.path.join(venv, "complete")):
        return python
    pyenv = glob.glob(os.path.expanduser("~/.pyenv/versions/%s.*/bin/python" % version))
    base = pyenv[0] if pyenv else shutil.which("python" + version)
    if base is None:
        return None
    shutil.rmtree(venv, ignore_errors=True)
    subprocess.run([base, "-m", "venv", venv], check=True)
    subprocess.run([python, "-m", "pip", "install", "-q", "--disable-pip-version-check",
                    "-r", os.path.join(case, pins), *constraints], check=True)
    open(os.path.join(venv, "complete"), "w").close()
    return python


def server(case, expected, arguments):
    """Starts or stops the server that a case needs; why it could not, if so."""
    if "setup" not in expected:
        return None
    done = subprocess.run(["sh", expected["setup"], *arguments], cwd=case, capture_output=True, text=True)
    if done.returncode == 0 or arguments:
        return None
    return (done.stdout + done.stderr).strip().splitlines()[-1]


def record(case, python, expected, options, reached):
    """Records a program until it ends or has rested, and analyzes it: its claims, and how it went."""
    work = os.path.join(options.folder, "runs", os.path.basename(case))
    shutil.rmtree(work, ignore_errors=True)
    os.makedirs(work)
    shutil.copy(os.path.join(case, "repro.py"), work)
    output = os.path.join(work, "output")
    with open(output, "wb") as sink:
        process = subprocess.Popen(
            [options.coroner, "record", "--output", "%p.coroner", "--", python, "repro.py"],
            cwd=work, stdout=sink, stderr=subprocess.STDOUT, start_new_session=True)
    rest = expected.get("rest", REST)
    is_control = reached is None and "reached" in expected
    deadline = time.monotonic() + (CONTROL_LIMIT if is_control else rest + 5 if not reached else START_LIMIT)
    while process.poll() is None and time.monotonic() < deadline:
        if reached and reached.encode() in open(output, "rb").read():
            deadline = time.monotonic() + rest
            reached = None
        time.sleep(0.05)
    state = "hangs" if process.poll() is None else "status %d" % process.returncode
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()
    traces = glob.glob(os.path.join(work, "*.coroner"))
    done = subprocess.run(
        [options.coroner, "analyze", "--format", "json", *traces], capture_output=True, text=True)
    if done.returncode > 1:
        return [], "analyze failed: " + done.stderr.strip()
    findings = json.loads(done.stdout)["findings"]
    claims = [f for f in findings if f["severity"] == "error" or f["certainty"] in ("certain", "likely")]
    return claims, state


def is_hit(claim, expected):
    return claim["kind"] in expected["kinds"] and is_about(claim, expected)


def is_about(claim, expected):
    places = set()
    collect(claim, places)
    return all(any(matches(place, wanted) for place in places) for wanted in expected["must_mention_sites"])


def collect(value, places):
    """Every file and line that a finding mentions."""
    if isinstance(value, dict):
        if "file" in value and "line" in value:
            places.add((value["file"], value["line"]))
        for inner in value.values():
            collect(inner, places)
    elif isinstance(value, list):
        for inner in value:
            collect(inner, places)


def matches(place, wanted):
    file, _, lines = wanted.rpartition(":")
    first, _, last = lines.partition("-")
    return ("/" + place[0]).endswith("/" + file) and int(first) <= place[1] <= int(last or first)


if __name__ == "__main__":
    sys.exit(main())
