"""The doctor says which key ring secrets go to, and when that is none."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from aml_widgets.cli.checks import interpreters, key_rings
from aml_widgets.cli.checks.findings import Finding, Level

pytest.importorskip("keyring")

RING = """
from keyring.backend import KeyringBackend

print("hello")

class Ring(KeyringBackend):
    priority = 1
    get_password = set_password = delete_password = None
"""


@pytest.fixture(scope="module")
def here() -> interpreters.Interpreter:
    return interpreters.probe(sys.executable, seconds=60)


def look(here: interpreters.Interpreter, seconds: float = 120) -> Finding:
    (finding,) = key_rings.check(here, seconds=seconds)
    return finding


def test_the_key_ring_that_works_is_named(
    here: interpreters.Interpreter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "our_ring.py").write_text(RING)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "our_ring.Ring")

    finding = look(here)

    assert (finding.level, finding.text, finding.command) == (Level.OK, "our_ring.Ring", None)


@pytest.mark.parametrize("name", ["fail", "null"])
def test_one_that_keeps_nothing_by_a_variable_is_a_warning(
    here: interpreters.Interpreter, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", f"keyring.backends.{name}.Keyring")

    finding = look(here)

    assert finding.level is Level.WARNING
    assert f"(keyring.backends.{name}.Keyring)" in finding.text
    assert "keep and find nothing" in finding.text
    assert finding.command == "unset PYTHON_KEYRING_BACKEND"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the settings lie elsewhere")
@pytest.mark.parametrize(("name", "command"), [("fail", "install keyrings.alt"), ("null", "-m keyring diagnose")])
def test_one_that_keeps_nothing_by_its_settings_is_a_warning(
    here: interpreters.Interpreter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, command: str
) -> None:
    monkeypatch.delenv("PYTHON_KEYRING_BACKEND", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    settings = tmp_path / "python_keyring" / "keyringrc.cfg"
    settings.parent.mkdir()
    settings.write_text(f"[backend]\ndefault-keyring=keyring.backends.{name}.Keyring\n")

    finding = look(here)

    assert finding.level is Level.WARNING
    assert (finding.command or "").endswith(command)


def test_one_that_cannot_be_loaded_or_asked_is_a_warning(
    here: interpreters.Interpreter, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = look(here, seconds=0.001)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "nowhere.Ring")
    wrong = look(here)

    assert late.level is wrong.level is Level.WARNING
    assert "did not answer within" in late.text
    assert "No module named 'nowhere'" in wrong.text
    assert wrong.command == "unset PYTHON_KEYRING_BACKEND"
