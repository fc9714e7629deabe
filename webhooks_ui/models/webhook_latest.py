"""The webhooks with the latest results, found without reading all webhooks.

No index has them in this order: every recorded delivery would have to write to it. But a result
comes from an attempt, so the latest are those of webhooks that the newest attempts were made for.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select

from webhooks_ui.database.engine import db
from webhooks_ui.models.attempt import Attempt
from webhooks_ui.models.delivery import Delivery
from webhooks_ui.models.webhook import Webhook

FEW = 500  # webhooks, which are read as quickly
_EACH = 4  # attempts looked at for each webhook sought: some have many of them
_MIN_ATTEMPTS, _MAX_ATTEMPTS = 500, 1_500

Keys = list[tuple[ColumnElement[Any], bool]]


def latest(chosen: Select[int], first: int, count: int) -> Sequence[int]:
    """The ids of `count` of the chosen webhooks, after the `first` that have later results.

    Empty where the newest attempts do not tell. Webhooks of one result are in the order of ids.
    """
    attempts = max((first + count) * _EACH, _MIN_ATTEMPTS)
    if attempts > _MAX_ATTEMPTS:
        return ()
    ordered = tried(chosen, attempts).order_by(Webhook.last_delivery_id.desc(), Webhook.id)
    ids = db.session.scalars(ordered.offset(first).limit(count)).all()
    return ids if len(ids) == count else ()


def tried(chosen: Select[Any], attempts: int = _MIN_ATTEMPTS) -> Select[Any]:
    """Those of the chosen webhooks whose results are later than those of all others.

    They are found by so many of the newest attempts.
    """
    newest = select(Attempt.delivery_id).order_by(Attempt.delivery_id.desc()).limit(attempts)
    made = newest.cte("tried")
    # What has the result of an older delivery may not be the only one that has.
    oldest = select(func.min(made.c.delivery_id)).scalar_subquery()
    own = select(Delivery.webhook_id).where(Delivery.id.in_(select(made.c.delivery_id)))
    return chosen.where(Webhook.last_delivery_id >= oldest, Webhook.id.in_(own))


def read_once(chosen: Select[Any], keys: Keys) -> tuple[Select[Any], Keys]:
    """The same select and the same keys, for several reads in one statement that share a scan."""
    labelled = [column.label(f"key_{place}") for place, (column, _) in enumerate(keys)]
    rows = chosen.add_columns(*labelled).cte("chosen")
    falls = [one for _, one in keys]
    return select(rows.c[0]), list(zip([*rows.c][1:], falls, strict=True))
