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


class AbsentAttribute(CloudOnly, AttributeError):
    """An attribute that only a cloud has; `hasattr`, and tools that look at any object, take it for a no."""

    _v1_name = "UserErrorException"  # it is shown as what it is derived from


def absent_attribute(name: str, answer: str) -> AbsentAttribute:
    """Make the error of an attribute that only a cloud has, to be raised where it is read.

    Parameters
    ----------
    name : str
        The attribute as it is written, such as ``Workspace.discovery_url``.
    answer : str
        The nearest local answer, as a whole sentence.

    Returns
    -------
    AbsentAttribute
        The error; its `value` is the name.
    """
    return AbsentAttribute(cloud_only(name, answer).message, value=name)
