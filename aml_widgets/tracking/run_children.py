"""Runs below a run."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from aml_widgets.core.errors import UserError
from aml_widgets.core.records import NewRun, RunQuery
from aml_widgets.core.status import RunStatus
from aml_widgets.tracking import facts, provenance
from aml_widgets.tracking.context import find_cell_id, get_notebook_path
from aml_widgets.tracking.queries import iterate_runs
from aml_widgets.tracking.run_base import RunBase
from aml_widgets.tracking.run_files import make_outputs_folder
from aml_widgets.tracking.signals import status_changed
from aml_widgets.tracking.values import show

if TYPE_CHECKING:
    from aml_widgets.submit.configuration.script_run_config import ScriptRunConfig
    from aml_widgets.tracking.run import Run

MAX_CHILDREN_AT_ONCE = 100
BATCH_NUMBER_TAG = "azureml.batch_child_number"


class RunChildren(RunBase):
    """The place of a run among others."""

    _parent: Run | None = None

    @property
    def parent(self) -> Run | None:
        """The run above this one; None at the top."""
        parent_id = self._record.parent_run_id
        if parent_id is not None and self._parent is None:
            (self._parent,) = self._rebuild([self._store.get_run(parent_id)])
        return self._parent

    def child_run(
        self,
        name: str | None = None,
        run_id: str | None = None,
        outputs: str | os.PathLike[str] | bool | None = None,
    ) -> Run:
        """Create and start a run below this one.

        Parameters
        ----------
        name : str, optional
            What to call it.
        run_id : str, optional
            A new id without it.
        outputs : str, path or bool, optional
            A folder whose files are uploaded when the child ends. By default none is: the parent's folder is its own.

        Returns
        -------
        Run
            Its status is ``Running``.
        """
        name = facts.to_text_or_none("name", name)
        folder = make_outputs_folder(False if outputs is None else outputs)
        return self._start_child(name=name, run_id=run_id, outputs=folder, tags={})

    def create_children(
        self, count: int | None = None, tag_key: str | None = None, tag_values: Sequence[object] | None = None
    ) -> list[Run]:
        """Create and start several runs below this one.

        Parameters
        ----------
        count : int, optional
            How many; each gets its place as the tag ``azureml.batch_child_number``.
        tag_key : str, optional
            Instead of `count`, with `tag_values`: the tag that each child gets.
        tag_values : sequence, optional
            Its values, one child for each.

        Returns
        -------
        list of Run
            At most 100 at a time.

        Raises
        ------
        UserError
            Unless it is `count` alone, or `tag_key` and `tag_values`.
        """
        is_counted = count is not None and tag_key is None and tag_values is None
        is_tagged = count is None and tag_key is not None and tag_values is not None
        if not (is_counted or is_tagged):
            raise UserError(
                f"create_children needs count, or both tag_key and tag_values, and not a mix of them; got count={show(count)}, "
                f"tag_key={show(tag_key)}, tag_values={show(tag_values)}.",
                value=count,
            )
        if is_counted:
            if not isinstance(count, int) or isinstance(count, bool) or count < 0:
                raise UserError(f"count must be a whole number from 0, got {show(count)}.", value=count)
            tags = (
                [{BATCH_NUMBER_TAG: str(number)} for number in range(count)] if count <= MAX_CHILDREN_AT_ONCE else None
            )
            wanted = count
        else:
            values = list(tag_values or ())
            wanted = len(values)
            tags = [{str(tag_key): str(value)} for value in values]
        if tags is None or wanted > MAX_CHILDREN_AT_ONCE:
            raise UserError(
                f"At most {MAX_CHILDREN_AT_ONCE} children are created at once, got {wanted}. Call create_children again for more.",
                value=wanted,
            )
        return [self._start_child(name=None, run_id=None, outputs=None, tags=each) for each in tags]

    def submit_child(
        self,
        config: ScriptRunConfig,
        tags: Mapping[str, object] | None = None,
        run_id: str | None = None,
        show_output: bool = False,
    ) -> Run:
        """Run a script below this run; see `Experiment.submit`.

        Parameters
        ----------
        config : ScriptRunConfig
            What to run.
        tags : dict, optional
            Tags to start with.
        run_id : str, optional
            A new id without it.
        show_output : bool, optional
            Wait for its end, and print its log as it grows.

        Returns
        -------
        Run
            It goes on when this one ends.
        """
        from aml_widgets.tracking.submission import submit

        child = submit(self._experiment, config, tags=tags, run_id=run_id, parent_run_id=self._run_id)
        if show_output:
            child.wait_for_completion(show_output=True, raise_on_error=False)
        return child

    def get_children(
        self,
        recursive: bool = False,
        tags: object = None,
        properties: object = None,
        type: str | None = None,  # noqa: A002 - v1's name
        status: object = None,
        _rehydrate_runs: bool = True,
    ) -> Iterator[Run]:
        """Give the runs below this one, the newest first.

        Parameters
        ----------
        recursive : bool, optional
            Those below them, too.
        tags : str or dict, optional
            A key that they have, or keys and values.
        properties : str or dict, optional
            The same for properties.
        type : str, optional
            Only runs of this type.
        status : str or list of str, optional
            Only runs of this status.

        Yields
        ------
        Run
            One after the other; they are asked for in pages.
        """
        query = RunQuery(parent_run_id=self._run_id, include_children=recursive)
        records = iterate_runs(self._store, query, run_type=type, tags=tags, properties=properties, status=status)
        return iter(self._rebuild(records))

    def _start_child(self, *, name: str | None, run_id: str | None, outputs: Path | None, tags: dict[str, str]) -> Run:
        from aml_widgets.store.liveness import this_process
        from aml_widgets.tracking.run import rebuild

        origin = {provenance.NOTEBOOK_PATH: get_notebook_path(), provenance.CELL_ID: find_cell_id()}
        record = self._store.create_run(
            NewRun(
                experiment_id=self._record.experiment_id,
                run_id=run_id,
                display_name=name,
                status=RunStatus.RUNNING,
                parent_run_id=self._run_id,
                tags=facts.to_tags(tags),
                properties={key: value for key, value in origin.items() if value},
                writer=this_process(),
            )
        )
        child = rebuild(self._experiment.workspace, record, self._experiment, outputs)
        status_changed.emit(record.run_id, self._store)
        return child
