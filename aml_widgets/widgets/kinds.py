"""What a view is made of, by the kind of run: the one seam where sweeps, AutoML and pipelines will plug in."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from aml_widgets.widgets.panels.charts import ChartsPanel
from aml_widgets.widgets.panels.children import ChildrenPanel
from aml_widgets.widgets.panels.details import DetailsPanel
from aml_widgets.widgets.panels.files import FilesPanel
from aml_widgets.widgets.panels.host import Host
from aml_widgets.widgets.panels.logs import LogsPanel
from aml_widgets.widgets.panels.tabs import Tab
from aml_widgets.widgets.panels.values import ValuesPanel

TabsMaker = Callable[[Host], Sequence[Tab]]

_makers: dict[str, TabsMaker] = {}


def register_kind(run_type: str, make_tabs: TabsMaker) -> None:
    """Let runs of a type have tabs of their own. `make_tabs` may change what `user_run_tabs` gives."""
    _makers[run_type] = make_tabs


def tabs_for(run_type: str | None, host: Host) -> Sequence[Tab]:
    """Make the tabs of a run's view."""
    return _makers.get(run_type or "", user_run_tabs)(host)


def user_run_tabs(host: Host) -> list[Tab]:
    """Make the tabs that any run has."""
    return [
        Tab(key="metrics", title=lambda _: "Metrics", panels=[ValuesPanel(host), ChartsPanel(host)]),
        Tab(key="logs", title=lambda _: "Logs", panels=[LogsPanel(host)]),
        Tab(key="files", title=lambda state: _counted("Files", len(state.artifacts)), panels=[FilesPanel(host)]),
        Tab(
            key="children", title=lambda state: _counted("Children", len(state.children)), panels=[ChildrenPanel(host)]
        ),
        Tab(key="details", title=lambda _: "Details", panels=[DetailsPanel(host)]),
    ]


def _counted(title: str, count: int) -> str:
    return f"{title} ({count:,})" if count else title
