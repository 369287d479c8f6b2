from __future__ import annotations

import platform
import sys
from pathlib import Path

import pytest

from aml_widgets.core.errors import RunEnvironmentError
from aml_widgets.submit.environments.python_versions import VersionRange, find_python
from tests.unit.local_wheels import make_program

OWN = platform.python_version()


@pytest.mark.parametrize(
    ("text", "allowed", "refused"),
    [
        ("", ["2.7.18", "3.14.0"], []),
        ("=*", ["3.9.1"], []),
        ("=3", ["3.8.1", "3.14.0"], ["2.7.18"]),
        ("=3.1", ["3.1.5"], ["3.10.1", "3.11.7"]),
        ("=3.11", ["3.11.0", "3.11.12"], ["3.1.1", "3.10.9", "3.12.0"]),
        ("3.11", ["3.11.4"], ["3.12.0"]),
        ("=3.11.*", ["3.11.4"], ["3.12.0"]),
        ("==3.11.*", ["3.11.4"], ["3.12.0"]),
        ("==3.11.4", ["3.11.4"], ["3.11.5"]),
        ("==3.11", ["3.11.0"], ["3.11.4"]),
        ("=3.11.7=h955ad1f_0", ["3.11.7"], ["3.11.8"]),
        (">=3.10,<3.13", ["3.10.0", "3.12.9"], ["3.9.9", "3.13.0"]),
        (">3.11,<=3.12", ["3.11.1", "3.12.0"], ["3.11.0", "3.12.1"]),
        ("!=3.11", ["3.10.2", "3.12.0"], ["3.11.2"]),
        ("~=3.10", ["3.10.0", "3.14.2"], ["3.9.0", "4.0.0"]),
        ("~=3.10.2", ["3.10.2", "3.10.9"], ["3.10.1", "3.11.0"]),
        (">=3.14", ["3.15.0b2", "3.14.0"], ["3.13.9"]),
    ],
)
def test_versions_are_compared_as_conda_and_pip_do(text: str, allowed: list[str], refused: list[str]) -> None:
    wanted = VersionRange(text)

    assert [version for version in allowed if not wanted.allows(version)] == []
    assert [version for version in refused if wanted.allows(version)] == []
    for version in allowed:
        major, minor = version.split(".")[:2]
        assert wanted.may_allow(int(major), int(minor))


def test_a_name_alone_tells_what_cannot_fit() -> None:
    assert [minor for minor in range(20) if VersionRange(">=3.10.2,<3.13,!=3.11").may_allow(3, minor)] == [10, 11, 12]
    assert [minor for minor in range(20) if VersionRange("=3.1").may_allow(3, minor)] == [1]
    assert not VersionRange("=2.7").may_allow(3, 7)
    assert [minor for minor in range(20) if VersionRange("~=3.8.2").may_allow(3, minor)] == [8]
    assert [minor for minor in range(20) if VersionRange("~=3.17").may_allow(3, minor)] == [17, 18, 19]


@pytest.mark.parametrize("text", ["=three", "3.11|3.12", ">=", "=3.11 or later"])
def test_what_is_no_version_is_refused(text: str) -> None:
    with pytest.raises(RunEnvironmentError, match="python=3.11") as caught:
        VersionRange(text)

    assert caught.value.value == text


def test_the_python_of_this_process_is_taken_where_it_fits() -> None:
    found, others = find_python(VersionRange(f"={OWN}"))

    assert found is not None
    assert (found.path, found.version, others) == (Path(sys.executable), OWN, [])


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Two folders on PATH, and no others."""
    found = [tmp_path / "first", tmp_path / "second"]
    for folder in found:
        folder.mkdir()
    monkeypatch.setenv("PATH", f"{found[0]}:relative:{tmp_path / 'missing'}:{found[1]}")
    return found


def stand_in(file: Path, version: str) -> Path:
    return make_program(file, f"""echo '["{version}", "cpython", "linux-x86_64"]'""")


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-ins are programs of a shell")
def test_on_the_path_a_fitting_one_is_found_behind_those_that_do_not_answer(folders: list[Path]) -> None:
    make_program(
        folders[0] / "python3.9", "echo 'python3.9: command not found' >&2; exit 127"
    )  # a version manager's shim
    make_program(folders[0] / "python3.8", "echo nonsense")
    fitting = stand_in(folders[1] / "python3.9", "3.9.18")
    stand_in(folders[1] / "python3.9-config", "3.9.18")

    found, others = find_python(VersionRange("=3.9"))

    assert found is not None
    assert (found.path, found.version) == (fitting, "3.9.18")
    assert [other.path for other in others] == [Path(sys.executable)]


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-ins are programs of a shell")
def test_newer_ones_are_preferred_and_those_without_a_number_come_last(folders: list[Path]) -> None:
    stand_in(folders[0] / "python3", "3.9.1")
    stand_in(folders[0] / "python3.8", "3.8.18")
    stand_in(folders[1] / "python3.9", "3.9.18")

    found, _ = find_python(VersionRange("<3.10"))

    assert found is not None
    assert found.version == "3.9.18"


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-ins are programs of a shell")
def test_where_nothing_fits_it_is_told_what_there_is(folders: list[Path], tmp_path: Path) -> None:
    on_path = stand_in(folders[0] / "python", "2.7.18")
    elsewhere = stand_in(tmp_path / "of uv" / "python3.6", "3.6.1")
    make_program(folders[0] / "python3.7", f"touch {tmp_path}/asked")  # its name tells that it does not fit

    found, others = find_python(VersionRange("=3.6.9"), find_more=lambda: [elsewhere])

    assert found is None
    assert [(other.path, other.version) for other in others] == [
        (Path(sys.executable), OWN),
        (elsewhere, "3.6.1"),
        (on_path, "2.7.18"),
    ]
    assert not (tmp_path / "asked").exists()
