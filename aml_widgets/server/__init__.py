"""The run browser's half in the Jupyter server: what the page in the browser asks, read from the stores.

It needs jupyter_server, which comes with ``aml-widgets[lab]``; nothing else of the package imports it.
"""

from __future__ import annotations


def _jupyter_server_extension_points() -> list[dict[str, object]]:
    """Tell the Jupyter server what to load."""
    from aml_widgets.server.app import RunBrowserApp

    return [{"module": "aml_widgets.server.app", "app": RunBrowserApp}]
