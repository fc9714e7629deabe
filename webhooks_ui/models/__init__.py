"""The nouns, one file each: what is kept in the database and the questions asked of it."""

from webhooks_ui.models.account_link import AccountLink
from webhooks_ui.models.alert import Alert
from webhooks_ui.models.attempt import Attempt
from webhooks_ui.models.channel import Channel
from webhooks_ui.models.counters import TotalHour, WebhookHour
from webhooks_ui.models.delivery import Delivery
from webhooks_ui.models.event import Event, IdempotencyKey
from webhooks_ui.models.fan_out import FanOut
from webhooks_ui.models.installation import Installation
from webhooks_ui.models.job_run import JobRun
from webhooks_ui.models.receiver import ReceivedRequest, Receiver
from webhooks_ui.models.recovery import Recovery
from webhooks_ui.models.sign_in_failure import SignInFailure
from webhooks_ui.models.source import Source
from webhooks_ui.models.source_request import SourceRequest
from webhooks_ui.models.token import Token
from webhooks_ui.models.user import User, UserSession
from webhooks_ui.models.webhook import Webhook, WebhookEvent
from webhooks_ui.models.webhook_bulk import BulkChange
from webhooks_ui.models.webhook_history import WebhookState

__all__ = [
    "AccountLink",
    "Alert",
    "Attempt",
    "BulkChange",
    "Channel",
    "Delivery",
    "Event",
    "FanOut",
    "IdempotencyKey",
    "Installation",
    "JobRun",
    "ReceivedRequest",
    "Receiver",
    "Recovery",
    "SignInFailure",
    "Source",
    "SourceRequest",
    "Token",
    "TotalHour",
    "User",
    "UserSession",
    "Webhook",
    "WebhookEvent",
    "WebhookHour",
    "WebhookState",
]
