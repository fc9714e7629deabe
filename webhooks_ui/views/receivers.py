"""The built-in receiver: make one, see its requests, choose its response."""

import socket
from contextlib import suppress

from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response as BaseResponse

from webhooks_ui.crypto.vault import current_vault
from webhooks_ui.models import Receiver
from webhooks_ui.models.receiver import MAX_REQUESTS
from webhooks_ui.receiver import built_in
from webhooks_ui.receiver.built_in import ANSWERS, RETRY_AFTER, Arrival
from webhooks_ui.validation.webhook import METHODS
from webhooks_ui.web import payloads
from webhooks_ui.web.body_limits import max_body, with_event
from webhooks_ui.web.extensions import csrf
from webhooks_ui.web.own_address import base_url
from webhooks_ui.web.pieces import is_piece_request, or_404

blueprint = Blueprint("receiver", __name__)
BODY = '{"received": true}\n'
STATUSES = {"slow": 200, "busy": 503}


@blueprint.get("/receiver")
def index() -> str:
    """The receivers that have not expired, and the button that makes one."""
    return render_template("receiver/list.html", receivers=Receiver.live())


@blueprint.post("/receiver")
def make() -> BaseResponse:
    receiver = built_in.make(base_url(current_app.config), current_user.user)
    if receiver is None:
        flash(_("There are too many receivers. Delete one that is no longer used."), "bad")
        return redirect(url_for(".index"), 303)
    return redirect(url_for(".show", token=receiver.token), 303)


@blueprint.get("/receiver/<token>")
def show(token: str) -> str | tuple[str, int]:
    """The requests received; as a piece, what the page polls."""
    receiver = Receiver.by_token(token)
    if receiver is None:
        return render_template("receiver/expired.html"), 404
    newest = receiver.newest()
    if is_piece_request() and request.args.get("newest") == str(newest):
        return "", 204
    payloads.record_reading("receiver", str(receiver.id))
    template = "receiver/_requests.html" if is_piece_request() else "receiver/show.html"
    return render_template(
        template,
        receiver=receiver,
        requests=receiver.requests(),
        newest=newest,
        answers=ANSWERS,
        most=MAX_REQUESTS,
    )


@blueprint.route("/receiver/<token>", methods=METHODS)
@max_body(with_event)
def arrive(token: str) -> Response:
    """Takes a request from anybody who knows the URL."""
    receiver = or_404(Receiver.by_token(token))
    arrival = Arrival(
        request.method, list(request.headers.items()), request.get_data(), request.remote_addr
    )
    answer = built_in.arrive(receiver, arrival, current_vault())
    if answer == "slow":
        built_in.wait_slowly()
    if answer == "hang_up":
        _hang_up()
    status = STATUSES.get(answer) or (int(answer) if answer.isdecimal() else 503)
    response = Response(BODY if status == 200 else "", status, mimetype="application/json")
    if status in (429, 503):
        response.headers["Retry-After"] = str(RETRY_AFTER)
    return response


csrf.exempt(arrive)  # senders have no token, and the request is only stored and shown


@blueprint.post("/receiver/<token>/answer")
def choose(token: str) -> BaseResponse:
    """Sets the response to further requests."""
    answer = request.form.get("answer", "")
    built_in.choose(or_404(Receiver.by_token(token)), answer if answer in ANSWERS else abort(422))
    flash(_("Response saved: %(answer)s.", answer=ANSWERS[answer]), "good")
    return redirect(url_for(".show", token=token), 303)


@blueprint.post("/receiver/<token>/delete")
def delete(token: str) -> BaseResponse:
    built_in.remove(or_404(Receiver.by_token(token)))
    flash(_("Receiver deleted."), "info")
    return redirect(url_for(".index"), 303)


def _hang_up() -> None:
    """Closes the connection without a response; what is written afterwards is lost."""
    # waitress exposes its channel only through this bound method.
    channel = getattr(request.environ.get("waitress.client_disconnected"), "__self__", None)
    connection = getattr(channel, "socket", None) or request.environ.get("werkzeug.socket")
    if connection is not None:
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
