"""A start loads nothing that only some installations, pages, commands or processes use."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

LATER = {
    "alembic",  # a schema that is not current
    "webhooks_ui.api.operations",  # the first request to the API
    "authlib",  # sign-in with OpenID
    "cryptography.x509",  # the first receiver with TLS
    "jmespath",  # the first filter
    "re2",  # its first pattern
    "psycopg",  # PostgreSQL
    "pydantic",  # the first request to the API
    "segno",  # a second factor
    "smtplib",  # alerts by e-mail
    "sqlalchemy.dialects.postgresql",  # PostgreSQL
    "yaml",  # a configuration as a file
    "zxcvbn",  # a new password
}
OF_WORKERS = {
    "requests",  # a console sends tests only
    "webhooks_ui.delivery.worker",
    "webhooks_ui.jobs.scheduler",
    "webhooks_ui.server.worker_process",
}
MODULES = 1_110  # that a console loads; each takes about a millisecond of its start, and 60 KB
WITH_WORKER = 1_280
STARTED = """
import sys
from webhooks_ui import create_app
from webhooks_ui.cli import main
from webhooks_ui.database import migrate
from webhooks_ui.monitoring import metrics
from webhooks_ui.server import wsgi
app = create_app()
migrate.upgrade(app)
metrics.share(app.config["DATA_DIR"])
assert app.test_client().get("/login").status_code == 200
print(*sys.modules)
from webhooks_ui.server import worker_process
with app.app_context():
    worker_process.all_jobs(app), worker_process.Worker(app)
print(*sys.modules)
"""


@pytest.mark.process
def test_console_and_worker_load_what_they_need(migrated: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(migrated, tmp_path / "data")
    environ = os.environ | {"WEBHOOKS_UI_DATA_DIR": str(folder)}
    command = [sys.executable, "-c", STARTED]
    done = subprocess.run(command, env=environ, check=True, stdout=subprocess.PIPE, text=True)
    console, worker = map(set, map(str.split, done.stdout.splitlines()))
    assert {"webhooks_ui", "flask", "waitress"} <= console
    assert console & (LATER | OF_WORKERS) == set()
    assert worker & (LATER | OF_WORKERS) == OF_WORKERS
    assert len(console) <= MODULES
    assert len(worker) <= WITH_WORKER
