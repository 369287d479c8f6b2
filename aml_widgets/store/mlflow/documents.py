"""Facts that MLflow has no field for, as one JSON document in tags: in one of them as a rule, in numbered pieces where it is long."""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Mapping

from aml_widgets.core.errors import StoreFull

MAX_TAG_CHARS = 4_900
"""Servers of all makes take a tag of 5,000 characters."""

MAX_PIECES = 90
"""With which a document, and a little more, fits into one request."""

_PACKED = "zlib:"


def encode(name: str, facts: Mapping[str, object]) -> dict[str, str]:
    """Give the tags of a document, none for one without facts. Raises StoreFull where it is too long for a server."""
    if not facts:
        return {}
    text = json.dumps(facts, separators=(",", ":"), sort_keys=True)
    if len(text) <= MAX_TAG_CHARS:
        return {name: text}
    packed = base64.b64encode(zlib.compress(text.encode("ascii"), 9)).decode("ascii")
    pieces = [packed[start : start + MAX_TAG_CHARS] for start in range(0, len(packed), MAX_TAG_CHARS)]
    if len(pieces) > MAX_PIECES:
        raise StoreFull(
            f"The tags, properties and texts of this run need {len(pieces)} tags of {MAX_TAG_CHARS} characters on the tracking "
            f"server, and at most {MAX_PIECES} are used. Shorten the longest of them, or upload it as a file.",
            value=len(packed),
        )
    return {name: f"{_PACKED}{len(pieces)}", **{f"{name}.{i:02d}": piece for i, piece in enumerate(pieces)}}


def decode(name: str, tags: Mapping[str, str]) -> dict[str, object]:
    """Read a document back; what somebody damaged is as if there were none."""
    text = tags.get(name, "")
    try:
        if text.startswith(_PACKED):
            packed = "".join(tags[f"{name}.{i:02d}"] for i in range(int(text.removeprefix(_PACKED))))
            text = zlib.decompress(base64.b64decode(packed)).decode("ascii")
        facts = json.loads(text or "{}")
    except (ValueError, KeyError, binascii.Error, zlib.error):
        return {}
    return facts if isinstance(facts, dict) else {}


def is_of(name: str, key: str) -> bool:
    """Say whether a tag holds a document, or a piece of it."""
    return key == name or key.startswith(f"{name}.")
