"""Who is told at once when this process changes a run's status.

The live widget's watcher connects, so that it shows the end of a run without waiting for its next look at the store.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from aml_widgets.store.protocol import RunStore
from aml_widgets.tracking.warn import logger

Listener = Callable[[str, RunStore], None]


class StatusSignal:
    """A list of functions that are called with the run's id and store after a status was written.

    A listener that fails is logged and the others are still called: telling must not break a training.
    """

    def __init__(self) -> None:
        self._listeners: tuple[Listener, ...] = ()
        self._lock = threading.Lock()

    def connect(self, listener: Listener) -> None:
        """Call a function from now on; connecting it again changes nothing."""
        with self._lock:
            if listener not in self._listeners:
                self._listeners = (*self._listeners, listener)

    def disconnect(self, listener: Listener) -> None:
        """Call a function no more; one that is not connected changes nothing."""
        with self._lock:
            self._listeners = tuple(other for other in self._listeners if other != listener)

    def emit(self, run_id: str, store: RunStore) -> None:
        """Tell everybody who is connected, in the calling thread."""
        for listener in self._listeners:
            try:
                listener(run_id, store)
            except Exception:  # noqa: BLE001 - a listener is not ours
                logger.exception("A listener to the status of run %s failed.", run_id)


status_changed = StatusSignal()
