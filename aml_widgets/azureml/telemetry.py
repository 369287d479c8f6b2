"""What v1 asked about telemetry: it can be set and asked here as there, and nothing is ever collected."""

from __future__ import annotations

import logging
from collections.abc import Mapping


def set_diagnostics_collection(
    send_diagnostics: bool = True, verbosity: int = logging.INFO, reason: str = "", path: str | None = None
) -> None:
    """Do nothing: nothing is collected, whatever is asked for.

    Parameters
    ----------
    send_diagnostics : bool, optional
        Accepted, not looked at, as are the others.
    verbosity : int, optional
        How much.
    reason : str, optional
        Why.
    path : str, optional
        Where v1 keeps the choice.
    """
    del send_diagnostics, verbosity, reason, path


def get_diagnostics_collection_info(
    component_name: str | None = None, path: str | None = None, proceed_in_hbi_mode: bool = False
) -> tuple[bool, str]:
    """Say that nothing is collected.

    Parameters
    ----------
    component_name : str, optional
        Accepted, not looked at, as are the others.
    path : str, optional
        Where v1 keeps the choice.
    proceed_in_hbi_mode : bool, optional
        Of no use here.

    Returns
    -------
    is_sent, verbosity : bool, str
        Always False and ``"NOTSET"``.
    """
    del component_name, path, proceed_in_hbi_mode
    return False, logging.getLevelName(logging.NOTSET)


def is_diagnostics_collection_info_available() -> bool:
    """Say that nobody has chosen to have anything collected: always False."""
    return False


def add_diagnostics_properties(properties: Mapping[str, object]) -> None:
    """Do nothing: there is nothing that properties could be sent with.

    Parameters
    ----------
    properties : mapping
        Accepted, not looked at.
    """
    del properties


def set_diagnostics_properties(properties: Mapping[str, object]) -> None:
    """Do nothing: there is nothing that properties could be sent with.

    Parameters
    ----------
    properties : mapping
        Accepted, not looked at.
    """
    del properties


def get_telemetry_log_handler(**settings: object) -> logging.Handler:
    """Give a handler for a logger that sends nothing.

    Parameters
    ----------
    **settings : object
        Accepted, not looked at.

    Returns
    -------
    logging.NullHandler
        It drops what it is given.
    """
    del settings
    return logging.NullHandler()
