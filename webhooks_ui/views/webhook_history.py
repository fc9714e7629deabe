"""The history of one webhook: who changed what, and when."""

from flask import render_template, request, url_for

from webhooks_ui.models import audit_list
from webhooks_ui.views.deleted_webhooks import existing
from webhooks_ui.views.webhooks import blueprint


@blueprint.get("/webhooks/<id>/history")
def history(id: str) -> str:
    """Its changes as the audit log has them, the newest first; secrets are only told as changed."""
    webhook = existing(id)
    before = request.args.get("before", "")
    is_row = before.isascii() and before.isdigit() and len(before) < 19
    found = audit_list.history(id, before=int(before) if is_row else None)
    return render_template(
        "webhooks/history.html",
        webhook=webhook,
        entries=audit_list.load(found.ids),
        found=found,
        before=before if is_row else "",
        page_url=lambda row: url_for(".history", id=id, before=row or None),
    )
