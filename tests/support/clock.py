"""A clock for whatever takes one."""


class Clock:
    """Seconds that go on only when a test says so: `clock.now += 1`."""

    def __init__(self, now: float = 0.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now
