"""Fresh interpreters for tests of v1's import names, which a process has once and for all, and stand-ins for v1's own packages."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path

NAMES = Path(__file__).parents[2] / "aml_widgets" / "azureml" / "names" / "azureml"


def call(
    *arguments: str | Path,
    folder: Path,
    path: tuple[Path, ...] = (),
    variables: Mapping[str, str] | None = None,
    python: Path | str = sys.executable,
    stdin: str = "",
    timeout_seconds: float | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run Python in a folder with others on its path, and wait until it has ended."""
    return subprocess.run(
        [python, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path)), **(variables or {})},
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout_seconds,
    )


def tell(program: str, folder: Path, *path: Path) -> list[str]:
    """Give the lines that a program prints in an interpreter of its own; it has to end well and say nothing else."""
    done = call("-c", textwrap.dedent(program), folder=folder, path=path)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def write(folder: Path, files: Mapping[str, str]) -> Path:
    """Write files below a folder; give the folder."""
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text), encoding="utf-8")
    return folder


def install_v1(folder: Path, version: str = "1.42.0") -> Path:
    """Make what looks to Python as an installed azureml-core: a package with a file ``__init__.py``, as v1's is, and its metadata."""
    extend = "__path__ = __import__('pkgutil').extend_path(__path__, __name__)\n"
    return write(
        folder,
        {
            "azureml/__init__.py": extend,
            "azureml/core/__init__.py": "VERSION = 'the real one'\n",
            f"azureml_core-{version}.dist-info/METADATA": f"Metadata-Version: 2.1\nName: azureml-core\nVersion: {version}\n",
        },
    )


def make_python(folder: Path) -> Path:
    """Make a virtual environment without any package; give its interpreter."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    return folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def packages_of(python: Path) -> Path:
    """Give the folder of an interpreter where packages are installed."""
    asked = [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    return Path(subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip())
