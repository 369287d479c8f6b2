"""Which addresses of tracking servers are taken, and that one server has one spelling."""

from __future__ import annotations

from pathlib import Path

import pytest

from aml_widgets.cli.main import main
from aml_widgets.core.errors import AmlWidgetsError, UserError
from aml_widgets.store import registry, uri
from aml_widgets.store.addresses import check_address, hide_secrets, one_spelling
from aml_widgets.store.mlflow.files import server_key
from aml_widgets.tracking.workspace import Workspace


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    monkeypatch.setenv("AML_WIDGETS_HOME", str(folder))
    monkeypatch.chdir(tmp_path)
    return folder


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("http://HOST:5000/", "http://host:5000"),
        ("HTTPS://Team.Example:443//", "https://team.example"),
        ("http://host:80/mlflow/", "http://host/mlflow"),
        ("http://host:8080", "http://host:8080"),
        ("http://host:443", "http://host:443"),
        ("https://host/Team/Runs", "https://host/Team/Runs"),
        ("http://[FE80::80]:80/", "http://[fe80::80]"),
        ("http://[fe80::80]", "http://[fe80::80]"),
        ("http://127.0.0.1:5000", "http://127.0.0.1:5000"),
        ("  http://Host:5000/ ", "http://host:5000"),
        ("\tdatabricks\n", "databricks"),
        (" sqlite:///mlflow.db ", "sqlite:///mlflow.db"),
        ("databricks://Profile", "databricks://Profile"),
        ("databricks", "databricks"),
        ("sqlite:////Abs/mlflow.db", "sqlite:////Abs/mlflow.db"),
    ],
)
def test_a_server_has_one_spelling(address: str, expected: str) -> None:
    assert check_address(address) == one_spelling(address) == one_spelling(expected) == expected
    assert uri.workspace_key(address) == uri.workspace_key(expected)
    assert server_key(address) == server_key(expected)


def test_two_names_of_one_machine_stay_two_servers() -> None:
    assert one_spelling("http://localhost:5000") != one_spelling("http://127.0.0.1:5000")


def test_a_server_that_is_opened_in_two_spellings_is_remembered_once() -> None:
    for address in ("http://Host:80/", "http://host", "http://host/"):
        registry.note_opened_server(address)

    assert registry.list_opened_servers() == ["http://host"]


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://me:secret@host:5000/x", "https://host:5000/x"),
        ("http://host:5000/?token=secret", "http://host:5000/"),
        ("http://host:5000/#/experiments/1", "http://host:5000/"),
        ("host:5000/?token=secret", "host:5000/"),
        ("http://[secret", "http://…"),
        ("me:secret@host:5000", "host:5000"),
        (" secret@host:5000/mlflow ", "host:5000/mlflow"),
        ("me:se?cret@host:5000", "…"),
        ("http://me:sec/ret@host", "http://…"),
        ("https://me:se?cret@host", "https://…"),
        ("https://host/@team", "https://host/@team"),
        ("./me@host:5000", "./me@host:5000"),
        ("dbfs:/Users/me@host/x", "dbfs:/Users/me@host/x"),
        ("./runs", "./runs"),
        ("sqlite:///mlflow.db", "sqlite:///mlflow.db"),
    ],
)
def test_what_is_shown_of_an_address_has_no_secret(address: str, shown: str) -> None:
    assert hide_secrets(address) == shown


@pytest.mark.parametrize(
    "address",
    [
        "http://host:5000/?token=secret",
        "http://host:5000?token=secret",
        "HTTPS://host/mlflow?secret",
        "http://host:5000/#secret",
        "https://me:secret@host:5000",
        "https://secret@host?token=secret",
        "http://[secret",
        "host:5000/?token=secret",
        "host:5000?token=secret",
        "http:/host/?token=secret",
        "http:/me:secret@host",
        "http//me:sec/secret@host?token=secret",
        "http://me:sec/secret@host",
        "uc:/me:secret@host",
        "http:/me:secret\n@host",
        "ftp://me:secret@host/?token=secret",
        "ftp://me:sec/secret@host",
        "http://me:secret?@host:5000",
        "me:secret@host:5000",
        " me:secret@HOST:5000/mlflow ",
        "secret@host:5000",
        "me:secret@host",
        "me@team.example:secret@host:5000",
        "me:p@secret@host:5000",
        "me:sec/secret@host:5000",
        "me:secret?x@host:5000",
        "m:sec\\secret@host:5000",
        "me:secret@[::1]:5000",
        "me:secret\n@host:5000",
        "host:5000/?token=a@secret",
    ],
)
def test_an_address_with_a_secret_is_refused_and_not_repeated(
    address: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], home: Path
) -> None:
    with pytest.raises(AmlWidgetsError) as caught:
        Workspace.open(address)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    if uri.is_tracking_uri(address):
        with pytest.raises(UserError) as from_environment:
            Workspace.from_config()
        assert "secret" not in str(from_environment.value)
    status = main(["import", "--from", address])

    assert "secret" not in f"{caught.value!s} {caught.value!r} {caught.value.value}"
    shown = capsys.readouterr()
    assert (status, "secret" in shown.out + shown.err) == (2, False), shown
    assert not (home / ".opened_servers").exists()


@pytest.mark.parametrize(
    ("location", "shown", "rule"),
    [
        ("http//127.0.0.1:5601", "http//127.0.0.1:5601", "begins with http:// or https://"),
        ("https//host", "https//host", "begins with http:// or https://"),
        ("http//" + "h" * 300, "http//hhh", "begins with http:// or https://"),
        ("http:", "http:", "begins with http:// or https://"),
        (" 127.0.0.1:5601 ", "'127.0.0.1:5601'", "begins with http:// or https://"),
        ("[::1]:5601", "'[::1]:5601'", "begins with http:// or https://"),
        ("me:pw@host:5601", "'host:5601'", "begins with http:// or https://"),
        ("me:pw@host:5601", "'host:5601'", "begin with ./ for a folder"),
        ("uc:/x", "'uc:/x'", "./uc:/x for a folder"),
        ("sqlite:/runs", "'sqlite:/runs'", "sqlite:/// with a folder"),
        ("uc:/" + "x" * 5000, "uc:/xxx", "sqlite:/// with a folder"),
        ("sqlite:///", "'sqlite:///'", "names no folder and no file"),
        (" sqlite:/// ", "'sqlite:///'", "names no folder and no file"),
        ("http://127.0.0.1:", "'http://127.0.0.1:'", "a number from 1 to 65535"),
        ("http://[::1]:", "'http://[::1]:'", "a number from 1 to 65535"),
        ("http://h:99999", "'http://h:99999'", "a number from 1 to 65535"),
        ("https://h:0/mlflow", "'https://h:0/mlflow'", "a number from 1 to 65535"),
        ("http://h:abc", "'http://h:abc'", "a number from 1 to 65535"),
        ("http:///mlflow", "'http:///mlflow'", "names no host"),
        ("http://", "'http://'", "names no host. Write it as http://host:5000"),
        (" HTTPS:// ", "'HTTPS://'", "names no host. Write it as https://host:5000"),
        ("http://?token=x", "'http:", "names no host"),
    ],
)
def test_a_mistyped_address_makes_no_folder(location: str, shown: str, rule: str, tmp_path: Path, home: Path) -> None:
    with pytest.raises(UserError) as caught:
        Workspace.open(location)

    assert shown in str(caught.value)
    assert rule in str(caught.value)
    assert [one for one in tmp_path.iterdir() if one != home] == []


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("./http", "http"),
        ("http", "http"),
        ("http/x", "http/x"),
        ("./http//x", "http/x"),
        ("./uc:/x", "uc:/x"),
        ("a/b:c", "a/b:c"),
        ("night run:/x", "night run:/x"),
        ("./me@host", "me@host"),
        ("./me:pw@host:5000", "me:pw@host:5000"),
        ("runs@home", "runs@home"),
        ("runs@home/x", "runs@home/x"),
        ("runs/me@host:1", "runs/me@host:1"),
        ("lr:1/best@0.1", "lr:1/best@0.1"),
        (" runs ", " runs "),
        ("sqlite:///runs", "runs"),
        (" sqlite:///runs ", "runs"),
        ("sqlite:///.", ""),
    ],
)
def test_a_path_stays_the_path_of_a_folder(location: str, expected: str, tmp_path: Path) -> None:
    assert uri.to_folder(location) == tmp_path / expected


@pytest.mark.parametrize("location", [r"C:\x", "C:/x", "c:x", r"C:\me@home\x", "C:/me@home"])
def test_a_drive_is_no_address(location: str) -> None:
    assert not uri.is_tracking_uri(location)
    assert uri.to_folder(location) == Path(location).absolute()


def test_a_folder_that_is_there_may_look_like_an_address(tmp_path: Path) -> None:
    (tmp_path / "uc:").mkdir()

    with pytest.raises(UserError, match="uc:/x"):
        uri.to_folder("uc:/x")
    (tmp_path / "uc:" / "x").mkdir()
    assert uri.to_folder("uc:/x") == tmp_path / "uc:" / "x"


@pytest.mark.parametrize("address", ["http://host:5000/?token=secret", "http://me:secret@host:5000"])
def test_the_error_names_the_way_out(address: str) -> None:
    with pytest.raises(UserError, match="MLFLOW_TRACKING_TOKEN"):
        check_address(address)
