"""The tracking API in a Python that has no packages, as that of a script that was submitted may be."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from aml_widgets.core.records import NewRun
from aml_widgets.core.status import RunStatus
from aml_widgets.store import liveness
from aml_widgets.submit.configuration.environment import Environment
from aml_widgets.submit.configuration.script_run_config import ScriptRunConfig
from aml_widgets.submit.environments.importable import importable_folder
from aml_widgets.submit.submission import RUN_TYPE
from aml_widgets.testing.support import describe_process
from aml_widgets.tracking import context
from aml_widgets.tracking.experiment import Experiment
from aml_widgets.tracking.workspace import Workspace

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20

SCRIPT = """
import sys
from pathlib import Path
from aml_widgets import Experiment, Run, Workspace

workspace = Workspace.open(sys.argv[1])
run = Experiment(workspace, "bare").start_logging(snapshot_directory=None)
run.log("loss", 0.5)
run.log("loss", 0.25)
run.log_list("list", [1, 2, 3])
run.log_row("row", x=1, y=2.5)
run.log_table("table", {"a": [1, 2], "b": ["x", "y"]})
run.log_confusion_matrix("matrix", {"schema_type": "confusion_matrix", "schema_version": "1.0.0", "data": {"class_labels": ["a", "b"], "matrix": [[1, 2], [3, 4]]}})
Path("plot.png").write_bytes(bytes.fromhex(sys.argv[2]))
run.log_image("picture", path="plot.png")
run.upload_file("outputs/model.txt", __file__)
run.tag("quality", "fine")
run.set_tags({"more": "tags"})
child = run.child_run("child")
child.log("score", 1)
child.complete()
assert run.get_metrics()["loss"] == [0.5, 0.25], run.get_metrics()
assert [one.id for one in run.get_children()] == [child.id]
assert run.get_file_names()
assert run.get_status() == "Running"
assert Run.get(workspace, run.id).get_tags() == {"quality": "fine", "more": "tags"}
Run.get_context().log("offline", 1)
run.complete()
assert run.get_details()["status"] == "Completed"
forbidden = {"psutil", "platformdirs", "pathspec", "numpy", "PIL", "pytest"} & set(sys.modules)
assert not forbidden, forbidden
print("run", run.id)
"""


@pytest.fixture(scope="module")
def bare_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment without any package, and without pip."""
    folder = tmp_path_factory.mktemp("bare") / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    return folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def run_bare(
    python: Path, program: str, *arguments: str, folder: Path, variables: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    script = folder / "script.py"
    script.write_text(program)
    environment = {name: text for name, text in os.environ.items() if name != "AML_WIDGETS_HOME"}
    return subprocess.run(
        [python, "-W", "error::DeprecationWarning", script, *arguments],
        cwd=folder,
        env={**environment, "PYTHONPATH": str(importable_folder()), **(variables or {})},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


needs_proc = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="without psutil only Linux tells of processes"
)


@needs_proc
def test_a_script_logs_with_the_standard_library_alone(bare_python: Path, tmp_path: Path) -> None:
    workspace = Workspace.open(tmp_path / "runs")

    answer = run_bare(bare_python, SCRIPT, str(tmp_path / "runs"), PNG.hex(), folder=tmp_path)

    assert (answer.returncode, answer.stderr) == (0, "")
    run = workspace.get_run(answer.stdout.split()[-1])
    assert run.get_status() == RunStatus.COMPLETED.value
    assert set(run.get_metrics()) == {"loss", "list", "row", "table", "matrix", "picture"}
    assert {"plot.png", "outputs/model.txt"} <= set(run.get_file_names())


SUBMITTED_SCRIPT = """
from pathlib import Path
from aml_widgets import Run

run = Run.get_context(allow_offline=False)
run.log("alpha", 0.1)
run.log_row("row", x=1)
Path("plot.png").write_bytes(bytes.fromhex("89504e470d0a1a0a00"))
run.log_image("plot", "plot.png")
run.upload_file("outputs/script.py", __file__)
with run.child_run("inner") as child:
    child.log("beta", 2)
for child in run.create_children(2):
    child.complete()
run.experiment.workspace.write_config()
assert run.get_metrics()["alpha"] == 0.1
run.complete()
"""


@needs_proc
def test_a_submitted_script_finds_its_run(bare_python: Path, tmp_path: Path) -> None:
    experiment = Experiment(Workspace.open(tmp_path / "runs"), "bare")
    record = experiment.workspace.store.create_run(
        NewRun(experiment_id=experiment.id, run_type=RUN_TYPE, status=RunStatus.RUNNING)
    )

    answer = run_bare(
        bare_python, SUBMITTED_SCRIPT, folder=tmp_path, variables=context.describe_run(experiment, record)
    )

    assert (answer.returncode, answer.stderr) == (0, "")
    run = experiment.workspace.get_run(record.run_id)
    assert set(run.get_metrics()) == {"alpha", "row", "plot"}
    assert {"plot.png", "outputs/script.py"} <= set(run.get_file_names())
    assert [child.get_status() for child in run.get_children()] == ["Completed"] * 3


PARENT_SCRIPT = """
import sys
from aml_widgets import Run
from aml_widgets.submit.configuration.script_run_config import ScriptRunConfig

child = Run.get_context(allow_offline=False).submit_child(ScriptRunConfig(".", "child.py"))
child.wait_for_completion()
"""

CHILD_SCRIPT = """
import sys
from aml_widgets import Run

Run.get_context(allow_offline=False).log("prefix", sys.prefix)
"""


@needs_proc
def test_a_script_submits_another_into_its_own_interpreter(bare_python: Path, tmp_path: Path) -> None:
    """What supervises the other is run by the Python that submitted the first: this one cannot."""
    sources = tmp_path / "sources"
    sources.mkdir()
    (sources / "parent.py").write_text(PARENT_SCRIPT)
    (sources / "child.py").write_text(CHILD_SCRIPT)
    environment = Environment("bare")
    environment.python.user_managed_dependencies = True
    environment.python.interpreter_path = str(bare_python)
    experiment = Experiment(Workspace.open(tmp_path / "runs"), "bare")

    run = experiment.submit(ScriptRunConfig(str(sources), "parent.py", environment=environment))
    run.wait_for_completion()

    (child,) = run.get_children()
    assert child.get_status() == "Completed"
    assert child.get_metrics() == {"prefix": str(bare_python.parent.parent)}


def ask(python: Path, statement: str, folder: Path) -> str:
    """Run a statement that fails in our way; give the message."""
    program = f"from aml_widgets.core.errors import AmlWidgetsError\ntry:\n    {statement}\nexcept AmlWidgetsError as error:\n    print(error)"
    answer = run_bare(python, program, folder=folder)
    assert (answer.returncode, answer.stderr) == (0, "")
    return answer.stdout


def test_what_needs_a_package_says_so(bare_python: Path, tmp_path: Path) -> None:
    (tmp_path / ".amlignore").write_text("data\n")
    array = "type('Array', (), {'__array__': None})()"

    named_workspace = ask(bare_python, "import aml_widgets; aml_widgets.Workspace.get('named')", tmp_path)
    snapshot = ask(
        bare_python,
        "from pathlib import Path; import aml_widgets.submit.snapshot as s; s.take_snapshot(Path(), Path('/nowhere'))",
        tmp_path,
    )
    image = ask(
        bare_python,
        f"from aml_widgets.tracking.images import to_picture; to_picture('roc', None, {array}, 0)",
        tmp_path,
    )
    no_picture = ask(
        bare_python,
        "from aml_widgets.tracking.images import to_picture; to_picture('roc', 'script.py', None, 0)",
        tmp_path,
    )

    assert "AML_WIDGETS_HOME" in named_workspace
    assert "pathspec" in snapshot
    assert "numpy" in image
    assert "no picture" in no_picture


@needs_proc
def test_processes_are_told_apart_without_psutil_as_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        for pid in (os.getpid(), process.pid, os.getppid()):
            without = liveness._find_start_without_psutil(pid)
            assert without == pytest.approx(describe_process(pid).process_started_at, abs=0.02)
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert liveness._find_start_without_psutil(process.pid) is None  # a zombie
    assert liveness._find_start_without_psutil(process.pid) is None
    assert liveness._find_start_without_psutil(2**22 + 1) is None


def test_an_older_python_is_told_so(tmp_path: Path) -> None:
    """The version is changed for the import, as not every machine has an older Python."""
    program = "import sys; sys.version_info = (3, 8, 1); import aml_widgets"

    answer = run_bare(Path(sys.executable), program, folder=tmp_path)

    assert "ImportError: aml_widgets needs Python 3.10 or newer" in answer.stderr
