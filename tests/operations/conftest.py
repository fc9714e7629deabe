"""Operations on both databases, as the engine's tests have them."""

from tests.engine.conftest import engine, make_engine, postgres, postgres_url, receiver

__all__ = ["engine", "make_engine", "postgres", "postgres_url", "receiver"]
