"""Servers under load for minutes, recorded, with cancellations and timeouts throughout.

    python3 Tests/Soak/soak.py --coroner .build/dist/bin/coroner --minutes 10

Three recorded servers and an unrecorded twin get the same load. One of the three ends by itself, one is
killed when idle, one under load. Every answer must be right, the recorded ones' memory must not grow more
than the twin's, every event must be read back, none lost, and no trace may get a finding.
"""
import argparse
import asyncio
import json
import os
import signal
import subprocess
import sys
import time

FOLDER = "/tmp/coroner-soak"
HERE = os.path.dirname(os.path.abspath(__file__))
# What an allocator may keep more in one process than in its twin.
SLACK = 4 << 20


class Server:
    def __init__(self, name, prefix, rate):
        from load import Load

        self.name = name
        self.process = subprocess.Popen(
            [*prefix, sys.executable, os.path.join(HERE, "server.py")], stdout=subprocess.PIPE, text=True,
            stderr=open(os.path.join(FOLDER, f"{name}.stderr"), "w"))
        self.load = Load(int(self.process.stdout.readline()), rate)
        self.memory = []

    def sample(self):
        """Resident memory: all of it, and what is not a file's."""
        found = {}
        with open(f"/proc/{self.process.pid}/status") as status:
            for line in status:
                if line.startswith(("VmRSS", "RssAnon")):
                    key, size, _ = line.split()
                    found[key] = int(size) << 10
        self.memory.append((found["VmRSS:"], found["RssAnon:"]))

    def growth(self, column):
        """From the second quarter of the samples to the last one, in bytes."""
        sizes = [sample[column] for sample in self.memory]
        quarter = max(len(sizes) // 4, 1)
        early, late = sizes[quarter : 2 * quarter] or sizes, sizes[-quarter:]
        return sum(late) / len(late) - sum(early) / len(early)


async def main():
    options = arguments()
    traces = {name: os.path.join(FOLDER, f"{name}.coroner") for name in ("clean", "idle", "loaded")}
    servers = {name: Server(name, [options.coroner, "record", "--output", trace, "--"], options.rate)
               for name, trace in traces.items()}
    servers["twin"] = Server("twin", [], options.rate)
    seconds = options.minutes * 60
    loads = {name: asyncio.create_task(server.load.run(seconds)) for name, server in servers.items()}
    began = time.monotonic()
    while time.monotonic() - began < seconds - 2:
        for server in servers.values():
            server.sample()
        await asyncio.sleep(min(5, seconds / 40))
    servers["loaded"].process.kill()
    failed_before_kill = len(servers["loaded"].load.errors)
    await asyncio.gather(*loads.values())
    del servers["loaded"].load.errors[failed_before_kill:]
    # Hang-ups are noticed, and stalled handlers cancelled.
    await asyncio.sleep(2)
    counts = {name: await servers[name].load.count() for name in ("clean", "idle")}
    servers["idle"].process.kill()
    for name in ("clean", "twin"):
        servers[name].process.send_signal(signal.SIGTERM)
    faults = []
    for name, server in servers.items():
        status = server.process.wait(30)
        faults += judge(server, servers["twin"], status)
    for name, trace in traces.items():
        faults += examine(options.coroner, name, trace, counts.get(name))
    for fault in faults:
        print("FAULT", fault)
    print(f"soak of {options.minutes:g} minutes: {len(faults)} faults")
    return 1 if faults else 0


def judge(server, twin, status):
    load = server.load
    rss, anonymous = (server.memory[-1][column] / 2**20 for column in (0, 1))
    print(f"{server.name}: {load.answered} answered, {load.wrong} wrong, {load.abandoned} hung up, "
          f"{len(load.errors)} errors; memory {rss:.1f} MB, grew {server.growth(0) / 2**20:.1f}, "
          f"without files {anonymous:.1f} MB, grew {server.growth(1) / 2**20:.1f}")
    faults = [f"{server.name}: {error}" for error in load.errors[:5]]
    if load.wrong:
        faults.append(f"{server.name}: {load.wrong} wrong answers")
    if status != (-9 if server.name in ("idle", "loaded") else 0):
        faults.append(f"{server.name}: status {status}")
    for column, what in ((0, "memory"), (1, "memory without files")):
        more = server.growth(column) - twin.growth(column)
        if more > SLACK:
            faults.append(f"{server.name}: {what} grew {more / 2**20:.1f} MB more than the twin's")
    return faults


def examine(coroner, name, trace, count):
    """Reads everything back; what is wrong with it."""
    faults = []
    info = dict(
        line.split(None, 1) for line in output(coroner, "info", trace).splitlines()
        if len(line.split(None, 1)) == 2 and line[0].isalpha())
    recorded = int(info["events"].replace(",", ""))
    read = taken = 0
    events = subprocess.Popen([coroner, "events", trace], stdout=subprocess.PIPE)
    for line in events.stdout:
        read += 1
        taken += b'"acquired"' in line and b"Ledger.add" in line
    if events.wait() or read != recorded:
        faults.append(f"{name}: {recorded} events recorded, {read} read")
    if not info["lost"].startswith("0 "):
        faults.append(f"{name}: lost {info['lost']}")
    if count is not None and taken != count:
        faults.append(f"{name}: the lock was taken {count} times, {taken} of them recorded")
    report = json.loads(output(coroner, "analyze", trace, "--format", "json"))
    for finding in report["findings"]:
        faults.append(f"{name}: finding {finding['kind']} {finding['headline']}")
    size = os.path.getsize(trace)
    print(f"{name}: {read} events in {size / 2**20:.1f} MB ({size / max(read, 1):.2f} bytes each), lost "
          f"{info['lost']}, took the lock {taken} times, {len(report['findings'])} findings")
    return faults


def output(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, text=True).stdout


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--coroner", default=".build/dist/bin/coroner", type=os.path.abspath)
    parser.add_argument("--minutes", default=10, type=float)
    parser.add_argument("--rate", default=60, type=float, help="requests a second and server")
    return parser.parse_args()


def with_aiohttp():
    """Goes on in a virtual environment that has aiohttp, if this interpreter has not."""
    try:
        import aiohttp  # noqa: F401
    except ImportError:
        venv = os.path.join(FOLDER, "venv-%d.%d" % sys.version_info[:2])
        python = os.path.join(venv, "bin", "python")
        subprocess.run([sys.executable, "-m", "venv", venv], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "aiohttp"], check=True)
        os.execv(python, [python, *sys.argv])


if __name__ == "__main__":
    os.makedirs(FOLDER, exist_ok=True)
    with_aiohttp()
    sys.exit(asyncio.run(main()))
