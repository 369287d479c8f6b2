"""The browser's side of one view: what it hears of the user, and what is sent to it beside the widgets' state.

The page is one small widget with JavaScript of our own, carried in its state (anywidget), so nothing has to be installed
for it but what pip installs. It listens to the view's whole element: HTML of a panel names in ``data-aml-do`` what a click or
a change asks for, and the kernel answers it with the handler of that name.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib import resources

import anywidget
import ipywidgets
import traitlets

from aml_widgets.core.errors import AmlWidgetsError, message_of
from aml_widgets.widgets.downloads import Downloads
from aml_widgets.widgets.subshells import answer_in_subshell

logger = logging.getLogger("aml_widgets.widgets")

Handler = Callable[[str, str], None]
"""Answers one kind of wish: what ``data-aml-with`` says, and the value of the control (empty for a button)."""

# In this order: `base` makes what the others add to, `main` exports it.
_SCRIPTS = (
    *("base", "waiting", "keep", "actions", "popovers", "tabs", "visible", "download"),
    *("children", "matrix", "enlarge", "files", "logs", "ticks", "figures", "hover", "zoom", "saving"),
    "main",
)


@cache
def _script() -> str:
    folder = resources.files("aml_widgets.widgets") / "page"
    return "\n".join((folder / f"{name}.js").read_text(encoding="utf-8") for name in _SCRIPTS)


MISSING_HTML = (
    '<div class="aml-box aml-look-bad"><b>The controls of this view cannot be used here.</b> This front end did not load '
    "<code>anywidget</code>, which carries their script. Install it where the notebook is shown (<code>pip install anywidget"
    "</code>), then load the page anew. All parts of the run are shown, one below the other.</div>"
)
"""Shown by the style sheet where the page's script does not come."""


class PageWidget(anywidget.AnyWidget):
    """What the browser loads. `figures` are the model ids of the figures that the page looks after."""

    _esm = traitlets.Unicode().tag(sync=True)
    figures = traitlets.List(traitlets.Unicode()).tag(sync=True)
    tab = traitlets.Unicode().tag(sync=True)

    @traitlets.default("_esm")
    def _default_esm(self) -> str:
        return _script()


class _Queue:
    """How many users wait for a view's lock, over all views: one inside of another shares its lock."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def wait_for(self, lock: threading.RLock) -> None:
        """Acquire a lock, counted while it is waited for."""
        with self._lock:
            self._count += 1
        try:
            lock.acquire()
        finally:
            with self._lock:
                self._count -= 1


_queue = _Queue()
_NOT_UNDERSTOOD = (ValueError, TypeError, KeyError, IndexError, OverflowError)
_GIVE_WAY_SECONDS = 0.5


class Page:
    """Hears what the user does on the page of one view, and answers it.

    Handlers run with the view's lock held, in a subshell's thread where there is one, so also while a cell is running. They
    are quick, and touch nothing of the user's.

    Parameters
    ----------
    lock : threading.RLock
        The view's.

    Attributes
    ----------
    widget : PageWidget
        What loads the scripts; it lies in the view's element.
    visible_cards : frozenset of str or None
        The ids of the cards that are seen in any place of the view; None as long as no page has told.
    hears_while_busy : bool
        False when the page was last heard in the main thread: then nobody is heard until the cell ends.
    """

    def __init__(self, lock: threading.RLock) -> None:
        self._lock = lock
        self.visible_cards: frozenset[str] | None = None
        self.hears_while_busy = True
        self._handlers: dict[str, Handler] = {}
        self._asker = ""
        self._seen: dict[str, frozenset[str]] = {}  # by page of the browser
        self._known_pages: set[str] = set()
        self._on_visible: list[Callable[[], None]] = []
        self.widget = PageWidget()
        self.widget.add_class("aml-page")
        answer_in_subshell(self.widget)
        self._downloads = Downloads(self._send)
        self.widget.on_msg(self._on_message)
        self.on("visible", self._note_visible)

    def on(self, verb: str, handler: Handler) -> None:
        """Answer ``data-aml-do="verb"`` with a handler."""
        self._handlers[verb] = handler

    def off(self, verb: str) -> None:
        """Answer ``data-aml-do="verb"`` no more."""
        self._handlers.pop(verb, None)

    def on_visible(self, callback: Callable[[], None]) -> None:
        """Be called, with the view's lock held, whenever other cards are seen than before."""
        self._on_visible.append(callback)

    @property
    def is_waited_for(self) -> bool:
        """Whether a user waits until the lock is free. Whoever draws for long with it stops then, and goes on later."""
        return len(_queue) > 0

    def give_way(self) -> None:
        """Wait a little, without the lock, while users wait for it.

        A lock goes to whoever asks first when it is free, and that is the thread that freed it.
        """
        until = time.monotonic() + _GIVE_WAY_SECONDS
        while self.is_waited_for and time.monotonic() < until:
            time.sleep(0.002)

    def send_file(self, name: str, media_type: str, chunks: Iterable[bytes], *, total_bytes: int | None = None) -> None:
        """Let the browser save a file under a name, as a download.

        Called in a handler, the file goes to the page that asked. The page takes one piece after the other.

        Parameters
        ----------
        name : str
            Made safe here: it may come from a run.
        media_type : str
            Such as ``text/csv``.
        chunks : iterable of bytes
            Read later, as the page asks for more, one at a time but in any thread and without the view's lock. An exception
            ends the download; the user is told, and no half file is left.
        total_bytes : int, optional
            How many there will be, where that is known; shown while it takes long.
        """
        self._downloads.begin(name, media_type, chunks, total_bytes=total_bytes, page=self._asker)

    def add_figure(self, figure: ipywidgets.Widget) -> None:
        """Look after a figure: its ticks, hover and zoom."""
        if figure.model_id not in self.widget.figures:
            self.widget.figures = [*self.widget.figures, figure.model_id]

    def remove_figure(self, figure: ipywidgets.Widget) -> None:
        """Look after a figure no more."""
        self.widget.figures = [one for one in self.widget.figures if one != figure.model_id]

    def _on_message(self, _widget: object, content: Mapping[str, object], _buffers: object) -> None:
        verb, argument, page = (str(content.get(name) or "") for name in ("do", "with", "page"))
        self.hears_while_busy = threading.current_thread() is not threading.main_thread()
        if content.get("shows"):
            self.widget.send({"heard": content.get("n")})  # what follows may take the browser a while to draw
        answer: dict[str, object] = {"done": content.get("n")}
        try:
            if verb == "file-next":
                self._downloads.send_next(argument, page)  # it reads, so without the lock
            elif verb == "file-stop":
                self._downloads.stop(argument)
            else:
                self._handle(verb, argument, str(content.get("value") or ""), page)
        except AmlWidgetsError as error:
            answer["error"] = error.message
        except _NOT_UNDERSTOOD as error:  # what no control of ours sends: a script's, or that of another version
            logger.debug("%r with %r was not understood: %s: %s", verb, argument[:200], type(error).__name__, error)
            answer["error"] = "This was not understood."
        except Exception as error:  # the edge of a thread: the page says what the user cannot see otherwise
            logger.exception("%r could not be answered.", verb)
            answer["error"] = f"{type(error).__name__}: {message_of(error)}"
        self.widget.send(answer)

    def _handle(self, verb: str, argument: str, value: str, page: str) -> None:
        handler = self._handlers.get(verb)
        if handler is None:
            logger.warning("The page asked for %r, which nothing answers.", verb)
            return
        _queue.wait_for(self._lock)
        try:
            self._asker = page
            handler(argument, value)
        finally:
            self._asker = ""
            self._lock.release()

    def _send(self, content: dict[str, object], buffers: list[bytes] | None) -> None:
        self.widget.send(content, buffers)

    def _note_visible(self, page: str, value: str) -> None:
        if page not in self._known_pages:
            # Pages do not say that they go. When one comes, the others are forgotten, and those that are there say so.
            self._known_pages.add(page)
            if self._seen:
                self._seen.clear()
                self.widget.send({"ask": "visible"})
        self._seen[page] = frozenset(str(card_id) for card_id in json.loads(value))
        seen = frozenset().union(*self._seen.values())
        if seen != self.visible_cards:
            self.visible_cards = seen
            for callback in self._on_visible:
                callback()
