"""What a console has besides its log: people, tokens, sources, deleted webhooks, an audit log."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, insert

from webhooks_ui.audit import AuditEntry
from webhooks_ui.models import Source, SourceRequest, Token, User, UserSession, Webhook
from webhooks_ui.models.public_ids import SOURCE, TOKEN, WEBHOOK, new_id

PEOPLE, TOKENS, SOURCES, DELETED, ENTRIES = 200, 200, 100, 2_000, 100_000
REQUESTS = 100  # of each source
SUBJECT = f"wh_{42:026}"  # of one entry in a thousand
_AT_ONCE = 10_000


def fill(connection: Connection, webhooks: int, moment: datetime) -> None:
    """The same in every database, however many deliveries it has; after `webhooks` others."""
    minutes = [moment - timedelta(minutes=n) for n in range(1_000)]
    people = [
        {"login": f"person-{n}", "password_hash": "", "role": ("viewer", "editor")[n % 2]}
        for n in range(PEOPLE)
    ]
    connection.execute(insert(User), people)
    sessions = [{"user_id": n + 1, "token_hash": f"{n:064}"} for n in range(PEOPLE)]
    connection.execute(insert(UserSession), sessions)
    tokens = [
        {"public_id": new_id(TOKEN), "name": f"Program {n}", "scope": "events"}
        | {"token_hash": f"{n:064}", "created_by": "person-1", "last_used_at": minutes[n]}
        for n in range(TOKENS)
    ]
    connection.execute(insert(Token), tokens)
    sources = [
        {"public_id": new_id(SOURCE), "name": f"Account {n}", "kind": "chatwoot"}
        | {"token_hash": f"{n:064}"}
        for n in range(SOURCES)
    ]
    connection.execute(insert(Source), sources)
    requests = [
        {"source_id": n % SOURCES + 1, "name": "message_created", "signature": "missing"}
        | {"became": [], "size": 2, "received_at": minutes[n % len(minutes)]}
        for n in range(SOURCES * REQUESTS)
    ]
    connection.execute(insert(SourceRequest), requests)
    deleted = [
        {"id": webhooks + 1 + n, "public_id": new_id(WEBHOOK), "name": f"Former {n}"}
        | {"url": f"https://former-{n}.example/", "search_text": f"former {n}"}
        | {"signing_secret": "", "deleted_at": minutes[n % len(minutes)]}
        for n in range(DELETED)
    ]
    connection.execute(insert(Webhook), deleted)
    for first in range(0, ENTRIES, _AT_ONCE):
        entries = [_entry(n, moment) for n in range(first, first + _AT_ONCE)]
        connection.execute(insert(AuditEntry), entries)


def _entry(number: int, moment: datetime) -> dict[str, object]:
    """Mostly changes of webhooks; one in ten a sign-in."""
    is_change = number % 10 > 0
    return {
        "created_at": moment - timedelta(minutes=ENTRIES - number),
        "actor_kind": "user",
        "actor_id": "1",
        "actor_name": f"person-{number % PEOPLE}",
        "address": "203.0.113.7",
        "topic": "change" if is_change else "sign_in",
        "action": "webhook.changed" if is_change else "user.signed_in",
        "object_kind": "webhook" if is_change else "user",
        "object_id": SUBJECT if number % 1_000 == 1 else f"wh_{number:026}",
        "object_name": f"Webhook {number % 5_000}",
        "search_text": f"webhook {number % 5_000}",
        "changes": {"name": ["Shop", "Shop 2"], "events": [["a"], ["a", "b"]], "url": None},
    }
