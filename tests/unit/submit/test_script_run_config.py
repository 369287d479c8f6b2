from __future__ import annotations

import json
import os
import subprocess
import sys
import warnings
from collections.abc import Callable
from dataclasses import FrozenInstanceError
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from aml_widgets.core.errors import ConfigError, ScriptNotFound
from aml_widgets.submit.configuration.argument_sizes import find_longest, find_most
from aml_widgets.submit.configuration.conda_dependencies import CondaDependencies
from aml_widgets.submit.configuration.environment import Environment
from aml_widgets.submit.configuration.run_configuration import RunConfiguration
from aml_widgets.submit.configuration.run_sections import DockerConfiguration, MpiConfiguration, PyTorchConfiguration
from aml_widgets.submit.configuration.script_run_config import ScriptRunConfig


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    (folder / "deep").mkdir(parents=True)
    for name in ("train.py", "deep/model.py", "notebook.ipynb", "run.sh"):
        (folder / name).touch()
    (tmp_path / "outside.py").touch()
    return folder


def test_a_script_needs_nothing_else(source: Path) -> None:
    resolved = ScriptRunConfig(source, "train.py").resolve()

    assert resolved.source_directory == source
    assert (resolved.script, resolved.arguments, resolved.command) == ("train.py", (), None)
    assert resolved.environment.python.interpreter_path == sys.executable
    assert resolved.environment.python.user_managed_dependencies is True
    assert resolved.environment_variables == {}
    assert (resolved.target, resolved.max_run_seconds) == ("local", 30 * 24 * 3600)
    assert (resolved.collects_outputs, resolved.takes_snapshot, resolved.watched_folders) == (True, True, ("logs",))
    with pytest.raises(FrozenInstanceError):
        resolved.script = "other.py"  # type: ignore[misc]  # the fault


def test_what_is_assigned_after_construction_counts(source: Path) -> None:
    src = ScriptRunConfig(str(source), "nothing-yet.py")
    environment = Environment("mine", environment_variables={"A": "1", "B": "1"})

    src.script = "deep/model.py"
    src.arguments = ["--x"]
    src.arguments.append(2)
    src.run_config.environment = environment
    src.run_config.target = "four"
    src.run_config.environment_variables = {"B": 2, "C": Path("x"), "D": True}
    src.run_config.history.output_collection = False
    src.run_config.history.directories_to_watch = ["./logs", "deep/plots/"]
    src.max_run_duration_seconds = 0.5
    resolved = src.resolve()

    assert (resolved.script, resolved.arguments) == ("deep/model.py", ("--x", "2"))
    assert resolved.environment == environment
    assert resolved.environment_variables == {"A": "1", "B": "2", "C": "x", "D": "True"}
    assert (resolved.target, resolved.max_run_seconds) == ("four", 0.5)
    assert (resolved.collects_outputs, resolved.watched_folders) == (False, ("logs", "deep/plots"))


def test_resolving_changes_nothing_and_is_free_of_later_changes(source: Path) -> None:
    src = ScriptRunConfig(source, "train.py", ["--x", 1], environment=Environment("mine"))
    before = repr(src.run_config)

    resolved = src.resolve()
    src.run_config.environment.environment_variables["LATE"] = "1"
    src.run_config.environment_variables["LATE"] = "1"
    src.arguments.append("late")

    assert resolved.arguments == ("--x", "1")
    assert "LATE" not in json.dumps(resolved.definition)
    assert "LATE" not in resolved.environment_variables
    assert resolved.environment.environment_variables == {}
    src.run_config.environment.environment_variables.clear()
    src.run_config.environment_variables.clear()
    assert repr(src.run_config) == before


@pytest.mark.parametrize(
    ("argument", "text"),
    [
        ("a b", "a b"),
        ("", ""),
        (0.5, "0.5"),
        (np.float64(0.1), "0.1"),
        (np.int64(3), "3"),
        (True, "True"),
        (Path("a") / "b", str(Path("a/b"))),
        (Fraction(1, 3), "1/3"),
        ("ü\n'\"$(x)", "ü\n'\"$(x)"),
    ],
)
def test_arguments_become_text(source: Path, argument: object, text: str) -> None:
    assert ScriptRunConfig(source, "train.py", [argument]).resolve().arguments == (text,)


@pytest.mark.parametrize(
    ("argument", "text", "way_out"),
    [
        (None, "None", "Leave it out"),
        (["x", 1], "['x', 1]", "an argument of its own"),
        ((1,), "(1,)", "an argument of its own"),
        ({"a": 1}, "{'a': 1}", "an argument of its own"),
        (b"a", "b'a'", "the text that is meant"),
    ],
)
def test_what_has_a_text_that_is_hardly_meant_is_given_with_a_warning(
    source: Path, argument: object, text: str, way_out: str
) -> None:
    with pytest.warns(UserWarning, match=rf"^arguments\[1\] is .*{way_out}"):
        resolved = ScriptRunConfig(source, "train.py", ["--a", argument]).resolve()
    with pytest.warns(UserWarning, match=rf"^command\[1\] is .*{way_out}"):
        ScriptRunConfig(source, command=["echo", argument]).resolve()

    assert resolved.arguments == ("--a", text)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems have no limit for one argument")
def test_what_no_process_can_be_given_is_refused(source: Path) -> None:
    def make(**changes: object) -> ScriptRunConfig:
        config = ScriptRunConfig(source, **{"script": "train.py", **changes})  # type: ignore[arg-type]  # passed on
        config.run_config.environment_variables = dict(variables)
        return config

    longest, variables = find_longest(), {"A": "1"}
    assert longest is not None
    largest = "x" * longest
    assert subprocess.run(["/bin/true", largest], check=True).returncode == 0
    with pytest.raises(OSError, match="too long"):
        subprocess.run(["/bin/true", f"{largest}x"], check=True)

    assert make(arguments=["--data", largest]).resolve().arguments == ("--data", largest)
    for config, place in [
        (make(arguments=["--data", f"{largest}x"]), rf"^arguments\[1\], behind '--data', has {longest + 1:,} bytes, .*most {longest:,}"),
        (make(arguments=["é" * (longest // 2 + 1)]), rf"^arguments\[0\] has {longest + 1:,} bytes"),
        (make(script=None, command=f"echo {largest}"), f"^The command has {longest + 5:,} bytes"),
        (make(arguments=["x" * 1000] * 10_000), r"10,000 arguments with 10,090,009 bytes and its environment variables with"),
    ]:  # fmt: skip
        with pytest.raises(ConfigError, match=f"{place}.*Write it to a file in the source folder"):
            config.resolve()
    variables["B"] = largest
    with pytest.raises(ConfigError, match=f"^The environment variable 'B' has {longest + 2:,} bytes"):
        make().resolve()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems count otherwise")
def test_what_is_not_refused_is_taken_by_the_system(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    most = find_most()
    assert most is not None
    around = sum(len(os.fsencode(name)) + len(os.fsencode(value)) + 10 for name, value in os.environ.items())
    rest = most - around - 16 * 1024
    arguments = ["x" * 991] * (rest // 1000)

    assert ScriptRunConfig(source, "train.py", arguments).resolve().arguments == tuple(arguments)
    assert subprocess.run(["/bin/true", *arguments], check=True).returncode == 0
    with pytest.raises(ConfigError, match="too much together"):
        ScriptRunConfig(source, "train.py", [*arguments, *["x" * 991] * 20]).resolve()


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        (["\ud800"], "no process can be given"),
        ([object()], "have a text"),
        (["a\0b"], "NUL"),
        ([lambda: None], "have a text"),
    ],
)
def test_arguments_that_say_nothing_are_refused(source: Path, arguments: list[object], rule: str) -> None:
    src = ScriptRunConfig(source, "train.py", arguments)

    with pytest.raises(ConfigError, match=rule):
        src.resolve()


def test_one_text_is_no_list_of_arguments(source: Path) -> None:
    with pytest.raises(ConfigError, match=r"Write arguments=\['--x', '1'\]"):
        ScriptRunConfig(source, "train.py", "--x 1")


@pytest.mark.parametrize(
    ("command", "line"),
    [
        ("python train.py && echo done", "python train.py && echo done"),
        (["python", "train.py", "--x", 0.5, "&&", "echo", "done"], "python train.py --x 0.5 && echo done"),
        (("echo", "1"), "echo 1"),
    ],
)
def test_a_command_takes_the_place_of_a_script(source: Path, command: str | list[object], line: str) -> None:
    resolved = ScriptRunConfig(source, command=command).resolve()

    assert (resolved.script, resolved.command, resolved.arguments) == (None, line, ())
    assert (resolved.definition["script"], resolved.definition["command"]) == (None, line)


@pytest.mark.parametrize(
    ("make", "rule"),
    [
        (lambda source: ScriptRunConfig(source), "no script to run"),
        (lambda source: ScriptRunConfig(source, "train.py", command="ls"), "a script, 'train.py', and a command, 'ls'"),
        (lambda source: ScriptRunConfig(source, command="ls", arguments=["-l"]), "Write them into the command"),
        (lambda source: ScriptRunConfig(source, "notebook.ipynb"), "nbconvert"),
        (lambda source: ScriptRunConfig(source, "run.sh"), "command="),
        (lambda source: ScriptRunConfig(source / "nothing", "train.py"), "is not there"),
        (lambda source: ScriptRunConfig(source / "train.py", "train.py"), "is a file"),
    ],
)
def test_what_cannot_be_run_is_refused(source: Path, make: Callable[[Path], ScriptRunConfig], rule: str) -> None:
    with pytest.raises(ConfigError, match=rule):
        make(source).resolve()


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("tarin.py", "Did you mean 'train.py'"),
        ("source/train.py", "did you mean 'train.py'"),
        ("nothing-like-it", "It has train.py"),
        ("deep", "'deep' is a folder.* It has deep/model.py"),
        ("../outside.py", "is not below the source folder"),
        ("", "no script"),
    ],
)
def test_a_missing_script_is_said_with_what_is_there(
    source: Path, script: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(source.parent)

    with pytest.raises((ScriptNotFound, ConfigError), match=message) as raised:
        ScriptRunConfig("source", script).resolve()
    assert isinstance(raised.value, ScriptNotFound) is bool(script)


@pytest.mark.parametrize("write", [str, lambda path: f"deep/../{path.name}", lambda path: f"./{path.name}"])
def test_a_script_may_be_written_in_many_ways(source: Path, write: Callable[[Path], str]) -> None:
    assert ScriptRunConfig(source, write(source / "train.py")).resolve().script == "train.py"


def test_with_a_run_configuration_other_settings_are_not_looked_at_and_that_is_said(source: Path) -> None:
    configuration = RunConfiguration("nothing.py", ["--old"])
    configuration.target = "four"

    with pytest.warns(
        UserWarning, match="does not look at compute_target and environment and max_run_duration_seconds"
    ):
        src = ScriptRunConfig(
            source,
            "train.py",
            run_config=configuration,
            compute_target="local",
            environment=Environment("mine"),
            max_run_duration_seconds=5,
        )

    resolved = src.resolve()
    assert src.run_config is configuration
    assert (resolved.script, resolved.arguments, resolved.target) == ("train.py", ("--old",), "four")
    assert resolved.environment.name == "default-environment"
    assert resolved.max_run_seconds is None


def test_script_and_arguments_given_here_win_without_a_warning(source: Path) -> None:
    configuration = RunConfiguration("nothing.py", ["--old"])

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        first = ScriptRunConfig(source, "train.py", ["--new"], configuration).resolve()
        second = ScriptRunConfig(source, run_config=configuration, command="ls", arguments=[]).resolve()

    assert (first.script, first.arguments) == ("train.py", ("--new",))
    assert (second.script, second.command) == (None, "ls")
    assert (configuration.script, configuration.arguments) == ("nothing.py", ["--old"])


def test_a_saved_run_configuration_may_be_given_by_name(source: Path) -> None:
    RunConfiguration("train.py", ["--saved", 1]).save(source, "exp")

    assert ScriptRunConfig(source, run_config="exp").resolve().arguments == ("--saved", "1")


@pytest.mark.parametrize(
    ("change", "way_out"),
    [
        (lambda src: setattr(src, "distributed_job_config", MpiConfiguration(node_count=2)), "torchrun"),
        (lambda src: setattr(src.run_config, "communicator", "OpenMpi"), "mpirun"),
        (lambda src: setattr(src.run_config, "framework", "PySpark"), "spark-submit"),
        (lambda src: setattr(src.run_config, "node_count", 2), "this machine"),
        (lambda src: setattr(src.run_config, "docker", DockerConfiguration(use_docker=True)), "from_pip_requirements"),
        (lambda src: setattr(src.run_config.environment.docker, "enabled", True), "docker.enabled = False"),
        (lambda src: setattr(src, "resume_from", "run-1"), "download_files"),
        (lambda src: src.run_config.data.update(a=1), "--data"),
        (lambda src: src.run_config.data_references.update(a=1), "--data"),
        (lambda src: src.run_config.output_data.update(a=1), "--data"),
        (lambda src: src.run_config.environment_variables.update({"A=B": "1"}), "without '='"),
        (lambda src: src.run_config.environment_variables.update({"A": None}), "'A' must be text or a number"),
        (lambda src: src.run_config.environment_variables.update({"A": "\0"}), "NUL"),
        (lambda src: setattr(src.run_config.history, "directories_to_watch", ["../x"]), "relative path"),
        (lambda src: setattr(src.run_config.history, "directories_to_watch", ["/var/log"]), "relative path"),
        (lambda src: setattr(src.run_config.history, "directories_to_watch", ["."]), "relative path"),
    ],
)
def test_what_needs_a_cluster_or_makes_no_sense_is_refused_with_another_way(
    source: Path, change: Callable[[ScriptRunConfig], None], way_out: str
) -> None:
    src = ScriptRunConfig(source, "train.py")
    change(src)

    with pytest.raises(ConfigError, match=way_out):
        src.resolve()


@pytest.mark.parametrize("one", [MpiConfiguration(process_count_per_node=1), PyTorchConfiguration(process_count=1)])
def test_one_distributed_process_is_a_process(source: Path, one: object) -> None:
    assert ScriptRunConfig(source, "train.py", distributed_job_config=one).resolve().script == "train.py"


def test_a_priority_is_said_to_be_not_looked_at(source: Path) -> None:
    src = ScriptRunConfig(source, "train.py")
    src.run_config.priority = 3

    with pytest.warns(UserWarning, match="order in which they were submitted"):
        src.resolve()


@pytest.mark.parametrize(
    "arguments",
    [
        {"source_directory": 3},
        {"script": 3},
        {"run_config": {}},
        {"environment": "mine"},
        {"compute_target": 3},
        {"max_run_duration_seconds": 0},
        {"max_run_duration_seconds": "1h"},
        {"command": 3},
        {"docker_runtime_config": True},
    ],
)
def test_arguments_of_a_wrong_kind_are_refused_at_once(arguments: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="must be|is given by"):
        ScriptRunConfig(**{"source_directory": ".", **arguments})  # type: ignore[arg-type]  # the fault


def test_the_definition_is_as_in_v1_and_plain(source: Path) -> None:
    src = ScriptRunConfig(source, "train.py", ["--reg", 0.5])
    src.run_config.environment = Environment("mine", version="2")
    src.run_config.target = "four"

    definition = src.resolve().definition

    assert json.loads(json.dumps(definition)) == definition
    assert (definition["script"], definition["arguments"], definition["target"]) == (
        "train.py",
        ["--reg", "0.5"],
        "four",
    )
    assert definition["environment"]["name"] == "mine"
    assert definition["environment"]["python"]["userManagedDependencies"] is False
    assert definition["history"]["directoriesToWatch"] == ["logs"]
    assert definition["maxRunDurationSeconds"] == 30 * 24 * 3600
    assert set(definition) >= {"command", "framework", "communicator", "nodeCount", "environmentVariables", "docker"}


def test_the_definition_holds_no_secret_and_the_script_gets_it(source: Path) -> None:
    secrets = {"HF_TOKEN": "s3cret", "ApiKey": "s3cret", "DB_PASSWORD": "s3cret", "my_secret": "s3cret"}
    src = ScriptRunConfig(source, "train.py")
    src.run_config.environment_variables = {**secrets, "URL": "https://me:s3cret@example.org/x", "MODE": "fast"}
    src.run_config.environment = Environment("mine", environment_variables={"AWS_CREDENTIAL": "s3cret"})
    src.run_config.environment.python.conda_dependencies = CondaDependencies.create(
        pip_indexurl="https://s3cret@example.org/simple"
    )

    resolved = src.resolve()

    assert "s3cret" not in json.dumps(resolved.definition)
    assert resolved.definition["environmentVariables"]["MODE"] == "fast"
    assert set(resolved.definition["environmentVariables"]) == {*secrets, "URL", "MODE", "AWS_CREDENTIAL"}
    assert {name: resolved.environment_variables[name] for name in secrets} == secrets
    assert resolved.environment_variables["AWS_CREDENTIAL"] == "s3cret"
    assert resolved.environment.python.conda_dependencies.pip_options == [
        "--index-url https://s3cret@example.org/simple"
    ]


def test_a_masked_value_does_not_reach_a_script(source: Path) -> None:
    first = ScriptRunConfig(source, "train.py", environment=Environment("mine", environment_variables={"TOKEN": "abc"}))
    again = ScriptRunConfig(source, "train.py")

    again.run_config.environment = Environment.from_dict(first.resolve().definition["environment"])

    with pytest.raises(ConfigError, match="'TOKEN' was masked"):
        again.resolve()


def test_the_names_are_public_and_load_on_first_use() -> None:
    code = (
        "import sys, aml_widgets\n"
        "assert not [name for name in sys.modules if name.startswith('aml_widgets.')]\n"
        "from aml_widgets import CondaDependencies, Environment, RunConfiguration, ScriptRunConfig\n"
        "ScriptRunConfig('.', 'train.py').run_config.environment = Environment('e')\n"
        "assert not {'yaml', 'numpy', 'ipywidgets', 'psutil'} & set(sys.modules)\n"
    )

    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_a_current_folder_that_was_deleted_is_said(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()

    for folder in (None, ".", "source"):
        with pytest.raises(ConfigError, match=r"current folder, and that was deleted\. .*absolute path"):
            ScriptRunConfig(folder, "train.py").resolve()
    with pytest.raises(ScriptNotFound, match=r"Did you mean 'train.py'"):
        ScriptRunConfig(source, "trian.py").resolve()
    assert ScriptRunConfig(source, "train.py").resolve().source_directory == source
