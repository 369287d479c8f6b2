"""A workspace that is a tracking server: whether it answers, takes us, tells our time, and lets us at its files."""

from __future__ import annotations

import os
import shlex
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from email.utils import parsedate_to_datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from aml_widgets.cli.checks.findings import Finding, Level
from aml_widgets.core.errors import AmlWidgetsError
from aml_widgets.store.addresses import hide_secrets
from aml_widgets.store.mlflow.connection import Connection, Missing

if TYPE_CHECKING:
    from requests import Response

AREA = "workspace"

MOST_SKEW_SECONDS = 10.0
_SQLITE = "sqlite:///"


def check(address: str, *, seconds: float) -> Iterator[Finding]:
    """Ask a tracking server; each request may take so long."""
    if find_spec("mlflow") is None:
        yield Finding(
            area=AREA,
            check="tracking server",
            level=Level.PROBLEM,
            text=f"{hide_secrets(address)} is an MLflow tracking server, and the package mlflow is not installed here",
            command=shlex.join([sys.executable, "-m", "pip", "install", "aml-widgets[mlflow]"]),
        )
        return
    if address.startswith(_SQLITE):
        yield _check_file(Path(address[len(_SQLITE) :]))
        return
    os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] = "0"
    os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] = str(max(1, int(seconds)))
    connection = Connection(address)
    try:
        with connection.errors("The tracking server is asked for its experiments"):
            (experiment, *_) = [*connection.client.search_experiments(max_results=1), None]
    except AmlWidgetsError as error:
        is_http = urlsplit(address).scheme.lower() in ("http", "https")
        yield Finding(
            area=AREA,
            check="tracking server",
            level=Level.PROBLEM,
            text=error.message,
            command=f"curl -i {shlex.quote(hide_secrets(address).rstrip('/') + '/version')}" if is_http else None,
        )
        return
    yield from _check_answer(connection)
    if experiment is not None:
        yield _check_files(connection, str(experiment.artifact_location))


def _check_file(path: Path) -> Finding:
    """Look at a database of MLflow's own; opening it with MLflow would make or change it."""
    if not path.is_file():
        return Finding(
            area=AREA,
            check="tracking server",
            level=Level.PROBLEM,
            text=f"there is no file {path}; MLflow makes it when it is first used",
            command=f"ls -l {shlex.quote(str(path.parent))}",
        )
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            (version,) = connection.execute("select version_num from alembic_version").fetchone()
    except sqlite3.Error as error:
        text = f"{path} cannot be read as MLflow's database: {error}"
        return Finding(area=AREA, check="tracking server", level=Level.PROBLEM, text=text)
    return Finding(
        area=AREA, check="tracking server", level=Level.OK, text=f"{path}, a database of MLflow's, schema {version}"
    )


def _check_answer(connection: Connection) -> Iterator[Finding]:
    response = _ask_version(connection)
    if response is None:
        yield Finding(area=AREA, check="tracking server", level=Level.OK, text=f"{connection.shown_uri} answers")
        return
    version = f", MLflow {response.text.strip()[:40]}" if response.status_code == 200 else ""
    yield Finding(area=AREA, check="tracking server", level=Level.OK, text=f"{connection.shown_uri} answers{version}")
    date = response.headers.get("Date")
    try:
        skew_seconds = 0.0 if date is None else time.time() - parsedate_to_datetime(date).timestamp()
    except ValueError:
        return
    if date is not None:
        is_off = abs(skew_seconds) > MOST_SKEW_SECONDS
        direction = "ahead of" if skew_seconds > 0 else "behind"
        yield Finding(
            area=AREA,
            check="clock",
            level=Level.WARNING if is_off else Level.OK,
            text=f"this machine's clock is {abs(skew_seconds):.0f} s {direction} the server's: times of runs are wrong by that"
            if is_off
            else "that of the server and this machine's agree",
            command="timedatectl status" if is_off else None,
        )


def _ask_version(connection: Connection) -> Response | None:
    from mlflow.utils.rest_utils import http_request

    try:
        credentials = getattr(connection.tracking, "get_host_creds", None)
        if credentials is None:
            return None
        with connection.errors("The tracking server is asked for its version"):
            response: Response = http_request(credentials(), "/version", "GET", raise_on_status=False)
    except AmlWidgetsError:  # it has answered what matters; a proxy may keep this from us
        return None
    return response


def _check_files(connection: Connection, place: str) -> Finding:
    """List files where the server keeps those of an experiment."""
    shown = hide_secrets(place)
    try:
        with connection.errors("The files of an experiment are listed"):
            connection.files_of(place).list_artifacts()
    except Missing:
        pass  # nothing was ever put there
    except (AmlWidgetsError, ImportError, OSError) as error:
        reason = error.message if isinstance(error, AmlWidgetsError) else f"{type(error).__name__}: {error}"
        return Finding(
            area=AREA,
            check="artifacts",
            level=Level.PROBLEM,
            text=f"{shown} cannot be read from here: {reason} Let the server hand files on: start it with --artifacts-destination, and "
            "make new experiments",
            command="mlflow server --help | grep -A3 artifacts-destination",
        )
    scheme = urlsplit(place).scheme
    if scheme in ("", "file") and not Path(urlsplit(place).path).is_dir():
        return Finding(
            area=AREA,
            check="artifacts",
            level=Level.WARNING,
            text=f"the server keeps files in its own folder {shown}, which is not on this machine. Start it with --artifacts-destination",
            command="mlflow server --help | grep -A3 artifacts-destination",
        )
    return Finding(area=AREA, check="artifacts", level=Level.OK, text=f"{shown} can be read")
