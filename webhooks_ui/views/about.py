"""About this installation: versions, keys, settings, and what `doctor` says."""

from flask import Blueprint, current_app, render_template

from webhooks_ui.diagnostics import facts
from webhooks_ui.diagnostics.findings import findings

blueprint = Blueprint("about", __name__)


@blueprint.get("/settings/about")
def show() -> str:
    return render_template(
        "settings/about.html",
        findings=findings(current_app),
        facts=facts,
        data_dir=current_app.config["DATA_DIR"],
        settings=facts.given_settings(),
    )
