"""A submitted script's run, seen from outside of the script."""

from __future__ import annotations

from aml_widgets.tracking.run import Run
from aml_widgets.tracking.run_life import to_run_error
from aml_widgets.tracking.warn import warn_softly


class ScriptRun(Run):
    """A run that `Experiment.submit` made. Its script runs in a process of its own, which `cancel` ends."""

    def start(self) -> None:
        """Do nothing: whoever carries out the run says when it runs."""

    def complete(self, _set_status: bool = True) -> None:
        """Do nothing but warn while the run goes on: it completes when its script has ended, and not before."""
        del _set_status
        if not self._refresh().status.is_terminal:
            warn_softly(
                f"Run {self._run_id} completes when its script has ended, so complete() does nothing here. "
                "run.wait_for_completion() waits for that, run.cancel() ends it."
            )

    def fail(self, error_details: object = None, error_code: str | None = None, _set_status: bool = True) -> None:
        """Do nothing but warn: a submitted run fails if its script does.

        Parameters
        ----------
        error_details : str or BaseException, optional
            Why; it is in the warning.
        error_code : str, optional
            The same.
        """
        del _set_status
        error = to_run_error(error_details, error_code)
        reason = "" if error is None else f" What was to be said: {error.code} {error.message}".rstrip()
        warn_softly(
            f"Run {self._run_id} fails if its script does, so fail() does nothing here. run.cancel() ends it.{reason}"
        )

    def __enter__(self) -> ScriptRun:
        return self  # what is printed here is not the script's

    def __exit__(self, exc_type: object, exc: BaseException | None, tb: object) -> None:
        """Leave the run as it is: its end is its script's."""
