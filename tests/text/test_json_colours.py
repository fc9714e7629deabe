"""JSON in colours: the same characters, escaped, and never more than there is room for."""

import json
import re
from html import unescape

from hypothesis import given
from hypothesis import strategies as st

from webhooks_ui.text.pretty_json import coloured

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=20,
)


def plain(html: str) -> str:
    return unescape(re.sub(r"</?span[^>]*>", "", html))


def test_each_kind_has_its_own_colour() -> None:
    html = coloured('{"a": "b", "c" : -1.5e3, "d": [true, null]}', 1000)
    assert html is not None
    found = re.findall(r'<span class="(\w)">(.*?)</span>', html)
    assert [(kind, unescape(text)) for kind, text in found] == [
        ("k", '"a"'),
        ("v", '"b"'),
        ("k", '"c"'),
        ("u", "-1.5e3"),
        ("k", '"d"'),
        ("u", "true"),
        ("u", "null"),
    ]


@given(VALUES)
def test_nothing_is_lost(value: object) -> None:
    text = json.dumps(value, ensure_ascii=False, indent=2)
    html = coloured(text, 10**6)
    assert html is not None
    assert plain(html) == text


@given(st.text(alphabet="{}[]\":,<>&'\\ aї1-\n\U0001f600", max_size=200), st.integers(0, 400))
def test_any_text_is_escaped_and_bounded(text: str, most: int) -> None:
    html = coloured(text, most)
    if html is not None:
        assert len(html.encode()) <= most
        assert plain(html) == text
        assert not re.search(r"<(?!/?span)", html)
