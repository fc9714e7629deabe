"""The fields of what is sent: method, payload format and template."""

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import Field, RadioField, SelectChoice, SelectField, StringField, TextAreaField

from webhooks_ui.catalogue.payload import JSON, Template
from webhooks_ui.catalogue.payload_formats import FORMATS
from webhooks_ui.models import Webhook
from webhooks_ui.validation.webhook import METHODS


def request_fields() -> dict[str, Field]:
    """The fields, by their names in the form."""
    formats = [SelectChoice(one.type, one.label) for one in FORMATS.values()]
    methods = [SelectChoice(each, each) for each in METHODS]
    return {
        "payload_format": RadioField(
            _l("Payload format"), choices=formats, default="envelope", validate_choice=False
        ),
        "template_body": TextAreaField(_l("Template")),
        "template_type": StringField(_l("Content type"), default=JSON),
        "method": SelectField(_l("Method"), choices=methods, default="POST", validate_choice=False),
    }


def show_request(form: Any, webhook: Webhook) -> None:
    """Fills the fields in."""
    form.payload_format.data, form.method.data = webhook.payload_format, webhook.method
    form.template_body.data = webhook.template.body
    form.template_type.data = webhook.template.content_type


def typed_template(form: Any) -> Template:
    """The template as typed; browsers send line ends as CRLF."""
    body = (form.template_body.data or "").replace("\r\n", "\n")
    return Template(body, (form.template_type.data or "").strip())
