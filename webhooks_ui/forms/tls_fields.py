"""The fields of a webhook's form that say how TLS is made to its receiver."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, Field, TextAreaField

from webhooks_ui.egress.tls_options import TlsOptions


class WriteOnlyArea(TextAreaField):
    """A text that goes in and is not shown again."""

    def _value(self) -> str:
        return ""


def tls_fields() -> dict[str, Field]:
    """The fields by their names. What is left out of a form is the default."""
    return {
        "tls_ca": TextAreaField(_l("Certificate authority")),
        "tls_certificate": TextAreaField(_l("Client certificate")),
        "tls_key": WriteOnlyArea(_l("Private key of the client certificate")),
        "tls_insecure": BooleanField(_l("Do not verify the receiver's certificate")),
    }


def tls_options(form: FlaskForm, kept_key: str) -> TlsOptions:
    """What is typed; without a typed key the kept one, as long as there is a certificate."""
    ca, certificate, key = (
        (form[name].data or "").strip() for name in ("tls_ca", "tls_certificate", "tls_key")
    )
    key = key or (kept_key if certificate else "")
    return TlsOptions(not form["tls_insecure"].data, ca, certificate, key).tidied()
