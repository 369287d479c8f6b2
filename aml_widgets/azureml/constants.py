"""Constants of v1 that scripts and notebooks read."""

from __future__ import annotations

import platform

VERSION = "1.61.0"
"""The version of v1's interface that this package answers to, its last; ``aml_widgets.__version__`` is this package's own."""

MODELS_DIR = "azureml-models"
PYTHON_DEFAULT_VERSION = platform.python_version()

# Names of container images, which configurations mention and nothing here runs.
DEFAULT_CPU_IMAGE = "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04"
DEFAULT_GPU_IMAGE = "mcr.microsoft.com/azureml/openmpi4.1.0-cuda11.8-cudnn8-ubuntu22.04"
MPI_CPU_IMAGE = DEFAULT_CPU_IMAGE
MPI_GPU_IMAGE = DEFAULT_GPU_IMAGE
