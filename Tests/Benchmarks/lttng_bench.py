"""Compares the recorder with LTTng-UST: the same loop, in turns, in one run.

usage: lttng_bench.py DIST [--events N] [--repetitions N]

Needs Debian's lttng-tools and liblttng-ust-dev, and says so if they are not there. Prints one JSON object. Of each
the median: ns an event costs the thread that records it, total CPU of an event (of LTTng with its consumer
daemon), bytes of it on disk.
"""

import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import tempfile

HERE = pathlib.Path(__file__).parent
TICK = os.sysconf("SC_CLK_TCK")


def size(folder):
    return sum(file.stat().st_blocks * 512 for file in folder.rglob("*") if file.is_file())


def cpu(process):
    """User and system time of a process so far, in seconds."""
    fields = pathlib.Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def consumers(session):
    """The consumer daemons of the session daemon that this script has started."""
    found = []
    for entry in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            if int(fields[1]) == session:
                found.append(int(entry.name))
        except (OSError, IndexError):
            pass
    return found


def compile_programs(work):
    source = HERE / "recorder_threads.c"
    subprocess.run(["cc", "-O2", "-o", work / "ours", source, "-ldl", "-lpthread"], check=True)
    subprocess.run(["cc", "-O2", "-DLTTNG", "-I", HERE, "-I", HERE / "lttng", "-o", work / "lttng",
                    source, "-llttng-ust", "-ldl", "-lpthread"], check=True)


def run_ours(work, library, threads, events):
    folder = work / "trace"
    folder.mkdir()
    output = subprocess.run([work / "ours", library, str(threads), str(events)], check=True, text=True,
                            capture_output=True, env=os.environ | {"CORONER_TRACE": str(folder / "t")}).stdout
    ns, total = map(float, output.split())
    lost = int.from_bytes((folder / "t").read_bytes()[72:80], "little")
    result = ns, total, size(folder) / (threads * events), lost
    shutil.rmtree(folder)
    return result


def run_lttng(work, environment, daemon, threads, events):
    folder = work / "lttng-trace"

    def control(*words):
        return subprocess.run(["lttng", *words], check=True, text=True, env=environment, capture_output=True).stdout

    control("create", "bench", f"--output={folder}")
    control("enable-channel", "--userspace", "--subbuf-size=4M", "--num-subbuf=8", "channel")
    control("enable-event", "--userspace", "--channel=channel", "coroner_bench:wait")
    control("start")
    before = sum(map(cpu, consumers(daemon)))
    output = subprocess.run([work / "lttng", "-", str(threads), str(events)], check=True, text=True,
                            capture_output=True, env=environment).stdout
    control("stop")
    after = sum(map(cpu, consumers(daemon)))
    control("destroy", "bench")
    ns, total = map(float, output.split())
    all_events = threads * events
    result = ns, total + (after - before) * 1e9 / all_events, size(folder) / all_events, 0
    shutil.rmtree(folder)
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("dist", type=pathlib.Path)
    parser.add_argument("--events", type=int, default=500_000)
    parser.add_argument("--repetitions", type=int, default=5)
    options = parser.parse_args()
    header = subprocess.run(["cc", "-E", "-xc", "-"], input="#include <lttng/tracepoint.h>", text=True, capture_output=True)
    if not shutil.which("lttng-sessiond") or header.returncode:
        print(json.dumps({"lttng": "not installed: lttng-tools, liblttng-ust-dev"}))
        return
    library = options.dist / "lib/coroner/libcoroner.so"
    figures = {}
    with tempfile.TemporaryDirectory() as name:
        work = pathlib.Path(name)
        compile_programs(work)
        environment = os.environ | {"LTTNG_HOME": name, "HOME": name, "LTTNG_UST_REGISTER_TIMEOUT": "5000"}
        daemon = subprocess.Popen(["lttng-sessiond", "--no-kernel"], env=environment,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            while subprocess.run(["lttng", "list"], env=environment, capture_output=True).returncode:
                if daemon.poll() is not None:
                    raise SystemExit("lttng-sessiond does not run")
            for threads in (1, 2, 8):
                events = options.events // threads // 10000 * 10000
                ours, theirs = [], []
                for _ in range(options.repetitions):
                    ours.append(run_ours(work, library, threads, events))
                    theirs.append(run_lttng(work, environment, daemon.pid, threads, events))
                for key, place in ("ns", 0), ("total_cpu_ns", 1), ("bytes", 2):
                    a, b = (statistics.median(run[place] for run in runs) for runs in (ours, theirs))
                    figures[f"recorder_{threads}_{key}"] = round(a, 2)
                    figures[f"lttng_{threads}_{key}"] = round(b, 2)
                    figures[f"lttng_{threads}_{key}_ratio"] = round(a / b, 3)
                figures[f"recorder_{threads}_lost"] = sum(run[3] for run in ours)
        finally:
            daemon.terminate()
            daemon.wait()
    print(json.dumps(figures))


main()
