"""Processes that are forked by a process that was forked before."""

import subprocess
import sys

import pytest

STORY = """
import os, signal, sys, threading
from webhooks_ui.server.fork_server import ForkedProcess, ForkServer

prepared = []
made = ForkServer.start(lambda: prepared.append(os.getpid()))
if isinstance(made, ForkedProcess):
    assert prepared == [os.getppid()]
    if made.order != "stay":
        os._exit(int(made.order))
    made.parent.recv(1)  # until the one that asked is gone
    os._exit(9)

asks = threading.Thread(target=lambda: None)
asks.start()
first = made.fork("3")
assert (first.wait(), first.poll()) == (3, 3)
first.kill()  # nobody any more
second = made.fork("stay")
assert second.poll() is None
second.kill()
assert second.wait() == -signal.SIGKILL
third = made.fork("stay")
server = int(open(f"/proc/{third._pid}/stat").read().rpartition(")")[2].split()[1])
os.kill(server, signal.SIGTERM)  # as for all of a group: it minds the one that asked
os.kill(server, signal.SIGKILL)
os.waitpid(server, 0)
third.terminate()
assert third.wait() == -signal.SIGKILL  # it ended, nobody knows how
assert made.fork("3") is None
made.close()
"""


@pytest.mark.process
def test_they_end_as_they_do_and_the_next_one_comes() -> None:
    subprocess.run([sys.executable, "-c", STORY], check=True, timeout=120)
