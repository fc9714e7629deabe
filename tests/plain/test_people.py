"""Who may sign in, in which language and for how long: without scripts."""

import re

import pytest
from flask import Flask

from tests.accounts.conftest import add
from tests.conftest import PASSWORD, session_cookie, sign_in
from tests.plain.page import Page

NEW_PASSWORD = "plum copper violin 42"


def test_who_may_sign_in_and_what_the_log_says_of_it(page: Page, console: Flask) -> None:
    page.go("/settings/tokens/new").fill("Name", "Script").enter("Name")
    assert page.id("new-token")
    page.follow(re.compile("^Revoke ?: Script")).press("Revoke")
    assert not page.rows("Script")

    page.go("/settings/users/new").check("Viewer").press("Create invitation")
    link = page.id("new-link")
    guest = Page(console.test_client(), link)
    guest.fill("Login", "taras").fill("Password", NEW_PASSWORD).enter("Password")
    assert "Welcome. You are signed in." in guest.text
    assert "Add a new webhook" not in guest.text

    page.go("/settings/users").follow("taras").check("Editor").press("Save role")
    assert "is changed." in page.text
    assert "Add a new webhook" in guest.go("/webhooks").text
    page.press("Sign out everywhere")
    assert "1 browser was signed out." in page.text
    guest.reload().follow("Forgot your password?").fill("Login", "taras").enter("Login")
    assert "a link is on its way." in guest.text

    page.go("/settings/audit?what=sign_in&who=taras")
    assert page.rows("Signed in")
    page.go("/settings/audit").fill("Search", "script").enter("Search")
    assert page.rows("API token created")
    assert page.rows("API token revoked")
    assert "Health checks" in page.go("/settings/about").text


def test_the_language_is_remembered_signed_out_and_in(console: Flask, password_hash: str) -> None:
    add(console, "iryna", password_hash)
    page = Page(console.test_client(), "/login?next=/channels")
    assert page.root.get("lang") == "en"
    assert page.press("УКраїнська").root.get("lang") == "uk"
    assert page.reload().root.get("lang") == "uk"
    log_in(page, "iryna")
    assert (page.url, page.root.get("lang")) == ("/channels", "uk")

    # Chosen while signed in, it belongs to the user and goes along to any other browser.
    page.go("/webhooks?q=nothing&sort=-created").press("ENglish")
    assert page.root.get("lang") == "en"
    assert page.url == "/webhooks?q=nothing&sort=-created"
    page.press("УКраїнська")
    other = Page(console.test_client(), "/login")
    assert other.root.get("lang") == "en"
    log_in(other, "iryna")
    assert other.root.get("lang") == "uk"


def log_in(page: Page, login: str) -> None:
    """Signs in by the form that the page shows."""
    (name, password) = (
        ("Login", "Password") if page.root.get("lang") == "en" else ("Логін", "Пароль")
    )
    page.fill(name, login).fill(password, PASSWORD).enter(password)
    assert not page.url.startswith("/login"), page.text


@pytest.mark.parametrize(
    ("language", "save", "again"),
    [
        ("en", "Save channel", "You are signed in again."),
        ("uk", "Зберегти канал", "Ви знову увійшли."),
    ],
)
def test_a_form_survives_the_end_of_its_session(
    console: Flask, language: str, save: str, again: str
) -> None:
    client = sign_in(console, "olena")
    page = Page(client, "/channels/new", language)
    page.one("input[@name='name']").set("value", "Ґанок")
    page.one("input[@name='key']").set("value", "porch")
    client.delete_cookie(session_cookie(client))
    page.press(save)

    log_in(page, "olena")
    assert again in page.text
    assert page.one("input[@name='name']").get("value") == "Ґанок"
    assert page.press(save).url == "/channels"
    assert page.rows("Ґанок")


def test_a_test_from_the_form_survives_it_too(console: Flask) -> None:
    client = sign_in(console, "olena")
    page = Page(client, "/webhooks/new").fill("Webhook URL", "http://127.0.0.1:9/hook")
    page.check("Bearer").fill("Token", "sk_live_kept_in_no_page")
    client.delete_cookie(session_cookie(client))
    page.press("Send test event")

    assert "sk_live_kept_in_no_page" not in page.html
    log_in(page, "olena")
    assert "You are signed in again." in page.text
    assert page.value("Webhook URL") == "http://127.0.0.1:9/hook"
    assert "sk_live_kept_in_no_page" not in page.html
    assert "kept" in page.html
