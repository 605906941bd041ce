"""CPU time of asyncio programs, recorded and unrecorded in alternation: the median of the ratios.

    asyncio_bench.py DIST [--repetitions N] [--peers PROGRAM …] [--programs PROGRAM …]

DIST is a staged Coroner (bin/coroner, lib/coroner). Prints one flat JSON object. Each figure is of whole
processes, start-up included. The peers are asyncio's own debug mode and, from PyPI, viztracer and yappi;
these and aiohttp are installed into a virtual environment beside DIST, and left out where that fails.
`threads` is the unrecorded program with what is in idle_threads.c.
"""
import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

PROGRAMS = Path(__file__).parent / "programs"
NAMES = ["echo", "aiohttp_server", "lock", "futures", "exchange", "pingpong", "queues", "spawn"]
PACKAGES = ["aiohttp", "viztracer", "yappi"]
# Programs of many system calls: these run once more unrecorded, but with threads that only wake up.
SERVERS = ["echo", "aiohttp_server"]
# What a start costs: a program that needs no asyncio, and one that imports it.
STARTS = {"nothing": "pass", "asyncio": "import asyncio"}


def cpu_seconds(command: list, environment: dict) -> float:
    def used() -> float:
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    before = used()
    # asyncio's debug mode writes a line for every slow step.
    subprocess.run(command, env=environment, check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return used() - before


def compare(variants: dict, repetitions: int) -> dict:
    """Runs the variants in turn; the CPU seconds of each, by name. The first round warms up."""
    times = {name: [] for name in variants}
    for _ in range(repetitions + 1):
        for name, (command, environment) in variants.items():
            times[name].append(cpu_seconds(command, environment))
    return {name: seconds[1:] for name, seconds in times.items()}


def ratio(times: list, base: list) -> float:
    return round(statistics.median(a / b for a, b in zip(times, base)), 3)


def virtual_environment(folder: Path) -> tuple:
    """An interpreter that has as many of the packages as could be had, and which those are."""
    python = folder / "bin/python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    found = []
    for package in PACKAGES:
        installed = subprocess.run([python, "-c", f"import {package}"], capture_output=True)
        if installed.returncode:
            pip = subprocess.run([python, "-m", "pip", "install", "-q", package],
                                 capture_output=True, text=True)
            if pip.returncode:
                reason = (pip.stderr.strip().splitlines() or ["pip failed"])[-1]
                print(f"without {package}: {reason}", file=sys.stderr)
                continue
        found.append(package)
    return str(python), found


def peers(python: str, program: Path, folder: str, plain: dict, packages: list) -> dict:
    variants = {"debug": ([python, program], plain | {"PYTHONASYNCIODEBUG": "1"})}
    if "viztracer" in packages:
        output = os.path.join(folder, "viztracer.json")
        variants["viztracer"] = (
            [python, "-m", "viztracer", "--quiet", "-o", output, program], plain)
    if "yappi" in packages:
        output = os.path.join(folder, "yappi.out")
        variants["yappi"] = ([python, "-m", "yappi", "-o", output, program], plain)
    return variants


def with_idle_threads(folder: str, plain: dict) -> dict:
    library = os.path.join(folder, "idle_threads.so")
    source = Path(__file__).parent / "idle_threads.c"
    subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", library, source, "-lpthread"], check=True)
    return plain | {"LD_PRELOAD": library}


def bytes_per_event(coroner: Path, trace: Path) -> float:
    report = subprocess.run([coroner, "analyze", trace, "--format", "json"],
                            capture_output=True, text=True)
    events = json.loads(report.stdout)["traces"][0]["events"]
    return round(trace.stat().st_blocks * 512 / events, 2)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("dist", type=Path)
    parser.add_argument("--programs", nargs="*", default=NAMES)
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--peers", nargs="*", default=[],
                        help="programs that are also run with the peers, which takes long")
    options = parser.parse_args()
    dist = options.dist.resolve()
    version = ".".join(platform.python_version_tuple()[:2])
    python, packages = virtual_environment(dist.parent / f"bench-venv-{version}")
    plain = {k: v for k, v in os.environ.items() if not k.startswith(("CORONER_", "PYTHON"))}
    unset = plain | {"PYTHONPATH": str(dist / "lib/coroner/python")}
    figures = {"asyncio_python": platform.python_version()}
    with tempfile.TemporaryDirectory() as folder:
        trace = Path(folder, "bench.coroner")
        recorded = unset | {"CORONER_TRACE": str(trace)}
        for name in options.programs:
            if name == "aiohttp_server" and "aiohttp" not in packages:
                continue
            program = PROGRAMS / f"{name}.py"
            command = [python, program]
            variants = {"plain": (command, plain), "unset": (command, unset),
                        "recorded": (command, recorded)}
            if name in SERVERS:
                variants["threads"] = (command, with_idle_threads(folder, plain))
            times = compare(variants, options.repetitions)
            figures[f"asyncio_{name}_ratio"] = ratio(times.pop("recorded"), times["plain"])
            for control in times.keys() - {"plain"}:
                figures[f"asyncio_{name}_{control}_ratio"] = ratio(times[control], times["plain"])
            if name == "echo":
                figures["bytes_per_event_server"] = bytes_per_event(dist / "bin/coroner", trace)
            if name in options.peers:
                base = statistics.median(times["plain"])
                others = peers(python, program, folder, plain, packages)
                for peer, seconds in compare(others, 2).items():
                    figures[f"asyncio_{name}_{peer}_ratio"] = round(
                        statistics.median(seconds) / base, 2)
        for name, text in STARTS.items():
            command = [python, "-c", text]
            times = compare({"plain": (command, plain), "unset": (command, unset),
                             "recorded": (command, recorded)}, 3 * options.repetitions)
            for variant in ("unset", "recorded"):
                extra = statistics.median(a - b for a, b in zip(times[variant], times["plain"]))
                figures[f"start_{name}_{variant}_ms"] = round(extra * 1000, 1)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
