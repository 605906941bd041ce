"""analyze_bench.py CORONER TRACE: events a second from file to verdict, and peak memory."""

import json
import resource
import statistics
import subprocess
import sys
import time

coroner, trace = sys.argv[1:3]
seconds = []
for _ in range(3):
    begun = time.monotonic()
    done = subprocess.run([coroner, "analyze", trace, "--format", "json"], capture_output=True,
                          text=True)
    seconds.append(time.monotonic() - begun)
    if done.returncode not in (0, 1):
        sys.exit(f"analyze ended with {done.returncode}: {done.stderr.strip()}")
events = json.loads(done.stdout)["traces"][0]["events"]
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
figures = {"analyze_events_per_s": round(events / statistics.median(seconds))}
if events >= 10_000_000:
    figures["analyze_peak_mb_10m"] = round(peak)
print(json.dumps(figures))
