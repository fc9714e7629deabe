"""Make the virtual environment given, unless a working one is already there.

Runs on the machine's own Python, before anything is installed: standard library only.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path


def works(folder: Path) -> bool:
    """Whether the folder holds an environment whose Python starts, is new enough and has pip."""
    python = folder / "bin" / "python"
    probe = "import pip, sys; sys.exit(sys.version_info < (3, 11))"
    return python.exists() and subprocess.run([python, "-c", probe], check=False).returncode == 0


def provide_ensurepip() -> None:
    """Debian keeps the part that puts pip into new environments in a package of its own."""
    if importlib.util.find_spec("ensurepip") is not None:
        return
    package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        sys.exit(
            f"This Python cannot make virtual environments. Install {package}, then try again."
        )
    for command in (["update"], ["install", "-y", package]):
        subprocess.run(["apt-get", "-qq", *command], check=True, stdin=subprocess.DEVNULL)


def main(folder: Path) -> None:
    """Make or repair the environment."""
    if not works(folder):
        provide_ensurepip()
        venv.create(folder, with_pip=True, clear=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
