"""What docs/filters.md says, in both languages: its example works, its tables are the code's."""

import json
import re
from pathlib import Path
from typing import get_args

import pytest

from tests.api.conftest import Call, call
from webhooks_ui.forms.filter_fields import READY
from webhooks_ui.models.recent_events import TRIED
from webhooks_ui.text.filters import MAX_CONDITIONS, Operator, is_path

__all__ = ["call"]  # fixtures
ROOT = Path(__file__).parents[2]
IN_BOTH_LANGUAGES = pytest.mark.parametrize("name", ["docs/filters.md", "docs/uk/filters.md"])


@IN_BOTH_LANGUAGES
def test_the_example_is_accepted(call: Call, name: str) -> None:
    (example,) = re.findall(r"```json\n(.*?)```", (ROOT / name).read_text(), re.DOTALL)
    made = call("POST", "/webhooks", json.loads(example))
    assert made.status_code == 201, made.text
    assert made.json["filters"] == json.loads(example)["filters"]


@IN_BOTH_LANGUAGES
def test_its_operators_paths_and_numbers_are_the_codes(name: str) -> None:
    text = (ROOT / name).read_text()
    named = re.findall(r"`([^`\n]+)`", text)
    assert set(get_args(Operator)) <= set(named)
    for _label, conditions in READY.values():
        assert {each.path for each in conditions} <= set(named)
    paths = [each for each in named if re.search(r"\w[.\[]", each) and "/" not in each]
    assert len(paths) >= 5
    assert all(map(is_path, paths))
    assert f" {MAX_CONDITIONS} " in text
    assert f" {TRIED} " in text
