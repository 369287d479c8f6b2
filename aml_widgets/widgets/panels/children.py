"""The children of the run."""

from __future__ import annotations

from aml_widgets.widgets.panels.host import Host
from aml_widgets.widgets.panels.parts import markup
from aml_widgets.widgets.view_state import ViewState


class ChildrenPanel:
    """The children of the run."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self.widget = markup("aml-children")

    def update(self, state: ViewState) -> None:
        """Show a state."""
