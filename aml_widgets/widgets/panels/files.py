"""The files of the run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import ipywidgets

from aml_widgets.core.records import ArtifactRecord
from aml_widgets.widgets.file_tree import BrowserChoice
from aml_widgets.widgets.panels.file_browser import FileBrowser
from aml_widgets.widgets.panels.host import Host
from aml_widgets.widgets.panels.parts import markup, set_markup
from aml_widgets.widgets.view_state import ViewState


class FilesPanel:
    """Outputs, logs and all other files of the run."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._grown: dict[str, ArtifactRecord] = {}
        self._nothing = markup("aml-empty")
        self._browser = FileBrowser(
            host.page,
            prefix="file",
            read=host.read_artifact,
            local_path=self._local_path,
            archive_name=host.run_id,
            choice=host.settings.value.files,
            keep=self._keep,
        )
        self.widget = ipywidgets.VBox([self._nothing, self._browser.widget])
        self.widget.add_class("aml-files")

    def update(self, state: ViewState) -> None:
        """Show the files that there are now."""
        records = {path: self._timed(record, state) for path, record in state.artifacts.items()}
        still = "yet" if state.expects_more else "at all"
        set_markup(self._nothing, "" if records else f"This run has no files {still}.")
        self._browser.show(records)

    def _timed(self, record: ArtifactRecord, state: ViewState) -> ArtifactRecord:
        """Give a file the time when it was last seen to grow: the store knows of a log only when it was begun."""
        if not record.is_log:
            return record
        before = self._grown.get(record.path)
        written_at = record.written_at
        if before is not None:
            has_grown = before.size_bytes != record.size_bytes and state.heard_at is not None
            written_at = max(written_at, (state.heard_at or 0.0) if has_grown else before.written_at)
        self._grown[record.path] = timed = replace(record, written_at=written_at)
        return timed

    def _keep(self, choice: BrowserChoice) -> None:
        self._host.settings.change(files=choice)

    def _local_path(self, path: str) -> str | None:
        root = getattr(self._host.store.artifacts, "root", None)  # a store elsewhere has no files on this machine
        return str(root / self._host.run_id / path) if isinstance(root, Path) else None
