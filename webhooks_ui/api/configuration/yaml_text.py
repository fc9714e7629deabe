"""YAML as it is written, which reads well in a review, and as it is read, which is stricter.

PyYAML is imported at the first use: most processes never see a file.
"""

from typing import Any

MAX_BYTES = 2_000_000


class TextError(Exception):
    """A text is no YAML, or uses what is not taken; the words are PyYAML's."""


def dump(document: Any) -> str:
    """The document, always in the same form."""
    import yaml

    from webhooks_ui.api.configuration.yaml_dialect import Dumper

    return yaml.dump(document, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=1_000)


def load(text: str) -> Any:
    """The document. Raises `TextError`, also for aliases, tags and a key that stands twice."""
    import yaml

    from webhooks_ui.api.configuration.yaml_dialect import Loader, check

    if len(text.encode(errors="replace")) > MAX_BYTES:
        raise TextError(f"more than {MAX_BYTES:,} bytes")
    try:
        check(text)
        return yaml.load(text, Loader=Loader)  # noqa: S506  # it is a SafeLoader
    except (yaml.YAMLError, ValueError) as error:
        raise TextError(" ".join(str(error).split())) from None
