"""What a payload format is: a class that form, API and sender know; see `payload_formats`."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, TypeAlias

from flask_babel.speaklater import LazyString

from webhooks_ui.catalogue.error_codes import ErrorCode

JSON = "application/json"
Text: TypeAlias = str | LazyString


class Content(Protocol):
    """An event as formats see it."""

    @property
    def head(self) -> dict[str, Any]:
        """Id, type, timestamp and channel, as the envelope has them."""

    @property
    def data(self) -> bytes:
        """The data, as JSON, byte for byte as it came in."""

    @property
    def envelope(self) -> bytes:
        """The head with the data inside."""


@dataclass(frozen=True, slots=True)
class Template:
    """What the owner of a webhook writes for the format `template`."""

    body: str = ""
    content_type: str = JSON


NO_TEMPLATE = Template()


@dataclass(frozen=True, slots=True)
class Payload:
    """A body and its type."""

    body: bytes
    content_type: str = JSON


class PayloadError(Exception):
    """No body can be made of an event; `detail` says why, in technical English, on one line."""

    code: ClassVar[ErrorCode] = "template_error"

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class PayloadFormat(ABC):
    """How events become bodies."""

    type: ClassVar[str]  # at most ten characters
    label: ClassVar[Text]
    hint: ClassVar[Text]
    is_folded: ClassVar[bool] = False  # away under "More" in the form
    keeps_body: ClassVar[bool] = False  # with the attempt: it cannot be made again later

    @abstractmethod
    def payload(self, content: Content, template: Template) -> Payload:
        """What is sent of an event. Raises PayloadError."""
