"""Names that people chose: any script and emoji, always visible, isolated from what is around."""

from html.parser import HTMLParser

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from tests.channels.conftest import FORM
from tests.conftest import make_webhook, sign_in, webhook_form
from tests.log.rows import fill
from tests.support import kept_log
from webhooks_ui.accounts import users
from webhooks_ui.audit import AuditEntry
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.models import Channel, Source, Token, User, Webhook
from webhooks_ui.text.visibility import isolated
from webhooks_ui.validation import name as name_rule

GOOD = [
    "CRM\u00a0№ 5",  # a space that does not break
    "Родина 👨‍👩‍👧 та 🏴󠁧󠁢󠁥󠁮󠁧󠁿",  # joined emoji, a flag of tags
    "می‌خواهم",  # Persian needs a non-joiner
    "שלום\u200f!",
    "🫩",  # newer than some Pythons' Unicode
    "й" * 200,
]
BAD = {
    "\u200b\u2060": "Enter a name that can be seen.",
    "\u3164\u2800": "Enter a name that can be seen.",
    "\u0301\ufe0f": "Enter a name that can be seen.",
    "CRM\u202eevil": "change the direction of writing",
    "a\u2066b": "change the direction of writing",
    "a\u2028b": "Remove line breaks and control characters",
    "a\x85b": "Remove line breaks and control characters",
    "й" * 201: "Shorten the name to 200 characters.",
}
TOKEN_ID = db.select(Token.public_id)
TURNED = "\u202eevil שלום"


@pytest.mark.parametrize("name", GOOD)
def test_a_name_that_is_taken_by_webhooks_and_channels(admin: FlaskClient, name: str) -> None:
    make_webhook(admin, name=name)
    assert admin.post("/channels/new", data=FORM | {"name": name}).status_code == 303


@pytest.mark.parametrize("name", BAD)
def test_a_name_that_is_refused_by_webhooks_and_channels(admin: FlaskClient, name: str) -> None:
    for path, form in (
        ("/webhooks/new", webhook_form(name=name)),
        ("/channels/new", FORM | {"name": name}),
    ):
        answer = admin.post(path, data=form)
        assert answer.status_code == 422
        assert answer.text.count(BAD[name]) == 2  # in the summary and at the field


def test_tokens_and_logins_can_be_seen(app: Flask) -> None:
    with app.app_context():
        assert users.login_problem("\u3164") == "Use visible characters only."
        assert name_rule.problem("") == "Enter a name."
    answer = app.test_cli_runner().invoke(args=["token", "add", "\u200b"])
    assert answer.exit_code != 0


def test_a_plain_sentence_is_not_turned() -> None:
    assert isolated("CRM") == "CRM"
    assert isolated(TURNED) == "\u2068evil שלום\u2069"


ISOLATING = {"bdi", "code", "pre", "title", "option", "textarea"}
VOID = {"input", "meta", "link", "br", "hr", "wbr", "img", "use", "path", "progress"}


class Texts(HTMLParser):
    """Texts of a page that hold `shibboleth` outside an element that isolates them."""

    def __init__(self, page: str, shibboleth: str) -> None:
        super().__init__()
        self._open: list[bool] = []
        self._word = shibboleth
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            classes = str(dict(attrs).get("class", "")).split()
            self._open.append(tag in ISOLATING or "url" in classes or "mono" in classes)
        for name, value in attrs:
            if self._word in (value or "") and "\u202e" in (value or "") and name != "value":
                self.found.append(f"{tag} {name}={value}")

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        if self._word in data.replace(isolated(TURNED), "") and not any(self._open):
            self.found.append(data)


def test_every_page_isolates_what_people_chose(app: Flask) -> None:
    """Also names from before the rule, which may hold anything."""
    admin = sign_in(app, "olena")
    webhook = make_webhook(admin, auth_type="basic", auth_login=TURNED, auth_password="secret-1")
    admin.post("/settings/tokens/new", data={"name": "T", "scope": "events", "expires": "30"})
    source = admin.post("/sources/new", data={"name": "Acme"}).location
    gone = make_webhook(admin)
    admin.post(f"/webhooks/{gone}/delete")
    admin.post("/settings/users/new", data={"role": "viewer"})
    known = fill(app, 12)
    with app.app_context(), kept_log.edited(), transaction():
        for entries in ("actor_name", "object_name"):
            db.session.execute(update(AuditEntry).values({entries: TURNED}))
        db.session.execute(update(Source).values(name=TURNED))
        db.session.execute(update(Webhook).values(name=TURNED))
        db.session.execute(update(Channel).values(name=TURNED))
        db.session.execute(update(User).values(login=TURNED))
        db.session.execute(update(Token).values(name=TURNED, created_by=TURNED))
        user, token = db.session.scalar(db.select(User.id)), db.session.scalar(TOKEN_ID)
        channel = db.session.scalars(db.select(Channel)).first()
        assert channel
        edit, key = f"/channels/{channel.public_id}/edit", channel.key
        of_channel = Webhook.by_public_id(webhook)
        assert of_channel
        of_channel.channel_id = channel.id
    paths = ["/webhooks", f"/webhooks/{webhook}", f"/webhooks/{webhook}/edit", "/channels", edit]
    paths += [
        f"/webhooks/{webhook}/verify",
        f"/webhooks/{webhook}/recover",
        "/deliveries",
        f"/deliveries/{known[0].id}",
    ]
    paths += ["/events", f"/events/{known[0].event}", "/settings/account", "/logout"]
    paths += [f"/deliveries/recover?webhook={webhook}&channel={key}"]
    paths += ["/settings/tokens", f"/settings/tokens/{token}/revoke"]
    paths += ["/settings/users", f"/settings/users/{user}", "/sources", source, f"{source}/edit"]
    paths += ["/settings/audit", f"/webhooks/{webhook}/history", "/webhooks/deleted"]
    paths += ["/jump?q=evil", f"/webhooks/{webhook}/verify?in=php"]
    for path in paths:
        answer = admin.get(path)
        assert answer.status_code == 200, path
        assert "evil" in answer.text, path
        assert Texts(answer.text, "evil").found == [], path
    for path in (f"/webhooks/{webhook}/disable", f"/webhooks/{webhook}/delete"):
        answer = admin.post(path, headers={"HX-Request": "true"})
        assert Texts(answer.text, "evil").found == [], path
    assert Texts(admin.get(f"/webhooks/{gone}").text, "evil").found == []
    answer = admin.get(f"/webhooks?deleted={webhook}")
    assert Texts(answer.text, "evil").found == []
