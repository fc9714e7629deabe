"""The codes of deliveries and attempts, as they are stored, sent by the API and counted.

Texts for them are in `explanations`. The types let mypy find a code that is misspelled.
"""

from typing import Literal, get_args

DeliveryStatus = Literal["pending", "delivering", "succeeded", "failed", "cancelled"]
"""`pending` waits for its next attempt, `delivering` is leased, `failed` is given up."""

ErrorCode = Literal[
    "blocked_address",
    "dns_failure",
    "connection_refused",
    "connection_reset",
    "connection_timeout",
    "unreachable",
    "tls_failure",
    "timeout",
    "protocol_error",
    "redirected",
    "http_status",
    "token_failure",
    "template_error",
]
"""Why an attempt failed; an attempt that succeeded has none."""

DELIVERY_STATUSES: tuple[DeliveryStatus, ...] = get_args(DeliveryStatus)
ERROR_CODES: tuple[ErrorCode, ...] = get_args(ErrorCode)
NO_ANSWER: frozenset[ErrorCode] = frozenset(
    (
        "timeout",
        "dns_failure",
        "connection_timeout",
        "connection_refused",
        "connection_reset",
        "unreachable",
        "token_failure",  # nothing can be sent, and asking takes time
        "tls_failure",  # a handshake that stalls holds its slot as long as a missing answer
    )
)
"""What says that a receiver does not answer at all; the rest says that it is there."""
