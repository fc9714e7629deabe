"""Room of what is pressed by a finger: found by pressing, as it were, around its middle."""

from typing import Any

from playwright.sync_api import Page

from tests.browser.looks import Look, assert_looks

LEAST = 40  # px, wide and high

# Links within a sentence are as high as its line (WCAG 2.2, 2.5.8). What takes a press is asked of
# the page, point by point: room beyond what is seen counts, and what lies beneath another has none.
# An open menu or dialogue covers the rest. A menu follows its button, where that has gone by a
# scroll or with the size of the window, with the next picture only.
TOO_SMALL = """async (least) => {
  const beside = ({ parentElement }) => [...parentElement.childNodes]
    .filter(({ nodeType }) => nodeType === Node.TEXT_NODE).map(({ data }) => data).join("");
  const inSentence = (each) => getComputedStyle(each).display === "inline"
    && beside(each).match(/\\S+/g)?.length > 2;
  const isPressed = (each) => !each.closest(
      ".sr, .skip, [inert], :disabled, [aria-hidden=true], .rows thead")
    && each.checkVisibility({ visibilityProperty: true, opacityProperty: true });
  const top = document.querySelector(":popover-open, dialog:modal") ?? document;
  const picture = () => top === document
    || new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  await picture();
  // What would cover others at an edge of the window, wherever one has scrolled to.
  const bars = [...(top === document ? document.querySelectorAll("body *") : [])]
    .filter((each) => ["fixed", "sticky"].includes(getComputedStyle(each).position));
  for (const bar of bars) bar.style.position = "static";
  const shown = [...top.querySelectorAll(
    "a[href], button, select, summary, input:not([type=hidden]), textarea",
  )].filter(isPressed).map((each) => ({
    each, touched: each.matches("[type=checkbox], [type=radio]") && each.closest("label") || each,
  })).filter(({ touched }) => touched.getClientRects()[0]?.width > 1);
  const room = async ({ each, touched }) => {
    const { y } = touched.getClientRects()[0];
    if (y < least || y > innerHeight - 2 * least) {
      scrollBy(0, y - innerHeight / 3);
      await picture();
    }
    const { left, top, width, height } = touched.getClientRects()[0];
    const isOwn = (right, down) => {
      const found = document.elementFromPoint(
        left + width / 2 + right, top + Math.min(height / 2, least) + down);
      return touched.contains(found) || found?.closest("label")?.control === each;
    };
    const reach = (right, down) => {
      const isThere = (steps) => isOwn(right * steps, down * steps);
      if (isThere(least / 2 - 0.5) && isThere(0.5 - least / 2)) return least;
      const far = (way) => {
        let steps = 0;
        while (steps < least && isThere(way * (steps + 1))) steps += 1;
        return steps;
      };
      return far(1) + far(-1) + 1;
    };
    return isOwn(0, 0) ? [reach(1, 0), reach(0, 1)] : [0, 0];
  };
  const found = [];
  for (const target of shown) {
    const [wide, high] = await room(target), { each } = target;
    if (Math.min(wide, high) < (inSentence(each) ? 1 : least - 1)) found.push([each, wide, high]);
  }
  for (const bar of bars) bar.style.position = "";
  scrollTo(0, 0);
  return [shown.length, ...found.map(([each, wide, high]) =>
    `${wide} x ${high} px: ${each.outerHTML.replaceAll(/\\s+/g, " ").slice(0, 140)}`)];
}"""


def _judge(found: list[Any]) -> None:
    targets, *small = found
    assert targets > 0
    assert not small, "\n".join(small)


LARGE_ENOUGH = Look(TOO_SMALL, _judge, LEAST)


def assert_large_enough(page: Page) -> None:
    """Whatever can be pressed has the room of a finger, and nothing else takes from it."""
    assert_looks(page, LARGE_ENOUGH)
