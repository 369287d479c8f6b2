"""Packages and environments that are made without a network."""

from __future__ import annotations

import zipfile
from pathlib import Path


def make_wheel(folder: Path, name: str, *, version: str = "1.0", content: str = "answer = 42\n") -> Path:
    """Make a wheel with one module."""
    file = folder / f"{name}-{version}-py3-none-any.whl"
    facts = f"{name}-{version}.dist-info"
    wheel = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(f"{name}.py", content)
        archive.writestr(f"{facts}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        archive.writestr(f"{facts}/WHEEL", wheel)
        archive.writestr(f"{facts}/RECORD", f"{name}.py,,\n{facts}/METADATA,,\n{facts}/WHEEL,,\n{facts}/RECORD,,\n")
    return file


_BACKEND = """
import zipfile
from pathlib import Path


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    facts = "NAME-1.0.dist-info"
    with zipfile.ZipFile(Path(wheel_directory, "NAME-1.0-py3-none-any.whl"), "w") as archive:
        archive.write("NAME.py")
        archive.writestr(facts + "/METADATA", "Metadata-Version: 2.1\\nName: NAME\\nVersion: 1.0\\n")
        archive.writestr(facts + "/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        archive.writestr(facts + "/RECORD", "")
    return "NAME-1.0-py3-none-any.whl"
"""


def make_project(folder: Path, name: str) -> Path:
    """Make a folder that a package with one module is built from, by nothing but what is in it."""
    project = folder / f"{name}_project"
    project.mkdir()
    (project / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
        f'[project]\nname = "{name}"\nversion = "1.0"\n'
    )
    (project / "backend.py").write_text(_BACKEND.replace("NAME", name))
    (project / f"{name}.py").write_text("answer = 42\n")
    return project


def environment_of(*pip_lines: str, dependencies: tuple[str, ...] = (), name: str = "tiny") -> dict[str, object]:
    """Describe an environment as `Environment.to_dict` does; pip asks no index."""
    pip = [{"pip": ["--no-index", *pip_lines]}] if pip_lines else []
    conda = {"name": "project", "channels": ["conda-forge"], "dependencies": [*dependencies, *pip]}
    return {
        "name": name,
        "version": None,
        "python": {
            "userManagedDependencies": False,
            "interpreterPath": "python",
            "condaDependencies": conda,
            "condaDependenciesFile": None,
            "baseCondaEnvironment": None,
        },
        "environmentVariables": {},
    }


def user_managed(interpreter: str) -> dict[str, object]:
    """Describe an environment that its user looks after."""
    return {"name": "own", "python": {"userManagedDependencies": True, "interpreterPath": interpreter}}


def make_program(file: Path, content: str) -> Path:
    """Write a program that the shell runs."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#!/bin/sh\n{content}\n")
    file.chmod(0o755)
    return file
