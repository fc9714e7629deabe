"""A real OpenID provider on this machine."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import requests

ITS_WARNINGS = pytest.mark.filterwarnings("ignore::DeprecationWarning")
"""A mark: the provider uses former parts of Authlib."""


@contextmanager
def running_provider() -> Iterator[str]:
    """Its issuer. It knows olena, an address that it has not verified, and taras."""
    from oidc_provider_mock import User, run_server_in_thread

    known = [
        User(sub="1", claims={"email": "Olena@acme.example", "email_verified": True}),
        User(sub="2", claims={"email": "olena@acme.example", "email_verified": False}),
        User(sub="3", claims={"email": "taras@acme.example", "email_verified": True}),
    ]
    with run_server_in_thread(user_claims=known) as server:
        yield f"http://localhost:{server.server_port}"


def settings_of(issuer: str) -> dict[str, str]:
    """The settings of a console that has this provider."""
    return {
        "OIDC_ISSUER": issuer,
        "OIDC_CLIENT_ID": "webhooks-ui",
        "OIDC_CLIENT_SECRET": "secret",
    }


def choose(asked: str, **choice: str) -> str:
    """Presses a button on the provider's page `asked`; the address that this leads to."""
    answer = requests.post(asked, data=choice, allow_redirects=False, timeout=30)
    return answer.headers["Location"]
