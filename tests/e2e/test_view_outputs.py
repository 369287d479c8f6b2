"""What a view leaves behind: run without a browser, exported, on a page that allows neither script nor style."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import Page, expect

from tests.e2e.lab import take_screenshot

SOURCE = """
import math, os
from aml_widgets import Experiment, RunDetails, Workspace
from aml_widgets.testing.seeded import tiny_png
from aml_widgets.testing.seeded_documents import accuracy_table, residuals
ws = Workspace.open(os.environ["AML_WIDGETS_LADDER"])
run = Experiment(ws, "ladder").start_logging(display_name="ridge", snapshot_directory=None)
for place in range(30):
    for step in range(200):
        run.log(f"layer {place % 3}/loss {place}", math.exp(-step / 40) + 0.01 * math.sin(step * (place + 1)))
run.log("model", "Ridge(alpha=0.3)")
run.tag("stage", "final")
with run.child_run("fold 0"):
    pass
run.log_confusion_matrix("confusion", {"class_labels": ["cat", "dog"], "matrix": [[50, 3], [4, 43]]})
run.log_accuracy_table("ranking", accuracy_table(2))
run.log_residuals("errors", residuals())
with open("ramp.png", "wb") as file:
    file.write(tiny_png(60, 40))
run.log_image("ramp", path="ramp.png")
RunDetails(run)
"""
MAX_CELL_BYTES = 120_000
GITHUB_TAGS = frozenset(
    [
        "a",
        "b",
        "blockquote",
        "br",
        "code",
        "dd",
        "del",
        "details",
        "div",
        "dl",
        "dt",
        "em",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
        "i",
        "img",
        "ins",
        "kbd",
        "li",
        "ol",
        "p",
        "pre",
        "q",
        "s",
        "samp",
        "small",
        "span",
        "strike",
        "strong",
        "sub",
        "summary",
        "sup",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "tr",
        "tt",
        "ul",
        "var",
    ]
)
GITHUB_ATTRIBUTES = frozenset({"src", "alt", "width", "height", "align", "href", "title", "colspan", "rowspan", "open"})


class GithubFilter(HTMLParser):
    """Keeps what a page like GitHub's keeps of an output: no script, no style sheet, no style, no class."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.parts: list[str] = []
        self._dropped = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"script", "style"}:
            self._dropped = tag
        elif tag in GITHUB_TAGS:
            kept = "".join(f' {name}="{value}"' for name, value in attrs if name in GITHUB_ATTRIBUTES)
            self.parts.append(f"<{tag}{kept}>")

    def handle_endtag(self, tag: str) -> None:
        if tag == self._dropped:
            self._dropped = ""
        elif tag in GITHUB_TAGS:
            self.parts.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        if not self._dropped:
            self.parts.append(data)

    def handle_entityref(self, name: str) -> None:
        self.parts.append(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self.parts.append(f"&#{name};")


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A notebook that was run by nbclient, with no browser anywhere."""
    folder = tmp_path_factory.mktemp("ladder")
    notebook = new_notebook(cells=[new_code_cell(SOURCE), new_code_cell("run.complete()")])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AML_WIDGETS_LADDER", str(folder / "ws"))
        NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(folder)}}).execute()
    path = folder / "ladder.ipynb"
    nbformat.write(notebook, path)
    return path


def static_html(path: Path) -> str:
    outputs = nbformat.read(path, as_version=4).cells[0].outputs
    return "".join("".join(output.data.get("text/html", "")) for output in outputs if "data" in output)


def test_a_notebook_run_without_a_browser_shows_the_end_of_the_run(executed: Path) -> None:
    html = static_html(executed)

    assert "Completed" in html
    assert html.count("data:image/svg+xml;base64,") >= 30
    assert html.count("data:image/png;base64,") == 1
    for text in ("Ridge(alpha=0.3)", "accuracy 93.00% (93 of 100)", "Tags: stage: final", "1 child run: 1 completed"):
        assert text in html
    assert "aml://" not in html


def test_thirty_charts_are_saved_in_120_kilobytes(executed: Path) -> None:
    cell = nbformat.read(executed, as_version=4).cells[0]

    saved = len(json.dumps(cell.outputs).encode())

    assert 20_000 < saved <= MAX_CELL_BYTES


def test_an_export_to_html_shows_it_once(executed: Path, page: Page) -> None:
    command = [sys.executable, "-m", "nbconvert", "--to", "html", "--log-level=ERROR", str(executed)]
    subprocess.run(command, check=True, timeout=120)
    page.route(re.compile("^https?:"), lambda route: route.abort())  # what an export would fetch from elsewhere

    page.goto(executed.with_suffix(".html").as_uri())

    expect(page.get_by_text("Completed", exact=True)).to_have_count(1)
    expect(page.locator("img[src^='data:image/svg']").nth(29)).to_be_attached()
    expect(page.get_by_text("Error displaying widget")).to_have_count(0)
    assert page.locator("img").first.evaluate("(image) => image.complete && image.naturalWidth > 0")
    take_screenshot(page, "outputs-nbconvert")


def test_a_page_without_script_and_style_still_tells_all(executed: Path, page: Page) -> None:
    github = GithubFilter()
    github.feed(static_html(executed))
    page.set_content("".join(github.parts))

    text = page.inner_text("body")

    assert text.lstrip().startswith("Completed")
    assert "ridge" in text
    assert "display:" not in text
    assert "{" not in text
    expect(page.locator("tr", has_text="layer 0/loss 0").first).to_be_visible()
    expect(page.locator("tr", has_text="dog").last).to_contain_text("43")
    take_screenshot(page, "outputs-github")


def test_a_plain_prompt_prints_the_run_once(tmp_path: Path) -> None:
    source = SOURCE.replace("RunDetails(run)\n", "RunDetails(run).show()\nrun.complete()\n")
    environment = {
        "AML_WIDGETS_LADDER": str(tmp_path / "ws"),
        "AML_WIDGETS_HOME": str(tmp_path),
        "PATH": "/usr/bin:/bin",
    }

    printed = subprocess.run(
        [sys.executable, "-c", source],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )

    assert printed.stdout.startswith("ridge: Running")
    assert "layer 0/loss 0: " in printed.stdout
    assert "<" not in printed.stdout.replace("<module>", "")
    assert printed.stderr == ""
