"""What the environment of a script is built from, whoever builds it: the same packages give the same environment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aml_widgets.submit.environments.v1_packages import leave_out_v1


def describe_script_environment(
    environment: Mapping[str, Any], *, has_v1_names: bool
) -> tuple[dict[str, Any], str | None]:
    """Give what an environment is built from.

    Parameters
    ----------
    environment : mapping
        As `Environment.to_dict` gives it.
    has_v1_names : bool
        Whether ``import azureml.core`` in the script is to give this package.

    Returns
    -------
    environment, told : dict, str or None
        A copy, and what its user is to be told of what is left out; None where nothing is.
    """
    if not has_v1_names:
        return dict(environment), None
    content, left_out = leave_out_v1(environment)
    if not left_out:
        return content, None
    return content, (
        f"The environment {environment.get('name')!r} is built without {', '.join(left_out)}: 'import azureml.core' in the script "
        "is aml_widgets, as it is here, and they would bring Azure ML's own. What else of them the script needs, name by itself."
    )
