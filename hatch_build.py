"""Build hook: compiles the translations, so that wheels and editable installs carry them."""

import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class TranslationsHook(BuildHookInterface[Any]):
    """Runs `tools/translations.py compile` before files are collected."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile every catalogue in place; the .mo files are build artifacts."""
        script = Path(self.root) / "tools" / "translations.py"
        subprocess.run([sys.executable, str(script), "compile"], cwd=self.root, check=True)  # noqa: S603 - our own script
