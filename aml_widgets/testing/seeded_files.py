"""Runs with files and facts to look at: every kind of preview, thousands of files, names that try to be more than text."""

from __future__ import annotations

import io
import json
import zipfile

from aml_widgets.core import clock
from aml_widgets.core.records import ArtifactRecord, NewRun, RunError, RunRecord
from aml_widgets.core.status import RunStatus
from aml_widgets.store.liveness import this_process
from aml_widgets.store.protocol import RunStore
from aml_widgets.testing.seeded import EXPERIMENT, HOSTILE_TEXTS, TRACEBACK, append_log

HOSTILE_NAME = '<img src=x onerror="window.pwned=1">.txt'
HOSTILE_CONTENT = '<img src=x onerror="window.pwned=1"><script>window.pwned=1</script>'
SNAPSHOT_ID = "5eed" * 16


def add_file(store: RunStore, run: RunRecord, path: str, content: bytes) -> None:
    """Give a run a file."""
    size_bytes = store.artifacts.put(run.run_id, path, io.BytesIO(content))
    store.record_artifact(run.run_id, ArtifactRecord(path=path, size_bytes=size_bytes, written_at=clock.now()))


def run_with_previews(store: RunStore) -> RunRecord:
    """Make a running run with a file of every kind that can be previewed, and of those that cannot."""
    run = _begin(store, "previews")
    append_log(store, run, "logs/user_log.txt", "epoch 1\nepoch 2\n")
    add_file(store, run, "outputs/notes.txt", b"plain text\nwith a broken \xff\xfe byte, a bell \x07 and \xc3\xa4\n")
    add_file(store, run, "outputs/long.txt", "".join(f"line {i}: äöü €\n" for i in range(8_000)).encode())
    document = '{"name": "ridge", "alpha": 0.10, "big": 12345678901234567890, "nested": {"list": [1, 2, {"x": null}], "empty": []}}'
    add_file(store, run, "outputs/model.json", document.encode())
    add_file(store, run, "outputs/broken.json", b'{"name": "ridge",\n "alpha": }')
    rows = "".join(f'{i},{i / 7:.4f},"name, of ""{i}"""\n' for i in range(250))
    add_file(store, run, "outputs/tables/rows.csv", f"id,value,text\n{rows}".encode())
    wide = ";".join(f"column {i}" for i in range(80)) + "\n" + ";".join(str(i) for i in range(80)) + "\n"
    add_file(store, run, "outputs/tables/wide.csv", wide.encode())
    add_file(store, run, "outputs/plots/small.png", _picture(320, 200, "PNG"))
    add_file(store, run, "outputs/plots/large.png", _picture(2_600, 1_800, "PNG"))
    add_file(store, run, "outputs/plots/photo.jpg", _picture(640, 400, "JPEG"))
    add_file(
        store,
        run,
        "outputs/plots/drawing.svg",
        b'<svg xmlns="http://www.w3.org/2000/svg" onload="window.pwned=1"><circle r="9"/></svg>',
    )
    add_file(store, run, "outputs/report.html", HOSTILE_CONTENT.encode())
    add_file(store, run, "outputs/model.bin", bytes(range(256)) * 40)
    add_file(store, run, "outputs/empty.txt", b"")
    add_file(store, run, "script.py", b"print('hello')\n")
    return store.get_run(run.run_id)


def run_with_many_files(store: RunStore, n_files: int = 3_000) -> RunRecord:
    """Make a running run with thousands of files in one folder, and some beside it."""
    run = _begin(store, f"{n_files} files")
    for i in range(n_files):
        add_file(store, run, f"outputs/checkpoints/epoch {i}.bin", b"x" * (i % 997))
    for i in range(30):
        add_file(store, run, f"outputs/plots/{i // 10}/plot {i}.txt", f"plot {i}\n".encode())
    append_log(store, run, "logs/user_log.txt", "begun\n")
    return store.get_run(run.run_id)


def run_with_hostile_files(store: RunStore) -> RunRecord:
    """Make a failed run whose file names, folders, contents, tags, properties and error try to be more than text."""
    evil = HOSTILE_CONTENT
    run = _begin(
        store,
        evil,
        tags={evil: evil, **dict.fromkeys(HOSTILE_TEXTS, HOSTILE_TEXTS[0])},
        properties={
            evil: evil,
            "json": json.dumps({evil: [evil]}),
            "azureml.git.branch": evil,
            "azureml.git.commit": evil,
            "aml_widgets.packages": json.dumps({evil: evil}),
            "aml_widgets.command_line": f"python train.py '{evil}'",
            "aml_widgets.snapshot_skipped": evil,
        },
    )
    for name in (HOSTILE_NAME, f"{'x' * 200}.txt", "\u202etxt.exe", "line\nbreak\r.txt", " ", "a'b\"c&amp;.txt"):
        add_file(store, run, f"outputs/{name}", HOSTILE_CONTENT.encode())
    add_file(store, run, f"{HOSTILE_NAME.replace('.txt', '')}/inner.csv", f'{evil},b\n"{evil}",2\n'.encode())
    add_file(store, run, "outputs/evil.json", json.dumps({evil: evil}).encode())
    append_log(store, run, f"logs/{HOSTILE_NAME}", f"{evil}\n")
    error = RunError(code=evil, message=evil, traceback=f"{TRACEBACK}{evil}\n", error_type=evil)
    return store.set_status(run.run_id, RunStatus.FAILED, error=error)


def run_with_every_fact(store: RunStore) -> RunRecord:
    """Make a failed child run with all that the details of a run can show, a snapshot of its sources too."""
    parent = _begin(store, "parent")
    packages = {"numpy": "2.1.0", "scikit-learn": "1.5.2", "pandas": "2.2.3"}
    run = _begin(
        store,
        "every fact",
        parent_run_id=parent.run_id,
        description="A child with everything.",
        run_type="azureml.scriptrun",
        tags={"model": "ridge", "baseline": None, **{f"fold {i}": f"{i / 10}" for i in range(12)}},
        properties={
            "aml_widgets.host": "workstation",
            "aml_widgets.user": "ada",
            "aml_widgets.pid": "4242",
            "aml_widgets.notebook_path": "studies/ridge.ipynb",
            "aml_widgets.python_version": "3.12.4",
            "aml_widgets.platform": "Linux-6.1-x86_64",
            "aml_widgets.packages": json.dumps(packages),
            "aml_widgets.command_line": "/usr/bin/python train.py --alpha 0.1 --data=x.csv --verbose --low -1",
            "aml_widgets.working_directory": "/home/ada/studies",
            "azureml.git.commit": "0123456789abcdef0123456789abcdef01234567",
            "azureml.git.branch": "main",
            "azureml.git.dirty": "True",
            "azureml.git.repository_uri": "https://example.org/ada/studies.git",
            "mlflow.source.git.commit": "0123456789abcdef0123456789abcdef01234567",
            "ContentSnapshotId": SNAPSHOT_ID,
            "settings": json.dumps({"layers": [64, 64], "optimizer": {"name": "adam", "rate": 0.001}}),
            "long": "word " * 300,
        },
    )
    _write_snapshot(store)
    error = RunError(
        code="UserError", message="The loss is not a number.", traceback=TRACEBACK * 4, error_type="ValueError"
    )
    return store.set_status(run.run_id, RunStatus.FAILED, error=error)


def _begin(store: RunStore, name: str, **facts: object) -> RunRecord:
    experiment = store.open_experiment(EXPERIMENT)
    new_run = NewRun(
        experiment_id=experiment.experiment_id,
        display_name=name,
        status=RunStatus.RUNNING,
        writer=this_process(),
        **facts,  # type: ignore[arg-type]  # those of `NewRun`, checked by its own names
    )
    return store.create_run(new_run)


def _write_snapshot(store: RunStore) -> None:
    folder = store.snapshots
    if folder is None:
        return
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(folder / f"{SNAPSHOT_ID}.zip", "w") as archive:
        archive.writestr("train.py", "import sys\nprint(sys.argv)\n")
        archive.writestr("src/model.py", "class Model:\n    pass\n")
        archive.writestr("conf/settings.json", '{"alpha": 0.1}')


def _picture(width: int, height: int, form: str) -> bytes:
    from PIL import Image

    image = Image.linear_gradient("L").resize((width, height)).convert("RGB")
    content = io.BytesIO()
    image.save(content, form)
    return content.getvalue()
