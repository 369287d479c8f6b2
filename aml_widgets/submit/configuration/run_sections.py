"""The sections of a run configuration: what is kept of a run, and v1's settings for clusters, which are kept but not used here."""

from __future__ import annotations

from typing import Any

from aml_widgets.submit.configuration.sections import (
    Field,
    Section,
    flag,
    mapping,
    text,
    text_list,
    text_or_none,
    whole,
    whole_or_none,
)


class HistorySection(Section):
    """What is kept of a run.

    Attributes
    ----------
    output_collection : bool
        Whether the files in ``outputs`` become files of the run.
    snapshot_project : bool
        Whether the run keeps a copy of the source folder. The script runs in a copy in any case.
    directories_to_watch : list of str
        Folders, below the one that the script runs in, whose files become files of the run while they grow.
    """

    output_collection = Field(flag, lambda: True)
    snapshot_project = Field(flag, lambda: True)
    directories_to_watch = Field[list[str]](text_list, lambda: ["logs"])


class DockerConfiguration(Section):
    """v1's settings for running in a container, which scripts do not do here.

    Parameters
    ----------
    use_docker : bool, optional
        True is an error when the script is submitted.
    shared_volumes, arguments, shm_size : object, optional
        Kept.
    """

    use_docker = Field(flag, lambda: False)
    shared_volumes = Field(flag, lambda: True)
    arguments = Field[list[str]](text_list, list)
    shm_size = Field(text_or_none, lambda: None)

    def __init__(
        self,
        use_docker: bool = False,
        shared_volumes: bool = True,
        arguments: list[str] | None = None,
        shm_size: str | None = None,
    ) -> None:
        super().__init__(
            use_docker=use_docker, shared_volumes=shared_volumes, arguments=arguments or [], shm_size=shm_size
        )


class SparkConfiguration(Section):
    """v1's settings for Spark."""

    configuration = Field[dict[str, Any]](mapping, dict)


class HdiConfiguration(Section):
    """v1's settings for HDInsight."""

    yarn_deploy_mode = Field(text, lambda: "cluster")


class MpiConfiguration(Section):
    """v1's settings for several processes started by MPI."""

    process_count_per_node = Field(whole, lambda: 1)
    node_count = Field(whole, lambda: 1)


class TensorflowConfiguration(Section):
    """v1's settings for distributed TensorFlow."""

    worker_count = Field(whole, lambda: 1)
    parameter_server_count = Field(whole, lambda: 1)


class PyTorchConfiguration(Section):
    """v1's settings for distributed PyTorch."""

    communication_backend = Field(text, lambda: "nccl")
    process_count = Field(whole_or_none, lambda: None)
    node_count = Field(whole, lambda: 1)


class AmlComputeConfiguration(Section):
    """v1's settings for a cluster made for one run."""

    name = Field(text_or_none, lambda: None)
    vm_size = Field(text_or_none, lambda: None)
    vm_priority = Field(text_or_none, lambda: None)
    retain_cluster = Field(flag, lambda: False)
    cluster_max_node_count = Field(whole_or_none, lambda: None)
