"""How the user wants a run shown. Kept for each run in this kernel, so that showing it again shows it alike."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from aml_widgets.widgets.file_tree import BrowserChoice

X_STEP, X_RELATIVE, X_WALL = "step", "relative", "wall"
X_METRIC = "metric:"  # followed by the name of the metric whose values are x


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewSettings:
    """Everything a user can set in a view. Each field has one owner, the panel it is named after."""

    tab: str = ""  # empty: the view chooses
    # Charts
    filter_text: str = ""
    filter_is_regex: bool = False
    x: str = X_STEP
    x_log: bool = False
    y_log: bool = False
    smoothing: float = 0.0  # weight of the past in the exponential mean, 0 to 0.999
    cuts_outliers: bool = False
    columns: int = 0  # 0: as many as there is room for
    size: str = "medium"
    pinned: tuple[str, ...] = ()
    collapsed: frozenset[str] = frozenset()
    charts_page: int = 0
    # Logs
    log_path: str | None = None  # None: follow the newest group
    wraps_log: bool = True
    numbers_log: bool = False
    # Files
    files: BrowserChoice = field(default_factory=BrowserChoice)
    # Children
    children_metric: str = ""
    children_goal: str = ""  # empty: what the name of the metric says
    children_sort: str = ""  # empty: the best first
    children_descending: bool = False
    children_filter: str = ""


class SettingsHolder:
    """The settings of one run. Views of the same run share it; whoever changes it holds the view's lock."""

    def __init__(self) -> None:
        self.value = ViewSettings()

    def change(self, **fields: object) -> ViewSettings:
        """Set some fields; return all."""
        self.value = replace(self.value, **fields)  # type: ignore[arg-type]  # checked by the dataclass's own names
        return self.value


_holders: dict[str, SettingsHolder] = {}


def settings_of(run_id: str) -> SettingsHolder:
    """Give the settings of a run, the same ones each time."""
    return _holders.setdefault(run_id, SettingsHolder())
