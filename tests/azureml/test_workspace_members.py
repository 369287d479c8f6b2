"""What v1's workspaces and experiments offer beside runs: what works here, and what says why it cannot."""

from __future__ import annotations

import inspect
import pickle
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aml_widgets.core.errors import CloudOnly, Conflict, InvalidConfig, UserError, WorkspaceNotFound
from aml_widgets.submit.configuration.environment import Environment
from aml_widgets.tracking.compute import LocalTarget
from aml_widgets.tracking.compute_instance import ComputeInstance
from aml_widgets.tracking.compute_named import NamedTarget
from aml_widgets.tracking.compute_v1 import AmlCompute
from aml_widgets.tracking.datastore import Datastore
from aml_widgets.tracking.experiment import Experiment
from aml_widgets.tracking.keyvault import Keyvault
from aml_widgets.tracking.model import Model
from aml_widgets.tracking.workspace import Workspace

DIFFERENCES = Path(__file__).parents[2] / "docs" / "differences-from-v1.md"


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    monkeypatch.setenv("AML_WIDGETS_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(tmp_path)
    opened = Workspace.create("team", tags={"owner": "ada"})

    yield opened

    opened.store.close()


# -- what it holds


def test_compute_targets_are_those_of_this_machine_by_name(workspace: Workspace) -> None:
    assert workspace.compute_targets == {}
    target = LocalTarget.create("gpu", max_concurrent_runs=2)

    assert workspace.compute_targets == {"gpu": target}
    assert workspace.compute_targets["gpu"].workspace == workspace


def test_the_default_target_is_the_one_of_v1s_name(workspace: Workspace) -> None:
    assert workspace.get_default_compute_target("CPU") is None
    target = LocalTarget.create(Workspace.DEFAULT_CPU_CLUSTER_NAME)

    assert workspace.get_default_compute_target("cpu") == target
    assert workspace.get_default_compute_target("GPU") is None
    with pytest.raises(UserError, match="'TPU'.*'CPU' or 'GPU'"):
        workspace.get_default_compute_target("TPU")


def test_datastores_and_the_default_one(workspace: Workspace) -> None:
    default = workspace.get_default_datastore()
    other = next(name for name in workspace.datastores if name != default.name)

    workspace.set_default_datastore(other)

    assert default == workspace.datastores[default.name]
    assert workspace.get_default_datastore() == Datastore(workspace, other)


def test_the_keyvault_is_the_workspaces(workspace: Workspace) -> None:
    vault = workspace.get_default_keyvault()

    assert isinstance(vault, Keyvault)
    assert vault.workspace is workspace


@pytest.mark.parametrize("name", ["datasets", "images", "webservices", "linked_services", "private_endpoints"])
def test_of_what_nothing_here_makes_there_is_none(workspace: Workspace, name: str) -> None:
    assert getattr(workspace, name) == {}


# -- what is noted of it


def test_update_changes_what_is_given_and_leaves_the_rest(workspace: Workspace) -> None:
    workspace.update(friendly_name="The team's", description="first")

    details = workspace.update(description="second")

    assert (details["friendlyName"], details["description"]) == ("The team's", "second")
    assert workspace.tags == {"owner": "ada"}
    workspace.update(tags={"stage": "2"})
    assert Workspace.get("team").tags == {"stage": "2"}
    workspace.update(tags={})
    assert workspace.tags == {}


@pytest.mark.parametrize("name", ["image_build_compute", "v1_legacy_mode", "primary_user_assigned_identity"])
def test_update_refuses_what_would_be_lost_and_changes_nothing(workspace: Workspace, name: str) -> None:
    with pytest.raises(CloudOnly, match=name):
        workspace.update(description="new", **{name: "cpu-cluster"})  # type: ignore[arg-type]

    assert workspace.get_details()["description"] == ""


def test_update_takes_texts_only(workspace: Workspace) -> None:
    with pytest.raises(UserError, match="friendly_name"):
        workspace.update(friendly_name=3)  # type: ignore[arg-type]


# -- opened as v1's code opens it


def test_every_argument_of_v1_is_taken(workspace: Workspace) -> None:
    again = Workspace(
        "sub", "group", "team", None, "westeurope", True, None, "enterprise", {"a": "b"}, _cloud="AzureChinaCloud"
    )
    made = Workspace.create(
        "other",
        None,
        "sub",
        "group",
        "westeurope",
        True,
        "basic",
        {"a": "b"},
        "Other",
        "storage",
        "vault",
        exist_ok=True,
        v1_legacy_mode=False,
        hbi_workspace=True,
        description="ours",
    )

    assert again == workspace
    assert (made.subscription_id, made.tags) == ("sub", {"a": "b"})
    assert made.get_details()["description"] == "ours"
    with pytest.raises(TypeError, match="hbi_workspac"):
        Workspace.create("third", hbi_workspac=True)  # type: ignore[call-arg]


def test_setup_opens_what_from_config_opens(workspace: Workspace) -> None:
    workspace.write_config()

    assert Workspace.setup() == workspace


def test_a_copy_of_a_workspace_is_the_same(workspace: Workspace) -> None:
    assert pickle.loads(pickle.dumps(workspace)) == workspace


# -- deleted


def test_an_empty_workspace_is_deleted_with_its_folder(workspace: Workspace) -> None:
    Experiment(workspace, "ridge")
    folder = Path(workspace.location)

    workspace.delete()

    assert not folder.exists()
    with pytest.raises(WorkspaceNotFound):
        Workspace.get("team")


def test_other_files_in_the_folder_of_a_deleted_workspace_stay(tmp_path: Path, workspace: Workspace) -> None:
    del workspace
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "train.py").write_text("print()")
    other = Workspace.open(tmp_path / "project")

    other.delete()

    assert [path.name for path in (tmp_path / "project").iterdir()] == ["train.py"]


@pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy")  # MLflow's own way with its database
def test_a_tracking_server_is_not_deleted_from_here(tmp_path: Path, workspace: Workspace) -> None:
    del workspace
    server = Workspace.open(f"sqlite:///{tmp_path}/mlflow.db")

    with pytest.raises(CloudOnly, match="Workspace.delete of a tracking server"):
        server.delete()

    server.store.close()
    assert (tmp_path / "mlflow.db").exists()


def add_run(workspace: Workspace) -> None:
    Experiment(workspace, "ridge").start_logging(snapshot_directory=None, outputs=False).complete()


def add_trashed_run(workspace: Workspace) -> None:
    run = Experiment(workspace, "ridge").start_logging(snapshot_directory=None, outputs=False)
    run.complete()
    workspace.store.trash_run(run.id)


def add_model(workspace: Workspace) -> None:
    Path("model.pkl").write_text("weights")
    Model.register(workspace, "model.pkl", "ridge")


def add_environment(workspace: Workspace) -> None:
    Environment("mine").register(workspace)


def add_data(workspace: Workspace) -> None:
    folder = workspace.get_default_datastore().folder
    folder.mkdir(parents=True)
    (folder / "data.csv").write_text("1")


@pytest.mark.parametrize(
    ("add", "held"),
    [
        (add_run, "1 run,"),
        (add_trashed_run, "1 run,"),
        (add_model, "1 version of a model,"),
        (add_environment, "1 environment,"),
        (add_data, "1 file in datastores,"),
    ],
)
def test_no_work_is_deleted_with_a_workspace(workspace: Workspace, add: Callable[[Workspace], None], held: str) -> None:
    add(workspace)

    with pytest.raises(Conflict, match=held) as caught:
        workspace.delete(delete_dependent_resources=True)

    assert workspace.location in str(caught.value)
    assert Workspace.get("team") == workspace


# -- what asked the cloud

CLOUD_CALLS: dict[str, Callable[[Workspace], object]] = {
    "Workspace.list_keys": lambda ws: ws.list_keys(),
    "Workspace.sync_keys": lambda ws: ws.sync_keys(no_wait=True),
    "Workspace.diagnose_workspace": lambda ws: ws.diagnose_workspace({"value": {}}),
    "Workspace.update_dependencies": lambda ws: ws.update_dependencies(container_registry="registry", force=True),
    "Workspace.add_private_endpoint": lambda ws: ws.add_private_endpoint(object(), location="westeurope"),
    "Workspace.delete_private_endpoint_connection": lambda ws: ws.delete_private_endpoint_connection("one"),
    "Workspace.set_connection": lambda ws: ws.set_connection("feed", "PythonFeed", "https://…", "PAT", "{}"),
    "Workspace.list_connections": lambda ws: ws.list_connections(category="PythonFeed"),
    "Workspace.get_connection": lambda ws: ws.get_connection("feed"),
    "Workspace.delete_connection": lambda ws: ws.delete_connection("feed"),
    "Workspace.discovery_url": lambda ws: ws.discovery_url,
    "Workspace.service_context": lambda ws: ws.service_context,
    "Experiment.get_docs_url": lambda ws: Experiment(ws, "ridge").get_docs_url(),
}


@pytest.mark.parametrize("call", CLOUD_CALLS)
def test_what_asks_the_cloud_is_in_the_list_of_differences(call: str) -> None:
    _, _, listed = DIFFERENCES.read_text(encoding="utf-8").partition("## What is not here")
    rows = [row for row in listed.splitlines() if "| `CloudOnly`" in row]

    assert any(f"`{call}`" in row or f"`{call.partition('.')[2]}`" in row for row in rows)


@pytest.mark.parametrize("call", CLOUD_CALLS)
def test_what_asked_the_cloud_says_so_and_what_to_do(workspace: Workspace, call: str) -> None:
    with pytest.raises(CloudOnly) as caught:
        CLOUD_CALLS[call](workspace)

    assert re.fullmatch(rf"{call} .*cloud here\. \w.*\.", caught.value.message)

    assert caught.value.value == call


def test_who_looks_at_a_workspace_finds_no_attribute_that_only_a_cloud_has(workspace: Workspace) -> None:
    members = dict(inspect.getmembers(workspace))

    assert members["name"] == workspace.name
    for name in ("discovery_url", "service_context"):
        assert not hasattr(workspace, name)
        assert getattr(workspace, name, None) is None


@pytest.mark.parametrize("kind", [AmlCompute, ComputeInstance])
def test_a_call_of_a_cluster_is_named_with_its_class(workspace: Workspace, kind: type[NamedTarget]) -> None:
    with pytest.raises(CloudOnly) as caught:
        kind.supported_vmsizes(workspace)

    assert caught.value.value == f"{kind.__name__}.supported_vmsizes"


# -- experiments


def test_an_experiment_has_its_workspace_by_both_names(workspace: Workspace) -> None:
    experiment = Experiment(workspace, "ridge")

    assert experiment.workspace_object is experiment.workspace


def test_a_config_of_v1s_first_versions_names_an_experiment(workspace: Workspace, tmp_path: Path) -> None:
    scope = (
        "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/team/projects/ridge"
    )
    (tmp_path / "old" / "aml_config").mkdir(parents=True)
    (tmp_path / "old" / "aml_config" / "project.json").write_text(f'{{"Id": "1", "Scope": "{scope}"}}')

    experiment = Experiment.from_directory(tmp_path / "old")

    assert (experiment.workspace, experiment.name) == (workspace, "ridge")
    assert Workspace.from_config(tmp_path / "old") == workspace


def test_a_config_without_an_experiment_says_what_to_do(workspace: Workspace, tmp_path: Path) -> None:
    workspace.write_config(tmp_path / "new")

    with pytest.raises(InvalidConfig, match=r"Experiment\(Workspace\.from_config\(path\)"):
        Experiment.from_directory(tmp_path / "new")
