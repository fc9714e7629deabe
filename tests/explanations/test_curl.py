"""A stored request as a command: a real shell and a real curl's words, without the secret."""

import json
import shlex
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webhooks_ui.explanations.curl import curl_command

pytestmark = pytest.mark.process

HEADERS = [
    ["Host", "crm.example"],
    ["Content-Type", "application/json"],
    ["Authorization", "Bearer ••••••••"],
    ["webhook-id", "dlv_1"],
    ["Content-Length", "2"],
]
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=60)


def words(command: str, token: str = "t0ken") -> list[str]:
    """What a POSIX shell makes of a command."""
    script = f"curl() {{ for word; do printf '%s\\0' \"$word\"; done; }}\n{command}"
    environ = {"TOKEN": token, "LC_ALL": "C.UTF-8"}
    done = subprocess.run(["/bin/sh", "-c", script], env=environ, capture_output=True, check=True)
    return done.stdout.decode().split("\0")[:-1]


def test_the_secret_is_a_variable() -> None:
    command = curl_command("https://crm.example/hook", HEADERS, "{}")

    assert "$TOKEN" in command
    assert "••" not in command
    assert "Authorization: Bearer t0ken" in words(command)


def test_what_curl_sets_itself_is_left_to_it() -> None:
    assert words(curl_command("https://crm.example/hook", HEADERS, "{}")) == [
        "-X",
        "POST",
        "https://crm.example/hook",
        "-H",
        "Content-Type: application/json",
        "-H",
        "Authorization: Bearer t0ken",
        "-H",
        "webhook-id: dlv_1",
        "--data-raw",
        "{}",
    ]


@given(TEXT)
def test_nothing_in_a_body_breaks_out(text: str) -> None:
    body = json.dumps({"text": text}, ensure_ascii=False)

    assert words(curl_command("https://crm.example/", [], body))[-1] == body


def test_a_shell_is_not_needed_to_read_it() -> None:
    assert shlex.split(curl_command("https://crm.example/?a=$(id)&b='c'", [], "{}"))[3] == (
        "https://crm.example/?a=$(id)&b='c'"
    )
