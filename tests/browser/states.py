"""The console's pages in all their states, for tests that look at every one of them."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import trustme
from flask import Flask
from playwright.sync_api import Page, expect
from sqlalchemy import update

from tests.browser.steps import add_channel, make_webhook, post
from tests.engine.conftest import send
from tests.sources.chatwoot import body, headers
from tests.support.pem import issue
from tests.support.receiver import Answer, Receiver
from tests.support.server import Server
from tests.support.waiting import free_port, wait_until
from tests.webhooks.test_silence import DAY, EVENT, HOUR, heard
from webhooks_ui import create_app
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.database.types import now
from webhooks_ui.models import Webhook, WebhookHour
from webhooks_ui.server import process

LOCALES = {"en": "en-GB", "uk": "uk-UA"}
JSON = (("Content-Type", "application/json"),)
LONG = "Довга-назва-без-жодного-пробілу-щоб-побачити-чи-переноситься-рядок-" * 2


@dataclass(frozen=True)
class Seeds:
    """What the console holds: paths of pages, by what stands on them."""

    good: str
    bad: str
    unverified: str
    tested: str
    delivery: str
    edited: str
    used_channel: str
    gone: str
    paused: str
    pending: str
    twice: str
    degraded: str
    silent: str
    changed: str
    running: str


def seed(page: Page, server: Server, receiver: Receiver) -> Seeds:
    """A console in use: each authorization, each state of a webhook, channels, results."""
    app = create_app({"DATA_DIR": server.data_dir})
    twice = delivered_at_the_second_try(page, app, receiver)
    receiver.answer(Answer(200, JSON, b'{"ok":[1,2]}'))
    add_channel(server.data_dir, "telegram-sales", "Telegram sales")
    add_channel(server.data_dir, "x" * 60, LONG)
    long_url = f"{receiver.url}/{'segment-without-end' * 8}"
    basic = {"auth_type": "basic", "auth_login": "acme", "auth_password": "s3cret-enough-1"}
    bearer = {"auth_type": "bearer", "auth_token": "a-long-enough-token-7f3a"}
    custom = {
        "auth_type": "custom",
        "auth_header_name": "X-Api-Key",
        "auth_header_value": "k-58d0-e2f1",
    }
    good = make_webhook(page, long_url, name=LONG, channel="telegram-sales", **basic)
    bad = make_webhook(page, f"http://127.0.0.1:{free_port()}/", name="Refused", **bearer)
    off = make_webhook(page, receiver.url, name="Off", **custom)
    make_webhook(page, receiver.url)
    ours = issue(trustme.CA(), "client.example")
    tls = {"tls_ca": ours.certificate, "tls_certificate": ours.certificate, "tls_key": ours.key}
    unverified = make_webhook(
        page, f"https://127.0.0.1:{free_port()}/", name="acme", tls_insecure="y", **tls, **bearer
    )
    post(page, f"/webhooks/{off}/disable", {})
    gone = make_webhook(page, receiver.url, name=LONG)
    post(page, f"/webhooks/{gone}/delete", {})
    results = [
        post(page, f"/webhooks/{each}/test", {"event": "message_created"}) for each in (good, bad)
    ]
    paused = make_webhook(page, receiver.url, name="Пауза", events=["team_changed"])
    changed = post(page, "/webhooks/bulk?until=tomorrow", {"action": "pause", "ids": [paused]})
    running = post(page, "/webhooks/bulk", {"action": "test", "ids": [off, paused]})
    post(page, "/settings/tokens/new", {"name": "acme", "scope": "events"})
    degraded, silent = in_other_states(page, app, receiver)
    pending = retried(page, app, bad)
    process.close(app)
    channels = page.request.get("/channels").text()
    used = channels.partition('href="/channels/ch_')[2].partition("/")[0]
    return Seeds(
        good=f"/webhooks/{good}",
        bad=results[1],
        unverified=f"/webhooks/{unverified}",
        tested=results[0],
        delivery=f"/deliveries/{results[0].partition('test=')[2].partition('#')[0]}",
        edited=f"/webhooks/{bad}/edit",
        used_channel=f"/channels/ch_{used}/edit",
        gone=f"/webhooks/{gone}",
        paused=f"/webhooks/{paused}",
        pending=pending,
        twice=twice,
        degraded=f"/webhooks/{degraded}",
        silent=f"/webhooks/{silent}",
        changed=changed,
        running=running,
    )


def delivered_at_the_second_try(page: Page, app: Flask, receiver: Receiver) -> str:
    """The page of a delivery of which the second attempt was sent and answered otherwise."""
    webhook = make_webhook(page, receiver.url, name="Двічі", events=["assignee_changed"])
    receiver.answer(Answer(500, JSON, b'{"error": "busy", "queue": 7}'))
    send(app, type="assignee_changed")
    log = f"/deliveries?webhook={webhook}"
    path = wait_until(lambda: delivery_in(page, log, "500"), what="a first attempt")
    with app.app_context(), transaction():
        own = update(Webhook).where(Webhook.public_id == webhook)
        db.session.execute(own.values(method="PUT", payload_format="raw"))
    receiver.answer(Answer(200, JSON, b'{"ok": true, "queue": 7}'))
    post(page, f"{path}/retry_now", {})
    wait_until(lambda: delivery_in(page, log, "200"), what="a second attempt")
    return path


def in_other_states(page: Page, app: Flask, receiver: Receiver) -> tuple[str, str]:
    """A webhook that is degraded, and one that works and has had no events for days."""
    kind = ["conversation_substatus_changed"]  # of which nobody sends an event
    degraded = make_webhook(page, receiver.url, name="Повільно", events=kind)
    silent = make_webhook(page, receiver.url, name="Тиша", events=kind)
    hour = now().replace(minute=0, second=0, microsecond=0)
    with app.app_context():
        heard("Тиша", (5 * DAY, EVENT))
        heard("Повільно", (HOUR, EVENT), degraded=True)
        with transaction():
            row = db.session.query(Webhook.id).filter_by(public_id=degraded).scalar()
            firsts = {"first_attempts": 40, "first_delivered": 31}
            counts = {"attempts": 50, "failed_attempts": 10, "delivered": 40, "took_5": 50}
            db.session.add(WebhookHour(webhook_id=row, hour=hour, **counts, **firsts))
    return degraded, silent


def delivery_in(page: Page, log: str, code: str) -> str:
    """The page of the first delivery in this list, once its receiver has answered so."""
    found = page.request.get(log).text().partition("<tbody")[2]
    if f">{code}<" not in found:
        return ""
    return f"/deliveries/dlv_{found.partition('/deliveries/dlv_')[2].partition('?')[0]}"


def retried(page: Page, app: Flask, webhook: str) -> str:
    """The page of a delivery to this webhook that waits for its second attempt."""
    send(app)
    log = f"/deliveries?webhook={webhook}&status=pending&test=no"

    def attempted() -> str:
        found = page.request.get(log).text()
        return found if '<small class="under">' in found else ""

    found = wait_until(attempted, what="a failed attempt")
    return f"/deliveries/dlv_{found.partition('/deliveries/dlv_')[2].partition('?')[0]}"


def go(path: str, page: Page, _seeds: Seeds) -> None:
    page.goto(path)


def seeded(name: str, page: Page, seeds: Seeds) -> None:
    page.goto(getattr(seeds, name))


def edit(page: Page, seeds: Seeds) -> None:
    """The form of a webhook with a kept token, a private authority and a client certificate."""
    page.goto(f"{seeds.unverified}/edit")
    page.locator("#tls .kept summary").click()
    expect(page.locator("#tls_key")).to_be_visible()


def folded_kinds(page: Page, _seeds: Seeds) -> None:
    """An authorization of those that fold away and filters, with mistakes."""
    page.goto("/webhooks/new")
    page.locator("#more-kinds > summary").click()
    page.locator("[name=auth_type][value=hmac]").check()
    page.locator("#filters > summary").click()
    page.locator("#conditions-0-path").fill("a b")
    page.locator("#save").click()
    expect(page.locator("#auth_hmac_secret-error")).to_be_visible()
    expect(page.locator("#conditions-0-path-error")).to_be_visible()


def tried(page: Page, _seeds: Seeds) -> None:
    """A ready template on a sample and on recent events, and filters that these were tried on."""
    page.goto("/webhooks/new")
    page.locator("#more-formats > summary").click()
    page.locator("[name=payload_format][value=template]").check()
    page.locator("[name=ready][value=slack]").click()
    expect(page.locator("#template-preview pre").first).to_be_visible()
    page.locator("#event-types input").first.check()
    page.locator("#preview").click()
    expect(page.locator("#template-preview pre").first).to_be_visible()
    page.locator("#filters > summary").click()
    page.locator("#filter_ready-incoming").check()
    page.locator("#conditions-0-path").fill("conversation.labels")
    page.locator("#conditions-0-value").fill("vip")
    page.locator("#try-filters").click()
    expect(page.locator("#filters-result .state")).to_be_visible()


def save_nothing(path: str, page: Page, _seeds: Seeds) -> None:
    """A form with as many mistakes as an empty one has."""
    page.goto(path)
    for kind in page.locator("[name=auth_type][value=custom]").all():
        kind.check()
    page.locator("main form button.primary").last.click()
    expect(page.locator("#errors")).to_be_visible()


def tested_in_place(page: Page, seeds: Seeds) -> None:
    page.goto(seeds.good)
    page.locator("#test-send").click()
    expect(page.locator("#test-result .verdict.good")).to_be_visible()


def not_sent(page: Page, seeds: Seeds) -> None:
    page.goto(seeds.good)
    page.locator("details:has(#test-data) > summary").click()
    page.locator("#test-data").fill("{")
    page.locator("#test-send").click()
    expect(page.locator("#test-result .verdict.bad")).to_be_visible()


def history(page: Page, seeds: Seeds) -> None:
    page.goto(f"{seeds.good}/history")


def of_one_webhook(page: Page, seeds: Seeds) -> None:
    page.goto(f"/deliveries?webhook={seeds.good.rpartition('/')[2]}&test=yes")


def verify(page: Page, seeds: Seeds) -> None:
    page.goto(f"{seeds.good}/verify")


def wrong_signature(page: Page, seeds: Seeds) -> None:
    page.goto(f"{seeds.good}/verify?in=shell")
    signature = f"v1,{'A' * 43}="
    page.locator("#request").fill(
        f"webhook-id: dlv_1\nwebhook-timestamp: 1\nwebhook-signature: {signature}\n\n{{}}"
    )
    page.locator("main form button.primary").click()
    expect(page.locator("#check-result .state.bad")).to_be_visible()
    page.evaluate("scrollTo(0, 0)")  # what the bar at the bottom covers is no target


def deleted_row(page: Page, seeds: Seeds) -> None:
    page.goto("/webhooks?q=refused")
    page.locator("[id$=-delete]").evaluate("button => button.click()")
    expect(page.locator("tr.gone")).to_be_visible()


def selected(page: Page, _seeds: Seeds) -> None:
    """The bar below the list, with its longest menu."""
    page.goto("/webhooks")
    page.locator("td .hit input").first.check()
    page.locator("[popovertarget=bulk-more]").click()
    expect(page.locator("#bulk-more")).to_be_visible()


def in_another_form(name: str, view: str, page: Page, seeds: Seeds) -> None:
    page.goto(f"{getattr(seeds, name)}?view={view}")
    assert page.locator(f"[aria-current][href*='view={view}']").first.is_visible()


def revoked(page: Page, _seeds: Seeds) -> None:
    """The question before a token is revoked."""
    page.goto("/settings/tokens")
    page.locator("[href$='/revoke']").first.click()
    expect(page.locator("main form .danger")).to_be_visible()


def event(page: Page, seeds: Seeds) -> None:
    """One that several webhooks got, and others did not."""
    page.goto(seeds.pending)
    page.locator("main [href*='/events/evt_']").first.click()
    expect(page.locator("#got")).to_be_visible()


def recover(page: Page, seeds: Seeds) -> None:
    page.goto(f"{seeds.good}/recover?since=2026-01-01T00:00")


def receiver_with_requests(page: Page, _seeds: Seeds) -> None:
    """A built-in receiver at which something has arrived; one for all looks at it."""
    page.goto("/receiver")
    known = page.locator("td.main a")
    if known.count():
        known.first.click()
    else:
        page.get_by_role("main").locator("form[action='/receiver'] button").click()
        page.request.post(page.url, data={"hello": "world"})
        page.reload()
    expect(page.locator("#requests details").first).to_be_visible()


def put_back(page: Page) -> None:
    if page.evaluate("document.querySelector('tr.gone button') !== null"):
        page.locator("tr.gone button").click()
        expect(page.locator("tr.gone")).to_have_count(0)


def refused_deletion(page: Page, seeds: Seeds) -> None:
    """The server refuses to delete a channel that is used, whoever asks."""
    page.goto(seeds.used_channel)
    page.evaluate(
        "path => { document.querySelector('main form').action = path; }",
        seeds.used_channel.replace("/edit", "/delete"),
    )
    page.locator("main form button.primary").click()
    expect(page.locator("#refused")).to_be_visible()


def conflict(page: Page, seeds: Seeds) -> None:
    page.goto(seeds.edited)
    page.locator("[name=version]").evaluate("field => { field.value = '0'; }")
    page.locator("#name").fill("Refused elsewhere")
    page.locator("#save").click()
    expect(page.locator("#conflict")).to_be_focused()


def deleted_meanwhile(page: Page, seeds: Seeds) -> None:
    """The form of a webhook that another tab has deleted."""
    page.goto(seeds.edited)
    path = seeds.edited.replace("/edit", "")
    post(page, f"{path}/delete", {})
    page.locator("#name").fill("Refused elsewhere")
    page.locator("#save").click()
    expect(page.locator("#deleted")).to_be_visible()
    post(page, f"{path}/restore", {})
    page.request.get("/channels")  # shows the message that it is back, to nobody


def alarm(page: Page, _seeds: Seeds) -> None:
    page.goto("/webhooks")
    page.route("**/disable", lambda route: route.abort())
    page.locator("[formaction$=able]").first.evaluate("button => button.click()")
    expect(page.locator("#alert .alarm")).to_be_visible()
    page.unroute("**/disable")


def made_token(page: Page, _seeds: Seeds) -> None:
    page.goto("/settings/tokens/new")
    page.locator("#name").fill(LONG)
    page.locator("main form button.primary").click()
    expect(page.locator("#new-token")).to_be_visible()


def source_with_requests(page: Page, _seeds: Seeds) -> None:
    """A source whose URL is shown, after a request that made events and one that made none."""
    page.goto("/sources/new")
    page.locator("#name").fill(LONG)
    page.locator("main form button.primary").click()
    url = page.locator("#source-url").inner_text()
    for name in ("contact_created", "conversation_updated_team_and_assignee"):
        page.request.post(url, data=body(name), headers=headers(body(name), name))
    expect(page.locator("#requests details").nth(1)).to_be_visible()
    page.locator("#requests summary").first.click()


def invited(page: Page, _seeds: Seeds) -> None:
    page.goto("/settings/users/new")
    page.locator("main form button.primary").click()
    expect(page.locator("#new-link")).to_be_visible()


def invitation_to_use(page: Page, seeds: Seeds) -> None:
    invited(page, seeds)
    page.goto(page.locator("#new-link").inner_text())
    expect(page.locator("main form")).to_be_visible()


def person(page: Page, _seeds: Seeds) -> None:
    page.goto("/settings/users")
    page.locator("main table a").first.click()
    expect(page.locator("h1")).to_be_visible()


def reviewed(page: Page, _seeds: Seeds) -> None:
    review(page, "{version: 1, channels: [{key: lviv, name: Lviv office, kind: api}]}")
    expect(page.locator("pre.changes ins").first).to_be_visible()


def wrong_configuration(page: Page, _seeds: Seeds) -> None:
    review(page, "{version: 1, webhooks: [{url: nowhere, events: []}]}")
    expect(page.locator("#faults")).to_be_visible()


def review(page: Page, text: str) -> None:
    page.goto("/settings/configuration")
    page.locator("#text").fill(text)
    page.locator("form[enctype] button.primary").click()


STATES: dict[str, Callable[[Page, Seeds], None]] = {
    "list": partial(go, "/webhooks"),
    "no match": partial(go, "/webhooks?q=nothing+like+it&status=working"),
    "deleted row": deleted_row,
    "selected webhooks": selected,
    "changed webhooks": partial(seeded, "changed"),
    "several tests": partial(seeded, "running"),
    "alarm": alarm,
    "new": partial(go, "/webhooks/new"),
    "new with mistakes": partial(save_nothing, "/webhooks/new"),
    "folded fields with mistakes": folded_kinds,
    "template and filters": tried,
    "edit": edit,
    "conflict": conflict,
    "deleted meanwhile": deleted_meanwhile,
    "source form": partial(go, "/sources/new"),
    "source form with mistakes": partial(save_nothing, "/sources/new"),
    "sources": partial(go, "/sources"),
    "source": source_with_requests,
    "recently deleted": partial(go, "/webhooks/deleted"),
    "gone": partial(seeded, "gone"),
    "webhook": partial(seeded, "good"),
    "paused webhook": partial(seeded, "paused"),
    "degraded webhook": partial(seeded, "degraded"),
    "silent webhook": partial(seeded, "silent"),
    "history of a webhook": history,
    "deliveries of a webhook": of_one_webhook,
    "verify signatures": verify,
    "signature found wrong": wrong_signature,
    "unverified webhook": partial(seeded, "unverified"),
    "test in place": tested_in_place,
    "test not sent": not_sent,
    "good result": partial(seeded, "tested"),
    "bad result": partial(seeded, "bad"),
    "delivery": partial(seeded, "delivery"),
    "delivery as curl": partial(in_another_form, "delivery", "curl"),
    "delivery as HTTP": partial(in_another_form, "delivery", "http"),
    "changes of a delivery": partial(in_another_form, "twice", "changes"),
    "delivery in several attempts": partial(seeded, "twice"),
    "pending delivery": partial(seeded, "pending"),
    "deliveries": partial(go, "/deliveries?test=yes&since=2026-01-01T00:00"),
    "no delivery matches": partial(go, "/deliveries?q=nobody"),
    "events": partial(go, "/events"),
    "event": event,
    "recover": recover,
    "receiver": receiver_with_requests,
    "receivers": partial(go, "/receiver"),
    "no receiver": partial(go, "/receiver/none"),
    "channels": partial(go, "/channels"),
    "new channel": partial(go, "/channels/new"),
    "channel with mistakes": partial(save_nothing, "/channels/new"),
    "channel": partial(seeded, "used_channel"),
    "channel in use": refused_deletion,
    "catalogue": partial(go, "/catalogue"),
    "api": partial(go, "/api/v1/docs"),
    "tokens": partial(go, "/settings/tokens"),
    "new token": partial(save_nothing, "/settings/tokens/new"),
    "made token": made_token,
    "token to revoke": revoked,
    "people": partial(go, "/settings/users"),
    "invited": invited,
    "person": person,
    "invitation": partial(go, "/invitation"),
    "invitation to use": invitation_to_use,
    "audit log": partial(go, "/settings/audit?span=7d"),
    "about": partial(go, "/settings/about"),
    "configuration": partial(go, "/settings/configuration"),
    "reviewed configuration": reviewed,
    "configuration with mistakes": wrong_configuration,
    "account": partial(go, "/settings/account"),
    "help": partial(go, "/help"),
    "jump": partial(go, "/jump"),
    "nowhere to jump": partial(go, "/jump?q=nobody"),
    "forgotten password": partial(go, "/forgotten"),
    "second factor": partial(go, "/settings/account/second-factor"),
    "sign out": partial(go, "/logout"),
    "not found": partial(go, "/webhooks/wh_none"),
}
PROVOKED = ("status of 404", "status of 409", "ERR_FAILED", "htmx:sendError")
"""What browsers say on their console of states that are meant to be."""
