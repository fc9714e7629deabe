"""`webhooks-ui listen`, in a process of its own."""

import json
import re
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from click.testing import CliRunner

from tests.support.server import PROGRAM
from webhooks_ui.cli.main import main
from webhooks_ui.crypto import signing

pytestmark = pytest.mark.process

Start = Callable[..., tuple[subprocess.Popen[str], str]]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts `listen` with these arguments; the process and the address it tells."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> tuple[subprocess.Popen[str], str]:
        process = subprocess.Popen(
            [*PROGRAM, "listen", "--port", "0", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        started.append(process)
        assert process.stdout is not None
        match = re.fullmatch(r"Listening on (http://\S+)\n", process.stdout.readline())
        assert match is not None
        return process, match[1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_it_prints_what_comes_and_judges_the_signature(start: Start) -> None:
    secret = signing.new_secret()
    process, url = start("--secret", secret, "--status", "202")
    body = '{"content": "Добрий день"}'.encode()
    headers = dict(signing.headers([secret], "evt_1", int(time.time()), body))
    request = urllib.request.Request(f"{url}hook", body, headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert answer.status == 202
        assert json.load(answer) == {"received": True, "signature": "holds."}
    process.send_signal(signal.SIGTERM)
    printed, errors = process.communicate(timeout=60)
    assert "POST /hook HTTP/1.1" in printed
    assert '"content": "Добрий день"' in printed
    assert "Signature: holds.\nAnswered 202." in printed
    assert errors == ""


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_good_order(start: Start, how: signal.Signals) -> None:
    process, _url = start()
    process.send_signal(how)
    assert process.wait(60) == 0
    assert process.communicate()[1] == ""


def test_a_port_in_use_is_one_clear_line() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = str(taken.getsockname()[1])
        command = [*PROGRAM, "listen", "--port", port]
        found = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert found.returncode == 1
    assert (
        found.stderr == f"Error: Cannot listen on 127.0.0.1 port {port}: Address already in use.\n"
    )


@pytest.mark.parametrize(
    "arguments", [("--secret", "hunter2"), ("--status", "100"), ("--port", "70000")]
)
def test_an_argument_that_cannot_be_is_refused(arguments: tuple[str, str]) -> None:
    found = CliRunner().invoke(main, ["listen", *arguments])
    assert found.exit_code == 2
    assert "hunter2" not in found.output
