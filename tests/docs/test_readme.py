"""The README's Python runs as it stands, and what a user can touch is written down."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

import aml_widgets

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)
CLASSES = [aml_widgets.Workspace, aml_widgets.Experiment, aml_widgets.Run, aml_widgets.RunDetails, aml_widgets.Model]


def test_the_python_of_the_readme_runs_from_top_to_bottom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AML_WIDGETS_HOME", str(tmp_path / "home"))
    names: dict[str, object] = {"__name__": "readme"}

    for number, block in enumerate(BLOCKS):
        exec(compile(block, f"README.md, block {number}", "exec"), names)

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
