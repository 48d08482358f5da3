"""What hatchling does not know by itself: the description for a package index, and a wheel with compiled code.

There is no address of the repository to point links to, so a link becomes its text, and a picture that works only
beside the files is left out.

With `BORDERGATE_COMPILED=1` a wheel brings the machine code of all kernels along, so that its first run compiles
nothing. Such a wheel is for one version of Python and one kind of machine; its code is used with the versions of NumPy,
Numba and llvmlite that it was built with. With others everything is compiled on first use, as from any other wheel.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import tempfile
from importlib import metadata
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface

PICTURE = re.compile(r"!\[[^\]]*\]\((?!https?://)[^)]*\)\n*")
LINK = re.compile(r"\[([^\]]*)\]\((?!https?://)[^)]*\)")
COMPILED = "BORDERGATE_COMPILED"
PROGRAM = (
    "from pathlib import Path; from sim.compile_ahead import compile_ahead; compile_ahead(Path({folder!r}), print)"
)


def description(readme: str) -> str:
    """Return the README as it is shown on a package index."""
    return LINK.sub(r"\1", PICTURE.sub("", readme))


class DescriptionHook(MetadataHookInterface):
    """Sets the long description."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Add `readme` to the metadata of the project."""
        text = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        metadata["readme"] = {"content-type": "text/markdown", "text": description(text)}


class CompiledCodeHook(BuildHookInterface[Any]):
    """Compiles the kernels for a wheel, if that is wanted."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the compiled code to the wheel, and say in its name what it is for."""
        if version != "standard" or os.environ.get(COMPILED, "") in ("", "0"):
            return
        self._scratch = tempfile.TemporaryDirectory(prefix="bordergate-")
        folder = Path(self._scratch.name) / "machine_code"
        line = [sys.executable, "-P", "-c", PROGRAM.format(folder=str(folder))]
        if subprocess.run(line, env={**os.environ, "PYTHONPATH": self.root}, check=False).returncode:
            raise SystemExit(
                f"{COMPILED} is set, and the kernels could not be compiled. Install what bordergate needs into this "
                "environment (pip install -c constraints.txt -e .) and build without isolation: "
                f"{COMPILED}=1 python -m hatchling build -t wheel."
            )
        for path in folder.iterdir():
            build_data["force_include"][str(path)] = f"sim/machine_code/{path.name}"
        build_data["pure_python"] = False
        build_data["tag"] = tag()

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove what was compiled; it is in the wheel."""
        if scratch := getattr(self, "_scratch", None):
            scratch.cleanup()


def tag() -> str:
    """Return the tag of a wheel with compiled code: this Python, and the machines that the installed Numba is for."""
    python = f"cp{sys.version_info[0]}{sys.version_info[1]}"
    wheel = metadata.distribution("numba").read_text("WHEEL") or ""
    tags = [line.removeprefix("Tag: ") for line in wheel.splitlines() if line.startswith("Tag: ")]
    here = re.sub(r"[-.]", "_", sysconfig.get_platform())
    platforms = dict.fromkeys(tag.rpartition("-")[2] for tag in tags if not tag.endswith("-any"))
    return f"{python}-{python}-{'.'.join(platforms) or here}"
