"""Whether JupyterLab finds this package's two halves: the server extension, and the front end."""

from __future__ import annotations

import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from aml_widgets.cli.checks.environments import Server
from aml_widgets.cli.checks.findings import Finding, Level
from aml_widgets.cli.checks.interpreters import Interpreter, find_requirement

AREA = "jupyter"

SERVER_EXTENSION = "aml_widgets.server"
FRONT_END = "aml-widgets"
_REPLY_PATH = "aml-widgets/api/server"

_WIDGET_FRONT_ENDS = {
    "@jupyter-widgets/jupyterlab-manager": "jupyterlab_widgets",
    "bqplot": "bqplot",
    "anywidget": "anywidget",
}
"""What JupyterLab needs to show the live widget, and the packages that bring it."""


def check(server: Server, where: Interpreter) -> Iterator[Finding]:
    """Look at the configuration and the files that a server of this interpreter reads, and at the server itself if it runs."""
    if where.jupyter is None:
        return
    suffix = f" ({server.label})"
    if where.has_package:
        yield _check_server_extension(where, suffix)
    disabled = _find_disabled(where)
    if "jupyterlab" in where.packages or "notebook" in where.packages:
        if where.has_package:
            yield _check_front_end(where, disabled, suffix)
        yield from _check_widget_front_ends(where, disabled, suffix)


def check_running(server: Server, where: Interpreter, *, seconds: float) -> Iterator[Finding]:
    """Ask a running server whether it has loaded the extension: it does so once, when it starts."""
    if server.url is None or not server.url.startswith(("http://", "https://")) or not where.has_package:
        return  # it does not run, or answers on a socket in a folder
    request = urllib.request.Request(server.url.rstrip("/") + "/" + _REPLY_PATH)  # noqa: S310 - from Jupyter's own note
    if server.token:
        request.add_header("Authorization", f"token {server.token}")
    trusting = ssl.create_default_context()
    trusting.check_hostname = False  # this machine's own server, whose certificate may be of its own making
    trusting.verify_mode = ssl.CERT_NONE
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trusting), _NoRedirect()
    )
    check_name = f"run browser ({server.label})"
    try:
        with opener.open(request, timeout=seconds) as response:
            version = str(json.loads(response.read(100_000))["version"])
    except urllib.error.HTTPError as error:
        if error.code == 404:
            yield Finding(
                area=AREA,
                check=check_name,
                level=Level.PROBLEM,
                text=f"{server.url} runs without the extension, which is installed in {where.prefix}. Stop that server and start it "
                "again",
                command=where.command("-m", "jupyterlab"),
            )
        else:
            yield Finding(
                area=AREA,
                check=check_name,
                level=Level.INFO,
                text=f"{server.url} wants a password, and was not asked (HTTP {error.code})",
            )
    except (OSError, ValueError, KeyError) as error:
        reason = getattr(error, "reason", error)
        yield Finding(
            area=AREA,
            check=check_name,
            level=Level.WARNING,
            text=f"{server.url} did not answer within {seconds:g} s: {reason}",
        )
    else:
        installed = where.package_version
        is_same = version == installed
        yield Finding(
            area=AREA,
            check=check_name,
            level=Level.OK if is_same else Level.WARNING,
            text=f"{server.url} answers, version {version}"
            if is_same
            else f"{server.url} runs version {version}, and {installed} is installed. Stop that server and start it again",
            command=None if is_same else where.command("-m", "jupyterlab"),
        )


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Leaves a redirection as it is: to the page that asks for a password, as a rule. It would be given the token."""

    def redirect_request(self, *_: object) -> None:
        """Follow nothing."""
        return


# -- the server extension


def _check_server_extension(where: Interpreter, suffix: str) -> Finding:
    assert where.jupyter is not None
    check_name = f"server extension{suffix}"
    decided: tuple[bool, Path] | None = None
    for folder in reversed(where.jupyter["config_path"]):  # the first folder has the last word
        # In a folder, the file of this name has the last word, too.
        files = [
            *sorted(Path(folder).glob("jupyter_server_config.d/*.json")),
            Path(folder, "jupyter_server_config.json"),
        ]
        for file in files:
            enabled = _dig(_read(file), "ServerApp", "jpserver_extensions", SERVER_EXTENSION)
            if isinstance(enabled, bool):
                decided = (enabled, file)
    if decided is None:
        return Finding(
            area=AREA,
            check=check_name,
            level=Level.PROBLEM,
            text=f"no configuration in {', '.join(where.jupyter['config_path'])} enables {SERVER_EXTENSION}: the run browser's server side "
            "is not loaded",
            command=where.install(
                "--force-reinstall", "--no-deps", find_requirement(where.packages.get("aml-widgets"))
            ),
        )
    is_enabled, file = decided
    if is_enabled:
        return Finding(area=AREA, check=check_name, level=Level.OK, text=f"enabled by {file}")
    if file.parent.name != "jupyter_server_config.d" or file.name > f"{SERVER_EXTENSION}.json":
        # Jupyter's own command writes a file that this one has the last word over.
        return Finding(
            area=AREA,
            check=check_name,
            level=Level.PROBLEM,
            text=f"disabled by {file}: there is no run browser. Set {SERVER_EXTENSION} to true in that file, or take it out of it",
        )
    return Finding(
        area=AREA,
        check=check_name,
        level=Level.PROBLEM,
        text=f"disabled by {file}: there is no run browser",
        command=where.command(
            "-m",
            "jupyter_server.extension.serverextension",
            "enable",
            f"--{_level_of(file.parent.parent, where).replace('_', '-')}",
            SERVER_EXTENSION,
        ),
    )


# -- the front end


def _check_front_end(where: Interpreter, disabled: dict[str, Path], suffix: str) -> Finding:
    assert where.jupyter is not None
    check_name = f"front end{suffix}"
    found = _find_front_end(where, FRONT_END)
    reinstall = where.install("--force-reinstall", "--no-deps", find_requirement(where.packages.get("aml-widgets")))
    if found is None:
        return Finding(
            area=AREA,
            check=check_name,
            level=Level.PROBLEM,
            text=f"labextensions/{FRONT_END} is in none of {', '.join(where.jupyter['data_path'])}: JupyterLab shows no run browser",
            command=reinstall,
        )
    file, version = found
    if FRONT_END in disabled:
        return _tell_disabled(where, FRONT_END, disabled[FRONT_END], check_name, "JupyterLab shows no run browser")
    if version != where.package_version:
        return Finding(
            area=AREA,
            check=check_name,
            level=Level.PROBLEM,
            text=f"{file} is of version {version}, and the package is {where.package_version}",
            command=reinstall,
        )
    return Finding(area=AREA, check=check_name, level=Level.OK, text=f"version {version}, {file.parent}")


def _check_widget_front_ends(where: Interpreter, disabled: dict[str, Path], suffix: str) -> Iterator[Finding]:
    check_name = f"widgets{suffix}"
    missing = [name for name in _WIDGET_FRONT_ENDS if _find_front_end(where, name) is None]
    for name in _WIDGET_FRONT_ENDS:
        if name in disabled:
            yield _tell_disabled(where, name, disabled[name], check_name, "cells show no live widget")
    if missing:
        yield Finding(
            area=AREA,
            check=check_name,
            level=Level.PROBLEM,
            text=f"JupyterLab in {where.prefix} has no front end for {', '.join(missing)}: cells show no live widget",
            command=where.install("--force-reinstall", *(_WIDGET_FRONT_ENDS[name] for name in missing)),
        )
    elif not any(name in disabled for name in _WIDGET_FRONT_ENDS):
        yield Finding(
            area=AREA, check=check_name, level=Level.OK, text="front ends of ipywidgets, bqplot and anywidget are there"
        )


def _tell_disabled(where: Interpreter, name: str, file: Path, check_name: str, effect: str) -> Finding:
    level = _level_of(file.parent.parent, where)
    return Finding(
        area=AREA,
        check=check_name,
        level=Level.PROBLEM,
        text=f"{name} is disabled by {file}: {effect}",
        command=where.command("-m", "jupyterlab.labextensions", "enable", name, f"--level={level}"),
    )


def _find_front_end(where: Interpreter, name: str) -> tuple[Path, str] | None:
    """Give the first package.json of that name on Jupyter's path, and its version."""
    assert where.jupyter is not None
    for folder in where.jupyter["data_path"]:
        file = Path(folder, "labextensions", name, "package.json")
        if file.is_file():
            return file, str(_read(file).get("version", "an unknown one"))
    return None


def _find_disabled(where: Interpreter) -> dict[str, Path]:
    """Give the extensions that are disabled, and the file that says so."""
    assert where.jupyter is not None
    disabled: dict[str, Path] = {}
    for folder in reversed(where.jupyter["config_path"]):
        file = Path(folder, "labconfig", "page_config.json")
        said = _read(file).get("disabledExtensions", {})
        entries = dict.fromkeys(map(str, said), True) if isinstance(said, list) else said
        for name, is_disabled in entries.items() if isinstance(entries, dict) else ():
            if is_disabled:
                disabled[name] = file
            else:
                disabled.pop(name, None)
    return disabled


def _level_of(folder: Path, where: Interpreter) -> str:
    """Give Jupyter's word for whose configuration a folder holds."""
    assert where.jupyter is not None
    if folder == Path(where.jupyter["config_folder"]):
        return "user"
    return "sys_prefix" if folder == Path(where.prefix, "etc", "jupyter") else "system"


def _read(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # not there, or nothing that Jupyter could read
        return {}
    return content if isinstance(content, dict) else {}


def _dig(content: object, *keys: str) -> object:
    for key in keys:
        content = content.get(key) if isinstance(content, dict) else None
    return content
