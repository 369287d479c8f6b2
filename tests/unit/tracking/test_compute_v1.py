"""Clusters by v1's names: targets on this machine that are ready at once."""

from __future__ import annotations

import json
import pickle
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from aml_widgets.core.errors import CloudOnly, InvalidTarget, InvalidTargetName, TargetNotFound, UserError
from aml_widgets.submit.configuration.script_run_config import ScriptRunConfig
from aml_widgets.submit.engines import targets, targets_database
from aml_widgets.tracking.compute import ComputeTarget, LocalTarget, RayTarget
from aml_widgets.tracking.compute_v1 import AmlCompute, ComputeInstance
from aml_widgets.tracking.workspace import Workspace


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AML_WIDGETS_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def other(tmp_path: Path) -> Workspace:
    return Workspace.open(tmp_path / "other")


@pytest.fixture
def cluster(other: Workspace) -> AmlCompute:
    configuration = AmlCompute.provisioning_configuration(
        vm_size="STANDARD_D2_V2",
        min_nodes=1,
        max_nodes=4,
        tags={"team": "ml"},
        description="for tests",
        admin_username="ada",
        admin_user_password="Hunter2!",
    )
    with pytest.warns(
        UserWarning, match="on this machine, with up to 4 runs at once.*'STANDARD_D2_V2', is not looked at"
    ):
        made = ComputeTarget.create(other, "cpu-cluster", configuration)
    assert isinstance(made, AmlCompute)
    return made


def test_the_first_notebook_of_v1_makes_a_target(other: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(TargetNotFound, match="'cpu-cluster'"):
        ComputeTarget(workspace=other, name="cpu-cluster")

    configuration = AmlCompute.provisioning_configuration(vm_size="STANDARD_D2_V2", max_nodes=4)
    with pytest.warns(UserWarning, match="on this machine"):
        made = ComputeTarget.create(other, "cpu-cluster", configuration)
    made.wait_for_completion(show_output=True, min_node_count=None, timeout_in_minutes=20)

    assert "Succeeded\nThe compute target 'cpu-cluster' is on this machine" in capsys.readouterr().out
    assert made.provisioning_state == "Succeeded"
    made.wait_for_completion()
    assert capsys.readouterr().out == ""


def test_it_is_found_again_as_what_it_was_made(cluster: AmlCompute, other: Workspace) -> None:
    found = ComputeTarget(workspace=other, name="cpu-cluster")

    assert type(found) is AmlCompute
    assert found == cluster
    assert AmlCompute(other, "cpu-cluster") == cluster
    assert {target.name: type(target) for target in ComputeTarget.list(other)} == {"cpu-cluster": AmlCompute}
    assert (found.type, found.vm_size, found.vm_priority) == ("AmlCompute", "STANDARD_D2_V2", "dedicated")
    assert (found.tags, found.description, found.location) == ({"team": "ml"}, "for tests", "local")
    assert found.id.endswith("/workspaces/other/computes/cpu-cluster")
    assert repr(found) == "AmlCompute(name='cpu-cluster')"
    assert type(pickle.loads(pickle.dumps(found))) is AmlCompute


def test_it_is_a_target_with_a_queue(cluster: AmlCompute, tmp_path: Path) -> None:
    assert isinstance(cluster, LocalTarget)
    assert cluster.max_concurrent_runs == 4
    (tmp_path / "train.py").write_text("")
    assert ScriptRunConfig(str(tmp_path), "train.py", compute_target=cluster).run_config.target == "cpu-cluster"
    assert list(cluster.get_active_runs()) == []


def test_its_status_counts_places(cluster: AmlCompute) -> None:
    status = cluster.get_status()

    assert (status.current_node_count, status.target_node_count) == (4, 4)
    assert (status.node_state_counts.idle_node_count, status.node_state_counts.running_node_count) == (4, 0)
    assert (status.allocation_state, status.provisioning_state, status.errors) == ("Steady", "Succeeded", None)
    assert (status.scale_settings.minimum_node_count, status.scale_settings.maximum_node_count) == (1, 4)
    assert cluster.status == status
    written = json.loads(json.dumps(status.serialize()))
    assert written["scaleSettings"] == {
        "minNodeCount": 1,
        "maxNodeCount": 4,
        "nodeIdleTimeBeforeScaleDown": "PT1800S",
    }
    assert written["nodeStateCounts"]["idleNodeCount"] == 4
    whole = json.loads(json.dumps(cluster.serialize()))
    assert whole["properties"]["computeType"] == "AmlCompute"
    assert whole["properties"]["status"]["vmSize"] == "STANDARD_D2_V2"


def test_a_run_that_works_takes_a_place(cluster: AmlCompute) -> None:
    targets_database.write(
        lambda connection: [
            connection.execute(
                "insert into entry (run_id, store_location, target, state, submitted_at, changed_at) values (?, '', ?, ?, 0, 0)",
                (state, "cpu-cluster", state),
            )
            for state in ("running", "starting", "waiting")
        ]
    )

    counts = cluster.get_status().node_state_counts

    assert (counts.running_node_count, counts.idle_node_count) == (2, 2)


def test_making_it_again_changes_it(cluster: AmlCompute, other: Workspace) -> None:
    with pytest.warns(UserWarning, match="one run at a time"):
        AmlCompute.create(other, "cpu-cluster", AmlCompute.provisioning_configuration(vm_size="BIG", max_nodes=1))

    assert (cluster.max_concurrent_runs, cluster.vm_size, cluster.tags) == (1, "BIG", {})
    LocalTarget.create("cpu-cluster", max_concurrent_runs=8)
    assert cluster.max_concurrent_runs == 8
    assert type(ComputeTarget(other, "cpu-cluster")) is AmlCompute


def test_it_can_be_updated_and_deleted(cluster: AmlCompute, other: Workspace) -> None:
    cluster.update(max_nodes=2, idle_seconds_before_scaledown=60)
    assert (cluster.max_concurrent_runs, cluster.scale_settings.idle_seconds_before_scaledown) == (2, 60)
    assert (cluster.scale_settings.minimum_node_count, cluster.vm_size) == (1, "STANDARD_D2_V2")
    with pytest.raises(InvalidTarget, match="min_nodes must be an integer from 0 to max_nodes, which is 2, got 3"):
        cluster.update(min_nodes=3)

    cluster.delete()
    cluster.wait_for_completion(is_delete_operation=True)
    for ask in (cluster.get_status, cluster.wait_for_completion, lambda: cluster.update(max_nodes=3)):
        with pytest.raises(TargetNotFound):
            ask()
    with pytest.raises(TargetNotFound):
        ComputeTarget(other, "cpu-cluster")


def test_a_cluster_is_changed_beside_other_processes(cluster: AmlCompute, monkeypatch: pytest.MonkeyPatch) -> None:
    write = targets_database.write
    others = [lambda: AmlCompute(None, "cpu-cluster").update(max_nodes=9), cluster.delete]

    def be_late(work: Callable[[sqlite3.Connection], object]) -> object:
        monkeypatch.setattr(targets_database, "write", write)
        others.pop(0)()
        return write(work)

    monkeypatch.setattr(targets_database, "write", be_late)
    cluster.update(idle_seconds_before_scaledown=60)
    assert (cluster.max_concurrent_runs, cluster.scale_settings.idle_seconds_before_scaledown) == (9, 60)

    monkeypatch.setattr(targets_database, "write", be_late)
    with pytest.raises(TargetNotFound):
        cluster.update(idle_seconds_before_scaledown=90)
    assert targets.list_targets() == []


def test_a_bad_idle_time_changes_nothing(cluster: AmlCompute) -> None:
    with pytest.raises(InvalidTarget, match="idle_seconds_before_scaledown"):
        cluster.update(max_nodes=2, idle_seconds_before_scaledown="soon")  # type: ignore[arg-type]  # the fault

    assert cluster.max_concurrent_runs == 4


def test_fewer_runs_than_the_smallest_number_of_nodes_lower_that(cluster: AmlCompute) -> None:
    cluster.update(min_nodes=3)
    LocalTarget.create("cpu-cluster", 2)

    scale = cluster.get_status().scale_settings
    assert (scale.minimum_node_count, scale.maximum_node_count) == (2, 2)
    cluster.update(idle_seconds_before_scaledown=60)
    assert cluster.scale_settings.idle_seconds_before_scaledown == 60


def test_a_password_is_not_kept(cluster: AmlCompute, home: Path) -> None:
    assert b"Hunter2!" not in targets_database.get_path().read_bytes()
    assert "Hunter2!" not in json.dumps(cluster.serialize())


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "max_nodes .* from 1, got None"),
        ({"max_nodes": 0}, "got 0"),
        ({"max_nodes": True}, "got True"),
        ({"max_nodes": 2, "min_nodes": 3}, "min_nodes .*, got 3"),
        ({"max_nodes": 2, "min_nodes": -1}, "min_nodes .*, got -1"),
        ({"max_nodes": 2, "idle_seconds_before_scaledown": -1}, "idle_seconds_before_scaledown .* from 0, got -1"),
        ({"max_nodes": 2, "idle_seconds_before_scaledown": object()}, "idle_seconds_before_scaledown .*, got <object"),
        ({"max_nodes": 2, "vm_size": object()}, "vm_size must be a text, got <object"),
        ({"max_nodes": 2, "vm_priority": 1}, "vm_priority must be a text, got 1"),
        ({"max_nodes": 2, "description": 1}, "description must be a text, got 1"),
    ],
)
def test_what_a_cluster_should_be_like_is_looked_at(given: dict[str, object], told: str) -> None:
    with pytest.raises(InvalidTarget, match=told):
        AmlCompute.provisioning_configuration(**given)  # type: ignore[arg-type]


def test_what_a_target_is_made_of_is_a_configuration(other: Workspace) -> None:
    with pytest.raises(InvalidTarget, match="provisioning_configuration"):
        ComputeTarget.create(other, "cpu-cluster", "STANDARD_D2_V2")  # type: ignore[arg-type]
    configuration = AmlCompute.provisioning_configuration(max_nodes=1)
    with pytest.raises(UserError, match="in a workspace"):
        ComputeTarget.create("other", "cpu-cluster", configuration)  # type: ignore[arg-type]
    for name in ("local", "no spaces"):
        with pytest.raises(InvalidTargetName):
            ComputeTarget.create(other, name, configuration)
    assert ComputeTarget.list(other) == []


def test_a_compute_instance_has_one_run_at_a_time(other: Workspace) -> None:
    with pytest.warns(UserWarning, match="'mine' is on this machine, with one run at a time"):
        made = ComputeTarget.create(other, "mine", ComputeInstance.provisioning_configuration(vm_size="STANDARD_D3_V2"))

    assert isinstance(made, ComputeInstance)
    assert made.max_concurrent_runs == 1
    assert (made.get_status().state, made.status.vm_size) == ("Running", "STANDARD_D3_V2")
    assert json.loads(json.dumps(made.get_status().serialize()))["state"] == "Running"
    assert type(ComputeTarget(other, "mine")) is ComputeInstance
    for name in ("start", "stop", "restart"):
        with pytest.raises(CloudOnly, match=f"ComputeInstance.{name} asked"):
            getattr(made, name)(wait_for_completion=True)


def test_a_local_target_has_v1s_face_too(other: Workspace) -> None:
    LocalTarget.create("four")
    found = ComputeTarget(other, "four")

    assert type(found) is LocalTarget
    found.wait_for_completion(show_output=False, min_node_count=0, timeout_in_minutes=1)
    found.refresh_state()
    assert found.get_status() == "Succeeded"
    assert (found.provisioning_errors, found.cluster_resource_id, found.cluster_location) == (None, None, None)
    assert found.serialize()["properties"]["provisioningState"] == "Succeeded"
    assert (found.tags, found.description) == ({}, None)
    assert found.created_on == found.modified_on
    assert AmlCompute(other, "four").max_concurrent_runs == 4
    assert AmlCompute(other, "four").vm_size == ""


def test_a_ray_cluster_is_another_thing(other: Workspace) -> None:
    RayTarget.create("ray", "http://127.0.0.1:8265")

    assert type(ComputeTarget(other, "ray")) is RayTarget
    assert ComputeTarget(other, "ray").get_status() == "Succeeded"
    with pytest.raises(InvalidTarget, match="is no AmlCompute: its type is 'Ray'"):
        AmlCompute(other, "ray")
    with pytest.raises(InvalidTarget):
        ComputeTarget.create(other, "ray", AmlCompute.provisioning_configuration(max_nodes=1))


def test_what_has_no_local_meaning_is_refused(cluster: AmlCompute, other: Workspace) -> None:
    with pytest.raises(CloudOnly, match="ComputeTarget.attach asked .*LocalTarget.create"):
        ComputeTarget.attach(other, "vm", object())
    for name in ("list_nodes", "remove_identity", "detach"):
        with pytest.raises(CloudOnly, match=f"AmlCompute.{name} asked"):
            getattr(cluster, name)()
    with pytest.raises(CloudOnly, match="AmlCompute.add_identity asked"):
        cluster.add_identity("SystemAssigned")
    for name in ("supported_vmsizes", "list_usages", "list_quotas"):
        with pytest.raises(CloudOnly, match=f"{name} asked"):
            getattr(AmlCompute, name)(other)
    with pytest.raises(CloudOnly, match="AmlCompute.update_quotas asked"):
        AmlCompute.update_quotas(other, "family")


def test_targets_of_an_older_version_are_read_and_then_changed(other: Workspace) -> None:
    path = targets_database.get_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    with targets_database._connect(path) as old:
        for script in targets_database.MIGRATIONS[:2]:
            old.executescript(script)
        old.execute(f"pragma application_id = {targets_database.APPLICATION_ID}")
        old.execute("pragma user_version = 2")
        old.execute("insert into target (name, max_concurrent_runs, created_at) values ('four', 4, 1.0)")
    old.close()
    before = path.read_bytes()

    assert [target.name for target in targets.list_targets()] == ["four"]
    assert type(ComputeTarget(other, "four")) is LocalTarget
    assert path.read_bytes() == before

    with pytest.warns(UserWarning, match="on this machine"):
        ComputeTarget.create(other, "four", AmlCompute.provisioning_configuration(max_nodes=2))
    assert type(ComputeTarget(other, "four")) is AmlCompute
