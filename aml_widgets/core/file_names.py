"""Names that a file may have on every platform."""

from __future__ import annotations

import re
import unicodedata

MAX_NAME = 150
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?")  # of Windows


def safe_file_name(name: str, *, may_be_hidden: bool = False) -> str:
    """Make of a text from a run a name that is only a name, on every platform.

    Parameters
    ----------
    name : str
        Of a path, the last part counts.
    may_be_hidden : bool, optional
        Whether it may begin with a dot.
    """
    last = re.split(r"[/\\]", name)[-1]
    # Without what is not seen: control characters, and those that turn the direction of writing, so that "gpj.exe" reads right.
    kept = "".join(one for one in last if unicodedata.category(one) not in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
    kept = re.sub(r'[<>:"|?*]', "_", kept).rstrip(" .").lstrip(" " if may_be_hidden else " .")
    if _RESERVED.fullmatch(kept):
        kept = f"_{kept}"
    if len(kept) > MAX_NAME:
        stem, dot, suffix = kept.rpartition(".")
        kept = (
            f"{stem[: MAX_NAME - len(suffix) - 1]}.{suffix}" if dot and stem and len(suffix) <= 10 else kept[:MAX_NAME]
        )
    return kept or "file"
