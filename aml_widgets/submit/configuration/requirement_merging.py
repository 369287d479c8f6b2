"""Putting together what several requirements ask of one package."""

from __future__ import annotations

import re

from aml_widgets.submit.environments.pip_requirements import is_option, to_name

_PARTS = re.compile(r"\s*([A-Za-z0-9][\w.\-]*)\s*(\[[^\]]*\])?\s*([^;@]*)\s*")


def merge_requirements(requirements: list[str]) -> list[str]:
    """Give one requirement for each package, with all that was asked of it, in the order of their first mention."""
    merged: dict[str, tuple[str, list[str]]] = {}
    for requirement in requirements:
        parts = None if is_option(requirement) else _PARTS.fullmatch(requirement)
        if parts is None:  # an address, a path, a condition, an option: each stands for itself
            merged.setdefault(requirement, (requirement, []))
            continue
        name, extras, versions = parts[1], (parts[2] or "").replace(" ", ""), parts[3].strip()
        _, asked = merged.setdefault(f"{to_name(name)}{extras.lower()}", (f"{name}{extras}", []))
        if versions and versions not in asked:
            asked.append(versions)
    return [f"{start}{','.join(asked)}" for start, asked in merged.values()]
