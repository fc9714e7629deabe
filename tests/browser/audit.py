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
        page.evaluate(LAY_OUT)
        self._set("light", NARROW)

    def _set(self, scheme: ColorScheme, width: int, height: int = 800) -> None:
        self._page.emulate_media(color_scheme=scheme)
        self._page.set_viewport_size({"width": width, "height": height})

    def judge(self, written: str, state: str) -> None:
        """AssertionError when axe finds something in what was `WRITTEN` on a page."""
        height = self._page.evaluate(SHOW, written)
        if state not in JUDGED_WIDE + JUDGED_NARROW:
            assert_accessible(self._page, without=LOOKED_AT)
            return
        # A window as high as the page: no bar at its edge covers what one could scroll to.
        if state in JUDGED_WIDE:
            self._set("dark", WIDE)
            self._set("dark", WIDE, self._page.evaluate("document.documentElement.scrollHeight"))
        else:
            self._set("light", NARROW, height)
        try:
            assert_accessible(self._page)
        finally:
            self._set("light", NARROW)
