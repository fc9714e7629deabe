"""Operations on both databases, as the engine's tests have them."""

from tests.cli.conftest import data_dir, run
from tests.engine.conftest import engine, receiver

__all__ = ["data_dir", "engine", "receiver", "run"]
