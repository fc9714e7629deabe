"""The sources: the list, making, editing and deleting one, and the requests that came."""

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from webhooks_ui import api
from webhooks_ui.crypto.vault import current_vault
from webhooks_ui.forms.source import SourceForm
from webhooks_ui.models import Source, SourceRequest, source_changes
from webhooks_ui.models.pages import number_of
from webhooks_ui.models.source_request import KEPT_BODY, KEPT_REQUESTS
from webhooks_ui.sources.base import REASONS
from webhooks_ui.sources.kinds import KINDS
from webhooks_ui.text.visibility import isolated
from webhooks_ui.web import payloads
from webhooks_ui.web.kept_form import keeps_typed
from webhooks_ui.web.own_address import base_url
from webhooks_ui.web.pieces import Answer, form_page, is_piece_request, or_404
from webhooks_ui.web.shown_once import show_once, take_shown

blueprint = Blueprint("sources", __name__)
KIND = "chatwoot"  # the one that the form makes


@blueprint.get("/sources")
def index() -> str:
    """The sources, with the newest request of each."""
    page = Source.page(number_of(request.args.get("page", "")))
    return render_template(
        "sources/list.html",
        page=page,
        page_url=lambda n: url_for(".index", page=n),
        newest=SourceRequest.newest(page.items),
        kinds=KINDS,
    )


@blueprint.route("/sources/new", methods=["GET", "POST"])
@keeps_typed
def new() -> Answer:
    """Makes a source; its URL is shown once, on its page."""
    form = SourceForm()
    if request.method != "POST" or not form.check():
        return form_page("sources/form.html", form=form, source=None)
    public_id, token = source_changes.make(KIND, form.settings, current_vault())
    return _show_url(public_id, KIND, token)


@blueprint.get("/sources/<id>")
def show(id: str) -> Answer:
    """A source with its last requests; as a piece, what the page polls."""
    source = or_404(Source.by_public_id(id))
    requests = SourceRequest.of(source)
    newest = requests[0].id if requests else 0
    if is_piece_request() and request.args.get("newest") == str(newest):
        return "", 204
    payloads.record_reading("source", id, source.name)
    is_piece = is_piece_request()
    return render_template(
        "sources/_requests.html" if is_piece else "sources/show.html",
        source=source,
        requests=requests,
        newest=newest,
        reasons=REASONS,
        most=KEPT_REQUESTS,
        most_body=KEPT_BODY,
        url=None if is_piece else take_shown(id),
    )


@blueprint.route("/sources/<id>/edit", methods=["GET", "POST"])
@keeps_typed
def edit(id: str) -> Answer:
    source = or_404(Source.by_public_id(id))
    form = SourceForm(data={"name": source.name, **source.options})
    if request.method != "POST" or not form.check():
        return form_page("sources/form.html", form=form, source=source)
    source_changes.change(source, form.settings, current_vault())
    flash(_("Source “%(name)s” saved.", name=isolated(form.name.data)), "good")
    return redirect(url_for(".show", id=id), 303)


@blueprint.post("/sources/<id>/rotate-token")
def rotate_token(id: str) -> Response:
    """Gives the source a new URL."""
    source = or_404(Source.by_public_id(id))
    token = source_changes.rotate_token(source)
    return _show_url(id, source.kind, token)


@blueprint.post("/sources/<id>/delete")
def delete(id: str) -> Response:
    """Deletes a source; its events stay."""
    source = or_404(Source.by_public_id(id))
    name = source.name
    source_changes.delete(source)
    flash(_("Source “%(name)s” deleted.", name=isolated(name)), "good")
    return redirect(url_for(".index"), 303)


def _show_url(public_id: str, kind: str, token: str) -> Response:
    api.load(current_app)  # which has the route
    path = url_for(f"api.sources_{kind}", token=token).removeprefix(request.script_root)
    show_once(public_id, base_url(current_app.config) + path)
    return redirect(url_for(".show", id=public_id), 303)
