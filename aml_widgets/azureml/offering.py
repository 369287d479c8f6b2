"""What the modules of v1's names are made of: tables of names, loaded when they are asked for."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import import_module
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
from types import ModuleType
from typing import Any

from aml_widgets.azureml import cloud
from aml_widgets.core import v1_names

_taken_back: dict[str, ModuleType] = {}
"""Modules of names that are not in `sys.modules` any more."""


def offer(
    module: dict[str, Any],
    homes: Mapping[str, Iterable[str]] | None = None,
    absent: Mapping[str, Iterable[str]] | None = None,
) -> tuple[Callable[[str], object], Callable[[], list[str]], list[str]]:
    """Make what a module of names consists of: ``__getattr__, __dir__, __all__ = offer(globals(), …)``.

    A name is loaded from its home when it is first asked for, so that a script pays only for what it imports. It can be had also
    when the names have been taken back, for whoever holds the module still.

    Parameters
    ----------
    module : dict
        The module's own ``globals()``.
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
    own_name: str = module["__name__"]

    def get(name: str) -> object:
        if name in home_of:
            home, name_there = home_of[name]
            value: object = getattr(_load(home), name_there)
        elif name in answer_of:
            value = cloud.absent(name, getattr(cloud, answer_of[name]))
        elif (inner := _load_inner(module, name)) is not None:
            value = inner
        else:
            raise AttributeError(
                f"module {own_name!r} has no attribute {name!r}", name=name, obj=sys.modules.get(own_name)
            )
        return module.setdefault(name, value)  # one object for all threads that ask at once

    def list_names() -> list[str]:
        return sorted({*module, *names})

    return get, list_names, [name for name in names if not name.startswith("_")]


def _load_inner(module: Mapping[str, Any], name: str) -> ModuleType | None:
    """Give the module of a package: v1's packages import theirs, so its scripts write ``azureml.core.runconfig`` after ``import azureml.core``."""
    if "__path__" not in module or name.startswith("_"):
        return None
    inner = f"{module['__name__']}.{name}"
    return _load(inner) if PathFinder.find_spec(inner, module["__path__"]) is not None else None


def take_back(name: str) -> None:
    """Take a module of names out of `sys.modules`, and keep it for those that have names from it."""
    _taken_back[name] = sys.modules.pop(name)


def _load(home: str) -> ModuleType:
    """Give the module that a name comes from; where ours of v1's name cannot be imported any more, from its file."""
    if v1_names.is_on() or not home.startswith("azureml."):
        return import_module(home)
    return _taken_back.get(home) or _taken_back.setdefault(home, _load_from_file(home))


def _load_from_file(home: str) -> ModuleType:
    *parents, _ = home.split(".")
    spec = PathFinder.find_spec(home, [str(v1_names.NAMES_FOLDER.joinpath(*parents))])
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError(f"No module named {home!r}", name=home)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _read_homes(homes: Mapping[str, Iterable[str]]) -> Iterator[tuple[str, tuple[str, str]]]:
    for home, names in homes.items():
        for name in names:
            name_there, _, name_here = name.partition(" as ")
            yield name_here or name_there, (home, name_there)
