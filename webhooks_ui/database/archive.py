"""A backup: a tar file of a manifest, the keys, and a copy of the database.

The manifest comes first and has the sums of the others, so that one pass reads and checks it all.
"""

import hashlib
import json
import os
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from io import BytesIO
from pathlib import Path
from typing import IO

from webhooks_ui.database.copying import CopyError
from webhooks_ui.database.files import sync

MANIFEST, DATABASE = "manifest.json", "database"
_FORM = 1
_PIECE = 1 << 20
_MAX_BYTES = 1 << 20  # bytes of a manifest or key file


@dataclass(frozen=True, slots=True)
class Manifest:
    """`database` is ``sqlite`` or ``postgresql``; `files` has SHA-256 sums in hex."""

    program: str
    made_at: str
    database: str
    schema: str
    key_check: str | None
    files: Mapping[str, str] = field(default_factory=dict)
    form: int = _FORM


def write(file: Path, manifest: Manifest, copy: Path, keys: Mapping[str, bytes]) -> None:
    """Writes a backup and reads it again; it is under its name only once that went well."""
    draft = copy.with_name("archive")
    with copy.open("rb") as content:
        sums = {DATABASE: hashlib.file_digest(content, "sha256").hexdigest()}
    sums |= {name: hashlib.sha256(text).hexdigest() for name, text in keys.items()}
    facts = json.dumps(asdict(manifest) | {"files": sums}, indent=2).encode()
    with draft.open("wb") as out:
        # Quick rather than small; a dump of PostgreSQL is compressed already.
        with tarfile.open(fileobj=out, mode="w:gz", compresslevel=1) as archive:
            for name, text in {MANIFEST: facts, **keys}.items():
                member = tarfile.TarInfo(name)
                member.size, member.mode = len(text), 0o600
                archive.addfile(member, BytesIO(text))
            archive.add(copy, DATABASE)
        out.flush()
        os.fsync(out.fileno())
    read(draft)
    draft.replace(file)
    sync(file.absolute().parent)


def manifest(file: Path) -> Manifest:
    """What a file says it is. Raises `CopyError` where it is no backup."""
    with _members(file) as members:
        return _manifest(next(members, ("", BytesIO())))


def read(file: Path, to: Path | None = None) -> tuple[Manifest, dict[str, bytes]]:
    """The manifest and the keys of a backup, all of which is checked; its database goes into `to`.

    Raises `CopyError` where something is missing or damaged.
    """
    keys, sums = dict[str, bytes](), dict[str, str]()
    with _members(file) as members:
        found = _manifest(next(members, ("", BytesIO())))
        for name, content in members:
            if name == DATABASE:
                with (to or Path(os.devnull)).open("wb") as out:
                    sums[name] = _copied(content, out)
            else:
                keys[name] = content.read(_MAX_BYTES)
                sums[name] = hashlib.sha256(keys[name]).hexdigest()
        if sums != dict(found.files):
            raise ValueError("its content is not what it says")
    return found, keys


@contextmanager
def _members(file: Path) -> Iterator[Iterator[tuple[str, IO[bytes]]]]:
    """The members one after the other, each to be read before the next."""
    try:
        with tarfile.open(file, "r|*") as archive:
            yield (
                (member.name, content)
                for member in archive
                if (content := archive.extractfile(member)) is not None
            )
    except FileNotFoundError:
        raise CopyError(f"There is no file {file}.") from None
    except (tarfile.TarError, EOFError, OSError, ValueError, TypeError, zlib.error) as error:
        raise CopyError(f"{file} is no backup of webhooks-ui, or is damaged: {error}.") from None


def _manifest(member: tuple[str, IO[bytes]]) -> Manifest:
    name, content = member
    if name != MANIFEST:
        raise ValueError(f"it has no {MANIFEST}")
    found = Manifest(**json.loads(content.read(_MAX_BYTES)))
    if found.form != _FORM:
        raise ValueError("a newer version has made it")
    return found


def _copied(content: IO[bytes], out: IO[bytes]) -> str:
    """The sum of what is copied."""
    total = hashlib.sha256()
    while piece := content.read(_PIECE):
        total.update(piece)
        out.write(piece)
    return total.hexdigest()
