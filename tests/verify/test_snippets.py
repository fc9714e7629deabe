"""The code that the console offers to receivers, run as it is shown, on requests truly signed."""

import base64
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import make_webhook
from webhooks_ui.crypto import signing
from webhooks_ui.crypto.signing import HEADERS
from webhooks_ui.models import Webhook
from webhooks_ui.views.verify import SNIPPETS, snippet

SECRET = signing.new_secret()
BODY = '{"id": "evt_1", "text": "Добрий день, \\"світе\\"\\n"}\n'.encode()
VARIABLE = "CRM_2_WEBHOOK_SECRET"
DAY = 86_400

# Each reads requests and prints an answer for each.
PYTHON = """
import json, sys
for given in json.load(sys.stdin):
    print(verify(given["headers"], base64.b64decode(given["body"])))
"""
NODE = """
import { readFileSync } from "node:fs";
for (const given of JSON.parse(readFileSync(0)))
  console.log(verify(given.headers, Buffer.from(given.body, "base64")));
"""
PHP = """
foreach (json_decode(file_get_contents('php://stdin'), true) as $given) {
    echo var_export(verify($given['headers'], base64_decode($given['body'])), true), "\\n";
}
"""
GO = """
package main
import ("encoding/base64"; "encoding/json"; "fmt"; "os")
func main() {
	var requests []struct { Headers map[string]string; Body string }
	if json.NewDecoder(os.Stdin).Decode(&requests) != nil { panic("input") }
	for _, given := range requests {
		body, _ := base64.StdEncoding.DecodeString(given.Body)
		fmt.Println(Verify(func(name string) string { return given.Headers[name] }, body))
	}
}
"""
RUBY = """
require "json"
JSON.parse($stdin.read).each do |given|
  puts verify(given["headers"], given["body"].unpack1("m0"))
end
"""


@dataclass(frozen=True)
class Given:
    """A request as a receiver gets it."""

    headers: dict[str, str]
    body: bytes

    def altered(self, name: str, value: str) -> "Given":
        return Given(self.headers | {name: value}, self.body)


def signed(moment: float | None = None, secret: str = SECRET) -> Given:
    at = int(time.time() if moment is None else moment)
    return Given(dict(signing.headers([secret], "dlv_1", at, BODY)), BODY)


Judge = Callable[[list[Given]], list[bool]]
Prepare = Callable[[Path, str], Judge]
"""Writes the code into a folder, as a program that judges requests."""


def run(folder: Path, command: list[str], given: bytes = b"") -> str:
    offline = {"GOPROXY": "off", "GOTOOLCHAIN": "local", "GO111MODULE": "off"}
    done = subprocess.run(
        command,
        input=given,
        capture_output=True,
        cwd=folder,
        env={**os.environ, VARIABLE: SECRET, **offline},
        check=False,
    )
    assert not done.stderr, done.stderr.decode()
    return done.stdout.decode()


def program(tool: str, name: str, driver: str) -> Prepare:
    def prepare(folder: Path, code: str) -> Judge:
        (folder / name).write_text(code + driver)
        return lambda requests: answers(run(folder, [tool, name], as_json(requests)))

    return prepare


def go(folder: Path, code: str) -> Judge:
    (folder / "verify.go").write_text(code)
    (folder / "main.go").write_text(GO)
    run(folder, ["go", "build", "-o", "verify", "verify.go", "main.go"])
    return lambda requests: answers(run(folder, ["./verify"], as_json(requests)))


def shell(folder: Path, code: str) -> Judge:
    (folder / "verify.sh").write_text(code)

    def said(given: Given) -> str:
        arguments = (given.headers.get(name, "") for name in HEADERS)
        return run(folder, ["sh", "verify.sh", *arguments], given.body)

    def judge(requests: list[Given]) -> list[bool]:
        lines = [*map(said, requests)]
        assert all(line.startswith(("genuine", "forged")) for line in lines)
        return [line.startswith("genuine") for line in lines]

    return judge


def as_json(requests: list[Given]) -> bytes:
    return json.dumps(
        [
            {"headers": given.headers, "body": base64.b64encode(given.body).decode()}
            for given in requests
        ]
    ).encode()


def answers(printed: str) -> list[bool]:
    return [line.lower() == "true" for line in printed.split()]


TOOLS: dict[str, tuple[str, Prepare]] = {
    "python": (sys.executable, program(sys.executable, "verify.py", PYTHON)),
    "node": ("node", program("node", "verify.mjs", NODE)),
    "php": ("php", program("php", "verify.php", PHP)),
    "go": ("go", go),
    "ruby": ("ruby", program("ruby", "verify.rb", RUBY)),
    "shell": ("openssl", shell),
}


def test_every_language_is_tried() -> None:
    assert [*TOOLS] == [*SNIPPETS]


@pytest.mark.process
@pytest.mark.parametrize("language", TOOLS)
def test_it_tells_genuine_requests_from_forged_ones(
    app: Flask, admin: FlaskClient, tmp_path: Path, language: str
) -> None:
    tool, prepare = TOOLS[language]
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} is not installed")
    public_id = make_webhook(admin, name="CRM 2")
    with app.test_request_context():
        webhook = Webhook.by_public_id(public_id)
        assert webhook
        code = snippet(webhook, language)
    assert public_id in code
    assert VARIABLE in code

    judge = prepare(tmp_path, code)
    first = signed()
    signature = first.headers["webhook-signature"]
    genuine = {
        "as it came": first,
        "during a rotation": first.altered("webhook-signature", f"v1,{'A' * 43}= {signature}"),
    }
    forged = {
        "another secret": signed(secret=signing.new_secret()),
        "another body": Given(first.headers, first.body + b" "),
        "another id": first.altered("webhook-id", "dlv_2"),
        "a part of the signature": first.altered("webhook-signature", signature[:-8]),
        "old": signed(time.time() - DAY),
        "from the future": signed(time.time() + DAY),
        "no number": first.altered("webhook-timestamp", "soon"),
        "no signature": first.altered("webhook-signature", ""),
        "no headers": Given({}, first.body),
    }
    given = {**genuine, **forged}
    found = dict(zip(given, judge([*given.values()]), strict=True))
    assert found == dict.fromkeys(genuine, True) | dict.fromkeys(forged, False)
