"""Warnings that point at the user's line, and never stop a training."""

from __future__ import annotations

import logging
import sys
import warnings

logger = logging.getLogger("aml_widgets")

_OWN_PREFIX = "aml_widgets."


def warn_user(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn at the line of the caller outside aml_widgets. With ``-W error`` this raises, as the user wished."""
    warnings.warn(message, category, stacklevel=_frames_to_user())


def warn_softly(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn and log, and go on even where warnings are errors: what is told here must not break a training."""
    logger.warning("%s", message)
    try:
        warnings.warn(message, category, stacklevel=_frames_to_user())
    except Warning:
        logger.debug("The warning above was made an error by a filter; it is not raised.")


def _frames_to_user() -> int:
    level = 2  # warnings.warn counts its own caller as 1; we stand one above that
    frame = sys._getframe(2)  # noqa: SLF001 - `skip_file_prefixes` needs Python 3.12
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith(_OWN_PREFIX):
        frame = frame.f_back
        level += 1
    return level
