"""The built-in receiver: make one, see what arrives, choose what it answers."""

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
from webhooks_ui.web.extensions import csrf
from webhooks_ui.web.security import is_piece_request

blueprint = Blueprint("receiver", __name__)
BODY = '{"received": true}\n'
STATUSES = {"slow": 200, "busy": 503}


@blueprint.get("/receiver")
def index() -> str:
    """Those that live, and the button that makes one."""
    return render_template("receiver/list.html", receivers=Receiver.live())


@blueprint.post("/receiver")
def make() -> BaseResponse:
    """Makes one."""
    receiver = built_in.make(base_url(), current_user.user)
    if receiver is None:
        flash(_("There are too many receivers. Delete one that is no longer used."), "bad")
        return redirect(url_for(".index"), 303)
    return redirect(url_for(".show", token=receiver.token), 303)


@blueprint.get("/receiver/<token>")
def show(token: str) -> str | tuple[str, int]:
    """What arrived; as a piece, what the page asks for again and again."""
    receiver = Receiver.by_token(token)
    if receiver is None:
        return render_template("receiver/expired.html"), 404
    newest = receiver.newest()
    if is_piece_request() and request.args.get("newest") == str(newest):
        return "", 204
    template = "receiver/_requests.html" if is_piece_request() else "receiver/show.html"
    return render_template(
        template,
        receiver=receiver,
        requests=receiver.requests(),
        newest=newest,
        answers=ANSWERS,
        most=MAX_REQUESTS,
    )


@blueprint.post("/receiver/<token>")
def arrive(token: str) -> Response:
    """A request arrives, from whoever knows the address."""
    receiver = Receiver.by_token(token) or abort(404)
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


csrf.exempt(arrive)  # it comes from anywhere, and changes nothing but what this page shows


@blueprint.post("/receiver/<token>/answer")
def choose(token: str) -> BaseResponse:
    """What it answers from now on."""
    answer = request.form.get("answer", "")
    built_in.choose(_load(token), answer if answer in ANSWERS else abort(422))
    flash(_("From now on it answers: %(answer)s.", answer=ANSWERS[answer]), "good")
    return redirect(url_for(".show", token=token), 303)


@blueprint.post("/receiver/<token>/delete")
def delete(token: str) -> BaseResponse:
    """Deletes it with all that arrived."""
    built_in.remove(_load(token))
    flash(_("The receiver is deleted."), "info")
    return redirect(url_for(".index"), 303)


def base_url() -> str:
    """The console's own address: as it is set, or as it listens; never as a request calls it."""
    config = current_app.config
    local = f"http://{config['HOST']}:{config['PORT']}"
    own: str = config["PUBLIC_URL"] or config.get("OWN_URL") or local
    return own.rstrip("/")


def _load(token: str) -> Receiver:
    return Receiver.by_token(token) or abort(404)


def _hang_up() -> None:
    """Ends the connection without an answer; what is written to it afterwards goes nowhere."""
    # waitress gives no other way to the connection than by this method of its channel.
    channel = getattr(request.environ.get("waitress.client_disconnected"), "__self__", None)
    connection = getattr(channel, "socket", None) or request.environ.get("werkzeug.socket")
    if connection is not None:
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
