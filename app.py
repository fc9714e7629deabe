"""The application object, for `flask` and for WSGI servers: `waitress-serve app:app`."""

from webhooks_ui import create_app
from webhooks_ui.database import migrate

app = create_app()
migrate.prepare_migrations(app)
