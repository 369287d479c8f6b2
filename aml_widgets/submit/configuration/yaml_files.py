"""YAML files of configurations: read without ever making an object of what they name, and written in one step."""

from __future__ import annotations

import os
import uuid
from pathlib import Path
from typing import Any

from aml_widgets.core.errors import ConfigError
from aml_widgets.core.showing import show


def read_yaml(file: str | os.PathLike[str], what: str, *, as_text: bool = False) -> Any:
    """Read a YAML file.

    Parameters
    ----------
    file : str or path
        The file.
    what : str
        How an error calls it.
    as_text : bool, optional
        Give every value as the text that stands there, so that ``0.10`` and ``no`` stay what they are.

    Returns
    -------
    object
        Dicts, lists and plain values.

    Raises
    ------
    ConfigError
        If it cannot be read, or is no YAML.
    """
    import yaml

    if not isinstance(file, (str, os.PathLike)):
        raise ConfigError(f"{what} is given by its path, got {show(file)}.", value=file)
    try:
        content = Path(file).read_text(encoding="utf-8-sig")
        return yaml.load(content, Loader=yaml.BaseLoader if as_text else yaml.SafeLoader)  # noqa: S506 - both make plain values only
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(
            f"{what} {os.fspath(file)!r} cannot be read: {reason}. Give the path of a YAML file.", value=os.fspath(file)
        ) from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{what} {os.fspath(file)!r} is no YAML: {error}", value=os.fspath(file)) from error


def to_yaml(content: object, header: str) -> str:
    """Give plain values as YAML, below a comment, in their own order."""
    import yaml

    def dump(*, allow_unicode: bool) -> str:
        return yaml.safe_dump(
            content, sort_keys=False, default_flow_style=False, width=1_000, allow_unicode=allow_unicode
        )

    body = dump(allow_unicode=True)
    if "\x85" in body:  # PyYAML writes this line end as it is, and reads it as another
        body = dump(allow_unicode=False)
    return "".join(f"# {line}\n" for line in header.splitlines()) + body


def write_text(file: Path, text: str) -> None:
    """Write a file in one step, and make its folder: who reads it meanwhile reads the old one or the new one."""
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_name(f".{uuid.uuid4().hex}.tmp")
    try:
        temporary.write_text(text, encoding="utf-8")
        os.replace(temporary, file)  # noqa: PTH105 - atomic, and says so
    finally:
        temporary.unlink(missing_ok=True)
