"""The address of a tracking server: which are taken, in which spelling, and how one is shown."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit, urlunsplit

from aml_widgets.core.errors import UserError

_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


def check_address(address: str) -> str:
    """Give the address of a tracking server in its one spelling.

    Raises
    ------
    UserError
        For one with a user or a password in it, for one with a query or a fragment, and for one that cannot be read.
    """
    try:
        parts = urlsplit(address)
    except ValueError as error:  # what may be a secret in it is not repeated
        raise UserError(
            f"The address of a tracking server cannot be read: {error}. Write it as http://host:5000.", value=None
        ) from None
    if "@" in parts.netloc:
        raise UserError(
            "The address of a tracking server must hold no user and password, because it is shown and saved. Set "
            "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN.",
            value=parts.hostname,
        )
    if _is_web(parts) and ("?" in address or "#" in address):
        raise UserError(
            "The address of a tracking server must end before any ? or #, because it is shown and saved, and neither a token nor a page "
            f"is part of it. Write {one_spelling(hide_secrets(address))}, and set MLFLOW_TRACKING_TOKEN where the server wants a token.",
            value=parts.hostname,
        )
    return one_spelling(address)


def one_spelling(address: str) -> str:
    """Give the one spelling of an address: its host in lower case, without the default port and a slash at its end.

    What is no address of a server stays as it is, and names of hosts are not looked up: ``localhost`` and ``127.0.0.1`` are two.
    """
    try:
        parts = urlsplit(address)
    except ValueError:
        return address
    if not _is_web(parts):
        return address
    user, at, host = parts.netloc.rpartition("@")
    host = host.lower().removesuffix(_DEFAULT_PORTS[parts.scheme]).removesuffix(":")
    return urlunsplit(parts._replace(netloc=f"{user}{at}{host}", path=parts.path.rstrip("/")))


def hide_secrets(address: str) -> str:
    """Give an address as it can be shown: without user, password, query and fragment."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return address.partition("//")[0] + "//…"
    if parts.scheme == "sqlite" or not (parts.netloc or parts.query or parts.fragment):
        return address
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment=""))


def _is_web(parts: SplitResult) -> bool:
    return parts.scheme in _DEFAULT_PORTS
