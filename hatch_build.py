"""Build hook: compiles the translations, so that wheels and editable installs carry them."""

from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class TranslationsHook(BuildHookInterface[Any]):
    """Writes the .mo file beside every .po file, as `pybabel compile` does."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compiles in place; the .mo files are build artifacts."""
        for path in Path(self.root, "webhooks_ui", "translations").glob("*/LC_MESSAGES/*.po"):
            with path.open("rb") as source, path.with_suffix(".mo").open("wb") as target:
                write_mo(target, read_po(source))
