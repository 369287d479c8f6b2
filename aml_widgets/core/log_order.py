"""The order in which logs are offered, which is v1's: by the numbers in their paths."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import groupby

from aml_widgets.core.records import ArtifactRecord

_NOTES = re.compile(r"azureml-logs/7[1-9]_|logs/azureml/")


def in_order(logs: Iterable[ArtifactRecord]) -> list[ArtifactRecord]:
    """Sort logs by the numbers in their paths, then by name."""
    return sorted(logs, key=lambda log: (_numbers(log.path), log.path))


def groups_in_order(logs: Iterable[ArtifactRecord]) -> list[list[ArtifactRecord]]:
    """Group logs by the first number in their paths, those without one first."""
    return [list(group) for _, group in groupby(in_order(logs), key=lambda log: _numbers(log.path)[:1])]


def newest_group(logs: Iterable[ArtifactRecord]) -> list[ArtifactRecord]:
    """Give the logs whose first number is the highest: those of the latest stage of the run.

    What is noted about a submitted script, beside it and after it, does not take the place of what the script itself printed.
    """
    listed = list(logs)
    groups = groups_in_order([log for log in listed if not _NOTES.match(log.path)] or listed)
    return groups[-1] if groups else []


def _numbers(path: str) -> tuple[int, ...]:
    return tuple(int(digits) for digits in re.findall(r"[0-9]{1,18}", path))
