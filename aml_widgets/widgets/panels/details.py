"""What is known of the run beside its numbers."""

from __future__ import annotations

from aml_widgets.widgets.panels.host import Host
from aml_widgets.widgets.panels.parts import markup
from aml_widgets.widgets.view_state import ViewState


class DetailsPanel:
    """What is known of the run beside its numbers."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self.widget = markup("aml-details")

    def update(self, state: ViewState) -> None:
        """Show a state."""
