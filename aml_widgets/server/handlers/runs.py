"""Lists of runs, and one run."""

from __future__ import annotations

from aml_widgets.server.handlers.base import ApiHandler, reads, writes
from aml_widgets.server.one_run import (
    DEFAULT_ROWS,
    change_run_reply,
    details_reply,
    get_run_reply,
    rows_of_metric_reply,
)
from aml_widgets.server.run_lists import actions_reply, list_reply, poll_reply
from aml_widgets.server.run_news import changes_reply


class ListHandler(ApiHandler):
    """A page of runs."""

    path = "/workspaces/{workspace}/runs/list"

    @reads
    async def post(self, key: str) -> None:
        """Answer with the runs that a query gives."""
        request = await self.read_body()
        await self.answer(key, lambda workspace: list_reply(workspace, request, self.browser))


class PollHandler(ApiHandler):
    """What changed in a list."""

    path = "/workspaces/{workspace}/runs/poll"

    @reads
    async def post(self, key: str) -> None:
        """Answer with what changed since a cursor."""
        request = await self.read_body()
        await self.answer(key, lambda workspace: poll_reply(workspace, request, self.browser))


class ActionsHandler(ApiHandler):
    """What is done with several runs."""

    path = "/workspaces/{workspace}/runs/actions"
    _track_activity = True

    @writes
    async def post(self, key: str) -> None:
        """Do it, and answer with what came of it."""
        self.refuse_if_read_only()
        request = await self.read_body()
        await self.answer(
            key, lambda workspace: actions_reply(workspace, request["action"], request["run_ids"]), is_long=True
        )


class RunHandler(ApiHandler):
    """One run."""

    path = "/workspaces/{workspace}/runs/{run_id}"

    @reads
    async def get(self, key: str, run_id: str) -> None:
        """Answer with the run."""
        await self.answer(key, lambda workspace: get_run_reply(workspace, run_id, self.browser))

    @writes
    async def patch(self, key: str, run_id: str) -> None:
        """Change its name, description or tags."""
        self.refuse_if_read_only()
        change = await self.read_body()
        await self.answer(key, lambda workspace: change_run_reply(workspace, run_id, change, self.browser))


class ChangesHandler(ApiHandler):
    """What is new of a run."""

    path = "/workspaces/{workspace}/runs/{run_id}/changes"

    @reads
    async def get(self, key: str, run_id: str) -> None:
        """Answer with what changed since a cursor."""
        query = self.query
        await self.answer(
            key,
            lambda workspace: changes_reply(
                workspace,
                run_id,
                query.get("cursor"),
                query.get("max_buckets"),
                is_read_only=self.browser.is_read_only,
            ),
        )


class RowsHandler(ApiHandler):
    """Rows of a metric."""

    path = "/workspaces/{workspace}/runs/{run_id}/rows"

    @reads
    async def get(self, key: str, run_id: str) -> None:
        """Answer with some of them."""
        query = self.query
        start, limit = query.get("start", 0), query.get("limit", DEFAULT_ROWS)
        await self.answer(key, lambda workspace: rows_of_metric_reply(workspace, run_id, query["name"], start, limit))


class DetailsHandler(ApiHandler):
    """Facts of a run."""

    path = "/workspaces/{workspace}/runs/{run_id}/details"

    @reads
    async def get(self, key: str, run_id: str) -> None:
        """Answer with all that is known beside numbers and files."""
        await self.answer(key, lambda workspace: details_reply(workspace, run_id))
