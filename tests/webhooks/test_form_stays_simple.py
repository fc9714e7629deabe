"""The form shows the fields of the first version; what came since folds away until it is used."""

from html.parser import HTMLParser

from flask.testing import FlaskClient

FIRST = {
    *("name", "url", "events", "channel", "payload_format", "enabled"),
    *("auth_type", "auth_token", "auth_login", "auth_password"),
    *("auth_header_name", "auth_header_value"),
    "event",  # of the test panel
}


class Shown(HTMLParser):
    """The names of a page's fields that no closed fold hides."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str | None] = set()
        self.kinds: list[str | None] = []  # of authorization
        self._folds: list[bool] = []
        self._is_main = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self._is_main = self._is_main or tag == "main"
        if tag == "details":
            self._folds.append("open" in given)
        is_field = tag in ("input", "select", "textarea") and given.get("type") != "hidden"
        if self._is_main and is_field and all(self._folds):
            self.names.add(given.get("name"))
            if given.get("name") == "auth_type":
                self.kinds.append(given.get("value"))

    def handle_endtag(self, tag: str) -> None:
        if tag == "details":
            self._folds.pop()
        self._is_main = self._is_main and tag != "main"


def test_a_new_webhook_asks_for_no_more_than_the_first_version(admin: FlaskClient) -> None:
    shown = Shown()
    shown.feed(admin.get("/webhooks/new").text)
    assert shown.names == FIRST
    assert shown.kinds == ["none", "bearer", "basic", "custom"]
