"""A tree of files with a filter, a preview of one of them, and downloads; for a run's files and for a snapshot's."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import chain

import ipywidgets

from aml_widgets.core import clock
from aml_widgets.core.errors import AmlWidgetsError, ArtifactNotFound
from aml_widgets.core.file_names import safe_file_name
from aml_widgets.core.pieces import read_pieces
from aml_widgets.core.records import ArtifactRecord
from aml_widgets.core.zip_stream import ZipSource, zip_chunks
from aml_widgets.widgets.file_tree import (
    SORTS,
    BrowserChoice,
    Folder,
    build_tree,
    find_folder,
    folders_in,
    matching,
    moment_text,
    newest_of,
    records_in,
)
from aml_widgets.widgets.page import Page
from aml_widgets.widgets.panels.controls import button_html, select_html, text_html
from aml_widgets.widgets.panels.file_preview import FilePreview, Reader
from aml_widgets.widgets.panels.file_rows import (
    MORE_ROWS,
    PAGE_ROWS,
    SMALL_FOLDER,
    TreeLook,
    folder_html,
    found_html,
    rows_html,
)
from aml_widgets.widgets.panels.parts import markup, set_markup
from aml_widgets.widgets.text import count_text, escape, name_text, shorten, size_text

MAX_DOWNLOAD_BYTES = 2_000_000_000
"""A download goes through the kernel's connection and lies in the browser's memory until it is saved."""
_OWN_PLACES = 12  # top-level folders that are sent by themselves; more of them are sent together
_FILTER_FROM = 8  # a filter is of no use for fewer files
_MAX_FOUND = 200


class FileBrowser:
    """Shows files as a tree. Each folder at the top has a place of its own, so that one that grows is sent alone.

    Parameters
    ----------
    page : Page
        Hears the clicks, and sends downloads.
    prefix : str
        What the verbs of this tree begin with; no two trees of a view have the same.
    read : callable
        Reads bytes of a file.
    local_path : callable
        Gives the path of a file on this machine, None where there is none.
    archive_name : str
        How a zip of all files is called, without its suffix.
    choice : BrowserChoice, optional
        What the user chose before.
    keep : callable, optional
        Told of each new choice.
    read_archive : callable, optional
        Gives a zip of all files, where there is one already.
    read_all : callable, optional
        Gives a whole file piece by piece, where that is done better than by reading bytes from different places.
    """

    def __init__(
        self,
        page: Page,
        *,
        prefix: str,
        read: Reader,
        local_path: Callable[[str], str | None],
        archive_name: str,
        choice: BrowserChoice | None = None,
        keep: Callable[[BrowserChoice], None] | None = None,
        read_archive: Callable[[], Iterator[bytes]] | None = None,
        read_all: Callable[[str], Iterator[bytes]] | None = None,
    ) -> None:
        self._page = page
        self._prefix = prefix
        self._read = read
        self._local_path = local_path
        self._archive_name = archive_name
        self._choice = choice or BrowserChoice()
        self._keep = keep
        self._read_archive = read_archive
        self._read_all = read_all
        self._records: Mapping[str, ArtifactRecord] = {}
        self._root = build_tree(())
        self._is_open: dict[str, bool] = {}
        self._row_limits: dict[str, int] = {}
        self._wanted = ""
        self._is_first = True
        self._bar = markup("aml-files-bar")
        self._sum = markup("aml-files-sum")
        self._said = markup("aml-files-said")
        self._found = markup("aml-files-section")
        self._sections: dict[str, ipywidgets.HTML] = {}
        self._section_box = ipywidgets.VBox([])
        tree = ipywidgets.VBox([self._section_box, self._found])
        tree.add_class("aml-files-tree")
        self._preview = FilePreview(prefix, read, local_path)
        self._body = ipywidgets.VBox([tree, self._preview.widget])
        self._body.add_class("aml-files-body")
        self.widget = ipywidgets.VBox([self._bar, self._sum, self._said, self._body])
        self.widget.add_class("aml-files-browser")
        for verb, handler in {
            "open": lambda path, _: self._open(path),
            "folder": lambda path, _: self._toggle(path),
            "rows": lambda path, _: self._show_rows(path),
            "filter": lambda _, wanted: self._filter(wanted),
            "sort": lambda _, sort: self._sort(sort),
            "close": lambda _, __: self._close(),
            "more": lambda _, __: self._preview.show_more(),
            "raw": lambda _, __: self._preview.toggle_raw(),
            "download": lambda path, _: self._download(path),
            "zip": lambda path, _: self._download_zip(path),
        }.items():
            page.on(f"{prefix}-{verb}", handler)

    def show(self, records: Mapping[str, ArtifactRecord]) -> None:
        """Show these files, and what changed in the one that is previewed."""
        if self._is_first or records != self._records:
            self._records = records
            self._root = build_tree(records.values(), sort=self._choice.sort)
            self._draw()
        path = self._choice.path
        if path is not None:
            record = records.get(path)
            if self._is_first and record is not None:
                self._preview.show(record)
            elif record is not None and self._preview.path == path:
                self._preview.follow(record)
        self._is_first = False

    def _draw(self) -> None:
        has_files = bool(self._records)
        self._body.layout.display = None if has_files else "none"
        set_markup(self._bar, self._bar_html() if has_files else "")
        set_markup(self._sum, self._sum_html() if has_files else "")
        for folder in folders_in(self._root):
            # Decided once, when the folder is first seen: one that grows does not close under the reader's eyes.
            self._is_open.setdefault(
                folder.path, self._choice.folders.get(folder.path, folder.file_count <= SMALL_FOLDER)
            )
        look = TreeLook(
            prefix=self._prefix,
            is_open=self._is_open,
            row_limits=self._row_limits,
            picked=self._preview.path or self._choice.path,
            now=clock.now(),
        )
        if self._wanted:
            found = matching(self._records.values(), self._wanted, sort=self._choice.sort)
            set_markup(self._found, found_html(found, look, limit=_MAX_FOUND))
            self._section_box.layout.display = "none"
            return
        set_markup(self._found, "")
        self._section_box.layout.display = None
        self._draw_sections(look)

    def _draw_sections(self, look: TreeLook) -> None:
        shown: dict[str, str] = {}
        rest: list[Folder] = []
        for folder in self._root.folders:
            if folder.path in self._sections or len(self._sections) + len(shown) < _OWN_PLACES:
                shown[folder.path] = f'<ul class="aml-tree">{folder_html(folder, look)}</ul>'
            else:
                rest.append(folder)
        # What lies at the top itself is the folder of no name, which no other can have.
        bottom = replace(self._root, folders=tuple(rest))
        shown[""] = f'<ul class="aml-tree">{rows_html(bottom, look)}</ul>' if bottom.row_count else ""
        new = [path for path in shown if path not in self._sections]
        for path in new:
            self._sections[path] = markup("aml-files-section")
        for place, path in enumerate(shown):
            section = self._sections[path]
            section.layout.order = str(place)
            set_markup(section, shown[path])
        for path in self._sections.keys() - shown.keys():
            set_markup(self._sections[path], "")
        if new:
            self._section_box.children = tuple(self._sections.values())

    def _bar_html(self) -> str:
        """Write the controls. They stay as they are while files come, so that nobody is disturbed in typing."""
        if len(self._records) < _FILTER_FROM:
            find = order = ""
        else:
            find = text_html("Filter the files", f"{self._prefix}-filter", placeholder="Filter the files")
            order = select_html("Order", f"{self._prefix}-sort", SORTS, self._choice.sort)
        all_files = button_html("Download all", f"{self._prefix}-zip", title="Download all files as one zip")
        return f'<div class="aml-files-tools">{find}{order}{all_files}</div>'

    def _sum_html(self) -> str:
        newest = newest_of(self._records)
        total = f"{count_text(self._root.file_count, 'file', 'files')}, {size_text(self._root.size_bytes)}"
        last = ""
        if newest is not None and newest.written_at:
            path = escape(newest.path)
            last = (
                f'<span class="aml-files-newest">Changed last: <button type="button" class="aml-row-link" title="{path}" '
                f'data-aml-do="{self._prefix}-open" data-aml-with="{path}" data-aml-key="{self._prefix}-newest">'
                f"{escape(name_text(newest.path.rpartition('/')[2], 80))}</button> "
                f'<span class="aml-number">{moment_text(newest.written_at, clock.now())}</span></span>'
            )
        return f'<div class="aml-note aml-files-total"><span class="aml-number">{escape(total)}</span>{last}</div>'

    # -- what the user does

    def _choose(self, choice: BrowserChoice) -> None:
        self._choice = choice
        if self._keep is not None:
            self._keep(choice)

    def _open(self, argument: str) -> None:
        record = self._find(argument)
        if record is None:
            self._say("This file is not there any more.")
            return
        self._say("")
        self._choose(replace(self._choice, path=record.path))
        self._preview.show(record)
        self._draw()

    def _close(self) -> None:
        self._choose(replace(self._choice, path=None))
        self._preview.clear()
        self._draw()

    def _toggle(self, argument: str) -> None:
        path = next((folder.path for folder in folders_in(self._root) if _is_named(folder.path, argument)), argument)
        self._is_open[path] = not self._is_open.get(path, False)
        self._choose(replace(self._choice, folders={**self._choice.folders, path: self._is_open[path]}))
        self._draw()

    def _show_rows(self, argument: str) -> None:
        path = next((folder.path for folder in folders_in(self._root) if _is_named(folder.path, argument)), argument)
        self._row_limits[path] = self._row_limits.get(path, PAGE_ROWS) + MORE_ROWS
        self._draw()

    def _filter(self, wanted: str) -> None:
        self._wanted = wanted.strip()
        self._draw()

    def _sort(self, sort: str) -> None:
        if sort in dict(SORTS):
            self._choose(replace(self._choice, sort=sort))
            self._root = build_tree(self._records.values(), sort=sort)
            self._draw()

    def _download(self, argument: str) -> None:
        record = self._find(argument)
        if record is None:
            self._preview.say("This file is not there any more.")
        elif record.size_bytes > MAX_DOWNLOAD_BYTES:
            self._preview.say(self._too_large(record.size_bytes, record.path))
        else:
            pieces = self._pieces(record)
            try:
                first = next(pieces, b"")
            except ArtifactNotFound:
                self._preview.say("This file is not there any more.")
                return
            except AmlWidgetsError as error:
                self._preview.say(f"This file cannot be read now: {shorten(error.message, 400)}")
                return
            self._preview.say("")
            name = safe_file_name(record.path)
            self._page.send_file(name, "application/octet-stream", chain([first], pieces))

    def _download_zip(self, argument: str) -> None:
        paths = (folder.path for folder in folders_in(self._root))
        folder = find_folder(self._root, next((path for path in paths if _is_named(path, argument)), argument))
        if folder is None:
            self._say("This folder is not there any more.")
            return
        if folder.size_bytes > MAX_DOWNLOAD_BYTES:
            self._say(self._too_large(folder.size_bytes, folder.path))
            return
        self._say("")
        if not folder.path and self._read_archive is not None:
            self._page.send_file(f"{self._archive_name}.zip", "application/zip", self._read_archive())
            return
        sources = [
            ZipSource(
                path=one.path, size_bytes=one.size_bytes, written_at=one.written_at, read=_reading(self._pieces, one)
            )
            for one in sorted(records_in(folder), key=lambda one: one.path)
        ]
        name = safe_file_name(f"{self._archive_name}-{folder.name}" if folder.path else self._archive_name)
        self._page.send_file(f"{name}.zip", "application/zip", zip_chunks(sources))

    def _pieces(self, record: ArtifactRecord) -> Iterator[bytes]:
        if self._read_all is not None:
            return self._read_all(record.path)
        return read_pieces(self._read, record.path, record.size_bytes)

    def _find(self, argument: str) -> ArtifactRecord | None:
        exact = self._records.get(argument)
        return exact or next((one for path, one in self._records.items() if _is_named(path, argument)), None)

    def _too_large(self, size_bytes: int, path: str) -> str:
        local = self._local_path(path)
        place = f" The files are in {local}" if local else " Download fewer files."
        return f"{size_text(size_bytes)} are more than the {size_text(MAX_DOWNLOAD_BYTES)} that can be downloaded here.{place}"

    def _say(self, problem: str) -> None:
        set_markup(
            self._said, f'<div class="aml-box aml-look-warn" role="status">{escape(problem)}</div>' if problem else ""
        )


def _is_named(path: str, argument: str) -> bool:
    """Whether the page means this path: HTML turns every kind of line end into one."""
    return path == argument or ("\r" in path and path.replace("\r\n", "\n").replace("\r", "\n") == argument)


def _reading(
    pieces: Callable[[ArtifactRecord], Iterator[bytes]], record: ArtifactRecord
) -> Callable[[], Iterator[bytes]]:
    return lambda: pieces(record)
