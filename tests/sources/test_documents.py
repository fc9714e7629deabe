"""What docs/chatwoot.md says, in both languages: its commands are run, its events are ours."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.sources.chatwoot import PATH, SECRET, make_source
from tests.support.listening import listening
from webhooks_ui.catalogue.event_types import EVENT_TYPES
from webhooks_ui.models.source_request import KEPT_REQUESTS

ROOT = Path(__file__).parents[2]
IN_BOTH_LANGUAGES = pytest.mark.parametrize("name", ["docs/chatwoot.md", "docs/uk/chatwoot.md"])


@pytest.fixture
def url(app: Flask) -> Iterator[str]:
    """The app on a port of this machine."""
    with listening(app) as server:
        yield f"http://127.0.0.1:{server.server_port}"


@pytest.mark.process
@IN_BOTH_LANGUAGES
def test_the_command_to_try_it(app: Flask, url: str, name: str) -> None:
    programs = [shutil.which(each) for each in ("openssl", "curl")]
    if not all(programs):
        pytest.skip("openssl and curl are needed")
    text = (ROOT / name).read_text()
    (script,) = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    (shown,) = re.findall(r"```json\n(.*?)```", text, re.DOTALL)
    token = make_source(app)
    assert f"https://chatwoot:whus_…@hooks.example{PATH}" in text
    as_password = url.replace("//", f"//chatwoot:{token}@") + PATH
    for given in (f"{url}{PATH}?token={token}", as_password):
        environ = {**os.environ, "URL": given, "SECRET": SECRET}
        command = ["sh", "-euc", script]
        done = subprocess.run(command, env=environ, stdout=subprocess.PIPE, check=True, timeout=60)

        answer = json.loads(done.stdout)
        assert answer.keys() == json.loads(shown).keys()
        assert [each["type"] for each in answer["events"]] == ["message_created"]
        assert answer["events"][0].keys() == json.loads(shown)["events"][0].keys()


@IN_BOTH_LANGUAGES
def test_chatwoots_settings_are_those_of_the_page(admin: FlaskClient, name: str) -> None:
    blocks = re.findall(r"```\n([A-Z].*?)\n```", (ROOT / name).read_text(), re.DOTALL)
    assert len(blocks) == 2
    page = admin.post("/sources/new", data={"name": "Acme"}).location
    assert all(f">{each}</pre>" in admin.get(page).text for each in blocks)


@IN_BOTH_LANGUAGES
def test_its_events_and_numbers_are_ours(name: str) -> None:
    text = (ROOT / name).read_text()
    assert set(EVENT_TYPES) <= set(re.findall(r"`(\w+)`", text))
    assert f" {KEPT_REQUESTS} " in text
