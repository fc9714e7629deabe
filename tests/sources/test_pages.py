"""The pages of sources: from nothing to working in two gestures."""

import re
from urllib.parse import urlsplit

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.conftest import piece, sign_in
from tests.sources.chatwoot import SECRET, body, headers, store_noted
from webhooks_ui.audit import AuditEntry
from webhooks_ui.crypto.vault import current_vault
from webhooks_ui.database.engine import db
from webhooks_ui.models import Source


def make(browser: FlaskClient, **fields: str) -> tuple[str, str]:
    """The page of a new source, and the URL that it shows."""
    answer = browser.post("/sources/new", data={"name": "Acme", **fields})
    assert answer.status_code == 303, answer.text
    return answer.location, shown(browser.get(answer.location).text)


def shown(page: str) -> str:
    (url,) = re.findall(r'id="source-url">([^<]+)<', page)
    return str(url)


def post(app: Flask, url: str, name: str, secret: str | None = None) -> int:
    sent, parts = body(name), urlsplit(url)
    assert parts.netloc == "127.0.0.1:8000"
    client = app.test_client(use_cookies=False)
    path = f"{parts.path}?{parts.query}"
    answer = client.post(path, data=sent, headers=headers(sent, name, secret))
    store_noted(app)
    return answer.status_code


def source(app: Flask) -> Source:
    found = db.session.scalars(select(Source)).one()
    db.session.refresh(found)
    return found


def test_from_nothing_to_working(app: Flask, admin: FlaskClient) -> None:
    assert "No sources yet" in admin.get("/sources").text
    page, url = make(admin, secret=SECRET)
    assert url.startswith("http://127.0.0.1:8000/api/v1/sources/chatwoot?token=whus_")
    assert "Nothing has arrived yet" in admin.get(page).text
    assert post(app, url, "message_created_incoming", SECRET) == 202
    told = admin.get(page).text
    assert "message_created" in told
    assert "Valid" in told
    assert "Добрий день" in told
    assert "INVENTED" not in told
    assert re.search(r'href="/events/evt_\w+"', told)


def test_the_url_is_shown_once(admin: FlaskClient) -> None:
    page, url = make(admin)
    again = admin.get(page).text
    assert "source-url" not in again
    assert url.partition("token=")[2] not in again


def test_the_page_says_why_nothing_became_of_a_request(app: Flask, admin: FlaskClient) -> None:
    page, url = make(admin, secret=SECRET)
    post(app, url, "message_created_private_note", SECRET)
    post(app, url, "inbox_created", SECRET)
    post(app, url, "message_created_incoming", "other")
    told = admin.get(page).text
    for words in ("A private note.", "hold its passwords", "Compare the source", "Wrong"):
        assert words in told, words
    assert "a-live-secret" not in told


def test_news_come_as_a_piece(app: Flask, admin: FlaskClient) -> None:
    page, url = make(admin)
    assert piece(admin, "GET", f"{page}?newest=0").status_code == 204
    post(app, url, "contact_created")
    news = piece(admin, "GET", f"{page}?newest=0")
    assert "contact_created" in news.text
    assert "<html" not in news.text


def test_a_secret_is_write_only_and_can_be_removed(app: Flask, admin: FlaskClient) -> None:
    page, _url = make(admin, secret=SECRET)
    assert SECRET not in admin.get(f"{page}/edit").text
    admin.post(f"{page}/edit", data={"name": "Acme 2", "private_notes": "y"})
    with app.app_context():
        kept = source(app)
        assert kept.name == "Acme 2"
        assert kept.chosen.private_notes
        assert kept.signing_secret(current_vault()) == SECRET
        assert SECRET not in str(kept.secret)
    admin.post(f"{page}/edit", data={"name": "Acme", "drop_secret": "y"})
    with app.app_context():
        assert source(app).secret is None


def test_a_secret_outlives_a_form_with_mistakes(app: Flask, admin: FlaskClient) -> None:
    page = admin.post("/sources/new", data={"name": "", "secret": SECRET}).text
    assert SECRET not in page
    draft = re.search(r'name="draft"[^>]* value="([^"]+)"', page)
    assert draft
    admin.post("/sources/new", data={"name": "Acme", "secret": "", "draft": draft[1]})
    with app.app_context():
        assert source(app).signing_secret(current_vault()) == SECRET
    other = sign_in(app, "taras")
    other.post("/sources/new", data={"name": "Taras", "secret": "", "draft": draft[1]})
    with app.app_context():
        newest = Source.page(1).items[0]
        assert (newest.name, newest.secret) == ("Taras", None)
    refused = admin.post("/sources/new", data={"name": "B", "secret": "a\x1fb"}).text
    assert 'name="draft" type="hidden" value=""' in refused


def test_mistakes_stand_at_their_fields(admin: FlaskClient) -> None:
    fields = {"name": "", "channel_prefix": "a b", "substatus_key": "x" * 101}
    answer = admin.post("/sources/new", data=fields)
    assert answer.status_code == 422
    for name in fields:
        assert f'id="{name}-error"' in answer.text


def test_a_new_url_ends_the_former_one(app: Flask, admin: FlaskClient) -> None:
    page, former = make(admin)
    answer = admin.post(f"{page}/rotate-token")
    new = shown(admin.get(answer.location).text)
    assert post(app, former, "contact_created") == 401
    assert post(app, new, "contact_created") == 202


def test_a_deleted_source_is_gone(app: Flask, admin: FlaskClient) -> None:
    page, url = make(admin)
    assert admin.post(f"{page}/delete").location == "/sources"
    assert admin.get(page).status_code == 404
    assert post(app, url, "contact_created") == 401


def test_a_viewer_looks_and_changes_nothing(app: Flask, admin: FlaskClient) -> None:
    page, _url = make(admin)
    viewer = sign_in(app, "viewer", "viewer")
    assert viewer.get(page).status_code == 200
    assert "/rotate-token" not in viewer.get(page).text
    for path in (f"{page}/rotate-token", f"{page}/delete", f"{page}/edit", "/sources/new"):
        assert viewer.post(path).status_code == 403


def test_below_a_path_the_url_has_it_once(app: Flask) -> None:
    app.config["PUBLIC_URL"] = "https://acme.example/hooks"
    admin = sign_in(app, "olena")
    answer = admin.post("/sources/new", data={"name": "A"}, environ_base={"SCRIPT_NAME": "/hooks"})
    assert answer.status_code == 303
    url = shown(admin.get(answer.location.removeprefix("/hooks")).text)
    assert url.startswith("https://acme.example/hooks/api/v1/sources/chatwoot?token=")


def test_the_audit_log_has_each_change(app: Flask, admin: FlaskClient) -> None:
    page, _url = make(admin, secret=SECRET)
    admin.post(f"{page}/edit", data={"name": "B", "secret": "another-secret-of-24"})
    admin.post(f"{page}/rotate-token")
    admin.post(f"{page}/delete")
    with app.app_context():
        found = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
        told = [each for each in found if each.action.startswith("source.")]
        verbs = [each.action.partition(".")[2] for each in told]
        assert verbs == ["created", "changed", "token_rotated", "deleted"]
        assert not any(SECRET in str(each.changes) + str(each.details) for each in told)
        assert "another-secret" not in str([each.changes for each in told])
