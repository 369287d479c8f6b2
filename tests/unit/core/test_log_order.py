"""Which log a view shows by itself."""

from __future__ import annotations

import pytest

from aml_widgets.core.log_order import newest_group
from aml_widgets.core.records import ArtifactRecord


@pytest.mark.parametrize(
    ("paths", "newest"),
    [
        ([], []),
        (["logs/user_log.txt"], ["logs/user_log.txt"]),
        (["azureml-logs/20_image_build_log.txt", "azureml-logs/65_job_prep-a.txt"], ["azureml-logs/65_job_prep-a.txt"]),
        (
            ["azureml-logs/65_job_prep-a.txt", "azureml-logs/70_driver_log.txt", "azureml-logs/75_job_post-a.txt"],
            ["azureml-logs/70_driver_log.txt"],
        ),
        (["azureml-logs/70_driver_log.txt", "logs/azureml/110_azureml.log"], ["azureml-logs/70_driver_log.txt"]),
        (["azureml-logs/75_job_post-a.txt", "logs/azureml/job_post.log"], ["azureml-logs/75_job_post-a.txt"]),
    ],
)
def test_what_a_script_printed_is_shown_before_what_is_noted_about_it(paths: list[str], newest: list[str]) -> None:
    logs = [ArtifactRecord(path=path, size_bytes=1, written_at=0.0, is_log=True) for path in paths]

    assert [log.path for log in newest_group(logs)] == newest
