"""How this layer warns: as `core.warn` has it."""

from aml_widgets.core.warn import logger, warn_softly, warn_user

__all__ = ["logger", "warn_softly", "warn_user"]
