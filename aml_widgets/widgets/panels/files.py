"""The files of the run."""

from __future__ import annotations

from aml_widgets.widgets.panels.host import Host
from aml_widgets.widgets.panels.parts import markup
from aml_widgets.widgets.view_state import ViewState


class FilesPanel:
    """The files of the run."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self.widget = markup("aml-files")

    def update(self, state: ViewState) -> None:
        """Show a state."""
