"""Starting the worker again: at once after a calm time, later each time while it keeps dying."""

from threading import Event
from types import SimpleNamespace

import pytest

from webhooks_ui.server import supervisor
from webhooks_ui.server.supervisor import CALM, LONGEST_WAIT, Supervisor


class Waits(Event):
    """Ends what waits on it after so many waits; keeps how long each was to be."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most, self.asked = most, list[float]()

    def wait(self, timeout: float | None = None) -> bool:
        self.asked.append(timeout or 0.0)
        if len(self.asked) == self.most:
            self.set()
        return self.is_set()


def waits(monkeypatch: pytest.MonkeyPatch, lives: list[float]) -> list[float]:
    """How long it waits after workers that have lived so many seconds."""
    moment, left = 0.0, iter(lives)

    def live(_: Supervisor) -> int:
        nonlocal moment
        moment += next(left)
        return -9

    monkeypatch.setattr(supervisor, "time", SimpleNamespace(monotonic=lambda: moment))
    monkeypatch.setattr(Supervisor, "_run", live)
    monkeypatch.setattr(supervisor, "Event", lambda: Waits(len(lives)))
    watching = Supervisor({}, 1.0)
    watching._watch()
    asked: list[float] = watching._stopping.asked  # type: ignore[attr-defined]
    return asked


def test_the_wait_doubles_up_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    assert waits(monkeypatch, [0.1] * 8) == [0, 1, 2, 4, 8, 16, LONGEST_WAIT, LONGEST_WAIT]


def test_after_a_calm_time_it_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    assert waits(monkeypatch, [0.1, 0.1, CALM + 1, 0.1]) == [0, 1, 0, 1]
