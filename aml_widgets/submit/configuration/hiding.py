"""Leaving secrets out of what is shown."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from aml_widgets.submit.environments.environment_spec import hide_credentials

MASK = "********"

_SECRET_PARTS = ("TOKEN", "KEY", "PASSWORD", "PASSWD", "PASSPHRASE", "PWD", "SECRET", "CREDENTIAL")
_SECRET_WORDS = frozenset({"AUTH", "OAUTH", "AUTHORIZATION", "CONN", "CONNECTION", "SAS"})  # parts of many other words
_SECRET_ENDINGS = (*_SECRET_PARTS, "SECRETS", "CREDENTIALS")
_VARIABLES = "environmentVariables"

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_OPTION = re.compile(r"--.*|-[A-Za-z]", re.DOTALL)
# None of these has more than one way to match a text, and the value of an option is looked for only where its name is secret: the time
# that a command line takes grows with its length.
_NAME = re.compile(r"[\w.\-]+")
_VALUE = re.compile(r"(?:\"[^\"]*\"|'[^']*'|\\.|[^\s\"';|&])+", re.DOTALL)
_SPACE_BEFORE_VALUE = re.compile(r"\s+(?!--|-[A-Za-z](?:\s|$))")  # what follows is not the next option


def looks_secret(name: str) -> bool:
    """Whether the value of something of this name is probably to be kept to oneself."""
    return any(part in name.upper() for part in _SECRET_PARTS) or not _SECRET_WORDS.isdisjoint(_to_words(name))


def hide_secrets(content: Mapping[str, Any]) -> dict[str, Any]:
    """Give a definition without secrets: values of environment variables and of options that are named like one, passwords, and
    credentials in addresses. The rest stays as it is.
    """
    return {key: _hide(key, value) for key, value in content.items()}


def hide_in_arguments(arguments: Sequence[Any]) -> list[Any]:
    """Give the arguments of a program without the values of options that look secret, and without credentials in addresses."""
    shown: list[Any] = []
    is_value = False  # of an option that looks secret
    for argument in arguments:
        if not isinstance(argument, str):
            shown.append(MASK if is_value else argument)
            is_value = False
            continue
        is_option = _OPTION.fullmatch(argument) is not None or (argument.startswith("-") and not is_value)
        name, equals, _ = argument.partition("=")
        if is_value and not is_option:
            shown.append(MASK)
        elif equals and _is_secret_option(name):
            shown.append(f"{name}={MASK}")
        else:
            shown.append(hide_credentials(argument))
        is_value = is_option and not equals and _is_secret_option(name)
    return shown


def hide_in_command(command: str) -> str:
    """Give a command line without the values of options and variables that look secret, and without credentials in addresses."""
    shown: list[str] = []
    start = at = 0  # of what is not shown yet; of what is not looked at yet
    while name := _NAME.search(command, at):
        at = name.end()  # its value may have options in it
        value = _find_value(command, name, start) if _is_secret_option(name[0]) else None
        if value is not None:
            shown += (command[start : value.begin], MASK, value.closing)
            start = at = value.end
    return hide_credentials("".join((*shown, command[start:])))


class _Value(NamedTuple):
    """Where the value of an option begins and ends; it ends behind the quotation mark that closes the option."""

    begin: int
    end: int
    closing: str = ""


def _find_value(command: str, name: re.Match[str], start: int) -> _Value | None:
    """Find the value of an option or variable, None where it has none. What is before `start` does not count."""
    if command[name.end() : name.end() + 1] == "=":
        begin = name.end() + 1
        before = name.start() - 1
        while before >= start and command[before] in "-+~":
            before -= 1
        if before >= start and command[before] in "\"'":
            end = command.find(command[before], begin)
            if end >= 0:  # "--password=a b"
                return _Value(begin, end + 1, command[before])
        value = _VALUE.match(command, begin)  # --password=X, PASSWORD=X
    else:
        is_option = len(name[0]) > 1 and name[0].startswith("-")
        space = _SPACE_BEFORE_VALUE.match(command, name.end()) if is_option else None
        value = space and _VALUE.match(command, space.end())  # --password X
    return value and _Value(*value.span())


def _is_secret_option(name: str) -> bool:
    """Whether an option looks secret. Whole words tell, since ``--tokenizer`` and ``--max-tokens`` belong to many scripts."""
    return any(word in _SECRET_WORDS or word.endswith(_SECRET_ENDINGS) for word in _to_words(name))


def _to_words(name: str) -> list[str]:
    return [word.upper() for word in _WORDS.findall(name)]


def _hide(key: str, value: Any) -> Any:
    if key == _VARIABLES and isinstance(value, Mapping):
        return {name: MASK if looks_secret(name) else _hide("", one) for name, one in value.items()}
    if key == "password" and value is not None:
        return MASK
    if isinstance(value, Mapping):
        return hide_secrets(value)
    if key in {"arguments", "command"} and isinstance(value, str):
        return hide_in_command(value)
    if key in {"arguments", "command"} and isinstance(value, list | tuple):
        return hide_in_arguments(value)
    if isinstance(value, list):
        return [_hide("", one) for one in value]
    return hide_credentials(value) if isinstance(value, str) else value
