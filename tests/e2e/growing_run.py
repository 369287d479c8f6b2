"""A run that another process logs, told step by step: ``python -m tests.e2e.growing_run FOLDER NAME``, then orders on its input.

The orders, a line each: ``log COUNT``, ``print TEXT``, ``tag KEY VALUE``, ``complete`` and ``fail REASON``. Each is answered by a
line when it is stored; the first line is the run's id.
"""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path
from types import TracebackType

REPOSITORY = Path(__file__).resolve().parents[2]


class GrowingRun:
    """The run and its process, as a test handles them. Leaving its block ends the process, and so kills a run that goes on."""

    def __init__(self, folder: Path, display_name: str = "growing") -> None:
        command = [sys.executable, "-m", "tests.e2e.growing_run", str(folder), display_name]
        self._process = subprocess.Popen(
            command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )
        self.run_id = self._hear()

    def log(self, count: int) -> None:
        """Log so many more points of ``loss`` and ``accuracy``."""
        self._tell(f"log {count}")

    def print(self, text: str) -> None:
        """Print a line into the run's log."""
        self._tell(f"print {text}")

    def tag(self, key: str, value: str) -> None:
        """Set a tag."""
        self._tell(f"tag {key} {value}")

    def complete(self) -> None:
        """End the run well."""
        self._tell("complete")

    def fail(self, reason: str) -> None:
        """End the run with an error."""
        self._tell(f"fail {reason}")

    def __enter__(self) -> GrowingRun:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.kill()

    def kill(self) -> None:
        """End the process without a word, as a machine does that runs out of memory. May be called twice."""
        self._process.kill()
        self._process.communicate()

    def _tell(self, order: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(order + "\n")
        self._process.stdin.flush()
        self._hear()

    def _hear(self) -> str:
        assert self._process.stdout is not None
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError("The process that logs the run has ended; what it had to say stands above.")
        return answer.rstrip("\n")


def main(folder: str, display_name: str) -> None:
    """Start the run, and do what is ordered until it has ended or the input is at its end."""
    from aml_widgets import Experiment, Workspace

    answers, sys.stdout = sys.stdout, sys.stderr  # prints go into the run's log and on to where they went before
    step = 0
    experiment = Experiment(Workspace.open(folder), "growing")
    # In a block, for that is where prints are kept.
    with experiment.start_logging(display_name=display_name, outputs=False, snapshot_directory=None) as run:
        answers.write(f"{run.id}\n")
        answers.flush()
        for line in sys.stdin:
            order, _, rest = line.rstrip("\n").partition(" ")
            if order == "log":
                for _ in range(int(rest)):
                    run.log_metrics({"loss": math.exp(-step / 20), "accuracy": 1 - math.exp(-step / 30)}, step=step)
                    step += 1
            elif order == "print":
                print(rest, flush=True)  # noqa: T201 - what is wanted
            elif order == "tag":
                run.tag(*rest.split(" ", 1))
            elif order == "complete":
                run.complete()
            elif order == "fail":
                run.fail(rest)
            else:
                raise ValueError(f"Order {order!r} must be log, print, tag, complete or fail.")
            answers.write("done\n")
            answers.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
