"""The audit log: who changed, read or was refused what, when and from where.

A change of a model that has `__audited__` records itself, in its own transaction. Whatever else is
to be in the log calls `record`. Nothing changes an entry; retention alone deletes old ones.
"""

from webhooks_ui.audit.audited import Audited, as_it_is
from webhooks_ui.audit.entry import AuditEntry
from webhooks_ui.audit.recording import exported, payload_read, record, record_once

__all__ = ["AuditEntry", "Audited", "as_it_is", "exported", "payload_read", "record", "record_once"]
