"""Old Pythons are for scripts that do not import this package; where a script does, they are refused before there is a run."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from aml_widgets.core.errors import RunEnvironmentError
from aml_widgets.submit.environments import build_tools
from aml_widgets.submit.environments.interpreters import find_interpreter
from aml_widgets.submit.environments.oldest_python import is_too_old
from aml_widgets.submit.environments.python_versions import VersionRange
from tests.unit.local_wheels import environment_of, make_program, user_managed

OWN = f"{sys.version_info.major}.{sys.version_info.minor}"
RULE = r"a script that imports azureml or aml_widgets needs Python 3\.10 or newer"
shell_only = pytest.mark.skipif(sys.platform == "win32", reason="the stand-ins are programs of a shell")


@pytest.fixture(autouse=True)
def nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home, an empty PATH, no conda and no uv."""
    monkeypatch.setenv("AML_WIDGETS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(build_tools, "find_conda", lambda: None)
    monkeypatch.setattr(build_tools, "find_uv", lambda: None)


@pytest.mark.parametrize(
    "text", ["=3.6.2", "=3.9", "==3.8.*", "<3.10", ">=3.6,<=3.9", "~=3.9.1", "=2.7", ">=3.7,<3.10"]
)
def test_what_allows_old_ones_alone_is_too_old(text: str) -> None:
    assert is_too_old(VersionRange(text))


@pytest.mark.parametrize("text", ["", "=3", "=3.10", ">=3.6", "<=3.10", "<3.11", "~=3.6", "!=3.9", "=3.13.1", ">=4"])
def test_what_allows_a_new_one_is_not(text: str) -> None:
    assert not is_too_old(VersionRange(text))


def test_an_old_pin_is_refused_where_the_script_has_v1s_names() -> None:
    environment = environment_of(dependencies=("python=3.6.2",), name="of years ago")

    with pytest.raises(RunEnvironmentError, match=f"'of years ago' asks for python=3.6.2, and {RULE}") as caught:
        find_interpreter(environment, has_v1_names=True)

    assert f"conda_dependencies.set_python_version('{OWN}')" in caught.value.message
    assert "uv python install" not in caught.value.message


def test_conda_is_not_asked_for_it_either(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build_tools, "find_conda", lambda: tmp_path / "micromamba")
    environment = environment_of(dependencies=("python=3.8", "cudatoolkit"))

    assert find_interpreter(environment) is None  # it would be built
    with pytest.raises(RunEnvironmentError, match=RULE):
        find_interpreter(environment, has_v1_names=True)


def test_without_the_names_the_way_to_an_old_one_says_what_it_is_not_for() -> None:
    with pytest.raises(RunEnvironmentError, match="'uv python install' will do") as old:
        find_interpreter(environment_of(dependencies=("python=3.6.2",)))
    with pytest.raises(RunEnvironmentError, match="'uv python install' will do") as new:
        find_interpreter(environment_of(dependencies=("python=3.99",)))

    assert old.value.message.endswith("A script that imports aml_widgets needs Python 3.10 or newer.")
    assert "3.10 or newer" not in new.value.message


@shell_only
def test_a_range_for_which_only_an_old_one_is_here_is_refused(tmp_path: Path) -> None:
    python = make_program(tmp_path / "bin" / "python3.9", """echo '["3.9.18", "cpython", "linux-x86_64"]'""")
    environment = environment_of(dependencies=(f"python!={OWN}",))

    assert find_interpreter(environment) is None  # it would be built
    with pytest.raises(RunEnvironmentError, match=RULE) as caught:
        find_interpreter(environment, has_v1_names=True)

    assert f"there is Python 3.9.18 ({str(python)!r})" in caught.value.message


@shell_only
def test_an_old_interpreter_is_refused_where_the_script_has_v1s_names(tmp_path: Path) -> None:
    old = make_program(tmp_path / "old", """echo 'a greeting'; echo '["3.8.18", false]'""")

    assert find_interpreter(user_managed(str(old))) == old
    with pytest.raises(RunEnvironmentError, match=f"is Python 3.8.18, and {RULE}") as caught:
        find_interpreter(user_managed(str(old)), has_v1_names=True)

    assert str(old) in caught.value.message
    assert sys.executable in caught.value.message


@shell_only
@pytest.mark.parametrize(
    "content",
    [
        """echo '["3.10.1", false]'""",
        """echo '["3.8.18", true]'  # azureml-core itself is in it, which is then what the script imports""",
        "echo hello",
        "exit 3",
    ],
)
def test_others_are_let_through(tmp_path: Path, content: str) -> None:
    python = make_program(tmp_path / "python", content)

    assert find_interpreter(user_managed(str(python)), has_v1_names=True) == python


def test_an_interpreter_tells_its_version_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link = tmp_path / "python"
    link.symlink_to(sys.executable)
    monkeypatch.setattr("aml_widgets.submit.environments.oldest_python.OLDEST", (99, 0))

    with pytest.raises(RunEnvironmentError, match=rf"is Python {OWN}\.\d+"):
        find_interpreter(user_managed(str(link)), has_v1_names=True)
