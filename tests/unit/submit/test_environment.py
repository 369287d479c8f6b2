from __future__ import annotations

import json
import os
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

from aml_widgets.core import v1_names
from aml_widgets.core.errors import ConfigError, RunEnvironmentError
from aml_widgets.submit.configuration.conda_dependencies import CondaDependencies
from aml_widgets.submit.configuration.environment import Environment


def test_a_new_environment_is_isolated_and_asks_for_nothing() -> None:
    environment = Environment("mine")

    assert (environment.name, environment.version) == ("mine", None)
    assert environment.python.user_managed_dependencies is False
    assert environment.python.interpreter_path == "python"
    assert environment.environment_variables == {}
    assert environment.docker.enabled is False
    assert environment.python.conda_dependencies == CondaDependencies()
    assert environment.resolve().python.user_managed_dependencies is False


def test_it_shows_as_in_v1() -> None:
    environment = Environment("mine")

    assert str(environment) == "Environment(Name: mine,\nVersion: None)"
    shown = json.loads(repr(environment))
    assert shown == environment.to_dict()
    assert set(shown) >= {"name", "version", "python", "docker", "spark", "databricks", "r", "environmentVariables"}
    assert set(shown["python"]) == {
        "userManagedDependencies",
        "interpreterPath",
        "condaDependenciesFile",
        "condaDependencies",
        "baseCondaEnvironment",
    }


def test_what_is_shown_holds_no_secret() -> None:
    environment = Environment("mine", environment_variables={"API_KEY": "abc123", "MODE": "fast"})
    environment.docker.base_image_registry.password = "abc123"
    environment.python.conda_dependencies.set_pip_index_url("https://me:abc123@example.org/simple")

    assert "abc123" not in repr(environment)
    assert '"MODE": "fast"' in repr(environment)
    assert json.dumps(environment.to_dict()).count("abc123") == 3  # what is kept is whole


def test_the_default_one_runs_with_the_python_that_submits() -> None:
    resolved = Environment.make_default().resolve()

    assert resolved.python.user_managed_dependencies is True
    assert resolved.python.interpreter_path == sys.executable


def test_the_default_one_is_isolated_as_soon_as_packages_are_named() -> None:
    environment = Environment.make_default()

    environment.python.conda_dependencies.add_pip_package("numpy")

    assert environment.python.user_managed_dependencies is False
    assert environment.resolve().to_dict()["python"]["userManagedDependencies"] is False
    environment.python.user_managed_dependencies = True
    assert environment.python.user_managed_dependencies is True


def test_one_that_the_user_manages_runs_with_the_python_that_submits_unless_another_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    environment = Environment("mine")
    environment.python.user_managed_dependencies = True

    def resolve(path: str | Path) -> str:
        environment.python.interpreter_path = path  # type: ignore[assignment]  # it takes paths, too
        return environment.resolve().python.interpreter_path

    assert resolve("python") == sys.executable
    assert resolve("python3.99") == "python3.99"
    assert resolve(Path("venv/bin/python")) == str(tmp_path / "venv/bin/python")
    assert resolve("~/x/python") == os.path.expanduser("~/x/python")  # noqa: PTH111
    assert environment.python.interpreter_path == "~/x/python"


def test_packages_that_will_not_be_installed_are_warned_of() -> None:
    environment = Environment("mine")
    environment.python.user_managed_dependencies = True
    environment.python.conda_dependencies = CondaDependencies.create(pip_packages=["numpy"])

    with pytest.warns(UserWarning, match="'mine' are not installed"):
        environment.resolve()


def test_a_python_version_alone_is_not_warned_of() -> None:
    environment = Environment("mine")
    environment.python.user_managed_dependencies = True
    environment.python.conda_dependencies.set_python_version("3.9")

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        environment.resolve()


def test_the_file_of_packages_is_read_when_it_is_needed(tmp_path: Path) -> None:
    environment = Environment("mine")
    environment.python.conda_dependencies_file = "env.yml"
    (tmp_path / "env.yml").write_text("dependencies: [python=3.10, {pip: [numpy]}]")

    resolved = environment.resolve(tmp_path)

    assert resolved.python.conda_dependencies.pip_packages == ["numpy"]
    assert resolved.python.conda_dependencies_file is None
    with pytest.raises(ConfigError, match="env.yml"):
        environment.resolve()


def test_containers_are_refused_with_another_way() -> None:
    environment = Environment("mine")
    environment.docker.base_image = "ubuntu"

    with pytest.warns(UserWarning, match="image of environment 'mine' is not used"):
        environment.resolve()
    environment.docker.enabled = True
    with pytest.raises(ConfigError, match="from_pip_requirements"):
        environment.resolve()
    refused: list[Callable[[], object]] = [
        lambda: Environment.from_docker_image("e", "ubuntu"),
        lambda: Environment.from_dockerfile("e", "./Dockerfile"),
        lambda: Environment.from_docker_build_context("e", object()),
        lambda: environment.build(None),
        lambda: environment.get_image_details(None),
    ]
    for call in refused:
        with pytest.raises(ConfigError, match="from_pip_requirements|build_local"):
            call()


def test_pip_requirements_become_packages(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("--index-url https://example.org\nnumpy==1.26.4\nnumpy>1\npandas\n")

    environment = Environment.from_pip_requirements("mine", tmp_path / "requirements.txt", pip_version="24.0")

    conda = environment.python.conda_dependencies
    assert conda.pip_packages == ["numpy>1", "pandas"]
    assert conda.pip_options == ["--index-url https://example.org"]
    assert conda.conda_packages[-1] == "pip=24.0"
    assert environment.python.user_managed_dependencies is False


def test_a_conda_specification_becomes_packages(tmp_path: Path) -> None:
    (tmp_path / "env.yml").write_text("dependencies: [python=3.10, numpy, {pip: [torch]}]")

    environment = Environment.from_conda_specification("mine", str(tmp_path / "env.yml"))

    assert environment.python.conda_dependencies.conda_packages == ["python=3.10", "numpy"]
    assert environment.python.conda_dependencies.pip_packages == ["torch"]


def test_a_clone_shares_nothing() -> None:
    original = Environment("mine", version="3")

    clone = original.clone("yours")
    clone.python.conda_dependencies.add_pip_package("numpy")

    assert (clone.name, clone.version) == ("yours", None)
    assert original.python.conda_dependencies.pip_packages == []


def test_an_environment_goes_into_a_folder_and_back(tmp_path: Path) -> None:
    environment = Environment("mine", environment_variables={"A": "1"})
    environment.python.conda_dependencies.add_pip_package("numpy")

    environment.save_to_directory(tmp_path / "kept")

    assert Environment.load_from_directory(tmp_path / "kept") == environment
    with pytest.raises(ConfigError, match="overwrite=True"):
        environment.save_to_directory(tmp_path / "kept")
    environment.version = "2"
    environment.save_to_directory(tmp_path / "kept", overwrite=True)
    assert Environment.load_from_directory(tmp_path / "kept").version == "2"


def test_the_conda_file_of_a_folder_may_be_changed_by_hand(tmp_path: Path) -> None:
    Environment("mine").save_to_directory(tmp_path)
    (tmp_path / "conda_dependencies.yml").write_text("dependencies: [python=3.10, {pip: [torch]}]")

    assert Environment.load_from_directory(tmp_path).python.conda_dependencies.pip_packages == ["torch"]


@pytest.mark.parametrize("content", [None, "{", "[]", '{"name": 5}', '{"name": "e", "python": []}'])
def test_a_folder_of_something_else_is_refused(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "azureml_environment.json").write_text(content)

    with pytest.raises(ConfigError):
        Environment.load_from_directory(tmp_path)


@pytest.mark.parametrize("name", ["", " ", None, 3])
def test_a_name_is_text(name: object) -> None:
    with pytest.raises(ConfigError, match="name must be text"):
        Environment(name)  # type: ignore[arg-type]  # the fault


def test_sections_take_their_own_kind_only() -> None:
    environment = Environment("mine")

    with pytest.raises(ConfigError, match="CondaDependencies.create"):
        environment.python.conda_dependencies = ["numpy"]  # type: ignore[assignment]  # the fault
    with pytest.raises(ConfigError, match="Rscript"):
        environment.r = "R"  # type: ignore[assignment]  # the fault
    with pytest.raises(ConfigError, match="PythonSection"):
        environment.python = {}  # type: ignore[assignment]  # the fault


def test_a_python_that_is_there_needs_no_build(capsys: pytest.CaptureFixture[str]) -> None:
    environment = Environment("mine")
    environment.python.user_managed_dependencies = True

    assert environment.build_local() == sys.executable
    assert capsys.readouterr().out == ""


def test_an_isolated_one_is_built_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AML_WIDGETS_HOME", str(tmp_path))
    environment = Environment("mine")

    python = environment.build_local()
    told = capsys.readouterr().out

    assert Path(python).is_relative_to(tmp_path)
    assert told.startswith("Building environment 'mine'") or "\nBuilding environment 'mine'" in told
    prefix = subprocess.run([python, "-c", "import sys; print(sys.prefix)"], check=True, capture_output=True, text=True)
    assert Path(prefix.stdout.strip()).is_relative_to(tmp_path)
    assert environment.clone("yours").build_local() == python
    assert capsys.readouterr().out == ""


@pytest.fixture
def with_v1_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(v1_names, "is_on", lambda: True)


@pytest.mark.usefixtures("with_v1_names")
def test_it_is_built_without_the_packages_that_a_submission_leaves_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AML_WIDGETS_HOME", str(tmp_path))
    environment = Environment("mine")
    environment.python.conda_dependencies.add_pip_package("azureml-defaults==1.61.0")

    with pytest.warns(UserWarning, match="'mine' is built without azureml-defaults==1.61.0"):
        python = environment.build_local()

    assert "azureml" not in capsys.readouterr().out
    assert environment.python.conda_dependencies.pip_packages == ["azureml-defaults==1.61.0"]
    assert Environment("plain").build_local() == python


@pytest.mark.usefixtures("with_v1_names")
def test_an_old_python_is_not_built_for_scripts_that_import_azureml() -> None:
    environment = Environment("mine")
    environment.python.conda_dependencies.set_python_version("3.6.2")

    with pytest.raises(RunEnvironmentError, match="needs Python 3.10 or newer"):
        environment.build_local()
