"""What of v1 cannot be had on this machine, each with what to do here instead."""

from __future__ import annotations

from aml_widgets.core.errors import ConfigError
from aml_widgets.core.showing import show
from aml_widgets.core.warn import warn_user
from aml_widgets.submit.configuration.run_configuration import RunConfiguration
from aml_widgets.submit.configuration.run_sections import MpiConfiguration, PyTorchConfiguration

_ONE_PROCESS = frozenset({"python", "pytorch", "tensorflow"})
_START_SEVERAL = "command='torchrun --nproc_per_node=2 train.py' or command='mpirun -n 2 python train.py'"


def refuse_what_needs_a_cluster(
    configuration: RunConfiguration, distributed_job_config: object = None, resume_from: object = None
) -> None:
    """Raise ConfigError for settings that would change what is run, and that nothing here carries out."""
    if _is_one_process(distributed_job_config):
        distributed_job_config = None
    if distributed_job_config is not None or configuration.communicator.casefold() != "none":
        what = configuration.communicator if distributed_job_config is None else type(distributed_job_config).__name__
        raise ConfigError(
            f"A script runs as one process here, and {what} asks for several. Start them by a command: {_START_SEVERAL}.",
            value=distributed_job_config or configuration.communicator,
        )
    if configuration.framework.casefold() not in _ONE_PROCESS:
        raise ConfigError(
            f"framework must be 'Python' here, got {configuration.framework!r}. Start it by a command: command='spark-submit train.py'.",
            value=configuration.framework,
        )
    if configuration.node_count > 1:
        raise ConfigError(
            f"A script runs on this machine, and node_count is {configuration.node_count}. Several processes on this machine "
            f"are started by a command: {_START_SEVERAL}.",
            value=configuration.node_count,
        )
    if configuration.docker.use_docker:
        raise ConfigError(
            "Scripts do not run in containers here, and docker.use_docker is True. Set it to False, and name the packages in the "
            "environment: Environment.from_pip_requirements(name, file_path).",
            value=True,
        )
    if resume_from is not None:
        raise ConfigError(
            f"resume_from is not carried out here, got {show(resume_from)}. Give the script the run's id as an argument, and let "
            "it fetch the files: Run.get(workspace, run_id).download_files('outputs/').",
            value=resume_from,
        )
    for name in ("data", "data_references", "output_data", "services"):
        value = getattr(configuration, name)
        if value:
            raise ConfigError(
                f"{name} needs datastores or services of the cloud, got {show(value)}. Give the script the paths of its files as "
                "arguments: arguments=['--data', '/path/to/data'].",
                value=value,
            )
    if configuration.priority is not None:
        warn_user(
            "priority is not looked at: a compute target starts scripts in the order in which they were submitted."
        )


def _is_one_process(distributed_job_config: object) -> bool:
    if isinstance(distributed_job_config, MpiConfiguration):
        return distributed_job_config.process_count_per_node <= 1 and distributed_job_config.node_count <= 1
    if isinstance(distributed_job_config, PyTorchConfiguration):
        return (distributed_job_config.process_count or 1) <= 1 and distributed_job_config.node_count <= 1
    return False
