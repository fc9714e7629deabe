"""Every code of the contract has its texts and its series."""

from webhooks_ui.catalogue.error_codes import DELIVERY_STATUSES, ERROR_CODES
from webhooks_ui.explanations.network_errors import ERRORS
from webhooks_ui.explanations.verdicts import ERROR_LABELS, STATUS_LABELS


def test_every_status_has_a_label() -> None:
    assert set(STATUS_LABELS) == set(DELIVERY_STATUSES)


def test_every_error_has_a_label() -> None:
    assert set(ERROR_LABELS) == set(ERROR_CODES)


def test_every_error_has_an_explanation() -> None:
    # An HTTP status is explained by the status itself.
    assert {*ERRORS, "http_status"} == set(ERROR_CODES)
