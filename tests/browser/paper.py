"""On paper: the content, with all that is folded, and nothing that only a screen can press."""

from playwright.sync_api import Page, expect

PRINTED = ("list", "webhook", "good result", "delivery", "event", "recover", "channel")
BUTTONS = """() => [...document.querySelectorAll("button, .btn, [type=submit], nav")]
  .filter((each) => each.checkVisibility({ visibilityProperty: true }))
  .map((each) => each.outerHTML.slice(0, 120))"""
ON_PAPER = f"() => [({BUTTONS})(), document.querySelector('h1').checkVisibility()]"


def assert_right_on_paper(page: Page, state: str) -> None:
    """What is asked of this state where it is printed, in English: the style knows no language."""
    if state not in PRINTED:
        return
    assert page.evaluate(BUTTONS)
    page.emulate_media(media="print")
    try:
        assert page.evaluate(ON_PAPER) == [[], True]
        if state == "delivery":
            expect(page.get_by_role("region", name="Request body")).to_be_visible()
            expect(page.get_by_text("webhook-signature").first).to_be_visible()  # a folded part
    finally:
        page.emulate_media(media="null")
