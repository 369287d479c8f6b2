"""What every store asks of parameters: texts that are written once."""

from __future__ import annotations

from collections.abc import Mapping

from aml_widgets.core.errors import ParamExists, UserError
from aml_widgets.core.showing import show


def check_params(params: Mapping[str, str]) -> dict[str, str]:
    """Give parameters as a dict of their own. Raises UserError for what is no text."""
    for key, value in params.items():
        if not (isinstance(key, str) and isinstance(value, str)):
            raise UserError(
                f"A parameter is text under a name, got {show(value)} under {show(key)}. Give str(value).", value=key
            )
    return dict(params)


def merge_params(run_id: str, known: Mapping[str, str], new: Mapping[str, str]) -> dict[str, str]:
    """Add parameters to those of a run. Raises ParamExists where one has another value already."""
    for key, value in new.items():
        if known.get(key, value) != value:
            raise ParamExists(
                f"Parameter {key!r} of run {run_id} is {show(known[key])} and cannot become {show(value)}: parameters are written "
                "once. Use a tag for what may change, or another run.",
                value=key,
            )
    return {**known, **new}
