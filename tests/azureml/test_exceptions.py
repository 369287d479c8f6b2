"""Code that was written for v1 catches, reads and shows the errors of this package as it did those of v1."""

from __future__ import annotations

import copy
import json
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aml_widgets.azureml import exceptions as v1
from aml_widgets.core import errors, v1_names
from aml_widgets.core.errors import AmlWidgetsError, message_of
from aml_widgets.store.memory import MemoryRunStore
from aml_widgets.submit.configuration.script_run_config import ScriptRunConfig
from aml_widgets.submit.supervision import driver
from aml_widgets.tracking.compute import ComputeTarget, LocalTarget
from aml_widgets.tracking.experiment import Experiment
from aml_widgets.tracking.model import Model
from aml_widgets.tracking.run import Run
from aml_widgets.tracking.run_details import RunDetails
from aml_widgets.tracking.workspace import Workspace

NAMES_IN_V1 = {name: getattr(v1, name) for name in v1.__all__}


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    folder = tmp_path / "workspace"
    folder.mkdir()
    store = MemoryRunStore(folder)

    yield Workspace._from_store(store, folder)

    store.close()


@pytest.fixture
def run(workspace: Workspace) -> Run:
    return Experiment(workspace, "ridge").start_logging(snapshot_directory=None)


@pytest.fixture
def names_on(no_v1_names: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path, str(v1_names.NAMES_FOLDER)])


@pytest.fixture(scope="module")
def is_on_for_wider_fixtures() -> bool:
    return v1_names.is_on()


def test_fixtures_of_whole_modules_do_without_the_names_as_tests_do(is_on_for_wider_fixtures: bool) -> None:
    """Although `aml_widgets.azureml` has been imported here, as in others that are collected with it."""
    assert not is_on_for_wider_fixtures
    assert not v1_names.is_on()


# -- what is caught


def unknown_run_id(run: Run) -> object:
    return Run(run.experiment, "nowhere")


def changed_property(run: Run) -> None:
    run.add_properties({"author": "me"})
    run.add_properties({"author": "you"})


def file_of_a_name_that_is_taken(run: Run) -> None:
    for text in ("one", "another"):
        Path("model.txt").write_text(text, encoding="utf-8")
        run.upload_file("outputs/model.txt", "model.txt")


def second_snapshot(run: Run) -> None:
    Path("source").mkdir()
    for _ in range(2):
        run.take_snapshot("source")


def failed_run(run: Run) -> None:
    run.fail("no data")
    run.wait_for_completion()


def interrupted_streaming(run: Run) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RunDetails, "_look_after", interrupt)
        run.wait_for_completion(show_output=True)


def interrupt(_: object) -> None:
    raise KeyboardInterrupt


def script_for_many_machines(run: Run) -> None:
    Path("train.py").touch()
    run.experiment.submit(ScriptRunConfig(".", "train.py", distributed_job_config="mpi"))


def workspace_that_is_there(_: Run) -> None:
    for name in ("twice-made", "twice-made"):
        Workspace.create(name)


def model_file_that_is_there(run: Run) -> None:
    Path("ridge").write_text("weights", encoding="utf-8")
    model = Model.register(run.experiment.workspace, "ridge", "ridge")
    model.download(".")


SITUATIONS: list[tuple[str, Callable[[Run], object]]] = [
    ("UserErrorException", lambda run: run.log("loss", [1, 2])),
    ("UserErrorException", lambda run: run.download_file("nothing.txt")),
    ("UserErrorException", lambda run: run.upload_file("name", 5)),  # type: ignore[arg-type]
    ("UserErrorException", lambda run: run.create_children()),
    ("UserErrorException", lambda _: Workspace.from_config("no/such/folder")),
    ("UserErrorException", lambda _: Workspace.from_config(".", _file_name="absent.json")),
    ("UserErrorException", lambda run: Experiment(run.experiment.workspace, "not a name!")),
    ("ExperimentExecutionException", lambda run: run.experiment.submit(ScriptRunConfig(".", "absent.py"))),
    ("ExperimentExecutionException", interrupted_streaming),
    ("SnapshotException", second_snapshot),
    ("RunEnvironmentException", lambda _: Run.get_context(allow_offline=False)),
    ("RunConfigurationException", script_for_many_machines),
    ("ProjectSystemException", lambda _: Workspace.get("never-made")),
    ("WorkspaceException", lambda _: Workspace.get("never-made")),
    ("WorkspaceException", workspace_that_is_there),
    ("ComputeTargetException", lambda run: ComputeTarget(run.experiment.workspace, "absent")),
    ("ComputeTargetException", lambda _: LocalTarget.create("not a name!")),
    ("ComputeTargetException", lambda _: LocalTarget.create("pair", max_concurrent_runs=0)),
    ("WebserviceException", lambda run: Model.register(run.experiment.workspace, ".", "not a name!")),
    ("WebserviceException", lambda run: Model(run.experiment.workspace, "absent")),
    ("WebserviceException", lambda run: Model(run.experiment.workspace, "absent", version="1")),  # type: ignore[arg-type]
    ("WebserviceException", model_file_that_is_there),
    ("ModelNotFoundException", lambda run: Model.get_model_path("absent", _workspace=run.experiment.workspace)),
    ("ModelPathNotFoundException", lambda run: run.register_model("ridge", "outputs/absent.pkl")),
    ("ActivityFailedException", failed_run),
    ("ServiceException", unknown_run_id),
    ("ServiceException", changed_property),
    ("ServiceException", file_of_a_name_that_is_taken),
    ("AzureMLAggregatedException", file_of_a_name_that_is_taken),
]


@pytest.mark.parametrize(("name", "do"), SITUATIONS)
def test_what_v1_raised_is_caught_by_its_name(run: Run, name: str, do: Callable[[Run], object]) -> None:
    with pytest.raises(NAMES_IN_V1[name]) as raised:
        do(run)

    assert isinstance(raised.value, v1.AzureMLException)
    assert isinstance(raised.value, AmlWidgetsError)


@pytest.mark.parametrize("kind", NAMES_IN_V1.values(), ids=NAMES_IN_V1)
def test_every_name_is_a_kind_of_the_one_base(kind: type[AmlWidgetsError]) -> None:
    assert issubclass(kind, v1.AzureMLException)


def test_the_kinds_of_v1_stand_beside_each_other_as_there() -> None:
    base = v1.AzureMLException
    user_errors = {"AuthenticationException", "RunConfigurationException"}  # the latter is one here only
    below = {
        (name, other)
        for name, kind in NAMES_IN_V1.items()
        for other, wider in NAMES_IN_V1.items()
        if wider is not base and kind is not wider and issubclass(kind, wider)
    }

    assert below == {
        *((name, "UserErrorException") for name in user_errors),
        ("RunEnvironmentException", "ServiceException"),  # no run is there, which a service would have said
        ("ModelNotFoundException", "WebserviceException"),
        ("ModelPathNotFoundException", "WebserviceException"),
    }


def test_a_service_error_has_the_status_that_the_service_gave(run: Run) -> None:
    with pytest.raises(v1.ServiceException) as missing:
        unknown_run_id(run)
    with pytest.raises(v1.ServiceException) as conflict:
        changed_property(run)

    assert (missing.value.status_code, conflict.value.status_code) == (404, 409)


# -- what is read


def test_the_text_of_an_error_is_its_message_where_the_names_are_off() -> None:
    error = v1.UserErrorException("The loss must be a number.")

    assert str(error) == error.message == "The loss must be a number."
    assert repr(error) == "UsageError('The loss must be a number.')"


@pytest.mark.usefixtures("names_on")
def test_the_text_of_an_error_is_v1s_block_where_the_names_are_on() -> None:
    error = errors.InvalidMetric("The loss must be a number.", value="x")

    assert str(error) == repr(error)
    assert str(error) == (
        "UserErrorException:\n"
        "\tMessage: The loss must be a number.\n"
        "\tInnerException None\n"
        "\tErrorResponse \n"
        "{\n"
        '    "error": {\n'
        '        "code": "UserError",\n'
        '        "message": "The loss must be a number."\n'
        "    }\n"
        "}"
    )
    assert error.message == message_of(error) == "The loss must be a number."


@pytest.mark.usefixtures("names_on")
def test_the_block_has_what_a_program_put_into_its_error() -> None:
    class Mine(v1.UserErrorException):
        pass

    error = Mine(
        "é",
        inner_exception="other",
        target="t",
        details=["d"],
        reference_code="r",
        message_format="f",
        message_parameters={"a": 1},
    )
    text, full = str(error), repr(error)

    assert text.startswith("Mine:\n\tMessage: é\n\tInnerException other\n\tErrorResponse \n{\n")
    assert json.loads(text.partition("ErrorResponse \n")[2]) == {
        "error": {"code": "UserError", "message": "é", "target": "t", "details": ["d"], "reference_code": "r"}
    }
    inside = json.loads(full.partition("ErrorResponse \n")[2])["error"]
    assert list(inside) == [
        "code",
        "message",
        "target",
        "details",
        "message_format",
        "message_parameters",
        "reference_code",
    ]
    assert (inside["message_format"], inside["message_parameters"]) == ("f", '{"a": 1}')


@pytest.mark.usefixtures("names_on")
def test_codes_stand_inside_each_other_and_kinds_without_one_have_none() -> None:
    def document(error: AmlWidgetsError) -> object:
        return json.loads(str(error).partition("ErrorResponse \n")[2])["error"]

    assert document(v1.AuthenticationException("a")) == {
        "code": "UserError",
        "inner_error": {"code": "Authentication"},
        "message": "a",
    }
    assert document(errors.ScriptNotFound("a")) == {"message": "a"}
    assert document(v1.TrainingException("a")) == {"message": "a"}


@pytest.mark.usefixtures("names_on")
def test_a_service_error_has_a_block_of_its_own() -> None:
    error = errors.PropertyExists("It is set.")

    assert str(error).startswith(
        "ServiceException:\n\tCode: 409\n\tMessage: It is set.\n\tDetails:\n\n\tHeaders: {}\n\t"
    )


@pytest.mark.usefixtures("names_on")
@pytest.mark.parametrize("name", NAMES_IN_V1)
def test_a_block_begins_with_the_name_in_v1(name: str) -> None:
    error = NAMES_IN_V1[name]("text")

    assert str(error).startswith(f"{name}:\n\t")


@pytest.mark.usefixtures("names_on")
def test_no_content_of_an_error_keeps_its_text_from_being_written() -> None:
    around: list[object] = []
    around.append(around)
    strange = [
        v1.UserErrorException("a", details=around),
        v1.UserErrorException("a", details=[object()]),
        v1.UserErrorException("a", details={(1, 2): 3}),
        v1.UserErrorException(KeyError("a")),  # type: ignore[arg-type]
        v1.UserErrorException(None),  # type: ignore[arg-type]
    ]

    for error in strange:
        assert str(error).startswith("UserErrorException:\n\tMessage: ")
        assert repr(error).startswith("UserErrorException:\n\tMessage: ")


class Around(v1.UserErrorException):
    """One of a program, whose text has another error in it."""

    def __str__(self) -> str:
        return f"around {self.inner_exception}: {super().__str__()}"


class Mute:
    def __str__(self) -> str:
        raise OSError("no text")


@pytest.mark.usefixtures("names_on")
def test_an_error_that_refers_to_itself_has_a_text() -> None:
    by_details, by_inner, by_all, by_message = (v1.UserErrorException(name) for name in "abcd")
    by_details.details = by_details
    by_inner.inner_exception = by_inner
    other = Around("other", inner_exception=by_all, details=[by_all, ValueError(by_all)])
    by_all.inner_exception, by_all.target = ValueError(other), {(other,): other}
    by_all.details = {"error": other, "again": [by_all, Mute()]}
    by_message.message = by_message  # type: ignore[assignment]

    for error in (by_details, by_inner, by_all, by_message):
        for text in (str(error), repr(error)):
            assert text.startswith("UserErrorException:\n\tMessage: ")
            assert len(text) < 600
            json.loads(text.partition("ErrorResponse \n")[2])
    assert json.loads(str(by_details).partition("ErrorResponse \n")[2])["error"]["details"] == "…"
    assert "\tInnerException …\n" in str(by_inner)
    assert "Mute without a text: OSError" in str(by_all)


@pytest.mark.usefixtures("names_on")
def test_an_error_inside_another_is_its_message_however_deep() -> None:
    error: Exception = v1.UserErrorException("level 0")
    for level in range(1, 13):
        error = v1.UserErrorException(f"level {level}", inner_exception=error, details=[error, {"also": error}])

    text = str(error)

    assert "\tMessage: level 12\n\tInnerException level 11\n" in text
    assert json.loads(text.partition("ErrorResponse \n")[2])["error"]["details"] == ["level 11", {"also": "level 11"}]
    assert "level 10" not in text
    assert str(ValueError(error)) == text


@pytest.mark.usefixtures("names_on")
def test_what_goes_in_circles_or_has_strange_keys_is_shown_as_far_as_it_can_be() -> None:
    around: dict[object, object] = {(1, 2): 3, "list": [1.5, None, True]}
    around["again"] = around
    deep: list[object] = []
    for _ in range(100):
        deep = [deep]
    deep.append({(1, 2): deep})

    text = str(v1.UserErrorException("a", details=around))

    assert json.loads(text.partition("ErrorResponse \n")[2])["error"] == {
        "code": "UserError",
        "message": "a",
        "details": {"(1, 2)": 3, "list": [1.5, None, True], "again": "…"},
    }
    assert str(v1.UserErrorException("a", details=deep)).count("\\u2026") == 2


@pytest.mark.parametrize("is_on", [False, True])
def test_an_error_of_a_program_that_does_not_call_init_has_a_text(is_on: bool, request: pytest.FixtureRequest) -> None:
    class Mine(v1.AzureMLException):
        def __init__(self, one: object, two: object) -> None:
            self.two = two

    if is_on:
        request.getfixturevalue("names_on")
    error, empty = Mine("no data", 2), Mine.__new__(Mine)

    assert message_of(error) == error.message == "('no data', 2)"
    assert message_of(empty) == ""
    if is_on:
        assert str(error).startswith("Mine:\n\tMessage: ('no data', 2)\n\tInnerException None\n")
        assert repr(error) == str(error)
    else:
        assert (str(error), repr(error)) == ("('no data', 2)", "Mine('no data', 2)")
    error.message = "set later"
    assert message_of(error) == "set later"


def test_texts_can_be_written_when_the_interpreter_has_let_go_of_its_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", None)

    assert str(errors.InvalidName("a")) == "a"


def test_a_path_that_is_no_text_does_not_keep_errors_from_being_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [v1_names.NAMES_FOLDER, *sys.path])

    assert str(errors.InvalidName("a")) == "a"


def test_messages_and_inner_errors_can_be_set() -> None:
    error = v1.WebserviceException("a", status_code=404)
    error.message, error.inner_exception = "b", KeyError("c")

    assert (str(error), error.status_code, error.inner_exception.args) == ("b", 404, ("c",))


def test_the_constructors_take_what_v1s_do() -> None:
    assert v1.RunEnvironmentException().message.startswith("This process belongs to no submitted run")
    assert v1.ActivityFailedException(error_details='{"a": 1}').message == 'Activity Failed:\n{"a": 1}'
    assert v1.ActivityCanceledException(cancellation_source="x").message == "Activity Canceled"
    assert v1.DatasetTimestampMissingError(error_details="x").message == "Activity Failed:\nx"
    assert "experiments" in v1.DiscoveryUrlNotFoundException("experiments").message
    assert v1.AzureMLAggregatedException(["a", "b"]).message == "a\nb"
    assert v1.WorkspaceException("a", found_multiple=True).found_multiple
    assert v1.WorkspacePrivateEndpointException("a", True).found_multiple
    assert v1.ParallelRunException("a", code="Retry.Sleep", delay_seconds=2).delay_seconds == 2
    assert v1.AzureMLException(exception_message="a", inner_exception="b").inner_exception == "b"
    with pytest.raises(AssertionError, match=r"got 'Retry\.Never'"):
        v1.ParallelRunException("a", code="Retry.Never")


def test_an_error_prints_where_it_was_raised(capsys: pytest.CaptureFixture[str], run: Run) -> None:
    with pytest.raises(v1.UserErrorException) as raised:
        run.download_file("nothing.txt")
    raised.value.print_stacktrace()

    printed = capsys.readouterr().err
    assert "download_file" in printed
    assert raised.value.message in printed


@pytest.mark.parametrize(
    "error",
    [
        errors.InvalidMetric("a", value=1),
        errors.StoreFull("a", value=Path("b")),
        errors.ArtifactExists("a"),
        errors.ModelNotFound("a", status_code=404),
        errors.RunFailed('{"a": 1}', sentence="a", value={}),
        v1.AzureMLAggregatedException(["a", "b"]),
        v1.DiscoveryUrlNotFoundException("a"),
        v1.ActivityCanceledException(),
        v1.ParallelRunException("a", code="Retry.Sleep"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_errors_can_be_copied_and_sent_to_other_processes(error: AmlWidgetsError) -> None:
    for twin in (copy.copy(error), copy.deepcopy(error), pickle.loads(pickle.dumps(error))):
        assert type(twin) is type(error)
        assert (str(twin), twin.args, vars(twin)) == (str(error), error.args, vars(error))


# -- what runs keep


@pytest.mark.usefixtures("names_on")
def test_the_error_of_a_failed_run_carries_its_document(run: Run) -> None:
    run.fail("no data", error_code="DataError")

    with pytest.raises(v1.ActivityFailedException) as raised:
        run.wait_for_completion()

    first, _, document = raised.value.message.partition("\n")
    assert first == "Activity Failed:"
    assert json.loads(document) == run.get_details()["error"]
    assert json.loads(document)["error"]["code"] == "DataError"


@pytest.mark.usefixtures("names_on")
def test_a_run_that_fails_for_one_of_our_errors_keeps_its_message_alone(run: Run) -> None:
    with pytest.raises(v1.UserErrorException) as raised:
        run.log("loss", [1, 2])
    run.fail(raised.value)

    message = raised.value.message
    document = run.get_details()["error"]["error"]
    assert document["message"] == f"User program failed with UserErrorException: {message}"
    assert (document["debugInfo"]["type"], document["debugInfo"]["message"]) == ("UserErrorException", message)
    assert run.get_detailed_status() == {"status": "Failed", "details": document["message"]}


@pytest.mark.usefixtures("names_on")
def test_the_warning_about_a_snapshot_has_no_block_in_it(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("large.bin").write_bytes(b"0" * 2_000)
    monkeypatch.setenv("AML_WIDGETS_SNAPSHOT_MAX_MB", "0.001")

    with pytest.warns(UserWarning, match="starts without a snapshot") as warned:
        run.experiment.start_logging(snapshot_directory=".")

    assert "ErrorResponse" not in str(warned[0].message)


@pytest.mark.usefixtures("names_on")
def test_the_error_about_lost_points_has_no_other_errors_block_in_it(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def is_full(*_: object, **__: object) -> None:
        raise errors.StoreFull("No room left.")

    monkeypatch.setattr(run._store, "log_metrics", is_full)
    with pytest.warns(UserWarning, match=r"could not store what was logged: No room left\. Logging goes on"):
        run.log("loss", 0.5)
    monkeypatch.setattr(run._store, "set_status", is_full)

    with pytest.raises(v1.ServiceException) as raised:
        run.complete()

    assert (
        "the last because: No room left. The run could not be ended either: No room left. Then" in raised.value.message
    )


def test_a_script_that_ends_with_one_of_our_errors_leaves_its_message_alone(tmp_path: Path) -> None:
    script, word = tmp_path / "script.py", tmp_path / "word.json"
    script.write_text(
        "import aml_widgets.azureml\nfrom azureml.exceptions import UserErrorException\nraise UserErrorException('no data')\n",
        encoding="utf-8",
    )

    done = subprocess.run(
        [sys.executable, driver.__file__, str(os.getpid()), str(word), "script", str(script)],
        capture_output=True,
        text=True,
        check=False,
    )

    left = json.loads(word.read_text(encoding="utf-8"))
    assert (left["type"], left["message"]) == ("UserErrorException", "no data")
    assert "UserErrorException:\n\tMessage: no data\n" in left["traceback"]
    assert done.returncode == 1


def test_a_script_with_v1s_imports_catches_and_prints_as_with_v1(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import sys\n"
        "sys.path.append(sys.argv[1])\n"
        "from azureml.exceptions import UserErrorException, RunEnvironmentException\n"
        "from aml_widgets import Run, Workspace\n"
        "try:\n    Workspace.from_config('no/such/folder')\n"
        "except UserErrorException as error:\n    print(error)\n"
        "try:\n    Run.get_context(allow_offline=False)\n"
        "except RunEnvironmentException as error:\n    print(error.message)\n"
        "class Late:\n    def __del__(self):\n        self.print(self.error)\n"
        "late = Late()\n"
        "late.print, late.error = print, UserErrorException('at the end')\n",
        encoding="utf-8",
    )

    done = subprocess.run(
        [sys.executable, str(script), str(v1_names.NAMES_FOLDER)],
        env=os.environ,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.startswith("UserErrorException:\n\tMessage: No config file: ")
    assert "\nThis process belongs to no submitted run" in done.stdout
    assert "at the end" in done.stdout
    assert done.stderr == ""
