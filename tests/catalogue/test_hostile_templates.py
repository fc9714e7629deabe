"""Templates that mean harm, or go wrong: each ends soon, says why, and harms nobody else."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.descriptors import many_open
from webhooks_ui.catalogue.payload import PayloadError
from webhooks_ui.catalogue.template_process import IDLE_SECONDS
from webhooks_ui.catalogue.template_renderer import (
    MAX_PROCESSES,
    SLOW_FOR,
    TOO_LONG,
    USED_WITHIN,
    Renderer,
)

pytestmark = [pytest.mark.process, pytest.mark.xdist_group("hostile templates")]

HEAD = {"id": "evt_1", "type": "message_created", "timestamp": "2026", "channel": None}
DATA = '{"content": "Привіт <b>", "items": [1, 2], "n": 12345678901234567890, "s": null}'.encode()
MEMORY = "the template takes too much memory"
DEEP = "the template is nested too deeply"
LOOP = "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}"


@pytest.fixture(scope="module")
def renderer() -> Iterator[Renderer]:
    made = Renderer()
    yield made
    made.close()


def said(renderer: Renderer, source: str) -> str:
    """What it makes, or why it makes nothing."""
    try:
        return renderer.render(source, HEAD, DATA)
    except PayloadError as error:
        return error.detail


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{{ data.content }} {{ type }}", "Привіт <b> message_created"),
        ("{{ data.content|tojson }}{{ data.nope.deeper|tojson }}", '"Привіт <b>"null'),
        ("{{ data.n }} {{ data.items }} {{ data.s.name.x }}", "12345678901234567890 [1, 2] "),
        ("{{ data.content|e }} {{ 'a b&c'|urlencode }}", "Привіт &lt;b&gt; a%20b%26c"),
        (
            "{% for i in data['items'] %}{{ i }}{% if not loop.last %},{% endif %}{% endfor %}",
            "1,2",
        ),
        ("{% set n = namespace(v=0) %}{% set n.v = 2 %}{{ n.v }}", "2"),
    ],
)
def test_what_templates_are_for(renderer: Renderer, source: str, expected: str) -> None:
    assert said(renderer, source) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (LOOP, TOO_LONG),
        ("{{ 10 ** (10 ** 9) }}", TOO_LONG),  # a single operation of C, which holds the GIL
        ("{% for i in range(100001) %}{% endfor %}", "Range too big"),
        ("{{ 'a' * 10 ** 9 }}", MEMORY),
        ("{{ 'a'|center(10 ** 9) }}", MEMORY),
        ("{{ '%1000000000d'|format(1) }}", MEMORY),
        (
            "{% set n = namespace(s='a' * 1000) %}{% for i in range(60) %}"
            "{% set n.s = n.s ~ n.s %}{% endfor %}",
            MEMORY,
        ),
        (
            "{% for i in range(99999) %}twelve chars{% endfor %}",
            "the result is longer than 1,000,000",
        ),
        ("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", DEEP),
        ("{% for x in [[1]] recursive %}{{ loop([[1]]) }}{% endfor %}", DEEP),
        ("{{ " + "(" * 5000, DEEP),
        ("{{ ''.__class__.__mro__[1].__subclasses__() }}", "not allowed in a template"),
        ("{{ data.update({}) }}", "not allowed in a template"),
        ("{{ cycler.__init__.__globals__.os.getpid() }}", "not allowed in a template"),
        ("{{ (''|attr('__class__')) }}", "No filter named 'attr'."),
        ("{% include '/etc/passwd' %}", "no loader"),
        ("{{ lipsum() }}", "'lipsum' is undefined (line 1)"),
        ("one\n{{ 1 / 0 }}", "division by zero (line 2)"),
        ("one\n{% if %}", "Expected an expression, got 'end of statement block' (line 2)"),
    ],
)
def test_each_ends_with_a_reason(renderer: Renderer, source: str, expected: str) -> None:
    assert expected in said(renderer, source)
    assert said(renderer, "{{ type }}") == "message_created"


@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.__class__ }}",
        "{{ self.__init__ }}",
        "{{ config }}",
        "{{ '{0.__class__}'.format(1) }}",
    ],
)
def test_nothing_but_the_event_is_there(renderer: Renderer, source: str) -> None:
    assert said(renderer, source) == ""


def test_one_that_was_ended_is_not_tried_again_for_a_while(
    renderer: Renderer, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = LOOP + "again"
    assert said(renderer, source) == TOO_LONG
    monkeypatch.setattr(renderer, "_ask", lambda _request: pytest.fail("asked again"))
    assert said(renderer, source) == TOO_LONG
    monkeypatch.undo()
    for name in renderer._slow:
        renderer._slow[name] -= SLOW_FOR
    monkeypatch.setattr(renderer, "_ask", lambda _request: {"text": "made"})
    assert said(renderer, source) == "made"


def test_a_process_that_has_ended_is_replaced(renderer: Renderer) -> None:
    assert said(renderer, "{{ id }}") == "evt_1"
    process = renderer._idle.get_nowait()
    process.end()
    renderer._idle.put(process)
    assert said(renderer, "{{ id }}") == "evt_1"
    assert renderer._idle.qsize() <= MAX_PROCESSES


def test_its_pipes_may_have_any_number() -> None:
    with many_open():
        own = Renderer()
        assert said(own, "{{ id }}") == "evt_1"
        own.close()


def test_one_that_is_about_to_end_by_itself_is_replaced_too(renderer: Renderer) -> None:
    """Asked at that moment it would not answer, and the template would seem too slow."""
    assert USED_WITHIN < IDLE_SECONDS
    assert said(renderer, "{{ id }}") == "evt_1"
    process = renderer._idle.get_nowait()
    process.used_at -= USED_WITHIN
    renderer._idle.put(process)
    assert said(renderer, "{{ id }}") == "evt_1"
    assert process._running.poll() is not None


def test_it_has_nothing_of_our_environment(renderer: Renderer) -> None:
    assert said(renderer, "{{ id }}") == "evt_1"
    process = renderer._idle.get_nowait()
    renderer._idle.put(process)
    own = Path("/proc", str(process._running.pid))
    if own.exists():
        assert b"WEBHOOKS_UI" not in (own / "environ").read_bytes()
        pipes = [str(each.readlink()) for each in (own / "fd").iterdir()]
        assert all(each.startswith("pipe:") or each == "/dev/null" for each in pipes)
