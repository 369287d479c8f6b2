"""What a view gives to its panels."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from aml_widgets.store.protocol import RunStore
from aml_widgets.widgets.page import Page
from aml_widgets.widgets.settings import SettingsHolder
from aml_widgets.widgets.watcher import Watcher, watcher


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """The view that a panel is part of, as far as a panel may know it.

    Attributes
    ----------
    lock : threading.RLock
        Held whenever a panel is updated and while a handler of the page runs.
    open_run : callable
        Shows another run, by its id, inside the view, with a way back.
    cancel : callable or None
        Asks for the run to be cancelled, None where it is not ours to cancel.
    watcher : Watcher
        The thread that a panel may have longer work done in.
    page_url : str or None
        Where the run has a page of its own in a browser.
    """

    store: RunStore
    run_id: str
    lock: threading.RLock
    page: Page
    settings: SettingsHolder
    open_run: Callable[[str], None]
    watcher: Watcher = watcher
    cancel: Callable[[], None] | None = None
    page_url: str | None = None

    def read_artifact(self, path: str, start: int = 0, max_bytes: int | None = None) -> bytes:
        """Read bytes of one of the run's files. Raises ArtifactNotFound."""
        return self.store.artifacts.read(self.run_id, path, start=start, max_bytes=max_bytes)
