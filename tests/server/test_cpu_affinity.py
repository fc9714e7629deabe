"""A worker is kept on one core, and leaves it to others that are kept there."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.waiting import wait_until
from webhooks_ui.server.cpu_affinity import Sample, busy_seconds, choose

STAT = """cpu  100 0 50 1000 20 1 2 3 0 0
cpu0 60 0 20 500 10 1 1 1 0 0
cpu1 40 0 30 500 10 0 1 2 0 0
intr 1 2 3
ctxt 5
"""
linux = pytest.mark.skipif(
    not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) < 2,
    reason="needs Linux and two cores",
)


def test_what_a_core_did_is_read_without_its_idle_time() -> None:
    assert busy_seconds(STAT, ticks=10) == {0: 8.3, 1: 7.3}


@pytest.mark.parametrize(
    ("loads", "own", "expected"),
    [
        ({0: 1.0, 1: 0.0}, 1.0, 0),  # all of it is ours
        ({0: 1.0, 1: 0.0}, 0.8, 0),  # somebody passes by
        ({0: 1.0, 1: 0.0}, 0.5, 1),  # another worker is kept here
        ({0: 1.0, 1: 0.9}, 0.5, 0),  # but there is no better place
        ({0: 1.0, 1: 0.9, 2: 0.1}, 0.5, 2),
    ],
)
def test_it_moves_only_to_gain_by_it(loads: dict[int, float], own: float, expected: int) -> None:
    before = Sample(10.0, dict.fromkeys(loads, 100.0), 7.0)
    after = Sample(12.0, {core: 100 + 2 * load for core, load in loads.items()}, 7 + 2 * own)
    assert choose(0, loads, before, after, chance=lambda: 0.9) == expected
    assert choose(0, loads, before, after, chance=lambda: 0.1) == 0


@linux
@pytest.mark.parametrize(("setting", "is_kept"), [("auto", True), ("any", False)])
def test_the_worker_command_does_as_the_setting_says(
    migrated: Path, tmp_path: Path, setting: str, is_kept: bool
) -> None:
    data_dir = shutil.copytree(migrated, tmp_path / "data")
    environ = {"WEBHOOKS_UI_DATA_DIR": str(data_dir), "WEBHOOKS_UI_WORKER_CORE": setting}
    command = [sys.executable, "-m", "webhooks_ui", "worker"]
    with subprocess.Popen(command, env=environ) as worker:
        try:
            ready = data_dir / "workers"
            wait_until(lambda: any(ready.glob("*.pipe")), what="the worker")
            everywhere = os.sched_getaffinity(0)
            if is_kept:
                wait_until(lambda: len(os.sched_getaffinity(worker.pid)) == 1, what="one core")
            else:
                assert os.sched_getaffinity(worker.pid) == everywhere
        finally:
            worker.terminate()
    assert worker.returncode == 0
