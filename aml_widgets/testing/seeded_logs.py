"""Runs whose logs are hard to show."""

from __future__ import annotations

from aml_widgets.core import clock
from aml_widgets.core.records import ArtifactRecord, NewRun
from aml_widgets.core.status import RunStatus
from aml_widgets.store.liveness import this_process
from aml_widgets.store.protocol import RunStore
from aml_widgets.testing.seeded import EXPERIMENT, HOSTILE_TEXTS


def start_run(store: RunStore, display_name: str) -> str:
    """Make a running run; return its id."""
    experiment = store.open_experiment(EXPERIMENT)
    run = NewRun(experiment_id=experiment.experiment_id, display_name=display_name, writer=this_process())
    run_id = store.create_run(run).run_id
    store.set_status(run_id, RunStatus.RUNNING)
    return run_id


def append_log(store: RunStore, run_id: str, content: str | bytes, path: str = "logs/user_log.txt") -> None:
    """Write to the end of a log."""
    with store.artifacts.append_path(run_id, path).open("ab") as log:
        log.write(content if isinstance(content, bytes) else content.encode())
    note_log(store, run_id, path)


def note_log(store: RunStore, run_id: str, path: str) -> None:
    """Tell the store that there is a log, or that it has changed."""
    store.record_artifact(
        run_id,
        ArtifactRecord(
            path=path, size_bytes=store.artifacts.size(run_id, path) or 0, written_at=clock.now(), is_log=True
        ),
    )


def terminal_text() -> bytes:
    """What programs write for a terminal: all colours and looks, progress bars, and what no terminal shows."""
    named = "".join(f"\x1b[{code}m{code:>4}\x1b[0m" for code in (*range(30, 38), *range(90, 98)))
    behind = "".join(f"\x1b[{code}m {code:>3} \x1b[0m" for code in (*range(40, 48), *range(100, 108)))
    cube = "".join(f"\x1b[38;5;{code}m{code:>4}\x1b[0m" for code in range(16, 232, 9))
    ramp = "".join(f"\x1b[38;2;{red};{255 - red};120m\N{FULL BLOCK}\x1b[0m" for red in range(0, 256, 6))
    looks = (
        "\x1b[1mbold\x1b[0m \x1b[2mdim\x1b[0m \x1b[3mitalic\x1b[0m \x1b[4munderlined\x1b[0m \x1b[7minverse\x1b[0m "
        "\x1b[9mstruck\x1b[0m \x1b[1;4;31mall at once\x1b[0m \x1b[37;41m white on red \x1b[0m"
    )
    bars = "".join(
        f"\r{percent:3d}%|{chr(0x2588) * (percent // 5):<20}| {percent}/100 [00:{percent // 2:02},  2.00it/s]"
        for percent in range(101)
    )
    nested = "epoch 1\nbatch 0" + "".join(
        f"\x1b[A\r\x1b[2Kepoch {turn}\n\r\x1b[2Kbatch {turn * 7}" for turn in range(1, 40)
    )
    levels = "\n".join(
        f"\x1b[2m12:00:0{place}\x1b[0m \x1b[{code}m{level:<8}\x1b[0m what happened then"
        for place, (level, code) in enumerate({"INFO": 34, "WARNING": 33, "ERROR": "1;31", "DEBUG": 32}.items())
    )
    text = f"{named}\n{behind}\n{cube}\n{ramp}\n{looks}\n{bars}\n{nested}\n{levels}\n"
    return (
        text.encode() + b"broken \xff\xfe bytes, nul \0 and bell \x07\n\x1b]0;a title\x07\x1b[?25lno title\x1b[?25h\n"
    )


def colourful(store: RunStore) -> str:
    """A log as a terminal would show it."""
    run_id = start_run(store, "colourful")
    append_log(store, run_id, terminal_text())
    return run_id


def hostile_logs(store: RunStore) -> str:
    """Names and lines that try to be something else."""
    run_id = start_run(store, "hostile logs")
    text = (
        "\n".join(HOSTILE_TEXTS) + "\n</div></pre><b>bold</b>\n" + "\x1b]8;;javascript:alert(1)\x07link\x1b]8;;\x07\n"
    )
    for path in (
        'logs/<img src=x onerror="window.pwned=1">.txt',
        "logs/\u202egol.txt",
        f"logs/{'very long ' * 20}.txt",
        "logs/ .txt",
    ):
        append_log(store, run_id, text, path)
    return run_id


def giant(store: RunStore, size_bytes: int = 1 << 30) -> str:
    """A log whose file is as long as is said and takes no room: holes, and lines at its end."""
    run_id = start_run(store, "giant")
    path = "logs/user_log.txt"
    with store.artifacts.append_path(run_id, path).open("wb") as log:
        log.seek(size_bytes)
        log.write(b"\n" + b"".join(b"line %d of the end\n" % number for number in range(5_000)))
    note_log(store, run_id, path)
    return run_id


def stages(store: RunStore) -> str:
    """The logs of a run that went through the stages of v1."""
    run_id = start_run(store, "stages")
    for path in ("azureml-logs/55_prepare.txt", "azureml-logs/70_driver_log.txt", "azureml-logs/75_job_post.txt"):
        append_log(store, run_id, "".join(f"{path} says {number}\n" for number in range(40)), path)
    append_log(store, run_id, "x" * 1_000_000 + "\n", "logs/one_long_line.txt")
    return run_id
