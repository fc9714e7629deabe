"""Templates compiled once, not with each start: a start's first page takes a fifth of the time."""

import hashlib
import os
from contextlib import suppress
from pathlib import Path

import jinja2
from flask import Flask
from jinja2.bccache import Bucket, BytecodeCache

_PACKAGE = Path(__file__).parents[1]
_DIGEST = hashlib.sha256


def keep(app: Flask) -> None:
    """Keeps compiled templates in the data folder, where that can be written."""
    folder: Path = app.config["DATA_DIR"] / "templates"
    with suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    app.jinja_env.bytecode_cache = CompiledTemplates(folder)


class CompiledTemplates(BytecodeCache):
    """A file for each template. What it compiles to depends on this program's code too, since Jinja
    applies filters to constants: so it counts for one state of the code only.

    Each begins with a digest: a file that a loss of power leaves broken, or that another start is
    just writing, would crash Python.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._code = folder, _state_of_code()

    def load_bytecode(self, bucket: Bucket) -> None:
        """Leaves the bucket empty where there is no file, or one of another state."""
        with suppress(OSError):
            kept = (self._folder / bucket.key).read_bytes()
            size = _DIGEST().digest_size
            if kept[:size] == self._digest(kept[size:]):
                bucket.bytecode_from_string(kept[size:])

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Does nothing where the folder cannot be written."""
        compiled, file = bucket.bytecode_to_string(), self._folder / bucket.key
        with suppress(OSError):
            file.touch(0o600)
            file.write_bytes(self._digest(compiled) + compiled)

    def _digest(self, compiled: bytes) -> bytes:
        return _DIGEST(self._code + compiled).digest()


def _state_of_code() -> bytes:
    """Changes with each module of ours, and with Jinja."""
    found = [jinja2.__version__]
    for folder, _, names in os.walk(_PACKAGE):
        for name in names:
            if name.endswith(".py"):
                file = os.stat(f"{folder}/{name}")  # noqa: PTH116  # a third of a Path's time
                found.append(f"{name} {file.st_size} {file.st_mtime_ns}")
    return _DIGEST("\n".join(sorted(found)).encode()).digest()
