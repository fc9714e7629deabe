"""YAML as it is written, which reads well in a review, and as it is read, which is stricter."""

from typing import TYPE_CHECKING, Any

import yaml

from webhooks_ui.api.configuration.faults import MAX_BYTES

MAX_DEPTH = 30
MAX_EVENTS = 100_000  # of the parser: some 2,000 webhooks

if TYPE_CHECKING:
    from yaml import SafeLoader as _Parser
else:  # in C it is thirty times as quick; a wheel has it, a build without libyaml has not
    _Parser = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class TextError(Exception):
    """A text is no YAML, or uses what is not taken; the words are PyYAML's."""


def dump(document: Any) -> str:
    """The document, always in the same form."""
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1_000)


def load(text: str) -> Any:
    """The document. Raises `TextError`, also for aliases, tags and a key that stands twice."""
    if len(text.encode(errors="replace")) > MAX_BYTES:
        raise TextError(f"more than {MAX_BYTES:,} bytes")
    try:
        _check(text)
        return yaml.load(text, Loader=_Loader)  # noqa: S506  # it is a SafeLoader
    except (yaml.YAMLError, ValueError) as error:
        raise TextError(" ".join(str(error).split())) from None


def _check(text: str) -> None:
    """Refuses what would take long, such as aliases: a few can stand for millions of nodes."""
    depth = 0
    for count, event in enumerate(yaml.parse(text, Loader=_Parser)):
        if isinstance(event, yaml.AliasEvent):
            raise ValueError("aliases (*name) are not taken")  # noqa: TRY004  # of the text
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH or count > MAX_EVENTS:
            raise ValueError("it has too many values, or is nested too deeply")


class _Dumper(yaml.SafeDumper):
    """Writes everything out, and texts of several lines as blocks."""

    def ignore_aliases(self, data: Any) -> bool:
        """Everything is written out."""
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    style = "|" if "\n" in text else None  # PEM, line by line
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


class _Loader(_Parser):
    """Takes plain values alone; a time stays the text that it is."""

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        """A key that stands twice is a mistake in the file."""
        seen = set[str]()
        for key, _value in node.value:
            name = self.construct_object(key, deep=True)
            if not isinstance(name, str) or name in seen:
                raise yaml.constructor.ConstructorError(
                    problem=f"{name!r} is no text or stands twice", problem_mark=node.start_mark
                )
            seen.add(name)
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {
    first: [one for one in rules if one[0] != "tag:yaml.org,2002:timestamp"]
    for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
