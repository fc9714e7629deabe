"""The application object, for `flask` and for WSGI servers: `waitress-serve app:app`."""

from webhooks_ui import create_app
from webhooks_ui.database import engine

app = create_app()
engine.prepare_migrations(app)
