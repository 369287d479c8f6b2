"""What the handlers know of the server that they are in."""

from __future__ import annotations

from dataclasses import dataclass, field

from aml_widgets.server.catalog import Catalog
from aml_widgets.server.totals import Totals

SETTINGS_KEY = "aml_widgets_run_browser"
"""Where the web application keeps a `ServerSettings`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """What the extension was set to, and the workspaces that it shows.

    Attributes
    ----------
    catalog : Catalog
        The workspaces.
    is_read_only : bool
        Whether every change is refused.
    min_interval_seconds : float
        No page asks for news more often.
    timeout_seconds : float
        How long a workspace may take to answer.
    root_folder : str
        The folder that the file browser shows, absolute.
    shows_hidden : bool
        Whether the file browser shows what begins with a dot.
    totals : Totals
        How many runs lists have.
    """

    catalog: Catalog
    is_read_only: bool = False
    min_interval_seconds: float = 2.0
    timeout_seconds: float = 30.0
    root_folder: str
    shows_hidden: bool = False
    totals: Totals = field(default_factory=Totals)
