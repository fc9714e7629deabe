"""The built-in receiver's exact address is the one exception to the guard."""

import pytest

from webhooks_ui.egress.guard import Blocked, Guard
from webhooks_ui.egress.target_url import parse

OWN = "http://127.0.0.1:8000/receiver/aToken_7"


def resolve(_host: str, _port: int) -> list[str]:
    return ["127.0.0.1"]


@pytest.fixture
def guard() -> Guard:
    return Guard(resolve=resolve, is_own=lambda url: url == OWN)


def test_its_own_address_is_let_through(guard: Guard) -> None:
    assert guard.refusal(parse(OWN), 1) is None
    (address,) = guard.addresses(parse(OWN), 1)  # type: ignore[misc]
    assert address.text == "127.0.0.1"


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8000/receiver/aToken_8",
        "http://127.0.0.1:8000/receiver/atoken_7",
        "http://127.0.0.1:8000/receiver/aToken_7/",
        "http://127.0.0.1:8000/receiver/aToken_7?x=1",
        "http://127.0.0.1:8000/receiver/%61Token_7",
        "http://127.0.0.1:8000/receiver/../receiver/aToken_7",
        "http://127.0.0.1:8000/",
        "http://127.0.0.1:8001/receiver/aToken_7",
        "http://localhost:8000/receiver/aToken_7",
        "http://127.0.0.2:8000/receiver/aToken_7",
        "https://127.0.0.1:8000/receiver/aToken_7",
    ],
)
def test_no_other_url_is_let_through(guard: Guard, url: str) -> None:
    guard.addresses(parse(OWN), 1)  # what was let through is not remembered for others
    assert isinstance(guard.addresses(parse(url), 1), Blocked)
    assert isinstance(guard.refusal(parse(url), 1), Blocked)
