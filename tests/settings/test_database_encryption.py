"""TLS to PostgreSQL: required over a network, not on this machine, and as the operator says."""

import pytest
from click import ClickException
from sqlalchemy.exc import OperationalError

from webhooks_ui.cli.app_context import database_errors
from webhooks_ui.settings.database_encryption import parameters

PREFIX = "postgresql+psycopg://hooks:pa55"


@pytest.mark.parametrize(
    "url",
    [
        *(f"{PREFIX}@db.internal/hooks", f"{PREFIX}@10.0.0.5:5433/hooks", f"{PREFIX}@db/hooks"),
        f"{PREFIX}@/hooks?host=db1&host=localhost",
        f"{PREFIX}@/hooks?host=/run/postgresql,db1",
    ],
)
def test_over_a_network_it_is_required(url: str) -> None:
    assert parameters(url, {}) == {"sslmode": "require"}


@pytest.mark.parametrize(
    "url",
    [
        *(f"{PREFIX}@localhost/hooks", f"{PREFIX}@127.0.0.1:5433/hooks", f"{PREFIX}@[::1]/hooks"),
        *("postgresql+psycopg:///hooks", "postgresql+psycopg://hooks@/hooks?host=/run/postgresql"),
        "sqlite:////srv/webhooks.db",
    ],
)
def test_on_this_machine_it_is_not(url: str) -> None:
    assert parameters(url, {}) == {}


def test_the_operator_may_say_more_or_less() -> None:
    assert parameters(f"{PREFIX}@db/hooks?sslmode=verify-full", {}) == {}
    assert parameters(f"{PREFIX}@db/hooks", {"PGSSLMODE": "disable"}) == {}
    assert parameters("postgresql+psycopg://hooks@/hooks", {"PGHOST": "db.internal"}) != {}


def test_a_server_without_tls_is_one_line_that_says_what_to_do() -> None:
    refused = Exception("connection failed: server does not support SSL, but SSL was required")
    with pytest.raises(ClickException, match="sslmode=disable"), database_errors():
        raise OperationalError("", {}, refused)
