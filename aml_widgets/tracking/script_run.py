"""A submitted script's run, seen from outside of the script."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aml_widgets.core.errors import NotFound
from aml_widgets.tracking.run import Run
from aml_widgets.tracking.run_details import read_definition

if TYPE_CHECKING:
    from aml_widgets.submit.environment import Environment


class ScriptRun(Run):
    """A run that `Experiment.submit` made. Its script runs in a process of its own, which `cancel` ends."""

    def get_environment(self) -> Environment:
        """Give the environment that the script runs in, as it was submitted.

        Returns
        -------
        Environment
            A copy; changing it changes no run.

        Raises
        ------
        NotFound
            If the run's definition cannot be read.
        """
        from aml_widgets.submit.environment import Environment

        definition = (read_definition(self._record) or {}).get("environment")
        if not isinstance(definition, dict):
            raise NotFound(
                f"Run {self._run_id} has no run definition that can be read, so its environment is not known.",
                value=self._run_id,
            )
        return Environment.from_dict(definition)
