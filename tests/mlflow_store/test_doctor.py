"""The doctor asks a real tracking server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from aml_widgets.cli.main import main
from tests.mlflow_store.tracking_server import TrackingServer


@pytest.fixture
def document(
    server: TrackingServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> dict[str, Any]:
    monkeypatch.setenv("AML_WIDGETS_HOME", str(tmp_path / "home"))
    main(["doctor", "--json", "--workspace", server.uri])
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    return told


def test_a_server_that_answers_is_well(document: dict[str, Any], server: TrackingServer, tmp_path: Path) -> None:
    told = {one["check"]: one for one in document["checks"] if one["area"] == "workspace"}

    assert told["tracking server"]["level"] == "ok"
    assert told["tracking server"]["text"].startswith(f"{server.uri} answers, MLflow {document['versions']['mlflow']}")
    assert (told["clock"]["level"], told["artifacts"]["level"]) == ("ok", "ok")
    assert not (tmp_path / "home").exists()
