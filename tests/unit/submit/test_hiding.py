"""What is shown of a run has no secrets in it, and all the rest."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aml_widgets.submit.configuration.hiding import MASK, hide_in_arguments, hide_in_command, hide_secrets, looks_secret
from aml_widgets.submit.environments.environment_spec import hide_credentials

# What is masked, as patterns that say it plainly. They are not what masks: with them the time grows with the square of the length.
_ADDRESS = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.\-]*://)[^/@\s'\"]+@")
_VALUE = r"(?:\"[^\"]*\"|'[^']*'|\\.|[^\s\"';|&])+"
_OPTION = re.compile(
    r"(?P<quote>[\"'])(?P<quoted>[-+~]*[\w.\-]+)=(?:(?!(?P=quote)).)*(?P=quote)"
    rf"|(?<![\w.\-])(?P<name>[-+~]*[\w.\-]+)=(?:{_VALUE})"
    rf"|(?<![\w.\-])(?P<option>-[\w.\-]+)(?P<space>\s+)(?!--|-[A-Za-z](?:\s|$))(?:{_VALUE})",
    re.DOTALL,
)
_SHORT = 20_000
_COMMANDS = st.lists(
    st.sampled_from(
        [*("token", "--key", "-pwd", "x", "--", "-", "+", "~", "=", '"', "'", " ", "  ", "\n", "\\", ";", "a.b", "ü")]
    ),
    max_size=14,
).map("".join)
_ADDRESSES = st.text("a1+-.:/@ '\"=?&", max_size=20) | st.lists(
    st.sampled_from(["://", "a", "1", "@", "/", ":", "+", " ", "?sig=", "&"]), max_size=12
).map("".join)


@pytest.mark.parametrize(
    "name",
    [
        *("API_KEY", "db_password", "DBPWD", "STORAGE_SAS", "HTTP_AUTH", "AZURE_STORAGE_CONNECTION_STRING"),
        *("SQL_CONN", "connectionString", "GPG_PASSPHRASE", "OAUTH_HEADER", "CREDENTIALS"),
    ],
)
def test_a_name_that_looks_secret(name: str) -> None:
    assert looks_secret(name)


@pytest.mark.parametrize("name", ["AUTHOR", "KANSAS", "CONNECTOR", "EPOCHS", "PATH"])
def test_a_name_that_only_resembles_one_is_shown(name: str) -> None:
    assert not looks_secret(name)


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (["--api-key", "hunter2", "--epochs", "3"], ["--api-key", MASK, "--epochs", "3"]),
        (["--password=hunter2", "db.password=hunter2"], [f"--password={MASK}", f"db.password={MASK}"]),
        (["--token", "-Abc_hunter2", "x"], ["--token", MASK, "x"]),
        (["--use-auth", "--epochs", "3"], ["--use-auth", "--epochs", "3"]),
        (["--secret", "--token", "hunter2"], ["--secret", "--token", MASK]),
        (["--password", 1234, 3], ["--password", MASK, 3]),
        (["--data", "postgres://u:hunter2@h/d"], ["--data", "postgres://***@h/d"]),
        (["--data", "https://a.example/c?sv=2&sig=hun%2Fter2"], ["--data", "https://a.example/c?sv=2&sig=***"]),
        (["--data=?sv=2&sig=hunter2&sp=r"], ["--data=?sv=2&sig=***&sp=r"]),
        (["--tokenizer", "bert", "--max-tokens", "512"], ["--tokenizer", "bert", "--max-tokens", "512"]),
        (["password", "x", "--lr", "-0.1", "a=b"], ["password", "x", "--lr", "-0.1", "a=b"]),
    ],
)
def test_the_values_of_secret_options_are_masked(arguments: list[object], shown: list[object]) -> None:
    assert hide_in_arguments(arguments) == shown
    assert hide_secrets({"arguments": arguments}) == {"arguments": shown}


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        ("python t.py --api-key hunter2 --epochs 3", f"python t.py --api-key {MASK} --epochs 3"),
        ("python t.py --password='hun ter2' x", f"python t.py --password={MASK} x"),
        ('python t.py "--password=hun ter2" x', f'python t.py "--password={MASK}" x'),
        ("python t.py --token  'hun ter2'; ls", f"python t.py --token  {MASK}; ls"),
        ("API_KEY=hunter2 python t.py", f"API_KEY={MASK} python t.py"),
        ('bash -c "t --secret hunter2"', f'bash -c "t --secret {MASK}"'),
        ("t --use-auth --token hunter2\n ls", f"t --use-auth --token {MASK}\n ls"),
        ("t -v --connection-string hunter2", f"t -v --connection-string {MASK}"),
        ("t postgres://u:hunter2@h", "t postgres://***@h"),
        ("t 'https://a.example/c?sv=2&sig=hunter2'; ls", "t 'https://a.example/c?sv=2&sig=***'; ls"),
        ("t 'https://a.example/c?token=hunter2&x=1'", f"t 'https://a.example/c?token={MASK}&x=1'"),
        ("python -u t.py --max-tokens 5 --lr=0.1 && ls -l", "python -u t.py --max-tokens 5 --lr=0.1 && ls -l"),
    ],
)
def test_the_secrets_of_a_command_line_are_masked(command: str, shown: str) -> None:
    assert hide_in_command(command) == shown
    assert hide_secrets({"command": command}) == {"command": shown}


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("?sv=2022-11-02&ss=b&sig=hunter2%3D", "?sv=2022-11-02&ss=b&sig=***"),
        ("https://a.example/c/f.csv?sig=hunter2&se=2030#part", "https://a.example/c/f.csv?sig=***&se=2030#part"),
        ("https://b.example/k?X-Amz-Credential=A/1&X-Amz-Signature=b", "https://b.example/k?X-Amz-Credential=***&X-Amz-Signature=***"),
        ("https://b.example/k?X-Goog-Signature=hunter2", "https://b.example/k?X-Goog-Signature=***"),
        ("https://f.example/api?code=hunter2&name=x", "https://f.example/api?code=***&name=x"),
        ("https://m.example/?access_token=a&api_key=b&apikey=c", "https://m.example/?access_token=***&api_key=***&apikey=***"),
        ("Protocol=https;AccountName=a;AccountKey=hunter2==;Suffix=x", "Protocol=https;AccountName=a;AccountKey=***;Suffix=x"),
        ("https://a.example/?design=1&sigma=0.5&encoding=utf-8&keys=2", "https://a.example/?design=1&sigma=0.5&encoding=utf-8&keys=2"),
        ("sig=0.5", "sig=0.5"),
    ],
)  # fmt: skip
def test_secrets_in_the_query_of_an_address_are_masked(address: str, shown: str) -> None:
    definition = {"environmentVariables": {"DATA": address}, "target": address}

    assert hide_secrets(definition) == {"environmentVariables": {"DATA": shown}, "target": shown}


def hide_plainly(command: str) -> str:
    """Mask a command line by the patterns above; there are no addresses in it."""
    shown, start, at = "", 0, 0
    while found := _OPTION.search(command, at):
        quote, name = found["quote"] or "", found["quoted"] or found["name"] or found["option"]
        if not any(word.endswith(("token", "key", "pwd")) for word in re.findall("[a-z]+", name)):
            at = max(found.end("quoted"), found.end("name"), found.end("option"))
            continue
        masked = f"{name}{found['space']}{MASK}" if found["option"] else f"{quote}{name}={MASK}{quote}"
        shown += command[start : found.start()] + masked
        start = at = found.end()
    return shown + command[start:]


@given(_COMMANDS)
def test_exactly_the_values_of_secret_options_are_masked(command: str) -> None:
    assert hide_in_command(command) == hide_plainly(command)


@given(_ADDRESSES)
def test_exactly_the_user_of_an_address_is_masked(text: str) -> None:
    plainly = re.sub(r"(?<=[?&])sig=[^&\s'\"#]+", "sig=***", _ADDRESS.sub(r"\g<scheme>***@", text))

    assert hide_credentials(text) == plainly


@pytest.mark.parametrize(
    ("hide", "make"),
    [
        (hide_credentials, lambda n: "x" * n),
        (hide_credentials, lambda n: "x" * n + "://" + "x" * n),
        (hide_credentials, lambda n: "1" * n + "://x@" * n),
        (hide_credentials, lambda n: "?x" * n),
        (hide_credentials, lambda n: "?" + "x" * n),
        (hide_credentials, lambda n: "a://" * n),
        (hide_in_command, lambda n: "echo " + "x=1," * n),
        (hide_in_command, lambda n: "x=" * n),
        (hide_in_command, lambda n: "token= " * n),
        (hide_in_command, lambda n: "--token " * n),
        (hide_in_command, lambda n: "'token=\"" * n),
        (hide_in_command, lambda n: "-" * n),
        (hide_in_command, lambda n: "+" * n),
        (hide_in_command, lambda n: "'" + "-" * n),
        (hide_in_command, lambda n: "--token" + " " * n + "--x"),
        (hide_in_command, lambda n: "token=a;" * n),
        (hide_in_command, lambda n: "token" * n),
        (looks_secret, lambda n: "A" * n + "b"),
        (lambda text: hide_in_arguments(text.split(",")), lambda n: "--token,-x=," * n),
    ],
)
def test_the_work_of_masking_grows_with_the_length(hide: Callable[[str], object], make: Callable[[int], str]) -> None:
    short, long = make(_SHORT), make(4 * _SHORT)

    def count(text: str) -> float:
        """Give the processor time of it: the least of a few, which is the work itself."""
        times = []
        for _ in range(5):
            started = time.process_time()
            hide(text)
            times.append(time.process_time() - started)
        return min(times)

    assert count(long) < 9 * max(count(short), 1e-3)  # 4 where it is the length, 16 where it is its square
