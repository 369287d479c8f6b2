"""What is said where a call of Azure ML v1 has no local meaning."""

from __future__ import annotations

from aml_widgets.core.errors import CloudOnly


def cloud_only(call: str, answer: str) -> CloudOnly:
    """Make the error of a call that only a cloud can answer, to be raised where it is used.

    Parameters
    ----------
    call : str
        The call as it is written, such as ``Workspace.list_keys``.
    answer : str
        The nearest local answer, as a whole sentence.

    Returns
    -------
    CloudOnly
        The error; its `value` is the call.
    """
    return CloudOnly(f"{call} asked Azure ML's cloud, and there is no cloud here. {answer}", value=call)
