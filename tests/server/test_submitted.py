"""Runs that were submitted: cancelling one from a page ends its processes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import psutil

from aml_widgets.submit.configuration.script_run_config import ScriptRunConfig
from aml_widgets.testing.support import wait_until
from aml_widgets.tracking.experiment import Experiment
from aml_widgets.tracking.workspace import Workspace
from tests.server.conftest import Api

At = Callable[[str], str]


async def test_cancelling_a_submitted_run_ends_its_script(
    api: Api, at: At, workspace: Workspace, tmp_path: Path
) -> None:
    source, noted = tmp_path / "src", tmp_path / "pid"
    source.mkdir()
    (source / "train.py").write_text(
        "import os, sys, time\n"
        f"temporary = {str(noted)!r} + '.new'\n"
        "open(temporary, 'w').write(str(os.getpid()))\n"
        f"os.replace(temporary, {str(noted)!r})\n"
        "time.sleep(600)\n"
    )
    config = ScriptRunConfig(str(source), "train.py", arguments=["--alpha", 0.1])
    run = await asyncio.to_thread(Experiment(workspace, "ridge").submit, config)
    await asyncio.to_thread(wait_until, noted.exists, 300)
    script = psutil.Process(int(noted.read_text()))
    assert (await api.get(at(f"/runs/{run.id}")))["can_cancel"] is True

    reply = await api.post(at("/runs/actions"), {"action": "cancel", "run_ids": [run.id]})
    during = await api.get(at(f"/runs/{run.id}"))
    details = await asyncio.to_thread(run.wait_for_completion)

    assert reply["results"][0]["run"]["status"] in {"CancelRequested", "Canceled"}
    assert during["can_cancel"] is False
    assert details["status"] == "Canceled"
    assert not script.is_running()
    compared = await api.post(at("/runs/compare"), {"run_ids": [run.id]})
    assert compared["runs"][0]["parameters"] == {"alpha": "0.1"}
    snapshot = await api.get(at(f"/runs/{run.id}/snapshot"))
    assert [one["path"] for one in snapshot["files"]] == ["train.py"]
