"""The checks: each looks at one thing and returns what it found, with the way out.

None of them raises: where the database is out of reach, those that need it are left out.
"""

import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from flask import Flask
from flask_babel import LazyString, format_decimal
from flask_babel import lazy_gettext as _l
from sqlalchemy.exc import SQLAlchemyError

from webhooks_ui.crypto import keys
from webhooks_ui.database import migrate
from webhooks_ui.database.driver import reason_of
from webhooks_ui.database.engine import ping
from webhooks_ui.database.types import now
from webhooks_ui.diagnostics import facts
from webhooks_ui.egress.ip_ranges import unwrapped, why_not_public
from webhooks_ui.models import JobRun, backlog, installation
from webhooks_ui.settings.open_files import ENOUGH

Tone = Literal["good", "wait", "bad"]
FIXED_SQLITE = (3, 51, 3)  # earlier ones may damage a file when its WAL is reset
MIN_FREE, LOW_FREE = 100_000_000, 1_000_000_000  # bytes
MAX_CLOCK_DIFFERENCE = timedelta(seconds=2)
OVERDUE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found: `bad` needs something done, `wait` should be looked at."""

    check: str
    tone: Tone
    text: LazyString
    way_out: LazyString | None = None


def findings(app: Flask) -> list[Finding]:
    """All findings, in the context of the app; a check with nothing to say is left out."""
    found = [_database()]
    checks = [*_CHECKS, *(_WITH_DATABASE if found[0].tone == "good" else ())]
    for check in checks:
        try:
            found += check(app)
        except SQLAlchemyError:  # it went away meanwhile
            continue
    return found


def _database() -> Finding:
    try:
        ping()
        migrate.require_current()
    except migrate.SchemaError as error:
        return _schema(error)
    except SQLAlchemyError as error:
        reason = " ".join(str(reason_of(error)).split())
        return Finding(
            "database",
            "bad",
            _l("The database does not answer: %(reason)s", reason=reason),
            _l("Check WEBHOOKS_UI_DATABASE_URL, and that the database runs and has space."),
        )
    return Finding("database", "good", _l("%(name)s answers.", name=facts.database()))


def _schema(error: migrate.SchemaError) -> Finding:
    if error.unknown is None:
        text = _l("The database is not set up for this version.")
        return Finding("database", "bad", text, _l("Run: webhooks-ui migrate"))
    text = _l(
        "The database was made by a newer version (its schema is %(schema)s, this program knows up"
        " to %(newest)s).",
        schema=error.unknown,
        newest=error.newest,
    )
    way_out = _l("Install that version again, or restore the backup made before the upgrade.")
    return Finding("database", "bad", text, way_out)


def _number(value: float) -> LazyString:
    """A number as the reader's language writes it."""
    return LazyString(format_decimal, value)


def _sqlite_version(_app: Flask) -> Iterator[Finding]:
    version = facts.sqlite_version()
    if version and version < FIXED_SQLITE:
        yield Finding(
            "sqlite",
            "wait",
            _l(
                "SQLite %(version)s has a rare fault that can damage a file under load.",
                version=".".join(map(str, version)),
            ),
            _l("Use SQLite 3.51.3 or newer, or PostgreSQL. Make backups meanwhile."),
        )


def _keys(_app: Flask) -> Iterator[Finding]:
    if missing := installation.missing_key():
        yield Finding(
            "keys",
            "bad",
            _l(
                "The encryption keys are not those of this database: %(id)s is missing.", id=missing
            ),
            _l(
                "Put the file encryption_keys of this installation back into the data folder, or"
                " set WEBHOOKS_UI_ENCRYPTION_KEYS to its keys."
            ),
        )
    else:
        ids = ", ".join(facts.key_ids())
        yield Finding("keys", "good", _l("The secrets can be read (keys: %(ids)s).", ids=ids))
        if left := installation.under_older_keys():
            said = _l("Secrets encrypted under a former key: %(count)s.", count=_number(left))
            yield Finding("keys", "wait", said, _l("Run: webhooks-ui rotate-key"))


def _worker(_app: Flask) -> Iterator[Finding]:
    if JobRun.worker_is_up(now()):
        yield Finding("worker", "good", _l("A worker is running."))
    else:
        yield Finding(
            "worker",
            "bad",
            _l("No worker is running: events are taken in and wait."),
            _l("Start `webhooks-ui serve` without --no-worker, or `webhooks-ui worker`."),
        )


def _queue(_app: Flask) -> Iterator[Finding]:
    if waiting := backlog.overdue(now() - OVERDUE):
        count = _number(waiting)
        yield Finding(
            "queue",
            "wait",
            _l("Deliveries due for more than ten minutes: %(count)s.", count=count),
            _l("The worker cannot keep up, or does not run. Start another: `webhooks-ui worker`."),
        )


def _clock(_app: Flask) -> Iterator[Finding]:
    difference = facts.clock_difference()
    if difference is not None and abs(difference) > MAX_CLOCK_DIFFERENCE:
        yield Finding(
            "clock",
            "bad",
            _l(
                "The clocks of this machine and of the database differ by %(seconds)s seconds.",
                seconds=round(abs(difference).total_seconds()),
            ),
            _l("Synchronise them, for example with chrony or systemd-timesyncd."),
        )


def _disk(app: Flask) -> Iterator[Finding]:
    free = shutil.disk_usage(app.config["DATA_DIR"]).free
    text = _l("%(size)s GB free in the data folder.", size=_number(round(free / 1e9, 1)))
    if free >= LOW_FREE:
        yield Finding("disk", "good", text)
    else:
        way_out = _l("Free space, or shorten WEBHOOKS_UI_RETENTION.")
        yield Finding("disk", "bad" if free < MIN_FREE else "wait", text, way_out)


def _private_keys(app: Flask) -> Iterator[Finding]:
    for name in (keys.SECRET, keys.ENCRYPTION):
        file: Path = app.config["DATA_DIR"] / name
        if file.exists() and stat.S_IMODE(file.stat().st_mode) & 0o077:
            yield Finding(
                "key files",
                "bad",
                _l("Other users of this machine can read %(file)s.", file=str(file)),
                _l("Run: chmod 600 %(file)s", file=str(file)),
            )


def _open_files(app: Flask) -> Iterator[Finding]:
    if app.config["OPEN_FILES"].is_short:
        yield Finding(
            "open files",
            "wait",
            _l("Only %(limit)s files may be open.", limit=app.config["OPEN_FILES"].limit),
            _l("Raise the limit (ulimit -n, LimitNOFILE=) to %(enough)s.", enough=ENOUGH),
        )


def _address(app: Flask) -> Iterator[Finding]:
    url = urlsplit(app.config["PUBLIC_URL"] or "")
    if url.scheme == "https" and not app.config["TRUSTED_PROXIES"]:
        yield Finding(
            "proxy",
            "wait",
            _l("PUBLIC_URL is https, and no proxy is trusted: cookies are not marked Secure."),
            _l("Set WEBHOOKS_UI_TRUSTED_PROXIES to the number of proxies in front, such as 1."),
        )
    elif url.scheme == "http" and not _is_local(url.hostname or ""):
        yield Finding(
            "https",
            "wait",
            _l("Passwords and tokens travel to %(host)s unencrypted.", host=url.hostname),
            _l("Put a proxy with TLS in front; docs/operations.md has samples."),
        )


def _is_local(host: str) -> bool:
    try:
        return host == "localhost" or why_not_public(unwrapped(host)) is not None
    except ValueError:
        return False


_CHECKS = (_disk, _private_keys, _open_files, _address)
_WITH_DATABASE = (_sqlite_version, _keys, _worker, _queue, _clock)
