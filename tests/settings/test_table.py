"""Settings: parsed strictly, from variables or files, with one clear line for a bad one."""

import importlib.util
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webhooks_ui.egress import target_url
from webhooks_ui.egress.allow_list import Rule
from webhooks_ui.settings import table
from webhooks_ui.settings.addresses import MailServer, Proxy
from webhooks_ui.settings.table import SETTINGS, SettingError, load

PRIVATE = ip_network("10.0.0.0/8")
KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


def one(name: str, text: str) -> Any:
    return load({f"WEBHOOKS_UI_{name}": text})[name]


def error(environ: dict[str, str]) -> str:
    with pytest.raises(SettingError) as caught:
        load(environ)
    return str(caught.value)


def attempt(name: str, text: str) -> dict[str, Any] | str:
    """All settings, or the line that says why not."""
    try:
        return load({f"WEBHOOKS_UI_{name}": text})
    except SettingError as problem:
        return str(problem)


def test_defaults_are_those_of_the_contract() -> None:
    settings = load({"PATH": "/bin"})
    assert list(settings) == [setting.name for setting in SETTINGS]
    assert settings["HOST"] == "127.0.0.1"
    assert settings["PORT"] == 8000
    assert settings["PUBLIC_URL"] is None
    assert settings["TRUSTED_PROXIES"] == 0
    assert settings["ALLOWED_NETWORKS"] == ()
    assert settings["DELIVERY_TIMEOUT"] == 15.0
    assert (settings["WORKER_CONCURRENCY"], settings["ENDPOINT_CONCURRENCY"]) == (64, 32)
    hours = [timedelta(hours=hour) for hour in (2, 5, 10, 14, 20, 24)]
    minutes = [timedelta(seconds=5), timedelta(minutes=5), timedelta(minutes=30)]
    assert settings["RETRY_SCHEDULE"] == (*minutes, *hours)
    assert settings["DISABLE_AFTER"] == timedelta(days=5)
    assert settings["RETENTION"] == timedelta(days=30)
    assert settings["MAX_EVENT_SIZE"] == 1_000_000
    assert (settings["LANGUAGE"], settings["TIMEZONE"]) == ("en", "UTC")
    assert settings["LOG_FORMAT"] == "text"
    assert settings["SECRET_KEY"] is None
    assert settings["ENCRYPTION_KEYS"] == ()
    assert settings["CA_FILE"] is settings["EGRESS_PROXY"] is None
    assert settings["ALLOW_INSECURE_TLS"] is False
    assert settings["EGRESS_ALLOW"] == ()


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("PORT", "0", 0),
        ("PORT", " 65535 ", 65_535),
        ("HOST", "::1", "::1"),
        ("HOST", "LocalHost", "localhost"),
        ("PUBLIC_URL", "HTTPS://Hooks.example:8443/", "https://hooks.example:8443"),
        ("PUBLIC_URL", "https://Acme.example/Hooks/ui/", "https://acme.example/Hooks/ui"),
        ("ALLOW_INSECURE_TLS", "yes", True),
        ("EGRESS_PROXY", "http://proxy.example:3128", Proxy("proxy.example", 3128)),
        ("EGRESS_PROXY", "http://a%40b:p%3A%2F@[::1]:80/", Proxy("::1", 80, "a@b", "p:/")),
        ("EGRESS_ALLOW", "crm.example:443", (Rule("crm.example", port=443),)),
        ("EGRESS_ALLOW", "*.Приклад.укр", (Rule("*.xn--80aikifvh.xn--j1amh"),)),
        ("EGRESS_ALLOW", "10.0.0.0/8 :8443", (Rule(network=PRIVATE), Rule(port=8443))),
        ("SMTP_URL", "smtp://mail.example", MailServer("mail.example", 587, False)),
        (
            "SMTP_URL",
            "smtp://mail.example:25?tls=no",
            MailServer("mail.example", 25, False, plain=True),
        ),
        (
            "SMTP_URL",
            "smtps://hooks%40acme.example:p%3Aw%2F@127.0.0.1",
            MailServer("127.0.0.1", 465, True, "hooks@acme.example", "p:w/"),
        ),
        ("NOTICE_FROM", "hooks@acme.example", "hooks@acme.example"),
        ("DELIVERY_TIMEOUT", "2.5", 2.5),
        ("DELIVERY_TIMEOUT", "500ms", 0.5),
        ("RETRY_SCHEDULE", "1s 2m, 3h", (timedelta(0, 1), timedelta(0, 120), timedelta(hours=3))),
        ("RETENTION", "2w", timedelta(days=14)),
        ("DISABLE_AFTER", "90s", timedelta(seconds=90)),
        ("RETENTION", "1h", timedelta(hours=1)),
        ("MAX_EVENT_SIZE", "1 MiB", 1_048_576),
        ("MAX_EVENT_SIZE", "2048", 2_048),
        ("TIMEZONE", "Europe/Kyiv", "Europe/Kyiv"),
        ("LANGUAGE", "uk", "uk"),
        ("DATA_DIR", "/srv/data", Path("/srv/data")),
        ("DATABASE_URL", "postgres://u:p@db/hooks", "postgresql+psycopg://u:p@db/hooks"),
        ("DATABASE_URL", "sqlite:////srv/hooks.db", "sqlite:////srv/hooks.db"),
        ("ENCRYPTION_KEYS", KEY.rstrip("="), (bytes(range(32)),)),
        ("ENCRYPTION_KEYS", f"{KEY}\n{'_' * 42}8", (bytes(range(32)), b"\xff" * 32)),
    ],
)
def test_values_are_parsed(name: str, text: str, value: object) -> None:
    assert one(name, text) == value


def test_a_host_is_written_as_in_the_url_of_a_webhook() -> None:
    for name in ("☕.example", "straße.example", "Вебхук.укр.", "a_b.example"):
        host = target_url.parse(f"https://{name}/").host
        assert one("ALLOWED_NETWORKS", name) == (host,)
        assert one("EGRESS_ALLOW", name) == (Rule(host=host),)


def test_networks_are_ranges_addresses_and_names() -> None:
    text = "10.0.0.0/8, 127.0.0.1 FD00::/8\tCRM.internal.,кафе.укр,10.0.0.0/8"
    assert one("ALLOWED_NETWORKS", text) == (
        "10.0.0.0/8",
        "127.0.0.1",
        "fd00::/8",
        "crm.internal",
        "xn--80akn5b.xn--j1amh",
    )


@pytest.mark.parametrize(
    "text",
    ["http://crm", "10.0.0.0/33", "127.1", "0x7f.1", "*.internal", "a b:c", "-a", "host:80"],
)
def test_what_is_no_network_is_named(text: str) -> None:
    assert "ALLOWED_NETWORKS has" in error({"WEBHOOKS_UI_ALLOWED_NETWORKS": f"ok,{text}"})


def test_an_address_with_a_range_is_told_its_range() -> None:
    assert "use 10.0.0.0/8" in error({"WEBHOOKS_UI_ALLOWED_NETWORKS": "10.0.0.5/8"})


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("PORT", "65536"),
        ("PORT", "٨٠"),
        ("PORT", "80.0"),
        ("HOST", "127.1"),
        ("PUBLIC_URL", "hooks.example"),
        ("PUBLIC_URL", "https://hooks.example/a/../b"),
        ("PUBLIC_URL", "https://hooks.example/a?b"),
        ("PUBLIC_URL", "https://hooks.example/a//b"),
        ("PUBLIC_URL", "https://user@hooks.example"),
        ("PUBLIC_URL", "https://hooks.example:0"),
        ("PUBLIC_URL", "https://[::1"),
        ("ALLOW_INSECURE_TLS", "true"),
        ("CA_FILE", "ca.pem"),
        ("CA_FILE", "/dev/null"),
        ("CA_FILE", "/nowhere/ca.pem"),
        ("EGRESS_PROXY", "http://login:hunter2@proxy.example"),
        ("EGRESS_PROXY", "https://login:hunter2@proxy.example:3128"),
        ("EGRESS_PROXY", "http://login:hunter2@proxy.example:3128/path"),
        ("EGRESS_PROXY", "socks5://proxy.example:1080"),
        ("EGRESS_ALLOW", "https://crm.example"),
        ("EGRESS_ALLOW", "crm.example:0"),
        ("SMTP_URL", "mail.example"),
        ("OIDC_ISSUER", "login.example"),
        ("OIDC_ISSUER", "http://login.example"),
        ("OIDC_ISSUER", "https://login.example/?a=1"),
        ("OIDC_ISSUER", "https://me:pw@login.example"),
        ("OIDC_LOGIN_CLAIM", "name"),
        ("OIDC_ROLE", "owner"),
        ("SMTP_URL", "http://mail.example"),
        ("SMTP_URL", "smtp://mail.example/path"),
        ("SMTP_URL", "smtp://mail.example?tls=maybe"),
        ("SMTP_URL", "smtp://:25"),
        ("NOTICE_EMAIL", "ops@acme.example,ops"),
        ("NOTICE_EMAIL", "ops@[acme]"),
        ("NOTICE_FROM", "Ops <ops@acme.example>"),
        ("TRUSTED_PROXIES", "-1"),
        ("DELIVERY_TIMEOUT", "0"),
        ("DELIVERY_TIMEOUT", "soon"),
        ("WORKER_CONCURRENCY", "0"),
        ("RETRY_SCHEDULE", "5s,later"),
        ("RETRY_SCHEDULE", ","),
        ("RETENTION", "0s"),
        ("RETENTION", "30"),
        ("RETENTION", "59m"),
        ("RETENTION", "3599s"),
        ("DISABLE_AFTER", "5"),
        ("RETRY_SCHEDULE", "5s,300"),
        ("RETRY_SCHEDULE", "0"),
        ("RETENTION", "1y"),
        ("MAX_EVENT_SIZE", "1 TB"),
        ("MAX_EVENT_SIZE", "10B"),
        ("DATA_DIR", "data"),
        ("DATA_DIR", "./data"),
        ("LANGUAGE", "de"),
        ("TIMEZONE", "Mars/Base"),
        ("TIMEZONE", "../etc/passwd"),
        ("TIMEZONE", "localtime"),
        ("LOG_FORMAT", "xml"),
        ("DATABASE_URL", "sqlite://"),
        ("DATABASE_URL", "sqlite:///:memory:"),
        ("DATABASE_URL", "mysql://u:hunter2@db/x"),
        ("SECRET_KEY", "hunter2"),
        ("ENCRYPTION_KEYS", "hunter2"),
    ],
)
def test_a_bad_value_is_one_line_that_names_the_setting_and_no_secret(name: str, text: str) -> None:
    line = error({f"WEBHOOKS_UI_{name}": text})
    assert line.startswith(f"WEBHOOKS_UI_{name} ")
    assert line.endswith(".")
    assert "\n" not in line
    assert "hunter2" not in line


def test_an_unknown_name_is_told_the_nearest() -> None:
    assert error({"WEBHOOKS_UI_PROT": "1"}) == (
        "WEBHOOKS_UI_PROT is not a setting. Did you mean WEBHOOKS_UI_PORT?"
    )
    assert "docs/settings.md" in error({"WEBHOOKS_UI_ZZZZZZZZ": "1"})
    assert "Did you mean WEBHOOKS_UI_PORT?" in error({"WEBHOOKS_UI_port": "1"})


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_an_empty_value_is_the_default(setting: table.Setting) -> None:
    name = f"WEBHOOKS_UI_{setting.name}"
    assert load({name: " ", f"{name}_FILE": ""}) == load({})


def test_a_value_is_read_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "port"
    file.write_text("8080\n")
    assert load({"WEBHOOKS_UI_PORT": "", "WEBHOOKS_UI_PORT_FILE": str(file)})["PORT"] == 8080


def test_a_value_and_a_file_together_are_refused(tmp_path: Path) -> None:
    line = error({"WEBHOOKS_UI_PORT": "1", "WEBHOOKS_UI_PORT_FILE": str(tmp_path / "port")})
    assert line == "WEBHOOKS_UI_PORT and WEBHOOKS_UI_PORT_FILE are both set. Keep one of them."


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    file = tmp_path / "key"
    assert "No such file" in error({"WEBHOOKS_UI_SECRET_KEY_FILE": str(file)})
    file.write_bytes(b"\xff\xfe")
    assert "not UTF-8" in error({"WEBHOOKS_UI_SECRET_KEY_FILE": str(file)})
    assert "Is a directory" in error({"WEBHOOKS_UI_SECRET_KEY_FILE": str(tmp_path)})


def test_the_data_dir_is_in_the_checkout_or_by_xdg(tmp_path: Path) -> None:
    home = {"XDG_DATA_HOME": "/xdg"}
    assert table.default_data_dir(home, tmp_path) == Path("/xdg/webhooks-ui")
    outside = table.default_data_dir({"XDG_DATA_HOME": "relative"}, tmp_path)
    assert outside == Path.home() / ".local/share/webhooks-ui"
    (tmp_path / "pyproject.toml").touch()
    assert table.default_data_dir(home, tmp_path) == tmp_path / "instance"


def test_the_database_lies_in_the_data_dir_whatever_its_name(tmp_path: Path) -> None:
    from sqlalchemy import make_url

    folder = tmp_path / "50% off? yes#1"
    url = load({"WEBHOOKS_UI_DATA_DIR": str(folder)})["DATABASE_URL"]
    assert make_url(url).database == str(folder / "webhooks.db")


def test_the_reference_names_every_setting_and_is_up_to_date() -> None:
    text = table.reference()
    assert all(f"| `{setting.name}` |" in text and setting.help in text for setting in SETTINGS)
    docs = Path(table.__file__).parents[2] / "docs" / "settings.md"
    assert docs.read_text(encoding="utf-8") == text


def test_several_addresses_are_told() -> None:
    given = {"SMTP_URL": "smtp://mail.example", "NOTICE_EMAIL": "ops+1@Acme.example, a@b"}
    settings = load({f"WEBHOOKS_UI_{name}": text for name, text in given.items()})
    assert settings["NOTICE_EMAIL"] == ("ops+1@acme.example", "a@b")


def test_addresses_of_notices_need_a_mail_server() -> None:
    line = error({"WEBHOOKS_UI_NOTICE_EMAIL": "ops@acme.example"})
    assert line == "WEBHOOKS_UI_NOTICE_EMAIL needs WEBHOOKS_UI_SMTP_URL, which is not set."


@pytest.mark.parametrize("issuer", ["https://login.example/realms/acme", "http://127.0.0.1:9000"])
def test_an_openid_provider_needs_a_client(issuer: str) -> None:
    line = error({"WEBHOOKS_UI_OIDC_ISSUER": issuer})
    assert line == "WEBHOOKS_UI_OIDC_ISSUER needs WEBHOOKS_UI_OIDC_CLIENT_ID, which is not set."
    given = {"WEBHOOKS_UI_OIDC_ISSUER": issuer, "WEBHOOKS_UI_OIDC_CLIENT_ID": "hooks"}
    assert load(given)["OIDC_ISSUER"] == issuer


def test_a_missing_driver_is_one_line_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    line = error({"WEBHOOKS_UI_DATABASE_URL": "postgresql+psycopg://u:p@db/hooks"})
    assert "-m pip install 'psycopg[binary]>=3.2'" in line
    assert "u:p@" not in line


@given(setting=st.sampled_from(SETTINGS), text=st.text(max_size=60))
def test_any_text_is_a_value_or_one_clear_line(setting: table.Setting, text: str) -> None:
    result = attempt(setting.name, text)
    if isinstance(result, str):
        assert result.isprintable()
        assert len(result) < 400
    else:
        default = load({})[setting.name]
        assert default is None or isinstance(result[setting.name], type(default))


@given(
    amounts=st.lists(st.integers(0, 86_400), min_size=1, max_size=50), unit=st.sampled_from("sm")
)
def test_schedules_come_back_as_written(amounts: list[int], unit: str) -> None:
    seconds = {"s": 1, "m": 60}[unit]
    if max(amounts) * seconds > 30 * 86_400:
        amounts = [amount // 60 for amount in amounts]
    text = ", ".join(f"{amount}{unit}" for amount in amounts)
    expected = tuple(timedelta(seconds=amount * seconds) for amount in amounts)
    assert one("RETRY_SCHEDULE", text) == expected


@given(name=st.text(min_size=1, max_size=30))
def test_no_name_but_the_known_ones_is_taken(name: str) -> None:
    known = {setting.name + end for setting in SETTINGS for end in ("", "_FILE")}
    if name not in known:
        assert "is not a setting" in error({f"WEBHOOKS_UI_{name}": "1"})
