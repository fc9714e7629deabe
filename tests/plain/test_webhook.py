"""A webhook without scripts: typed, mended, tried and saved."""

from tests.plain.conftest import create_webhook, send_test
from tests.plain.page import Page
from tests.support.receiver import Answer, Receiver
from tests.webhooks.test_send_test_event import verify


def test_an_authorization_arrives(page: Page, receiver: Receiver) -> None:
    receiver.answer(Answer(200, body=b"you sent k-58d0-e2f1"))
    page.follow("Add a new webhook").fill("Webhook URL", receiver.url)
    page.check("Custom").fill("Header name", "X-Api-Key").fill("Header value", "k-58d0-e2f1")
    page.check("Assignee changed").select("Event", "assignee_changed")
    assert "The receiver accepted the event." in send_test(page)

    page.press("Save webhook")
    secret = page.id("signing-secret")
    assert "The receiver accepted the event." in send_test(page)
    assert "200 OK" in page.id("test-result")
    assert "k-58d0-e2f1" not in page.reload().html
    requests = receiver.wait(2)
    assert len(requests) == 2
    for request in requests:
        assert request.header("X-Api-Key") == "k-58d0-e2f1"
        body = verify(request, secret)
        assert body["type"] == "assignee_changed"
        assert set(body["data"]["changed_attributes"][0]) == {"assignee_id"}


def test_a_receiver_that_hangs_before_the_webhook_is_saved(page: Page, receiver: Receiver) -> None:
    receiver.answer(Answer(hang=True))
    page.go("/webhooks/new").fill("Webhook URL", receiver.url).fill("Name (optional)", "Still here")
    page.check("Bearer").fill("Token", "t0ken-93c1").check("Message updated")
    assert "The receiver took too long." in send_test(page)
    assert page.value("Name (optional)") == "Still here"
    assert page.value("Message updated") == "message_updated"

    receiver.answer(Answer(200))
    assert page.press("Save webhook").heading == "Still here"
    assert "The receiver accepted the event." in send_test(page)
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
    assert "The receiver accepted the event." in send_test(page)
    assert receiver.wait(1)[0].header("X-Api-Key") == "kept-while-mending-1"


def test_broken_json_is_told_and_not_sent(page: Page, receiver: Receiver) -> None:
    create_webhook(page, receiver.url)
    assert page.value("Data of the event") == ""
    page.fill("Data of the event", "{]").press("Send test event")
    assert page.value("Data of the event") == "{]"
    assert page.field("Data of the event").get("aria-invalid") == "true"
    assert "This is not JSON: look at line 1, column 2." in page.text
    assert receiver.requests() == []
