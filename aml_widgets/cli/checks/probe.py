"""What an interpreter tells of itself: its packages, and where its Jupyter looks for things.

Run as a program by whatever Python is asked, with or without this package: nothing but the standard library of Python 3.8.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import platform
import sys
from typing import Any

PACKAGES = (
    "aml-widgets",
    "ipywidgets",
    "jupyterlab-widgets",
    "bqplot",
    "anywidget",
    "traitlets",
    "ipykernel",
    "jupyterlab",
    "jupyter-server",
    "notebook",
    "tornado",
    "jupyter-client",
    "numpy",
    "pathspec",
    "pillow",
    "platformdirs",
    "psutil",
    "pyyaml",
    "rich",
    "mlflow",
    "ray",
    "keyring",
    "packaging",
    "azureml-core",
    "azureml-mlflow",
    "pip",
)


def find_versions() -> dict[str, str]:
    """Give the versions of the packages that are installed."""
    try:
        from importlib.metadata import PackageNotFoundError, version
    except ImportError:
        return {}
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def find_package() -> tuple[str | None, str | None]:
    """Give the folder of aml_widgets, and why it cannot be imported."""
    try:
        package = importlib.import_module("aml_widgets")
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the answer
        return None, f"{type(error).__name__}: {error}"
    return os.path.dirname(package.__file__ or ""), None  # noqa: PTH120


def find_v1_names(has_real: bool) -> str | None:
    """Give why `import aml_widgets.azureml` does not lead to v1's import names, None where it does.

    Where v1 itself is installed that is the reason; it is not loaded.
    """
    if has_real:
        return "azureml-core is installed"
    try:
        ours = importlib.import_module("aml_widgets.azureml").__file__ or ""
        found = importlib.import_module("azureml.core").__file__ or ""
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the answer
        return f"{type(error).__name__}: {error}"
    return None if found.startswith(os.path.dirname(ours)) else f"azureml.core is {found}"  # noqa: PTH120


def find_other_v1() -> str | None:
    """Give the file of an `azureml.core` that is neither ours nor an installed package, None where there is none."""
    try:
        ours = importlib.import_module("aml_widgets.azureml").__file__ or ""
        spec = importlib.util.find_spec("azureml.core")
    except Exception:  # noqa: BLE001 - told by `find_v1_names`
        return None
    found = None if spec is None else spec.origin
    return None if found is None or found.startswith(os.path.dirname(ours)) else found  # noqa: PTH120


def find_jupyter() -> dict[str, Any] | None:
    """Give the folders of Jupyter's configuration, data and running servers, None without Jupyter."""
    try:
        from jupyter_core import paths
    except ImportError:
        return None
    return {
        "config_folder": paths.jupyter_config_dir(),
        "config_path": paths.jupyter_config_path(),
        "data_path": paths.jupyter_path(),
        "runtime_folder": paths.jupyter_runtime_dir(),
    }


def find_kernels() -> dict[str, Any] | None:
    """Give the kernels that a server of this interpreter offers, those that it cannot read with the reason; None without Jupyter."""
    try:
        from jupyter_client.kernelspec import KernelSpecManager
    except ImportError:
        return None
    manager = KernelSpecManager()
    found = manager.get_all_specs()
    broken = {}
    for name, folder in manager.find_kernel_specs().items():
        if name not in found:  # Jupyter logs that, and leaves it out
            broken[name] = {"folder": folder, "error": _find_kernel_error(manager, name)}
    whole = {
        name: {
            "folder": one["resource_dir"],
            "argv": one["spec"].get("argv", []),
            "language": one["spec"].get("language", ""),
            "env": one["spec"].get("env", {}),
        }
        for name, one in found.items()
    }
    return {**whole, **broken}


def _find_kernel_error(manager: Any, name: str) -> str:
    try:
        manager.get_kernel_spec(name)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the answer
        return f"{type(error).__name__}: {error}"
    return "it could not be read a moment ago"


def main() -> None:
    """Print the answer behind the mark that was given."""
    folder, import_error = find_package()
    packages = find_versions()
    facts = {
        "executable": sys.executable,
        "prefix": sys.prefix,
        "version": platform.python_version(),
        "packages": packages,
        "package_folder": folder,
        "import_error": import_error,
        "v1_error": find_v1_names("azureml-core" in packages),
        "other_v1": None if "azureml-core" in packages else find_other_v1(),
        "jupyter": find_jupyter(),
        "kernels": find_kernels(),
    }
    sys.stdout.write("\n" + sys.argv[1] + json.dumps(facts) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
