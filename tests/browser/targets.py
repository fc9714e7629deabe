"""Size of what is pressed, in a fiftieth of the time that axe takes for its rule target-size."""

from playwright.sync_api import Page

# WCAG 2.2, 2.5.8: 24 px wide and high, or so far from others that a circle of 24 px around its
# middle meets neither another target nor another small one's circle. Links within a sentence and
# what the browser itself draws have no such size.
TOO_SMALL = """() => {
  const LEAST = 24;
  const inSentence = (element) => getComputedStyle(element).display === "inline"
    && [...element.parentElement.childNodes].some((of) => of.nodeType === 3 && of.data.trim());
  const isPressed = (element) => element.tabIndex >= 0
    && element.checkVisibility({ visibilityProperty: true, opacityProperty: true })
    && !element.closest("[inert], :disabled, [aria-hidden=true]");
  // What would cover others at an edge of the window, wherever one has scrolled to.
  const bars = [...document.querySelectorAll("body *")]
    .filter((element) => ["fixed", "sticky"].includes(getComputedStyle(element).position));
  for (const bar of bars) bar.style.position = "static";
  const shown = [...document.querySelectorAll(
    "a[href], button, input:not([type=hidden]), select, textarea, summary, [role=button]",
  )].filter(isPressed).map((element) => ({
    element, box: element.getBoundingClientRect(),
  })).filter(({ box }) => box.width > 1 && box.height > 1);
  for (const bar of bars) bar.style.position = "";
  const isSmall = ({ box }) => box.width < LEAST - 0.5 || box.height < LEAST - 0.5;
  const middle = ({ box }) => [box.left + box.width / 2, box.top + box.height / 2];
  const meets = (small, other) => {
    const [x, y] = middle(small);
    if (isSmall(other)) {
      const [left, top] = middle(other);
      return Math.hypot(x - left, y - top) < LEAST - 0.5;
    }
    const { left, right, top, bottom } = other.box;
    const beside = [Math.max(left - x, 0, x - right), Math.max(top - y, 0, y - bottom)];
    return Math.hypot(...beside) < LEAST / 2 - 0.5;
  };
  const isApart = (one, other) => !one.element.contains(other.element)
    && !other.element.contains(one.element);
  const found = shown.filter((each) => isSmall(each) && !inSentence(each.element)
    && shown.some((other) => isApart(each, other) && meets(each, other)));
  return [shown.length, ...found.map(({ element, box }) =>
    `${box.width.toFixed(1)} x ${box.height.toFixed(1)} px: ${element.outerHTML.slice(0, 120)}`)];
}"""


def assert_large_enough(page: Page) -> None:
    """What can be pressed is large enough, or far enough from the next."""
    targets, *small = page.evaluate(TOO_SMALL)
    assert targets > 0
    assert not small, f"{page.url}\n" + "\n".join(small)
