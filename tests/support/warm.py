"""What is slow at its first use, done once for all the programs that are forked afterwards."""

import flask_migrate

from tests.support import templates
from webhooks_ui.accounts import passwords

__all__ = ["flask_migrate"]

templates.use()
passwords.problem("verba-17-lystok-kobzar")  # dictionaries
