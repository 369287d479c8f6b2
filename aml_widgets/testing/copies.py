"""Whether a run is a whole copy of another one."""

from __future__ import annotations

from itertools import pairwise

from aml_widgets.core.records import MetricKind, RunRecord
from aml_widgets.store.protocol import RunStore
from aml_widgets.store.transfer_copies import COPIED_FROM, MARKS
from aml_widgets.testing.support import exact


def find_copy(source: RunStore, run_id: str, target: RunStore, records: list[RunRecord]) -> RunRecord:
    """Give the one copy of a run among others."""
    key = f"{source.get_info()['workspace_id']}/{run_id}"
    (found,) = [record for record in records if record.properties.get(COPIED_FROM) == key]
    return target.get_run(found.run_id)


def facts_of(store: RunStore, run_id: str) -> dict[str, object]:
    """Give all of a run that a copy has, too, in a form that can be compared; the run's own id is written as ``*``."""
    record = store.get_run(run_id)
    kinds = {one.key.name: one.kind for one in store.summarize_metrics(run_id)}
    histories = store.read_histories(run_id, list(kinds))
    points = {
        key: [
            (step, _without_id(exact(value), run_id, kinds[key.name]), logged_at)
            for step, value, logged_at in zip(history.steps, history.values, history.times, strict=True)
        ]
        for key, history in histories.items()
    }
    properties = {key: value for key, value in record.properties.items() if key not in MARKS}
    return {
        "name": record.display_name,
        "description": record.description,
        "type": record.run_type,
        "target": record.target,
        "status": record.status,
        "error": record.error,
        "times": (record.created_at, record.started_at, record.ended_at),
        "archived": record.archived_at is not None,
        "tags": dict(record.tags),
        "params": dict(record.params),
        "properties": properties,
        "experiment": record.experiment_name,
        "points": points,
        "kinds": kinds,
        "descriptions": {one.key.name: one.description for one in store.summarize_metrics(run_id)},
        "files": {
            one.path: (store.artifacts.read(run_id, one.path), one.written_at, one.is_log)
            for one in store.list_artifacts(run_id)
        },
    }


def are_in_one_order(one: RunStore, one_id: str, other: RunStore, other_id: str) -> bool:
    """Whether what was logged one after the other to one run was so to the other; what one call logged may be in any order."""
    names = [summary.key.name for summary in one.summarize_metrics(one_id)]
    here, there = one.read_histories(one_id, names), other.read_histories(other_id, names)
    pairs = sorted(pair for key, history in here.items() for pair in zip(history.seqs, there[key].seqs, strict=True))
    return all(before[1] <= after[1] for before, after in pairwise(pairs) if before[0] < after[0])


def _without_id(value: tuple[str, object], run_id: str, kind: MetricKind) -> tuple[str, object]:
    if kind in (MetricKind.SCALAR, MetricKind.ROW) or not isinstance(value[1], str):
        return value
    return value[0], value[1].replace(run_id, "*")
