"""Files that have to outlive a crash of the machine."""

import os
from pathlib import Path


def sync(path: Path) -> None:
    """Writes a file, or the entries of a folder, down to the disk. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
