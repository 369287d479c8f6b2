"""How this layer warns: as `core.warn` has it, and each thing once."""

from aml_widgets.core import warn
from aml_widgets.core.warn import logger, warn_user

__all__ = ["logger", "warn_softly", "warn_user"]


def warn_softly(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn, and go on even where warnings are errors. Log it, too, where somebody takes what is logged.

    Where nobody does, Python would print it, and so say it twice.
    """
    if logger.hasHandlers():
        warn.warn_softly(message, category)
        return
    try:
        warn_user(message, category)
    except Warning:  # a filter made an error of it; what is told here must not break a training
        logger.warning("%s", message)
