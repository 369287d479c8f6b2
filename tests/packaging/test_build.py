"""What is built is complete, and building needs no Node.js."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "aml_widgets"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy of the checkout with no program on PATH but Python's."""
    source = tmp_path_factory.mktemp("source")
    for name in ("pyproject.toml", "package.json", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    shutil.copytree(PACKAGE, source / "aml_widgets", ignore=shutil.ignore_patterns("__pycache__"))
    target = tmp_path_factory.mktemp("dist")
    environment = {**os.environ, "PATH": str(tmp_path_factory.mktemp("empty_path"))}

    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", target, source],
        env=environment,
        check=True,
    )

    (built,) = target.glob("*.whl")
    return built


def test_the_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    expected = {
        path.relative_to(ROOT).as_posix()
        for path in PACKAGE.rglob("*")
        if path.is_file() and path.suffix != ".pyc" and "__pycache__" not in path.parts
    }

    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}

    assert names == expected
    assert "aml_widgets/py.typed" in names


def test_the_version_is_that_of_package_json(wheel: Path) -> None:
    version = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))["version"]

    assert wheel.name.startswith(f"aml_widgets-{version}-")
