"""A webhook without scripts: typed, mended, tried and saved."""

import pytest

from tests.plain.conftest import create_webhook, send_test
from tests.plain.page import Page
from tests.support.receiver import Answer, Receiver
from tests.support.waiting import free_port
from tests.webhooks.test_send_test_event import verify
from webhooks_ui.authorization.basic import Basic

GOOD = "The receiver accepted the event."
BASIC = Basic("нова-пошта", "пароль:з:двокрапкою")


@pytest.mark.parametrize(
    ("kind", "fields", "header", "value"),
    [
        (
            "Basic",
            {"Login": BASIC.login, "Password": BASIC.password},
            "Authorization",
            f"Basic {BASIC.credentials}",
        ),
        (
            "Custom",
            {"Header name": "X-Api-Key", "Header value": "k-58d0-e2f1"},
            "X-Api-Key",
            "k-58d0-e2f1",
        ),
    ],
)
def test_an_authorization_arrives(
    page: Page, receiver: Receiver, kind: str, fields: dict[str, str], header: str, value: str
) -> None:
    secret = [*fields.values()][-1]
    receiver.answer(Answer(200, body=f"you sent {secret}".encode()))
    page.follow("Add a new webhook").fill("Webhook URL", receiver.url).check(kind)
    for label, typed in fields.items():
        page.fill(label, typed)
    page.check("Assignee changed").select("Event", "assignee_changed")
    assert GOOD in send_test(page)

    page.press("Save webhook")
    signing_secret, address = page.id("signing-secret"), page.url
    assert GOOD in send_test(page)
    assert "200 OK" in page.id("test-result")
    for path in (page.url, address, f"{address}/edit", "/webhooks"):
        assert secret not in page.go(path).html
        assert signing_secret not in page.html
    requests = receiver.wait(2)
    assert len(requests) == 2
    for request in requests:
        assert request.header(header) == value
        body = verify(request, signing_secret)
        assert body["type"] == "assignee_changed"
        assert set(body["data"]["changed_attributes"][0]) == {"assignee_id"}


def test_a_receiver_that_refuses_the_authorization(page: Page, receiver: Receiver) -> None:
    receiver.answer(Answer(401, body=b'{"error":"who are you?"}'))
    create_webhook(page, receiver.url)
    words = send_test(page)
    for part in ("refused the authorization", "It answered 401", "Check the webhook's authorizati"):
        assert part in words
    assert "who are you?" in words
    assert "Failing" in page.id("health")


def test_a_port_that_nothing_listens_on(page: Page) -> None:
    create_webhook(page, f"http://127.0.0.1:{free_port()}/")
    words = send_test(page)
    for part in ("The connection was refused.", "Check that the receiver", "Address tried"):
        assert part in words


def test_an_address_that_is_blocked(page: Page) -> None:
    page.go("/webhooks/new").fill("Webhook URL", "http://127.0.0.2:9/hook")
    words = send_test(page)
    for part in ("The address is blocked.", "WEBHOOKS_UI_ALLOWED_NETWORKS"):
        assert part in words


def test_a_login_in_the_url_moves_into_basic(page: Page, receiver: Receiver) -> None:
    address = f"127.0.0.1:{receiver.port}/hook"
    page.go("/webhooks/new").fill("Webhook URL", f"  http://acme:p%40ss-word-11@{address} ")
    page.press("Save webhook")
    assert page.value("Webhook URL") == f"http://{address}"
    assert "checked" in page.field("Basic").attrib
    assert page.value("Login") == "acme"
    assert "The login and password were moved from the URL into Basic authorization." in page.text
    assert "p@ss-word-11" not in page.html
    assert "p%40ss-word-11" not in page.html

    page.check("Message created").press("Save webhook")
    send_test(page)
    (request,) = receiver.wait(1)
    assert request.header("Authorization") == f"Basic {Basic('acme', 'p@ss-word-11').credentials}"


def test_a_pasted_token_loses_its_bearer(page: Page, receiver: Receiver) -> None:
    page.go("/webhooks/new").fill("Webhook URL", receiver.url)
    page.check("Bearer").fill("Token", " Bearer abc-123 ")
    assert GOOD in send_test(page)
    assert receiver.requests()[0].header("Authorization") == "Bearer abc-123"


def test_a_stored_secret_stays_until_it_is_replaced(page: Page, receiver: Receiver) -> None:
    page.go("/webhooks/new").fill("Webhook URL", receiver.url).check("Message created")
    page.check("Bearer").fill("Token", "tok-ABCDEFGH-7f3a").press("Save webhook")
    page.follow("Edit webhook")
    assert "Set, ends in 7f3a" in page.text
    page.fill("Name (optional)", "With the old token").press("Save webhook")
    assert "Changes saved." in page.text
    assert GOOD in send_test(page)

    page.follow("Edit webhook").fill("Token", "tok-new-IJKLMNOP-91c2").press("Save webhook")
    assert GOOD in send_test(page)
    sent = [request.header("Authorization") for request in receiver.requests()]
    assert sent == ["Bearer tok-ABCDEFGH-7f3a", "Bearer tok-new-IJKLMNOP-91c2"]
    assert "Set, ends in 91c2" in page.follow("Edit webhook").text


def test_two_people_edit_at_once(page: Page, receiver: Receiver) -> None:
    path = create_webhook(page, receiver.url, **{"Name (optional)": "Before"})
    second = Page(page.client, f"{path}/edit").fill("Name (optional)", "By the second").check("Raw")
    page.follow("Edit webhook").fill("Name (optional)", "By the first").press("Save webhook")
    assert page.heading == "By the first"

    told = second.press("Save webhook").id("conflict")
    assert "olena changed this webhook while it was open here." in told
    assert "differs from it in: Name, Payload format." in told
    assert page.reload().heading == "By the first"
    assert second.value("Name (optional)") == "By the second"
    assert second.press("Save webhook").heading == "By the second"


def test_the_unsaved_test_of_a_saved_webhook_is_signed_with_its_secret(
    page: Page, receiver: Receiver
) -> None:
    create_webhook(page, f"{receiver.url}/old")
    secret = page.id("signing-secret")
    page.follow("Edit webhook").fill("Webhook URL", f"{receiver.url}/new")
    assert GOOD in send_test(page)
    (request,) = receiver.requests()
    assert request.path == "/hook/new"
    assert verify(request, secret)["type"] == "message_created"


def test_a_receiver_that_hangs_before_the_webhook_is_saved(page: Page, receiver: Receiver) -> None:
    receiver.answer(Answer(hang=True))
    page.go("/webhooks/new").fill("Webhook URL", receiver.url).fill("Name (optional)", "Still here")
    page.check("Bearer").fill("Token", "t0ken-93c1").check("Message updated")
    assert "The receiver took too long." in send_test(page)
    assert page.value("Name (optional)") == "Still here"
    assert page.value("Message updated") == "message_updated"

    receiver.answer(Answer(200))
    assert page.press("Save webhook").heading == "Still here"
    assert GOOD in send_test(page)
    sent = [request.header("Authorization") for request in receiver.requests()]
    assert sent == ["Bearer t0ken-93c1"] * 2


def test_a_receiver_that_hangs(page: Page, receiver: Receiver) -> None:
    receiver.answer(Answer(hang=True))
    path = create_webhook(page, receiver.url)
    assert "within 2 s" in send_test(page)
    (row,) = page.go(path).rows("The receiver took too long.")
    assert row is page.rows()[0]
    assert len(receiver.requests()) == 1


def test_mistakes_stand_at_the_fields_and_in_a_summary(page: Page, receiver: Receiver) -> None:
    page.go("/webhooks/new").fill("Webhook URL", "ftp://127.0.0.1/")
    page.check("Custom").fill("Header name", "Host").fill("Header value", "kept-while-mending-1")
    page.press("Save webhook")

    summary = page.one("*[@id='errors']")
    assert "autofocus" in summary.attrib
    assert page.id("errors").startswith("Fix 3 problems")
    links = [each.attrib["href"] for each in summary.iter("a")]
    assert len(links) == 3
    for link in links:
        assert page.one(f"*[@id='{link.removeprefix('#')}']").tag in ("input", "fieldset")
    for label, words in (
        ("Webhook URL", "begin with https:// or http://"),
        ("Header name", "Host"),
    ):
        field = page.field(label)
        assert field.get("aria-invalid") == "true"
        assert words in " ".join(page.id(each) for each in field.attrib["aria-describedby"].split())

    # The secret is kept, though it stands nowhere on the page.
    assert "kept-while-mending-1" not in page.html
    page.fill("Webhook URL", receiver.url).fill("Header name", "X-Api-Key")
    page.check("Message updated").press("Save webhook")
    assert GOOD in send_test(page)
    assert receiver.wait(1)[0].header("X-Api-Key") == "kept-while-mending-1"


def test_broken_json_is_told_and_not_sent(page: Page, receiver: Receiver) -> None:
    create_webhook(page, receiver.url)
    assert page.value("Event data") == ""
    page.fill("Event data", "{]").press("Send test event")
    assert page.value("Event data") == "{]"
    assert page.field("Event data").get("aria-invalid") == "true"
    assert "This is not JSON: look at line 1, column 2." in page.text
    assert receiver.requests() == []
