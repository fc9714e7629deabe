"""axe at what other pages show: on one page, where its half megabyte is read and compiled once."""

from playwright.sync_api import Page

from tests.browser.phone import LAY_OUT
from tests.support.browser import ColorScheme, assert_accessible

# What stands on a page, with what is ticked and chosen there.
WRITTEN = """() => {
  for (const each of document.querySelectorAll("input"))
    each.toggleAttribute("checked", each.checked);
  for (const each of document.querySelectorAll("option"))
    each.toggleAttribute("selected", each.selected);
  // What scripts have set is no style that our policy lets a parser take.
  return document.documentElement.outerHTML.replaceAll(/ style="[^"]*"/g, "");
}"""
# The head stays, and so do its style and axe.
SHOW = """(html) => {
  const shown = new DOMParser().parseFromString(html, "text/html");
  const root = document.documentElement;
  for (const { name } of [...root.attributes]) root.removeAttribute(name);
  for (const { name, value } of shown.documentElement.attributes) root.setAttribute(name, value);
  document.title = shown.title;
  document.body.replaceWith(shown.body);
  return root.scrollHeight;
}"""

# For these axe needs more time than for all the rest: our own scripts look at all states, and axe
# at the different layouts, each in one theme and width.
LOOKED_AT = ("color-contrast", "target-size")
JUDGED_WIDE = ("webhook", "new channel", "events", "person")
JUDGED_NARROW = ("list", "delivery", "source")
WIDE, NARROW = 1280, 320  # px


class Auditor:
    """Has axe judge copies of pages: narrow and light, or wide and dark."""

    def __init__(self, page: Page) -> None:
        self._page = page
        page.goto("/help")

    def judge(self, page: Page, state: str) -> None:
        """AssertionError when axe finds something on this page as it is now."""
        is_wide = state in JUDGED_WIDE
        scheme: ColorScheme = "dark" if is_wide else "light"
        self._page.emulate_media(color_scheme=scheme)
        size = {"width": WIDE if is_wide else NARROW, "height": 800}
        self._page.set_viewport_size({"width": size["width"], "height": size["height"]})
        height = self._page.evaluate(SHOW, page.evaluate(WRITTEN))
        self._page.evaluate(LAY_OUT)
        if state in JUDGED_WIDE + JUDGED_NARROW:
            # A window as high as the page: no bar at its edge covers what one could scroll to.
            self._page.set_viewport_size({"width": size["width"], "height": height})
            assert_accessible(self._page)
        else:
            assert_accessible(self._page, without=LOOKED_AT)
