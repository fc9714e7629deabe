"""The nouns, one file each: what is kept in the database and the questions asked of it."""

from webhooks_ui.models.account_link import AccountLink as AccountLink
from webhooks_ui.models.alert import Alert as Alert
from webhooks_ui.models.attempt import Attempt as Attempt
from webhooks_ui.models.channel import Channel as Channel
from webhooks_ui.models.counters import TotalHour as TotalHour
from webhooks_ui.models.counters import WebhookHour as WebhookHour
from webhooks_ui.models.delivery import Delivery as Delivery
from webhooks_ui.models.event import Event as Event
from webhooks_ui.models.event import FanOut as FanOut
from webhooks_ui.models.event import IdempotencyKey as IdempotencyKey
from webhooks_ui.models.installation import Installation as Installation
from webhooks_ui.models.job_run import JobRun as JobRun
from webhooks_ui.models.receiver import ReceivedRequest as ReceivedRequest
from webhooks_ui.models.receiver import Receiver as Receiver
from webhooks_ui.models.recovery import Recovery as Recovery
from webhooks_ui.models.sign_in_failure import SignInFailure as SignInFailure
from webhooks_ui.models.source import Source as Source
from webhooks_ui.models.source_request import SourceRequest as SourceRequest
from webhooks_ui.models.token import Token as Token
from webhooks_ui.models.user import User as User
from webhooks_ui.models.user import UserSession as UserSession
from webhooks_ui.models.webhook import Webhook as Webhook
from webhooks_ui.models.webhook import WebhookEvent as WebhookEvent
from webhooks_ui.models.webhook_bulk import BulkChange as BulkChange
from webhooks_ui.models.webhook_history import WebhookState as WebhookState
