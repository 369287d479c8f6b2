"""What a script writes comes into its run whole, once, and under its own name."""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from aml_widgets.core.errors import ArtifactExists
from aml_widgets.core.records import ArtifactRecord
from aml_widgets.submit.submission import RunFolder, Submission
from aml_widgets.submit.supervision import collecting, growing_files
from aml_widgets.submit.supervision.collecting import Collector, remember_brought, to_name
from tests.unit.submit.scripts import Workshop, open_workshop


@pytest.fixture
def workshop(tmp_path: Path) -> Iterator[Workshop]:
    with open_workshop(tmp_path) as workshop:
        yield workshop


class Desk:
    """A working folder, and the collector of a run without a script."""

    def __init__(self, workshop: Workshop, *, watched_folders: tuple[str, ...] = ("logs",)) -> None:
        self.workshop = workshop
        self.submission: Submission = workshop.prepare("", watched_folders=watched_folders)
        self.folder = RunFolder.of(self.submission.run_id)
        self.work = self.folder.working_folder
        (self.work / "outputs").mkdir(parents=True)
        (self.work / "logs").mkdir()
        self.told: list[str] = []
        self.collector = self.new_collector()

    def new_collector(self) -> Collector:
        return Collector(self.workshop.store, self.submission, self.folder, self.told.append)

    def kept(self, path: str) -> bytes:
        return self.workshop.read(self.submission.run_id, path)

    def names(self) -> list[str]:
        return self.workshop.names(self.submission.run_id)


@pytest.fixture
def desk(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setattr(collecting, "SETTLED_SECONDS", 0.0)
    monkeypatch.setattr(collecting, "_COPIES_PAUSE", 0.0)
    return Desk(workshop)


def test_a_log_is_followed_byte_by_byte(desk: Desk) -> None:
    log = desk.work / "logs" / "a.txt"
    data = os.urandom(3_000_000)

    for start, end in ((0, 1), (1, 1), (1, 1_500_000), (1_500_000, 3_000_000)):
        with log.open("ab") as file:
            file.write(data[start:end])
        desk.collector.collect()
        assert desk.kept("logs/a.txt") == data[:end]

    assert desk.collector.finish() == {}
    assert desk.kept("logs/a.txt") == data
    (artifact,) = desk.workshop.store.list_artifacts(desk.submission.run_id)
    assert (artifact.path, artifact.is_log, artifact.size_bytes) == ("logs/a.txt", True, len(data))


@pytest.mark.parametrize("change", ["cut", "cut and longer", "replaced", "replaced and equally long"])
def test_a_log_that_is_begun_anew_keeps_what_was_there(desk: Desk, change: str) -> None:
    log = desk.work / "logs" / "a.txt"
    log.write_text("old lines\n")
    desk.collector.collect()

    new = {"cut": "new\n", "cut and longer": "new lines and more of them\n", "replaced": "new\n"}.get(
        change, "new lines\n"
    )
    if change.startswith("cut"):
        log.write_text(new)
    else:
        other = log.with_name(".other")
        other.write_text(new)
        other.replace(log)
    desk.collector.collect()
    with log.open("a") as file:
        file.write("last\n")
    desk.collector.finish()

    kept = desk.kept("logs/a.txt").decode()
    marker = "\n--- a.txt was cut or written anew; what was there before stands above ---\n"
    assert kept == f"old lines\n{marker}{new}last\n"


def test_another_process_goes_on_where_one_was_killed(desk: Desk) -> None:
    log = desk.work / "logs" / "a.txt"
    log.write_text("1\n")
    desk.collector.collect()
    log.write_text("anew\n")
    desk.collector.collect()
    with log.open("a") as file:
        file.write("2\n")

    desk.new_collector().finish()
    desk.new_collector().finish()

    assert desk.kept("logs/a.txt").decode().endswith("stands above ---\nanew\n2\n")
    assert desk.kept("logs/a.txt").decode().count("---\n") == 1


def test_a_state_that_is_rewritten_for_ever_does_not_fill_the_disk(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growing_files, "_MAX_BEGINNINGS", 3)
    for i in range(10):
        (desk.work / "logs" / "state.json").write_text(f'{{"epoch": {i}}}')
        desk.collector.collect()

    desk.collector.finish()

    kept = desk.kept("logs/state.json").decode()
    assert kept.count("epoch") == 5
    assert kept.endswith('{"epoch": 9}')


def test_a_log_that_the_script_uploads_itself_is_its_own(desk: Desk) -> None:
    run_id, store = desk.submission.run_id, desk.workshop.store
    log = desk.work / "logs" / "a.txt"
    log.write_text("1\n")
    desk.collector.collect()

    store.artifacts.put(run_id, "logs/a.txt", io.BytesIO(b"whole"))
    with log.open("a") as file:
        file.write("2\n")
    desk.collector.collect()
    desk.collector.finish()

    assert desk.kept("logs/a.txt") == b"whole"
    assert any("logs/a.txt is not followed" in text for text in desk.told)


def test_a_checkpoint_that_is_rewritten_is_replaced_until_the_end(desk: Desk) -> None:
    run_id, artifacts = desk.submission.run_id, desk.workshop.store.artifacts
    checkpoint = desk.work / "outputs" / "model.pkl"
    for epoch in range(3):
        checkpoint.write_text(f"epoch {epoch}")
        desk.collector.collect()
        assert desk.kept("outputs/model.pkl") == f"epoch {epoch}".encode()

    checkpoint.write_text("the last")
    assert desk.collector.finish() == {}

    assert desk.kept("outputs/model.pkl") == b"the last"
    with pytest.raises(ArtifactExists):
        artifacts.put(run_id, "outputs/model.pkl", io.BytesIO(b"another"))


def test_a_script_may_upload_an_output_of_which_an_older_state_was_copied(desk: Desk) -> None:
    run_id, artifacts = desk.submission.run_id, desk.workshop.store.artifacts
    checkpoint = desk.work / "outputs" / "model.pkl"
    checkpoint.write_text("half")
    desk.collector.collect()

    checkpoint.write_text("whole")
    artifacts.put(run_id, "outputs/model.pkl", checkpoint)
    artifacts.put(run_id, "outputs/model.pkl", checkpoint)
    desk.collector.collect()
    assert desk.collector.finish() == {}

    assert desk.kept("outputs/model.pkl") == b"whole"
    assert desk.told == []


def test_what_the_script_uploaded_stays_and_what_is_in_the_folder_is_kept_beside_it(desk: Desk) -> None:
    run_id, store = desk.submission.run_id, desk.workshop.store
    store.artifacts.put(run_id, "outputs/model.pkl", io.BytesIO(b"uploaded"))
    store.record_artifact(run_id, ArtifactRecord(path="outputs/model.pkl", size_bytes=8, written_at=1.0))
    (desk.work / "outputs" / "model.pkl").write_text("in the folder")

    desk.collector.collect()
    desk.collector.finish()
    desk.new_collector().finish()

    assert desk.names() == ["outputs/model (in the folder at the end).pkl", "outputs/model.pkl"]
    assert desk.kept("outputs/model.pkl") == b"uploaded"
    assert desk.kept("outputs/model (in the folder at the end).pkl") == b"in the folder"


def test_a_file_that_is_written_while_it_is_copied_is_not_taken_for_finished(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = desk.work / "outputs" / "model.pkl"
    model.write_bytes(b"a" * 10)
    read = collecting._SteadyReader.read

    def read_and_disturb(self: collecting._SteadyReader, size_bytes: int = -1) -> bytes:
        chunk = read(self, size_bytes)
        monkeypatch.setattr(collecting._SteadyReader, "read", read)
        model.write_bytes(b"b" * 20)
        return chunk

    monkeypatch.setattr(collecting._SteadyReader, "read", read_and_disturb)
    desk.collector.collect()
    assert desk.names() == []

    desk.collector.collect()
    assert desk.kept("outputs/model.pkl") == b"b" * 20


def test_an_output_that_was_just_written_is_left_alone_for_a_while(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(workshop)
    (desk.work / "outputs" / "model.pkl").write_text("begun")
    desk.collector.collect()
    desk.collector.collect()
    assert desk.names() == []

    desk.collector.finish()
    assert desk.names() == ["outputs/model.pkl"]


def test_what_was_brought_along_is_no_result(desk: Desk) -> None:
    for name in ("outputs/old.txt", "outputs/changed.txt", "logs/old.txt"):
        (desk.work / name).write_text("brought")
    remember_brought(desk.submission, desk.folder)
    (desk.work / "outputs" / "changed.txt").write_text("changed")
    collector = desk.new_collector()

    collector.collect()
    collector.finish()

    assert desk.names() == ["outputs/changed.txt"]


def test_pipes_links_and_folders_are_no_files_of_the_run(desk: Desk, tmp_path: Path) -> None:
    outputs = desk.work / "outputs"
    os.mkfifo(outputs / "pipe")
    os.mkfifo(desk.work / "logs" / "pipe")
    (outputs / "round").symlink_to(outputs, target_is_directory=True)
    (outputs / "dangling").symlink_to(tmp_path / "nowhere")
    (outputs / "best.pkl").write_text("weights")
    (outputs / "latest").symlink_to("best.pkl")
    (outputs / "empty").mkdir()

    desk.collector.collect()

    assert desk.collector.finish() == {}
    assert desk.names() == ["outputs/best.pkl", "outputs/latest"]


def test_outputs_that_are_a_link_to_a_larger_disk_are_collected(desk: Desk, tmp_path: Path) -> None:
    (desk.work / "outputs").rmdir()
    (tmp_path / "large").mkdir()
    (desk.work / "outputs").symlink_to(tmp_path / "large", target_is_directory=True)
    (tmp_path / "large" / "model.pkl").write_text("weights")

    desk.collector.finish()

    assert desk.names() == ["outputs/model.pkl"]


def test_a_folder_that_is_gone_or_a_file_in_its_place_is_no_trouble(desk: Desk) -> None:
    (desk.work / "outputs").rmdir()
    (desk.work / "outputs").write_text("a file")
    (desk.work / "logs").rmdir()

    desk.collector.collect()

    assert desk.collector.finish() == {}
    assert desk.names() == []


@pytest.mark.parametrize("name", ["..", "../other", "/etc", "", ".", "logs/../.."])
def test_a_watched_folder_outside_is_not_watched(workshop: Workshop, name: str) -> None:
    desk = Desk(workshop, watched_folders=(name,))
    (desk.work / "outputs" / "a").write_text("x")

    desk.collector.finish()

    assert desk.names() == ["outputs/a"]
    assert "is not watched" in desk.told[0]


def test_a_watched_folder_is_named_freely_and_may_be_outputs(workshop: Workshop) -> None:
    desk = Desk(workshop, watched_folders=("./tb/events/", "outputs"))
    (desk.work / "tb" / "events").mkdir(parents=True)
    (desk.work / "tb" / "events" / "e1").write_text("event")
    (desk.work / "outputs" / "a").write_text("x")

    desk.collector.collect()
    desk.collector.finish()

    assert desk.names() == ["outputs/a", "tb/events/e1"]


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("outputs/model.pkl", "outputs/model.pkl"),
        ("outputs/ä ö 50%.txt", "outputs/ä ö 50%.txt"),
        ("outputs/a\\b", "outputs/a%5Cb"),
        ("outputs/50%\n", "outputs/50%25%0A"),
        (os.fsdecode(b"outputs/\xff"), "outputs/%FF"),
    ],
)
def test_names_that_cannot_be_kept_everywhere_are_spelled_otherwise(desk: Desk, name: str, kept: str) -> None:
    (desk.work / name).write_text("x")

    desk.collector.finish()

    assert desk.names() == [kept]


def test_a_name_that_is_too_long_is_cut_and_stays_its_own() -> None:
    one, other = to_name("outputs/" + "ä" * 300), to_name("outputs/" + "ä" * 301)

    assert one != other
    assert len(one.encode()) <= len("outputs/") + 255


def test_a_working_folder_that_was_there_and_is_gone_is_noticed(desk: Desk) -> None:
    assert not desk.collector.is_folder_gone()
    shutil.rmtree(desk.work)
    assert desk.collector.is_folder_gone()
    assert not desk.new_collector().is_folder_gone()  # the run ended before it was made
