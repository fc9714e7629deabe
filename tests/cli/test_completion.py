"""`webhooks-ui completion` prints what makes a shell complete the commands."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Run


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_the_script_asks_the_program(run: Run, shell: str) -> None:
    result = run("completion", shell)
    assert result.exit_code == 0
    assert "_WEBHOOKS_UI_COMPLETE" in result.stdout


@pytest.mark.process
def test_bash_completes_commands_and_values(tmp_path: Path) -> None:
    """As bash does at Tab: the words and the cursor's place go to the function of the command."""
    asked = {
        "webhooks-ui rot": ["rotate-key"],
        "webhooks-ui token add x --scope ": ["events", "admin"],
    }
    script = ['eval "$(webhooks-ui completion bash)"']
    for line in asked:
        words = line.split(" ")
        script.append(
            f"COMPREPLY=(); COMP_WORDS=({shlex.join(words)}); COMP_CWORD={len(words) - 1}"
        )
        script.append("$(complete -p webhooks-ui | grep -o '_[a-z_]*') webhooks-ui")
        script.append('echo "${COMPREPLY[@]}"')
    places = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "--norc", "-ec", "\n".join(script)],
        env={"PATH": places, "HOME": str(tmp_path), "WEBHOOKS_UI_DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert [line.split() for line in done.stdout.splitlines()] == [*asked.values()]
    assert [*tmp_path.iterdir()] == []
