"""A worker is pinned to one core, where the fewest others are."""

import os
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.program import Program
from tests.support.waiting import wait_until
from webhooks_ui.server import cpu_affinity

linux = pytest.mark.skipif(
    not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) < 2,
    reason="needs Linux and two cores",
)


@contextmanager
def working(migrated: Path, data_dir: Path, setting: str = "auto") -> Iterator[int]:
    """The process id of a worker that has started."""
    shutil.copytree(migrated, data_dir, dirs_exist_ok=True)
    environ = {"WEBHOOKS_UI_DATA_DIR": str(data_dir), "WEBHOOKS_UI_WORKER_CORE": setting}
    worker = Program("worker", environ=environ, log=data_dir / "worker.log")
    threads = Path(f"/proc/{worker.pid}/task")
    try:
        wait_until(lambda: len([*threads.iterdir()]) > 2, what="the worker's threads")
        if setting == "auto":
            wait_until(lambda: len(os.sched_getaffinity(worker.pid)) == 1, what="one core")
        yield worker.pid
    finally:
        worker.terminate()
        assert worker.wait(60) == 0


@linux
@pytest.mark.parametrize(("setting", "is_kept"), [("auto", True), ("any", False)])
@pytest.mark.process
def test_the_worker_command_does_as_the_setting_says(
    migrated: Path, tmp_path: Path, setting: str, is_kept: bool
) -> None:
    with working(migrated, tmp_path, setting) as worker:
        assert (len(os.sched_getaffinity(worker)) == 1) is is_kept


@linux
def test_the_core_with_the_fewest_pinned_processes_is_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pins: list[set[int]] = []
    monkeypatch.setattr(cpu_affinity, "_pinned_processes", lambda: Counter({0: 2, 1: 1, 2: 2}))
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2})
    monkeypatch.setattr(os, "sched_setaffinity", lambda _, cores: pins.append(cores))

    cpu_affinity.pin()

    assert pins
    assert all(cores == {1} for cores in pins)


@linux
@pytest.mark.process
def test_a_pinned_process_is_counted(migrated: Path, tmp_path: Path) -> None:
    with working(migrated, tmp_path / "data") as worker:
        (core,) = os.sched_getaffinity(worker)
        assert cpu_affinity._pinned_processes()[core] >= 1
