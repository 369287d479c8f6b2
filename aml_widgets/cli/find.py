"""Which run a user means: its id, the beginning of one, or ``@latest``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aml_widgets.core.errors import RunNotFound, UserError
from aml_widgets.core.records import RunQuery, RunRecord

if TYPE_CHECKING:
    from aml_widgets.tracking.workspace import Workspace

LATEST = "@latest"
_SHOWN_MATCHES = 5


def find_run(workspace: Workspace, text: str) -> RunRecord:
    """Give the run that is meant.

    Parameters
    ----------
    workspace : Workspace
        Where to look.
    text : str
        An id; the beginning of one, of child runs too; or ``@latest``, the newest run that is no child.

    Returns
    -------
    RunRecord
        As it stands now.

    Raises
    ------
    RunNotFound
        If there is none.
    UserError
        If several runs fit, or nothing was given.
    """
    from aml_widgets.tracking.arguments import read_run

    if text == LATEST:
        newest = workspace.store.list_runs(RunQuery(limit=1)).runs
        if not newest:
            raise RunNotFound(
                f"There are no runs yet in the workspace {workspace.name!r}, which is in {workspace.location!r}.",
                value=text,
            )
        return newest[0]
    if text.startswith("@"):
        raise UserError(f"{text!r} is no run. {LATEST} is the newest one.", value=text)
    try:
        return read_run(workspace, text)
    except RunNotFound:
        return _find_by_beginning(workspace, text)


def _find_by_beginning(workspace: Workspace, text: str) -> RunRecord:
    from aml_widgets.tracking.queries import iterate_runs

    records = iterate_runs(workspace.store, RunQuery(include_children=True))
    matches = [record for record in records if record.run_id.startswith(text)]
    if len(matches) == 1:
        return matches[0]
    if not matches:
        raise RunNotFound(
            f"No run of the workspace {workspace.name!r}, which is in {workspace.location!r}, has the id {text!r} or one that "
            "begins so. `runs` lists them; --workspace chooses another workspace.",
            value=text,
        )
    shown = ", ".join(record.run_id for record in matches[:_SHOWN_MATCHES])
    more = f" and {len(matches) - _SHOWN_MATCHES:,} more" if len(matches) > _SHOWN_MATCHES else ""
    raise UserError(
        f"{len(matches):,} runs have an id that begins with {text!r}: {shown}{more}. Give more of it.", value=text
    )
