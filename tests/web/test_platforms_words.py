"""The words that administrators know from the platform's own page, in both languages."""

import html
import re

import pytest
from flask.testing import FlaskClient

from tests.conftest import make_webhook

LIST = {
    "uk": (
        "Список вебхуків",
        "Додати новий вебхук",
        "Редагувати вебхук",
        "HTTP-виклики, які налаштовуються в рамках облікового запису і запускаються при "
        "спрацюванні обраних подій",
    ),
    "en": (
        "List of webhooks",
        "Add a new webhook",
        "Edit webhook",
        "HTTP callbacks that are set up for each account",
    ),
}
FORM = {
    "uk": (
        "URL вебхука",
        "Авторизація",
        "Метод, який підтримує кінцевий URL, щоб захистити дані від несанкціонованого доступу",
        "наприклад при нових зверненнях",
        "Виберіть канал",
        "Канал, для якого буде налаштований вебхук",
        "Статус розмови змінено",
        "Сабстатус розмови змінено",
        "Повідомлення створено",
        "Повідомлення оновлено",
        "Призначеного агента змінено",
        "Призначену команду змінено",
    ),
    "en": (
        "Webhook URL",
        "Authorization",
        "The method that the receiving URL supports, to protect data from unauthorized access",
        "Select inbox",
        "An Inbox for which a webhook will be configured",
        "Conversation status changed",
        "Message created",
        "Assignee changed",
        "Team changed",
    ),
}
CUSTOM = {"auth_type": "custom", "auth_header_name": "X-Api-Key", "auth_header_value": "k 1"}
LANGUAGES = pytest.mark.parametrize("language", ["uk", "en"])


def text_of(browser: FlaskClient, path: str, language: str) -> str:
    """What one reads on a page, without what only screen readers hear."""
    page = browser.get(path, headers={"Accept-Language": language}).text.partition("<main")[2]
    seen = re.sub(r'<span class="sr">.*?</span>|<[^>]+>', " ", page)
    return re.sub(r"\s+", " ", html.unescape(seen))


@LANGUAGES
def test_the_list_says_them(admin: FlaskClient, language: str) -> None:
    make_webhook(admin, **CUSTOM)
    text = text_of(admin, "/webhooks", language)
    assert [words for words in LIST[language] if words not in text] == []
    assert "Custom: X-Api-Key" in text


@LANGUAGES
def test_the_form_says_them(admin: FlaskClient, language: str) -> None:
    text = text_of(admin, "/webhooks/new", language)
    assert [words for words in FORM[language] if words not in text] == []


@LANGUAGES
def test_without_a_channel_the_form_says_where_to_make_one(
    admin: FlaskClient, language: str
) -> None:
    def has_link() -> bool:
        page = admin.get("/webhooks/new", headers={"Accept-Language": language}).text
        return 'href="/channels/new"' in page

    assert has_link()
    admin.post("/channels/new", data={"key": "sales", "name": "Sales", "kind": "api"})
    assert not has_link()
