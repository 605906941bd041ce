"""CPU time of Swift programs: recorded, and with the probe loaded only, to neither; the median of the ratios. And what an
event takes on disk.

Each runs on one processor, and on all. On several, a program spends much on waking its threads, and the less the slower
each of them is: so recording seems to cost nothing there. What it adds shows on one.

    swift_bench.py DIST [--repetitions N] [--programs PROGRAM …]

DIST is a staged Coroner. The three take turns. Prints one flat JSON object.
"""
import argparse
import json
import os
import subprocess
import tempfile
from pathlib import Path

from asyncio_bench import bytes_per_event, compare, ratio

PROGRAMS = Path(__file__).parent / "programs/swift"


def measure(name: str, dist: Path, work: Path, repetitions: int) -> dict:
    program = work / name
    subprocess.run(["swiftc", "-O", "-parse-as-library", PROGRAMS / f"{name}.swift", "-o", program],
                   check=True, cwd=work)
    plain = {key: value for key, value in os.environ.items()
             if not key.startswith("CORONER_") and key != "LD_PRELOAD"}
    loaded = {**plain, "LD_PRELOAD": str(dist / "lib/coroner/libcoroner-swift.so")}
    recorded = {**loaded, "CORONER_TRACE": str(work / "trace.coroner")}
    figures = {}
    processors = os.sched_getaffinity(0)
    for suffix, chosen in (("", {min(processors)}), ("_spread", processors)):
        os.sched_setaffinity(0, chosen)
        times = compare({label: ([str(program)], environment) for label, environment in
                         (("plain", plain), ("loaded", loaded), ("recorded", recorded))}, repetitions)
        base = times["plain"]
        figures |= {f"swift_{name}{suffix}_ratio": ratio(times["recorded"], base),
                    f"swift_{name}{suffix}_unset_ratio": ratio(times["loaded"], base)}
    figures[f"bytes_per_event_swift_{name}"] = bytes_per_event(dist / "bin/coroner", work / "trace.coroner")
    return figures


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("dist", type=lambda text: Path(text).resolve())
    parser.add_argument("--repetitions", type=int, default=9)
    parser.add_argument("--programs", nargs="*", default=["tasks", "awaits", "locks"])
    options = parser.parse_args()
    figures = {}
    with tempfile.TemporaryDirectory() as work:
        for name in options.programs:
            figures |= measure(name, options.dist, Path(work), options.repetitions)
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
