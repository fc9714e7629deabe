"""What the session does between its statements."""

import pytest
from flask import Flask
from psycopg.pq import TransactionStatus
from sqlalchemy import text

from tests.support.apps import ON_BOTH_DATABASES
from webhooks_ui.database.engine import db, end_read, transaction
from webhooks_ui.models import Channel

ON_POSTGRESQL = pytest.mark.parametrize("database", ["postgresql"], indirect=True)
PREPARED = "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE 'SELECT channels.id%'"


def state() -> TransactionStatus:
    driver = db.session.connection().connection.driver_connection
    assert driver
    return TransactionStatus(driver.info.transaction_status)


@ON_POSTGRESQL
def test_what_only_reads_is_in_no_transaction(app: Flask) -> None:
    with app.app_context():
        db.session.query(Channel).all()
        assert state() == TransactionStatus.IDLE
        with transaction():
            db.session.query(Channel).all()
            assert state() == TransactionStatus.INTRANS
        db.session.query(Channel).all()
        assert state() == TransactionStatus.IDLE


@ON_POSTGRESQL
def test_the_end_of_a_read_keeps_what_the_server_has_planned(app: Flask) -> None:
    with app.app_context():
        for _ in range(10):
            db.session.query(Channel.id).all()
            end_read()
        assert db.session.scalar(text(PREPARED)) == 1


@ON_BOTH_DATABASES
def test_a_transaction_is_undone_whole(app: Flask) -> None:
    def broken_off() -> None:
        with transaction():
            for key in ("support", "sales"):
                db.session.add(Channel(key=key, name=key))
                db.session.flush()
            raise ZeroDivisionError

    with app.app_context():
        with pytest.raises(ZeroDivisionError):
            broken_off()
        assert db.session.query(Channel).all() == []
