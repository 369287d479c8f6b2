"""Under which address people reach this server: told to the kernels it starts, so that a run can give a link to its page."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from urllib.parse import urlsplit, urlunsplit

from jupyter_server.serverapp import ServerApp

from aml_widgets.tracking.portal import SERVER_VARIABLE

logger = logging.getLogger("aml_widgets.server")


def announce_server(server: ServerApp) -> None:
    """Put the address of this server into the environment that its kernels and terminals inherit, once it listens.

    Called while extensions are loaded. Where the address is not known, the variable is taken away: another server may have
    left its own there, in whose terminal this one was started.
    """
    # Twice, because the server takes its port, which may be another than the wanted one, in a callback that it adds after this.
    server.io_loop.add_callback(server.io_loop.add_callback, _announce_now, server)


def _announce_now(server: ServerApp) -> None:
    url = find_public_url(server, os.environ)
    if url is None:
        os.environ.pop(SERVER_VARIABLE, None)
        logger.info(
            "The address of this server is not known, so runs give links to their files instead of their pages."
        )
    else:
        os.environ[SERVER_VARIABLE] = url


def find_public_url(server: ServerApp, environment: Mapping[str, str]) -> str | None:
    """Find the address that a browser reaches a server under, never with a token.

    Parameters
    ----------
    server : ServerApp
        A server that listens.
    environment : mapping of str to str
        The variables of its process, among which JupyterHub's are.

    Returns
    -------
    str or None
        With its base URL and a slash at its end. None behind a JupyterHub that does not say its own address, and for a server
        on a socket file.
    """
    if "JUPYTERHUB_SERVICE_PREFIX" in environment:
        url = environment.get("JUPYTERHUB_PUBLIC_URL", "")  # where the hub's `public_url` or its subdomains are set
    elif server.sock:
        return None
    else:
        own, shown = urlsplit(server.connection_url), urlsplit(server.custom_display_url)
        path = own.path if shown.path in {"", "/"} else shown.path
        url = urlunsplit((shown.scheme or own.scheme, shown.netloc or own.netloc, path, "", ""))
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return None
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path.rstrip("/") + "/", "", ""))
