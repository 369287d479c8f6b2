"""What readers of the in-memory store hold: cursors and page tokens."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import NamedTuple

from aml_widgets.core.errors import UserError


class Cursor(NamedTuple):
    """What a reader has seen of one run."""

    run_id: str
    version: int  # of the store: how many records had changed
    seq: int
    log_sizes: Mapping[str, int]
    shown_gone: frozenset[str]  # of the run and its children: those shown as not responding, though stored otherwise

    def encode(self) -> str:
        """Give the opaque form."""
        facts = [self.run_id, self.version, self.seq, dict(self.log_sizes), sorted(self.shown_gone)]
        return base64.urlsafe_b64encode(json.dumps(facts).encode()).decode()

    @staticmethod
    def decode(cursor: str, run_id: str) -> Cursor:
        """Read the opaque form. Raises UserError for anything but a cursor of that run."""
        try:
            of_run, version, seq, log_sizes, shown_gone = json.loads(base64.urlsafe_b64decode(cursor))
            decoded = Cursor(of_run, version, seq, dict(log_sizes), frozenset(shown_gone))
        except (ValueError, TypeError, RecursionError) as error:
            raise bad_cursor(cursor, run_id) from error
        if of_run != run_id or not isinstance(version, int) or not isinstance(seq, int):
            raise bad_cursor(cursor, run_id)
        return decoded


def bad_cursor(cursor: object, run_id: str) -> UserError:
    """Say that a cursor is of no use for a run."""
    return UserError(f"{cursor!r} is no cursor of run {run_id!r}. Ask without a cursor to start anew.", value=cursor)


def decode_page_token(token: str | None) -> int | None:
    """Read where a page starts."""
    if token is None:
        return None
    if not (token.isascii() and token.isdecimal()):
        raise UserError(f"{token!r} is no page token of this store. Ask for the first page again.", value=token)
    return int(token)
