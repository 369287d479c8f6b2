"""Watch a run for a long time: ``python -m benchmarks.soak [--minutes 15]``.

A cell logs 20 metrics 50 times a second into the embedded store with the view of the run open beside it. The memory of the
kernel and the heap of the page are taken every half minute; after the first minutes, in which both fill what they keep,
neither may grow by more than a tenth.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import psutil

from benchmarks.browser import notebook_in

LIMIT = 1.10
SAMPLE_SECONDS = 30
N_METRICS = 20
PER_SECOND = 50

_SHOW = """
import os, math, time
from aml_widgets import Experiment, RunDetails, Workspace
run = Experiment(Workspace.open({workspace!r}), "soak").start_logging(snapshot_directory=None)
RunDetails(run).show()
print(os.getpid())
"""
_TRAIN = f"""
begin, step = time.monotonic(), 0
while time.monotonic() - begin < {{seconds}}:
    run.log_metrics({{{{f"group {{{{place % 4}}}}/metric {{{{place}}}}": math.sin(step / 500 + place) for place in range({N_METRICS})}}}})
    step += 1
    time.sleep(max(0.0, begin + step / {PER_SECOND} - time.monotonic()))
print(step)
"""

# Charts in sight whose line is drawn: only those cost anything.
_COUNT_DRAWN = """() => [...document.querySelectorAll('.aml-card')].filter((card) => {
    const box = card.getBoundingClientRect();
    const line = card.querySelector('path.line')?.getAttribute('d') ?? '';
    return box.height && box.top < innerHeight && box.bottom > 0 && line.length > 100;
}).length"""


def main() -> int:
    """Run, print a line for each sample and the verdict; 1 where memory grew."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=15.0)
    parser.add_argument("--warm-up-minutes", type=float, default=3.0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="aml_widgets_soak_") as folder:
        samples = _watch(Path(folder), arguments.minutes)
    settled = [sample for sample in samples if sample[0] >= arguments.warm_up_minutes]
    kernel = settled[-1][1] / settled[0][1]
    heap = settled[-1][2] / settled[0][2]
    print(f"kernel memory grew to {kernel:.3f}, page heap to {heap:.3f} of what they were (limit {LIMIT})")
    return 0 if max(kernel, heap) <= LIMIT else 1


def _watch(folder: Path, minutes: float) -> list[tuple[float, float, float]]:
    show, train = _SHOW.format(workspace=str(folder / "ws")), _TRAIN.format(seconds=minutes * 60)
    samples: list[tuple[float, float, float]] = []
    with notebook_in(folder, [show, train], height=3_200) as notebook:
        notebook.run_cell(0)
        kernel = psutil.Process(int(notebook.output(0).locator("pre").last.inner_text()))
        browser = notebook.page.context.new_cdp_session(notebook.page)
        notebook.run_cell(1, wait=False)
        notebook.output(0).locator(".aml-run").scroll_into_view_if_needed()
        while notebook.is_running(1):
            notebook.page.wait_for_timeout(SAMPLE_SECONDS * 1_000)
            browser.send("HeapProfiler.collectGarbage")
            heap = float(browser.send("Runtime.getHeapUsage")["usedSize"])
            at = (len(samples) + 1) * SAMPLE_SECONDS / 60
            samples.append((at, kernel.memory_info().rss / 1e6, heap / 1e6))
            n_drawn = notebook.page.evaluate(_COUNT_DRAWN)
            print(
                f"{at:5.1f} min  kernel {samples[-1][1]:8.1f} MB  page heap {samples[-1][2]:8.1f} MB  {n_drawn} charts",
                flush=True,
            )
        print(f"{notebook.output_text(1).strip()} steps of {N_METRICS} metrics")
    return samples


if __name__ == "__main__":
    sys.exit(main())
