# ruff: noqa: T201, LOG015 - what is printed, and logged on the root logger, is what is tested

from __future__ import annotations

import contextlib
import io
import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from aml_widgets.core.errors import StoreUnavailable
from aml_widgets.tracking import capture as capture_module
from aml_widgets.tracking.capture import OutputCapture
from aml_widgets.tracking.run import Run


@pytest.fixture(autouse=True)
def nothing_stays() -> Iterator[None]:
    before = sys.stdout, sys.stderr, logging.getLogRecordFactory()

    yield

    assert (sys.stdout, sys.stderr, logging.getLogRecordFactory()) == before
    assert capture_module._captured.active == ()


@contextlib.contextmanager
def bare_root() -> Iterator[logging.Logger]:
    """The root logger as a fresh Python has it: pytest's handlers, which come after the fixtures, are put aside."""
    root = logging.getLogger()
    kept = root.handlers[:], root.level
    root.handlers[:] = []
    root.setLevel(logging.WARNING)

    yield root

    root.handlers[:] = kept[0]
    root.setLevel(kept[1])


def log_of(run: Run) -> str:
    return str(run.get_details_with_logs()["logFiles"].get("logs/user_log.txt"))


def test_what_a_block_prints_is_shown_and_kept_line_by_line(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    with run:
        print("out", 1)
        live = log_of(run)
        print("err", file=sys.stderr)
        print("no end", end="")
    print("after")

    assert live == "out 1\n"
    assert log_of(run) == "out 1\nerr\nno end"
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("out 1\nno endafter\n", "err\n")


def test_the_log_is_known_as_one_that_grows(run: Run) -> None:
    with run:
        print("a")
        (artifact,) = run._store.list_artifacts(run.id)

    assert (artifact.path, artifact.is_log, artifact.size_bytes) == ("logs/user_log.txt", True, 2)


def test_a_plain_run_captures_nothing(run: Run) -> None:
    print("a")

    assert run.get_file_names() == []


def test_a_progress_bar_is_kept(run: Run) -> None:
    with run:
        for percent in (0, 50):
            sys.stderr.write(f"\r{percent} %")
        live = log_of(run)

    assert live == "\r0 %\r"
    assert log_of(run) == "\r0 %\r50 %"


def test_a_line_without_end_is_written_all_the_same(run: Run) -> None:
    with run:
        sys.stdout.write("x" * 10_000)
        live = log_of(run)

    assert len(live) == 10_000


def test_a_child_inside_a_block_writes_to_both(run: Run) -> None:
    with run:
        print("before")
        with run.child_run() as child:
            print("inside")
        print("after")

    assert log_of(child) == "inside\n"
    assert log_of(run) == "before\ninside\nafter\n"


def test_blocks_may_end_in_any_order(tmp_path: Path) -> None:
    first, second = OutputCapture(tmp_path / "1"), OutputCapture(tmp_path / "2")

    first.start()
    second.start()
    first.stop()
    print("late")
    second.stop()
    second.stop()

    assert (tmp_path / "1").read_text() == ""
    assert (tmp_path / "2").read_text() == "late\n"


def test_threads_write_whole_lines(run: Run) -> None:
    def work(letter: str) -> None:
        for _ in range(50):
            sys.stdout.write(letter * 100 + "\n")

    with run:
        threads = [threading.Thread(target=work, args=(letter,)) for letter in "abcd"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    lines = log_of(run).splitlines()
    assert sorted(lines) == sorted(letter * 100 for letter in "abcd" for _ in range(50))


def test_a_stream_that_is_put_over_ours_is_left_in_peace(run: Run) -> None:
    other = io.StringIO()

    with run, contextlib.redirect_stdout(other):
        print("elsewhere")

    assert other.getvalue() == "elsewhere\n"
    assert log_of(run) == ""


def test_a_stream_that_outlives_the_block_passes_everything_on(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    with run:
        kept = sys.stdout
    kept.write("late\n")

    assert capsys.readouterr().out == "late\n"
    assert log_of(run) == ""
    assert kept.encoding == sys.stdout.encoding
    assert "run's log" in repr(kept)


def test_a_log_that_cannot_be_opened_does_not_stop_the_block(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*arguments: object) -> None:
        raise StoreUnavailable("The disk is away.")

    monkeypatch.setattr(type(run._store.artifacts), "append_path", fail)

    with pytest.warns(UserWarning, match="The disk is away"), run:
        print("shown")

    assert capsys.readouterr().out == "shown\n"
    assert run.status == "Completed"


def test_a_log_that_breaks_does_not_stop_printing(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*arguments: object) -> int:
        raise OSError("no space left")

    capture = OutputCapture(tmp_path / "log")
    capture.start()
    with monkeypatch.context() as patch:
        patch.setattr("os.write", fail)
        print("one")
        print("two")
    capture.stop()

    assert capsys.readouterr().out == "one\ntwo\n"
    assert caplog.text.count("no space left") == 1


def test_odd_text_is_kept(run: Run) -> None:
    with run:
        print("Zürich 🚀")
        capture_module._captured.write("stdout", "\ud800\n")

    assert log_of(run) == "Zürich 🚀\n\\ud800\n"


# -- log records


@bare_root()
def test_records_are_kept_with_level_and_name(run: Run) -> None:
    log = logging.getLogger("training")
    log.setLevel(logging.INFO)

    with run:
        log.info("epoch %d", 3)
        log.debug("not asked for")
    log.info("after")

    assert log_of(run).endswith(" INFO training: epoch 3\n")
    assert log_of(run).count("\n") == 1
    assert logging.getLogger().handlers == []


@bare_root()
def test_basic_config_works_inside_a_block_and_lines_are_not_doubled(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    with run:
        logging.basicConfig(level=logging.DEBUG, format="%(message)s")
        logging.getLogger("quiet").debug("epoch")
        logging.info("root")

    assert len(logging.getLogger().handlers) == 1
    assert log_of(run) == "epoch\nroot\n"
    assert capsys.readouterr().err == "epoch\nroot\n"


@bare_root()
def test_a_handler_from_before_the_block_is_used_as_before(run: Run) -> None:
    screen = io.StringIO()
    logging.getLogger().addHandler(logging.StreamHandler(screen))

    with run:
        logging.warning("careful")

    assert screen.getvalue() == "careful\n"
    assert log_of(run).endswith(" WARNING root: careful\n")


@bare_root()
def test_a_warning_without_any_handler_is_printed_once(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    with run:
        logging.getLogger("training").warning("careful")

    assert capsys.readouterr().err == "careful\n"
    assert log_of(run) == "careful\n"


@bare_root()
def test_an_exception_is_kept_with_its_traceback_and_the_record_is_unchanged(run: Run) -> None:
    records: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = records.append  # type: ignore[method-assign, assignment]
    logging.getLogger().addHandler(handler)

    with run:
        try:
            _ = 1 / 0
        except ZeroDivisionError:
            logging.exception("failed")

    assert "ZeroDivisionError: division by zero" in log_of(run)
    assert records[0].exc_text is None
    assert not hasattr(records[0], "asctime")


@bare_root()
def test_arguments_that_do_not_fit_are_loggings_matter(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    with run:
        logging.getLogger("training").warning("%d", "text")

    assert "--- Logging error ---" in capsys.readouterr().err


@bare_root()
def test_a_factory_of_the_user_goes_on(run: Run) -> None:
    class Record(logging.LogRecord):
        pass

    made: list[logging.LogRecord] = []
    logging.getLogger().addHandler(logging.NullHandler())
    logging.getLogger().handlers[0].handle = made.append  # type: ignore[assignment, method-assign]
    before = logging.getLogRecordFactory()
    logging.setLogRecordFactory(Record)
    try:
        with run:
            logging.warning("careful")
        assert logging.getLogRecordFactory() is Record
    finally:
        logging.setLogRecordFactory(before)

    assert type(made[0]) is Record


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_fork_in_the_midst_of_a_line_of_another_thread_prints_on(run: Run) -> None:
    with run:
        (capture,) = capture_module._captured.active
        is_held, may_go = threading.Event(), threading.Event()

        def hold() -> None:
            with capture._lock:
                is_held.set()
                may_go.wait()

        thread = threading.Thread(target=hold)
        thread.start()
        is_held.wait()
        child = os.fork()
        if child == 0:
            signal.alarm(10)  # ends a child that waits for a lock
            print("from the child")
            os._exit(0)
        _, status = os.waitpid(child, 0)
        may_go.set()
        thread.join()

    assert status == 0
    assert "from the child" in log_of(run)
