"""Texts that are shown once, on the page after they were made: tokens and one-time links.

They wait in the browser's session cookie, encrypted, since that cookie is signed only.
"""

from flask import session

from webhooks_ui.crypto.vault import VaultError, current_vault


def show_once(name: str, text: str) -> None:
    """Lets this browser's next page that takes `name` show the text."""
    session[name] = current_vault().encrypt(text, name)


def take_shown(name: str) -> str | None:
    """The text that waits under `name`, which is forgotten; None when there is none."""
    sealed = session.pop(name, None)
    try:
        return current_vault().decrypt(sealed, name) if sealed else None
    except VaultError:  # made under a key that is gone
        return None
