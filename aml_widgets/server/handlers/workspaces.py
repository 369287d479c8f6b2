"""The server itself, its workspaces, and what is in one beside runs."""

from __future__ import annotations

from functools import lru_cache
from importlib.metadata import version

from aml_widgets.core.records import ViewType
from aml_widgets.server.handlers.base import ApiHandler, reads, writes
from aml_widgets.server.one_run import comparison_reply, envelopes_reply
from aml_widgets.server.replies import shown_reply
from aml_widgets.server.run_lists import describe_experiment, experiments_reply
from aml_widgets.server.values import to_json
from aml_widgets.tracking.workspace import Workspace


@lru_cache(maxsize=1)
def _find_version() -> str:
    return version("aml-widgets")


class ServerHandler(ApiHandler):
    """What the server is set to."""

    path = "/server"

    @reads
    async def get(self) -> None:
        """Answer with the settings that a page has to keep to."""
        reply = {
            "version": _find_version(),
            "is_read_only": self.browser.is_read_only,
            "min_interval_seconds": self.browser.min_interval_seconds,
        }
        self.finish(to_json(reply))


class WorkspacesHandler(ApiHandler):
    """The workspaces."""

    path = "/workspaces"

    @reads
    async def get(self) -> None:
        """Answer with all of them, also those that cannot be read now."""
        shown = await self.browser.catalog.list()
        self.finish(to_json({"workspaces": [shown_reply(one) for one in shown]}))


class ExperimentsHandler(ApiHandler):
    """The experiments of a workspace."""

    path = "/workspaces/{workspace}/experiments"

    @reads
    async def get(self, key: str) -> None:
        """Answer with them by name."""
        view = ViewType(self.query.get("view", ViewType.ACTIVE_ONLY))
        await self.answer(key, lambda workspace: experiments_reply(workspace, view))


class ExperimentHandler(ApiHandler):
    """One experiment."""

    path = "/workspaces/{workspace}/experiments/{experiment_id}"

    @writes
    async def patch(self, key: str, experiment_id: str) -> None:
        """Archive it, or bring it back."""
        self.refuse_if_read_only()
        is_archived = (await self.read_body())["is_archived"]

        def change(workspace: Workspace) -> object:
            workspace.store.set_archived(experiment_id, is_archived)
            return describe_experiment(workspace.store, experiment_id)

        await self.answer(key, change)


class MetricsHandler(ApiHandler):
    """Names of metrics."""

    path = "/workspaces/{workspace}/metrics"

    @reads
    async def get(self, key: str) -> None:
        """Answer with those that the newest runs have."""
        await self.answer(key, lambda workspace: {"names": workspace.store.list_metric_names()})


class EnvelopesHandler(ApiHandler):
    """Series in ranges of steps."""

    path = "/workspaces/{workspace}/envelopes"

    @reads
    async def post(self, key: str) -> None:
        """Answer with the series asked for."""
        requests = (await self.read_body())["requests"]
        await self.answer(key, lambda workspace: envelopes_reply(workspace, requests))


class CompareHandler(ApiHandler):
    """Runs side by side."""

    path = "/workspaces/{workspace}/runs/compare"

    @reads
    async def post(self, key: str) -> None:
        """Answer with the runs asked for."""
        run_ids = (await self.read_body())["run_ids"]
        await self.answer(key, lambda workspace: comparison_reply(workspace, run_ids))
