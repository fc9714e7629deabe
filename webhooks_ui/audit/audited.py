"""Models that record their own changes: the session notices them when it writes them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import event, insert, inspect, select
from sqlalchemy.orm import Session

from webhooks_ui.audit import recording
from webhooks_ui.audit.entry import AuditEntry
from webhooks_ui.database.engine import db

Changes = dict[str, Any]
"""By column: the pair of before and after."""
_NOTICED = "audit_noticed"  # in the session's `info`


@dataclass(frozen=True, slots=True)
class Audited:
    """How the changes of a model are recorded; its instances have it as `__audited__`.

    `told` are the columns and collections whose values are told, with what tells one. `silent` are
    those that are not recorded at all, such as what the program keeps for itself. Of every other
    column the log says only that it has changed: a new secret cannot get into the log.
    `is_same` compares what is stored in another form each time. `verb` finds a word for the
    change, ``changed`` where it has none.
    """

    kind: str
    told: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict)
    silent: frozenset[str] = frozenset()
    id: Callable[[Any], Any] = lambda subject: subject.public_id
    name: Callable[[Any], str] = lambda subject: subject.name
    is_same: Callable[[Any, str, Any, Any], bool] = lambda *_: False
    verb: Callable[[Any, Changes], str | None] = lambda *_: None


def as_it_is(value: Any) -> Any:
    """Tells a value by itself."""
    return value


@dataclass(slots=True)
class _Notice:
    """What has happened to `subject` in this transaction so far."""

    subject: Any
    verb: str = "changed"
    about: tuple[Any, str] | None = None
    changes: Changes = field(default_factory=dict)


@event.listens_for(db.session, "before_flush")
def _notice(session: Session, _context: object, _instances: object) -> None:
    for subject in session.new:
        if hasattr(subject, "__audited__"):
            _noticed(session, subject).verb = "created"
    for subject in session.deleted:
        if hasattr(subject, "__audited__"):
            notice = _noticed(session, subject)
            notice.verb, notice.about = "deleted", _about(subject)  # later it cannot be loaded
    for subject in session.dirty:
        if hasattr(subject, "__audited__") and (changes := _changes(session, subject)):
            noticed = _noticed(session, subject).changes
            for column, (before, after) in changes.items():
                noticed[column] = noticed.get(column, (before, after))[0], after


@event.listens_for(db.session, "before_commit")
def _write(session: Session) -> None:
    session.flush()
    for notice in session.info.pop(_NOTICED, {}).values():
        _record(notice)
    if entries := recording.take_pending(session):
        session.execute(insert(AuditEntry), entries)


@event.listens_for(db.session, "after_soft_rollback")
def _forget(session: Session, _previous: object) -> None:
    session.info.pop(_NOTICED, None)
    recording.take_pending(session)


def _noticed(session: Session, subject: Any) -> _Notice:
    notices: dict[int, _Notice] = session.info.setdefault(_NOTICED, {})
    return notices.setdefault(id(subject), _Notice(subject))


def _changes(session: Session, subject: Any) -> Changes:
    spec: Audited = subject.__audited__
    state = inspect(subject)
    found: Changes = {}
    for column in {*state.mapper.column_attrs.keys(), *spec.told} - spec.silent:
        after, same, before = state.attrs[column].history
        if not before and not after:
            continue
        if column not in state.mapper.column_attrs:
            found[column] = [*same, *before], [*same, *after]
            continue
        old = before[0] if before else _stored(session, subject, column)
        if old != after[0] and not spec.is_same(subject, column, old, after[0]):
            found[column] = old, after[0]
    return found


def _stored(session: Session, subject: Any, column: str) -> Any:
    """The value that the database still has: it was overwritten without having been loaded."""
    model = type(subject)
    own = inspect(model).primary_key[0]
    return session.scalar(select(getattr(model, column)).where(own == inspect(subject).identity[0]))


def _record(notice: _Notice) -> None:
    spec: Audited = notice.subject.__audited__
    changes, verb = notice.changes, notice.verb
    if verb == "created":
        made = {name: getattr(notice.subject, name) for name in spec.told}
        changes = {name: (None, is_) for name, is_ in made.items() if is_ not in (None, "", [], {})}
    elif verb == "deleted":
        changes = {}
    elif changes:
        verb = spec.verb(notice.subject, changes) or verb
    else:
        return
    recording.record(
        f"{spec.kind}.{verb}",
        spec.kind,
        *(notice.about or _about(notice.subject)),
        changes={name: _told(spec, name, pair) for name, pair in sorted(changes.items())},
    )


def _about(subject: Any) -> tuple[Any, str]:
    spec: Audited = subject.__audited__
    return spec.id(subject), spec.name(subject)


def _told(spec: Audited, column: str, pair: tuple[Any, Any]) -> list[Any] | None:
    tell = spec.told.get(column)
    return [None if value is None else tell(value) for value in pair] if tell else None
