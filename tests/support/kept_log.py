"""Guards the audit log in every test: whoever edits or deletes entries, but its retention, fails.

A statement is looked at where SQLAlchemy sends it, one of `prepared` where it is written out.
Statements of other processes are not seen.
"""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import CodeType
from typing import Any

import pytest
from sqlalchemy import Engine, event

from webhooks_ui.database import moving
from webhooks_ui.database.prepared import Prepared
from webhooks_ui.models import pruning

TABLE = "audit_entries"
_NAME = rf'[\w".]*\b{TABLE}\b'
_EDITS = re.compile(
    rf"\bUPDATE\s+(?:OR\s+\w+\s+|ONLY\s+)*{_NAME}|\b(?:DELETE\s+FROM|MERGE\s+INTO)\s+(?:ONLY\s+)?{_NAME}"
    rf"|\b(?:INSERT\s+OR\s+)?REPLACE\s+INTO\s+{_NAME}|\bTRUNCATE\b[^;]*{_NAME}"
    rf"|\bINTO\s+{_NAME}.*\bDO\s+UPDATE",
    re.IGNORECASE | re.DOTALL,
)
# Into a database that is empty but for its migrations.
_MAY: dict[CodeType, str] = {
    pruning.audit_entries.__code__: "DELETE",
    moving.copy.__code__: "TRUNC",
}
_found: list[str] = []
_written = Prepared._written


def edits(statement: str) -> bool:
    """Whether it changes or deletes entries."""
    return TABLE in statement and _EDITS.search(statement) is not None


def look_at(statement: str) -> None:
    """Raises `AssertionError`, and fails the test that is running, if it may not be run."""
    if TABLE in statement and edits(statement) and not _may(statement):
        _found.append(statement)
        raise AssertionError(f"edits the audit log: {statement}")


def _may(statement: str) -> bool:
    frame: Any = sys._getframe()
    while frame:
        if statement.lstrip().startswith(_MAY.get(frame.f_code, "nobody")):
            return True
        frame = frame.f_back
    return False


def guard() -> None:
    """Looks at the statements of this process from now on."""
    event.listen(Engine, "before_cursor_execute", _before)
    Prepared._written = _looked_at  # type: ignore[method-assign, assignment]


def _before(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
    if TABLE in statement:
        look_at(statement)


def _looked_at(self: Prepared, *arguments: Any) -> Any:
    form = _written(self, *arguments)
    look_at(form.text)
    return form


@pytest.fixture(autouse=True)
def _audit_log_is_kept() -> Iterator[None]:
    """Also where the error was caught, or raised in a thread."""
    _found.clear()
    yield
    assert not _found, f"edits the audit log: {_found}"


def take_found() -> list[str]:
    """The statements that were refused; they fail this test no more."""
    found = [*_found]
    _found.clear()
    return found


@contextmanager
def edited() -> Iterator[None]:
    """Within it a test may edit entries itself."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys.modules[__name__], "_may", lambda _statement: True)
        yield
