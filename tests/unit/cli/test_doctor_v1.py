"""The doctor finds an `azureml.core` that no package has installed, and says how it is taken off the path."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from .conftest import Examine
from .doctor_report import only

pytestmark = pytest.mark.usefixtures("jupyter")


def put_v1(folder: Path, content: str = "") -> Path:
    """Put sources of some azureml.core into a folder."""
    file = folder / "azureml" / "core" / "__init__.py"
    file.parent.mkdir(parents=True)
    file.write_text(content)
    (folder / "azureml" / "__init__.py").write_text("")
    return file


@pytest.mark.parametrize("content", ["", "import a_package_that_is_not_there\n"])
def test_one_on_pythonpath_is_taken_off_it(
    examine: Examine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    file = put_v1(tmp_path / "sources", content)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "sources"))

    told = only(examine(), "azure ml v1", "import names")

    assert told["level"] == "warning"
    assert f"gives {file}" in told["text"]
    assert told["command"] == "unset PYTHONPATH"


def test_what_else_is_on_pythonpath_stays(examine: Examine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_v1(tmp_path / "sources")
    kept = [str(tmp_path / "a b"), str(tmp_path / "c")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([kept[0], f"{tmp_path / 'sources'}/", kept[1]]))

    command = only(examine(), "azure ml v1", "import names")["command"]

    assert command == f"export PYTHONPATH='{os.pathsep.join(kept)}'"


def test_one_that_comes_by_another_way_is_named_without_a_command(
    examine: Examine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_v1(tmp_path / "sources")
    (tmp_path / "start").mkdir()
    (tmp_path / "start" / "sitecustomize.py").write_text(
        f"import sys\nsys.path.insert(0, {str(tmp_path / 'sources')!r})\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "start"))

    told = only(examine(), "azure ml v1", "import names")

    assert told["command"] is None
    assert f"Take {tmp_path / 'sources'} off the path" in told["text"]
