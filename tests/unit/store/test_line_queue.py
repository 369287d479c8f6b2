"""Lines wait on disk in their order, whatever happens to whoever puts them there, and a thread fetches them."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
from pathlib import Path
from textwrap import dedent

import pytest

from aml_widgets.core.errors import StoreCorrupt, StoreError, StoreFull, StoreUnavailable
from aml_widgets.core.records import RunError
from aml_widgets.core.status import RunStatus
from aml_widgets.store.mlflow.outbox import line_queue, run_ends, sender_thread
from aml_widgets.store.mlflow.outbox.line_queue import LineQueue, count_lines, find_writers
from aml_widgets.store.mlflow.outbox.sender_thread import SenderThread

WAIT_SECONDS = 60.0


def open_queue(folder: Path, writer_id: str = "writer") -> LineQueue:
    queue = LineQueue(folder, writer_id)
    assert queue.open()
    return queue


def take_all(queue: LineQueue, max_bytes: int = 100) -> list[str]:
    taken = []
    while lines := queue.peek(max_bytes):
        taken += lines
        queue.advance(lines)
    return taken


def _set(event: threading.Event) -> bool:
    event.set()
    return False


# -- the queue


def test_a_queue_goes_on_behind_lines_whose_files_are_gone(tmp_path: Path) -> None:
    before = open_queue(tmp_path)
    before.put(["0", "1", "2"])
    before.advance(before.peek(100))
    before.close(is_done=True)

    queue = LineQueue(tmp_path, "writer", first_line=3)
    assert queue.open()
    assert (queue.waiting, queue.first_line) == (0, 3)
    queue.put(["3", "4"])
    assert (queue.waiting, queue.line_count) == (2, 5)
    queue.close(is_done=False)

    again = open_queue(tmp_path)
    assert (again.first_line, take_all(again)) == (3, ["3", "4"])
    again.close(is_done=True)
    assert count_lines(tmp_path) == {}


def test_lines_are_counted_whoever_has_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_queue, "SEGMENT_BYTES", 64)
    one, other = open_queue(tmp_path, "one"), open_queue(tmp_path, "other-2")
    for number in range(50):
        one.put([f"line {number}"])
    other.put(["a", "b"])
    other.advance(other.peek(100))
    (tmp_path / "third-000000000007.jsonl").write_text("whole\nnot who")

    assert count_lines(tmp_path) == {"one": 50, "other-2": 2, "third": 8}
    assert count_lines(tmp_path / "nowhere") == {}
    for queue in (one, other):
        queue.close(is_done=False)


def test_lines_come_out_as_they_went_in_over_many_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_queue, "SEGMENT_BYTES", 64)
    queue = open_queue(tmp_path)
    lines = [f'["ä\u2028 {number}"]' for number in range(50)]
    for start in range(0, 50, 5):
        queue.put(lines[start : start + 5])

    assert (queue.waiting, queue.line_count, queue.first_line) == (50, 50, 0)
    assert queue.waiting_bytes == sum(len(f"{line}\n".encode()) for line in lines)
    assert len(list(tmp_path.glob("*.jsonl"))) > 5
    assert take_all(queue) == lines
    assert (queue.waiting, queue.waiting_bytes) == (0, 0)
    queue.put(["more"])
    assert take_all(queue) == ["more"]
    assert len(list(tmp_path.glob("*.jsonl"))) == 1, "what is sent is deleted"
    queue.close(is_done=True)
    assert list(tmp_path.iterdir()) == []


def test_a_line_longer_than_what_is_asked_for_comes_whole(tmp_path: Path) -> None:
    queue = open_queue(tmp_path)
    long = "x" * 3_000_000
    queue.put(["short", long, "end"])

    assert queue.peek(100) == ["short"]
    assert take_all(queue) == ["short", long, "end"]
    queue.close(is_done=True)


def test_the_next_process_goes_on_where_the_numbers_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_queue, "SEGMENT_BYTES", 10)
    queue = open_queue(tmp_path)
    for number in range(6):
        queue.put([f"line {number}", f"and {number}"])
    queue.advance(queue.peek(1000))
    queue.advance(queue.peek(1000))
    queue.peek(1)
    queue.close(is_done=False)

    next_one = open_queue(tmp_path)

    assert (next_one.first_line, next_one.waiting) == (4, 8)
    next_one.put(["its own"])
    assert take_all(next_one)[0] == "line 2"
    assert next_one.line_count == 13
    next_one.close(is_done=True)


def test_one_process_has_a_queue_and_it_is_let_go_of_when_the_process_ends(tmp_path: Path) -> None:
    program = """
        import sys
        from pathlib import Path
        from aml_widgets.store.mlflow.outbox.line_queue import LineQueue
        queue = LineQueue(Path(sys.argv[1]), "writer")
        assert queue.open()
        queue.put(["one"])
        print("there", flush=True)
        input()
    """
    command = [sys.executable, "-c", dedent(program), str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        assert not LineQueue(tmp_path, "writer").open()
        other.kill()

    queue = open_queue(tmp_path)
    assert take_all(queue) == ["one"]
    queue.close(is_done=True)


def test_where_there_is_no_room_nothing_is_taken_of_a_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    queue = open_queue(tmp_path)
    queue.put(["before"])
    write = os.write

    def write_half(file: int, content: bytes) -> int:
        if len(content) > 4:
            return write(file, content[:4])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "write", write_half)
    with pytest.raises(StoreFull):
        queue.put(["lost"])
    monkeypatch.setattr(os, "write", write)
    queue.put(["after"])

    assert take_all(queue) == ["before", "after"]
    queue.close(is_done=True)


def test_an_interrupt_anywhere_in_a_call_leaves_what_returned_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line_queue, "SEGMENT_BYTES", 30)
    taken: list[str] = []
    queue = open_queue(tmp_path)
    number = 0
    is_through = False
    countdown = 0

    def trace(frame: object, event: str, argument: object) -> object:
        nonlocal countdown
        countdown -= 1
        if countdown == 0:
            raise KeyboardInterrupt
        return trace

    steps = 0
    while not is_through:  # one line of code later each time, over calls that begin a file and calls that do not
        steps += 1
        is_through = True
        for _ in range(4):
            number += 1
            line = f"line {number}"
            count = queue.line_count
            countdown = steps
            sys.settrace(trace)  # type: ignore[arg-type]  # a trace function gives itself
            try:
                queue.put([line])
            except KeyboardInterrupt:
                is_through = False
            finally:
                sys.settrace(None)
            if queue.line_count > count:
                taken.append(line)

    assert steps > 20
    queue.put(["end"])
    assert take_all(queue) == [*taken, "end"]
    queue.close(is_done=True)


def test_what_is_refused_is_kept_beside_the_queue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_queue, "SEGMENT_BYTES", 10)
    queue = open_queue(tmp_path)
    for number in range(5):
        queue.put([f"line {number}"])
    queue.advance(queue.peek(7))

    aside = queue.set_aside()

    assert aside.read_text().split() == ["line", "1", "line", "2", "line", "3", "line", "4"]
    assert (queue.waiting, queue.waiting_bytes, queue.line_count) == (0, 0, 5)
    queue.put(["another"])
    assert take_all(queue) == ["another"]
    queue.close(is_done=True)
    assert list(tmp_path.iterdir()) == [aside]


def test_lines_that_somebody_deleted_are_told_and_the_rest_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line_queue, "SEGMENT_BYTES", 10)
    queue = open_queue(tmp_path)
    for number in range(3):
        queue.put([f"line {number}", "two"])
    first, _, _ = sorted(tmp_path.glob("*.jsonl"))
    first.write_text("line 0\n")
    queue.advance(queue.peek(100))

    with pytest.raises(StoreCorrupt, match="missing"):
        queue.peek(100)

    assert queue.set_aside().read_text().split("\n")[:2] == ["line 1", "two"]
    queue.put(["gone"])
    for path in tmp_path.glob("*.jsonl"):
        path.unlink()
    with pytest.raises(StoreCorrupt, match="missing"):
        queue.peek(100)
    queue.close(is_done=True)


def test_files_of_other_names_are_no_queues(tmp_path: Path) -> None:
    for name in ("a-b.jsonl", "a-00000000000x.jsonl", "-000000000000.jsonl", "notes.txt", "end.json"):
        (tmp_path / name).write_text("x\n")
    (tmp_path / "w-1-000000000007.jsonl").write_text("seven\n")
    (tmp_path / "left.lock").touch()

    assert find_writers(tmp_path) == ["left", "w-1"]
    queue = open_queue(tmp_path, "w-1")
    assert (queue.first_line, take_all(queue)) == (7, ["seven"])
    queue.close(is_done=True)


def test_the_end_of_a_run_is_kept_until_it_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    end = run_ends.RunEnd(RunStatus.FAILED, 12.5, RunError(code="Boom", message="it was\n☹", traceback="trace"))

    run_ends.keep(folder, end)
    assert run_ends.find(folder) == end
    assert [path.name for path in folder.iterdir()] == ["end.json"]
    run_ends.remove(folder)
    assert run_ends.find(folder) is None

    (folder / "end.json").write_text('{"status": "Fai')
    assert run_ends.find(folder) is None
    folder.joinpath("end.json").unlink()
    folder.rmdir()
    folder.write_text("a file")
    with pytest.raises(StoreError):
        run_ends.keep(folder, end)


# -- the thread


def test_a_thread_works_when_it_is_woken_and_ends_when_it_is_idle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender_thread, "IDLE_SECONDS", 0.01)
    worked = threading.Event()
    thread = SenderThread("test sender", lambda: _set(worked), 0.0)

    for _ in range(3):
        worked.clear()
        assert thread.wake()
        assert worked.wait(WAIT_SECONDS)
        running = thread._thread
        if running is not None:
            running.join(WAIT_SECONDS)
        assert thread._thread is None


def test_what_goes_wrong_is_told_and_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender_thread, "FIRST_PAUSE_SECONDS", 0.001)
    errors: list[Exception] = [StoreUnavailable("away"), ValueError("a mistake")]
    seen: list[object] = []

    def work() -> bool:
        seen.append(thread.trouble)
        if errors:
            raise errors.pop(0)
        return False

    thread = SenderThread("test sender", work, 0.0)
    thread.wake()
    while len(seen) < 3 or thread.trouble is not None:
        thread.wait(0.01)

    assert seen[0] is None
    assert str(seen[1]) == "away"
    assert "ValueError('a mistake')" in str(seen[2])
    assert thread.close(WAIT_SECONDS)


def test_one_that_is_closing_goes_on_when_it_is_woken() -> None:
    may_end, begun, again = threading.Event(), threading.Event(), threading.Event()
    calls = 0

    def work() -> bool:
        nonlocal calls
        calls += 1
        begun.set()
        assert may_end.wait(WAIT_SECONDS)
        if calls == 2:
            again.set()
        return False

    thread = SenderThread("test sender", work, 0.0)
    thread.wake()
    assert begun.wait(WAIT_SECONDS)
    assert not thread.close(0.0), "it is at work"
    assert thread.is_closing
    thread.wake(is_urgent=True)
    may_end.set()

    assert again.wait(WAIT_SECONDS)
    assert thread.close(WAIT_SECONDS)
    assert thread.close(0.0), "twice"


def test_where_no_thread_can_be_had_that_is_told_and_nothing_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    done = threading.Event()
    thread = SenderThread("test sender", lambda: _set(done), 0.0)

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        assert not thread.wake()
    assert "can't start new thread" in str(thread.trouble)

    assert thread.wake()
    assert done.wait(WAIT_SECONDS)
    assert thread.close(WAIT_SECONDS)
    assert thread.trouble is None


def test_how_long_a_call_is_silent_is_counted_from_its_last_sign_of_life() -> None:
    may_beat, has_beaten, may_end = threading.Event(), threading.Event(), threading.Event()

    def work() -> bool:
        assert may_beat.wait(WAIT_SECONDS)
        thread.beat()
        has_beaten.set()
        assert may_end.wait(WAIT_SECONDS)
        return False

    thread = SenderThread("test sender", work, 0.0)
    assert thread.busy_seconds == 0
    thread.wake()
    while not (before := thread.busy_seconds):
        assert thread._thread is not None
    began_at = thread._began_at
    may_beat.set()
    assert has_beaten.wait(WAIT_SECONDS)
    assert thread._began_at is not None
    assert began_at is not None
    assert thread._began_at > began_at
    assert before > 0
    may_end.set()
    assert thread.close(WAIT_SECONDS)
    assert thread.busy_seconds == 0
