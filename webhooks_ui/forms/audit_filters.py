"""What the audit log is asked for, from and to the URL; what means nothing is left out."""

from dataclasses import dataclass
from typing import ClassVar

from webhooks_ui.audit.entry import TOPICS
from webhooks_ui.forms.span_filters import SpanQuery
from webhooks_ui.models.audit_list import AuditFilter


@dataclass(frozen=True)
class AuditQuery(SpanQuery):
    """The arguments of the log's URL; `what` is one of the topics."""

    KNOWN: ClassVar = {"what": TOPICS, **SpanQuery.KNOWN}

    who: str = ""
    what: str = ""
    q: str = ""

    def entries(self) -> AuditFilter:
        """The entries that are asked for."""
        since, until = self.times()
        return AuditFilter(
            who=self.who or None,
            topic=self.what or None,
            about=self.q or None,
            since=since,
            until=until,
        )
