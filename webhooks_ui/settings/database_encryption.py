"""TLS to a PostgreSQL on another machine, which libpq alone does without where it must."""

from collections.abc import Mapping

from sqlalchemy.engine import make_url

from webhooks_ui.text.url_parts import is_loopback


def parameters(database_url: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Parameters of a connection, for libpq: over a network TLS is required (ASVS 5, 12.3.1).

    What the operator says, in the URL or in libpq's own variables, goes above it.
    """
    url = make_url(database_url)
    if url.get_backend_name() == "sqlite" or "PGSSLMODE" in environ:
        return {}
    if {"sslmode", "service"} & set(url.query):
        return {}
    given = url.query.get("host") or url.host or environ.get("PGHOST", "")
    hosts = given.split(",") if isinstance(given, str) else given
    # No host and a path are sockets of this machine.
    is_local = all(host.startswith(("/", "@")) or not host or is_loopback(host) for host in hosts)
    return {} if is_local else {"sslmode": "require"}
