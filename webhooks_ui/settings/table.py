"""The settings: environment variables that begin with `WEBHOOKS_UI_`.

The table `SETTINGS` is the only place that knows them. `python -m webhooks_ui.settings.table`
prints `docs/settings.md` from it; with `--check` it only says whether that file is up to date.
"""

import difflib
import importlib.util
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from webhooks_ui.settings import addresses, parsers
from webhooks_ui.settings.parsers import optional, several
from webhooks_ui.text.visibility import quoted, visible

PREFIX = "WEBHOOKS_UI_"
_CHECKOUT = Path(__file__).resolve().parents[2]
_SECOND, _DAY = timedelta(seconds=1), timedelta(days=1)


class SettingError(Exception):
    """A setting is unknown or invalid; the text is one line for the operator."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting. `default` is text, like a given value; `shown` says what an empty one means."""

    name: str
    parse: Callable[[str], Any]
    help: str
    default: str = ""
    shown: str = "none"
    secret: bool = False


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "DATABASE_URL",
        optional(addresses.database_url),
        "The database: a SQLite file, or `postgresql+psycopg://user:password@host/name`. Over a"
        " network TLS is required, unless the URL's `sslmode` or `PGSSLMODE` say otherwise;"
        " `?sslmode=verify-full&sslrootcert=<file>` verifies the server too.",
        shown="`sqlite:///<data dir>/webhooks.db`",
        secret=True,
    ),
    Setting(
        "DATABASE_LISTEN_URL",
        optional(addresses.database_url),
        "PostgreSQL itself, where DATABASE_URL names a pooler such as PgBouncer in transaction"
        " mode: workers listen there for new events. Statements are then prepared again each time,"
        " as not every pooler knows prepared ones.",
        shown="DATABASE_URL",
        secret=True,
    ),
    Setting(
        "DATA_DIR",
        optional(parsers.path),
        "The folder for the SQLite database and the keys, an absolute path. Keep it private and"
        " back it up.",
        shown="`instance/` in a checkout, else `~/.local/share/webhooks-ui`",
    ),
    Setting(
        "SECRET_KEY",
        optional(parsers.secret_text(16)),
        "Signs sessions and forms; at least 16 characters. Changing it signs everybody out.",
        shown="made on first start, kept in the data dir",
        secret=True,
    ),
    Setting(
        "ENCRYPTION_KEYS",
        several(parsers.encryption_key),
        "Encrypt the webhooks' secrets: 32 bytes each in base64url, newest first, separated by"
        " commas. Older ones stay readable, which allows rotation. Without them the secrets in"
        " the database are lost.",
        shown="made on first start, kept in the data dir",
        secret=True,
    ),
    Setting(
        "HOST",
        addresses.host,
        "The address that the console listens on; `::` is every address, of IPv4 too.",
        default="127.0.0.1",
    ),
    Setting(
        "PORT",
        parsers.integer(0, 65_535),
        "The port that it listens on; 0 takes any.",
        default="8000",
    ),
    Setting(
        "PUBLIC_URL",
        optional(addresses.public_url),
        "The console's address as the outside sees it, such as `https://hooks.example`; with a"
        " path, such as `https://acme.example/hooks`, where a proxy has it there.",
        shown="taken from the request",
    ),
    Setting(
        "ALLOWED_HOSTS",
        several(addresses.host),
        "Names and IP addresses that the console is also asked by, separated by commas:"
        " `web,hooks.internal`. Beside them it answers to those of PUBLIC_URL and HOST and to"
        " `localhost`, where HOST is every address to any IP address, and to others with 421.",
        shown="empty",
    ),
    Setting(
        "TRUSTED_PROXIES",
        parsers.integer(0, 10),
        "How many reverse proxies stand in front; of so many, `X-Forwarded-For`, `-Proto` and"
        " `-Host` are believed.",
        default="0",
    ),
    Setting(
        "HSTS_SUBDOMAINS",
        parsers.yes_no,
        "Over https browsers are told to use nothing else for this host for a year; `yes` tells"
        " them so for all hosts below it too, which then have to have https.",
        default="no",
    ),
    Setting(
        "ALLOWED_NETWORKS",
        several(addresses.network),
        "CIDR ranges, IP addresses or host names, separated by commas, that webhooks may reach"
        " although they are private, loopback or link-local: `10.20.0.0/16,crm.internal`.",
        shown="empty",
    ),
    Setting(
        "EGRESS_ALLOW",
        several(addresses.egress_rule),
        "What alone webhooks may reach, separated by commas: hosts, `*.` for those below a name,"
        " IP addresses and CIDR ranges, each with a port or at any, and ports alone:"
        " `hooks.example:443,*.crm.example,203.0.113.0/24,:8443`. Private addresses need"
        " ALLOWED_NETWORKS besides.",
        shown="empty: everything that is public",
    ),
    Setting(
        "EGRESS_PROXY",
        optional(addresses.proxy),
        "The HTTP proxy through which requests go to receivers: `http://login:password@host:3128`."
        " It has to allow CONNECT, also to port 80 for plain http. Escape `@ : / %` in the password"
        " as in a URL.",
        secret=True,
    ),
    Setting(
        "CA_FILE",
        optional(parsers.certificate_file),
        "A file of certificate authorities in PEM, an absolute path. All webhooks trust them beside"
        " the public ones, and so does e-mail; one webhook can have more of its own. Read at the"
        " start.",
    ),
    Setting(
        "ALLOW_INSECURE_TLS",
        parsers.yes_no,
        "`yes` lets a webhook switch off the verification of its receiver's certificate. With `no`"
        " certificates are verified, whatever a webhook says.",
        default="no",
    ),
    Setting(
        "VIEWER_PAYLOADS",
        parsers.yes_no,
        "`no` hides payloads from users of the role viewer: the data of events, and the bodies of"
        " requests and of their answers.",
        default="yes",
    ),
    Setting(
        "PAYLOAD_SEARCH",
        parsers.on_off,
        "Deliveries and events can be searched for words of what was sent and answered. The worker"
        " indexes them after intake. `off` indexes nothing and empties the index.",
        default="on",
    ),
    Setting(
        "DELIVERY_TIMEOUT",
        parsers.seconds(0.1, 300),
        "Seconds for one whole attempt, from connecting to the last byte.",
        default="15",
    ),
    Setting(
        "WORKER_CONCURRENCY",
        parsers.integer(1, 256),
        "Deliveries that one worker sends at once.",
        default="64",
    ),
    Setting(
        "WORKER_CORE",
        parsers.choice("auto", "any"),
        "`auto` pins each worker to one core, to which the fewest processes are pinned, which makes"
        " it nearly twice as quick (Linux); `any` lets the system spread it.",
        default="auto",
    ),
    Setting(
        "ENDPOINT_CONCURRENCY",
        parsers.integer(1, 256),
        "Deliveries that one worker sends to one webhook at once, at most.",
        default="32",
    ),
    Setting(
        "RETRY_SCHEDULE",
        parsers.durations(timedelta(0), 30 * _DAY, 50),
        "The waits after the first failed attempt, each lengthened by up to 20 % at random.",
        default="5s,5m,30m,2h,5h,10h,14h,20h,24h",
    ),
    Setting(
        "DISABLE_AFTER",
        parsers.duration(_SECOND, 3_650 * _DAY),
        "A webhook that has failed for this long without one success is disabled.",
        default="5d",
    ),
    Setting(
        "RETENTION",
        parsers.duration(timedelta(hours=1), 36_500 * _DAY),
        "Events and deliveries older than this are deleted; at least 1h.",
        default="30d",
    ),
    Setting(
        "AUDIT_RETENTION",
        parsers.duration(timedelta(hours=1), 36_500 * _DAY),
        "Entries of the audit log older than this are deleted; at least 1h.",
        default="365d",
    ),
    Setting(
        "MAX_EVENT_SIZE",
        parsers.size(1_000, 100_000_000),
        "The largest event that is taken in. KB and MB count in thousands, KiB and MiB in 1,024.",
        default="1MB",
    ),
    Setting(
        "RATE_LIMIT",
        optional(parsers.integer(1, 1_000_000)),
        "Events a second that each API token may send in, as many at once; a batch counts its"
        " events, any other call one. What is more is answered 429 with `Retry-After`. Each web"
        " process counts for itself: of two, a token may get twice as much.",
        shown="no limit",
    ),
    Setting(
        "LANGUAGE",
        parsers.choice("en", "uk"),
        "`en` or `uk`, for those who have not chosen; the browser's language comes first.",
        default="en",
    ),
    Setting(
        "TIMEZONE",
        parsers.time_zone,
        "The time zone for those who have chosen none and whose browser says none, by its IANA "
        "name: `Europe/Kyiv`.",
        default="UTC",
    ),
    Setting(
        "LOG_FORMAT",
        parsers.choice("text", "json"),
        "`text` or `json`.",
        default="text",
    ),
    Setting(
        "LOG_LEVEL",
        parsers.choice("debug", "info", "warning"),
        "What is worth telling: `debug` adds a line for each delivery that succeeds.",
        default="info",
    ),
    Setting(
        "SMTP_URL",
        optional(addresses.mail_server),
        "The server that takes e-mail: notices to NOTICE_EMAIL and, where NOTICE_FROM and"
        " PUBLIC_URL are set too, links for forgotten passwords."
        " `smtp://login:password@host:587` uses STARTTLS;"
        " `smtps://…:465` has TLS from the start. Certificates are verified. To another machine"
        " nothing is sent without TLS, unless `?tls=no` stands at the end, and a password never."
        " Escape `@ : / %` in the password as in a URL.",
        secret=True,
    ),
    Setting(
        "NOTICE_EMAIL",
        several(addresses.mail_address),
        "Who is told by e-mail when a webhook starts to fail, is disabled or recovers; addresses"
        " separated by commas. Needs SMTP_URL.",
        shown="nobody",
    ),
    Setting(
        "NOTICE_FROM",
        optional(addresses.mail_address),
        "The sender of e-mails.",
        shown="the first of NOTICE_EMAIL",
    ),
    Setting(
        "OIDC_ISSUER",
        optional(addresses.issuer),
        "Lets people sign in by OpenID Connect as well: the provider's issuer, an https URL."
        " Register `<console>/login/openid/back` there as the redirect URI, with the authorization"
        " code flow and PKCE.",
    ),
    Setting("OIDC_CLIENT_ID", str, "The client that the provider has registered."),
    Setting(
        "OIDC_CLIENT_SECRET",
        optional(str),
        "Its secret; none for a public client.",
        secret=True,
    ),
    Setting(
        "OIDC_LOGIN_CLAIM",
        parsers.choice("email", "preferred_username", "upn"),
        "What the provider says that is somebody's login here: `email`, which it must have"
        " verified, `preferred_username` or `upn`. It counts at the first sign-in; from then on the"
        " account is known by its subject. Choose only what people cannot change there themselves.",
        default="email",
    ),
    Setting(
        "OIDC_ROLE",
        parsers.choice("none", "viewer", "editor", "admin"),
        "The role of those whom the provider knows and nobody here does. With `none` they are not"
        " let in: make them known under People first.",
        default="none",
    ),
    Setting(
        "METRICS_TOKEN",
        optional(parsers.secret_text(16)),
        "Whoever asks for `/metrics` has to send it: `Authorization: Bearer …`; at least 16"
        " characters. With it the address does not count.",
        secret=True,
    ),
    Setting(
        "METRICS_NETWORKS",
        several(addresses.ip_network),
        "IP addresses and CIDR ranges, separated by commas, that may ask for `/metrics` while there"
        " is no METRICS_TOKEN.",
        default="127.0.0.0/8,::1",
    ),
)


def load(environ: Mapping[str, str]) -> dict[str, Any]:
    """Every setting by its name without prefix, parsed and typed; an empty value is the default.

    Raises `SettingError` for an unknown name, for an invalid value, where both `NAME` and
    `NAME_FILE` are given, and for a value that needs another one, or a driver, that is missing.
    """
    given = {name: text for name, text in environ.items() if name.startswith(PREFIX)}
    for name in sorted(given):
        _refuse_unknown(name)
    values = {setting.name: _value(setting, given) for setting in SETTINGS}
    _refuse_incomplete(values)
    values["DATA_DIR"] = values["DATA_DIR"] or default_data_dir(environ)
    values["DATABASE_URL"] = values["DATABASE_URL"] or sqlite_url(values["DATA_DIR"])
    return values


def default_data_dir(environ: Mapping[str, str], checkout: Path = _CHECKOUT) -> Path:
    """`instance/` when running from a checkout, else by the XDG Base Directory specification."""
    if (checkout / "pyproject.toml").is_file():
        return checkout / "instance"
    base = Path(environ.get("XDG_DATA_HOME", ""))
    if not base.is_absolute():  # the specification: ignore relative paths
        base = Path.home() / ".local" / "share"
    return base / "webhooks-ui"


def sqlite_url(data_dir: Path) -> str:
    """The address of the SQLite database in a data dir, escaped as SQLAlchemy reads it."""
    file = str(data_dir / "webhooks.db").replace("%", "%25").replace("?", "%3F")
    return f"sqlite:///{file}"


def reference() -> str:
    """The text of docs/settings.md."""
    rows = "".join(
        f"| `{one.name}` | {f'`{one.default}`' if one.default else one.shown} | {one.help} |\n"
        for one in SETTINGS
    )
    return (
        "# Settings\n\n<!-- Written by `python -m webhooks_ui.settings.table`; change the table"
        " there. -->"
        f"\n\nSettings are environment variables that begin with `{PREFIX}`. Each can also be read"
        f" from a file that\n`{PREFIX}<NAME>_FILE` names. An empty value is the default. An unknown"
        " name, or a value that cannot be understood,\nstops the start with one line that says"
        " what to change.\n\nLengths of time are a number with its unit: `ms`, `s`, `m`, `h`, `d`"
        " or `w`. Only `DELIVERY_TIMEOUT` counts in seconds\nwhere it has none.\n\n"
        f"| name, after `{PREFIX}` | default | what it does |\n|---|---|---|\n{rows}"
    )


def _refuse_unknown(name: str) -> None:
    known = [setting.name + end for setting in SETTINGS for end in ("", "_FILE")]
    key = name.removeprefix(PREFIX)
    if key in known:
        return
    close = difflib.get_close_matches(key.upper(), known, n=1)
    hint = f" Did you mean {PREFIX}{close[0]}?" if close else " docs/settings.md lists them."
    raise SettingError(f"{visible(name)} is not a setting.{hint}")


def _refuse_incomplete(values: Mapping[str, Any]) -> None:
    if values["NOTICE_EMAIL"] and not values["SMTP_URL"]:
        raise SettingError(f"{PREFIX}NOTICE_EMAIL needs {PREFIX}SMTP_URL, which is not set.")
    if values["OIDC_ISSUER"] and not values["OIDC_CLIENT_ID"]:
        raise SettingError(f"{PREFIX}OIDC_ISSUER needs {PREFIX}OIDC_CLIENT_ID, which is not set.")
    url = values["DATABASE_URL"] or ""
    if url.startswith("postgresql") and importlib.util.find_spec("psycopg") is None:
        raise SettingError(
            f"{PREFIX}DATABASE_URL needs the PostgreSQL driver. Install it:"
            f" {sys.executable} -m pip install 'psycopg[binary]>=3.2'"
        )


def _value(setting: Setting, given: Mapping[str, str]) -> Any:
    name = PREFIX + setting.name
    text, file = given.get(name, "").strip(), given.get(f"{name}_FILE", "").strip()
    if text and file:
        raise SettingError(f"{name} and {name}_FILE are both set. Keep one of them.")
    if file:
        text = _read(f"{name}_FILE", Path(file))
    try:
        return setting.parse(text or setting.default)
    except ValueError as error:
        shown = str(error).startswith("takes") and not setting.secret
        instead = f", not {quoted(text)}" if shown else ""
        raise SettingError(f"{name} {error}{instead}.") from None


def _read(name: str, file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        shown = quoted(str(file))
        raise SettingError(f"{name} names {shown}, which cannot be read: {reason}.") from None


def _main(arguments: list[str]) -> int:
    if arguments[:1] != ["--check"]:
        sys.stdout.write(reference())
        return 0
    file = Path(arguments[1]) if arguments[1:] else _CHECKOUT / "docs" / "settings.md"
    if file.is_file() and file.read_text(encoding="utf-8") == reference():
        return 0
    sys.stderr.write(f"{file} is out of date. Run: python -m webhooks_ui.settings.table > {file}\n")
    return 1


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1:]))
