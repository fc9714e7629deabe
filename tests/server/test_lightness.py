"""A start loads nothing that only some installations, pages or commands use."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

LATER = {
    "alembic",  # a schema that is not current
    "authlib",  # sign-in with OpenID
    "jmespath",  # the first filter
    "re2",  # its first pattern
    "psycopg",  # PostgreSQL
    "segno",  # a second factor
    "smtplib",  # alerts by e-mail
    "yaml",  # a configuration as a file
    "zxcvbn",  # a new password
}
MODULES = 1_280  # that a start loads; each takes about a millisecond of it, and 60 KB
STARTED = """
import sys
from webhooks_ui import create_app
from webhooks_ui.database import migrate
from webhooks_ui.delivery.worker import loop
from webhooks_ui.jobs import scheduler
from webhooks_ui.monitoring import metrics
from webhooks_ui.server import wsgi
app = create_app()
migrate.upgrade(app)
metrics.share(app.config["DATA_DIR"])
with app.app_context():
    scheduler.all_jobs(app), loop.Worker(app)
assert app.test_client().get("/login").status_code == 200
print(*sys.modules)
"""


@pytest.mark.process
def test_console_and_worker_load_what_they_need(migrated: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(migrated, tmp_path / "data")
    environ = os.environ | {"WEBHOOKS_UI_DATA_DIR": str(folder)}
    command = [sys.executable, "-c", STARTED]
    done = subprocess.run(command, env=environ, check=True, stdout=subprocess.PIPE, text=True)
    modules = done.stdout.split()
    loaded = {name.partition(".")[0] for name in modules}
    assert {"webhooks_ui", "flask", "waitress"} <= loaded
    assert loaded & LATER == set()
    assert len(modules) <= MODULES
