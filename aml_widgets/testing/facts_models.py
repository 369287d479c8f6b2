"""Facts about registered models: their versions, their files, and what finds them."""

# ruff: noqa: D102 - the name of a test is its documentation
from __future__ import annotations

import io
import threading
from collections.abc import Mapping
from pathlib import Path

import pytest

from aml_widgets.core.errors import (
    ArtifactNotFound,
    Conflict,
    InvalidArtifact,
    InvalidName,
    ModelNotFound,
    PropertyExists,
)
from aml_widgets.core.records import ModelFile, ModelQuery, ModelRecord, NewModel
from aml_widgets.core.status import RunStatus
from aml_widgets.store.protocol import RunStore
from aml_widgets.testing.support import new_run

GOOD_NAMES = ("a", "7", "Ridge-0.5_final", "x" * 255, "con", "nul.bin", "a.", "a..b", "A")
BAD_NAMES = (
    *(
        "",
        ".",
        "..",
        ".hidden",
        "-a",
        "_a",
        "a/b",
        "a\\b",
        "../a",
        "a b",
        "a\n",
        "a\0",
        "größe",
        "a:1",
        "x" * 256,
        "*",
        "\ud800",
    ),
)
BAD_PATHS = (
    "",
    ".",
    "..",
    "../m",
    "m/..",
    "m/../x",
    "m/../../x",
    "m/",
    "/etc/passwd",
    "m\\x",
    "m\0",
    "\ud800",
    "x" * 256,
)


def register(
    store: RunStore, folder: Path, name: str = "ridge", contents: Mapping[str, bytes] | None = None, **facts: object
) -> ModelRecord:
    """Register files with these contents, which are written below a local folder first."""
    given = {"model.pkl": b"weights"} if contents is None else contents
    files = []
    for path, content in given.items():
        source = folder / path
        source.parent.mkdir(parents=True, exist_ok=True)
        source.write_bytes(content)
        files.append(ModelFile(path=path, source=source))
    top = next(iter(given)).partition("/")[0]
    return store.models.create_model(NewModel(name=name, path=top, **facts), files)  # type: ignore[arg-type]


def contents_of(store: RunStore, record: ModelRecord) -> dict[str, bytes]:
    """Read a model's files as the store gives them on this machine."""
    place = store.models.local_path(record.name, record.version)
    files = store.models.list_files(record.name, record.version)
    return {file.path: (place.parent / file.path).read_bytes() for file in files}


class ModelFacts:
    """What holds for registered models."""

    def test_a_registered_model_has_what_was_given(self, store: RunStore, tmp_path: Path) -> None:
        record = register(
            store,
            tmp_path,
            description="ours <b>",
            framework="ScikitLearn",
            framework_version="1.4",
            created_by="me",
            run_id="run1",
            experiment_name="diabetes",
            tags={"a": "1", "b": None, "\ud800": "🚀"},
            properties={"p": "x"},
        )

        assert (record.name, record.version, record.model_id) == ("ridge", 1, "ridge:1")
        assert (record.path, record.is_folder, record.file_count, record.size_bytes) == ("model.pkl", False, 1, 7)
        assert (record.description, record.framework, record.framework_version) == ("ours <b>", "ScikitLearn", "1.4")
        assert (record.created_by, record.run_id, record.experiment_name) == ("me", "run1", "diabetes")
        assert dict(record.tags) == {"a": "1", "b": None, "\ud800": "🚀"}
        assert dict(record.properties) == {"p": "x"}
        assert store.models.get_model("ridge", 1) == record
        assert store.models.list_models(ModelQuery()) == [record]
        assert contents_of(store, record) == {"model.pkl": b"weights"}

    def test_versions_are_counted_for_each_name(self, store: RunStore, tmp_path: Path) -> None:
        versions = [register(store, tmp_path, name).version for name in ("a", "b", "a", "A", "a", "b")]

        assert versions == [1, 1, 2, 1, 3, 2]
        assert store.models.get_model("a").version == 3

    @pytest.mark.parametrize("name", GOOD_NAMES)
    def test_a_good_name_is_kept(self, store: RunStore, tmp_path: Path, name: str) -> None:
        record = register(store, tmp_path, name)

        assert store.models.get_model(name) == record
        assert contents_of(store, record) == {"model.pkl": b"weights"}

    @pytest.mark.parametrize("name", BAD_NAMES)
    def test_a_bad_name_is_refused(self, store: RunStore, tmp_path: Path, name: str) -> None:
        with pytest.raises(InvalidName):
            register(store, tmp_path, name)

        assert store.models.list_models(ModelQuery()) == []
        with pytest.raises(ModelNotFound):
            store.models.get_model(name)

    @pytest.mark.parametrize("path", BAD_PATHS)
    def test_no_path_leaves_the_folder_of_the_model(self, store: RunStore, tmp_path: Path, path: str) -> None:
        source = tmp_path / "source"
        source.write_bytes(b"x")

        for top, below in ((path, path), ("m", path)):
            with pytest.raises(InvalidArtifact):
                store.models.create_model(NewModel(name="a", path=top), [ModelFile(path=below, source=source)])

        assert store.models.list_models(ModelQuery()) == []

    @pytest.mark.parametrize(
        ("top", "paths"),
        [
            ("m", []),
            ("m", ["m", "m"]),
            ("m", ["m", "m/a"]),
            ("m", ["m/a", "m/./a"]),
            ("m", ["a"]),
            ("m", ["ma/b"]),
            ("m/n", ["m/n/a"]),
            ("./m", ["m"]),
        ],
    )
    def test_files_that_are_no_one_file_or_folder_are_refused(
        self, store: RunStore, tmp_path: Path, top: str, paths: list[str]
    ) -> None:
        source = tmp_path / "source"
        source.write_bytes(b"x")

        with pytest.raises(InvalidArtifact):
            store.models.create_model(
                NewModel(name="a", path=top), [ModelFile(path=path, source=source) for path in paths]
            )

    def test_a_folder_keeps_its_tree(self, store: RunStore, tmp_path: Path) -> None:
        contents = {"net/a/b/w.bin": b"1", "net/größe 🚀.json": b"", "net/.hidden": b"2", "net/<img src=x>": b"3"}

        record = register(store, tmp_path / "source", contents=contents)
        store.models.copy_to("ridge", 1, tmp_path / "copied")

        assert (record.path, record.is_folder, record.file_count, record.size_bytes) == ("net", True, 4, 3)
        assert contents_of(store, record) == contents
        copied = {
            p.relative_to(tmp_path / "copied").as_posix() for p in (tmp_path / "copied").rglob("*") if p.is_file()
        }
        assert copied == {path.removeprefix("net/") for path in contents}

    def test_files_of_a_run_become_a_model_that_outlives_them(self, store: RunStore) -> None:
        run_id = new_run(store).run_id
        store.artifacts.put(run_id, "outputs/m.pkl", io.BytesIO(b"first"))
        log = store.artifacts.append_path(run_id, "logs/train.txt")
        log.write_bytes(b"epoch 1\n")
        files = [
            ModelFile(path="m/m.pkl", source="outputs/m.pkl"),
            ModelFile(path="m/log.txt", source="logs/train.txt"),
        ]

        record = store.models.create_model(NewModel(name="m", path="m", run_id=run_id), files)
        with log.open("ab") as stream:
            stream.write(b"epoch 2\n")
        place = store.artifacts.append_path(run_id, "outputs/m.pkl")  # where the file is
        place.write_bytes(b"edited in place")
        edited = contents_of(store, record)
        place.unlink()

        assert edited == {"m/m.pkl": b"first", "m/log.txt": b"epoch 1\n"}
        assert contents_of(store, record) == edited

    def test_a_file_that_the_run_does_not_have_makes_no_model(self, store: RunStore, tmp_path: Path) -> None:
        run_id = new_run(store, RunStatus.COMPLETED).run_id
        new_model = NewModel(name="m", path="m", run_id=run_id)

        with pytest.raises(ArtifactNotFound):
            store.models.create_model(new_model, [ModelFile(path="m", source="outputs/m")])
        with pytest.raises(InvalidArtifact, match="does not exist"):
            store.models.create_model(new_model, [ModelFile(path="m", source=tmp_path / "absent")])
        with pytest.raises(InvalidArtifact, match="folder"):
            store.models.create_model(new_model, [ModelFile(path="m", source=tmp_path)])

        assert store.models.list_models(ModelQuery()) == []
        assert register(store, tmp_path, "m").version == 1

    def test_models_are_listed_last_first_and_by_what_they_have(self, store: RunStore, tmp_path: Path) -> None:
        one = register(store, tmp_path, "a", tags={"stage": "test", "k": None}, run_id="r1", framework="Onnx")
        two = register(store, tmp_path, "a", tags={"stage": "live"}, properties={"p": "1"})
        three = register(store, tmp_path, "b", tags={"stage": "live"}, run_id="r1")
        four = register(store, tmp_path, "a")

        def listed(**conditions: object) -> list[ModelRecord]:
            return store.models.list_models(ModelQuery(**conditions))  # type: ignore[arg-type]

        assert listed() == [four, three, two, one]
        assert listed(name="a") == [four, two, one]
        assert listed(name="a", version=2) == [two]
        assert listed(run_id="r1") == [three, one]
        assert listed(run_id="r1", name="a") == [one]
        assert listed(framework="Onnx") == [one]
        assert listed(tags={"stage": ...}) == [three, two, one]
        assert listed(tags={"stage": "live"}) == [three, two]
        assert listed(tags={"k": None}) == [one]
        assert listed(tags={"k": "x"}) == []
        assert listed(properties={"p": "1"}) == [two]
        assert listed(is_latest_only=True) == [four, three]
        assert listed(is_latest_only=True, tags={"stage": "live"}) == [three, two]
        assert listed(name="no such") == []
        for hostile in ("a' or '1'='1", "\ud800", "", "a\0", "x" * 100_000):
            assert listed(name=hostile) == []
            assert listed(run_id=hostile) == []

    def test_an_unknown_model_is_not_found(self, store: RunStore, tmp_path: Path) -> None:
        register(store, tmp_path, "a")
        register(store, tmp_path, "a")

        for name, version in (("b", None), ("b", 1), ("a", 3), ("a", 0), ("a", -1), ("a", 2**70)):
            with pytest.raises(ModelNotFound, match=name):
                store.models.get_model(name, version)
        with pytest.raises(ModelNotFound, match="It has: 2, 1"):
            store.models.get_model("a", 3)
        with pytest.raises(ModelNotFound):
            store.models.update_model("a", 3, description="x")
        with pytest.raises(ModelNotFound):
            store.models.delete_model("a", 3)
        with pytest.raises(ModelNotFound):
            store.models.list_files("a", 3)
        with pytest.raises(ModelNotFound):
            store.models.local_path("a", 3)
        with pytest.raises(ModelNotFound):
            store.models.copy_to("a", 3, tmp_path / "x")

    def test_what_is_noted_changes_and_the_rest_stays(self, store: RunStore, tmp_path: Path) -> None:
        before = register(store, tmp_path, tags={"a": "1", "b": "2"}, properties={"p": "x"}, description="old")
        other = register(store, tmp_path, tags={"a": "1"})

        tagged = store.models.update_model("ridge", 1, tags={"a": "3", "c": None}, remove_tags=["b", "never there"])
        noted = store.models.update_model("ridge", 1, description="new", properties={"p": "x", "q": "y"})
        replaced = store.models.update_model("ridge", 1, tags={"d": "4"}, replaces_tags=True)

        assert dict(tagged.tags) == {"a": "3", "c": None}
        assert (tagged.description, tagged.created_at) == ("old", before.created_at)
        assert (noted.description, dict(noted.tags)) == ("new", dict(tagged.tags))
        assert (dict(replaced.tags), dict(replaced.properties)) == ({"d": "4"}, {"p": "x", "q": "y"})
        assert store.models.get_model("ridge", 1) == replaced
        assert store.models.get_model("ridge", 2) == other

    def test_a_property_cannot_change(self, store: RunStore, tmp_path: Path) -> None:
        before = register(store, tmp_path, properties={"p": "x"})

        with pytest.raises(PropertyExists, match="'p'"):
            store.models.update_model("ridge", 1, tags={"a": "1"}, properties={"q": "y", "p": "z"})

        assert store.models.get_model("ridge", 1) == before

    def test_a_deleted_model_is_gone_and_its_version_stays_used(self, store: RunStore, tmp_path: Path) -> None:
        kept, deleted = register(store, tmp_path), register(store, tmp_path)
        place = store.models.local_path("ridge", 2)

        store.models.delete_model("ridge", 2)

        assert not place.exists()
        assert store.models.list_models(ModelQuery()) == [kept]
        assert store.models.get_model("ridge") == kept
        assert contents_of(store, kept) == {"model.pkl": b"weights"}
        with pytest.raises(ModelNotFound):
            store.models.delete_model("ridge", deleted.version)
        assert register(store, tmp_path).version == 3

    def test_a_copy_overwrites_when_it_may(self, store: RunStore, tmp_path: Path) -> None:
        register(store, tmp_path / "source", contents={"net/a": b"new", "net/b": b"new"})
        target = tmp_path / "target"
        target.mkdir()
        (target / "b").write_bytes(b"mine")
        (target / "other").write_bytes(b"mine")

        with pytest.raises(Conflict, match="is there already"):
            store.models.copy_to("ridge", 1, target)
        before = sorted(path.name for path in target.iterdir())
        store.models.copy_to("ridge", 1, target, overwrites=True)

        assert before == ["b", "other"]
        assert {path.name: path.read_bytes() for path in target.iterdir()} == {
            "a": b"new",
            "b": b"new",
            "other": b"mine",
        }

    def test_a_copy_can_be_written_to_and_the_model_stays(self, store: RunStore, tmp_path: Path) -> None:
        record = register(store, tmp_path / "source")

        store.models.copy_to("ridge", 1, tmp_path / "copy.pkl")
        with (tmp_path / "copy.pkl").open("r+b") as stream:
            stream.write(b"W")

        assert (tmp_path / "copy.pkl").read_bytes() == b"Weights"
        assert contents_of(store, record) == {"model.pkl": b"weights"}

    def test_threads_that_register_get_versions_of_their_own(self, store: RunStore, tmp_path: Path) -> None:
        found: list[tuple[int, bytes]] = []

        def work(number: int) -> None:
            for i in range(5):
                content = f"{number} {i}".encode()
                found.append((register(store, tmp_path / str(number), contents={"m": content}).version, content))

        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert sorted(version for version, _ in found) == list(range(1, 21))
        for version, content in found:
            assert contents_of(store, store.models.get_model("ridge", version)) == {"m": content}
