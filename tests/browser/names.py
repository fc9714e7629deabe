"""What screen readers call the controls of a list: each row's by a name of its own."""

from typing import Any

from tests.browser.looks import Look

# Screen readers list links and buttons away from their rows, those of a menu while it is open. Two
# of one name must do the same, have the same target; of what is of the same second in a log nobody
# can tell which is which.
SHARED_NAMES = """() => {
  const text = (element) => {
    const copy = element.cloneNode(true);
    for (const each of copy.querySelectorAll("[aria-hidden=true], input, select")) each.remove();
    return copy.textContent.trim().replace(/\\s+/g, " ");
  };
  const byIds = (ids) => ids.split(" ").map((id) => text(document.getElementById(id))).join(" ");
  const name = (element) => element.ariaLabel
    || element.hasAttribute("aria-labelledby") && byIds(element.getAttribute("aria-labelledby"))
    || [...(element.labels || [])].map(text).join(" ") || text(element) || element.title;
  const target = (element) => element.href || element.getAttribute("formaction")
    || element.dataset.copy || element.getAttribute("popovertarget")
    || element.closest("td form")?.outerHTML || element.id || element.value;
  const found = new Map();
  for (const element of document.querySelectorAll(
    "main tbody :is(a[href], button, summary, select, input:not([type=hidden]), textarea)",
  )) {
    if (element.closest("[popover]:not(:popover-open)")) continue;
    const key = name(element);
    // The last one: where something is still to come, that is told before.
    const times = element.closest("tr").querySelectorAll("time");
    const second = times[times.length - 1]?.dateTime.slice(0, 19);
    const to = target(element);
    found.set(key, [...(found.get(key) || []), { to, of: second || to, html: element.outerHTML }]);
  }
  const several = (values) => new Set(values).size > 1;
  return [...found].filter(([key, all]) =>
    !key || several(all.map(({ to }) => to)) && several(all.map(({ of }) => of))
  ).map(([key, all]) => [key, all[0].html.slice(0, 160)]);
}"""


def _judge(shared: list[Any]) -> None:
    assert shared == []


ROWS_NAME_THEIR_CONTROLS = Look(SHARED_NAMES, _judge)
"""No two controls of the page's tables have one name and different targets."""
