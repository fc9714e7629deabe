"""The statements that fill a database from numbers; the same on SQLite and PostgreSQL."""

from dataclasses import dataclass

from webhooks_ui.models.counters import COUNTED, DURATIONS

SPAN = 30 * 24 * 3_600_000  # ms
RARE = 60  # deliveries: as many in a month with many deliveries as in one with few
MAIN_CHANNEL, BUSY, QUIET = 7, 3, 4322  # rows
DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32
ERRORS = (
    *("http_status", "timeout", "connection_refused", "dns_failure", "connection_reset"),
    *("connection_timeout", "unreachable", "protocol_error", "redirected", "blocked_address"),
)
WAITING = 1_200  # deliveries at least


@dataclass(frozen=True, slots=True)
class Plan:
    """How many rows, up to which moment (ms since 1970)."""

    webhooks: int
    deliveries: int
    channels: int
    until: int

    @property
    def events(self) -> int:
        """One in twenty has no delivery, the others have three."""
        return -(-self.deliveries // 3) * 20 // 19 + 1

    def rows(self, dialect: str) -> list[str]:
        """Events `:first` to `:last` with what belongs to them."""
        return [
            self._filled(statement, dialect) for statement in (_EVENTS, _KEYS, _DELIVERIES, _TRIES)
        ]

    def sums(self, dialect: str) -> list[str]:
        """What is counted from the rows, once they are there."""
        counted = (_HOURS, _OTHER_HOURS, _TOTALS, _LAST, _OUTCOME)
        found = [self._filled(statement, dialect) for statement in counted]
        if dialect == "postgresql":
            found += [
                _NEXT.replace("<TABLE>", table)
                for table in ("webhooks", "channels", "events", "deliveries", "attempts")
            ]
        return found

    def _moment(self) -> str:
        """When an event came: ever more often, half of them within the last eight days."""
        left = f"({self.events} - e)"
        ago = f"{left} * {SPAN} / {self.events}"
        return f"{self.until} - ({ago} * 4 + {ago} * {left} / {self.events} * 96) / 100"

    def _filled(self, statement: str, dialect: str) -> str:
        is_sqlite = dialect == "sqlite"
        series = _SERIES if is_sqlite else _GENERATED
        waiting = max(self.deliveries // 2_000, WAITING)
        names = {
            "SERIES": series,
            "MOMENT": self._moment(),
            "HASH_E": _hash("e", 2_654_435_761),
            "HASH_D": _hash("d", 2_246_822_519),
            "HASH_W": _hash("d", 3_266_489_917),
            "EVENT_ID": _public_id("evt_", "moment", "e"),
            "DELIVERY_ID": f"'dlv_' || began || {_tail('d')}",
            "TYPE": _TYPE,
            "CHANNELS": str(self.channels),
            "MAIN_CHANNEL": str(MAIN_CHANNEL),
            "BUSY": str(min(BUSY, self.webhooks)),
            "QUIET": str(min(QUIET, self.webhooks)),
            "RARELY": str(max(self.deliveries // RARE, 10)),
            "WEBHOOKS": str(self.webhooks),
            "WAITING": str(self.deliveries - waiting),
            "BYTES": "X'7b7d'" if is_sqlite else "convert_to('{}', 'UTF8')",
            "JSON_LIST": "'[]'" if is_sqlite else "CAST('[]' AS json)",
            "JSON_TIMINGS": _TIMINGS if is_sqlite else f"CAST({_TIMINGS} AS json)",
            "JSON_CHANNEL": _CHANNEL if is_sqlite else f"CAST({_CHANNEL} AS json)",
            "ERRORS": " ".join(f"WHEN {n} THEN '{code}'" for n, code in enumerate(ERRORS)),
            "COUNTS": _counts(),
            "WEEK": series.replace(":first", "0").replace(":last", "167"),
            "THIS_HOUR": str(self.until // 3_600_000 * 3_600_000),
            "SUMS": _SUMS,
            "NAMES": ", ".join(COUNTED),
        }
        for name in sorted(names, key=len, reverse=True):
            statement = statement.replace(f"<{name}>", names[name])
        return statement


def _hash(name: str, factor: int) -> str:
    return f"(({name} * {factor}) % 4294967291 / 7)"


def _public_id(prefix: str, moment: str, number: str) -> str:
    """A ULID: 10 digits of time, 10 that only fill, 6 of the row's number."""
    digits = [f"substr('{DIGITS}', CAST(({moment} >> {n}) & 31 AS integer) + 1, 1)" for n in _TIME]
    return f"'{prefix}' || " + " || ".join([*digits, _tail(number)])


def _tail(number: str) -> str:
    """The digits of an id after its time."""
    digits = [f"substr('{DIGITS}', CAST(({number} >> {n}) & 31 AS integer) + 1, 1)" for n in _ROW]
    return " || ".join(["'0000000000'", *digits])


_TIME, _ROW = range(45, -1, -5), range(25, -1, -5)
_SERIES = """WITH RECURSIVE series(e) AS (SELECT :first UNION ALL SELECT e + 1 FROM series
 WHERE e < :last) SELECT e FROM series"""
_NEXT = "SELECT setval(pg_get_serial_sequence('<TABLE>', 'id'), max(id)) FROM <TABLE>"
_GENERATED = "SELECT generate_series(CAST(:first AS bigint), CAST(:last AS bigint)) AS e"
_TYPE = """CASE WHEN <HASH_E> % 100 < 60 THEN 'message_created'
 WHEN <HASH_E> % 100 < 75 THEN 'message_updated'
 WHEN <HASH_E> % 100 < 87 THEN 'conversation_status_changed'
 WHEN <HASH_E> % 100 < 94 THEN 'assignee_changed'
 WHEN <HASH_E> % 100 < 98 THEN 'team_changed' ELSE 'conversation_substatus_changed' END""".replace(
    "<HASH_E>", _hash("e", 2_654_435_761)
)
_TIMINGS = """'{"dns": 1, "connect": 2, "tls": 9, "first_byte": 40, "total": 52}'"""
_CHANNEL = """'{"key":"channel","name":"Channel","kind":"telegram"}'"""

_EVENTS = """INSERT INTO events (id, public_id, type, channel_id, channel, data, test, sender_id,
 deliveries_count, occurred_at, created_at)
SELECT e, <EVENT_ID>, <TYPE>, channel,
 CASE WHEN channel IS NOT NULL THEN <JSON_CHANNEL> END, <BYTES>, e % 50 = 7, 'message-' || e,
 CASE WHEN e % 20 = 0 THEN 0 ELSE 3 END, moment, moment
FROM (SELECT e, <MOMENT> AS moment, CASE WHEN <HASH_E> / 100 % 20 < 4 THEN NULL
 WHEN <HASH_E> / 100 % 20 < 11 THEN <MAIN_CHANNEL> ELSE <HASH_E> / 2000 % <CHANNELS> + 1 END
 AS channel FROM (<SERIES>) AS numbers) AS timed"""

_KEYS = """INSERT INTO idempotency_keys
 (key, event_public_id, deliveries, fingerprint, created_at)
SELECT 'id:' || sender_id, public_id, deliveries_count, 'seed', created_at
 FROM events WHERE id BETWEEN :first AND :last"""

# Of the busy webhook's deliveries two in five time out, of the others' one in twenty fails.
_DELIVERIES = """INSERT INTO deliveries (id, public_id, event_id, webhook_id, type, channel_id,
 test, status, due_at, claims, attempts_made, error, created_at, finished_at)
WITH numbered AS MATERIALIZED (SELECT (id - id / 20 - 1) * 3 + n AS d, id AS e, type, channel_id,
 test, created_at, substr(public_id, 5, 10) AS began
 FROM events, (SELECT 1 AS n UNION ALL SELECT 2 UNION ALL SELECT 3) AS thrice
 WHERE id BETWEEN :first AND :last AND id % 20 > 0),
hashed AS MATERIALIZED (SELECT d, e, type, channel_id, test, created_at, began, <HASH_D> AS h,
 <HASH_W> AS w FROM numbered),
sent AS MATERIALIZED (SELECT d, e, type, channel_id, test, created_at, began, h,
 CASE WHEN d % <RARELY> = 0 THEN <QUIET> WHEN w % 100 < 15 THEN <BUSY>
  WHEN w % 100 < 30 THEN w / 100 % 10 + 1 WHEN w / 100 % <WEBHOOKS> + 1 = <QUIET> THEN 1
  ELSE w / 100 % <WEBHOOKS> + 1 END AS webhook FROM hashed),
chosen AS MATERIALIZED (SELECT d, e, type, channel_id, test, created_at, began, h, webhook,
 CASE WHEN test THEN 'succeeded' WHEN d > <WAITING> THEN 'pending' WHEN d % <RARELY> = 1
  OR d % (<RARELY> * 10) = 0
  OR h % 1000 < CASE webhook WHEN <BUSY> THEN 400 WHEN <QUIET> THEN 0 ELSE 50 END THEN 'failed'
  WHEN h % 1000 > 980 THEN 'cancelled' ELSE 'succeeded' END AS status FROM sent)
SELECT d, <DELIVERY_ID>, e, webhook, type, channel_id, test, status,
 CASE WHEN status = 'pending' THEN created_at + 600000 END,
 1, CASE WHEN status = 'failed' THEN 3 WHEN status IN ('cancelled', 'pending') THEN 0 ELSE 1 END,
 CASE WHEN status <> 'failed' THEN NULL WHEN d % <RARELY> = 1 THEN 'tls_failure'
  WHEN webhook = <BUSY> THEN 'timeout' ELSE CASE h / 1000 % 10 <ERRORS> END END,
 created_at, CASE WHEN status IN ('succeeded', 'failed') THEN created_at + 60 END
FROM chosen ORDER BY d"""

_TRIES = """INSERT INTO attempts (id, delivery_id, number, started_at, duration_ms, timeout,
 address, status_code, error, detail, timings, request_url, request_headers, payload_format,
 reason, response_headers, response_body, response_size, truncated, notes)
SELECT d.id * 3 + n, d.id, n, d.created_at + n * 1000, d.id * 31 % 997 + 3, 15.0, '203.0.113.7',
 CASE WHEN d.error IS NULL THEN 200 WHEN d.error = 'http_status' THEN 503 END, d.error, '',
 <JSON_TIMINGS>, 'https://receiver.example/hook', <JSON_LIST>, 'envelope', '', <JSON_LIST>,
 <BYTES>, 2, d.id < 0, <JSON_LIST>
FROM deliveries d, (SELECT 1 AS n UNION ALL SELECT 2 UNION ALL SELECT 3) AS thrice
WHERE d.id > (:first - :first / 20 - 1) * 3 AND d.id <= (:last - :last / 20) * 3
 AND d.attempts_made >= n ORDER BY d.id, n"""

_HOURS = """INSERT INTO webhook_hours (webhook_id, hour, <NAMES>)
SELECT webhook_id, created_at / 3600000 * 3600000, <COUNTS> FROM deliveries
WHERE status IN ('succeeded', 'failed') AND NOT test GROUP BY 1, 2"""
# A list shows as much of every webhook, however few deliveries there are: like with like.
_OTHER_HOURS = """INSERT INTO webhook_hours (webhook_id, hour, <NAMES>)
SELECT id, <THIS_HOUR> - e * 3600000, 1, 0, 1, 0, 1, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0
FROM webhooks, (<WEEK>) AS numbers WHERE id > 0 ON CONFLICT DO NOTHING"""
_TOTALS = """INSERT INTO total_hours (hour, part, <NAMES>)
SELECT hour, 0, <NAMES> FROM (
SELECT hour, <SUMS> FROM webhook_hours GROUP BY hour) AS summed"""
_LAST = """UPDATE webhooks SET last_delivery_id = (SELECT max(d.id) FROM deliveries d
 WHERE d.webhook_id = webhooks.id AND d.id <= <WAITING>)"""
_OUTCOME = """UPDATE webhooks SET (last_succeeded, failing_since) = (SELECT
 CASE d.status WHEN 'succeeded' THEN TRUE WHEN 'failed' THEN FALSE END,
 CASE d.status WHEN 'failed' THEN d.created_at END
 FROM deliveries d WHERE d.id = webhooks.last_delivery_id)"""
_SUMS = ", ".join(f"sum({name}) AS {name}" for name in COUNTED)


def _counts() -> str:
    """How many of a group were delivered, given up, tried; how long it took, roughly."""
    found = [
        "sum(CASE WHEN status = 'succeeded' THEN 1 ELSE 0 END)",
        "sum(CASE WHEN status = 'failed' THEN 1 ELSE 0 END)",
        "sum(attempts_made)",
        "sum(CASE WHEN status = 'failed' THEN 3 ELSE 0 END)",
        "count(*)",
        "sum(CASE WHEN status = 'succeeded' THEN 1 ELSE 0 END)",
    ]
    found += ["count(*)" if n == 6 else "0" for n in range(len(DURATIONS))]
    return ", ".join(found)
