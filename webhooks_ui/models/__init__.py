"""The nouns, one file each: what is kept in the database and the questions asked of it."""

from webhooks_ui.models.channel import Channel
from webhooks_ui.models.delivery import Attempt, Delivery
from webhooks_ui.models.event import Event, IdempotencyKey
from webhooks_ui.models.token import Token
from webhooks_ui.models.user import SignInFailure, User, UserSession
from webhooks_ui.models.webhook import Webhook, WebhookEvent

__all__ = [
    "Attempt",
    "Channel",
    "Delivery",
    "Event",
    "IdempotencyKey",
    "SignInFailure",
    "Token",
    "User",
    "UserSession",
    "Webhook",
    "WebhookEvent",
]
