"""What submitting a script costs against starting it by hand, what looking after it costs, and whether its log is whole."""

from __future__ import annotations

import hashlib
import io
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

import psutil

from aml_widgets import Experiment, Run, ScriptRunConfig, Workspace
from aml_widgets.submit.submission import RunFolder
from aml_widgets.submit.supervision.outcomes import DRIVER_LOG
from aml_widgets.submit.supervision.run_state import read_processes
from benchmarks.figure import Figure, compare

_FIRST_LINE = """
import time
at = time.time()
import sys
open(sys.argv[1], "w").write(repr(at))
"""

_QUIET = """
import sys, time
from pathlib import Path
for folder in ("logs", "outputs"):
    Path(folder).mkdir(exist_ok=True)
    for number in range(int(sys.argv[1])):
        Path(folder, f"{number}.txt").write_text("a line\\n" * 100)
print("ready", flush=True)
time.sleep(600)
"""

_MARK = "\x1e"  # once in each line, and in nothing else that is printed of a run

_LOUD = f"""
import hashlib, json, sys, time
from pathlib import Path
megabytes, per_second = int(sys.argv[1]), int(sys.argv[2])
digest, start = hashlib.sha256(), time.monotonic()
for number in range(megabytes):
    block = "".join(f"{_MARK}{{number:9d}} {{line:9d}} {{'.' * 79}}\\n" for line in range(10_000)).encode()
    sys.stdout.buffer.write(block)
    digest.update(block)
    time.sleep(max(0.0, start + (number + 1) / per_second - time.monotonic()))
seconds = time.monotonic() - start
written = {{"sha256": digest.hexdigest(), "size": megabytes * len(block), "lines": megabytes * 10_000, "seconds": seconds}}
Path("outputs/written.json").write_text(json.dumps(written))
"""

LOUD_MEGABYTES, LOUD_PER_SECOND = 250, 50
QUIET_SECONDS = 10.0
WAIT_SECONDS = 60.0


@contextmanager
def _experiment(folder: Path) -> Iterator[tuple[Experiment, Path]]:
    """Give an experiment, and a folder for sources; what submitting needs elsewhere is in that folder, too."""
    before = os.environ.get("AML_WIDGETS_HOME")
    os.environ["AML_WIDGETS_HOME"] = str(folder / "home")
    sources = folder / "sources"
    sources.mkdir()
    workspace = Workspace.open(folder / "workspace")
    try:
        yield Experiment(workspace, "bench"), sources
    finally:
        workspace.store.close()
        if before is None:
            del os.environ["AML_WIDGETS_HOME"]
        else:
            os.environ["AML_WIDGETS_HOME"] = before


def submitting(folder: Path) -> list[Figure]:
    """All figures of submitting."""
    with _experiment(folder) as (experiment, sources):
        return [_first_line(experiment, sources), *_quiet(experiment, sources), *_loud(experiment, sources)]


def _first_line(experiment: Experiment, sources: Path) -> Figure:
    """From `submit` to the script's first line, and from starting the script by hand to it."""
    script, mark = sources / "train.py", sources.parent / "first_line"
    script.write_text(_FIRST_LINE)
    pairs = []
    for turn in range(8):
        start = time.time()
        run = experiment.submit(ScriptRunConfig(sources, "train.py", arguments=[mark]))
        run.wait_for_completion()
        submitted = float(mark.read_text()) - start
        start = time.time()
        subprocess.run([sys.executable, str(script), str(mark)], check=True)
        by_hand = float(mark.read_text()) - start
        if turn > 0:  # the first one imports what submitting needs
            pairs.append((submitted * 1e3, by_hand * 1e3))
    return compare("submit: until the script's first line", "starting it by hand", 40, pairs, unit="ms")


def _quiet(experiment: Experiment, sources: Path) -> list[Figure]:
    """What the supervisor of a run takes of a processor while nothing happens."""
    (sources / "train.py").write_text(_QUIET)
    figures = []
    for n_files, limit in ((0, 1.0), (1_000, 6.0)):
        run = experiment.submit(ScriptRunConfig(sources, "train.py", arguments=[n_files]))
        supervisor = _find_supervisor(run)
        _wait_for_log(run, "ready")
        _wait_for_files(run, 2 * n_files)
        windows = []
        for _ in range(3):
            before = supervisor.cpu_times()
            time.sleep(QUIET_SECONDS)
            after = supervisor.cpu_times()
            windows.append(after.user + after.system - before.user - before.system)
        run.cancel()
        run.wait_for_completion(raise_on_error=False)
        seconds = statistics.median(windows) * 60 / QUIET_SECONDS
        share = 0.6  # 1 % of a processor
        name = f"processor time of a quiet minute, {2 * n_files:,} files watched"
        figures.append(Figure(name, seconds, share, "s", seconds / share, limit, "1 % of one processor"))
    return figures


def _loud(experiment: Experiment, sources: Path) -> list[Figure]:
    """A log written at 50 MB/s, compared byte by byte, and line by line with what is printed of it while it grows."""
    (sources / "train.py").write_text(_LOUD)
    run = experiment.submit(ScriptRunConfig(sources, "train.py", arguments=[LOUD_MEGABYTES, LOUD_PER_SECOND]))
    printed = _Counter()
    with redirect_stdout(printed):
        run.wait_for_completion(show_output=True)
    store = experiment.workspace.store
    written = json.loads(store.artifacts.read(run.id, "outputs/written.json"))
    log = store.artifacts.append_path(run.id, DRIVER_LOG)
    digest = hashlib.sha256()
    with log.open("rb") as reader:
        while chunk := reader.read(1 << 20):
            digest.update(chunk)
    lost = abs(written["size"] - log.stat().st_size)
    is_whole = digest.hexdigest() == written["sha256"]
    due = LOUD_MEGABYTES / LOUD_PER_SECOND
    return [
        Figure(
            f"{LOUD_MEGABYTES} MB into the driver log",
            written["seconds"],
            due,
            "s",
            written["seconds"] / due,
            1.2,
            "50 MB/s",
        ),
        Figure("... bytes lost of it", lost, 1, "bytes", lost if is_whole else max(lost, 1), 0, "(absolute)"),
        Figure(
            "... lines lost of what show_output prints",
            abs(written["lines"] - printed.count),
            1,
            "lines",
            abs(written["lines"] - printed.count),
            0,
            "(absolute)",
        ),
    ]


class _Counter(io.TextIOBase):
    """Counts the lines of the log that are printed, and keeps nothing."""

    count = 0

    def write(self, text: str) -> int:
        self.count += text.count(_MARK)
        return len(text)


def _find_supervisor(run: Run) -> psutil.Process:
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        processes = read_processes(RunFolder.of(run.id).processes_file)
        if processes is not None:
            return psutil.Process(processes.supervisor.pid)
        time.sleep(0.05)
    raise RuntimeError(f"Run {run.id} has no supervisor.")


def _wait_for_log(run: Run, text: str) -> None:
    artifacts = run.experiment.workspace.store.artifacts
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        if artifacts.size(run.id, DRIVER_LOG) and text in artifacts.read(run.id, DRIVER_LOG).decode():
            return
        time.sleep(0.05)
    raise RuntimeError(f"The log of run {run.id} never said {text!r}.")


def _wait_for_files(run: Run, count: int) -> None:
    """Wait until that many files are in the run, and then a moment, for then nothing is left to do."""
    store = run.experiment.workspace.store
    deadline = time.monotonic() + WAIT_SECONDS
    while sum(one.path.startswith(("logs/", "outputs/")) for one in store.list_artifacts(run.id)) < count:
        if time.monotonic() > deadline:
            raise RuntimeError(f"The files of run {run.id} are not all saved.")
        time.sleep(0.5)
    time.sleep(5)
