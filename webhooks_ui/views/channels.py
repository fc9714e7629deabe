"""The channels: the list, and adding, editing and deleting one."""

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from webhooks_ui.catalogue.channel_kinds import CHANNEL_KINDS
from webhooks_ui.forms.channel import ChannelForm
from webhooks_ui.models import Channel, Webhook, channel_changes
from webhooks_ui.models.channel import ChannelQuery
from webhooks_ui.text.visibility import isolated
from webhooks_ui.web.kept_form import keeps_typed
from webhooks_ui.web.pieces import Answer, form_page, list_answer, or_404

blueprint = Blueprint("channels", __name__)


@blueprint.get("/channels")
def index() -> Response | str:
    """The channels with the number of webhooks that use each, searched and paged."""
    query = ChannelQuery.parse(request.args)
    page = query.find()
    context = {
        "page": page,
        "filters": query,
        "counts": channel_changes.webhook_counts([channel.id for channel in page.items]),
        "kinds": {code: str(label) for code, label in CHANNEL_KINDS.items()},
        "page_url": lambda n: url_for(".index", **query.arguments(page=n)),
    }
    return list_answer("channels", url_for(".index", **query.arguments()), context)


@blueprint.route("/channels/new", methods=["GET", "POST"])
@keeps_typed
def new() -> Answer:
    form = ChannelForm()
    if request.method == "POST" and (saved := _save(form, None)):
        return _done(_("Channel “%(name)s” added.", name=isolated(saved.name)))
    return form_page("channels/form.html", form=form)


@blueprint.route("/channels/<id>/edit", methods=["GET", "POST"])
@keeps_typed
def edit(id: str) -> Answer:
    """Edits a channel; the page also has the button to delete it."""
    channel = or_404(Channel.by_public_id(id))
    form = ChannelForm(obj=channel)
    if request.method == "POST" and (saved := _save(form, channel)):
        return _done(_("Channel “%(name)s” saved.", name=isolated(saved.name)))
    return form_page("channels/form.html", **_edited(form, channel))


@blueprint.post("/channels/<id>/delete")
def delete(id: str) -> Answer:
    """Deletes a channel for good; refused while webhooks use it."""
    channel = or_404(Channel.by_public_id(id))
    name = channel.name
    if channel_changes.delete(channel):
        context = _edited(ChannelForm(formdata=None, obj=channel), channel)
        return render_template("channels/form.html", refused=True, **context), 409
    return _done(_("Channel “%(name)s” deleted.", name=isolated(name)))


def _save(form: ChannelForm, channel: Channel | None) -> Channel | None:
    if not form.check():
        return None
    saved = channel_changes.save(channel, form.settings) or abort(404)
    if isinstance(saved, channel_changes.KeyTaken):
        form.refuse_key(saved.by)
        return None
    return saved


def _edited(form: ChannelForm, channel: Channel) -> dict[str, Any]:
    """What the form shows of a channel that exists."""
    return {"form": form, "channel": channel, "listening": Webhook.of_channel(channel)}


def _done(message: str) -> Response:
    flash(message, "good")
    return redirect(url_for(".index"), 303)
