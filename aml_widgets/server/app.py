"""The server extension: its settings, and what it adds to the Jupyter server."""

from __future__ import annotations

import os
from typing import Any

from jupyter_server.extension.application import ExtensionApp
from traitlets import Bool, Float, List, TraitError, Unicode, validate

from aml_widgets.server.catalog import Catalog
from aml_widgets.server.handlers.routes import routes
from aml_widgets.server.places import Places
from aml_widgets.server.portal import announce_server
from aml_widgets.server.settings import SETTINGS_KEY, ServerSettings


class RunBrowserApp(ExtensionApp):
    """The run browser's REST API. In ``jupyter_server_config.py``: ``c.RunBrowserApp.locations = ["/data/runs"]``."""

    name = "aml_widgets"

    locations = List(
        Unicode(),
        help="Workspaces to show, folders or addresses of MLflow tracking servers, beside those in the home and those opened on this machine.",
    ).tag(config=True)
    workspaces_shown = List(
        Unicode(),
        help="Show only workspaces whose name or folder one of these patterns fits, such as 'team-*'. Empty: all.",
    ).tag(config=True)
    min_interval_seconds = Float(2.0, help="No page asks for news more often than this.").tag(config=True)
    is_read_only = Bool(
        False, help="Refuse every change: renaming, tagging, cancelling, archiving and deleting runs."
    ).tag(config=True)
    store_timeout_seconds = Float(
        30.0, help="How long a workspace may take to answer before the page is told that it does not."
    ).tag(config=True)

    @validate("min_interval_seconds", "store_timeout_seconds")
    def _check_seconds(self, proposal: Any) -> float:
        seconds: float = proposal["value"]
        if not 0.1 <= seconds <= 86_400:
            raise TraitError(
                f"RunBrowserApp.{proposal['trait'].name} must be 0.1 to 86,400 seconds, got {seconds}. Choose such a number."
            )
        return seconds

    def initialize_settings(self) -> None:
        """Put what the handlers need into the settings of the web application."""
        assert self.serverapp is not None
        root = getattr(self.serverapp.contents_manager, "root_dir", None) or self.serverapp.root_dir
        places = Places(
            locations=self.locations, patterns=self.workspaces_shown, timeout_seconds=self.store_timeout_seconds
        )
        self._catalog = Catalog(places, timeout_seconds=self.store_timeout_seconds)
        self.settings[SETTINGS_KEY] = ServerSettings(
            catalog=self._catalog,
            is_read_only=self.is_read_only,
            min_interval_seconds=self.min_interval_seconds,
            timeout_seconds=self.store_timeout_seconds,
            root_folder=os.path.abspath(os.path.expanduser(root)),  # noqa: PTH100, PTH111 - as Jupyter makes it
            shows_hidden=bool(getattr(self.serverapp.contents_manager, "allow_hidden", False)),
        )
        announce_server(self.serverapp)

    def initialize_handlers(self) -> None:
        """Add the endpoints."""
        self.handlers.extend(routes())

    async def stop_extension(self) -> None:
        """Let go of the workspaces."""
        self._catalog.close()
