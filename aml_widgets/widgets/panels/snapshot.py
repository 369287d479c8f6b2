"""The snapshot of the run's sources: what is in it, a preview of each file, and downloads."""

from __future__ import annotations

import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import ipywidgets

from aml_widgets.core.errors import AmlWidgetsError
from aml_widgets.core.records import ArtifactRecord
from aml_widgets.submit.snapshot import find_snapshot
from aml_widgets.submit.snapshot_reading import list_members, read_member, read_member_pieces, read_snapshot_pieces
from aml_widgets.widgets.panels.controls import button_html
from aml_widgets.widgets.panels.copying import copy_html
from aml_widgets.widgets.panels.file_browser import FileBrowser
from aml_widgets.widgets.panels.host import Host
from aml_widgets.widgets.panels.parts import markup, set_markup
from aml_widgets.widgets.text import escape, shorten

MAX_LISTED = 20_000
_FIRST_YEAR = 1980  # what a zip says where no time is kept, and ours keep none


class SnapshotView:
    """Shows a snapshot; its zip is opened when somebody wants to see into it."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._snapshot_id = ""
        self._is_open = False
        self._line = markup("aml-snapshot-line")
        self._note = markup("aml-note")
        self._note.layout.display = "none"
        self._browser: FileBrowser | None = None
        self.widget = ipywidgets.VBox([self._line, self._note])
        self.widget.add_class("aml-snapshot")
        host.page.on("snapshot-toggle", lambda _, __: self._toggle())

    def show(self, snapshot_id: str, skipped: str) -> None:
        """Show which snapshot the run has, or why it has none."""
        self._snapshot_id = snapshot_id
        if not snapshot_id:
            text = (
                f"No snapshot was taken: {shorten(skipped, 2_000)}"
                if skipped
                else "This run has no snapshot of its sources."
            )
            set_markup(self._line, f'<div class="aml-note aml-text-break">{escape(text)}</div>')
            return
        label = "Hide the files" if self._is_open else "Browse the files"
        button = button_html(label, "snapshot-toggle", is_pressed=self._is_open)
        set_markup(
            self._line,
            f'<div class="aml-snapshot-id"><code title="{escape(shorten(snapshot_id, 500))}">{escape(shorten(snapshot_id, 80))}</code>'
            f"{copy_html('Copy the id of the snapshot', 'snapshot', text=snapshot_id)}{button}</div>",
        )

    def _toggle(self) -> None:
        self._is_open = not self._is_open
        self.show(self._snapshot_id, "")
        if self._is_open:
            self._fill()
        elif self._browser is not None:
            self._browser.widget.layout.display = "none"
            set_markup(self._note, "")

    def _fill(self) -> None:
        try:
            members = list_members(self._file())
        except AmlWidgetsError as error:
            set_markup(self._note, escape(f"The snapshot cannot be opened: {shorten(error.message, 600)}"))
            return
        left_out = len(members) - MAX_LISTED
        set_markup(self._note, f"{left_out:,} of its files are not listed." if left_out > 0 else "")
        if self._browser is None:
            self._browser = FileBrowser(
                self._host.page,
                prefix="snapshot",
                read=self._read,
                local_path=lambda _: None,
                archive_name=f"snapshot-{self._snapshot_id[:12]}",
                read_archive=self._read_archive,
                read_all=self._read_all,
            )
            self.widget.children = (*self.widget.children, self._browser.widget)
        self._browser.widget.layout.display = None
        self._browser.show({member.filename: _record(member) for member in members[:MAX_LISTED]})

    def _read(self, path: str, start: int, max_bytes: int | None = None) -> bytes:
        return read_member(self._file(), path, start, max_bytes)

    def _read_all(self, path: str) -> Iterator[bytes]:
        yield from read_member_pieces(self._file(), path)

    def _read_archive(self) -> Iterator[bytes]:
        yield from read_snapshot_pieces(self._file())

    def _file(self) -> Path:
        return find_snapshot(self._host.store.snapshots, self._snapshot_id)


def _record(member: zipfile.ZipInfo) -> ArtifactRecord:
    year = member.date_time[0]
    written_at = time.mktime((*member.date_time, 0, 0, -1)) if year > _FIRST_YEAR else 0.0
    return ArtifactRecord(path=member.filename, size_bytes=member.file_size, written_at=written_at)
