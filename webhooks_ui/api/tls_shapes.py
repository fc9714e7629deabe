"""How the TLS options of a webhook look: the private key goes in and never comes out."""

from dataclasses import replace
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field

from webhooks_ui.api.body import Body
from webhooks_ui.api.shapes import without_defaults
from webhooks_ui.egress.tls_options import MAX_PEM, TlsOptions
from webhooks_ui.models import Webhook

_PEM = {"maxLength": MAX_PEM}
Verify = Annotated[
    bool,
    Field(description="False: any certificate will do. Needs the setting ALLOW_INSECURE_TLS."),
]
Authorities = Annotated[
    str | None,
    Field(
        json_schema_extra=_PEM,
        description="Certificates (PEM) that are trusted beside the public authorities and those"
        " of the setting CA_FILE.",
    ),
]
Certificate = Annotated[
    str | None,
    Field(
        json_schema_extra=_PEM,
        description="The certificate (PEM) to show to a receiver that demands one, with the"
        " intermediate ones after it. Without it there is no key either.",
    ),
]
Key = Annotated[
    str | None,
    Field(
        json_schema_extra=_PEM,
        description="The certificate's private key (PEM, without a passphrase); never told. Left"
        " out, the one that is stored stays.",
    ),
]


class TlsBody(Body):
    """How TLS is made to the receiver."""

    verify: Verify = True
    ca: Authorities = None
    certificate: Certificate = None
    key: Key = None

    def options(self, stored: TlsOptions) -> TlsOptions:
        """What is meant, over what is stored."""
        given: dict[str, Any] = {
            name: "" if value is None else value
            for name, value in self.model_dump(exclude_unset=True).items()
        }
        meant = replace(stored, **given)
        return meant if meant.certificate or "key" in given else replace(meant, key="")


class TlsChange(TlsBody):
    """How TLS is made to the receiver; what is left out stays as it is."""

    model_config = ConfigDict(json_schema_extra=without_defaults)


class TlsShape(BaseModel):
    """How TLS is made to the receiver; of the private key only whether it is set."""

    verify: bool
    ca: str | None
    certificate: str | None
    key_set: bool

    @classmethod
    def of(cls, webhook: Webhook) -> Self:
        return cls(
            verify=webhook.tls_verify,
            ca=webhook.tls_ca,
            certificate=webhook.tls_certificate,
            key_set=webhook.tls_key is not None,
        )
