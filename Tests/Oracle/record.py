"""record.py CORONER FOLDER [N [SEED]]: records the samples of asyncio, or N of them at random, each until it is killed
after a few seconds, and prints the paths of the traces.
"""

import os
import random
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

coroner, folder = sys.argv[1], Path(sys.argv[2])
samples = sorted((Path(__file__).parents[2] / "samples" / "asyncio").glob("*.py"))
if len(sys.argv) > 3:
    samples = random.Random(int(sys.argv[4]) if len(sys.argv) > 4 else 1).sample(samples, int(sys.argv[3]))
# What a shim starts would not be killed with it.
python = os.path.realpath(sys.executable)


def runs_here(source):
    least = re.search(r"^# python: 3\.(\d+)", source, re.M)
    return least is None or sys.version_info >= (3, int(least[1]))


def record(sample):
    trace = folder / f"{sample.stem}.coroner"
    environment = dict(os.environ, CORONER_STALL="1")
    with subprocess.Popen([coroner, "record", "--output", trace, "--", python, sample], env=environment,
                          stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                          start_new_session=True) as process:
        time.sleep(3.5)
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    return trace


with ThreadPoolExecutor(4) as pool:
    for trace in pool.map(record, [one for one in samples if runs_here(one.read_text())]):
        if trace.exists():
            print(trace)
