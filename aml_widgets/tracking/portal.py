"""Links to the run browser, from processes that a Jupyter server with it has started."""

from __future__ import annotations

import os
from urllib.parse import quote

from aml_widgets.store import uri

SERVER_VARIABLE = "AML_WIDGETS_SERVER_URL"
"""The server sets it for its kernels and terminals: its address, as people reach it."""


def find_run_page(location: str, run_id: str) -> str | None:
    """Give the link that opens the page of a run, if the Jupyter server that this process belongs to has said its address.

    Parameters
    ----------
    location : str
        The workspace's folder, or the address of its tracking server.
    run_id : str
        The run.

    Returns
    -------
    str or None
        A URL without any token: who opens it logs in as they always do.
    """
    server = os.environ.get(SERVER_VARIABLE)
    if not server:
        return None
    run = f"{uri.workspace_key(location)}/{run_id}"
    return f"{server.rstrip('/')}/lab?aml-run={quote(run, safe='/')}"
