"""The way to a tracking server: MLflow's own client, its errors turned into ours, and where the files of runs are."""

from __future__ import annotations

import math
import os
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from aml_widgets.core.errors import (
    AmlWidgetsError,
    StoreError,
    StoreReadOnly,
    StoreUnavailable,
    UserError,
)
from aml_widgets.store.addresses import hide_secrets

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.store.artifact.artifact_repo import ArtifactRepository
    from mlflow.store.tracking.abstract_store import AbstractStore

BELIEVED_SECONDS = 0.5
"""A server that answered so lately is believed to be there."""

CONNECT_SECONDS = 10.0
"""How long to wait for a server to take a connection."""

_REFUSED = {"UNAUTHENTICATED", "PERMISSION_DENIED", "CUSTOMER_UNAUTHORIZED"}
_WRONG = {"INVALID_PARAMETER_VALUE", "BAD_REQUEST", "INVALID_STATE", "MALFORMED_REQUEST"}
_MISSING = {"RESOURCE_DOES_NOT_EXIST", "NOT_FOUND", "ENDPOINT_NOT_FOUND"}
_REFUSED_CODE = re.compile(r"error code (401|403)\b|\b(401|403) (Client Error|Unauthorized|Forbidden)", re.IGNORECASE)
_NOT_ITS_ANSWER = re.compile(r"API request to endpoint \S+ failed with error code \d+ != ")
"""MLflow answers with a document. What has none is of a proxy: it says nothing of what the server has, which may only be away."""
_SPEAKS_TLS = ssl._create_unverified_context()  # noqa: S323, SLF001 - nothing is sent over it
_PORTS = {"http": 80, "https": 443}
_MAX_REASON = 500
_MAX_REPOSITORIES = 1_000
_PASSWORD = re.compile(r"//[^/@\s]*@")


class Missing(AmlWidgetsError):
    """The server has no such thing; the caller knows what it asked for, and says so."""


class Connection:
    """Speaks with one tracking server, from any thread.

    Timeouts, retries with jitter, certificates, tokens and passwords are those that MLflow's environment variables name
    (``MLFLOW_TRACKING_TOKEN``, ``MLFLOW_HTTP_REQUEST_TIMEOUT``, …); where they name no timeout and no retries, what reads has fewer
    of both than MLflow's own client (`prompt_reading`).

    Parameters
    ----------
    uri : str
        A tracking URI of MLflow's.
    """

    def __init__(self, uri: str) -> None:
        self.uri = uri
        self.shown_uri = hide_secrets(uri)
        self._lock = threading.Lock()
        self._client: MlflowClient | None = None
        self._answered_at = -math.inf
        self._has_answered = False
        self._repositories: dict[str, ArtifactRepository] = {}

    @property
    def client(self) -> MlflowClient:
        """MLflow's client, made when it is first needed."""
        with self._lock:
            if self._client is None:
                self._client = _make_client(self.uri)
            return self._client

    @property
    def tracking(self) -> AbstractStore:
        """MLflow's store behind the client, for what the client has no method for."""
        with self.errors("The tracking server is opened"):
            store: AbstractStore = self.client._tracking_client.store  # noqa: SLF001 - pages of histories are only here
            return store

    def files_of(self, artifact_uri: str) -> ArtifactRepository:
        """Give the place of a run's files."""
        from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

        with self._lock:
            found = self._repositories.get(artifact_uri)
        if found is None:
            with self.errors("The place of the run's files is opened"):
                found = get_artifact_repository(artifact_uri, tracking_uri=self.uri)
            with self._lock:
                if len(self._repositories) > _MAX_REPOSITORIES:
                    self._repositories.clear()
                self._repositories[artifact_uri] = found
        return found

    def forget_parent(self) -> None:
        """Start anew in a process that was forked off."""
        self._lock = threading.Lock()
        self.close()

    def close(self) -> None:
        """Let go of the client; the next use makes another."""
        with self._lock:
            self._answered_at = -math.inf
            self._client = None
            self._repositories.clear()

    @contextmanager
    def errors(self, what: str) -> Iterator[None]:
        """Turn errors of MLflow and of the network into ours. `what` is what was being done, as a sentence without its end."""
        _ = self.client  # says so where mlflow is missing
        self._check_there(what)
        import requests
        from mlflow.exceptions import MlflowException

        from aml_widgets.store.mlflow.prompt_reading import StrangeAnswer

        try:
            yield
            self._answered_at = monotonic()
            self._has_answered = True
        except StrangeAnswer as error:
            raise self._no_server(what, error) from error
        except MlflowException as error:
            raise self._translate(error, what) from error
        except requests.HTTPError as error:
            raise self._translate_status(error, what) from error
        except (requests.RequestException, ConnectionError, TimeoutError) as error:
            raise self._unavailable(what, error) from error

    def _check_there(self, what: str) -> None:
        """Find out in an instant that nobody listens, which MLflow's client would try for minutes."""
        parts = urlsplit(self.uri)
        if parts.scheme.lower() not in _PORTS or monotonic() < self._answered_at + BELIEVED_SECONDS:
            return
        from requests.utils import get_environ_proxies

        if get_environ_proxies(self.uri):  # the way leads elsewhere
            return
        try:
            port = parts.port or _PORTS[parts.scheme.lower()]
            with socket.create_connection((parts.hostname or "", port), timeout=CONNECT_SECONDS) as connected:
                # Whether it is to be trusted, MLflow's client finds out; one that wants a certificate of ours would refuse this.
                if parts.scheme.lower() == "https" and not os.environ.get("MLFLOW_TRACKING_CLIENT_CERT_PATH"):
                    _SPEAKS_TLS.wrap_socket(connected, server_hostname=parts.hostname).close()
        except (OSError, ValueError) as error:  # ValueError: a port that there cannot be
            raise self._unavailable(what, error) from error

    def _translate(self, error: Exception, what: str) -> AmlWidgetsError:
        code = str(getattr(error, "error_code", ""))
        reason = self._reason(error)
        if code in (_MISSING | _WRONG) and _NOT_ITS_ANSWER.match(reason):
            return self._unavailable(what, error)
        if code in _MISSING:
            return Missing(f"{what}: {reason}", value=code)
        if code in _REFUSED or _REFUSED_CODE.search(reason):
            return self._refused(what, reason)
        if code in _WRONG:
            return UserError(f"{what}, but the tracking server refuses it: {reason}", value=code)
        if code == "RESOURCE_ALREADY_EXISTS":
            return StoreError(f"{what}, but the tracking server has it already: {reason}", value=code)
        return self._unavailable(what, error)

    def _translate_status(self, error: Exception, what: str) -> AmlWidgetsError:
        status = getattr(getattr(error, "response", None), "status_code", None)
        reason = self._reason(error)
        if status == 404:
            return Missing(f"{what}: {reason}", value=status)
        if status in (401, 403):
            return self._refused(what, reason)
        if status is not None and 400 <= status < 500:
            return UserError(f"{what}, but the tracking server refuses it: {reason}", value=status)
        return self._unavailable(what, error)

    def _refused(self, what: str, reason: str) -> StoreReadOnly:
        return StoreReadOnly(
            f"{what}, but the tracking server {self.shown_uri} does not let us: {reason} Set MLFLOW_TRACKING_TOKEN, or "
            "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, to what it accepts now.",
            value=self.shown_uri,
        )

    def _unavailable(self, what: str, error: Exception) -> StoreUnavailable:
        self._answered_at = -math.inf
        way_out = (
            "Try again when it is back"
            if self._has_answered
            else "Check host, port and path, or try again when it is there"
        )
        return StoreUnavailable(
            f"{what}, but the tracking server {self.shown_uri} does not answer as it should: {self._reason(error)} "
            f"{way_out}; MLFLOW_HTTP_REQUEST_TIMEOUT and MLFLOW_HTTP_REQUEST_MAX_RETRIES say how long to wait.",
            value=self.shown_uri,
        )

    def _no_server(self, what: str, error: Exception) -> StoreUnavailable:
        self._answered_at = -math.inf
        return StoreUnavailable(
            f"{what}, but what answers at {self.shown_uri} is no MLflow tracking server: {self._reason(error)} Check host and port; "
            "a server behind a proxy may have a path as well, such as http://host/mlflow.",
            value=self.shown_uri,
        )

    def _reason(self, error: Exception) -> str:
        text = _PASSWORD.sub("//", " ".join(str(error).split()))
        text = text if len(text) <= _MAX_REASON else f"{text[:_MAX_REASON]} …"
        return text if text.endswith((".", "…", "!")) else f"{text}."


def _make_client(uri: str) -> MlflowClient:
    try:
        import mlflow  # noqa: F401 - whether it is there
    except ImportError as error:
        raise StoreUnavailable(
            f"{hide_secrets(uri)!r} names an MLflow tracking server, and the package mlflow is not installed here. Install it: "
            "pip install 'aml-widgets[mlflow]'. A folder such as './runs' needs no server.",
            value=hide_secrets(uri),
        ) from error
    from aml_widgets.store.mlflow.prompt_reading import make_client

    return make_client(uri)
