"""Noticing that a script submits to a target on which it keeps the last place itself: waiting for that run would never end."""

from __future__ import annotations

from aml_widgets.core.errors import AmlWidgetsError, message_of
from aml_widgets.submit.engines.finding import LOCAL
from aml_widgets.tracking import context
from aml_widgets.tracking.warn import logger, warn_user


def warn_if_full_of_own(target: str) -> None:
    """Warn where a run that this script submits to a target gets no place before the script, or a run above it, has ended.

    Parameters
    ----------
    target : str
        Where it is about to submit to. There is such a target.
    """
    if target == LOCAL:
        return
    try:
        own_ids = _list_own_runs()
        place_count = _count_places(target, own_ids)
    except AmlWidgetsError as error:  # what is wrong is told by the submission itself, if it is wrong for that
        logger.debug("Whether %r is full of runs above this one is not known: %s", target, message_of(error))
        return
    if place_count == 0:
        return
    whose = (
        f"run {own_ids[0]}, this script" if place_count == 1 else f"run {own_ids[0]}, this script, and runs above it"
    )
    places = "its only place is" if place_count == 1 else f"all of its {place_count} places are"
    warn_user(
        f"What is submitted to compute target {target!r} waits until a run there has ended: {places} taken by {whose}. If the script "
        "waits for it, with wait_for_completion() or show_output=True, neither of them ever ends. "
        f"Submit it to another target such as {LOCAL!r}, or make more places with LocalTarget.create({target!r}, "
        f"max_concurrent_runs={place_count + 1}), or end the script without waiting.",
        RuntimeWarning,
    )


def _list_own_runs() -> list[str]:
    """Give the ids of the run of this script and of those above it; none outside of a submitted script."""
    from aml_widgets.tracking.submitted_run import SubmittedRun

    own = context.get_context(allow_offline=True)
    if not isinstance(own, SubmittedRun):
        return []
    store = own.experiment.workspace.store
    run_ids = [own.id]
    while (parent_id := store.get_run(run_ids[-1]).parent_run_id) is not None:
        run_ids.append(parent_id)
    return run_ids


def _count_places(target: str, run_ids: list[str]) -> int:
    """Give how many places a target has, where these runs have them all; else 0."""
    if not run_ids:
        return 0
    from aml_widgets.submit.engines.queue import EntryState, list_entries
    from aml_widgets.submit.engines.targets import LOCAL_KIND, get_target

    record = get_target(target)
    if record.kind != LOCAL_KIND:
        return 0
    taken = [one for one in list_entries(target) if one.state is not EntryState.WAITING and one.run_id in run_ids]
    return record.max_concurrent_runs if len(taken) >= record.max_concurrent_runs else 0
