"""The panel of logs chooses, reads and sends only what it has to."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Iterator

import ipywidgets
import pytest

from aml_widgets.core.errors import StoreUnavailable
from aml_widgets.core.records import ArtifactRecord
from aml_widgets.core.status import RunStatus
from aml_widgets.store.memory import MemoryRunStore
from aml_widgets.testing import seeded_logs
from aml_widgets.testing.seeded_logs import append_log, start_run
from aml_widgets.widgets.log_tail import TAIL_BYTES
from aml_widgets.widgets.page import Page
from aml_widgets.widgets.panels.host import Host
from aml_widgets.widgets.panels.logs import LogsPanel
from aml_widgets.widgets.panels.parts import close_tree
from aml_widgets.widgets.settings import SettingsHolder
from aml_widgets.widgets.view_state import ViewState, advance


class Bench:
    """A panel, and what it read, sent and saved."""

    def __init__(self, store: MemoryRunStore, run_id: str, settings: SettingsHolder | None = None) -> None:
        self.store = store
        self.run_id = run_id
        self.read_sizes: list[int] = []
        self.saved: list[tuple[str, bytes]] = []
        lock = threading.RLock()
        self.settings = settings or SettingsHolder()
        self.page = Page(lock)
        self.page.send_file = self._save  # type: ignore[method-assign]  # what is sent is looked at here
        self.host = Host(
            store=store, run_id=run_id, lock=lock, page=self.page, settings=self.settings, open_run=lambda _: None
        )
        self.panel = LogsPanel(self.host)
        self.state = ViewState(run_id=run_id)

    def look(self) -> str:
        self.state = advance(self.state, self.store.changes_since(self.run_id, self.state.cursor))
        self.panel.update(self.state)
        return self.html

    def do(self, verb: str, value: str = "") -> str:
        self.page._on_message(None, {"n": 1, "do": verb, "value": value}, [])
        return self.html

    @property
    def html(self) -> str:
        return "\n".join(place.value for place in self.places())

    def places(self) -> list[ipywidgets.HTML]:
        found: list[ipywidgets.HTML] = []

        def collect(widget: ipywidgets.Widget) -> None:
            if isinstance(widget, ipywidgets.HTML):
                found.append(widget)
            for child in getattr(widget, "children", ()):
                collect(child)

        collect(self.panel.widget)
        return found

    def has(self, name: str) -> bool:
        return name in self.panel.widget._dom_classes

    def _save(self, name: str, media_type: str, chunks: Iterable[bytes], *, total_bytes: int | None = None) -> None:
        assert media_type
        assert total_bytes is None or total_bytes >= 0
        self.saved.append((name, b"".join(chunks)))


@pytest.fixture
def store() -> MemoryRunStore:
    return MemoryRunStore()


@pytest.fixture(autouse=True)
def all_closed() -> Iterator[None]:
    yield
    ipywidgets.Widget.close_all()


def lines(first: int, last: int) -> str:
    return "".join(f"line {number};\n" for number in range(first, last))


def test_a_run_without_logs_says_so(store: MemoryRunStore) -> None:
    bench = Bench(store, start_run(store, "quiet"))
    assert "This run has written no log yet." in bench.look()
    assert bench.panel.last_line == ""

    append_log(store, bench.run_id, "")
    assert "Nothing was printed yet." in bench.look()
    assert bench.panel._text.widget.layout.display == "none"

    store.set_status(bench.run_id, RunStatus.COMPLETED)
    assert "Nothing was printed." in bench.look()


def test_the_newest_stage_is_shown_until_one_is_picked(store: MemoryRunStore) -> None:
    bench = Bench(store, start_run(store, "stages"))
    append_log(store, bench.run_id, "prepared\n", "azureml-logs/65_job_prep.txt")
    assert "<div>prepared</div>" in bench.look()
    append_log(store, bench.run_id, "driver <says>\n", "azureml-logs/70_driver_log.txt")
    assert "<div>driver &lt;says&gt;</div>" in bench.look()
    append_log(store, bench.run_id, "early\n", "azureml-logs/70_aaa.txt")
    assert "driver" in bench.look()  # a sibling of the same stage takes nothing away
    append_log(store, bench.run_id, "post\n", "azureml-logs/75_job_post.txt")
    assert "<div>driver &lt;says&gt;</div>" in bench.look()  # what is noted about a script is offered only
    assert bench.html.index("70_aaa.txt</option>") < bench.html.rindex("70_driver_log.txt</option>")

    assert "driver &lt;says&gt;" in bench.do("log-pick", "azureml-logs/70_driver_log.txt")
    append_log(store, bench.run_id, "late\n", "azureml-logs/80_late.txt")
    assert "late</div>" not in bench.look()

    again = Bench(store, bench.run_id, bench.settings)  # shown a second time
    assert "driver &lt;says&gt;" in again.look()
    assert "late</div>" in bench.do("log-pick", "")
    assert "late</div>" in bench.do("log-pick", "no such log")


def test_who_scrolled_up_keeps_the_log_that_is_read(store: MemoryRunStore) -> None:
    bench = Bench(store, start_run(store, "stages"))
    append_log(store, bench.run_id, "first\n", "logs/1.txt")
    bench.look()

    bench.do("log-follow", "")
    append_log(store, bench.run_id, "second\n", "logs/2.txt")
    assert "first</div>" in bench.look()

    assert "second</div>" in bench.do("log-follow", "1")
    assert bench.panel.last_line == "second"


def test_nothing_is_sent_when_nothing_changed_and_little_when_little_did(
    store: MemoryRunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench(store, start_run(store, "long"))
    append_log(store, bench.run_id, lines(0, 50_000))
    bench.look()
    sent: list[int] = []
    for place in bench.places():
        monkeypatch.setattr(place, "send_state", lambda key=None, place=place: sent.append(len(place.value)))

    bench.look()
    assert sent == []

    append_log(store, bench.run_id, "one more\n")
    bench.look()
    assert 0 < sum(sent) < 16_000


def test_models_do_not_grow_with_the_log_and_all_are_freed(store: MemoryRunStore) -> None:
    models = ipywidgets.widgets.widget._instances
    before = len(models)
    bench = Bench(store, start_run(store, "long"))
    counts = []
    for turn in range(120):
        append_log(store, bench.run_id, lines(turn * 500, turn * 500 + 500))
        bench.look()
        counts.append(len(models))
        assert f"line {turn * 500 + 499};" in bench.html
        assert f"line {turn * 500 + 400};" in bench.html
    for _ in range(4):
        bench.do("log-earlier")
    shown = [int(number) for number in re.findall(r">line (\d+);", bench.html)]
    assert shown == list(range(shown[0], 60_000))
    bench.do("log-follow", "1")
    append_log(store, bench.run_id, "new\n")
    bench.look()

    assert max(counts) - counts[20] < 200
    assert len(bench.panel._text._boxes) == 1
    close_tree(bench.panel.widget)
    bench.page.widget.close()
    assert len(models) - before <= 1  # the page's layout


def test_a_giant_log_opens_with_one_small_read(store: MemoryRunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(store, seeded_logs.giant(store))
    sizes: list[int | None] = []
    read = store.artifacts.read

    def note(run_id: str, path: str, *, start: int = 0, max_bytes: int | None = None) -> bytes:
        sizes.append(max_bytes)
        return read(run_id, path, start=start, max_bytes=max_bytes)

    monkeypatch.setattr(store.artifacts, "read", note)

    assert "line 4999 of the end" in bench.look()
    bench.do("log-numbers", "1")
    bench.do("log-earlier")

    assert sizes == [TAIL_BYTES, TAIL_BYTES]
    assert "numbered from the first one shown" in bench.html


def test_line_numbers_and_wrap_are_kept_for_the_run(store: MemoryRunStore) -> None:
    bench = Bench(store, start_run(store, "long"))
    append_log(store, bench.run_id, lines(0, 50_000))
    bench.look()
    assert bench.has("aml-log-wraps")
    assert not bench.has("aml-log-numbered")

    html = bench.do("log-numbers", "1")
    first = re.findall(r">line (\d+);", html)[0]
    assert f"counter-set:aml-line {first}" in html

    bench.do("log-wrap", "")
    again = Bench(store, bench.run_id, bench.settings)
    assert again.has("aml-log-numbered")
    assert not again.has("aml-log-wraps")


def test_a_download_is_the_whole_file_as_it_was(store: MemoryRunStore) -> None:
    bench = Bench(store, start_run(store, "long"))
    content = "x" * 3_000_000
    append_log(store, bench.run_id, content, "logs/deep/a.txt")
    bench.look()
    append_log(store, bench.run_id, "not yet looked at", "logs/deep/a.txt")

    bench.do("log-download")

    assert bench.saved == [("a.txt", content.encode())]


def test_a_log_that_cannot_be_read_is_said_and_what_was_read_stays(
    store: MemoryRunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench(store, start_run(store, "flaky"))
    append_log(store, bench.run_id, "read before\n")
    bench.look()
    with monkeypatch.context() as patch:

        def fail(*_args: object, **_named: object) -> bytes:
            raise StoreUnavailable("the disk <b>went</b> away")

        patch.setattr(store.artifacts, "read", fail)
        append_log(store, bench.run_id, "and after\n")
        assert "This log cannot be read now: the disk &lt;b&gt;went&lt;/b&gt; away" in bench.look()
        assert "read before" in bench.html
    assert "and after" in bench.look()
    assert "cannot be read" not in bench.html

    store.artifacts.append_path(bench.run_id, "logs/user_log.txt").unlink()
    store.record_artifact(
        bench.run_id, ArtifactRecord(path="logs/user_log.txt", size_bytes=99, written_at=1.0, is_log=True)
    )
    assert "This log is not there any more." in bench.look()


def test_names_and_text_are_never_markup(store: MemoryRunStore) -> None:
    bench = Bench(store, seeded_logs.hostile_logs(store))
    html = bench.look()
    for path in [artifact.path for artifact in bench.state.artifacts.values()]:
        html += bench.do("log-pick", path)

    assert "<img" not in html
    assert "<script" not in html
    assert "<b>" not in html
    assert "javascript:alert(1)" in html  # of the text, not of the link
    assert "href" not in html
