"""Operations on both databases, as the engine's tests have them."""

from tests.cli.conftest import data_dir, run
from tests.engine.conftest import engine, make_engine, postgres, postgres_url, receiver

__all__ = ["data_dir", "engine", "make_engine", "postgres", "postgres_url", "receiver", "run"]
