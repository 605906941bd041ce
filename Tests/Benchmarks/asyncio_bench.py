"""CPU time of asyncio programs, recorded and unrecorded in alternation: the median of the ratios.

    asyncio_bench.py DIST [REPETITIONS]

Prints one flat JSON object. DIST is a staged Coroner (bin/coroner, lib/coroner).
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ECHO = """
import asyncio
async def serve(reader, writer):
    while line := await reader.readline():
        writer.write(line)
        await writer.drain()
    writer.close()
async def client(port, n):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for i in range(n):
        writer.write(b"hello %d\\n" % i)
        await reader.readline()
    writer.close()
async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    await asyncio.gather(*(client(port, 2500) for _ in range(20)))
    server.close()
asyncio.run(main())
"""

LOCK = """
import asyncio
async def main():
    lock = asyncio.Lock()
    for _ in range(1_000_000):
        async with lock:
            pass
asyncio.run(main())
"""

PINGPONG = """
import asyncio
async def side(mine, other, n):
    for _ in range(n):
        await mine.get()
        other.put_nowait(1)
async def main():
    pairs = []
    for _ in range(50):
        a, b = asyncio.Queue(), asyncio.Queue()
        a.put_nowait(1)
        pairs += [side(a, b, 3000), side(b, a, 3000)]
    await asyncio.gather(*pairs)
asyncio.run(main())
"""

PROGRAMS = {"asyncio_echo_cpu_ratio": ECHO, "asyncio_lock_ratio": LOCK,
            "asyncio_pingpong_ratio": PINGPONG}


def cpu_seconds(program: Path, environment: dict) -> float:
    before = os.times()
    subprocess.run([sys.executable, program], env=environment, check=True)
    after = os.times()
    return (after.children_user + after.children_system
            - before.children_user - before.children_system)


def main() -> None:
    dist = Path(sys.argv[1]).resolve()
    repetitions = int(sys.argv[2]) if len(sys.argv) > 2 else 7
    plain = {k: v for k, v in os.environ.items() if not k.startswith(("CORONER_", "PYTHON"))}
    figures = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, text in PROGRAMS.items():
            program, trace = Path(folder, "program.py"), Path(folder, "bench.coroner")
            program.write_text(text)
            recorded = plain | {"CORONER_TRACE": str(trace),
                                "PYTHONPATH": str(dist / "lib/coroner/python")}
            ratios = []
            for _ in range(repetitions):
                base = cpu_seconds(program, plain)
                ratios.append(cpu_seconds(program, recorded) / base)
            figures[name] = round(statistics.median(ratios), 3)
            if name == "asyncio_echo_cpu_ratio":
                info = subprocess.run([dist / "bin/coroner", "analyze", trace, "--format", "json"],
                                      capture_output=True, text=True)
                events = json.loads(info.stdout)["traces"][0]["events"]
                figures["bytes_per_event_server"] = round(trace.stat().st_blocks * 512 / events, 2)
    print(json.dumps(figures))


if __name__ == "__main__":
    started = time.time()
    main()
    print(f"{time.time() - started:.0f} s", file=sys.stderr)
