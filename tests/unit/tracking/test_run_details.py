# ruff: noqa: T201 - what is printed is what is tested

from __future__ import annotations

import threading
import traceback
from pathlib import Path

import pytest

from aml_widgets.core.errors import RunFailed, RunInterrupted, RunNotFound
from aml_widgets.core.status import RunStatus
from aml_widgets.tracking.experiment import Experiment
from aml_widgets.tracking.run import Run


def test_status_is_cached_until_asked_for(run: Run, experiment: Experiment) -> None:
    Run(experiment, run.id).complete()

    assert run.status == "Running"
    assert run.get_status() == run.status == "Completed"


def test_details_have_v1s_keys(run: Run) -> None:
    details = run.get_details()
    run.complete()
    after = run.get_details()

    assert details["runId"] == run.id
    assert details["status"] == "Running"
    assert details["startTimeUtc"].endswith("Z")
    assert "endTimeUtc" not in details
    assert after["endTimeUtc"].endswith("Z")
    assert details["error"] is None
    assert {"target", "services", "warnings", "properties", "inputDatasets", "outputDatasets", "logFiles"} <= set(
        details
    )


def test_logs_are_linked_read_and_copied(run: Run, tmp_path: Path) -> None:
    with run:
        print("hello")

    (link,) = run.get_details()["logFiles"].values()
    assert Path(link.removeprefix("file://")).read_text() == "hello\n"
    assert run.get_details_with_logs()["logFiles"] == {"logs/user_log.txt": "hello\n"}
    assert run.get_all_logs(tmp_path / "logs") == [str(tmp_path / "logs" / "logs" / "user_log.txt")]
    assert [Path(path).read_text() for path in run.get_all_logs()] == ["hello\n"]


def test_waiting_for_a_run_that_has_ended_returns_at_once(run: Run) -> None:
    run.complete()

    assert run.wait_for_completion()["status"] == "Completed"


def test_waiting_ends_with_the_run(run: Run, experiment: Experiment) -> None:
    thread = threading.Timer(0.05, Run(experiment, run.id).complete)
    thread.start()

    details = run.wait_for_completion()
    thread.join()

    assert details["status"] == run.status == "Completed"


@pytest.mark.parametrize("show_output", [False, True])
def test_a_run_that_is_put_into_the_trash_is_not_waited_for_for_ever(run: Run, show_output: bool) -> None:
    thread = threading.Timer(0.05, lambda: run._store.trash_run(run.id, even_if_active=True))
    thread.start()

    with pytest.raises(RunNotFound, match=r"in the trash and has not ended: it is Running.*[Rr]estore"):
        run.wait_for_completion(show_output=show_output)
    thread.join()


@pytest.mark.parametrize("show_output", [False, True])
def test_a_run_that_is_deleted_for_good_is_not_waited_for_for_ever(
    run: Run, experiment: Experiment, show_output: bool
) -> None:
    waiter = Run(experiment, run.id)
    run.complete()
    run._store.trash_run(run.id)
    run._store.purge_run(run.id)

    with pytest.raises(RunNotFound, match="deleted for good"):
        waiter.wait_for_completion(show_output=show_output)


def test_a_run_in_the_trash_that_has_ended_is_told_as_any_other(run: Run, experiment: Experiment) -> None:
    run.complete()
    run._store.trash_run(run.id)

    assert Run(experiment, run.id).wait_for_completion(show_output=True)["status"] == "Completed"


def test_a_failed_run_is_raised_unless_not_wanted(run: Run) -> None:
    run.fail("no data")

    with pytest.raises(RunFailed, match="no data"):
        run.wait_for_completion()
    assert run.wait_for_completion(raise_on_error=False)["status"] == "Failed"


def test_a_cancelled_run_is_not_raised(run: Run) -> None:
    run.cancel()

    assert run.wait_for_completion()["status"] == "Canceled"


@pytest.mark.parametrize("status", [RunStatus.FINALIZING, RunStatus.CANCEL_REQUESTED])
def test_post_processing_is_waited_for_only_when_asked(run: Run, status: RunStatus) -> None:
    run._set_status(status)

    assert run.wait_for_completion()["status"] == status.value
    thread = threading.Timer(0.05, run.cancel)
    thread.start()
    assert run.wait_for_completion(wait_post_processing=True)["status"] == "Canceled"
    thread.join()


def test_the_log_of_a_run_is_shown(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    with run:
        print("hello Zürich")
    capsys.readouterr()

    run.wait_for_completion(show_output=True)

    url = run.get_portal_url()
    assert capsys.readouterr().out == (
        f"RunId: {run.id}\nWeb View: {url}\n"
        "\nStreaming logs/user_log.txt\n===========================\n\n"
        "hello Zürich\n"
        f"\nExecution Summary\n=================\nRunId: {run.id}\nWeb View: {url}\n"
    )


def test_a_run_without_a_log_is_shown_kindly(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    run.fail("no data")

    run.wait_for_completion(show_output=True, raise_on_error=False)

    shown = capsys.readouterr().out
    assert "The run has no log" in shown
    assert '"message": "no data"' in shown


def test_a_very_long_error_is_shortened_where_it_is_told_and_kept_whole(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    said = "a" * 100_000 + " the end"
    run.fail(said)

    with pytest.raises(RunFailed, match=r"failed: a+….* the end\. See run\.get_details\(\)\['error'\]") as raised:
        run.wait_for_completion()
    run.wait_for_completion(show_output=True, raise_on_error=False)

    assert len(raised.value.message) < 1_000
    assert len(capsys.readouterr().out) < 20_000
    assert run.get_details()["error"]["error"]["message"] == said


def test_interrupting_what_is_shown_leaves_the_run_alone(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*arguments: object, **keywords: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "_wait", interrupt)

    with pytest.raises(RunInterrupted, match="goes on") as told:
        run.wait_for_completion(show_output=True)
    assert "".join(traceback.format_exception(told.value)).count("Traceback") == 1
    with pytest.raises(KeyboardInterrupt):
        run.wait_for_completion()
    assert run.get_status() == "Running"
