"""The browser's side of one view: what it hears of the user, and what is sent to it beside the widgets' state.

The page is one small widget with JavaScript of our own, carried in its state (anywidget), so nothing has to be installed
for it but what pip installs. It listens to the view's whole element: HTML of a panel names in ``data-aml-do`` what a click or
a change asks for, and the kernel answers it with the handler of that name.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib import resources

import anywidget
import traitlets

from aml_widgets.widgets.subshells import answer_in_subshell

logger = logging.getLogger("aml_widgets.widgets")

Handler = Callable[[str, str], None]
"""Answers one kind of wish: what ``data-aml-with`` says, and the value of the control (empty for a button)."""

# In this order: `base` makes what the others add to, `main` exports it.
_SCRIPTS = ("base", "tabs", "main")
DOWNLOAD_CHUNK_BYTES = 1 << 20


@cache
def _script() -> str:
    folder = resources.files("aml_widgets.widgets") / "page"
    return "\n".join((folder / f"{name}.js").read_text(encoding="utf-8") for name in _SCRIPTS)


class PageWidget(anywidget.AnyWidget):
    """What the browser loads. `figures` are the model ids of the figures that the page looks after."""

    _esm = traitlets.Unicode().tag(sync=True)
    figures = traitlets.List(traitlets.Unicode()).tag(sync=True)
    tab = traitlets.Unicode().tag(sync=True)

    @traitlets.default("_esm")
    def _default_esm(self) -> str:
        return _script()


class Page:
    """Hears what the user does on the page of one view, and answers it.

    Handlers run with the view's lock held, in a subshell's thread where there is one, so also while a cell is running. They
    are quick, and touch nothing of the user's.

    Parameters
    ----------
    lock : threading.RLock
        The view's.
    """

    def __init__(self, lock: threading.RLock) -> None:
        self._lock = lock
        self._handlers: dict[str, Handler] = {}
        self.widget = PageWidget()
        answer_in_subshell(self.widget)
        self.widget.on_msg(self._on_message)

    def on(self, verb: str, handler: Handler) -> None:
        """Answer ``data-aml-do="verb"`` with a handler."""
        self._handlers[verb] = handler

    def send_file(self, name: str, media_type: str, chunks: Iterable[bytes]) -> None:
        """Let the browser save a file under a name, as a download. Chunks are sent as they come."""
        raise NotImplementedError

    def _on_message(self, _widget: object, content: Mapping[str, object], _buffers: object) -> None:
        number, verb = content.get("n"), str(content.get("do"))
        answer: dict[str, object] = {"done": number}
        try:
            handler = self._handlers.get(verb)
            if handler is None:
                logger.warning("The page asked for %r, which nothing answers.", verb)
            else:
                with self._lock:
                    handler(str(content.get("with") or ""), str(content.get("value") or ""))
        except Exception as error:  # the edge of a thread: the page says what the user cannot see otherwise
            logger.exception("%r could not be answered.", verb)
            answer["error"] = f"{type(error).__name__}: {error}"
        self.widget.send(answer)
