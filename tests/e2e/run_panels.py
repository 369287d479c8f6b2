"""The page of a run with one of its tabs in front, as a test handles it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import Locator, expect

if TYPE_CHECKING:
    from aml_widgets.core.records import RunRecord
    from tests.e2e.seeded_runs import SeededWorkspace
    from tests.e2e.sidebar import Sidebar


class Panels:
    """A run's page with one of its tabs in front."""

    def __init__(self, sidebar: Sidebar, workspace: SeededWorkspace, run: RunRecord, tab: str) -> None:
        self.sidebar = sidebar
        self.page = sidebar.page
        settings: dict[str, object] = {"workspace": workspace.key, "runId": run.run_id, "tab": tab}
        sidebar.execute("aml-widgets:open-run", settings)
        self.body = self.page.locator(".jp-AmlRunPage:not(.lm-mod-hidden)")
        expect(self.body.get_by_role("tab", selected=True)).to_be_visible()

    @property
    def log(self) -> Locator:
        """The text of the log, where it scrolls."""
        return self.body.get_by_role("region", name="Text of the log")

    @property
    def said(self) -> Locator:
        """The line that says how much of the log is shown."""
        return self.body.locator(".jp-AmlRunPage-logs > .jp-AmlRunPage-note")

    def expect_at_end(self, *, is_at_end: bool = True) -> None:
        """Wait until the log is, or is not, at its end."""
        self.page.wait_for_function(
            "([log, wanted]) => (log.scrollHeight - log.scrollTop - log.clientHeight < 4) === wanted",
            arg=[self.log.element_handle(), is_at_end],
        )

    def top_line(self) -> tuple[str, int]:
        """Give the first whole line in sight, and how far it is from the top."""
        text, distance = self.log.evaluate(
            """log => {
                const top = log.getBoundingClientRect().top + 40;
                const rows = [...log.querySelectorAll('.jp-AmlRunPage-logRow')];
                const row = rows.find(row => row.getBoundingClientRect().top > top);
                return [row.textContent, Math.round(row.getBoundingClientRect().top - top)];
            }"""
        )
        return str(text), int(distance)


def lines(count: int, start: int = 0) -> str:
    """Give lines of a log: ``line 0`` and so on."""
    return "".join(f"line {place}\n" for place in range(start, start + count))
