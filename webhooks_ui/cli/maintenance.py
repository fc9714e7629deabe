"""The commands `doctor`, `migrate` and `prune`."""

from collections import Counter
from contextlib import suppress

import click

from webhooks_ui.cli.app_context import JSON, app_context, print_facts, print_rows

_TONES = {"good": "ok", "wait": "warning", "bad": "problem"}


@click.command()
@JSON
def doctor(as_json: bool) -> None:
    """Check the set-up, and say what is wrong and what to do; exit status 1 if something is."""
    from webhooks_ui import create_app
    from webhooks_ui.audit import calls
    from webhooks_ui.database.engine import UNREACHABLE
    from webhooks_ui.diagnostics.findings import findings
    from webhooks_ui.server import process

    app = create_app(pages=False)
    try:
        with app.app_context():
            rows = [
                (one.check, _TONES[one.tone], str(one.text), str(one.way_out or ""))
                for one in findings(app)
            ]
            if rows[0][1] == "ok":  # the database
                with suppress(*UNREACHABLE):  # it went away meanwhile
                    calls.command_run("doctor")
    finally:
        process.close(app)
    if as_json:
        print_rows(("check", "result", "text", "way_out"), rows, as_json=True)
    else:
        for check, result, text, way_out in rows:
            click.echo(f"{result:8} {check}: {text}" + (f" {way_out}" if way_out else ""))
    if any(result == "problem" for _, result, *_ in rows):
        raise SystemExit(1)


@click.command()
def migrate() -> None:
    """Bring the database to the schema of this version, as `serve` and `worker` do."""
    with app_context(migrates=True):
        click.echo("The database is up to date.")


@click.command()
@click.option(
    "--vacuum",
    is_flag=True,
    help="Then rewrite the SQLite file; other writers wait meanwhile.",
)
@click.option(
    "--dry-run", is_flag=True, help="Print how many events and deliveries would be deleted, only."
)
@JSON
def prune(vacuum: bool, dry_run: bool, as_json: bool) -> None:
    """Delete what is older than RETENTION, as a worker does once a day, and free the space."""
    from webhooks_ui import audit
    from webhooks_ui.database import vacuum as space
    from webhooks_ui.database.types import now
    from webhooks_ui.jobs import retention
    from webhooks_ui.models import pruning

    with app_context() as app:
        if dry_run:
            moment = now()
            counts = pruning.count_old(moment - app.config["RETENTION"], moment)
            lines = [f"{table}: {count:,} would be deleted" for table, count in counts.items()]
            print_facts(counts, lines, as_json=as_json)
            return
        before, deleted = space.size(), Counter[str]()
        kept, kept_of_audit = app.config["RETENTION"], app.config["AUDIT_RETENTION"]
        turns = retention.prune(kept, now(), audit_retention=kept_of_audit)
        for turn in retention.with_pauses(turns):
            deleted += turn
        if vacuum:
            space.rewrite()
        del deleted["pages"]
        audit.record("database.pruned", details=deleted)
        first = ("events", "deliveries")
        facts = {table: deleted[table] for table in (*first, *sorted(deleted.keys() - first))}
        lines = [f"{name.replace('_', ' ')}: {count:,} deleted" for name, count in facts.items()]
        if before:
            facts |= {"database_bytes": space.size(), "database_bytes_before": before}
            lines.append(f"database file: {space.size():,} bytes, was {before:,}")
        print_facts(facts, lines, as_json=as_json)
        if not space.gives_back():
            hint = "This file keeps its size. To shrink it: webhooks-ui prune --vacuum"
            click.echo(hint, err=as_json)
