"""The details of a run without a browser: groups, values of any length, the snapshot."""

from __future__ import annotations

import json
import threading
import zipfile
from typing import Any, cast

import pytest

from aml_widgets.core.records import NewRun, RunRecord
from aml_widgets.store.memory import MemoryRunStore
from aml_widgets.submit.submission import RUN_DEFINITION, RUN_TYPE
from aml_widgets.testing import seeded_files as seeds
from aml_widgets.testing.seeded import empty_run
from aml_widgets.tracking.fact_groups import groups_of
from aml_widgets.widgets.page import Page
from aml_widgets.widgets.panels.details import DetailsPanel, value_html
from aml_widgets.widgets.panels.host import Host
from aml_widgets.widgets.settings import SettingsHolder
from aml_widgets.widgets.view_state import ViewState
from tests.widgets.test_files_panel import FakePage, _html


@pytest.fixture
def store() -> MemoryRunStore:
    return MemoryRunStore()


def shown(store: MemoryRunStore, run: RunRecord) -> tuple[DetailsPanel, FakePage, list[str]]:
    page, opened = FakePage(), list[str]()
    host = Host(
        store=store,
        run_id=run.run_id,
        lock=threading.RLock(),
        page=cast("Page", page),
        settings=SettingsHolder(),
        open_run=opened.append,
    )
    panel = DetailsPanel(host)
    panel.update(ViewState(run_id=run.run_id, run=run))
    return panel, page, opened


def test_each_property_is_in_one_group(store: MemoryRunStore) -> None:
    run = seeds.run_with_every_fact(store)

    groups = {group.key: {fact.label: fact.text for fact in group.facts} for group in groups_of(run)}

    assert groups["git"]["Uncommitted changes"] == "yes"
    assert not any(label.startswith("mlflow") for label in groups["git"])
    assert groups["packages"]["numpy"] == "2.1.0"
    assert groups["run"]["User"] == "ada"
    assert set(groups["properties"]) == {"settings", "long"}
    assert groups["tags"]["baseline"] is None
    assert groups["command"]["--low"] == "-1"


def test_what_was_submitted_is_a_group_of_its_own(store: MemoryRunStore) -> None:
    definition = {
        "script": "train.py",
        "arguments": ["--alpha", "0.5", "data"],
        "command": None,
        "target": "gpu",
        "environment": {
            "name": "mine",
            "python": {"userManagedDependencies": True, "interpreterPath": "/opt/bin/python"},
        },
        "environmentVariables": {"MODE": "fast", "API_KEY": "***"},
    }
    run = submitted(store, json.dumps(definition))

    groups = {group.key: [(fact.label, fact.text) for fact in group.facts] for group in groups_of(run)}

    assert groups["script"] == [
        ("Script", "train.py"),
        ("--alpha", "0.5"),
        ("Argument", "data"),
        ("Target", "gpu"),
        ("Environment", "mine"),
        ("Interpreter", "/opt/bin/python"),
        ("Environment variables", "API_KEY, MODE"),
    ]
    assert groups["properties"] == []
    panel, _, _ = shown(store, run)
    assert "Environment variables" in _html(panel.widget)
    assert "/opt/bin/python" in _html(panel.widget)


def test_an_environment_that_was_built_shows_what_is_in_it(store: MemoryRunStore) -> None:
    dependencies = ["python=3.11", {"pip": ["numpy"]}]
    python = {"userManagedDependencies": False, "condaDependencies": {"dependencies": dependencies}}
    run = submitted(store, json.dumps({"command": "make", "environment": {"name": "mine", "python": python}}))

    groups = {group.key: [(fact.label, fact.text) for fact in group.facts] for group in groups_of(run)}

    assert groups["script"] == [
        ("Command", "make"),
        ("Environment", "mine"),
        ("Dependencies", '["python=3.11", {"pip": ["numpy"]}]'),
    ]


@pytest.mark.parametrize("text", ["{", "[1]", "5", '{"arguments": 5, "environment": [], "environmentVariables": "x"}'])
def test_a_definition_of_somebody_else_breaks_nothing(store: MemoryRunStore, text: str) -> None:
    groups = {group.key: group.facts for group in groups_of(submitted(store, text))}

    assert ("script" in groups) == text.startswith('{"')


def submitted(store: MemoryRunStore, definition: str) -> RunRecord:
    experiment = store.open_experiment("ridge")
    properties = {RUN_DEFINITION: definition}
    return store.create_run(
        NewRun(experiment_id=experiment.experiment_id, run_type=RUN_TYPE, properties=properties, target="gpu")
    )


def test_values_fold_by_length_and_json_is_set_out() -> None:
    assert "<details" not in value_html("short", "key")
    assert "<details" in value_html("long " * 100, "key")
    assert "&quot;a&quot;: 1" in value_html('{"a":1, "b": [2]}', "key")
    assert "<details" not in value_html("{not json}", "key")
    assert "of which the first 20,000" in value_html("x" * 30_000, "key")
    assert "<" not in value_html("</span><b>", "key").removeprefix('<span class="aml-text aml-copied">').removesuffix(
        "</span>"
    )


def test_only_a_group_that_changed_is_sent(store: MemoryRunStore) -> None:
    run = seeds.run_with_every_fact(store)
    panel, _, _ = shown(store, run)
    sent: list[str] = []
    for key, place in panel._groups.items():
        place.observe(lambda _, key=key: sent.append(key), names="value")

    store.touch(run.run_id)
    panel.update(ViewState(run_id=run.run_id, run=store.get_run(run.run_id)))
    assert sent == []
    changed = store.update_run(run.run_id, tags={"new": "tag"})
    panel.update(ViewState(run_id=run.run_id, run=changed))

    assert sent == ["tags"]


def test_the_filter_finds_names_and_values_in_all_groups(store: MemoryRunStore) -> None:
    panel, page, opened = shown(store, seeds.run_with_every_fact(store))
    page.handlers["details-filter"]("", "NUMPY")
    assert "2.1.0" in _html(panel.widget)
    assert "fold 1" not in _html(panel.widget)

    page.handlers["details-filter"]("", "no such thing")
    assert "Nothing has that" in _html(panel.widget)
    page.handlers["details-run"]("some id", "")
    assert opened == ["some id"]


def test_the_snapshot_can_be_browsed_and_downloaded(store: MemoryRunStore) -> None:
    panel, page, _ = shown(store, seeds.run_with_every_fact(store))

    page.handlers["snapshot-toggle"]("", "")
    page.handlers["snapshot-open"]("src/model.py", "")
    assert "class Model:" in _html(panel.widget)
    page.handlers["snapshot-zip"]("", "")
    page.handlers["snapshot-download"]("train.py", "")

    snapshots = store.snapshots
    assert page.sent[0][2] == (snapshots / f"{seeds.SNAPSHOT_ID}.zip").read_bytes()
    assert page.sent[1][0] == "train.py"
    page.handlers["snapshot-toggle"]("", "")
    assert "model.py" not in _html(panel.widget)


@pytest.mark.parametrize("content", [None, b"no zip"])
def test_a_snapshot_that_is_gone_or_broken_says_so(store: MemoryRunStore, content: bytes | None) -> None:
    panel, page, _ = shown(store, seeds.run_with_every_fact(store))
    file = store.snapshots / f"{seeds.SNAPSHOT_ID}.zip"
    file.unlink() if content is None else file.write_bytes(content)

    page.handlers["snapshot-toggle"]("", "")

    assert "The snapshot cannot be opened: " in _html(panel.widget)


def test_a_bare_run_and_a_hostile_one(store: MemoryRunStore) -> None:
    panel, _, _ = shown(store, empty_run(store))
    assert "This run has no tags." in _html(panel.widget)

    hostile, _, _ = shown(store, seeds.run_with_hostile_files(store))
    html = _html(hostile.widget)
    assert "&lt;img" in html
    assert "<img" not in html
    assert "<script" not in html


def test_a_file_of_a_snapshot_is_unpacked_once_for_a_download(
    store: MemoryRunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, page, _ = shown(store, seeds.run_with_every_fact(store))
    content = bytes(5 << 20)
    with zipfile.ZipFile(store.snapshots / f"{seeds.SNAPSHOT_ID}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("large.bin", content)
    page.handlers["snapshot-toggle"]("", "")
    opened: list[str] = []

    class Opened(zipfile.ZipExtFile):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            opened.append("again")
            super().__init__(*arguments, **options)

    monkeypatch.setattr(zipfile, "ZipExtFile", Opened)

    page.handlers["snapshot-download"]("large.bin", "")

    assert page.sent == [("large.bin", "application/octet-stream", content)]
    assert len(opened) == 1


def test_a_snapshot_that_goes_before_a_download_is_said(store: MemoryRunStore) -> None:
    panel, page, _ = shown(store, seeds.run_with_every_fact(store))
    page.handlers["snapshot-toggle"]("", "")
    page.handlers["snapshot-open"]("train.py", "")
    (store.snapshots / f"{seeds.SNAPSHOT_ID}.zip").unlink()

    page.handlers["snapshot-download"]("train.py", "")

    assert page.sent == []
    assert "This file " in _html(panel.widget)
