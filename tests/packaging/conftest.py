"""What is built of a copy of this folder: an sdist with Node.js, a wheel of it without, and an environment that has the wheel."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = (
    *(
        ".gitignore",
        ".yarnrc.yml",
        "CHANGELOG.md",
        "LICENSE",
        "Makefile",
        "README.md",
        "hatch_build.py",
        "package.json",
    ),
    *("pyproject.toml", "yarn.lock", "aml_widgets", "jupyter-config", "labextension"),
)
BUILT = ("__pycache__", "_labextension", "lib", "schema.ts", "*.tsbuildinfo")


@pytest.fixture(scope="session")
def no_node(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The variables of a machine where no program is on PATH, so no Node.js either."""
    return {**os.environ, "PATH": str(tmp_path_factory.mktemp("empty_path"))}


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the sources alone, as a fresh clone has them."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns(*BUILT))
        else:
            shutil.copy(ROOT / name, folder)
    return folder


@pytest.fixture(scope="session")
def sdist(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sdist, unpacked. Its front end is built with the packages that yarn.lock names, and no others."""
    target = tmp_path_factory.mktemp("sdist")
    # The environment's own programs first: jlpm, and Node.js where the machine has none.
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    run([sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", str(target)], environment, checkout)
    (built,) = target.glob("*.tar.gz")
    shutil.unpack_archive(built, target, filter="data")
    (unpacked,) = (path for path in target.iterdir() if path.is_dir())
    return unpacked


@pytest.fixture(scope="session")
def wheel(sdist: Path, tmp_path_factory: pytest.TempPathFactory, no_node: Mapping[str, str]) -> Path:
    """The wheel, built from the sdist where there is no Node.js."""
    target = tmp_path_factory.mktemp("wheel")
    run(
        [
            sys.executable,
            "-m",
            "pip",
            "wheel",
            "--quiet",
            "--no-deps",
            "--no-build-isolation",
            "-w",
            str(target),
            str(sdist),
        ],
        no_node,
        target,
    )
    (built,) = target.glob("*.whl")
    return built


@pytest.fixture(scope="session")
def fresh_python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment with the wheel installed; what the package depends on is seen, not copied."""
    folder = tmp_path_factory.mktemp("environment") / "venv"
    venv.create(folder, with_pip=False, symlinks=os.name != "nt")
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    run(
        [
            sys.executable,
            "-m",
            "pip",
            "--python",
            str(python),
            "install",
            "--quiet",
            "--no-deps",
            "--no-index",
            str(wheel),
        ]
    )
    asked = [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    packages = Path(subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip())
    # Behind the environment's own packages, so that the wheel comes before this folder.
    (packages / "others.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return python


def run(command: list[str], environment: Mapping[str, str] | None = None, folder: Path | None = None) -> str:
    """Run a program that has to succeed; give what it said, and show that where it failed."""
    done = subprocess.run(
        command, env=environment, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode:
        raise AssertionError(f"{command} ended with {done.returncode}:\n{done.stdout[-6000:]}")
    return done.stdout
