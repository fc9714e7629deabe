"""Ukrainian through the app's own catalogue: counts, numbers, dates, placeholders, its words."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from babel.messages.catalog import Message
from flask import Flask
from flask.testing import FlaskClient
from flask_babel import format_datetime, gettext, ngettext

from tests.conftest import make_webhook
from tools import translations
from webhooks_ui.catalogue.channel_kinds import CHANNEL_KINDS
from webhooks_ui.catalogue.event_types import EVENT_TYPES
from webhooks_ui.explanations import http_statuses, network_errors, verdicts
from webhooks_ui.web.localised import (
    absolute,
    day,
    filesize,
    isotime,
    milliseconds,
    moment,
    relative,
)

UKRAINIAN = {"Accept-Language": "uk"}
CATALOGUE = translations.ROOT / translations.TRANSLATIONS / "uk" / "LC_MESSAGES" / "messages.po"


@pytest.fixture(scope="module", autouse=True)
def compiled() -> None:
    """The catalogue as it is now, in the form that the app reads."""
    program = CATALOGUE.with_suffix(".mo")
    if not program.exists() or program.stat().st_mtime < CATALOGUE.stat().st_mtime:
        translations.pybabel("compile", "-d", translations.TRANSLATIONS, root=translations.ROOT)


@pytest.fixture
def in_ukrainian(app: Flask) -> Iterator[Flask]:
    """The app while it answers a Ukrainian browser."""
    with app.test_request_context(headers=UKRAINIAN):
        yield app


def messages() -> list[Message]:
    return [message for message in translations.read(CATALOGUE) if message.id]


def forms(message: Message) -> list[str]:
    """Every form of a translation; `make check` finds those that are missing."""
    found = message.string or ()
    return [form for form in ((found,) if isinstance(found, str) else found) if form]


def number(app: Flask, value: float) -> Any:
    return app.jinja_env.from_string("{{ value|number }}").render(value=value)


# ---- Counts -------------------------------------------------------------------------------------


COUNTS = {
    0: "0 каналів",
    1: "1 канал",
    2: "2 канали",
    4: "4 канали",
    5: "5 каналів",
    11: "11 каналів",
    12: "12 каналів",
    21: "21 канал",
    22: "22 канали",
    25: "25 каналів",
    111: "111 каналів",
    1001: "1\u00a0001 канал",
}


def test_a_count_takes_its_own_form(in_ukrainian: Flask) -> None:
    for count, words in COUNTS.items():
        shown = number(in_ukrainian, count)
        assert ngettext("%(count)s channel", "%(count)s channels", count, count=shown) == words


def test_the_list_counts_its_webhooks(admin: FlaskClient) -> None:
    seen = {}
    for count in range(1, 22):
        make_webhook(admin, name=f"CRM {count}")
        if count in (1, 2, 5, 21):
            page = admin.get("/webhooks", headers=UKRAINIAN).text
            seen[count] = re.findall(rf"\b{count} вебхук\w*", page)
    assert seen == {1: ["1 вебхук"], 2: ["2 вебхуки"], 5: ["5 вебхуків"], 21: ["21 вебхук"]}


def test_no_plural_form_stands_in_for_another() -> None:
    counted = [message for message in messages() if message.pluralizable]
    assert counted
    for message in counted:
        assert len(set(forms(message))) == 3, message.id


# ---- Numbers, sizes, times ----------------------------------------------------------------------


def test_numbers_have_a_decimal_comma_and_no_break_spaces(in_ukrainian: Flask) -> None:
    assert number(in_ukrainian, 1234.5) == "1\u00a0234,5"
    assert milliseconds(143) == "143\u00a0мс"
    assert milliseconds(1500) == "1,5\u00a0с"
    assert filesize(33) == "33\u00a0Б"
    assert filesize(1229) == "1,2\u00a0КБ"
    assert filesize(3 * 1024 * 1024) == "3\u00a0МБ"


@pytest.mark.parametrize(
    ("settings", "words"),
    [({}, "21 січ. 2026, 22:53:20"), ({"TIMEZONE": "Europe/Kyiv"}, "22 січ. 2026, 00:53:20")],
)
def test_a_moment_has_its_month_in_words(
    make_app: Any, settings: dict[str, str], words: str
) -> None:
    with make_app(**settings).test_request_context(headers=UKRAINIAN):
        assert absolute(datetime(2026, 1, 21, 22, 53, 20, tzinfo=UTC)).startswith(words)


@pytest.mark.parametrize("zone", ["UTC", "Europe/Kyiv", "America/New_York", "Asia/Kolkata"])
def test_a_moment_is_written_as_babel_writes_it(make_app: Any, zone: str) -> None:
    app = make_app(TIMEZONE=zone)
    for language in ("en", "uk"):
        with app.test_request_context(headers={"Accept-Language": language}):
            for days in range(0, 400, 17):
                at = datetime(2026, 1, 1, 23, 59, 59, 999_000, UTC) + timedelta(days=days)
                assert absolute(at).startswith(format_datetime(at, "d MMM y, HH:mm:ss "))
                opening = f'<time datetime="{isotime(at)}" title="{absolute(at)}" data-relative>'
                assert moment(at) == f"{opening}{relative(at) or day(at)}</time>"


def test_a_certificate_ends_on_a_day_of_a_month(in_ukrainian: Flask) -> None:
    assert day("2027-02-02T23:59:59Z") == "2 лют. 2027"


# ---- Placeholders -------------------------------------------------------------------------------


def test_what_people_typed_stands_in_the_sentence_as_it_is(admin: FlaskClient) -> None:
    webhook = make_webhook(admin, name="100 % <b>%(name)s</b>")
    admin.post(f"/webhooks/{webhook}/delete")
    page = admin.get(f"/webhooks?deleted={webhook}", headers=UKRAINIAN).text
    assert "Вебхук «<bdi>100 % &lt;b&gt;%(name)s&lt;/b&gt;</bdi>» видалено." in page


ENDINGS = [*network_errors.ERRORS, *(str(code) for code in (*http_statuses.STATUSES, 418, 599))]


@pytest.mark.parametrize("host", [None, "crm.example:8443"])
def test_every_verdict_is_whole_sentences(in_ukrainian: Flask, host: str | None) -> None:
    for ending in ENDINGS:
        code = int(ending) if ending.isdecimal() else None
        found = verdicts.verdict("failed", None if code else ending, code, host=host, timeout=15)
        for text in (found.title, found.meaning, found.next_step):
            assert re.fullmatch("[А-ЯІЇЄҐ][^%]*[.]", text), (ending, text)


def test_an_unknown_host_agrees_with_the_word_before_it(in_ukrainian: Flask) -> None:
    found = verdicts.verdict("failed", "unreachable", None)
    assert "до хоста приймача" in found.meaning


# ---- Words --------------------------------------------------------------------------------------


def test_the_form_uses_the_words_that_the_platform_taught(admin: FlaskClient) -> None:
    page = admin.get("/webhooks/new", headers=UKRAINIAN).text
    for words in (
        "URL вебхука",
        "Адреса, на яку буде відправлятись запит.",
        "Авторизація",
        "Метод, який підтримує кінцевий URL,",
        "<b>None</b>",
        "без додаткових заголовків авторизації",
        "статичний API-ключ або токен",
        ">Login</label>",
        ">Password</label>",
        "Login та Password",
        "вказуються самостійно",
        "Події",
        "Виберіть канал",
        "Канал, для якого буде налаштований вебхук.",
    ):
        assert words in page


def test_events_and_kinds_of_channel_have_names(in_ukrainian: Flask) -> None:
    assert [str(kind.label) for kind in EVENT_TYPES.values()] == [
        "Статус розмови змінено",
        "Сабстатус розмови змінено",
        "Повідомлення створено",
        "Повідомлення оновлено",
        "Призначеного агента змінено",
        "Призначену команду змінено",
    ]
    assert str(CHANNEL_KINDS["email"]) == "Електронна пошта"


def test_a_delivery_says_what_happened_and_what_came_of_it(admin: FlaskClient) -> None:
    webhook = make_webhook(admin, url="http://127.0.0.1:1/")  # where nothing listens
    sent = admin.post(f"/webhooks/{webhook}/test", data={"event": "message_created"})
    delivery = re.search("dlv_[0-9a-z]+", sent.location)
    assert delivery
    page = admin.get(f"/deliveries/{delivery[0]}", headers=UKRAINIAN).text
    assert "<h1>Повідомлення створено → " in page
    assert "З’єднання відхилено." in page
    assert "Хост 127.0.0.1:1 відхиляє з’єднання: на цьому порту їх ніхто не приймає" in page


def test_signing_in_asks_for_a_login_in_ukrainian(in_ukrainian: Flask) -> None:
    assert (gettext("Login"), gettext("Password")) == ("Логін", "Пароль")


@pytest.mark.parametrize(
    ("rule", "pattern"),
    [
        ("the apostrophe is ’", r"(?i)[а-яіїєґ]['ʼ`‘][а-яіїєґ]"),
        ("quotation marks are «»", "[“”„]"),
        ("a dash between words is —", r"(?i)[а-яіїєґ»] [-–] [а-яіїєґ«]"),
        ("an ellipsis is one character", r"\.\.\."),
        ("a Latin letter is in no Ukrainian word", r"(?i)[а-яіїєґ][a-z]|[a-z][а-яіїєґ]"),
        ("no Russian letter", "(?i)[ыэёъ]"),
        ("plain words", r"(?i)будь ласка|невірн|\bупс\b|щось пішло не так"),
        ("a number keeps its unit on the line", r"\d (?:мс|с|Б|КБ|МБ)\b"),
    ],
)
def test_texts_keep_to_one_style(rule: str, pattern: str) -> None:
    plain = re.compile(r"%\(\w+\)[sd]|<[^>]+>")
    texts = [plain.sub("•", form) for message in messages() for form in forms(message)]
    assert [text for text in texts if re.search(pattern, text)] == [], rule


def test_a_sentence_stays_a_sentence_and_a_label_a_label() -> None:
    for message in messages():
        source = message.id if isinstance(message.id, str) else message.id[0]
        for form in forms(message):
            assert (source[-1] in ".:?") == (form[-1] in ".:?"), form
            if source[-1] in ".:?":
                assert source[-1] == form[-1], form
