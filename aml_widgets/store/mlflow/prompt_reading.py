"""MLflow's client whose reading calls tell soon that a server is lost; MLflow itself would try for minutes, and a view would say nothing."""

from __future__ import annotations

import json
import os
from operator import attrgetter
from time import sleep
from typing import Any, NamedTuple

import requests
import urllib3
from google.protobuf.json_format import ParseError  # type: ignore[import-untyped]
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.protos import service_pb2
from mlflow.store.tracking.rest_store import RestStore
from mlflow.tracking._tracking_service.client import TrackingServiceClient
from mlflow.utils.proto_json_utils import parse_dict
from mlflow.utils.rest_utils import http_request, verify_rest_response

from aml_widgets.core.jitter import draw_factor
from aml_widgets.store.mlflow.patience import is_patient

USERS_OWN = (
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES",
    "MLFLOW_HTTP_REQUEST_TIMEOUT",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR",
    "MLFLOW_HTTP_REQUEST_BACKOFF_JITTER",
)
"""Who sets one of these says how long to wait, and then reading waits so long, too."""

PAUSES_SECONDS = (0.2, 1.5)
"""What is waited before each further try: a connection that was closed meanwhile needs one, a server that restarts behind a proxy another."""

JITTER = 0.5
"""By what share a pause may be longer, at random."""

CONNECT_SECONDS = 10.0
"""How long a server may take to take a connection."""

ONE_SECONDS = 12.0
"""How long a server may take to begin to answer about one run or experiment, with which every look at a run begins."""

MANY_SECONDS = 60.0
"""The same for lists and histories."""

_PASSING = frozenset({408, 429, 500, 502, 503, 504})

_WAITS = {
    service_pb2.GetRun: ONE_SECONDS,
    service_pb2.GetExperiment: ONE_SECONDS,
    service_pb2.GetExperimentByName: ONE_SECONDS,
    service_pb2.SearchExperiments: MANY_SECONDS,
    service_pb2.SearchRuns: MANY_SECONDS,
    service_pb2.GetMetricHistory: MANY_SECONDS,
}
"""The calls that read, and how long each may take. What is not here is MLflow's own: what writes is tried for long, with what it has to read
for that (`patience`)."""


_IDS = {
    service_pb2.GetExperiment: "experiment.experiment_id",
    service_pb2.GetExperimentByName: "experiment.experiment_id",
    service_pb2.CreateExperiment: "experiment_id",
    service_pb2.GetRun: "run.info.run_id",
    service_pb2.CreateRun: "run.info.run_id",
}
"""The calls that each server answers with an id, and where in the answer that stands."""


class StrangeAnswer(Exception):
    """An answer without what each tracking server gives. The message says what was missing, as a sentence."""


def make_client(uri: str) -> MlflowClient:
    """Make MLflow's client of a tracking URI; of a server that is asked over HTTP, one that reads promptly."""
    client = MlflowClient(tracking_uri=uri)
    plain = client._tracking_client.store  # noqa: SLF001 - a client gives its store to nobody, and takes none
    if type(plain) is RestStore:
        client._tracking_client = _Calls(uri, _PromptStore(plain.get_host_creds))  # type: ignore[no-untyped-call]  # noqa: SLF001 - as above
    return client


def _is_of_silence(error: BaseException) -> bool:
    """Say whether there was no answer in time; MLflow, requests and urllib3 each wrap the errors of those below."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, (requests.Timeout, urllib3.exceptions.ReadTimeoutError)):
            return True
        seen = seen.__cause__ or seen.__context__
    return False


class _Calls(TrackingServiceClient):
    """The part of MLflow's client that calls a store, with a store that is not the one of the process."""

    def __init__(self, uri: str, store: RestStore) -> None:
        self._store = store
        super().__init__(uri)  # type: ignore[no-untyped-call]

    @property
    def store(self) -> RestStore:
        return self._store


class _Call(NamedTuple):
    endpoint: str
    method: str
    wait_seconds: float
    body: dict[str, Any]


class _PromptStore(RestStore):
    """MLflow's store behind its client, which does not repeat what reads for minutes, and believes no answer of another service."""

    def _call_endpoint(self, api: Any, json_body: str | None = None, *rest: Any, **more: Any) -> Any:
        try:
            answer = self._call(api, json_body, *rest, **more)
        except ParseError as error:
            message = f"What it answers to {api.DESCRIPTOR.name} has another form."
            raise StrangeAnswer(message) from error
        if api in _IDS and not attrgetter(_IDS[api])(answer):  # a field that is not there reads as empty
            message = f"What it answers to {api.DESCRIPTOR.name} has no id."
            raise StrangeAnswer(message)
        return answer

    def _call(self, api: Any, json_body: str | None = None, *rest: Any, **more: Any) -> Any:
        seconds = _WAITS.get(api)
        is_users_own = any(os.environ.get(name) for name in USERS_OWN)
        if seconds is None or rest or more or is_users_own or is_patient():
            return super()._call_endpoint(api, json_body, *rest, **more)  # type: ignore[no-untyped-call]
        endpoint, method = self._METHOD_TO_INFO[api]
        body = {} if json_body is None else json.loads(json_body)
        response = verify_rest_response(self._ask(_Call(endpoint, method, seconds, body)), endpoint)
        answer = api.Response()
        parse_dict(js_dict=json.loads(response.text), message=answer)
        return answer

    def _ask(self, call: _Call) -> requests.Response:
        for pause_seconds in PAUSES_SECONDS:
            try:
                response = self._ask_once(call)
            except MlflowException as error:
                if _is_of_silence(error):
                    raise  # who was silent for so long is not asked again
            else:
                if response.status_code not in _PASSING:
                    return response
            sleep(pause_seconds * draw_factor(1.0, 1.0 + JITTER))
        return self._ask_once(call)

    def _ask_once(self, call: _Call) -> requests.Response:
        response: requests.Response = http_request(
            self.get_host_creds(),
            call.endpoint,
            call.method,
            max_retries=0,
            timeout=(min(CONNECT_SECONDS, call.wait_seconds), call.wait_seconds),
            raise_on_status=False,
            **{"params" if call.method == "GET" else "json": call.body},
        )
        return response
