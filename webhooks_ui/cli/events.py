"""The command `event send`."""

from typing import IO

import click

from webhooks_ui.cli.app_context import JSON, app_context, print_facts


@click.group()
def event() -> None:
    """Events to be delivered to webhooks."""


@event.command("send")
@click.argument("type")
@click.option("--channel", help="The key of the event's channel.")
@click.option(
    "--data",
    type=click.File("rb"),
    help="A file with the event's data, a JSON object; - is standard input. Default: a sample.",
)
@JSON
def send(type: str, channel: str | None, data: IO[bytes] | None, as_json: bool) -> None:
    """Accept an event as the API does; print its id and the number of deliveries."""
    from webhooks_ui import audit
    from webhooks_ui.catalogue.event_types import ALL_TYPES, canonical
    from webhooks_ui.intake.accept import accept
    from webhooks_ui.intake.event import ChannelName, IncomingEvent, Refusal
    from webhooks_ui.monitoring import metrics
    from webhooks_ui.validation import event as event_rules

    with app_context() as app:
        metrics.share(app.config["DATA_DIR"])
        known = ALL_TYPES.get(canonical(type))
        sample = known.sample_text if known else "{}"
        raw = data.read().strip() if data else sample.encode()
        if problem := event_rules.data_problem(raw, app.config["MAX_EVENT_SIZE"]):
            raise click.ClickException(str(problem))
        answer = accept(
            [IncomingEvent(canonical(type), raw, ChannelName(channel) if channel else None)]
        )
        if isinstance(answer, Refusal):
            raise click.ClickException(str(answer.detail))
        audit.record("event.sent", "event", answer[0].event_id, type)
        facts = {"id": answer[0].event_id, "deliveries": answer[0].deliveries}
        print_facts(facts, f"{facts['id']} {facts['deliveries']}", as_json=as_json)
