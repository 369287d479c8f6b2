"""Which key ring keeps secrets. Asked in a process of its own, for the programs of a desktop may not answer."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.util import find_spec

from aml_widgets.cli.checks import asking
from aml_widgets.cli.checks.findings import Finding, Level
from aml_widgets.cli.checks.interpreters import Interpreter

AREA = "tools"

_SECONDS = 20.0
_CHOICE = "PYTHON_KEYRING_BACKEND"
_NONE = "keyring.backends.fail."
_OFF = "keyring.backends.null."
_LOST = "`run.get_secret` and `ws.get_default_keyvault()` keep and find nothing"


def check(here: Interpreter, *, seconds: float = _SECONDS) -> Iterator[Finding]:
    """Say which key ring the package keyring has chosen, where it is installed; no secret is asked for."""
    if find_spec("keyring") is None:
        return
    diagnose = here.command("-m", "keyring", "diagnose")
    try:
        name = str(asking.ask_own("aml_widgets.cli.checks.key_rings", seconds=seconds))
    except asking.NoAnswer as error:
        text = f"the package keyring did not say which key ring it uses: {error}"
        yield Finding(area=AREA, check="key ring", level=Level.WARNING, text=text, command=_unset() or diagnose)
        return
    if name.startswith(_NONE):
        yield Finding(
            area=AREA,
            check="key ring",
            level=Level.WARNING,
            text=f"the package keyring finds no key ring on this machine ({name}): {_LOST}. Set up that of your desktop, or install the "
            "package keyrings.alt, whose key ring is a file that whoever may read it can read",
            command=_unset() or here.install("keyrings.alt"),
        )
    elif name.startswith(_OFF):
        text = f"the key ring is switched off ({name}): {_LOST}. The settings of the package keyring say so, in the file that is told by"
        yield Finding(
            area=AREA,
            check="key ring",
            level=Level.WARNING,
            text=f"the key ring is switched off by {_CHOICE} ({name}): {_LOST}" if _unset() else text,
            command=_unset() or diagnose,
        )
    else:
        yield Finding(area=AREA, check="key ring", level=Level.OK, text=name)


def _unset() -> str | None:
    return f"unset {_CHOICE}" if os.environ.get(_CHOICE) else None


def main() -> None:
    """Answer with the name of the key ring's class."""
    import keyring

    chosen = type(keyring.get_keyring())
    asking.answer(f"{chosen.__module__}.{chosen.__qualname__}")


if __name__ == "__main__":
    main()
