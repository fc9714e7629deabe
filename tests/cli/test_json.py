"""`--json`: what commands print for programs, alone on standard output."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from flask import Flask

from tests.cli.conftest import Run
from tests.conftest import make_webhook, sign_in
from webhooks_ui.cli.main import main
from webhooks_ui.monitoring import metrics
from webhooks_ui.server import process

WITHOUT = {
    *("serve", "worker", "listen", "completion", "export"),  # print something else
    *("migrate", "user add", "user remove", "user password", "user remove-second-factor"),
    *("channel add", "token add", "token revoke"),  # the exit status says it; a token stands alone
}


def commands(group: click.Group, before: str = "") -> Iterator[tuple[str, click.Command]]:
    """Every command by its words."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{before}{name} ")
        else:
            yield f"{before}{name}", command


def test_every_command_has_it_that_tells_something() -> None:
    found = {
        name: any("--json" in one.opts for one in command.params)
        for name, command in commands(main)
    }
    assert {name for name, has in found.items() if not has} == WITHOUT


def test_what_is_printed_is_json_alone(
    app: Flask, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics, "share", lambda _folder: None)
    process.check_keys(app)
    make_webhook(sign_in(app, "olena"))

    def told(*arguments: str, status: int = 0) -> Any:
        result = run(*arguments, "--json")
        assert result.exit_code == status, result.output
        return json.loads(result.stdout)

    file, written = tmp_path / "hooks.backup", tmp_path / "hooks.yaml"
    sent = told("event", "send", "message_created")
    assert (sent["id"][:4], sent["deliveries"]) == ("evt_", 1)
    kept = told("backup", str(file))
    assert (kept["bytes"], kept["keys"]) == (file.stat().st_size, True)
    assert told("prune", "--dry-run") == {"events": 0, "deliveries": 0}
    assert {"events", "deliveries", "database_bytes"} <= told("prune").keys()
    assert told("rotate-key")["encrypted"] > 0
    assert told("rotate-key", "--drop-old") == {"dropped": 1}
    run("export", str(written))
    assert told("import", str(written)) == {"applied": False, "difference": []}
    written.write_text("version: 1\nchannels: [{key: new, name: New, kind: api}]")
    assert told("import", "--dry-run", str(written))["applied"] is False
    assert "+- key: new" in told("import", str(written))["difference"]
    written.write_text("version: 1\nwebhooks: [{url: 'ftp://x', events: []}]")
    errors = told("import", str(written), status=1)["errors"]
    assert {one["pointer"] for one in errors} == {"/webhooks/0/url", "/webhooks/0/events"}
    process.close(app)
    assert told("restore", "--yes", str(file))["made_at"] == kept["made_at"]
