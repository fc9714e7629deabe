"""How a page stands in its window: no wider than that, and still since it was loaded."""

from typing import Any

from tests.browser.looks import Look, act

# In one script where a page is only looked at: for a first locator, Playwright loads into each page
# what costs a third of the page itself.
HEADING = """() => document.querySelector("main h1").checkVisibility({ visibilityProperty: true })
  && document.documentElement.lang"""
UNFOLD = "kind => document.querySelectorAll(`details${kind}`).forEach(each => each.open = true)"
TOO_WIDE = """() => {
  const right = (each) => each.getBoundingClientRect().right;
  const beyond = [...document.querySelectorAll(".card .rows")]
    .filter((each) => right(each) > right(each.closest(".card")) + 1);
  if (beyond.length) return beyond.map((each) => `wider than its card: ${each.innerText}`);
  const { scrollWidth, clientWidth } = document.scrollingElement;
  if (scrollWidth <= clientWidth) return [];
  return [...document.body.querySelectorAll("*")]
    .filter((each) => right(each) > clientWidth + 1)
    .map((each) => each.outerHTML.slice(0, 120)).slice(0, 5).concat(`${scrollWidth} px`);
}"""

MAX_SHIFT = 0.02  # https://web.dev/articles/cls calls 0.1 good
# Entries of https://wicg.github.io/layout-instability/ before the first press. A press is told of
# once its effect is painted, and pieces may still be on their way.
SHIFTS = """() => new Promise((resolve) => {
  const found = [];
  const observer = new PerformanceObserver((list) => found.push(...list.getEntries()));
  for (const type of ["layout-shift", "first-input"]) observer.observe({ type, buffered: true });
  const press = () => found.find((entry) => entry.entryType === "first-input");
  const isPressed = () => ["pointerdown", "keydown"].some((of) => performance.eventCounts.get(of));
  let looks = 0;
  const look = () => {
    found.push(...observer.takeRecords());
    const waits = isPressed() && !press() || document.querySelector(".htmx-request");
    if (waits && looks++ < 500) return setTimeout(look, 20);
    const pressed = press()?.startTime ?? Infinity;
    resolve(found.filter((entry) => entry.value && entry.startTime < pressed).map((entry) => [
      entry.value, ...entry.sources.map(({ node }) => node?.outerHTML?.slice(0, 90) ?? "text"),
    ]));
  };
  requestAnimationFrame(() => setTimeout(look, 50));
})"""


def _judge_shifts(shifts: list[list[Any]]) -> None:
    assert sum(value for value, *_sources in shifts) < MAX_SHIFT, shifts


def _judge_width(wide: list[str]) -> None:
    assert wide == [], wide


def _judge_heading(language: str | None) -> None:
    assert language == "uk"


HEADING_SHOWN = Look(HEADING, _judge_heading)
NOTHING_MOVED = Look(SHIFTS, _judge_shifts)
"""The shifts of the page's layout while it loaded are small."""
NO_WIDER = Look(TOO_WIDE, _judge_width)
UNFOLD_ALL = act(UNFOLD, "")
