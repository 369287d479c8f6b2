"""A tree of files as HTML: nested lists of buttons, that a screen reader and the keyboard can walk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aml_widgets.core.records import ArtifactRecord
from aml_widgets.widgets.file_tree import Folder, moment_text
from aml_widgets.widgets.panels.icons import icon
from aml_widgets.widgets.text import count_text, escape, name_text, size_text, time_text

PAGE_ROWS = 100
MORE_ROWS = 500
SMALL_FOLDER = 50
"""A folder with at most so many files below is open until somebody closes it."""

DOWNLOAD = icon("M8 2.5v7.5M4.8 7.2L8 10.4l3.2-3.2M3 13.2h10")


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeLook:
    """What is open and picked in a tree.

    Attributes
    ----------
    prefix : str
        What the verbs of its rows begin with.
    is_open : mapping of str to bool
        For each folder by path, whether its rows are shown.
    row_limits : mapping of str to int
        For folders by path, how many rows are shown; `PAGE_ROWS` otherwise.
    """

    prefix: str
    is_open: Mapping[str, bool]
    row_limits: Mapping[str, int]
    picked: str | None
    now: float


def folder_html(folder: Folder, look: TreeLook) -> str:
    """Write a folder as one item of a list, with what is in it where it is open."""
    is_open = look.is_open.get(folder.path, False)
    count = count_text(folder.file_count, "file", "files")
    inner = f'<ul class="aml-tree">{rows_html(folder, look)}</ul>' if is_open else ""
    path = escape(folder.path)
    return (
        f'<li><div class="aml-row"><button type="button" class="aml-row-main aml-folder" aria-expanded="{str(is_open).lower()}" '
        f'data-aml-do="{look.prefix}-folder" data-aml-with="{path}" data-aml-key="{look.prefix}-folder {path}" title="{path}">'
        f'<span class="aml-twist" aria-hidden="true"></span><span class="aml-row-name">{escape(name_text(folder.name))}</span>'
        f'<span class="aml-row-time">{escape(count)}</span><span class="aml-row-size">{escape(size_text(folder.size_bytes))}</span>'
        f'</button><button type="button" class="aml-button aml-row-act" data-aml-do="{look.prefix}-zip" data-aml-with="{path}" '
        f'data-aml-key="{look.prefix}-zip {path}" title="Download this folder as a zip" '
        f'aria-label="Download the folder {escape(name_text(folder.name))} as a zip"><span aria-hidden="true">{DOWNLOAD}</span></button>'
        f"</div>{inner}</li>"
    )


def rows_html(folder: Folder, look: TreeLook) -> str:
    """Write what lies in a folder, up to as many rows as were asked for."""
    limit = look.row_limits.get(folder.path, PAGE_ROWS)
    parts = [folder_html(below, look) for below in folder.folders[:limit]]
    parts += [file_html(row.record, row.name, look) for row in folder.files[: max(0, limit - len(parts))]]
    if folder.row_count > limit:
        path = escape(folder.path)
        parts.append(
            f'<li><button type="button" class="aml-row-main aml-row-more" data-aml-do="{look.prefix}-rows" data-aml-with="{path}" '
            f'data-aml-key="{look.prefix}-rows {path}">and {folder.row_count - limit:,} more</button></li>'
        )
    return "".join(parts)


def file_html(record: ArtifactRecord, name: str, look: TreeLook) -> str:
    """Write a file as one item of a list."""
    path = escape(record.path)
    moment = '<span class="aml-row-time"></span>'
    if record.written_at:  # the files of a snapshot have no times
        moment = (
            f'<span class="aml-row-time aml-number" title="{escape(time_text(record.written_at))}">'
            f"{moment_text(record.written_at, look.now)}</span>"
        )
    current = ' aria-current="true"' if record.path == look.picked else ""
    return (
        f'<li><div class="aml-row"><button type="button" class="aml-row-main aml-file" data-aml-do="{look.prefix}-open" '
        f'data-aml-with="{path}" data-aml-key="{look.prefix}-open {path}" title="{path}"{current}>'
        f'<span class="aml-row-name">{escape(name_text(name))}</span>'
        f'{moment}<span class="aml-row-size aml-number">{escape(size_text(record.size_bytes))}</span></button></div></li>'
    )


def found_html(found: Sequence[ArtifactRecord], look: TreeLook, *, limit: int) -> str:
    """Write the files that a filter found, each with its whole path."""
    if not found:
        return '<div class="aml-note aml-files-none">No file has that in its path.</div>'
    more = ""
    if len(found) > limit:
        more = (
            f'<li class="aml-note aml-row-rest">and {len(found) - limit:,} more; type more of the path to see them</li>'
        )
    return (
        f'<ul class="aml-tree">{"".join(file_html(record, record.path, look) for record in found[:limit])}{more}</ul>'
    )
