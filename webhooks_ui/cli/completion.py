"""The command `completion`."""

import click
from click.shell_completion import BashComplete, FishComplete, ZshComplete

_KINDS = {"bash": BashComplete, "zsh": ZshComplete, "fish": FishComplete}


@click.command()
@click.argument("shell", type=click.Choice([*_KINDS]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the script by which SHELL completes commands and options.

    For bash: eval "$(webhooks-ui completion bash)" in ~/.bashrc.
    """
    program = context.find_root().command
    kind = _KINDS[shell]
    click.echo(kind(program, {}, "webhooks-ui", "_WEBHOOKS_UI_COMPLETE").source())
