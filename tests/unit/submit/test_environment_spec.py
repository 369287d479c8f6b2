from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from aml_widgets.core.errors import RunEnvironmentError
from aml_widgets.submit.environments import environment_spec
from aml_widgets.submit.environments.environment_spec import EnvironmentSpec, hide_credentials
from tests.unit.local_wheels import environment_of, make_wheel


def spec_of(*pip_lines: str, dependencies: tuple[str, ...] = ()) -> EnvironmentSpec:
    return EnvironmentSpec.read(environment_of(*pip_lines, dependencies=dependencies))


def contents_of(*pip_lines: str, dependencies: tuple[str, ...] = ()) -> list[object]:
    return spec_of(*pip_lines, dependencies=dependencies).describe_contents()


def test_python_and_packages_of_pip_need_no_conda() -> None:
    spec = spec_of("scikit-learn==1.5", "numpy", dependencies=("python=3.11", "pip", "setuptools=70", "wheel>=0.40"))

    assert spec.name == "tiny"
    assert spec.python.text == "=3.11"
    assert spec.pip_lines == ("--no-index", "numpy", "pip", "scikit-learn==1.5", "setuptools==70.*", "wheel>=0.40")
    assert not spec.needs_conda
    assert spec.channels == ()


def test_other_packages_need_conda() -> None:
    spec = spec_of(dependencies=("python 3.11", "NumPy = 1.26", "conda-forge::cudatoolkit=11.8", "conda-forge::pip"))

    assert spec.python.text == "=3.11"
    assert spec.conda_packages == ("conda-forge::cudatoolkit=11.8", "conda-forge::pip", "numpy=1.26")
    assert spec.needs_conda
    assert spec.channels == ("conda-forge",)


def test_an_environment_may_ask_for_nothing() -> None:
    spec = EnvironmentSpec.read({"name": "bare", "python": {"condaDependencies": None}})

    assert (spec.python.text, spec.pip_lines, spec.conda_packages) == ("", (), ())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("numpy", "pandas"), ("pandas", "numpy")),
        (("Scikit_Learn == 1.5",), ("scikit-learn==1.5",)),
        (("torch [extra] >= 2, < 3",), ("torch[extra]>=2,<3",)),
        (("numpy  # for arrays", "", "# nothing"), ("numpy",)),
        (("numpy", "numpy"), ("numpy",)),
    ],
)
def test_the_same_written_otherwise_is_the_same(one: tuple[str, ...], other: tuple[str, ...]) -> None:
    assert contents_of(*one) == contents_of(*other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("numpy",), ("numpy==2.0",)),
        (("--extra-index-url https://a.example", "numpy"), ("numpy",)),
        # which of two is asked first is the user's choice
        (
            ("--find-links https://a.example", "--find-links https://b.example"),
            ("--find-links https://b.example", "--find-links https://a.example"),
        ),
        (("numpy; python_version < '3.12'",), ("numpy; python_version < '3.13'",)),
    ],
)
def test_what_differs_is_another(one: tuple[str, ...], other: tuple[str, ...]) -> None:
    assert contents_of(*one) != contents_of(*other)


def test_another_python_and_other_channels_make_another() -> None:
    assert contents_of(dependencies=("python=3.11",)) != contents_of(dependencies=("python=3.12",))
    changed: Any = environment_of(dependencies=("numpy",))
    before = EnvironmentSpec.read(changed).describe_contents()
    changed["python"]["condaDependencies"]["channels"] = ["defaults"]

    assert EnvironmentSpec.read(changed).describe_contents() != before


@pytest.mark.parametrize("form", ["{}", "tiny @ {uri}", "{}[extra]", "-r {requirements}", "-c {requirements}", "{uri}"])
def test_a_changed_file_makes_another_environment(form: str, tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "tiny")
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("# tiny\n-r more.txt\n")
    (tmp_path / "more.txt").write_text(str(wheel))
    line = form.format(wheel, uri=wheel.as_uri(), requirements=requirements)
    before = contents_of(line)
    assert contents_of(line) == before

    make_wheel(tmp_path, "tiny", content="answer = 43\n")
    requirements.write_text(f"{wheel}\nnumpy\n")

    assert contents_of(line) != before


def test_a_changed_source_folder_makes_another_environment_unless_it_is_installed_for_editing(tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    module = project / "module.py"
    module.write_text("answer = 42\n")
    before, editable_before = contents_of(str(project)), contents_of(f"-e {project}")

    (project / "broken link").symlink_to("/nowhere")
    for leftover in ("build", "project.egg-info", "__pycache__"):  # what building it leaves there
        (project / leftover).mkdir()
        (project / leftover / "file").write_text("x")
    assert contents_of(str(project)) == before
    module.write_text("answer = 43\n")

    assert contents_of(str(project)) != before
    assert contents_of(f"-e {project}") == editable_before


def test_large_files_beside_sources_are_known_by_their_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment_spec, "_LARGE_BYTES", 10)
    data = tmp_path / "data.csv"
    data.write_text("x" * 20)
    os.utime(data, (1, 1))
    before = contents_of(str(tmp_path))
    data.write_text("y" * 20)

    os.utime(data, (1, 1))
    assert contents_of(str(tmp_path)) == before
    os.utime(data, (2, 2))
    assert contents_of(str(tmp_path)) != before


@pytest.mark.parametrize(
    "line", ["./tiny.whl", "-e .", "-r requirements.txt", "wheels/tiny.whl", "tiny.whl", "tiny @ ./tiny"]
)
def test_a_relative_path_is_refused(line: str) -> None:
    with pytest.raises(RunEnvironmentError, match="must be absolute"):
        spec_of(line)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(RunEnvironmentError, match="is not there") as caught:
        contents_of(f"{tmp_path}/none.whl")

    assert caught.value.value == f"{tmp_path}/none.whl"


@pytest.mark.parametrize(
    "line",
    [
        "git+https://host.example/project.git@main",
        "https://host.example/tiny.whl",
        "tiny @ https://host.example/tiny.whl",
        "--extra-index-url https://host.example/simple",
        "--find-links /wheels",
        "--pre",
        "-i https://host.example/simple",
        "tiny; sys_platform == 'linux'",
    ],
)
def test_what_lies_elsewhere_is_left_to_pip(line: str) -> None:
    spec = spec_of(line)

    assert line in spec.pip_lines
    assert spec.describe_contents()[-1] == {}


@pytest.mark.parametrize(
    ("python", "told"),
    [
        ("python", "'python' of environment 'e' must be a mapping"),
        ({"condaDependencies": ["numpy"]}, "'condaDependencies' of environment 'e' must be a mapping"),
        ({"condaDependencies": {"dependencies": "numpy"}}, "'dependencies' of environment 'e' must be a list"),
        ({"condaDependencies": {"dependencies": [{"pip": "numpy"}]}}, "'pip' of environment 'e' must be a list"),
        ({"condaDependencies": {"dependencies": ["=1.0"]}}, "no conda package"),
        ({"condaDependenciesFile": "env.yml"}, "from_conda_specification"),
    ],
)
def test_what_cannot_be_understood_is_refused(python: object, told: str) -> None:
    with pytest.raises(RunEnvironmentError, match=told):
        EnvironmentSpec.read({"name": "e", "python": python})


def test_passwords_are_left_out_of_texts() -> None:
    line = "--extra-index-url https://ada:secret@host.example/simple and https://token@host.example, https://host.example/@x"

    assert hide_credentials(line) == (
        "--extra-index-url https://***@host.example/simple and https://***@host.example, https://host.example/@x"
    )
