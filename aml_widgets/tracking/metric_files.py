"""Pictures and documents of a run with their content, as ``get_metrics(populate=True)`` gives them."""

from __future__ import annotations

from dataclasses import dataclass

from aml_widgets.core.errors import ArtifactNotFound
from aml_widgets.core.records import MetricKind
from aml_widgets.store.protocol import RunStore

_PREFIX = "aml://artifactId/ExperimentRun/dcid."


@dataclass(frozen=True, slots=True)
class MetricArtifact:
    """A file behind a metric; `data` of a document decodes to its JSON.

    Attributes
    ----------
    data : bytes
        The content.
    data_location : str
        The URI that was logged.
    path : str
        Path among the run's files.
    """

    data: bytes
    data_location: str
    path: str

    @property
    def filename(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class ImageArtifact(MetricArtifact):
    """A picture that was logged."""


def read_artifact(store: RunStore, kind: MetricKind, uri: str) -> MetricArtifact:
    """Read the file behind a metric.

    Raises
    ------
    ArtifactNotFound
        If it is not there any more.
    """
    run_id, path = split_uri(uri)
    content = store.artifacts.read(run_id, path)
    return (ImageArtifact if kind == MetricKind.IMAGE else MetricArtifact)(content, uri, path)


def split_uri(uri: str) -> tuple[str, str]:
    """Give the run and the path that a URI of a file names.

    Raises
    ------
    ArtifactNotFound
        If it is not such a URI.
    """
    run_id, slash, path = uri.removeprefix(_PREFIX).partition("/")
    if not uri.startswith(_PREFIX) or not slash:
        raise ArtifactNotFound(f"{uri!r} is no URI of a run's file; those start with {_PREFIX!r}.", value=uri)
    return run_id, path
