"""Settings in sections: attributes that are checked when they are set, named in camel case in files, and no others."""

from __future__ import annotations

import copy
import difflib
import os
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, overload

from aml_widgets.core.errors import ConfigError
from aml_widgets.core.showing import show, show_type

T = TypeVar("T")
S = TypeVar("S", bound="Section")

_ALIKE = 0.75  # from here on a name is taken for a misspelt other one


class Field(Generic[T]):
    """An attribute of a section.

    Parameters
    ----------
    check : callable
        Takes a value and the attribute's name, and gives the value to keep; raises ConfigError.
    make_default : callable
        Makes the value that holds until one is set.
    key : str, optional
        What files call it; the name in camel case by default.
    """

    def __init__(
        self, check: Callable[[object, str], T], make_default: Callable[[], T], *, key: str | None = None
    ) -> None:
        self.check = check
        self.make_default = make_default
        self.key = key or ""
        self.name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        first, *others = name.split("_")
        self.name = name
        self.key = self.key or first + "".join(word.capitalize() for word in others)

    @overload
    def __get__(self, section: None, owner: type | None = None) -> Field[T]: ...
    @overload
    def __get__(self, section: Section, owner: type | None = None) -> T: ...
    def __get__(self, section: Section | None, owner: type | None = None) -> Field[T] | T:
        if section is None:
            return self
        if self.name not in section.__dict__:
            section.__dict__[self.name] = self.make_default()  # kept: the user may change a list in place
        value: T = section.__dict__[self.name]
        return value

    def __set__(self, section: Section, value: T) -> None:
        section.__dict__[self.name] = self.check(value, self.name)

    def read(self, value: object) -> T:
        """Give the value that a file holds."""
        return self.make_default() if value is None else self.check(value, self.key)


class SectionField(Field[S]):
    """An attribute that is itself a section, and in a file a mapping.

    Parameters
    ----------
    kind : type
        The section's class.
    """

    def __init__(self, kind: type[S]) -> None:
        super().__init__(instance_of(kind), kind)
        self.kind = kind

    def read(self, value: object) -> S:
        """Make the section of what a file holds."""
        return self.kind() if value is None else self.kind.from_dict(value)


class Section:
    """Attributes that are declared as `Field`; setting or reading another one is an error that names the nearest."""

    _hints: ClassVar[Mapping[str, str]] = {}
    """What to do instead, for names that people look for here."""

    def __init__(self, **values: object) -> None:
        for name, value in values.items():
            setattr(self, name, value)

    @classmethod
    def fields(cls) -> dict[str, Field[Any]]:
        """Give the declared attributes by name."""
        found: dict[str, Field[Any]] = {}
        for base in reversed(cls.__mro__):
            found.update({name: field for name, field in vars(base).items() if isinstance(field, Field)})
        return found

    @classmethod
    def from_dict(cls: type[S], content: object) -> S:  # noqa: PYI019 - typing.Self is Python 3.11's
        """Make a section of what `to_dict` gave, or v1 wrote.

        Parameters
        ----------
        content : dict
            Values by their names in files. Those that are not known are kept, and given back by `to_dict`.

        Returns
        -------
        Section
            A new one.

        Raises
        ------
        ConfigError
            For values of another kind.
        """
        if not isinstance(content, Mapping):
            raise ConfigError(f"{cls.__name__} is made of a mapping, got {show(content)}.", value=content)
        section = cls()
        section._fill(content)
        return section

    def _fill(self, content: Mapping[str, Any]) -> None:
        fields = {field.key: field for field in self.fields().values()}
        for key, value in content.items():
            if key in fields:
                self.__dict__[fields[key].name] = fields[key].read(copy.deepcopy(value))
            else:
                self._unknown()[str(key)] = copy.deepcopy(value)

    def to_dict(self) -> dict[str, Any]:
        """Give the settings by their names in files, as what JSON and YAML can hold.

        Returns
        -------
        dict
            Free of anything that this section goes on using.
        """
        known = {field.key: to_plain(getattr(self, name)) for name, field in self.fields().items()}
        return known | copy.deepcopy(self._unknown())

    def find_misspelt(self, prefix: str = "") -> Iterator[tuple[str, str]]:
        """Give the unknown names that came from a file and look like a known one, each with that one."""
        for key in self._unknown():
            if alike := find_alike(key, [field.key for field in self.fields().values()]):
                yield f"{prefix}{key}", alike
        for name, field in self.fields().items():
            value = getattr(self, name)
            if isinstance(value, Section):
                yield from value.find_misspelt(f"{prefix}{field.key}.")

    def _unknown(self) -> dict[str, Any]:
        unknown: dict[str, Any] = self.__dict__.setdefault("_unknown_values", {})
        return unknown

    if not TYPE_CHECKING:  # else a checker would take any name for one that is there

        def __setattr__(self, name: str, value: object) -> None:
            if not name.startswith("_") and not hasattr(type(self), name):
                raise AttributeError(self._say_absent(name))
            super().__setattr__(name, value)

        def __getattr__(self, name: str) -> object:
            if name.startswith("_"):
                return object.__getattribute__(self, name)  # raises, in Python's own words
            raise AttributeError(self._say_absent(name))

    def _say_absent(self, name: str) -> str:
        what = type(self).__name__
        if name in self._hints:
            return f"{what} has no attribute {name!r}. {self._hints[name]}"
        public = {one: getattr(type(self), one, None) for one in dir(type(self)) if not one.startswith("_")}
        alike = find_alike(name, [one for one in public if one not in vars(Section)])
        settable = [one for one, value in public.items() if isinstance(value, (Field, property))]
        way_out = f"Did you mean {alike!r}?" if alike else f"It has {', '.join(settable)}."
        return f"{what} has no attribute {name!r}. {way_out}"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Section) or type(other) is not type(self):
            return NotImplemented
        return self.to_dict() == other.to_dict()

    __hash__ = None  # type: ignore[assignment]  # it changes

    def __repr__(self) -> str:
        import json

        return json.dumps(self.to_dict(), indent=4, sort_keys=True, ensure_ascii=False, default=str)


def find_alike(name: str, known: list[str]) -> str | None:
    """Give the known name that another one is most likely a slip of, None if there is none."""
    by_folded = {one.replace("_", "").casefold(): one for one in known}
    found = difflib.get_close_matches(name.replace("_", "").casefold(), by_folded, n=1, cutoff=_ALIKE)
    return by_folded[found[0]] if found else None


def to_plain(value: object) -> Any:
    """Give a setting as JSON and YAML can hold it: sections as dicts, the rest copied."""
    if isinstance(value, Mapping):
        return {str(key): to_plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_plain(one) for one in value]
    if hasattr(value, "to_dict") and not isinstance(value, type):
        return value.to_dict()
    if hasattr(value, "as_dict"):
        return value.as_dict()
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    return value


# -- what may be set


def text(value: object, name: str) -> str:
    """Take text that is not empty."""
    if not isinstance(value, str) or not value.strip():
        raise ConfigError(f"{name} must be text, got {show(value)}.", value=value)
    return value


def text_or_none(value: object, name: str) -> str | None:
    """Take text or None."""
    if value is None or isinstance(value, str):
        return value
    raise ConfigError(f"{name} must be text or None, got {show(value)}, {show_type(value)}.", value=value)


def path_or_none(value: object, name: str) -> str | None:
    """Take a path, or None."""
    return text_or_none(os.fspath(value) if isinstance(value, os.PathLike) else value, name)


def flag(value: object, name: str) -> bool:
    """Take True or False; not a text, of which also 'False' would be true."""
    if not isinstance(value, bool):
        raise ConfigError(f"{name} must be True or False, got {show(value)}, {show_type(value)}.", value=value)
    return value


def whole(value: object, name: str) -> int:
    """Take a whole number from 0."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ConfigError(f"{name} must be a whole number from 0, got {show(value)}.", value=value)
    return value


def whole_or_none(value: object, name: str) -> int | None:
    """Take a whole number from 0, or None."""
    return None if value is None else whole(value, name)


def seconds_or_none(value: object, name: str) -> float | None:
    """Take a span of time, or None."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not value > 0:
        raise ConfigError(f"{name} must be a number of seconds above 0, or None, got {show(value)}.", value=value)
    return value


def text_list(value: object, name: str) -> list[str]:
    """Take a list of texts; not one text, which would be a list of letters."""
    if isinstance(value, (str, bytes, Mapping)) or not hasattr(value, "__iter__"):
        way_out = f" Write [{show(value)}]." if isinstance(value, str) else ""
        raise ConfigError(f"{name} must be a list of texts, got {show(value)}.{way_out}", value=value)
    found = list(value)
    for one in found:
        if not isinstance(one, str):
            raise ConfigError(f"{name} must be a list of texts, and holds {show(one)}.", value=value)
    return found


def mapping(value: object, name: str) -> dict[str, Any]:
    """Take a dict; it is kept, not copied, for v1's users fill it afterwards."""
    if not isinstance(value, dict):
        raise ConfigError(f"{name} must be a dict, got {show(value)}, {show_type(value)}.", value=value)
    return value


def anything(value: object, name: str) -> Any:
    """Take any value."""
    del name
    return value


def instance_of(kind: type[T]) -> Callable[[object, str], T]:
    """Give a check that takes instances of a class."""

    def check(value: object, name: str) -> T:
        if not isinstance(value, kind):
            raise ConfigError(
                f"{name} must be of class {kind.__name__}, got {show(value)}, {show_type(value)}.", value=value
            )
        return value

    return check
