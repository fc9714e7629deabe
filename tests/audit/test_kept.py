"""Nothing in the program edits the audit log; that every test is watched for it, too."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Delete, Update, delete, insert, text, update
from sqlalchemy.dialects.sqlite import insert as insert_or_update

import webhooks_ui
from tests.audit.conftest import entries
from tests.audit.test_everything import names
from tests.support import kept_log
from webhooks_ui.audit import AuditEntry, record
from webhooks_ui.cli.main import main
from webhooks_ui.database import prepared
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.database.types import now
from webhooks_ui.models import Channel, pruning

PROGRAM = Path(webhooks_ui.__file__).parent
ENTRY = {"actor_kind": "nobody", "topic": "change", "action": "x"}


def test_no_route_and_no_command_edits_it(app: Flask) -> None:
    routes = [rule for rule in app.url_map.iter_rules() if "audit" in rule.rule]
    assert routes
    assert all((rule.methods or set()) <= {"GET", "HEAD", "OPTIONS"} for rule in routes)
    assert not [name for name in names(main) if "audit" in name]


def test_no_module_has_a_statement_that_edits_it_but_retention() -> None:
    deleting = []
    for file in PROGRAM.rglob("*.py"):
        code = file.read_text()
        assert not kept_log.edits(code), file
        if "AuditEntry" in code and re.search(r"\b(update|delete|merge)\(", code):
            deleting.append(file.relative_to(PROGRAM).as_posix())
    assert deleting == ["models/pruning.py"]
    lines = (PROGRAM / deleting[0]).read_text().splitlines()
    imported, used = [line for line in lines if "AuditEntry" in line]
    assert imported.startswith("from ")
    assert (
        used
        == lines[
            lines.index('    """Deletes entries of the audit log from before that time."""') + 1
        ]
    )


def changed() -> None:
    db.session.query(AuditEntry).first().action = "changed"  # type: ignore[union-attr]


def removed() -> None:
    db.session.delete(db.session.query(AuditEntry).first())


def replaced() -> None:
    db.session.execute(text("INSERT OR REPLACE INTO audit_entries SELECT * FROM audit_entries"))


def over() -> None:
    same = insert_or_update(AuditEntry).values(id=1, **ENTRY)
    db.session.execute(same.on_conflict_do_update(["id"], set_={"action": "y"}))


def run(statement: Update | Delete) -> Callable[[], object]:
    return lambda: db.session.execute(statement)


def by_driver() -> None:
    with prepared.within(db.session.connection()) as runner:
        runner.run(prepared.Prepared(delete(AuditEntry)))


@pytest.mark.parametrize(
    "edit",
    [
        changed,
        removed,
        replaced,
        over,
        by_driver,
        run(delete(AuditEntry)),
        run(update(AuditEntry).values(action="y")),
    ],
)
def test_whoever_edits_it_fails(app: Flask, edit: Callable[[], object]) -> None:
    with app.app_context():
        record("channel.created", "channel", "ch_1", "One")
        with pytest.raises(AssertionError, match="edits the audit log"), transaction():
            edit()
    assert kept_log.take_found(), "the test would have failed"
    (entry,) = entries(app)
    assert entry.action == "channel.created"


@pytest.mark.parametrize(
    "statement",
    [
        'UPDATE "audit_entries" SET action = 1',
        "UPDATE OR IGNORE audit_entries SET action = 1",
        "WITH old AS (SELECT 1) DELETE FROM public.audit_entries",
        "REPLACE INTO audit_entries VALUES (1)",
        'TRUNCATE TABLE "events", "audit_entries" CASCADE',
    ],
)
def test_such_statements_are_known(statement: str) -> None:
    assert kept_log.edits(statement)


def test_writing_and_reading_and_retention_are_no_edits(app: Flask) -> None:
    with app.app_context():
        with transaction():
            db.session.add(Channel(key="one", name="One"))
            db.session.execute(insert(AuditEntry).values(**ENTRY))
        later = now() + timedelta(days=1)
        assert sum(sum(turn.values()) for turn in pruning.audit_entries(later)) == 2
        assert not kept_log.edits("SELECT * FROM audit_entries FOR UPDATE")
        assert not kept_log.edits("UPDATE events SET id = (SELECT max(id) FROM audit_entries)")
