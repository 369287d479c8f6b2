"""Leaving secrets out of what is shown."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from aml_widgets.submit.environments.environment_spec import hide_credentials

MASK = "********"

_SECRET_PARTS = ("TOKEN", "KEY", "PASSWORD", "PASSWD", "PASSPHRASE", "PWD", "SECRET", "CREDENTIAL")
_SECRET_WORDS = frozenset({"AUTH", "OAUTH", "AUTHORIZATION", "CONN", "CONNECTION", "SAS"})  # parts of many other words
_SECRET_ENDINGS = (*_SECRET_PARTS, "SECRETS", "CREDENTIALS")
_VARIABLES = "environmentVariables"

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_OPTION = re.compile(r"--.*|-[A-Za-z]", re.DOTALL)
_VALUE = r"(?:\"[^\"]*\"|'[^']*'|\\.|[^\s\"';|&])+"
_IN_COMMAND = re.compile(
    r"(?P<quote>[\"'])(?P<quoted>[-+~]*[\w.\-]+)=(?:(?!(?P=quote)).)*(?P=quote)"  # "--password=a b"
    rf"|(?<![\w.\-])(?P<name>[-+~]*[\w.\-]+)=(?:{_VALUE})"  # --password=X, PASSWORD=X
    rf"|(?<![\w.\-])(?P<option>-[\w.\-]+)(?P<space>\s+)(?!--|-[A-Za-z](?:\s|$))(?:{_VALUE})",  # --password X
    re.DOTALL,
)


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
    shown, start, at = "", 0, 0
    while found := _IN_COMMAND.search(command, at):
        quote, option = found["quote"] or "", found["option"]
        name = found["quoted"] or found["name"] or option
        if not _is_secret_option(name):
            at = max(found.end("quoted"), found.end("name"), found.end("option"))  # its value may have options in it
            continue
        masked = f"{name}{found['space']}{MASK}" if option else f"{quote}{name}={MASK}{quote}"
        shown += command[start : found.start()] + masked
        start = at = found.end()
    return hide_credentials(shown + command[start:])


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
