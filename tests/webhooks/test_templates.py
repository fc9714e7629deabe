"""Webhooks whose body is a template: saved, sent, shown, and refused in plain words."""

import json

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.api.conftest import Call, call, errors
from tests.conftest import make_webhook, stored, webhook_form
from tests.engine.conftest import deliveries, ended, receiver, send, subscribe, working
from tests.support.apps import ON_BOTH_DATABASES
from tests.support.receiver import Receiver
from webhooks_ui.catalogue.payload import Template

__all__ = ["call", "receiver"]  # fixtures

HOOK = {"url": "https://crm.example/hook", "events": ["message_created"]}
SLACK = '{"text": {{ ("New: " ~ data.content)|tojson }}}'


@ON_BOTH_DATABASES
def test_a_template_is_sent_by_the_worker_and_its_body_kept(
    app: Flask, admin: FlaskClient, receiver: Receiver
) -> None:
    template = Template(SLACK, "application/json; charset=utf-8")
    subscribe(app, receiver.url, payload_format="template", template=template, method="PUT")
    with working(app):
        send(app, data='{"content": "Привіт \\"<b>\\""}'.encode())
        (request,) = receiver.wait(1)
        ended(app)
    assert request.method == "PUT"
    assert request.header("Content-Type") == "application/json; charset=utf-8"
    assert json.loads(request.body) == {"text": 'New: Привіт "<b>"'}
    (delivery,) = deliveries(app)
    page = admin.get(f"/deliveries/{delivery.public_id}").text
    assert "New: Привіт" in page
    assert "curl -X PUT" in page


def test_an_event_that_it_cannot_be_made_of_is_an_attempts_error(
    app: Flask, admin: FlaskClient, call: Call, receiver: Receiver
) -> None:
    """It renders the sample, but not every event."""
    body = '{"text": "{{ data.content }}"}'
    fields = {"payload_format": "template", "template_body": body}
    public_id = make_webhook(admin, url=receiver.url, **fields)
    test = {"event": "message_created", "data": '{"content": "say \\"hi\\""}'}

    page = admin.post(f"/webhooks/{public_id}/test", data=test).location

    text = admin.get(page).text
    assert "The template made no body of this event." in text
    assert "the result is not JSON" in text
    assert receiver.requests() == []
    delivery = call("GET", "/deliveries?test=true").json["deliveries"][0]
    (attempt,) = call("GET", f"/deliveries/{delivery['id']}").json["attempts"]
    assert (attempt["error"], attempt["status_code"]) == ("template_error", None)


def test_form_and_api_keep_it_and_show_it(app: Flask, admin: FlaskClient, call: Call) -> None:
    body = "a={{ data.content|urlencode }}\r\n&b=2"
    kind = "application/x-www-form-urlencoded"
    fields = {"template_body": body, "template_type": f" {kind} ", "method": "PATCH"}
    public_id = make_webhook(admin, payload_format="template", **fields)

    assert stored(app, public_id).template == Template(body.replace("\r\n", "\n"), kind)
    form = admin.get(f"/webhooks/{public_id}/edit").text
    assert "a={{ data.content|urlencode }}" in form
    assert '<details class="fold boxed" id="more-formats" open>' in form
    page = admin.get(f"/webhooks/{public_id}?tab=settings").text
    assert "PATCH" in page

    told = call("GET", f"/webhooks/{public_id}").json
    assert told["template"] == {"body": body.replace("\r\n", "\n"), "content_type": kind}
    assert told["method"] == "PATCH"
    change = {"payload_format": "raw", "template": None, "method": "POST"}
    changed = call("PATCH", f"/webhooks/{public_id}", change).json
    assert (changed["template"], changed["method"]) == (None, "POST")
    made = call(
        "POST", "/webhooks", HOOK | {"payload_format": "template", "template": {"body": SLACK}}
    )
    assert made.json["template"] == {"body": SLACK, "content_type": "application/json"}


@pytest.mark.parametrize(
    ("template", "pointer", "words"),
    [
        ({"body": ""}, "/template/body", "Write the template"),
        ({"body": "x" * 65_537}, "/template/body", "65,536"),
        ({"body": "{{ nope() }}"}, "/template/body", "“nope” is not known"),
        ({"body": "{% for %}"}, "/template/body", "message_created"),
        ({"body": "{% if id %}"}, "/template/body", "“{% endif %}” is missing (line 1)"),
        ({"body": "{{ id"}, "/template/body", "“}}” is missing (line 1)"),
        ({"body": "{{ id }"}, "/template/body", "“}” is not expected here (line 1)"),
        ({"body": "{{ id|upcase }}"}, "/template/body", "there is no filter “upcase”"),
        ({"body": "{{ data.content + 1 }}"}, "/template/body", "joined with ~"),
        ({"body": "{{ data.content ~ }}"}, "/template/body", "missing before the end"),
        ({"body": '{% include "x" %}'}, "/template/body", "cannot load another one"),
        ({"body": "plain"}, "/template/body", "the result is not JSON"),
        ({"body": "x", "content_type": "text"}, "/template/content_type", "application/json"),
        ({"body": "x", "content_type": "a/b\r\nX: y"}, "/template/content_type", "content type"),
    ],
)
def test_what_is_wrong_is_said_when_it_is_saved(
    admin: FlaskClient, call: Call, template: dict[str, str], pointer: str, words: str
) -> None:
    given = HOOK | {"payload_format": "template", "template": template}
    found = errors(call("POST", "/webhooks", given))
    assert found.keys() == {pointer}
    assert words in found[pointer]
    typed = webhook_form(
        payload_format="template",
        template_body=template["body"],
        template_type=template.get("content_type", "application/json"),
    )
    answer = admin.post("/webhooks/new", data=typed)
    assert answer.status_code == 422
    assert "template_" in answer.text


def test_one_that_is_not_used_is_held_to_its_limits_too(call: Call) -> None:
    template = {"body": "{{ not yet", "content_type": "text/plain"}
    assert call("POST", "/webhooks", HOOK | {"template": template}).status_code == 201
    long = HOOK | {"template": template | {"content_type": f"text/{'x' * 200}"}}
    assert [*errors(call("POST", "/webhooks", long))] == ["/template/content_type"]


def test_a_method_is_one_of_three(call: Call) -> None:
    assert [*errors(call("POST", "/webhooks", HOOK | {"method": "DELETE"}))] == ["/method"]
