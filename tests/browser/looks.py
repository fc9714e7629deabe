"""What is asked of a page as it is now, in one call: a call costs more than most scripts do."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Page


@dataclass(frozen=True)
class Look:
    """A function in JavaScript, and what judges the answer of this function."""

    script: str
    judge: Callable[[Any], None]
    argument: Any = None


def act(script: str, argument: Any = None) -> Look:
    """Something that is done between looks."""
    return Look(script, lambda _answer: None, argument)


def assert_looks(page: Page, *looks: Look) -> None:
    """Every look is taken, one after the other, and then judged."""
    calls = [f"await ({each.script})({json.dumps(each.argument)})" for each in looks]
    answers = page.evaluate(f"async () => [{', '.join(calls)}]")
    for look, answer in zip(looks, answers, strict=True):
        look.judge(answer)
