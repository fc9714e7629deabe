"""The commands `export` and `import`."""

from pathlib import Path
from typing import IO

import click

from webhooks_ui.cli.app_context import JSON, app_context, in_one_line, print_facts

_PASSPHRASE = click.option(
    "--passphrase-file",
    type=click.File("r"),
    help="A file with the passphrase of the secrets on its first line; - is standard input.",
)


@click.command("export")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path, allow_dash=True))
@_PASSPHRASE
def export_(file: Path, passphrase_file: IO[str] | None) -> None:
    """Write channels, webhooks and sources as YAML into FILE; - is standard output.

    Secrets are left out, or encrypted where there is a passphrase.
    """
    from webhooks_ui import audit
    from webhooks_ui.api.configuration import files
    from webhooks_ui.crypto.passphrase import LEAST
    from webhooks_ui.database.files import write

    passphrase = _passphrase(passphrase_file)
    if passphrase_file and len(passphrase) < LEAST:
        raise click.UsageError(f"A passphrase has {LEAST} characters or more.")
    with app_context():
        text = files.write(passphrase)
        audit.exported("configuration.exported", "configuration", secrets=bool(passphrase))
    if str(file) == "-":
        click.echo(text, nl=False)
    else:
        with in_one_line():
            write(file, text)
        click.echo(f"{file} is written.")


@click.command("import")
@click.argument("file", type=click.File("r", encoding="utf-8"))
@click.option("--dry-run", is_flag=True, help="Only print the difference.")
@_PASSPHRASE
@JSON
def import_(file: IO[str], dry_run: bool, passphrase_file: IO[str] | None, as_json: bool) -> None:
    """Bring channels, webhooks and sources to what FILE says, all of it or nothing.

    Prints the difference. What FILE does not name stays as it is; so do secrets that are left out.
    """
    from webhooks_ui.api.configuration import importing, planning
    from webhooks_ui.api.configuration.faults import ImportFaults

    try:
        text = file.read()
    except UnicodeDecodeError:
        raise click.ClickException(f"{file.name} is not UTF-8 text.") from None
    with app_context(pages=True):
        try:
            plan = planning.plan(text, _passphrase(passphrase_file))
            lines = importing.difference(plan) if dry_run else importing.apply(plan, None)
        except ImportFaults as error:
            errors = [{"pointer": place, "detail": str(words)} for place, words in error.faults]
            told = [f"{one['pointer'] or '/'}: {one['detail']}" for one in errors]
            print_facts({"errors": errors}, told, as_json=as_json, err=not as_json)
            raise click.ClickException("Nothing was changed.") from None
    colours = {"+": "green", "-": "red", "@": "cyan"}
    facts = {"applied": bool(lines) and not dry_run, "difference": [*lines]}
    print_facts(facts, [click.style(one, colours.get(one[0])) for one in lines], as_json=as_json)
    if not lines:
        click.echo("Nothing differs.", err=True)


def _passphrase(file: IO[str] | None) -> str:
    return file.readline().rstrip("\r\n") if file else ""
