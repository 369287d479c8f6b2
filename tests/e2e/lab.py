"""A real JupyterLab server and a notebook open in a real browser, as a test handles them."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast
from urllib.parse import quote, urlencode, urlsplit

import nbformat
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import TimeoutError as BrowserTimeoutError

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

CHROMIUM_VARIABLE = "AML_WIDGETS_CHROMIUM"
SCREENSHOTS_VARIABLE = "AML_WIDGETS_SCREENSHOTS"
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
START_SECONDS = 90.0
WAIT_MS = 60_000
CLOSE_VIEWS = """from aml_widgets.widgets.run_view import _views_of_cells
for _, views in [*_views_of_cells.values()]:
    for view in [*views]:
        view.close()
_views_of_cells.clear()"""

# Written as the user's settings of the isolated server, so that nothing covers the notebook.
SETTINGS: dict[str, dict[str, object]] = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "apputils-extension/themes": {"theme": "JupyterLab Light", "adaptive-theme": False},
    "docmanager-extension/plugin": {"autosave": False},
    "notebook-extension/tracker": {"autoStartDefaultKernel": True},
}


class BrowserMissing(Exception):
    """No Chromium was found; the message names the variable that names one."""


def find_chromium() -> str:
    """Find the browser that the tests drive.

    Returns
    -------
    str
        Path of the program: what the variable AML_WIDGETS_CHROMIUM says, else the first of the usual names on PATH.

    Raises
    ------
    BrowserMissing
        If there is none.
    """
    named = os.environ.get(CHROMIUM_VARIABLE)
    if named:
        found = shutil.which(named)
        if found is None:
            raise BrowserMissing(f"{CHROMIUM_VARIABLE} is {named!r}, which is no program that can be run.")
        return found
    for name in CHROMIUM_NAMES:
        found = shutil.which(name)
        if found is not None:
            return found
    raise BrowserMissing(
        f"The browser tests need Chromium, and none of {', '.join(CHROMIUM_NAMES)} is on PATH. "
        f"Install it (Debian, Ubuntu: apt-get install chromium) or name one in the variable {CHROMIUM_VARIABLE}."
    )


@dataclass(frozen=True, kw_only=True)
class LabServer:
    """A running JupyterLab of our own: settings, data, kernels and workspaces of nobody else."""

    url: str  # ends with a slash
    token: str
    root: Path  # the folder that the file browser shows
    home: Path  # AML_WIDGETS_HOME of its kernels
    log_path: Path
    process: subprocess.Popen[bytes]
    command: tuple[str, ...]
    environment: Mapping[str, str]

    @property
    def port(self) -> int:
        """Where it listens, on 127.0.0.1."""
        port = urlsplit(self.url).port
        assert port is not None
        return port

    def notebook_url(self, path: str) -> str:
        """Address of a notebook below `root`, in a layout of its own with nothing restored from earlier ones."""
        return f"{self.url}lab/workspaces/{uuid.uuid4().hex}/tree/{quote(path)}?reset&token={self.token}"

    def page_url(self, path: str = "lab", **parameters: str) -> str:
        """Address of a page of this server, as a link that somebody was given, for a browser that has not logged in yet."""
        return f"{self.url}{path}?{urlencode({**parameters, 'token': self.token})}"

    def fresh_url(self, **parameters: str) -> str:
        """Address of JupyterLab in a layout of its own with nothing restored from earlier ones."""
        return f"{self.page_url(f'lab/workspaces/{uuid.uuid4().hex}', **parameters)}&reset"

    def write_notebook(self, cells: Sequence[str], *, name: str | None = None) -> str:
        """Write a notebook with one code cell for each source; return its path below `root`.

        Each notebook gets a folder of its own, so that what a run does to its folder stays there.
        """
        notebook = new_notebook(cells=[new_code_cell(source) for source in cells])
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        path = Path(uuid.uuid4().hex[:8]) / (name or "notebook.ipynb")
        (self.root / path).parent.mkdir(parents=True)
        nbformat.write(notebook, self.root / path)
        return path.as_posix()

    def copy_notebook(self, source: Path) -> str:
        """Copy a notebook from elsewhere into a folder of its own; return its path below `root`."""
        path = Path(uuid.uuid4().hex[:8]) / source.name
        (self.root / path).parent.mkdir(parents=True)
        shutil.copyfile(source, self.root / path)
        return path.as_posix()

    @contextmanager
    def setting(self, plugin: str, values: dict[str, object]) -> Iterator[None]:
        """Set what a user can set in JupyterLab, for the pages that are loaded while it lasts."""
        target = _settings_file(self.root.parent / "settings", plugin)
        before = target.read_text(encoding="utf-8") if target.exists() else "{}"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(json.dumps(values), encoding="utf-8")
        try:
            yield
        finally:
            target.write_text(before, encoding="utf-8")

    def start_again(self) -> LabServer:
        """Start a server that was stopped, at the address and with all that it had, its kernels excepted."""
        process, _ = _start_server(self.command, self.environment, self.root, self.log_path)
        return replace(self, process=process)

    def stop(self) -> None:
        """End the server, and with it its kernels."""
        self.process.terminate()
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def _settings_file(settings: Path, plugin: str) -> Path:
    package = plugin if plugin.startswith("aml-widgets/") else f"@jupyterlab/{plugin}"
    return settings / f"{package}.jupyterlab-settings"


def start_lab(
    folder: Path,
    *,
    base_url: str = "/",
    options: Sequence[str] = (),
    python: str = sys.executable,
    variables: Mapping[str, str] | None = None,
    port: int | None = None,
) -> LabServer:
    """Start JupyterLab on 127.0.0.1, everything it reads and writes below `folder`.

    `options` go to the server, `python` is the interpreter of its environment, `variables` are set for it, and it listens at
    `port`, or at one that is free.
    """
    root, home, runtime, settings = (folder / name for name in ("root", "home", "runtime", "settings"))
    for path in (root, home, runtime, settings):
        path.mkdir(parents=True)
    for plugin, values in SETTINGS.items():
        target = _settings_file(settings, plugin)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(json.dumps(values), encoding="utf-8")
    token = secrets.token_hex(16)
    environment = {
        **os.environ,
        "AML_WIDGETS_HOME": str(home),
        "IPYTHONDIR": str(folder / "ipython"),
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_DATA_DIR": str(folder / "data"),
        "JUPYTER_RUNTIME_DIR": str(runtime),
        "JUPYTERLAB_SETTINGS_DIR": str(settings),
        "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
        **(variables or {}),
    }
    command = [
        python,
        *("-m", "jupyterlab", "--no-browser", "--allow-root", "--expose-app-in-browser"),
        "--ServerApp.ip=127.0.0.1",
        # Else the first one tried: the server takes a free one near it and writes down which.
        f"--ServerApp.port={port or 18800}",
        f"--ServerApp.port_retries={0 if port else 100}",
        f"--IdentityProvider.token={token}",
        f"--ServerApp.root_dir={root}",
        f"--ServerApp.base_url={base_url}",
        "--LabApp.news_url=None",
        *options,
    ]
    log_path = folder / "server.log"
    process, url = _start_server(command, environment, root, log_path)
    return LabServer(
        url=url,
        token=token,
        root=root,
        home=home,
        log_path=log_path,
        process=process,
        command=tuple(command),
        environment=environment,
    )


def find_free_port() -> int:
    """Find a port for a server that is to come back to it: none that other servers here look at, nor clients are given."""
    while True:
        port = 20_000 + secrets.randbelow(10_000)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port


def _start_server(
    command: Sequence[str], environment: Mapping[str, str], root: Path, log_path: Path
) -> tuple[subprocess.Popen[bytes], str]:
    with log_path.open("ab") as log:
        process = subprocess.Popen(command, cwd=root, env=environment, stdout=log, stderr=subprocess.STDOUT)
    runtime = Path(environment["JUPYTER_RUNTIME_DIR"])
    return process, _wait_for_url(process, runtime / f"jpserver-{process.pid}.json", log_path)


def _wait_for_url(process: subprocess.Popen[bytes], info_path: Path, log_path: Path) -> str:
    """Read the address from the file that a Jupyter server writes when it listens."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if info_path.exists():
            text = info_path.read_text(encoding="utf-8")
            if text.rstrip().endswith("}"):  # else it is still being written
                return str(json.loads(text)["url"])
        if process.poll() is not None:
            break
        time.sleep(0.05)
    process.kill()
    process.wait()
    log = log_path.read_text(encoding="utf-8", errors="replace")
    raise RuntimeError(f"JupyterLab did not start within {START_SECONDS:.0f} s. Its log:\n{log[-4000:]}")


def take_screenshot(page: Page, name: str, *, of: Locator | None = None) -> Path | None:
    """Take a picture of any page, or of a part of it, into the folder that AML_WIDGETS_SCREENSHOTS names."""
    folder = os.environ.get(SCREENSHOTS_VARIABLE)
    if not folder:
        return None
    target = Path(folder) / f"{name}.png"
    target.parent.mkdir(parents=True, exist_ok=True)
    if of is None:
        page.screenshot(path=target)
    else:
        of.screenshot(path=target)
    return target


@dataclass
class NotebookPage:
    """One notebook, open in the browser. Cells are counted from 0, all kinds of cells together."""

    page: Page
    path: str
    page_errors: list[str] = field(default_factory=list)
    comm_messages: list[dict[str, Any]] = field(default_factory=list)

    def note_page_error(self, error: object) -> None:
        """Keep an exception that nobody caught in the page."""
        # JupyterLab's own, for each request under way when a kernel is restarted or ended; nothing is wrong then.
        if "Canceled future for " not in str(error):
            self.page_errors.append(str(error))

    @property
    def cells(self) -> Locator:
        """All cells, top to bottom."""
        return self.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Notebook .jp-Cell")

    def output(self, cell: int) -> Locator:
        """The output area of a cell."""
        return self.cells.nth(cell).locator(".jp-Cell-outputArea")

    def wait_until_open(self) -> None:
        """Wait until the cells are there and the kernel has answered for the first time."""
        self.page.wait_for_function(
            """(path) => {
                const panel = window.jupyterapp?.shell?.currentWidget;
                if (panel?.context?.path !== path || !panel.content?.widgets?.length) { return false; }
                window.amlNotebook = panel;
                window.amlCommands ??= 0;
                return panel.context.isReady && panel.sessionContext.session?.kernel?.status === 'idle';
            }""",
            arg=self.path,
            timeout=WAIT_MS,
        )

    def run_all(self, *, wait: bool = True, timeout_ms: int = WAIT_MS) -> None:
        """Run every cell, as the menu does."""
        self._command("notebook:run-all-cells")
        if wait:
            self.wait_for_idle(timeout_ms=timeout_ms)

    def run_cell(self, cell: int, *, wait: bool = True, timeout_ms: int = WAIT_MS) -> None:
        """Run one cell, as Shift+Enter does."""
        self._command("notebook:run-cell-and-select-next", cell=cell)
        if wait:
            self.wait_for_idle(timeout_ms=timeout_ms)

    def run_next(self, *, wait: bool = True, timeout_ms: int = WAIT_MS) -> None:
        """Run the active cell and go to the next (the first one is active when a notebook is opened)."""
        self._command("notebook:run-cell-and-select-next")
        if wait:
            self.wait_for_idle(timeout_ms=timeout_ms)

    def wait_for_idle(self, *, timeout_ms: int = WAIT_MS) -> None:
        """Wait until no cell runs or waits to run, and the kernel says that it is idle."""
        self.page.wait_for_function(
            """() => {
                const panel = window.amlNotebook;
                const isBusy = (cell) => cell.model.type === 'code' && cell.model.executionState === 'running';
                const kernel = panel.sessionContext.session?.kernel;
                return window.amlCommands === 0 && kernel?.status === 'idle' && !panel.content.widgets.some(isBusy);
            }""",
            timeout=timeout_ms,
        )

    def is_running(self, cell: int) -> bool:
        """Whether the cell is running or waits to run."""
        state = self.page.evaluate("(cell) => window.amlNotebook.content.widgets[cell].model.executionState", cell)
        return bool(state == "running")

    def output_text(self, cell: int) -> str:
        """Give what the cell shows, as text."""
        return self.output(cell).inner_text()

    def errors(self) -> list[str]:
        """Give the exceptions in the outputs of all cells, each as ``name: value``."""
        found = self.page.evaluate(
            """() => window.amlNotebook.content.widgets.flatMap((cell) =>
                (cell.model.sharedModel.getOutputs?.() ?? [])
                    .filter((output) => output.output_type === 'error')
                    .map((output) => `${output.ename}: ${output.evalue}`))"""
        )
        return cast("list[str]", found)

    def save(self) -> None:
        """Save the notebook with its outputs."""
        self._command("docmanager:save")
        self.page.wait_for_function("() => window.amlCommands === 0 && !window.amlNotebook.context.model.dirty")

    def reload(self) -> None:
        """Load the page anew; the kernel lives on."""
        self.page.reload()
        self.wait_until_open()

    def restart_kernel(self) -> None:
        """Give the notebook a fresh kernel."""
        self.page.evaluate("async () => { await window.amlNotebook.sessionContext.session.kernel.restart(); }")
        try:
            self.wait_for_idle(timeout_ms=WAIT_MS // 3)
        except (
            BrowserTimeoutError
        ):  # on a busy machine JupyterLab may miss that the new kernel is there: it has a command for that
            self.page.evaluate("async () => { await window.amlNotebook.sessionContext.session.kernel.reconnect(); }")
            self.wait_for_idle()

    def set_theme(self, theme: Literal["Light", "Dark", "Dark High Contrast"]) -> None:
        """Change the theme of JupyterLab for this page and those that follow on this server."""
        name = f"JupyterLab {theme}"
        self.page.evaluate(
            "async (theme) => { await window.jupyterapp.commands.execute('apputils:change-theme', { theme }); }", name
        )
        # JupyterLab covers the page while it changes; only then is there something to see.
        self.page.wait_for_function(
            "(name) => document.body.dataset.jpThemeName === name && !document.getElementById('jupyterlab-splash')",
            arg=name,
        )

    def watch_comm_messages(self) -> None:
        """From now on collect the widget messages that the kernel sends, in `comm_messages`."""
        if not self._is_exposed():
            # A lambda, because Playwright wants to set an attribute on the function it is given.
            self.page.expose_function("amlKeepMessage", lambda message: self.comm_messages.append(message))
        self.page.evaluate(
            """() => {
                window.amlNotebook.sessionContext.iopubMessage.connect((_, message) => {
                    if (message.header.msg_type.startsWith('comm_')) {
                        const data = message.content.data ?? {};
                        const what = JSON.stringify(data.content ?? Object.keys(data.state ?? {}));
                        window.amlKeepMessage({ type: message.header.msg_type, at: Date.now(), what });
                    }
                });
            }"""
        )

    @contextmanager
    def fresh(self) -> Iterator[NotebookPage]:
        """Give the notebook to one of the tests that share it: wide, in the light theme, and in the end without views."""
        self.page.set_viewport_size({"width": 1280, "height": 1000})
        try:
            yield self
        finally:
            if self.page.evaluate("() => document.body.dataset.jpThemeName") != "JupyterLab Light":
                self.set_theme("Light")
            self.show_sidebar()
            self.run_source(CLOSE_VIEWS, 0)
            self._command("notebook:clear-all-cell-outputs")
        assert self.errors() == []
        assert self.page_errors == []

    def run_source(self, source: str, cell: int, *, wait: bool = True) -> None:
        """Put a source into a cell and run it."""
        self.page.evaluate(
            "([cell, source]) => { window.amlNotebook.content.widgets[cell].model.sharedModel.setSource(source); }",
            [cell, source],
        )
        self.run_cell(cell, wait=wait)

    def hide_sidebar(self) -> None:
        """Give the whole width to the notebook."""
        self.page.evaluate("() => { window.jupyterapp.shell.collapseLeft(); }")

    def wait_until_fits(self, view: Locator) -> None:
        """Wait until nothing of a view is wider than the view, as it is once all its charts have the width of the page."""
        element = view.element_handle()
        try:
            self.page.wait_for_function("(view) => view.scrollWidth <= view.clientWidth", arg=element, timeout=20_000)
        except BrowserTimeoutError as error:
            wide = element.evaluate(
                """(view) => [...view.querySelectorAll('*')]
                    .filter((one) => one.getBoundingClientRect().right > view.getBoundingClientRect().right + 1)
                    .map((one) => `${one.tagName} ${one.getAttribute('class')}`)"""
            )
            raise AssertionError(f"Wider than the view are {wide}.") from error

    def show_sidebar(self) -> None:
        """Show the sidebar again."""
        self.page.evaluate("() => { window.jupyterapp.shell.expandLeft(); }")

    def unasked_messages(self) -> list[dict[str, Any]]:
        """Give the messages since `watch_comm_messages` that answer nothing that the page asked, such as what is in sight."""
        answers = ('"done"', '"heard"')
        return [message for message in self.comm_messages if not any(mark in message["what"] for mark in answers)]

    def screenshot(self, name: str, *, of: Locator | None = None) -> Path | None:
        """Take a picture of the page, or of a part of it.

        It goes into the folder that AML_WIDGETS_SCREENSHOTS names; without one, none is taken.
        """
        return take_screenshot(self.page, name, of=of)

    def close(self) -> None:
        """End the kernel and go back to the light theme, for the tests that follow."""
        self.page.evaluate(
            """async () => {
                if (document.body.dataset.jpThemeName !== 'JupyterLab Light') {
                    await window.jupyterapp.commands.execute('apputils:change-theme', { theme: 'JupyterLab Light' });
                }
                await window.amlNotebook.sessionContext.shutdown();
            }"""
        )

    def _is_exposed(self) -> bool:
        return bool(self.page.evaluate("() => typeof window.amlKeepMessage === 'function'"))

    def _command(self, command: str, *, cell: int | None = None) -> None:
        """Start a command of JupyterLab on this notebook, or on one of its cells, without waiting for its end."""
        self.page.evaluate(
            """([command, cell]) => {
                window.jupyterapp.shell.activateById(window.amlNotebook.id);
                window.amlCommands += 1;
                const done = () => { window.amlCommands -= 1; };
                // Only now: what gets the focus in the output of another cell makes that one the active one.
                if (cell !== null) { window.amlNotebook.content.activeCellIndex = cell; }
                window.jupyterapp.commands.execute(command).then(done, done);
            }""",
            [command, cell],
        )
