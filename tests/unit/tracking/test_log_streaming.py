"""The logs of a run, printed as they grow."""

from __future__ import annotations

import io
import sys

import pytest

from aml_widgets.core.records import ArtifactRecord, NewRun
from aml_widgets.core.status import RunStatus
from aml_widgets.store.protocol import RunStore
from aml_widgets.tracking.log_streaming import LogStreamer, choose_logs

BUILD = "azureml-logs/20_image_build_log.txt"
PREPARATION = "azureml-logs/65_job_prep-host.txt"
DRIVER = "azureml-logs/70_driver_log.txt"
POST = "azureml-logs/75_job_post-host.txt"


class Streamed:
    """A run whose logs a test writes, and what is printed of them."""

    def __init__(self, store: RunStore, *, is_submitted: bool = True) -> None:
        self.store = store
        experiment = store.open_experiment("ridge")
        new_run = NewRun(experiment_id=experiment.experiment_id, run_id="r1", status=RunStatus.RUNNING)
        self.run_id = store.create_run(new_run).run_id
        self.texts: list[str] = []
        self.streamer = LogStreamer(
            store, self.run_id, "file:///r1", is_submitted=is_submitted, write=self.texts.append
        )

    def append(self, path: str, data: bytes) -> None:
        with self.store.artifacts.append_path(self.run_id, path).open("ab") as file:
            file.write(data)
        self.store.record_artifact(self.run_id, ArtifactRecord(path=path, size_bytes=0, written_at=0.0, is_log=True))

    def take(self) -> str:
        text = "".join(self.texts)
        self.texts.clear()
        return text


@pytest.fixture
def streamed(store: RunStore) -> Streamed:
    return Streamed(store)


def block(path: str) -> str:
    title = f"Streaming {path}"
    return f"\n{title}\n{'=' * len(title)}\n\n"


def test_the_text_is_v1s(streamed: Streamed) -> None:
    streamed.streamer.advance()
    streamed.append(DRIVER, b"one\n")
    streamed.streamer.advance()
    streamed.append(DRIVER, b"two\n")
    streamed.streamer.finish()
    streamed.streamer.sum_up()

    assert streamed.take() == (
        "RunId: r1\nWeb View: file:///r1\n"
        "\nStreaming azureml-logs/70_driver_log.txt\n========================================\n\n"
        "one\ntwo\n"
        "\nExecution Summary\n=================\nRunId: r1\nWeb View: file:///r1\n"
    )


def test_warnings_and_an_error_follow_the_summary(streamed: Streamed) -> None:
    streamed.append(DRIVER, b"one\n")
    streamed.streamer.finish()
    streamed.take()

    streamed.streamer.sum_up(["a warning"], {"error": {"message": "Zürich"}})

    assert streamed.take().endswith(
        'Web View: file:///r1\n\nWarnings:\na warning\n\nError:\n{\n    "error": {\n        "message": "Zürich"\n    }\n}\n'
    )


def test_one_file_is_finished_before_the_next_begins(streamed: Streamed) -> None:
    streamed.append(DRIVER, b"one\n")
    streamed.streamer.advance()
    streamed.take()

    streamed.append(DRIVER, b"the rest, without an end of line")
    streamed.append(POST, b"post\n")
    assert streamed.streamer.advance()
    streamed.append(DRIVER, b", and its end")
    assert streamed.streamer.advance()
    assert streamed.streamer.advance()

    assert streamed.take() == f"the rest, without an end of line, and its end\n{block(POST)}post\n"
    assert not streamed.streamer.advance()


def test_no_file_in_between_is_left_out(streamed: Streamed) -> None:
    for path in (BUILD, PREPARATION, DRIVER):
        streamed.append(path, path.encode() + b"\n")
    streamed.take()

    streamed.streamer.finish()

    shown = streamed.take()
    assert [line for line in shown.splitlines() if line.startswith("Streaming")] == [
        f"Streaming {BUILD}",
        f"Streaming {PREPARATION}",
        f"Streaming {DRIVER}",
    ]


def test_what_comes_late_to_an_earlier_file_is_printed_at_the_next_look(streamed: Streamed) -> None:
    streamed.append(DRIVER, b"one\n")
    streamed.append(POST, b"post\n")
    while streamed.streamer.advance():
        pass
    streamed.take()

    streamed.append(DRIVER, b"late\n")
    streamed.append(POST, b"end\n")
    assert streamed.streamer.advance()
    streamed.append(DRIVER, b"later\n")
    streamed.streamer.finish()

    assert streamed.take() == f"end\n{block(DRIVER)}late\nlater\n"


def test_a_build_that_begins_after_the_preparation_is_followed_while_it_goes_on(streamed: Streamed) -> None:
    streamed.append(PREPARATION, b"supervised\n")
    streamed.streamer.advance()
    streamed.take()

    streamed.append(BUILD, b"resolving\n")
    while streamed.streamer.advance():
        pass
    streamed.append(BUILD, b"installing\n")
    assert streamed.streamer.advance()

    assert streamed.take() == f"{block(BUILD)}resolving\ninstalling\n"

    streamed.append(PREPARATION, b"started\n")
    streamed.append(DRIVER, b"one\n")
    while streamed.streamer.advance():
        pass

    assert streamed.take() == f"{block(PREPARATION)}started\n{block(DRIVER)}one\n"


def test_a_character_that_is_split_between_two_looks_is_whole(streamed: Streamed) -> None:
    streamed.append(DRIVER, b"Z\xc3")
    streamed.streamer.advance()
    streamed.append(DRIVER, b"\xbcrich")
    streamed.streamer.advance()

    assert streamed.take().endswith("\n\nZürich")


def test_a_character_that_was_cut_off_is_told(streamed: Streamed) -> None:
    streamed.append(DRIVER, b"Z\xc3")
    streamed.streamer.finish()
    streamed.take()

    streamed.streamer.sum_up()

    assert streamed.take().startswith("�\n\nExecution Summary\n")


def test_megabytes_are_printed_whole(streamed: Streamed) -> None:
    data = b"".join(b"%d\n" % number for number in range(400_000))
    streamed.append(DRIVER, data)

    streamed.streamer.advance()

    assert streamed.take().endswith("\n\n" + data.decode())


def test_a_log_of_the_user_does_not_hide_the_driver_log(streamed: Streamed) -> None:
    streamed.append("logs/train.txt", b"mine\n")
    streamed.streamer.advance()
    streamed.append(DRIVER, b"one\n")
    streamed.streamer.advance()

    assert streamed.take() == f"RunId: r1\nWeb View: file:///r1\n{block(DRIVER)}one\n"


def test_an_interactive_run_shows_its_own_logs(store: RunStore) -> None:
    streamed = Streamed(store, is_submitted=False)

    streamed.append("logs/user_log.txt", b"mine\n")
    streamed.streamer.advance()

    assert streamed.take().endswith("Streaming logs/user_log.txt\n===========================\n\nmine\n")


@pytest.mark.parametrize(
    ("paths", "chosen"),
    [
        (["azureml-logs/process_info.json", "logs/azureml/110_azureml.log", "outputs/70_x.txt"], []),
        (["user_logs/std_log.txt"], ["user_logs/std_log.txt"]),
        (["user_logs/std_log_0.txt", "user_logs/std_log_1.txt"], ["user_logs/std_log_0.txt"]),
        (
            ["azureml-logs/70_driver_log_1.txt", "azureml-logs/70_driver_log_0.txt"],
            ["azureml-logs/70_driver_log_0.txt"],
        ),
        (["azureml-logs/70_driver_log_1.txt", DRIVER], [DRIVER]),
        (
            ["azureml-logs/70_driver_log-rank_1.txt", "azureml-logs/70_driver_log-rank_0.txt"],
            ["azureml-logs/70_driver_log-rank_0.txt"],
        ),
        ([POST, DRIVER], [DRIVER, POST]),
    ],
)
def test_which_logs_are_streamed(paths: list[str], chosen: list[str]) -> None:
    assert choose_logs(paths) == chosen


def test_a_terminal_that_knows_few_characters_gets_the_others_replaced(
    store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="ascii"))

    LogStreamer(store, "Zürich", "file:///")

    assert written.getvalue() == b"RunId: Z?rich\nWeb View: file:///\n"
