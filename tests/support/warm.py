"""What is slow at its first use, done once for all the programs that are forked afterwards."""

import flask_migrate

from tests.support import templates
from webhooks_ui.accounts import passwords
from webhooks_ui.text.sort_key import sort_key

__all__ = ["flask_migrate"]

templates.use()
sort_key("A")  # the Unicode Collation Algorithm's table
passwords.problem("verba-17-lystok-kobzar")  # dictionaries
