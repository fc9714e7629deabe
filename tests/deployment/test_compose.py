"""compose.yaml is what docs/scale-out.md says: its names are known, its commands exist."""

import re
from pathlib import Path
from typing import Any

import yaml
from click.testing import CliRunner

from webhooks_ui.cli.main import main
from webhooks_ui.settings import table

FILE = Path(__file__).parents[2] / "compose.yaml"
_VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*)|:\?[^}]*)?\}")


def services() -> dict[str, Any]:
    """The services, as they are where only the password is set."""
    text = _VARIABLE.sub(
        lambda found: found[2] if found[2] is not None else "pa55", FILE.read_text()
    )
    found: dict[str, Any] = yaml.safe_load(text)["services"]
    return found


def test_postgresql_two_web_and_two_worker_processes() -> None:
    found = services()

    assert found.keys() == {"postgres", "web", "worker"}
    assert [found[name]["deploy"]["replicas"] for name in ("web", "worker")] == [2, 2]
    assert found["web"]["ports"] == ["127.0.0.1:8000-8001:8000"]  # one for each


def test_its_settings_and_commands_exist() -> None:
    for name in ("web", "worker"):
        service = services()[name]
        settings = table.load(
            {key: str(value or "") for key, value in service["environment"].items()}
        )
        assert settings["DATABASE_URL"] == "postgresql+psycopg://webhooks:pa55@postgres/webhooks"
        asked = CliRunner().invoke(main, [*service["command"], "--help"])
        assert asked.exit_code == 0, asked.output
