"""`webhooks-ui completion` prints what makes a shell complete the commands."""

import pytest

from tests.cli.conftest import Run


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_asks_the_program(run: Run, shell: str) -> None:
    result = run("completion", shell)
    assert result.exit_code == 0
    assert "_WEBHOOKS_UI_COMPLETE" in result.stdout


def test_the_program_answers(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from webhooks_ui.cli.main import main

    monkeypatch.setenv("_WEBHOOKS_UI_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "webhooks-ui rot")
    monkeypatch.setenv("COMP_CWORD", "1")
    with pytest.raises(SystemExit):
        main([], prog_name="webhooks-ui")
