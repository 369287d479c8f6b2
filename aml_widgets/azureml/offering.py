"""What the modules of v1's names are made of: tables of names, loaded when they are asked for."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import import_module

from aml_widgets.azureml import cloud


def offer(
    module: str, homes: Mapping[str, Iterable[str]] | None = None, absent: Mapping[str, Iterable[str]] | None = None
) -> tuple[Callable[[str], object], Callable[[], list[str]], list[str]]:
    """Make what a module of names consists of: ``__getattr__, __dir__, __all__ = offer(__name__, …)``.

    A name is loaded from its home when it is first asked for, so that a script pays only for what it imports.

    Parameters
    ----------
    module : str
        The module's own name.
    homes : mapping, optional
        Modules, and the names that come from each; ``"Theirs as Ours"`` where the home calls it otherwise.
    absent : mapping, optional
        Answers of `aml_widgets.azureml.cloud`, and the names that can only be imported, each of which gives that answer when it is
        used.

    Returns
    -------
    get, list_names, names : callable, callable, list of str
        What Python calls for a name that the module does not have yet, what `dir` gives, and all names without those that
        begin with an underscore.
    """
    home_of = dict(_read_homes(homes or {}))
    answer_of = {name: answer for answer, names in (absent or {}).items() for name in names}
    names = sorted({*home_of, *answer_of})

    def get(name: str) -> object:
        if name in home_of:
            home, name_there = home_of[name]
            value: object = getattr(import_module(home), name_there)
        elif name in answer_of:
            value = cloud.absent(name, getattr(cloud, answer_of[name]))
        else:
            raise AttributeError(f"module {module!r} has no attribute {name!r}", name=name, obj=sys.modules.get(module))
        setattr(sys.modules[module], name, value)
        return value

    def list_names() -> list[str]:
        return sorted({*vars(sys.modules[module]), *names})

    return get, list_names, [name for name in names if not name.startswith("_")]


def _read_homes(homes: Mapping[str, Iterable[str]]) -> Iterator[tuple[str, tuple[str, str]]]:
    for home, names in homes.items():
        for name in names:
            name_there, _, name_here = name.partition(" as ")
            yield name_here or name_there, (home, name_there)
