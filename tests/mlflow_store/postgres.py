"""A real PostgreSQL for tests: Debian's programs, a cluster in a temporary folder, on a loopback port."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

VARIABLE = "AML_WIDGETS_POSTGRES"
START_SECONDS = 120.0
PROGRAMS = ("initdb", "postgres", "createdb", "pg_isready")
USER = "mlflow"


class PostgresMissing(Exception):
    """No PostgreSQL was found; the message says how to get one."""


def find_programs() -> Path:
    """Find the folder of PostgreSQL's programs: what the variable AML_WIDGETS_POSTGRES names, one on PATH, or Debian's newest."""
    named = os.environ.get(VARIABLE)
    on_path = shutil.which("pg_isready")
    folders = [Path(named)] if named else []
    folders += [Path(on_path).parent] if on_path else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for folder in folders:
        if all((folder / program).exists() for program in PROGRAMS):
            return folder
    raise PostgresMissing(
        f"The test of a team's server needs PostgreSQL, and there is none. Install it (Debian, Ubuntu: apt-get install postgresql) or "
        f"name the folder of its programs in the variable {VARIABLE}."
    )


@contextmanager
def running_postgres() -> Iterator[str]:
    """Have a database as long as it is needed; gives its SQLAlchemy URI."""
    programs = find_programs()
    user = "postgres" if os.geteuid() == 0 else None  # it refuses to be root's
    folder = Path(tempfile.mkdtemp(prefix="aml_widgets_postgres_"))
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    if user is not None:
        shutil.chown(folder, user, user)

    def run(program: str, *arguments: str) -> None:
        command = [str(programs / program), *arguments]
        done = subprocess.run(
            command,
            cwd=folder,
            user=user,
            group=user,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout

    try:
        run(
            "initdb",
            "-D",
            str(folder / "data"),
            "-A",
            "trust",
            "-U",
            USER,
            "-E",
            "UTF8",
            "--no-sync",
            "--no-instructions",
        )
        with (folder / "server.log").open("ab") as log:
            server = subprocess.Popen(
                [
                    str(programs / "postgres"),
                    *("-D", str(folder / "data"), "-k", str(folder), "-h", "127.0.0.1", "-p", str(port)),
                    *("-c", "fsync=off", "-c", "max_connections=60"),
                ],
                cwd=folder,
                user=user,
                group=user,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            _wait_until_ready(programs, port, server, folder / "server.log")
            run("createdb", "-h", "127.0.0.1", "-p", str(port), "-U", USER, USER)
            yield f"postgresql+psycopg://{USER}@127.0.0.1:{port}/{USER}"
        finally:
            server.send_signal(signal.SIGINT)  # connections are ended
            server.wait(60)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait_until_ready(programs: Path, port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    command = [str(programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
    while subprocess.run(command, check=False).returncode != 0:
        assert server.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.1)
