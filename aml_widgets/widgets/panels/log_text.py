"""The text of a log on the page: a place for each block, so that only what changed is sent."""

from __future__ import annotations

import ipywidgets

from aml_widgets.widgets.log_tail import TAIL_BYTES, LogTail
from aml_widgets.widgets.log_window import LogWindow
from aml_widgets.widgets.panels.controls import button_html
from aml_widgets.widgets.panels.parts import close_tree, markup, set_markup
from aml_widgets.widgets.text import escape, size_text

_MAX_EMPTY = 150


class LogText:
    """Shows a `LogWindow`.

    Blocks of the tail that were dropped leave an empty place behind, because taking a place away from before others makes the
    browser draw those anew; that is done once in a while only. Each earlier part lies in a box with room for the one before
    it, so that putting that there draws nothing else anew.
    """

    def __init__(self) -> None:
        self._owner: tuple[str, int] | None = None
        self._removed_count = 0  # places that were closed, of the blocks of this tail
        # One for all blocks, so that a block costs one model.
        self._looks = {
            "layout": ipywidgets.Layout(margin="0", width="auto", min_width="0"),
            "style": ipywidgets.widgets.widget_string.HTMLStyle(),
        }
        # It holds them while no block does, or nobody would close them.
        keeper = ipywidgets.HTML(**self._looks)
        keeper.add_class("aml-log-keeper")
        self._top = markup("aml-log-top")
        self._boxes = [_box()]  # the last one is empty
        self._blocks = ipywidgets.VBox([], layout=ipywidgets.Layout(width="auto", margin="0"))
        text = ipywidgets.VBox(
            [self._top, keeper, self._boxes[0], self._blocks], layout=ipywidgets.Layout(width="auto")
        )
        text.add_class("aml-log-text")
        scroller = ipywidgets.VBox([text], layout=ipywidgets.Layout(width="auto", margin="0"))
        scroller.add_class("aml-log")
        jump = markup("aml-log-jump")
        jump.value = button_html("New lines below \N{DOWNWARDS ARROW}", "", local="log-end")
        self.widget = ipywidgets.VBox([scroller, jump])
        self.widget.add_class("aml-log-frame")

    def show(self, window: LogWindow, *, owner: str, first_number: int) -> None:
        """Show what is in a window, as far as it is not shown already.

        Parameters
        ----------
        window : LogWindow
            What to show.
        owner : str
            Whose text it is.
        first_number : int
            How many lines to count before the first.
        """
        if (owner, window.begin_count) != self._owner:
            self._owner = (owner, window.begin_count)
            self._removed_count = 0
        set_markup(self._top, _top_html(window, first_number))
        self._show_earlier(window.earlier)
        self._show_blocks(window.tail)

    def _show_earlier(self, parts: list[LogTail]) -> None:
        n_shown = len(self._boxes) - 1
        if n_shown and (
            len(parts) < n_shown or any(part is not box.part for part, box in zip(parts, self._boxes, strict=False))
        ):
            children = self._boxes[0].children
            self._boxes[0].children = ()
            for child in children:
                close_tree(child)
            del self._boxes[1:]
        for part in parts[len(self._boxes) - 1 :]:
            room = self._boxes[-1]
            place = markup("aml-log-block")
            place.value = "".join(part.blocks)
            room.part = part
            self._boxes.append(_box())
            room.children = (self._boxes[-1], place)

    def _show_blocks(self, tail: LogTail) -> None:
        places = list(self._blocks.children)
        values = [""] * (tail.dropped_count - self._removed_count) + tail.blocks
        n_known = len(places)
        while len(places) < len(values):
            place = ipywidgets.HTML(values[len(places)], **self._looks)
            place.add_class("aml-log-block")
            places.append(place)
        if len(places) > n_known:  # before the others are written: lines go over from one block to the next
            self._blocks.children = tuple(places)
        for number, place in enumerate(places):
            place.value = values[number] if number < len(values) else ""
        n_empty = tail.dropped_count - self._removed_count
        closed = []
        if n_empty > _MAX_EMPTY:
            closed, places = places[:n_empty], places[n_empty:]
            self._removed_count = tail.dropped_count
        if tuple(places) != self._blocks.children:
            self._blocks.children = tuple(places)
        for place in closed:
            place.close()


class _Room(ipywidgets.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """Where an earlier part is put."""

    part: LogTail | None = None


def _box() -> _Room:
    box = _Room([], layout=ipywidgets.Layout(width="auto", margin="0"))
    box.add_class("aml-log-earlier")
    return box


def _top_html(window: LogWindow, first_number: int) -> str:
    base = f'<div class="aml-log-base" style="counter-set:aml-line {first_number}"></div>'
    if window.start == 0:
        return base
    before = escape(size_text(window.start))
    if window.can_load_earlier:
        size = escape(size_text(min(window.start, TAIL_BYTES)))
        button = button_html(f"Show the {size} before this", "log-earlier", title=f"{before} are not shown")
        return f'{base}<div class="aml-log-before">{button} <span class="aml-note">{before} before this</span></div>'
    return f'{base}<div class="aml-log-before aml-note">{before} before this are not shown; download the file to read them.</div>'
