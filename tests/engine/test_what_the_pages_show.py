"""The list and a webhook's page show what the engine does: last result, waiting, next attempt."""

from datetime import timedelta

from tests.conftest import sign_in
from tests.engine.conftest import deliveries, send, subscribe, working
from tests.support.apps import ON_SQLITE, MakeApp
from tests.support.receiver import Answer, Receiver
from tests.support.waiting import wait_until


def test_what_waits_and_when_the_next_attempt_is_made(
    make_engine: MakeApp, receiver: Receiver
) -> None:
    app = make_engine(RETRY_SCHEDULE=(timedelta(hours=1),))
    public_id = subscribe(app, receiver.url)
    browser = sign_in(app, "olena")
    send(app, 3)

    assert "3 waiting · sending now" in browser.get("/webhooks").text
    receiver.answer(Answer(status=500))
    with working(app):
        wait_until(lambda: all(d.attempts_made for d in deliveries(app)), what="attempts")

    for path, told in (("/webhooks", ""), (f"/webhooks/{public_id}", " · next attempt")):
        page = browser.get(path).text
        assert "Failing" in page
        assert f"3 waiting{told}" in page
    assert f"/webhooks/{public_id}" in browser.get("/webhooks?status=failing").text
    assert f"/webhooks/{public_id}" not in browser.get("/webhooks?status=untested").text


@ON_SQLITE
def test_a_success_is_the_last_result(make_engine: MakeApp, receiver: Receiver) -> None:
    app = make_engine()
    public_id = subscribe(app, receiver.url)
    browser = sign_in(app, "olena")
    with working(app):
        send(app)
        wait_until(lambda: deliveries(app)[0].status == "succeeded", what="a success")

    page = browser.get(f"/webhooks/{public_id}").text

    assert "Working" in page
    assert "The receiver accepted the event." in page
    assert "wait ·" not in page
