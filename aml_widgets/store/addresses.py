"""The address of a tracking server: which are taken, in which spelling, and how one is shown."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit, urlunsplit

from aml_widgets.core.errors import UserError

_DEFAULT_PORTS = {"http": ":80", "https": ":443"}
_HOST_AND_PORT = r"(\[[\w:.%]+\]|[\w.-]+):\d{2,5}([/?#].*)?"
_HALF_ADDRESS = re.compile(
    rf"(https?:/?)?([^/\\]*@)?{_HOST_AND_PORT}"
    r"|https?:/?([^/].*)?|https?//.*"
    rf"|(?![a-z]:[/\\])[^/:]+:(?!/)([^/]*@.+|.+@{_HOST_AND_PORT})",
    re.IGNORECASE | re.DOTALL,
)
"""A host with a port, perhaps behind a user; one slash too few, or no colon; a user with a password, before a host.

``C:/me@host`` is a folder on a drive, and ``runs@home`` one like any other.
"""
_USER = re.compile(r"^(https?:?/{0,2}|[a-z][a-z0-9+.\-]+:/)?.*@", re.IGNORECASE | re.DOTALL)
"""What may be a user and a password: all that is between what may be a scheme and the last @."""


def check_address(address: str) -> str:
    """Give the address of a tracking server in its one spelling.

    Raises
    ------
    UserError
        For one with a user or a password in it, for one with a query or a fragment, for one without a host or with a port that
        there cannot be, and for one that cannot be read.
    """
    address = address.strip()
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
    if _is_web(parts):
        _check_place(parts, hide_secrets(address) if "@" not in address else None)  # before it may be a password
    if _is_web(parts) and ("?" in address or "#" in address):
        raise UserError(
            "The address of a tracking server must end before any ? or #, because it is shown and saved, and neither a token nor a page "
            f"is part of it. Write {one_spelling(hide_secrets(address))}, and set MLFLOW_TRACKING_TOKEN where the server wants a token.",
            value=parts.hostname,
        )
    return one_spelling(address)


def one_spelling(address: str) -> str:
    """Give the one spelling of an address: its host in lower case, without blanks around it, the default port and a slash at its end.

    What is no address of a server stays as it is, and names of hosts are not looked up: ``localhost`` and ``127.0.0.1`` are two.
    """
    address = address.strip()
    try:
        parts = urlsplit(address)
    except ValueError:
        return address
    if not _is_web(parts):
        return address
    user, at, host = parts.netloc.rpartition("@")
    host = host.lower().removesuffix(_DEFAULT_PORTS[parts.scheme]).removesuffix(":")
    return urlunsplit(parts._replace(netloc=f"{user}{at}{host}", path=parts.path.rstrip("/")))


def is_half_address(text: str) -> bool:
    """Say whether a text looks like the address of a tracking server that does not begin as one."""
    return _HALF_ADDRESS.fullmatch(text.strip()) is not None


def hide_secrets(address: str) -> str:
    """Give an address as it can be shown: without user, password, query and fragment."""
    if is_half_address(address):
        return hide_secrets_of_half(address.strip())
    try:
        parts = urlsplit(address)
        if "@" in address:
            _ = parts.port  # raises for a password with a /, ? or # in it, which ends the host before the @
    except ValueError:
        return address.partition("//")[0] + "//…"
    if parts.scheme == "sqlite" or not (parts.netloc or parts.query or parts.fragment):
        return address
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment=""))


def hide_secrets_of_half(address: str) -> str:
    """Give what may be an address as it can be shown: without what may be a user and a password, and a token behind it."""
    place, *rest = re.split(r"[?#]", address, maxsplit=1)
    if rest and "@" in rest[0]:
        return "…"  # a ? in a password, or an @ in a token
    return _USER.sub(r"\1", place)


def _check_place(parts: SplitResult, shown: str | None) -> None:
    """Refuse a web address that names no place. `shown` is the address, None where it is not to be repeated."""
    what = "The address of a tracking server" if shown is None else repr(shown)
    if not parts.hostname:
        raise UserError(f"{what} names no host. Write it as {parts.scheme}://host:5000.", value=shown)
    try:
        has_port = parts.port != 0 and not parts.netloc.endswith(":")
    except ValueError:  # no number, or too large
        has_port = False
    if not has_port:
        raise UserError(
            f"{what} has a colon behind its host, and behind that no port, which is a number from 1 to 65535. Write it as "
            f"{parts.scheme}://host:5000, or without the colon for port {_DEFAULT_PORTS[parts.scheme][1:]}.",
            value=shown,
        )


def _is_web(parts: SplitResult) -> bool:
    return parts.scheme in _DEFAULT_PORTS
