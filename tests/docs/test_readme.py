"""The README's Python runs as it stands, and what a user can touch is written down."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import aml_widgets
from aml_widgets.core.errors import UserError
from aml_widgets.core.records import RunQuery
from aml_widgets.core.status import RunStatus
from aml_widgets.store.run_search import parse_search
from aml_widgets.store.sqlite.store import SqliteRunStore
from tests.e2e.seeded_runs import add_run

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)
CLASSES = [aml_widgets.Workspace, aml_widgets.Experiment, aml_widgets.Run, aml_widgets.RunDetails, aml_widgets.Model]


def test_the_python_of_the_readme_runs_from_top_to_bottom(tmp_path: Path) -> None:
    program = tmp_path / "readme.py"
    program.write_text("\n".join(BLOCKS), encoding="utf-8")
    variables = {"AML_WIDGETS_HOME": str(tmp_path / "home"), "MLFLOW_DISABLE_TELEMETRY": "true"}

    # A process of its own: MLflow's client, and the names of v1, are set for all that comes after them.
    done = subprocess.run(
        [sys.executable, program.name],
        cwd=tmp_path,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "Completed\n64\n0.05\n" in done.stdout
    assert len(BLOCKS) >= 3


@pytest.mark.parametrize("name", aml_widgets.__all__)
def test_public_names_are_in_the_readme(name: str) -> None:
    assert re.search(rf"`[^`\n]*\b{name}\b[^`\n]*`|^[^#\n]*\b{name}\b", README, flags=re.MULTILINE)


@pytest.mark.parametrize("owner", CLASSES, ids=lambda owner: owner.__name__)
def test_public_members_have_docstrings(owner: type) -> None:
    members = {name: member for name, member in inspect.getmembers(owner) if not name.startswith("_")}

    undocumented = [
        name
        for name, member in members.items()
        if (inspect.isroutine(member) or isinstance(member, property)) and not inspect.getdoc(member)
    ]

    assert members
    assert undocumented == []


def test_environment_variables_are_in_the_readme() -> None:
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "aml_widgets").rglob("*.py")]
    variables = {name for source in sources for name in re.findall(r"\bAML_WIDGETS_[A-Z_]+", source)}

    assert {name for name in variables if f"`{name}`" not in README} == set()


def test_links_lead_to_files() -> None:
    for document in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        links = re.findall(r"\]\((?!https?:|#)([^)#]+)[^)]*\)", document.read_text(encoding="utf-8"))

        missing = [link for link in links if not (document.parent / link).exists()]

        assert missing == [], document


# What the README's table of searches says, and which of the runs below each of them gives.
SEARCHES = {
    'ridge "two words"': {"ridge of two words"},
    "status:failed": {"failed"},
    "status:running status:queued": {"running"},
    "tag:owner": {"of ada", "of grace"},
    "tag:owner=ada": {"of ada"},
    "experiment:ridge": {"of ada"},
    "loss < 0.3": {"low"},
    '"val loss" >= 0.1': {"low"},
    "min(loss) < 0.1": {"low", "up again"},
    "-tag:old": {"ridge of two words", "failed", "running", "of ada", "of grace", "low"},
}


@pytest.mark.parametrize("search", SEARCHES)
def test_the_searches_of_the_readme_find_what_it_says(search: str, tmp_path: Path) -> None:
    store = SqliteRunStore.open(tmp_path)
    add_run(store, "ridge of two words", losses=(1.0, 0.5))
    add_run(store, "failed", end=RunStatus.FAILED, losses=(1.0, 0.5))
    add_run(store, "running", end=None, losses=(1.0, 0.5))
    add_run(store, "of ada", experiment="ridge", tags={"owner": "ada"}, losses=(1.0, 0.5))
    add_run(store, "of grace", tags={"owner": "grace"}, losses=(1.0, 0.5))
    low = add_run(store, "low", losses=(), end=None)
    store.log_metrics(low.run_id, {"loss": 0.05, "val loss": 0.5})
    store.set_status(low.run_id, RunStatus.COMPLETED)
    add_run(store, "up again", losses=(1.0, 0.05, 0.9), tags={"old": None})

    found = store.list_runs(parse_search(search).narrow(RunQuery())).runs

    assert {run.display_name for run in found} == SEARCHES[search]
    assert f"`{search}`" in README or search == "experiment:ridge"  # which stands beside others


def test_a_search_that_the_readme_does_not_have_is_refused_with_the_rule() -> None:
    with pytest.raises(UserError, match="status:nonsense"):
        parse_search("status:nonsense")


def test_settings_of_the_server_are_in_the_readme() -> None:
    from aml_widgets.server.app import RunBrowserApp

    settings = {
        name for name, trait in RunBrowserApp.class_traits(config=True).items() if trait.this_class is RunBrowserApp
    }

    assert settings
    assert {name for name in settings if f"`c.RunBrowserApp.{name} = " not in README} == set()
