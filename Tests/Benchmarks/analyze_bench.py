"""analyze_bench.py CORONER LIBRARY WORK: events a second of CPU time from file to verdict, peak memory, how both
grow with the trace, and what babeltrace2 takes to read an LTTng trace of the same events.

WORK has the generator; traces of up to 100 million events take half a gigabyte there.
"""

import json
import math
import os
import statistics
import subprocess
import sys
from pathlib import Path

coroner, library = sys.argv[1:3]
work = Path(sys.argv[3])
figures = {}


def run(command, accepted=(0, 1)):
    """CPU seconds and peak memory in MB of a command, and what it prints."""
    output = work / "output"
    with output.open("w") as out:
        child = subprocess.Popen(command, stdout=out, stderr=subprocess.DEVNULL)
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in accepted:
        sys.exit(f"{command[0]} ended with {child.returncode}")
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, output.read_text()


def analyze(events, parties, repetitions):
    trace = work / f"{events}-{parties}.coroner"
    subprocess.run([work / "generate_trace", library, str(events), str(parties)], check=True,
                   env={**os.environ, "CORONER_TRACE": str(trace)}, stdout=subprocess.DEVNULL)
    runs = [run([coroner, "analyze", trace, "--format", "json"]) for _ in range(repetitions)]
    summary = json.loads(runs[0][2])["traces"][0]
    seconds = statistics.median(run[0] for run in runs)
    trace.unlink()
    return summary["events"], seconds, max(run[1] for run in runs)


sizes = [(1_000_000, "1m", 5), (10_000_000, "10m", 3), (100_000_000, "100m", 1)]
points = []
for size, label, repetitions in sizes:
    events, seconds, peak = analyze(size, 1_000, repetitions)
    figures[f"analyze_{label}_events_per_s"] = round(events / seconds)
    figures[f"analyze_{label}_peak_mb"] = round(peak)
    points.append((math.log(events), math.log(seconds)))
figures["analyze_events_per_s"] = figures["analyze_10m_events_per_s"]
events, seconds, peak = analyze(100_000_000, 100_000, 1)
figures["analyze_100m_of_100k_events_per_s"] = round(events / seconds)
figures["analyze_100m_of_100k_peak_mb"] = round(peak)
x, y = (statistics.mean(column) for column in zip(*points))
slope = sum((a - x) * (b - y) for a, b in points) / sum((a - x) ** 2 for a, _ in points)
figures["analyze_growth_exponent"] = round(slope, 3)

small = work / "small.coroner"
subprocess.run([work / "generate_trace", library, "1000", "10"], check=True,
               env={**os.environ, "CORONER_TRACE": str(small)}, stdout=subprocess.DEVNULL)
figures["analyze_start_ms"] = round(
    1000 * statistics.median(run([coroner, "analyze", small])[0] for _ in range(9)), 1)

count = 10_000_000
there = subprocess.run([Path(__file__).with_name("lttng_trace"), work, str(count)])
if there.returncode == 0:
    read = [run(["babeltrace2", work / "lttng", "-c", "sink.utils.dummy"])[0] for _ in range(3)]
    figures["babeltrace2_events_per_s"] = round(count / statistics.median(read))
    figures["analyze_babeltrace2_ratio"] = round(
        figures["analyze_10m_events_per_s"] / figures["babeltrace2_events_per_s"], 2)
else:
    print("no LTTng here: nothing to compare with", file=sys.stderr)
print(json.dumps(figures))
