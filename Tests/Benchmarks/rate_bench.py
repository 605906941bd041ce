"""What recording costs a program that makes a million events a second, and what they take on disk.

    rate_bench.py DIST [--events N] [--repetitions N]

DIST is a staged Coroner. The program, in C, does a microsecond of work for each event. CPU time is that of the whole
process, with the thread that empties buffers: recorded and not, in turns; the median of the ratios, and of what each
event adds. Prints one flat JSON object.
"""
import argparse
import json
import os
import statistics
import subprocess
import tempfile
from pathlib import Path

from asyncio_bench import compare, ratio

SOURCE = Path(__file__).parent / "recorder_rate.c"


def measure(dist: Path, work: Path, events: int, repetitions: int) -> dict:
    program, trace = work / "recorder_rate", work / "trace.coroner"
    subprocess.run(["cc", "-O2", "-o", program, SOURCE, "-ldl"], check=True)
    plain = {key: value for key, value in os.environ.items() if not key.startswith("CORONER_")}
    recorded = plain | {"CORONER_TRACE": str(trace)}
    figures = {}
    for name, fields in ("rate", "tasks"), ("rate_random", "random"):
        command = [str(program), str(dist / "lib/coroner/libcoroner.so"), str(events), fields]
        times = compare({"plain": (command, plain), "recorded": (command, recorded)}, repetitions)
        added = [a - b for a, b in zip(times["recorded"], times["plain"])]
        lost = int.from_bytes(trace.read_bytes()[72:80], "little")
        figures |= {f"{name}_cpu_ratio": ratio(times["recorded"], times["plain"]),
                    f"{name}_added_ns": round(statistics.median(added) / events * 1e9, 1),
                    f"{name}_plain_ns": round(statistics.median(times["plain"]) / events * 1e9, 1),
                    f"{name}_bytes_per_event": round(trace.stat().st_blocks * 512 / (events - lost), 2),
                    f"{name}_lost": lost}
    return figures


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("dist", type=lambda text: Path(text).resolve())
    parser.add_argument("--events", type=int, default=2_000_000)
    parser.add_argument("--repetitions", type=int, default=7)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        print(json.dumps(measure(options.dist, Path(work), options.events, options.repetitions), indent=2))


if __name__ == "__main__":
    main()
