"""YAML as it is written, which reads well in a review, and as it is read, which is stricter."""

from typing import Any

import yaml

MOST_BYTES = 5_000_000


class TextError(Exception):
    """A text is no YAML, or uses what is not taken; the words are PyYAML's."""


def dump(document: Any) -> str:
    """The document, always in the same form."""
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1_000)


def load(text: str) -> Any:
    """The document. Raises `TextError`, also for aliases, tags and a key that stands twice."""
    if len(text.encode(errors="replace")) > MOST_BYTES:
        raise TextError(f"more than {MOST_BYTES:,} bytes")
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506  # it is a SafeLoader
    except (yaml.YAMLError, ValueError) as error:
        raise TextError(" ".join(str(error).split())) from None
    except RecursionError:
        raise TextError("it is nested too deeply") from None


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        """Everything is written out."""
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    style = "|" if "\n" in text else None  # PEM, line by line
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


class _Loader(yaml.SafeLoader):
    def compose_node(self, parent: Any, index: Any) -> Any:
        """Few aliases can stand for millions of nodes."""
        if self.check_event(yaml.AliasEvent):
            raise yaml.constructor.ConstructorError(problem="aliases (*name) are not taken")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        """A key that stands twice is a mistake in the file."""
        names = [self.construct_object(key, deep=True) for key, _value in node.value]
        for name in names:
            if not isinstance(name, str) or names.count(name) > 1:
                raise yaml.constructor.ConstructorError(
                    problem=f"{name!r} is no text or stands twice", problem_mark=node.start_mark
                )
        return super().construct_mapping(node, deep)


# A time stays the text that it is.
_Loader.yaml_implicit_resolvers = {
    first: [one for one in rules if one[0] != "tag:yaml.org,2002:timestamp"]
    for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
