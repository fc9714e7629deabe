"""A real OpenID provider on this machine."""

from collections.abc import Iterator
from contextlib import contextmanager


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
