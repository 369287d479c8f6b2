"""What several processes cost each other, and what a kill loses."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.bare import BareStore
from benchmarks.figure import Figure, compare
from benchmarks.writing import start_run

_OURS = """
import sys
from pathlib import Path
from aml_widgets import Workspace
folder, run_id, number, count = sys.argv[1:]
run = Workspace.open(Path(folder)).get_run(run_id)
print("ready", flush=True)
sys.stdin.readline()
for i in range(int(count)):
    run.log("loss", i / 7)
print("done", flush=True)
"""

_BARE = """
import sys
from pathlib import Path
from benchmarks.bare import BareStore
path, run_id, number, count = sys.argv[1:]
bare = BareStore(Path(path))
print("ready", flush=True)
sys.stdin.readline()
for i in range(int(count)):
    bare.log(int(number), i, i / 7)
print("done", flush=True)
"""

_KILLED = """
import sys
from pathlib import Path
from aml_widgets import Workspace
run = Workspace.open(Path(sys.argv[1])).get_run(sys.argv[2])
i = 0
while True:
    run.log("loss", float(i))
    sys.stdout.write(f"{i}\\n")
    sys.stdout.flush()
    i += 1
"""


def _race(program: str, place: Path, run_ids: list[str], count: int) -> float:
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(place), run_id, str(number), str(count)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number, run_id in enumerate(run_ids)
    ]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
    start = time.perf_counter()
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "done\n", "a writer failed"
    seconds = time.perf_counter() - start
    for writer in writers:
        writer.communicate()
        assert writer.returncode == 0
    return seconds


def eight_writers(folder: Path) -> list[Figure]:
    """8 processes, each 5,000 calls: each its own run in one workspace, and all of them one run."""
    count = 5_000
    figures = []
    for name, is_one in (("8 processes x 5,000, own runs", False), ("8 processes x 5,000, one run", True)):
        pairs = []
        for turn in range(3):
            place = folder / f"eight{turn}{is_one}"
            runs = [start_run(place) for _ in range(1 if is_one else 8)]
            ours = _race(_OURS, place, [run.id for run in runs] * (8 if is_one else 1), count)
            points = sum(len(run.get_metric_history("loss")) for run in runs)
            assert points == 8 * count, f"{8 * count - points} points lost"
            bare = BareStore(folder / f"eight{turn}{is_one}.db")
            theirs = _race(_BARE, bare.path, [str(i) for i in range(8)], count)
            (stored,) = bare.db.execute("select count(*) from point").fetchone()
            assert stored == 8 * count
            bare.close()
            pairs.append((ours, theirs))
        figures.append(compare(name, "bare sqlite3 doing so", 3, pairs))
    return figures


def kills(folder: Path) -> Figure:
    """How many acknowledged points are lost in 20 kills."""
    chance = random.Random(20)
    lost = 0
    for _ in range(20):
        run = start_run(folder / "kills")
        writer = subprocess.Popen(
            [sys.executable, "-c", _KILLED, str(folder / "kills"), run.id], stdout=subprocess.PIPE, text=True
        )
        assert writer.stdout is not None
        acknowledged = 0
        for _ in range(chance.randrange(100, 5_000)):
            acknowledged = int(writer.stdout.readline()) + 1
        writer.send_signal(signal.SIGKILL)
        with writer:  # not `communicate`, which would miss what the reading above has buffered
            rest = writer.stdout.read().split("\n")[:-1]
        acknowledged = int(rest[-1]) + 1 if rest else acknowledged
        values = list(run.get_metric_history("loss").values)
        lost += sum(1 for i in range(acknowledged) if i >= len(values) or values[i] != i)
        run.complete()
    return Figure("acknowledged points lost in 20 kills", lost, 1, "points", lost, 0, "(absolute)")
