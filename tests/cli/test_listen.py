"""`webhooks-ui listen`, in a process of its own."""

import json
import os
import re
import signal
import socket
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.support.program import Program
from tests.support.waiting import wait_until
from webhooks_ui.cli.main import main
from webhooks_ui.crypto import signing

pytestmark = pytest.mark.process

Start = Callable[..., tuple[Program, str]]
FIRST_LINE = re.compile(r"Listening on (http://\S+)\n")


@pytest.fixture
def logs(tmp_path: Path) -> tuple[Path, Path]:
    """What it prints, and its errors."""
    return tmp_path / "output.log", tmp_path / "errors.log"


@pytest.fixture
def start(logs: tuple[Path, Path]) -> Iterator[Start]:
    """Starts `listen` with these arguments; the process and the address it tells."""
    started: list[Program] = []
    output, errors = logs

    def start(*arguments: str) -> tuple[Program, str]:
        given = ("listen", "--port", "0", *arguments)
        started.append(Program(*given, environ=os.environ, log=output, errors=errors))
        wait_until(output.exists, what="its process")
        match = wait_until(lambda: FIRST_LINE.match(output.read_text()), what="its address")
        assert match is not None
        return started[-1], match[1]

    yield start
    for process in started:
        process.kill()
        process.wait(60)


def test_it_prints_what_comes_and_judges_the_signature(
    start: Start, logs: tuple[Path, Path]
) -> None:
    secret = signing.new_secret()
    process, url = start("--secret", secret, "--status", "202")
    body = '{"content": "Добрий день"}'.encode()
    headers = dict(signing.headers([secret], "evt_1", int(time.time()), body))
    request = urllib.request.Request(f"{url}hook", body, headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert answer.status == 202
        assert json.load(answer) == {"received": True, "signature": "holds."}
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0
    printed, errors = (log.read_text() for log in logs)
    assert "POST /hook HTTP/1.1" in printed
    assert '"content": "Добрий день"' in printed
    assert "Signature: holds.\nAnswered 202." in printed
    assert errors == ""


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_good_order(
    start: Start, logs: tuple[Path, Path], how: signal.Signals
) -> None:
    process, _url = start()
    process.send_signal(how)
    assert process.wait(60) == 0
    assert logs[1].read_text() == ""


def test_a_port_in_use_is_one_clear_line() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = str(taken.getsockname()[1])
        found = CliRunner().invoke(main, ["listen", "--port", port])
    assert found.exit_code == 1
    assert (
        found.stderr == f"Error: Cannot listen on 127.0.0.1 port {port}: Address already in use.\n"
    )


@pytest.mark.parametrize(
    "arguments",
    [("--secret", "hunter2"), ("--status", "100"), ("--port", "70000"), ("--host", "a..b")],
)
def test_an_argument_that_cannot_be_is_refused(arguments: tuple[str, str]) -> None:
    found = CliRunner().invoke(main, ["listen", *arguments])
    assert found.exit_code == 2
    assert "hunter2" not in found.output
