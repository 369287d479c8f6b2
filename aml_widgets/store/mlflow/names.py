"""Which keys, values and texts an MLflow server takes as they are; the others are kept elsewhere (`entities`, `exact_values`)."""

from __future__ import annotations

import posixpath
import re

PREFIX = "aml."
"""Tags of ours, that users do not see as tags."""

STATE = "aml.state"
SEEN = "aml.seen"
NUMBER = "aml.number"
RUN_TYPE = "aml.type"
ROOT = "aml.root"
PURGED = "aml.purged"
PROPERTY = "aml.property."
VALUES = "aml.values."

RUN_NAME = "mlflow.runName"
NOTE = "mlflow.note.content"
PARENT = "mlflow.parentRunId"
MLFLOW_PREFIX = "mlflow."

FOLDER = "aml_widgets"
"""The folder among a run's artifacts that holds what this package needs, and users do not see as files."""

MAX_KEY_CHARS = 240
MAX_TAG_VALUE_CHARS = 4_900
MAX_PARAM_VALUE_CHARS = 6_000
MAX_NAME_CHARS = 240

_KEY = re.compile(r"[\w.\- :/]+", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def is_key(key: str) -> bool:
    """Say whether a metric, param or tag can have this key: of few signs, and no path that leads elsewhere."""
    return (
        0 < len(key) <= MAX_KEY_CHARS
        and _KEY.fullmatch(key) is not None
        and key == key.strip()
        and posixpath.normpath(key) == key
        and not key.startswith(("/", ".."))
        and key != "."
    )


def is_text(text: str, max_chars: int) -> bool:
    """Say whether a text is kept as it is: not empty, not long, of characters that every database has."""
    if not text or len(text) > max_chars or _CONTROL.search(text) or text != text.strip():
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def to_shown(text: str, max_chars: int) -> str:
    """Give what a server can have in the place of a text."""
    clean = _CONTROL.sub(" ", text.encode("utf-8", "replace").decode()).strip()
    return clean[:max_chars].strip()


_RUN_ID = re.compile(r"[A-Za-z0-9][\w\-]{0,249}", re.ASCII)


def is_run_id(run_id: object) -> bool:
    """Say whether a server could have a run or an experiment of that id."""
    return isinstance(run_id, str) and _RUN_ID.fullmatch(run_id) is not None
