"""The points of the runs of a server that were read: of some hundred runs, those that were asked for last."""

from __future__ import annotations

import logging
from abc import ABC
from collections.abc import Collection, Mapping
from dataclasses import replace
from time import monotonic

from aml_widgets.core.errors import StoreCorrupt, message_of
from aml_widgets.store.memory.run_metrics import RunMetrics
from aml_widgets.store.mlflow.care import Care
from aml_widgets.store.mlflow.server_mirror import ServerMirror
from aml_widgets.store.mlflow.values import RunValues

MAX_RUNS_READ = 500
"""Of so many runs the points are remembered; those of the one that was not looked at for longest are read anew."""

DAMAGED_SECONDS = 60.0
"""How often lists try to read a run again whose values were damaged."""

_log = logging.getLogger(__name__)


class ValueMirror(ServerMirror, ABC):
    """The mirror of a server with the points of its runs."""

    def _known_values(self, run_id: str) -> RunValues | None:
        return self._values.get(run_id) or self._parts.get(run_id)

    def _values_of(self, run_id: str) -> RunValues:
        """Give what was just read of a run."""
        values = self._known_values(run_id)
        assert values is not None, "it was read with the lock held"
        return values

    def _moved_counts(self, run_id: str) -> Mapping[str, int]:
        """Give how often each history of a run was not what it had been, as far as is known."""
        values = self._known_values(run_id)
        return {} if values is None else values.moved_counts.copy()

    def _pull_values(
        self,
        run_id: str,
        metrics: Collection[str] | None = None,
        *,
        seconds: float | None = None,
        is_round: bool = False,
        care: Care = Care.VIEW,
    ) -> None:
        """Hear what is new among the points and files of a run that was just asked for.

        Of what other programs logged, only the metrics that are named: each is a request, or many. With `seconds`, their histories are
        read for about so long, with `is_round` a page of each: the rest comes with the next call, whoever makes it. `care` says what is done
        to find what nothing tells of.
        """
        is_part = metrics is not None and run_id not in self._values and not self._servers[run_id].heads
        values = self._values.pop(run_id, None) or self._parts.pop(run_id, None) or RunValues()
        run, kept = self._runs[run_id], self._parts if is_part else self._values
        try:
            values.update(
                self._connection,
                self._servers[run_id],
                metrics,
                seconds=seconds,
                is_round=is_round,
                care=care,
            )
        finally:
            if values.is_sound:
                kept[run_id] = values
                run.metrics = values.metrics
            else:
                self._forget_values(run_id)
        self._damaged.pop(run_id, None)
        if is_part:
            return
        for path, made_known in values.metrics.files.items():
            artifact = made_known
            known = run.artifacts.get(path)
            if known is not None and artifact.is_log:
                artifact = replace(
                    artifact, size_bytes=max(artifact.size_bytes, known[1].size_bytes)
                )  # also seen in a list
            if known is None or known[1] != artifact:
                run.artifacts[path] = (self._next_version(), artifact)

    def _try_values(
        self,
        run_id: str,
        metrics: Collection[str] | None = None,
        *,
        seconds: float | None = None,
        is_round: bool = False,
    ) -> bool:
        """Do it for a list, which is not to fail for one run whose values were damaged; say whether they were read."""
        tried_at = self._damaged.get(run_id)
        if tried_at is not None and monotonic() < tried_at + DAMAGED_SECONDS:
            return False
        try:
            self._pull_values(run_id, metrics, seconds=seconds, is_round=is_round, care=Care.LIST)
        except StoreCorrupt as error:
            self._forget_values(run_id)
            self._damaged[run_id] = monotonic()
            if tried_at is None:
                _log.warning("Run %s is listed without its metrics: %s", run_id, message_of(error))
            return False
        return True

    def _forget_values(self, run_id: str) -> None:
        """Forget the points of a run; they are read anew when they are asked for."""
        self._values.pop(run_id, None)
        self._parts.pop(run_id, None)
        if run_id in self._runs:
            self._runs[run_id].metrics = RunMetrics()

    def _forget_unsound_values(self) -> None:
        for run_id, values in [*self._values.items(), *self._parts.items()]:
            if not values.is_sound:
                self._forget_values(run_id)

    def _forget_oldest_values(self) -> None:
        """Keep the points of so many runs only. Not before all that was asked for is answered: a list may be of more."""
        for kept in (self._values, self._parts):
            while len(kept) > MAX_RUNS_READ:
                self._forget_values(next(iter(kept)))
