"""One file, shown as what it is: text, JSON, a table, a picture, or its first bytes."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import NamedTuple

import ipywidgets

from aml_widgets.core.errors import AmlWidgetsError, ArtifactNotFound
from aml_widgets.core.records import ArtifactRecord
from aml_widgets.widgets import previews
from aml_widgets.widgets.panels.controls import button_html
from aml_widgets.widgets.panels.icons import icon
from aml_widgets.widgets.panels.parts import markup, set_markup
from aml_widgets.widgets.previews import PreviewKind, PreviewProblem
from aml_widgets.widgets.text import ELLIPSIS, count_text, escape, shorten, size_text, time_text

Reader = Callable[[str, int, "int | None"], bytes]
"""Reads bytes of a file: its path, from where, and how many at most. Raises AmlWidgetsError."""

_CLOSE = icon("M4 4l8 8M12 4l-8 8")


class _Content(NamedTuple):
    """What is drawn below the head of a preview."""

    kind: PreviewKind
    blocks: list[str]
    note: str = ""  # about the content, such as why it is not shown otherwise
    more: str = ""  # what is not shown of it
    can_grow: bool = False  # whether the reader may ask for more


class FilePreview:
    """Shows one file. Each block of text has a place of its own, so that only what changed is sent.

    Parameters
    ----------
    prefix : str
        What the verbs of its controls begin with.
    read : callable
        Reads bytes of a file.
    local_path : callable
        Gives the path of a file on this machine, None where there is none.
    """

    def __init__(self, prefix: str, read: Reader, local_path: Callable[[str], str | None]) -> None:
        self._prefix = prefix
        self._read = read
        self._local_path = local_path
        self._record: ArtifactRecord | None = None
        self._block_count = 1
        self._is_raw = False
        self._problem = ""
        self._head = markup("aml-preview-head")
        self._note = markup("aml-preview-note", "aml-note")
        self._blocks = ipywidgets.VBox([])
        self._blocks.add_class("aml-preview-blocks")
        self._foot = markup("aml-preview-foot", "aml-note")
        self.widget = ipywidgets.VBox([self._head, self._note, self._blocks, self._foot])
        self.widget.add_class("aml-preview")
        self.clear()

    @property
    def path(self) -> str | None:
        """Which file is shown."""
        return self._record.path if self._record else None

    def show(self, record: ArtifactRecord) -> None:
        """Show a file from its beginning."""
        self._record, self._block_count, self._is_raw, self._problem = record, 1, False, ""
        self._draw()

    def follow(self, record: ArtifactRecord) -> None:
        """Show what changed of the file that is shown."""
        if record != self._record:
            self._record = record
            self._draw()

    def show_more(self) -> None:
        """Show another piece of a text."""
        self._block_count += 1
        self._draw()

    def toggle_raw(self) -> None:
        """Show JSON or a table as the text that it is, or set out again."""
        self._is_raw, self._block_count = not self._is_raw, 1
        self._draw()

    def say(self, problem: str) -> None:
        """Say in place what went wrong with the file that is shown."""
        if problem != self._problem:
            self._problem = problem
            self._draw()

    def clear(self) -> None:
        """Show no file."""
        self._record = None
        self.widget.layout.display = "none"
        for place in (self._head, self._note, self._foot):
            set_markup(place, "")
        self._fill([])

    def _draw(self) -> None:
        record = self._record
        if record is None:
            return
        problem = self._problem
        try:
            content = self._content(record)
        except ArtifactNotFound:
            content, problem = _Content(PreviewKind.BYTES, []), "This file is not there any more."
        except AmlWidgetsError as error:
            content, problem = (
                _Content(PreviewKind.BYTES, []),
                f"This file cannot be read now: {shorten(error.message, 400)}",
            )
        said = f'<div class="aml-box aml-look-warn">{escape(problem)}</div>' if problem else ""
        set_markup(self._head, self._head_html(record, content.kind))
        set_markup(self._note, said + escape(content.note))
        self._fill(content.blocks)
        if content.kind is PreviewKind.BYTES:  # its columns are lost where lines are broken
            self._blocks.add_class("aml-kind-bytes")
        else:
            self._blocks.remove_class("aml-kind-bytes")
        set_markup(self._foot, self._foot_html(content))
        self.widget.layout.display = None

    def _content(self, record: ArtifactRecord) -> _Content:
        head = self._read(record.path, 0, previews.HEAD_BYTES)
        kind = previews.kind_of(record.path, head)
        try:
            if kind is PreviewKind.EMPTY:
                return _Content(kind, [], "This file is empty.")
            if kind is PreviewKind.PICTURE:
                return self._picture(record)
            if kind is PreviewKind.JSON and not self._is_raw:
                return self._json(record)
            if kind is PreviewKind.TABLE and not self._is_raw:
                return self._table(record)
        except PreviewProblem as problem:
            if kind is PreviewKind.PICTURE:
                return self._bytes(head, str(problem))
            return self._text(record, kind, f"{problem} Here is its text.")
        if kind is PreviewKind.BYTES:
            return self._bytes(head)
        return self._text(record, kind)

    def _text(self, record: ArtifactRecord, kind: PreviewKind, note: str = "") -> _Content:
        blocks: list[str] = []
        start, encoding, is_end = 0, None, False
        while len(blocks) < self._block_count and not is_end:
            piece = self._read(record.path, start, previews.BLOCK_BYTES)
            is_end = start + len(piece) >= record.size_bytes or not piece
            decoded = previews.decode_text(piece, is_start=start == 0, is_end=is_end, encoding=encoding)
            blocks.append(previews.text_html(decoded.text))
            encoding = decoded.encoding
            start += decoded.used_bytes
        if is_end:
            return _Content(kind, blocks, note)
        more = f"{size_text(start)} of {size_text(record.size_bytes)} are shown."
        return _Content(kind, blocks, note, more, can_grow=start < previews.MAX_TEXT_BYTES)

    def _json(self, record: ArtifactRecord) -> _Content:
        if record.size_bytes > previews.MAX_JSON_BYTES:
            limit = size_text(previews.MAX_JSON_BYTES)
            raise PreviewProblem(f"JSON is set out up to {limit}, and this is larger.")
        content = self._read(record.path, 0, previews.MAX_JSON_BYTES)
        pretty = previews.pretty_json(previews.decode_text(content, is_end=True).text)
        size = previews.BLOCK_BYTES
        blocks = [
            previews.text_html(pretty[at : at + size])
            for at in range(0, min(len(pretty), self._block_count * size), size)
        ]
        is_cut = len(pretty) > self._block_count * size
        more = (
            f"{count_text(self._block_count * size, 'character', 'characters')} of {len(pretty):,} are shown."
            if is_cut
            else ""
        )
        return _Content(PreviewKind.JSON, blocks, more=more, can_grow=is_cut)

    def _table(self, record: ArtifactRecord) -> _Content:
        content = self._read(record.path, 0, previews.MAX_TABLE_BYTES)
        is_whole = len(content) >= record.size_bytes
        text = previews.decode_text(content, is_end=is_whole).text
        table = previews.read_table(text, record.path, is_whole=is_whole)
        rows = count_text(len(table.rows), "row", "rows")
        columns = count_text(table.column_count, "column", "columns")
        hidden = table.column_count - len(table.header)
        first = f", the first {len(table.header)} are shown" if hidden else ""
        note = f"{'The first ' if table.has_more else ''}{rows}, {columns}{first}."
        return _Content(PreviewKind.TABLE, [_table_html(table)], note)

    def _picture(self, record: ArtifactRecord) -> _Content:
        if record.size_bytes > previews.MAX_PICTURE_BYTES:
            raise PreviewProblem(f"Pictures are shown up to {size_text(previews.MAX_PICTURE_BYTES)}.")
        picture = previews.prepare_picture(self._read(record.path, 0, previews.MAX_PICTURE_BYTES))
        source = f"data:{picture.media_type};base64,{base64.b64encode(picture.content).decode('ascii')}"
        note = f"{picture.width:,} \N{MULTIPLICATION SIGN} {picture.height:,} pixels" + (
            ", shown smaller" if picture.is_reduced else ""
        )
        name = escape(shorten(record.path, 200))
        return _Content(PreviewKind.PICTURE, [f'<img class="aml-preview-picture" src="{source}" alt="{name}">'], note)

    def _bytes(self, head: bytes, note: str = "") -> _Content:
        shown = head[: previews.HEX_BYTES]
        is_cut = len(head) > len(shown)
        said = f"No text. {'The first ' if is_cut else ''}{count_text(len(shown), 'byte', 'bytes')}:"
        return _Content(PreviewKind.BYTES, [escape(previews.hex_text(shown))], f"{note} {said}".strip())

    def _fill(self, blocks: list[str]) -> None:
        places = list(self._blocks.children)
        spare = places[len(blocks) :]
        places = places[: len(blocks)]
        while len(places) < len(blocks):
            places.append(markup("aml-preview-block"))
        for place, block in zip(places, blocks, strict=True):
            place.value = block
        if tuple(places) != self._blocks.children:
            self._blocks.children = tuple(places)
        self._blocks.layout.display = None if places else "none"
        for place in spare:
            place.layout.close()
            place.close()

    def _head_html(self, record: ArtifactRecord, kind: PreviewKind) -> str:
        name = record.path.rpartition("/")[2]
        local = self._local_path(record.path)
        other = "As text" if not self._is_raw else "As a table" if kind is PreviewKind.TABLE else "Set out"
        raw = button_html(other, f"{self._prefix}-raw") if kind in (PreviewKind.JSON, PreviewKind.TABLE) else ""
        paths = _labelled_copy("Copy path", "path", record.path) + (
            _labelled_copy("Copy local path", "local path", local) if local else ""
        )
        moment = (
            f' · <span class="aml-number">{escape(time_text(record.written_at))}</span>' if record.written_at else ""
        )
        return (
            f'<div class="aml-preview-title"><span class="aml-name" title="{escape(shorten(record.path, 1_000))}">{escape(shorten(name, 200))}</span>'
            f"{button_html('Close the preview', f'{self._prefix}-close', icon=_CLOSE)}</div>"
            f'<div class="aml-note aml-text-break">{escape(shorten(record.path, 400))}</div>'
            f'<div class="aml-note"><span class="aml-number">{escape(size_text(record.size_bytes))}</span> · {escape(kind)}{moment}</div>'
            f'<div class="aml-preview-actions">{button_html("Download", f"{self._prefix}-download", record.path)}{paths}{raw}</div>'
        )

    def _foot_html(self, content: _Content) -> str:
        if not content.more:
            return ""
        if content.can_grow:
            return f"{escape(content.more)} {button_html('Show more', f'{self._prefix}-more')}"
        return escape(f"{content.more} Download it to see the rest.")


def _labelled_copy(label: str, key: str, text: str) -> str:
    return (
        f'<button type="button" class="aml-button aml-copy" data-aml-local="copy-text" data-aml-key="copy {escape(key)}" '
        f'data-aml-with="{escape(text)}" title="{escape(shorten(text, 1_000))}" aria-label="{escape(label)}">{escape(label)}</button>'
    )


def _table_html(table: previews.Table) -> str:
    def cell(text: str, tag: str, *, is_numeric: bool) -> str:
        short = shorten(text, previews.MAX_CELL)
        title = (
            f' title="{previews.text_html(shorten(text, 2_000)) if text.isprintable() else ""}"'
            if short != text
            else ""
        )
        look = ' class="aml-number"' if is_numeric else ""
        return f"<{tag}{look}{title}>{previews.text_html(short)}</{tag}>"

    def row(cells: tuple[str, ...], tag: str) -> str:
        return "".join(
            cell(text, tag, is_numeric=numeric) for text, numeric in zip(cells, table.is_numeric, strict=True)
        )

    more = f"<th>{ELLIPSIS}</th>" if table.column_count > len(table.header) else ""
    body = "".join(f"<tr>{row(cells, 'td')}</tr>" for cells in table.rows)
    return (
        '<div class="aml-preview-scroll" tabindex="0" role="region" aria-label="Table" data-aml-key="preview table">'
        f'<table class="aml-sheet"><thead><tr>{row(table.header, "th")}{more}</tr></thead><tbody>{body}</tbody></table></div>'
    )
