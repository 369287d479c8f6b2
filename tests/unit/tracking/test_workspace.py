from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from aml_widgets.core.errors import (
    InvalidConfig,
    InvalidName,
    StoreUnavailable,
    UserError,
    WorkspaceExists,
    WorkspaceNotFound,
)
from aml_widgets.store import uri
from aml_widgets.tracking.experiment import Experiment
from aml_widgets.tracking.workspace import Workspace


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    monkeypatch.setenv("AML_WIDGETS_HOME", str(folder))

    return folder


def write_json(path: str, content: object) -> Path:
    file = Path(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return file


V1 = {"subscription_id": "sub", "resource_group": "rg", "workspace_name": "team"}
SCOPE = {
    "Id": None,
    "Scope": "/subscriptions/sub/resourceGroups/rg/providers/Microsoft.MachineLearningServices/workspaces/team",
}


def test_a_folder_is_a_workspace(project: Path) -> None:
    workspace = Workspace.open("runs")
    again = Workspace.open(f"sqlite:///{project}/runs", create=False)

    assert workspace == again
    assert len({workspace, again}) == 1
    assert (workspace.name, workspace.location) == ("runs", str(project / "runs"))
    assert workspace.subscription_id
    assert workspace.resource_group
    assert repr(workspace) == f"Workspace.open({str(project / 'runs')!r})"
    with pytest.raises(WorkspaceNotFound):
        Workspace.open("absent", create=False)


@pytest.mark.parametrize("location", ["postgresql://x/y", "s3://bucket/runs", "mysql+pymysql://x/y"])
def test_a_place_of_another_kind_is_not_supported_and_a_folder_is_named(location: str) -> None:
    with pytest.raises(StoreUnavailable, match="Give a folder instead"):
        Workspace.open(location)


@pytest.mark.parametrize("location", ["", "  ", 5, None, b"runs", "a\0b", "a\ud800b"])
def test_what_is_no_location_is_refused(location: object) -> None:
    with pytest.raises(UserError, match="must be a folder, got .* such as './runs'"):
        Workspace.open(location)  # type: ignore[arg-type]  # the fault


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a folder that nothing can be made in")
def test_a_folder_that_cannot_be_made_is_told_with_a_way_out() -> None:
    with pytest.raises(StoreUnavailable, match="Choose a folder"):
        Workspace.open("/proc/x")


def test_without_a_file_the_default_workspace_is_opened(home: Path) -> None:
    workspace = Workspace.from_config()

    assert (workspace.name, workspace.location) == ("default", str(home / "default"))
    assert Workspace.from_config() == workspace


@pytest.mark.parametrize(
    "file", [".azureml/config.json", "aml_config/config.json", "config.json", ".azureml/project.json"]
)
@pytest.mark.parametrize("content", [V1, SCOPE])
def test_v1s_files_name_a_workspace_below_the_home(
    file: str, content: object, home: Path, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_json(file, content)
    (project / "deep" / "er").mkdir(parents=True)
    monkeypatch.chdir(project / "deep" / "er")

    workspace = Workspace.from_config()

    assert (workspace.name, workspace.location) == ("team", str(home / "team"))
    assert (workspace.subscription_id, workspace.resource_group) == ("sub", "rg")
    assert Workspace.from_config(path=str(project)) == workspace
    assert Workspace.from_config(path=str(project / file)) == workspace
    assert Workspace("sub", "rg", "team") == Workspace.get("team") == workspace


def test_nearer_files_win(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_json("config.json", V1 | {"workspace_name": "plain"})
    write_json("aml_config/config.json", V1 | {"workspace_name": "old"})
    write_json(".azureml/project.json", V1 | {"workspace_name": "project"})
    write_json(".azureml/config.json", V1 | {"workspace_name": "nearest"})
    write_json("mine.json", V1 | {"workspace_name": "mine"})

    assert Workspace.from_config().name == "nearest"
    assert Workspace.from_config(_file_name="mine.json").name == "mine"


@pytest.mark.parametrize("arguments", [{"path": "."}, {"path": "absent"}, {"_file_name": "mine.json"}])
def test_a_file_that_was_asked_for_must_be_there(arguments: dict[str, str]) -> None:
    with pytest.raises(WorkspaceNotFound, match=r"No config file.*write_config"):
        Workspace.from_config(**arguments)


@pytest.mark.parametrize("content", ["{", "[]", "{}", {"workspace_name": 3}, {"Scope": "/x"}])
def test_a_file_that_cannot_be_understood_is_told(content: object) -> None:
    file = write_json(".azureml/config.json", content)

    with pytest.raises(InvalidConfig, match="config"):
        Workspace.from_config()
    with pytest.raises(InvalidConfig):
        Workspace.from_config(path=file)


@pytest.mark.parametrize("path", ["nope.json", "no/folder"])
def test_a_path_that_does_not_exist_is_told_though_a_file_lies_above(path: str, project: Path) -> None:
    write_json(".azureml/config.json", V1)

    with pytest.raises(WorkspaceNotFound, match=re.escape(f"{str(project / path)!r} does not exist")):
        Workspace.from_config(path)
    with pytest.raises(UserError, match="must be a path, got 5, an int"):
        Workspace.from_config(5)  # type: ignore[arg-type]  # the fault


def test_a_broken_config_is_passed_over_with_one_warning(project: Path) -> None:
    write_json("config.json", "{bad")

    with pytest.warns(UserWarning, match=re.escape(str(project / "config.json"))) as warned:
        names = [Workspace.from_config().name for _ in range(2)]

    assert names == ["default", "default"]
    assert len(warned) == 1
    assert warned[0].filename == __file__


def test_another_programs_config_is_passed_over() -> None:
    write_json("config.json", {"model_type": "bert"})

    assert Workspace.from_config().name == "default"


@pytest.mark.parametrize("name", ["../x", "a/b", "", "ab", "x" * 34, ".x", "a b"])
def test_a_name_leaves_the_home_nowhere(name: str, home: Path) -> None:
    write_json(".azureml/config.json", V1 | {"workspace_name": name})

    finders: list[Callable[[], Workspace]] = [
        Workspace.from_config,
        lambda: Workspace.create(name),
        lambda: Workspace.get(name),
    ]
    for find in finders:
        with pytest.raises(InvalidName, match="3 to 33"):
            find()
    assert not home.exists()


def test_a_workspace_is_created_once(home: Path) -> None:
    workspace = Workspace.create(
        "team",
        subscription_id="sub",
        resource_group="rg",
        location="westeurope",
        tags={"a": "1"},
        friendly_name="Team",
        sku="basic",
    )

    assert (workspace.location, workspace.subscription_id, workspace.resource_group) == (
        str(home / "team"),
        "sub",
        "rg",
    )
    assert repr(workspace) == "Workspace.create(name='team', subscription_id='sub', resource_group='rg')"
    assert workspace.tags == {"a": "1"}
    assert Workspace.create("team", exist_ok=True) == workspace
    assert Workspace.get("team", subscription_id="ignored").subscription_id == "sub"
    with pytest.raises(WorkspaceExists, match="exist_ok=True"):
        Workspace.create("team")
    with pytest.raises(WorkspaceNotFound, match=r"'absent' in .*Workspace\.create\('absent'\)"):
        Workspace.get("absent")
    with pytest.raises(WorkspaceNotFound, match=r"Workspace\.create\('absent'\)"):
        Workspace("sub", "rg", "absent")
    with pytest.raises(TypeError, match="'typo'"):
        Workspace.create("other", typo=1)  # type: ignore[call-arg] # what is tested


def test_named_workspaces_are_listed(home: Path) -> None:
    assert Workspace.list() == {}
    one, two = Workspace.create("one"), Workspace.create("two")
    (home / "not a workspace").mkdir()
    (home / "empty").mkdir()

    assert Workspace.list("sub") == {"one": [one], "two": [two]}


@pytest.mark.parametrize("is_named", [True, False])
def test_a_written_config_is_found(is_named: bool, project: Path) -> None:
    workspace = Workspace.create("team", subscription_id="sub") if is_named else Workspace.open("some runs")

    workspace.write_config()

    content = json.loads(Path(".azureml/config.json").read_text())
    assert set(content) == {"Id", "Scope"} | (set() if is_named else {"location"})
    assert Workspace.from_config() == workspace
    assert Workspace.from_config().location == workspace.location


def test_a_config_goes_where_it_is_asked_for() -> None:
    Path("old/aml_config").mkdir(parents=True)

    Workspace.create("team").write_config("new", "mine.json")
    Workspace.create("team", exist_ok=True).write_config("old")

    assert Path("new/.azureml/mine.json").is_file()
    assert Path("old/aml_config/config.json").is_file()


def test_details_have_v1s_keys() -> None:
    details = Workspace.create("team").get_details()

    assert details["name"] == details["friendlyName"] == "team"
    assert {"id", "location", "type", "tags", "workspaceid", "description", "creationTime", "sku", "keyVault"} <= set(
        details
    )


def test_a_run_is_found_by_id_alone() -> None:
    workspace = Workspace.open("runs")
    run = Experiment(workspace, "a").start_logging(snapshot_directory=None)

    assert Workspace.open("runs").get_run(run.id) == run
    assert run.get_portal_url() == (Path(workspace.location) / "runs" / run.id).as_uri()


def test_the_home_is_the_platforms_unless_a_variable_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AML_WIDGETS_HOME")

    assert uri.get_home().name == "aml_widgets"
    monkeypatch.setenv("AML_WIDGETS_HOME", "relative")
    assert uri.get_home() == Path("relative").absolute()


def test_the_logging_api_loads_nothing_heavy() -> None:
    heavy = (
        "numpy",
        "PIL",
        "psutil",
        "pathspec",
        "platformdirs",
        "matplotlib",
        "ipywidgets",
        "bqplot",
        "subprocess",
        "zipfile",
    )
    program = (
        "import sys; from aml_widgets.tracking import run, experiment, workspace;"
        f"print([name for name in {heavy!r} if name in sys.modules])"
    )

    printed = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout

    assert printed.strip() == "[]"
