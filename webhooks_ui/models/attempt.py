"""An attempt: one request of a delivery, and what came back."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from webhooks_ui.database.engine import Model
from webhooks_ui.database.types import Instant, RowId
from webhooks_ui.text import pretty_json
from webhooks_ui.text.charset import charset_of, content_type, decoded

UNSENT = frozenset(
    {
        *("blocked_address", "dns_failure", "connection_refused", "connection_timeout"),
        *("unreachable", "token_failure", "template_error"),
    }
)


class Attempt(Model):
    """One request and what came back. Secrets stand in none of the columns: they are masked before.

    `timings_ms` are by phase (dns, connect, tls, first_byte, total); a phase that did not happen is
    null. `response_body` is the first 64 KiB at most, `truncated` says that there was more.
    """

    __tablename__ = "attempts"
    __table_args__ = (Index(None, "delivery_id", "number", unique=True),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    delivery_id: Mapped[int] = mapped_column(ForeignKey("deliveries.id", ondelete="CASCADE"))
    number: Mapped[int]
    started_at: Mapped[datetime] = mapped_column(Instant)
    duration_ms: Mapped[int]
    timeout: Mapped[float]
    address: Mapped[str | None] = mapped_column(String(64))
    status_code: Mapped[int | None]
    error: Mapped[str | None] = mapped_column(String(40))
    detail: Mapped[str] = mapped_column(String(1000), default="")
    timings_ms: Mapped[dict[str, Any]] = mapped_column("timings", JSON)
    tls: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    request_url: Mapped[str] = mapped_column(String(2100))
    request_headers: Mapped[list[list[str]]] = mapped_column(JSON)
    payload_format: Mapped[str] = mapped_column(String(10))
    method: Mapped[str] = mapped_column(String(5), default="POST", server_default="POST")
    # Of formats whose body cannot be made again later (`PayloadFormat.keeps_body`).
    request_body: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    http_version: Mapped[str | None] = mapped_column(String(10))
    reason: Mapped[str] = mapped_column(String(200), default="")
    location: Mapped[str | None] = mapped_column(String(2100))
    response_headers: Mapped[list[list[str]]] = mapped_column(JSON)
    response_bytes: Mapped[bytes] = mapped_column("response_body", LargeBinary, deferred=True)
    response_size: Mapped[int] = mapped_column(BigInteger)
    truncated: Mapped[bool]
    notes: Mapped[list[str]] = mapped_column(JSON)

    @property
    def host(self) -> str:
        return self.request_url.split("/")[2] if "//" in self.request_url else ""

    @property
    def charset(self) -> str:
        return charset_of(content_type(self.response_headers), self.response_bytes)

    @property
    def is_unsent(self) -> bool:
        """Whether it failed before a byte of the request was sent, by its code."""
        return self.error in UNSENT

    @property
    def may_have_arrived(self) -> bool:
        """Whether the receiver may have taken the event although no answer says so."""
        return self.error in ("timeout", "connection_reset", "protocol_error")

    @property
    def response_body(self) -> str:
        """The body as text; bytes that stand for none are shown as replacement characters."""
        return decoded(self.response_bytes, self.charset)

    @property
    def pretty_body(self) -> str:
        """The body with JSON indented, and anything else as it came."""
        return pretty_json.pretty_text(self.response_body)
