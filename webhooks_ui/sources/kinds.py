"""The kinds of source, in the order in which people see them."""

from webhooks_ui.sources.base import Kind
from webhooks_ui.sources.chatwoot import Chatwoot

KINDS: dict[str, Kind] = {kind.identifier: kind for kind in (Chatwoot(),)}
