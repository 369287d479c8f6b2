"""What a check has found: a word for how it stands, a sentence, and the command that mends it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any


class Level(str, Enum):
    """How something stands, from well to ill."""

    OK = "ok"
    INFO = "info"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one check has found.

    Attributes
    ----------
    area : str
        What it belongs to, such as ``workspace``.
    check : str
        What was looked at.
    level : Level
        How it stands.
    text : str
        What there is; where it is wrong, why that matters.
    command : str or None
        What to type into a shell to mend it.
    """

    area: str
    check: str
    level: Level
    text: str
    command: str | None = None


def to_reply(finding: Finding) -> dict[str, Any]:
    """Give the JSON form of a finding."""
    return {**asdict(finding), "level": finding.level.value}


def from_reply(reply: dict[str, Any]) -> Finding:
    """Read the JSON form of a finding."""
    return Finding(**{**reply, "level": Level(reply["level"])})


def worst_of(findings: Iterable[Finding]) -> Level:
    """Give the worst level there is; information is as good as `Level.OK`."""
    order = [Level.OK, Level.INFO, Level.WARNING, Level.PROBLEM]
    worst = max((finding.level for finding in findings), key=order.index, default=Level.OK)
    return Level.OK if worst is Level.INFO else worst
