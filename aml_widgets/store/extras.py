"""What other programs keep beside runs and experiments: text under a kind and a key, which this program stores and does not read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class ExtraStore(Protocol):
    """Keeps texts, JSON as a rule, each under its kind and key. Safe from any thread and process.

    One that belongs to a run goes when the run is deleted for good; one that belongs to an experiment, when that is deleted.
    """

    def put(
        self, kind: str, key: str, text: str, *, run_id: str | None = None, experiment_id: str | None = None
    ) -> None:
        """Write a text, also over the one that is there, and say whose it is. Raises RunNotFound, ExperimentNotFound."""
        ...

    def get(self, kind: str, key: str) -> str | None:
        """Read a text, None where there is none."""
        ...

    def list(self, kind: str, *, run_id: str | None = None, experiment_id: str | None = None) -> list[tuple[str, str]]:
        """Give keys and texts, in the order in which they were first written; of a run or an experiment where one is given."""
        ...

    def update(
        self,
        kind: str,
        key: str,
        change: Callable[[str | None], str],
        *,
        run_id: str | None = None,
        experiment_id: str | None = None,
    ) -> str:
        """Replace a text by what `change` makes of it, with nobody in between; give the new one.

        `change` is given None where there is no text yet, and may be called more than once. Whose a text is stays, unless it is said.
        """
        ...

    def remove(self, kind: str, key: str) -> None:
        """Forget a text; nothing happens where there is none."""
        ...
